//! Names and preprocessing that go with a network.

use std::collections::HashSet;

#[cfg(feature = "images")]
use super::Preprocessing;
use crate::shape::Dims;

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
    /// The numbers that were subtracted from columns of a table, features or targets, with the names of the columns: those of
    /// [`CsvOptions::offset`](super::CsvOptions::offset), before anything else.
    pub offsets: Vec<(String, f64)>,
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

    /// Refuses more classes than the network's outputs, classes of one name, and names or numbers that are not as many as its
    /// inputs: (expected, found).
    pub(crate) fn check(&self, input: Dims, output: Dims) -> Result<(), (String, String)> {
        let outputs = match output.is_maps() {
            true => output.channels(),
            // A single output decides between two classes.
            false => output.len().max(2),
        };
        // Data may have fewer classes than the network.
        if self.classes.len() > outputs {
            let expected = format!("at most {outputs} names of classes, one for each output");
            return Err((expected, in_few_words(&self.classes)));
        }
        let counts = [
            (self.features.len(), "names of features"),
            (self.imputer.as_ref().map_or(0, Vec::len), "numbers for missing values"),
            (self.standardizer.as_ref().map_or(0, |by| by.mean.len()), "means"),
        ];
        if let Some((found, name)) = counts.into_iter().find(|(found, _)| ![0, input.len()].contains(found)) {
            let expected = format!("{} {name}, one for each value of a sample", input.len());
            return Err((expected, found.to_string()));
        }
        let mut seen = HashSet::new();
        match self.classes.iter().find(|name| !seen.insert(name.as_str())) {
            Some(name) => Err(("each class with a name of its own".to_owned(), format!("{name:?} twice"))),
            None => Ok(()),
        }
    }

    /// The number that was subtracted from a column.
    pub(crate) fn offset_of(&self, column: &str) -> f64 {
        self.offsets.iter().find(|(name, _)| name == column).map_or(0.0, |(_, offset)| *offset)
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
