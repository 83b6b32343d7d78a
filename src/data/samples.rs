//! Samples with their targets.

use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The correct answer for a sample: a class, or numbers.
pub trait Target: Clone + Send + Sync + 'static {
    /// Whether the target speaks of places in the image, as a mask does. [`Augment`](super::Augment) then refuses changes that
    /// move the image, because the target would not follow.
    const HAS_PLACES: bool = false;

    /// Whether this output of a network is correct; `None` for targets that have no such notion, as in regression.
    fn is_met_by<T: Scalar>(&self, output: impl IntoIterator<Item = T>) -> Option<bool>;

    /// The stratum of this target: every part of a stratified split, and every fold, gets its share of each stratum.
    /// `None` for targets without strata.
    fn stratum(&self) -> Option<usize> {
        None
    }
}

/// The target of a regression.
impl<S: Shape, T: Scalar> Target for Tensor<S, T> {
    fn is_met_by<U: Scalar>(&self, _: impl IntoIterator<Item = U>) -> Option<bool> {
        None
    }
}

/// Samples of shape `In` with their targets: data to evaluate a network on and, if they are
/// [`Learnable`](super::Learnable), to train it on.
///
/// In PyTorch: a map-style `torch.utils.data.Dataset`; in Keras: a `PyDataset`.
#[diagnostic::on_unimplemented(
    message = "the network takes samples of shape `{In}`, which `{Self}` does not hold",
    label = "this data does not hold samples of shape `{In}`"
)]
pub trait Samples<In: Shape>: Sync {
    /// The type of the targets.
    type Target: Target;

    /// Number of samples.
    fn len(&self) -> usize;

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes a sample's `In::LEN` values, in channel, row, column order.
    ///
    /// In training, `key` is drawn from the seed, the epoch and the sample's [`id`](Self::id), for data that change at
    /// random. In evaluation it is `None`, and a sample is the same each time.
    ///
    /// # Errors
    /// Those of reading or decoding a sample that is not in memory. They end the training before the step.
    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], key: Option<u64>) -> Result<(), Error>;

    /// A sample's target.
    fn target(&self, sample: usize) -> &Self::Target;

    /// A number that identifies the sample in all splits of the data; it keys the sample's random draws.
    fn id(&self, sample: usize) -> u64;

    /// Whether writing a sample takes long, because it is read and decoded, so that the next batch should be loaded
    /// while the network trains on the current one.
    fn is_slow(&self) -> bool {
        false
    }
}
