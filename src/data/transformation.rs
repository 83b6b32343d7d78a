//! Changes of samples by the statistics of the training set.

use std::fmt;
use std::sync::Arc;

use super::standardizer::divisor;
use super::{Dataset, Imputer, Standardization, Standardizer, TestSet};
use crate::Error;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// A change of the values of samples.
#[non_exhaustive]
pub enum Transformation<In> {
    /// Missing values are filled.
    Impute(Arc<Imputer<In>>),
    /// Values are scaled.
    Standardize(Arc<Standardizer<In>>),
}

impl<In> Clone for Transformation<In> {
    fn clone(&self) -> Self {
        match self {
            Transformation::Impute(by) => Transformation::Impute(by.clone()),
            Transformation::Standardize(by) => Transformation::Standardize(by.clone()),
        }
    }
}

impl<In: Shape> Transformation<In> {
    /// The numbers of an imputer and of a standardiser after it that change values as all of these do, one after the other.
    pub(super) fn combined(all: &[Self]) -> (Option<Vec<f64>>, Option<Standardization>) {
        let (mut imputer, mut standardizer): (Option<Vec<f64>>, Option<Standardization>) = (None, None);
        for by in all {
            match by {
                Transformation::Impute(by) => {
                    // Nothing is missing after the first.
                    imputer.get_or_insert_with(|| match &standardizer {
                        None => by.values().to_vec(),
                        Some(Standardization { mean, std }) => {
                            let scales = mean.iter().zip(std);
                            by.values()
                                .iter()
                                .zip(scales)
                                .map(|(x, (mean, std))| x * divisor(*std) + mean)
                                .collect()
                        }
                    });
                }
                Transformation::Standardize(by) => match &mut standardizer {
                    None => {
                        standardizer =
                            Some(Standardization { mean: by.mean().to_vec(), std: by.std().to_vec() })
                    }
                    Some(first) => {
                        let next = by.mean().iter().zip(by.std());
                        for ((mean, std), (m, s)) in first.mean.iter_mut().zip(&mut first.std).zip(next) {
                            *mean += m * divisor(*std);
                            *std = divisor(*std) * divisor(*s);
                        }
                    }
                },
            }
        }
        (imputer, standardizer)
    }

    pub(super) fn write_over<T: Scalar>(&self, values: &mut [T]) {
        match self {
            Transformation::Impute(by) => by.write_over(values),
            Transformation::Standardize(by) => by.write_over(values),
        }
    }
}

impl<In: Shape> fmt::Debug for Transformation<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Transformation::Impute(by) => by.fmt(f),
            Transformation::Standardize(by) => by.fmt(f),
        }
    }
}

/// Data and samples that an [`Imputer`] and a [`Standardizer`] can be applied to.
pub trait Transformable<In: Shape>: Sized {
    /// The same with changed values; see [`Standardizer::apply`] and [`Imputer::apply`].
    ///
    /// ```
    /// use std::sync::Arc;
    /// use convnet::data::{Transformable, Transformation};
    /// use convnet::prelude::*;
    ///
    /// let by = Transformation::Standardize(Arc::new(Standardizer::new([2.0], [0.5])?));
    /// assert_eq!(Tensor::<Flat<1>>::from([1.0]).transformed(&by), Tensor::from([-2.0]));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    fn transformed(&self, by: &Transformation<In>) -> Self;
}

impl<In: Shape, Y> Transformable<In> for Dataset<In, Y> {
    fn transformed(&self, by: &Transformation<In>) -> Self {
        let mut data = self.clone();
        data.transformations.push(by.clone());
        data
    }
}

impl<In: Shape, D: Transformable<In>> Transformable<In> for TestSet<D> {
    fn transformed(&self, by: &Transformation<In>) -> Self {
        TestSet(self.0.transformed(by))
    }
}

impl<In: Shape, T: Scalar> Transformable<In> for Tensor<In, T> {
    fn transformed(&self, by: &Transformation<In>) -> Self {
        let mut sample = self.clone();
        by.write_over(sample.as_mut_slice());
        sample
    }
}

/// Refuses numbers that are not `In::LEN` or not as `expected` says.
pub(super) fn check_numbers<In: Shape>(
    name: &'static str,
    expected: &str,
    numbers: &[f64],
    is_right: impl Fn(f64) -> bool,
) -> Result<(), Error> {
    const SHOWN: usize = 10;
    let expected = || format!("{} {expected}", In::LEN);
    if let Some(at) = numbers.iter().position(|number| !is_right(*number)) {
        return Err(Error::argument(name, expected(), format!("{} at {at}", numbers[at])));
    }
    if numbers.len() != In::LEN {
        let found = if numbers.len() <= SHOWN { format!("{numbers:?}") } else { numbers.len().to_string() };
        return Err(Error::argument(name, expected(), found));
    }
    Ok(())
}
