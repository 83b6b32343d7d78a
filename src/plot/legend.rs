//! The names of the lines and points of a chart, in rows.

use super::canvas::{Anchor, Canvas, INK, PALETTE, SMALL, shortened, width};
use super::chart::Series;

const ROW: f64 = 20.0;
/// Rows of names; those for which there is no room are left out.
const ROWS: usize = 6;

/// The names of series, in rows.
pub(super) struct Legend<'a> {
    entries: Vec<Entry<'a>>,
    pub height: f64,
}

struct Entry<'a> {
    kind: usize,
    series: &'a Series,
    name: String,
    x: f64,
    row: usize,
}

impl<'a> Legend<'a> {
    /// In rows no wider than `most`.
    pub fn of(series: &'a [Series], most: f64) -> Legend<'a> {
        let (mut x, mut row) = (0.0, 0);
        let mut entries = Vec::new();
        for (kind, series) in series.iter().enumerate().filter(|(_, series)| !series.name.is_empty()) {
            let name = shortened(&series.name, SMALL, most - 34.0);
            let entry = 34.0 + width(&name, SMALL);
            if x > 0.0 && x + entry > most {
                if row + 1 == ROWS {
                    break;
                }
                (x, row) = (0.0, row + 1);
            }
            entries.push(Entry { kind, series, name, x, row });
            x += entry + 16.0;
        }
        let height = if entries.is_empty() { 0.0 } else { ROW * (row as f64 + 1.0) + 4.0 };
        Legend { entries, height }
    }

    pub fn draw(&self, canvas: &mut Canvas, [left, top]: [f64; 2]) {
        for Entry { kind, series, name, x, row } in &self.entries {
            let (x, y) = (left + x, top + ROW * (*row as f64 + 0.5));
            if series.line {
                stroke(canvas, &[[x, y], [x + 26.0, y]], *kind);
            }
            if series.spots {
                canvas.spot(*kind, [x + if series.line { 13.0 } else { 22.0 }, y], 4.0);
            }
            if !series.line && !series.spots {
                canvas.rect([x + 12.0, y - 6.0], [14.0, 12.0], PALETTE[kind % PALETTE.len()]);
            }
            canvas.text(name, [x + 32.0, y], SMALL, INK, Anchor::Left);
        }
    }
}

/// The line of the `kind`-th series: dashed where its colour is not new.
pub(super) fn stroke(canvas: &mut Canvas, points: &[[f64; 2]], kind: usize) {
    let color = PALETTE[kind % PALETTE.len()];
    if kind < PALETTE.len() { canvas.line(points, color, 2.0) } else { canvas.dashed(points, color, 2.0) }
}
