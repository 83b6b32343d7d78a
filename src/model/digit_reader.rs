//! The answer about a picture of a digit, and whether it is to be trusted.

use super::LeNet5;
use crate::network::Prediction;
use crate::prelude::*;

crate::network! {
    /// Tells a single digit (class 1) from several that touch (class 0), in a sample of [`Mnist::read_digit`].
    ///
    /// # Shapes
    /// 1×28×28 → 2 logits; 29,218 parameters.
    ///
    /// ```
    /// use convnet::model::SingleDigit;
    /// use convnet::prelude::*;
    ///
    /// let digit = Mnist::load_from("assets/mnist")?.test.sample(0);
    /// assert_eq!(SingleDigit::pretrained().predict(&digit).class, 1);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub struct SingleDigit: Chw<1, 28, 28> => Flat<2> {
        conv1: Conv2d { filters: 8, kernel: 5, padding: 2 },
        relu1: Relu,
        pool1: MaxPool2d { kernel: 2 },
        conv2: Conv2d { filters: 16, kernel: 5 },
        relu2: Relu,
        pool2: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc1: Dense { units: 64 },
        relu3: Relu,
        fc2: Dense { units: 2 },
    }
}

impl SingleDigit {
    /// The network with weights that are part of the program (features `sample` and `store`), from the example
    /// `single_digit`.
    pub fn pretrained() -> Self {
        crate::weights!(SingleDigit, "../../assets/single_digit.safetensors")
    }
}

/// Two pretrained networks that read a digit together: [`LeNet5`] says which digit it is, [`SingleDigit`] whether it is one
/// at all.
///
/// ```
/// use convnet::model::DigitReader;
/// use convnet::prelude::*;
///
/// let digit = Mnist::load_from("assets/mnist")?.test.sample(0);
/// let answer = DigitReader::pretrained().predict(&digit);
/// assert_eq!((answer.prediction.class, answer.is_sure()), (8, true));
/// # Ok::<(), convnet::Error>(())
/// ```
pub struct DigitReader {
    digit: LeNet5,
    single: SingleDigit,
}

/// The answer of a [`DigitReader`].
#[derive(Clone, Debug)]
pub struct DigitPrediction {
    /// Which digit it is, if it is one.
    pub prediction: Prediction,
    /// The probability that it is a single digit.
    pub single: f32,
}

impl DigitReader {
    /// The least of both probabilities, of the digit and of a single digit, with which an answer is sure.
    ///
    /// For the digit it is the least of 0.5, 0.7, 0.8, 0.9, 0.95 and 0.98 at which no answer was wrong for 900 drawn pictures
    /// of *training* digits: 100 digits on clean, ruled and squared paper, with pens as wide as in MNIST, half as wide, and of
    /// 2 pixels. For a single digit it was chosen on pictures of *validation* digits that [`Mnist::read_digit`] does not refuse,
    /// from the table that the example `single_digit` prints:
    ///
    /// | single from | sure answers about 5836 single digits | about 4846 of several |
    /// | ---: | ---: | ---: |
    /// | 0 | 5674 | 2127 |
    /// | 0.5 | 5534 | 132 |
    /// | 0.9 | 5316 | 70 |
    /// | 0.95 | 5187 | 57 |
    /// | 0.98 | 4957 | 43 |
    ///
    /// Measured on MNIST's *test* digits: of 4000 single ones, each as a picture of its own, 3391 get a sure answer, 3 of them a
    /// wrong one, and 48 are refused. Of 5000 pairs whose boxes overlap by 0 to 4 of their 28 pixels 4258 are refused, 736 get an
    /// answer that is not sure, and 6 a sure one; without the second network it would be 366. These six look like a single digit: a stroke
    /// that lies along a 4 or a 1. On clean, ruled and squared paper, with each of the three pens, no sure answer about 50 digits is
    /// wrong, and 36 to 45 are sure.
    pub const SURE: f32 = 0.95;

    /// The networks with the weights that are part of the program.
    pub fn pretrained() -> Self {
        DigitReader { digit: LeNet5::pretrained(), single: SingleDigit::pretrained() }
    }

    /// Reads a sample as [`Mnist::read_digit`] makes it from a picture.
    pub fn predict(&self, digit: &Tensor<Chw<1, 28, 28>>) -> DigitPrediction {
        DigitPrediction {
            prediction: self.digit.predict(digit),
            single: self.single.predict(digit).probabilities[1],
        }
    }
}

impl DigitPrediction {
    /// Whether the answer is to be trusted: both probabilities are at least [`DigitReader::SURE`].
    pub fn is_sure(&self) -> bool {
        let Prediction { class, probabilities } = &self.prediction;
        probabilities[*class] >= DigitReader::SURE && self.single >= DigitReader::SURE
    }
}
