//! Settings that differ between a checkpoint and the trainer that resumes it.

use std::fmt;

use super::Trainer;
use crate::network::Network;
use crate::optim::Optimizer;

/// A setting that differs between a checkpoint and the trainer that resumes it: see [`Trainer::resume`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SettingChange {
    /// The setting: "optimiser", "schedule", "warm-up", "penalties and limits", "frozen layers and factors" or "early stopping".
    pub name: String,
    /// Its value in the checkpoint.
    pub before: String,
    /// Its value now.
    pub now: String,
}

/// `schedule: Constant in the checkpoint, now Cosine`
impl fmt::Display for SettingChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} in the checkpoint, now {}", self.name, self.before, self.now)
    }
}

/// The settings of a checkpoint that are others now, by name. One that the checkpoint does not have is none that was changed.
pub(super) fn changes(before: &[(String, String)], now: &[(String, String)]) -> Vec<SettingChange> {
    let changes = now.iter().filter_map(|(name, now)| {
        let (_, before) = before.iter().find(|(known, before)| known == name && before != now)?;
        Some(SettingChange { name: name.clone(), before: before.clone(), now: now.clone() })
    });
    changes.collect()
}

impl<N: Network, L, O: Optimizer> Trainer<N, L, O> {
    /// The settings that may differ when a run is resumed, with their names.
    pub(super) fn settings_that_may_change(&self) -> Vec<(String, String)> {
        let all = [
            ("optimiser", format!("{:?}", self.optimizer)),
            ("schedule", format!("{:?}", self.schedule)),
            ("warm-up", format!("{} epochs", self.warm_up)),
            ("penalties and limits", self.updater.penalties()),
            ("frozen layers and factors", self.updater.factors(self.network.model().plan())),
            ("early stopping", self.early_stopping.map_or("none".to_owned(), |rule| format!("{rule:?}"))),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }
}
