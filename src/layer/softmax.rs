//! Probabilities and log probabilities from logits.

use super::Layer;
use crate::kernel::{tiles, tiles_mut, with_lanes};
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Op, Plan, Reads};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Flat, LogProbabilities, Probabilities};

/// Probabilities from logits: each is exp(xᵢ) over the sum of all.
///
/// In PyTorch: `nn.Softmax(1)`. In Keras: `Softmax()`.
///
/// For training prefer logits with [`SoftmaxCrossEntropy`](struct@crate::loss::SoftmaxCrossEntropy), which is this
/// layer and [`ProbabilityCrossEntropy`](crate::loss::ProbabilityCrossEntropy) in one, and is more exact.
///
/// # Shapes
/// `Flat<N>` → `Probabilities<N>`, after which only a loss fits.
///
/// # Formula
/// yᵢ = exp(xᵢ − max x) / Σⱼ exp(xⱼ − max x); dxᵢ = yᵢ · (dyᵢ − Σⱼ dyⱼ·yⱼ). The largest logit is subtracted
/// first, so that nothing overflows.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Chances: Flat<2> => Probabilities<2> {
///         softmax: Softmax,
///     }
/// }
/// let x = Tensor::<Flat<2>>::from_slice(&[10_000.0, 10_000.0])?;
/// let y = Chances::new(1).infer(&Batch::from_iter([x]));
/// assert_eq!(y.sample(0).as_slice(), [0.5, 0.5]);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "nn.Softmax")]
#[derive(Clone, Copy, Default, Debug)]
pub struct Softmax;

impl<const N: usize, T: Scalar> Layer<Flat<N>, T> for Softmax {
    type Out = Probabilities<N>;
    fn add_to(&self, plan: &mut Plan<T>) {
        plan.add_builtin::<Flat<N>, Self>(SoftmaxOp { classes: N });
    }
}

struct SoftmaxOp {
    classes: usize,
}

builtin!(SoftmaxOp);

impl<T: Scalar> Op<T> for SoftmaxOp {
    fn describe(&self) -> String {
        "Softmax".into()
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        Some(vec![Node::new("Softmax", [Operand::Input]).with("axis", 1)])
    }

    fn reads(&self) -> Reads {
        Reads::Y
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
        let len = self.classes;
        with_lanes!(pass.exec.lanes, N => {
            let (y, x) = (tiles_mut::<T, N>(y, len), tiles::<T, N>(x, len));
            for (y, x) in y.chunks_mut(len).zip(x.chunks(len)) {
                softmax(y, x);
            }
        });
    }

    fn backward(&self, Backward { dx, dy, y, pass, .. }: Backward<'_, T>) {
        let (Some(dx), len) = (dx, self.classes) else { return };
        with_lanes!(pass.exec.lanes, N => {
            let [dy, y] = [dy, y].map(|entries| tiles::<T, N>(entries, len));
            for ((dx, dy), y) in tiles_mut::<T, N>(dx, len).chunks_mut(len).zip(dy.chunks(len)).zip(y.chunks(len)) {
                for l in 0..N {
                    let dot = dy.iter().zip(y).map(|(dy, y)| dy[l] * y[l]).sum::<T>();
                    for ((dx, dy), y) in dx.iter_mut().zip(dy).zip(y) {
                        dx[l] = (dy[l] - dot) * y[l];
                    }
                }
            }
        });
    }
}

/// The logarithms of [`Softmax`]'s probabilities. They are finite even if a probability underflows to 0.
///
/// In PyTorch: `nn.LogSoftmax(1)`. In Keras: `activation="log_softmax"`.
///
/// Followed by [`NegativeLogLikelihood`](crate::loss::NegativeLogLikelihood), it computes the same as
/// [`SoftmaxCrossEntropy`](struct@crate::loss::SoftmaxCrossEntropy).
///
/// # Shapes
/// `Flat<N>` → `LogProbabilities<N>`, after which only a loss fits.
///
/// # Formula
/// yᵢ = xᵢ − max x − log Σⱼ exp(xⱼ − max x); dxᵢ = dyᵢ − exp(yᵢ) · Σⱼ dyⱼ.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Chances: Flat<2> => LogProbabilities<2> {
///         log_softmax: LogSoftmax,
///     }
/// }
/// let y = Chances::new(1).infer(&Batch::from_iter([Tensor::from([0.0, -10_000.0])]));
/// assert_eq!(y.sample(0).as_slice(), [0.0, -10_000.0]);
/// ```
#[doc(alias("log_softmax", "nn.LogSoftmax"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct LogSoftmax;

impl<const N: usize, T: Scalar> Layer<Flat<N>, T> for LogSoftmax {
    type Out = LogProbabilities<N>;
    fn add_to(&self, plan: &mut Plan<T>) {
        plan.add_builtin::<Flat<N>, Self>(LogSoftmaxOp { classes: N });
    }
}

struct LogSoftmaxOp {
    classes: usize,
}

builtin!(LogSoftmaxOp);

impl<T: Scalar> Op<T> for LogSoftmaxOp {
    fn describe(&self) -> String {
        "LogSoftmax".into()
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        Some(vec![Node::new("LogSoftmax", [Operand::Input]).with("axis", 1)])
    }

    fn reads(&self) -> Reads {
        Reads::Y
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
        let len = self.classes;
        with_lanes!(pass.exec.lanes, N => {
            let (y, x) = (tiles_mut::<T, N>(y, len), tiles::<T, N>(x, len));
            for (y, x) in y.chunks_mut(len).zip(x.chunks(len)) {
                for l in 0..N {
                    let (largest, sum) = exponentials(y, x, l);
                    let log = sum.ln();
                    for (y, x) in y.iter_mut().zip(x) {
                        // The two large ones first: their difference is exact.
                        y[l] = (x[l] - largest) - log;
                    }
                }
            }
        });
    }

    fn backward(&self, Backward { dx, dy, y, pass, .. }: Backward<'_, T>) {
        let (Some(dx), len) = (dx, self.classes) else { return };
        with_lanes!(pass.exec.lanes, N => {
            let [dy, y] = [dy, y].map(|entries| tiles::<T, N>(entries, len));
            for ((dx, dy), y) in tiles_mut::<T, N>(dx, len).chunks_mut(len).zip(dy.chunks(len)).zip(y.chunks(len)) {
                for l in 0..N {
                    let sum = dy.iter().map(|dy| dy[l]).sum::<T>();
                    for ((dx, dy), y) in dx.iter_mut().zip(dy).zip(y) {
                        dx[l] = dy[l] - y[l].exp() * sum;
                    }
                }
            }
        });
    }
}

/// Softmax of one tile. Returns, for each lane, max x and log Σⱼ exp(xⱼ − max x).
pub(crate) fn softmax<T: Scalar, const N: usize>(y: &mut [[T; N]], x: &[[T; N]]) -> [(T, T); N] {
    std::array::from_fn(|l| {
        let (largest, sum) = exponentials(y, x, l);
        for y in y.iter_mut() {
            y[l] /= sum;
        }
        (largest, sum.ln())
    })
}

/// In one lane, writes exp(xᵢ − max x) to y; returns max x and the sum of the values written.
#[inline(always)]
fn exponentials<T: Scalar, const N: usize>(y: &mut [[T; N]], x: &[[T; N]], l: usize) -> (T, T) {
    let largest = x.iter().map(|x| x[l]).fold(T::neg_infinity(), T::max);
    let mut sum = T::zero();
    for (y, x) in y.iter_mut().zip(x) {
        y[l] = (x[l] - largest).exp();
        sum += y[l];
    }
    (largest, sum)
}
