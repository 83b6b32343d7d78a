//! Floating-point numbers: what tensors and kernels need to know of `f32` and `f64`.

use std::fmt::{Debug, Display};
use std::iter::Sum;

use num_traits::{Float, FromBytes, NumAssign, ToBytes};

/// A floating-point number: `f32` or `f64`. Code that builds or runs networks asks for a
/// [`Scalar`](crate::Scalar), which is a `Number` with kernels.
pub trait Number:
    Float
    + NumAssign
    + ToBytes
    + FromBytes<Bytes = <Self as ToBytes>::Bytes>
    + Sum
    + Default
    + Debug
    + Display
    + Send
    + Sync
    + 'static
{
    /// The nearest value of this type.
    fn of(value: f64) -> Self;

    /// This value as an `f64`, exactly.
    fn as_f64(self) -> f64;

    /// The complementary error function, 1 − erf(x).
    fn erfc(self) -> Self;
}

impl Number for f32 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn as_f64(self) -> f64 {
        f64::from(self)
    }

    fn erfc(self) -> Self {
        libm::erfcf(self)
    }
}

impl Number for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn as_f64(self) -> f64 {
        self
    }

    fn erfc(self) -> Self {
        libm::erfc(self)
    }
}
