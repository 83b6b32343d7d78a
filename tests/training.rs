//! Training runs: what they learn, that they repeat to the bit, and what they refuse.

use convnet::Error;
use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::{History, Progress};

type Digits = Dataset<Chw<1, 28, 28>, Class<10>>;

fn digits(count: usize) -> Digits {
    Mnist::load_from("assets/mnist").unwrap().train.subset(0..count)
}

fn trainer(seed: u64) -> Trainer<LeNet5, SoftmaxCrossEntropy, Sgd> {
    Trainer::new(LeNet5::new(seed), SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
        .seed(seed)
        .progress(Progress::Silent)
}

fn in_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

network! {
    /// More parameters than a small network may have, and every kind of random or windowed layer.
    struct Wide: Chw<1, 28, 28> => Flat<10> {
        conv: Conv2d { filters: 5, kernel: 3, stride: 2, padding: 1 },
        relu1: Relu,
        pool: AvgPool2d { kernel: 3, stride: 2, padding: 1 },
        dropout: Dropout { rate: 0.3 },
        flatten: Flatten,
        fc1: Dense { units: 2200 },
        tanh: Tanh,
        fc2: Dense { units: 10 },
    }
}

/// Fifty steps, with a smaller batch among them, give the same bits on any number of threads.
fn bits_of_fifty_steps<N: Network<Input = Chw<1, 28, 28>, Output = Flat<10>, Scalar = f32>>() {
    let data = digits(490);
    let run = |threads| {
        in_pool(threads, || {
            let mut trainer = Trainer::new(N::new(7), SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
                .epochs(5)
                .batch(50)
                .seed(7)
                .progress(Progress::Silent);
            let history = trainer.fit(&data, None).unwrap();
            let losses: Vec<u64> = history.epochs.iter().map(|e| e.train.loss.to_bits()).collect();
            let params: Vec<u32> = trainer.network().model().params().iter().map(|p| p.to_bits()).collect();
            (losses, params)
        })
    };
    let one = run(1);
    assert_eq!(one.0.len(), 5);
    for threads in [2, 3, 5, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn fifty_steps_are_the_same_bits_on_any_number_of_threads() {
    bits_of_fifty_steps::<LeNet5>();
}

#[test]
fn fifty_steps_of_a_wide_network_are_too() {
    const { assert!(Wide::PARAMS > 1 << 19, "wide enough to be cut layer by layer") };
    bits_of_fifty_steps::<Wide>();
}

#[test]
fn thirty_two_digits_are_learnt_by_heart() {
    let data = digits(32);
    let mut trainer = trainer(1).epochs(200).batch(32);
    let history = trainer.fit(&data, None).unwrap();
    assert_eq!(history.epochs.len(), 200);
    assert_eq!(trainer.evaluate(&data).unwrap().correct(), 32);
}

#[test]
fn the_seed_decides() {
    let data = digits(100);
    let run = |seed| {
        let mut trainer = trainer(seed).epochs(1);
        trainer.fit(&data, None).unwrap();
        trainer.into_network().model().params().to_vec()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

/// 33 samples in batches of 32: the 33rd is learnt from too.
#[test]
fn the_last_smaller_batch_is_trained_on() {
    let data = digits(33);
    let mut whole = trainer(1).epochs(1).batch(32).shuffle(false);
    whole.fit(&data, None).unwrap();

    let mut by_hand = trainer(1).shuffle(false);
    for samples in [0..32, 32..33] {
        let mut inputs = Batch::zeros(samples.len());
        samples.clone().enumerate().for_each(|(place, sample)| data.write_to(sample, &mut inputs, place));
        let targets: Vec<_> = samples.map(|sample| *data.target(sample)).collect();
        by_hand.step(&inputs, &targets, 0).unwrap();
    }
    assert_eq!(whole.network().model().params(), by_hand.network().model().params());
}

#[test]
fn history_and_evaluation_agree() {
    let data = digits(300);
    let (train, validation) = data.split(0.8, 1).unwrap();
    assert_eq!((train.len(), validation.len()), (240, 60));
    let mut trainer = trainer(1).epochs(3);
    let history = trainer.fit(&train, &validation).unwrap();
    let evaluation = trainer.evaluate(&validation).unwrap();
    let last = history.epochs[2].validation.unwrap();
    assert_eq!(last.loss, evaluation.loss);
    assert_eq!(last.accuracy, Some(evaluation.accuracy()));
    assert_eq!(evaluation.samples(), 60);
    let supports: usize = evaluation.classes().iter().map(|class| class.support).sum();
    assert_eq!(supports, 60);
    let json = serde_json::to_string(&history).unwrap();
    assert_eq!(serde_json::from_str::<History>(&json).unwrap(), history);
}

#[test]
fn precision_and_recall() {
    use convnet::train::Evaluation;
    let evaluation = Evaluation { loss: 0.5, confusion: vec![vec![8, 2, 0], vec![1, 4, 0], vec![0, 2, 0]] };
    assert_eq!((evaluation.correct(), evaluation.samples()), (12, 17));
    let classes = evaluation.classes();
    assert_eq!((classes[0].precision, classes[0].recall, classes[0].support), (8.0 / 9.0, 0.8, 10));
    assert_eq!((classes[1].precision, classes[1].recall, classes[1].support), (0.5, 0.8, 5));
    // Nothing was taken for class 2: precision 0 by convention, not NaN.
    assert_eq!((classes[2].precision, classes[2].recall, classes[2].support), (0.0, 0.0, 2));
    assert!(evaluation.to_string().contains("70.59 % (12/17)"), "{evaluation}");
}

/// Logits of ±10⁴ end in finite losses and gradients, through both forms of cross-entropy.
#[test]
fn extreme_logits_stay_finite() {
    network! {
        struct Logits: Flat<2> => Flat<2> {
            fc: Dense { units: 2 },
        }
    }
    network! {
        struct Chances: Flat<2> => Probabilities<2> {
            fc: Dense { units: 2 },
            softmax: Softmax,
        }
    }
    let x: Batch<Flat<2>> = [Tensor::from_slice(&[1e4, -1e4]).unwrap()].iter().collect();
    for label in [0, 1] {
        let targets = [Class::<2>::new(label).unwrap()];
        let mut logits = Trainer::new(Logits::new(1), SoftmaxCrossEntropy, Sgd::new(1e-9));
        logits.set_identity();
        let fused = logits.step(&x, &targets, 0).unwrap();
        assert_eq!(fused, if label == 0 { 0.0 } else { 2e4 });
        assert!(logits.gradient().iter().all(|g| g.is_finite()));

        let mut chances = Trainer::new(Chances::new(1), CrossEntropy, Sgd::new(1e-9));
        chances.set_identity();
        let loss = chances.step(&x, &targets, 0).unwrap();
        assert!(loss.is_finite() && (loss > 80.0) == (label == 1), "{loss}");
        assert!(chances.gradient().iter().all(|g| g.is_finite()));
    }
}

trait Identity {
    fn set_identity(&mut self);
}

impl<N: Network<Scalar = f32>, L, O: convnet::optim::Optimizer> Identity for Trainer<N, L, O> {
    fn set_identity(&mut self) {
        self.network_mut().model_mut().params_mut().copy_from_slice(&[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }
}

#[test]
fn dropout_drops_its_rate_and_keeps_the_mean() {
    use convnet::plan::{Forward, Mode, Pass, Plan};
    use convnet::tensor::Lanes;

    let plan = Plan::<f32>::of::<Flat<10_000>>(&Dropout::new(0.3));
    let x = vec![Lanes::splat(1.0); 10_000];
    let keys: Vec<u64> = (0..16).collect();
    let draw = |layer, mode| {
        let mut y = vec![Lanes::splat(f32::NAN); 10_000];
        let pass = Pass { mode, parallel: false, layer, keys: &keys };
        plan.steps()[0].op.forward(Forward { y: &mut y, x: &x, params: &[], scratch: &mut [], pass });
        y
    };
    let y = draw(0, Mode::Train);
    let kept = y.iter().flat_map(|y| y.0).filter(|&y| y != 0.0).count() as f64 / 160_000.0;
    // Five standard deviations of a binomial share.
    assert!((kept - 0.7).abs() < 5.0 * (0.21_f64 / 160_000.0).sqrt(), "{kept}");
    assert!(y.iter().flat_map(|y| y.0).all(|y| y == 0.0 || (y - 1.0 / 0.7).abs() < 1e-6));
    assert_eq!(draw(0, Mode::Train), y, "the same keys draw the same");
    assert_ne!(draw(1, Mode::Train), y, "another layer draws otherwise");
    let of_lane = |lane: usize| y.iter().map(|y| y.0[lane]).collect::<Vec<_>>();
    assert_ne!(of_lane(0), of_lane(1), "another sample draws otherwise");
    assert_eq!(draw(0, Mode::Infer), x);
}

#[track_caller]
fn refused<R>(result: Result<R, Error>, message: &str) {
    match result {
        Ok(_) => panic!("expected the error {message:?}"),
        Err(error) => assert_eq!(error.to_string(), message),
    }
}

#[test]
fn bad_settings_are_refused() {
    let data = digits(20);
    let fit =
        |batch, sgd| Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, sgd).batch(batch).fit(&data, None);
    refused(fit(0, Sgd::new(0.1)), "batch: expected at least 1, found 0");
    refused(trainer(1).epochs(0).fit(&data, None), "epochs: expected at least 1, found 0");
    for (rate, found) in [(f64::NAN, "NaN"), (0.0, "0"), (-0.1, "-0.1"), (f64::INFINITY, "inf")] {
        let message = format!("learning rate: expected a finite number above 0, found {found}");
        refused(fit(8, Sgd::new(rate)), &message);
    }
    refused(fit(8, Sgd::new(0.1).momentum(1.0)), "momentum: expected at least 0 and less than 1, found 1");
    refused(trainer(1).fit(&digits(0), None), "training data: expected at least 1 sample, found 0");
    refused(trainer(1).fit(&data, &digits(0)), "validation data: expected at least 1 sample, found 0");
    refused(trainer(1).evaluate(&digits(0)), "data: expected at least 1 sample, found 0");
    for fraction in [0.0, 1.0, -0.5, 2.0, f64::NAN] {
        let message = format!("fraction: expected more than 0 and less than 1, found {fraction}");
        refused(data.split(fraction, 1), &message);
    }
    refused(
        data.split(0.01, 1),
        "fraction: expected at least one sample in each part, found 0.01 of 20 samples",
    );
}

#[test]
fn a_split_is_disjoint_and_exhaustive() {
    let data = digits(101);
    let (a, b) = data.split(0.3, 5).unwrap();
    assert_eq!((a.len(), b.len()), (30, 71));
    let mut ids: Vec<u64> = (0..30).map(|i| a.id(i)).chain((0..71).map(|i| b.id(i))).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..101).collect::<Vec<u64>>());
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run() {
    let data = digits(64);
    let mut trainer = Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, Sgd::new(1e30))
        .batch(16)
        .progress(Progress::Silent);
    let error = trainer.fit(&data, None).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 1, batch: 2..=4, .. }), "{error}");
    assert!(error.to_string().starts_with("epoch 1, batch "), "{error}");
}

#[test]
fn one_network_serves_many_threads() {
    let net = LeNet5::new(1);
    let data = digits(40);
    let alone: Vec<_> = (0..40).map(|i| net.predict(&data.sample(i))).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (i, expected) in alone.iter().enumerate() {
                    assert_eq!(net.predict(&data.sample(i)), *expected);
                }
            });
        }
    });
    let batch: Batch<Chw<1, 28, 28>> = (0..40).map(|i| data.sample(i)).collect();
    let together = net.infer(&batch);
    for (i, prediction) in alone.iter().enumerate() {
        assert!((prediction.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let logits = together.sample(i);
        assert!((0..10).all(|class| logits[class] <= logits[prediction.class]));
    }
}
