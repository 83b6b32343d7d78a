//! Samples that are images.

use super::{Dataset, Samples, Target, TestSet};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Chw;

/// Samples that are images: before normalisation, their values are pixels from 0 to 1.
///
/// [`Augmented`](super::Augmented) changes these pixels, and [`Normalization::of`](super::Normalization::of) computes
/// their statistics.
pub trait Images<const C: usize, const H: usize, const W: usize>: Samples<Chw<C, H, W>> {
    /// Writes an image's pixels, in channel, row, column order.
    ///
    /// # Errors
    /// As [`Samples::write_to`].
    fn write_pixels<T: Scalar>(&self, sample: usize, pixels: &mut [T]) -> Result<(), Error>;

    /// Normalises the pixels of an image, or of a crop of one, as [`Samples::write_to`] does.
    ///
    /// # Errors
    /// [`Error::Argument`] for a crop, if the data can only normalise whole images.
    fn normalize<T: Scalar>(&self, pixels: &mut [T]) -> Result<(), Error>;

    /// The colour of pixels outside the image: the mean of each channel in the normalisation, 0 without one.
    fn mean_pixel(&self) -> [f32; C];
}

impl<const C: usize, const H: usize, const W: usize, Y: Target> Images<C, H, W> for Dataset<Chw<C, H, W>, Y> {
    fn write_pixels<T: Scalar>(&self, sample: usize, pixels: &mut [T]) -> Result<(), Error> {
        self.write_raw(sample, pixels);
        Ok(())
    }

    fn normalize<T: Scalar>(&self, pixels: &mut [T]) -> Result<(), Error> {
        self.finish(pixels)
    }

    fn mean_pixel(&self) -> [f32; C] {
        let mean = self.normalization().map_or(&[0.0][..], |normalization| normalization.mean());
        std::array::from_fn(|channel| mean[channel % mean.len()])
    }
}

impl<const C: usize, const H: usize, const W: usize, D: Images<C, H, W>> Images<C, H, W> for TestSet<D> {
    fn write_pixels<T: Scalar>(&self, sample: usize, pixels: &mut [T]) -> Result<(), Error> {
        self.0.write_pixels(sample, pixels)
    }

    fn normalize<T: Scalar>(&self, pixels: &mut [T]) -> Result<(), Error> {
        self.0.normalize(pixels)
    }

    fn mean_pixel(&self) -> [f32; C] {
        self.0.mean_pixel()
    }
}
