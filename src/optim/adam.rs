//! Adam, and Adam with decoupled weight decay.

use super::{Optimizer, Update, refuse_negative, refuse_unless_positive, refuse_unless_rate};
use crate::error::Error;
use crate::kernel::{Isa, update};
use crate::plan::Role;
use crate::scalar::{Scalar, compiled};

/// Adam: steps along a running mean of the gradient, divided by a running root mean square of it.
///
/// In PyTorch: `optim.Adam(lr=0.001)`. In Keras: `Adam(learning_rate=0.001)`, with an ε of 10⁻⁷.
///
/// # Formula
/// m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², θ ← θ − η·m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ) and
/// v̂ = v / (1 − β₂ᵗ) in step t (Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1).
/// The defaults are PyTorch's: β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸. PyTorch's default learning rate is 0.001.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::optim::{Optimizer, Update};
/// let (mut params, mut state) = ([1.0_f64, 1.0], [0.0; 4]);
/// Adam::new(0.1).step(Update::new(&mut params, &[5.0, -0.01], &mut state, 1));
/// // The size of the first step is η for any gradient.
/// assert!((params[0] - 0.9).abs() < 1e-6 && (params[1] - 1.1).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Adam {
    learning_rate: f64,
    betas: [f64; 2],
    epsilon: f64,
}

impl Adam {
    /// Adam with this learning rate, β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸.
    pub fn new(learning_rate: f64) -> Self {
        Adam { learning_rate, betas: [0.9, 0.999], epsilon: 1e-8 }
    }

    /// Sets β₁ and β₂, the decay rates of the mean and of the mean of squares, each at least 0 and less than 1.
    #[doc(alias("beta_1", "beta_2"))]
    pub fn betas(self, beta1: f64, beta2: f64) -> Self {
        Adam { betas: [beta1, beta2], ..self }
    }

    /// Sets ε > 0, which is added to √v̂.
    #[doc(alias = "eps")]
    pub fn epsilon(self, epsilon: f64) -> Self {
        Adam { epsilon, ..self }
    }

    /// Multiplies the parameters by 1 − rate·decay, then takes a step.
    fn step_with_decay<T: Scalar>(&self, update: Update<'_, T>, decay: f64) {
        T::compiled::<Step>((self, update, decay));
    }
}

compiled! {
    /// The step: (optimiser, parameters, weight decay).
    Step<'a, T>((&'a Adam, Update<'a, T>, f64)) -> () = step
}

fn step<T: Scalar>((adam, update, decay): (&Adam, Update<'_, T>, f64)) {
    let Update { params, gradient, state, factor, step, .. } = update;
    let rate = factor * adam.learning_rate;
    let unbiased = adam.betas.map(|beta| 1.0 - beta.powf(step as f64));
    let (mean, square) = state.split_at_mut(params.len());
    update::adam_step(
        Isa::best(),
        params,
        mean,
        square,
        gradient,
        T::of(rate / unbiased[0]),
        adam.betas.map(|beta| [beta, 1.0 - beta].map(T::of)),
        T::of(1.0 / unbiased[1].sqrt()),
        T::of(adam.epsilon),
        T::of(1.0 - rate * decay),
    );
}

impl Optimizer for Adam {
    fn name(&self) -> String {
        "Adam".into()
    }

    fn state_per_param(&self) -> usize {
        2
    }

    fn check(&self) -> Result<(), Error> {
        refuse_unless_positive("learning rate", self.learning_rate)?;
        refuse_unless_rate("beta 1", self.betas[0])?;
        refuse_unless_rate("beta 2", self.betas[1])?;
        refuse_unless_positive("epsilon", self.epsilon)
    }

    fn step<T: Scalar>(&self, update: Update<'_, T>) {
        self.step_with_decay(update, 0.0);
    }
}

/// [`Adam`] with decoupled weight decay, which shrinks weights directly instead of through the gradient.
///
/// In PyTorch: `optim.AdamW(lr=0.001)`. In Keras: `AdamW(learning_rate=0.001)`, with an ε of 10⁻⁷ and a weight decay of
/// 0.004.
///
/// # Formula
/// θ ← θ − η·λ·θ, and then Adam's step, with the weight decay λ (Loshchilov & Hutter 2019, "Decoupled weight decay
/// regularization", algorithm 2). The default is λ = 0.01; the other defaults are those of Adam, as in PyTorch.
///
/// Only weights decay: biases take Adam's step. PyTorch's `AdamW` does the same if biases are a group of parameters with a
/// `weight_decay` of 0.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::optim::{Optimizer, Update};
/// use convnet::plan::Role;
/// let adam_w = AdamW::new(0.1).weight_decay(0.5);
/// for (role, expected) in [(Role::Weight, 2.0 - 0.1 * 0.5 * 2.0), (Role::Bias, 2.0)] {
///     let (mut params, mut state) = ([2.0_f64], [0.0; 2]);
///     let mut update = Update::new(&mut params, &[0.0], &mut state, 1);
///     update.role = role;
///     adam_w.step(update);
///     assert!((params[0] - expected).abs() < 1e-12);
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AdamW {
    adam: Adam,
    weight_decay: f64,
}

impl AdamW {
    /// AdamW with this learning rate, a weight decay of 0.01, β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸.
    pub fn new(learning_rate: f64) -> Self {
        AdamW { adam: Adam::new(learning_rate), weight_decay: 0.01 }
    }

    /// Sets the weight decay λ ≥ 0: a step takes λ times the learning rate of each weight away.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        AdamW { weight_decay, ..self }
    }

    /// Sets β₁ and β₂, as [`Adam::betas`].
    pub fn betas(self, beta1: f64, beta2: f64) -> Self {
        AdamW { adam: self.adam.betas(beta1, beta2), ..self }
    }

    /// Sets ε, as [`Adam::epsilon`].
    pub fn epsilon(self, epsilon: f64) -> Self {
        AdamW { adam: self.adam.epsilon(epsilon), ..self }
    }
}

impl Optimizer for AdamW {
    fn name(&self) -> String {
        "AdamW".into()
    }

    fn state_per_param(&self) -> usize {
        self.adam.state_per_param()
    }

    fn check(&self) -> Result<(), Error> {
        self.adam.check()?;
        refuse_negative("weight decay", self.weight_decay)
    }

    fn step<T: Scalar>(&self, update: Update<'_, T>) {
        let decay = if update.role == Role::Weight { self.weight_decay } else { 0.0 };
        self.adam.step_with_decay(update, decay);
    }
}
