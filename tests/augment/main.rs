//! Images that change at random while a network learns from them, and data that are slow or fail.

mod color;
mod digits;
mod frequencies;
mod geometry;
mod random_images;
mod ten_crop;
mod training;

use std::collections::BTreeSet;

use convnet::data::{ColorComponents, ColorJitter};
use convnet::prelude::*;
use random_images::{Colours, colours, sample};

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
