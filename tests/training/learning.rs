//! Runs reach what they should: digits learnt by heart, a line through points, the mean of the losses.

use convnet::prelude::*;
use convnet::train::Progress;

use crate::lenet::{digits, trainer};
use crate::line::Line;

#[test]
fn thirty_two_digits_are_learnt_by_heart() {
    let data = digits(32);
    let mut trainer = trainer(1).epochs(200).batch_size(32);
    let history = trainer.fit(&data, None).unwrap();
    assert_eq!(history.epochs.len(), 200);
    assert_eq!(trainer.evaluate(&data).unwrap().correct(), 32);
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
