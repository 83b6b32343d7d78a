//! Throughput of single convolutions and of a dense layer, in FLOP/s ("elem/s": one element is one floating-point
//! operation, two for each multiply-accumulate of the direct method).

mod cases;

use std::time::Duration;

use cases::{CASES, Case, DENSE, PASSES};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group};

fn conv(criterion: &mut Criterion) {
    for (pass, run) in PASSES {
        let mut group = criterion.benchmark_group(format!("conv/{pass}"));
        for case in &CASES {
            bench(&mut group, &case.name, case, run);
        }
    }
}

fn dense(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dense");
    for (pass, run) in PASSES {
        bench(&mut group, pass, &DENSE, run);
    }
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, case: &Case, run: fn(&mut cases::Buffers)) {
    // Not made unless it is asked for, nor again for each sample.
    let mut buffers = None;
    group.throughput(Throughput::Elements(case.flop() as u64));
    group.bench_function(name, |b| {
        let buffers = buffers.get_or_insert_with(|| case.buffers());
        b.iter(|| run(buffers));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = conv, dense
}

fn main() {
    // In the thread pool from beginning to end, as a training is.
    rayon::scope(|_| benches());
    Criterion::default().configure_from_args().final_summary();
}
