//! Arithmetic over slices, with sizes known at run time: what the operation of your own layer can call.
//!
//! - [`map`] applies a function to every value, and [`chain_rule`] computes its gradient; [`mask`] is the
//!   gradient of a [`Rectifier`], in place.
//! - [`values`] and [`values_mut`] see entries of [`Lanes`] as plain values.
//! - [`Exec`] says how to compute: the instruction set ([`Isa`]), whether to use all threads, and how many samples a tile
//!   holds. An operation finds it in its [`Pass`](crate::plan::Pass).
//!
//! The destination is the first argument after `exec`, then come the sources. The caller owns all buffers. The functions run
//! on `f32` and `f64` ([`Vectorized`]), compiled for each instruction set, and give the same bits for any number of threads.
//!
//! ```
//! use convnet::kernel::{chain_rule, map};
//! use convnet::plan::{Backward, Forward, Op, Plan};
//! use convnet::prelude::*;
//!
//! /// y = x².
//! struct Square;
//!
//! impl<S: Shape, T: Scalar> Layer<S, T> for Square {
//!     type Out = S;
//!     fn add_to(&self, plan: &mut Plan<T>) {
//!         plan.add::<S, Self>(Square);
//!     }
//! }
//!
//! impl<T: Scalar> Op<T> for Square {
//!     fn describe(&self) -> String {
//!         "Square".into()
//!     }
//!     fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
//!         map(pass.exec, y, x, |x| x * x);
//!     }
//!     fn backward(&self, Backward { dx, dy, x, y, pass, .. }: Backward<'_, T>) {
//!         if let Some(dx) = dx {
//!             chain_rule(pass.exec, dx, dy, x, y, |x, _| x + x);
//!         }
//!     }
//! }
//!
//! convnet::check::layer::<Flat<3>, _>(&Square, 1).unwrap();
//! ```
#![allow(unsafe_code, reason = "vector instructions, and tasks that write to parts of one buffer")]

mod block;
pub(crate) mod channels;
// Public for the benchmarks, which measure single convolutions from outside the crate.
#[doc(hidden)]
pub mod conv;
mod correlation;
mod depthwise;
mod isa;
pub(crate) mod local_response;
pub(crate) mod merge;
#[cfg(test)]
mod naive;
mod peak;
pub(crate) mod pointwise;
pub(crate) mod pool;
pub(crate) mod radial;
mod rectifier;
pub(crate) mod resize;
pub(crate) mod sample_norm;
mod shared;
mod simd;
mod team;
#[cfg(test)]
mod tests;
// Public for the benchmark that replays tasks on more workers.
#[doc(hidden)]
pub mod timing;
mod transpose;
pub(crate) mod update;
mod weights;
mod winograd;

// Public for the benchmarks, which give speeds as a part of the processor's peak.
#[doc(hidden)]
pub use block::Finish;
pub use isa::Isa;
pub use peak::peak_flops;
pub use rectifier::Rectifier;
pub use simd::Vectorized;
pub(crate) use simd::vectorized;

use crate::tensor::{LANES, Lanes};
use shared::Shared;

/// How to compute: the instruction set, the threads and the samples in a tile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exec {
    /// The instruction set.
    pub isa: Isa,
    /// Whether to run in parallel.
    pub parallel: bool,
    /// Samples in a tile: 1, 2, 4, 8 or 16; kernels panic on another number. With fewer than [`LANES`] there is a single
    /// tile, and the values of C×H×W are stored as \[C\]\[H\]\[W\]\[lanes\] without gaps.
    pub lanes: usize,
}

impl Exec {
    /// Whole tiles on the fastest instruction set.
    pub fn new(parallel: bool) -> Self {
        Exec { isa: Isa::best(), parallel, lanes: LANES }
    }

    /// Lanes for a batch of `samples`: the next power of two, at most [`LANES`].
    pub fn lanes_for(samples: usize) -> usize {
        samples.min(LANES).next_power_of_two()
    }

    /// Calls `f`, which shares out work many times if it is parallel: the threads that help stay awake between.
    pub(crate) fn together(self, f: impl FnOnce() + Send) {
        let mut f = Some(f);
        let mut once = || f.take().into_iter().for_each(|f| f());
        if self.parallel { team::together(&mut once) } else { once() }
    }

    /// Calls `f` with each number below `tasks`.
    pub(crate) fn each(self, tasks: usize, f: impl Fn(usize) + Sync) {
        share(self.parallel, tasks, &f);
    }

    /// The most calls of `f` that [`Exec::each_with`] makes at a time.
    pub(crate) fn workers(tasks: usize) -> usize {
        rayon::current_num_threads().min(tasks)
    }

    /// Calls `f` with each number below `tasks` and `size` entries of `room`, which no other call uses meanwhile. As many run at a
    /// time as there are threads and such parts of `room`.
    pub(crate) fn each_with<T: Send>(
        self,
        tasks: usize,
        room: &mut [T],
        size: usize,
        f: impl Fn(usize, &mut [T]) + Sync,
    ) {
        let workers = Self::workers(tasks).min(room.len() / size);
        let room = Shared::new(room);
        share_with(self.parallel, workers, tasks, &|worker, task| {
            // SAFETY: a worker does one task after the other.
            f(task, unsafe { room.part(worker * size..(worker + 1) * size) });
        });
    }

    /// Calls `f(i, chunk)` for each chunk of `size` entries of `y`.
    pub(crate) fn each_chunk<T: Send>(self, y: &mut [T], size: usize, f: impl Fn(usize, &mut [T]) + Sync) {
        let (len, y) = (y.len(), Shared::new(y));
        self.each(len.div_ceil(size), |i| {
            // SAFETY: each chunk is asked for once.
            f(i, unsafe { y.part(i * size..len.min((i + 1) * size)) });
        });
    }
}

/// Calls `f` with each number below `tasks`, in parallel if asked to.
fn share(parallel: bool, tasks: usize, f: &(dyn Fn(usize) + Sync)) {
    share_with(parallel, rayon::current_num_threads(), tasks, &|_, task| f(task));
}

/// Calls `f` with a worker below `most` and each number below `tasks`, in parallel if asked to. A worker does one task after the
/// other.
fn share_with(parallel: bool, most: usize, tasks: usize, f: &(dyn Fn(usize, usize) + Sync)) {
    assert!(most > 0 || tasks == 0, "room for a worker");
    let alone = |task| f(0, task);
    if !parallel || tasks < 2 {
        (0..tasks).for_each(alone);
    } else if !timing::note(tasks, &alone) {
        team::share(most, tasks, f);
    }
}

/// The values in some entries.
pub fn values<T>(entries: &[Lanes<T>]) -> &[T] {
    const { assert!(size_of::<Lanes<T>>() == LANES * size_of::<T>(), "an entry without padding") }
    // SAFETY: an entry is `LANES` values and nothing else.
    unsafe { std::slice::from_raw_parts(entries.as_ptr().cast(), entries.len() * LANES) }
}

/// The values in some entries, mutable.
pub fn values_mut<T>(entries: &mut [Lanes<T>]) -> &mut [T] {
    const { assert!(size_of::<Lanes<T>>() == LANES * size_of::<T>(), "an entry without padding") }
    let len = entries.len() * LANES;
    // SAFETY: an entry is `LANES` values and nothing else.
    unsafe { std::slice::from_raw_parts_mut(entries.as_mut_ptr().cast(), len) }
}

/// The tiles in some entries, `len` values of `N` lanes each.
pub(crate) fn tiles<T: Vectorized, const N: usize>(entries: &[Lanes<T>], len: usize) -> &[[T; N]] {
    let tiles = if N == LANES { entries.len() / len } else { 1 };
    &values(entries).as_chunks().0[..tiles * len]
}

/// The tiles in some entries, `len` values of `N` lanes each, mutable.
pub(crate) fn tiles_mut<T: Vectorized, const N: usize>(
    entries: &mut [Lanes<T>],
    len: usize,
) -> &mut [[T; N]] {
    let tiles = if N == LANES { entries.len() / len } else { 1 };
    &mut values_mut(entries).as_chunks_mut().0[..tiles * len]
}

/// `$body` with `$n` the number of lanes as a constant.
macro_rules! with_lanes {
    ($lanes:expr, $n:ident => $body:expr) => {
        match $lanes {
            1 => {
                const $n: usize = 1;
                $body
            }
            2 => {
                const $n: usize = 2;
                $body
            }
            4 => {
                const $n: usize = 4;
                $body
            }
            8 => {
                const $n: usize = 8;
                $body
            }
            16 => {
                const $n: usize = 16;
                $body
            }
            lanes => panic!("lanes: expected 1, 2, 4, 8 or 16, found {lanes}"),
        }
    };
}
pub(crate) use with_lanes;

/// The gradient of a rectifier, in place: sets `dx` to zero where its slope at `x` is 0.
pub fn mask<T: Vectorized>(exec: Exec, rectifier: Rectifier, dx: &mut [Lanes<T>], x: &[Lanes<T>]) {
    vectorized! {
        fn chunk[T: Vectorized](rectifier: Rectifier, dx: &mut [Lanes<T>], x: &[Lanes<T>]) {
            for (dx, x) in dx.iter_mut().zip(x) {
                *dx = dx.zip(*x, |dx, x| rectifier.backward(dx, x));
            }
        }
    }
    exec.each_chunk(dx, GRAIN, |i, dx| chunk(exec.isa, rectifier, dx, &x[i * GRAIN..]));
}

/// `sum += x`, entry by entry.
pub(crate) fn add_entries<T: Vectorized>(exec: Exec, sum: &mut [Lanes<T>], x: &[Lanes<T>]) {
    exec.each_chunk(sum, GRAIN, |i, sum| add(exec.isa, values_mut(sum), &values(x)[i * GRAIN * LANES..]));
}

/// Interleaves samples of `len` values each: `x[i][lane] = samples[lane][i]`.
pub(crate) fn interleave<T: Vectorized>(exec: Exec, x: &mut [Lanes<T>], samples: &[T], len: usize) {
    let (lanes, out) = (exec.lanes, shared::Writer::new(values_mut(x)));
    let (width, planes, count) = (lanes, lanes, lanes);
    let turned =
        transpose::Transpose { out, start: 0, width, planes, x: samples, step: len, count, rows: len };
    T::call(exec.isa, turned);
}

vectorized! {
    /// `sum += x`, value by value.
    pub(crate) fn add[T: Vectorized](sum: &mut [T], x: &[T]) {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum += *x;
        }
    }
}

/// Whether all values are finite.
pub(crate) fn finite<T: Vectorized>(isa: Isa, x: &[T]) -> bool {
    vectorized! {
        fn check[T: Vectorized](x: &[T], finite: &mut bool) {
            // Zero times a value that is not finite is NaN, and NaN stays in a sum.
            let mut zeros = [T::zero(); 4 * LANES];
            let (whole, rest) = x.as_chunks::<{ 4 * LANES }>();
            for x in whole {
                for (zero, x) in zeros.iter_mut().zip(x) {
                    *zero += *x * T::zero();
                }
            }
            for (zero, x) in zeros.iter_mut().zip(rest) {
                *zero += *x * T::zero();
            }
            *finite = zeros.iter().all(|zero| zero.is_finite());
        }
    }
    let mut finite = false;
    check(isa, x, &mut finite);
    finite
}

/// Entries of an elementwise operation that one thread takes at a time.
const GRAIN: usize = 4096;

/// `y = f(x)`, entry by entry.
pub fn map<T: Vectorized>(exec: Exec, y: &mut [Lanes<T>], x: &[Lanes<T>], f: impl Fn(T) -> T + Sync) {
    vectorized! {
        fn chunk[T: Vectorized, F: Fn(T) -> T](y: &mut [Lanes<T>], x: &[Lanes<T>], f: F) {
            for (y, x) in y.iter_mut().zip(x) {
                *y = x.map(&f);
            }
        }
    }
    exec.each_chunk(y, GRAIN, |i, y| chunk(exec.isa, y, &x[i * GRAIN..], &f));
}

/// `dx = dy · slope(x, y)`, entry by entry: the gradient of a function y = f(x) of single numbers.
pub fn chain_rule<T: Vectorized>(
    exec: Exec,
    dx: &mut [Lanes<T>],
    dy: &[Lanes<T>],
    x: &[Lanes<T>],
    y: &[Lanes<T>],
    slope: impl Fn(T, T) -> T + Sync,
) {
    vectorized! {
        fn chunk[T: Vectorized, F: Fn(T, T) -> T](
            dx: &mut [Lanes<T>],
            dy: &[Lanes<T>],
            x: &[Lanes<T>],
            y: &[Lanes<T>],
            slope: F,
        ) {
            for (((dx, dy), x), y) in dx.iter_mut().zip(dy).zip(x).zip(y) {
                *dx = dy.zip(x.zip(*y, &slope), |dy, slope| dy * slope);
            }
        }
    }
    exec.each_chunk(dx, GRAIN, |i, dx| {
        let [dy, x, y] = [dy, x, y].map(|entries| &entries[i * GRAIN..]);
        chunk(exec.isa, dx, dy, x, y, &slope);
    });
}
