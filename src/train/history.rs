//! The record of a training run.

use std::fmt;

use crate::loss::Tally;

/// Mean loss and accuracy on a data set.
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
pub struct LossAndAccuracy {
    /// Mean loss.
    pub loss: f64,
    /// Fraction of samples that were classified correctly; `None` for targets that are not classes.
    pub accuracy: Option<f64>,
}

impl LossAndAccuracy {
    pub(super) fn of(tally: Tally) -> Self {
        LossAndAccuracy { loss: tally.mean_loss(), accuracy: tally.accuracy() }
    }
}

/// The record of one pass over the training data.
#[non_exhaustive]
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
pub struct Epoch {
    /// Number of the epoch, counted from 1.
    pub epoch: usize,
    /// Loss and accuracy on the training data, measured during the epoch, while the parameters changed.
    pub train: LossAndAccuracy,
    /// Loss and accuracy on the validation data after the epoch.
    pub validation: Option<LossAndAccuracy>,
    /// Seconds that the epoch took, validation included.
    pub seconds: f64,
}

/// The reason why a run ended.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
pub enum Ending {
    /// All epochs were done.
    #[default]
    Completed,
    /// The rule of [`Trainer::early_stopping`](super::Trainer::early_stopping) ended it.
    EarlyStopping,
    /// A callback returned [`ControlFlow::Break`](std::ops::ControlFlow::Break).
    Callback,
    /// The flag of [`Trainer::interrupt`](super::Trainer::interrupt) was set.
    Interrupted,
    /// `fit` returned an error.
    Failed,
}

/// The record of a training run. With the feature `store` it implements serde's `Serialize` and
/// `Deserialize`.
///
/// In Keras: the `History` that `model.fit` returns.
#[non_exhaustive]
#[derive(Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
pub struct History {
    /// The epochs, in order.
    pub epochs: Vec<Epoch>,
    /// The epoch whose parameters the network has, if early stopping or an interruption restored them.
    #[cfg_attr(feature = "store", serde(default))]
    pub restored: Option<usize>,
    /// The reason why the run ended.
    #[cfg_attr(feature = "store", serde(default))]
    pub ending: Ending,
}

impl Epoch {
    /// The record of an epoch from its parts, for curves that were measured elsewhere.
    pub fn new(
        epoch: usize,
        train: LossAndAccuracy,
        validation: Option<LossAndAccuracy>,
        seconds: f64,
    ) -> Self {
        Epoch { epoch, train, validation, seconds }
    }
}

impl History {
    /// The record of a completed run with these epochs.
    pub fn new(epochs: Vec<Epoch>) -> Self {
        History { epochs, ..History::default() }
    }

    /// The epoch with the lowest validation loss, or with the lowest training loss for a run without validation.
    pub fn best(&self) -> Option<&Epoch> {
        // A NaN of either sign counts as the highest loss.
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

/// One line for each epoch.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.epochs.iter().try_for_each(|epoch| writeln!(f, "{epoch}"))
    }
}
