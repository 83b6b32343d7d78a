//! Losses for one class of N.

use super::Loss;
use crate::data::{Class, Target};
use crate::error::Error;
use crate::kernel::{values, values_mut};
use crate::layer::softmax;
use crate::scalar::Scalar;
use crate::shape::{Flat, LogProbabilities, Probabilities};
use crate::tensor::{LANES, Lanes};

/// Labels for an output of shape `Out`: as many classes as the output has entries.
#[diagnostic::on_unimplemented(
    message = "targets of `{Self}` do not label an output of shape `{Out}`",
    label = "the network gives `{Out}`, the data has `{Self}`"
)]
pub trait LabelsOf<Out>: Target {
    /// The entry of the true class.
    fn entry(&self) -> usize;
}

impl<const N: usize> LabelsOf<Flat<N>> for Class<N> {
    fn entry(&self) -> usize {
        self.index()
    }
}

impl<const N: usize> LabelsOf<Probabilities<N>> for Class<N> {
    fn entry(&self) -> usize {
        self.index()
    }
}

impl<const N: usize> LabelsOf<LogProbabilities<N>> for Class<N> {
    fn entry(&self) -> usize {
        self.index()
    }
}

/// Weights of `N` classes: `()` for equal weights, or `[f64; N]`.
#[diagnostic::on_unimplemented(
    message = "class weights of `{Self}` are not one weight for each of the network's outputs",
    label = "the loss has the weights `{Self}`"
)]
pub trait ClassWeights<const N: usize>: Send + Sync {
    /// The weight of this class.
    fn weight(&self, class: usize) -> f64;
}

impl<const N: usize> ClassWeights<N> for () {
    fn weight(&self, _: usize) -> f64 {
        1.0
    }
}

impl<const N: usize> ClassWeights<N> for [f64; N] {
    fn weight(&self, class: usize) -> f64 {
        self[class]
    }
}

/// Cross-entropy on logits, with optional label smoothing and class weights: it includes the softmax.
///
/// In PyTorch: `nn.CrossEntropyLoss()`. In Keras: `SparseCategoricalCrossentropy(from_logits=True)`.
///
/// # Shapes
/// `Flat<N>` against `Class<N>`, with `N` class weights or none.
///
/// # Formula
/// −log softmax(y)_d = log Σⱼ exp(yⱼ) − y_d, computed without overflow; the gradient is softmax(y) − d, with
/// d the one-hot target (Bishop 2006, eq. 4.108–4.109).
///
/// With label smoothing ε and class weights w: −(1 − ε)·w_d·log softmax(y)_d − ε/N · Σⱼ wⱼ·log softmax(y)ⱼ. The loss of a
/// batch, or of a data set, is the sum over its samples divided by the sum of their weights w_d, as in PyTorch; it is 0, with no
/// gradient, if all of these are 0 (PyTorch gives NaN). Keras divides by the number of samples.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Chances: Flat<4> => Flat<3> {
///         fc: Dense { units: 3 },
///     }
/// }
/// let data: Dataset<Flat<4>, Class<3>> = [(Tensor::zeros(), Class::new(0)?)].into_iter().collect();
/// let trainer = Trainer::new(Chances::new(1), SoftmaxCrossEntropy, Sgd::new(0.1));
/// assert!((trainer.evaluate(&data)?.loss - 3_f64.ln()).abs() < 1e-6);
///
/// let weighted = SoftmaxCrossEntropy.label_smoothing(0.1)?.class_weights([2.0, 1.0, 1.0])?;
/// let trainer = Trainer::new(Chances::new(1), weighted, Sgd::new(0.1));
/// assert!((trainer.evaluate(&data)?.loss - (0.9 * 2.0 + 0.1 / 3.0 * 4.0) / 2.0 * 3_f64.ln()).abs() < 1e-6);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias(
    "CrossEntropyLoss",
    "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy",
    "cross_entropy"
))]
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxCrossEntropy<Weights = ()> {
    smoothing: f64,
    weights: Weights,
}

/// Cross-entropy without label smoothing and class weights.
#[allow(non_upper_case_globals, reason = "written like a loss without settings")]
pub const SoftmaxCrossEntropy: SoftmaxCrossEntropy = SoftmaxCrossEntropy { smoothing: 0.0, weights: () };

impl<Weights> SoftmaxCrossEntropy<Weights> {
    /// Spreads ε of the target's probability evenly over all classes, against over-confident networks (Szegedy et al.
    /// 2016, section 7).
    ///
    /// In PyTorch: `nn.CrossEntropyLoss(label_smoothing=ε)`.
    ///
    /// # Errors
    /// [`Error::Argument`] unless 0 ≤ ε < 1.
    pub fn label_smoothing(self, epsilon: f64) -> Result<Self, Error> {
        if !(0.0..1.0).contains(&epsilon) {
            return Err(Error::argument("label smoothing", "at least 0 and below 1", epsilon));
        }
        Ok(SoftmaxCrossEntropy { smoothing: epsilon, ..self })
    }

    /// Multiplies the loss of each sample by the weight of its class, for example to give rare classes more weight. The mean is
    /// one over the weights: a batch of one class has the same loss as without them.
    ///
    /// In PyTorch: `nn.CrossEntropyLoss(weight=…)`. In Keras: `fit(class_weight=…)`, which divides by the number of samples.
    ///
    /// # Errors
    /// [`Error::Argument`] unless all weights are finite, none is below 0 and one is above.
    pub fn class_weights<const N: usize>(
        self,
        weights: [f64; N],
    ) -> Result<SoftmaxCrossEntropy<[f64; N]>, Error> {
        let right = weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0);
        if !right || weights.iter().all(|weight| *weight == 0.0) {
            let found = format!("{weights:?}");
            return Err(Error::argument(
                "class weights",
                "finite numbers, none below 0 and one above",
                found,
            ));
        }
        Ok(SoftmaxCrossEntropy { smoothing: self.smoothing, weights })
    }
}

impl<const N: usize, W: ClassWeights<N>, Y: LabelsOf<Flat<N>>, T: Scalar> Loss<Flat<N>, Y, T>
    for SoftmaxCrossEntropy<W>
{
    fn tile(&self, dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        // Softmax goes to `dy`, from where the gradient is made.
        let (mut dy, logs) = match dy {
            Some(dy) => {
                let logs = softmax(values_mut(dy).as_chunks_mut().0, values(y).as_chunks().0);
                (Some(dy), logs)
            }
            None => (None, log_sums(y)),
        };
        let spread = self.smoothing / N as f64;
        let mut loss = 0.0;
        let mut totals = [T::zero(); LANES];
        for (lane, target) in targets.iter().enumerate() {
            let (largest, log) = logs[lane];
            // The weighted probability that the target class has beyond the one that smoothing gives to every class.
            let own = (1.0 - self.smoothing) * self.weights.weight(target.entry());
            let mut total = own;
            // The two large numbers first: their difference is exact.
            let surprise = |entry: usize| ((largest - y[entry].0[lane]) + log).as_f64();
            loss += own * surprise(target.entry());
            if spread > 0.0 {
                for entry in 0..N {
                    let share = spread * self.weights.weight(entry);
                    total += share;
                    loss += share * surprise(entry);
                }
            }
            totals[lane] = T::of(total);
        }
        let Some(dy) = &mut dy else { return loss };
        for (entry, dy) in dy.iter_mut().enumerate() {
            let share = T::of(spread * self.weights.weight(entry));
            for (dy, total) in dy.0.iter_mut().zip(totals) {
                *dy = *dy * total - share;
            }
        }
        for (lane, target) in targets.iter().enumerate() {
            let own = (1.0 - self.smoothing) * self.weights.weight(target.entry());
            dy[target.entry()].0[lane] -= T::of(own);
        }
        for dy in dy.iter_mut() {
            for (lane, dy) in dy.0.iter_mut().enumerate() {
                *dy = if lane < targets.len() { *dy * scale } else { T::zero() };
            }
        }
        loss
    }

    fn weight(&self, target: &Y) -> f64 {
        self.weights.weight(target.entry())
    }
}

/// Of each lane max x and log Σⱼ exp(xⱼ − max x), to the bit as [`softmax`] returns them.
fn log_sums<T: Scalar>(x: &[Lanes<T>]) -> [(T, T); LANES] {
    std::array::from_fn(|lane| {
        let largest = x.iter().map(|x| x.0[lane]).fold(T::neg_infinity(), T::max);
        let mut sum = T::zero();
        for x in x {
            sum += (x.0[lane] - largest).exp();
        }
        (largest, sum.ln())
    })
}

/// Cross-entropy on probabilities, for a network that ends with a [`Softmax`](crate::layer::Softmax) layer.
///
/// In Keras: `SparseCategoricalCrossentropy()`. In PyTorch: `nn.NLLLoss()` of the logarithm. PyTorch's
/// `nn.CrossEntropyLoss` takes logits: it is [`struct@SoftmaxCrossEntropy`] here.
///
/// # Shapes
/// `Probabilities<N>` against `Class<N>`.
///
/// # Formula
/// −log y_d, with gradient −1/y_d at d. Probabilities below the smallest normal number count as that number, so
/// that the loss of a confident mistake is finite.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Chances: Flat<4> => Probabilities<3> {
///         fc: Dense { units: 3 },
///         softmax: Softmax,
///     }
/// }
/// let data: Dataset<Flat<4>, Class<3>> = [(Tensor::zeros(), Class::new(0)?)].into_iter().collect();
/// let trainer = Trainer::new(Chances::new(1), ProbabilityCrossEntropy, Sgd::new(0.1));
/// assert!((trainer.evaluate(&data)?.loss - 3_f64.ln()).abs() < 1e-6);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("CrossEntropy", "SparseCategoricalCrossentropy", "CategoricalCrossentropy"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct ProbabilityCrossEntropy;

impl<const N: usize, Y: LabelsOf<Probabilities<N>>, T: Scalar> Loss<Probabilities<N>, Y, T>
    for ProbabilityCrossEntropy
{
    fn tile(&self, dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        let probability = |lane: usize, target: &Y| {
            let p = y[target.entry()].0[lane];
            // A NaN stays one: `max` would hide it.
            if p < T::min_positive_value() { T::min_positive_value() } else { p }
        };
        if let Some(dy) = dy {
            dy.fill(Lanes::zero());
            for (lane, target) in targets.iter().enumerate() {
                dy[target.entry()].0[lane] = -scale / probability(lane, target);
            }
        }
        let mut loss = 0.0;
        for (lane, target) in targets.iter().enumerate() {
            loss -= probability(lane, target).ln().as_f64();
        }
        loss
    }
}

/// Negative log-likelihood, for a network that ends with a [`LogSoftmax`](crate::layer::LogSoftmax) layer.
///
/// In PyTorch: `nn.NLLLoss()`.
///
/// # Shapes
/// `LogProbabilities<N>` against `Class<N>`.
///
/// # Formula
/// −y_d, with gradient −1 at d.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Chances: Flat<4> => LogProbabilities<3> {
///         fc: Dense { units: 3 },
///         log_softmax: LogSoftmax,
///     }
/// }
/// let data: Dataset<Flat<4>, Class<3>> = [(Tensor::zeros(), Class::new(0)?)].into_iter().collect();
/// let trainer = Trainer::new(Chances::new(1), NegativeLogLikelihood, Sgd::new(0.1));
/// assert!((trainer.evaluate(&data)?.loss - 3_f64.ln()).abs() < 1e-6);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("NLLLoss", "nll_loss"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct NegativeLogLikelihood;

impl<const N: usize, Y: LabelsOf<LogProbabilities<N>>, T: Scalar> Loss<LogProbabilities<N>, Y, T>
    for NegativeLogLikelihood
{
    fn tile(&self, dy: Option<&mut [Lanes<T>]>, y: &[Lanes<T>], targets: &[&Y], scale: T) -> f64 {
        if let Some(dy) = dy {
            dy.fill(Lanes::zero());
            for (lane, target) in targets.iter().enumerate() {
                dy[target.entry()].0[lane] = -scale;
            }
        }
        let mut loss = 0.0;
        for (lane, target) in targets.iter().enumerate() {
            loss -= y[target.entry()].0[lane].as_f64();
        }
        loss
    }
}
