//! Rectifiers that a pass applies to what it writes, so that they take no pass of their own.

use super::Vectorized;
use super::simd::Simd;
use crate::number::Number;

/// A rectifier at the end of a pass. Its slope is known from its output, so that its input need not be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rectifier {
    /// max(v, 0).
    Relu,
    /// min(max(v, 0), 6).
    Relu6,
}

impl Rectifier {
    /// The rectified number; NaN stays NaN.
    #[inline(always)]
    pub(crate) fn of<T: Number>(self, v: T) -> T {
        let most = T::of(6.0);
        match self {
            Rectifier::Relu6 if v > most => most,
            _ if v > T::zero() || v.is_nan() => v,
            _ => T::zero(),
        }
    }

    /// `dx` where the slope is 1, else 0; `x` is the rectifier's input or its output.
    #[inline(always)]
    pub(crate) fn backward<T: Number>(self, dx: T, x: T) -> T {
        if x > T::zero() && (self == Rectifier::Relu || x < T::of(6.0)) { dx } else { T::zero() }
    }

    /// As [`Rectifier::of`], for each number of a vector.
    #[inline(always)]
    pub(crate) fn of_vector<T: Vectorized, S: Simd<T>>(self, simd: S, v: S::V) -> S::V {
        let v = simd.relu(v);
        match self {
            Rectifier::Relu => v,
            Rectifier::Relu6 => simd.min(v, simd.splat(T::of(6.0))),
        }
    }

    /// As [`Rectifier::backward`], for each number of a vector.
    #[inline(always)]
    pub(crate) fn backward_of_vector<T: Vectorized, S: Simd<T>>(self, simd: S, dx: S::V, x: S::V) -> S::V {
        let dx = simd.relu_backward(dx, x);
        match self {
            Rectifier::Relu => dx,
            Rectifier::Relu6 => simd.relu_backward(dx, simd.sub(simd.splat(T::of(6.0)), x)),
        }
    }
}
