//! Vectors of each instruction set.
//!
//! An algorithm is written once, over [`Simd`], and compiled once for each instruction set. A value of
//! [`Avx512`] or [`Avx2`] proves that the processor has it, because it can only be made by detecting it.

use super::Isa;
use crate::number::Number;

/// Vectors of `T` on one instruction set.
pub trait Simd<T>: Copy + Send + Sync + 'static {
    /// A register of values.
    type V: Copy;
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

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::asm;
    use std::arch::x86_64::*;

    use super::{Isa, Kernel, Portable, Simd, Vectorized};

    /// Proof that the processor has AVX-512 (F, VL, BW, DQ), AVX2 and FMA.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Avx512(());

    /// Proof that the processor has AVX2 and FMA.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Avx2(());

    impl Avx512 {
        /// The proof, if the processor has the instructions.
        pub fn new() -> Option<Self> {
            let has = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && Avx2::new().is_some();
            has.then_some(Avx512(()))
        }

        /// The proof that the processor has AVX2, too.
        fn avx2(self) -> Avx2 {
            Avx2(())
        }
    }

    impl Avx2 {
        /// The proof, if the processor has the instructions.
        pub fn new() -> Option<Self> {
            (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Avx2(()))
        }
    }

    /// The vectors of one instruction set and scalar, by the names of their intrinsics.
    macro_rules! vectors {
        ($isa:ident $scalar:ident $vector:ident $register:ident $feature:literal $width:literal $registers:literal:
         $splat:ident $load:ident $store:ident $fmadd:ident $add:ident $sub:ident $max:ident $min:ident $zero:ident
         relu_backward($dx:ident, $x:ident) $relu_backward:expr; sum($s:ident) $sum:expr) => {
            impl Simd<$scalar> for $isa {
                type V = $vector;
                const WIDTH: usize = $width;
                const REGISTERS: usize = $registers;

                #[inline(always)]
                fn splat(self, value: $scalar) -> $vector {
                    // SAFETY: `self` proves that the processor has the instruction.
                    unsafe { $splat(value) }
                }

                #[inline(always)]
                unsafe fn load(self, from: *const $scalar) -> $vector {
                    // SAFETY: as above, and the caller's promise about the memory.
                    unsafe { $load(from) }
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut $scalar, v: $vector) {
                    // SAFETY: as above, and the caller's promise about the memory.
                    unsafe { $store(to, v) }
                }

                #[inline(always)]
                fn prefetch(self, at: *const $scalar) {
                    // SAFETY: a hint, which does not fault.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
                }

                #[inline(always)]
                fn in_order(self, v: $vector, offset: usize) -> ($vector, usize) {
                    #[inline]
                    #[target_feature(enable = $feature)]
                    fn both(mut v: $vector, mut offset: usize) -> ($vector, usize) {
                        // SAFETY: no instruction; both registers keep their values.
                        unsafe {
                            asm!("/* {v} {offset} */", v = inout($register) v, offset = inout(reg) offset,
                                options(nomem, nostack, preserves_flags));
                        }
                        (v, offset)
                    }
                    // SAFETY: `self` proves that the processor has the registers.
                    unsafe { both(v, offset) }
                }

                #[inline(always)]
                fn mul_add(self, a: $vector, b: $vector, c: $vector) -> $vector {
                    // SAFETY: `self` proves that the processor has the instruction.
                    unsafe { $fmadd(a, b, c) }
                }

                #[inline(always)]
                fn add(self, a: $vector, b: $vector) -> $vector {
                    // SAFETY: `self` proves that the processor has the instruction.
                    unsafe { $add(a, b) }
                }

                #[inline(always)]
                fn sub(self, a: $vector, b: $vector) -> $vector {
                    // SAFETY: `self` proves that the processor has the instruction.
                    unsafe { $sub(a, b) }
                }

                #[inline(always)]
                fn relu(self, v: $vector) -> $vector {
                    // SAFETY: `self` proves that the processor has the instruction. If one operand is NaN it returns
                    // the second, so that a NaN in `v` stays.
                    unsafe { $max($zero(), v) }
                }

                #[inline(always)]
                fn min(self, v: $vector, most: $vector) -> $vector {
                    // SAFETY: `self` proves that the processor has the instruction. If one operand is NaN it returns
                    // the second, so that a NaN in `v` stays.
                    unsafe { $min(most, v) }
                }

                #[inline(always)]
                fn relu_backward(self, $dx: $vector, $x: $vector) -> $vector {
                    // SAFETY: `self` proves that the processor has the instructions.
                    unsafe { $relu_backward }
                }

                #[inline(always)]
                fn sum(self, $s: $vector) -> $scalar {
                    // SAFETY: `self` proves that the processor has the instructions.
                    unsafe { $sum }
                }
            }
        };
    }

    vectors!(Avx512 f32 __m512 zmm_reg "avx512f" 16 32: _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_fmadd_ps
        _mm512_add_ps _mm512_sub_ps _mm512_max_ps _mm512_min_ps _mm512_setzero_ps
        relu_backward(dx, x) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_setzero_ps()), dx);
        sum(v) _mm512_reduce_add_ps(v));
    vectors!(Avx2 f32 __m256 ymm_reg "avx2" 8 16: _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_fmadd_ps
        _mm256_add_ps _mm256_sub_ps _mm256_max_ps _mm256_min_ps _mm256_setzero_ps
        relu_backward(dx, x) _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_setzero_ps()), dx);
        sum(v) sum_of_four(_mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v))));
    vectors!(Avx2 f64 __m256d ymm_reg "avx2" 4 16: _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_fmadd_pd
        _mm256_add_pd _mm256_sub_pd _mm256_max_pd _mm256_min_pd _mm256_setzero_pd
        relu_backward(dx, x) _mm256_and_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(x, _mm256_setzero_pd()), dx);
        sum(v) sum_of_two(_mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v))));

    #[inline(always)]
    fn sum_of_four(v: __m128) -> f32 {
        // SAFETY: every processor of this family has SSE.
        unsafe {
            let pair = _mm_add_ps(v, _mm_movehl_ps(v, v));
            _mm_cvtss_f32(_mm_add_ss(pair, _mm_shuffle_ps::<1>(pair, pair)))
        }
    }

    #[inline(always)]
    fn sum_of_two(v: __m128d) -> f64 {
        // SAFETY: every processor of this family has SSE2.
        unsafe { _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v))) }
    }

    macro_rules! calls {
        ($scalar:ident, $avx512:ident $($more:item)*) => {
            impl Vectorized for $scalar {
                fn call<K: Kernel<$scalar>>(isa: Isa, kernel: K) -> K::Output {
                    #[target_feature(enable = "avx2,fma")]
                    fn avx2<K: Kernel<$scalar>>(proof: Avx2, kernel: K) -> K::Output {
                        kernel.run(proof)
                    }
                    match isa {
                        // SAFETY: the value proves that the processor has the instructions.
                        Isa::Avx512(proof) => unsafe { calls!($avx512 $scalar, K, proof, kernel) },
                        // SAFETY: the value proves that the processor has the instructions.
                        Isa::Avx2(proof) => unsafe { avx2(proof, kernel) },
                        Isa::Portable => kernel.run(Portable),
                    }
                }
                $($more)*
            }
        };
        (wide $scalar:ident, $K:ident, $proof:ident, $kernel:ident) => {{
            #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
            fn avx512<K: Kernel<$scalar>>(proof: Avx512, kernel: K) -> K::Output {
                kernel.run(proof)
            }
            avx512::<$K>($proof, $kernel)
        }};
        (as_avx2 $scalar:ident, $K:ident, $proof:ident, $kernel:ident) => { avx2::<$K>($proof.avx2(), $kernel) };
    }
    // `f64` checks gradients; a third copy of its kernels is not worth its time to compile.
    calls!(f64, as_avx2);
    calls!(f32, wide
        #[inline(always)]
        fn transpose(rows: [[f32; 4]; 4]) -> [[f32; 4]; 4] {
            let mut columns = rows;
            // SAFETY: every processor of this family has SSE; a row is four values.
            unsafe {
                let [a, b, c, d] = [0, 1, 2, 3].map(|i| _mm_loadu_ps(rows[i].as_ptr()));
                let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
                _mm_storeu_ps(columns[0].as_mut_ptr(), _mm_movelh_ps(ab, cd));
                _mm_storeu_ps(columns[1].as_mut_ptr(), _mm_movehl_ps(cd, ab));
                let (ab, cd) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
                _mm_storeu_ps(columns[2].as_mut_ptr(), _mm_movelh_ps(ab, cd));
                _mm_storeu_ps(columns[3].as_mut_ptr(), _mm_movehl_ps(cd, ab));
            }
            columns
        }
    );
}
