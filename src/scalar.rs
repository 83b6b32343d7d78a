//! The numbers a network is made of: `f32` and `f64`.

use std::fmt::{Debug, Display};
use std::iter::Sum;

use num_traits::{Float, FromBytes, NumAssign, ToBytes};

use crate::engine::Engine;
use crate::kernel::simd::Vectorized;

/// A floating-point number: `f32` for training and inference, `f64` for checking gradients.
///
/// ```
/// use convnet::Scalar;
/// fn half<T: Scalar>(x: T) -> T {
///     x * T::of(0.5)
/// }
/// assert_eq!(half(3.0_f32), 1.5);
/// ```
pub trait Scalar:
    Vectorized
    + Engine
    + Float
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

impl Scalar for f32 {
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

impl Scalar for f64 {
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
