//! A training step of AlexNetSmall, in `f64`, against PyTorch: `golden/make_alexnet.py` made the file.

use convnet::model::{AlexNetSmall, AlexNetTorchvision};
use convnet::prelude::*;
use convnet::train::Progress;
use serde::Deserialize;
use serde_json::Value;

const GOLDEN: &str = include_str!("golden/alexnet.json");

network! {
    /// AlexNetSmall without dropout, whose draws are each library's own.
    struct Plain: Chw<3, 32, 32> => Flat<10> {
        conv1: Conv2d { filters: 64, kernel: 3, padding: 1 },
        relu1: Relu,
        pool1: MaxPool2d { kernel: 2 },
        conv2: Conv2d { filters: 192, kernel: 3, padding: 1 },
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        conv3: Conv2d { filters: 384, kernel: 3, padding: 1 },
        relu3: Relu,
        conv4: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu4: Relu,
        conv5: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu5: Relu,
        pool3: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc1: Dense { units: 1024 },
        relu6: Relu,
        fc2: Dense { units: 512 },
        relu7: Relu,
        fc3: Dense { units: 10 },
    }
}

fn get<T: for<'a> Deserialize<'a>>(value: &Value) -> T {
    T::deserialize(value).unwrap()
}

/// sin(i·√i): the formula of both sides.
fn wave(i: usize) -> f64 {
    (i as f64 * (i as f64).sqrt()).sin()
}

/// To 10⁻⁹ of the largest of what is compared.
#[track_caller]
fn assert_near(what: &str, found: f64, expected: f64, size: f64) {
    assert!((found - expected).abs() <= 1e-9 * size, "{what}: {found:e} for {expected:e}");
}

/// Checks the sum of a tensor, the sum of its absolute values, and some values.
fn assert_digest(name: &str, values: &[f64], expected: &Value) {
    let size: f64 = get(&expected["size"]);
    assert_near(&format!("sum of {name}"), values.iter().sum(), get(&expected["sum"]), size);
    assert_near(&format!("size of {name}"), values.iter().map(|v| v.abs()).sum(), size, size);
    let largest = values.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    let probes: Vec<f64> = get(&expected["values"]);
    let found: Vec<f64> = values.iter().copied().step_by(get(&expected["step"])).collect();
    assert_eq!(found.len(), probes.len(), "{name}");
    for (found, expected) in found.into_iter().zip(probes) {
        assert_near(name, found, expected, largest);
    }
}

#[test]
fn a_step_of_alexnet_small() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let mut net = Plain::<f64>::with_init(Init::Zeros, 0);
    let scales: Vec<(usize, f64)> = net
        .model()
        .named_params()
        .map(|(_, param, values)| {
            let inputs = values.len() / param.shape[0];
            (values.len(), if param.name == "weight" { (6.0 / inputs as f64).sqrt() } else { 0.1 })
        })
        .collect();
    let scales = scales.into_iter().flat_map(|(len, scale)| std::iter::repeat_n(scale, len));
    for ((i, p), scale) in net.model_mut().params_mut().iter_mut().enumerate().zip(scales) {
        *p = scale * wave(i);
    }
    let images: Batch<Chw<3, 32, 32>, f64> =
        (0..4).map(|n| Tensor::from_fn(|i| wave(n * 3072 + i))).collect();
    let labels: Vec<Class<10>> =
        get::<Vec<usize>>(&golden["labels"]).into_iter().map(|label| Class::new(label).unwrap()).collect();

    // The ready network, with its dropout, is the same in inference.
    let mut ready = AlexNetSmall::<f64>::with_init(Init::Zeros, 0);
    ready.model_mut().params_mut().copy_from_slice(net.model().params());
    let logits: Vec<Vec<f64>> = get(&golden["logits"]);
    for (found, expected) in ready.infer(&images).samples().zip(&logits) {
        for (found, expected) in found.as_slice().iter().zip(expected) {
            assert_near("logit", *found, *expected, 1.0);
        }
    }

    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.1)).progress(Progress::Silent);
    let loss = trainer.train_step(&images, &labels, 0).unwrap();
    assert_near("loss", loss, get(&golden["loss"]), 1.0);
    let mut start = 0;
    for (name, _, values) in trainer.network().model().named_params() {
        assert_digest(&name, values, &golden["params"][&name]);
        let gradient = &trainer.gradient()[start..][..values.len()];
        assert_digest(&format!("gradient by {name}"), gradient, &golden["gradient"][&name]);
        start += values.len();
    }
    assert_eq!(start, 6_976_842);
}

/// It runs, and the pooling from 6×6 to 6×6 before its dense layers does not.
#[test]
fn alexnet_for_large_images() {
    let net = AlexNetTorchvision::new(1);
    let image = Tensor::<Chw<3, 224, 224>>::from_fn(|i| wave(i) as f32);
    let (alone, together) = (net.predict(&image), net.infer(&Batch::from_iter([&image, &image])));
    let sum = alone.probabilities.iter().sum::<f32>();
    assert!((sum - 1.0).abs() < 1e-5 && alone.probabilities.len() == 1000);
    assert_eq!(together.sample(0), together.sample(1));
    let plan = net.model().plan();
    let step = &plan.steps()[13];
    assert_eq!((step.name.as_str(), plan.values()[step.inputs[0]].dims), ("avgpool", plan.output_of(step)));
    assert_eq!(step.op.shortcut(convnet::plan::Mode::Train), convnet::plan::Shortcut::Identity);
}
