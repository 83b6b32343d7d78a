//! Texts at vertical lines above a chart, none over another.

use super::canvas::{Anchor, Canvas, INK, SMALL, shortened, width};

pub(super) const ROW: f64 = 20.0;
/// Rows of texts; more would leave no room for the chart.
const ROWS: usize = 6;

/// A vertical line with a text beside its upper end.
pub(super) struct Flag {
    x: f64,
    /// The ends of the text.
    text: [f64; 2],
    row: usize,
    label: String,
}

/// Gives texts that would lie over another text, or if possible line, rows of their own, and tells how many rows
/// there are.
pub(super) fn flags(mut marks: Vec<(f64, &String)>, [left, right]: [f64; 2]) -> (Vec<Flag>, usize) {
    marks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut flags: Vec<Flag> = Vec::new();
    for (x, label) in marks {
        let label = shortened(label, SMALL, (right - x).max(x - left) - 4.0);
        let length = width(&label, SMALL);
        let text =
            if x + 4.0 + length <= right { [x + 4.0, x + 4.0 + length] } else { [x - 4.0 - length, x - 4.0] };
        let crosses = |x: f64, [start, end]: [f64; 2]| start - 3.0 < x && x < end + 3.0;
        let meets = |other: &Flag| text[0] < other.text[1] + 8.0 && other.text[0] < text[1] + 8.0;
        let beside = |row: usize| !flags.iter().any(|other| other.row == row && meets(other));
        let clear = |row: usize| {
            let over = |other: &Flag| other.row >= row && crosses(other.x, text);
            let under = |other: &Flag| other.row <= row && crosses(x, other.text);
            beside(row) && !flags.iter().any(|other| over(other) || under(other))
        };
        let row = (0..ROWS).find(|row| clear(*row)).or_else(|| (0..ROWS).find(|row| beside(*row)));
        // Where there is no room for a text, there is only its line.
        let (row, label) = row.map_or((0, String::new()), |row| (row, label));
        flags.push(Flag { x, text, row, label });
    }
    let rows = flags.iter().map(|flag| flag.row + 1).max().unwrap_or(0);
    (flags, rows)
}

/// Draws lines over the height of a chart from `top` on, and their texts above it.
pub(super) fn draw_flags(canvas: &mut Canvas, flags: &[Flag], top: f64, height: f64) {
    for Flag { x, text, row, label } in flags {
        let y = top - 12.0 - ROW * *row as f64;
        canvas.dashed(&[[*x, top + height], [*x, y - 7.0]], INK, 1.2);
        let (end, anchor) = if text[0] > *x { (text[0], Anchor::Left) } else { (text[1], Anchor::Right) };
        canvas.text(label, [end, y], SMALL, INK, anchor);
    }
}
