//! Reading ONNX files, right and broken ones.

use std::path::Path;

use convnet::prelude::*;
use convnet::store::{Dtype, Stored, read_initializers, to_onnx};

use super::lively;

pub fn read(bytes: Vec<u8>) -> Result<Vec<(String, Stored)>, String> {
    let found = read_initializers(Path::new("net.onnx"), bytes, false);
    found.map_err(|error| {
        assert!(matches!(error, convnet::Error::Format { .. }), "{error:?}");
        error.to_string()
    })
}

/// Part of a message: a field of this number.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    field.extend(varint(bytes.len() as u64));
    field.extend(bytes);
    field
}

fn whole_number(number: u8, value: u64) -> Vec<u8> {
    let mut field = vec![number << 3];
    field.extend(varint(value));
    field
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

const DIMS: u8 = 1;
const TYPE: u8 = 2;
const SEGMENT: u8 = 3;
const FLOATS: u8 = 4;
const INTS: u8 = 7;
const NAME: u8 = 8;
const RAW: u8 = 9;
const DOUBLES: u8 = 10;
const EXTERNAL: u8 = 13;
const LOCATION: u8 = 14;

/// A model of tensors, each a list of fields.
fn model<const N: usize>(tensors: [&[Vec<u8>]; N]) -> Vec<u8> {
    let tensors: Vec<Vec<u8>> = tensors.iter().map(|fields| field(5, &fields.concat())).collect();
    field(7, &tensors.concat())
}

fn bytes<const N: usize>(values: [f32; N]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Numbers may lie in a file in three ways, and dimensions in two.
#[test]
fn numbers_are_read_wherever_they_are() {
    let two = |dtype, values: Vec<u8>| Ok(vec![("w".to_string(), Stored { dtype, shape: vec![2], values })]);
    let (name, dims, float) = (field(NAME, b"w"), whole_number(DIMS, 2), whole_number(TYPE, 1));
    let values = bytes([1.5, -2.0]);
    let doubles: Vec<u8> = [1.5, -2.0].into_iter().flat_map(f64::to_le_bytes).collect();
    let packed = field(DIMS, &[2]);
    for dims in [&dims, &packed] {
        let raw = model([&[name.clone(), dims.clone(), float.clone(), field(RAW, &values)]]);
        assert_eq!(read(raw), two(Dtype::F32, values.clone()));
    }
    let listed = model([&[name.clone(), dims.clone(), float.clone(), field(FLOATS, &values)]]);
    assert_eq!(read(listed), two(Dtype::F32, values.clone()));
    let single =
        [[FLOATS << 3 | 5].to_vec(), bytes([1.5]), [FLOATS << 3 | 5].to_vec(), bytes([-2.0])].concat();
    let listed = model([&[name.clone(), dims.clone(), float, single]]);
    assert_eq!(read(listed), two(Dtype::F32, values));
    let listed = model([&[name.clone(), dims.clone(), whole_number(TYPE, 11), field(DOUBLES, &doubles)]]);
    assert_eq!(read(listed), two(Dtype::F64, doubles));
    let listed = model([&[name.clone(), dims.clone(), whole_number(TYPE, 7), field(INTS, &[7, 1])]]);
    assert_eq!(read(listed), two(Dtype::I64, [7_i64, 1].into_iter().flat_map(i64::to_le_bytes).collect()));
    for (code, dtype) in [(10, Dtype::F16), (16, Dtype::Bf16), (3, Dtype::Other)] {
        let raw = model([&[name.clone(), dims.clone(), whole_number(TYPE, code), field(RAW, &[1, 2, 3, 4])]]);
        assert_eq!(read(raw), two(dtype, vec![1, 2, 3, 4]));
    }
    let number = model([&[name, whole_number(TYPE, 1), field(RAW, &bytes([3.0]))]]);
    assert!(read(number).unwrap()[0].1.shape.is_empty());
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let (name, dims, float) = (field(NAME, b"w"), whole_number(DIMS, 2), whole_number(TYPE, 1));
    let raw = field(RAW, &bytes([1.5, -2.0]));
    let good = [name.clone(), dims.clone(), float.clone(), raw.clone()];
    let with = |more: &[Vec<u8>]| model([&[good.concat(), more.concat()]]);
    let shape = |dims: &[u64]| {
        let dims: Vec<u8> = dims.iter().flat_map(|&dim| whole_number(DIMS, dim)).collect();
        model([&[name.clone(), dims, float.clone(), raw.clone()]])
    };
    let cases: [(&str, Vec<u8>, &str); 17] = [
        ("nothing", Vec::new(), "expected a model with a graph, found none"),
        ("no graph", whole_number(1, 8), "expected a model with a graph, found none"),
        ("no tensors", field(7, &field(2, b"graph")), "expected a graph with initialisers, found none"),
        ("a text", b"layer,type\n".into(), "expected a model in the format of ONNX, found "),
        ("a picture", b"\x89PNG\r\n\x1a\n".into(), "expected a model in the format of ONNX, found "),
        ("cut off", with(&[])[..20].into(), "expected a model in the format of ONNX, found "),
        ("no tensor", field(7, &field(5, &[255])), "expected an initialiser in the format of ONNX, found "),
        ("twice", model([&good, &good]), "expected initialisers with names of their own, found two \"w\""),
        ("no name", model([&good[1..]]), "expected an initialiser with a name, found none for \"\""),
        (
            "no type",
            model([&[name.clone(), dims.clone(), raw.clone()]]),
            "expected the type of numbers, found none for \"w\"",
        ),
        (
            "elsewhere",
            with(&[field(EXTERNAL, &field(1, b"location"))]),
            "expected numbers in the file itself, found the name of another file for \"w\"",
        ),
        (
            "elsewhere, unsaid",
            with(&[whole_number(LOCATION, 1)]),
            "expected numbers in the file itself, found the name of another file for \"w\"",
        ),
        (
            "a part",
            with(&[field(SEGMENT, &whole_number(1, 0))]),
            "expected whole tensors, found a segment for \"w\"",
        ),
        ("both", with(&[field(FLOATS, &bytes([1.0, 2.0]))]), "expected numbers once, found twice for \"w\""),
        ("short", shape(&[3]), "expected 12 bytes of F32 [3], found 8 for \"w\""),
        ("negative", shape(&[u64::MAX]), "expected dimensions of at least 0, found -1 for \"w\""),
        (
            "too large",
            shape(&[1 << 40, 1 << 40]),
            "expected dimensions that fit into memory, found [1099511627776, 1099511627776] for \"w\"",
        ),
    ];
    assert!(read(with(&[])).is_ok());
    for (what, bytes, expected) in cases {
        let found = read(bytes).unwrap_err();
        assert!(found.starts_with(&format!("net.onnx: {expected}")), "{what}: {found}");
    }
}

/// A file that is cut off, or has another byte somewhere, is refused or has other tensors, but ends no program.
#[test]
fn broken_files_are_no_panic() {
    network! {
        struct Small: Chw<1, 3, 3> => Flat<2> {
            conv: Conv2d { filters: 2, kernel: 2 },
            gelu: Gelu,
            flatten: Flatten,
            fc: Dense { units: 2 },
        }
    }
    let whole = to_onnx(&lively::<Small>()).unwrap();
    let tensors = read(whole.clone()).unwrap();
    for len in 0..whole.len() {
        // The graph may be whole, and the bytes after it missing.
        let read = read(whole[..len].into());
        assert!(read.is_err() || read == Ok(tensors.clone()), "the first {len} bytes");
    }
    let (mut same, mut other, mut refused) = (0, 0, 0);
    for at in 0..whole.len() {
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            let mut broken = whole.clone();
            broken[at] ^= change;
            match read(broken) {
                Ok(read) if read == tensors => same += 1,
                Ok(_) => other += 1,
                Err(_) => refused += 1,
            }
        }
    }
    assert!(same > 0 && other > 0 && refused > 0, "{same} {other} {refused}");
}
