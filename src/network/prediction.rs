//! Classes and their probabilities from a network's output.

use crate::data::class_of;
use crate::layer::{Activation, Sigmoid};
use crate::scalar::Scalar;
use crate::shape::{self, Shape};

/// Output shapes that are scores of classes.
#[diagnostic::on_unimplemented(message = "an output of shape `{Self}` does not score classes")]
pub trait Scores: Shape {
    /// The probability of each class.
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T>;
}

/// Logits. A single one is the logit of class 1 of two.
impl<const N: usize> Scores for shape::Flat<N> {
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T> {
        if let [logit] = scores {
            return vec![Sigmoid.value(-*logit), Sigmoid.value(*logit)];
        }
        let largest = scores.iter().copied().fold(T::neg_infinity(), T::max);
        let exps: Vec<T> = scores.iter().map(|&x| (x - largest).exp()).collect();
        let sum = exps.iter().copied().sum::<T>();
        exps.into_iter().map(|e| e / sum).collect()
    }
}

impl<const N: usize> Scores for shape::Probabilities<N> {
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T> {
        scores.to_vec()
    }
}

impl<const N: usize> Scores for shape::LogProbabilities<N> {
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T> {
        scores.iter().map(|log| log.exp()).collect()
    }
}

/// The predicted class of a sample, and the probability of each class.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction<T = f32> {
    /// The class with the highest score; if several are equal, the first. It is no answer if the probabilities are NaN, as for an
    /// input that is.
    pub class: usize,
    /// The probability of each class.
    pub probabilities: Vec<T>,
}

impl<T: Scalar> Prediction<T> {
    /// The class and the probabilities of an output.
    pub(crate) fn of<Out: Scores>(scores: &[T]) -> Self {
        let probabilities = Out::probabilities(scores);
        let class = class_of(scores.iter().copied(), probabilities.len());
        Prediction { class, probabilities }
    }

    /// The name of the class, by the names of all classes in the order of their numbers.
    ///
    /// ```
    /// use convnet::network::Prediction;
    /// let prediction = Prediction { class: 1, probabilities: vec![0.25, 0.75] };
    /// assert_eq!(prediction.name(&["cat", "dog"]), Some("dog"));
    /// ```
    pub fn name<'a>(&self, classes: &'a [impl AsRef<str>]) -> Option<&'a str> {
        classes.get(self.class).map(AsRef::as_ref)
    }

    /// The `k` most probable classes with their probabilities, the most probable first; of equal ones the lower number first.
    ///
    /// In PyTorch: `probabilities.topk(k)`.
    ///
    /// ```
    /// use convnet::network::Prediction;
    /// let prediction = Prediction { class: 2, probabilities: vec![0.25, 0.125, 0.5, 0.125] };
    /// assert_eq!(prediction.top_k(3), [(2, 0.5), (0, 0.25), (1, 0.125)]);
    /// ```
    #[doc(alias = "topk")]
    pub fn top_k(&self, k: usize) -> Vec<(usize, T)> {
        let mut classes: Vec<(usize, T)> = self.probabilities.iter().copied().enumerate().collect();
        // Stable, and NaN last.
        classes.sort_by(|(_, a), (_, b)| b.partial_cmp(a).unwrap_or(a.is_nan().cmp(&b.is_nan())));
        classes.truncate(k);
        classes
    }
}
