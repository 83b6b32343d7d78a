//! Bar charts with groups.

use super::Picture;
use super::axis::Axis;
use super::canvas::{
    Anchor, FAINT, GRID, INK, LABEL, PALETTE, SMALL, TITLE, paint, shortened, width as text_width,
};
use super::chart::Series;
use super::flags::{draw_flags, flags};
use super::legend::Legend;
use crate::Error;

/// Of the picture, of a bar and between two groups, in units of the SVG.
const WIDTH: f64 = 720.0;
const BAR: f64 = 10.0;
const GAP: f64 = 10.0;
/// The longest name of a group.
const LONGEST: f64 = 180.0;

/// Horizontal bars from zero: each of `groups` has one bar for each of `series`.
///
/// `label` is that of the axis, with its unit. `mark` is a vertical line with a text. A value that is not finite has no
/// bar.
///
/// # Errors
/// [`Error::Argument`] if a series does not have a value for each group.
///
/// ```
/// use convnet::plot::bars;
///
/// let [forward, backward] = [[170.0, 181.0], [90.0, 122.0]];
/// let picture = bars(
///     "Convolutions",
///     "GFLOP/s",
///     &["conv1", "conv2"],
///     &[("forward", &forward), ("backward", &backward)],
///     Some((213.0, "peak")),
/// )?;
/// for text in ["conv2", "backward", "GFLOP/s", "peak"] {
///     assert!(picture.svg().contains(text));
/// }
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn bars(
    title: &str,
    label: &str,
    groups: &[&str],
    series: &[(&str, &[f64])],
    mark: Option<(f64, &str)>,
) -> Result<Picture, Error> {
    if let Some((_, values)) = series.iter().find(|(_, values)| values.len() != groups.len()) {
        return Err(Error::argument("bars", format!("{} of each kind", groups.len()), values.len()));
    }
    let values = series.iter().flat_map(|(_, values)| values.iter().copied());
    let axis = Axis::from_zero(values.chain(mark.map(|mark| mark.0)), 8);
    let names: Vec<_> = groups.iter().map(|name| shortened(name, SMALL, LONGEST)).collect();
    let longest = names.iter().map(|name| text_width(name, SMALL)).fold(0.0, f64::max);
    let left = longest + 24.0;
    let length = WIDTH - left - 30.0;
    let kinds: Vec<_> = series.iter().map(|(name, _)| Series::named(name)).collect();
    let legend = Legend::of(&kinds, length);
    let place = |value| axis.place(value).map(|place| left + length * place);
    let text = mark.map(|(_, text)| text.to_owned());
    let marks = mark.and_then(|(x, _)| place(x)).zip(text.as_ref());
    let (flags, rows) = flags(marks.into_iter().collect(), [4.0, WIDTH - 4.0]);
    let top = 44.0 + legend.height + 20.0 * rows as f64 + 6.0;
    let group = GAP + BAR * series.len().max(1) as f64;
    let height = group * groups.len() as f64 + GAP;
    let size = [WIDTH, top + height + 56.0].map(|length| length.ceil() as u32);

    Ok(paint(size, |canvas| {
        let title = shortened(title, TITLE, WIDTH - 20.0);
        canvas.text(&title, [WIDTH / 2.0, 24.0], TITLE, INK, Anchor::Center);
        legend.draw(canvas, [left, 40.0]);
        for (at, label) in &axis.ticks {
            let x = left + length * at;
            canvas.line(&[[x, top], [x, top + height]], GRID, 1.0);
            canvas.text(label, [x, top + height + 14.0], SMALL, INK, Anchor::Center);
        }
        let base = place(0.0).expect("zero is on the axis");
        for (i, name) in names.iter().enumerate() {
            let y = top + GAP + group * i as f64;
            canvas.text(name, [left - 10.0, y + (group - GAP) / 2.0], SMALL, INK, Anchor::Right);
            for (kind, (_, values)) in series.iter().enumerate() {
                let Some(x) = place(values[i]) else { continue };
                let corner = [x.min(base), y + BAR * kind as f64];
                canvas.rect(corner, [(x - base).abs(), BAR - 1.0], PALETTE[kind % PALETTE.len()]);
            }
        }
        canvas.line(&[[base, top], [base, top + height]], INK, 1.0);
        draw_flags(canvas, &flags, top, height);
        if groups.is_empty() || series.is_empty() {
            canvas.text("no data", [left + length / 2.0, top + height / 2.0], LABEL, FAINT, Anchor::Center);
        }
        let label = shortened(label, LABEL, length);
        canvas.text(&label, [left + length / 2.0, top + height + 38.0], LABEL, INK, Anchor::Center);
    }))
}
