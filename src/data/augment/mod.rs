//! Data augmentation: random changes of images during training.
//!
//! [`Augment`] lists the changes, [`Augmented`] is the data with them. Evaluation sees the images unchanged.
//!
//! ```
//! use convnet::data::{Augment, ColorComponents, ColorJitter};
//! use convnet::prelude::*;
//!
//! # #[cfg(all(feature = "images", feature = "sample"))] {
//! let train = Cifar10::sample()?.train.subset(0..100);
//! let components = ColorComponents::of(&train)?;
//! let augmented = Augment::new()
//!     .random_crop(4)
//!     .random_horizontal_flip()
//!     .color_jitter(ColorJitter { brightness: 0.2, ..ColorJitter::default() })
//!     .color_shift(components, 0.1)
//!     .cutout(8)
//!     .apply(train.clone());
//!
//! // Training draws a key for each epoch and sample; in evaluation there is none.
//! let image = |key| {
//!     let mut image = Tensor::<Chw<3, 32, 32>>::zeros();
//!     Samples::<Chw<3, 32, 32>>::write_to(&augmented, 0, image.as_mut_slice(), key).map(|()| image)
//! };
//! assert!(image(Some(1))? != image(Some(2))?);
//! assert!(image(None)? == train.sample(0));
//! # }
//! # Ok::<(), convnet::Error>(())
//! ```

mod change;
mod color_components;
mod color_jitter;
mod picture;
mod ten_crop;

use std::cell::Cell;

use change::Change;
pub use color_components::ColorComponents;
pub use color_jitter::ColorJitter;
use picture::Picture;
pub use ten_crop::TenCrop;
pub(crate) use ten_crop::VIEWS;

use super::{Images, Learnable, Metadata, Samples, Target};
use crate::error::Error;
use crate::random::{self, purpose};
use crate::scalar::Scalar;
use crate::shape::{Chw, Shape};

/// Random changes of images during training, made in the order of the calls.
///
/// [`apply`](Self::apply) returns data whose samples change from epoch to epoch. The random draws depend only on the
/// seed, the epoch and the sample: training is deterministic for any number of threads. In evaluation the images are
/// unchanged.
///
/// The changes work on pixels from 0 to 1, before normalisation. Pixels outside the image have the mean of the data's
/// normalisation; without a normalisation, as in a [`Dataset`](super::Dataset) of numbers, they are 0.
///
/// ```
/// use convnet::data::Augment;
/// use convnet::prelude::*;
///
/// let mnist = Mnist::load_from("assets/mnist")?;
/// let (train, validation) = mnist.train.split(0.9, 1)?;
/// let train = Augment::new().random_rotation(10.0).random_translation(2.0).apply(train);
/// # let train = train.subset(0..64);
/// let mut trainer = Trainer::new(convnet::model::LeNet5::new(1), SoftmaxCrossEntropy, Sgd::new(0.01)).epochs(1);
/// trainer.fit(&train, &validation)?;
/// # Ok::<(), convnet::Error>(())
/// ```
///
/// In torchvision: `transforms.Compose` of random transforms.
#[doc(alias = "transforms")]
#[doc(alias = "Compose")]
#[derive(Clone, Debug, Default)]
pub struct Augment {
    changes: Vec<Change>,
    /// The first invalid setting, which is reported when the changes are used.
    wrong: Option<(&'static str, &'static str, f64)>,
}

impl Augment {
    /// No changes.
    pub fn new() -> Self {
        Augment::default()
    }

    /// Crops the image to the size of the network's input, at a random position in the image padded by `padding` pixels
    /// on each side (Krizhevsky et al. 2012, section 4.1; He et al. 2016 with a padding of 4 on CIFAR-10). Without this
    /// change, and in evaluation, the crop is the centre. In torchvision: `RandomCrop(size, padding)`; in Keras:
    /// `RandomCrop`.
    #[doc(alias = "RandomCrop")]
    pub fn random_crop(self, padding: usize) -> Self {
        self.then(Change::Crop { padding })
    }

    /// Flips the image horizontally with probability 0.5. In torchvision: `RandomHorizontalFlip()`; in Keras:
    /// `RandomFlip("horizontal")`.
    #[doc(alias = "RandomHorizontalFlip")]
    #[doc(alias = "RandomFlip")]
    pub fn random_horizontal_flip(self) -> Self {
        self.then(Change::Flip)
    }

    /// Changes brightness, contrast, saturation and hue at random. In torchvision: `ColorJitter`; in Keras:
    /// `RandomColorJitter`.
    #[doc(alias = "RandomColorJitter")]
    #[doc(alias = "RandomBrightness")]
    #[doc(alias = "RandomContrast")]
    pub fn color_jitter(self, jitter: ColorJitter) -> Self {
        let checked = jitter.settings().into_iter().fold(self, |all, (name, value)| match name {
            "hue" => all.expect(name, "0 to 0.5", value, (0.0..=0.5).contains(&value)),
            _ => all.expect(name, "at least 0", value, value >= 0.0),
        });
        checked.then(Change::Jitter(jitter))
    }

    /// Shifts the colour of all pixels along the principal components of the data's colours, by Σ αᵢ·σᵢ·pᵢ, with pᵢ the
    /// components, σᵢ the standard deviations along them and αᵢ normal with deviation `strength`, which is 0.1 in
    /// AlexNet (Krizhevsky et al. 2012, section 4.1, where the eigenvalues are said to be used; for pixels of any
    /// scale, that works with their roots). Colour images only. In Albumentations: `FancyPCA`.
    #[doc(alias = "FancyPCA")]
    pub fn color_shift(self, components: ColorComponents, strength: f32) -> Self {
        self.expect("color_shift", "a strength of at least 0", strength, strength >= 0.0)
            .then(Change::Shift { components, strength })
    }

    /// Covers a square of `size`×`size` pixels, whose centre is anywhere in the image, with the colour of pixels
    /// outside it (DeVries & Taylor 2017, "Improved regularization of convolutional neural networks with cutout"). In
    /// torchvision and Keras the nearest is `RandomErasing`, which draws the size of the rectangle, too.
    #[doc(alias = "RandomErasing")]
    pub fn cutout(self, size: usize) -> Self {
        self.then(Change::Cutout { size })
    }

    /// Rotates the image about its centre by up to `degrees`, either way. Pixels are interpolated, the border is
    /// repeated. In torchvision: `RandomRotation(degrees)`; in Keras: `RandomRotation`.
    #[doc(alias = "RandomRotation")]
    pub fn random_rotation(self, degrees: f32) -> Self {
        self.expect("random_rotation", "at least 0 degrees", degrees, degrees >= 0.0)
            .then(Change::Move { degrees, pixels: 0.0 })
    }

    /// Moves the image by up to `pixels` up or down and left or right, fractions included. Pixels are interpolated, the
    /// border is repeated. In torchvision: `RandomAffine(0, translate=…)`; in Keras: `RandomTranslation`.
    #[doc(alias = "RandomTranslation")]
    #[doc(alias = "RandomAffine")]
    pub fn random_translation(self, pixels: f32) -> Self {
        self.expect("random_translation", "at least 0 pixels", pixels, pixels >= 0.0)
            .then(Change::Move { degrees: 0.0, pixels })
    }

    /// Applies these changes to data.
    pub fn apply<D: Images<C, H, W>, const C: usize, const H: usize, const W: usize>(
        self,
        data: D,
    ) -> Augmented<D, C, H, W> {
        Augmented { data, augment: self }
    }

    fn then(mut self, change: Change) -> Self {
        // A rotation and a shift that follow each other are one movement: pixels are interpolated once.
        match (self.changes.last_mut(), change) {
            (Some(Change::Move { degrees, pixels: 0.0 }), Change::Move { degrees: 0.0, pixels }) => {
                let degrees = *degrees;
                *self.changes.last_mut().expect("the last") = Change::Move { degrees, pixels };
            }
            (_, change) => self.changes.push(change),
        }
        self
    }

    fn expect(mut self, name: &'static str, expected: &'static str, found: f32, right: bool) -> Self {
        if !(right && found.is_finite()) {
            self.wrong.get_or_insert((name, expected, found.into()));
        }
        self
    }
}

/// Data whose images change at random during training; see [`Augment`].
///
/// A sample has the shape of the network's input, which may be smaller than the images.
#[derive(Clone, Debug)]
pub struct Augmented<D, const C: usize, const H: usize, const W: usize> {
    data: D,
    augment: Augment,
}

impl<D, const C: usize, const H: usize, const W: usize> Augmented<D, C, H, W> {
    /// The data without the changes.
    pub fn data(&self) -> &D {
        &self.data
    }
}

impl<Y, const C: usize, const H: usize, const W: usize> Augmented<super::Dataset<Chw<C, H, W>, Y>, C, H, W>
where
    Y: Target,
{
    /// The samples with these indices, with the same changes.
    ///
    /// # Panics
    /// If an index is not below the number of samples.
    #[doc(alias = "Subset")]
    pub fn subset(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        Augmented { data: self.data.subset(indices), augment: self.augment.clone() }
    }
}

impl<D: Learnable, const C: usize, const H: usize, const W: usize> Learnable for Augmented<D, C, H, W> {}

thread_local! {
    /// Memory for an image before and after a change, and for the colour of pixels outside it.
    static ROOM: Cell<[Vec<f32>; 3]> = const { Cell::new([Vec::new(), Vec::new(), Vec::new()]) };
}

/// Calls `f` with an image of the data as pixels; the memory is kept for the thread's next image.
fn with_picture<D: Images<C, H, W>, R, const C: usize, const H: usize, const W: usize>(
    data: &D,
    sample: usize,
    f: impl FnOnce(&mut Picture) -> Result<R, Error>,
) -> Result<R, Error> {
    // Taken and not borrowed: decoding an image may make a thread take up another.
    let [mut pixels, room, mut fill] = ROOM.take();
    pixels.clear();
    pixels.resize(C * H * W, 0.0);
    fill.clear();
    fill.extend(data.mean_pixel());
    let mut picture = Picture { pixels, room, size: [H, W], fill };
    let result = data.write_pixels(sample, &mut picture.pixels).and_then(|()| f(&mut picture));
    ROOM.set([picture.pixels, picture.room, picture.fill]);
    result
}

impl<D: Images<C, IH, IW>, const C: usize, const IH: usize, const IW: usize, const H: usize, const W: usize>
    Samples<Chw<C, H, W>> for Augmented<D, C, IH, IW>
{
    type Target = D::Target;

    fn len(&self) -> usize {
        self.data.len()
    }

    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], key: Option<u64>) -> Result<(), Error> {
        if let Some((name, expected, found)) = self.augment.wrong {
            return Err(Error::argument(name, expected, found));
        }
        if <D::Target as Target>::HAS_PLACES
            && let Some(name) = self.augment.changes.iter().find_map(Change::mover)
        {
            let expected = "targets without places in the image, which would not move with it";
            return Err(Error::argument(name, expected, "masks or the like"));
        }
        let changes = if key.is_some() { &self.augment.changes[..] } else { &[] };
        if changes.is_empty() && [H, W] == [IH, IW] {
            return self.data.write_to(sample, values, key);
        }
        with_picture(&self.data, sample, |picture| {
            for (number, change) in changes.iter().enumerate() {
                let key = random::key(key.unwrap_or_default(), &[purpose::AUGMENT, number as u64]);
                change.make(picture, [H, W], &mut random::keyed(key, &[]))?;
            }
            picture.crop([H, W], 0, [0.5, 0.5])?;
            for (value, pixel) in values.iter_mut().zip(&picture.pixels) {
                *value = T::of((*pixel).into());
            }
            self.data.normalize(&mut values[..<Chw<C, H, W>>::LEN])
        })
    }

    fn target(&self, sample: usize) -> &D::Target {
        self.data.target(sample)
    }

    fn id(&self, sample: usize) -> u64 {
        self.data.id(sample)
    }

    fn is_slow(&self) -> bool {
        self.data.is_slow()
    }

    fn origin(&self, sample: usize) -> Option<String> {
        self.data.origin(sample)
    }

    fn metadata(&self) -> Metadata {
        self.data.metadata()
    }

    fn fingerprint(&self) -> Result<u64, Error> {
        self.data.fingerprint()
    }
}
