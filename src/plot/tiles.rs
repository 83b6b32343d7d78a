//! Grids of small bitmaps: filters, feature maps, digits.

use super::Picture;
use super::axis::brief;
use super::canvas::{
    Anchor, BLACK, BLUE, Color, FAINT, GREEN, INK, LABEL, RED, SMALL, TITLE, WHITE, blend, paint, shortened,
    width,
};
use crate::Error;
use crate::data::Images;
use crate::scalar::Scalar;
use crate::train::Predicted;

const MOST_TILES: usize = 1024;
const MOST_VALUES: usize = 1 << 22;
/// The wanted widths of a tile and of a grid, in units of the SVG.
const TILE: usize = 64;
const GRID: usize = 840;
const GAP: f64 = 6.0;
const BAR: f64 = 220.0;

/// What stands for a value that is not finite.
const MISSING: Color = GREEN;

/// The filters of a convolution, one tile for each filter, magnified without smoothing.
///
/// | channels | tiles | colours |
/// | --- | --- | --- |
/// | 1 | one for each filter | blue is negative, white zero, red positive, on one scale for all filters |
/// | 3 | one for each filter | channels are red, green and blue; grey is zero; each filter has a scale of its own |
/// | other | one for each channel, a row for each filter | as for 1 channel |
///
/// A weight that is not finite is green.
///
/// # Shapes
/// `weights` is \[filters, channels, rows, columns\], as [`Network`](crate::Network) keeps those of a `Conv2d`.
///
/// # Errors
/// [`Error::Argument`] if a size is zero, if the number of weights does not agree with the sizes, or if there are more
/// than 1024 tiles or 2²² weights.
///
/// ```
/// use convnet::plot::filters;
///
/// let weights: Vec<f32> = (0..6 * 25).map(|i| (i as f32 / 10.0).sin()).collect();
/// let picture = filters("conv1", &weights, [6, 1, 5, 5])?;
/// assert_eq!(picture.svg().matches("<image").count(), 6);
/// assert!(filters("conv1", &weights, [6, 1, 5, 4]).is_err());
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn filters<T: Copy + Into<f64>>(
    title: &str,
    weights: &[T],
    [count, channels, rows, columns]: [usize; 4],
) -> Result<Picture, Error> {
    let colored = channels == 3;
    let tiles = if colored { count } else { count.saturating_mul(channels) };
    let weights = checked("weights", weights, [count, channels, rows, columns], tiles)?;
    let area = rows * columns;
    let magnitude = |weights: &[f64]| {
        weights.iter().map(|weight| weight.abs()).filter(|weight| weight.is_finite()).fold(0.0, f64::max)
    };
    let largest = magnitude(&weights);
    let part = |weight: f64, largest: f64| if largest == 0.0 { 0.0 } else { weight / largest };
    let diverging = |weight: f64| match part(weight, largest) {
        part if !part.is_finite() => MISSING,
        part if part < 0.0 => blend(WHITE, BLUE, -part),
        part => blend(WHITE, RED, part),
    };
    let pixels = if colored {
        let filter = |filter: &[f64]| {
            let largest = magnitude(filter);
            let pixel = |i: usize| {
                let parts = [0, 1, 2].map(|channel| part(filter[channel * area + i], largest));
                if parts.iter().any(|part| !part.is_finite()) {
                    return MISSING;
                }
                let [red, green, blue] = parts.map(|part| (127.5 + 127.5 * part).round() as u8);
                Color(red, green, blue)
            };
            (0..area).map(pixel).collect()
        };
        weights.chunks(3 * area).map(filter).collect()
    } else {
        weights.chunks(area).map(|tile| tile.iter().copied().map(diverging).collect()).collect()
    };
    let scale = if colored {
        Scale::Note("grey is 0; each filter is scaled by its largest weight")
    } else {
        let ends = [-largest, 0.0, largest].map(brief);
        Scale::Bar(Box::new(move |part| diverging(largest * (2.0 * part - 1.0))), ends.into())
    };
    let matrix = channels != 1 && !colored;
    let grid = Grid { title, sides: [rows, columns], pixels, captions: &[], scale };
    Ok(grid.draw(matrix.then_some(channels)))
}

/// Some images of a data set with a network's answers: such as the [worst](crate::train::worst) or those of which it is
/// [least sure](crate::train::least_sure). The captions are the predicted class, its probability, and the true class if it is
/// another; `names` are those of the classes, or empty.
///
/// # Errors
/// Those of [`images`], and what keeps an image from being read.
///
/// ```
/// use convnet::model::LeNet5;
/// use convnet::plot;
/// use convnet::prelude::*;
/// use convnet::train::{PredictAll, worst};
///
/// # #[cfg(all(feature = "sample", feature = "store"))] {
/// let train = Mnist::load_from("assets/mnist")?.train;
/// # let train = train.subset(0..500);
/// let answers = LeNet5::pretrained().predict_all(&train).collect::<Result<Vec<_>, _>>()?;
/// let picture = plot::predictions("The worst", &train, &worst(&answers, 12), &[])?;
/// # assert_eq!(picture.svg().matches("<image").count(), 12);
/// # }
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn predictions<T: Scalar, const C: usize, const H: usize, const W: usize>(
    title: &str,
    data: &impl Images<C, H, W>,
    answers: &[&Predicted<T>],
    names: &[String],
) -> Result<Picture, Error> {
    let mut values = vec![0.0_f64; answers.len() * C * H * W];
    for (answer, pixels) in answers.iter().zip(values.chunks_exact_mut(C * H * W)) {
        data.write_pixels(answer.sample, pixels)?;
    }
    let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let caption = |answer: &&Predicted<T>| {
        let class = answer.prediction.class;
        let truth = answer.truth.filter(|truth| *truth != class);
        let truth = truth.map_or_else(String::new, |truth| format!(", not {}", name(truth)));
        format!("{} {:.0} %{truth}", name(class), 100.0 * answer.confidence())
    };
    let captions: Vec<String> = answers.iter().map(caption).collect();
    let captions: Vec<&str> = captions.iter().map(String::as_str).collect();
    images(title, &values, [answers.len(), C, H, W], &captions)
}

/// Images in a grid, magnified without smoothing: digits, photographs, or the feature maps of a layer.
///
/// With one channel, black is the smallest and white the largest value of all images, as a scale shows. With three
/// channels, they are red, green and blue, each from the smallest to the largest value. A value that is not finite is
/// green. `captions` has one text for each image, or is empty.
///
/// # Shapes
/// `values` is \[images, channels, rows, columns\].
///
/// # Errors
/// [`Error::Argument`] if a size is zero, if there are not 1 or 3 channels, if the number of values or captions does not
/// agree with the sizes, or if there are more than 1024 images or 2²² values.
///
/// ```
/// use convnet::plot::images;
///
/// let ramps: Vec<u8> = (0..3 * 64).map(|i| (i % 64) as u8).collect();
/// let picture = images("Ramps", &ramps, [3, 1, 8, 8], &["first", "second", "third"])?;
/// assert_eq!(picture.svg().matches("<image").count(), 3);
/// assert!(picture.svg().contains("second"));
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn images<T: Copy + Into<f64>>(
    title: &str,
    values: &[T],
    [count, channels, rows, columns]: [usize; 4],
    captions: &[&str],
) -> Result<Picture, Error> {
    let values = checked("values", values, [count, channels, rows, columns], count)?;
    if channels != 1 && channels != 3 {
        return Err(Error::argument("channels", "1 or 3", channels));
    }
    if !captions.is_empty() && captions.len() != count {
        return Err(Error::argument("captions", count.to_string(), captions.len()));
    }
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let low = finite.clone().fold(f64::INFINITY, f64::min);
    let high = finite.fold(f64::NEG_INFINITY, f64::max);
    let part = |value: f64| {
        // Halves, because the difference of finite numbers may be infinite.
        let range = high / 2.0 - low / 2.0;
        if range > 0.0 { (value / 2.0 - low / 2.0) / range } else { 0.0 }
    };
    let area = rows * columns;
    let pixel = |image: &[f64], i: usize| {
        let colour = [0, 1, 2].map(|channel| image[channel % channels * area + i]);
        if colour.iter().any(|value| !value.is_finite()) {
            return MISSING;
        }
        let [red, green, blue] = colour.map(|value| blend(BLACK, WHITE, part(value)).0);
        Color(red, green, blue)
    };
    let pixels =
        values.chunks(channels * area).map(|image| (0..area).map(|i| pixel(image, i)).collect()).collect();
    let scale = if channels == 3 {
        Scale::Note("red, green and blue from the least to the largest value")
    } else if low < high {
        Scale::Bar(Box::new(|part| blend(BLACK, WHITE, part)), vec![brief(low), brief(high)])
    } else {
        Scale::Note("all values are equal")
    };
    Ok(Grid { title, sides: [rows, columns], pixels, captions, scale }.draw(None))
}

/// The values, if there are as many as the sizes say.
fn checked<T: Copy + Into<f64>>(
    name: &'static str,
    values: &[T],
    sizes: [usize; 4],
    tiles: usize,
) -> Result<Vec<f64>, Error> {
    let product = sizes.iter().try_fold(1, |product: usize, size| product.checked_mul(*size));
    if product != Some(values.len()) || values.is_empty() {
        let expected = format!("a positive number of them, {sizes:?} multiplied");
        return Err(Error::argument(name, expected, values.len()));
    }
    if values.len() > MOST_VALUES {
        return Err(Error::argument(name, format!("at most {MOST_VALUES}"), values.len()));
    }
    if tiles > MOST_TILES {
        return Err(Error::argument("tiles", format!("at most {MOST_TILES}"), tiles));
    }
    Ok(values.iter().map(|value| (*value).into()).collect())
}

/// What the colours mean.
enum Scale<'a> {
    /// Colours from 0 to 1, and labels spread over them.
    Bar(Box<dyn Fn(f64) -> Color + 'a>, Vec<String>),
    Note(&'static str),
}

/// How many columns, at most `most`, leave few places empty in a grid that is somewhat wider than high.
fn balanced(count: usize, most: usize) -> usize {
    let root = (count as f64).sqrt();
    let most = most.clamp(1, (2.5 * root).ceil() as usize);
    let wanted = 1.6_f64.sqrt() * root;
    let empty = |columns: usize| columns * count.div_ceil(columns) - count;
    let cost = |columns: usize| (empty(columns) as f64, (columns as f64 - wanted).abs());
    let choices = (root.ceil() as usize).min(most)..=most;
    choices.min_by(|a, b| cost(*a).partial_cmp(&cost(*b)).expect("costs are finite")).unwrap_or(1)
}

struct Grid<'a> {
    title: &'a str,
    /// Rows and columns of a tile.
    sides: [usize; 2],
    pixels: Vec<Vec<Color>>,
    captions: &'a [&'a str],
    scale: Scale<'a>,
}

impl Grid<'_> {
    /// With `channels`, a row has that many tiles, and is one filter.
    fn draw(self, channels: Option<usize>) -> Picture {
        let [tile_rows, tile_columns] = self.sides;
        let longest = tile_rows.max(tile_columns);
        let count = self.pixels.len();
        let mut pixel = (TILE / longest).clamp(1, 16);
        let columns = match channels {
            Some(channels) => {
                let most = (channels * tile_columns).max(count / channels * tile_rows);
                pixel = pixel.min(GRID / most).max(1);
                channels
            }
            None => balanced(count, GRID / (tile_columns * pixel + GAP as usize)),
        };
        let [tile_height, tile_width] = self.sides.map(|side| (side * pixel) as f64);
        let gap = GAP;
        let caption = if self.captions.is_empty() { 0.0 } else { 20.0 };
        let [step_x, step_y] = [tile_width + gap, tile_height + gap + caption];
        let rows = count.div_ceil(columns);
        let [inner_width, inner_height] = [columns as f64 * step_x - gap, rows as f64 * step_y - gap];
        let margin = if channels.is_some() { 44.0 } else { 24.0 };
        let note = if let Scale::Note(note) = self.scale { width(note, SMALL) } else { BAR + 60.0 };
        let title = shortened(self.title, TITLE, inner_width.max(480.0));
        let whole = (inner_width + 2.0 * margin).max(note + 48.0).max(width(&title, TITLE) + 48.0).ceil();
        let left = ((whole - inner_width) / 2.0).floor();
        let top = 52.0;
        let below = if channels.is_some() { 34.0 } else { 14.0 };
        let scale_top = top + inner_height + below;
        let size = [whole, scale_top + 58.0].map(|length| length.ceil() as u32);
        paint(size, |canvas| {
            canvas.text(&title, [whole / 2.0, 24.0], TITLE, INK, Anchor::Center);
            for (i, pixels) in self.pixels.iter().enumerate() {
                let (x, y) = (left + step_x * (i % columns) as f64, top + step_y * (i / columns) as f64);
                canvas.frame([x - 0.5, y - 0.5], [tile_width + 1.0, tile_height + 1.0], FAINT);
                canvas.bitmap([x, y], tile_columns, pixels, pixel);
                if let Some(caption) = self.captions.get(i) {
                    let text = shortened(caption, SMALL, tile_width + gap - 2.0);
                    let middle = [x + tile_width / 2.0, y + tile_height + 11.0];
                    canvas.text(&text, middle, SMALL, INK, Anchor::Center);
                }
            }
            if channels.is_some() {
                canvas.text("filter", [left - 18.0, top + inner_height / 2.0], LABEL, INK, Anchor::Upwards);
                let middle = [left + inner_width / 2.0, top + inner_height + 16.0];
                canvas.text("channel", middle, LABEL, INK, Anchor::Center);
            }
            match &self.scale {
                Scale::Note(note) => {
                    canvas.text(note, [whole / 2.0, scale_top + 22.0], SMALL, INK, Anchor::Center);
                }
                Scale::Bar(color, labels) => {
                    let (x, y) = ((whole - BAR) / 2.0, scale_top + 8.0);
                    canvas.scale([x, y], [BAR, 14.0], color);
                    for (i, label) in labels.iter().enumerate() {
                        let x = x + BAR * i as f64 / (labels.len() - 1) as f64;
                        canvas.line(&[[x, y + 14.0], [x, y + 18.0]], INK, 1.0);
                        canvas.text(label, [x, y + 28.0], SMALL, INK, Anchor::Center);
                    }
                }
            }
        })
    }
}
