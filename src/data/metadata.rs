//! Names and preprocessing that go with a network.

#[cfg(feature = "images")]
use super::Preprocessing;

/// A program needs these to use a network on samples of its own, besides the parameters: the names of the classes, and the way
/// from a picture or a row of a table to the network's input.
///
/// [`Trainer::fit`](crate::train::Trainer::fit) takes them from the training data
/// ([`Samples::metadata`](super::Samples::metadata)) and gives them to the network
/// ([`Network::metadata`](crate::network::Network::metadata)), whose files have them
/// ([`store`](crate::store#metadata)). Data whose classes have other names than those that the network was trained on are
/// refused in validation and evaluation.
///
/// In torchvision: `weights.meta` and `weights.transforms()`.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct Metadata {
    /// The names of the classes in the order of their numbers; empty if unknown.
    pub classes: Vec<String>,
    /// The names of a table's columns in the order of the network's inputs; empty if unknown.
    pub features: Vec<String>,
    /// The way from a picture to the input.
    #[cfg(feature = "images")]
    pub preprocessing: Option<Preprocessing>,
    /// The numbers that took the place of missing values, before values were standardised: those of an
    /// [`Imputer`](super::Imputer).
    pub imputer: Option<Vec<f64>>,
    /// Mean and standard deviation by which the values were [standardised](super::Standardizer).
    pub standardizer: Option<Standardization>,
}

/// The numbers of a [`Standardizer`](super::Standardizer): a value x becomes (x − mean) / std, with 1 in the place of a std of 0.
#[derive(Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
pub struct Standardization {
    /// The mean of each value.
    pub mean: Vec<f64>,
    /// The standard deviation of each value.
    pub std: Vec<f64>,
}

impl Metadata {
    /// The name of a class, if it is known.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// let mnist = Mnist::load_from("assets/mnist")?;
    /// # use convnet::data::Samples;
    /// assert_eq!(mnist.train.metadata().class_name(3), Some("3"));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn class_name(&self, class: usize) -> Option<&str> {
        self.classes.get(class).map(String::as_str)
    }

    /// The same without the names of classes, for a network whose last layer is another one.
    pub(crate) fn without_classes(self) -> Self {
        Metadata { classes: Vec::new(), ..self }
    }
}

/// Names of classes in an error: their number, and the first of them.
pub(crate) fn in_few_words(names: &[String]) -> String {
    const SHOWN: usize = 6;
    const LONGEST: usize = 40;
    if names.is_empty() {
        return "none".to_owned();
    }
    let more = if names.len() > SHOWN { ", …" } else { "" };
    let short = |name: &String| match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", name[..end].escape_debug()),
        None => name.escape_debug().to_string(),
    };
    let shown: Vec<_> = names.iter().take(SHOWN).map(short).collect();
    format!("{} ({}{more})", names.len(), shown.join(", "))
}
