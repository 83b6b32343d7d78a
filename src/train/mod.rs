//! Training and evaluation.

mod evaluation;
mod history;
mod progress;
mod trainer;

pub use evaluation::{ClassScore, Evaluation};
pub use history::{Epoch, History, Score};
pub use progress::Progress;
pub use trainer::Trainer;
pub(crate) use trainer::{Tally, tally_tiles};
