//! RMSprop.

use super::{Optimizer, Update, refuse_unless_positive, refuse_unless_share};
use crate::error::Error;
use crate::kernel::{Isa, update};
use crate::scalar::Scalar;

/// RMSprop: steps are divided by a running root mean square of the gradient.
///
/// # Formula
/// s ← α·s + (1 − α)·g², θ ← θ − η·g / (√s + ε) (Tieleman & Hinton 2012, "Neural networks for machine learning",
/// lecture 6.5, in the form of PyTorch's `RMSprop`). Defaults as PyTorch's: α = 0.99, ε = 10⁻⁸, no momentum, not
/// centred; its learning rate is 0.01.
///
/// Centred, √s is √(s − m²) with m ← α·m + (1 − α)·g (Graves 2013, "Generating sequences with recurrent neural
/// networks", eq. 38–40). With momentum μ: b ← μ·b + g / (√s + ε), θ ← θ − η·b.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::optim::{Optimizer, Update};
/// use convnet::plan::Role;
/// let (mut params, mut squares) = ([1.0_f64], [0.0]);
/// let (role, factor, step) = (Role::Weight, 1.0, 1);
/// let update = Update { params: &mut params, gradient: &[3.0], state: &mut squares, role, factor, step };
/// RmsProp::new(0.01).step(update);
/// // The first step is η / √(1 − α) whatever the gradient.
/// assert!((params[0] - 0.9).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RmsProp {
    learning_rate: f64,
    alpha: f64,
    epsilon: f64,
    momentum: f64,
    centered: bool,
}

impl RmsProp {
    /// With this learning rate, α = 0.99 and ε = 10⁻⁸; without momentum, not centred.
    pub fn new(learning_rate: f64) -> Self {
        RmsProp { learning_rate, alpha: 0.99, epsilon: 1e-8, momentum: 0.0, centered: false }
    }

    /// How much of the mean of squares is kept in a step, 0 ≤ α < 1.
    pub fn alpha(self, alpha: f64) -> Self {
        RmsProp { alpha, ..self }
    }

    /// What is added to the root, ε > 0.
    pub fn epsilon(self, epsilon: f64) -> Self {
        RmsProp { epsilon, ..self }
    }

    /// How much of the last step is kept, 0 ≤ μ < 1.
    pub fn momentum(self, momentum: f64) -> Self {
        RmsProp { momentum, ..self }
    }

    /// Whether to divide by the standard deviation of the gradient in place of its root mean square.
    pub fn centered(self, centered: bool) -> Self {
        RmsProp { centered, ..self }
    }
}

impl Optimizer for RmsProp {
    fn state_per_param(&self) -> usize {
        1 + usize::from(self.centered) + usize::from(self.momentum != 0.0)
    }

    fn check(&self) -> Result<(), Error> {
        refuse_unless_positive("learning rate", self.learning_rate)?;
        refuse_unless_share("alpha", self.alpha)?;
        refuse_unless_positive("epsilon", self.epsilon)?;
        refuse_unless_share("momentum", self.momentum)
    }

    fn step<T: Scalar>(&self, Update { params, gradient, state, factor, .. }: Update<'_, T>) {
        let (squares, rest) = state.split_at_mut(params.len());
        let (mean, velocity) = rest.split_at_mut(if self.centered { params.len() } else { 0 });
        let mean = self.centered.then_some(mean);
        let velocity = (self.momentum != 0.0).then_some(velocity);
        let rate = T::of(factor * self.learning_rate);
        let decay = [self.alpha, 1.0 - self.alpha].map(T::of);
        let (epsilon, momentum) = (T::of(self.epsilon), T::of(self.momentum));
        update::rms_step(
            Isa::best(),
            params,
            squares,
            mean,
            velocity,
            gradient,
            rate,
            decay,
            epsilon,
            momentum,
        );
    }
}
