//! Runs on images that change, that are slow to load or missing, and runs that are interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use convnet::Error;
use convnet::data::Learnable;
use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::{Ending, Progress};

use crate::digits::digits;

fn bits(net: &impl Network<Scalar = f32>) -> Vec<u32> {
    net.model().params().iter().map(|x| x.to_bits()).collect()
}

fn in_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

/// Data that are said to be slow, of which a sample may be missing.
struct Slow<D> {
    data: D,
    is_slow: bool,
    missing: Option<usize>,
    written: AtomicUsize,
}

impl<D: Learnable> Learnable for Slow<D> {}

impl<In: Shape, D: Samples<In>> Samples<In> for Slow<D> {
    type Target = D::Target;
    fn len(&self) -> usize {
        self.data.len()
    }
    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], key: Option<u64>) -> Result<(), Error> {
        self.written.fetch_add(1, Ordering::Relaxed);
        if self.missing == Some(sample) {
            return Class::<3>::new(sample).map(drop);
        }
        self.data.write_to(sample, values, key)
    }
    fn target(&self, sample: usize) -> &D::Target {
        self.data.target(sample)
    }
    fn id(&self, sample: usize) -> u64 {
        self.data.id(sample)
    }
    fn is_slow(&self) -> bool {
        self.is_slow
    }
}

fn slow(
    is_slow: bool,
    missing: Option<usize>,
) -> Slow<impl Samples<Chw<1, 28, 28>, Target = Class<10>> + Learnable> {
    let data = Augment::new().random_rotation(10.0).random_translation(2.0).cutout(5).apply(digits(130));
    Slow { data, is_slow, missing, written: AtomicUsize::new(0) }
}

#[test]
fn a_run_on_changed_images_is_the_same_for_any_threads_and_loaded_ahead_or_not() {
    let run = |threads, is_slow| {
        in_pool(threads, || {
            let data = slow(is_slow, None);
            let mut trainer = Trainer::new(LeNet5::new(3), SoftmaxCrossEntropy, Sgd::new(0.05))
                .epochs(2)
                .batch_size(33)
                .progress(Progress::Silent);
            let history = trainer.fit(&data, &digits(40)).unwrap();
            assert_eq!(data.written.into_inner(), 260, "every sample once in each epoch");
            (history.epochs[1].train.loss.to_bits(), bits(trainer.network()))
        })
    };
    let one = run(1, false);
    for (threads, is_slow) in [(2, false), (3, true), (1, true), (8, true)] {
        assert_eq!(run(threads, is_slow), one, "{threads} threads, loaded ahead: {is_slow}");
    }
}

#[test]
fn a_sample_that_cannot_be_had_ends_the_run_before_its_step() {
    for is_slow in [false, true] {
        let data = slow(is_slow, Some(77));
        let mut trainer = Trainer::new(LeNet5::new(3), SoftmaxCrossEntropy, Sgd::new(0.05))
            .batch_size(130)
            .progress(Progress::Silent);
        let error = trainer.fit(&data, None).unwrap_err();
        assert_eq!(error.to_string(), "class: expected 0 to 2, found 77");
        assert_eq!(bits(trainer.network()), bits(&LeNet5::new(3)), "no step was made");
        assert_eq!(trainer.history().ending, Ending::Failed);
        assert_eq!(trainer.evaluate(&data).unwrap_err().to_string(), "class: expected 0 to 2, found 77");
    }
}

#[test]
fn a_run_that_is_interrupted_ends_with_its_best_epoch() {
    let flag = Arc::new(AtomicBool::new(false));
    let (set, mut epochs) = (flag.clone(), 0);
    let best = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = best.clone();
    let mut trainer = Trainer::new(LeNet5::new(3), SoftmaxCrossEntropy, Sgd::new(0.05))
        .epochs(50)
        .batch_size(32)
        .progress(Progress::Silent)
        .on_epoch(move |_, net| {
            seen.lock().unwrap().push(bits(net));
            epochs += 1;
            if epochs == 3 {
                set.store(true, Ordering::Relaxed);
            }
            std::ops::ControlFlow::Continue(())
        })
        .interrupt(flag);
    let history = trainer.fit(&digits(130), &digits(60)).unwrap();
    assert_eq!((history.ending, history.epochs.len()), (Ending::Interrupted, 3));
    let restored = history.restored.unwrap();
    assert_eq!(restored, history.best().unwrap().epoch);
    assert_eq!(bits(trainer.network()), best.lock().unwrap()[restored - 1]);
}
