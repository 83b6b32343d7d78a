//! Standardisation: values with mean 0 and standard deviation 1, by the statistics of the training set.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::transformation::{Transformable, Transformation, check_numbers};
use super::{Dataset, Parts, Samples, Standardization, Target};
use crate::Error;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// Scales each value of a sample by its mean and standard deviation, so that all values have the same scale:
/// `y = (x − mean) / std`.
///
/// Over n samples, mean = Σx / n and std = √(Σ(x − mean)² / n), as in scikit-learn's `StandardScaler`; a value that is
/// the same in all samples has std 0 and is divided by 1, so that it becomes 0. The sums are `f64`, in the order of the
/// samples.
///
/// Fit it to the training part and apply it to every part: with statistics of all the data, the validation and test
/// parts would influence the training. [`Parts::standardize`] does this in one call.
///
/// # Shapes
/// `In` → `In`; one mean and one std for each of the `In::LEN` values.
///
/// ```
/// use convnet::prelude::*;
///
/// let rows = [[1.0, 7.0], [5.0, 7.0]];
/// let train: Dataset<Flat<2>, Class<2>> =
///     rows.map(|row| (Tensor::from(row), Class::new(0).unwrap())).into_iter().collect();
/// let standardizer = Standardizer::fit(&train)?;
/// assert_eq!(standardizer.mean(), [3.0, 7.0]);
/// assert_eq!(standardizer.std(), [2.0, 0.0]);
/// assert_eq!(standardizer.apply(&train).sample(0), Tensor::from([-1.0, 0.0]));
/// assert_eq!(standardizer.apply(&Tensor::from([3.0, 8.0])), Tensor::from([0.0, 1.0]));
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "StandardScaler")]
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "store",
    serde(into = "Standardization", try_from = "Standardization", bound = "In: Shape")
)]
pub struct Standardizer<In> {
    mean: Vec<f64>,
    std: Vec<f64>,
    shape: PhantomData<In>,
}

impl<In> From<Standardizer<In>> for Standardization {
    fn from(by: Standardizer<In>) -> Self {
        Standardization { mean: by.mean, std: by.std }
    }
}

/// The standardiser of a network's [`Metadata`](super::Metadata); the errors are those of [`Standardizer::new`].
impl<In: Shape> TryFrom<Standardization> for Standardizer<In> {
    type Error = Error;

    fn try_from(numbers: Standardization) -> Result<Self, Error> {
        Standardizer::new(numbers.mean, numbers.std)
    }
}

impl<In: Shape> Standardizer<In> {
    /// Scales by these means and standard deviations, in channel, row, column order.
    ///
    /// # Errors
    /// [`Error::Argument`] unless they are `In::LEN` finite numbers each, and no standard deviation is below 0.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let standardizer = Standardizer::<Flat<2>>::new([3.0, 7.0], [2.0, 0.5])?;
    /// assert_eq!(standardizer.apply(&Tensor::from([5.0, 7.0])), Tensor::from([1.0, 0.0]));
    /// assert_eq!(
    ///     Standardizer::<Flat<2>>::new([3.0, 7.0], [2.0, -0.5]).unwrap_err().to_string(),
    ///     "std: expected 2 finite numbers, none below 0, found -0.5 at 1",
    /// );
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn new(mean: impl Into<Vec<f64>>, std: impl Into<Vec<f64>>) -> Result<Self, Error> {
        let (mean, std) = (mean.into(), std.into());
        check_numbers::<In>("mean", "finite numbers", &mean, f64::is_finite)?;
        check_numbers::<In>("std", "finite numbers, none below 0", &std, |std| {
            std.is_finite() && std >= 0.0
        })?;
        Ok(Standardizer { mean, std, shape: PhantomData })
    }

    /// The statistics of these samples.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are no samples, or a value is not finite in one of them.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let none: Dataset<Flat<2>, Class<2>> = [].into_iter().collect();
    /// assert_eq!(
    ///     Standardizer::fit(&none).unwrap_err().to_string(),
    ///     "data to standardize by: expected at least 1 sample, found 0",
    /// );
    /// ```
    pub fn fit<Y: Target>(train: &Dataset<In, Y>) -> Result<Self, Error> {
        const NAME: &str = "data to standardize by";
        if train.is_empty() {
            return Err(Error::argument(NAME, "at least 1 sample", 0));
        }
        let count = train.len() as f64;
        let first = train.sample::<f64>(0);
        let mut constant = vec![true; In::LEN];
        let mut mean = vec![0.0; In::LEN];
        let mut std = vec![0.0; In::LEN];
        let mut values = vec![0.0; In::LEN];
        for sample in 0..train.len() {
            train.write(sample, &mut values);
            for i in 0..In::LEN {
                if !f64::is_finite(values[i]) {
                    let mut found = format!("{} in sample {sample}, {}", values[i], train.feature(i));
                    if values[i].is_nan() {
                        found += "; Imputer fills missing values";
                    }
                    return Err(Error::argument(NAME, "finite numbers", found));
                }
                constant[i] &= values[i] == first.as_slice()[i];
                mean[i] += values[i];
            }
        }
        mean.iter_mut().for_each(|sum| *sum /= count);
        for sample in 0..train.len() {
            train.write(sample, &mut values);
            for i in 0..In::LEN {
                std[i] += (values[i] - mean[i]).powi(2);
            }
        }
        for i in 0..In::LEN {
            // The rounded mean of equal numbers may differ from them, and the std then from 0.
            (mean[i], std[i]) =
                if constant[i] { (first.as_slice()[i], 0.0) } else { (mean[i], f64::sqrt(std[i] / count)) };
        }
        Ok(Standardizer { mean, std, shape: PhantomData })
    }

    /// The mean of each value, `In::LEN` of them in channel, row, column order.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The standard deviation of each value; 0 for one that is the same in all samples.
    pub fn std(&self) -> &[f64] {
        &self.std
    }

    /// Standardised data or sample: a [`Dataset`] or a [`TestSet`](super::TestSet) of one, which share their memory with what they
    /// are made from, or a [`Tensor`].
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let train: Dataset<Flat<1>, Class<2>> =
    ///     [1.0, 3.0].map(|x| (Tensor::from([x]), Class::new(0).unwrap())).into_iter().collect();
    /// let test = TestSet::new(train.subset([1]));
    /// let standardizer = Standardizer::fit(&train)?;
    /// assert_eq!(standardizer.apply(&test).sample::<f32>(0)[0], 1.0);
    /// assert_eq!(standardizer.apply(&Tensor::from([5.0]))[0], 3.0);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn apply<D: Transformable<In>>(&self, data: &D) -> D {
        data.transformed(&Transformation::Standardize(Arc::new(self.clone())))
    }

    /// The sample whose standardised values these are: `x = y·std + mean`, with 1 for a std of 0.
    ///
    /// In scikit-learn: `inverse_transform`.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let standardizer = Standardizer::<Flat<2>>::new([3.0, 7.0], [2.0, 0.0])?;
    /// let sample = standardizer.apply(&Tensor::from([5.0, 8.0]));
    /// assert_eq!(sample, Tensor::from([1.0, 1.0]));
    /// assert_eq!(standardizer.inverse(&sample), Tensor::from([5.0, 8.0]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "inverse_transform")]
    pub fn inverse<T: Scalar>(&self, sample: &Tensor<In, T>) -> Tensor<In, T> {
        let mut values = sample.clone();
        for (value, (mean, std)) in values.as_mut_slice().iter_mut().zip(self.mean.iter().zip(&self.std)) {
            *value = T::of(value.as_f64() * divisor(*std) + mean);
        }
        values
    }

    pub(super) fn write_over<T: Scalar>(&self, values: &mut [T]) {
        for (value, (mean, std)) in values.iter_mut().zip(self.mean.iter().zip(&self.std)) {
            *value = T::of((value.as_f64() - mean) / divisor(*std));
        }
    }
}

/// A value that is the same in all samples has std 0 and is not scaled.
pub(super) fn divisor(std: f64) -> f64 {
    if std == 0.0 { 1.0 } else { std }
}

impl<In: Shape, Y: Target> Parts<Dataset<In, Y>> {
    /// All three parts standardised by the statistics of the training part, and the standardiser, which every new
    /// sample has to go through.
    ///
    /// # Errors
    /// Those of [`Standardizer::fit`].
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let points = (0..100).map(|i| (Tensor::from([i as f32]), Tensor::from([2.0 * i as f32])));
    /// let data: Dataset<Flat<1>, Tensor<Flat<1>>> = points.collect();
    /// let (parts, standardizer) = data.train_val_test_split(Fractions::default(), 1)?.standardize()?;
    /// let mean: f64 = (0..80).map(|i| parts.train.sample::<f64>(i)[0]).sum::<f64>() / 80.0;
    /// assert!(mean.abs() < 1e-12);
    /// let at_the_mean = standardizer.apply(&Tensor::from([standardizer.mean()[0]]));
    /// assert_eq!(at_the_mean[0], 0.0);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn standardize(&self) -> Result<(Self, Standardizer<In>), Error> {
        let standardizer = Standardizer::fit(&self.train)?;
        let parts = Parts {
            train: standardizer.apply(&self.train),
            validation: standardizer.apply(&self.validation),
            test: standardizer.apply(&self.test),
        };
        Ok((parts, standardizer))
    }
}

impl<In: Shape> fmt::Debug for Standardizer<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Standardizer of samples of {}", In::DIMS)
    }
}
