//! Files of `torch.save`, which `tests/golden/make_pytorch_files.py` wrote: good ones give their numbers, others are refused with
//! what is in them.

use std::fs;

use convnet::Error;
use convnet::prelude::*;
use convnet::store::Weights;

use crate::bits;

network! {
    pub struct OfPyTorch: Chw<2, 4, 4> => Flat<3> {
        conv: Conv2d { filters: 2, kernel: 3 },
        bn: BatchNorm,
        flatten: Flatten,
        fc: Dense { units: 3 },
    }
}

fn file(name: &str) -> String {
    format!("tests/golden/pytorch/{name}.pth")
}

/// The parameters that the files have.
fn expected() -> OfPyTorch {
    let mut net = OfPyTorch::new(1);
    let mut at = 0;
    let lens: Vec<usize> = net.model().named_params().map(|(_, param, _)| param.len()).collect();
    for (number, len) in lens.iter().enumerate() {
        for i in 0..*len {
            net.model_mut().params_mut()[at + i] = ((7 * i + 3 * number) % 11) as f32 / 8.0 - 5.0 / 8.0;
        }
        at += len;
    }
    net
}

#[test]
fn state_dicts_are_read() {
    let expected = expected();
    for name in ["f32", "protocol4", "parameters", "strides", "one_storage"] {
        let mut net = OfPyTorch::new(2);
        Weights::open_pytorch(file(name)).unwrap().load_into(&mut net).unwrap();
        assert_eq!(bits(&net), bits(&expected), "{name}");
    }
    for name in ["f64", "f16", "bf16"] {
        let mut net = OfPyTorch::new(2);
        let weights = Weights::open_pytorch(file(name)).unwrap();
        let error = weights.load_into(&mut net).unwrap_err().to_string();
        let found = format!("fc.weight: expected F32 [3, 8], found {} [3, 8]", name.to_uppercase());
        assert!(error.contains(&found), "{error}");
        weights.convert().load_into(&mut net).unwrap();
        assert_eq!(bits(&net), bits(&expected), "{name}");
    }
    let nested = Weights::open_pytorch(file("nested")).unwrap();
    assert!(nested.names().any(|name| name == "state_dict.bn.num_batches_tracked"));
    let mut net = OfPyTorch::new(2);
    nested.strip_prefix("state_dict.").load_into(&mut net).unwrap();
    assert_eq!(bits(&net), bits(&expected));
}

#[test]
fn anything_else_is_refused() {
    for (name, found) in [
        ("module", "a call of `__main__.Small`, where only tensors are read"),
        ("epoch", "a number with the name \"epoch\", where only tensors are read"),
        ("command", "a call of `posix.system`, where only tensors are read"),
        ("list", "a list, and not a dictionary of tensors"),
        ("complex", "\"conv.weight\" with numbers of `torch.ComplexFloatStorage`"),
        ("expanded", "\"fc.weight\" with sizes or strides that leave its storage"),
        ("before_1_6", "one of PyTorch before 1.6; load it there and save it again"),
    ] {
        let path = file(name);
        let error = Weights::open_pytorch(&path).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("{path}: expected a file of tensors from torch.save, found {found}"),
            "{name}"
        );
    }
    let path = "tests/golden/lenet.safetensors";
    let error = Weights::open_pytorch(path).unwrap_err();
    assert!(matches!(error, Error::Format { .. }), "{error}");
}

/// No beginning of a file is taken for the whole, and a changed byte of a number is found.
#[test]
fn damaged_files_are_refused() {
    let bytes = fs::read(file("f32")).unwrap();
    for len in 0..bytes.len() {
        assert!(Weights::from_pytorch("half", bytes[..len].to_vec()).is_err(), "{len} bytes");
    }
    let number = bytes.windows(4).position(|four| four == (-0.625_f32).to_le_bytes()).unwrap();
    let mut changed = bytes.clone();
    changed[number] ^= 1;
    let error = Weights::from_pytorch("changed", changed).unwrap_err().to_string();
    assert!(error.contains("data/0"), "{error}");
}

/// Two tensors that get one name are not one.
#[test]
fn names_that_become_equal_are_refused() {
    let mut net = OfPyTorch::new(2);
    let weights = Weights::open_pytorch(file("f32")).unwrap();
    let weights = weights.rename(|name| name.replace("running_mean", "running_var"));
    let error = weights.load_into(&mut net).unwrap_err().to_string();
    assert!(error.contains("bn.running_var: expected one tensor, found two of this name"), "{error}");
    assert_eq!(bits(&net), bits(&OfPyTorch::new(2)));
}
