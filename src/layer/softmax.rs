//! From logits to probabilities.

use super::Layer;
use crate::kernel::{tiles, tiles_mut, with_lanes};
use crate::plan::{Backward, Forward, Op, Plan};
use crate::scalar::Scalar;
use crate::shape::{Flat, Probabilities};

/// Probabilities from logits: each is exp(xᵢ) over the sum of all.
///
/// For training prefer logits with [`SoftmaxCrossEntropy`](crate::loss::SoftmaxCrossEntropy), which is this
/// layer and [`CrossEntropy`](crate::loss::CrossEntropy) in one, and more exact.
///
/// # Shapes
/// `Flat<N>` → `Probabilities<N>`, behind which only a loss fits.
///
/// # Formula
/// yᵢ = exp(xᵢ − max x) / Σⱼ exp(xⱼ − max x); dxᵢ = yᵢ · (dyᵢ − Σⱼ dyⱼ·yⱼ). The largest logit is taken off
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
#[derive(Clone, Copy, Default, Debug)]
pub struct Softmax;

impl<const N: usize, T: Scalar> Layer<Flat<N>, T> for Softmax {
    type Out = Probabilities<N>;
    fn add_to(&self, plan: &mut Plan<T>) {
        plan.add::<Flat<N>, Self>(SoftmaxOp { classes: N });
    }
}

struct SoftmaxOp {
    classes: usize,
}

impl<T: Scalar> Op<T> for SoftmaxOp {
    fn describe(&self) -> String {
        "Softmax".into()
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

/// Softmax of one tile. Returns log Σⱼ exp(xⱼ) of each lane.
pub(crate) fn softmax<T: Scalar, const N: usize>(y: &mut [[T; N]], x: &[[T; N]]) -> [T; N] {
    let mut logs = [T::zero(); N];
    for (l, log) in logs.iter_mut().enumerate() {
        let largest = x.iter().map(|x| x[l]).fold(T::neg_infinity(), T::max);
        let mut sum = T::zero();
        for (y, x) in y.iter_mut().zip(x) {
            y[l] = (x[l] - largest).exp();
            sum += y[l];
        }
        for y in y.iter_mut() {
            y[l] /= sum;
        }
        *log = sum.ln() + largest;
    }
    logs
}
