//! Deep networks check in seconds: the compiler's work grows with the number of layers, not faster.

use convnet::plan::Plan;
use convnet::prelude::*;

network! {
    /// VGG-16, configuration D (Simonyan & Zisserman 2015).
    pub struct Vgg16: Chw<3, 224, 224> => Flat<1000> {
        conv1_1: Conv2d { filters: 64, kernel: 3, padding: 1 },
        relu1_1: Relu,
        conv1_2: Conv2d { filters: 64, kernel: 3, padding: 1 },
        relu1_2: Relu,
        pool1: MaxPool2d { kernel: 2 },
        conv2_1: Conv2d { filters: 128, kernel: 3, padding: 1 },
        relu2_1: Relu,
        conv2_2: Conv2d { filters: 128, kernel: 3, padding: 1 },
        relu2_2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        conv3_1: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu3_1: Relu,
        conv3_2: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu3_2: Relu,
        conv3_3: Conv2d { filters: 256, kernel: 3, padding: 1 },
        relu3_3: Relu,
        pool3: MaxPool2d { kernel: 2 },
        conv4_1: Conv2d { filters: 512, kernel: 3, padding: 1 },
        relu4_1: Relu,
        conv4_2: Conv2d { filters: 512, kernel: 3, padding: 1 },
        relu4_2: Relu,
        conv4_3: Conv2d { filters: 512, kernel: 3, padding: 1 },
        relu4_3: Relu,
        pool4: MaxPool2d { kernel: 2 },
        conv5_1: Conv2d { filters: 512, kernel: 3, padding: 1 },
        relu5_1: Relu,
        conv5_2: Conv2d { filters: 512, kernel: 3, padding: 1 },
        relu5_2: Relu,
        conv5_3: Conv2d { filters: 512, kernel: 3, padding: 1 },
        relu5_3: Relu,
        pool5: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc1: Dense { units: 4096 },
        relu6: Relu,
        dropout1: Dropout { rate: 0.5 },
        fc2: Dense { units: 4096 },
        relu7: Relu,
        dropout2: Dropout { rate: 0.5 },
        fc3: Dense { units: 1000 },
    }
}
const _: () = assert!(Vgg16::PARAMS == 138_357_544);
// 15.47 GMACs, as published for torchvision's vgg16.
const _: () = assert!(Vgg16::MACS == 15_470_264_320);

/// Declares a network of 100 layers: 49 convolutions, each with a ReLU, then Flatten and Dense.
macro_rules! hundred {
    ($($conv:ident $relu:ident)+) => {
        network! {
            /// A hundred layers.
            pub struct Hundred: Chw<1, 4, 4> => Flat<2> {
                $($conv: Conv2d { filters: 2, kernel: 3, padding: 1 }, $relu: Relu,)+
                flatten: Flatten,
                fc: Dense { units: 2 },
            }
        }
    };
}
hundred! {
    c01 r01 c02 r02 c03 r03 c04 r04 c05 r05 c06 r06 c07 r07 c08 r08 c09 r09 c10 r10
    c11 r11 c12 r12 c13 r13 c14 r14 c15 r15 c16 r16 c17 r17 c18 r18 c19 r19 c20 r20
    c21 r21 c22 r22 c23 r23 c24 r24 c25 r25 c26 r26 c27 r27 c28 r28 c29 r29 c30 r30
    c31 r31 c32 r32 c33 r33 c34 r34 c35 r35 c36 r36 c37 r37 c38 r38 c39 r39 c40 r40
    c41 r41 c42 r42 c43 r43 c44 r44 c45 r45 c46 r46 c47 r47 c48 r48 c49 r49
}
const _: () = assert!(Hundred::PARAMS == 20 + 48 * 38 + 66);

#[test]
fn a_hundred_layers_run() {
    let net = Hundred::new(1);
    assert_eq!(net.model().plan().steps().len(), 100);
    assert_eq!(net.infer(&Batch::<Chw<1, 4, 4>>::zeros(3)).len(), 3);
    assert_eq!(net.to_string().lines().count(), 1 + 1 + 1 + 100 + 1 + 1 + 1);
}

/// The same layers by hand, as types.
type Tail = Chain<Flatten<Chw<2, 4, 4>, Flat<32>>, Dense<Flat<32>, Flat<2>>>;
type Block<In> = Chain<Conv2d<In, Chw<2, 4, 4>, Kernel<3>, Stride<1>, Padding<1>>, Relu>;
type Same = Block<Chw<2, 4, 4>>;
type Four = Chain<Chain<Same, Same>, Chain<Same, Same>>;
type Sixteen = Chain<Chain<Four, Four>, Chain<Four, Four>>;
type Layers = Chain<Block<Chw<1, 4, 4>>, Chain<Chain<Chain<Sixteen, Sixteen>, Sixteen>, Tail>>;

#[test]
fn a_chain_by_hand_is_the_same_network() {
    type ByHand = Sequential<Chw<1, 4, 4>, Layers>;
    const _: () = ByHand::check();
    const _: () = assert!(ByHand::PARAMS == Hundred::PARAMS && ByHand::MACS == Hundred::MACS);
    const _: () = assert!(ByHand::ACTIVATION_BYTES == Hundred::ACTIVATION_BYTES);
    let (by_hand, declared) = (ByHand::new(3), Hundred::new(3));
    assert_eq!(by_hand.model().params(), declared.model().params());
    let x: Batch<Chw<1, 4, 4>> = (0..17).map(|n| Tensor::from_fn(|i| (i * n) as f32)).collect();
    assert_eq!(by_hand.infer(&x), declared.infer(&x));
    assert_eq!(Plan::<f32>::of::<Chw<1, 4, 4>, _>(&Layers::default()).steps().len(), 100);
}

block! {
    struct Residual { filters: usize } => {
        conv1: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn1: BatchNorm,
        relu1: Relu,
        conv2: Conv2d { filters: filters, kernel: 3, padding: 1, bias: false },
        bn2: BatchNorm,
        sum: Add(bn2, input),
        relu: Relu,
    }
}

/// Declares a network of groups with 20 residual blocks in each: 7 layers a block.
macro_rules! residual {
    ($($group:ident)+) => {
        residual! { $($group [
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
        ])+ }
    };
    ($($group:ident [$($number:tt)+])+) => {
        network! {
            /// Two hundred residual blocks.
            pub struct TwoHundred: Chw<4, 4, 4> => Flat<2> {
                $($group: { $($number: Residual { filters: 4 },)+ },)+
                pool: GlobalAvgPool,
                fc: Dense { units: 2 },
            }
        }
    };
}
residual! { stage1 stage2 stage3 stage4 stage5 stage6 stage7 stage8 stage9 stage10 }
const _: () = assert!(TwoHundred::PARAMS == 200 * 2 * (4 * 36 + 8) + 10);

#[test]
fn two_hundred_residual_blocks_run() {
    let net = TwoHundred::new(1);
    assert_eq!(net.model().plan().steps().len(), 1402);
    let name = net.model().named_params().nth(1990).map(|(name, ..)| name);
    assert_eq!(name.as_deref(), Some("stage10.19.conv1.weight"));
    assert_eq!(net.infer(&Batch::<Chw<4, 4, 4>>::zeros(3)).len(), 3);
}
