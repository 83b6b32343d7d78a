//! Classes and their probabilities from a network's output.

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
    /// The class with the highest score; if several are equal, the first.
    pub class: usize,
    /// The probability of each class.
    pub probabilities: Vec<T>,
}
