//! Random changes to images while a network learns from them.

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

use super::{Images, Learnable, Samples};
use crate::error::Error;
use crate::random::{self, purpose};
use crate::scalar::Scalar;
use crate::shape::{Chw, Shape};

/// Random changes to images, one after the other in the order in which they are written down.
///
/// [`apply`](Self::apply) gives data whose samples look a little different each time they are learnt from. What a draw
/// gives depends on the seed, the epoch and the sample alone, so that a run is the same for any number of threads. Where
/// something is measured, images are as they are, whatever the data they come from.
///
/// Changes work on pixels from 0 to 1; the data normalise what comes out. Where an image ends, the mean of the data's
/// normalisation is seen; without one, as in a [`Dataset`](super::Dataset) of numbers, 0.
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
    /// What is wrong with a setting, to be said when the changes are used.
    wrong: Option<(&'static str, &'static str, f64)>,
}

impl Augment {
    /// No changes.
    pub fn new() -> Self {
        Augment::default()
    }

    /// A part of the image as large as the network's input, from anywhere in the image with `padding` pixels around it
    /// (Krizhevsky et al. 2012, section 4.1; He et al. 2016 with a padding of 4 on CIFAR-10). Without it, and wherever
    /// something is measured, the part is the middle. In torchvision: `RandomCrop(size, padding)`; in Keras: `RandomCrop`.
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

    /// All pixels shifted along the principal components of the data's colours: by Σ αᵢ·σᵢ·pᵢ, with pᵢ the components, σᵢ
    /// the standard deviations along them and αᵢ normal with deviation `strength`, which is 0.1 in AlexNet (Krizhevsky et
    /// al. 2012, section 4.1, where the eigenvalues are said to be used; for pixels of any scale, that works with their
    /// roots). Colour images only. In Albumentations: `FancyPCA`.
    #[doc(alias = "FancyPCA")]
    pub fn color_shift(self, components: ColorComponents, strength: f32) -> Self {
        self.expect("color_shift", "a strength of at least 0", strength, strength >= 0.0)
            .then(Change::Shift { components, strength })
    }

    /// A square of `size`×`size` pixels of the colour that is seen outside of images, its middle anywhere in the image
    /// (DeVries & Taylor 2017, "Improved regularization of convolutional neural networks with cutout"). In torchvision and Keras the nearest is
    /// `RandomErasing`, which draws the size of the rectangle, too.
    #[doc(alias = "RandomErasing")]
    pub fn cutout(self, size: usize) -> Self {
        self.then(Change::Cutout { size })
    }

    /// Rotates the image about its centre by up to `degrees`, either way. Pixels are interpolated, the border is repeated.
    /// In torchvision: `RandomRotation(degrees)`; in Keras: `RandomRotation`.
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

    /// The data with these changes.
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

/// Data whose images are changed at random while a network learns from them; see [`Augment`].
///
/// The shape of a sample is that of the network's input, which may be smaller than the images.
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
    Y: super::Target,
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
    /// Room for an image before and after a change, and for what is seen outside.
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
}
