//! What a run says about generalisation, and what to do about it.

use std::fmt;

use super::{Epoch, History};
use crate::error::Error;

/// What a run should have reached.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Desired {
    /// At least this fraction of samples answered rightly.
    Accuracy(f64),
    /// At most this loss.
    Loss(f64),
}

/// What is wrong with a fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Verdict {
    /// Not even the training part is learnt well enough.
    Underfitting,
    /// The training part is learnt, but not what it has in common with other data.
    Overfitting,
    /// Validation is as good as desired.
    GoodFit,
}

/// Whether a run under-fits or over-fits, with the numbers that say so.
///
/// # Formula
/// With errors e = 1 − accuracy, or losses: bias = max(0, e_train − e_desired), variance = max(0, e_validation − e_train)
/// (Ng 2018, "Machine Learning Yearning", ch. 20–23). A validation error of at most the desired one is a good fit;
/// otherwise the larger of the two says what is wrong.
///
/// The epoch judged is the one whose parameters the network has. Training scores are those of the run, measured while the
/// network learnt: dropout makes them worse.
///
/// ```
/// use convnet::train::{Desired, Diagnosis, Epoch, History, LossAndAccuracy, Verdict};
/// let score = |loss, accuracy| LossAndAccuracy { loss, accuracy: Some(accuracy) };
/// let epoch = |epoch, train, validation| Epoch { epoch, train, validation: Some(validation), seconds: 1.0 };
/// let history = History {
///     epochs: vec![
///         epoch(1, score(0.9, 0.70), score(0.8, 0.72)),
///         epoch(2, score(0.1, 0.99), score(1.1, 0.75)),
///     ],
///     ..History::default()
/// };
/// let diagnosis = Diagnosis::of(&history, Desired::Accuracy(0.95))?;
/// assert_eq!(diagnosis.verdict, Verdict::Overfitting);
/// assert!((diagnosis.variance - 0.24).abs() < 1e-12 && diagnosis.bias == 0.0);
/// println!("{diagnosis}");
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Diagnosis {
    /// Under-fitting, over-fitting, or a good fit.
    pub verdict: Verdict,
    /// What was desired.
    pub desired: Desired,
    /// Error on the training part: 1 − accuracy, or the loss.
    pub train: f64,
    /// Error on the validation part.
    pub validation: f64,
    /// By how much the training error is above the desired one.
    pub bias: f64,
    /// By how much the validation error is above the training error.
    pub variance: f64,
    /// The epoch judged.
    pub epoch: usize,
    /// The epoch with the lowest validation loss.
    pub best_epoch: usize,
    /// By which fraction the validation loss has risen since.
    pub rise: f64,
}

impl Diagnosis {
    /// Judges a run.
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

    /// What usually helps.
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

/// The verdict, the numbers it rests on, and what usually helps.
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
