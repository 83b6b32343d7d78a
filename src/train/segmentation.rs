//! The evaluation of a segmentation.

use std::fmt;

/// Loss and agreement of predicted masks with true ones, over all pixels of a data set: the result of
/// [`Trainer::evaluate_segmentation`](super::Trainer::evaluate_segmentation).
///
/// Pixels of all images are counted together, so that a large object counts more than a small one; the mean of each image's
/// own score is another number.
///
/// In scikit-learn: `jaccard_score` and `f1_score` of all pixels in one list. In torchmetrics: `JaccardIndex`, `Dice`.
///
/// ```
/// use convnet::train::Segmentation;
///
/// // Of 10 pixels of class 0, one was taken for class 1; of 4 of class 1, two for class 0. Class 2 occurs nowhere.
/// let evaluation = Segmentation::new(0.25, vec![vec![9, 1, 0], vec![2, 2, 0], vec![0, 0, 0]]);
/// assert_eq!(evaluation.pixel_accuracy(), 11.0 / 14.0);
/// assert_eq!(evaluation.iou(), [Some(9.0 / 12.0), Some(2.0 / 5.0), None]);
/// assert_eq!(evaluation.dice(), [Some(18.0 / 21.0), Some(4.0 / 7.0), None]);
/// assert_eq!(evaluation.mean_iou(), Some((9.0 / 12.0 + 2.0 / 5.0) / 2.0));
/// ```
#[non_exhaustive]
#[doc(alias("jaccard_score", "JaccardIndex", "Dice", "MeanIoU"))]
#[derive(Clone, PartialEq, Debug)]
pub struct Segmentation {
    /// Mean loss.
    pub loss: f64,
    /// The confusion matrix: `confusion[d][y]` pixels of class d were taken for class y.
    pub confusion: Vec<Vec<usize>>,
}

/// The mean of those that were measured.
fn mean(scores: Vec<Option<f64>>) -> Option<f64> {
    let measured: Vec<f64> = scores.into_iter().flatten().collect();
    (!measured.is_empty()).then(|| measured.iter().sum::<f64>() / measured.len() as f64)
}

impl Segmentation {
    /// An evaluation from its parts, for results that were computed elsewhere.
    pub fn new(loss: f64, confusion: Vec<Vec<usize>>) -> Self {
        Segmentation { loss, confusion }
    }

    /// All pixels.
    pub fn pixels(&self) -> usize {
        self.confusion.iter().flatten().sum()
    }

    /// Fraction of pixels whose class was predicted; 0 if there are none.
    pub fn pixel_accuracy(&self) -> f64 {
        let right: usize = self.confusion.iter().enumerate().map(|(class, row)| row[class]).sum();
        if right == 0 { 0.0 } else { right as f64 / self.pixels() as f64 }
    }

    /// Of each class: pixels of the class that were taken for it, all pixels of the class, and all that were taken for it.
    fn counts(&self) -> impl Iterator<Item = [usize; 3]> {
        self.confusion.iter().enumerate().map(|(class, row)| {
            let taken = self.confusion.iter().map(|row| row[class]).sum();
            [row[class], row.iter().sum(), taken]
        })
    }

    /// Intersection over union of each class, Jaccard's index: |D ∩ Y| / |D ∪ Y|, with D the pixels of the class and Y those
    /// that were taken for it. `None` for a class that was not measured, because no pixel is of it or was taken for it.
    #[doc(alias("jaccard_score", "intersection over union"))]
    pub fn iou(&self) -> Vec<Option<f64>> {
        let of = |[both, own, taken]: [usize; 3]| {
            let union = own + taken - both;
            (union > 0).then(|| both as f64 / union as f64)
        };
        self.counts().map(of).collect()
    }

    /// Dice's coefficient of each class, which is the F1 score of its pixels: 2·|D ∩ Y| / (|D| + |Y|). `None` as for
    /// [`iou`](Self::iou).
    #[doc(alias("f1_score", "Sørensen"))]
    pub fn dice(&self) -> Vec<Option<f64>> {
        let of = |[both, own, taken]: [usize; 3]| {
            (own + taken > 0).then(|| 2.0 * both as f64 / (own + taken) as f64)
        };
        self.counts().map(of).collect()
    }

    /// Mean of [`iou`](Self::iou) over the classes that were measured; `None` if there are none.
    #[doc(alias = "MeanIoU")]
    pub fn mean_iou(&self) -> Option<f64> {
        mean(self.iou())
    }

    /// Mean of [`dice`](Self::dice) over the classes that were measured; `None` if there are none.
    pub fn mean_dice(&self) -> Option<f64> {
        mean(self.dice())
    }
}

/// Loss, pixel accuracy, and a line with both scores for each class and for their mean.
impl fmt::Display for Segmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let score = |score: Option<f64>| match score {
            Some(score) => format!("{:.2} %", 100.0 * score),
            None => "not measured".into(),
        };
        writeln!(
            f,
            "loss {:.4}, pixel accuracy {} of {} pixels",
            self.loss,
            score(Some(self.pixel_accuracy())),
            self.pixels()
        )?;
        writeln!(f, "class │          IoU         Dice")?;
        writeln!(f, "──────┼─────────────────────────")?;
        for (class, (iou, dice)) in self.iou().into_iter().zip(self.dice()).enumerate() {
            writeln!(f, "{class:>5} │ {:>12} {:>12}", score(iou), score(dice))?;
        }
        write!(f, " mean │ {:>12} {:>12}", score(self.mean_iou()), score(self.mean_dice()))
    }
}
