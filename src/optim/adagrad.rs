//! Adagrad.

use super::{Optimizer, Update, refuse_unless_positive};
use crate::error::Error;
use crate::kernel::{Isa, update};
use crate::scalar::{Scalar, compiled};

/// Adagrad: divides each parameter's learning rate by the root of the sum of its squared gradients.
///
/// In PyTorch: `optim.Adagrad(lr=0.01)`. In Keras: `Adagrad(learning_rate=0.01, initial_accumulator_value=0)`.
///
/// # Formula
/// s ← s + g², θ ← θ − η·g / (√s + ε) (Duchi, Hazan & Singer 2011, "Adaptive subgradient methods for online learning
/// and stochastic optimization", fig. 1 with diagonal matrices). PyTorch's defaults are η = 0.01 and ε = 10⁻¹⁰.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::optim::{Optimizer, Update};
/// let (mut params, mut squares) = ([1.0_f64], [0.0]);
/// for step in [1, 2] {
///     Adagrad::new(0.1).step(Update::new(&mut params, &[3.0], &mut squares, step));
/// }
/// assert_eq!(squares, [18.0]);
/// assert!((params[0] - (1.0 - 0.1 - 0.1 * 3.0 / 18.0_f64.sqrt())).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Adagrad {
    learning_rate: f64,
    epsilon: f64,
}

impl Adagrad {
    /// Adagrad with this learning rate and ε = 10⁻¹⁰.
    pub fn new(learning_rate: f64) -> Self {
        Adagrad { learning_rate, epsilon: 1e-10 }
    }

    /// Sets ε > 0, which is added to √s.
    #[doc(alias = "eps")]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Adagrad { epsilon, ..self }
    }
}

impl Optimizer for Adagrad {
    fn name(&self) -> String {
        "Adagrad".into()
    }

    fn state_per_param(&self) -> usize {
        1
    }

    fn check(&self) -> Result<(), Error> {
        refuse_unless_positive("learning rate", self.learning_rate)?;
        refuse_unless_positive("epsilon", self.epsilon)
    }

    fn step<T: Scalar>(&self, update: Update<'_, T>) {
        T::compiled::<Step>((self, update));
    }
}

compiled! {
    /// The step: (optimiser, parameters).
    Step<'a, T>((&'a Adagrad, Update<'a, T>)) -> () = step
}

fn step<T: Scalar>((adagrad, update): (&Adagrad, Update<'_, T>)) {
    let Update { params, gradient, state, factor, .. } = update;
    let (rate, epsilon) = (T::of(factor * adagrad.learning_rate), T::of(adagrad.epsilon));
    update::adagrad_step(Isa::best(), params, state, gradient, rate, epsilon);
}
