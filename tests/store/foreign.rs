//! Files of weights as other programs write them.

use std::fs;

use convnet::prelude::*;
use convnet::store::Weights;

use crate::bits;

network! {
    /// The network whose weights the files of tests/golden/foreign have.
    struct Foreign: Chw<1, 8, 8> => Flat<3> {
        conv1: Conv2d { filters: 4, kernel: 3 },
        norm1: BatchNorm,
        relu1: Relu,
        flatten: Flatten,
        fc1: Dense { units: 3 },
    }
}

network! {
    /// The same without normalisation, which PyTorch's exporter folds into the convolution.
    struct Folded: Chw<1, 8, 8> => Flat<3> {
        conv1: Conv2d { filters: 4, kernel: 3 },
        relu1: Relu,
        flatten: Flatten,
        fc1: Dense { units: 3 },
    }
}

network! {
    struct TwoLayers: Flat<4> => Flat<3> {
        fc1: Dense { units: 8 },
        relu: Relu,
        fc2: Dense { units: 3 },
    }
}

fn file(name: &str) -> String {
    format!("tests/golden/foreign/{name}")
}

fn refusal(name: &str) -> String {
    let (mut net, before) = (Foreign::new(1), Foreign::new(1));
    let error = net.load(file(name)).unwrap_err().to_string();
    assert_eq!(bits(&net), bits(&before), "{name}");
    error
}

#[test]
fn a_prefix_of_all_names_is_found_and_can_be_removed() {
    let mut plain = Foreign::new(1);
    plain.load(file("plain.safetensors")).unwrap();
    for (name, prefix) in [("module_prefix", "module."), ("model_prefix", "model.")] {
        let path = format!("{name}.safetensors");
        let error = refusal(&path);
        let proposal = format!(
            "\nthe names begin with {prefix:?}: Weights::open(path)?.strip_prefix({prefix:?}) loads them"
        );
        assert!(error.ends_with(&proposal), "{error}");
        let mut net = Foreign::new(2);
        Weights::open(file(&path)).unwrap().strip_prefix(prefix).load_into(&mut net).unwrap();
        assert_eq!(bits(&net), bits(&plain));
    }
}

#[test]
fn numbers_of_another_type_are_converted_when_that_is_asked_for() {
    let error = refusal("bf16.safetensors");
    let proposal = "\nthe numbers are of another type: Weights::open(path)?.convert() loads them";
    assert!(error.ends_with(proposal), "{error}");
    let (mut net, mut plain) = (Foreign::new(1), Foreign::new(1));
    plain.load(file("plain.safetensors")).unwrap();
    Weights::open(file("bf16.safetensors")).unwrap().convert().load_into(&mut net).unwrap();
    for (a, b) in net.model().params().iter().zip(plain.model().params()) {
        assert!((a - b).abs() <= b.abs() / 128.0, "{a} {b}");
    }
    // Both at once: what PyTorch writes for `torch.compile(model.half())`.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.safetensors");
    let bytes = fs::read(file("bf16.safetensors")).unwrap();
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + len].to_vec()).unwrap();
    let header = ["conv1", "norm1", "fc1"]
        .iter()
        .fold(header, |text, layer| text.replace(&format!("\"{layer}."), &format!("\"_orig_mod.{layer}.")));
    let start = (header.len() as u64).to_le_bytes();
    fs::write(&path, [&start[..], header.as_bytes(), &bytes[8 + len..]].concat()).unwrap();
    let error = net.load(&path).unwrap_err().to_string();
    assert!(error.ends_with(".strip_prefix(\"_orig_mod.\").convert() loads them"), "{error}");
    let both = Weights::open(&path).unwrap().strip_prefix("_orig_mod.").convert();
    both.load_into(&mut net).unwrap();
}

#[test]
fn other_kinds_of_files_are_named() {
    for (name, found) in [
        ("torch_save.pth", "a file from torch.save, which Weights::open_pytorch reads"),
        ("arrays.npz", "a NumPy archive (.npz): write its arrays with safetensors.numpy.save_file"),
        ("o_default_export.onnx", "perhaps an ONNX file, which Weights::open_onnx reads"),
    ] {
        let error = refusal(name);
        let expected = format!("{}: expected a safetensors file, found {found}", file(name));
        assert!(error.starts_with(&expected), "{error}");
    }
    for (name, opened, found) in [
        (
            "plain.safetensors",
            0,
            "a model in the format of ONNX, found a safetensors file, which Weights::open reads",
        ),
        (
            "torch_save.pth",
            0,
            "a model in the format of ONNX, found a file from torch.save, which Weights::open_pytorch reads",
        ),
        (
            "plain.safetensors",
            1,
            "a file of tensors from torch.save, found a safetensors file, which Weights::open reads",
        ),
        (
            "arrays.npz",
            1,
            "a file of tensors from torch.save, found a NumPy archive (.npz): write its arrays",
        ),
        ("o_default_export.onnx", 1, "a file of tensors from torch.save, found perhaps an ONNX file"),
    ] {
        let open = [Weights::open_onnx, Weights::open_pytorch][opened];
        let error = open(file(name)).err().unwrap().to_string();
        assert!(error.starts_with(&format!("{}: expected {found}", file(name))), "{error}");
    }
    let mut net = Foreign::new(1);
    Weights::open_pytorch(file("torch_save.pth")).unwrap().load_into(&mut net).unwrap();
}

#[test]
fn a_number_that_is_not_finite_is_named_by_its_tensor() {
    let (mut net, before) = (TwoLayers::new(1), TwoLayers::new(1));
    let error = net.load(file("nan.safetensors")).unwrap_err().to_string();
    assert!(error.contains(": expected finite numbers, found NaN at place "), "{error}");
    assert!(error.contains("\n  fc") && error.lines().count() == 2, "{error}");
    assert_eq!(bits(&net), bits(&before));
    // A number of 64 bits that has no finite one of 32.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.safetensors");
    let mut large = TwoLayers::<f64>::new(1);
    large.model_mut().params_mut()[3] = 1e300;
    large.save(&path).unwrap();
    let error = Weights::open(&path).unwrap().convert().load_into(&mut net).unwrap_err().to_string();
    assert!(error.contains("fc1.weight: expected finite numbers, found inf at place 3"), "{error}");
}

/// External data beside the file, a constant that is no parameter, and the names that folding leaves.
#[test]
fn a_file_of_pytorchs_exporter_is_read() {
    let mut net = Folded::new(1);
    Weights::open_onnx(file("o_default_export.onnx")).unwrap().load_into(&mut net).unwrap();
    assert_ne!(bits(&net), bits(&Folded::new(1)));
    // Without its data.
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("alone.onnx");
    fs::copy(file("o_default_export.onnx"), &alone).unwrap();
    let error = Weights::open_onnx(&alone).unwrap_err().to_string();
    assert!(error.contains("o_default_export.onnx.data"), "{error}");
}
