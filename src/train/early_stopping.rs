//! Early stopping.

use super::{Epoch, LossAndAccuracy};
use crate::error::Error;

/// A rule that ends a run when the validation loss stops improving, and restores the parameters of the best epoch
/// (Prechelt 1998, "Early Stopping — But When?").
///
/// Set it with [`Trainer::early_stopping`](super::Trainer::early_stopping). It needs validation data; the type of a test set
/// keeps it from being used for that.
///
/// In Keras: the callback `EarlyStopping(patience=…, min_delta=…, restore_best_weights=True)`.
///
/// ```
/// use convnet::train::{EarlyStopping, Monitor};
/// let patient = EarlyStopping::new(5).min_improvement(0.001).monitor(Monitor::Accuracy);
/// assert!(patient.check().is_ok());
/// assert!(EarlyStopping::new(0).check().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EarlyStopping {
    patience: usize,
    min_improvement: f64,
    monitor: Monitor,
}

/// The quantity on the validation data that [`EarlyStopping`] watches.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Monitor {
    /// The mean loss: lower is better.
    #[default]
    Loss,
    /// The accuracy: higher is better.
    Accuracy,
}

impl EarlyStopping {
    /// Ends a run after `patience` epochs without an improvement of the validation loss.
    pub fn new(patience: usize) -> Self {
        EarlyStopping { patience, min_improvement: 0.0, monitor: Monitor::Loss }
    }

    /// Sets by how much an epoch must be better than the best so far to count as an improvement; the default is 0.
    #[doc(alias = "min_delta")]
    pub fn min_improvement(self, min_improvement: f64) -> Self {
        EarlyStopping { min_improvement, ..self }
    }

    /// Sets the quantity to watch; the default is the validation loss.
    pub fn monitor(self, monitor: Monitor) -> Self {
        EarlyStopping { monitor, ..self }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Argument`] for a patience of 0 and for a minimum improvement that is negative or not finite.
    pub fn check(&self) -> Result<(), Error> {
        if self.patience == 0 {
            return Err(Error::argument("patience", "at least 1", 0));
        }
        if !(self.min_improvement >= 0.0 && self.min_improvement.is_finite()) {
            let expected = "a finite number, at least 0";
            return Err(Error::argument("minimum improvement", expected, self.min_improvement));
        }
        Ok(())
    }

    /// The watched quantity with a sign such that lower is better.
    fn badness(&self, score: LossAndAccuracy) -> Result<f64, Error> {
        match (self.monitor, score.accuracy) {
            (Monitor::Loss, _) => Ok(score.loss),
            (Monitor::Accuracy, Some(accuracy)) => Ok(-accuracy),
            (Monitor::Accuracy, None) => {
                Err(Error::argument("monitor", "the loss, where targets are not classes", "the accuracy"))
            }
        }
    }
}

/// The best epoch of a run so far and its parameters.
pub(super) struct Best<T> {
    /// The rule; without one the run is not stopped.
    rule: Option<EarlyStopping>,
    /// Number and badness of the best epoch.
    pub best: Option<(usize, f64)>,
    /// The parameters of that epoch; empty before the first.
    pub params: Vec<T>,
}

impl<T> Default for Best<T> {
    fn default() -> Self {
        Best { rule: None, best: None, params: Vec::new() }
    }
}

impl<T: Copy> Best<T> {
    pub(super) fn with_rule(self, rule: Option<EarlyStopping>) -> Self {
        Best { rule, ..self }
    }

    /// Whether the run ends with the parameters of the best epoch, however it ends.
    pub(super) fn restores_best(&self) -> bool {
        self.rule.is_some()
    }

    /// Whether to stop after this number of epochs.
    pub(super) fn is_over(&self, epochs: usize) -> bool {
        let patience = self.rule.map_or(usize::MAX, |rule| rule.patience);
        self.best.is_some_and(|(best, _)| epochs - best >= patience)
    }

    /// Compares an epoch with the best so far; returns whether to stop.
    pub(super) fn watch(&mut self, epoch: &Epoch, params: &[T]) -> Result<bool, Error> {
        let score = match (epoch.validation, self.rule) {
            (Some(score), _) => score,
            (None, None) => epoch.train,
            (None, Some(_)) => {
                return Err(Error::argument("validation data", "some, for early stopping", "none"));
            }
        };
        // Without a rule the best epoch by loss is kept, for an interruption.
        let rule = self.rule.unwrap_or(EarlyStopping::new(usize::MAX));
        let badness = rule.badness(score)?;
        if self.best.is_none_or(|(_, best)| badness < best - rule.min_improvement) {
            self.best = Some((epoch.epoch, badness));
            self.params.clear();
            self.params.extend_from_slice(params);
        }
        Ok(self.is_over(epoch.epoch))
    }

    /// Restores the parameters of the best epoch; returns its number.
    pub(super) fn restore(self, params: &mut [T]) -> Option<usize> {
        let (epoch, _) = self.best?;
        params.copy_from_slice(&self.params);
        Some(epoch)
    }
}
