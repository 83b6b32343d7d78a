//! Initial parameters: their range or deviation, and that a seed draws them.

use convnet::model::LeNet5;
use convnet::prelude::*;

fn weights(init: Init) -> Vec<f32> {
    LeNet5::with_init(init, 1).fc1().weight().as_flattened().to_vec()
}

/// Mean and standard deviation.
fn moments(values: &[f32]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// fc1 has 400 inputs and 120 outputs, 48,000 weights: moments are within 2 % of what they should be.
#[test]
fn weights_have_the_published_spread() {
    let uniform = |bound: f64| bound / 3_f64.sqrt();
    for (init, deviation, bound) in [
        (Init::HeUniform, uniform((6.0_f64 / 400.0).sqrt()), (6.0_f64 / 400.0).sqrt()),
        (Init::HeNormal, (2.0_f64 / 400.0).sqrt(), f64::INFINITY),
        (Init::XavierUniform, uniform((6.0_f64 / 520.0).sqrt()), (6.0_f64 / 520.0).sqrt()),
        (Init::XavierNormal, (2.0_f64 / 520.0).sqrt(), f64::INFINITY),
        (Init::PyTorch, uniform(0.05), 0.05),
    ] {
        let weights = weights(init);
        let (mean, found) = moments(&weights);
        assert!(mean.abs() < 0.02 * deviation, "{init:?}: mean {mean}");
        assert!((found / deviation - 1.0).abs() < 0.02, "{init:?}: deviation {found} for {deviation}");
        let largest = weights.iter().fold(0.0_f64, |a, &w| a.max(f64::from(w.abs())));
        assert!(largest <= bound * (1.0 + 1e-6), "{init:?}: {largest} for {bound}");
        if bound.is_finite() {
            assert!(largest > 0.99 * bound, "{init:?}: {largest} for {bound}");
        }
    }
    assert_eq!(moments(&weights(Init::Zeros)), (0.0, 0.0));
}

/// A convolution counts its window: conv2 has 6·5·5 inputs and 16·5·5 outputs.
#[test]
fn a_convolution_counts_its_window() {
    let net = LeNet5::with_init(Init::XavierUniform, 1);
    let bound = (6.0_f64 / (150.0 + 400.0)).sqrt();
    let (_, deviation) = moments(&net.conv2().as_slice()[..2400]);
    assert!((deviation / (bound / 3_f64.sqrt()) - 1.0).abs() < 0.05, "{deviation}");
}

#[test]
fn biases_are_zero_but_for_pytorchs_rule() {
    for init in [Init::HeUniform, Init::HeNormal, Init::XavierUniform, Init::XavierNormal] {
        assert_eq!(LeNet5::with_init(init, 1).fc1().bias(), &[0.0; 120]);
    }
    let net = LeNet5::with_init(Init::PyTorch, 1);
    assert!(net.fc1().bias().iter().all(|b| *b != 0.0 && b.abs() <= 0.05));
}

#[test]
fn the_seed_and_the_place_draw() {
    let net = LeNet5::new(1);
    assert_eq!(net.model().params(), LeNet5::new(1).model().params());
    assert_ne!(net.model().params(), LeNet5::new(2).model().params());
    let ratio = net.fc1().weight()[0][0] / net.fc2().weight()[0][0];
    assert!((ratio - (120.0_f32 / 400.0).sqrt()).abs() > 1e-3, "layers draw by themselves");
}
