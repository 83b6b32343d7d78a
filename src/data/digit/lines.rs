//! Takes the lines of ruled and squared paper out of the ink.

use super::piece::floor;
use super::plane::{Plane, median};

/// Smaller images have no room for lines and a digit.
const SMALLEST: usize = 40;
/// A line is ink over this part of the way between the borders, and begins and ends this close to them.
const COVERED: f32 = 0.8;
const BORDER: f32 = 0.1;
/// A line is at most as wide as this part of the shorter side; strokes of a digit that fills an image are wider.
const WIDEST: f32 = 0.06;
/// The steepest lines, in rows for each column, and half the number of slopes that are tried.
const STEEPEST: f32 = 0.05;
const SLOPES: i32 = 40;
/// The most columns by which a stroke goes aside while it crosses a line.
const FURTHEST: i64 = 16;
/// Columns that a search looks at.
const COLUMNS: usize = 256;

/// The ink without the lines that run from border to border, at least two in parallel, or what there is instead of a digit.
pub(super) fn without_lines(mut ink: Plane) -> Result<Plane, &'static str> {
    if ink.height().min(ink.width) < SMALLEST {
        return Ok(ink);
    }
    let mut lines = 0;
    for _ in 0..2 {
        let ruling = Ruling::of(&ink);
        lines += ruling.bands.len();
        ruling.take_out(&mut ink);
        ink = ink.transposed();
    }
    if lines == 1 { Err("a line from border to border") } else { Ok(ink) }
}

/// Parallel lines, almost horizontal.
struct Ruling {
    /// Rows that a line is further down in each column than in the middle.
    shifts: Vec<i64>,
    /// The first and the last row of each, in the middle of the image.
    bands: Vec<[usize; 2]>,
}

impl Ruling {
    fn of(ink: &Plane) -> Ruling {
        let mask = Mask::of(ink, 0.6 * floor(ink));
        let slopes = (-SLOPES..=SLOPES).map(|i| i as f32 * STEEPEST / SLOPES as f32);
        let lined = |slope: f32| -> f32 {
            mask.covered(slope).iter().map(|covered| (covered - COVERED).max(0.0)).sum()
        };
        // The least slope of those that are as good.
        let best = slopes
            .map(|slope| (lined(slope), slope))
            .max_by(|(a, slope), (b, other)| a.total_cmp(b).then(other.abs().total_cmp(&slope.abs())));
        let slope = best.map_or(0.0, |(_, slope)| slope);
        let covered = mask.covered(slope);
        let widest = WIDEST * ink.height().min(ink.width) as f32;
        let mut bands: Vec<[usize; 2]> = Vec::new();
        for row in (0..covered.len()).filter(|&row| covered[row] >= COVERED) {
            match bands.last_mut() {
                Some([_, last]) if *last + 2 >= row => *last = row,
                _ => bands.push([row, row]),
            }
        }
        bands.retain(|[first, last]| ((last - first) as f32) < widest.max(2.0));
        Ruling { shifts: (0..ink.width).map(|column| shift(slope, column, ink.width)).collect(), bands }
    }

    /// The place of a row of the sheared image.
    fn place(&self, ink: &Plane, row: i64, column: i64) -> Option<usize> {
        let column = usize::try_from(column).ok().filter(|&column| column < ink.width)?;
        let row = usize::try_from(row + self.shifts[column]).ok().filter(|&row| row < ink.height())?;
        Some(row * ink.width + column)
    }

    fn take_out(&self, ink: &mut Plane) {
        let threshold = 0.3 * floor(ink);
        for &[first, last] in &self.bands {
            // With the fainter rows at both edges.
            let levels = |row: usize| {
                let mut values: Vec<f32> = (0..ink.width)
                    .filter_map(|column| Some(ink.values[self.place(ink, row as i64, column as i64)?]))
                    .collect();
                let level = median(&mut values);
                values.iter_mut().for_each(|value| *value = (*value - level).abs());
                (level, 1.4826 * median(&mut values))
            };
            let is_edge = |row: usize| levels(row).0 > threshold;
            let top = (first.saturating_sub(2)..first)
                .rev()
                .take_while(|&row| is_edge(row))
                .last()
                .unwrap_or(first);
            let bottom = (last + 1..(last + 3).min(ink.height()))
                .take_while(|&row| is_edge(row))
                .last()
                .unwrap_or(last);
            let levels: Vec<_> = (top..=bottom).map(levels).collect();
            let strongest = levels.iter().map(|level| level.0).fold(0.0, f32::max);
            let noise = levels.iter().map(|level| level.1).fold(0.0, f32::max);
            // A pixel darker than the line is ink on it.
            let clear = strongest + (0.3 * strongest).max(3.0 * noise);
            let rows = (bottom + 1 - top) as i64;
            let at =
                |row: i64, column: i64| self.place(ink, row, column).map_or(0.0, |place| ink.values[place]);
            let mut changes = Vec::new();
            for row in top..=bottom {
                for column in 0..ink.width {
                    let Some(place) = self.place(ink, row as i64, column as i64) else { continue };
                    if ink.values[place] > clear {
                        continue;
                    }
                    // Strokes that cross the line, in any direction in which there is ink on both of its sides.
                    let above = (row + 1 - top) as i64;
                    let through = |shift: i64| {
                        let up = at(top as i64 - 1, column as i64 - (shift * above) / (rows + 1));
                        let down =
                            at(bottom as i64 + 1, column as i64 + (shift * (rows + 1 - above)) / (rows + 1));
                        up.min(down)
                    };
                    let furthest = (2 * rows).min(FURTHEST);
                    let crossing = (-furthest..=furthest).map(through).fold(0.0, f32::max);
                    changes.push((place, crossing));
                }
            }
            for (place, value) in changes {
                ink.values[place] = value;
            }
        }
    }
}

/// Rows that the sheared image is moved by in a column.
fn shift(slope: f32, column: usize, width: usize) -> i64 {
    (slope * (column as f32 - width as f32 / 2.0)).round() as i64
}

/// Whether there is ink, column by column, in some of the columns.
struct Mask {
    width: usize,
    height: usize,
    /// The columns with 1 for ink and 0 for paper in each row.
    columns: Vec<(usize, Vec<u16>)>,
}

impl Mask {
    fn of(ink: &Plane, threshold: f32) -> Mask {
        let (width, height) = (ink.width, ink.height());
        let inked = |column: usize| {
            (0..height).map(|row| u16::from(ink.values[row * width + column] > threshold)).collect()
        };
        let columns = (0..width).step_by(width.div_ceil(COLUMNS)).map(|column| (column, inked(column)));
        Mask { width, height, columns: columns.collect() }
    }

    /// The part of each row that is ink, of those that reach from border to border.
    fn covered(&self, slope: f32) -> Vec<f32> {
        let border = BORDER * self.width as f32;
        // Columns with ink: all, those at the left border, and those at the right; and those that the row passes through.
        let mut counts = [const { Vec::new() }; 4];
        counts.iter_mut().for_each(|counts| counts.resize(self.height, 0_u16));
        let [all, left, right, seen] = &mut counts;
        let add = |counts: &mut [u16], inked: &[u16]| {
            counts.iter_mut().zip(inked).for_each(|(sum, ink)| *sum += ink)
        };
        for (column, inked) in &self.columns {
            let shift = shift(slope, *column, self.width);
            let away = (shift.unsigned_abs() as usize).min(self.height);
            // The rows of the image that the sheared ones are.
            let (to, from) = if shift < 0 { (away, 0) } else { (0, away) };
            let inked = &inked[from..self.height - to];
            add(&mut all[to..], inked);
            seen[to..][..inked.len()].iter_mut().for_each(|count| *count += 1);
            if (*column as f32) < border {
                add(&mut left[to..], inked);
            } else if *column as f32 >= self.width as f32 - border {
                add(&mut right[to..], inked);
            }
        }
        let part = |row: usize| match left[row] > 0 && right[row] > 0 {
            true => f32::from(all[row]) / f32::from(seen[row]),
            false => 0.0,
        };
        (0..self.height).map(part).collect()
    }
}
