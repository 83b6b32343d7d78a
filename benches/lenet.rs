//! Throughput of LeNet-5's training step and inference, in FLOP/s ("elem/s": one element is
//! one floating-point operation, two for each multiply-accumulate).

use std::hint::black_box;

use convnet::model::LeNet5;
use convnet::prelude::*;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const BATCH: usize = 64;

fn lenet(criterion: &mut Criterion) {
    let images: Batch<Chw<1, 28, 28>> =
        (0..BATCH).map(|n| Tensor::from_fn(|i| ((i * (n + 7)) % 255) as f32 / 255.0)).collect();
    let targets: Vec<Class<10>> = (0..BATCH).map(|n| Class::new(n % 10).unwrap()).collect();
    let forward = 2 * BATCH * LeNet5::MACS;
    let mut group = criterion.benchmark_group("lenet");

    // Forward, backward by weights, and backward by data except for the first layer.
    let first_layer = 2 * BATCH * 117_600;
    group.throughput(Throughput::Elements((3 * forward - first_layer) as u64));
    let mut trainer = Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, Sgd::new(1e-6).momentum(0.9));
    group.bench_function("training-step-64", |b| {
        b.iter(|| trainer.step(black_box(&images), &targets, 0).unwrap());
    });

    group.throughput(Throughput::Elements(forward as u64));
    let net = LeNet5::new(1);
    group.bench_function("infer-64", |b| b.iter(|| net.infer(black_box(&images))));

    group.throughput(Throughput::Elements(2 * LeNet5::MACS as u64));
    let image = images.sample(0);
    group.bench_function("predict", |b| b.iter(|| net.predict(black_box(&image))));
    group.finish();
}

criterion_group!(benches, lenet);
criterion_main!(benches);
