//! The evaluation of a classifier.

use std::fmt;

/// Loss, accuracy and confusion matrix of a classifier on a data set: the result of
/// [`Trainer::evaluate`](super::Trainer::evaluate).
///
/// In Keras: `model.evaluate`. In scikit-learn: `classification_report` and `confusion_matrix`.
#[non_exhaustive]
#[doc(alias("classification_report", "confusion_matrix"))]
#[derive(Clone, PartialEq, Debug)]
pub struct Evaluation {
    /// Mean loss.
    pub loss: f64,
    /// The confusion matrix: `confusion[d][y]` samples of class d were classified as class y.
    pub confusion: Vec<Vec<usize>>,
    /// For `ranks[r]` samples the true class had rank r among the network's scores, counted from 0.
    pub ranks: Vec<usize>,
    /// The names of the classes, if the data have them.
    pub names: Vec<String>,
}

/// Precision and recall of one class.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ClassScore {
    /// Of the samples classified as this class, the fraction that belong to it; `None` if there are none.
    pub precision: Option<f64>,
    /// Of the samples of this class, the fraction that were classified as it; `None` if there are none.
    pub recall: Option<f64>,
    /// The F1 score, the harmonic mean of precision p and recall r: 2·p·r / (p + r), or twice the samples that were classified
    /// correctly by those of the class and those classified as it. `None` if there are neither.
    pub f1: Option<f64>,
    /// Samples of the class.
    pub support: usize,
}

/// Characters of a class's name in the printed table.
const LONGEST_NAME: usize = 20;

/// a / b, unless b is 0: then nothing was measured.
fn ratio(a: usize, b: usize) -> Option<f64> {
    (b > 0).then(|| a as f64 / b as f64)
}

impl Evaluation {
    /// An evaluation from its parts, for results that were computed elsewhere.
    pub fn new(loss: f64, confusion: Vec<Vec<usize>>, ranks: Vec<usize>) -> Self {
        Evaluation { loss, confusion, ranks, names: Vec::new() }
    }

    /// The same with names of the classes, which the printed table shows.
    pub fn with_class_names(self, names: Vec<String>) -> Self {
        Evaluation { names, ..self }
    }

    /// Samples that were classified correctly.
    pub fn correct(&self) -> usize {
        self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum()
    }

    /// All samples.
    pub fn samples(&self) -> usize {
        self.confusion.iter().flatten().sum()
    }

    /// Fraction of samples that were classified correctly; 0 without samples.
    #[doc(alias = "accuracy_score")]
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.samples()).unwrap_or(0.0)
    }

    /// Fraction of samples whose true class is among the `k` highest scores.
    #[doc(alias = "TopKCategoricalAccuracy")]
    pub fn top_k(&self, k: usize) -> f64 {
        ratio(self.ranks.iter().take(k).sum(), self.samples()).unwrap_or(0.0)
    }

    /// Mean of [`ClassScore::f1`] over the classes that have one: those with samples, and those that samples were classified
    /// as. 0 without samples. The macro average of scikit-learn.
    #[doc(alias = "f1_score")]
    pub fn macro_f1(&self) -> f64 {
        let scores: Vec<f64> = self.classes().iter().filter_map(|class| class.f1).collect();
        scores.iter().sum::<f64>() / scores.len().max(1) as f64
    }

    /// Precision and recall of each class.
    pub fn classes(&self) -> Vec<ClassScore> {
        (0..self.confusion.len())
            .map(|class| {
                let right = self.confusion[class][class];
                let support = self.confusion[class].iter().sum();
                let taken: usize = self.confusion.iter().map(|row| row[class]).sum();
                let f1 = ratio(2 * right, taken + support);
                ClassScore { precision: ratio(right, taken), recall: ratio(right, support), f1, support }
            })
            .collect()
    }
}

/// Loss, accuracy, and for each class a row of the confusion matrix with precision, recall and F1 score.
impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "loss {:.4}, accuracy {:.2} % ({}/{})",
            self.loss,
            100.0 * self.accuracy(),
            self.correct(),
            self.samples()
        )?;
        let largest = self.confusion.iter().flatten().max().copied().unwrap_or(0);
        let width = largest.to_string().len().max(self.confusion.len().to_string().len()) + 1;
        let label = |class: usize| match self.names.get(class) {
            Some(name) => {
                let name = name.chars().take(LONGEST_NAME).map(|c| if c.is_control() { ' ' } else { c });
                format!("{} {class}", name.collect::<String>())
            }
            None => class.to_string(),
        };
        let labels: Vec<String> = (0..self.confusion.len()).map(label).collect();
        let first = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).max("class".len());
        write!(f, "{:>first$} │", "class")?;
        for class in 0..self.confusion.len() {
            write!(f, "{class:>width$}")?;
        }
        writeln!(f, " │ precision   recall       F1")?;
        let line = "─".repeat(width * self.confusion.len());
        writeln!(f, "{}─┼{line}─┼───────────────────────────", "─".repeat(first))?;
        for (class, (row, score)) in self.confusion.iter().zip(self.classes()).enumerate() {
            write!(f, "{:>first$} │", labels[class])?;
            for count in row {
                if *count == 0 {
                    write!(f, "{:>width$}", "·")?;
                } else {
                    write!(f, "{count:>width$}")?;
                }
            }
            let [precision, recall, f1] = [score.precision, score.recall, score.f1]
                .map(|score| score.map_or("–  ".to_owned(), |score| format!("{:.2} %", 100.0 * score)));
            writeln!(f, " │ {precision:>9} {recall:>8} {f1:>8}")?;
        }
        write!(f, "Rows are true classes, columns predicted classes.")
    }
}
