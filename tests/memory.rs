//! The summary tells the memory that training and inference take, before they run.

use std::alloc::System;

use convnet::model::{ResNet18, ResNet50};
use convnet::prelude::*;
use convnet::train::Progress;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What `f` returns, and the bytes that are held after it and were not before.
fn held<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let region = Region::new(ALLOCATOR);
    let result = f();
    let change = region.change();
    (result, change.bytes_allocated - change.bytes_deallocated)
}

/// Within a tenth.
#[track_caller]
fn assert_told(what: &str, told: usize, found: usize) {
    let difference = told.abs_diff(found) as f64 / found as f64;
    assert!(difference <= 0.1, "{what}: the summary tells {told} bytes, {found} are held");
}

fn inference<N: Network<Scalar = f32>>(name: &str, samples: usize) -> usize {
    let ((net, _batches), found) = held(|| {
        let net = N::new(1);
        let images: Batch<N::Input> = Batch::zeros(samples);
        let answers = net.infer(&images);
        (net, (images, answers))
    });
    let summary = net.summary(samples);
    assert_told(&format!("inference of {samples} by {name}"), summary.inference_bytes, found);
    summary.inference_bytes - 4 * summary.parameters
}

fn training<N: Network<Output = Flat<10>, Scalar = f32>>(name: &str, samples: usize) {
    let images: Batch<N::Input> = Batch::zeros(samples);
    let classes: Vec<Class<10>> = (0..samples).map(|n| Class::new(n % 10).unwrap()).collect();
    let (trainer, found) = held(|| {
        let net = N::new(1);
        let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.1)).progress(Progress::Silent);
        trainer.train_step(&images, &classes, 0).unwrap();
        trainer
    });
    let summary = trainer.network().summary(samples);
    assert_told(&format!("training of {samples} by {name}"), summary.training_bytes, found);
}

/// One test, since all threads' allocations are counted.
#[test]
fn the_summary_tells_what_is_held() {
    let beside_weights = inference::<ResNet50<10>>("ResNet-50", 1);
    assert!(
        beside_weights <= 150_000_000,
        "one image by ResNet-50 takes {beside_weights} bytes beside the weights"
    );
    inference::<ResNet18<10>>("ResNet-18", 17);
    training::<ResNet18<10>>("ResNet-18", 2);
    training::<ResNet18<10>>("ResNet-18", 9);
    let training = ResNet50::<1000>::new(1).summary(16).training_bytes;
    assert!(training <= 4 << 30, "training of 16 by ResNet-50 takes {training} bytes");
}
