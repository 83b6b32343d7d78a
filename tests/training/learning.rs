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

/// A mean over weights, as PyTorch's: loss and gradient of one batch, for both tilings.
///
/// ```python
/// x = torch.tensor([[1.0, -2.0], [0.5, 0.25], [-1.5, 2.0], [3.0, 1.0], [0.0, -0.5]])
/// t = torch.tensor([0, 2, 1, 0, 2])
/// W = torch.tensor([[0.5, -0.25], [1.0, 0.75], [-0.5, 0.125]], requires_grad=True)
/// b = torch.tensor([0.1, -0.2, 0.3], requires_grad=True)
/// nn.CrossEntropyLoss(weight=torch.tensor([2.0, 0.5, 4.0]), label_smoothing=eps)(x @ W.T + b, t).backward()
/// ```
#[test]
fn class_weights_give_the_weighted_mean_of_pytorch() {
    network! {
        struct Net: Flat<2> => Flat<3> {
            fc: Dense { units: 3 },
        }
    }
    let x =
        [[1.0, -2.0], [0.5, 0.25], [-1.5, 2.0], [3.0, 1.0], [0.0, -0.5]].map(Tensor::<Flat<2>, f64>::from);
    let classes = [0, 2, 1, 0, 2].map(|class| Class::<3>::new(class).unwrap());
    let net = || {
        let mut net = Net::<f64>::new(1);
        net.model_mut().params_mut().copy_from_slice(&[0.5, -0.25, 1.0, 0.75, -0.5, 0.125, 0.1, -0.2, 0.3]);
        net
    };
    let loss = |epsilon: f64, weights: [f64; 3]| {
        SoftmaxCrossEntropy.label_smoothing(epsilon).unwrap().class_weights(weights).unwrap()
    };
    let plain = [
        -0.4276265413547117,
        -0.08983578672483264,
        0.5617039468276765,
        0.041006396670300364,
        -0.13407740547296476,
        0.048829390054532296,
        0.05002099336692023,
        0.3159782937187626,
        -0.36599928708568275,
    ];
    let smoothed = [
        -0.38199739405485267,
        -0.1081117667552791,
        0.5490741796614311,
        0.05328316078591819,
        -0.16707678560657852,
        0.05482860596936096,
        0.04654286229408522,
        0.3083542683369789,
        -0.35489713063106404,
    ];
    for (epsilon, mean, gradient) in [(0.0, 1.1978221519628562, plain), (0.1, 1.223031888492815, smoothed)] {
        let loss = loss(epsilon, [2.0, 0.5, 4.0]);
        for times in [1, 20] {
            let mut trainer = Trainer::new(net(), loss, Sgd::new(0.1));
            let targets: Vec<_> = classes.iter().copied().cycle().take(5 * times).collect();
            let inputs: Batch<Flat<2>, f64> = x.iter().cycle().take(5 * times).collect();
            let found = trainer.train_step(&inputs, &targets, 0).unwrap();
            assert!((found - mean).abs() < 1e-12, "{found} {mean}");
            for (found, expected) in trainer.gradient().iter().zip(gradient) {
                assert!((found - expected).abs() < 1e-12, "{found} {expected}");
            }
        }
        let samples: Vec<_> = x
            .iter()
            .zip(&classes)
            .map(|(x, class)| (Tensor::from([x[0] as f32, x[1] as f32]), *class))
            .collect();
        let data: Dataset<Flat<2>, Class<3>> = samples.into_iter().collect();
        let evaluation = Trainer::new(net(), loss, Sgd::new(0.1)).evaluate(&data).unwrap();
        assert!((evaluation.loss - mean).abs() < 1e-12, "{}", evaluation.loss);
        // The loss of an epoch of unequal batches is the mean over all weights, too.
        let still = Trainer::new(net(), loss, Sgd::new(1e-300));
        let mut still = still.batch_size(2).epochs(1).progress(Progress::Silent);
        let found = still.fit(&data, None).unwrap().epochs[0].train.loss;
        assert!((found - mean).abs() < 1e-12, "{found} {mean}");
    }
    // A batch of classes of weight 0 teaches nothing.
    let mut trainer = Trainer::new(net(), loss(0.1, [0.0, 1.0, 1.0]), Sgd::new(0.1));
    let found = trainer.train_step(&x[..1].iter().collect(), &classes[..1], 0).unwrap();
    assert_eq!((found, trainer.gradient().iter().all(|value| *value == 0.0)), (0.0, true));
}
