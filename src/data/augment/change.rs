//! One random change: its settings, and what it draws.

use rand::RngExt;

use super::picture::Picture;
use super::{ColorComponents, ColorJitter};
use crate::error::Error;
use crate::init::normal;
use crate::random::Generator;

/// One change.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Crop { padding: usize },
    Flip,
    Jitter(ColorJitter),
    Shift { components: ColorComponents, strength: f32 },
    Cutout { size: usize },
    Move { degrees: f32, pixels: f32 },
}

impl Change {
    /// The name of a change that moves the image.
    pub(super) fn mover(&self) -> Option<&'static str> {
        match self {
            Change::Crop { .. } => Some("random_crop"),
            Change::Flip => Some("random_horizontal_flip"),
            Change::Move { pixels: 0.0, .. } => Some("random_rotation"),
            Change::Move { .. } => Some("random_translation"),
            Change::Jitter(_) | Change::Shift { .. } | Change::Cutout { .. } => None,
        }
    }

    /// Changes a picture that is to have the size `wanted` in the end.
    pub(super) fn make(
        &self,
        picture: &mut Picture,
        wanted: [usize; 2],
        draws: &mut Generator,
    ) -> Result<(), Error> {
        // Uniform in ±limit.
        let mut within = |limit: f32| limit * (2.0 * draws.random::<f32>() - 1.0);
        match self {
            Change::Crop { padding } => {
                let at = [draws.random::<f32>(), draws.random()];
                picture.crop(wanted, *padding, at)?;
            }
            Change::Flip => {
                if draws.random() {
                    picture.flip();
                }
            }
            Change::Jitter(jitter) => {
                let [brightness, contrast, saturation] =
                    [jitter.brightness, jitter.contrast, jitter.saturation]
                        .map(|limit| (1.0 + within(limit)).max(0.0));
                picture.jitter(brightness, contrast, saturation, std::f32::consts::TAU * within(jitter.hue));
            }
            Change::Shift { components, strength } => {
                let amounts = [(); 3].map(|()| *strength * normal(draws) as f32);
                picture.add(components.along(amounts))?;
            }
            Change::Cutout { size } => {
                let [height, width] = picture.size;
                let middle = [draws.random_range(0..height), draws.random_range(0..width)];
                picture.cutout(middle, *size);
            }
            Change::Move { degrees, pixels } => {
                let angle = within(degrees.to_radians());
                picture.turn(angle, [within(*pixels), within(*pixels)]);
            }
        }
        Ok(())
    }
}
