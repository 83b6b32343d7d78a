//! Classes, and the class that an output predicts.

use super::Target;
use crate::error::Error;
use crate::scalar::Scalar;

/// One of `N` classes, counted from 0.
///
/// The number of classes is part of the type: a network with 10 outputs cannot be given 12-class labels.
///
/// ```
/// use convnet::data::Class;
/// assert_eq!(Class::<10>::new(9)?.index(), 9);
/// assert_eq!(Class::<10>::new(10).unwrap_err().to_string(), "class: expected 0 to 9, found 10");
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Class<const N: usize>(u16);

impl<const N: usize> Class<N> {
    /// The class with this number.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is not below `N`.
    pub fn new(index: usize) -> Result<Self, Error> {
        const { assert!(N > 0 && N <= u16::MAX as usize, "expected 1 to 65535 classes") };
        match u16::try_from(index) {
            Ok(small) if index < N => Ok(Class(small)),
            _ => Err(Error::argument("class", format!("0 to {}", N - 1), index)),
        }
    }

    /// The class's number.
    pub fn index(self) -> usize {
        self.0.into()
    }
}

/// The predicted class is that of the largest output; a single output for two classes is the logit of class 1.
impl<const N: usize> Target for Class<N> {
    fn is_met_by<T: Scalar>(&self, output: impl IntoIterator<Item = T>) -> Option<bool> {
        // An output with a NaN is never correct.
        let mut clear = true;
        let best = class_of(output.into_iter().inspect(|value| clear &= !value.is_nan()), N);
        Some(clear && best == self.index())
    }

    fn stratum(&self) -> Option<usize> {
        Some(self.index())
    }
}

/// Index of the predicted class, of `classes`: that of the largest score, and of the first if several are equal. A single
/// score for two classes is the logit of class 1.
pub(crate) fn class_of<T: Scalar>(scores: impl IntoIterator<Item = T>, classes: usize) -> usize {
    let (mut best, mut count) = ((0, T::neg_infinity()), 0);
    for score in scores {
        if score > best.1 {
            best = (count, score);
        }
        count += 1;
    }
    if count == 1 && classes == 2 { usize::from(best.1 > T::zero()) } else { best.0 }
}

/// The order in which classes with these names are numbered: by value if all are numbers, else by their letters (Unicode code
/// points).
#[cfg(any(feature = "csv", feature = "images"))]
pub(crate) fn order_of_names(names: &[String]) -> Vec<usize> {
    let values: Option<Vec<f64>> = names.iter().map(|name| name.parse().ok()).collect();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|&a, &b| {
        let by_value = values.as_ref().map(|values| values[a].total_cmp(&values[b]));
        by_value.unwrap_or(std::cmp::Ordering::Equal).then_with(|| names[a].cmp(&names[b]))
    });
    order
}
