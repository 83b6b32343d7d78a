//! RMSprop.

use super::{Optimizer, Update, refuse_unless_positive, refuse_unless_rate};
use crate::error::Error;
use crate::kernel::{Isa, update};
use crate::scalar::{Scalar, compiled};

/// RMSprop: divides each step by a running root mean square of the gradient.
///
/// In PyTorch: `optim.RMSprop(lr=0.01)`. In Keras: `RMSprop(learning_rate=0.001)`, with an α (`rho`) of 0.9 and an ε of
/// 10⁻⁷.
///
/// # Formula
/// s ← α·s + (1 − α)·g², θ ← θ − η·g / (√s + ε) (Tieleman & Hinton 2012, "Neural networks for machine learning",
/// lecture 6.5, in the form of PyTorch's `RMSprop`). The defaults are PyTorch's: α = 0.99, ε = 10⁻⁸, no momentum, not
/// centred. PyTorch's default learning rate is 0.01.
///
/// Centred, √s is √(s − m²) with m ← α·m + (1 − α)·g (Graves 2013, "Generating sequences with recurrent neural
/// networks", eq. 38–40). With momentum μ: b ← μ·b + g / (√s + ε), θ ← θ − η·b.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::optim::{Optimizer, Update};
/// let (mut params, mut squares) = ([1.0_f64], [0.0]);
/// RmsProp::new(0.01).step(Update::new(&mut params, &[3.0], &mut squares, 1));
/// // The size of the first step is η / √(1 − α) for any gradient.
/// assert!((params[0] - 0.9).abs() < 1e-6);
/// ```
#[doc(alias = "RMSprop")]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RmsProp {
    learning_rate: f64,
    alpha: f64,
    epsilon: f64,
    momentum: f64,
    centered: bool,
}

impl RmsProp {
    /// RMSprop with this learning rate, α = 0.99 and ε = 10⁻⁸; without momentum, not centred.
    pub fn new(learning_rate: f64) -> Self {
        RmsProp { learning_rate, alpha: 0.99, epsilon: 1e-8, momentum: 0.0, centered: false }
    }

    /// Sets α, the decay rate of the mean of squares, 0 ≤ α < 1.
    #[doc(alias = "rho")]
    pub fn alpha(self, alpha: f64) -> Self {
        RmsProp { alpha, ..self }
    }

    /// Sets ε > 0, which is added to the root.
    #[doc(alias = "eps")]
    pub fn epsilon(self, epsilon: f64) -> Self {
        RmsProp { epsilon, ..self }
    }

    /// Sets the momentum μ, the share of the last step that is kept, 0 ≤ μ < 1.
    pub fn momentum(self, momentum: f64) -> Self {
        RmsProp { momentum, ..self }
    }

    /// Sets whether to divide by the standard deviation of the gradient instead of its root mean square.
    pub fn centered(self, centered: bool) -> Self {
        RmsProp { centered, ..self }
    }
}

impl Optimizer for RmsProp {
    fn name(&self) -> String {
        "RmsProp".into()
    }

    fn state_per_param(&self) -> usize {
        1 + usize::from(self.centered) + usize::from(self.momentum != 0.0)
    }

    fn check(&self) -> Result<(), Error> {
        refuse_unless_positive("learning rate", self.learning_rate)?;
        refuse_unless_rate("alpha", self.alpha)?;
        refuse_unless_positive("epsilon", self.epsilon)?;
        refuse_unless_rate("momentum", self.momentum)
    }

    fn step<T: Scalar>(&self, update: Update<'_, T>) {
        T::compiled::<Step>((self, update));
    }
}

compiled! {
    /// The step: (optimiser, parameters).
    Step<'a, T>((&'a RmsProp, Update<'a, T>)) -> () = step
}

fn step<T: Scalar>((rms_prop, update): (&RmsProp, Update<'_, T>)) {
    let Update { params, gradient, state, factor, .. } = update;
    let (squares, rest) = state.split_at_mut(params.len());
    let (mean, velocity) = rest.split_at_mut(if rms_prop.centered { params.len() } else { 0 });
    let mean = rms_prop.centered.then_some(mean);
    let velocity = (rms_prop.momentum != 0.0).then_some(velocity);
    let rate = T::of(factor * rms_prop.learning_rate);
    let decay = [rms_prop.alpha, 1.0 - rms_prop.alpha].map(T::of);
    let (epsilon, momentum) = (T::of(rms_prop.epsilon), T::of(rms_prop.momentum));
    update::rms_step(Isa::best(), params, squares, mean, velocity, gradient, rate, decay, epsilon, momentum);
}
