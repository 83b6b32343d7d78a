//! Scales the digit and places it in a sample, as in MNIST.

use super::SIDE;
use super::plane::Plane;

/// The side of the box in the sample that the digit fills.
const BOX: usize = 20;
/// Strokes narrower than those of 99 in 100 training digits are widened to the median width.
const NARROWEST: f32 = 1.45;
const USUAL: f32 = 2.4;
/// The longer side, in pixels, of the digit when it is widened.
const WIDENED: usize = 160;

/// The digit in the box, with strokes that are not too thin for it.
pub(super) fn boxed(digit: Plane) -> Plane {
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
pub(super) fn placed(boxed: &Plane) -> [u8; SIDE * SIDE] {
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
