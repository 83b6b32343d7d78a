//! Losses: how far an output is from its target, and in which direction to go.
//!
//! A loss fits the outputs it is made for, and no others:
//!
//! | last layer | output | targets | loss |
//! | --- | --- | --- | --- |
//! | `Dense`, or any | `Flat<N>`, `Chw<C, H, W>` | `Tensor` of that shape | [`MeanSquaredError`], [`MeanAbsoluteError`], [`Huber`] |
//! | `Dense` | `Flat<N>`, logits | `Class<N>` | [`struct@SoftmaxCrossEntropy`] |
//! | [`Softmax`](crate::layer::Softmax) | `Probabilities<N>` | `Class<N>` | [`ProbabilityCrossEntropy`] |
//! | [`LogSoftmax`](crate::layer::LogSoftmax) | `LogProbabilities<N>` | `Class<N>` | [`NegativeLogLikelihood`] |
//! | `Dense` | `Flat<1>`, the logit of class 1 | `Class<2>` | [`struct@SigmoidCrossEntropy`], [`PerceptronLoss`] |
//! | `Dense`, or any | `Flat<N>`, `Chw<C, H, W>`, logits | `Tensor` of that shape, 0 to 1 | [`struct@SigmoidCrossEntropy`] |

mod binary;
mod classes;
mod regression;
mod tally;

pub use binary::{ChancesOf, PerceptronLoss, SigmoidCrossEntropy};
pub use classes::{
    ClassWeights, LabelsOf, NegativeLogLikelihood, ProbabilityCrossEntropy, SoftmaxCrossEntropy,
};
pub use regression::{Huber, MeanAbsoluteError, MeanSquaredError, ValuesOf};
pub(crate) use tally::{Tally, tally_tiles};

use crate::data::Target;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Lanes;

/// The distance between an output of shape `Out` and a target, averaged over the samples of a batch.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit an output of shape `{Out}` and the data's targets",
    label = "the network gives `{Out}`"
)]
pub trait Loss<Out: Shape, Y: Target, T: Scalar>: Send + Sync {
    /// The sum of the losses of the samples of one tile, given the tile's outputs and a target for each lane that holds a
    /// sample (at most [`LANES`](crate::tensor::LANES)).
    ///
    /// Training passes `dy`: the gradient of that sum by the outputs, times `scale`, is written there, and zero in lanes
    /// without a sample. Evaluation passes `None` and needs no gradient; the loss must be the same to the bit.
    fn tile(&self, dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64;
}

/// [`Loss::tile`] of losses that are a mean over the values of a sample: `loss` and `slope` take a value, its index and
/// the target, and return the value's loss and the derivative of that.
fn mean_over_values<Y, T: Scalar>(
    dy: Option<&mut [Lanes<T>]>,
    y: &[Lanes<T>],
    targets: &[&Y],
    scale: T,
    loss: impl Fn(T, usize, &Y) -> T,
    slope: impl Fn(T, usize, &Y) -> T,
) -> f64 {
    let count = T::of(y.len() as f64);
    if let Some(dy) = dy {
        dy.fill(Lanes::zero());
        for (lane, target) in targets.iter().enumerate() {
            for (i, (dy, y)) in dy.iter_mut().zip(y).enumerate() {
                dy.0[lane] = scale * slope(y.0[lane], i, target) / count;
            }
        }
    }
    let mut total = 0.0;
    for (lane, target) in targets.iter().enumerate() {
        let mut sum = T::zero();
        for (i, y) in y.iter().enumerate() {
            sum += loss(y.0[lane], i, target);
        }
        total += (sum / count).as_f64();
    }
    total
}
