//! Optimisers and learning-rate schedules.
//!
//! A [`Trainer`](crate::train::Trainer) takes an optimiser and, if the learning rate is to change, a [`Schedule`]:
//!
//! ```
//! use convnet::model::LeNet5;
//! use convnet::prelude::*;
//! # use convnet::train::Progress;
//!
//! # let train = Mnist::load_from("assets/mnist")?.train.subset(0..64);
//! let mut trainer = Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, Adam::new(0.001))
//!     .schedule(Schedule::Cosine)
//!     .warm_up(0.5)
//!     .clip_grad_norm(1.0)
//!     .epochs(2);
//! # trainer = trainer.progress(Progress::Silent);
//! trainer.fit(&train, None)?;
//! # Ok::<(), convnet::Error>(())
//! ```
//!
//! # Which optimiser
//!
//! | optimiser | a good start | numbers kept for each parameter | choose it |
//! | --- | --- | --- | --- |
//! | [`Sgd`] with momentum | `Sgd::new(0.01).momentum(0.9)` | 1 | for convolutional networks: often the best accuracy, if the learning rate is tuned |
//! | [`Adam`] | `Adam::new(0.001)` | 2 | for a good result without tuning |
//! | [`AdamW`] | `AdamW::new(0.001).weight_decay(0.01)` | 2 | for Adam with weight decay |
//! | [`RmsProp`] | `RmsProp::new(0.001)` | 1 | for gradients that change in size |
//! | [`Adagrad`] | `Adagrad::new(0.01)` | 1 | for sparse features |
//! | plain [`Sgd`] | `Sgd::new(0.1)` | 0 | to study gradient descent |
//!
//! Weight decay for any of them is [`Trainer::l2`](crate::train::Trainer::l2).
//!
//! # Which schedule
//!
//! | schedule | the learning rate | choose it |
//! | --- | --- | --- |
//! | [`Schedule::Constant`] | stays | for first experiments |
//! | [`Schedule::Cosine`] | falls to 0 along half a cosine | by default for a run of known length |
//! | [`Schedule::OneCycle`] | rises, then falls | for short runs with a high learning rate |
//! | [`Schedule::Step`], [`Schedule::Exponential`] | falls every few epochs, every epoch | to repeat a published training |
//! | [`Schedule::Plateau`] | falls when the loss stops improving | for a run of unknown length |
//!
//! Your own optimiser implements [`Optimizer`].

mod adagrad;
mod adam;
mod rms_prop;
mod schedule;
mod sgd;

pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use rms_prop::RmsProp;
pub use schedule::{Schedule, ScheduleState};
pub use sgd::Sgd;

use std::fmt;

use crate::error::Error;
use crate::plan::Role;
use crate::scalar::Scalar;

/// The arguments of [`Optimizer::step`]: some parameters of one tensor, with their gradient and state.
#[non_exhaustive]
#[derive(Debug)]
pub struct Update<'a, T> {
    /// The parameters, which the step changes.
    pub params: &'a mut [T],
    /// The gradient of the cost by each of them.
    pub gradient: &'a [T],
    /// The optimiser's state for them, which the step changes: [`Optimizer::state_per_param`] times as many values as
    /// `params`. The first value of each parameter comes first, then the second of each, and so on. All are 0 before the
    /// first step.
    pub state: &'a mut [T],
    /// The role of the tensor, such as weight or bias.
    pub role: Role,
    /// The factor by which the learning rate is multiplied in this step, from the [`Schedule`].
    pub factor: f64,
    /// The number of the step, counted from 1.
    pub step: u64,
}

impl<'a, T> Update<'a, T> {
    /// A step of weights at the full learning rate; change the fields for another role or factor.
    pub fn new(params: &'a mut [T], gradient: &'a [T], state: &'a mut [T], step: u64) -> Self {
        Update { params, gradient, state, role: Role::Weight, factor: 1.0, step }
    }
}

/// A rule that changes parameters by their gradient.
///
/// `Debug` shows the settings; a checkpoint stores that text beside the [`name`](Self::name).
///
/// In PyTorch: a subclass of `torch.optim.Optimizer`.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::optim::{Optimizer, Update};
///
/// /// Steps along the sign of the gradient.
/// #[derive(Debug)]
/// struct SignSgd(f64);
///
/// impl Optimizer for SignSgd {
///     fn name(&self) -> String {
///         "SignSgd".into()
///     }
///     fn state_per_param(&self) -> usize {
///         0
///     }
///     fn check(&self) -> Result<(), convnet::Error> {
///         Ok(())
///     }
///     fn step<T: Scalar>(&self, Update { params, gradient, factor, .. }: Update<'_, T>) {
///         let rate = T::of(factor * self.0);
///         params.iter_mut().zip(gradient).for_each(|(p, g)| *p -= rate * g.signum());
///     }
/// }
/// let trainer = Trainer::new(convnet::model::LeNet5::new(1), SoftmaxCrossEntropy, SignSgd(1e-3));
/// assert!(trainer.check().is_ok());
/// ```
pub trait Optimizer: fmt::Debug + Send + Sync {
    /// The kind of optimiser, such as "Adam": a run resumes only from a checkpoint with the same name. An optimiser that
    /// wraps another one includes the inner name, as in `format!("Lookahead<{}>", self.inner.name())`.
    fn name(&self) -> String;

    /// The number of values that the optimiser keeps for each parameter: 2 for Adam.
    fn state_per_param(&self) -> usize;

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Argument`] that names the wrong setting.
    fn check(&self) -> Result<(), Error>;

    /// Changes some of the parameters. Several threads call it at once, each for other parameters.
    fn step<T: Scalar>(&self, update: Update<'_, T>);
}

/// Refuses a setting that is not a finite number above 0.
pub(crate) fn refuse_unless_positive(name: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::argument(name, "a finite number above 0", value))
}

/// Refuses a setting that is not at least 0 and finite.
pub(crate) fn refuse_negative(name: &'static str, value: f64) -> Result<(), Error> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::argument(name, "a finite number of at least 0", value))
}

/// Refuses a decay rate outside 0 ≤ value < 1.
fn refuse_unless_rate(name: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::argument(name, "at least 0 and less than 1", value))
}
