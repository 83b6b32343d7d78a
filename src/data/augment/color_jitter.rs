//! Settings of random changes of colour.

/// The largest random changes of colour: brightness, contrast and saturation are multiplied by a number from max(0, 1 −
/// setting) to 1 + setting, and the hue turns by up to that part of the circle. After each the result is cut to 0 … 1.
/// Grey images have no saturation and no hue.
///
/// Brightness, contrast and saturation are those of torchvision's `ColorJitter`. Two things are not: the order is that of
/// the fields, where torchvision draws one for each image; and the hue turns red, green and blue about the axis of greys,
/// which keeps their mean, where torchvision turns the hue of HSV, which keeps the largest and the smallest of them.
///
/// ```
/// use convnet::data::{Augment, ColorJitter};
/// let jitter = ColorJitter { brightness: 0.2, contrast: 0.2, ..ColorJitter::default() };
/// let augment = Augment::new().color_jitter(jitter);
/// # let _ = augment;
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct ColorJitter {
    /// Change of brightness: all pixels times a number.
    pub brightness: f32,
    /// Change of contrast: the distance of all pixels from the image's mean grey, times a number.
    pub contrast: f32,
    /// Change of saturation: the distance of each pixel from its own grey, times a number.
    pub saturation: f32,
    /// Change of hue, from 0 to 0.5: no hue, or any.
    pub hue: f32,
}

impl ColorJitter {
    pub(super) fn settings(&self) -> [(&'static str, f32); 4] {
        [
            ("brightness", self.brightness),
            ("contrast", self.contrast),
            ("saturation", self.saturation),
            ("hue", self.hue),
        ]
    }
}
