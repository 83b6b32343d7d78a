//! Promise: any picture of a handwritten digit becomes a sample that a network knows from MNIST; a picture of none is
//! refused with its name, and no bytes panic the reader.
#![cfg(feature = "images")]

mod drawing;
#[cfg(all(feature = "sample", feature = "store"))]
mod measured;
#[cfg(all(feature = "sample", feature = "store"))]
mod paper;

use std::fs;
use std::sync::LazyLock;

use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::Progress;
use drawing::{WAYS, png};
use flate2::Crc;
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use rayon::prelude::*;

type Digit = Tensor<Chw<1, 28, 28>>;

static MNIST: LazyLock<Mnist> = LazyLock::new(|| Mnist::load_from("assets/mnist").unwrap());

/// A sample's pixels.
fn pixels(digit: &Digit) -> GrayImage {
    let pixel = |place: usize| ((digit.as_slice()[place] * 0.3081 + 0.1307) * 255.0).round() as u8;
    GrayImage::from_fn(28, 28, |x, y| Luma([pixel((y * 28 + x) as usize)]))
}

fn decoded(file: &[u8]) -> GrayImage {
    pixels(&Mnist::decode_digit("digit", file).unwrap())
}

fn refusal(file: &[u8]) -> String {
    Mnist::decode_digit("digit.png", file).unwrap_err().to_string()
}

#[test]
fn digits_are_known_whichever_way_they_are_drawn() {
    const DIGITS: usize = 200;
    let optimizer = Sgd::new(0.02).momentum(0.9);
    let mut trainer = Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, optimizer)
        .epochs(4)
        .schedule(Schedule::Cosine)
        .progress(Progress::Silent);
    trainer.fit(&MNIST.train, None).unwrap();
    let network = trainer.network();
    let folder = tempfile::tempdir().unwrap();

    let right = |way: usize, digit: usize| {
        let file = WAYS[way].1(&pixels(&MNIST.test.sample(digit)), digit as u64);
        let ending = if file[0] == 0xff { "jpg" } else { "png" };
        let path = folder.path().join(format!("{way}-{digit}.{ending}"));
        fs::write(&path, file).unwrap();
        // A few are refused: they are wider than digits most often are.
        let read = Mnist::read_digit(&path);
        fs::remove_file(&path).unwrap();
        read.is_ok_and(|read| network.predict(&read).class == MNIST.test.target(digit).index())
    };
    let direct = (0..DIGITS)
        .filter(|&digit| {
            let class = network.predict(&MNIST.test.sample::<f32>(digit)).class;
            class == MNIST.test.target(digit).index()
        })
        .count();
    let mut report = format!("of {DIGITS} digits as they are in MNIST {direct} are right\n");
    let mut worst = direct;
    for (way, (name, _)) in WAYS.iter().enumerate() {
        let count = (0..DIGITS).into_par_iter().filter(|&digit| right(way, digit)).count();
        report += &format!("{name}: {count}\n");
        worst = worst.min(count);
    }
    assert!(100 * worst >= 95 * DIGITS, "{report}");
}

#[test]
fn a_digit_of_mnist_stays_almost_as_it_is() {
    let difference = |digit: usize| {
        let before = pixels(&MNIST.train.sample(digit));
        let after = pixels(&Mnist::decode_digit("digit", &png(&before)).ok()?);
        let pairs = before.pixels().zip(after.pixels());
        Some(pairs.map(|(a, b)| u32::from(a[0].abs_diff(b[0]))).sum::<u32>() as f64 / 784.0)
    };
    // A few are refused.
    let mut differences: Vec<f64> = (0..500).filter_map(difference).collect();
    assert!(differences.len() >= 495);
    differences.sort_by(f64::total_cmp);
    assert!(differences[250] < 0.5 && differences[450] < 2.0, "{differences:?}");
}

#[test]
fn a_digit_fills_a_box_of_20_with_its_centre_of_mass_in_the_middle() {
    for digit in 0..20 {
        for (name, draw) in WAYS {
            let image = decoded(&draw(&pixels(&MNIST.train.sample(digit)), digit as u64));
            assert_eq!(image.pixels().map(|pixel| pixel[0]).max(), Some(255), "{name}");
            let ink = image.enumerate_pixels().filter(|(.., pixel)| pixel[0] > 0);
            let places: Vec<(u32, u32)> = ink.map(|(x, y, _)| (x, y)).collect();
            let span = |along: fn(&(u32, u32)) -> u32| {
                let (low, high) =
                    (places.iter().map(along).min().unwrap(), places.iter().map(along).max().unwrap());
                high - low + 1
            };
            let longer = span(|place| place.0).max(span(|place| place.1));
            assert!((18..=20).contains(&longer), "{name}: {longer}");
            let mass = |along: fn(u32, u32) -> u32| {
                let all = image.enumerate_pixels();
                let sum: f64 =
                    all.map(|(x, y, pixel)| (f64::from(along(x, y)) + 0.5) * f64::from(pixel[0])).sum();
                sum / image.pixels().map(|pixel| f64::from(pixel[0])).sum::<f64>()
            };
            let middle = (mass(|x, _| x), mass(|_, y| y));
            for middle in [middle.0, middle.1] {
                assert!((13.9..15.1).contains(&middle), "{name}: {middle}");
            }
        }
    }
}

#[test]
fn ink_is_found_in_any_colours() {
    let square = |x: u32, y: u32| (20..40).contains(&x) && (10..50).contains(&y);
    let expected = decoded(&png(&GrayImage::from_fn(64, 64, |x, y| Luma([255 * u8::from(square(x, y))]))));
    assert_eq!(expected.pixels().filter(|pixel| pixel[0] == 255).count(), 200, "20×10 pixels");
    for (paper, ink) in [
        ([255, 255, 255], [0, 0, 0]),
        ([255, 255, 255], [230, 230, 230]),
        ([30, 90, 40], [250, 250, 240]),
        ([255, 240, 150], [20, 40, 190]),
        ([250, 60, 60], [60, 120, 90]),
        ([0, 0, 0], [0, 0, 90]),
    ] {
        let image = RgbImage::from_fn(64, 64, |x, y| Rgb(if square(x, y) { ink } else { paper }));
        assert_eq!(decoded(&png(&image)), expected, "{ink:?} on {paper:?}");
    }
    let clear = RgbaImage::from_fn(64, 64, |x, y| Rgba([0, 0, 0, 255 * u8::from(square(x, y))]));
    assert_eq!(decoded(&png(&clear)), expected);
    let deep = DynamicImage::from(GrayImage::from_fn(64, 64, |x, y| Luma([255 * u8::from(!square(x, y))])));
    assert_eq!(decoded(&png(&deep.to_luma16())), expected);
}

/// A PNG file whose header declares this width and height.
fn huge_png(side: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(side.to_be_bytes().into_iter().chain(side.to_be_bytes()).chain([8, 2, 0, 0, 0]));
    let mut crc = Crc::new();
    crc.update(&chunk);
    let small = png(&GrayImage::new(4, 4));
    [&small[..8], &[0, 0, 0, 13], &chunk, &crc.sum().to_be_bytes(), &small[33..]].concat()
}

#[test]
fn a_picture_of_no_digit_is_refused_with_its_name() {
    let flat = |width, height, level| png(&GrayImage::from_pixel(width, height, Luma([level])));
    let whole = png(&pixels(&MNIST.train.sample(0)));
    let one_colour = "expected a picture of a single digit, found an image of one colour";
    let faint = GrayImage::from_fn(50, 50, |x, y| Luma([200 + u8::from(x / 10 == y / 10)]));
    for (file, reason) in [
        (vec![], "expected an image, found an empty file"),
        (b"no picture at all".to_vec(), "expected an undamaged image, found "),
        (whole[..whole.len() / 2].to_vec(), "expected an undamaged image, found "),
        (vec![0xff, 0xd8, 0xff], "expected a whole JPEG image, found one that is cut off"),
        (flat(1, 1, 0), one_colour),
        (flat(28, 28, 0), one_colour),
        (flat(300, 200, 255), one_colour),
        (flat(3000, 1, 127), one_colour),
        (png(&RgbImage::from_pixel(9, 9, Rgb([1, 2, 3]))), one_colour),
        (png(&RgbaImage::from_fn(9, 9, |x, _| Rgba([x as u8, 0, 0, 0]))), one_colour),
        (
            png(&faint),
            "expected a picture of a single digit, found nothing that stands out from its background",
        ),
        (
            huge_png(20_000),
            "expected an image of at most 268435456 bytes, found 20000 × 20000 pixels of 1200000000",
        ),
    ] {
        let text = refusal(&file);
        assert!(text.starts_with(&format!("digit.png: {reason}")), "{text}");
    }
    let text = Mnist::read_digit("no/such/digit.png").unwrap_err().to_string();
    assert!(text.starts_with("no/such/digit.png: cannot read: "), "{text}");
    let text = Mnist::read_digit("tests").unwrap_err().to_string();
    assert_eq!(text, "tests: expected a file, found a folder");
}

/// Images of every small size, and with the extremes of their sides.
#[test]
fn sizes_at_the_edges_are_read_or_refused() {
    let dot = |width: u32, height: u32| {
        png(&GrayImage::from_fn(width, height, |x, y| {
            Luma([255 * u8::from((x, y) == (width / 2, height / 2))])
        }))
    };
    for (width, height) in (1..6).flat_map(|width| (1..6).map(move |height| (width, height))) {
        // Of two pixels either may be the ink.
        let read = Mnist::decode_digit("dot", &dot(width, height));
        assert_eq!(read.is_ok(), width * height > 2, "{width}×{height}");
    }
    for (width, height) in [(1023, 1), (1, 1024), (1025, 2), (40_000, 1), (1, 40_000), (33, 32), (31, 65)] {
        let _ = Mnist::decode_digit("dot", &dot(width, height));
    }
}

#[test]
fn no_bytes_panic_the_reader() {
    let digit = pixels(&MNIST.train.sample(3));
    let files: Vec<Vec<u8>> = [0, 2, 7, 9].map(|way| WAYS[way].1(&digit, 1)).into();
    let pgm = [b"P5 28 28 255\n", &digit.as_raw()[..]].concat();
    let mut state = 1_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for file in files.iter().chain([&pgm]) {
        for _ in 0..100 {
            let mut mutant = file.clone();
            for _ in 0..1 + draw(4) {
                let place = draw(mutant.len());
                mutant[place] = draw(256) as u8;
            }
            if draw(4) == 0 {
                mutant.truncate(draw(mutant.len()));
            }
            if let Ok(digit) = Mnist::decode_digit("mutant", &mutant) {
                assert!(digit.as_slice().iter().all(|value| value.is_finite()));
            }
        }
    }
    // Pixels of all kinds, which a decoder cannot refuse.
    for _ in 0..300 {
        let (width, height) = (1 + draw(40), 1 + draw(40));
        let levels = 2 + draw(254);
        let noise: Vec<u8> = (0..width * height).map(|_| draw(levels) as u8).collect();
        let file = [format!("P5 {width} {height} 255\n").as_bytes(), &noise].concat();
        if let Ok(digit) = Mnist::decode_digit("noise", &file) {
            assert!(digit.as_slice().iter().all(|value| value.is_finite()));
        }
    }
}
