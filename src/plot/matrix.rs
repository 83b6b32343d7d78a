//! Confusion matrices.

use super::Picture;
use super::canvas::{
    Anchor, BLUE, Color, FAINT, GRID, INK, LABEL, SMALL, TITLE, WHITE, blend, paint, shortened, width,
};
use crate::Error;
use crate::train::Evaluation;

/// More classes could not be told apart.
const MOST_CLASSES: usize = 200;
/// The longest name, in units of the SVG.
const LONGEST: f64 = 130.0;

/// The confusion matrix: a row for each true class, a column for each predicted class, and the number of samples in
/// each cell.
///
/// The shade of a cell is the fraction of its row's samples in it. With more than 40 classes, counts do not fit and are
/// left out.
///
/// # Errors
/// [`Error::Argument`] if the number of names is not the number of classes, if there are no classes or more than 200, or
/// if the matrix is not square.
///
/// ```
/// use convnet::plot::confusion_matrix;
/// use convnet::train::Evaluation;
///
/// let evaluation = Evaluation::new(0.2, vec![vec![48, 2], vec![5, 45]], vec![93, 7]);
/// let picture = confusion_matrix("Test digits", &evaluation, &["odd", "even"])?;
/// for text in ["true class", "answer", "odd", "even", "48", "fraction of the true class"] {
///     assert!(picture.svg().contains(text));
/// }
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn confusion_matrix(
    title: &str,
    evaluation: &Evaluation,
    names: &[impl AsRef<str>],
) -> Result<Picture, Error> {
    let confusion = &evaluation.confusion;
    let count = confusion.len();
    if !(1..=MOST_CLASSES).contains(&count) {
        return Err(Error::argument("classes", format!("1 to {MOST_CLASSES}"), count));
    }
    if names.len() != count {
        return Err(Error::argument("class names", count.to_string(), names.len()));
    }
    if let Some(row) = confusion.iter().find(|row| row.len() != count) {
        return Err(Error::argument("row of the confusion matrix", format!("{count} counts"), row.len()));
    }

    let names: Vec<_> = names.iter().map(|name| shortened(name.as_ref(), SMALL, LONGEST)).collect();
    let longest = names.iter().map(|name| width(name, SMALL)).fold(0.0, f64::max);
    let largest = confusion.iter().flatten().max().copied().unwrap_or(0);
    let widest = width(&largest.to_string(), SMALL) + 8.0;
    let wanted = (480.0 / count as f64).clamp(7.0, 80.0).floor();
    let cell = if count <= 40 { wanted.max(widest.ceil()).max(22.0) } else { wanted };
    let upright = longest > cell - 6.0;
    // Of many classes, only some are named.
    let stride = (16.0 / cell).ceil() as usize;
    let side = cell * count as f64;
    let below = if upright { longest } else { 14.0 };
    let title = shortened(title, TITLE, (side + longest + 150.0).max(560.0));
    let right = 130.0;
    // A long title widens the picture of a small matrix.
    let spare = (width(&title, TITLE) + 30.0 - (46.0 + longest + side + right)).max(0.0) / 2.0;
    let left = 46.0 + longest + spare.floor();
    let top = 54.0;
    let size = [left + side + right + spare, top + side + below + 52.0].map(|length| length.ceil() as u32);

    Ok(paint(size, |canvas| {
        let whole = f64::from(size[0]);
        canvas.text(&title, [whole / 2.0, 24.0], TITLE, INK, Anchor::Center);
        for (row, counts) in confusion.iter().enumerate() {
            let samples: f64 = counts.iter().map(|count| *count as f64).sum();
            let y = top + cell * row as f64;
            for (column, &samples_here) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let fraction = samples_here as f64 / samples;
                canvas.rect([left + cell * column as f64, y], [cell, cell], shade(fraction));
            }
            for (column, &samples_here) in counts.iter().enumerate().filter(|_| count <= 40) {
                let middle = [left + cell * (column as f64 + 0.5), y + cell / 2.0];
                let dark = samples_here as f64 > 0.5 * samples;
                let color = if samples_here == 0 {
                    FAINT
                } else if dark {
                    WHITE
                } else {
                    INK
                };
                canvas.text(&samples_here.to_string(), middle, SMALL, color, Anchor::Center);
            }
        }
        for i in 0..=count {
            let at = cell * i as f64;
            let color = if i == 0 || i == count { INK } else { GRID };
            canvas.line(&[[left, top + at], [left + side, top + at]], color, 1.0);
            canvas.line(&[[left + at, top], [left + at, top + side]], color, 1.0);
        }
        canvas.frame([left, top], [side, side], INK);
        for (i, name) in names.iter().enumerate().step_by(stride) {
            let middle = cell * (i as f64 + 0.5);
            canvas.text(name, [left - 8.0, top + middle], SMALL, INK, Anchor::Right);
            let (y, anchor) = if upright { (8.0, Anchor::UpwardsTo) } else { (14.0, Anchor::Center) };
            canvas.text(name, [left + middle, top + side + y], SMALL, INK, anchor);
        }
        let middle = side / 2.0;
        canvas.text("true class", [left - longest - 28.0, top + middle], LABEL, INK, Anchor::Upwards);
        canvas.text("answer", [left + middle, top + side + below + 30.0], LABEL, INK, Anchor::Center);

        let (bar, height) = (left + side + 24.0, side.min(260.0));
        let first = top + (side - height) / 2.0;
        canvas.scale([bar, first], [16.0, height], shade);
        let ticks = if height < 90.0 { 2 } else { 4 };
        for tick in 0..=ticks {
            let fraction = f64::from(tick) / f64::from(ticks);
            let y = first + height * (1.0 - fraction);
            canvas.line(&[[bar + 16.0, y], [bar + 20.0, y]], INK, 1.0);
            canvas.text(&format!("{:.0} %", 100.0 * fraction), [bar + 24.0, y], SMALL, INK, Anchor::Left);
        }
        let label = shortened("fraction of the true class", SMALL, f64::from(size[1]) - 10.0);
        canvas.text(&label, [bar + 80.0, top + middle], SMALL, INK, Anchor::Upwards);
    }))
}

fn shade(fraction: f64) -> Color {
    blend(WHITE, BLUE, fraction)
}
