//! Normalisation and pooling against PyTorch, in `f64`: `golden/make_layers.py` made the file. And what they do with
//! settings that make no sense.

use convnet::check;
use convnet::layer::{Codes, Connections};
use convnet::model::{Drawings, TableOne};
use convnet::prelude::*;
use convnet::train::Progress;
use serde::Deserialize;
use serde_json::Value;

const GOLDEN: &str = include_str!("golden/layers.json");

fn golden(name: &str) -> Value {
    serde_json::from_str::<Value>(GOLDEN).unwrap()[name].clone()
}

fn get<T: for<'a> Deserialize<'a>>(value: &Value) -> T {
    T::deserialize(value).unwrap()
}

#[track_caller]
fn assert_near(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= 1e-12 * expected.abs().max(1.0), "{what} {i}: {found:e} for {expected:e}");
    }
}

fn batch<S: Shape>(rows: &[Vec<f64>]) -> Batch<S, f64> {
    rows.iter().map(|row| Tensor::from_slice(row).unwrap()).collect()
}

/// Checks a layer on its samples.
fn layer<In: Shape, L: Layer<In, f64>>(name: &str, layer: L) {
    let golden = golden(name);
    let rows = |key: &str| -> Vec<Vec<f64>> { get(&golden[key]) };
    let (x, dy) = (rows("x"), rows("dy"));
    let (x, dy) = (batch::<In>(&x), batch::<L::Out>(&dy));
    let params: Vec<f64> = golden.get("params").map(get).unwrap_or_default();
    let check::Passes { y, dx, dparams, .. } = check::passes(&layer, &params, &x, &dy, 1);
    assert_near(name, &dparams, &golden.get("dparams").map(get::<Vec<f64>>).unwrap_or_default());
    for (n, (expected_y, expected_dx)) in rows("y").iter().zip(&rows("dx")).enumerate() {
        assert_near(&format!("{name}, sample {n}"), y.sample(n).as_slice(), expected_y);
        assert_near(&format!("gradient of {name}, sample {n}"), dx.sample(n).as_slice(), expected_dx);
    }
}

#[test]
fn local_response_norm() {
    type In = Chw<7, 2, 3>;
    layer::<In, _>("LocalResponseNorm", LocalResponseNorm::default());
    layer::<In, _>("LocalResponseNorm, published", LocalResponseNorm::new(5, 5e-4, 0.75, 2.0));
    layer::<Chw<6, 2, 2>, _>("LocalResponseNorm, even", LocalResponseNorm::new(4, 0.5, 0.6, 1.5));
}

/// The paper's own numbers in the paper's own formula, which does not divide α by n.
#[test]
fn the_published_local_response_norm() {
    let (n, k, alpha, beta) = (5, 2.0, 1e-4, 0.75_f64);
    let net = Stack::<Chw<9, 1, 1>, (), f64>::new()
        .then(LocalResponseNorm::new(n, 5.0 * alpha, beta, k))
        .network(Init::Zeros, 0);
    let a: Vec<f64> = (0..9).map(|i| 30.0 * (f64::from(i) + 0.5).sin()).collect();
    let b = net.infer(&Batch::from_iter([Tensor::<Chw<9, 1, 1>, f64>::from_slice(&a).unwrap()])).sample(0);
    for i in 0..9_usize {
        let neighbours = i.saturating_sub(n / 2)..=(i + n / 2).min(8);
        let sum = neighbours.map(|j| a[j] * a[j]).sum::<f64>();
        let expected = a[i] / (k + alpha * sum).powf(beta);
        assert_near("the paper's formula", &[b.as_slice()[i]], &[expected]);
    }
}

#[test]
fn pooling() {
    layer::<Chw<2, 7, 6>, _>("AdaptiveAvgPool2d", AdaptiveAvgPool2d::<Chw<2, 7, 6>, Chw<2, 3, 4>>::new());
    layer::<Chw<2, 3, 2>, _>(
        "AdaptiveAvgPool2d, larger",
        AdaptiveAvgPool2d::<Chw<2, 3, 2>, Chw<2, 5, 3>>::new(),
    );
    layer::<Chw<2, 6, 7>, _>("AdaptiveMaxPool2d", AdaptiveMaxPool2d::<Chw<2, 6, 7>, Chw<2, 4, 3>>::new());
    // The last row and the last column fill no window.
    type Overlapping = MaxPool2d<Chw<2, 6, 8>, Chw<2, 2, 3>, Kernel<3>, Stride<2>>;
    layer::<Chw<2, 6, 8>, _>("MaxPool2d, overlapping", Overlapping::new());
}

/// The answers of a network to the samples of a layer.
fn network<N: Network<Scalar = f64>>(name: &str, net: &N) {
    let golden = golden(name);
    let y = net.infer(&batch::<N::Input>(&get::<Vec<Vec<f64>>>(&golden["x"])));
    for (y, expected) in y.samples().zip(get::<Vec<Vec<f64>>>(&golden["y"])) {
        assert_near(&format!("{name} in a network"), y.as_slice(), &expected);
    }
}

/// In `network!` and as types.
#[test]
fn pooling_with_settings() {
    macro_rules! check {
        ($($name:literal: $In:ty => $Out:ty, $kind:ident $settings:tt, [$($Type:ty),+];)+) => {$({
            network! {
                struct Net: $In => $Out {
                    pool: $kind $settings,
                }
            }
            network($name, &Net::<f64>::with_init(Init::Zeros, 0));
            layer::<$In, _>($name, $kind::<$In, $Out, $($Type),+>::new());
        })+};
    }
    type C<const H: usize, const W: usize> = Chw<2, H, W>;
    check! {
        "MaxPool2d, ceil mode": C<6, 7> => C<4, 4>, MaxPool2d { kernel: 3, stride: 2, padding: 1, ceil_mode: true },
            [Kernel<3>, Stride<2>, Padding<1>, Dilation<1>, CeilMode<true>];
        "MaxPool2d, the last window left out": C<5, 7> => C<2, 3>, MaxPool2d { kernel: 2, stride: 3, padding: 1, ceil_mode: true },
            [Kernel<2>, Stride<3>, Padding<1>, Dilation<1>, CeilMode<true>];
        "MaxPool2d, dilated": C<6, 8> => C<5, 3>, MaxPool2d { kernel: (2, 3), stride: (1, 2), padding: 1, dilation: (3, 2) },
            [Kernel<2, 3>, Stride<1, 2>, Padding<1>, Dilation<3, 2>];
        "AvgPool2d, ceil mode": C<6, 8> => C<4, 5>, AvgPool2d { kernel: 3, stride: 2, padding: 1, ceil_mode: true },
            [Kernel<3>, Stride<2>, Padding<1>, CeilMode<true>];
        "AvgPool2d, of values": C<6, 5> => C<3, 2>, AvgPool2d { kernel: (3, 2), stride: 2, padding: (1, 0), count_include_pad: false },
            [Kernel<3, 2>, Stride<2>, Padding<1, 0>, CeilMode<false>, CountIncludePad<false>];
        "AvgPool2d, of values, ceil mode": C<6, 7> => C<4, 4>, AvgPool2d { kernel: 3, stride: 2, padding: 1, ceil_mode: true, count_include_pad: false },
            [Kernel<3>, Stride<2>, Padding<1>, CeilMode<true>, CountIncludePad<false>];
        "MaxPool2d, sides": C<6, 7> => C<3, 4>, MaxPool2d { kernel: 3, stride: 2, padding: (1, 0, 0, 2) },
            [Kernel<3>, Stride<2>, Padding<1, 0, 0, 2>];
        "AvgPool2d, sides": C<6, 7> => C<3, 4>, AvgPool2d { kernel: 3, stride: 2, padding: (1, 0, 0, 2) },
            [Kernel<3>, Stride<2>, Padding<1, 0, 0, 2>];
    }
}

#[test]
fn transposed_convolutions() {
    type Plain = ConvTranspose2d<Chw<3, 3, 4>, Chw<4, 6, 8>, Kernel<3>, Stride<2>, Padding<1>>;
    layer::<Chw<3, 3, 4>, _>("ConvTranspose2d", Plain::new());
    type Grouped = ConvTranspose2d<
        Chw<4, 3, 2>,
        Chw<6, 8, 7>,
        Kernel<3, 2>,
        Stride<2, 3>,
        Padding<1, 0>,
        Dilation<2, 1>,
        Groups<2>,
    >;
    layer::<Chw<4, 3, 2>, _>("ConvTranspose2d, groups", Grouped::new());
    network! {
        struct Net: Chw<3, 3, 4> => Chw<4, 6, 8> {
            up: ConvTranspose2d { filters: 4, kernel: 3, stride: 2, padding: 1, output_padding: 1 },
        }
    }
    let mut net = Net::<f64>::with_init(Init::Zeros, 0);
    net.model_mut().params_mut().copy_from_slice(&get::<Vec<f64>>(&golden("ConvTranspose2d")["params"]));
    network("ConvTranspose2d", &net);
    assert!(net.to_string().contains("ConvTranspose2d 3×3, stride 2, padding 1, output padding 1"), "{net}");
}

#[test]
fn upsampling() {
    type C<const H: usize, const W: usize> = Chw<2, H, W>;
    layer::<C<3, 4>, _>("Upsample2d", Upsample2d::<C<3, 4>, C<6, 12>>::new(UpsampleMode::Nearest));
    let bilinear = Upsample2d::<C<3, 4>, C<6, 8>>::new(UpsampleMode::Bilinear);
    layer::<C<3, 4>, _>("Upsample2d, bilinear", bilinear);
    let thirds = Upsample2d::<C<1, 3>, C<3, 15>>::new(UpsampleMode::Bilinear);
    layer::<C<1, 3>, _>("Upsample2d, bilinear, thirds", thirds);
    network! {
        struct Net: Chw<2, 3, 4> => Chw<2, 6, 8> {
            up: Upsample2d { scale: 2, mode: UpsampleMode::Bilinear },
        }
    }
    network("Upsample2d, bilinear", &Net::<f64>::with_init(Init::Zeros, 0));
    let error = <Upsample2d<C<3, 4>, C<6, 7>> as Layer<C<3, 4>>>::SHAPE_ERROR.expect("it does not fit");
    let panic = std::panic::catch_unwind(|| error.refuse("up")).unwrap_err();
    let message = "Upsample2d up: an input of 2x3x4 gives 2x6x4, but the type says 2x6x7";
    assert_eq!(*panic.downcast::<String>().unwrap(), message);
}

#[test]
fn more_channels() {
    type Wider = PadChannels<Chw<3, 2, 4>, Chw<5, 2, 4>>;
    layer::<Chw<3, 2, 4>, _>("PadChannels", Wider::new());
    // The same with another number in place of a parameter.
    network! {
        struct Net<const CHANNELS: usize>: Chw<3, 2, 4> => Chw<CHANNELS, 2, 4> {
            pad: PadChannels { channels: CHANNELS },
        }
    }
    network("PadChannels", &Net::<5, f64>::with_init(Init::Zeros, 0));
    // Every other position.
    type Halved = AvgPool2d<Chw<2, 5, 6>, Chw<2, 3, 3>, Kernel<1>, Stride<2>>;
    layer::<Chw<2, 5, 6>, _>("AvgPool2d, kernel of one", Halved::new());
    let error = <PadChannels<Chw<3, 2, 4>, Chw<2, 2, 4>> as Layer<Chw<3, 2, 4>>>::SHAPE_ERROR;
    let panic = std::panic::catch_unwind(|| error.expect("it does not fit").refuse("pad")).unwrap_err();
    let message = "PadChannels pad: expected at least the 3 channels of the input, found 2";
    assert_eq!(*panic.downcast::<String>().unwrap(), message);
}

#[test]
fn samples_normalised_by_themselves() {
    layer::<Chw<6, 2, 3>, _>("GroupNorm", GroupNorm::<2>::default());
    layer::<Flat<6>, _>("GroupNorm, vector", GroupNorm::<3>::new(0.1));
    layer::<Chw<2, 3, 2>, _>("LayerNorm", LayerNorm::default());
    layer::<Flat<5>, _>("LayerNorm, vector", LayerNorm::new(0.1));
    layer::<Chw<2, 3, 2>, _>("InstanceNorm", InstanceNorm::<false>::default());
    layer::<Chw<2, 3, 2>, _>("InstanceNorm, affine", InstanceNorm::<true>::default());
    assert!(std::panic::catch_unwind(|| LayerNorm::new(0.0)).is_err());
}

#[test]
fn learnt_slopes() {
    layer::<Chw<2, 3, 2>, _>("PRelu", PRelu::<false>);
    layer::<Chw<3, 2, 2>, _>("PRelu, per channel", PRelu::<true>);
    layer::<Flat<5>, _>("PRelu, vector", PRelu::<true>);
    network! {
        struct Net: Chw<3, 2, 2> => Chw<3, 2, 2> {
            slopes: PRelu { per_channel: true },
        }
    }
    let mut net = Net::<f64>::with_init(Init::Zeros, 0);
    net.model_mut().params_mut().copy_from_slice(&get::<Vec<f64>>(&golden("PRelu, per channel")["params"]));
    network("PRelu, per channel", &net);
}

/// Which samples are kept is drawn: each is what torchvision makes of a kept one, bit by bit, or zero, and so is its gradient.
#[test]
fn stochastic_depth() {
    type In = Chw<2, 3, 2>;
    let golden = golden("StochasticDepth");
    let rows = |key: &str| -> Vec<Vec<f64>> { get(&golden[key]) };
    let (x, dy, kept, dx_of_kept) = (rows("x"), rows("dy"), rows("kept"), rows("dx of kept"));
    let (x, dy) = (batch::<In>(&x), batch::<In>(&dy));
    let (mut times_kept, mut times_dropped) = ([0; 6], [0; 6]);
    for seed in 0..40 {
        let found = check::passes(&StochasticDepth::new(0.3), &[], &x, &dy, seed);
        for n in 0..6 {
            let (y, dx) = (found.y.sample(n), found.dx.sample(n));
            if y.as_slice() == kept[n] {
                assert_eq!(dx.as_slice(), dx_of_kept[n], "seed {seed}, sample {n}");
                times_kept[n] += 1;
            } else {
                assert_eq!([y.as_slice(), dx.as_slice()], [[0.0; 12]; 2], "seed {seed}, sample {n}");
                times_dropped[n] += 1;
            }
        }
    }
    assert!(times_kept.iter().chain(&times_dropped).all(|&times| times > 0), "{times_kept:?}");
    network! {
        struct Net: In => In {
            depth: StochasticDepth { rate: 0.3 },
        }
    }
    let y = Net::<f64>::with_init(Init::Zeros, 0).infer(&x);
    assert_eq!(y, batch(&rows("inferred")));
}

/// Padding that differs by side, in `network!` and as a type.
#[test]
fn convolution_padded_by_side() {
    type Sides = Conv2d<Chw<2, 6, 5>, Chw<3, 3, 4>, Kernel<3>, Stride<2, 1>, Padding<0, 1, 2, 0>>;
    layer::<Chw<2, 6, 5>, _>("Conv2d, sides", Sides::new());
    network! {
        struct Net: Chw<2, 6, 5> => Chw<3, 3, 4> {
            conv: Conv2d { filters: 3, kernel: 3, stride: (2, 1), padding: (0, 1, 2, 0) },
        }
    }
    let mut net = Net::<f64>::with_init(Init::Zeros, 0);
    net.model_mut().params_mut().copy_from_slice(&get::<Vec<f64>>(&golden("Conv2d, sides")["params"]));
    network("Conv2d, sides", &net);
}

network! {
    struct Normalised: Chw<1, 3, 3> => Flat<4> {
        conv: Conv2d { filters: 3, kernel: 2 },
        norm: BatchNorm,
        relu: Relu,
        flatten: Flatten,
        fc: Dense { units: 4 },
        fc_norm: BatchNorm { momentum: 0.3, epsilon: 1e-3 },
    }
}

/// Three steps on batches of 5, 17 and 3 samples, with weight decay on weights alone; then the answers, by the running
/// statistics.
#[test]
fn batch_norm() {
    let golden = golden("BatchNorm");
    let mut net = Normalised::<f64>::with_init(Init::Zeros, 0);
    let names: Vec<String> = net.model().named_params().map(|(name, ..)| name).collect();
    assert_eq!(names.len(), 12);
    for name in &names {
        net.model_mut().set_param(name, &get::<Vec<f64>>(&golden["initial"][name])).unwrap();
    }
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.1)).l2(0.01).progress(Progress::Silent);
    let mut last = Batch::zeros(0);
    for (number, step) in golden["steps"].as_array().unwrap().iter().enumerate() {
        let rows: Vec<Vec<f64>> = get(&step["x"]);
        let x: Batch<Chw<1, 3, 3>, f64> = rows.iter().map(|row| Tensor::from_slice(row).unwrap()).collect();
        let targets: Vec<Tensor<Flat<4>, f64>> =
            get::<Vec<[f64; 4]>>(&step["targets"]).into_iter().map(Tensor::from).collect();
        let loss = trainer.train_step(&x, &targets, number as u64).unwrap();
        assert_near("loss", &[loss], &[get(&step["loss"])]);
        for (name, _, values) in trainer.network().model().named_params() {
            let expected: Vec<f64> = get(&step["state"][&name]);
            assert_near(&format!("{name} after step {number}"), values, &expected);
        }
        last = x;
    }
    let outputs = trainer.network().infer(&last);
    for (y, expected) in outputs.samples().zip(get::<Vec<Vec<f64>>>(&golden["outputs"])) {
        assert_near("answer", y.as_slice(), &expected);
    }
}

/// Settings are those written in the declaration, what is left out has its default, and the summary shows them.
#[test]
fn settings_are_used() {
    network! {
        struct Settled: Chw<4, 5, 5> => Flat<4> {
            usual: LocalResponseNorm,
            other: LocalResponseNorm { size: 3, k: 2.0 },
            norm: BatchNorm { epsilon: 1e-3 },
            pool: AdaptiveAvgPool2d { size: (2, 3) },
            same: AdaptiveMaxPool2d { size: (2, 3) },
            global: GlobalAvgPool,
        }
    }
    let text = Settled::new(1).to_string();
    for part in [
        "LocalResponseNorm 5, alpha 0.0001, beta 0.75, k 1",
        "LocalResponseNorm 3, alpha 0.0001, beta 0.75, k 2",
        "BatchNorm epsilon 1e-3",
        "AdaptiveAvgPool2d 2×3",
        "AdaptiveMaxPool2d 2×3",
        "GlobalAvgPool",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert_eq!(Settled::PARAMS, 8);
    assert_eq!(Settled::new(1).model().params().len(), 16);
}

#[test]
fn layers_without_a_bias() {
    network! {
        struct Unbiased<const UNITS: usize>: Chw<4, 5, 6> => Flat<UNITS> {
            conv: Conv2d { filters: 3, kernel: 3, stride: 2, groups: 1, bias: false },
            norm: BatchNorm,
            grouped: Conv2d { bias: false, filters: 6, kernel: (2, 1), groups: 3 },
            relu: Relu,
            flatten: Flatten,
            fc: Dense { units: UNITS, bias: false },
            last: Dense { units: UNITS, bias: true },
        }
    }
    const PARAMS: [usize; 4] = [3 * 4 * 9, 6, 6 * 2, 12 * 5];
    assert_eq!(Unbiased::<5>::PARAMS, PARAMS.iter().sum::<usize>() + 30);
    let mut net = Unbiased::<5>::new(1);
    net.layers_mut().conv().weight()[2][3][1][2] = 8.0;
    net.layers_mut().fc().weight()[4][11] = 9.0;
    assert_eq!((net.conv().weight()[2][3][1][2], net.fc().weight()[4][11]), (8.0, 9.0));
    assert_eq!(net.last().bias(), &[0.0; 5]);
    let names: Vec<String> = net.model().named_params().map(|(name, ..)| name).collect();
    assert_eq!(names.join(" ").matches("bias").count(), 2, "{names:?}");
    let text = net.to_string();
    for part in ["Conv2d 3×3, stride 2, no bias", "Conv2d 2×1, 3 groups, no bias", "Dense, no bias"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }

    fn same<In: Shape, A: Layer<In, f64>, B: Layer<In, f64, Out = A::Out>>(
        with: A,
        without: B,
        biases: usize,
    ) {
        fn numbers<S: Shape>(samples: usize, scale: f64) -> Batch<S, f64> {
            (0..samples).map(|n| Tensor::from_fn(|i| (scale * (i * (n + 2)) as f64).sin())).collect()
        }
        let params: Vec<f64> = (0..B::PARAMS).map(|i| (i as f64).cos()).collect();
        let with_zeros = [params.clone(), vec![0.0; biases]].concat();
        for samples in [1, 3, 7, 16, 21] {
            let (x, dy) = (numbers(samples, 0.7), numbers(samples, 0.3));
            let with = check::passes(&with, &with_zeros, &x, &dy, 1);
            let without = check::passes(&without, &params, &x, &dy, 1);
            for n in 0..samples {
                assert_eq!(with.y.sample(n).as_slice(), without.y.sample(n).as_slice());
                assert_eq!(with.dx.sample(n).as_slice(), without.dx.sample(n).as_slice());
            }
            assert_eq!(with.dparams[..B::PARAMS], without.dparams);
        }
    }
    type Conv<const BIAS: bool> =
        Conv2d<Chw<18, 6, 5>, Chw<20, 6, 5>, Kernel<3>, Stride<1>, Padding<1>, Dilation<1>, Groups<1>, BIAS>;
    same(Conv::<true>::new(), Conv::<false>::new(), 20);
    type Depthwise<const BIAS: bool> =
        Conv2d<Chw<5, 6, 5>, Chw<5, 4, 3>, Kernel<3>, Stride<1>, Padding<0>, Dilation<1>, Groups<5>, BIAS>;
    same(Depthwise::<true>::new(), Depthwise::<false>::new(), 5);
    same(Dense::<Flat<37>, Flat<9>>::new(), Dense::<Flat<37>, Flat<9>, false>::new(), 9);
}

/// Table I of the paper: each map of S2 feeds ten maps of C3.
#[test]
fn the_table_of_lenet() {
    for channel in 0..6 {
        let seen = TableOne::TABLE.iter().filter(|channels| channels.contains(&channel)).count();
        assert_eq!(seen, 10, "map {channel}");
    }
    let sizes: Vec<usize> = TableOne::TABLE.iter().map(|channels| channels.len()).collect();
    assert_eq!(sizes, [3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6]);
}

/// A sparse convolution is a convolution whose other weights are zero.
#[test]
fn a_sparse_convolution_has_zeros_elsewhere() {
    type In = Chw<6, 7, 6>;
    type Out = Chw<16, 5, 4>;
    let sparse = Stack::<In>::new().then(TableConv2d::<In, Out, Kernel<3>, TableOne>::new());
    let sparse = sparse.network(Init::PyTorch, 3);
    let mut dense = Stack::<In>::new().then(Conv2d::<In, Out, Kernel<3>>::new()).network(Init::Zeros, 0);
    let (mut kernels, weights) = (sparse.model().params().chunks(9), dense.model_mut().params_mut());
    for (filter, channels) in TableOne::TABLE.iter().enumerate() {
        for channel in *channels {
            weights[(filter * 6 + channel) * 9..][..9].copy_from_slice(kernels.next().unwrap());
        }
    }
    weights[16 * 6 * 9..].copy_from_slice(&sparse.model().params()[60 * 9..]);
    let x: Batch<In> = (0..5).map(|n| Tensor::from_fn(|i| ((i * (n + 3)) % 11) as f32 - 5.0)).collect();
    assert_eq!(sparse.infer(&x), dense.infer(&x));
}

/// Each drawing is nearest to itself, and no two are nearly the same.
#[test]
fn drawings_of_digits() {
    let codes = <Drawings as Codes<84, 10>>::CODES;
    for (a, one) in codes.iter().enumerate() {
        assert!(one.iter().all(|pixel| pixel.abs() == 1.0));
        for two in &codes[..a] {
            let differ = one.iter().zip(two).filter(|(a, b)| a != b).count();
            assert!(differ >= 8, "{differ} pixels between {a} and another");
        }
    }
    let net = Stack::<Flat<84>>::new().then(RadialBasis::<Flat<84>, Flat<10>, Drawings>::new());
    let net = net.network(Init::Zeros, 0);
    for (digit, code) in codes.iter().enumerate() {
        let found = net.predict(&Tensor::<Flat<84>>::from_fn(|i| code[i] as f32));
        assert_eq!(found.class, digit);
        assert!(found.probabilities[digit] > 0.99);
    }
}
