//! The areas in which a classifier gives each of its answers.

use std::ops::Range;

use super::canvas::{Canvas, PALETTE, WHITE, blend};

/// Cells along each axis for which a classifier is asked, and the parts of a cell at a border between answers.
const CELLS: usize = 120;
const PARTS: usize = 5;

/// The middle of the `i`-th of `count` parts of a range.
fn middle(range: &Range<f64>, i: usize, count: usize) -> f64 {
    range.start + (range.end - range.start) * ((i as f64 + 0.5) / count as f64)
}

/// Answers of a classifier in the middles of the parts of cells, from the lowest row to the highest.
#[derive(Clone, Debug)]
pub(super) struct Regions {
    pub x: Range<f64>,
    pub y: Range<f64>,
    answers: Vec<usize>,
}

impl Regions {
    /// Asks a classifier in the middle of each cell, and more densely near a border between two answers.
    pub fn of(x: Range<f64>, y: Range<f64>, classify: impl Fn([f64; 2]) -> usize) -> Regions {
        let ask = |column, row, count| classify([middle(&x, column, count), middle(&y, row, count)]);
        let cells: Vec<_> = (0..CELLS * CELLS).map(|i| ask(i % CELLS, i / CELLS, CELLS)).collect();
        let near = |at: usize| at.saturating_sub(1)..(at + 2).min(CELLS);
        let border = |column, row| {
            let own = cells[row * CELLS + column];
            near(row).any(|row| cells[row * CELLS..][near(column)].iter().any(|answer| *answer != own))
        };
        let borders: Vec<_> = (0..CELLS * CELLS).map(|i| border(i % CELLS, i / CELLS)).collect();
        let fine = CELLS * PARTS;
        let part = |i: usize| {
            let cell = i / fine / PARTS * CELLS + i % fine / PARTS;
            if borders[cell] { ask(i % fine, i / fine, fine) } else { cells[cell] }
        };
        let answers = (0..fine * fine).map(part).collect();
        Regions { x, y, answers }
    }

    pub fn draw(&self, canvas: &mut Canvas, spot: impl Fn([f64; 2]) -> [f64; 2]) {
        let fine = CELLS * PARTS;
        // On pixels of a PNG, where no neighbours mix.
        let corner = |column: usize, row: usize| {
            spot([column, row].map(|i| i as f64 / fine as f64)).map(|at| (2.0 * at).round() / 2.0)
        };
        let [end, first] = corner(fine, fine);
        let mut row = 0;
        for equal in self.answers.chunks(fine).collect::<Vec<_>>().chunk_by(|a, b| a == b) {
            let mut column = 0;
            for run in equal[0].chunk_by(|a, b| a == b) {
                let ([left, bottom], [right, top]) =
                    (corner(column, row), corner(column + run.len(), row + equal.len()));
                // Each reaches under those after it, so that no light comes through between two.
                let ([right, top], color) = ([(right + 1.0).min(end), (top - 1.0).max(first)], run[0]);
                let color = blend(WHITE, PALETTE[color % PALETTE.len()], 0.3);
                canvas.rect([left, top], [right - left, bottom - top], color);
                column += run.len();
            }
            row += equal.len();
        }
    }
}
