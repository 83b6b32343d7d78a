//! Ten training steps of LeNet-5 against PyTorch: `golden/make_lenet.py` made the file.

use convnet::model::LeNet5;
use convnet::prelude::*;
use convnet::train::Progress;
use safetensors::SafeTensors;

const GOLDEN: &[u8] = include_bytes!("golden/lenet.safetensors");

fn f64s(golden: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let bytes = golden.tensor(name).unwrap().data();
    bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect()
}

/// Runs the ten steps; checks losses and final parameters to within `tolerance`.
fn run<T: Scalar>(tolerance: f64) {
    let golden = SafeTensors::deserialize(GOLDEN).unwrap();
    let images = golden.tensor("images").unwrap().data().chunks(784);
    let inputs: Batch<Chw<1, 28, 28>, T> =
        images.map(|image| Tensor::from_fn(|i| T::of(f64::from(image[i]) / 255.0))).collect();
    let labels = golden.tensor("labels").unwrap().data().to_vec();
    let targets: Vec<Class<10>> = labels.into_iter().map(|l| Class::new(l.into()).unwrap()).collect();

    let mut net = LeNet5::<T>::with_init(Init::Zeros, 0);
    let names: Vec<String> = net.model().named_params().map(|(name, ..)| name).collect();
    assert_eq!(names.len(), 10);
    for name in &names {
        let bytes = golden.tensor(&format!("initial.{name}")).unwrap().data();
        let values: Vec<T> =
            bytes.as_chunks().0.iter().map(|&b| T::of(f32::from_le_bytes(b).into())).collect();
        net.model_mut().set_param(name, &values).unwrap();
    }

    let mut trainer =
        Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.05).momentum(0.9)).progress(Progress::Silent);
    let losses = f64s(&golden, "losses");
    assert_eq!(losses.len(), 10);
    for (step, expected) in losses.into_iter().enumerate() {
        let loss = trainer.train_step(&inputs, &targets, step as u64).unwrap();
        assert!((loss - expected).abs() <= tolerance, "loss of step {step}: {loss} for {expected}");
    }
    for (name, param, values) in trainer.network().model().named_params() {
        let tensor = golden.tensor(&format!("final.{name}")).unwrap();
        assert_eq!(tensor.shape(), param.shape, "{name}");
        let expected = f64s(&golden, &format!("final.{name}"));
        for (i, (found, expected)) in values.iter().zip(expected).enumerate() {
            let found = found.as_f64();
            assert!((found - expected).abs() <= tolerance, "{name}[{i}]: {found} for {expected}");
        }
    }
}

#[test]
fn ten_steps_in_f64() {
    run::<f64>(1e-9);
}

#[test]
fn ten_steps_in_f32() {
    run::<f32>(1e-4);
}
