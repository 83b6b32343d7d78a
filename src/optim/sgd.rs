//! Stochastic gradient descent.

use super::Optimizer;
use crate::error::Error;
use crate::kernel::{self, Isa};
use crate::scalar::Scalar;

/// Stochastic gradient descent with momentum.
///
/// # Formula
/// v ← μ·v + g, θ ← θ − η·v, with learning rate η and momentum μ (Polyak 1964, in the form of PyTorch's `SGD`).
///
/// ```
/// use convnet::prelude::*;
/// use convnet::optim::Optimizer;
/// let sgd = Sgd::new(0.1).momentum(0.9);
/// let (mut params, mut velocity) = ([1.0_f64], [0.0]);
/// sgd.step(&mut params, &[2.0], &mut velocity, 1.0);
/// sgd.step(&mut params, &[2.0], &mut velocity, 1.0);
/// assert!((params[0] - (1.0 - 0.1 * 2.0 - 0.1 * 3.8)).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sgd {
    learning_rate: f64,
    momentum: f64,
}

impl Sgd {
    /// Plain descent with this learning rate.
    pub fn new(learning_rate: f64) -> Self {
        Sgd { learning_rate, momentum: 0.0 }
    }

    /// How much of the last step's velocity is kept, 0 ≤ μ < 1.
    pub fn momentum(self, momentum: f64) -> Self {
        Sgd { momentum, ..self }
    }
}

impl Optimizer for Sgd {
    fn slots(&self) -> usize {
        usize::from(self.momentum != 0.0)
    }

    fn check(&self) -> Result<(), Error> {
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(Error::argument("learning rate", "a finite number above 0", self.learning_rate));
        }
        if !(0.0..1.0).contains(&self.momentum) {
            return Err(Error::argument("momentum", "at least 0 and less than 1", self.momentum));
        }
        Ok(())
    }

    fn step<T: Scalar>(&self, params: &mut [T], gradient: &[T], state: &mut [T], factor: f64) {
        let (rate, momentum) = (T::of(factor * self.learning_rate), T::of(self.momentum));
        if self.slots() == 1 {
            kernel::momentum_step(Isa::best(), params, state, gradient, rate, momentum);
        } else {
            for (p, g) in params.iter_mut().zip(gradient) {
                *p -= rate * *g;
            }
        }
    }
}
