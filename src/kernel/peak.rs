//! The peak rate of multiply-adds, with which benchmarks compare.

use super::Isa;
use super::simd::{Kernel, Simd, Vectorized};

/// Runs 12 or 24 independent vector multiply-adds `rounds` times, to measure the peak rate of one thread. Returns the number of
/// floating-point operations.
///
/// ```
/// use convnet::kernel::{Isa, peak_flops};
/// assert!(peak_flops(Isa::best(), 10) >= 10 * 12 * 4 * 2);
/// ```
pub fn peak_flops(isa: Isa, rounds: usize) -> usize {
    f32::call(isa, PeakFlops { rounds })
}

struct PeakFlops {
    rounds: usize,
}

impl Kernel<f32> for PeakFlops {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd<f32>>(self, simd: S) -> usize {
        // As many chains as fit into registers, and at least latency times issue width.
        if S::REGISTERS >= 32 { self.chains::<S, 24>(simd) } else { self.chains::<S, 12>(simd) }
    }
}

impl PeakFlops {
    #[inline(always)]
    fn chains<S: Simd<f32>, const N: usize>(self, simd: S) -> usize {
        let (a, b) = (simd.splat(std::hint::black_box(0.999)), simd.splat(std::hint::black_box(0.001)));
        let mut chains = [simd.splat(std::hint::black_box(1.0)); N];
        for _ in 0..std::hint::black_box(self.rounds) {
            for chain in &mut chains {
                *chain = simd.mul_add(*chain, a, b);
            }
        }
        let mut sum = 0.0;
        for chain in chains {
            sum += simd.sum(chain);
        }
        std::hint::black_box(sum);
        2 * self.rounds * N * S::WIDTH
    }
}
