//! Losses: the distance between outputs and targets, which training reduces.
//!
//! The loss depends on the last layer and on the targets. The compiler refuses a loss that does not fit them.
//!
//! | task | last layer | output shape | targets | loss |
//! | --- | --- | --- | --- | --- |
//! | one of N classes | `Dense` (logits) | `Flat<N>` | `Class<N>` | [`struct@SoftmaxCrossEntropy`] |
//! | one of N classes | [`Softmax`](crate::layer::Softmax) | `Probabilities<N>` | `Class<N>` | [`ProbabilityCrossEntropy`] |
//! | one of N classes | [`LogSoftmax`](crate::layer::LogSoftmax) | `LogProbabilities<N>` | `Class<N>` | [`NegativeLogLikelihood`] |
//! | one of N classes at each pixel | `Conv2d` (logits) | `Chw<N, H, W>` | `Mask<N, H, W>` | [`PixelCrossEntropy`] |
//! | yes or no | `Dense` (logit of class 1) | `Flat<1>` | `Class<2>` | [`struct@SigmoidCrossEntropy`], [`PerceptronLoss`] |
//! | several labels at once | any (logits) | `Flat<N>`, `Chw<C, H, W>` | `Tensor` of that shape, values from 0 to 1 | [`struct@SigmoidCrossEntropy`] |
//! | regression | any | `Flat<N>`, `Chw<C, H, W>` | `Tensor` of that shape | [`MeanSquaredError`], [`MeanAbsoluteError`], [`Huber`] |
//!
//! For classes, `Dense` with [`struct@SoftmaxCrossEntropy`] is the usual choice: it is more exact than a softmax layer with
//! a loss on probabilities.
//!
//! ```
//! use convnet::prelude::*;
//!
//! network! {
//!     struct Line: Flat<1> => Flat<1> { fc: Dense { units: 1 } }
//! }
//! let points = (0..20).map(|i| i as f32 / 10.0).map(|x| (Tensor::from([x]), Tensor::from([2.0 * x - 1.0])));
//! let data: Dataset<Flat<1>, Tensor<Flat<1>>> = points.collect();
//! let mut trainer = Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(0.1)).epochs(200);
//! # trainer = trainer.progress(convnet::train::Progress::Silent);
//! trainer.fit(&data, None)?;
//! assert!(trainer.evaluate_regression(&data)?.r2 > 0.999);
//! # Ok::<(), convnet::Error>(())
//! ```
//!
//! Your own loss implements [`Loss`]; [`check::loss`](crate::check::loss) checks its gradient.

mod binary;
mod classes;
mod pixels;
mod regression;
mod tally;

pub use binary::{ChancesOf, PerceptronLoss, SigmoidCrossEntropy};
pub use classes::{
    ClassWeights, LabelsOf, NegativeLogLikelihood, ProbabilityCrossEntropy, SoftmaxCrossEntropy,
};
pub use pixels::{MaskOf, PixelCrossEntropy};
pub use regression::{Huber, MeanAbsoluteError, MeanSquaredError, ValuesOf};
pub(crate) use tally::{Tally, tally_tiles};

use crate::data::Target;
use crate::kernel::Exec;
use crate::kernel::pointwise::sum_of_losses;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Lanes;

/// A loss for outputs of shape `Out` and targets `Y`; the loss of a batch is the sum over its samples divided by the sum of their
/// weights, which is their number unless [`weight`](Self::weight) tells otherwise.
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

    /// The weight of a sample with this target in the mean over a batch or a data set. The loss of [`tile`](Self::tile) is already
    /// multiplied by it.
    fn weight(&self, _target: &Y) -> f64 {
        1.0
    }
}

/// [`Loss::tile`] of losses that are a mean over the values of a sample: `number` is what a target has for a value, by the value's
/// index; `loss` and `slope` take the value and that number, and return the value's loss and the derivative of that.
fn mean_over_values<Y: Target, T: Scalar>(
    dy: Option<&mut [Lanes<T>]>,
    y: &[Lanes<T>],
    targets: &[&Y],
    scale: T,
    number: impl Fn(&Y, usize) -> T + Sync,
    loss: impl Fn(T, T) -> T + Sync,
    slope: impl Fn(T, T) -> T + Sync,
) -> f64 {
    let number = |lane: usize, i: usize| number(targets[lane], i);
    sum_of_losses(Exec::new(true), dy, y, targets.len(), scale, number, loss, slope) / y.len() as f64
}
