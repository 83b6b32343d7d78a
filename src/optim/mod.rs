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

    /// One step, with `factor` times the learning rate. `state` holds [`Optimizer::slots`] vectors as long as
    /// `params`, zeros before the first step.
    fn step<T: Scalar>(&self, params: &mut [T], gradient: &[T], state: &mut [Vec<T>], factor: f64);
}
