//! From any picture of a handwritten digit to a sample like those of MNIST.

use std::io::Read;
use std::path::Path;

use image::DynamicImage;

use super::decode::{decode, interleaved};
use super::idx::open_regular;
use super::mnist::PIXELS;
use super::resample::{Axis, scale};
use super::{Mnist, Normalization};
use crate::error::Error;
use crate::shape::Chw;
use crate::tensor::Tensor;

/// Bytes that an image may have, encoded or decoded.
const MAX_IMAGE_BYTES: u64 = 1 << 28;
/// The sides of a sample, and of the box in it that the digit fills.
const SIDE: usize = 28;
const BOX: usize = 20;
/// The longest side of what is searched for the digit.
const SEARCHED: usize = 1024;
/// The sides of the grid of places at which the paper is looked at.
const CELLS: usize = 32;
/// Ink differs from the paper by as many levels of 255, and by as many standard deviations of the noise.
const LEAST_CONTRAST: f32 = 10.0;
const LEAST_DEVIATIONS: f32 = 4.0;
/// Strokes that would be narrower than those of 99 in 100 training digits are widened to what half of these have.
const NARROWEST: f32 = 1.45;
const USUAL: f32 = 2.4;
/// The longer side, in pixels, of the digit when it is widened.
const WIDENED: usize = 160;

impl Mnist {
    /// Reads a picture of one handwritten digit as a sample for a network that has learnt MNIST: dark on light or light
    /// on dark, in colours or grey, of any size and anywhere on its page.
    ///
    /// # Steps
    /// As far as the digits of MNIST are concerned they are those of Y. LeCun, L. Bottou, Y. Bengio and P. Haffner,
    /// "Gradient-based learning applied to document recognition", 1998, section III.A.
    ///
    /// 1. The image is turned as its EXIF data say, and transparent pixels are laid on white. An image whose longer side
    ///    has more than 1024 pixels is scaled to that by means over areas.
    /// 2. The paper is what most of the image shows: a polynomial of degree 2 in row and column, for each colour, is
    ///    fitted to it and subtracted. Ink is what is left in the direction of Σ ‖d‖² d over the differences d: so light
    ///    ink or dark, or ink of another colour and the same brightness.
    /// 3. Otsu's threshold tells ink from its edges, both above the noise. The digit is the connected piece with most
    ///    ink, with smaller ones close by; what is further away, or has less than 1/50 of its ink, is dust.
    /// 4. The digit is scaled to fit a box of 20×20 pixels, its aspect ratio kept, by means over areas (by straight lines
    ///    between pixels, where it grows), and stretched to 255. Strokes narrower than 1.45 pixels of the box, as those of
    ///    1 in 100 training digits are, would be faint and are first widened to 2.4, the median of all. Width is
    ///    2 · ink / edges, where edges are Σ ‖gradient‖.
    /// 5. The box is placed in 28×28 pixels so that the centre of mass lies in the pixel of row 14 and column 14, counted
    ///    from 0, as in MNIST; then a pixel p becomes (p / 255 − 0.1307) / 0.3081.
    ///
    /// A digit of MNIST comes out almost as it was. What is not found: a digit on a page that does not fill the image,
    /// and which of several digits is meant.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Format`] if it has more than 2²⁸ bytes, encoded or decoded to three colours, is
    /// not an undamaged image (JPEG, PNG, GIF, BMP, WebP, TIFF, PNM, QOI or TGA), or nothing stands out in it.
    ///
    /// ```
    /// use convnet::model::LeNet5;
    /// use convnet::prelude::*;
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// let path = folder.path().join("one.pgm");
    /// // A black line on 60×80 white pixels.
    /// let line = |place: usize| if (25..27).contains(&(place % 60)) && (600..4200).contains(&place) { 0 } else { 255 };
    /// let pixels: Vec<u8> = (0..60 * 80).map(line).collect();
    /// std::fs::write(&path, [b"P5 60 80 255\n", &pixels[..]].concat()).unwrap();
    ///
    /// let digit: Tensor<Chw<1, 28, 28>> = Mnist::read_digit(&path)?;
    /// println!("{}", LeNet5::new(1).predict(&digit).class);
    /// let ink = digit.as_slice().iter().filter(|value| **value > 0.0).count();
    /// assert!((20..60).contains(&ink), "{ink}");
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn read_digit(path: impl AsRef<Path>) -> Result<Tensor<Chw<1, 28, 28>>, Error> {
        let path = path.as_ref();
        let (file, size) = open_regular(path)?;
        if size > MAX_IMAGE_BYTES {
            let expected = format!("an image file of at most {MAX_IMAGE_BYTES} bytes");
            return Err(Error::format(path, expected, size.to_string()));
        }
        let mut bytes = Vec::new();
        // It may have grown since its length was taken.
        file.take(MAX_IMAGE_BYTES).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
        Mnist::decode_digit(path, &bytes)
    }

    /// Reads a picture that is already in memory, as [`Mnist::read_digit`] does; `name` stands for its path in errors.
    ///
    /// # Errors
    /// As [`Mnist::read_digit`].
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let error = Mnist::decode_digit("white.pgm", b"P5 2 1 255\n\xff\xff").unwrap_err();
    /// assert_eq!(error.to_string(), "white.pgm: expected a digit, found an image of one colour");
    /// ```
    pub fn decode_digit(name: impl AsRef<Path>, bytes: &[u8]) -> Result<Tensor<Chw<1, 28, 28>>, Error> {
        let name = name.as_ref();
        let image = decode(name, bytes, MAX_IMAGE_BYTES, 3)?;
        let pixels = digit(image).map_err(|found| Error::format(name, "a digit", found))?;
        let [mean, std] = PIXELS;
        let mut sample = Tensor::zeros();
        Normalization::write_bytes(Some(&Normalization::new([mean], [std])?), &pixels, sample.as_mut_slice());
        Ok(sample)
    }
}

/// The pixels of a sample, or what there is instead of a digit.
fn digit(image: DynamicImage) -> Result<[u8; SIDE * SIDE], &'static str> {
    let ink = match image.color().has_color() {
        true => contrast::<3>(image)?,
        false => contrast::<1>(image)?,
    };
    let digit = cut_out(ink)?;
    Ok(placed(&boxed(digit)))
}

/// Numbers in rows and columns.
struct Plane {
    width: usize,
    values: Vec<f32>,
}

impl Plane {
    fn new(height: usize, width: usize) -> Plane {
        Plane { width, values: vec![0.0; height * width] }
    }

    fn height(&self) -> usize {
        self.values.len() / self.width
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.width)
    }

    /// Part of it, with a margin of zeros on all sides.
    fn part(&self, area: &Area, margin: usize) -> Plane {
        let width = area.width() + 2 * margin;
        let mut part = Plane::new(area.height() + 2 * margin, width);
        for (to, from) in part.values.chunks_exact_mut(width).skip(margin).zip(self.rows().skip(area.top)) {
            let from = &from[area.left..];
            to[margin..][..area.width()].copy_from_slice(&from[..area.width()]);
        }
        part
    }

    fn whole(&self) -> Area {
        Area { top: 0, left: 0, bottom: self.height(), right: self.width }
    }

    /// The places of a number and of its neighbours.
    fn around(&self, place: usize) -> impl Iterator<Item = usize> + use<> {
        let (row, column, width) = (place / self.width, place % self.width, self.width);
        let rows = row.saturating_sub(1)..(row + 2).min(self.height());
        rows.flat_map(move |row| {
            (column.saturating_sub(1)..(column + 2).min(width)).map(move |column| row * width + column)
        })
    }

    /// Scaled, without distortion, until its longer side has this length.
    fn scaled(&self, length: usize) -> Plane {
        let (height, width) = (self.height(), self.width);
        let longer = height.max(width);
        let side = |side: usize| (side * length + longer / 2).div_euclid(longer).max(1);
        let axis = |from, to| if to <= from { Axis::of_means(from, to) } else { Axis::of_lines(from, to) };
        let mut scaled = Plane::new(side(height), side(width));
        let (rows, columns) = (axis(height, side(height)), axis(width, side(width)));
        let across = scaled.width;
        scale::<1>(&self.values, width, &rows, &columns, |row, column, [value]| {
            scaled.values[row * across + column] = value;
        });
        scaled
    }

    /// Divided by its largest number, none below 0.
    fn stretch(&mut self) {
        let most = self.values.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        self.values.iter_mut().for_each(|value| *value = (*value / most).max(0.0));
    }
}

/// Rows and columns from the first to before the last.
#[derive(Clone, Copy)]
struct Area {
    top: usize,
    left: usize,
    bottom: usize,
    right: usize,
}

impl Area {
    fn height(&self) -> usize {
        self.bottom - self.top
    }

    fn width(&self) -> usize {
        self.right - self.left
    }

    fn longer(&self) -> usize {
        self.height().max(self.width())
    }

    fn with(&self, other: &Area) -> Area {
        Area {
            top: self.top.min(other.top),
            left: self.left.min(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.max(other.right),
        }
    }

    /// How far apart two areas are, along a row or a column.
    fn distance(&self, other: &Area) -> usize {
        let gap = |a: usize, b: usize, c: usize, d: usize| c.saturating_sub(b).max(a.saturating_sub(d));
        let down = gap(self.top, self.bottom, other.top, other.bottom);
        down.max(gap(self.left, self.right, other.left, other.right))
    }
}

/// How much each pixel differs from the paper in the way that ink does, in levels of 255.
fn contrast<const C: usize>(image: DynamicImage) -> Result<Plane, &'static str> {
    let (height, width) = (image.height() as usize, image.width() as usize);
    let pixels = interleaved(image, C);
    if pixels.chunks_exact(C).all(|pixel| *pixel == pixels[..C]) {
        return Err("an image of one colour");
    }
    let longer = height.max(width);
    let side = |side: usize| if longer > SEARCHED { (side * SEARCHED / longer).max(1) } else { side };
    let (rows, columns) = (side(height), side(width));
    let mut colours = vec![[0.0_f32; C]; rows * columns];
    let axes = (Axis::of_means(height, rows), Axis::of_means(width, columns));
    scale::<C>(&pixels, width, &axes.0, &axes.1, |row, column, pixel| {
        colours[row * columns + column] = pixel
    });

    for channel in 0..C {
        let paper = Paper::seen(|row, column| colours[row * columns + column][channel], rows, columns);
        for (place, colour) in colours.iter_mut().enumerate() {
            colour[channel] -= paper.at((place / columns) as f64, (place % columns) as f64) as f32;
        }
    }
    // Noise goes either way and cancels out; ink goes one way.
    let mut way = [0.0_f64; C];
    for colour in &colours {
        let square: f32 = colour.iter().map(|x| x * x).sum();
        for (sum, x) in way.iter_mut().zip(colour) {
            *sum += f64::from(square * x);
        }
    }
    let norm = (way.iter().map(|x| x * x).sum::<f64>() * C as f64).sqrt().max(f64::MIN_POSITIVE);
    let ink = colours.iter().map(|colour| {
        let along = colour.iter().zip(way).map(|(x, way)| f64::from(*x) * way / norm);
        along.sum::<f64>() as f32
    });
    Ok(Plane { width: columns, values: ink.collect() })
}

/// The brightness of the paper everywhere: a polynomial of degree 2 in the coordinates, each from −1 to 1.
struct Paper {
    coefficients: [f64; 6],
    half: [f64; 2],
}

impl Paper {
    /// Fits what most places show, since ink is on the fewer.
    fn seen(pixel: impl Fn(usize, usize) -> f32, rows: usize, columns: usize) -> Paper {
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

    fn at(&self, row: f64, column: f64) -> f64 {
        dot(&self.terms(row, column), &self.coefficients)
    }
}

fn dot(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The middle one of some numbers.
fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
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

/// The digit alone, to its edges, from 0 to 1.
fn cut_out(ink: Plane) -> Result<Plane, &'static str> {
    const NO_INK: &str = "nothing that stands out from its background";
    let mut off: Vec<f32> = ink.values.iter().map(|value| value.abs()).collect();
    let noise = 1.4826 * median(&mut off);
    let floor = LEAST_CONTRAST.max(LEAST_DEVIATIONS * noise);
    let strong = otsu(&ink.values, floor).ok_or(NO_INK)?;
    let (labels, pieces) = pieces(&ink, floor.max(strong / 4.0));
    let inked = pieces.iter().filter(|piece| piece.most >= strong);
    let strongest = inked.max_by(|a, b| a.ink.total_cmp(&b.ink)).ok_or(NO_INK)?;
    // A stroke may be apart from the rest; what is far away, or small, is not of the digit.
    let kept: Vec<bool> = pieces
        .iter()
        .map(|piece| {
            piece.ink >= strongest.ink / 50.0
                && piece.most >= strong
                && piece.area.distance(&strongest.area) <= strongest.area.longer() / 4
        })
        .collect();
    let area = pieces.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(piece, _)| piece.area);
    let area = area.reduce(|a, b| a.with(&b)).ok_or(NO_INK)?;
    let mut digit = Plane::new(ink.height(), ink.width);
    for (place, _) in labels.iter().enumerate().filter(|(_, label)| **label > 0 && kept[**label as usize - 1])
    {
        // With the faint pixels at its edge.
        for near in ink.around(place) {
            digit.values[near] = ink.values[near].max(0.0);
        }
    }
    let mut digit = digit.part(&area, 0);
    // Few pixels may be stronger than the ink itself.
    let mut core: Vec<f32> = digit.values.iter().copied().filter(|&value| value >= strong).collect();
    let place = core.len() * 9 / 10;
    let level = *core.select_nth_unstable_by(place, f32::total_cmp).1;
    digit.values.iter_mut().for_each(|value| *value = (*value / level).min(1.0));
    Ok(digit)
}

/// N. Otsu's threshold ("A threshold selection method from gray-level histograms", 1979) among the numbers above `floor`:
/// it parts them into two classes that differ most.
fn otsu(values: &[f32], floor: f32) -> Option<f32> {
    const BINS: usize = 256;
    let values = || values.iter().copied().filter(|&value| value > floor);
    let most = values().reduce(f32::max)?;
    let bin = (most - floor) / BINS as f32;
    let mut counts = [0_u32; BINS];
    values().for_each(|value| counts[(((value - floor) / bin) as usize).min(BINS - 1)] += 1);
    let moments = |bins: std::ops::Range<usize>| {
        let (count, sum) = bins.fold((0.0, 0.0), |(count, sum), i| {
            let here = f64::from(counts[i]);
            (count + here, sum + here * i as f64)
        });
        (count, sum / f64::max(count, 1.0))
    };
    let apart = |bound: usize| {
        let ((below, low), (above, high)) = (moments(0..bound), moments(bound..BINS));
        below * above * (high - low).powi(2)
    };
    let best = (0..BINS).max_by(|&a, &b| apart(a).total_cmp(&apart(b)))?;
    Some(floor + best as f32 * bin)
}

/// Pixels that touch.
struct Piece {
    area: Area,
    ink: f64,
    most: f32,
}

/// The pieces of what is above a threshold, and for each pixel the number of its piece, from 1, or 0.
fn pieces(plane: &Plane, threshold: f32) -> (Vec<u32>, Vec<Piece>) {
    let at = |place: usize| {
        let (top, left) = (place / plane.width, place % plane.width);
        Area { top, left, bottom: top + 1, right: left + 1 }
    };
    let mut labels = vec![0; plane.values.len()];
    let mut pieces = Vec::new();
    let mut open = Vec::new();
    for start in 0..plane.values.len() {
        if labels[start] != 0 || plane.values[start] <= threshold {
            continue;
        }
        let label = pieces.len() as u32 + 1;
        let mut piece = Piece { area: at(start), ink: 0.0, most: 0.0 };
        labels[start] = label;
        open.push(start);
        while let Some(place) = open.pop() {
            piece.area = piece.area.with(&at(place));
            piece.ink += f64::from(plane.values[place]);
            piece.most = piece.most.max(plane.values[place]);
            for next in plane.around(place) {
                if labels[next] == 0 && plane.values[next] > threshold {
                    labels[next] = label;
                    open.push(next);
                }
            }
        }
        pieces.push(piece);
    }
    (labels, pieces)
}

/// The digit in the box, with strokes that are not too thin for it.
fn boxed(digit: Plane) -> Plane {
    let longer = digit.whole().longer() as f32;
    let missing = USUAL - stroke(&digit) * BOX as f32 / longer;
    let mut boxed = if missing > USUAL - NARROWEST {
        // Wider strokes make the digit larger, and so the box smaller.
        let radius = missing / 2.0 * WIDENED as f32 / (BOX as f32 - missing);
        widened(&digit.scaled(WIDENED), radius).scaled(BOX)
    } else {
        digit.scaled(BOX)
    };
    boxed.stretch();
    boxed
}

/// The mean width of strokes, in pixels: a stroke of width w has w of ink and two edges for each pixel of its length.
fn stroke(digit: &Plane) -> f32 {
    let framed = digit.part(&digit.whole(), 1);
    let width = framed.width;
    let ink: f32 = framed.values.iter().sum();
    let edges: f32 = (0..framed.values.len() - width)
        .map(|place| {
            let value = framed.values[place];
            (framed.values[place + 1] - value).hypot(framed.values[place + width] - value)
        })
        .sum();
    2.0 * ink / edges.max(f32::MIN_POSITIVE)
}

/// The digit drawn with a pen that reaches further by `radius`.
fn widened(digit: &Plane, radius: f32) -> Plane {
    let reach = radius.ceil() as usize;
    let digit = digit.part(&digit.whole(), reach);
    let (height, width) = (digit.height(), digit.width);
    let mut widened = Plane::new(height, width);
    for (place, &value) in digit.values.iter().enumerate().filter(|(_, value)| **value > 0.0) {
        let (row, column) = (place / width, place % width);
        for y in row - reach..=(row + reach).min(height - 1) {
            for x in column - reach..=(column + reach).min(width - 1) {
                let distance = (y.abs_diff(row) as f32).hypot(x.abs_diff(column) as f32);
                let near = value * (radius + 0.5 - distance).clamp(0.0, 1.0);
                let there = &mut widened.values[y * width + x];
                *there = there.max(near);
            }
        }
    }
    widened.stretch();
    widened
}

/// The sample with the box inside, and, as far as that goes, the ink's centre of mass in the pixel of row and column 14.
fn placed(boxed: &Plane) -> [u8; SIDE * SIDE] {
    let total: f32 = boxed.values.iter().sum();
    let middle = |along: fn(usize, usize) -> usize| {
        let moments = boxed.values.iter().enumerate();
        let sum: f32 = moments.map(|(place, value)| value * (along(place, boxed.width) as f32 + 0.5)).sum();
        sum / total
    };
    let first = |middle: f32, side: usize| {
        ((SIDE as f32 / 2.0 + 0.5 - middle).round().max(0.0) as usize).min(SIDE - side)
    };
    let top = first(middle(|place, width| place / width), boxed.height());
    let left = first(middle(|place, width| place % width), boxed.width);
    let mut sample = [0; SIDE * SIDE];
    for (row, values) in boxed.rows().enumerate() {
        for (pixel, value) in sample[(top + row) * SIDE + left..].iter_mut().zip(values) {
            *pixel = (value * 255.0).round() as u8;
        }
    }
    sample
}
