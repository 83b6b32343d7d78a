//! Losses and gradients stay finite, and a run in which they do not is stopped before it changes the network.

use convnet::Error;
use convnet::data::Learnable;
use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::Progress;

use crate::lenet::{Digits, digits, trainer};
use crate::line::Line;

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

#[test]
fn a_loss_that_is_not_finite_stops_the_run() {
    let data = digits(64);
    let mut trainer = Trainer::new(LeNet5::new(1), SoftmaxCrossEntropy, Sgd::new(1e30))
        .batch_size(16)
        .progress(Progress::Silent);
    let error = trainer.fit(&data, None).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 1, batch: Some(2..=4), .. }), "{error}");
    assert!(error.to_string().starts_with("epoch 1, batch "), "{error}");
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
    assert!(matches!(error, Error::Sample { data: "training data", .. }), "{error}");
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
    let error = trainer.train_step(&inputs, &targets, u64::MAX).unwrap_err().to_string();
    assert_eq!(error, "batch, sample 0: expected finite numbers, found NaN in value 0");
    assert_eq!(trainer.network().model().params(), before);
}

/// A NaN is named where it is, with the feature's name, and never counted as an answer.
#[test]
fn a_nan_is_no_answer() {
    network! {
        struct Iris: Flat<2> => Flat<2> { fc: Dense { units: 2 } }
    }
    let data = |broken: Option<usize>| -> Dataset<Flat<2>, Class<2>> {
        let sample = |i: usize| {
            let value = if Some(i) == broken { f32::NAN } else { i as f32 / 10.0 };
            (Tensor::from([0.5, value]), Class::new(i % 2).unwrap())
        };
        (0..10).map(sample).collect::<Dataset<_, _>>().with_feature_names(["length", "width"])
    };
    let whole = data(None);
    let mut trainer =
        Trainer::new(Iris::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).epochs(1).progress(Progress::Silent);
    let named = "sample 3: expected finite numbers, found NaN in feature \"width\"";
    let refused = |result: Result<(), Error>, data: &str| {
        assert_eq!(result.unwrap_err().to_string(), format!("{data}, {named}"));
    };
    refused(trainer.fit(&data(Some(3)), None).map(|_| ()), "training data");
    let validation = trainer.fit(&whole, &data(Some(3))).unwrap_err();
    assert_eq!(validation.to_string(), format!("validation data, {named}"));
    refused(trainer.evaluate(&data(Some(3))).map(|_| ()), "data");
    refused(trainer.loss_and_accuracy(&data(Some(3))).map(|_| ()), "data");
    refused(trainer.roc_auc(&data(Some(3)), Class::new(1).unwrap()).map(|_| ()), "data");

    // The data are finite, and the network is broken.
    trainer.network_mut().model_mut().set_param("fc.bias", &[f32::NAN, 0.0]).unwrap();
    let error = trainer.evaluate(&whole).unwrap_err();
    assert_eq!(
        error.to_string(),
        "data, sample 0: expected finite numbers as outputs of the network, found NaN"
    );
    let error = trainer.fit(&whole, None).unwrap_err();
    assert!(matches!(error, Error::Diverged { epoch: 1, batch: Some(1), .. }), "{error}");
}

/// A NaN in a target is named where it is, and no reason for a smaller learning rate.
#[test]
fn a_target_that_is_not_finite_is_named() {
    let data = |broken: Option<usize>| -> Dataset<Flat<1>, Tensor<Flat<1>>> {
        let target = |i: usize| if Some(i) == broken { f32::INFINITY } else { i as f32 };
        (0..10).map(|i| (Tensor::from([i as f32]), Tensor::from([target(i)]))).collect()
    };
    let mut trainer =
        Trainer::new(Line::new(1), MeanSquaredError, Sgd::new(1e-3)).epochs(1).progress(Progress::Silent);
    let named = "sample 3: expected finite numbers, found inf in value 0 of the target";
    let error = trainer.fit(&data(Some(3)), None).unwrap_err().to_string();
    assert_eq!(error, format!("training data, {named}"));
    let error = trainer.fit(&data(None), &data(Some(3))).unwrap_err().to_string();
    assert_eq!(error, format!("validation data, {named}"));
    let error = trainer.evaluate_regression(&data(Some(3))).unwrap_err().to_string();
    assert_eq!(error, format!("data, {named}"));
    let batch: Batch<Flat<1>> = (0..4).map(|i| Tensor::from([i as f32])).collect();
    let targets: Vec<Tensor<Flat<1>>> = data(Some(3)).targets().take(4).cloned().collect();
    let error = trainer.train_step(&batch, &targets, 0).unwrap_err().to_string();
    assert_eq!(error, format!("batch, {named}"));
    let batch: Batch<Flat<1>> = [0.0, f32::NAN].into_iter().map(|x| Tensor::from([x])).collect();
    let error = trainer.train_step(&batch, &targets[..2], 0).unwrap_err().to_string();
    assert_eq!(error, "batch, sample 1: expected finite numbers, found NaN in value 0");
}

/// Predictions for whole data sets end at a sample that the network has no answer for.
#[test]
fn no_class_is_predicted_from_what_is_not_finite() {
    use convnet::train::PredictAll;
    network! {
        struct Two: Flat<1> => Flat<2> { fc: Dense { units: 2 } }
    }
    let data: Dataset<Flat<1>, Class<2>> =
        [1.0, f32::NAN].map(|x| (Tensor::from([x]), Class::new(0).unwrap())).into_iter().collect();
    let mut net = Two::new(1);
    let answers: Result<Vec<_>, _> = net.predict_all(&data).collect();
    let error = answers.unwrap_err().to_string();
    assert_eq!(error, "data, sample 1: expected finite numbers, found NaN in value 0");
    net.model_mut().set_param("fc.bias", &[f32::INFINITY, 0.0]).unwrap();
    let error = net.predict_all(&data.subset([0])).next().unwrap().unwrap_err().to_string();
    assert_eq!(error, "data, sample 0: expected finite numbers as outputs of the network, found inf");
}
