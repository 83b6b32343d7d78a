//! Ready networks against those of torchvision, timm and PyTorch: `golden/make_models.py` made the files.

mod hashed;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use convnet::model::{
    DenseNet121, EfficientNetB0, GoogLeNet, MobileNetV2, MobileNetV3Large, MobileNetV3Small, ResNet18,
    ResNet20Cifar, ResNet34, ResNet50, ResNet56Cifar, SeResNet50, SqueezeNet, UNet, Vgg11, Vgg13, Vgg16,
    Vgg16Bn, Vgg19, ZfNet,
};
use convnet::plan::Role;
use convnet::prelude::*;
use convnet::store::{to_onnx, to_onnx_folded};
use convnet::train::Progress;
use hashed::{PIXELS, uniform};
use serde_json::{Value, json};

/// Held by a test of a network with more than 10⁸ parameters, which take 2 GB while they are used: one runs at a time.
static LARGE: Mutex<()> = Mutex::new(());

block! {
    struct Basic { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        sum: Add(bn2, input),
        relu: Relu,
    }
}

block! {
    struct Down { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 3, stride: 2, padding: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        downsample: (input) {
            0: Conv2d { filters: filters, kernel: 1, stride: 2, bias: false },
            1: BatchNorm,
        },
        sum: Add(bn2, downsample),
        relu: Relu,
    }
}

network! {
    /// ResNet-18 for images of 64×64 pixels.
    struct Small: Chw<3, 64, 64> => Flat<1000> {
        conv1: Conv2d { filters: 64, kernel: 7, stride: 2, padding: 3, bias: false },
        bn1: BatchNorm,
        relu: Relu,
        maxpool: MaxPool2d { kernel: 3, stride: 2, padding: 1 },
        layer1: { 0: Basic { filters: 64 }, 1: Basic { filters: 64 } },
        layer2: { 0: Down { filters: 128 }, 1: Basic { filters: 128 } },
        layer3: { 0: Down { filters: 256 }, 1: Basic { filters: 256 } },
        layer4: { 0: Down { filters: 512 }, 1: Basic { filters: 512 } },
        avgpool: GlobalAvgPool,
        fc: Dense { units: 1000 },
    }
}

fn golden(name: &str) -> Value {
    let path = format!("{}/tests/golden/models/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Where the hash of a parameter begins: FNV-1a of its name.
fn place_of(name: &str) -> u64 {
    name.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |place, byte| (place ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

/// Parameters and running statistics as the script has them, for a variance of at least 0.5.
fn filled<N: Network>(variance: f64) -> N {
    let mut net = N::with_init(Init::Zeros, 0);
    let params: Vec<_> = net.model().named_params().map(|(name, param, _)| (name, param)).collect();
    let mut rest = net.model_mut().params_mut();
    for (name, param) in params {
        let (values, tail) = rest.split_at_mut(param.len());
        rest = tail;
        let place = place_of(&name);
        for (i, value) in values.iter_mut().enumerate() {
            let u = uniform(place.wrapping_add(i as u64));
            *value = N::Scalar::of(if param.shape.len() > 1 {
                (6.0 / param.fan_in as f64).sqrt() * (2.0 * u - 1.0)
            } else if name.ends_with("running_var") {
                variance + u
            } else if name.ends_with("weight") {
                0.5 + u
            } else {
                0.2 * (u - 0.5)
            });
        }
    }
    net
}

/// Equal to within 10⁻⁹, of values above 1 as a part of them.
#[track_caller]
fn assert_near(what: &str, found: f64, expected: f64) {
    let difference = (found - expected).abs() / expected.abs().max(1.0);
    assert!(difference <= 1e-9, "{what}: {found} for {expected}");
}

fn compare<N: Network<Scalar = f64>>(name: &str) {
    let golden = golden(name);
    let _one = (N::PARAMS > 100_000_000).then(|| LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    let net: N = filled(0.5);
    assert_eq!(golden["names"], net.model().named_params().count());
    let image = Tensor::<N::Input, f64>::from_fn(|i| uniform(PIXELS + i as u64));
    let found = net.infer(&Batch::from_iter([image])).sample(0);
    let found = found.as_slice();
    assert_eq!(golden["values"], found.len());
    let step = (found.len() / 100).max(1);
    let expected: Vec<f64> = serde_json::from_value(golden["logits"].clone()).unwrap();
    assert_eq!(expected.len(), found.len().div_ceil(step));
    for (i, expected) in expected.into_iter().enumerate() {
        assert_near(&format!("{name}, value {}", step * i), found[step * i], expected);
    }
}

/// The network, an image and the answer, in a folder, for other programs; and the same with normalisations folded.
fn leave<N: Network<Scalar = f32>>(folder: &Path, name: &str) {
    // Variances so large that values stay of the size that they have in a trained network.
    let net: N = filled(3.0);
    let x = Batch::from_iter([Tensor::<N::Input>::from_fn(|i| uniform(PIXELS + i as u64) as f32)]);
    let y = net.infer(&x);
    let batches = json!([{ "x": [x.sample(0).as_slice()], "y": [y.sample(0).as_slice()] }]);
    let found = json!({ "batches": batches, "layers": {} }).to_string();
    let write = |name: &str, onnx: Vec<u8>| {
        fs::write(folder.join(name).with_extension("onnx"), onnx).unwrap();
        fs::write(folder.join(name).with_extension("json"), &found).unwrap();
    };
    write(name, to_onnx(&net).unwrap());
    if N::BUFFERS > 0 {
        write(&format!("{name}_folded"), to_onnx_folded(&net).unwrap());
    }
}

/// One test a network, and its file for other programs: its name in `golden/make_models.py`, its type and the number of its
/// classes.
macro_rules! models {
    ($($name:ident: $Net:ident<$classes:literal>,)*) => {
        $(
            #[test]
            fn $name() {
                compare::<$Net<$classes, f64>>(stringify!($name));
            }
        )*

        /// In the folder `CONVNET_ONNX_FOLDER`, if it is set; else those that are not large.
        #[test]
        fn networks_for_other_programs() {
            let temporary = tempfile::tempdir().unwrap();
            let given = std::env::var_os("CONVNET_ONNX_FOLDER").map(PathBuf::from);
            let folder = given.as_deref().unwrap_or(temporary.path());
            $(
                if given.is_some() || $Net::<$classes, f32>::PARAMS < 3_000_000 {
                    leave::<$Net<$classes, f32>>(folder, stringify!($name));
                }
            )*
        }
    };
}

models! {
    resnet18: ResNet18<1000>,
    resnet34: ResNet34<1000>,
    resnet50: ResNet50<1000>,
    squeezenet1_1: SqueezeNet<1000>,
    vgg11: Vgg11<1000>,
    vgg13: Vgg13<1000>,
    vgg16: Vgg16<1000>,
    vgg19: Vgg19<1000>,
    vgg16_bn: Vgg16Bn<1000>,
    googlenet: GoogLeNet<1000>,
    densenet121: DenseNet121<1000>,
    zfnet: ZfNet<1000>,
    resnet20_cifar: ResNet20Cifar<10>,
    resnet56_cifar: ResNet56Cifar<10>,
    unet: UNet<2>,
    mobilenet_v2: MobileNetV2<1000>,
    mobilenet_v3_small: MobileNetV3Small<1000>,
    mobilenet_v3_large: MobileNetV3Large<1000>,
    efficientnet_b0: EfficientNetB0<1000>,
    seresnet50: SeResNet50<1000>,
}

/// Its sum, the sum of its squares, and its first and last value.
fn assert_digest(name: &str, found: &[f64], expected: &Value) {
    let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
    let (sum, squares) = (found.iter().sum::<f64>(), found.iter().map(|x| x * x).sum::<f64>());
    // Terms of a sum may cancel: its error is of the size of its terms.
    let size = (squares * found.len() as f64).sqrt().max(1.0);
    assert!((sum - expected[0]).abs() <= 1e-9 * size, "sum of {name}: {sum} for {}", expected[0]);
    assert_near(&format!("squares of {name}"), squares, expected[1]);
    assert_near(&format!("first of {name}"), found[0], expected[2]);
    assert_near(&format!("last of {name}"), found[found.len() - 1], expected[3]);
}

/// A training step on four images of 64×64: the loss, the gradient by each parameter, and the running statistics.
#[test]
fn a_step_of_resnet18() {
    let golden = &golden("resnet18_step");
    let images: Batch<Chw<3, 64, 64>, f64> =
        (0..4).map(|n| Tensor::from_fn(|i| uniform(PIXELS + n * 12_288 + i as u64))).collect();
    let labels = [3, 999, 0, 512].map(|label| Class::<1000>::new(label).unwrap());
    // A learning rate so small that nothing but the running statistics moves.
    let optimizer = Sgd::new(f64::MIN_POSITIVE);
    let mut trainer =
        Trainer::new(filled::<Small<f64>>(0.5), SoftmaxCrossEntropy, optimizer).progress(Progress::Silent);
    let loss = trainer.train_step(&images, &labels, 0).unwrap();
    assert_near("loss", loss, golden["loss"].as_f64().unwrap());
    let (mut start, mut seen) = (0, 0);
    for (name, param, values) in trainer.network().model().named_params() {
        let gradient = &trainer.gradient()[start..start + param.len()];
        start += param.len();
        seen += 1;
        match param.role {
            Role::Buffer { .. } => assert_digest(&name, values, &golden["statistics"][&name]),
            _ => assert_digest(&name, gradient, &golden["gradient"][&name]),
        }
    }
    let count = |what: &str| golden[what].as_object().unwrap().len();
    assert_eq!(seen, count("gradient") + count("statistics"));
}
