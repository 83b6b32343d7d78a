//! What happened in each epoch.

use std::fmt;

use crate::loss::Tally;

/// Loss and accuracy on one part of the data.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct LossAndAccuracy {
    /// Mean loss.
    pub loss: f64,
    /// Fraction of samples answered rightly; `None` for targets that are not classes.
    pub accuracy: Option<f64>,
}

impl LossAndAccuracy {
    pub(super) fn of(tally: Tally) -> Self {
        LossAndAccuracy { loss: tally.mean_loss(), accuracy: tally.accuracy() }
    }
}

/// One pass over the training data.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Epoch {
    /// Number of the epoch, counted from 1.
    pub epoch: usize,
    /// On the training data, while it was being learnt from.
    pub train: LossAndAccuracy,
    /// On the validation data, after the epoch.
    pub validation: Option<LossAndAccuracy>,
    /// Seconds that the epoch took, validation included.
    pub seconds: f64,
}

/// Why a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum Ending {
    /// After all epochs.
    #[default]
    Completed,
    /// Validation had not become better for a while.
    EarlyStopping,
    /// A callback asked for it.
    Callback,
    /// Somebody interrupted it: see [`Trainer::interrupt`](super::Trainer::interrupt).
    Interrupted,
    /// By the error that `fit` returned.
    Failed,
}

/// What happened in each epoch of a training run. Serialises with `serde`.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct History {
    /// The epochs, in order.
    pub epochs: Vec<Epoch>,
    /// The epoch whose parameters the network has, if early stopping or an interruption put these back.
    #[serde(default)]
    pub restored: Option<usize>,
    /// Why the run ended.
    #[serde(default)]
    pub ending: Ending,
}

impl History {
    /// The epoch with the lowest validation loss, or the lowest training loss where nothing was validated.
    pub fn best(&self) -> Option<&Epoch> {
        // Not a number is worse than any, whatever its sign.
        let loss = |epoch: &Epoch| Some(epoch.validation.unwrap_or(epoch.train).loss).filter(|l| !l.is_nan());
        let loss = |epoch: &Epoch| loss(epoch).unwrap_or(f64::INFINITY);
        self.epochs.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)))
    }
}

/// `loss 0.0812  accuracy 97.51 %`
impl fmt::Display for LossAndAccuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loss {:.4}", self.loss)?;
        match self.accuracy {
            Some(accuracy) => write!(f, "  accuracy {:.2} %", 100.0 * accuracy),
            None => Ok(()),
        }
    }
}

/// `epoch 3  loss 0.0812  accuracy 97.51 %  validation loss 0.0901  accuracy 97.20 %  4.1 s`
impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {:>2}  {}", self.epoch, self.train)?;
        if let Some(validation) = self.validation {
            write!(f, "  validation {validation}")?;
        }
        write!(f, "  {:.1} s", self.seconds)
    }
}

/// One line an epoch.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.epochs.iter().try_for_each(|epoch| writeln!(f, "{epoch}"))
    }
}
