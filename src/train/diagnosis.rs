//! The diagnosis of under- and over-fitting.

use std::fmt;

use super::{Epoch, History};
use crate::error::Error;

/// The goal that a run is compared with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Desired {
    /// At least this accuracy.
    Accuracy(f64),
    /// At most this loss.
    Loss(f64),
}

/// The kind of fit.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
pub enum Verdict {
    /// The network does not reach the goal even on the training data.
    Underfitting,
    /// The network is much better on the training data than on the validation data.
    Overfitting,
    /// The network reaches the goal on the validation data.
    GoodFit,
}

/// Whether a run under-fits or over-fits, and by how much.
///
/// # Formula
/// With errors e = 1 − accuracy, or losses: bias = max(0, e_train − e_desired), variance = max(0, e_validation − e_train)
/// (Ng 2018, "Machine Learning Yearning", ch. 20–23). A validation error of at most the desired one is a good fit;
/// otherwise the larger of the two decides the verdict.
///
/// The diagnosis is of the epoch whose parameters the network has. Training errors are those measured during that epoch, so
/// dropout makes them worse.
///
/// ```
/// use convnet::train::{Desired, Diagnosis, Epoch, History, LossAndAccuracy, Verdict};
/// let score = |loss, accuracy| LossAndAccuracy { loss, accuracy: Some(accuracy) };
/// let history = History::new(vec![
///     Epoch::new(1, score(0.9, 0.70), Some(score(0.8, 0.72)), 1.0),
///     Epoch::new(2, score(0.1, 0.99), Some(score(1.1, 0.75)), 1.0),
/// ]);
/// let diagnosis = Diagnosis::of(&history, Desired::Accuracy(0.95))?;
/// assert_eq!(diagnosis.verdict, Verdict::Overfitting);
/// assert!((diagnosis.variance - 0.24).abs() < 1e-12 && diagnosis.bias == 0.0);
/// println!("{diagnosis}");
/// # Ok::<(), convnet::Error>(())
/// ```
#[non_exhaustive]
#[derive(Clone, PartialEq, Debug)]
pub struct Diagnosis {
    /// Under-fitting, over-fitting, or a good fit.
    pub verdict: Verdict,
    /// The goal.
    pub desired: Desired,
    /// Error on the training data: 1 − accuracy, or the loss.
    pub train: f64,
    /// Error on the validation data.
    pub validation: f64,
    /// Training error minus the desired error, at least 0.
    pub bias: f64,
    /// Validation error minus the training error, at least 0.
    pub variance: f64,
    /// The epoch of the diagnosis.
    pub epoch: usize,
    /// The epoch with the lowest validation loss.
    pub best_epoch: usize,
    /// Relative rise of the validation loss since that epoch.
    pub rise: f64,
}

impl Diagnosis {
    /// Diagnoses a run.
    ///
    /// # Errors
    /// [`Error::Argument`] if the history has no epochs, no validation, or no accuracy where one is desired.
    pub fn of(history: &History, desired: Desired) -> Result<Self, Error> {
        let last = history.restored.or_else(|| history.epochs.last().map(|epoch| epoch.epoch));
        let judged = history.epochs.iter().find(|epoch| Some(epoch.epoch) == last);
        let (Some(judged), Some(best)) = (judged, history.best()) else {
            return Err(Error::argument("history", "at least 1 epoch", 0));
        };
        let validated = |epoch: &Epoch| {
            let none = || Error::argument("history", "epochs with validation", "one without");
            epoch.validation.ok_or_else(none)
        };
        let (train, validation) = (judged.train, validated(judged)?);
        let error = |accuracy: Option<f64>| {
            let none = || Error::argument("desired", "a loss, where targets are not classes", "an accuracy");
            accuracy.map(|accuracy| 1.0 - accuracy).ok_or_else(none)
        };
        let [train, at_validation, goal] = match desired {
            Desired::Loss(loss) => [train.loss, validation.loss, loss],
            Desired::Accuracy(goal) => [error(train.accuracy)?, error(validation.accuracy)?, 1.0 - goal],
        };
        let bias = (train - goal).max(0.0);
        let variance = (at_validation - train).max(0.0);
        let verdict = if at_validation <= goal {
            Verdict::GoodFit
        } else if bias >= variance {
            Verdict::Underfitting
        } else {
            Verdict::Overfitting
        };
        let lowest = validated(best)?.loss;
        let rise = if lowest > 0.0 { validation.loss / lowest - 1.0 } else { 0.0 };
        Ok(Diagnosis {
            verdict,
            desired,
            train,
            validation: at_validation,
            bias,
            variance,
            epoch: judged.epoch,
            best_epoch: best.epoch,
            rise,
        })
    }

    /// Measures that usually help.
    pub fn remedies(&self) -> &'static [&'static str] {
        match self.verdict {
            Verdict::Underfitting => &[
                "a larger network",
                "more epochs, or a learning rate that learns faster",
                "less regularisation",
                "better features",
            ],
            Verdict::Overfitting => &[
                "more training data",
                "regularisation: L2, L1, dropout",
                "early stopping",
                "a smaller network",
            ],
            Verdict::GoodFit => &[],
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Underfitting => "under-fitting",
            Verdict::Overfitting => "over-fitting",
            Verdict::GoodFit => "a good fit",
        })
    }
}

/// The verdict, its numbers, and measures that usually help.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, goal, percent) = match self.desired {
            Desired::Accuracy(accuracy) => ("error", 1.0 - accuracy, true),
            Desired::Loss(loss) => ("loss", loss, false),
        };
        let number = |value: f64| {
            if percent { format!("{:.1} %", 100.0 * value) } else { format!("{value:.4}") }
        };
        let Diagnosis { verdict, epoch, best_epoch, .. } = self;
        let [goal, train, validation] = [goal, self.train, self.validation].map(number);
        let [bias, variance] = [self.bias, self.variance].map(number);
        write!(
            f,
            "epoch {epoch}: {verdict}\n  \
             {what}: desired {goal}, training {train} (bias {bias}), validation {validation} (variance {variance})"
        )?;
        if self.rise > 0.0 {
            let rise = 100.0 * self.rise;
            write!(
                f,
                "\n  the validation loss was lowest in epoch {best_epoch} and has risen by {rise:.0} % since"
            )?;
        }
        if !self.remedies().is_empty() {
            write!(f, "\n  what helps: {}", self.remedies().join("; "))?;
        }
        Ok(())
    }
}
