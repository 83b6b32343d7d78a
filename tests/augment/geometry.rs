//! Flips, crops, cutout, translations and rotations.

use std::collections::{BTreeMap, BTreeSet};

use convnet::data::Images;
use convnet::prelude::*;

use crate::frequencies::{assert_equally_often, assert_uniform};
use crate::random_images::{colours, pixels, sample};

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
