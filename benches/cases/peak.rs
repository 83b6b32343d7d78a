//! The peak of a processor.

use convnet::kernel::{Isa, peak_flops};

use crate::stopwatch::median_seconds;

/// Floating-point operations per second that the threads can do together: multiply-adds that depend on nothing but registers.
pub fn peak(isa: Isa, threads: usize, seconds: f64) -> f64 {
    let rounds = 1_000_000;
    let flop = threads * peak_flops(isa, rounds);
    let time = median_seconds(seconds, || {
        rayon::broadcast(|_| peak_flops(isa, rounds));
    });
    flop as f64 / time
}
