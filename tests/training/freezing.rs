//! Frozen layers, and layers with a learning rate of their own.

use convnet::Error;
use convnet::prelude::*;
use convnet::train::Progress;

network! {
    /// A batch normalisation between layers that are trained.
    struct Normalised: Chw<2, 5, 6> => Flat<3> {
        conv: Conv2d { filters: 4, kernel: 3 },
        norm: BatchNorm { epsilon: 1e-3 },
        relu: Relu,
        flatten: Flatten,
        fc: Dense { units: 3 },
    }
}

network! {
    /// The same with the factor and the term of each channel instead.
    struct Scaled: Chw<2, 5, 6> => Flat<3> {
        conv: Conv2d { filters: 4, kernel: 3 },
        norm: ScaleShift,
        relu: Relu,
        flatten: Flatten,
        fc: Dense { units: 3 },
    }
}

fn points<T: convnet::Scalar>(samples: usize) -> (Batch<Chw<2, 5, 6>, T>, Vec<Class<3>>) {
    let value = |n: usize, i: usize| T::of(((n * 7 + i * 5 + n * i) % 13) as f64 / 4.0 - 1.5);
    let x = (0..samples).map(|n| Tensor::from_fn(|i| value(n, i))).collect();
    (x, (0..samples).map(|n| Class::new(n * n % 3).unwrap()).collect())
}

fn trainer<N: Network>(net: N) -> Trainer<N, SoftmaxCrossEntropy, Sgd> {
    Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.5)).progress(Progress::Silent)
}

/// A network with statistics that no batch has.
fn normalised() -> Normalised<f64> {
    let mut net = Normalised::<f64>::new(3);
    let mut layers = net.layers_mut();
    let [weight, bias, mean, variance] = layers.norm().tensors();
    for (c, ((weight, bias), (mean, variance))) in
        weight.iter_mut().zip(bias).zip(mean.iter_mut().zip(variance)).enumerate()
    {
        let c = c as f64;
        (*weight, *bias, *mean, *variance) = (1.5 - c, 0.25 * c, 0.3 * c - 0.2, 0.5 + c);
    }
    net
}

/// y = γ·(x − μ) / √(σ² + ε) + β with constants, and the gradient that goes with it.
#[test]
fn frozen_normalisation_is_a_factor_and_a_term() {
    let net = normalised();
    let mut twin = Scaled::<f64>::new(3);
    for (name, _, values) in net.model().named_params().filter(|(name, ..)| !name.starts_with("norm")) {
        twin.model_mut().set_param(&name, values).unwrap();
    }
    let mut layers = twin.layers_mut();
    let [factors, terms] = layers.norm().tensors();
    for c in 0..4 {
        let norm = net.norm();
        factors[c] = norm.weight()[c] / (norm.running_var()[c] + 1e-3).sqrt();
        terms[c] = norm.bias()[c] - factors[c] * norm.running_mean()[c];
    }
    for samples in [1, 2, 5, 16, 35] {
        let (x, targets) = points(samples);
        let mut frozen = trainer(net.clone()).freeze("norm");
        let mut twin = trainer(twin.clone()).freeze("norm");
        let losses = [frozen.train_step(&x, &targets, 0).unwrap(), twin.train_step(&x, &targets, 0).unwrap()];
        assert!((losses[0] - losses[1]).abs() < 1e-12, "{samples} samples: losses {losses:?}");
        let of = |name: &str, model: &[(String, Vec<f64>)]| {
            model.iter().find(|(known, _)| known == name).unwrap().1.clone()
        };
        let ours: Vec<_> = frozen
            .network()
            .model()
            .named_params()
            .map(|(name, _, values)| (name, values.to_vec()))
            .collect();
        let theirs: Vec<_> =
            twin.network().model().named_params().map(|(name, _, values)| (name, values.to_vec())).collect();
        for name in ["conv.weight", "conv.bias", "fc.weight", "fc.bias"] {
            let (ours, theirs) = (of(name, &ours), of(name, &theirs));
            assert!(
                ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-12),
                "{samples} samples: {name}"
            );
        }
        assert_ne!(
            of("conv.weight", &ours),
            net.conv().weight().as_flattened().as_flattened().as_flattened()
        );
        for (name, _, values) in net.model().named_params().filter(|(name, ..)| name.starts_with("norm")) {
            assert_eq!(of(&name, &ours), values, "{samples} samples");
        }
    }
}

network! {
    struct Head: Flat<48> => Flat<3> {
        fc: Dense { units: 3 },
    }
}

/// With everything else frozen, the last layer learns as it would from the features that inference computes: the same bits.
#[test]
fn a_last_layer_learns_from_features() {
    let net = Normalised::<f32>::new(5);
    let (x, targets) = points::<f32>(41);
    let features: Vec<Tensor<Flat<48>>> = x
        .samples()
        .map(|x| {
            let outputs = net.activations(&x);
            let relu = outputs.iter().find(|output| output.name == "relu").unwrap();
            Tensor::from_fn(|i| relu.values[i])
        })
        .collect();
    let mut head = Head::new(1);
    for name in ["fc.weight", "fc.bias"] {
        let (_, _, values) = net.model().named_params().find(|(known, ..)| known == name).unwrap();
        head.model_mut().set_param(name, values).unwrap();
    }
    let mut whole = trainer(net.clone()).freeze_all_but("fc");
    let mut head = trainer(head);
    for step in 0..5 {
        let ours = whole.train_step(&x, &targets, step).unwrap();
        let theirs = head.train_step(&features.iter().cloned().collect(), &targets, step).unwrap();
        assert_eq!(ours, theirs, "loss of step {step}");
    }
    assert_eq!(whole.network().fc().weight(), head.network().fc().weight());
    assert_eq!(whole.network().fc().bias(), head.network().fc().bias());
    for ((name, _, now), (_, _, before)) in
        whole.network().model().named_params().zip(net.model().named_params())
    {
        assert_eq!(now == before, !name.starts_with("fc"), "{name}");
    }
    assert_eq!((whole.trained_params(), head.trained_params()), (147, 147));
    assert_eq!(whole.unfreeze("conv").trained_params(), 147 + 76);
}

/// Factors that are powers of two, so that the steps are exact.
#[test]
fn learning_rates_have_factors() {
    let net = normalised();
    let (x, targets) = points(7);
    let step = |mut trainer: Trainer<Normalised<f64>, SoftmaxCrossEntropy, Sgd>| {
        trainer.train_step(&x, &targets, 0).unwrap();
        let gradient = trainer.gradient().to_vec();
        (trainer.into_network().model().params().to_vec(), gradient)
    };
    let (params, gradient) =
        step(trainer(net.clone()).learning_rate_factor("", 0.25).learning_rate_factor("fc", 2.0));
    let conv = 4 * 2 * 9 + 4;
    for (i, ((now, before), gradient)) in params.iter().zip(net.model().params()).zip(&gradient).enumerate() {
        let rate = if i >= conv + 16 { 1.0 } else { 0.125 };
        if !(conv + 8..conv + 16).contains(&i) {
            assert_eq!(*now, before - rate * gradient, "parameter {i}");
        }
    }
    let (params, _) = step(trainer(net.clone()).learning_rate_factor("conv", 0.0));
    assert_eq!(params[..conv], net.model().params()[..conv]);
}

#[test]
fn bad_names_and_factors_are_refused() {
    let refused = |trainer: Trainer<Normalised<f64>, SoftmaxCrossEntropy, Sgd>, message: &str| {
        assert_eq!(trainer.check().unwrap_err().to_string(), message);
        let mut trainer = trainer;
        let (x, targets) = points(2);
        assert_eq!(trainer.train_step(&x, &targets, 0).unwrap_err().to_string(), message);
    };
    let new = || trainer(Normalised::<f64>::new(1));
    let layers = "conv, norm, relu, flatten, fc";
    refused(new().freeze("con"), &format!("layer to freeze: expected {layers}, found con"));
    refused(new().freeze_all_but("head"), &format!("layer to freeze: expected {layers}, found head"));
    let message = format!("layer with a learning rate: expected {layers}, found fc1");
    refused(new().learning_rate_factor("fc1", 0.1), &message);
    refused(new().freeze(""), "parameters to train: expected at least 1 that is not frozen, found 0");
    refused(
        new().freeze_all_but("relu"),
        "parameters to train: expected at least 1 that is not frozen, found 0",
    );
    for factor in [-0.5, f64::NAN, f64::INFINITY] {
        let trainer = new().learning_rate_factor("fc", factor);
        assert!(matches!(trainer.check(), Err(Error::Argument { .. })), "{factor}");
    }
}
