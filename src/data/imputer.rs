//! Missing values: filled with numbers of the training set.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::transformation::{Transformable, Transformation};
use super::{Dataset, Parts, Samples, Target};
use crate::Error;
use crate::scalar::Scalar;
use crate::shape::Shape;

/// The number that takes the place of a missing value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fill {
    /// The mean of the feature over the training samples that have it.
    Mean,
    /// Their median; of an even number of samples, the mean of the two in the middle.
    Median,
    /// Their most frequent value; of equally frequent ones the smallest.
    MostFrequent,
    /// This number for all features.
    Constant(f64),
}

/// Fills missing values, which are NaN, with one number for each value of a sample.
///
/// Fit it to the training part and apply it to every part: with statistics of all the data, the validation and test
/// parts would influence the training. [`Parts::impute`] does this in one call, before [`Parts::standardize`].
///
/// In scikit-learn: `SimpleImputer`. In pandas: `fillna`.
///
/// # Shapes
/// `In` → `In`; one number for each of the `In::LEN` values.
///
/// ```
/// use convnet::prelude::*;
/// # #[cfg(feature = "csv")] {
/// use convnet::data::{CsvOptions, Fill, Imputer, Missing};
///
/// let text = "x,y,kind\n1,NA,a\n,4,b\n5,6,b\n";
/// let options = CsvOptions::new().missing(Missing::Keep);
/// let table = Csv::from_reader_with("kinds.csv", text.as_bytes(), options)?.classes::<2, 2>("kind")?;
/// let imputer = Imputer::fit(&table.data, Fill::Mean)?;
/// assert_eq!(imputer.values(), [3.0, 5.0]);
/// assert_eq!(imputer.apply(&table.data).sample(0), Tensor::from([1.0, 5.0]));
/// assert_eq!(imputer.apply(&Tensor::from([f32::NAN, 7.0])), Tensor::from([3.0, 7.0])); // a new sample
/// # }
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "SimpleImputer")]
#[doc(alias = "fillna")]
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "store", serde(into = "Vec<f64>", try_from = "Vec<f64>", bound = "In: Shape"))]
pub struct Imputer<In> {
    values: Vec<f64>,
    shape: PhantomData<In>,
}

const NAME: &str = "data to impute by";

impl<In: Shape> Imputer<In> {
    /// Fills with these numbers, in channel, row, column order.
    ///
    /// # Errors
    /// [`Error::Argument`] unless they are `In::LEN` finite numbers.
    ///
    /// ```
    /// use convnet::data::Imputer;
    /// use convnet::prelude::*;
    ///
    /// let imputer = Imputer::<Flat<2>>::new([0.5, -1.0])?;
    /// assert_eq!(imputer.apply(&Tensor::from([f32::NAN, 7.0])), Tensor::from([0.5, 7.0]));
    /// assert_eq!(
    ///     Imputer::<Flat<2>>::new([0.5]).unwrap_err().to_string(),
    ///     "values to impute: expected 2 finite numbers, found [0.5]",
    /// );
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn new(values: impl Into<Vec<f64>>) -> Result<Self, Error> {
        let values = values.into();
        super::transformation::check_numbers::<In>(
            "values to impute",
            "finite numbers",
            &values,
            f64::is_finite,
        )?;
        Ok(Imputer { values, shape: PhantomData })
    }

    /// The numbers that these samples give.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are no samples, or none has a value that is to be filled; for a constant or another value that
    /// is not finite.
    ///
    /// ```
    /// use convnet::data::{Fill, Imputer};
    /// use convnet::prelude::*;
    ///
    /// let rows = [[1.0, 7.0], [f32::NAN, 7.0], [2.0, 8.0], [6.0, f32::NAN]];
    /// let train: Dataset<Flat<2>, Class<2>> =
    ///     rows.map(|row| (Tensor::from(row), Class::new(0).unwrap())).into_iter().collect();
    /// assert_eq!(Imputer::fit(&train, Fill::Mean)?.values()[0], 3.0);
    /// assert_eq!(Imputer::fit(&train, Fill::Median)?.values()[0], 2.0);
    /// assert_eq!(Imputer::fit(&train, Fill::MostFrequent)?.values(), [1.0, 7.0]);
    /// assert_eq!(Imputer::fit(&train, Fill::Constant(-1.0))?.values(), [-1.0, -1.0]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn fit<Y: Target>(train: &Dataset<In, Y>, fill: Fill) -> Result<Self, Error> {
        if let Fill::Constant(number) = fill {
            return Self::new(vec![number; In::LEN]);
        }
        if train.is_empty() {
            return Err(Error::argument(NAME, "at least 1 sample", 0));
        }
        let mut columns = vec![Vec::new(); In::LEN];
        let mut values = vec![0.0; In::LEN];
        for sample in 0..train.len() {
            train.write(sample, &mut values);
            for (i, (column, value)) in columns.iter_mut().zip(&values).enumerate() {
                if f64::is_infinite(*value) {
                    let found = format!("{value} in sample {sample}, {}", train.feature(i));
                    return Err(Error::argument(NAME, "finite numbers, or NaN", found));
                }
                if !value.is_nan() {
                    column.push(*value);
                }
            }
        }
        if let Some(i) = columns.iter().position(Vec::is_empty) {
            let found = format!("none for {}", train.feature(i));
            return Err(Error::argument(NAME, "a sample with each value", found));
        }
        Self::new(columns.into_iter().map(|column| number_of(column, fill)).collect::<Vec<_>>())
    }

    /// The number for each value, `In::LEN` of them in channel, row, column order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The data or the sample without missing values: a [`Dataset`] or a [`TestSet`](super::TestSet) of one, which share their
    /// memory with what they are made from, or a [`Tensor`](crate::tensor::Tensor).
    pub fn apply<D: Transformable<In>>(&self, data: &D) -> D {
        data.transformed(&Transformation::Impute(Arc::new(self.clone())))
    }

    pub(super) fn write_over<T: Scalar>(&self, values: &mut [T]) {
        for (value, fill) in values.iter_mut().zip(&self.values) {
            if value.is_nan() {
                *value = T::of(*fill);
            }
        }
    }
}

/// The number of at least one value.
fn number_of(mut values: Vec<f64>, fill: Fill) -> f64 {
    let count = values.len();
    if let Fill::Constant(number) = fill {
        return number;
    }
    if fill == Fill::Mean {
        return values.iter().sum::<f64>() / count as f64;
    }
    values.sort_by(f64::total_cmp);
    if fill == Fill::Median {
        return f64::midpoint(values[(count - 1) / 2], values[count / 2]);
    }
    let mut most: &[f64] = &[];
    for equal in values.chunk_by(|a, b| a == b) {
        if equal.len() > most.len() {
            most = equal;
        }
    }
    most[0]
}

impl<In: Shape, Y: Target> Parts<Dataset<In, Y>> {
    /// All three parts with missing values filled by the training part, and the imputer, which every new sample has to go through.
    ///
    /// # Errors
    /// Those of [`Imputer::fit`].
    ///
    /// ```
    /// use convnet::data::Fill;
    /// use convnet::prelude::*;
    ///
    /// let x = |i: usize| if i % 7 == 0 { f32::NAN } else { i as f32 };
    /// let data: Dataset<Flat<1>, Class<2>> =
    ///     (0..100).map(|i| (Tensor::from([x(i)]), Class::new(i % 2).unwrap())).collect();
    /// let (parts, imputer) = data.train_val_test_split(Fractions::default(), 1)?.impute(Fill::Median)?;
    /// let (parts, standardizer) = parts.standardize()?;
    /// let new = standardizer.apply(&imputer.apply(&Tensor::from([f32::NAN])));
    /// assert!(new[0].is_finite() && (0..10).all(|i| parts.test.sample::<f32>(i)[0].is_finite()));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn impute(&self, fill: Fill) -> Result<(Self, Imputer<In>), Error> {
        let imputer = Imputer::fit(&self.train, fill)?;
        let parts = Parts {
            train: imputer.apply(&self.train),
            validation: imputer.apply(&self.validation),
            test: imputer.apply(&self.test),
        };
        Ok((parts, imputer))
    }
}

#[cfg(feature = "store")]
impl<In> From<Imputer<In>> for Vec<f64> {
    fn from(imputer: Imputer<In>) -> Self {
        imputer.values
    }
}

#[cfg(feature = "store")]
impl<In: Shape> TryFrom<Vec<f64>> for Imputer<In> {
    type Error = Error;

    fn try_from(values: Vec<f64>) -> Result<Self, Error> {
        Imputer::new(values)
    }
}

impl<In: Shape> fmt::Debug for Imputer<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Imputer of samples of {}", In::DIMS)
    }
}
