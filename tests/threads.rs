//! Training and inference on any number of threads: the same bits.

mod wide;

use convnet::loss::Loss;
use convnet::model::{LeNet5, LeNet5Original};
use convnet::optim::Optimizer;
use convnet::prelude::*;
use convnet::train::Progress;
use wide::Wide;

fn in_pool<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

network! {
    /// A 3×3 convolution with enough channels and filters for Winograd's transforms, also in a narrow tile, in a small network.
    struct Transformed: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 128, kernel: 7, stride: 3 },
        relu1: Relu,
        conv2: Conv2d { filters: 128, kernel: 3, padding: 1 },
        relu2: Relu,
        pool: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

network! {
    /// The same convolution in a network that is not small. Three samples are enough work to share.
    struct WideTransformed: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 128, kernel: 7, stride: 3 },
        relu1: Relu,
        conv2: Conv2d { filters: 128, kernel: 3, padding: 1 },
        relu2: Relu,
        flatten: Flatten,
        fc1: Dense { units: 70 },
        relu3: Relu,
        fc2: Dense { units: 10 },
    }
}

network! {
    /// Layers whose sums go over the whole batch, and over channels.
    struct Normalised: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 18, kernel: 3, stride: 2, padding: 1, bias: false },
        norm1: BatchNorm,
        relu1: Relu,
        response: LocalResponseNorm { alpha: 0.1 },
        groups: GroupNorm { groups: 6 },
        pool: AdaptiveMaxPool2d { size: (5, 6) },
        affine: ScaleShift,
        instances: InstanceNorm { affine: true },
        up: ConvTranspose2d { filters: 9, kernel: 3, stride: 2 },
        wider: PadChannels { channels: 10 },
        larger: Upsample2d { scale: (1, 2), mode: UpsampleMode::Bilinear },
        flatten: Flatten,
        fc1: Dense { units: 30, bias: false },
        norm2: BatchNorm,
        relu2: Relu,
        fc2: Dense { units: 10 },
    }
}

network! {
    /// The same in a network that is not small.
    struct WideNormalised: Chw<1, 28, 28> => Flat<10> {
        conv: Conv2d { filters: 8, kernel: 5, stride: 2 },
        norm1: BatchNorm,
        response: LocalResponseNorm,
        groups: GroupNorm { groups: 2 },
        layer: LayerNorm,
        transposed: ConvTranspose2d { filters: 8, kernel: 3, padding: 1 },
        depthwise: Conv2d { filters: 8, kernel: 3, padding: 1, groups: 8 },
        larger: Upsample2d { scale: 2 },
        smaller: AvgPool2d { kernel: 2 },
        flatten: Flatten,
        fc1: Dense { units: 500 },
        norm2: BatchNorm,
        relu: Relu,
        fc2: Dense { units: 10 },
    }
}

network! {
    /// A 3×3 convolution with enough channels, filters and patches for fast arithmetic, in a network that is not small.
    struct LargeMaps: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 48, kernel: 5, stride: 2 },
        relu1: Relu,
        conv2: Conv2d { filters: 48, kernel: 3, padding: 1 },
        relu2: Relu,
        flatten: Flatten,
        fc1: Dense { units: 80 },
        relu3: Relu,
        fc2: Dense { units: 10 },
    }
}

/// Fifty steps, with a smaller batch among them, give the same bits on any number of threads; so do the answers
/// of the network that has learnt.
fn bits_of_fifty_steps<N, L, O>(trainer: fn(N) -> Trainer<N, L, O>) -> Vec<u32>
where
    N: Network<Input = Chw<1, 28, 28>, Output = Flat<10>, Scalar = f32>,
    L: Loss<Flat<10>, Class<10>, f32>,
    O: Optimizer,
{
    let data = Mnist::load_from("assets/mnist").unwrap().train.subset(0..490);
    let batches =
        [1, 3, 16, 104].map(|samples| -> Batch<_> { (0..samples).map(|i| data.sample(i)).collect() });
    let run = |threads| {
        in_pool(threads, || {
            let mut trainer = trainer(N::new(7)).epochs(5).batch_size(50).seed(7).progress(Progress::Silent);
            let history = trainer.fit(&data, None).unwrap();
            let losses: Vec<u64> = history.epochs.iter().map(|e| e.train.loss.to_bits()).collect();
            let net = trainer.into_network();
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            let answer = |batch| net.infer(batch).samples().map(|y| bits(y.as_slice())).collect::<Vec<_>>();
            (losses, bits(net.model().params()), batches.each_ref().map(answer))
        })
    };
    let one = run(1);
    assert_eq!(one.0.len(), 5);
    for threads in [2, 3, 5, 8, 16] {
        let (losses, params, answers) = run(threads);
        assert!(losses == one.0, "losses with {threads} threads");
        assert!(params == one.1, "parameters with {threads} threads");
        assert!(answers == one.2, "answers with {threads} threads");
    }
    one.1
}

fn momentum<N: Network>(net: N) -> Trainer<N, SoftmaxCrossEntropy, Sgd> {
    Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
}

/// All that sums over parameters, and what remembers the number of its step.
fn adam<N: Network>(net: N) -> Trainer<N, SoftmaxCrossEntropy, Adam> {
    let trainer = Trainer::new(net, SoftmaxCrossEntropy, Adam::new(1e-3));
    trainer.l1(1e-4).clip_grad_norm(0.5).max_norm(1.0)
}

/// A loss that is a mean over weights which are no powers of 2.
fn weighted<N: Network>(net: N) -> Trainer<N, SoftmaxCrossEntropy<[f64; 10]>, Sgd> {
    let weights = std::array::from_fn(|class| 0.1 * (class + 1) as f64);
    Trainer::new(net, SoftmaxCrossEntropy.class_weights(weights).unwrap(), Sgd::new(0.01))
}

#[test]
fn fifty_steps_are_the_same_bits_on_any_number_of_threads() {
    const { assert!(Transformed::PARAMS <= 1 << 19, "small enough to be cut into groups of tiles") };
    bits_of_fifty_steps::<LeNet5, _, _>(momentum);
    bits_of_fifty_steps::<LeNet5, _, _>(adam);
    bits_of_fifty_steps::<LeNet5, _, _>(weighted);
    bits_of_fifty_steps::<Transformed, _, _>(momentum);
    bits_of_fifty_steps::<LeNet5Original, _, _>(momentum);
}

#[test]
fn fifty_steps_in_fast_arithmetic_are_too() {
    const { assert!(LargeMaps::PARAMS > 1 << 19, "wide enough to be cut layer by layer") };
    let exact = bits_of_fifty_steps::<LargeMaps, _, _>(momentum);
    let fast = bits_of_fifty_steps::<LargeMaps, _, _>(|net| momentum(net.arithmetic(Arithmetic::Fast)));
    assert!(exact != fast, "another arithmetic");
}

#[test]
fn fifty_steps_with_statistics_of_the_batch_are_too() {
    const {
        assert!(
            Normalised::PARAMS < 1 << 19 && WideNormalised::PARAMS > 1 << 19,
            "a small one and a wide one"
        )
    };
    bits_of_fifty_steps::<Normalised, _, _>(momentum);
    bits_of_fifty_steps::<Normalised, _, _>(adam);
    bits_of_fifty_steps::<WideNormalised, _, _>(momentum);
}

#[test]
fn fifty_steps_of_a_wide_network_are_too() {
    const { assert!(WideTransformed::PARAMS > 1 << 19, "wide enough to be cut layer by layer") };
    bits_of_fifty_steps::<Wide, _, _>(momentum);
    bits_of_fifty_steps::<Wide, _, _>(adam);
    bits_of_fifty_steps::<WideTransformed, _, _>(momentum);
}
