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
}

/// Precision and recall of one class.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ClassScore {
    /// Of the samples classified as this class, the fraction that belong to it; 0 if there are none.
    pub precision: f64,
    /// Of the samples of this class, the fraction that were classified as it; 0 if there are none.
    pub recall: f64,
    /// Samples of the class.
    pub support: usize,
}

impl ClassScore {
    /// The F1 score, the harmonic mean of precision and recall: 2·p·r / (p + r), or 0 if both are 0.
    #[doc(alias = "f1_score")]
    pub fn f1(&self) -> f64 {
        let sum = self.precision + self.recall;
        if sum == 0.0 { 0.0 } else { 2.0 * self.precision * self.recall / sum }
    }
}

/// a / b, or 0 if b is 0, as scikit-learn with `zero_division=0`.
fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

impl Evaluation {
    /// An evaluation from its parts, for results that were computed elsewhere.
    pub fn new(loss: f64, confusion: Vec<Vec<usize>>, ranks: Vec<usize>) -> Self {
        Evaluation { loss, confusion, ranks }
    }

    /// Samples that were classified correctly.
    pub fn correct(&self) -> usize {
        self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum()
    }

    /// All samples.
    pub fn samples(&self) -> usize {
        self.confusion.iter().flatten().sum()
    }

    /// Fraction of samples that were classified correctly.
    #[doc(alias = "accuracy_score")]
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.samples())
    }

    /// Fraction of samples whose true class is among the `k` highest scores.
    #[doc(alias = "TopKCategoricalAccuracy")]
    pub fn top_k(&self, k: usize) -> f64 {
        ratio(self.ranks.iter().take(k).sum(), self.samples())
    }

    /// Mean of [`ClassScore::f1`] over the classes, the macro average of scikit-learn.
    pub fn macro_f1(&self) -> f64 {
        let classes = self.classes();
        classes.iter().map(ClassScore::f1).sum::<f64>() / classes.len() as f64
    }

    /// Precision and recall of each class.
    pub fn classes(&self) -> Vec<ClassScore> {
        (0..self.confusion.len())
            .map(|class| {
                let right = self.confusion[class][class];
                let support = self.confusion[class].iter().sum();
                let taken = self.confusion.iter().map(|row| row[class]).sum();
                ClassScore { precision: ratio(right, taken), recall: ratio(right, support), support }
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
        write!(f, "class │")?;
        for class in 0..self.confusion.len() {
            write!(f, "{class:>width$}")?;
        }
        writeln!(f, " │ precision   recall       F1")?;
        let line = "─".repeat(width * self.confusion.len());
        writeln!(f, "──────┼{line}─┼───────────────────────────")?;
        for (class, (row, score)) in self.confusion.iter().zip(self.classes()).enumerate() {
            write!(f, "{class:>5} │")?;
            for count in row {
                if *count == 0 {
                    write!(f, "{:>width$}", "·")?;
                } else {
                    write!(f, "{count:>width$}")?;
                }
            }
            let [precision, recall, f1] =
                [score.precision, score.recall, score.f1()].map(|score| 100.0 * score);
            writeln!(f, " │ {precision:>7.2} % {recall:>6.2} % {f1:>6.2} %")?;
        }
        write!(f, "Rows are true classes, columns predicted classes.")
    }
}
