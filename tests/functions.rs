//! Activations and losses against PyTorch, in `f64`: `golden/make_functions.py` made the file. And what they do with
//! NaN, infinities and settings that make no sense.

use convnet::check;
use convnet::data::Target;
use convnet::loss::Loss;
use convnet::prelude::*;
use convnet::tensor::{LANES, Lanes};
use serde::Deserialize;
use serde_json::Value;

const GOLDEN: &str = include_str!("golden/functions.json");

fn golden() -> Value {
    serde_json::from_str(GOLDEN).unwrap()
}

fn get<T: for<'a> Deserialize<'a>>(value: &Value) -> T {
    T::deserialize(value).unwrap()
}

/// To 10⁻¹² of the expected number; where that is tiny, to what PyTorch's own rounding leaves of it.
#[track_caller]
fn assert_near(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs() + 4e-15, "{what}: {found:e} for {expected:e}");
}

/// Checks an activation by itself, and its layer.
fn activation<A: Activation<f64> + Layer<Flat<35>, f64, Out = Flat<35>> + Copy + Default>(name: &str, f: A) {
    let golden = golden();
    let of = &golden["activations"][name];
    let grid: Vec<f64> = get(&golden["grid"]);
    let [values, slopes]: [Vec<f64>; 2] = ["value", "derivative"].map(|key| get(&of[key]));
    assert_eq!([grid.len(), values.len(), slopes.len()], [35; 3], "{name}");
    let net = Stack::<Flat<35>, (), f64>::new().then(f).network(Init::Zeros, 0);
    let outputs =
        net.infer(&Batch::from_iter([Tensor::<Flat<35>, f64>::from_slice(&grid).unwrap()])).sample(0);
    for (i, &x) in grid.iter().enumerate() {
        assert_near(&format!("{name} of {x}"), f.value(x), values[i]);
        assert_near(&format!("slope of {name} at {x}"), f.derivative(x), slopes[i]);
        assert_eq!(outputs[i].to_bits(), f.value(x).to_bits(), "the layer {name} of {x}");
        if x.abs() <= 1e-10 {
            // Near 0 nothing is lost: no function here subtracts numbers that are nearly equal.
            assert!((f.value(x) - values[i]).abs() <= 1e-12 * values[i].abs(), "{name} of {x}");
        }
    }
}

macro_rules! activations {
    ($($test:ident: $name:literal, $layer:expr, $at:tt;)+) => {
        $(#[test]
        fn $test() {
            activation($name, $layer);
            let ends: [f64; 4] = $at;
            let [low, high, low_slope, high_slope] = ends;
            let f: &dyn Activation<f64> = &$layer;
            assert_eq!([f.value(f64::NEG_INFINITY), f.value(f64::INFINITY)], [low, high]);
            assert_eq!([f.derivative(-1e300), f.derivative(1e300)], [low_slope, high_slope]);
            assert_eq!([f.derivative(f64::NEG_INFINITY), f.derivative(f64::INFINITY)], [low_slope, high_slope]);
            assert!(f.value(f64::NAN).is_nan());
            let single: &dyn Activation<f32> = &$layer;
            assert!(single.value(f32::NAN).is_nan());
            for x in [-1000.0, -3.5, -0.25, 0.0, 0.75, 20.0, 1000.0] {
                let (found, expected) = (f64::from(single.value(x)), f.value(x.into()));
                assert!((found - expected).abs() <= 2e-6 * expected.abs(), "f32, {x}: {found} for {expected}");
            }
            let networks = Stack::<Flat<3>>::new().then(Dense::<Flat<3>, Flat<3>>::new()).then($layer);
            let y = networks.network(Init::default(), 1).infer(&Batch::from_iter([Tensor::from([f32::NAN; 3])]));
            assert!(y.sample(0).as_slice().iter().all(|y| y.is_nan()), "a NaN goes through the layer");
        })+
    };
}

const INF: f64 = f64::INFINITY;

// After each: its values at −∞ and ∞, its slopes there.
activations! {
    identity: "Identity", Identity, [-INF, INF, 1.0, 1.0];
    step: "Heaviside", Heaviside, [0.0, 1.0, 0.0, 0.0];
    relu: "Relu", Relu, [0.0, INF, 0.0, 1.0];
    leaky_relu: "LeakyRelu", LeakyRelu::default(), [-INF, INF, 0.01, 1.0];
    leaky_relu_with_slope: "LeakyRelu 0.2", LeakyRelu::new(0.2), [-INF, INF, 0.2, 1.0];
    elu: "Elu", Elu::default(), [-1.0, INF, 0.0, 1.0];
    elu_with_alpha: "Elu 1.7", Elu::new(1.7), [-1.7, INF, 0.0, 1.0];
    selu: "Selu", Selu, [-1.758_099_340_847_376_8, INF, 0.0, 1.050_700_987_355_480_5];
    selu_with_constants: "Selu 1.5 1.2", Selu::new(1.5, 1.2), [-1.5 * 1.2, INF, 0.0, 1.2];
    gelu: "Gelu", Gelu, [0.0, INF, 0.0, 1.0];
    silu: "Silu", Silu, [0.0, INF, 0.0, 1.0];
    relu6: "Relu6", Relu6, [0.0, 6.0, 0.0, 0.0];
    hard_swish: "HardSwish", HardSwish, [0.0, INF, 0.0, 1.0];
    gelu_tanh: "GeluTanh", GeluTanh, [0.0, INF, 0.0, 1.0];
    mish: "Mish", Mish, [0.0, INF, 0.0, 1.0];
    softplus: "Softplus", Softplus, [0.0, INF, 0.0, 1.0];
    sigmoid: "Sigmoid", Sigmoid, [0.0, 1.0, 0.0, 0.0];
    hard_sigmoid: "HardSigmoid", HardSigmoid, [0.0, 1.0, 0.0, 0.0];
    hard_sigmoid_with_constants: "HardSigmoid 0.2 0.5", HardSigmoid::new(0.2, 0.5), [0.0, 1.0, 0.0, 0.0];
    tanh: "Tanh", Tanh, [-1.0, 1.0, 0.0, 0.0];
    scaled_tanh: "ScaledTanh", ScaledTanh, [-1.7159, 1.7159, 0.0, 0.0];
}

#[test]
fn every_golden_activation_is_tried() {
    let tried = include_str!("functions.rs");
    for (name, _) in golden()["activations"].as_object().unwrap() {
        assert!(tried.contains(&format!(": \"{name}\", ")), "{name}");
    }
}

/// Settings are those written in the declaration, and shown in the summary.
#[test]
fn settings_of_activations_are_used() {
    network! {
        struct Settled: Flat<1> => Flat<1> {
            leaky: LeakyRelu { negative_slope: 0.5 },
            elu: Elu { alpha: 3.0 },
            usual: LeakyRelu,
            selu: Selu { alpha: 1.5, gamma: 0.25 },
            gate: HardSigmoid { beta: 0.75 },
            usual_selu: Selu,
            usual_gate: HardSigmoid,
        }
    }
    let net = Settled::<f64>::with_init(Init::Zeros, 1);
    let y = net.infer(&Batch::from_iter([Tensor::from([-2.0])])).sample(0);
    let leaky = 0.01 * 3.0 * (-1_f64).exp_m1();
    let gate = 0.75 + 0.25 * 1.5 * leaky.exp_m1() / 6.0;
    assert_near("y", y[0], HardSigmoid.value(Selu.value(gate)));
    let printed = net.to_string();
    let kinds =
        ["LeakyRelu 0.5", "Elu 3", "LeakyRelu 0.01", "Selu alpha 1.5 gamma 0.25", "HardSigmoid beta 0.75"];
    for kind in kinds {
        assert!(printed.contains(kind), "{kind:?} is not in\n{printed}");
    }
}

/// Values and gradient of a layer over whole rows, for a given gradient of its output.
fn rows<L: Layer<Flat<3>, f64> + Copy>(name: &str, layer: L) {
    let golden = golden();
    let [logits, cotangents]: [Vec<Vec<f64>>; 2] = ["logits", "cotangents"].map(|key| get(&golden[key]));
    let [values, gradients]: [Vec<[f64; 3]>; 2] = ["value", "gradient"].map(|key| get(&golden[name][key]));
    fn batch<S: Shape>(rows: &[Vec<f64>]) -> Batch<S, f64> {
        rows.iter().map(|row| Tensor::from_slice(row).unwrap()).collect()
    }
    let passes = check::passes(&layer, &[], &batch(&logits), &batch(&cotangents), 1);
    for (n, (value, gradient)) in values.iter().zip(&gradients).enumerate() {
        let (y, dx) = (passes.y.sample(n), passes.dx.sample(n));
        for i in 0..3 {
            assert_near(&format!("{name} {n}, {i}"), y.as_slice()[i], value[i]);
            assert_near(&format!("gradient of {name} {n}, {i}"), dx.as_slice()[i], gradient[i]);
        }
    }
}

/// Rows as lanes, the last repeated.
fn lanes(rows: &[Vec<f64>]) -> Vec<Lanes<f64>> {
    (0..rows[0].len()).map(|i| Lanes(std::array::from_fn(|lane| rows[lane.min(rows.len() - 1)][i]))).collect()
}

#[test]
fn softmax() {
    rows("softmax", Softmax);
}

#[test]
fn log_softmax() {
    rows("log_softmax", LogSoftmax);
}

/// Checks a loss on a tile that is not full.
fn loss<Out: Shape, Y: Target>(name: &str, loss: impl Loss<Out, Y, f64>, outputs: &str, targets: Vec<Y>) {
    let golden = golden();
    let rows: Vec<Vec<f64>> = get(&golden[outputs]);
    let of = &golden["losses"][name];
    let gradient: Vec<Vec<f64>> = get(&of["gradient"]);
    let y = lanes(&rows);
    let mut dy = vec![Lanes::splat(f64::NAN); Out::LEN];
    let scale = 1.0 / rows.len() as f64;
    let targets: Vec<&Y> = targets.iter().collect();
    assert_eq!((targets.len(), Out::LEN), (rows.len(), rows[0].len()), "{name}");
    let found = loss.tile(Some(&mut dy), &y, &targets, scale);
    let alone = loss.tile(None, &y, &targets, scale);
    assert_eq!(alone.to_bits(), found.to_bits(), "{name} without its gradient");
    assert_near(name, found * scale, get(&of["loss"]));
    for lane in 0..LANES {
        for i in 0..Out::LEN {
            let expected = gradient.get(lane).map_or(0.0, |row| row[i]);
            assert_near(&format!("gradient of {name} {lane}, {i}"), dy[i].0[lane], expected);
        }
    }
    // A NaN in an output is one in the loss.
    let spoilt = vec![Lanes::splat(f64::NAN); Out::LEN];
    assert!(loss.tile(Some(&mut dy), &spoilt, &targets, scale).is_nan(), "{name}");
    for target in &targets {
        assert!(loss.tile(None, &spoilt, &[*target], scale).is_nan(), "{name}");
    }
}

fn labels<const N: usize>(name: &str) -> Vec<Class<N>> {
    get::<Vec<usize>>(&golden()[name]).into_iter().map(|label| Class::new(label).unwrap()).collect()
}

fn tensors(name: &str) -> Vec<Tensor<Flat<3>, f64>> {
    get::<Vec<[f64; 3]>>(&golden()[name]).into_iter().map(Tensor::from).collect()
}

#[test]
fn losses_of_values() {
    let targets = || tensors("targets");
    loss::<Flat<3>, _>("MeanSquaredError", MeanSquaredError, "values", targets());
    loss::<Flat<3>, _>("MeanAbsoluteError", MeanAbsoluteError, "values", targets());
    loss::<Flat<3>, _>("Huber", Huber::default(), "values", targets());
    loss::<Flat<3>, _>("Huber 2.5", Huber::new(2.5).unwrap(), "values", targets());
}

#[test]
fn losses_of_classes() {
    let usual = SoftmaxCrossEntropy;
    let weights: [f64; 3] = get(&golden()["weights"]);
    let weighted = usual.class_weights(weights).unwrap();
    let smoothed = usual.label_smoothing(0.1).unwrap();
    // In either order.
    let both = weighted.label_smoothing(0.3).unwrap();
    let same = usual.label_smoothing(0.3).unwrap().class_weights(weights).unwrap();
    let labels = || labels::<3>("labels");
    loss::<Flat<3>, _>("SoftmaxCrossEntropy", usual, "logits", labels());
    loss::<Flat<3>, _>("weighted", weighted, "logits", labels());
    loss::<Flat<3>, _>("smoothed", smoothed, "logits", labels());
    loss::<Flat<3>, _>("smoothed and weighted", both, "logits", labels());
    loss::<Flat<3>, _>("smoothed and weighted", same, "logits", labels());
    let of_some = self::labels("labels of probabilities");
    loss::<Probabilities<3>, _>("ProbabilityCrossEntropy", ProbabilityCrossEntropy, "probabilities", of_some);
    let name = "NegativeLogLikelihood";
    loss::<LogProbabilities<3>, _>(name, NegativeLogLikelihood, "log-probabilities", labels());
}

#[test]
fn losses_of_yes_and_no() {
    let weighted = SigmoidCrossEntropy.positive_weight(2.5).unwrap();
    loss::<Flat<3>, _>("SigmoidCrossEntropy", SigmoidCrossEntropy, "values", tensors("chances"));
    loss::<Flat<3>, _>("SigmoidCrossEntropy, weighted", weighted, "values", tensors("chances"));
    loss::<Flat<1>, _>("SigmoidCrossEntropy, classes", weighted, "scores", labels::<2>("answers"));
    loss::<Flat<1>, _>("PerceptronLoss", PerceptronLoss, "scores", labels::<2>("answers"));
}

#[test]
fn losses_of_masks() {
    let masks: Vec<Vec<u8>> = get(&golden()["masks"]);
    let masks: Vec<Mask<3, 2, 2>> = masks.iter().map(|mask| Mask::new(mask).unwrap()).collect();
    loss::<Chw<3, 2, 2>, _>("PixelCrossEntropy", PixelCrossEntropy, "pixels", masks);
}

/// At 0 a perceptron says class 0: that is a mistake for class 1 alone, and then its rule takes a step.
#[test]
fn the_perceptron_rule_at_zero() {
    for (class, slope) in [(0, 0.0), (1, -1.0)] {
        let mut dy = [Lanes::splat(f64::NAN)];
        let found = PerceptronLoss.tile(Some(&mut dy), &[Lanes::zero()], &[&Class::new(class).unwrap()], 1.0);
        assert_eq!((found, dy[0].0[0]), (0.0, slope), "class {class}");
    }
}

#[track_caller]
fn refused<R>(result: Result<R, convnet::Error>, message: &str) {
    assert_eq!(result.err().map(|error| error.to_string()).as_deref(), Some(message));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for delta in [0.0, -1.0, f64::NAN, INF] {
        refused(Huber::new(delta), &format!("delta: expected a finite number above 0, found {delta}"));
        let weight = SigmoidCrossEntropy.positive_weight(delta);
        refused(weight, &format!("positive weight: expected a finite number above 0, found {delta}"));
    }
    for epsilon in [1.0, -0.1, f64::NAN] {
        let message = format!("label smoothing: expected at least 0 and below 1, found {epsilon}");
        refused(SoftmaxCrossEntropy.label_smoothing(epsilon), &message);
    }
    for (weights, found) in
        [([0.0, 0.0], "[0.0, 0.0]"), ([1.0, -1.0], "[1.0, -1.0]"), ([1.0, INF], "[1.0, inf]")]
    {
        let message =
            format!("class weights: expected finite numbers, none below 0 and one above, found {found}");
        refused(SoftmaxCrossEntropy.class_weights(weights), &message);
    }
    for slope in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(std::panic::catch_unwind(|| LeakyRelu::new(slope)).is_err(), "a slope of {slope}");
    }
    for alpha in [0.0, -1.0, INF, f64::NAN] {
        assert!(std::panic::catch_unwind(|| Elu::new(alpha)).is_err(), "an alpha of {alpha}");
        assert!(std::panic::catch_unwind(|| Selu::new(alpha, 1.0)).is_err(), "an alpha of {alpha}");
        assert!(std::panic::catch_unwind(|| Selu::new(1.0, alpha)).is_err(), "a gamma of {alpha}");
        assert!(std::panic::catch_unwind(|| HardSigmoid::new(alpha, 0.5)).is_err(), "an alpha of {alpha}");
    }
    for beta in [INF, f64::NAN] {
        assert!(std::panic::catch_unwind(|| HardSigmoid::new(0.2, beta)).is_err(), "a beta of {beta}");
    }
}
