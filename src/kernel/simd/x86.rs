//! Vectors of AVX-512 and AVX2.

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
    pub fn avx2(self) -> Avx2 {
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
     mask $mask:ident ($start:ident, $end:ident) $of:expr; load_masked($from:ident, $m:ident) $loaded:expr;
     store_masked $store_masked:ident; every_second($a:ident, $b:ident) $every_second:expr;
     relu_backward($dx:ident, $x:ident) $relu_backward:expr; sum($s:ident) $sum:expr) => {
        impl Simd<$scalar> for $isa {
            type V = $vector;
            type Mask = $mask;
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
            fn mask(self, $start: usize, $end: usize) -> $mask {
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $of }
            }

            #[inline(always)]
            unsafe fn load_masked(self, $from: *const $scalar, $m: $mask) -> $vector {
                // SAFETY: as above, and the caller's promise about the memory: what is masked is not read.
                unsafe { $loaded }
            }

            #[inline(always)]
            unsafe fn store_masked(self, to: *mut $scalar, mask: $mask, v: $vector) {
                // SAFETY: as above, and the caller's promise about the memory: what is masked is not written.
                unsafe { $store_masked(to, mask, v) }
            }

            #[inline(always)]
            fn every_second(self, $a: $vector, $b: $vector) -> $vector {
                // SAFETY: `self` proves that the processor has the instructions.
                unsafe { $every_second }
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
    mask __mmask16 (start, end) _cvtu32_mask16(0xffff << start & !(0xffff << end));
    load_masked(from, mask) _mm512_maskz_loadu_ps(mask, from); store_masked _mm512_mask_storeu_ps;
    every_second(a, b) _mm512_permutex2var_ps(a,
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b);
    relu_backward(dx, x) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_setzero_ps()), dx);
    sum(v) _mm512_reduce_add_ps(v));
vectors!(Avx2 f32 __m256 ymm_reg "avx2" 8 16: _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_fmadd_ps
    _mm256_add_ps _mm256_sub_ps _mm256_max_ps _mm256_min_ps _mm256_setzero_ps
    mask __m256i (start, end) between(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), start, end);
    load_masked(from, mask) _mm256_maskload_ps(from, mask); store_masked _mm256_maskstore_ps;
    every_second(a, b) _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(
        _mm256_castps_pd(_mm256_shuffle_ps::<0b10_00_10_00>(a, b))));
    relu_backward(dx, x) _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_setzero_ps()), dx);
    sum(v) sum_of_four(_mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v))));
vectors!(Avx2 f64 __m256d ymm_reg "avx2" 4 16: _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_fmadd_pd
    _mm256_add_pd _mm256_sub_pd _mm256_max_pd _mm256_min_pd _mm256_setzero_pd
    mask __m256i (start, end) between(_mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3), start, end);
    load_masked(from, mask) _mm256_maskload_pd(from, mask); store_masked _mm256_maskstore_pd;
    every_second(a, b) _mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_unpacklo_pd(a, b));
    relu_backward(dx, x) _mm256_and_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(x, _mm256_setzero_pd()), dx);
    sum(v) sum_of_two(_mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v))));

/// All bits where a place is at least `start` and less than `end`.
#[inline]
#[target_feature(enable = "avx2")]
fn between(places: __m256i, start: usize, end: usize) -> __m256i {
    let [start, end] = [start, end].map(|place| _mm256_set1_epi32(place as i32));
    _mm256_andnot_si256(_mm256_cmpgt_epi32(start, places), _mm256_cmpgt_epi32(end, places))
}

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
