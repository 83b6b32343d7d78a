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

/// `sums[f][p] += left[f] · right[p]` for all steps, each of which reads at its offsets from the addresses: one for `left`, one
/// for `right`. `left` holds addresses of numbers if `SPLAT` and of vectors if not, and `right` of vectors.
///
/// # Safety
/// Every address with every offset is valid for reading its number or vector.
#[inline(always)]
unsafe fn accumulate<const SPLAT: bool, T: Vectorized, S: Simd<T>, const F: usize, const P: usize, X>(
    simd: S,
    sums: &mut [[S::V; P]; F],
    left: [*const T; F],
    right: [*const T; P],
    steps: impl Iterator<Item = X>,
    offsets: impl Fn(X) -> [usize; 2],
) {
    let mut acc = *sums;
    for step in steps {
        let [mut of_left, of_right] = offsets(step);
        let mut b = [simd.splat(T::zero()); P];
        for p in 0..P {
            // SAFETY: the caller's promise.
            b[p] = unsafe { simd.load(right[p].add(of_right)) };
        }
        for f in 0..F {
            if f > 0 {
                // All loads at once would take more registers than there are, and a compiler then keeps sums in memory. It is the
                // offset that is new each time, not the address: an address would take an instruction of its own, on the ports
                // that multiply.
                for p in 0..P {
                    (acc[f - 1][p], of_left) = simd.in_order(acc[f - 1][p], of_left);
                }
            }
            let at = left[f].wrapping_add(of_left);
            // SAFETY: the caller's promise.
            let a = unsafe { if SPLAT { simd.splat(*at) } else { simd.load(at) } };
            for p in 0..P {
                acc[f][p] = simd.mul_add(a, b[p], acc[f][p]);
            }
        }
    }
    *sums = acc;
}

pub(super) fn largest(values: impl Iterator<Item = usize>) -> usize {
    values.max().unwrap_or(0)
}
