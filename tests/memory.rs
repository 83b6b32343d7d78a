//! The summary tells the memory that training and inference take, before they run.

use std::alloc::System;

use convnet::Error;
use convnet::data::{Learnable, Samples};
use convnet::model::{ResNet18, ResNet50};
use convnet::prelude::*;
use convnet::train::Progress;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Calls `f` and counts the bytes that it allocates and has not freed when it returns.
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

/// As many black images as one likes, in no memory.
struct Black {
    count: usize,
    class: Class<10>,
}

impl Learnable for Black {}

impl Samples<Chw<3, 224, 224>> for Black {
    type Target = Class<10>;

    fn len(&self) -> usize {
        self.count
    }

    fn write_to<T: Scalar>(&self, _: usize, values: &mut [T], _: Option<u64>) -> Result<(), Error> {
        values.fill(T::zero());
        Ok(())
    }

    fn target(&self, _: usize) -> &Class<10> {
        &self.class
    }

    fn id(&self, sample: usize) -> u64 {
        sample as u64
    }
}

/// A million images take more than any machine has that runs these tests, and more than is asked for.
fn a_batch_that_does_not_fit_is_refused() {
    let images = Black { count: 1_000_000, class: Class::new(3).unwrap() };
    let trainer = Trainer::new(ResNet18::<10>::new(1), SoftmaxCrossEntropy, Sgd::new(0.1));
    let mut trainer = trainer.batch_size(images.count).progress(Progress::Silent);
    let before = trainer.network().model().params().to_vec();
    let told = trainer.network().summary(images.count).training_bytes as u64;
    let (result, bytes) = held(|| trainer.fit(&images, None));
    match result.unwrap_err() {
        Error::Memory { work, needed, available } => {
            assert_eq!(work, "a training step with 1000000 samples");
            assert_eq!(needed, told - size_of_val(&before[..]) as u64);
            assert!(available < needed);
        }
        other => panic!("{other}"),
    }
    assert!(bytes < 1 << 20, "{bytes} bytes");
    assert_eq!(trainer.network().model().params(), before);
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
    if cfg!(target_os = "linux") {
        a_batch_that_does_not_fit_is_refused();
    }
}
