//! Optimisers: how parameters follow their gradient.

mod schedule;
mod sgd;

pub use schedule::Schedule;
pub use sgd::Sgd;

use crate::error::Error;
use crate::scalar::Scalar;

/// A rule that changes parameters by their gradient.
pub trait Optimizer: Send + Sync {
    /// Numbers that the rule remembers for each parameter.
    fn slots(&self) -> usize;

    /// Refuses settings with which nothing can be learnt.
    ///
    /// # Errors
    /// [`Error::Argument`] that names the setting.
    fn check(&self) -> Result<(), Error>;

    /// One step of some of the parameters, with `factor` times the learning rate. `state` holds [`Optimizer::slots`]
    /// times as many values as `params`, slot after slot, zeros before the first step. Called for parts of the
    /// parameters on several threads at once.
    fn step<T: Scalar>(&self, params: &mut [T], gradient: &[T], state: &mut [T], factor: f64);
}
