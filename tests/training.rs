//! Training runs: what they learn, that they repeat to the bit, and what they refuse.

use convnet::Error;
use convnet::data::Learnable;
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

#[test]
fn thirty_two_digits_are_learnt_by_heart() {
    let data = digits(32);
    let mut trainer = trainer(1).epochs(200).batch_size(32);
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

/// 33 samples in batches of 32: the 33rd is used too.
#[test]
fn the_last_smaller_batch_is_trained_on() {
    let data = digits(33);
    let mut whole = trainer(1).epochs(1).batch_size(32).shuffle(false);
    whole.fit(&data, None).unwrap();

    let mut by_hand = trainer(1).shuffle(false);
    for samples in [0..32, 32..33] {
        let mut inputs = Batch::zeros(samples.len());
        samples.clone().enumerate().for_each(|(place, sample)| {
            inputs.set(place, data.sample(sample).as_slice().iter().copied());
        });
        let targets: Vec<_> = samples.map(|sample| *data.target(sample)).collect();
        by_hand.train_step(&inputs, &targets, 0).unwrap();
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
    let confusion = vec![vec![8, 2, 0], vec![1, 4, 0], vec![0, 2, 0]];
    let evaluation = Evaluation::new(0.5, confusion, vec![12, 5, 0]);
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
        let fused = logits.train_step(&x, &targets, 0).unwrap();
        assert_eq!(fused, if label == 0 { 0.0 } else { 2e4 });
        assert!(logits.gradient().iter().all(|g| g.is_finite()));

        let mut chances = Trainer::new(Chances::new(1), ProbabilityCrossEntropy, Sgd::new(1e-9));
        chances.set_identity();
        let loss = chances.train_step(&x, &targets, 0).unwrap();
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
    let fit = |batch, sgd| {
        Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, sgd).batch_size(batch).fit(&data, None)
    };
    refused(fit(0, Sgd::new(0.1)), "batch size: expected at least 1, found 0");
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
        .batch_size(16)
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

network! {
    /// One value in, one out.
    struct Line: Flat<1> => Flat<1> {
        fc: Dense { units: 1 },
    }
}

/// The loss is a mean: a batch that holds every sample twice has the same loss and the same gradient.
#[test]
fn a_batch_has_the_mean_of_its_losses() {
    fn check<
        N: Network<Scalar = f64>,
        Y: convnet::data::Target,
        L: convnet::loss::Loss<N::Output, Y, f64> + Copy,
    >(
        loss: L,
        samples: &[(Tensor<N::Input, f64>, Y)],
    ) {
        let run = |times: usize| {
            let mut trainer = Trainer::new(N::new(3), loss, Sgd::new(0.1));
            let twice = || samples.iter().cycle().take(times * samples.len());
            let inputs: Batch<N::Input, f64> = twice().map(|(x, _)| x).collect();
            let targets: Vec<Y> = twice().map(|(_, y)| y.clone()).collect();
            (trainer.train_step(&inputs, &targets, 0).unwrap(), trainer.gradient().to_vec())
        };
        let ((loss, gradient), (same, same_gradient)) = (run(1), run(20));
        assert!((loss - same).abs() < 1e-12, "{loss} {same}");
        for (a, b) in gradient.iter().zip(same_gradient) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }
    network! {
        struct Chances: Flat<1> => Probabilities<2> {
            fc: Dense { units: 2 },
            softmax: Softmax,
        }
    }
    network! {
        struct Logits: Flat<1> => Flat<2> {
            fc: Dense { units: 2 },
        }
    }
    let x = |value: f64| Tensor::from([value]);
    let class = |index| Class::<2>::new(index).unwrap();
    let labelled = [(x(0.5), class(0)), (x(-1.0), class(1)), (x(2.0), class(1))];
    check::<Chances<f64>, _, _>(ProbabilityCrossEntropy, &labelled);
    check::<Logits<f64>, _, _>(SoftmaxCrossEntropy, &labelled);
    check::<Line<f64>, _, _>(MeanSquaredError, &[(x(0.5), x(2.0)), (x(-1.0), x(0.0)), (x(2.0), x(5.0))]);
}

/// A line through points that lie on one: y = 3x − 1.
#[test]
fn a_regression_finds_its_line() {
    let points = (0..64).map(|i| {
        let x = i as f32 / 32.0 - 1.0;
        (Tensor::from([x]), Tensor::from([3.0 * x - 1.0]))
    });
    let data: Dataset<Flat<1>, Tensor<Flat<1>>> = points.collect();
    let mut trainer = Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(0.1).momentum(0.9))
        .epochs(60)
        .batch_size(16)
        .progress(Progress::Silent);
    let history = trainer.fit(&data, None).unwrap();
    assert_eq!(history.epochs[0].train.accuracy, None, "values are not right or wrong");
    let line = trainer.network().fc();
    assert!((line.weight()[0][0] - 3.0).abs() < 1e-3 && (line.bias()[0] + 1.0).abs() < 1e-3);
    assert!(trainer.loss_and_accuracy(&data).unwrap().loss < 1e-6);
}

/// The parameters after a run of this trainer on these digits.
fn params_after(trainer: Trainer<LeNet5, SoftmaxCrossEntropy, Sgd>, data: &Digits) -> Vec<f32> {
    let mut trainer = trainer;
    trainer.fit(data, None).unwrap();
    trainer.into_network().model().params().to_vec()
}

#[test]
fn shuffling_and_the_schedule_change_the_run() {
    let data = digits(96);
    let plain = || trainer(1).epochs(2).batch_size(32);
    let shuffled = params_after(plain(), &data);
    assert_ne!(shuffled, params_after(plain().shuffle(false), &data));
    assert_ne!(shuffled, params_after(plain().schedule(Schedule::Cosine), &data));
}

/// Counts, for each sample in each epoch, the order in which it was asked for.
struct Watched {
    data: Digits,
    seen: std::sync::Mutex<Vec<usize>>,
}

impl Learnable for Watched {}

impl Samples<Chw<1, 28, 28>> for Watched {
    type Target = Class<10>;
    fn len(&self) -> usize {
        self.data.len()
    }
    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], key: Option<u64>) -> Result<(), Error> {
        self.seen.lock().unwrap().push(sample);
        self.data.write_to(sample, values, key)
    }
    fn target(&self, sample: usize) -> &Class<10> {
        self.data.target(sample)
    }
    fn id(&self, sample: usize) -> u64 {
        self.data.id(sample)
    }
}

#[test]
fn each_epoch_sees_every_sample_once_in_an_order_of_its_own() {
    let orders = |epochs| {
        let watched = Watched { data: digits(50), seen: Default::default() };
        trainer(4).epochs(epochs).batch_size(16).fit(&watched, None).unwrap();
        let seen = watched.seen.into_inner().unwrap();
        seen.chunks(50).map(<[usize]>::to_vec).collect::<Vec<_>>()
    };
    let three = orders(3);
    assert_eq!(three.len(), 3);
    for order in &three {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }
    assert!(three[0] != three[1] && three[1] != three[2] && three[0] != three[2]);
    assert_eq!(orders(2), three[..2], "an order depends on the seed and the epoch alone");
}

/// Dropout draws for each sample and epoch, by the sample's identity and not by its place in the batch.
#[test]
fn dropout_is_keyed_by_epoch_and_sample() {
    network! {
        struct Thinned: Flat<64> => Flat<1> {
            dropout: Dropout { rate: 0.5 },
            fc: Dense { units: 1 },
        }
    }
    // With all weights and inputs 1 and a tiny rate, the loss of an epoch counts what was kept.
    let losses = |samples: usize, batch, shuffle| -> Vec<f64> {
        let one = || (Tensor::from([1.0; 64]), Tensor::from([0.0]));
        let data: Dataset<Flat<64>, Tensor<Flat<1>>> = (0..samples).map(|_| one()).collect();
        let mut net = Thinned::new(1);
        *net.layers_mut().fc().weight() = [[1.0; 64]];
        let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(1e-12))
            .epochs(2)
            .batch_size(batch)
            .shuffle(shuffle)
            .progress(Progress::Silent);
        trainer.fit(&data, None).unwrap().epochs.iter().map(|epoch| epoch.train.loss).collect()
    };
    let alone = losses(1, 1, false);
    assert_ne!(alone[0], alone[1], "epochs draw by themselves");
    assert_ne!(losses(2, 2, false)[0], alone[0], "samples draw by themselves");
    let (in_order, shuffled) = (losses(20, 20, false), losses(20, 3, true));
    assert!((in_order[0] / shuffled[0] - 1.0).abs() < 1e-6, "the order and the batch do not matter");
}

#[test]
fn the_best_epoch_has_the_lowest_validation_loss() {
    use convnet::train::{Epoch, LossAndAccuracy};
    let score = |loss| LossAndAccuracy { loss, accuracy: None };
    let epoch =
        |epoch, train, validation: Option<f64>| Epoch::new(epoch, score(train), validation.map(score), 1.0);
    let best = |epochs: Vec<Epoch>| History::new(epochs).best().map(|epoch| epoch.epoch);
    assert_eq!(best(vec![]), None);
    assert_eq!(
        best(vec![epoch(1, 0.9, Some(0.3)), epoch(2, 0.5, Some(0.2)), epoch(3, 0.1, Some(0.4))]),
        Some(2)
    );
    assert_eq!(best(vec![epoch(1, 0.9, None), epoch(2, 0.5, None)]), Some(2));
    let nan = f64::INFINITY - f64::INFINITY;
    assert_eq!(
        best(vec![epoch(1, 0.9, Some(0.3)), epoch(2, 0.5, Some(nan)), epoch(3, 0.5, Some(-nan))]),
        Some(1)
    );
}

/// A slope that is infinite at zero: what no sample uses must not reach the gradient.
#[test]
fn lanes_without_a_sample_do_no_harm() {
    use convnet::plan::{Backward, Forward, Op, Plan};

    #[derive(Clone, Copy, Default)]
    struct Root;
    impl<S: Shape, T: Scalar> Layer<S, T> for Root {
        type Out = S;
        fn add_to(&self, plan: &mut Plan<T>) {
            plan.add::<S, Self>(Root);
        }
    }
    impl<T: Scalar> Op<T> for Root {
        fn describe(&self) -> String {
            "Root".into()
        }
        fn forward(&self, Forward { y, x, .. }: Forward<'_, T>) {
            y.iter_mut().zip(x).for_each(|(y, x)| *y = x.map(T::sqrt));
        }
        fn backward(&self, Backward { dx, dy, y, .. }: Backward<'_, T>) {
            let Some(dx) = dx else { return };
            dx.iter_mut().zip(dy).zip(y).for_each(|((dx, dy), y)| *dx = dy.zip(*y, |dy, y| dy / (y + y)));
        }
    }
    network! {
        struct Rooted: Flat<1> => Flat<1> {
            fc: Dense { units: 1 },
            root: Root,
        }
    }
    let mut net = Rooted::new(1);
    *net.layers_mut().fc().weight() = [[1.0]];
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.01));
    let inputs: Batch<Flat<1>> = (1..=17).map(|i| Tensor::from([i as f32])).collect();
    let targets: Vec<Tensor<Flat<1>>> = (1..=17).map(|_| Tensor::from([1.0])).collect();
    trainer.train_step(&inputs, &targets, 0).unwrap();
    assert!(trainer.gradient().iter().all(|g| g.is_finite()), "{:?}", trainer.gradient());
}

/// The run that diverges in its third epoch still has the history of two.
#[test]
fn a_history_outlives_its_run() {
    struct Growing(Digits, std::sync::atomic::AtomicUsize);
    impl Learnable for Growing {}
    impl Samples<Chw<1, 28, 28>> for Growing {
        type Target = Class<10>;
        fn len(&self) -> usize {
            self.0.len()
        }
        fn write_to<T: Scalar>(
            &self,
            sample: usize,
            values: &mut [T],
            key: Option<u64>,
        ) -> Result<(), Error> {
            self.0.write_to(sample, values, key)?;
            // From the third epoch on, pixels that are no numbers.
            if self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= 2 * self.0.len() {
                values.fill(T::nan());
            }
            Ok(())
        }
        fn target(&self, sample: usize) -> &Class<10> {
            self.0.target(sample)
        }
        fn id(&self, sample: usize) -> u64 {
            self.0.id(sample)
        }
    }
    let mut trainer = trainer(1).epochs(5).batch_size(10);
    let error = trainer.fit(&Growing(digits(20), Default::default()), None).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 3, batch: 1, .. }), "{error}");
    assert_eq!(trainer.history().epochs.len(), 2);
    assert!(trainer.network().model().params().iter().all(|p| p.is_finite()));
}

/// A step that would leave the finite numbers is not taken.
#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    let mut trainer = Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(0.1));
    let before = trainer.network().model().params().to_vec();
    let targets = [Tensor::from([0.0])];
    let inputs = Batch::from_iter([Tensor::from([f32::NAN])]);
    assert!(matches!(trainer.train_step(&inputs, &targets, u64::MAX), Err(Error::Diverged { .. })));
    assert_eq!(trainer.network().model().params(), before);
}

#[test]
fn an_answer_with_a_nan_in_it_is_wrong() {
    use convnet::data::Target;
    let class = |index| Class::<3>::new(index).unwrap();
    assert_eq!(class(1).is_met_by([0.0, 2.0, 1.0]), Some(true));
    assert_eq!(class(0).is_met_by([0.0, 2.0, 1.0]), Some(false));
    assert_eq!(class(0).is_met_by([f64::NAN; 3]), Some(false));
    assert_eq!(class(1).is_met_by([0.0, 2.0, f64::NAN]), Some(false));
}

/// One output for two classes is the logit of class 1: `is_met_by`, `predict` and `evaluate` agree.
#[test]
fn a_single_output_decides_between_two_classes() {
    use convnet::data::Target;
    let mut net = Line::new(1);
    net.layers_mut().fc().into_slice().copy_from_slice(&[1.0, 0.0]);
    // Too small to be seen in a probability.
    let tiny = 1e-30;
    let cases = [(-3.0, 0), (-tiny, 0), (0.0, 0), (tiny, 1), (3.0, 1)];
    for (logit, expected) in cases {
        let convnet::network::Prediction { class, probabilities } = net.predict(&Tensor::from([logit]));
        assert_eq!(class, expected, "{logit}");
        let chance = 1.0 / (1.0 + (-logit).exp());
        assert!((probabilities[0] - (1.0 - chance)).abs() < 1e-6 && (probabilities[1] - chance).abs() < 1e-6);
        for label in 0..2 {
            let class = Class::<2>::new(label).unwrap();
            assert_eq!(class.is_met_by([logit]), Some(label == expected), "{logit} for {label}");
        }
    }
    assert_eq!(Class::<2>::new(0).unwrap().is_met_by([f32::NAN]), Some(false));

    let labelled = cases.map(|(logit, _)| (Tensor::from([logit]), Class::<2>::new(1).unwrap()));
    let data: Dataset<Flat<1>, Class<2>> = labelled.into_iter().collect();
    let trainer = Trainer::new(net.clone(), SigmoidCrossEntropy, Sgd::new(0.1));
    assert_eq!(trainer.evaluate(&data).unwrap().confusion, [[0, 0], [3, 2]]);
    assert_eq!(trainer.loss_and_accuracy(&data).unwrap().accuracy, Some(0.4));

    // One output for one class is always right.
    let only = [(Tensor::from([1.0]), Class::<1>::new(0).unwrap())];
    let data: Dataset<Flat<1>, Class<1>> = only.into_iter().collect();
    let trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.1));
    assert_eq!(trainer.evaluate(&data).unwrap().confusion, [[1]]);
}

#[test]
fn data_are_checked_when_they_are_made() {
    use convnet::data::Normalization;
    let classes = || vec![Class::<2>::new(0).unwrap(); 3];
    let make = |bytes: usize, std| {
        let normalization = Normalization::new([0.5], [std])?;
        Dataset::<Flat<2>, Class<2>>::from_bytes(vec![0; bytes], normalization, classes())
    };
    assert!(make(6, 0.25).is_ok());
    refused(make(5, 0.25), "values: expected 3 samples of 2 values (2), found 5");
    for std in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let found =
            format!("normalization: expected a finite mean and a std above 0, found mean 0.5, std {std}");
        refused(make(6, std), &found);
    }
}
