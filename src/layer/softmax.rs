//! From logits to probabilities.

use super::Layer;
use crate::plan::{Backward, Forward, Op, Plan};
use crate::scalar::Scalar;
use crate::shape::{Flat, Probabilities};
use crate::tensor::Lanes;

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

    fn forward(&self, Forward { y, x, .. }: Forward<'_, T>) {
        for (y, x) in y.chunks_mut(self.classes).zip(x.chunks(self.classes)) {
            softmax(y, x);
        }
    }

    fn backward(&self, Backward { dx, dy, y, .. }: Backward<'_, T>) {
        let Some(dx) = dx else { return };
        let tiles = dx.chunks_mut(self.classes).zip(dy.chunks(self.classes)).zip(y.chunks(self.classes));
        for ((dx, dy), y) in tiles {
            let mut dot = Lanes::zero();
            for (dy, y) in dy.iter().zip(y) {
                dot = dot.zip(dy.zip(*y, |dy, y| dy * y), |a, b| a + b);
            }
            for ((dx, dy), y) in dx.iter_mut().zip(dy).zip(y) {
                *dx = dy.zip(dot, |dy, dot| dy - dot).zip(*y, |d, y| d * y);
            }
        }
    }
}

/// Softmax of one tile. Returns log Σⱼ exp(xⱼ) of each lane.
pub(crate) fn softmax<T: Scalar>(y: &mut [Lanes<T>], x: &[Lanes<T>]) -> Lanes<T> {
    let mut largest = Lanes::splat(T::neg_infinity());
    for x in x {
        largest = largest.zip(*x, T::max);
    }
    let mut sum = Lanes::zero();
    for (y, x) in y.iter_mut().zip(x) {
        *y = x.zip(largest, |x, m| (x - m).exp());
        sum = sum.zip(*y, |a, b| a + b);
    }
    for y in y {
        *y = y.zip(sum, |e, s| e / s);
    }
    sum.zip(largest, |s, m| s.ln() + m)
}
