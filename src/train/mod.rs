//! Training and evaluation of networks.
//!
//! A [`Trainer`] combines a network, a [loss](crate::loss) and an [optimiser](crate::optim). [`Trainer::fit`] trains it,
//! [`Trainer::evaluate`] measures it:
//!
//! ```
//! use convnet::model::LeNet5;
//! use convnet::prelude::*;
//! use convnet::train::EarlyStopping;
//! # use convnet::train::Progress;
//!
//! let mnist = Mnist::load_from("assets/mnist")?; // `Mnist::load()?` finds or downloads the whole data set
//! # let mnist = convnet::data::Mnist { train: mnist.train.subset(0..600), test: mnist.test };
//! let (train, validation) = mnist.train.split(0.9, 1)?;
//! let mut trainer = Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
//!     .epochs(3)
//!     .batch_size(32)
//!     .schedule(Schedule::Cosine)
//!     .l2(0.0005)
//!     .early_stopping(EarlyStopping::new(5));
//! # trainer = trainer.progress(Progress::Silent);
//! let history = trainer.fit(&train, &validation)?;
//! println!("{history}");
//! println!("{}", trainer.evaluate(&mnist.test)?); // loss, accuracy and confusion matrix
//!
//! let digit = mnist.test.sample(0);
//! let prediction = trainer.network().predict(&digit);
//! # assert!(prediction.class < 10);
//! # Ok::<(), convnet::Error>(())
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | set epochs, batch size, seed, learning-rate schedule | [`Trainer::epochs`], [`batch_size`](Trainer::batch_size), [`seed`](Trainer::seed), [`schedule`](Trainer::schedule) |
//! | regularise | [`l2`](Trainer::l2), [`l1`](Trainer::l1), [`max_norm`](Trainer::max_norm), [`early_stopping`](Trainer::early_stopping), and [`Dropout`](crate::layer::Dropout) in the network |
//! | limit gradients | [`clip_grad_norm`](Trainer::clip_grad_norm), [`clip_grad_value`](Trainer::clip_grad_value) |
//! | fine-tune some layers only, or some more slowly | [`freeze`](Trainer::freeze), [`freeze_all_but`](Trainer::freeze_all_but); [`learning_rate_factor`](Trainer::learning_rate_factor) |
//! | act after a batch or an epoch, or stop from outside | [`on_batch`](Trainer::on_batch), [`on_epoch`](Trainer::on_epoch), [`interrupt`](Trainer::interrupt) |
//! | evaluate | [`evaluate`](Trainer::evaluate), [`evaluate_segmentation`](Trainer::evaluate_segmentation), [`evaluate_regression`](Trainer::evaluate_regression), [`loss_and_accuracy`](Trainer::loss_and_accuracy), [`roc_auc`](Trainer::roc_auc), [`metrics`] |
//! | find out why a network does not learn | [`Diagnosis`] |
//! | resume an interrupted training (feature `store`) | `Checkpoints` and `Trainer::resume` |
//! | write your own training loop | [`train_step`](Trainer::train_step) |

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
mod predictions;
mod progress;
mod segmentation;
#[cfg(feature = "store")]
mod setting_change;
mod settings;
mod trainer;
mod update;

#[cfg(feature = "store")]
pub use checkpoint::Checkpoints;
pub use diagnosis::{Desired, Diagnosis, Verdict};
pub use early_stopping::{EarlyStopping, Monitor};
pub use evaluation::{ClassScore, Evaluation};
pub use history::{Ending, Epoch, History, LossAndAccuracy};
pub use metrics::{OutputErrors, Regression};
#[cfg(feature = "csv")]
pub use predictions::write_csv;
pub use predictions::{PredictAll, Predicted, Predictions, least_sure, worst};
pub use progress::Progress;
pub use segmentation::Segmentation;
#[cfg(feature = "store")]
pub use setting_change::SettingChange;
pub use trainer::{BatchEnd, Trainer};
