//! Throughput of LeNet-5's convolutions, training step and inference, in FLOP/s ("elem/s": one element is
//! one floating-point operation, two for each multiply-accumulate).

use std::hint::black_box;

use convnet::kernel::conv::{Conv, Geometry};
use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::shape::Window;
use convnet::tensor::{LANES, Lanes};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const BATCH: usize = 64;

fn convolutions(criterion: &mut Criterion) {
    let layers = [
        ("lenet_c1", [1, 28, 28], [6, 28, 28], 5, 2),
        ("lenet_c2", [6, 14, 14], [16, 10, 10], 5, 0),
        ("3x32x32_to_64", [3, 32, 32], [64, 32, 32], 3, 1),
    ];
    let mut group = criterion.benchmark_group("conv");
    for (name, input, output, kernel, padding) in layers {
        let window = Window { kernel: [kernel; 2], stride: [1, 1], padding: [padding; 2] };
        let conv = Conv::new(Geometry { input, output, window });
        let tiles = BATCH / LANES;
        let values = |dims: [usize; 3]| vec![Lanes::splat(0.5_f32); tiles * dims.iter().product::<usize>()];
        let (x, mut y) = (values(input), values(output));
        let (dy, mut dx) = (y.clone(), x.clone());
        let weights = input[0] * output[0] * kernel * kernel;
        let (weight, bias) = (vec![0.1; weights], vec![0.1; output[0]]);
        let (mut dw, mut db) = (weight.clone(), bias.clone());
        let mut scratch = vec![Lanes::zero(); conv.scratch() * tiles];
        let flop = 2 * BATCH * weights * output[1] * output[2];
        group.throughput(Throughput::Elements(flop as u64));
        group.bench_function(BenchmarkId::new("forward", name), |b| {
            b.iter(|| conv.forward(black_box(&mut y), &x, &weight, &bias, &mut scratch, true));
        });
        group.bench_function(BenchmarkId::new("backward-data", name), |b| {
            b.iter(|| conv.backward_data(black_box(&mut dx), &dy, &weight, &mut scratch, true));
        });
        group.bench_function(BenchmarkId::new("backward-weights", name), |b| {
            b.iter(|| conv.backward_weights(black_box(&mut dw), &mut db, &dy, &x, &mut scratch, true));
        });
    }
    group.finish();
}

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

criterion_group!(benches, convolutions, lenet);
criterion_main!(benches);
