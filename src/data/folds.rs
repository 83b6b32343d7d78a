//! Folds, and cross-validation over them.

use std::collections::BTreeMap;
use std::fmt;

use super::split::{counts_of, shuffled};
use super::{Dataset, Target};
use crate::error::Error;
use crate::shape::Shape;

impl<In: Shape, Y: Target> Dataset<In, Y> {
    /// Splits the samples at random into `k` pairs of a training and a validation part. Every sample is in one
    /// validation part, and in the training parts of all other pairs; the seed decides which sample goes where, and the
    /// order in each part.
    ///
    /// The validation parts differ by at most one sample in size, and, where targets are classes, in their samples of
    /// each class.
    ///
    /// In scikit-learn: `StratifiedKFold(n_splits=k, shuffle=True, random_state=seed)`.
    ///
    /// # Errors
    /// [`Error::Argument`] for fewer than 2 folds, for more folds than samples, and for a class with one sample, which
    /// would be validated without having been trained on.
    ///
    /// ```
    /// use convnet::prelude::*;
    ///
    /// let samples = (0..10).map(|i| (Tensor::from([i as f32]), Class::new(i % 2).unwrap()));
    /// let data: Dataset<Flat<1>, Class<2>> = samples.collect();
    /// for (train, validation) in data.folds(5, 1)? {
    ///     assert_eq!((train.len(), validation.len()), (8, 2));
    ///     assert_eq!(validation.targets().filter(|class| class.index() == 0).count(), 1);
    /// }
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "KFold")]
    #[doc(alias = "StratifiedKFold")]
    pub fn folds(&self, k: usize, seed: u64) -> Result<impl ExactSizeIterator<Item = (Self, Self)>, Error> {
        let dealt = deal(&self.strata(), k, seed)?;
        Ok((0..k).map(move |fold| {
            let part = |validates: bool| {
                let part = dealt.iter().filter(move |(_, of)| (*of == fold) == validates);
                self.subset(part.map(|&(i, _)| i))
            };
            (part(false), part(true))
        }))
    }
}

/// The indices of all samples, in an order drawn from the seed, each with the fold that validates with it.
fn deal(strata: &[Option<usize>], k: usize, seed: u64) -> Result<Vec<(usize, usize)>, Error> {
    if k < 2 {
        return Err(Error::argument("folds", "at least 2", k));
    }
    if k > strata.len() {
        return Err(Error::argument("folds", format!("at most {}, one for each sample", strata.len()), k));
    }
    let counts = counts_of(strata);
    if let Some((Some(stratum), _)) = counts.iter().find(|&(_, &count)| count == 1) {
        let expected = "at least 2 of each class, for each to be trained on when the other validates";
        return Err(Error::argument("samples", expected, format!("1 of class {stratum}")));
    }

    // Samples are dealt out in turn, class after class.
    let mut next = 0;
    let mut turns = BTreeMap::new();
    for (stratum, count) in counts {
        turns.insert(stratum, next);
        next += count;
    }
    let deal = |i: usize| {
        let turn = turns.get_mut(&strata[i]).expect("a turn for each stratum");
        *turn += 1;
        (i, (*turn - 1) % k)
    };
    Ok(shuffled(strata.len(), seed, &[k as u64]).into_iter().map(deal).collect())
}

/// The scores of a cross-validation.
#[derive(Clone, PartialEq, Debug)]
pub struct CrossValidation {
    /// The score of each fold.
    pub scores: Vec<f64>,
}

impl CrossValidation {
    /// The mean of the scores: m = Σs / k.
    ///
    /// ```
    /// use convnet::data::CrossValidation;
    ///
    /// assert_eq!(CrossValidation { scores: vec![0.5, 1.0] }.mean(), 0.75);
    /// ```
    pub fn mean(&self) -> f64 {
        self.scores.iter().sum::<f64>() / self.scores.len() as f64
    }

    /// The sample standard deviation of the scores, √(Σ(s − m)² / (k − 1)). One score has none: NaN.
    ///
    /// ```
    /// use convnet::data::CrossValidation;
    ///
    /// assert_eq!(CrossValidation { scores: vec![1.0, 2.0, 3.0] }.std(), 1.0);
    /// assert!(CrossValidation { scores: vec![1.0] }.std().is_nan());
    /// ```
    pub fn std(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = self.scores.iter().map(|score| (score - mean).powi(2)).sum();
        (squares / (self.scores.len() as f64 - 1.0)).sqrt()
    }
}

/// `0.9512 ± 0.0123 (10 folds)`: mean and standard deviation, with four digits or the precision asked for.
impl fmt::Display for CrossValidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        let plural = if self.scores.len() == 1 { "" } else { "s" };
        let (mean, std, folds) = (self.mean(), self.std(), self.scores.len());
        write!(f, "{mean:.digits$} ± {std:.digits$} ({folds} fold{plural})")
    }
}

/// k-fold cross-validation: calls `measure` once for each fold, with its number, from 0, its training part and its
/// validation part, and collects the scores that it returns.
///
/// Fit everything that depends on the training part inside `measure`, such as a [`Standardizer`](super::Standardizer).
///
/// In scikit-learn: `cross_val_score(model, x, y, cv=StratifiedKFold(k))`. Source:
/// R. Kohavi, "A Study of Cross-Validation and Bootstrap for Accuracy Estimation and Model Selection", 1995.
///
/// # Errors
/// Those of [`Dataset::folds`], and the first error that `measure` returns.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::train::Progress;
///
/// network! {
///     struct Sign: Flat<1> => Flat<2> {
///         fc: Dense { units: 2 },
///     }
/// }
/// let points = (-50..50).map(|i| (Tensor::from([i as f32]), Class::new(usize::from(i >= 0)).unwrap()));
/// let data: Dataset<Flat<1>, Class<2>> = points.collect();
/// let accuracy = cross_validate(&data, 5, 1, |fold, train, validation| {
///     let standardizer = Standardizer::fit(train)?;
///     let mut trainer = Trainer::new(Sign::new(fold as u64), SoftmaxCrossEntropy, Sgd::new(1.0))
///         .progress(Progress::Silent);
///     trainer.fit(&standardizer.apply(train), None)?;
///     Ok(trainer.evaluate(&standardizer.apply(validation))?.accuracy())
/// })?;
/// assert!(accuracy.mean() > 0.9);
/// assert!(accuracy.to_string().ends_with(" (5 folds)"));
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "cross_val_score")]
pub fn cross_validate<In: Shape, Y: Target>(
    data: &Dataset<In, Y>,
    k: usize,
    seed: u64,
    mut measure: impl FnMut(usize, &Dataset<In, Y>, &Dataset<In, Y>) -> Result<f64, Error>,
) -> Result<CrossValidation, Error> {
    let folds = data.folds(k, seed)?.enumerate();
    let scores = folds.map(|(fold, (train, validation))| measure(fold, &train, &validation));
    Ok(CrossValidation { scores: scores.collect::<Result<_, _>>()? })
}
