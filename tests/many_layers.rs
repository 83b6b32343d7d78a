//! A network of many layers against PyTorch: a training step and an inference. `golden/make_many_layers.py` made the file.

use std::collections::BTreeMap;

use convnet::plan::Role;
use convnet::prelude::*;
use convnet::train::Progress;

network! {
    struct Many: Chw<4, 13, 11> => Flat<3> {
        conv1: Conv2d { filters: 6, kernel: 3, padding: 1 },
        norm1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: 9, kernel: (3, 2), padding: (2, 1), dilation: (2, 3), groups: 3 },
        norm2: LocalResponseNorm { size: 3, alpha: 0.9, beta: 0.75, k: 1.5 },
        pool2: MaxPool2d { kernel: 3, stride: 2 },
        conv3: Conv2d { filters: 9, kernel: 3, padding: 1, groups: 9 },
        norm3: LocalResponseNorm { size: 4, alpha: 0.5, beta: 0.6, k: 1.0 },
        pool3: AdaptiveAvgPool2d { size: (3, 2) },
        conv4: Conv2d { filters: 7, kernel: 1 },
        pool4: AdaptiveMaxPool2d { size: 2 },
        flatten: Flatten,
        norm5: BatchNorm,
        fc: Dense { units: 3 },
    }
}

const BATCH: usize = 5;

#[derive(serde::Deserialize)]
struct Golden {
    loss: f64,
    gradients: BTreeMap<String, Vec<f64>>,
    statistics: BTreeMap<String, Vec<f64>>,
    outputs: Vec<f64>,
}

fn sine(place: usize, step: f64) -> f64 {
    (step * (place + 1) as f64).sin()
}

/// Equal to within 10⁻¹² of `size`, the size of the terms that were added.
#[track_caller]
fn assert_near(what: &str, found: &[f64], expected: &[f64], size: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 1e-12 * size, "{what}[{i}]: {found} for {expected}");
    }
}

#[test]
fn a_network_of_many_layers_is_pytorchs() {
    let golden: Golden = serde_json::from_str(include_str!("golden/many_layers.json")).unwrap();
    let mut net = Many::<f64>::new(1);
    let mut learnt = 0.0;
    let params: Vec<_> = net.model().named_params().map(|(name, param, _)| (name, param)).collect();
    for (name, param) in &params {
        if matches!(param.role, Role::Buffer { .. }) {
            continue;
        }
        learnt += 1.0;
        let shift = if param.role == Role::Scale { 1.5 } else { 0.0 };
        let values: Vec<f64> = (0..param.len()).map(|i| shift + sine(i, 0.1 + 0.01 * learnt)).collect();
        net.model_mut().set_param(name, &values).unwrap();
    }
    let len = <Chw<4, 13, 11>>::LEN;
    let inputs: Batch<Chw<4, 13, 11>, f64> =
        (0..BATCH).map(|n| Tensor::from_fn(|i| sine(n * len + i, 0.37))).collect();
    let targets: Vec<Tensor<Flat<3>, f64>> =
        (0..BATCH).map(|n| Tensor::from_fn(|i| sine(n * 3 + i, 0.71))).collect();

    // A learning rate so small that nothing but the running statistics moves.
    let optimizer = Sgd::new(f64::MIN_POSITIVE);
    let mut trainer = Trainer::new(net, MeanSquaredError, optimizer).progress(Progress::Silent);
    let loss = trainer.train_step(&inputs, &targets, 0).unwrap();
    assert_near("loss", &[loss], &[golden.loss], golden.loss);
    // A bias before a normalisation has no gradient: what is left of terms as large as the weights' cancels.
    let size = golden.gradients.values().flatten().fold(0.0, |size: f64, value| size.max(value.abs()));
    let mut start = 0;
    for (name, param, values) in trainer.network().model().named_params() {
        let gradient = &trainer.gradient()[start..start + param.len()];
        start += param.len();
        if matches!(param.role, Role::Buffer { .. }) {
            assert_near(&name, values, &golden.statistics[&name], 10.0);
        } else {
            assert_near(&name, gradient, &golden.gradients[&name], size);
        }
    }
    assert_eq!(params.len(), golden.gradients.len() + golden.statistics.len());
    let outputs: Vec<f64> =
        trainer.network().infer(&inputs).samples().flat_map(|y| y.as_slice().to_vec()).collect();
    assert_near("outputs", &outputs, &golden.outputs, 100.0);
}
