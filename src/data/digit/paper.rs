//! The brightness of the paper.

use super::plane::median;

/// The sides of the grid of cells in which the paper is measured.
const CELLS: usize = 32;

/// The brightness of the paper everywhere: a polynomial of degree 2 in the coordinates, each from −1 to 1.
pub(super) struct Paper {
    coefficients: [f64; 6],
    half: [f64; 2],
}

impl Paper {
    /// Fits what most places show, since ink is on the fewer.
    pub(super) fn seen(pixel: impl Fn(usize, usize) -> f32, rows: usize, columns: usize) -> Paper {
        let (down, across) = (rows.min(CELLS), columns.min(CELLS));
        let mut paper = Paper {
            coefficients: [0.0; 6],
            half: [rows, columns].map(|side| ((side - 1) as f64 / 2.0).max(0.5)),
        };
        let mut cells = Vec::with_capacity(down * across);
        let mut border = Vec::new();
        for cell in 0..down * across {
            let (i, j) = (cell / across, cell % across);
            let (top, bottom) = (i * rows / down, (i + 1) * rows / down);
            let (left, right) = (j * columns / across, (j + 1) * columns / across);
            let mut values: Vec<f32> = (top..bottom)
                .flat_map(|row| (left..right).map(move |column| (row, column)))
                .map(|(row, column)| pixel(row, column))
                .collect();
            let value = f64::from(median(&mut values));
            let centre = ((top + bottom - 1) as f64 / 2.0, (left + right - 1) as f64 / 2.0);
            cells.push((paper.terms(centre.0, centre.1), value));
            if i == 0 || j == 0 || i + 1 == down || j + 1 == across {
                border.push(value as f32);
            }
        }
        paper.coefficients[0] = median(&mut border).into();
        for _ in 0..12 {
            let off = |(terms, value): &([f64; 6], f64)| (value - dot(terms, &paper.coefficients)).abs();
            let mut all: Vec<f32> = cells.iter().map(|cell| off(cell) as f32).collect();
            // 2.5 standard deviations, were they those of a normal distribution.
            let limit = f64::from(2.5 * 1.4826 * median(&mut all)).max(2.0);
            let seen: Vec<_> = cells.iter().filter(|cell| off(cell) <= limit).collect();
            if seen.len() < 6 {
                break;
            }
            paper.coefficients = least_squares(&seen);
        }
        paper
    }

    fn terms(&self, row: f64, column: f64) -> [f64; 6] {
        let (y, x) = (row / self.half[0] - 1.0, column / self.half[1] - 1.0);
        [1.0, x, y, x * x, x * y, y * y]
    }

    pub(super) fn at(&self, row: f64, column: f64) -> f64 {
        dot(&self.terms(row, column), &self.coefficients)
    }
}

fn dot(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The coefficients with the least squared error.
fn least_squares(cells: &[&([f64; 6], f64)]) -> [f64; 6] {
    let mut matrix = [[0.0; 7]; 6];
    for (terms, value) in cells {
        for (row, term) in matrix.iter_mut().zip(terms) {
            for (entry, other) in row.iter_mut().zip(terms.iter().chain([value])) {
                *entry += term * other;
            }
        }
    }
    // Where an image of few rows or columns leaves a coefficient open, it is 0.
    for i in 0..6 {
        matrix[i][i] += 1e-6 * cells.len() as f64;
    }
    for i in 0..6 {
        let pivot = matrix[i];
        for row in &mut matrix[i + 1..] {
            let factor = row[i] / pivot[i];
            row.iter_mut().zip(pivot).for_each(|(entry, above)| *entry -= factor * above);
        }
    }
    let mut solution = [0.0; 6];
    for i in (0..6).rev() {
        let known: f64 = (i + 1..6).map(|j| matrix[i][j] * solution[j]).sum();
        solution[i] = (matrix[i][6] - known) / matrix[i][i];
    }
    solution
}
