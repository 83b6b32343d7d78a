//! Training and inference do not allocate after the first call.

mod wide;

use std::alloc::System;
use std::hint::black_box;

use convnet::data::Learnable;
use convnet::model::{AlexNetSmall, LeNet5, LeNet5Original};
use convnet::optim::Optimizer;
use convnet::prelude::*;
use convnet::train::Progress;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wide::Wide;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

network! {
    /// So little work that many samples are few for two threads.
    struct Thin: Chw<1, 28, 28> => Flat<10> {
        relu: Relu,
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

network! {
    /// Layers that need scratch memory.
    struct Normalised: Chw<1, 28, 28> => Flat<10> {
        conv: Conv2d { filters: 8, kernel: 5, stride: 2 },
        norm1: BatchNorm,
        relu: Relu,
        response: LocalResponseNorm,
        pool: AdaptiveAvgPool2d { size: 5 },
        flatten: Flatten,
        fc: Dense { units: 10 },
        norm2: BatchNorm,
    }
}

/// Blocks of memory that all threads together ask for during a call, new ones and larger ones.
fn allocations<R>(f: impl FnOnce() -> R) -> usize {
    let region = Region::new(ALLOCATOR);
    let result = f();
    let change = region.change();
    drop(black_box(result));
    change.allocations + change.reallocations
}

fn batch<S: Shape>(samples: usize) -> Batch<S> {
    (0..samples).map(|n| Tensor::from_fn(|i| ((i * (n + 7)) % 255) as f32 / 255.0)).collect()
}

fn targets(samples: usize) -> Vec<Class<10>> {
    (0..samples).map(|n| Class::new(n % 10).unwrap()).collect()
}

/// After a step with the first of these batches, which is the largest, no step with any of them allocates.
fn steps<N: Network<Output = Flat<10>, Scalar = f32>>(name: &str, sizes: &[usize]) {
    let momentum = Trainer::new(N::new(1), SoftmaxCrossEntropy, Sgd::new(1e-3).momentum(0.9));
    steps_of(momentum, name, sizes);
    let adam = Trainer::new(N::new(1), SoftmaxCrossEntropy, Adam::new(1e-3))
        .l1(1e-4)
        .clip_grad_norm(0.1)
        .max_norm(1.0);
    steps_of(adam, &format!("{name} with Adam, a penalty and limits"), sizes);
}

fn steps_of<N: Network<Output = Flat<10>, Scalar = f32>, O: Optimizer>(
    mut trainer: Trainer<N, SoftmaxCrossEntropy, O>,
    name: &str,
    sizes: &[usize],
) {
    let batches: Vec<_> = sizes.iter().map(|&samples| (batch(samples), targets(samples))).collect();
    let mut step =
        |batch: &(Batch<N::Input>, Vec<Class<10>>)| trainer.train_step(&batch.0, &batch.1, 0).unwrap();
    step(&batches[0]);
    for (number, batch) in batches.iter().chain(&batches).enumerate() {
        let found = allocations(|| step(batch));
        assert_eq!(found, 0, "{name}, step {number} after the first, of {} samples", batch.1.len());
    }
}

/// After an inference of the first of these batches, which is the largest, an inference of any of them allocates its
/// result and nothing else.
fn inferences<N: Network<Output = Flat<10>, Scalar = f32>>(name: &str, sizes: &[usize]) {
    let net = N::new(1);
    let batches: Vec<Batch<N::Input>> = sizes.iter().map(|&samples| batch(samples)).collect();
    net.infer(&batches[0]);
    for inputs in batches.iter().chain(&batches) {
        let samples = inputs.len();
        let mut outputs = Batch::zeros(samples);
        assert_eq!(
            allocations(|| net.infer_into(&mut outputs, inputs)),
            0,
            "{name}, {samples} samples, in place"
        );
        assert_eq!(allocations(|| net.infer(inputs)), 1, "{name}, {samples} samples");
    }
}

/// A run of three epochs allocates as often for twelve batches as for four, and with a smaller last batch.
fn runs<N, D>(name: &str, data: impl Fn(usize) -> D)
where
    N: Network<Input = Chw<1, 28, 28>, Output = Flat<10>, Scalar = f32>,
    D: Samples<Chw<1, 28, 28>, Target = Class<10>> + Learnable,
{
    let run = |samples, batch| {
        let data = data(samples);
        let mut trainer = Trainer::new(N::new(1), SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
            .epochs(3)
            .batch_size(batch)
            .progress(Progress::Silent);
        allocations(|| trainer.fit(&data, None).unwrap())
    };
    // Forty tiles, and then 38 that are cut into groups elsewhere.
    assert_eq!(run(1240, 640), run(640, 640), "{name}, a second batch that is a little smaller");
    let [four, twelve, thirteen] = [64 * 4, 64 * 12, 64 * 12 + 5].map(|samples| run(samples, 64));
    assert_eq!(twelve, four, "{name}, twelve batches in place of four");
    assert_eq!(thirteen, four, "{name}, twelve batches and a smaller one in place of four");
}

/// A program without a test harness: the counter counts all threads, and a harness allocates on its own thread while a test
/// runs. Everything runs inside one thread pool, because rayon now and then allocates a block for the queue of jobs from
/// outside, and each new thread allocates.
fn main() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    // Both threads have looked for work, and so have what rayon allocates for each of them.
    pool.broadcast(|_| rayon::join(|| (), || ()));
    pool.install(|| {
        steps::<LeNet5>("LeNet5", &[64, 50, 10, 3, 1, 64]);
        // Groups of several tiles, cut at other places in each.
        steps::<LeNet5>("LeNet5", &[384, 352, 320, 257, 64]);
        steps::<Wide>("Wide", &[64, 50, 10, 3, 1, 64]);
        steps::<AlexNetSmall>("AlexNetSmall", &[16, 5]);
        steps::<Normalised>("Normalised", &[64, 50, 10, 3, 2, 64]);
        steps::<LeNet5Original>("LeNet5Original", &[64, 50, 10, 3, 1, 64]);

        inferences::<LeNet5>("LeNet5", &[100, 64, 16, 3, 1]);
        inferences::<Wide>("Wide", &[100, 64, 16, 3, 1]);
        for samples in [1, 3, 16, 64, 100] {
            inferences::<LeNet5>("LeNet5 alone", &[samples]);
            inferences::<Wide>("Wide alone", &[samples]);
        }
        inferences::<Normalised>("Normalised", &[100, 64, 16, 3, 1]);
        inferences::<LeNet5Original>("LeNet5Original", &[100, 64, 16, 3, 1]);
        inferences::<AlexNetSmall>("AlexNetSmall", &[16, 3, 1]);

        inferences::<Thin>("Thin", &[3200, 64, 3200, 64]);

        let digits = Mnist::load_from("assets/mnist").unwrap().train;
        runs::<LeNet5, _>("LeNet5", |samples| digits.subset(0..samples));
        runs::<Wide, _>("Wide", |samples| digits.subset(0..samples));
        let changes = Augment::new()
            .random_crop(2)
            .random_horizontal_flip()
            .random_rotation(10.0)
            .random_translation(1.0)
            .cutout(5);
        let changed = changes.apply(digits);
        // Each thread has seen images change, and keeps the memory.
        pool.broadcast(|_| {
            let mut values = [0.0_f32; 28 * 28];
            let mut change =
                |key| Samples::<Chw<1, 28, 28>>::write_to(&changed, 0, &mut values, Some(key)).unwrap();
            (0..4).for_each(&mut change);
        });
        runs::<LeNet5, _>("LeNet5 on changed images", |samples| changed.subset(0..samples));
    });
}
