//! Every layer and every loss against central differences, in `f64`.
//!
//! A new layer or loss joins with one line.

mod tangle;

use convnet::check;
use convnet::layer::{Codes, Connections, MergeLayer};
use convnet::model::LeNet5;
use convnet::plan::{Backward, Forward, Op, Plan, Reads};
use convnet::prelude::*;
use tangle::Tangle;

macro_rules! layers {
    ($($test:ident: $layer:expr, $In:ty;)+) => {
        $(#[test]
        fn $test() {
            for seed in 1..=3 {
                check::layer::<$In, _>(&$layer, seed).unwrap();
            }
        })+
    };
}

/// Pairs of channels, and one filter that sees all three.
#[derive(Clone, Copy, Default)]
struct Pairs;
impl Connections for Pairs {
    const TABLE: &'static [&'static [usize]] = &[&[0, 1], &[1, 2], &[0, 2], &[0, 1, 2]];
}

#[derive(Clone, Copy, Default)]
struct Points;
impl Codes<3, 2> for Points {
    const CODES: &'static [[f64; 3]; 2] = &[[1.0, -1.0, 0.5], [-0.25, 2.0, 0.0]];
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

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn forward(&self, Forward { y, xs, .. }: Forward<'_, T>) {
        for ((y, a), b) in y.iter_mut().zip(xs.get(0)).zip(xs.get(1)) {
            *y = a.zip(*b, |a, b| a - b);
        }
    }

    fn backward(&self, Backward { dx, dy, input, .. }: Backward<'_, T>) {
        for (dx, dy) in dx.into_iter().flatten().zip(dy) {
            *dx = dy.map(|dy| if input == 0 { dy } else { -dy });
        }
    }
}

/// y = tanh(x) − x.
struct Bend;

impl<T: Scalar> Layer<Flat<4>, T> for Bend {
    type Out = Flat<4>;

    fn add_to(&self, plan: &mut Plan<T>) {
        let x = plan.current();
        Layer::<Flat<4>, T>::add_to(&Tanh, plan);
        MergeLayer::<(Flat<4>, Flat<4>), T>::add_to(&Difference, plan, &[plan.current(), x]);
    }
}

type Conv<I, O, K, S = Stride<1>, P = Padding<0>> = Conv2d<I, O, K, S, P>;

layers! {
    conv2d: Conv::<Chw<2, 5, 4>, Chw<3, 3, 2>, Kernel<3>>::new(), Chw<2, 5, 4>;
    conv2d_rectangular: Conv::<Chw<2, 5, 6>, Chw<5, 4, 2>, Kernel<2, 5>>::new(), Chw<2, 5, 6>;
    conv2d_stride_padding: Conv::<Chw<3, 6, 7>, Chw<2, 4, 3>, Kernel<3>, Stride<2, 3>, Padding<2, 1>>::new(), Chw<3, 6, 7>;
    conv2d_whole_input: Conv::<Chw<2, 4, 3>, Chw<9, 1, 1>, Kernel<4, 3>>::new(), Chw<2, 4, 3>;
    conv2d_groups: Conv2d::<Chw<4, 5, 4>, Chw<6, 4, 4>, Kernel<2, 3>, Stride<1>, Padding<0, 1>, Dilation<1>, Groups<2>>::new(), Chw<4, 5, 4>;
    conv2d_depthwise: Conv2d::<Chw<3, 5, 5>, Chw<3, 3, 3>, Kernel<3>, Stride<1>, Padding<0>, Dilation<1>, Groups<3>>::new(), Chw<3, 5, 5>;
    conv2d_dilated: Conv2d::<Chw<2, 7, 6>, Chw<3, 3, 2>, Kernel<3, 2>, Stride<1, 2>, Padding<0, 1>, Dilation<2, 4>>::new(), Chw<2, 7, 6>;
    conv2d_without_bias: Conv2d::<Chw<2, 5, 4>, Chw<3, 4, 2>, Kernel<2, 3>, Stride<1>, Padding<0>, Dilation<1>, Groups<1>, false>::new(), Chw<2, 5, 4>;
    conv_transpose2d: ConvTranspose2d::<Chw<3, 3, 4>, Chw<2, 6, 8>, Kernel<3>, Stride<2>, Padding<1>>::new(), Chw<3, 3, 4>;
    conv_transpose2d_groups: ConvTranspose2d::<Chw<4, 3, 2>, Chw<6, 6, 7>, Kernel<3, 2>, Stride<2, 3>, Padding<1, 0, 3, 0>, Dilation<2, 1>, Groups<2>>::new(), Chw<4, 3, 2>;
    conv_transpose2d_of_one: ConvTranspose2d::<Chw<5, 1, 1>, Chw<2, 3, 3>, Kernel<3>>::new(), Chw<5, 1, 1>;
    upsample2d: Upsample2d::<Chw<2, 3, 2>, Chw<2, 6, 6>>::new(UpsampleMode::Nearest), Chw<2, 3, 2>;
    upsample2d_bilinear: Upsample2d::<Chw<2, 3, 2>, Chw<2, 9, 4>>::new(UpsampleMode::Bilinear), Chw<2, 3, 2>;
    pad_channels: PadChannels::<Chw<2, 3, 2>, Chw<5, 3, 2>>::new(), Chw<2, 3, 2>;
    pad_channels_by_none: PadChannels::<Chw<2, 3, 2>, Chw<2, 3, 2>>::new(), Chw<2, 3, 2>;
    max_pool: MaxPool2d::<Chw<2, 4, 6>, Chw<2, 2, 3>, Kernel<2>, Stride<2>>::new(), Chw<2, 4, 6>;
    max_pool_overlapping: MaxPool2d::<Chw<2, 6, 5>, Chw<2, 3, 3>, Kernel<3>, Stride<2>, Padding<1>>::new(), Chw<2, 6, 5>;
    max_pool_ragged: MaxPool2d::<Chw<2, 6, 8>, Chw<2, 2, 3>, Kernel<3>, Stride<2>>::new(), Chw<2, 6, 8>;
    avg_pool: AvgPool2d::<Chw<2, 5, 4>, Chw<2, 2, 2>, Kernel<2>, Stride<2>>::new(), Chw<2, 5, 4>;
    avg_pool_overlapping: AvgPool2d::<Chw<2, 6, 5>, Chw<2, 3, 5>, Kernel<3>, Stride<2, 1>, Padding<1>>::new(), Chw<2, 6, 5>;
    max_pool_ceil: MaxPool2d::<Chw<2, 6, 7>, Chw<2, 4, 4>, Kernel<3>, Stride<2>, Padding<1>, Dilation<1>, CeilMode<true>>::new(), Chw<2, 6, 7>;
    max_pool_dilated: MaxPool2d::<Chw<2, 6, 8>, Chw<2, 4, 5>, Kernel<2, 3>, Stride<1>, Padding<0, 0, 0, 1>, Dilation<2>>::new(), Chw<2, 6, 8>;
    avg_pool_ceil: AvgPool2d::<Chw<2, 6, 7>, Chw<2, 4, 4>, Kernel<3>, Stride<2>, Padding<1>, CeilMode<true>>::new(), Chw<2, 6, 7>;
    avg_pool_of_values: AvgPool2d::<Chw<2, 3, 4>, Chw<2, 3, 3>, Kernel<3>, Stride<2>, Padding<2>, CeilMode<false>, CountIncludePad<false>>::new(), Chw<2, 3, 4>;
    conv2d_sides: Conv::<Chw<2, 6, 5>, Chw<3, 3, 5>, Kernel<3>, Stride<2, 1>, Padding<0, 2, 1, 0>>::new(), Chw<2, 6, 5>;
    adaptive_avg_pool: AdaptiveAvgPool2d::<Chw<2, 5, 7>, Chw<2, 3, 4>>::new(), Chw<2, 5, 7>;
    adaptive_avg_pool_larger: AdaptiveAvgPool2d::<Chw<2, 3, 2>, Chw<2, 5, 4>>::new(), Chw<2, 3, 2>;
    adaptive_max_pool: AdaptiveMaxPool2d::<Chw<2, 7, 5>, Chw<2, 3, 2>>::new(), Chw<2, 7, 5>;
    global_avg_pool: GlobalAvgPool, Chw<3, 4, 5>;
    batch_norm: BatchNorm::default(), Chw<3, 2, 4>;
    batch_norm_of_a_vector: BatchNorm::new(0.5, 0.1), Flat<5>;
    batch_norm_in_a_chain: Chain(Dense::<Flat<3>, Flat<4>>::new(), Chain(BatchNorm::default(), Chain(Relu, Dense::<Flat<4>, Flat<2>>::new()))), Flat<3>;
    group_norm: GroupNorm::<2>::default(), Chw<4, 2, 3>;
    group_norm_of_a_vector: GroupNorm::<3>::new(0.1), Flat<6>;
    layer_norm: LayerNorm::default(), Chw<2, 3, 2>;
    layer_norm_of_a_vector: LayerNorm::new(0.1), Flat<5>;
    instance_norm: InstanceNorm::<false>::default(), Chw<3, 2, 3>;
    instance_norm_affine: InstanceNorm::<true>::default(), Chw<3, 2, 3>;
    local_response_norm: LocalResponseNorm::new(3, 2.0, 0.75, 1.5), Chw<5, 2, 3>;
    local_response_norm_even: LocalResponseNorm::new(4, 1.0, 0.6, 2.0), Chw<6, 3, 2>;
    channel_affine: ScaleShift, Chw<3, 2, 2>;
    sparse_conv2d: TableConv2d::<Chw<3, 4, 5>, Chw<4, 2, 3>, Kernel<3>, Pairs>::new(), Chw<3, 4, 5>;
    radial_basis: RadialBasis::<Flat<3>, Flat<2>, Points>::new(), Flat<3>;
    scaled_tanh: ScaledTanh, Flat<5>;
    dense: Dense::<Flat<7>, Flat<5>>::new(), Flat<7>;
    dense_without_bias: Dense::<Flat<7>, Flat<5>, false>::new(), Flat<7>;
    relu: Relu, Chw<2, 3, 2>;
    relu6: Relu6, Flat<5>;
    hard_swish: HardSwish, Flat<5>;
    gelu_tanh: GeluTanh, Chw<2, 3, 2>;
    mish: Mish, Flat<5>;
    identity: Identity, Flat<5>;
    step: Heaviside, Flat<5>;
    leaky_relu: LeakyRelu::new(0.3), Flat<5>;
    p_relu: PRelu::<false>, Chw<3, 2, 2>;
    p_relu_per_channel: PRelu::<true>, Chw<3, 2, 2>;
    p_relu_of_a_vector: PRelu::<true>, Flat<5>;
    elu: Elu::new(1.5), Flat<5>;
    selu: Selu, Flat<5>;
    selu_with_constants: Selu::new(1.5, 0.7), Flat<5>;
    gelu: Gelu, Chw<2, 3, 2>;
    silu: Silu, Flat<5>;
    softplus: Softplus, Flat<5>;
    sigmoid: Sigmoid, Flat<5>;
    hard_sigmoid: HardSigmoid, Flat<5>;
    hard_sigmoid_with_constants: HardSigmoid::new(0.3, 0.4), Flat<5>;
    tanh: Tanh, Flat<5>;
    softmax: Softmax, Flat<4>;
    log_softmax: LogSoftmax, Flat<4>;
    flatten: Flatten::<Chw<2, 3, 2>, Flat<12>>::new(), Chw<2, 3, 2>;
    dropout: Dropout::new(0.4), Flat<9>;
    stochastic_depth: StochasticDepth::new(0.4), Flat<9>;
    // Every `Merge`.
    tangle: Tangle, tangle::Input;
    residual: Residual(Chain(Conv::<Chw<2, 4, 3>, Chw<2, 4, 3>, Kernel<3>, Stride<1>, Padding<1>>::new(), Tanh)), Chw<2, 4, 3>;
    concat: Concat::<_, _, Chw<5, 4, 3>>::new(Conv::<Chw<2, 4, 3>, Chw<3, 4, 3>, Kernel<1>>::new(), Tanh), Chw<2, 4, 3>;
    own_merge: Chain(Dense::<Flat<3>, Flat<4>>::new(), Bend), Flat<3>;
    chain: Chain(Dense::<Flat<3>, Flat<4>>::new(), Chain(Tanh, Dropout::new(0.2))), Flat<3>;
}

fn classes<const N: usize>(labels: &[usize]) -> Vec<Class<N>> {
    labels.iter().map(|&label| Class::new(label).unwrap()).collect()
}

/// With a class that no pixel has.
fn masks() -> [Mask<3, 2, 3>; 2] {
    [0, 1].map(|n| Mask::from_fn(|row, column| if column > row { 2 } else { 2 * n }).unwrap())
}

fn tensors<S: Shape>(f: impl Fn(usize) -> f64) -> [Tensor<S, f64>; 2] {
    [0, 1].map(|n| Tensor::from_fn(|i| f(i + n)))
}

macro_rules! losses {
    ($($test:ident: $loss:expr, $Out:ty, $targets:expr;)+) => {
        $(#[test]
        fn $test() {
            for seed in 1..=3 {
                check::loss::<$Out, _>(&$loss, &$targets, seed).unwrap();
            }
        })+
    };
}

losses! {
    softmax_cross_entropy: SoftmaxCrossEntropy, Flat<5>, classes::<5>(&[0, 4, 2]);
    label_smoothing: SoftmaxCrossEntropy.label_smoothing(0.2).unwrap(), Flat<5>, classes::<5>(&[0, 4, 2]);
    class_weights: SoftmaxCrossEntropy.class_weights([2.0, 0.5, 0.0]).unwrap(), Flat<3>, classes::<3>(&[0, 1, 2]);
    cross_entropy: ProbabilityCrossEntropy, Probabilities<5>, classes::<5>(&[0, 4, 2]);
    negative_log_likelihood: NegativeLogLikelihood, LogProbabilities<5>, classes::<5>(&[0, 4, 2]);
    pixel_cross_entropy: PixelCrossEntropy, Chw<3, 2, 3>, masks();
    sigmoid_cross_entropy: SigmoidCrossEntropy, Flat<1>, classes::<2>(&[0, 1]);
    sigmoid_cross_entropy_of_many: SigmoidCrossEntropy, Chw<2, 2, 1>, tensors::<Chw<2, 2, 1>>(|i| i as f64 / 5.0);
    positive_weight: SigmoidCrossEntropy.positive_weight(3.0).unwrap(), Flat<4>, tensors::<Flat<4>>(|i| i as f64 / 5.0);
    perceptron_loss: PerceptronLoss, Flat<1>, classes::<2>(&[0, 1]);
    mean_squared_error: MeanSquaredError, Chw<2, 2, 1>, tensors::<Chw<2, 2, 1>>(|i| i as f64);
    mean_absolute_error: MeanAbsoluteError, Chw<2, 2, 1>, tensors::<Chw<2, 2, 1>>(|i| i as f64);
    huber: Huber::new(1.2).unwrap(), Chw<2, 2, 1>, tensors::<Chw<2, 2, 1>>(|i| i as f64);
}

#[test]
fn lenet_in_one_direction() {
    let net = LeNet5::<f64>::new(5);
    let images: Batch<_, f64> =
        (0..19).map(|n| Tensor::from_fn(|i| ((i * (n + 3)) % 17) as f64 / 8.0 - 1.0)).collect();
    let targets = classes::<10>(&(0..19).map(|i| i % 10).collect::<Vec<_>>());
    for seed in 1..=3 {
        check::network(&net, &SoftmaxCrossEntropy, &images, &targets, seed).unwrap();
    }
}

/// With statistics of the batch, and parameters without a gradient.
#[test]
fn a_normalised_network_in_one_direction() {
    network! {
        struct Normalised: Chw<2, 6, 6> => Flat<3> {
            conv: Conv2d { filters: 4, kernel: 3 },
            norm: BatchNorm,
            relu: Relu,
            response: LocalResponseNorm { size: 3, alpha: 1.0 },
            pool: GlobalAvgPool,
            fc: Dense { units: 3 },
        }
    }
    let net = Normalised::<f64>::new(5);
    let images: Batch<_, f64> =
        (0..19).map(|n| Tensor::from_fn(|i| ((i * (n + 3)) % 17) as f64 / 8.0 - 1.0)).collect();
    let targets = classes::<3>(&(0..19).map(|i| i % 3).collect::<Vec<_>>());
    for seed in 1..=3 {
        check::network(&net, &SoftmaxCrossEntropy, &images, &targets, seed).unwrap();
    }
}

/// A rectifier that ends at 6 takes no pass of its own after a convolution, a normalisation or a sum, and its gradient none
/// before pooling and a convolution.
#[test]
fn a_network_clipped_at_six() {
    network! {
        struct Clipped: Chw<2, 6, 6> => Flat<3> {
            conv: Conv2d { filters: 4, kernel: 3, padding: 1 },
            clip1: Relu6,
            pool: MaxPool2d { kernel: 2 },
            depthwise: Conv2d { filters: 4, kernel: 3, padding: 1, groups: 4 },
            clip2: Relu6,
            project: Conv2d { filters: 4, kernel: 1 },
            norm: BatchNorm,
            sum: Add(norm, pool),
            clip3: Relu6,
            flatten: Flatten,
            fc: Dense { units: 3 },
            clip4: Relu6,
            last: Dense { units: 3 },
        }
    }
    let net = Clipped::<f64>::new(5);
    let images: Batch<_, f64> =
        (0..19).map(|n| Tensor::from_fn(|i| ((i * (n + 3)) % 17) as f64 - 8.0)).collect();
    for n in [0, 7] {
        let layers = net.activations(&images.sample(n));
        for name in ["clip1", "clip3"] {
            let values = &layers.iter().find(|layer| layer.name == name).unwrap().values;
            assert!([0.0, 6.0].iter().all(|end| values.contains(end)), "{name} clips at both ends");
        }
        let output = net.infer(&Batch::from_iter([images.sample(n)]));
        assert_eq!(*output.sample(0).as_slice(), layers.last().unwrap().values);
    }
    let targets = classes::<3>(&(0..19).map(|i| i % 3).collect::<Vec<_>>());
    for seed in 1..=3 {
        check::network(&net, &SoftmaxCrossEntropy, &images, &targets, seed).unwrap();
    }
}

/// The check itself notices a gradient that is wrong, by a factor or by a sign.
#[test]
fn a_wrong_gradient_is_found() {
    use convnet::plan::{Backward, Forward, Op, Plan};

    #[derive(Clone)]
    struct Wrong(f64);
    impl<S: Shape> Layer<S, f64> for Wrong {
        type Out = S;
        fn add_to(&self, plan: &mut Plan<f64>) {
            plan.add::<S, Self>(self.clone());
        }
    }
    impl Op<f64> for Wrong {
        fn describe(&self) -> String {
            "Wrong".into()
        }
        fn forward(&self, pass: Forward<'_, f64>) {
            pass.y.copy_from_slice(pass.x);
        }
        fn backward(&self, pass: Backward<'_, f64>) {
            let Some(dx) = pass.dx else { return };
            for (dx, dy) in dx.iter_mut().zip(pass.dy) {
                *dx = dy.map(|dy| self.0 * dy);
            }
        }
    }
    check::layer::<Flat<4>, _>(&Wrong(1.0), 1).unwrap();
    assert!(check::layer::<Flat<4>, _>(&Wrong(1.01), 1).unwrap_err().by.starts_with("input"));
    assert!(check::layer::<Flat<4>, _>(&Wrong(-1.0), 1).is_err());
}
