//! Training and evaluation.

#[cfg(feature = "store")]
mod checkpoint;
mod diagnosis;
mod early_stopping;
mod evaluation;
mod fit;
mod history;
mod loading;
mod measure;
pub mod metrics;
mod progress;
mod settings;
mod trainer;
mod update;

#[cfg(feature = "store")]
pub use checkpoint::Checkpoints;
pub use diagnosis::{Desired, Diagnosis, Verdict};
pub use early_stopping::{EarlyStopping, Monitor};
pub use evaluation::{ClassScore, Evaluation};
pub use history::{Ending, Epoch, History, LossAndAccuracy};
pub use metrics::Regression;
pub use progress::Progress;
pub use trainer::{BatchEnd, Trainer};
