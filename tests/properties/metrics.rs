//! Metrics against numbers that can be checked by hand, and those of scikit-learn's documentation.

use convnet::prelude::*;
use convnet::train::metrics::{mae, r2, rmse, roc_auc};
use convnet::train::{Desired, Diagnosis, Epoch, Evaluation, History, LossAndAccuracy, Progress, Verdict};
use proptest::prelude::*;

#[test]
fn precision_recall_and_f1_of_each_class() {
    let confusion = vec![vec![8, 2, 0], vec![1, 4, 0], vec![0, 2, 0]];
    let evaluation = Evaluation::new(0.5, confusion, vec![12, 4, 1]);
    let classes = evaluation.classes();
    assert_eq!((classes[0].precision, classes[0].recall), (Some(8.0 / 9.0), Some(0.8)));
    assert!((classes[0].f1.unwrap() - 16.0 / 19.0).abs() < 1e-15);
    assert_eq!(classes[1].f1, Some(8.0 / 13.0));
    assert_eq!(classes[2].f1, Some(0.0));
    assert!((evaluation.macro_f1() - (16.0 / 19.0 + 8.0 / 13.0) / 3.0).abs() < 1e-15);
    assert_eq!([0, 1, 2, 3, 9].map(|k| evaluation.top_k(k)), [0.0, 12.0 / 17.0, 16.0 / 17.0, 1.0, 1.0]);
}

/// A class without samples that nothing was taken for is not measured: scikit-learn's macro F1 of the others.
#[test]
fn an_absent_class_is_not_a_class_of_zeros() {
    let evaluation = Evaluation::new(0.1, vec![vec![3, 0, 0], vec![0, 2, 0], vec![0, 0, 0]], vec![5, 0, 0]);
    let absent = evaluation.classes()[2];
    assert_eq!((absent.precision, absent.recall, absent.f1, absent.support), (None, None, None, 0));
    assert_eq!(evaluation.macro_f1(), 1.0);
    let row = evaluation.to_string().lines().nth(5).unwrap().to_owned();
    assert!(row.starts_with("    2 │") && row.matches('–').count() == 3 && !row.contains("0.00"), "{row}");
    // Something was taken for it: its F1 score is 0, as in scikit-learn.
    let evaluation = Evaluation::new(0.1, vec![vec![3, 0, 1], vec![0, 2, 0], vec![0, 0, 0]], vec![5, 1, 0]);
    let taken = evaluation.classes()[2];
    assert_eq!((taken.precision, taken.recall, taken.f1), (Some(0.0), None, Some(0.0)));
    assert!((evaluation.macro_f1() - (6.0 / 7.0 + 1.0) / 3.0).abs() < 1e-15);
}

network! {
    /// Outputs that are the inputs.
    struct Scores: Flat<4> => Flat<4> {
        fc: Dense { units: 4 },
    }
}

/// A network that answers with its input.
fn answers() -> Trainer<Scores, SoftmaxCrossEntropy, Sgd> {
    let mut net = Scores::new(1);
    let identity: Vec<f32> = (0..16).map(|i| if i % 5 == 0 { 1.0 } else { 0.0 }).collect();
    net.model_mut().set_param("fc.weight", &identity).unwrap();
    net.model_mut().set_param("fc.bias", &[0.0; 4]).unwrap();
    Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.1)).progress(Progress::Silent)
}

#[test]
fn ranks_and_roc_auc_of_known_outputs() {
    let outputs = [
        ([4.0, 3.0, 2.0, 1.0], 0),
        ([4.0, 3.0, 2.0, 1.0], 2),
        ([1.0, 1.0, 1.0, 1.0], 3),
        ([0.0, 9.0, 9.0, 1.0], 2),
    ];
    let data: Dataset<Flat<4>, Class<4>> = outputs
        .iter()
        .map(|(scores, class)| (Tensor::from_slice(scores).unwrap(), Class::new(*class).unwrap()))
        .collect();
    let evaluation = answers().evaluate(&data).unwrap();
    assert_eq!(evaluation.ranks, [1, 1, 1, 1]);
    assert_eq!(evaluation.correct(), 1);
    assert_eq!(evaluation.top_k(2), 0.5);
    // Class 0 by its probability: 0.64 of it, 0.64, 0.25 and less of others: a tie counts half.
    assert_eq!(answers().roc_auc(&data, Class::new(0).unwrap()).unwrap(), 2.5 / 3.0);
    let error = answers().roc_auc(&data, Class::new(1).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "samples: expected both kinds, found 0 positive, 4 negative");
}

#[test]
fn a_regression_is_measured_over_all_values() {
    network! {
        struct Same: Flat<1> => Flat<1> {
            fc: Dense { units: 1 },
        }
    }
    let mut net = Same::new(1);
    net.model_mut().params_mut().copy_from_slice(&[1.0, 0.0]);
    let outputs = [2.5, 0.0, 2.0, 8.0];
    let targets = [3.0, -0.5, 2.0, 7.0];
    let data: Dataset<Flat<1>, Tensor<Flat<1>>> =
        outputs.iter().zip(targets).map(|(x, d)| (Tensor::from_fn(|_| *x), Tensor::from_fn(|_| d))).collect();
    let trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1)).progress(Progress::Silent);
    let regression = trainer.evaluate_regression(&data).unwrap();
    // From the documentation of scikit-learn's r2_score: 0.948.
    assert_eq!(regression.r2, 1.0 - 1.5 / 29.1875);
    assert_eq!((regression.mae, regression.rmse, regression.loss), (0.5, 0.375_f64.sqrt(), 0.375));
    assert_eq!(regression.to_string(), "loss 0.3750, R² 0.9486, RMSE 0.6124, MAE 0.5000");
}

/// The values of scikit-learn's documentation of `r2_score`, `mean_absolute_error` and `root_mean_squared_error`.
#[test]
fn a_regression_of_two_outputs_is_measured_for_each() {
    network! {
        struct Same: Flat<2> => Flat<2> {
            fc: Dense { units: 2 },
        }
    }
    let mut net = Same::new(1);
    net.model_mut().params_mut().copy_from_slice(&[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let outputs = [[0.0, 2.0], [-1.0, 2.0], [8.0, -5.0]].map(Tensor::<Flat<2>>::from);
    let targets = [[0.5, 1.0], [-1.0, 1.0], [7.0, -6.0]].map(Tensor::<Flat<2>>::from);
    let data: Dataset<Flat<2>, Tensor<Flat<2>>> = outputs.into_iter().zip(targets).collect();
    let trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1)).progress(Progress::Silent);
    let regression = trainer.evaluate_regression(&data).unwrap();
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    near(regression.r2, 0.9368005266622779);
    near(regression.mae, 0.75);
    near(regression.rmse, (0.6454972243679028 + 1.0) / 2.0);
    let [first, second] = regression.outputs[..] else { panic!("two outputs") };
    near(first.r2, 0.9654377880184332);
    near(second.r2, 0.9081632653061225);
    assert_eq!((first.mae, second.mae, second.rmse), (0.5, 1.0, 1.0));
    near(first.rmse, 0.6454972243679028);
    assert_eq!(
        regression.to_string(),
        "loss 0.7083, R² 0.9368, RMSE 0.8227, MAE 0.7500\noutput 0: R² 0.9654, RMSE 0.6455, MAE 0.5000\n\
         output 1: R² 0.9082, RMSE 1.0000, MAE 1.0000"
    );
}

#[test]
fn targets_that_are_all_equal_have_an_r2() {
    assert_eq!(r2(&[2.0, 2.0], &[2.0, 2.0]).unwrap(), 1.0);
    assert_eq!(r2(&[2.0, 3.0], &[2.0, 2.0]).unwrap(), 0.0);
    // The mean of three 0.1 is not 0.1 in f64.
    for (value, count) in [(0.1, 3), (0.1, 10), (-1e10 / 3.0, 7)] {
        let targets = vec![value; count];
        assert_eq!(r2(&targets, &targets).unwrap(), 1.0);
        let mut outputs = targets.clone();
        outputs[0] += 1.0;
        assert_eq!(r2(&outputs, &targets).unwrap(), 0.0);
    }
}

#[test]
fn measures_of_nothing_or_of_unequal_lengths_are_refused() {
    type Measure = fn(&[f64], &[f64]) -> Result<f64, convnet::Error>;
    for measure in [mae as Measure, rmse, r2] {
        assert!(measure(&[], &[]).is_err());
        let error = measure(&[1.0], &[1.0, 2.0]).unwrap_err();
        assert_eq!(error.to_string(), "outputs: expected as many as targets (2), at least 1, found 1");
    }
    assert!(roc_auc(&[f64::NAN, 1.0], &[true, false]).is_err());
    assert!(roc_auc(&[1.0], &[true, false]).is_err());
}

proptest! {
    /// The area is the fraction of pairs that are in order, counted one by one.
    #[test]
    fn roc_auc_counts_pairs(samples in prop::collection::vec((0_u8..6, any::<bool>()), 2..40)) {
        let scores: Vec<f64> = samples.iter().map(|(score, _)| f64::from(*score)).collect();
        let positive: Vec<bool> = samples.iter().map(|(_, positive)| *positive).collect();
        let (mut right, mut pairs) = (0.0, 0.0);
        for i in (0..scores.len()).filter(|i| positive[*i]) {
            for j in (0..scores.len()).filter(|j| !positive[*j]) {
                pairs += 1.0;
                right += if scores[i] > scores[j] { 1.0 } else if scores[i] == scores[j] { 0.5 } else { 0.0 };
            }
        }
        match roc_auc(&scores, &positive) {
            Ok(area) => prop_assert_eq!(area, right / pairs),
            Err(_) => prop_assert_eq!(pairs, 0.0),
        }
    }
}

fn history(scores: &[(f64, f64, f64, f64)]) -> History {
    let score = |loss, accuracy| LossAndAccuracy { loss, accuracy: Some(accuracy) };
    let epochs = scores.iter().enumerate().map(|(i, &(loss, accuracy, validation, right))| {
        Epoch::new(i + 1, score(loss, accuracy), Some(score(validation, right)), 0.1)
    });
    History::new(epochs.collect())
}

#[test]
fn a_diagnosis_tells_under_fitting_from_over_fitting() {
    let under = history(&[(1.5, 0.40, 1.5, 0.41), (1.2, 0.55, 1.25, 0.54)]);
    let diagnosis = Diagnosis::of(&under, Desired::Accuracy(0.95)).unwrap();
    assert_eq!(diagnosis.verdict, Verdict::Underfitting);
    assert!(diagnosis.remedies().contains(&"a larger network"));
    let over = history(&[(0.9, 0.7, 0.8, 0.72), (0.3, 0.9, 0.7, 0.78), (0.1, 0.99, 1.4, 0.75)]);
    let diagnosis = Diagnosis::of(&over, Desired::Accuracy(0.95)).unwrap();
    assert_eq!((diagnosis.verdict, diagnosis.epoch, diagnosis.best_epoch), (Verdict::Overfitting, 3, 2));
    assert_eq!(
        diagnosis.to_string(),
        "epoch 3: over-fitting\n  \
         error: desired 5.0 %, training 1.0 % (bias 0.0 %), validation 25.0 % (variance 24.0 %)\n  \
         the validation loss was lowest in epoch 2 and has risen by 100 % since\n  \
         what helps: more training data; regularisation: L2, L1, dropout; early stopping; a smaller network"
    );
    // The epoch that early stopping went back to is the one judged.
    let mut restored = over.clone();
    restored.restored = Some(2);
    assert_eq!(Diagnosis::of(&restored, Desired::Accuracy(0.75)).unwrap().verdict, Verdict::GoodFit);
    let by_loss = Diagnosis::of(&over, Desired::Loss(0.2)).unwrap();
    assert_eq!((by_loss.verdict, by_loss.bias), (Verdict::Overfitting, 0.0));
    assert!((by_loss.variance - 1.3).abs() < 1e-12);
}

#[test]
fn a_diagnosis_wants_what_it_judges() {
    let none = Diagnosis::of(&History::default(), Desired::Loss(1.0)).unwrap_err();
    assert_eq!(none.to_string(), "history: expected at least 1 epoch, found 0");
    let mut unvalidated = history(&[(1.0, 0.5, 1.0, 0.5)]);
    unvalidated.epochs[0].validation = None;
    assert!(Diagnosis::of(&unvalidated, Desired::Loss(1.0)).is_err());
    let mut values = history(&[(1.0, 0.5, 1.0, 0.5)]);
    values.epochs[0].train.accuracy = None;
    assert!(Diagnosis::of(&values, Desired::Accuracy(0.5)).is_err());
}
