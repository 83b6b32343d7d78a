//! Samples with their targets.

use std::fmt;
use std::sync::Arc;

use rand::seq::SliceRandom;

use super::{Normalization, Standardizer};
use crate::error::Error;
use crate::network::class_of;
use crate::random::{self, purpose};
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

/// One of `N` classes, counted from 0.
///
/// The number of classes is part of the type: a network with 10 outputs cannot be given 12-class labels.
///
/// ```
/// use convnet::data::Class;
/// assert_eq!(Class::<10>::new(9)?.index(), 9);
/// assert_eq!(Class::<10>::new(10).unwrap_err().to_string(), "class: expected 0 to 9, found 10");
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Class<const N: usize>(u16);

impl<const N: usize> Class<N> {
    /// The class with this number.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is not below `N`.
    pub fn new(index: usize) -> Result<Self, Error> {
        const { assert!(N > 0 && N <= u16::MAX as usize, "expected 1 to 65535 classes") };
        match u16::try_from(index) {
            Ok(small) if index < N => Ok(Class(small)),
            _ => Err(Error::argument("class", format!("0 to {}", N - 1), index)),
        }
    }

    /// The class's number.
    pub fn index(self) -> usize {
        self.0.into()
    }
}

/// The largest output says the class; of two classes, a single output is the logit of class 1.
impl<const N: usize> Target for Class<N> {
    fn is_met_by<T: Scalar>(&self, output: impl IntoIterator<Item = T>) -> Option<bool> {
        // An output with a NaN in it says nothing.
        let mut clear = true;
        let best = class_of(output.into_iter().inspect(|value| clear &= !value.is_nan()), N);
        Some(clear && best == self.index())
    }

    fn stratum(&self) -> Option<usize> {
        Some(self.index())
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

/// Two disjoint parts of an index, the first with `fraction` of its samples.
///
/// # Errors
/// [`Error::Argument`] unless 0 < fraction < 1 and both parts get a sample.
pub(super) fn split_index(index: &[u32], fraction: f64, seed: u64) -> Result<(Vec<u32>, Vec<u32>), Error> {
    if !(fraction > 0.0 && fraction < 1.0) {
        return Err(Error::argument("fraction", "more than 0 and less than 1", fraction));
    }
    let first = (index.len() as f64 * fraction).round() as usize;
    if first == 0 || first == index.len() {
        let found = format!("{fraction} of {} samples", index.len());
        return Err(Error::argument("fraction", "at least one sample in each part", found));
    }
    let mut index = index.to_vec();
    index.shuffle(&mut random::keyed(seed, &[purpose::SPLIT]));
    let second = index.split_off(first);
    Ok((index, second))
}

enum Values {
    Bytes { bytes: Vec<u8>, normalization: Normalization },
    Numbers(Vec<f32>),
}

/// Samples in memory, with their targets. Splits and subsets share the memory.
///
/// In PyTorch: `torch.utils.data.TensorDataset`.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::data::Class;
/// let samples = (0..100).map(|i| (Tensor::<Flat<2>>::from_fn(|j| (i + j) as f32), Class::new(i % 2).unwrap()));
/// let data: Dataset<Flat<2>, Class<2>> = samples.collect();
/// let (train, validation) = data.split(0.9, 1)?;
/// assert_eq!((train.len(), validation.len()), (90, 10));
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "TensorDataset")]
pub struct Dataset<In, Target> {
    values: Arc<Values>,
    targets: Arc<Vec<Target>>,
    index: Vec<u32>,
    /// What is done to the values on their way out, in this order.
    pub(super) standardizers: Vec<Arc<Standardizer<In>>>,
}

impl<In, Target> Clone for Dataset<In, Target> {
    fn clone(&self) -> Self {
        Dataset {
            values: self.values.clone(),
            targets: self.targets.clone(),
            index: self.index.clone(),
            standardizers: self.standardizers.clone(),
        }
    }
}

impl<In: Shape, Y: Target> Dataset<In, Y> {
    fn from_values(values: Values, targets: Vec<Y>) -> Result<Self, Error> {
        let len = match &values {
            Values::Bytes { bytes, .. } => bytes.len(),
            Values::Numbers(numbers) => numbers.len(),
        };
        if Some(len) != targets.len().checked_mul(In::LEN) {
            let expected = format!("{} samples of {} values ({})", targets.len(), In::LEN, In::DIMS);
            return Err(Error::argument("values", expected, len));
        }
        let Ok(count) = u32::try_from(targets.len()) else {
            return Err(Error::argument("targets", "fewer than 2^32", targets.len()));
        };
        let index = (0..count).collect();
        let (values, targets) = (Arc::new(values), Arc::new(targets));
        Ok(Dataset { values, targets, index, standardizers: Vec::new() })
    }

    /// Samples stored as bytes, one after the other, in channel, row, column order.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are not `In::LEN` bytes for each target, or the normalisation is not for so many
    /// channels.
    pub fn from_bytes(bytes: Vec<u8>, normalization: Normalization, targets: Vec<Y>) -> Result<Self, Error> {
        normalization.check(In::DIMS.channels())?;
        Self::from_values(Values::Bytes { bytes, normalization }, targets)
    }

    /// Samples stored as numbers, one after the other, in channel, row, column order.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are not `In::LEN` numbers for each target.
    pub fn from_numbers(numbers: Vec<f32>, targets: Vec<Y>) -> Result<Self, Error> {
        Self::from_values(Values::Numbers(numbers), targets)
    }

    /// One sample.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn sample<T: Scalar>(&self, sample: usize) -> Tensor<In, T> {
        let mut values = Tensor::zeros();
        self.write(sample, values.as_mut_slice());
        values
    }

    /// The targets, in order.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &Y> {
        self.index.iter().map(|&i| &self.targets[i as usize])
    }

    /// The samples with these indices, in this order. In PyTorch: `torch.utils.data.Subset(data, indices)`.
    ///
    /// # Panics
    /// If an index is not below the number of samples.
    #[doc(alias = "Subset")]
    pub fn subset(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let index = indices.into_iter().map(|i| self.index[i]).collect();
        Dataset { index, ..self.clone() }
    }

    /// Splits the samples at random into two disjoint parts: `fraction` of them, rounded, and the rest. The seed decides
    /// which sample goes where, whatever its class; [`train_val_test_split`](Self::train_val_test_split) and
    /// [`folds`](Self::folds) give each part its share of each class.
    ///
    /// In PyTorch: `random_split(data, [fraction, 1 - fraction])`; in scikit-learn:
    /// `train_test_split(data, train_size=fraction)`.
    ///
    /// # Errors
    /// [`Error::Argument`] unless 0 < fraction < 1 and both parts get a sample.
    #[doc(alias = "random_split")]
    #[doc(alias = "train_test_split")]
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self), Error> {
        let (first, second) = split_index(&self.index, fraction, seed)?;
        Ok((Dataset { index: first, ..self.clone() }, Dataset { index: second, ..self.clone() }))
    }
}

impl<In: Shape, Y> Dataset<In, Y> {
    /// Writes a sample's values.
    pub(super) fn write<T: Scalar>(&self, sample: usize, values: &mut [T]) {
        let values = &mut values[..In::LEN];
        self.write_by(self.normalization(), sample, values);
        self.standardize(values);
    }

    /// Writes a sample's values before they are normalised and standardised: bytes as numbers from 0 to 1.
    pub(super) fn write_raw<T: Scalar>(&self, sample: usize, values: &mut [T]) {
        self.write_by(None, sample, values);
    }

    fn write_by<T: Scalar>(&self, normalization: Option<&Normalization>, sample: usize, values: &mut [T]) {
        let start = self.index[sample] as usize * In::LEN;
        match &*self.values {
            Values::Bytes { bytes, .. } => {
                Normalization::write_bytes(normalization, &bytes[start..][..In::LEN], values);
            }
            Values::Numbers(numbers) => {
                for (value, number) in values.iter_mut().zip(&numbers[start..][..In::LEN]) {
                    *value = T::of((*number).into());
                }
            }
        }
    }

    /// Normalises and standardises what [`Dataset::write_raw`] wrote, or a part of it cut out: then all values must be
    /// scaled alike.
    pub(super) fn finish<T: Scalar>(&self, values: &mut [T]) -> Result<(), Error> {
        if values.len() != In::LEN && !self.standardizers.is_empty() {
            let expected = format!("images of {}, where each value has its own scale", In::DIMS);
            return Err(Error::argument("standardized images", expected, format!("{} values", values.len())));
        }
        if let Some(normalization) = self.normalization() {
            normalization.write_over(values);
        }
        self.standardize(values);
        Ok(())
    }

    fn standardize<T: Scalar>(&self, values: &mut [T]) {
        for standardizer in &self.standardizers {
            standardizer.write_over(values);
        }
    }

    /// How bytes become numbers, if they are bytes.
    pub(super) fn normalization(&self) -> Option<&Normalization> {
        match &*self.values {
            Values::Bytes { normalization, .. } => Some(normalization),
            Values::Numbers(_) => None,
        }
    }
}

impl<In: Shape, Y: Target> Samples<In> for Dataset<In, Y> {
    type Target = Y;

    fn len(&self) -> usize {
        self.index.len()
    }

    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], _: Option<u64>) -> Result<(), Error> {
        self.write(sample, values);
        Ok(())
    }

    fn target(&self, sample: usize) -> &Y {
        &self.targets[self.index[sample] as usize]
    }

    fn id(&self, sample: usize) -> u64 {
        self.index[sample].into()
    }
}

/// # Panics
/// If there are 2³² samples or more.
impl<In: Shape, Y: Target> FromIterator<(Tensor<In>, Y)> for Dataset<In, Y> {
    fn from_iter<I: IntoIterator<Item = (Tensor<In>, Y)>>(samples: I) -> Self {
        let mut numbers = Vec::new();
        let mut targets = Vec::new();
        for (sample, target) in samples {
            numbers.extend_from_slice(sample.as_slice());
            targets.push(target);
        }
        Self::from_numbers(numbers, targets).expect("as many values as the tensors hold")
    }
}

impl<In: Shape, Y> fmt::Debug for Dataset<In, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dataset of {} samples of {}", self.index.len(), In::DIMS)
    }
}
