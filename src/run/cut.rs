//! How work is cut: into tiles, groups of tiles, or inside each layer. Always by the problem, never by the number of
//! threads.

use super::Program;
use crate::scalar::Scalar;
use crate::tensor::LANES;

/// Up to this many parameters the work is cut into tiles that each run through the whole network, and a training
/// step has a gradient for each group of them; above, each layer is cut by itself and there is one gradient. Copies
/// of a gradient beyond this size cost more memory traffic than the second cut costs waiting.
const SMALL_NETWORK: usize = 1 << 19;

/// The most groups a training step is cut into: a constant, so that sums do not depend on the machine.
const GROUPS: usize = 16;

/// Multiply-accumulates below which waking a second thread costs more than it saves.
const WORTH_SHARING: usize = 1 << 22;

/// Tiles of an inference that a large network runs through at once: what stays in a last-level cache.
const TILES_TOGETHER: usize = 4;

/// Entries of the gradient that one thread adds up over the groups at a time.
pub(super) const SUMMED_TOGETHER: usize = 4096;

/// Calls `f` in rayon's pool, so that the work it shares out is not handed to another thread first.
pub(crate) fn in_pool<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    let (mut f, mut result) = (Some(f), None);
    in_pool_by(&mut || result = f.take().map(|f| f()));
    result.expect("it was called")
}

/// The body of [`in_pool`], so that rayon's code is compiled once and not for each `f`, which it calls once.
fn in_pool_by(f: &mut (dyn FnMut() + Send)) {
    rayon::scope(|_| f());
}

/// Calls `a` and `b`, perhaps at once.
pub(crate) fn join<A: Send, B: Send>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
    let (mut a, mut b, mut of_a, mut of_b) = (Some(a), Some(b), None, None);
    join_by(&mut || of_a = a.take().map(|a| a()), &mut || of_b = b.take().map(|b| b()));
    (of_a.expect("it was called"), of_b.expect("it was called"))
}

/// The body of [`join`], so that rayon's code is compiled once.
fn join_by(a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
    rayon::join(a, b);
}

/// Whether a network is cut by tiles and not inside its layers.
pub(super) fn is_small<T: Scalar>(program: &Program<T>) -> bool {
    program.plan.params() <= SMALL_NETWORK
}

/// Tiles of an inference that run through the network at once.
pub(super) fn tiles_together<T: Scalar>(program: &Program<T>) -> usize {
    if program.infer.has_parts() { 1 } else { TILES_TOGETHER }
}

/// Groups of tiles that a training step is cut into: one, if some operation needs the whole batch.
pub(super) fn groups<T: Scalar>(program: &Program<T>, whole_batch: bool, samples: usize) -> usize {
    let by_tiles = is_small(program) && !whole_batch;
    if by_tiles { samples.div_ceil(LANES).min(GROUPS) } else { 1 }
}

/// Whether an inference is more work than waking a second thread.
pub(super) fn is_worth_sharing<T: Scalar>(program: &Program<T>, samples: usize) -> bool {
    program.macs * samples >= WORTH_SHARING
}
