//! AlexNet as published and as in torchvision, forward, against PyTorch: `golden/make_imagenet.py` made the file.

mod hashed;

use convnet::model::{AlexNet, AlexNetTorchvision};
use convnet::prelude::*;
use hashed::{PIXELS, uniform};

/// Fills the parameters as the script does; the logits must be PyTorch's to within 10⁻⁹.
fn check<S: Shape>(name: &str, mut net: impl Network<Input = S, Output = Flat<1000>, Scalar = f64>) {
    let golden: serde_json::Value = serde_json::from_str(include_str!("golden/imagenet.json")).unwrap();
    let golden = &golden[name];
    assert_eq!(golden["parameters"].as_u64().unwrap(), net.model().params().len() as u64);
    let fans: Vec<(usize, usize)> =
        net.model().named_params().map(|(_, param, values)| (values.len(), param.fan_in)).collect();
    let mut params = net.model_mut().params_mut();
    let mut place = 0;
    for (len, fan_in) in fans {
        let (values, rest) = params.split_at_mut(len);
        let bound = (6.0 / fan_in as f64).sqrt();
        for value in values {
            *value = bound * (2.0 * uniform(place) - 1.0);
            place += 1;
        }
        params = rest;
    }
    let image = Tensor::from_fn(|i| uniform(PIXELS + i as u64));
    let logits = net.infer(&Batch::<S, f64>::from_iter([image])).sample(0);
    let expected: Vec<f64> = serde_json::from_value(golden["logits"].clone()).unwrap();
    assert_eq!(expected.len(), 100);
    for (i, expected) in expected.into_iter().enumerate() {
        let found = logits.as_slice()[10 * i];
        assert!((found - expected).abs() <= 1e-9, "{name}, logit {}: {found} for {expected}", 10 * i);
    }
}

#[test]
fn the_published_network_gives_what_pytorch_gives() {
    check("published", AlexNet::<f64>::with_init(Init::Zeros, 0));
}

#[test]
fn torchvisions_network_gives_what_pytorch_gives() {
    check("torchvision", AlexNetTorchvision::<f64>::with_init(Init::Zeros, 0));
}
