//! Losses: how far an output is from its target, and in which direction to go.

use crate::data::{Class, Target};
use crate::kernel::{values, values_mut};
use crate::layer::softmax;
use crate::scalar::Scalar;
use crate::shape::{Features, Flat, Probabilities, Shape};
use crate::tensor::{LANES, Lanes, Tensor};

/// The distance between an output of shape `Out` and a target, averaged over the samples of a batch.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit an output of shape `{Out}` and the data's targets",
    label = "the network gives `{Out}`"
)]
pub trait Loss<Out: Shape, Y: Target, T: Scalar>: Send + Sync {
    /// For one tile of outputs and its targets (at most one for each lane): returns the sum of the samples'
    /// losses, and writes to `dy` `scale` times their gradient by the output, zero in lanes without a sample.
    fn tile(&self, dy: &mut [Lanes<T>], y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64;
}

/// Labels that say which of the entries of an output of shape `Out` is right: as many classes as entries.
#[diagnostic::on_unimplemented(
    message = "targets of `{Self}` do not label an output of shape `{Out}`",
    label = "the network gives `{Out}`, the data has `{Self}`"
)]
pub trait LabelsOf<Out>: Target {
    /// The entry that is right.
    fn entry(&self) -> usize;
}

impl<const N: usize> LabelsOf<Flat<N>> for Class<N> {
    fn entry(&self) -> usize {
        self.index()
    }
}

impl<const N: usize> LabelsOf<Probabilities<N>> for Class<N> {
    fn entry(&self) -> usize {
        self.index()
    }
}

/// Cross-entropy on logits, with the softmax in it.
///
/// # Shapes
/// `Flat<N>` against `Class<N>`.
///
/// # Formula
/// −log softmax(y)_d = log Σⱼ exp(yⱼ) − y_d, computed without overflow; the gradient is softmax(y) − d, with
/// d the one-hot target (Bishop 2006, eq. 4.108–4.109).
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Chances: Flat<4> => Flat<3> {
///         fc: Dense { units: 3 },
///     }
/// }
/// let data: Dataset<Flat<4>, Class<3>> = [(Tensor::zeros(), Class::new(0)?)].into_iter().collect();
/// let trainer = Trainer::new(Chances::new(1), SoftmaxCrossEntropy, Sgd::new(0.1));
/// assert!((trainer.evaluate(&data)?.loss - 3_f64.ln()).abs() < 1e-6);
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct SoftmaxCrossEntropy;

impl<const N: usize, Y: LabelsOf<Flat<N>>, T: Scalar> Loss<Flat<N>, Y, T> for SoftmaxCrossEntropy {
    fn tile(&self, dy: &mut [Lanes<T>], y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        let log_sum = softmax(values_mut(dy).as_chunks_mut::<LANES>().0, values(y).as_chunks().0);
        let mut loss = 0.0;
        for (lane, target) in targets.iter().enumerate() {
            loss += (log_sum[lane] - y[target.entry()].0[lane]).as_f64();
            dy[target.entry()].0[lane] -= T::one();
        }
        for dy in dy {
            for (lane, dy) in dy.0.iter_mut().enumerate() {
                *dy = if lane < targets.len() { *dy * scale } else { T::zero() };
            }
        }
        loss
    }
}

/// Cross-entropy behind a [`Softmax`](crate::layer::Softmax) layer.
///
/// # Shapes
/// `Probabilities<N>` against `Class<N>`.
///
/// # Formula
/// −log y_d, with gradient −1/y_d at d. Probabilities below the smallest normal number count as that number, so
/// that a confident mistake costs much and not infinity.
#[derive(Clone, Copy, Default, Debug)]
pub struct CrossEntropy;

impl<const N: usize, Y: LabelsOf<Probabilities<N>>, T: Scalar> Loss<Probabilities<N>, Y, T> for CrossEntropy {
    fn tile(&self, dy: &mut [Lanes<T>], y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        dy.fill(Lanes::zero());
        let mut loss = 0.0;
        for (lane, target) in targets.iter().enumerate() {
            // A NaN stays one: `max` would hide it.
            let p = y[target.entry()].0[lane];
            let p = if p < T::min_positive_value() { T::min_positive_value() } else { p };
            loss -= p.ln().as_f64();
            dy[target.entry()].0[lane] = -scale / p;
        }
        loss
    }
}

/// Targets that have a value for each entry of an output of shape `Out`.
#[diagnostic::on_unimplemented(
    message = "targets of `{Self}` have no value for each entry of an output of shape `{Out}`",
    label = "the network gives `{Out}`, the data has `{Self}`"
)]
pub trait ValuesOf<Out, T>: Target {
    /// The values, in the output's order.
    fn values(&self) -> &[T];
}

impl<S: Shape, T: Scalar> ValuesOf<S, T> for Tensor<S, T> {
    fn values(&self) -> &[T] {
        self.as_slice()
    }
}

/// Mean squared error.
///
/// # Shapes
/// Any shape S against `Tensor<S>`.
///
/// # Formula
/// Σᵢ (yᵢ − dᵢ)² / n over the n values of a sample, averaged over the batch (PyTorch's and Keras's mean); the
/// gradient is 2·(y − d) / n.
#[derive(Clone, Copy, Default, Debug)]
pub struct MeanSquaredError;

impl<S: Features, Y: ValuesOf<S, T>, T: Scalar> Loss<S, Y, T> for MeanSquaredError {
    fn tile(&self, dy: &mut [Lanes<T>], y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        dy.fill(Lanes::zero());
        let count = T::of(S::LEN as f64);
        let mut loss = 0.0;
        for (lane, target) in targets.iter().enumerate() {
            let mut sum = T::zero();
            for ((dy, y), d) in dy.iter_mut().zip(y).zip(target.values()) {
                let difference = y.0[lane] - *d;
                sum += difference * difference;
                dy.0[lane] = scale * T::of(2.0) * difference / count;
            }
            loss += (sum / count).as_f64();
        }
        loss
    }
}
