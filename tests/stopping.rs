//! The end of a run: early stopping, callbacks and losses that are not finite; and the network's parameters after it.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use convnet::Error;
use convnet::prelude::*;
use convnet::train::{EarlyStopping, Ending, Monitor, Progress};

network! {
    /// Large enough to learn 20 noisy points by heart.
    struct Net: Flat<2> => Flat<2> {
        fc1: Dense { units: 32 },
        tanh: Tanh,
        fc2: Dense { units: 2 },
    }
}

network! {
    struct Line: Flat<1> => Flat<1> {
        fc: Dense { units: 1 },
    }
}

/// Points in the plane whose class is right of the diagonal, but for every fifth.
fn noisy(count: usize, from: usize) -> Dataset<Flat<2>, Class<2>> {
    (from..from + count)
        .map(|i| {
            let (a, b) = ((i * 7 % 19) as f32 / 9.5 - 1.0, (i * 11 % 23) as f32 / 11.5 - 1.0);
            let class = usize::from(a > b) ^ usize::from(i % 5 == 0);
            (Tensor::from_fn(|j| [a, b][j]), Class::new(class).unwrap())
        })
        .collect()
}

type Parameters = Arc<Mutex<Vec<Vec<f32>>>>;

/// A trainer that keeps the parameters after each epoch.
fn watched(epochs: usize) -> (Trainer<Net, SoftmaxCrossEntropy, Sgd>, Parameters) {
    let seen = Parameters::default();
    let keep = seen.clone();
    let trainer = Trainer::new(Net::new(3), SoftmaxCrossEntropy, Sgd::new(0.3).momentum(0.9))
        .batch_size(4)
        .epochs(epochs)
        .progress(Progress::Silent)
        .on_epoch(move |_, net| {
            keep.lock().unwrap().push(net.model().params().to_vec());
            ControlFlow::Continue(())
        });
    (trainer, seen)
}

#[test]
fn early_stopping_puts_back_the_best_epoch_to_the_bit() {
    let (train, validation) = (noisy(20, 0), noisy(40, 100));
    for monitor in [Monitor::Loss, Monitor::Accuracy] {
        let (trainer, seen) = watched(200);
        let mut trainer = trainer.early_stopping(EarlyStopping::new(7).monitor(monitor));
        let history = trainer.fit(&train, &validation).unwrap();
        assert_eq!(history.ending, Ending::EarlyStopping);
        let best = history.restored.unwrap();
        assert_eq!(history.epochs.len(), best + 7, "{monitor:?}");
        assert_eq!(trainer.network().model().params(), seen.lock().unwrap()[best - 1]);
        assert_ne!(trainer.network().model().params(), seen.lock().unwrap()[best + 6]);
        let badness = |i: usize| {
            let score = history.epochs[i].validation.unwrap();
            if monitor == Monitor::Loss { score.loss } else { -score.accuracy.unwrap() }
        };
        let lowest = (0..history.epochs.len()).map(badness).fold(f64::INFINITY, f64::min);
        assert_eq!(badness(best - 1), lowest);
        assert!((0..best - 1).all(|i| badness(i) > lowest), "{monitor:?}: the first of equal epochs is kept");
        assert_eq!(
            trainer.loss_and_accuracy(&validation).unwrap(),
            history.epochs[best - 1].validation.unwrap()
        );
    }
}

#[test]
fn a_run_that_ends_before_patience_does_has_the_best_parameters_too() {
    let (train, validation) = (noisy(20, 0), noisy(40, 100));
    let (trainer, seen) = watched(40);
    let mut trainer = trainer.early_stopping(EarlyStopping::new(1000));
    let history = trainer.fit(&train, &validation).unwrap();
    assert_eq!((history.ending, history.epochs.len()), (Ending::Completed, 40));
    let best = history.restored.unwrap();
    assert_eq!(Some(best), history.best().map(|epoch| epoch.epoch));
    assert!(best < 40, "the network over-fits");
    assert_eq!(trainer.network().model().params(), seen.lock().unwrap()[best - 1]);
}

#[test]
fn small_improvements_do_not_count() {
    let (train, validation) = (noisy(20, 0), noisy(40, 100));
    let (trainer, _) = watched(200);
    let mut trainer = trainer.early_stopping(EarlyStopping::new(3).min_improvement(10.0));
    let history = trainer.fit(&train, &validation).unwrap();
    assert_eq!((history.epochs.len(), history.restored), (4, Some(1)));
}

#[test]
fn early_stopping_wants_something_to_watch() {
    let train = noisy(20, 0);
    let (trainer, _) = watched(2);
    let mut trainer = trainer.early_stopping(EarlyStopping::new(3));
    let error = trainer.fit(&train, None).unwrap_err();
    assert_eq!(error.to_string(), "validation data: expected some, for early stopping, found none");
    for (rule, message) in [
        (EarlyStopping::new(0), "patience: expected at least 1, found 0"),
        (
            EarlyStopping::new(1).min_improvement(-0.5),
            "minimum improvement: expected a finite number, at least 0, found -0.5",
        ),
        (
            EarlyStopping::new(1).min_improvement(f64::NAN),
            "minimum improvement: expected a finite number, at least 0, found NaN",
        ),
    ] {
        let (trainer, _) = watched(2);
        let error = trainer.early_stopping(rule).fit(&train, &train).unwrap_err();
        assert_eq!(error.to_string(), message);
    }

    let points: Dataset<Flat<1>, Tensor<Flat<1>>> =
        (0..8).map(|i| (Tensor::from_fn(|_| i as f32), Tensor::from_fn(|_| 2.0 * i as f32))).collect();
    let mut trainer = Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(0.001))
        .early_stopping(EarlyStopping::new(3).monitor(Monitor::Accuracy))
        .progress(Progress::Silent);
    let error = trainer.fit(&points, &points).unwrap_err();
    assert_eq!(
        error.to_string(),
        "monitor: expected the loss, where targets are not classes, found the accuracy"
    );
}

#[test]
fn a_callback_ends_a_run_after_a_step_and_after_an_epoch() {
    let data = noisy(20, 0);
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = steps.clone();
    let (trainer, _) = watched(5);
    let mut trainer = trainer.on_batch(move |step| {
        seen.lock().unwrap().push((step.epoch, step.batch, step.batches));
        assert!(step.loss.is_finite());
        if (step.epoch, step.batch) == (2, 3) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let history = trainer.fit(&data, None).unwrap();
    assert_eq!((history.ending, history.epochs.len()), (Ending::Callback, 1));
    let all: Vec<_> = (1..=5).map(|batch| (1, batch, 5)).chain((1..=3).map(|batch| (2, batch, 5))).collect();
    assert_eq!(*steps.lock().unwrap(), all);

    let (trainer, _) = watched(5);
    let mut trainer =
        trainer.on_epoch(
            |epoch, _| {
                if epoch.epoch == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
    let history = trainer.fit(&data, &data).unwrap();
    assert_eq!((history.ending, history.epochs.len()), (Ending::Callback, 2));
    assert_eq!(history, *trainer.history());
}

#[test]
fn a_value_that_is_not_finite_is_named_and_a_loss_keeps_the_best_parameters() {
    let broken: Dataset<Flat<2>, Class<2>> = (0..20)
        .map(|i| {
            let value = if i == 19 { f32::NAN } else { 0.1 * i as f32 };
            (Tensor::from_fn(|_| value), Class::new(i % 2).unwrap())
        })
        .collect();
    let (trainer, _) = watched(5);
    let mut trainer = trainer.shuffle(false);
    let error = trainer.fit(&broken, None).unwrap_err();
    assert!(matches!(error, Error::Sample { sample: 19, .. }), "{error}");
    let text = "training data, sample 19: expected finite numbers, found NaN in value 0";
    assert_eq!(error.to_string(), text);
    assert_eq!(trainer.history().ending, Ending::Failed);
    assert!(trainer.network().model().params().iter().all(|p| p.is_finite()));

    // Each step makes this one worse, until its numbers overflow.
    let points: Dataset<Flat<1>, Tensor<Flat<1>>> =
        (0..8).map(|i| (Tensor::from_fn(|_| i as f32), Tensor::from_fn(|_| 2.0 * i as f32))).collect();
    let first = Arc::new(Mutex::new(Vec::new()));
    let keep = first.clone();
    let mut trainer = Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(1.0))
        .early_stopping(EarlyStopping::new(1000))
        .progress(Progress::Silent)
        .epochs(1000)
        .on_epoch(move |epoch, net| {
            if epoch.epoch == 1 {
                keep.lock().unwrap().extend_from_slice(net.model().params());
            }
            ControlFlow::Continue(())
        });
    let error = trainer.fit(&points, &points).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 5.., batch: None, .. }), "{error}");
    assert_eq!((trainer.history().restored, trainer.history().ending), (Some(1), Ending::Failed));
    assert_eq!(trainer.network().model().params(), *first.lock().unwrap());
}

#[test]
fn the_rule_of_three_samples_for_each_parameter_is_advice() {
    let (trainer, _) = watched(1);
    let enough = 3 * Net::PARAMS;
    assert_eq!(trainer.advice(enough), None);
    let advice = trainer.advice(enough - 1).unwrap();
    assert!(advice.starts_with("advice: 485 training samples for 162 parameters"), "{advice}");
}

/// Data of which one sample cannot be had.
struct Failing {
    data: Dataset<Flat<2>, Class<2>>,
    sample: usize,
    is_slow: bool,
}

impl convnet::data::Learnable for Failing {}

impl Samples<Flat<2>> for Failing {
    type Target = Class<2>;
    fn len(&self) -> usize {
        self.data.len()
    }
    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], key: Option<u64>) -> Result<(), Error> {
        if sample == self.sample {
            return Class::<2>::new(77).map(drop);
        }
        self.data.write_to(sample, values, key)
    }
    fn target(&self, sample: usize) -> &Class<2> {
        self.data.target(sample)
    }
    fn id(&self, sample: usize) -> u64 {
        self.data.id(sample)
    }
    fn is_slow(&self) -> bool {
        self.is_slow
    }
}

/// The error of a later batch is returned in that batch's turn, even if the batch was loaded ahead.
#[test]
fn a_sample_that_cannot_be_had_waits_for_its_batch() {
    for is_slow in [false, true] {
        let data = || Failing { data: noisy(20, 0), sample: 13, is_slow };
        let batches = Arc::new(Mutex::new(0));
        let counted = batches.clone();
        let (trainer, _) = watched(3);
        let mut trainer = trainer.shuffle(false).on_batch(move |_| {
            *counted.lock().unwrap() += 1;
            ControlFlow::Continue(())
        });
        let error = trainer.fit(&data(), None).unwrap_err().to_string();
        assert_eq!(error, "class: expected 0 to 1, found 77");
        assert_eq!(*batches.lock().unwrap(), 3, "the batches before it, loaded ahead: {is_slow}");

        let (trainer, _) = watched(3);
        let mut trainer = trainer
            .shuffle(false)
            .on_batch(|end| if end.batch == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        assert_eq!(trainer.fit(&data(), None).unwrap().ending, Ending::Callback);
    }
}
