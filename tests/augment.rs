//! Images that change at random while a network learns from them, and data that are slow or fail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use convnet::Error;
use convnet::data::{ColorComponents, ColorJitter, Images, Learnable, Normalization, TenCrop};
use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::{Ending, Progress};
use serde_json::Value;

type Colours = Dataset<Chw<3, 8, 6>, Class<2>>;

/// Images of random bytes.
fn colours(count: usize) -> Colours {
    let mut state = 7_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let bytes = (0..count * 3 * 8 * 6).map(|_| byte()).collect();
    let classes = (0..count).map(|i| Class::new(i % 2).unwrap()).collect();
    let normalization = Normalization::new([0.4, 0.5, 0.6], [0.2, 0.25, 0.5]).unwrap();
    Dataset::from_bytes(bytes, normalization, classes).unwrap()
}

fn sample<S: Shape>(data: &impl Samples<S>, sample: usize, key: Option<u64>) -> Tensor<S> {
    let mut values = Tensor::zeros();
    data.write_to(sample, values.as_mut_slice(), key).unwrap();
    values
}

fn pixels(data: &Colours, sample: usize) -> Tensor<Chw<3, 8, 6>> {
    let mut values = Tensor::zeros();
    data.write_pixels(sample, values.as_mut_slice()).unwrap();
    values
}

/// Every place comes up, and as often as chance lets it: five standard deviations are not seen in a lifetime.
#[track_caller]
fn assert_equally_often<K: std::fmt::Debug>(counts: &BTreeMap<K, u32>, places: usize, expected: f64) {
    assert_eq!(counts.len(), places, "{counts:?}");
    for (place, count) in counts {
        assert!((f64::from(*count) - expected).abs() < 5.0 * expected.sqrt(), "{place:?} of {counts:?}");
    }
}

/// Numbers uniform in ±limit, to within five standard deviations of their mean and their variance.
#[track_caller]
fn assert_uniform(numbers: &[f64], limit: f64) {
    let count = numbers.len() as f64;
    assert!(numbers.iter().all(|x| x.abs() <= 1.0001 * limit), "within {limit}");
    let mean = numbers.iter().sum::<f64>() / count / limit;
    let square = numbers.iter().map(|x| x * x).sum::<f64>() / count / (limit * limit);
    assert!(mean.abs() < 5.0 * (1.0 / 3.0 / count).sqrt(), "mean {mean}");
    assert!((square - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / count).sqrt(), "variance {square}");
}

/// Everything there is.
fn everything(data: &Colours) -> Augment {
    Augment::new()
        .random_crop(2)
        .random_horizontal_flip()
        .color_jitter(ColorJitter { brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.1 })
        .color_shift(ColorComponents::of(data).unwrap(), 0.1)
        .random_rotation(10.0)
        .random_translation(1.0)
        .cutout(3)
}

#[test]
fn a_sample_depends_on_its_key_alone_and_is_as_it_was_when_measured() {
    let data = colours(20);
    let augmented = everything(&data).apply(data.clone());
    let draw = |i, key| sample::<Chw<3, 8, 6>>(&augmented, i, Some(key));
    let looks: BTreeSet<Vec<u32>> =
        (0..50).map(|key| draw(3, key).as_slice().iter().map(|x| x.to_bits()).collect()).collect();
    assert_eq!(looks.len(), 50, "each key gives another image");
    for i in 0..20 {
        assert_eq!(draw(i, 5), draw(i, 5));
        assert_eq!(sample::<Chw<3, 8, 6>>(&augmented, i, None), data.sample(i));
    }
    assert!(draw(3, 1).as_slice().iter().all(|x| x.is_finite()));
}

#[test]
fn a_flip_is_the_mirror_image_or_nothing() {
    let data = colours(1);
    let flipped = Augment::new().random_horizontal_flip().apply(data.clone());
    let original: Tensor<Chw<3, 8, 6>> = data.sample(0);
    let mirror = Tensor::<Chw<3, 8, 6>>::from_fn(|i| original.as_slice()[i / 6 * 6 + 5 - i % 6]);
    let mirrored = (0..100).filter(|&key| {
        let found = sample::<Chw<3, 8, 6>>(&flipped, 0, Some(key));
        assert!(found == original || found == mirror);
        found == mirror
    });
    let mirrored = mirrored.count();
    assert!((35..=65).contains(&mirrored), "{mirrored} of 100");
}

#[test]
fn crops_come_from_everywhere_in_the_padded_image() {
    let data = colours(1);
    let whole = pixels(&data, 0);
    let mean = data.mean_pixel();
    let cropped = Augment::new().random_crop(1).apply(data.clone());
    let mut places = BTreeMap::new();
    for key in 0..4000 {
        let found = sample::<Chw<3, 7, 4>>(&cropped, 0, Some(key));
        let at = |c: usize, r: isize, k: isize| {
            let inside = (0..8).contains(&r) && (0..6).contains(&k);
            let pixel = if inside { whole[c][r as usize][k as usize] } else { mean[c] };
            (pixel - [0.4, 0.5, 0.6][c]) / [0.2, 0.25, 0.5][c]
        };
        let is_at = |&(top, left): &(isize, isize)| {
            (0..3).all(|c| {
                (0..7).all(|r| {
                    (0..4).all(|k| (found[c][r][k] - at(c, top + r as isize, left + k as isize)).abs() < 1e-5)
                })
            })
        };
        let place = (-1..=2).flat_map(|top| (-1..=3).map(move |left| (top, left))).find(is_at);
        *places.entry(place.expect("a part of the padded image")).or_default() += 1;
    }
    assert_equally_often(&places, 20, 200.0);
    // Measured: the middle.
    let middle = sample::<Chw<3, 6, 4>>(&cropped, 0, None);
    assert!((middle[0][0][0] - (whole[0][1][1] - 0.4) / 0.2).abs() < 1e-5);

    let error = Samples::<Chw<3, 12, 6>>::write_to(&cropped, 0, &mut [0.0_f32; 216], None).unwrap_err();
    assert_eq!(error.to_string(), "crop: expected images of at least 12×6, found 8×6 with a padding of 0");
}

#[test]
fn cut_out_is_a_square_of_the_mean_colour() {
    let data = colours(1);
    let cut = Augment::new().cutout(4).apply(data.clone());
    let original = data.sample::<f32>(0);
    let mut sizes = BTreeSet::new();
    for key in 0..300 {
        let found = sample::<Chw<3, 8, 6>>(&cut, 0, Some(key));
        let changed: Vec<usize> = (0..48)
            .filter(|&i| (0..3).any(|c| found.as_slice()[48 * c + i] != original.as_slice()[48 * c + i]))
            .collect();
        assert!(changed.iter().all(|i| found.as_slice()[*i].abs() < 1e-6), "the mean is 0");
        let rows: BTreeSet<usize> = changed.iter().map(|i| i / 6).collect();
        let columns: BTreeSet<usize> = changed.iter().map(|i| i % 6).collect();
        assert_eq!(changed.len(), rows.len() * columns.len(), "a rectangle");
        assert!(rows.len() <= 4 && columns.len() <= 4);
        sizes.insert(changed.len());
    }
    assert!(sizes.contains(&16) && sizes.contains(&4), "whole squares, and some that hang over: {sizes:?}");

    // Its middle is at any pixel; of numbers nothing is known of the mean, and the square is black.
    let white: Dataset<Chw<1, 8, 6>, Class<2>> =
        [(Tensor::from_fn(|_| 1.0), Class::new(0).unwrap())].into_iter().collect();
    for size in [3, 4] {
        let cut = Augment::new().cutout(size).apply(white.clone());
        let mut squares = BTreeMap::new();
        for key in 0..4800 {
            let found = sample::<Chw<1, 8, 6>>(&cut, 0, Some(key));
            let black: Vec<usize> = (0..48).filter(|&i| found.as_slice()[i] == 0.0).collect();
            *squares.entry(black).or_default() += 1;
        }
        assert_equally_often(&squares, 48, 100.0);
        for (row, column) in (0..8).flat_map(|row| (0..6).map(move |column| (row, column))) {
            let inside = |at: usize, middle: usize| (middle..middle + size).contains(&(at + size / 2));
            let square: Vec<usize> =
                (0..48).filter(|i| inside(i / 6, row) && inside(i % 6, column)).collect();
            assert!(squares.contains_key(&square), "{size} around {row}, {column}");
        }
    }
}

#[test]
fn movements_interpolate() {
    // A straight ramp moved by (dy, dx) is a ramp, except where the border is repeated.
    let ramp = Tensor::<Chw<1, 9, 9>>::from_fn(|i| (i % 9) as f32 + 10.0 * (i / 9) as f32);
    let data: Dataset<_, Class<2>> = [(ramp, Class::new(0).unwrap())].into_iter().collect();
    let moved = Augment::new().random_translation(2.0).apply(data.clone());
    let mut shifts = Vec::new();
    for key in 0..50 {
        let found = sample::<Chw<1, 9, 9>>(&moved, 0, Some(key));
        let shift = 44.0 - found[0][4][4];
        for (r, c) in [(3, 3), (3, 5), (5, 4)] {
            let expected = c as f32 + 10.0 * r as f32 - shift;
            assert!((found[0][r][c] - expected).abs() < 1e-3, "{key}: {found:?}");
        }
        shifts.push(shift);
    }
    assert!(
        shifts.iter().any(|s| *s > 5.0)
            && shifts.iter().any(|s| *s < -5.0)
            && shifts.iter().all(|s| s.abs() <= 22.0)
    );

    // One ramp down and one to the right tell both directions.
    let ramps = Tensor::<Chw<2, 9, 9>>::from_fn(|i| if i < 81 { i / 9 } else { i % 9 } as f32 - 4.0);
    let ramps: Dataset<_, Class<2>> = [(ramps, Class::new(0).unwrap())].into_iter().collect();
    let moved = Augment::new().random_translation(2.0).apply(ramps.clone());
    let shifts = |key| {
        let found = sample::<Chw<2, 9, 9>>(&moved, 0, Some(key));
        [found[0][4][4], found[1][4][4]].map(f64::from)
    };
    let shifts: Vec<[f64; 2]> = (0..2000).map(shifts).collect();
    for axis in 0..2 {
        assert_uniform(&shifts.iter().map(|shift| shift[axis]).collect::<Vec<_>>(), 2.0);
    }
    let together = shifts.iter().map(|[y, x]| y * x).sum::<f64>() / 2000.0;
    assert!(together.abs() < 5.0 * (4.0 / 3.0) / 2000_f64.sqrt(), "each way by itself: {together}");
    let turned = Augment::new().random_rotation(30.0).apply(ramps);
    let angle = |key| {
        let found = sample::<Chw<2, 9, 9>>(&turned, 0, Some(key));
        let (sine, cosine) = (found[1][5][4], found[0][5][4]);
        for (r, c) in (2..7).flat_map(|r| (2..7).map(move |c| (r, c))) {
            let (y, x) = (r as f32 - 4.0, c as f32 - 4.0);
            assert!((found[0][r][c] - (cosine * y - sine * x)).abs() < 1e-4);
            assert!((found[1][r][c] - (sine * y + cosine * x)).abs() < 1e-4);
        }
        f64::from(sine.atan2(cosine).to_degrees())
    };
    assert_uniform(&(0..2000).map(angle).collect::<Vec<_>>(), 30.0);

    // A turn leaves the middle where it is, and all of an image that is the same everywhere.
    let turned = Augment::new().random_rotation(30.0).apply(data);
    for key in 0..20 {
        let found = sample::<Chw<1, 9, 9>>(&turned, 0, Some(key));
        assert!((found[0][4][4] - 44.0).abs() < 1e-4);
        // What was one column to the right of the middle is at the angle's sine and cosine now.
        let (x, y) = (found[0][4][5] - 44.0, found[0][5][4] - 44.0);
        assert!(((x * x + y * y) / 101.0 - 1.0).abs() < 1e-3, "a turn keeps lengths: {x} {y}");
    }
    let grey: Dataset<Chw<1, 5, 7>, Class<2>> =
        [(Tensor::from_fn(|_| 0.25), Class::new(0).unwrap())].into_iter().collect();
    let moved = Augment::new().random_rotation(45.0).random_translation(3.0).apply(grey);
    let found = sample::<Chw<1, 5, 7>>(&moved, 0, Some(1));
    assert!(found.as_slice().iter().all(|x| (x - 0.25).abs() < 1e-6));
}

#[test]
fn jitter_of_nothing_changes_nothing_and_stays_a_picture() {
    let data = colours(2);
    let nothing = Augment::new().color_jitter(ColorJitter::default()).apply(data.clone());
    let found = sample::<Chw<3, 8, 6>>(&nothing, 1, Some(3));
    for (found, original) in found.as_slice().iter().zip(data.sample::<f32>(1).as_slice()) {
        assert!((found - original).abs() < 1e-5);
    }
    let all = ColorJitter { brightness: 0.9, contrast: 0.9, saturation: 0.9, hue: 0.5 };
    let wild = Augment::new().color_jitter(all).apply(data.clone());
    for key in 0..50 {
        let found = sample::<Chw<3, 8, 6>>(&wild, 0, Some(key));
        for (i, x) in found.as_slice().iter().enumerate() {
            let pixel = x * [0.2, 0.25, 0.5][i / 48] + [0.4, 0.5, 0.6][i / 48];
            assert!((-1e-5..=1.0 + 1e-5).contains(&pixel), "{pixel}");
        }
    }
    // A turn of the hue by a third of the circle makes red green.
    let red: Dataset<Chw<3, 1, 1>, Class<2>> =
        [(Tensor::from_fn(|i| f32::from(u8::from(i == 0))), Class::new(0).unwrap())].into_iter().collect();
    let turned = Augment::new().color_jitter(ColorJitter { hue: 0.5, ..ColorJitter::default() }).apply(red);
    let greenest =
        (0..500).map(|key| sample::<Chw<3, 1, 1>>(&turned, 0, Some(key))[1][0][0]).fold(0.0, f32::max);
    assert!(greenest > 0.99, "{greenest}");
}

/// `golden/make_jitter.py` made the numbers. What a draw gives is not to be chosen, but one of many comes near.
#[test]
fn jitter_is_torchvisions() {
    let golden: Value = serde_json::from_str(include_str!("golden/jitter.json")).unwrap();
    let numbers = |value: &Value| -> Vec<f32> { serde_json::from_value(value.clone()).unwrap() };
    let image = Tensor::<Chw<3, 4, 5>>::from_slice(&numbers(&golden["image"])).unwrap();
    let data: Dataset<_, Class<2>> = [(image, Class::new(0).unwrap())].into_iter().collect();
    for name in ["brightness", "contrast", "saturation"] {
        let mut jitter = ColorJitter::default();
        *match name {
            "brightness" => &mut jitter.brightness,
            "contrast" => &mut jitter.contrast,
            _ => &mut jitter.saturation,
        } = 0.5;
        let changed = Augment::new().color_jitter(jitter).apply(data.clone());
        let draws: Vec<_> =
            (0..4000).map(|key| sample::<Chw<3, 4, 5>>(&changed, 0, Some(key)).as_slice().to_vec()).collect();
        let changes = golden["changes"].as_array().unwrap().iter().filter(|change| change["name"] == name);
        assert_eq!(changes.clone().count(), 4);
        for change in changes {
            let expected = numbers(&change["image"]);
            let distance =
                |draw: &Vec<f32>| draw.iter().zip(&expected).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
            let nearest = draws.iter().map(distance).fold(f32::MAX, f32::min);
            assert!(nearest < 1e-3, "{name} {}: {nearest}", change["factor"]);
        }
    }
    // The factor itself is what a pixel that is not cut is multiplied by.
    let dim: Dataset<Chw<1, 1, 1>, Class<2>> =
        [(Tensor::from_fn(|_| 0.5), Class::new(0).unwrap())].into_iter().collect();
    let jitter = ColorJitter { brightness: 0.5, ..ColorJitter::default() };
    let changed = Augment::new().color_jitter(jitter).apply(dim);
    let factor = |key| f64::from(sample::<Chw<1, 1, 1>>(&changed, 0, Some(key))[0][0][0]) / 0.5;
    assert_uniform(&(0..2000).map(|key| factor(key) - 1.0).collect::<Vec<_>>(), 0.5);
}

#[test]
fn colour_shifts_vary_as_the_colours_do() {
    // Six pixels that vary by these deviations along these directions, and by nothing else.
    let directions = [[2.0, 2.0, 1.0], [-2.0, 1.0, 2.0], [1.0, -2.0, 2.0]].map(|v| v.map(|x| x / 3.0));
    let deviations = [0.02, 0.1, 0.05];
    let pixels = (0..6).map(|pixel| {
        let along = deviations[pixel / 2] * 3_f64.sqrt() * if pixel % 2 == 0 { 1.0 } else { -1.0 };
        let colour = directions[pixel / 2].map(|x: f64| (0.5 + along * x) as f32);
        (Tensor::<Chw<3, 1, 1>>::from_fn(|channel| colour[channel]), Class::<2>::new(0).unwrap())
    });
    let data: Dataset<_, _> = pixels.collect();
    let components = ColorComponents::of(&data).unwrap();
    for (found, expected) in components.std().into_iter().zip([0.1, 0.05, 0.02]) {
        assert!((found - expected).abs() < 1e-6, "{:?}", components.std());
    }

    let (strength, count) = (0.3, 20_000);
    let shifted = Augment::new().color_shift(components, strength).apply(data.clone());
    let original = data.sample::<f32>(0);
    // In these directions, and in units of these deviations, a shift is three normal numbers.
    let normal = |key| {
        let found = sample::<Chw<3, 1, 1>>(&shifted, 0, Some(key));
        let shift: [f64; 3] = std::array::from_fn(|c| (found.as_slice()[c] - original.as_slice()[c]).into());
        let along = |i: usize| shift.iter().zip(directions[i]).map(|(x, y)| x * y).sum::<f64>();
        std::array::from_fn(|i| along(i) / f64::from(strength) / deviations[i])
    };
    let draws: Vec<[f64; 3]> = (0..count).map(normal).collect();
    let mean = |f: &dyn Fn(&[f64; 3]) -> f64| draws.iter().map(f).sum::<f64>() / count as f64;
    // Within five standard deviations of each mean.
    let error = |variance: f64| 5.0 * (variance / count as f64).sqrt();
    for i in 0..3 {
        assert!(mean(&|z| z[i]).abs() < error(1.0), "mean along {i}");
        assert!((mean(&|z| z[i] * z[i]) - 1.0).abs() < error(2.0), "variance along {i}");
        assert!((mean(&|z| z[i].powi(4)) - 3.0).abs() < error(96.0), "normal along {i}");
        assert!(mean(&|z| z[i] * z[(i + 1) % 3]).abs() < error(1.0), "each direction by itself");
    }
}

#[test]
fn the_colour_shift_follows_the_components() {
    let data = colours(50);
    let components = ColorComponents::of(&data).unwrap();
    let [a, b, c] = components.directions();
    let dot = |x: [f32; 3], y: [f32; 3]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    for (x, y, expected) in [(a, a, 1.0), (b, b, 1.0), (c, c, 1.0), (a, b, 0.0), (a, c, 0.0), (b, c, 0.0)] {
        assert!((dot(x, y) - expected).abs() < 1e-5);
    }
    let std = components.std();
    assert!(std[0] >= std[1] && std[1] >= std[2] && std[2] > 0.0);
    // The total variance is that of the channels.
    let measured = Normalization::of(&data).unwrap();
    let total = |std: &[f32]| std.iter().map(|s| s * s).sum::<f32>();
    assert!((total(&std) / total(measured.std()) - 1.0).abs() < 1e-3);

    let shifted = Augment::new().color_shift(components, 0.1).apply(data.clone());
    let found = sample::<Chw<3, 8, 6>>(&shifted, 0, Some(9));
    let original = data.sample::<f32>(0);
    for c in 0..3 {
        let shift = |i: usize| found.as_slice()[48 * c + i] - original.as_slice()[48 * c + i];
        assert!((1..48).all(|i| (shift(i) - shift(0)).abs() < 1e-5), "one shift for all pixels");
    }
    let grey =
        Dataset::<Chw<1, 2, 2>, Class<2>>::from_numbers(vec![0.0; 4], vec![Class::new(0).unwrap()]).unwrap();
    let wrong = Augment::new().color_shift(components, 0.1).apply(grey);
    let error = Samples::<Chw<1, 2, 2>>::write_to(&wrong, 0, &mut [0.0_f32; 4], Some(1)).unwrap_err();
    assert_eq!(error.to_string(), "color_shift: expected images of 3 channels, found 1");
}

#[test]
fn statistics_want_images_that_vary() {
    let data = |bytes: Vec<u8>| -> Dataset<Chw<1, 2, 4>, Class<1>> {
        let classes = vec![Class::new(0).unwrap(); bytes.len() / 8];
        Dataset::from_bytes(bytes, Normalization::none(), classes).unwrap()
    };
    for byte in 0..=255 {
        let text = Normalization::of(&data(vec![byte; 80])).unwrap_err().to_string();
        assert!(
            text.contains("expected a finite mean and a std above 0, found mean ") && text.ends_with("std 0")
        );
    }
    let two = Normalization::of(&data([[100; 8], [101; 8]].concat())).unwrap();
    assert!((two.mean()[0] * 255.0 - 100.5).abs() < 1e-3 && (two.std()[0] * 255.0 - 0.5).abs() < 1e-5);
    let text = Normalization::of(&data(vec![])).unwrap_err().to_string();
    assert_eq!(text, "images to normalize by: expected at least 1, found 0");
    // Far from 0, where squares are too large to tell a small deviation.
    let far: Dataset<Chw<1, 1, 2>, Class<1>> =
        Dataset::from_numbers(vec![1e6, 1e6 + 0.125], vec![Class::new(0).unwrap()]).unwrap();
    assert_eq!(Normalization::of(&far).unwrap().std(), [0.0625]);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let data = colours(4);
    let refused = |augment: Augment, sentence: &str| {
        let data = augment.apply(data.clone());
        let error = Samples::<Chw<3, 8, 6>>::write_to(&data, 0, &mut [0.0_f32; 144], Some(1)).unwrap_err();
        assert_eq!(error.to_string(), sentence);
    };
    refused(Augment::new().random_rotation(-1.0), "random_rotation: expected at least 0 degrees, found -1");
    refused(
        Augment::new().random_horizontal_flip().random_translation(f32::NAN),
        "random_translation: expected at least 0 pixels, found NaN",
    );
    let jitter = ColorJitter { hue: 0.75, ..ColorJitter::default() };
    refused(Augment::new().color_jitter(jitter), "hue: expected 0 to 0.5, found 0.75");
    let jitter = ColorJitter { brightness: -1.0, ..ColorJitter::default() };
    refused(Augment::new().color_jitter(jitter), "brightness: expected at least 0, found -1");
}

#[test]
fn ten_views_of_an_image() {
    let data = colours(3);
    let views = TenCrop::new(data.clone(), 1);
    assert_eq!(Samples::<Chw<3, 7, 5>>::len(&views), 30);
    let view = |i: usize| sample::<Chw<3, 7, 5>>(&views, i, None);
    // With a padding of 1 the last corner begins three rows and three columns further on than the first.
    for i in [0, 10, 20] {
        let [first, last, middle] = [view(i), view(i + 3), view(i + 4)];
        assert_eq!(first[0][4][4], last[0][1][1]);
        assert_eq!(middle[0][3][3], first[0][4][4]);
        for number in 0..5 {
            let (plain, mirror) = (view(i + number), view(i + 5 + number));
            assert!((0..5).all(|k| plain[2][3][k] == mirror[2][3][4 - k]));
        }
    }
}

fn bits(net: &impl Network<Scalar = f32>) -> Vec<u32> {
    net.model().params().iter().map(|x| x.to_bits()).collect()
}

fn in_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

/// Data that are said to be slow, of which a sample may be missing.
struct Slow<D> {
    data: D,
    is_slow: bool,
    missing: Option<usize>,
    written: AtomicUsize,
}

impl<D: Learnable> Learnable for Slow<D> {}

impl<In: Shape, D: Samples<In>> Samples<In> for Slow<D> {
    type Target = D::Target;
    fn len(&self) -> usize {
        self.data.len()
    }
    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], key: Option<u64>) -> Result<(), Error> {
        self.written.fetch_add(1, Ordering::Relaxed);
        if self.missing == Some(sample) {
            return Class::<3>::new(sample).map(drop);
        }
        self.data.write_to(sample, values, key)
    }
    fn target(&self, sample: usize) -> &D::Target {
        self.data.target(sample)
    }
    fn id(&self, sample: usize) -> u64 {
        self.data.id(sample)
    }
    fn is_slow(&self) -> bool {
        self.is_slow
    }
}

type Digits = Dataset<Chw<1, 28, 28>, Class<10>>;

fn digits(count: usize) -> Digits {
    Mnist::load_from("assets/mnist").unwrap().train.subset(0..count)
}

fn slow(
    is_slow: bool,
    missing: Option<usize>,
) -> Slow<impl Samples<Chw<1, 28, 28>, Target = Class<10>> + Learnable> {
    let data = Augment::new().random_rotation(10.0).random_translation(2.0).cutout(5).apply(digits(130));
    Slow { data, is_slow, missing, written: AtomicUsize::new(0) }
}

#[test]
fn a_run_on_changed_images_is_the_same_for_any_threads_and_loaded_ahead_or_not() {
    let run = |threads, is_slow| {
        in_pool(threads, || {
            let data = slow(is_slow, None);
            let mut trainer = Trainer::new(LeNet5::new(3), SoftmaxCrossEntropy, Sgd::new(0.05))
                .epochs(2)
                .batch_size(33)
                .progress(Progress::Silent);
            let history = trainer.fit(&data, &digits(40)).unwrap();
            assert_eq!(data.written.into_inner(), 260, "every sample once in each epoch");
            (history.epochs[1].train.loss.to_bits(), bits(trainer.network()))
        })
    };
    let one = run(1, false);
    for (threads, is_slow) in [(2, false), (3, true), (1, true), (8, true)] {
        assert_eq!(run(threads, is_slow), one, "{threads} threads, loaded ahead: {is_slow}");
    }
}

#[test]
fn a_sample_that_cannot_be_had_ends_the_run_before_its_step() {
    for is_slow in [false, true] {
        let data = slow(is_slow, Some(77));
        let mut trainer = Trainer::new(LeNet5::new(3), SoftmaxCrossEntropy, Sgd::new(0.05))
            .batch_size(130)
            .progress(Progress::Silent);
        let error = trainer.fit(&data, None).unwrap_err();
        assert_eq!(error.to_string(), "class: expected 0 to 2, found 77");
        assert_eq!(bits(trainer.network()), bits(&LeNet5::new(3)), "no step was made");
        assert_eq!(trainer.history().ending, Ending::Failed);
        assert_eq!(trainer.evaluate(&data).unwrap_err().to_string(), "class: expected 0 to 2, found 77");
    }
}

#[test]
fn a_run_that_is_interrupted_ends_with_its_best_epoch() {
    let flag = Arc::new(AtomicBool::new(false));
    let (set, mut epochs) = (flag.clone(), 0);
    let best = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = best.clone();
    let mut trainer = Trainer::new(LeNet5::new(3), SoftmaxCrossEntropy, Sgd::new(0.05))
        .epochs(50)
        .batch_size(32)
        .progress(Progress::Silent)
        .on_epoch(move |_, net| {
            seen.lock().unwrap().push(bits(net));
            epochs += 1;
            if epochs == 3 {
                set.store(true, Ordering::Relaxed);
            }
            std::ops::ControlFlow::Continue(())
        })
        .interrupt(flag);
    let history = trainer.fit(&digits(130), &digits(60)).unwrap();
    assert_eq!((history.ending, history.epochs.len()), (Ending::Interrupted, 3));
    let restored = history.restored.unwrap();
    assert_eq!(restored, history.best().unwrap().epoch);
    assert_eq!(bits(trainer.network()), best.lock().unwrap()[restored - 1]);
}

#[test]
fn ten_crops_are_averaged() {
    let data = digits(60);
    let (train, _) = data.split(0.5, 1).unwrap();
    let mut trainer = Trainer::new(LeNet5::new(3), SoftmaxCrossEntropy, Sgd::new(0.05))
        .epochs(20)
        .batch_size(10)
        .progress(Progress::Silent);
    trainer.fit(&train, None).unwrap();
    // Without padding all crops are the image or its mirror image.
    let evaluation = trainer.evaluate_ten_crop(&TenCrop::new(TestSet::new(data.clone()), 0)).unwrap();
    assert_eq!(evaluation.samples(), 60);
    let probabilities = |image: &Tensor<Chw<1, 28, 28>>| trainer.network().predict(image).probabilities;
    let mut loss = 0.0;
    for i in 0..60 {
        let image = data.sample(i);
        let mirror = Tensor::from_fn(|k| image.as_slice()[k / 28 * 28 + 27 - k % 28]);
        let truth = data.target(i).index();
        loss -= (f64::from(probabilities(&image)[truth] + probabilities(&mirror)[truth]) / 2.0).ln() / 60.0;
    }
    assert!((evaluation.loss - loss).abs() < 1e-5, "{} {loss}", evaluation.loss);
}
