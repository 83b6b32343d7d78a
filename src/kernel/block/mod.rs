//! Register blocks: F × P vectors of sums that stay in registers while long sums are computed.
//!
//! Every pass of every convolution and dense layer uses one of three such blocks. [`Sums`] multiplies weights by vectors
//! of inputs. [`Outer`] multiplies numbers by vectors and keeps a sum for each pair. [`Inner`] multiplies vectors by vectors
//! and adds up the lanes at the end.

mod inner;
mod outer;
mod sums;

pub(super) use inner::Inner;
pub(super) use outer::Outer;
pub use sums::Finish;
pub(super) use sums::{End, Place, Rest, Start, Sums};

use super::simd::Simd;
use crate::kernel::Vectorized;
use crate::tensor::LANES;

/// The positions of [`Inner`] for contiguous values.
pub(super) static CONTIGUOUS: [u32; 256] = {
    let mut offsets = [0; 256];
    let mut i = 0;
    while i < offsets.len() {
        offsets[i] = i as u32;
        i += 1;
    }
    offsets
};

/// The places of [`Sums`] for contiguous values.
pub(super) static PLACES: [Place; 96] = {
    let mut places = [Place { x: 0, y: 0 }; 96];
    let mut i = 0;
    while i < places.len() {
        places[i] = Place { x: i * LANES, y: i * LANES };
        i += 1;
    }
    places
};

/// A term of the sum that makes one output value: where its input lies, in positions of some lanes each, and its weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    pub(super) x: u32,
    pub(super) w: u32,
}

/// `sums[f][p] += left(f, step) · right(p, step)` for all steps. `left` returns the address of a number if `SPLAT` and of a vector if
/// not, and `right` that of a vector.
///
/// # Safety
/// Every address is valid for reading its number or vector.
#[inline(always)]
unsafe fn accumulate<
    const SPLAT: bool,
    T: Vectorized,
    S: Simd<T>,
    const F: usize,
    const P: usize,
    X: Copy,
>(
    simd: S,
    sums: &mut [[S::V; P]; F],
    steps: impl Iterator<Item = X>,
    left: impl Fn(usize, X) -> *const T,
    right: impl Fn(usize, X) -> *const T,
) {
    let mut acc = *sums;
    for step in steps {
        let mut b = [simd.splat(T::zero()); P];
        for p in 0..P {
            // SAFETY: the caller's promise.
            b[p] = unsafe { simd.load(right(p, step)) };
        }
        for f in 0..F {
            let mut at = left(f, step);
            if f > 0 {
                // All loads at once would take more registers than there are, and a compiler then keeps sums in memory.
                for p in 0..P {
                    (acc[f - 1][p], at) = simd.in_order(acc[f - 1][p], at);
                }
            }
            // SAFETY: the caller's promise.
            let a = unsafe { if SPLAT { simd.splat(*at) } else { simd.load(at) } };
            for p in 0..P {
                acc[f][p] = simd.mul_add(a, b[p], acc[f][p]);
            }
        }
    }
    *sums = acc;
}

fn largest(values: impl Iterator<Item = usize>) -> usize {
    values.max().unwrap_or(0)
}
