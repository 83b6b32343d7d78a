//! Pixels shifted and scaled channel by channel.

use super::{Images, Learnable};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Chw;
use crate::tensor::Tensor;

/// Mean and standard deviation of the pixels of each channel, as numbers from 0 to 1: a pixel p becomes
/// (p − mean) / std.
///
/// Use the statistics of the training part for all parts, and for every image the network is given later.
///
/// In torchvision: `transforms.Normalize(mean, std)`; in Keras: `layers.Normalization`.
///
/// ```
/// use convnet::data::Normalization;
/// use convnet::prelude::*;
///
/// let pixels = vec![0, 255, 0, 255];
/// let normalization = Normalization::new([0.5, 0.0], [0.5, 0.25])?;
/// let data: Dataset<Chw<2, 1, 2>, Class<1>> = Dataset::from_bytes(pixels, normalization, vec![Class::new(0)?])?;
/// assert_eq!(data.sample::<f32>(0).as_slice(), [-1.0, 1.0, 0.0, 4.0]);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "Normalize")]
#[derive(Clone, PartialEq, Debug)]
pub struct Normalization {
    mean: Vec<f32>,
    std: Vec<f32>,
}

impl Normalization {
    /// A mean and a standard deviation for each channel, or one for all of them.
    ///
    /// # Errors
    /// [`Error::Argument`] unless there are as many of one as of the other, means are finite and standard deviations
    /// above 0.
    pub fn new(mean: impl Into<Vec<f32>>, std: impl Into<Vec<f32>>) -> Result<Self, Error> {
        let (mean, std) = (mean.into(), std.into());
        if mean.is_empty() || mean.len() != std.len() {
            let found = format!("{} and {}", mean.len(), std.len());
            return Err(Error::argument("normalization", "as many means as standard deviations", found));
        }
        for (mean, std) in mean.iter().zip(&std) {
            if !(std.is_normal() && *std > 0.0 && mean.is_finite()) {
                let found = format!("mean {mean}, std {std}");
                return Err(Error::argument("normalization", "a finite mean and a std above 0", found));
            }
        }
        Ok(Normalization { mean, std })
    }

    /// Pixels as they are, from 0 to 1.
    pub fn none() -> Self {
        Normalization { mean: vec![0.0], std: vec![1.0] }
    }

    /// The statistics of these images: mean and standard deviation of each channel over all pixels. They are
    /// statistics of the training data: those of a [`TestSet`](super::TestSet) do not compile.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are no images, or a channel has the same value everywhere; what keeps an image from
    /// being read.
    pub fn of<const C: usize, const H: usize, const W: usize>(
        images: &(impl Images<C, H, W> + Learnable),
    ) -> Result<Self, Error> {
        if images.is_empty() {
            return Err(Error::argument("images to normalize by", "at least 1", 0));
        }
        // Sums of differences from a pixel of the channel: exactly 0 if all are the same.
        let (mut first, mut sums, mut squares) = ([0.0; C], [0.0; C], [0.0; C]);
        let mut image = Tensor::<Chw<C, H, W>, f64>::zeros();
        for i in 0..images.len() {
            images.write_pixels(i, image.as_mut_slice())?;
            for (c, channel) in image.as_slice().chunks_exact(H * W).enumerate() {
                if i == 0 {
                    first[c] = channel[0];
                }
                sums[c] += channel.iter().map(|x| x - first[c]).sum::<f64>();
                squares[c] += channel.iter().map(|x| (x - first[c]).powi(2)).sum::<f64>();
            }
        }
        let count = (images.len() * H * W) as f64;
        let mean: [_; C] = std::array::from_fn(|c| (first[c] + sums[c] / count) as f32);
        let std = sums.iter().zip(squares).map(|(sum, squares)| {
            let variance = squares / count - (sum / count).powi(2);
            variance.max(0.0).sqrt() as f32
        });
        Self::new(mean, std.collect::<Vec<_>>())
    }

    /// The means, one for each channel or one for all.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The standard deviations, one for each channel or one for all.
    pub fn std(&self) -> &[f32] {
        &self.std
    }

    /// Refuses to be used on another number of channels.
    pub(super) fn check(&self, channels: usize) -> Result<(), Error> {
        if self.mean.len() == 1 || self.mean.len() == channels {
            return Ok(());
        }
        let expected = format!("one mean, or one for each of {channels} channels");
        Err(Error::argument("normalization", expected, self.mean.len()))
    }

    /// Writes bytes as numbers from 0 to 1, normalised channel by channel if there is a normalisation.
    pub(super) fn write_bytes<T: Scalar>(normalization: Option<&Self>, bytes: &[u8], values: &mut [T]) {
        let (mean, std) = normalization.map_or((&[0.0][..], &[1.0][..]), |by| (by.mean(), by.std()));
        let plane = bytes.len().div_ceil(mean.len()).max(1);
        let unit = T::of(1.0 / 255.0);
        let channels = values.chunks_mut(plane).zip(bytes.chunks(plane));
        for ((values, bytes), (mean, std)) in channels.zip(mean.iter().zip(std)) {
            let (mean, scale) = (T::of((*mean).into()), T::of(1.0 / f64::from(*std)));
            for (value, byte) in values.iter_mut().zip(bytes) {
                // Not by way of an f64, which would cost more than all the rest.
                let byte = T::from(*byte).expect("a byte is a number");
                *value = (byte * unit - mean) * scale;
            }
        }
    }

    /// Normalises the pixels of an image, channel by channel.
    pub(super) fn write_over<T: Scalar>(&self, pixels: &mut [T]) {
        let plane = (pixels.len() / self.mean.len()).max(1);
        for ((channel, mean), std) in pixels.chunks_exact_mut(plane).zip(&self.mean).zip(&self.std) {
            let (mean, scale) = (T::of((*mean).into()), T::of(1.0 / f64::from(*std)));
            for pixel in channel {
                *pixel = (*pixel - mean) * scale;
            }
        }
    }
}
