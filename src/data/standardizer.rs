//! Standardisation: values with mean 0 and standard deviation 1, by the statistics of the training set.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Dataset, Parts, Samples, Standardization, Target, TestSet};
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
pub struct Standardizer<In> {
    mean: Vec<f64>,
    std: Vec<f64>,
    shape: PhantomData<In>,
}

impl<In: Shape> Standardizer<In> {
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
                    let found = format!("{} in sample {sample}, value {i}", values[i]);
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

    /// Standardised data or sample: a [`Dataset`] or a [`TestSet`] of one, which share their memory with what they
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
    pub fn apply<D: Standardize<In>>(&self, data: &D) -> D {
        data.standardized(self)
    }

    /// The numbers of standardisers that values go through one after the other, as those of one.
    pub(super) fn combined(all: &[Arc<Self>]) -> Option<Standardization> {
        let usual = |std: f64| if std == 0.0 { 1.0 } else { std };
        all.iter().map(|by| Standardization { mean: by.mean.clone(), std: by.std.clone() }).reduce(
            |first, next| {
                let pairs = first.mean.iter().zip(&first.std).zip(next.mean.iter().zip(&next.std));
                let of = |((m, s), (n, t)): ((&f64, &f64), (&f64, &f64))| {
                    (m + n * usual(*s), usual(*s) * usual(*t))
                };
                let (mean, std) = pairs.map(of).unzip();
                Standardization { mean, std }
            },
        )
    }

    pub(super) fn write_over<T: Scalar>(&self, values: &mut [T]) {
        for (value, (mean, std)) in values.iter_mut().zip(self.mean.iter().zip(&self.std)) {
            let divisor = if *std == 0.0 { 1.0 } else { *std };
            *value = T::of((value.as_f64() - mean) / divisor);
        }
    }
}

/// Data and samples that a [`Standardizer`] can be applied to.
pub trait Standardize<In: Shape>: Sized {
    /// The same with `y = (x − mean) / std` for each value `x`; see [`Standardizer::apply`].
    ///
    /// ```
    /// use convnet::data::Standardize;
    /// use convnet::prelude::*;
    ///
    /// let train: Dataset<Flat<1>, Class<2>> =
    ///     [1.0, 3.0].map(|x| (Tensor::from([x]), Class::new(0).unwrap())).into_iter().collect();
    /// let train = train.standardized(&Standardizer::fit(&train)?);
    /// assert_eq!(train.sample::<f32>(0)[0], -1.0);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    fn standardized(&self, by: &Standardizer<In>) -> Self;
}

impl<In: Shape, Y> Standardize<In> for Dataset<In, Y> {
    fn standardized(&self, by: &Standardizer<In>) -> Self {
        let mut data = self.clone();
        data.standardizers.push(Arc::new(by.clone()));
        data
    }
}

impl<In: Shape, D: Standardize<In>> Standardize<In> for TestSet<D> {
    fn standardized(&self, by: &Standardizer<In>) -> Self {
        TestSet(self.0.standardized(by))
    }
}

impl<In: Shape, T: Scalar> Standardize<In> for Tensor<In, T> {
    fn standardized(&self, by: &Standardizer<In>) -> Self {
        let mut sample = self.clone();
        by.write_over(sample.as_mut_slice());
        sample
    }
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
