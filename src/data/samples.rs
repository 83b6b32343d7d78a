//! Samples with their targets.

use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// What a network should answer for a sample.
pub trait Target: Clone + Send + Sync + 'static {
    /// Whether this output of a network is right; `None` where outputs are not right or wrong.
    fn is_met_by<T: Scalar>(&self, output: impl IntoIterator<Item = T>) -> Option<bool>;

    /// The group of which every part of a split and every fold gets its share; `None` where there are no groups.
    fn stratum(&self) -> Option<usize> {
        None
    }
}

/// A value to come near to.
impl<S: Shape, T: Scalar> Target for Tensor<S, T> {
    fn is_met_by<U: Scalar>(&self, _: impl IntoIterator<Item = U>) -> Option<bool> {
        None
    }
}

/// Samples of shape `In` that a network can be evaluated with, and, if they are [`Learnable`](super::Learnable), trained on.
#[diagnostic::on_unimplemented(
    message = "the network takes samples of shape `{In}`, which `{Self}` does not hold",
    label = "this data does not hold samples of shape `{In}`"
)]
pub trait Samples<In: Shape>: Sync {
    /// What goes with each sample.
    type Target: Target;

    /// Number of samples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes a sample's `In::LEN` values, in channel, row, column order.
    ///
    /// While a network learns there is a key, drawn from the seed, the epoch and the sample's [`id`](Self::id), for data
    /// that change at random; when something is measured there is none, and a sample is the same each time.
    ///
    /// # Errors
    /// Whatever keeps the sample from being had, if it does not lie in memory: such a training ends before the step.
    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], key: Option<u64>) -> Result<(), Error>;

    /// A sample's target.
    fn target(&self, sample: usize) -> &Self::Target;

    /// A number that stands for the sample in all splits of the data; it keys the sample's random draws.
    fn id(&self, sample: usize) -> u64;

    /// Whether samples take so long to be written, because they are read and decoded, that the next batch is worth
    /// writing while the network learns from the last.
    fn is_slow(&self) -> bool {
        false
    }
}
