//! Metrics of regressions and rankings.

use std::fmt;

use crate::error::Error;

/// Loss and errors of a regression on a data set: the result of
/// [`Trainer::evaluate_regression`](super::Trainer::evaluate_regression).
///
/// R², RMSE and MAE are the means of those of the outputs, as in scikit-learn.
#[non_exhaustive]
#[derive(Clone, PartialEq, Debug)]
pub struct Regression {
    /// Mean loss.
    pub loss: f64,
    /// Coefficient of determination.
    pub r2: f64,
    /// Root mean squared error, in the unit of the targets.
    pub rmse: f64,
    /// Mean absolute error, in the unit of the targets.
    pub mae: f64,
    /// The errors of each output, in their order. In scikit-learn: `multioutput="raw_values"`.
    pub outputs: Vec<OutputErrors>,
}

/// The errors of one output of a regression.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OutputErrors {
    /// Coefficient of determination.
    pub r2: f64,
    /// Root mean squared error, in the unit of the target.
    pub rmse: f64,
    /// Mean absolute error, in the unit of the target.
    pub mae: f64,
}

impl Regression {
    /// The errors of samples with `width` outputs and targets each, one sample after the other.
    pub(super) fn new(loss: f64, width: usize, outputs: &[f64], targets: &[f64]) -> Result<Self, Error> {
        let of = |values: &[f64], i: usize| values.iter().skip(i).step_by(width).copied().collect::<Vec<_>>();
        let errors = |i: usize| {
            let (outputs, targets) = (of(outputs, i), of(targets, i));
            Ok(OutputErrors {
                r2: r2(&outputs, &targets)?,
                rmse: rmse(&outputs, &targets)?,
                mae: mae(&outputs, &targets)?,
            })
        };
        let outputs = (0..width).map(errors).collect::<Result<Vec<_>, Error>>()?;
        let mean = |value: fn(&OutputErrors) -> f64| outputs.iter().map(value).sum::<f64>() / width as f64;
        let (r2, rmse, mae) = (mean(|of| of.r2), mean(|of| of.rmse), mean(|of| of.mae));
        Ok(Regression { loss, r2, rmse, mae, outputs })
    }
}

/// `loss 2859.6963, R² 0.4773, RMSE 53.4761, MAE 43.2775`, and a line for each output if there are 2 to 20.
impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Regression { loss, r2, rmse, mae, outputs } = self;
        write!(f, "loss {loss:.4}, R² {r2:.4}, RMSE {rmse:.4}, MAE {mae:.4}")?;
        if (2..=20).contains(&outputs.len()) {
            for (i, OutputErrors { r2, rmse, mae }) in outputs.iter().enumerate() {
                write!(f, "\noutput {i}: R² {r2:.4}, RMSE {rmse:.4}, MAE {mae:.4}")?;
            }
        }
        Ok(())
    }
}

fn pairs(outputs: &[f64], targets: &[f64]) -> Result<(), Error> {
    if outputs.len() == targets.len() && !outputs.is_empty() {
        return Ok(());
    }
    let expected = format!("as many as targets ({}), at least 1", targets.len());
    Err(Error::argument("outputs", expected, outputs.len()))
}

fn mean_of_errors(outputs: &[f64], targets: &[f64], f: impl Fn(f64) -> f64) -> Result<f64, Error> {
    pairs(outputs, targets)?;
    Ok(outputs.iter().zip(targets).map(|(y, d)| f(y - d)).sum::<f64>() / targets.len() as f64)
}

/// The root mean squared error: √(Σ (yᵢ − dᵢ)² / n).
///
/// # Errors
/// [`Error::Argument`] unless there are as many outputs as targets, at least one.
///
/// ```
/// # use convnet::train::metrics::rmse;
/// assert_eq!(rmse(&[1.0, 2.0], &[4.0, -2.0])?, (25.0_f64 / 2.0).sqrt());
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "root_mean_squared_error")]
pub fn rmse(outputs: &[f64], targets: &[f64]) -> Result<f64, Error> {
    Ok(mean_of_errors(outputs, targets, |e| e * e)?.sqrt())
}

/// The mean absolute error: Σ |yᵢ − dᵢ| / n.
///
/// # Errors
/// [`Error::Argument`] unless there are as many outputs as targets, at least one.
///
/// ```
/// # use convnet::train::metrics::mae;
/// assert_eq!(mae(&[1.0, 2.0], &[4.0, -2.0])?, 3.5);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "mean_absolute_error")]
pub fn mae(outputs: &[f64], targets: &[f64]) -> Result<f64, Error> {
    mean_of_errors(outputs, targets, f64::abs)
}

/// The coefficient of determination R² = 1 − Σ (yᵢ − dᵢ)² / Σ (dᵢ − d̄)²: 1 is perfect, 0 is no better
/// than the mean d̄ of the targets.
/// Targets that are all equal, also where rounding moves their mean, give 1 for perfect outputs and 0 for others, as
/// scikit-learn documents.
///
/// # Errors
/// [`Error::Argument`] unless there are as many outputs as targets, at least one.
///
/// ```
/// # use convnet::train::metrics::r2;
/// assert_eq!(r2(&[2.5, 0.0, 2.0, 8.0], &[3.0, -0.5, 2.0, 7.0])?, 1.0 - 1.5 / 29.1875);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "r2_score")]
pub fn r2(outputs: &[f64], targets: &[f64]) -> Result<f64, Error> {
    let residual = mean_of_errors(outputs, targets, |e| e * e)?;
    if residual == 0.0 {
        return Ok(1.0);
    }
    // The rounded mean of equal targets may differ from them.
    if targets.iter().all(|target| *target == targets[0]) {
        return Ok(0.0);
    }
    let mean = targets.iter().sum::<f64>() / targets.len() as f64;
    let total = targets.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / targets.len() as f64;
    Ok(1.0 - residual / total)
}

/// The area under the receiver operating characteristic: the probability that a positive sample scores higher than a negative
/// one, ties counting half (Hanley & McNeil 1982).
///
/// # Errors
/// [`Error::Argument`] unless there is one score for each sample, no score is NaN, and there are positive and negative
/// samples.
///
/// ```
/// # use convnet::train::metrics::roc_auc;
/// assert_eq!(roc_auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true])?, 0.75);
/// assert_eq!(roc_auc(&[1.0, 1.0], &[false, true])?, 0.5);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "roc_auc_score")]
pub fn roc_auc(scores: &[f64], positive: &[bool]) -> Result<f64, Error> {
    if scores.len() != positive.len() {
        return Err(Error::argument("scores", positive.len().to_string(), scores.len()));
    }
    if scores.iter().any(|score| score.is_nan()) {
        return Err(Error::argument("scores", "numbers", "NaN"));
    }
    let positives = positive.iter().filter(|p| **p).count();
    let negatives = positive.len() - positives;
    if positives == 0 || negatives == 0 {
        let found = format!("{positives} positive, {negatives} negative");
        return Err(Error::argument("samples", "both kinds", found));
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    // Pairs (negative below positive), doubled, so that halves are whole numbers.
    let (mut pairs, mut below) = (0_u128, 0_u128);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let up = tied.iter().filter(|&&i| positive[i]).count() as u128;
        let down = tied.len() as u128 - up;
        pairs += up * (2 * below + down);
        below += down;
    }
    Ok(pairs as f64 / (2 * positives as u128 * negatives as u128) as f64)
}
