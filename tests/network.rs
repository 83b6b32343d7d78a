//! Networks that `network!` declares: names, positions, constants, and the printed summary.

use convnet::model::LeNet5;
use convnet::plan::{Backward, Forward, Op, Plan};
use convnet::prelude::*;

/// y = by · x, without a default value.
#[derive(Clone, Copy)]
struct Scale {
    by: f64,
}

impl<S: Shape, T: Scalar> Layer<S, T> for Scale {
    type Out = S;
    fn add_to(&self, plan: &mut Plan<T>) {
        plan.add::<S, Self>(*self);
    }
}

impl<T: Scalar> Op<T> for Scale {
    fn describe(&self) -> String {
        format!("Scale {}", self.by)
    }
    fn forward(&self, Forward { y, x, .. }: Forward<'_, T>) {
        y.iter_mut().zip(x).for_each(|(y, x)| *y = x.map(|x| x * T::of(self.by)));
    }
    fn backward(&self, Backward { dx, dy, .. }: Backward<'_, T>) {
        let Some(dx) = dx else { return };
        dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx = dy.map(|dy| dy * T::of(self.by)));
    }
}

network! {
    /// A chain, a layer that adds no operation, and a layer with a value of its own, between others.
    struct Mixed: Flat<4> => Flat<4> {
        block: Chain<Dense<Flat<4>, Flat<4>>, Chain<Relu, Dense<Flat<4>, Flat<4>>>>,
        nothing: (),
        /// Layers may be documented.
        double: Scale = Scale { by: 2.0 },
        fc1: Dense { units: 4 },
        fc2: Dense { units: 4 },
    }
}

#[test]
fn a_name_is_its_own_layer_whatever_stands_before() {
    let mut net = Mixed::new(1);
    *net.layers_mut().fc1().weight() = [[1.0; 4]; 4];
    *net.layers_mut().fc2().weight() = [[2.0; 4]; 4];
    assert_eq!(net.fc1().weight(), &[[1.0; 4]; 4]);
    assert_eq!(net.fc2().weight(), &[[2.0; 4]; 4]);
    assert_eq!(net.block().as_slice().len(), 40);
    assert!(net.nothing().as_slice().is_empty());
    let names: Vec<String> = net.model().named_params().map(|(name, ..)| name).collect();
    let expected = ["block.0.weight", "block.0.bias", "block.2.weight", "block.2.bias"];
    assert_eq!(names[..4], expected);
    assert_eq!(names[4..], ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
    net.model_mut().set_param("fc2.bias", &[1.0, 2.0, 3.0, 4.0]).unwrap();
    assert_eq!(net.fc2().bias(), &[1.0, 2.0, 3.0, 4.0]);

    let before = net.model().params().to_vec();
    let error = net.model_mut().set_param("fc2.bias", &[0.0]).unwrap_err();
    assert_eq!(error.to_string(), "values: expected 4 for fc2.bias [4], found 1");
    let error = net.model_mut().set_param("fc3.bias", &[0.0]).unwrap_err();
    assert!(error.to_string().ends_with("fc2.weight, fc2.bias, found fc3.bias"), "{error}");
    assert_eq!(net.model().params(), before, "a refused change changes nothing");
}

#[test]
fn a_value_in_the_declaration_is_used() {
    network! {
        struct Double: Flat<2> => Flat<2> {
            double: Scale = Scale { by: 2.0 },
        }
    }
    let y = Double::new(1).infer(&Batch::from_iter([Tensor::from([1.0, -3.0])]));
    assert_eq!(y.sample(0).as_slice(), [2.0, -6.0]);
}

#[test]
fn layers_may_have_ordinary_names() {
    network! {
        struct Ordinary: Flat<2> => Flat<2> {
            f: Dense { units: 2 },
            init: Relu,
            seed: Dense { units: 2 },
            plan: Relu,
            placed: Dense { units: 2 },
            declared: Dropout { rate: 0.5 },
            settings: Dense { units: 2 },
            norm: BatchNorm { momentum: 0.2 },
            name: LeakyRelu { negative_slope: 0.5 },
            kernel: Dense { units: 2 },
        }
    }
    assert_eq!(Ordinary::new(1).seed().weight().len(), 2);
}

/// Kernel, stride and padding as one number, as a pair, and as constants.
#[test]
fn settings_may_be_written_in_every_way() {
    const K: usize = 3;
    const N: usize = 2;
    network! {
        struct Written: Chw<1, 9, 8> => Chw<2, 2, 3> {
            conv1: Conv2d { kernel: K, filters: 2 * N },
            conv2: Conv2d { filters: 3, kernel: (3, K - 1), padding: (1, 0), stride: 1, },
            pool: MaxPool2d { kernel: (2, 1), stride: (2, 2,) },
            conv3: Conv2d { filters: N, kernel: (2, 1) },
        }
    }
    const _: () = assert!(Written::PARAMS == 4 * 9 + 4 + 3 * 4 * 6 + 3 + 2 * 3 * 2 + 2);
    assert_eq!(Written::new(1).infer(&Batch::<Chw<1, 9, 8>>::zeros(2)).len(), 2);
}

const _: () = assert!(LeNet5::PARAMS == 61_706);
const _: () = assert!(LeNet5::MACS == 416_520);
// 15,002 values: 2·4704 + 1176 + 2·1600 + 400 + 400 + 2·120 + 2·84 + 10.
const _: () = assert!(LeNet5::ACTIVATION_BYTES == 15_002 * 4);
const _: () = assert!(LeNet5::<f64>::ACTIVATION_BYTES == 15_002 * 8);

#[test]
fn the_summary_of_lenet() {
    let expected = "\
layer    type                   output shape  parameters     MACs
─────────────────────────────────────────────────────────────────
input                           1×28×28
conv1    Conv2d 5×5, padding 2  6×28×28              156  117,600
relu1    Relu                   6×28×28                0        0
pool1    MaxPool2d 2×2          6×14×14                0        0
conv2    Conv2d 5×5             16×10×10           2,416  240,000
relu2    Relu                   16×10×10               0        0
pool2    MaxPool2d 2×2          16×5×5                 0        0
flatten  Flatten                400                    0        0
fc1      Dense                  120               48,120   48,000
relu3    Relu                   120                    0        0
fc2      Dense                  84                10,164   10,080
relu4    Relu                   84                     0        0
fc3      Dense                  10                   850      840
─────────────────────────────────────────────────────────────────
total                                             61,706  416,520
memory for a batch of 64: 2.8 MiB in training, 3.6 MiB in inference
";
    let printed = LeNet5::new(1).to_string();
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    assert_eq!(printed, expected.lines().collect::<Vec<_>>());
    assert_eq!(format!("{:?}", LeNet5::new(1)), "LeNet5(1×28×28 -> 10, 61706 parameters)");
}

/// The same input gives the same output in `f64` as in `f32`, to single precision.
#[test]
fn a_network_is_generic_over_its_scalar() {
    let (single, double) = (LeNet5::new(1), LeNet5::<f64>::new(1));
    for (a, b) in single.model().params().iter().zip(double.model().params()) {
        assert_eq!(*a, *b as f32);
    }
    let pixel = |i: usize| (i % 13) as f64 / 13.0;
    let a = single.infer(&Batch::from_iter([Tensor::<Chw<1, 28, 28>>::from_fn(|i| pixel(i) as f32)]));
    let b = double.infer(&Batch::from_iter([Tensor::<Chw<1, 28, 28>, f64>::from_fn(pixel)]));
    for class in 0..10 {
        assert!((f64::from(a.sample(0)[class]) - b.sample(0)[class]).abs() < 1e-4);
    }
}

network! {
    /// Parameters as a hidden size, as filters and as the number of classes, with every kind of layer that carries them on.
    struct Sized<const FILTERS: usize, const CLASSES: usize = 10>: Chw<2, 9, 8> => Flat<CLASSES> {
        conv1: Conv2d { kernel: (3, 2), filters: FILTERS },
        norm: BatchNorm { momentum: 0.2 },
        relu1: Relu,
        pool: MaxPool2d { kernel: 2 },
        conv2: Conv2d { filters: FILTERS, kernel: 1 },
        sizes: AdaptiveAvgPool2d { size: (2, 1) },
        own: Scale = Scale { by: 2.0 },
        conv3: Conv2d { filters: 6, kernel: (2, 1) },
        flatten: Flatten,
        fc1: Dense { units: FILTERS },
        drop: Dropout { rate: 0.5 },
        relu2: Relu,
        fc2: Dense { units: CLASSES },
    }
}

network! {
    /// The same with numbers.
    struct Spelt: Chw<2, 9, 8> => Flat<10> {
        conv1: Conv2d { kernel: (3, 2), filters: 3 },
        norm: BatchNorm { momentum: 0.2 },
        relu1: Relu,
        pool: MaxPool2d { kernel: 2 },
        conv2: Conv2d { filters: 3, kernel: 1 },
        sizes: AdaptiveAvgPool2d { size: (2, 1) },
        own: Scale = Scale { by: 2.0 },
        conv3: Conv2d { filters: 6, kernel: (2, 1) },
        flatten: Flatten,
        fc1: Dense { units: 3 },
        drop: Dropout { rate: 0.5 },
        relu2: Relu,
        fc2: Dense { units: 10 },
    }
}

#[test]
fn a_network_with_parameters_is_the_network_with_these_numbers() {
    fn told<N: Network>() -> (usize, usize, usize, usize, String) {
        let facts = (N::PARAMS, N::BUFFERS, N::MACS, N::ACTIVATION_BYTES);
        (facts.0, facts.1, facts.2, facts.3, N::new(1).summary(7).to_string())
    }
    assert_eq!(told::<Sized<3>>(), told::<Spelt>());
    assert_eq!(told::<Sized<3, 10, f64>>(), told::<Spelt<f64>>());

    let (mut sized, spelt) = (Sized::<3>::new(5), Spelt::new(5));
    let x = Tensor::<Chw<2, 9, 8>>::from_fn(|i| (i % 7) as f32 - 3.0);
    assert_eq!(sized.model().params(), spelt.model().params());
    assert_eq!(sized.predict(&x), spelt.predict(&x));

    assert_eq!(Sized::<4, 5>::new(1).fc2().bias(), &[0.0; 5]);
    sized.layers_mut().conv1().weight()[2][1][2][1] = 1.0;
    assert_eq!(sized.conv1().weight()[2][1][2][1], 1.0);
}
