//! Samples in memory.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "images")]
use super::Preprocessing;
use super::{Metadata, Normalization, Samples, Target, Transformation};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

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
    /// The imputers and standardisers that values go through, in this order.
    pub(super) transformations: Vec<Transformation<In>>,
    /// Names of classes and features, and offsets of columns.
    metadata: Arc<Metadata>,
    /// Rows of the table that are no samples.
    dropped_rows: usize,
}

impl<In, Target> Clone for Dataset<In, Target> {
    fn clone(&self) -> Self {
        Dataset {
            values: self.values.clone(),
            targets: self.targets.clone(),
            index: self.index.clone(),
            transformations: self.transformations.clone(),
            metadata: self.metadata.clone(),
            dropped_rows: self.dropped_rows,
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
        let (transformations, metadata) = (Vec::new(), Arc::default());
        Ok(Dataset { values, targets, index, transformations, metadata, dropped_rows: 0 })
    }

    /// Samples stored as bytes, one after the other, in channel, row, column order.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are not `In::LEN` bytes for each target, or the normalisation is for another number
    /// of channels.
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

    /// Gives the classes names, in the order of their numbers. A network that is trained on the data keeps them
    /// ([`Metadata`]), and data whose classes have other names are refused in its evaluation.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// let samples = (0..10).map(|i| (Tensor::<Flat<1>>::from([i as f32]), Class::<2>::new(i % 2).unwrap()));
    /// let data = samples.collect::<Dataset<_, _>>().with_class_names(["even", "odd"]);
    /// # use convnet::data::Samples;
    /// assert_eq!(data.metadata().class_name(1), Some("odd"));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn with_class_names(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let classes = names.into_iter().map(Into::into).collect();
        self.with(|metadata| metadata.classes = classes)
    }

    /// Gives the values of a sample names, such as those of a table's columns.
    pub fn with_feature_names(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let features = names.into_iter().map(Into::into).collect();
        self.with(|metadata| metadata.features = features)
    }

    /// Tells which numbers were subtracted from columns.
    #[cfg(feature = "csv")]
    pub(super) fn with_offsets(self, offsets: Vec<(String, f64)>) -> Self {
        self.with(|metadata| metadata.offsets = offsets)
    }

    /// Counts the rows of the table that are no samples.
    #[cfg(feature = "csv")]
    pub(super) fn with_dropped_rows(self, dropped_rows: usize) -> Self {
        Dataset { dropped_rows, ..self }
    }

    /// The number of rows that were left out of the table, because a cell was missing
    /// ([`Missing::DropRows`](super::Missing::DropRows)). Parts of the data tell that of the whole table.
    ///
    /// ```
    /// use convnet::data::{Csv, CsvOptions, Missing};
    /// use convnet::prelude::*;
    /// # use convnet::data::Samples;
    /// let text = "x,y\n1,2\n?,4\n5,6\n";
    /// let csv = Csv::from_reader_with("lines.csv", text.as_bytes(), CsvOptions::new().missing(Missing::DropRows))?;
    /// let data = csv.regression::<1, 1>(["y"])?;
    /// assert_eq!((data.len(), data.dropped_rows()), (2, 1));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[cfg(feature = "csv")]
    pub fn dropped_rows(&self) -> usize {
        self.dropped_rows
    }

    fn with(mut self, change: impl FnOnce(&mut Metadata)) -> Self {
        change(Arc::make_mut(&mut self.metadata));
        self
    }

    /// One sample.
    ///
    /// # Panics
    /// If `sample` is not below the number of samples.
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
        self.with_index(indices.into_iter().map(|i| self.index[i]).collect())
    }

    /// The samples whose targets `f` maps, with the targets it gives: two of ten classes, for example.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// let samples = (0..100).map(|i| (Tensor::<Flat<1>>::from([i as f32]), Class::<10>::new(i % 10).unwrap()));
    /// let data: Dataset<Flat<1>, Class<10>> = samples.collect();
    /// // Classes 4 and 7 become 0 and 1.
    /// let two = data.filter_map_targets(|class| Class::<2>::new([4, 7].iter().position(|i| *i == class.index())?).ok());
    /// assert_eq!(two.len(), 20);
    /// assert_eq!((two.sample::<f32>(1).as_slice(), two.targets().nth(1)), (&[7.0][..], Some(&Class::new(1)?)));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn filter_map_targets<Z: Clone>(&self, mut f: impl FnMut(&Y) -> Option<Z>) -> Dataset<In, Z> {
        let mapped = self.index.iter().filter_map(|&i| Some((i, f(&self.targets[i as usize])?)));
        let mapped: Vec<(u32, Z)> = mapped.collect();
        // Any target for the samples that are left out.
        let mut targets =
            mapped.first().map_or_else(Vec::new, |(_, any)| vec![any.clone(); self.targets.len()]);
        let index = mapped.into_iter().map(|(i, target)| {
            targets[i as usize] = target;
            i
        });
        let index = index.collect();
        let (values, transformations) = (self.values.clone(), self.transformations.clone());
        let metadata = Arc::new(Metadata::clone(&self.metadata).without_classes());
        let dropped_rows = self.dropped_rows;
        Dataset { values, targets: Arc::new(targets), index, transformations, metadata, dropped_rows }
    }

    /// The stored sample of each sample of this part.
    pub(super) fn index(&self) -> &[u32] {
        &self.index
    }

    /// The part with these stored samples.
    pub(super) fn with_index(&self, index: Vec<u32>) -> Self {
        Dataset {
            values: self.values.clone(),
            targets: self.targets.clone(),
            index,
            transformations: self.transformations.clone(),
            metadata: self.metadata.clone(),
            dropped_rows: self.dropped_rows,
        }
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

    /// The name of a value in errors.
    pub(super) fn feature(&self, value: usize) -> String {
        self.metadata
            .features
            .get(value)
            .map_or_else(|| format!("value {value}"), |name| format!("feature {name:?}"))
    }

    /// Normalises and standardises the values of [`Dataset::write_raw`], or a crop of them if there is no imputer and no
    /// standardiser, which have their own numbers for each value.
    pub(super) fn finish<T: Scalar>(&self, values: &mut [T]) -> Result<(), Error> {
        if values.len() != In::LEN && !self.transformations.is_empty() {
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
        for by in &self.transformations {
            by.write_over(values);
        }
    }

    /// The normalisation, if the samples are stored as bytes.
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

    fn metadata(&self) -> Metadata {
        let (imputer, standardizer) = Transformation::combined(&self.transformations);
        Metadata {
            #[cfg(feature = "images")]
            preprocessing: self.normalization().map(|by| Preprocessing::new().normalization(by.clone())),
            imputer,
            standardizer,
            ..Metadata::clone(&self.metadata)
        }
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
