//! Networks written in the format of ONNX, and tensors read from it.
//!
//! `interop/check_onnx.py` runs the files of `networks_for_other_programs` in other programs.

mod onnx_files;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use convnet::layer::{Codes, Connections, MergeLayer};
use convnet::model::{AlexNetSmall, LeNet5, LeNet5Original};
use convnet::plan::{Backward, Forward, Node, Op, Operand, Param, Plan, Role};
use convnet::prelude::*;
use convnet::store::{Dtype, Stored, to_onnx, to_onnx_folded};
use onnx_files::read;
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
        selu: { usual: Selu, own: Selu { alpha: 1.2, gamma: 0.9 } },
        tanh: Tanh,
        hard_sigmoid: { usual: HardSigmoid, own: HardSigmoid { alpha: 0.3, beta: 0.4 } },
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
        change: Difference(squared, pair),
        flatten: Flatten,
        fc: Dense { units: 3 },
    }
}

/// y = a − b, a merge of one's own.
#[derive(Clone, Copy, Default)]
struct Difference;

impl<S: Shape, T: Scalar> MergeLayer<(S, S), T> for Difference {
    type Out = S;

    fn add_to(&self, plan: &mut Plan<T>, inputs: &[usize]) {
        plan.add_merge::<(S, S), Self>(Difference, inputs);
    }
}

impl<T: Scalar> Op<T> for Difference {
    fn describe(&self) -> String {
        "Difference".into()
    }

    fn nodes(&self) -> Option<Vec<Node>> {
        Some(vec![Node::new("Sub", [Operand::Input, Operand::Other(1)])])
    }

    fn forward(&self, Forward { y, xs, .. }: Forward<'_, T>) {
        for ((y, a), b) in y.iter_mut().zip(xs.get(0)).zip(xs.get(1)) {
            *y = a.zip(*b, |a, b| a - b);
        }
    }

    fn backward(&self, _: Backward<'_, T>) {}
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

network! {
    /// Normalisations that can be folded, and one whose convolution something else reads too.
    struct Folding: Chw<3, 12, 12> => Flat<4> {
        conv1: Conv2d { filters: 6, kernel: 3, bias: false },
        norm1: BatchNorm { epsilon: 1e-2 },
        relu: Relu,
        conv2: Conv2d { filters: 6, kernel: 3, padding: 1, groups: 2 },
        norm2: BatchNorm,
        kept: Conv2d { filters: 6, kernel: 1 },
        norm3: BatchNorm,
        sum: Add(kept, norm3),
        pool: GlobalAvgPool,
        norm4: BatchNorm,
        fc: Dense { units: 4 },
    }
}

/// Weights times γ / √(σ² + ε), and biases likewise.
#[test]
fn normalisations_are_folded_on_request() {
    let net: Folding<f64> = lively();
    let folded: BTreeMap<String, Stored> = read(to_onnx_folded(&net).unwrap()).unwrap().into_iter().collect();
    let names: Vec<&str> = folded.keys().map(String::as_str).collect();
    let norms = ["norm3", "norm4"].map(|norm| {
        ["bias", "running_mean", "running_var", "weight"].map(|tensor| format!("{norm}.{tensor}"))
    });
    let mut expected = ["conv1", "conv2", "kept", "fc"]
        .map(|layer| ["bias", "weight"].map(|tensor| format!("{layer}.{tensor}")))
        .concat();
    expected.extend(norms.concat());
    expected.sort();
    assert_eq!(names, expected);
    let params: BTreeMap<String, Vec<f64>> =
        net.model().named_params().map(|(name, _, values)| (name, values.to_vec())).collect();
    for (conv, norm, epsilon) in [("conv1", "norm1", 1e-2), ("conv2", "norm2", 1e-5)] {
        let of = |tensor: &str| &params[&format!("{norm}.{tensor}")];
        let factors: Vec<f64> = of("weight")
            .iter()
            .zip(of("running_var"))
            .map(|(weight, var)| weight / (var + epsilon).sqrt())
            .collect();
        let weights = &params[&format!("{conv}.weight")];
        let each = weights.len() / factors.len();
        let bias = params.get(&format!("{conv}.bias")).cloned().unwrap_or(vec![0.0; factors.len()]);
        let wanted_weights = weights.iter().enumerate().map(|(i, weight)| weight * factors[i / each]);
        let wanted_bias =
            (0..factors.len()).map(|f| (bias[f] - of("running_mean")[f]) * factors[f] + of("bias")[f]);
        let wanted = [("weight", wanted_weights.collect::<Vec<_>>()), ("bias", wanted_bias.collect())];
        for (tensor, wanted) in wanted {
            let found = folded[&format!("{conv}.{tensor}")]
                .values
                .as_chunks::<8>()
                .0
                .iter()
                .map(|b| f64::from_le_bytes(*b));
            assert!(found.clone().count() == wanted.len());
            for (found, wanted) in found.zip(wanted) {
                assert!((found - wanted).abs() < 1e-12, "{conv}.{tensor}: {found} for {wanted}");
            }
        }
    }
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
    leave_as(&net, to_onnx(&net).unwrap(), folder, name, true);
}

/// The same in this form, with or without the layers.
fn leave_as<N: Network>(net: &N, onnx: Vec<u8>, folder: &Path, name: &str, with_layers: bool) {
    fs::write(folder.join(name).with_extension("onnx"), onnx).unwrap();
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
    let layers: BTreeMap<String, Vec<f64>> = match with_layers {
        true => net
            .activations(&sample(0))
            .iter()
            .map(|layer| (layer.name.clone(), values(&layer.values)))
            .collect(),
        false => BTreeMap::new(),
    };
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
    leave::<Folding>(&folder, "folding");
    let folding: Folding = lively();
    leave_as(&folding, to_onnx_folded(&folding).unwrap(), &folder, "folded", false);
    leave::<Samples>(&folder, "samples");
    leave::<Samples<f64>>(&folder, "samples_f64");
    leave::<Windows>(&folder, "windows");
    leave::<Unchanged>(&folder, "unchanged");
    leave::<Sequential<Flat<2>, Chain<Dense<Flat<2>, Flat<3>>, Scaled<true>>>>(&folder, "own");
}
