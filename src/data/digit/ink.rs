//! Tells ink from paper.

use image::DynamicImage;

use super::paper::Paper;
use super::plane::Plane;
use crate::data::decode::interleaved;
use crate::data::resample::{Axis, scale};

/// The longest side of the image in which the digit is searched.
const SEARCHED: usize = 1024;

/// The difference of each pixel from the paper, in the direction of the ink, in levels of 255.
pub(super) fn contrast<const C: usize>(image: DynamicImage) -> Result<Plane, &'static str> {
    let (height, width) = (image.height() as usize, image.width() as usize);
    let pixels = interleaved(image, C);
    if pixels.chunks_exact(C).all(|pixel| *pixel == pixels[..C]) {
        return Err("an image of one colour");
    }
    let longer = height.max(width);
    let side = |side: usize| if longer > SEARCHED { (side * SEARCHED / longer).max(1) } else { side };
    let (rows, columns) = (side(height), side(width));
    let mut colors = vec![[0.0_f32; C]; rows * columns];
    let axes = (Axis::of_means(height, rows), Axis::of_means(width, columns));
    scale::<C>(
        &pixels,
        width,
        &axes.0,
        &axes.1,
        |sum| sum,
        |row, column, pixel| colors[row * columns + column] = pixel.map(|sum| sum as f32),
    );

    for channel in 0..C {
        let paper = Paper::seen(|row, column| colors[row * columns + column][channel], rows, columns);
        for (place, color) in colors.iter_mut().enumerate() {
            color[channel] -= paper.at((place / columns) as f64, (place % columns) as f64) as f32;
        }
    }
    // Noise goes either way and cancels out; ink goes one way.
    let mut way = [0.0_f64; C];
    for color in &colors {
        let square: f32 = color.iter().map(|x| x * x).sum();
        for (sum, x) in way.iter_mut().zip(color) {
            *sum += f64::from(square * x);
        }
    }
    let norm = (way.iter().map(|x| x * x).sum::<f64>() * C as f64).sqrt().max(f64::MIN_POSITIVE);
    let ink = colors.iter().map(|color| {
        let along = color.iter().zip(way).map(|(x, way)| f64::from(*x) * way / norm);
        along.sum::<f64>() as f32
    });
    Ok(Plane { width: columns, values: ink.collect() })
}
