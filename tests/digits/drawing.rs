//! A digit of MNIST as somebody might have drawn, scanned or photographed it.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, overlay, resize};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};

/// A picture file of a digit; the number is that of the digit, for what is drawn by chance.
pub type Way = (&'static str, fn(&GrayImage, u64) -> Vec<u8>);

/// MNIST's digits are light on dark.
pub const WAYS: [Way; 12] = [
    ("as it is", |digit, _| png(digit)),
    ("dark on light", |digit, _| png(&inverted(digit))),
    ("280×280", |digit, _| png(&resize(digit, 280, 280, FilterType::CatmullRom))),
    ("1000×700", |digit, _| {
        let digit = resize(digit, 600, 600, FilterType::Lanczos3);
        png(&inverted(&on_page(1000, 700, &digit, 250, 60)))
    }),
    ("stretched pixels", |digit, _| png(&inverted(&resize(digit, 140, 140, FilterType::Nearest)))),
    ("14×14", |digit, _| png(&resize(digit, 14, 14, FilterType::Triangle))),
    ("at a corner of a page", |digit, number| {
        let digit = resize(digit, 84, 84, FilterType::CatmullRom);
        let (x, y) = [(5, 5), (1100, 8), (10, 800), (1090, 790)][number as usize % 4];
        png(&inverted(&on_page(1200, 900, &digit, x, y)))
    }),
    ("photograph", photograph),
    ("noisy page", noisy_page),
    ("blue ink on yellow paper", |digit, _| coloured(digit, [250, 230, 120], [20, 40, 160])),
    ("red ink on green paper as bright", |digit, _| coloured(digit, [90, 160, 90], [230, 100, 80])),
    ("thin pen", thin_pen),
];

pub fn png(image: &(impl Into<DynamicImage> + Clone)) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    image.clone().into().write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

fn jpeg(image: &GrayImage, quality: u8) -> Vec<u8> {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality).encode_image(image).unwrap();
    file
}

pub fn inverted(image: &GrayImage) -> GrayImage {
    GrayImage::from_fn(image.width(), image.height(), |x, y| Luma([255 - image.get_pixel(x, y)[0]]))
}

/// Ink on a dark page of this size.
pub fn on_page(width: u32, height: u32, digit: &GrayImage, x: i64, y: i64) -> GrayImage {
    let mut page = GrayImage::new(width, height);
    overlay(&mut page, digit, x, y);
    page
}

/// Noise of about the standard deviation 1.
fn noise(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32
    };
    move || ((0..4).map(|_| uniform()).sum::<f32>() - 2.0) * 1.73
}

/// Pencil on grey paper that lies half in the shade, with noise, as a JPEG.
fn photograph(digit: &GrayImage, number: u64) -> Vec<u8> {
    let digit = on_page(400, 300, &resize(digit, 200, 200, FilterType::CatmullRom), 130, 40);
    let mut noise = noise(number + 1);
    let photograph = GrayImage::from_fn(400, 300, |x, y| {
        let paper = 215.0 - 90.0 * x as f32 / 400.0 - 40.0 * (y as f32 / 300.0).powi(2);
        let ink = f32::from(digit.get_pixel(x, y)[0]) / 255.0;
        Luma([(paper * (1.0 - 0.7 * ink) + 6.0 * noise()) as u8])
    });
    jpeg(&photograph, 60)
}

/// A small digit on a large page with noise, specks of dust and a slight shade.
fn noisy_page(digit: &GrayImage, number: u64) -> Vec<u8> {
    let digit = on_page(800, 600, &resize(digit, 120, 120, FilterType::CatmullRom), 600, 400);
    let mut noise = noise(number + 1);
    let mut page = GrayImage::from_fn(800, 600, |x, y| {
        let paper = 225.0 - 40.0 * y as f32 / 600.0;
        let ink = f32::from(digit.get_pixel(x, y)[0]) / 255.0;
        Luma([(paper - 140.0 * ink + 8.0 * noise()).clamp(0.0, 255.0) as u8])
    });
    for speck in 0..20 {
        let (x, y) = ((speck * 397 + number as u32 * 31) % 790, (speck * 211 + number as u32 * 17) % 590);
        for (x, y) in [(x, y), (x + 1, y), (x, y + 1)] {
            page.put_pixel(x, y, Luma([60]));
        }
    }
    jpeg(&page, 70)
}

fn coloured(digit: &GrayImage, paper: [u8; 3], ink: [u8; 3]) -> Vec<u8> {
    let digit = resize(digit, 112, 112, FilterType::CatmullRom);
    png(&RgbImage::from_fn(112, 112, |x, y| {
        let share = f32::from(digit.get_pixel(x, y)[0]) / 255.0;
        let mixed = |i: usize| f32::from(paper[i]) * (1.0 - share) + f32::from(ink[i]) * share;
        Rgb([0, 1, 2].map(|i| mixed(i) as u8))
    }))
}

/// The middle lines of the strokes, 2 pixels wide on a page of 700×900.
fn thin_pen(digit: &GrayImage, _: u64) -> Vec<u8> {
    png(&thin_page(digit))
}

pub fn thin_page(digit: &GrayImage) -> GrayImage {
    let large = resize(digit, 168, 168, FilterType::CatmullRom);
    let mut ink: Vec<bool> = large.pixels().map(|pixel| pixel[0] > 110).collect();
    while thinned(&mut ink, 168, false) | thinned(&mut ink, 168, true) {}
    let mut page = GrayImage::from_pixel(700, 900, Luma([255]));
    let is_ink =
        |x: i64, y: i64| (0..168).contains(&x) && (0..168).contains(&y) && ink[(y * 168 + x) as usize];
    for (x, y) in (0..168).flat_map(|y| (0..168).map(move |x| (x, y))).filter(|&(x, y)| is_ink(x, y)) {
        // Lines to the neighbours, four pixels away.
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1), (-1, 1)] {
            if is_ink(x + dx, y + dy) {
                for step in 0..=4 {
                    let (x, y) = (14 + 4 * x + step * dx, 110 + 4 * y + step * dy);
                    for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)] {
                        page.put_pixel(x as u32, y as u32, Luma([40]));
                    }
                }
            }
        }
    }
    page
}

/// One pass of T. Y. Zhang and C. Y. Suen's thinning ("A fast parallel algorithm for thinning digital patterns", 1984).
fn thinned(ink: &mut [bool], side: usize, second: bool) -> bool {
    let mut gone = Vec::new();
    for place in (0..ink.len()).filter(|&place| ink[place]) {
        let (row, column) = (place / side, place % side);
        if row == 0 || column == 0 || row + 1 == side || column + 1 == side {
            continue;
        }
        // From north, clockwise.
        let (up, down) = (place - side, place + side);
        let around = [up, up + 1, place + 1, down + 1, down, down - 1, place - 1, up - 1].map(|i| ink[i]);
        let count = around.iter().filter(|ink| **ink).count();
        let begins = (0..8).filter(|&i| !around[i] && around[(i + 1) % 8]).count();
        let [north, _, east, _, south, _, west, _] = around;
        let edge = match second {
            false => !(east && south && (north || west)),
            true => !(north && west && (east || south)),
        };
        if (2..=6).contains(&count) && begins == 1 && edge {
            gone.push(place);
        }
    }
    gone.iter().for_each(|&place| ink[place] = false);
    !gone.is_empty()
}
