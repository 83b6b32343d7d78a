//! How well a network classifies.

use std::fmt;

/// Loss, accuracy and confusions of a classifier on a data set.
#[derive(Clone, PartialEq, Debug)]
pub struct Evaluation {
    /// Mean loss.
    pub loss: f64,
    /// `confusion[d][y]`: samples of class d that were taken for class y.
    pub confusion: Vec<Vec<usize>>,
    /// `ranks[r]`: samples whose class was the network's choice number r, counted from 0.
    pub ranks: Vec<usize>,
}

/// How well one class is told from the others.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ClassScore {
    /// Of the samples taken for the class, the fraction that are of it; 0 if none was.
    pub precision: f64,
    /// Of the samples of the class, the fraction taken for it; 0 if there are none.
    pub recall: f64,
    /// Samples of the class.
    pub support: usize,
}

impl ClassScore {
    /// Harmonic mean of precision and recall: 2·p·r / (p + r), or 0 if both are.
    pub fn f1(&self) -> f64 {
        let sum = self.precision + self.recall;
        if sum == 0.0 { 0.0 } else { 2.0 * self.precision * self.recall / sum }
    }
}

/// a / b, or 0 where there is nothing to divide: scikit-learn's `zero_division=0`.
fn ratio(a: usize, b: usize) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

impl Evaluation {
    /// Samples answered rightly.
    pub fn correct(&self) -> usize {
        self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum()
    }

    /// Samples.
    pub fn samples(&self) -> usize {
        self.confusion.iter().flatten().sum()
    }

    /// Fraction of samples answered rightly.
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.samples())
    }

    /// Fraction of samples whose class is among the network's first `k` choices.
    pub fn top_k(&self, k: usize) -> f64 {
        ratio(self.ranks.iter().take(k).sum(), self.samples())
    }

    /// Mean over the classes of [`ClassScore::f1`] (scikit-learn's macro average).
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

/// Loss, accuracy, and a row for each class: its samples by what they were taken for, recall, precision.
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
        write!(f, "Rows are true classes, columns the network's answers.")
    }
}
