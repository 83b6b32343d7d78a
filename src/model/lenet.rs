//! LeNet-5, in the modern form and as published.

use crate::layer::{Codes, Connections};
use crate::prelude::*;

crate::network! {
    /// LeNet-5 for 28×28 digits, in the modern form: ReLU and max pooling (after LeCun et al. 1998,
    /// "Gradient-based learning applied to document recognition"). [`LeNet5Original`] is the network of that paper.
    ///
    /// # Shapes
    /// 1×28×28 → 10 logits; 61,706 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::LeNet5;
    /// const _: () = assert!(LeNet5::PARAMS == 61_706);
    /// const _: () = assert!(LeNet5::MACS == 416_520);
    /// println!("{}", LeNet5::new(1));
    /// ```
    pub struct LeNet5: Chw<1, 28, 28> => Flat<10> {
        conv1: Conv2d { filters: 6, kernel: 5, padding: 2 },
        relu1: Relu,
        pool1: MaxPool2d { kernel: 2 },
        conv2: Conv2d { filters: 16, kernel: 5 },
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc1: Dense { units: 120 },
        relu3: Relu,
        fc2: Dense { units: 84 },
        relu4: Relu,
        fc3: Dense { units: 10 },
    }
}

#[cfg(all(feature = "sample", feature = "store"))]
impl LeNet5 {
    /// The network with pretrained weights for handwritten digits; its accuracy on MNIST's test digits is 99.4 %. The
    /// weights are part of the program (features `sample` and `store`). They were trained on 54,000 digits, with random
    /// rotation and translation. For pictures of one's own, [`DigitReader`](super::DigitReader) also tells which of its answers
    /// are to be trusted.
    ///
    /// ```
    /// use convnet::model::LeNet5;
    /// use convnet::prelude::*;
    ///
    /// let digit = Mnist::load_from("assets/mnist")?.test.sample(0);
    /// assert_eq!(LeNet5::pretrained().predict(&digit).class, 8);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn pretrained() -> Self {
        crate::weights!(LeNet5, "../../assets/lenet5.safetensors")
    }
}

crate::network! {
    /// LeNet-5 as published (LeCun et al. 1998, "Gradient-based learning applied to document recognition", section
    /// II.B): subsampling with a coefficient and a bias for each map, a third layer whose filters see some of the maps
    /// (table I), a scaled tanh after every layer up to F6, and units that measure the distance from drawn digits.
    ///
    /// Layer by layer the trainable parameters are the paper's: 156, 12, 1,516, 32, 48,120 and 10,164, which make
    /// 60,000. Where the paper leaves a choice, or this network departs from it:
    ///
    /// - The paper puts digits of 28×28 into a frame of 32×32. The padding of C1 is that frame, for images of which 0
    ///   is the background.
    /// - The paper squashes "units in layers up to F6": here there is a tanh after each convolution and each
    ///   subsampling.
    /// - The paper's subsampling multiplies the sum of four values; here it multiplies their mean, by a weight that
    ///   begins at 1. Other weights are drawn by the [`Init`]; the paper draws them uniformly from ±2.4 / fan-in.
    /// - The paper's codes are drawings of 7×12 pixels, of which it shows a picture; these are drawn anew. Its outputs
    ///   are square distances, these are −½ of them, so that the largest wins and
    ///   [`SoftmaxCrossEntropy`](struct@crate::loss::SoftmaxCrossEntropy) trains it: see [`RadialBasis`].
    /// - The paper trains with a diagonal approximation of second derivatives; here any optimiser works.
    ///
    /// # Shapes
    /// 1×28×28 → 10 scores, of which the largest is the digit whose drawing is nearest; 60,000 parameters.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::LeNet5Original;
    /// const _: () = assert!(LeNet5Original::PARAMS == 60_000);
    /// println!("{}", LeNet5Original::with_init(Init::XavierUniform, 1));
    /// ```
    pub struct LeNet5Original: Chw<1, 28, 28> => Flat<10> {
        c1: Conv2d { filters: 6, kernel: 5, padding: 2 },
        tanh1: ScaledTanh,
        s2: AvgPool2d { kernel: 2 },
        s2_affine: ScaleShift,
        tanh2: ScaledTanh,
        c3: TableConv2d<Chw<6, 14, 14>, Chw<16, 10, 10>, Kernel<5>, TableOne>,
        tanh3: ScaledTanh,
        s4: AvgPool2d { kernel: 2 },
        s4_affine: ScaleShift,
        tanh4: ScaledTanh,
        c5: Conv2d { filters: 120, kernel: 5 },
        tanh5: ScaledTanh,
        flatten: Flatten,
        f6: Dense { units: 84 },
        tanh6: ScaledTanh,
        output: RadialBasis<Flat<84>, Flat<10>, Drawings>,
    }
}
const _: () = assert!(LeNet5Original::<f32>::PARAMS == 60_000);

/// Which maps of S2 each map of C3 sees in [`LeNet5Original`]: the paper's table I.
#[derive(Clone, Copy, Default, Debug)]
pub struct TableOne;

impl Connections for TableOne {
    const TABLE: &'static [&'static [usize]] = &[
        // Three neighbours, all six times around.
        &[0, 1, 2],
        &[1, 2, 3],
        &[2, 3, 4],
        &[3, 4, 5],
        &[0, 4, 5],
        &[0, 1, 5],
        // Four neighbours.
        &[0, 1, 2, 3],
        &[1, 2, 3, 4],
        &[2, 3, 4, 5],
        &[0, 3, 4, 5],
        &[0, 1, 4, 5],
        &[0, 1, 2, 5],
        // Four that are not neighbours.
        &[0, 1, 3, 4],
        &[1, 2, 4, 5],
        &[0, 2, 3, 5],
        // All.
        &[0, 1, 2, 3, 4, 5],
    ];
}

/// The code of each digit in [`LeNet5Original`], the target of F6: its drawing of 7×12 pixels, row by row, +1 for ink
/// and −1 for background.
#[derive(Clone, Copy, Default, Debug)]
pub struct Drawings;

impl Codes<84, 10> for Drawings {
    const CODES: &'static [[f64; 84]; 10] = &pixels();
}

/// The drawings as numbers.
const fn pixels() -> [[f64; 84]; 10] {
    let mut codes = [[-1.0; 84]; 10];
    let mut i = 0;
    while i < 10 * 84 {
        let (digit, row, column) = (i / 84, i % 84 / 7, i % 7);
        if DIGITS[digit][row][column] == b'#' {
            codes[digit][i % 84] = 1.0;
        }
        i += 1;
    }
    codes
}

#[rustfmt::skip]
const DIGITS: [[&[u8; 7]; 12]; 10] = [
    [
        b".......",
        b"..###..",
        b".##.##.",
        b"##...##",
        b"##...##",
        b"##...##",
        b"##...##",
        b"##...##",
        b"##...##",
        b".##.##.",
        b"..###..",
        b".......",
    ],
    [
        b".......",
        b"...##..",
        b"..###..",
        b".####..",
        b"...##..",
        b"...##..",
        b"...##..",
        b"...##..",
        b"...##..",
        b"...##..",
        b".######",
        b".......",
    ],
    [
        b".......",
        b".#####.",
        b"##...##",
        b".....##",
        b".....##",
        b"....##.",
        b"...##..",
        b"..##...",
        b".##....",
        b"##.....",
        b"#######",
        b".......",
    ],
    [
        b".......",
        b".#####.",
        b"##...##",
        b".....##",
        b".....##",
        b"..####.",
        b".....##",
        b".....##",
        b".....##",
        b"##...##",
        b".#####.",
        b".......",
    ],
    [
        b".......",
        b"....##.",
        b"...###.",
        b"..####.",
        b".##.##.",
        b"##..##.",
        b"##..##.",
        b"#######",
        b"....##.",
        b"....##.",
        b"....##.",
        b".......",
    ],
    [
        b".......",
        b"#######",
        b"##.....",
        b"##.....",
        b"##.....",
        b"######.",
        b".....##",
        b".....##",
        b".....##",
        b"##...##",
        b".#####.",
        b".......",
    ],
    [
        b".......",
        b"..####.",
        b".##....",
        b"##.....",
        b"##.....",
        b"######.",
        b"##...##",
        b"##...##",
        b"##...##",
        b"##...##",
        b".#####.",
        b".......",
    ],
    [
        b".......",
        b"#######",
        b".....##",
        b".....##",
        b"....##.",
        b"....##.",
        b"...##..",
        b"...##..",
        b"..##...",
        b"..##...",
        b"..##...",
        b".......",
    ],
    [
        b".......",
        b".#####.",
        b"##...##",
        b"##...##",
        b"##...##",
        b".#####.",
        b"##...##",
        b"##...##",
        b"##...##",
        b"##...##",
        b".#####.",
        b".......",
    ],
    [
        b".......",
        b".#####.",
        b"##...##",
        b"##...##",
        b"##...##",
        b".######",
        b".....##",
        b".....##",
        b".....##",
        b"....##.",
        b".####..",
        b".......",
    ],
];
