//! Losses for two classes, and for labels that are on or off.

use super::{Loss, mean_over_values};
use crate::data::{Class, Target};
use crate::error::Error;
use crate::layer::{Activation, Sigmoid, Softplus};
use crate::scalar::Scalar;
use crate::shape::{Features, Flat};
use crate::tensor::{Lanes, Tensor};

/// Targets with the probability of "yes" for each entry of an output of shape `Out`.
#[diagnostic::on_unimplemented(
    message = "targets of `{Self}` have no probability for each entry of an output of shape `{Out}`",
    label = "the network gives `{Out}`, the data has `{Self}`",
    note = "`Class<2>` goes with a single output, `Flat<1>`; otherwise a target is a `Tensor` of the output's shape"
)]
pub trait ChancesOf<Out, T>: Target {
    /// The probability for this entry, from 0 to 1.
    fn chance(&self, entry: usize) -> T;
}

/// Class 1 is "yes".
impl<T: Scalar> ChancesOf<Flat<1>, T> for Class<2> {
    fn chance(&self, _: usize) -> T {
        T::of(self.index() as f64)
    }
}

impl<S: Features, T: Scalar> ChancesOf<S, T> for Tensor<S, T> {
    fn chance(&self, entry: usize) -> T {
        self.as_slice()[entry]
    }
}

/// Binary cross-entropy on logits: it includes the logistic function.
///
/// In PyTorch: `nn.BCEWithLogitsLoss()`. In Keras: `BinaryCrossentropy(from_logits=True)`.
///
/// # Shapes
/// `Flat<1>`, the logit of class 1, against `Class<2>`; or any shape S against `Tensor<S>` of probabilities from 0 to 1,
/// for labels that do not exclude each other.
///
/// # Formula
/// −w·d·log σ(y) − (1 − d)·log(1 − σ(y)) with w the positive weight (1 unless set) and σ the logistic function,
/// computed as w·d·softplus(−y) + (1 − d)·softplus(y), which does not overflow; the mean over the n values of a sample,
/// averaged over the batch. The gradient is ((1 − d)·σ(y) − w·d·σ(−y)) / n: for w = 1, (σ(y) − d) / n (Bishop 2006,
/// eq. 4.90–4.91).
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Passes: Flat<2> => Flat<1> {
///         fc: Dense { units: 1 },
///     }
/// }
/// let points = [[0.0, 1.0], [1.0, 3.0], [2.0, 1.0], [4.0, 3.0]].map(Tensor::from);
/// let labels = [0, 0, 1, 1].map(|label| Class::<2>::new(label).unwrap());
/// let data: Dataset<_, _> = points.into_iter().zip(labels).collect();
/// let mut trainer = Trainer::new(Passes::new(1), SigmoidCrossEntropy, Sgd::new(1.0)).epochs(50);
/// trainer.fit(&data, None)?;
/// let answer = trainer.network().predict(&Tensor::from([3.0, 1.0]));
/// assert_eq!((answer.class, answer.probabilities.len()), (1, 2));
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias(
    "BCEWithLogitsLoss",
    "BCELoss",
    "BinaryCrossentropy",
    "BinaryCrossEntropy",
    "MultiLabelSoftMarginLoss"
))]
#[derive(Clone, Copy, Debug)]
pub struct SigmoidCrossEntropy {
    positive_weight: f64,
}

/// Binary cross-entropy without a positive weight.
#[allow(non_upper_case_globals, reason = "written like a loss without settings")]
pub const SigmoidCrossEntropy: SigmoidCrossEntropy = SigmoidCrossEntropy { positive_weight: 1.0 };

impl SigmoidCrossEntropy {
    /// Multiplies the loss of every "yes" by `weight`: above 1 if they are rare and a miss is worse than a false alarm.
    ///
    /// In PyTorch: `nn.BCEWithLogitsLoss(pos_weight=weight)`.
    ///
    /// # Errors
    /// [`Error::Argument`] unless the weight is finite and above 0.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// let loss = SigmoidCrossEntropy.positive_weight(9.0)?; // one "yes" for nine "no"
    /// convnet::check::loss::<Flat<1>, _>(&loss, &[Class::<2>::new(1)?], 1).unwrap();
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "pos_weight")]
    pub fn positive_weight(self, weight: f64) -> Result<Self, Error> {
        if !(weight > 0.0 && weight.is_finite()) {
            return Err(Error::argument("positive weight", "a finite number above 0", weight));
        }
        Ok(SigmoidCrossEntropy { positive_weight: weight })
    }
}

impl<S: Features, Y: ChancesOf<S, T>, T: Scalar> Loss<S, Y, T> for SigmoidCrossEntropy {
    fn tile(&self, dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        let weight = T::of(self.positive_weight);
        let loss = |y: T, chance: T| {
            let (yes, no) = (weight * chance, T::one() - chance);
            yes * Softplus.value(-y) + no * Softplus.value(y)
        };
        let slope = |y: T, chance: T| {
            let (yes, no) = (weight * chance, T::one() - chance);
            no * Sigmoid.value(y) - yes * Sigmoid.value(-y)
        };
        mean_over_values(dy, y, targets, scale, |target, i| target.chance(i), loss, slope)
    }
}

/// The perceptron criterion: the distance of an output from zero, if it has the wrong sign. A step of gradient descent with
/// a batch size of 1 is Rosenblatt's rule (Rosenblatt 1958; Bishop 2006, eq. 4.54–4.55).
///
/// PyTorch and Keras have no such loss; scikit-learn has `Perceptron`.
///
/// # Shapes
/// `Flat<1>` against `Class<2>`: class 1 is y > 0, as [`Heaviside`](crate::layer::Heaviside) says.
///
/// # Formula
/// max(0, −s·y) with s = +1 for class 1 and −1 for class 0. The gradient is step(y) − d, with d the number of the class:
/// w ← w + η·(d − step(y))·x, also where y = 0.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Perceptron: Flat<2> => Flat<1> {
///         fc: Dense { units: 1 },
///     }
/// }
/// let and = [([0.0, 0.0], 0), ([0.0, 1.0], 0), ([1.0, 0.0], 0), ([1.0, 1.0], 1)];
/// let data: Dataset<_, _> = and.map(|(x, d)| (Tensor::from(x), Class::<2>::new(d).unwrap())).into_iter().collect();
/// let mut trainer = Trainer::new(Perceptron::new(1), PerceptronLoss, Sgd::new(1.0)).epochs(20).batch_size(1);
/// trainer.fit(&data, None)?;
/// assert_eq!(trainer.evaluate(&data)?.accuracy(), 1.0);
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct PerceptronLoss;

impl<T: Scalar> Loss<Flat<1>, Class<2>, T> for PerceptronLoss {
    fn tile(&self, dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Class<2>], scale: T) -> f64 {
        let number = |target: &Class<2>, _: usize| T::of(target.index() as f64);
        let slope = |y: T, d: T| T::of(f64::from(y > T::zero())) - d;
        // A NaN stays one.
        let loss = |y: T, d: T| if slope(y, d) == T::zero() && !y.is_nan() { T::zero() } else { y.abs() };
        mean_over_values(dy, y, targets, scale, number, loss, slope)
    }
}
