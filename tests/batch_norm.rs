//! Training with statistics of the batch: what moves and what does not, batches that do not fill their tiles, and what it
//! is for. The numbers themselves are in tests/layers.rs.

use convnet::model::LeNet5Original;
use convnet::optim::Optimizer;
use convnet::plan::Role;
use convnet::prelude::*;
use convnet::train::Progress;

network! {
    struct Small: Flat<3> => Flat<2> {
        norm: BatchNorm { momentum: 0.25 },
        fc: Dense { units: 2 },
    }
}

fn points(samples: usize) -> (Batch<Flat<3>, f64>, Vec<Class<2>>) {
    let x =
        (0..samples).map(|n| Tensor::from_fn(|i| ((n * 7 + i * 5) % 11) as f64 + 10.0 * i as f64)).collect();
    (x, (0..samples).map(|n| Class::new(n % 2).unwrap()).collect())
}

/// The running statistics after one step on these points: a quarter of the way from 0 and 1.
fn expected(x: &Batch<Flat<3>, f64>) -> [Vec<f64>; 2] {
    let n = x.len() as f64;
    let mean = |i: usize| x.samples().map(|x| x[i]).sum::<f64>() / n;
    let squares = |i: usize| x.samples().map(|x| (x[i] - mean(i)).powi(2)).sum::<f64>();
    let variance = |i: usize| if n > 1.0 { squares(i) / (n - 1.0) } else { 0.0 };
    [(0..3).map(|i| 0.25 * mean(i)).collect(), (0..3).map(|i| 0.75 + 0.25 * variance(i)).collect()]
}

/// Whatever the optimiser, the penalties and the limits are.
#[test]
fn running_statistics_are_not_optimised() {
    fn check<O: Optimizer>(optimizer: O, samples: usize) {
        let trainer =
            Trainer::new(Small::<f64>::new(1), SoftmaxCrossEntropy, optimizer).progress(Progress::Silent);
        let mut trainer = trainer.l1(0.1).l2(0.1).clip_grad_value(1e-3).clip_grad_norm(1e-6).max_norm(0.01);
        let (x, targets) = points(samples);
        trainer.train_step(&x, &targets, 0).unwrap();
        let [mean, variance] = expected(&x);
        let net = trainer.network();
        for (found, expected) in [(net.norm().running_mean(), mean), (net.norm().running_var(), variance)] {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{samples} samples: {found} for {expected}");
            }
        }
        let mut start = 0;
        for (name, param, values) in net.model().named_params() {
            let gradient = &trainer.gradient()[start..][..values.len()];
            if let Role::Buffer { .. } = param.role {
                assert!(gradient.iter().all(|g| *g == 0.0), "gradient of {name}");
            }
            start += values.len();
        }
        let norm = trainer.gradient().iter().map(|g| g * g).sum::<f64>().sqrt();
        assert!(norm <= 1e-6, "a limit to the gradient's norm, {norm}");
    }
    for samples in [2, 3, 16, 19, 64] {
        check(Sgd::new(10.0).momentum(0.9), samples);
        check(Adam::new(1.0), samples);
        check(AdamW::new(0.5).weight_decay(1.0), samples);
    }
}

/// Neither a penalty nor decay makes γ smaller, and where they are 0 the gradient of the loss alone moves it.
#[test]
fn scales_have_no_weight_decay() {
    let (x, targets) = points(12);
    let run = |l2: f64| {
        let trainer = Trainer::new(Small::<f64>::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).l2(l2);
        let mut trainer = trainer.progress(Progress::Silent);
        trainer.train_step(&x, &targets, 0).unwrap();
        let net = trainer.into_network();
        (net.norm().weight().to_vec(), net.norm().bias().to_vec(), net.fc().weight().as_flattened().to_vec())
    };
    let ((weight, bias, of_fc), (same_weight, same_bias, smaller)) = (run(0.0), run(0.5));
    assert_eq!((weight, bias), (same_weight, same_bias));
    assert_ne!(of_fc, smaller);
}

/// A step that diverges does not change the statistics.
#[test]
fn a_step_that_is_refused_moves_no_statistic() {
    let net = Small::<f64>::new(1);
    let before = net.model().params().to_vec();
    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.1)).progress(Progress::Silent);
    let (mut x, targets) = points(5);
    x.set(2, [1.0, f64::INFINITY, 0.0].into_iter());
    trainer.train_step(&x, &targets, 0).unwrap_err();
    assert_eq!(trainer.network().model().params(), before);
}

/// One value in a channel has no variance: a batch of one sample is refused, by the name of the layer, unless there are several
/// positions, or the layer is frozen.
#[test]
fn a_single_sample() {
    network! {
        struct Alone: Chw<2, 2, 1> => Flat<2> {
            norm1: BatchNorm,
            flatten: GlobalAvgPool,
            norm2: BatchNorm,
        }
    }
    let trainer =
        || Trainer::new(Alone::<f64>::new(1), MeanSquaredError, Sgd::new(1.0)).progress(Progress::Silent);
    let x = Batch::from_iter([Tensor::from_fn(|i| i as f64)]);
    let targets = [Tensor::from([0.5, -0.25])];
    let mut refused = trainer();
    let error = refused.train_step(&x, &targets, 0).unwrap_err().to_string();
    let sentence = "batch size: expected at least 2 samples in a batch, for the statistics of norm2, found 1";
    assert_eq!(error, sentence);
    assert_eq!(refused.network().model().params(), Alone::<f64>::new(1).model().params());
    let mut frozen = trainer().freeze("norm2");
    frozen.train_step(&x, &targets, 0).unwrap();
    assert_eq!(frozen.network().norm2().running_mean(), [0.0, 0.0]);

    // With 5 samples in batches of 2, the last sample joins the batch before it.
    let data: Dataset<Chw<2, 2, 1>, Tensor<Flat<2>, f64>> =
        (0..5).map(|i| (Tensor::from_fn(|j| (i * j) as f32), Tensor::from([0.5, -0.25]))).collect();
    trainer().batch_size(2).epochs(1).fit(&data, None).unwrap();
    trainer().batch_size(1).epochs(1).fit(&data, None).unwrap_err();
}

/// With momentum 1 the running statistics are those of the last batch, to the bit.
#[test]
fn momentum_1_takes_the_statistics_of_the_batch() {
    network! {
        struct Last: Flat<1> => Flat<1> {
            norm: BatchNorm { momentum: 1.0 },
        }
    }
    let mut net = Last::<f32>::new(1);
    net.layers_mut().norm().tensors()[2][0] = 1.0e3;
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1)).progress(Progress::Silent);
    let x: Batch<Flat<1>> = [9.1e-8_f32 - 1.0, 9.1e-8 + 1.0].into_iter().map(|x| Tensor::from([x])).collect();
    trainer.train_step(&x, &[Tensor::from([0.0]), Tensor::from([0.0])], 0).unwrap();
    let mean = (x.sample(0).as_slice()[0] + x.sample(1).as_slice()[0]) / 2.0;
    assert_eq!(trainer.network().norm().running_mean(), [mean]);
}

/// By every rule, scales begin at 1 and variances too.
#[test]
fn how_parameters_begin() {
    for init in
        [Init::HeUniform, Init::HeNormal, Init::XavierUniform, Init::XavierNormal, Init::PyTorch, Init::Zeros]
    {
        let net = Small::with_init(init, 1);
        let norm = net.norm();
        assert_eq!(norm.as_slice(), [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        let names: Vec<String> = net.model().named_params().map(|(name, ..)| name).collect();
        let norm = ["weight", "bias", "running_mean", "running_var"].map(|name| format!("norm.{name}"));
        assert_eq!(names[..4], norm);
    }
}

network! {
    /// Sigmoids one after the other, which pass on hardly any gradient.
    struct Deep: Chw<1, 28, 28> => Flat<10> {
        flatten: Flatten,
        fc1: Dense { units: 32 },
        sigmoid1: Sigmoid,
        fc2: Dense { units: 32 },
        sigmoid2: Sigmoid,
        fc3: Dense { units: 32 },
        sigmoid3: Sigmoid,
        fc4: Dense { units: 10 },
    }
}

network! {
    struct DeepNormalised: Chw<1, 28, 28> => Flat<10> {
        flatten: Flatten,
        fc1: Dense { units: 32 },
        norm1: BatchNorm,
        sigmoid1: Sigmoid,
        fc2: Dense { units: 32 },
        norm2: BatchNorm,
        sigmoid2: Sigmoid,
        fc3: Dense { units: 32 },
        norm3: BatchNorm,
        sigmoid3: Sigmoid,
        fc4: Dense { units: 10 },
    }
}

/// Loss and accuracy on other digits after some epochs, with a last batch of 13 samples.
fn learn<N: Network<Input = Chw<1, 28, 28>, Output = Flat<10>, Scalar = f32>>(
    net: N,
    rate: f64,
    epochs: usize,
) -> (f64, f64) {
    let digits = Mnist::load_from("assets/mnist").unwrap().train;
    let (train, others) = (digits.subset(0..50 * 40 + 13), digits.subset(5000..5500));
    let trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(rate).momentum(0.9));
    let mut trainer = trainer.epochs(epochs).batch_size(50).seed(1).progress(Progress::Silent);
    trainer.fit(&train, None).unwrap();
    let score = trainer.loss_and_accuracy(&others).unwrap();
    (score.loss, score.accuracy.unwrap())
}

#[test]
fn it_trains_faster() {
    let (without, with) = (learn(Deep::new(1), 0.05, 3), learn(DeepNormalised::new(1), 0.05, 3));
    assert!(with.0 < 1.0 && with.1 > 0.8, "{with:?}");
    assert!(with.0 < 0.6 * without.0, "{with:?} against {without:?}");
}

/// LeNet-5 as published, with its subsampling, its table and its codes, learns digits too.
#[test]
fn lenet_as_published_learns() {
    let (loss, accuracy) = learn(LeNet5Original::with_init(Init::XavierUniform, 1), 0.002, 5);
    assert!(accuracy > 0.85, "loss {loss}, accuracy {accuracy}");
}
