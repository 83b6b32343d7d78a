//! Throughput of training and inference, in FLOP/s ("elem/s": one element is one floating-point operation, two for
//! each multiply-accumulate). Training counts forward, backward by the weights, and backward by the data except for
//! the first layer, whose input needs no gradient.

#[path = "cases/networks.rs"]
mod cases;

use std::time::Duration;

use cases::works;
use criterion::{Criterion, Throughput, criterion_group};

fn throughput(criterion: &mut Criterion) {
    bench(criterion, false);
}

fn latency(criterion: &mut Criterion) {
    bench(criterion, true);
}

fn bench(criterion: &mut Criterion, latency: bool) {
    for work in works().iter().filter(|work| work.is_latency() == latency) {
        let mut group = criterion.benchmark_group(work.network);
        group.throughput(Throughput::Elements(work.flop as u64));
        // Not made unless it is asked for, nor again for each sample.
        let mut call = None;
        group.bench_function(work.name(), |b| {
            let call = call.get_or_insert_with(|| work.set_up());
            b.iter(call);
        });
    }
}

fn config() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! { name = in_pool; config = config(); targets = throughput }
criterion_group! { name = as_called; config = config(); targets = latency }

fn main() {
    // In the thread pool from beginning to end, as a training is, so that no call waits for threads to wake.
    rayon::scope(|_| in_pool());
    as_called();
    Criterion::default().configure_from_args().final_summary();
}
