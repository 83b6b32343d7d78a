//! Samples with their targets.

use super::Metadata;
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

    /// The numbers of the target: those of a tensor, the classes of a mask's pixels, or else its [`stratum`](Self::stratum).
    /// Errors name one that is not finite, and the [fingerprint](Samples::fingerprint) of data tells other targets by them.
    fn numbers(&self) -> impl Iterator<Item = f64> {
        self.stratum().into_iter().map(|stratum| stratum as f64)
    }
}

/// The target of a regression.
impl<S: Shape, T: Scalar> Target for Tensor<S, T> {
    fn is_met_by<U: Scalar>(&self, _: impl IntoIterator<Item = U>) -> Option<bool> {
        None
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        self.as_slice().iter().map(|number| number.as_f64())
    }
}

/// No target: samples to predict for.
impl Target for () {
    fn is_met_by<T: Scalar>(&self, _: impl IntoIterator<Item = T>) -> Option<bool> {
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

    /// The file that a sample is from, for messages.
    fn origin(&self, _sample: usize) -> Option<String> {
        None
    }

    /// The names of the classes, and how the samples were made from pictures or tables, as far as the data know them.
    fn metadata(&self) -> Metadata {
        Metadata::default()
    }

    /// A number that differs between other data: a hash of some samples' values and targets, or of the names of their files.
    /// A run is not resumed on data with another fingerprint.
    ///
    /// # Errors
    /// Those of reading a sample.
    fn fingerprint(&self) -> Result<u64, Error> {
        const READ: usize = 64;
        let mut values = vec![0.0_f32; In::LEN];
        let mut hash = Fingerprint::default();
        hash.add(self.len() as u64);
        for i in 0..self.len().min(READ) {
            // Evenly spread, with the first and the last.
            let sample = i * (self.len() - 1) / (self.len().min(READ) - 1).max(1);
            self.write_to(sample, &mut values, None)?;
            values.iter().for_each(|value| hash.add(value.to_bits().into()));
            self.target(sample).numbers().for_each(|number| hash.add(number.to_bits()));
        }
        Ok(hash.0)
    }
}

/// FNV-1a over words of 64 bits (Fowler, Noll and Vo 1991).
pub(crate) struct Fingerprint(pub u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Fingerprint(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    pub fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3);
        // Else a word's high bits would never reach the hash's low ones.
        self.0 ^= self.0 >> 32;
    }
}
