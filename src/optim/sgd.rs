//! Stochastic gradient descent.

use super::{Optimizer, Update, refuse_unless_positive, refuse_unless_rate};
use crate::error::Error;
use crate::kernel::{Isa, update};
use crate::scalar::{Scalar, compiled};

/// Stochastic gradient descent: plain, with momentum, or with Nesterov's momentum. On
/// [full batches](crate::train::Trainer::full_batch) it is gradient descent.
///
/// In PyTorch: `optim.SGD(lr=0.01, momentum=0.9)`. In Keras: `SGD(learning_rate=0.01, momentum=0.9)`.
///
/// # Formula
/// Plain: θ ← θ − η·g, with learning rate η.
///
/// With momentum μ: v ← μ·v + g, θ ← θ − η·v (Polyak 1964, "Some methods of speeding up the convergence of iteration
/// methods", in the form of PyTorch's `SGD`).
///
/// Nesterov: v ← μ·v + g, θ ← θ − η·(g + μ·v) (Sutskever et al. 2013, "On the importance of initialization and
/// momentum in deep learning", in the form of PyTorch's `SGD`).
///
/// The counterpart of `weight_decay` in PyTorch's `SGD` is [`Trainer::l2`](crate::train::Trainer::l2), which applies to
/// weights but not to biases.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::optim::{Optimizer, Update};
/// let sgd = Sgd::new(0.1).momentum(0.9);
/// let (mut params, mut velocity) = ([1.0_f64], [0.0]);
/// for step in [1, 2] {
///     sgd.step(Update::new(&mut params, &[2.0], &mut velocity, step));
/// }
/// assert!((params[0] - (1.0 - 0.1 * 2.0 - 0.1 * 3.8)).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sgd {
    learning_rate: f64,
    momentum: f64,
    nesterov: bool,
}

impl Sgd {
    /// Gradient descent with this learning rate, without momentum.
    #[doc(alias("lr", "learning_rate"))]
    pub fn new(learning_rate: f64) -> Self {
        Sgd { learning_rate, momentum: 0.0, nesterov: false }
    }

    /// Sets the momentum μ, the share of the last step's velocity that is kept, 0 ≤ μ < 1.
    pub fn momentum(self, momentum: f64) -> Self {
        Sgd { momentum, ..self }
    }

    /// Sets whether to use Nesterov's momentum, which needs a momentum above 0.
    pub fn nesterov(self, nesterov: bool) -> Self {
        Sgd { nesterov, ..self }
    }
}

impl Optimizer for Sgd {
    fn name(&self) -> String {
        "Sgd".into()
    }

    fn state_per_param(&self) -> usize {
        usize::from(self.momentum != 0.0)
    }

    fn check(&self) -> Result<(), Error> {
        refuse_unless_positive("learning rate", self.learning_rate)?;
        refuse_unless_rate("momentum", self.momentum)?;
        if self.nesterov && self.momentum == 0.0 {
            return Err(Error::argument("momentum", "more than 0 with Nesterov's", self.momentum));
        }
        Ok(())
    }

    fn step<T: Scalar>(&self, update: Update<'_, T>) {
        T::compiled::<Step>((self, update));
    }
}

compiled! {
    /// The step: (optimiser, parameters).
    Step<'a, T>((&'a Sgd, Update<'a, T>)) -> () = step
}

fn step<T: Scalar>((sgd, update): (&Sgd, Update<'_, T>)) {
    let Update { params, gradient, state, factor, .. } = update;
    let (isa, rate, momentum) = (Isa::best(), T::of(factor * sgd.learning_rate), T::of(sgd.momentum));
    match (sgd.state_per_param(), sgd.nesterov) {
        (0, _) => update::descend(isa, params, gradient, rate),
        (_, false) => update::momentum_step(isa, params, state, gradient, rate, momentum),
        (_, true) => update::nesterov_step(isa, params, state, gradient, rate, momentum),
    }
}
