//! Optimisers: how parameters follow their gradient.

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

use crate::error::Error;
use crate::plan::Role;
use crate::scalar::Scalar;

/// One step of some parameters of one tensor: the arguments of [`Optimizer::step`].
#[derive(Debug)]
pub struct Update<'a, T> {
    /// The parameters, to be changed.
    pub params: &'a mut [T],
    /// Gradient of the cost by each of them.
    pub gradient: &'a [T],
    /// What the rule remembers of them, to be changed: [`Optimizer::state_per_param`] times as many values as `params`, slot
    /// after slot; zeros before the first step.
    pub state: &'a mut [T],
    /// Whether they are weights or biases.
    pub role: Role,
    /// The factor of the learning rate in this step, from the [`Schedule`].
    pub factor: f64,
    /// Number of the step, counted from 1.
    pub step: u64,
}

/// A rule that changes parameters by their gradient.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::optim::{Optimizer, Update};
///
/// /// Follows the sign of the gradient alone.
/// struct SignSgd(f64);
///
/// impl Optimizer for SignSgd {
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
pub trait Optimizer: Send + Sync {
    /// Numbers that the rule remembers for each parameter.
    fn state_per_param(&self) -> usize;

    /// Refuses settings with which nothing can be learnt.
    ///
    /// # Errors
    /// [`Error::Argument`] that names the setting.
    fn check(&self) -> Result<(), Error>;

    /// One step of some of the parameters. Called for parts of the parameters on several threads at once.
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

/// Refuses a share of the past that is not kept in part.
fn refuse_unless_share(name: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::argument(name, "at least 0 and less than 1", value))
}
