//! Networks written in the format of ONNX, and tensors read from it.
//!
//! `interop/check_onnx.py` runs the files of `networks_for_other_programs` in other programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use convnet::layer::{Codes, Connections};
use convnet::model::{AlexNetSmall, LeNet5, LeNet5Original};
use convnet::plan::{Backward, Forward, Node, Op, Operand, Param, Plan, Role};
use convnet::prelude::*;
use convnet::store::{Dtype, Stored, read_initializers, to_onnx};
use serde_json::json;

/// Two channels of six for each filter, and all.
#[derive(Clone, Copy, Default)]
struct Pairs;

impl Connections for Pairs {
    const TABLE: &'static [&'static [usize]] = &[&[0, 3], &[5], &[1, 4], &[0, 1, 2, 3, 4, 5]];
}

#[derive(Clone, Copy, Default)]
struct Corners;

impl Codes<3, 5> for Corners {
    const CODES: &'static [[f64; 3]; 5] =
        &[[1.0, 1.0, 1.0], [-1.0, 1.0, 0.5], [1.0, -1.0, 0.0], [0.25, 2.0, 0.0], [0.0, 0.0, -1.0]];
}

network! {
    /// With `Other`, every layer there is, in every form of its export.
    struct Everything: Chw<4, 14, 12> => LogProbabilities<5> {
        conv1: Conv2d { filters: 6, kernel: (3, 2), stride: (2, 1), padding: (2, 1), dilation: (2, 3), groups: 2 },
        norm1: BatchNorm { epsilon: 1e-3 },
        relu: Relu,
        sparse: TableConv2d<Chw<6, 7, 11>, Chw<4, 5, 9>, Kernel<3>, Pairs>,
        affine: ScaleShift,
        leaky_relu: LeakyRelu { negative_slope: 0.2 },
        odd: LocalResponseNorm { size: 3, alpha: 0.9, beta: 0.75, k: 1.5 },
        even: LocalResponseNorm { size: 4, alpha: 0.5, beta: 0.6, k: 1.0 },
        max: MaxPool2d { kernel: 3, stride: 1, padding: 1 },
        mean: AvgPool2d { kernel: (3, 2), stride: (2, 1), padding: (1, 1) },
        shrunk: AdaptiveAvgPool2d { size: (2, 4) },
        grown: AdaptiveAvgPool2d { size: (6, 9) },
        thirds: AdaptiveAvgPool2d { size: (6, 3) },
        same_mean: AdaptiveAvgPool2d { size: (6, 3) },
        halves: AdaptiveMaxPool2d { size: (3, 3) },
        same_max: AdaptiveMaxPool2d { size: 3 },
        elu: Elu { alpha: 1.5 },
        relu6: Relu6,
        hard_swish: HardSwish,
        mish: Mish,
        gelu_tanh: GeluTanh,
        conv2: Conv2d { filters: 7, kernel: 2, bias: false },
        dropout: Dropout { rate: 0.5 },
        flatten: Flatten,
        fc1: Dense { units: 16 },
        norm2: BatchNorm,
        gelu: Gelu,
        fc2: Dense { units: 12, bias: false },
        silu: Silu,
        softplus: Softplus,
        norm3: BatchNorm,
        selu: Selu,
        tanh: Tanh,
        hard_sigmoid: HardSigmoid,
        fc3: Concat<Residual<Dense<Flat<12>, Flat<12>>>, Chain<Dense<Flat<12>, Flat<8>>, Sigmoid>, Flat<20>>,
        fc4: Dense { units: 3 },
        scaled_tanh: ScaledTanh,
        identity: Identity,
        radial: RadialBasis<Flat<3>, Flat<5>, Corners>,
        log_softmax: LogSoftmax,
    }
}

network! {
    /// Samples normalised by themselves, enlarged, and learnt slopes.
    struct Samples: Chw<4, 5, 3> => Flat<6> {
        group: GroupNorm { groups: 2, epsilon: 1e-3 },
        instance: InstanceNorm,
        affine: InstanceNorm { affine: true },
        layer: LayerNorm,
        nearest: Upsample2d { scale: (2, 3) },
        bilinear: Upsample2d { scale: (3, 2), mode: UpsampleMode::Bilinear },
        p_relu: PRelu,
        each_channel: PRelu { per_channel: true },
        flatten: Flatten,
        fc: Dense { units: 6 },
        vector: LayerNorm { epsilon: 0.1 },
        each_value: PRelu { per_channel: true },
        groups: GroupNorm { groups: 3 },
    }
}

network! {
    /// Windows in every form.
    struct Windows: Chw<3, 14, 12> => Chw<5, 2, 2> {
        same: Conv2d { filters: 5, kernel: (3, 2), padding: (1, 0, 1, 1) },
        down: Conv2d { filters: 4, kernel: 3, padding: (2, 1, 0, 1) },
        up: ConvTranspose2d { filters: 6, kernel: (3, 2), stride: (2, 3), padding: (1, 0, 0, 1), output_padding: (1, 2), groups: 2 },
        back: ConvTranspose2d { filters: 4, kernel: 2, padding: 1, dilation: 2 },
        smaller: AdaptiveAvgPool2d { size: (14, 12) },
        dilated: MaxPool2d { kernel: (3, 2), stride: 1, padding: 1, dilation: 2 },
        max: MaxPool2d { kernel: 3, stride: 2, padding: (1, 0), ceil_mode: true },
        mean: AvgPool2d { kernel: 3, stride: 2, padding: (0, 1), ceil_mode: true },
        one: MaxPool2d { kernel: 1, stride: 1, ceil_mode: true },
        values: AvgPool2d { kernel: 3, stride: 1, padding: (1, 2, 1, 0), count_include_pad: false },
        values_ceil: AvgPool2d { kernel: 2, stride: 3, padding: 1, ceil_mode: true, count_include_pad: false },
        last: { pad: PadChannels { channels: 7 }, fc: Conv2d { filters: 5, kernel: 1 } },
    }
}

network! {
    /// Values have the names of layers, but for those that are taken.
    struct Other: Chw<2, 3, 2> => Probabilities<4> {
        conv: Conv2d { filters: 6, kernel: 1 },
        output: GlobalAvgPool,
        step: Heaviside,
        fc: Dense { units: 4 },
        softmax: Softmax,
        nothing: Nothing,
    }
}

block! {
    /// A gate of maps with one position each, and a sum of three.
    struct Gated { filters: usize } => {
        conv: Conv2d { filters: filters, kernel: 3, padding: 1 },
        pool: AdaptiveAvgPool2d { size: 1 },
        gate: Sigmoid,
        scaled: Multiply(conv, gate),
        drop: Dropout { rate: 0.2 },
        sum: Add(drop, input, conv),
        relu: Relu,
    }
}

network! {
    /// Every `Merge`, with values that several layers read, among them the input.
    struct Branching: Chw<4, 6, 5> => Flat<3> {
        first: Gated { filters: 4 },
        pair: {
            side: (input) { 0: Conv2d { filters: 3, kernel: 1 }, 1: BatchNorm },
            all: Concat(side, input),
        },
        vector: GlobalAvgPool,
        gate: Sigmoid,
        scaled: Multiply(pair, gate),
        squared: Multiply(scaled, scaled),
        flatten: Flatten,
        fc: Dense { units: 3 },
    }
}

network! {
    /// The mean of one position each.
    struct Single: Chw<3, 1, 1> => Flat<3> {
        pool: GlobalAvgPool,
    }
}

network! {
    struct Unchanged: Chw<2, 2, 3> => Chw<2, 2, 3> {
        dropout: Dropout { rate: 0.25 },
        depth: StochasticDepth { rate: 0.25 },
        identity: Identity,
    }
}

network! {
    struct Uneven: Chw<1, 3, 4> => Chw<1, 2, 2> {
        relu: Relu,
        pool: AdaptiveMaxPool2d { size: 2 },
    }
}

/// A layer of one's own: y = a·x, which says what it is or does not.
#[derive(Clone, Copy, Default)]
struct Scaled<const SAYS: bool>;

impl<S: Shape, T: Scalar, const SAYS: bool> Layer<S, T> for Scaled<SAYS> {
    type Out = S;
    const PARAMS: usize = 1;
    fn add_to(&self, plan: &mut Plan<T>) {
        plan.add::<S, Self>(*self);
    }
}

impl<T: Scalar, const SAYS: bool> Op<T> for Scaled<SAYS> {
    fn describe(&self) -> String {
        "Scaled".into()
    }
    fn params(&self) -> Vec<Param> {
        vec![Param::new("factor", Role::Scale, [1])]
    }
    fn nodes(&self) -> Option<Vec<Node>> {
        SAYS.then(|| vec![Node::new("Mul", [Operand::Input, Operand::Param("factor")])])
    }
    fn forward(&self, pass: Forward<'_, T>) {
        for (y, x) in pass.y.iter_mut().zip(pass.x) {
            *y = x.map(|x| x * pass.params[0]);
        }
    }
    fn backward(&self, _: Backward<'_, T>) {}
}

/// Nothing at all, for any shape.
#[derive(Clone, Copy, Default)]
struct Nothing;

impl<S: Shape, T: Scalar> Layer<S, T> for Nothing {
    type Out = S;
    fn add_to(&self, plan: &mut Plan<T>) {
        plan.add::<S, Self>(Nothing);
    }
}

impl<T: Scalar> Op<T> for Nothing {
    fn describe(&self) -> String {
        "Nothing".into()
    }
    fn nodes(&self) -> Option<Vec<Node>> {
        Some(Vec::new())
    }
    fn forward(&self, pass: Forward<'_, T>) {
        pass.y.copy_from_slice(pass.x);
    }
    fn backward(&self, _: Backward<'_, T>) {}
}

/// The network, with biases, factors and statistics that are not 0 and 1.
fn lively<N: Network>() -> N {
    let mut net = N::new(3);
    let params: Vec<_> = net.model().named_params().map(|(name, param, _)| (name, param)).collect();
    for (name, param) in params {
        let start = match param.role {
            Role::Weight => continue,
            Role::Bias | Role::Shift => 0.0,
            Role::Scale => 1.0,
            _ => param.start.unwrap(),
        };
        let values: Vec<N::Scalar> =
            (0..param.len()).map(|i| N::Scalar::of(start + 0.3 * (i as f64 + 1.0).sin())).collect();
        net.model_mut().set_param(&name, &values).unwrap();
    }
    net
}

fn read(bytes: Vec<u8>) -> Result<Vec<(String, Stored)>, String> {
    let found = read_initializers(Path::new("net.onnx"), bytes);
    found.map_err(|error| {
        assert!(matches!(error, convnet::Error::Format { .. }), "{error:?}");
        error.to_string()
    })
}

/// Names, shapes and values are read as they were written.
fn assert_kept<N: Network>(dtype: Dtype) {
    let net: N = lively();
    let read = read(to_onnx(&net).unwrap()).unwrap();
    let model = net.model();
    assert_eq!(read.len(), model.named_params().count());
    for ((name, param, values), (found, stored)) in model.named_params().zip(read) {
        let values = dtype.bytes(values.iter().map(|value| value.as_f64()));
        assert_eq!((found, stored), (name, Stored { dtype, shape: param.shape, values }));
    }
}

#[test]
fn tensors_are_kept_by_name() {
    assert_kept::<LeNet5>(Dtype::F32);
    assert_kept::<LeNet5Original>(Dtype::F32);
    assert_kept::<Everything>(Dtype::F32);
    assert_kept::<Branching>(Dtype::F32);
    assert_kept::<Everything<f64>>(Dtype::F64);
    assert_kept::<Sequential<Flat<2>, Chain<Dense<Flat<2>, Flat<3>>, Scaled<true>>>>(Dtype::F32);
}

#[test]
fn a_layer_that_cannot_be_exported_is_named() {
    let found = to_onnx(&Uneven::<f32>::new(1)).unwrap_err().to_string();
    assert_eq!(found, "network: expected layers that ONNX has, found pool: AdaptiveMaxPool2d 2×2");
    let net = Stack::<Flat<2>>::new().then(Relu).then(Scaled::<false>).network(Init::Zeros, 0);
    let found = to_onnx(&net).unwrap_err().to_string();
    assert_eq!(found, "network: expected layers that ONNX has, found 1: Scaled");
}

/// A network, what it answers, and what each of its layers gives for the first sample, in a folder.
fn leave<N: Network>(folder: &Path, name: &str) {
    let net: N = lively();
    fs::write(folder.join(name).with_extension("onnx"), to_onnx(&net).unwrap()).unwrap();
    let values = |values: &[N::Scalar]| values.iter().map(|value| value.as_f64()).collect::<Vec<f64>>();
    // Real images: photographs, digits, or from the middle of a digit.
    let (digits, photographs) = (Mnist::sample().unwrap().test, Cifar10::sample().unwrap().test);
    let sample = |n: usize| {
        let pixels = match N::Input::LEN {
            ..=784 => digits.sample::<f32>(n).as_slice().to_vec(),
            _ => photographs.sample::<f32>(n).as_slice().to_vec(),
        };
        let skipped = (pixels.len() - N::Input::LEN) / 2;
        Tensor::from_fn(|i| N::Scalar::of(pixels[skipped + i].into()))
    };
    let batches = [1, 5].map(|samples| {
        let x: Batch<N::Input, N::Scalar> = (0..samples).map(sample).collect();
        let y: Vec<Vec<f64>> = net.infer(&x).samples().map(|y| values(y.as_slice())).collect();
        let x: Vec<Vec<f64>> = x.samples().map(|x| values(x.as_slice())).collect();
        json!({ "x": x, "y": y })
    });
    let layers: BTreeMap<String, Vec<f64>> =
        net.activations(&sample(0)).iter().map(|layer| (layer.name.clone(), values(&layer.values))).collect();
    let found = json!({ "batches": batches, "layers": layers });
    fs::write(folder.join(name).with_extension("json"), found.to_string()).unwrap();
}

/// In the folder `CONVNET_ONNX_FOLDER`, if it is set.
#[test]
fn networks_for_other_programs() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("CONVNET_ONNX_FOLDER").map_or(temporary.path().into(), PathBuf::from);
    leave::<LeNet5>(&folder, "lenet5");
    leave::<LeNet5Original>(&folder, "lenet5_original");
    leave::<AlexNetSmall>(&folder, "alexnet_small");
    leave::<Everything>(&folder, "everything");
    leave::<Everything<f64>>(&folder, "everything_f64");
    leave::<Other>(&folder, "other");
    leave::<Branching>(&folder, "branching");
    leave::<Branching<f64>>(&folder, "branching_f64");
    leave::<Single>(&folder, "single");
    leave::<Samples>(&folder, "samples");
    leave::<Samples<f64>>(&folder, "samples_f64");
    leave::<Windows>(&folder, "windows");
    leave::<Unchanged>(&folder, "unchanged");
    leave::<Sequential<Flat<2>, Chain<Dense<Flat<2>, Flat<3>>, Scaled<true>>>>(&folder, "own");
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
