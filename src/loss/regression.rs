//! Losses for regression.

use super::{Loss, mean_over_values};
use crate::data::Target;
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::{Features, Shape};
use crate::tensor::{Lanes, Tensor};

/// Targets with a value for each entry of an output of shape `Out`.
#[diagnostic::on_unimplemented(
    message = "targets of `{Self}` have no value for each entry of an output of shape `{Out}`",
    label = "the network gives `{Out}`, the data has `{Self}`"
)]
pub trait ValuesOf<Out, T>: Target {
    /// The values, in the order of the output.
    fn values(&self) -> &[T];
}

impl<S: Shape, T: Scalar> ValuesOf<S, T> for Tensor<S, T> {
    fn values(&self) -> &[T] {
        self.as_slice()
    }
}

/// Mean squared error.
///
/// In PyTorch: `nn.MSELoss()`. In Keras: `MeanSquaredError()`.
///
/// # Shapes
/// Any shape S against `Tensor<S>`.
///
/// # Formula
/// Σᵢ (yᵢ − dᵢ)² / n over the n values of a sample, averaged over the batch; the
/// gradient is 2·(y − d) / n.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Line: Flat<1> => Flat<2> {
///         fc: Dense { units: 2 },
///     }
/// }
/// let data: Dataset<_, _> = [(Tensor::from([0.0]), Tensor::from([3.0, -1.0]))].into_iter().collect();
/// let trainer = Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(0.1));
/// assert_eq!(trainer.loss_and_accuracy(&data)?.loss, 5.0);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("MSELoss", "mse_loss"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct MeanSquaredError;

impl<S: Features, Y: ValuesOf<S, T>, T: Scalar> Loss<S, Y, T> for MeanSquaredError {
    fn tile(&self, dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        let loss = |y: T, d: T| (y - d) * (y - d);
        let slope = |y: T, d: T| T::of(2.0) * (y - d);
        mean_over_values(dy, y, targets, scale, |target, i| target.values()[i], loss, slope)
    }
}

/// Mean absolute error, which outliers affect less than the squared error.
///
/// In PyTorch: `nn.L1Loss()`. In Keras: `MeanAbsoluteError()`.
///
/// # Shapes
/// Any shape S against `Tensor<S>`.
///
/// # Formula
/// Σᵢ |yᵢ − dᵢ| / n over the n values of a sample, averaged over the batch; the gradient is sign(y − d) / n, and 0
/// where y = d.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Line: Flat<1> => Flat<2> {
///         fc: Dense { units: 2 },
///     }
/// }
/// let data: Dataset<_, _> = [(Tensor::from([0.0]), Tensor::from([3.0, -1.0]))].into_iter().collect();
/// let trainer = Trainer::new(Line::new(1), MeanAbsoluteError, Sgd::new(0.1));
/// assert_eq!(trainer.loss_and_accuracy(&data)?.loss, 2.0);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("L1Loss", "l1_loss"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct MeanAbsoluteError;

impl<S: Features, Y: ValuesOf<S, T>, T: Scalar> Loss<S, Y, T> for MeanAbsoluteError {
    fn tile(&self, dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        let loss = |y: T, d: T| (y - d).abs();
        let slope = |y: T, d: T| if y == d { T::zero() } else { (y - d).signum() };
        mean_over_values(dy, y, targets, scale, |target, i| target.values()[i], loss, slope)
    }
}

/// The Huber loss: quadratic for differences up to δ, linear beyond (Huber 1964).
///
/// In PyTorch: `nn.HuberLoss(delta=δ)`. In Keras: `Huber(delta=δ)`.
///
/// # Shapes
/// Any shape S against `Tensor<S>`.
///
/// # Formula
/// With e = y − d: e² / 2 where |e| ≤ δ, else δ·(|e| − δ/2); the mean over the n values of a sample, averaged over the
/// batch. The gradient is e / n, limited to ±δ / n.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Line: Flat<1> => Flat<2> {
///         fc: Dense { units: 2 },
///     }
/// }
/// let data: Dataset<_, _> = [(Tensor::from([0.0]), Tensor::from([3.0, -1.0]))].into_iter().collect();
/// let trainer = Trainer::new(Line::new(1), Huber::new(2.0)?, Sgd::new(0.1));
/// assert_eq!(trainer.loss_and_accuracy(&data)?.loss, (2.0 * (3.0 - 1.0) + 0.5) / 2.0);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("HuberLoss", "SmoothL1Loss"))]
#[derive(Clone, Copy, Debug)]
pub struct Huber {
    delta: f64,
}

impl Huber {
    /// The Huber loss with this δ, in the unit of the values.
    ///
    /// # Errors
    /// [`Error::Argument`] unless δ is finite and above 0.
    pub fn new(delta: f64) -> Result<Self, Error> {
        if !(delta > 0.0 && delta.is_finite()) {
            return Err(Error::argument("delta", "a finite number above 0", delta));
        }
        Ok(Huber { delta })
    }
}

/// The Huber loss with δ = 1.
impl Default for Huber {
    fn default() -> Self {
        Huber { delta: 1.0 }
    }
}

impl<S: Features, Y: ValuesOf<S, T>, T: Scalar> Loss<S, Y, T> for Huber {
    fn tile(&self, dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        let (delta, half) = (T::of(self.delta), T::of(0.5));
        let loss = |y: T, d: T| {
            let difference = y - d;
            let distance = difference.abs();
            if distance <= delta { half * difference * difference } else { delta * (distance - half * delta) }
        };
        let slope = |y: T, d: T| {
            let difference = y - d;
            if difference.abs() <= delta { difference } else { difference.clamp(-delta, delta) }
        };
        mean_over_values(dy, y, targets, scale, |target, i| target.values()[i], loss, slope)
    }
}
