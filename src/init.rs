//! Initialisation of parameters.

use rand::RngExt;

use crate::plan::{Param, Role};
use crate::random::{self, purpose};
use crate::scalar::Scalar;

/// A rule for the random initial parameters of a network. `fan_in` is the number of inputs of one output, `fan_out` the
/// number of outputs of one input.
///
/// The rule applies to weights and biases. As in PyTorch, factors of a channel start at 1, its offsets at 0, and running
/// statistics at the values that their layer sets.
///
/// In PyTorch: `torch.nn.init`. In Keras: `keras.initializers`.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::model::LeNet5;
/// let net = LeNet5::with_init(Init::XavierUniform, 1);
/// let bound = (6.0_f32 / (400.0 + 120.0)).sqrt();
/// assert!(net.fc1().weight().as_flattened().iter().all(|w| w.abs() <= bound));
/// assert_eq!(net.fc1().bias(), &[0.0; 120]);
/// ```
#[doc(alias("initializer", "kernel_initializer"))]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Init {
    /// Weights uniform in ±√(6 / fan_in), biases 0: preserves the variance of signals through ReLU layers
    /// (He et al. 2015, "Delving deep into rectifiers", eq. 10). The default.
    ///
    /// In PyTorch: `kaiming_uniform_`. In Keras: `HeUniform`.
    #[doc(alias = "kaiming_uniform_")]
    #[default]
    HeUniform,
    /// Weights normal with standard deviation √(2 / fan_in), biases 0 (He et al. 2015, eq. 10).
    ///
    /// In PyTorch: `kaiming_normal_`. In Keras: `HeNormal`, which truncates the distribution.
    #[doc(alias = "kaiming_normal_")]
    HeNormal,
    /// Weights uniform in ±√(6 / (fan_in + fan_out)), biases 0: for sigmoid and tanh layers
    /// (Glorot & Bengio 2010, eq. 16).
    ///
    /// In PyTorch: `xavier_uniform_`. In Keras: `GlorotUniform`.
    #[doc(alias("xavier_uniform_", "GlorotUniform"))]
    XavierUniform,
    /// Weights normal with standard deviation √(2 / (fan_in + fan_out)), biases 0 (Glorot & Bengio 2010, eq. 12).
    ///
    /// In PyTorch: `xavier_normal_`. In Keras: `GlorotNormal`, which truncates the distribution.
    #[doc(alias("xavier_normal_", "GlorotNormal"))]
    XavierNormal,
    /// Weights and biases uniform in ±1/√fan_in, PyTorch's default for convolutions and linear layers.
    PyTorch,
    /// Weights and biases 0. A network with a hidden layer cannot learn from this start.
    Zeros,
}

impl Init {
    /// Fills a parameter tensor with random numbers that depend on the seed and on its place in the network.
    pub(crate) fn fill<T: Scalar>(self, values: &mut [T], param: &Param, seed: u64, place: [u64; 2]) {
        let start = param.start.or(match param.role {
            Role::Weight | Role::Bias => None,
            Role::Scale => Some(1.0),
            Role::Shift | Role::Buffer { .. } => Some(0.0),
        });
        if let Some(start) = start {
            return values.fill(T::of(start));
        }
        let (fan_in, fan_out) = (param.fan_in as f64, param.fan_out as f64);
        let mut rng = random::keyed(seed, &[purpose::INIT, place[0], place[1]]);
        let mut uniform = |bound: f64| T::of(bound * (2.0 * rng.random::<f64>() - 1.0));
        let weight = param.role == Role::Weight;
        match self {
            Init::HeUniform if weight => values.fill_with(|| uniform((6.0 / fan_in).sqrt())),
            Init::XavierUniform if weight => values.fill_with(|| uniform((6.0 / (fan_in + fan_out)).sqrt())),
            Init::PyTorch => values.fill_with(|| uniform(1.0 / fan_in.sqrt())),
            Init::HeNormal if weight => values.fill_with(|| T::of((2.0 / fan_in).sqrt() * normal(&mut rng))),
            Init::XavierNormal if weight => {
                values.fill_with(|| T::of((2.0 / (fan_in + fan_out)).sqrt() * normal(&mut rng)));
            }
            _ => values.fill(T::zero()),
        }
    }
}

/// A random number from the standard normal distribution (Box & Muller 1958).
pub(crate) fn normal(rng: &mut random::Generator) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
