//! Samples that are images.

use super::{Dataset, Samples, Target, TestSet};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Chw;

/// Samples that are images: before they are normalised, their values are pixels, from 0 to 1.
///
/// [`Augmented`](super::Augmented) changes images there, and [`Normalization::of`](super::Normalization::of) measures
/// them.
pub trait Images<const C: usize, const H: usize, const W: usize>: Samples<Chw<C, H, W>> {
    /// Writes an image's pixels, in channel, row, column order.
    ///
    /// # Errors
    /// As [`Samples::write_to`].
    fn write_pixels<T: Scalar>(&self, sample: usize, pixels: &mut [T]) -> Result<(), Error>;

    /// Turns pixels, of a whole image or of a part of one, into what [`Samples::write_to`] writes.
    ///
    /// # Errors
    /// [`Error::Argument`] if only whole images can be.
    fn normalize<T: Scalar>(&self, pixels: &mut [T]) -> Result<(), Error>;

    /// What is seen where an image ends: the mean of each channel by which the data are normalised, 0 if they are not.
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
