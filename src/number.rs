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

    /// e to the power of this number. In `f32` it is a polynomial without branches, which the compiler vectorises, within two
    /// units in the last place (Cody & Waite 1980, "Software Manual for the Elementary Functions"); in `f64` it is
    /// [`Float::exp`].
    fn fast_exp(self) -> Self;
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

    #[inline(always)]
    fn fast_exp(self) -> Self {
        // Whole numbers, if it is added to numbers that are much smaller.
        const WHOLE: f32 = 12_582_912.0;
        // log 2 as a sum, of which the first term has few digits, so that its multiples are exact.
        const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];
        // (exp(r) − 1 − r) / r² for |r| ≤ log(2) / 2, from the highest power down (Moshier's Cephes library).
        const POLYNOMIAL: [f32; 6] =
            [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.500_000_1];
        // Beyond these numbers the result is 0 or infinite.
        let x = self.clamp(-104.0, 89.0);
        // x = n·log(2) + r.
        let shifted = x * std::f32::consts::LOG2_E + WHOLE;
        let n = shifted - WHOLE;
        let r = x - n * LN_2[0] - n * LN_2[1];
        let mut sum = POLYNOMIAL[0];
        for coefficient in &POLYNOMIAL[1..] {
            sum = sum * r + coefficient;
        }
        // 2ⁿ as two factors, neither of which is too large or too small for its exponent.
        let n = shifted.to_bits().wrapping_sub(WHOLE.to_bits()) as i32;
        let power = |n: i32| f32::from_bits((n.wrapping_add(127) << 23) as u32);
        (sum * (r * r) + r + 1.0) * power(n >> 1) * power(n.wrapping_sub(n >> 1))
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

    #[inline(always)]
    fn fast_exp(self) -> Self {
        self.exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_exp_is_exact_to_two_units_in_the_last_place() {
        let mut worst: f64 = 0.0;
        for i in -1_040_000..890_000 {
            let x = i as f32 * 1e-4;
            let (found, exact) = (x.fast_exp(), f64::from(x).exp());
            // Below the smallest normal number neighbours have a fixed distance.
            let unit = (exact * f64::from(f32::EPSILON)).max(2.0_f64.powi(-149));
            if exact <= f64::from(f32::MAX) {
                worst = worst.max((f64::from(found) - exact).abs() / unit);
            } else {
                assert!(found.is_infinite(), "exp({x}) is {found}");
            }
        }
        assert!(worst < 2.0, "{worst} units");
        assert_eq!([0.0, f32::NEG_INFINITY, f32::INFINITY].map(f32::fast_exp), [1.0, 0.0, f32::INFINITY]);
        assert!(f32::NAN.fast_exp().is_nan());
    }
}
