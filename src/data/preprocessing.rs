//! The way from an image file to a network's input.

use std::path::Path;

use image::DynamicImage;

use super::decode::{decode, read_image};
use super::fit::{Fit, fitted};
use super::normalization::Normalization;
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Chw;
use crate::tensor::Tensor;

/// How a picture becomes a network's input: it is decoded, made to fit, and normalised.
///
/// In torchvision: the `transforms` of a model's weights.
///
/// ```
/// use convnet::data::{Normalization, Preprocessing};
/// use convnet::prelude::*;
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("grey.pgm");
/// std::fs::write(&path, [b"P5 4 4 255\n", &[255; 16][..]].concat()).unwrap();
///
/// let preprocessing = Preprocessing::new().normalization(Normalization::new([0.5], [0.25])?);
/// let image: Tensor<Chw<1, 2, 2>> = preprocessing.open(&path)?;
/// assert_eq!(image.as_slice(), [2.0; 4]);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("transforms", "preprocess"))]
#[derive(Clone, PartialEq, Debug)]
pub struct Preprocessing {
    fit: Fit,
    normalization: Normalization,
    max_image_bytes: u64,
}

/// [`Fit::Cover`], no normalisation, and images of at most 2²⁸ bytes.
impl Default for Preprocessing {
    fn default() -> Self {
        Preprocessing { fit: Fit::default(), normalization: Normalization::none(), max_image_bytes: 1 << 28 }
    }
}

/// The image that a tensor is made from: a file by its path, or the bytes of one.
#[derive(Clone, Copy, Debug)]
pub enum ImageSource<'a> {
    /// The path of a file.
    Path(&'a Path),
    /// The content of a file.
    Bytes(&'a [u8]),
}

impl<'a, P: AsRef<Path> + ?Sized> From<&'a P> for ImageSource<'a> {
    fn from(path: &'a P) -> Self {
        ImageSource::Path(path.as_ref())
    }
}

impl<const C: usize, const H: usize, const W: usize, T: Scalar> Tensor<Chw<C, H, W>, T> {
    /// An image as a network's input: from a file of any size, or from its bytes, such as an upload.
    ///
    /// # Errors
    /// Those of [`Preprocessing::open`].
    ///
    /// ```
    /// use convnet::data::{ImageSource, Preprocessing};
    /// use convnet::prelude::*;
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("photo.pgm");
    /// let bytes = [b"P5 2 1 255\n", &[0, 255][..]].concat();
    /// std::fs::write(&path, &bytes).unwrap();
    /// let image = Tensor::<Chw<1, 1, 2>>::from_image(&path, &Preprocessing::new())?;
    /// assert_eq!(image.as_slice(), [0.0, 1.0]);
    /// let same = Tensor::from_image(ImageSource::Bytes(&bytes), &Preprocessing::new())?;
    /// assert_eq!(image, same);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn from_image<'a>(
        image: impl Into<ImageSource<'a>>,
        preprocessing: &Preprocessing,
    ) -> Result<Self, Error> {
        preprocessing.open(image)
    }
}

impl Preprocessing {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// That of torchvision's networks for 224×224 that were trained on ImageNet: the shorter side becomes 256 pixels, the
    /// centre is cut out, and each channel is normalised by ImageNet's mean and standard deviation.
    ///
    /// In torchvision: `ResNet18_Weights.IMAGENET1K_V1.transforms()`.
    ///
    /// ```
    /// use convnet::data::Preprocessing;
    /// assert_eq!(Preprocessing::imagenet().pixel_normalization().mean(), [0.485, 0.456, 0.406]);
    /// ```
    pub fn imagenet() -> Self {
        let normalization = Normalization::new([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        Self::new().fit(Fit::Crop { side: 256 }).normalization(normalization.expect("positive deviations"))
    }

    /// Sets how images of other sizes are made to fit; by default [`Fit::Cover`].
    pub fn fit(self, fit: Fit) -> Self {
        Preprocessing { fit, ..self }
    }

    /// Sets the normalisation of pixels, which are from 0 to 1; by default there is none.
    pub fn normalization(self, normalization: Normalization) -> Self {
        Preprocessing { normalization, ..self }
    }

    /// Sets a limit in bytes for an image: for its file, and for its pixels while they are decoded, rotated as EXIF
    /// data say and converted to `C` channels of 8 bits, copies included. It does not cover what a decoder allocates
    /// beside the pixels. By default 2²⁸: 89 million pixels of a colour image, 67 million of a grey one that is
    /// converted to colour.
    pub fn max_image_bytes(self, max_image_bytes: u64) -> Self {
        Preprocessing { max_image_bytes, ..self }
    }

    /// The way images of other sizes are made to fit.
    pub fn fit_of_images(&self) -> Fit {
        self.fit
    }

    /// The normalisation of pixels.
    pub fn pixel_normalization(&self) -> &Normalization {
        &self.normalization
    }

    /// Reads an image file, or its bytes, as a network's input, turned as its EXIF data say: see [`Tensor::from_image`].
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Format`] if it is no image, is damaged or cut off, or is larger
    /// than the limit; [`Error::Argument`] if the normalisation is for another number of channels, or the crop is larger
    /// than the image it is cut from.
    pub fn open<'a, const C: usize, const H: usize, const W: usize, T: Scalar>(
        &self,
        image: impl Into<ImageSource<'a>>,
    ) -> Result<Tensor<Chw<C, H, W>, T>, Error> {
        let mut values = Tensor::zeros();
        let pixels = self.read(image.into(), [C, H, W])?;
        Normalization::write_bytes(Some(&self.normalization), &pixels, values.as_mut_slice());
        Ok(values)
    }

    /// The bytes of an image in channel, row, column order.
    pub(super) fn read(&self, image: ImageSource<'_>, size: [usize; 3]) -> Result<Vec<u8>, Error> {
        self.check(size)?;
        let decoded = match image {
            ImageSource::Path(path) => self.decode(path, &read_image(path, self.max_image_bytes)?, size)?,
            ImageSource::Bytes(bytes) => self.decode(Path::new("image"), bytes, size)?,
        };
        Ok(self.fitted(decoded, size))
    }

    /// Refuses samples of another number of channels, or larger than the crop is cut from.
    pub(super) fn check(&self, [channels, height, width]: [usize; 3]) -> Result<(), Error> {
        self.normalization.check(channels)?;
        match self.fit {
            Fit::Crop { side } if side < height.max(width) => {
                let expected = format!("at least {}, to cut {height}×{width} from", height.max(width));
                Err(Error::argument("shorter side of an image", expected, side))
            }
            _ => Ok(()),
        }
    }

    /// The limit of [`max_image_bytes`](Self::max_image_bytes).
    pub(super) fn limit(&self) -> u64 {
        self.max_image_bytes
    }

    pub(super) fn decode(&self, path: &Path, bytes: &[u8], size: [usize; 3]) -> Result<DynamicImage, Error> {
        if bytes.len() as u64 > self.max_image_bytes {
            let expected = format!("an image file of at most {} bytes", self.max_image_bytes);
            return Err(Error::format(path, expected, bytes.len().to_string()));
        }
        decode(path, bytes, self.max_image_bytes, size[0])
    }

    /// An image's bytes in channel, row, column order, as large as a sample.
    pub(super) fn fitted(&self, image: DynamicImage, size: [usize; 3]) -> Vec<u8> {
        let mean = self.normalization.mean();
        let border = |channel: usize| (mean[channel % mean.len()] * 255.0).round() as u8;
        let border: Vec<u8> = (0..size[0]).map(border).collect();
        fitted(image, self.fit, &border, size)
    }
}
