//! Convnet's side of `check_torch_onnx.py`: with `CONVNET_INTEROP` naming a folder that has PyTorch's weights, answers for
//! real images and files for other programs are written there. Without it the round trip is convnet's own.

use std::path::{Path, PathBuf};

use convnet::model::{AlexNetSmall, LeNet5};
use convnet::prelude::*;
use convnet::store::Weights;
use convnet::train::Progress;
use safetensors::tensor::{Dtype, TensorView};

network! {
    /// Layers that PyTorch has too.
    struct Normalised: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 8, kernel: 5, stride: 2 },
        norm1: BatchNorm,
        relu1: Relu,
        response: LocalResponseNorm { alpha: 1e-2 },
        conv2: Conv2d { filters: 12, kernel: 3, padding: 2, dilation: 2, groups: 4 },
        tanh: Tanh,
        pool: AdaptiveAvgPool2d { size: 5 },
        flatten: Flatten,
        fc: Dense { units: 10 },
        norm2: BatchNorm,
    }
}

/// The variable that names the folder.
const FOLDER: &str = "CONVNET_INTEROP";
const IMAGES: usize = 100;

/// Writes tensors of `f32` by their names.
fn write(path: &Path, tensors: &[(&str, &[usize], Vec<f32>)]) {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, _, values)| values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap())
    });
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn answers<N: Network<Scalar = f32>>(net: &N, images: &Batch<N::Input>) -> Vec<f32> {
    net.infer(images).samples().flat_map(|y| y.as_slice().to_vec()).collect()
}

fn exchange<N: Network<Scalar = f32>>(
    folder: &Path,
    name: &str,
    own: N,
    mut other: N,
    images: Batch<N::Input>,
) {
    let file = |ending: &str| folder.join(format!("{name}.{ending}"));
    own.save(file("safetensors")).unwrap();
    convnet::store::save_onnx(&own, file("onnx")).unwrap();
    if std::env::var_os(FOLDER).is_none() {
        Weights::open_onnx(file("onnx")).unwrap().load_into(&mut other).unwrap();
        assert_eq!(answers(&other, &images), answers(&own, &images), "{name} by way of ONNX");
        own.save(file("torch.safetensors")).unwrap();
    }
    other.load(file("torch.safetensors")).unwrap();
    let mut shape = vec![images.len()];
    shape.extend(own.summary(1).input);
    let values = images.samples().flat_map(|x| x.as_slice().to_vec()).collect();
    write(&file("images.safetensors"), &[("images", &shape, values)]);
    let outputs = &[images.len(), 10][..];
    write(
        &file("outputs.safetensors"),
        &[("own", outputs, answers(&own, &images)), ("torch", outputs, answers(&other, &images))],
    );
}

/// A network that has learnt a little, so that its statistics are not those of the beginning.
fn taught<N: Network<Scalar = f32, Output = Flat<10>>>(net: N, data: &Dataset<N::Input, Class<10>>) -> N {
    let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9));
    trainer = trainer.epochs(1).progress(Progress::Silent);
    trainer.fit(&data.subset(0..500), None).unwrap();
    trainer.into_network()
}

#[test]
fn exchanged_with_other_programs() {
    let own = tempfile::tempdir().unwrap();
    let folder = std::env::var_os(FOLDER).map_or(own.path().into(), PathBuf::from);
    let folder = folder.as_path();
    let mnist = Mnist::load_from("assets/mnist").unwrap();
    let digits = || (0..IMAGES).map(|i| mnist.test.sample(i)).collect::<Batch<_>>();
    exchange(folder, "lenet5", LeNet5::pretrained(), LeNet5::new(0), digits());
    exchange(folder, "normalised", taught(Normalised::new(1), &mnist.train), Normalised::new(0), digits());
    let cifar = Cifar10::sample().unwrap();
    let photographs = (0..IMAGES).map(|i| cifar.test.sample(i)).collect();
    exchange(
        folder,
        "alexnet_small",
        taught(AlexNetSmall::new(1), &cifar.train),
        AlexNetSmall::new(0),
        photographs,
    );
}
