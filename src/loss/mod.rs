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

pub use binary::{ChancesOf, PerceptronLoss, SigmoidCrossEntropy};
pub use classes::{
    ClassWeights, LabelsOf, NegativeLogLikelihood, ProbabilityCrossEntropy, SoftmaxCrossEntropy,
};
pub use regression::{Huber, MeanAbsoluteError, MeanSquaredError, ValuesOf};

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
    /// For one tile of outputs and its targets (at most one for each lane): returns the sum of the samples'
    /// losses, and writes to `dy` `scale` times their gradient by the output, zero in lanes without a sample.
    fn tile(&self, dy: &mut [Lanes<T>], y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64;
}

/// Loss and gradient of losses that are a mean over the values of a sample: `of(value, i, target)` is the loss of
/// value `i` and its slope.
fn mean_over_values<Y, T: Scalar>(
    dy: &mut [Lanes<T>],
    y: &[Lanes<T>],
    targets: &[&Y],
    scale: T,
    of: impl Fn(T, usize, &Y) -> (T, T),
) -> f64 {
    dy.fill(Lanes::zero());
    let count = T::of(y.len() as f64);
    let mut total = 0.0;
    for (lane, target) in targets.iter().enumerate() {
        let mut sum = T::zero();
        for (i, (dy, y)) in dy.iter_mut().zip(y).enumerate() {
            let (loss, slope) = of(y.0[lane], i, target);
            sum += loss;
            dy.0[lane] = scale * slope / count;
        }
        total += (sum / count).as_f64();
    }
    total
}
