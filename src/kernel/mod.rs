//! Arithmetic over slices and run-time geometry. No types of shapes come in here.
//!
//! Every function computes whole tiles: a value is a [`Lanes`], the same entry of sixteen samples.
//! Destination first, then sources; the caller owns every buffer and says whether to use threads.

pub mod conv;
pub mod naive;
pub mod pool;

use rayon::prelude::*;

use crate::scalar::Scalar;
use crate::tensor::Lanes;

/// Entries of an elementwise operation that one thread takes at a time.
const GRAIN: usize = 4096;

/// Calls `f(i, chunk)` for each chunk of `size` entries of `y`, on all threads or on this one.
pub fn each_chunk<T: Send>(parallel: bool, y: &mut [T], size: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    if parallel {
        y.par_chunks_mut(size).enumerate().for_each(|(i, y)| f(i, y));
    } else {
        y.chunks_mut(size).enumerate().for_each(|(i, y)| f(i, y));
    }
}

/// `y = f(x)`, entry by entry.
pub fn map<T: Scalar>(parallel: bool, y: &mut [Lanes<T>], x: &[Lanes<T>], f: impl Fn(T) -> T + Sync) {
    each_chunk(parallel, y, GRAIN, |i, y| {
        for (y, x) in y.iter_mut().zip(&x[i * GRAIN..]) {
            *y = x.map(&f);
        }
    });
}

/// `y = f(a, b)`, entry by entry.
pub fn zip<T: Scalar>(
    parallel: bool,
    y: &mut [Lanes<T>],
    a: &[Lanes<T>],
    b: &[Lanes<T>],
    f: impl Fn(T, T) -> T + Sync,
) {
    each_chunk(parallel, y, GRAIN, |i, y| {
        let (a, b) = (&a[i * GRAIN..], &b[i * GRAIN..]);
        for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
            *y = a.zip(*b, &f);
        }
    });
}
