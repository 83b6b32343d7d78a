//! Digits on clean, ruled and squared paper, with pens of several widths; and what a network that knows digits answers.

use image::imageops::{FilterType, resize};
use image::{GrayImage, Luma};

use crate::drawing::{inverted, on_page, thin_page};

/// The lines of a sheet of paper.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paper {
    Clean,
    Ruled,
    Squared,
}

/// The pen: as wide as in MNIST, half as wide, or a thin line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pen {
    Wide,
    Narrow,
    Thin,
}

pub const PAPERS: [Paper; 3] = [Paper::Clean, Paper::Ruled, Paper::Squared];
pub const PENS: [Pen; 3] = [Pen::Wide, Pen::Narrow, Pen::Thin];

/// A dark digit on a white page; the number decides sizes, and distance, width, darkness and slope of the lines.
pub fn on_paper(digit: &GrayImage, paper: Paper, pen: Pen, number: usize) -> GrayImage {
    let page = match pen {
        Pen::Thin => thin_page(digit),
        _ => {
            let side = 160 + 20 * (number as u32 % 5);
            let mut large = resize(digit, side, side, FilterType::CatmullRom);
            if pen == Pen::Narrow {
                large = eroded(&large, side as usize / 60);
            }
            let (x, y) = (40 + 13 * (number as i64 % 7), 20 + 7 * (number as i64 % 6));
            inverted(&on_page(420, 320, &large, x, y))
        }
    };
    lined(page, paper, number)
}

/// Two digits beside each other, this many pixels apart.
pub fn pair(first: &GrayImage, second: &GrayImage, gap: i64) -> GrayImage {
    let mut page = on_page(420, 320, &resize(first, 160, 160, FilterType::CatmullRom), 30, 60);
    let second = resize(second, 160, 160, FilterType::CatmullRom);
    let right = 1 + (0..420).rev().find(|&x| (0..320).any(|y| page.get_pixel(x, y)[0] > 100)).unwrap() as i64;
    let left = (0..160).find(|&x| (0..160).any(|y| second.get_pixel(x, y)[0] > 100)).unwrap() as i64;
    for (x, y, pixel) in second.enumerate_pixels() {
        let (x, y) = (i64::from(x) + right + gap - left, i64::from(y) + 60);
        if (0..420).contains(&x) {
            let there = page.get_pixel_mut(x as u32, y as u32);
            there[0] = there[0].max(pixel[0]);
        }
    }
    inverted(&page)
}

/// Strokes that are narrower on each side by this many pixels.
fn eroded(image: &GrayImage, by: usize) -> GrayImage {
    let by = by as i64;
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    GrayImage::from_fn(image.width(), image.height(), |x, y| {
        let near = (-by..=by).flat_map(|dy| (-by..=by).map(move |dx| (dx, dy)));
        let least = near
            .filter(|(dx, dy)| dx * dx + dy * dy <= by * by)
            .map(|(dx, dy)| (i64::from(x) + dx, i64::from(y) + dy))
            .filter(|(x, y)| (0..width).contains(x) && (0..height).contains(y))
            .map(|(x, y)| image.get_pixel(x as u32, y as u32)[0])
            .min();
        Luma([least.unwrap_or(0)])
    })
}

/// Lines drawn on a page: ink lies on them.
fn lined(page: GrayImage, paper: Paper, number: usize) -> GrayImage {
    let distance = 24.0 + 6.0 * (number % 6) as f32;
    let width = [1.0, 1.0, 2.0, 3.0][number % 4];
    let level = [200.0, 150.0, 90.0, 40.0, 170.0][number % 5];
    let slope = [0.0, 0.0, 0.01, -0.02][number / 3 % 4];
    let start = (number * 5 % 24) as f32;
    let share = |along: f32, across: f32| {
        let place = (across + slope * along - start).rem_euclid(distance);
        // The part of the pixel that the line covers.
        ((place + 1.0).min(width) - place.max(0.0))
            .clamp(0.0, 1.0)
            .max((place + 1.0 - distance).clamp(0.0, 1.0))
    };
    GrayImage::from_fn(page.width(), page.height(), |x, y| {
        let (a, b) = (x as f32, y as f32);
        let covered = match paper {
            Paper::Clean => 0.0,
            Paper::Ruled => share(a, b),
            Paper::Squared => share(a, b).max(share(-b, a)),
        };
        let paper = 255.0 - (255.0 - level) * covered;
        Luma([page.get_pixel(x, y)[0].min(paper as u8)])
    })
}
