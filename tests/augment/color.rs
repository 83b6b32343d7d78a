//! Colour jitter, colour shifts, and the statistics of the images that they need.

use convnet::data::{ColorComponents, ColorJitter, Normalization};
use convnet::prelude::*;
use serde_json::Value;

use crate::frequencies::assert_uniform;
use crate::random_images::{colours, sample};

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

/// `../golden/make_jitter.py` made the numbers. What a draw gives is not to be chosen, but one of many comes near.
#[test]
fn jitter_is_torchvisions() {
    let golden: Value = serde_json::from_str(include_str!("../golden/jitter.json")).unwrap();
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
