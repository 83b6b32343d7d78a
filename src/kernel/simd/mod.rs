//! Vectors of each instruction set.
//!
//! An algorithm is written once, over [`Simd`], and compiled once for each instruction set. A value of
//! [`Avx512`] or [`Avx2`] proves that the processor has it, because it can only be made by detecting it.

#[cfg(target_arch = "x86_64")]
mod x86;

use super::Isa;
use crate::number::Number;

/// Vectors of `T` on one instruction set.
pub trait Simd<T>: Copy + Send + Sync + 'static {
    /// A register of values.
    type V: Copy;
    /// Some of a register's values.
    type Mask: Copy;
    /// Values in a register.
    const WIDTH: usize;
    /// Registers that the instruction set has.
    const REGISTERS: usize;

    /// A vector with the same value in every place.
    fn splat(self, value: T) -> Self::V;

    /// Loads `WIDTH` values.
    ///
    /// # Safety
    /// `from` is valid for reading `WIDTH` values; it need not be aligned to more than `T`.
    unsafe fn load(self, from: *const T) -> Self::V;

    /// Stores `WIDTH` values.
    ///
    /// # Safety
    /// `to` is valid for writing `WIDTH` values; it need not be aligned to more than `T`.
    unsafe fn store(self, to: *mut T, v: Self::V);

    /// The values from `start` to `end`, exclusive, of a register.
    fn mask(self, start: usize, end: usize) -> Self::Mask;

    /// Loads the values of a mask; the others are zero.
    ///
    /// # Safety
    /// `from` is valid for reading the values of the mask.
    unsafe fn load_masked(self, from: *const T, mask: Self::Mask) -> Self::V;

    /// Stores the values of a mask.
    ///
    /// # Safety
    /// `to` is valid for writing the values of the mask.
    unsafe fn store_masked(self, to: *mut T, mask: Self::Mask, v: Self::V);

    /// The first, third, fifth, … value of `a` and then of `b`.
    fn every_second(self, a: Self::V, b: Self::V) -> Self::V;

    /// Prefetches the cache line at this address, which need not be valid.
    #[inline(always)]
    fn prefetch(self, _: *const T) {}

    /// Both unchanged. To the compiler they are new, so that it computes the vector before it reads at the offset.
    #[inline(always)]
    fn in_order(self, v: Self::V, offset: usize) -> (Self::V, usize) {
        (v, offset)
    }

    /// a · b + c, fused if the processor can.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;

    /// a + b.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;

    /// a − b.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;

    /// max(v, 0); NaN stays NaN.
    fn relu(self, v: Self::V) -> Self::V;

    /// The lesser of each two; NaN in `v` stays NaN.
    fn min(self, v: Self::V, most: Self::V) -> Self::V;

    /// `dx` where `x` is positive, zero elsewhere.
    fn relu_backward(self, dx: Self::V, x: Self::V) -> Self::V;

    /// The sum of the values, always in the same order.
    fn sum(self, v: Self::V) -> T;
}

/// An algorithm for any instruction set. `run` and all that it calls are `#[inline(always)]`, so that they are compiled
/// inside the function with the target feature.
pub trait Kernel<T> {
    /// The result.
    type Output;

    /// Runs the algorithm.
    fn run<S: Simd<T>>(self, simd: S) -> Self::Output;
}

/// A scalar with vectors on every instruction set.
///
/// Implemented by `f32` and `f64` only: kernels rely on their vectors.
pub trait Vectorized: sealed::Sealed + Number {
    /// Runs a kernel on an instruction set.
    #[doc(hidden)]
    fn call<K: Kernel<Self>>(isa: Isa, kernel: K) -> K::Output;

    /// Transposes 4×4 values.
    #[doc(hidden)]
    #[inline(always)]
    fn transpose(rows: [[Self; 4]; 4]) -> [[Self; 4]; 4] {
        std::array::from_fn(|j| std::array::from_fn(|i| rows[i][j]))
    }
}

mod sealed {
    /// Prevents implementations outside this crate.
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// Declares a function of plain loops, which the compiler vectorises for each instruction set. Its first argument is the
/// [`Isa`].
macro_rules! vectorized {
    ($(#[$doc:meta])* $vis:vis fn $name:ident[$($generics:tt)*]($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        $vis fn $name<$($generics)*>(isa: $crate::kernel::Isa, $($arg: $type),*) {
            #[inline(always)]
            fn body<$($generics)*>($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
            fn avx512<$($generics)*>($($arg: $type),*) {
                body($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2<$($generics)*>($($arg: $type),*) {
                body($($arg),*)
            }
            match isa {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the value proves that the processor has the instructions.
                $crate::kernel::Isa::Avx512(_) => unsafe { avx512($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: the value proves that the processor has the instructions.
                $crate::kernel::Isa::Avx2(_) => unsafe { avx2($($arg),*) },
                $crate::kernel::Isa::Portable => body($($arg),*),
            }
        }
    };
}
pub(crate) use vectorized;

/// Vectors from arrays, for any processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Portable;

impl<T: Number> Simd<T> for Portable {
    type V = [T; 4];
    type Mask = [bool; 4];
    const WIDTH: usize = 4;
    const REGISTERS: usize = if cfg!(target_arch = "x86_64") { 16 } else { 32 };

    #[inline(always)]
    fn splat(self, value: T) -> [T; 4] {
        [value; 4]
    }

    #[inline(always)]
    unsafe fn load(self, from: *const T) -> [T; 4] {
        // SAFETY: the caller's promise; an array has the layout and alignment of its elements.
        unsafe { from.cast::<[T; 4]>().read() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T, v: [T; 4]) {
        // SAFETY: the caller's promise; an array has the layout and alignment of its elements.
        unsafe { to.cast::<[T; 4]>().write(v) }
    }

    #[inline(always)]
    fn mask(self, start: usize, end: usize) -> [bool; 4] {
        std::array::from_fn(|l| (start..end).contains(&l))
    }

    #[inline(always)]
    unsafe fn load_masked(self, from: *const T, mask: [bool; 4]) -> [T; 4] {
        let mut v = [T::zero(); 4];
        for l in 0..4 {
            if mask[l] {
                // SAFETY: the caller's promise.
                v[l] = unsafe { from.wrapping_add(l).read() };
            }
        }
        v
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut T, mask: [bool; 4], v: [T; 4]) {
        for l in 0..4 {
            if mask[l] {
                // SAFETY: the caller's promise.
                unsafe { to.wrapping_add(l).write(v[l]) }
            }
        }
    }

    #[inline(always)]
    fn every_second(self, a: [T; 4], b: [T; 4]) -> [T; 4] {
        [a[0], a[2], b[0], b[2]]
    }

    #[inline(always)]
    fn mul_add(self, a: [T; 4], b: [T; 4], c: [T; 4]) -> [T; 4] {
        // Without the instruction, a fused multiply-add is a function call.
        const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
        std::array::from_fn(|l| if FUSED { a[l].mul_add(b[l], c[l]) } else { a[l] * b[l] + c[l] })
    }

    #[inline(always)]
    fn add(self, a: [T; 4], b: [T; 4]) -> [T; 4] {
        std::array::from_fn(|l| a[l] + b[l])
    }

    #[inline(always)]
    fn sub(self, a: [T; 4], b: [T; 4]) -> [T; 4] {
        std::array::from_fn(|l| a[l] - b[l])
    }

    #[inline(always)]
    fn relu(self, v: [T; 4]) -> [T; 4] {
        v.map(|v| if v < T::zero() { T::zero() } else { v })
    }

    #[inline(always)]
    fn min(self, v: [T; 4], most: [T; 4]) -> [T; 4] {
        std::array::from_fn(|l| if v[l] > most[l] { most[l] } else { v[l] })
    }

    #[inline(always)]
    fn relu_backward(self, dx: [T; 4], x: [T; 4]) -> [T; 4] {
        std::array::from_fn(|l| if x[l] > T::zero() { dx[l] } else { T::zero() })
    }

    #[inline(always)]
    fn sum(self, [a, b, c, d]: [T; 4]) -> T {
        (a + c) + (b + d)
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod detected {
    use super::{Isa, Kernel, Portable, Vectorized};

    impl Vectorized for f32 {
        fn call<K: Kernel<f32>>(_: Isa, kernel: K) -> K::Output {
            kernel.run(Portable)
        }
    }

    impl Vectorized for f64 {
        fn call<K: Kernel<f64>>(_: Isa, kernel: K) -> K::Output {
            kernel.run(Portable)
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};
