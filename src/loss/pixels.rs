//! The loss for a class at each pixel.

use super::Loss;
use crate::data::{Mask, Target};
use crate::scalar::Scalar;
use crate::shape::Chw;
use crate::tensor::{LANES, Lanes};

/// Masks for an output of shape `Out`: as many classes as channels, and as many pixels.
#[diagnostic::on_unimplemented(
    message = "targets of `{Self}` do not label the pixels of an output of shape `{Out}`",
    label = "the network gives `{Out}`, the data has `{Self}`"
)]
pub trait MaskOf<Out>: Target {
    /// The class of each pixel, row by row.
    fn classes(&self) -> &[u8];
}

impl<const C: usize, const H: usize, const W: usize> MaskOf<Chw<C, H, W>> for Mask<C, H, W> {
    fn classes(&self) -> &[u8] {
        self.as_slice()
    }
}

/// Cross-entropy on logits at each pixel, for segmentation: it includes the softmax over the channels.
///
/// In PyTorch: `nn.CrossEntropyLoss()` for outputs \[N, C, H, W\] and targets \[N, H, W\]. In Keras:
/// `SparseCategoricalCrossentropy(from_logits=True, axis=1)`.
///
/// # Shapes
/// `Chw<C, H, W>` against [`Mask<C, H, W>`](crate::data::Mask): one channel for each class.
///
/// # Formula
/// The mean over all pixels of −log softmax(y)_d = log Σⱼ exp(yⱼ) − y_d, with y the pixel's values in all channels and d its
/// class, computed without overflow; the gradient is (softmax(y) − d) / (H·W), with d the one-hot target. The loss of a batch is
/// the mean over its samples. Long, Shelhamer and Darrell 2015, "Fully convolutional networks for semantic segmentation"; it is
/// the energy of Ronneberger, Fischer and Brox 2015, "U-Net", eq. 1, with weights of 1.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Pixels: Chw<1, 4, 4> => Chw<3, 4, 4> {
///         conv: Conv2d { filters: 3, kernel: 1 },
///     }
/// }
/// let bright = Tensor::from_fn(|i| (i % 2) as f32);
/// let data: Dataset<Chw<1, 4, 4>, Mask<3, 4, 4>> =
///     [(bright, Mask::from_fn(|_, column| [0, 2][column % 2])?)].into_iter().collect();
/// let mut trainer = Trainer::new(Pixels::new(1), PixelCrossEntropy, Sgd::new(1.0)).epochs(50);
/// # trainer = trainer.progress(convnet::train::Progress::Silent);
/// trainer.fit(&data, None)?;
/// let evaluation = trainer.evaluate_segmentation(&data)?;
/// assert_eq!(evaluation.pixel_accuracy(), 1.0);
/// assert_eq!(evaluation.iou(), [Some(1.0), None, Some(1.0)]); // no pixel is of class 1, or taken for it
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("CrossEntropyLoss", "SparseCategoricalCrossentropy", "segmentation"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct PixelCrossEntropy;

impl<const C: usize, const H: usize, const W: usize, Y: MaskOf<Chw<C, H, W>>, T: Scalar>
    Loss<Chw<C, H, W>, Y, T> for PixelCrossEntropy
{
    fn tile(&self, mut dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        let area = H * W;
        let share = scale / T::of(area as f64);
        let mut exponents = [Lanes::<T>::zero(); C];
        let mut losses = [0.0; LANES];
        for pixel in 0..area {
            let mut largest = y[pixel];
            for channel in 1..C {
                largest = largest.zip(y[channel * area + pixel], T::max);
            }
            let mut sum = Lanes::zero();
            for (channel, exponent) in exponents.iter_mut().enumerate() {
                *exponent = y[channel * area + pixel].zip(largest, |y, largest| (y - largest).exp());
                sum = sum.zip(*exponent, |sum, exponent| sum + exponent);
            }
            for (lane, target) in targets.iter().enumerate() {
                let own = y[usize::from(target.classes()[pixel]) * area + pixel].0[lane];
                // The two large numbers first: their difference is exact.
                losses[lane] += ((largest.0[lane] - own) + sum.0[lane].ln()).as_f64();
            }
            let Some(dy) = dy.as_mut() else { continue };
            for (channel, exponent) in exponents.iter().enumerate() {
                dy[channel * area + pixel] = exponent.zip(sum, |exponent, sum| share * (exponent / sum));
            }
            for (lane, target) in targets.iter().enumerate() {
                dy[usize::from(target.classes()[pixel]) * area + pixel].0[lane] -= share;
            }
            // Lanes without a sample.
            for channel in 0..C {
                dy[channel * area + pixel].0[targets.len()..].fill(T::zero());
            }
        }
        losses.iter().map(|loss| loss / area as f64).sum()
    }
}
