//! Evaluation.

use std::ops::Range;

use super::loading::{bad_target, load, refuse_no_answer};
use super::metrics::{self, Regression};
use super::trainer::refuse_empty;
use super::{Evaluation, LossAndAccuracy, Segmentation, Trainer};
use crate::data::{Class, Images, Mask, Metadata, Samples, TenCrop, VIEWS, class_of, in_few_words};
use crate::error::Error;
use crate::loss::{Loss, Tally, ValuesOf, tally_tiles};
use crate::network::{Network, Scores};
use crate::number::Number;
use crate::optim::Optimizer;
use crate::scalar::Scalar;
use crate::shape::{Chw, Shape};
use crate::tensor::{Batch, LANES};

/// Largest number of samples that are evaluated together, and of their values.
const EVALUATION_BATCH: usize = 64 * LANES;
const EVALUATION_VALUES: usize = 1 << 22;

/// The number of samples that are evaluated together.
pub(super) fn samples_together<In: Shape>() -> usize {
    (EVALUATION_VALUES / In::LEN / LANES * LANES).clamp(LANES, EVALUATION_BATCH)
}

/// Counts of predictions by true class.
struct Answers {
    confusion: Vec<Vec<usize>>,
    ranks: Vec<usize>,
}

impl Answers {
    fn new(classes: usize) -> Self {
        Answers { confusion: vec![vec![0; classes]; classes], ranks: vec![0; classes] }
    }

    /// Counts a prediction: a score for each class, or the logit of class 1 of two.
    fn count<T: Scalar>(&mut self, truth: usize, scores: &[T]) {
        let answer = class_of(scores.iter().copied(), self.ranks.len());
        self.confusion[truth][answer] += 1;
        // The predicted class has rank 0; of equal scores the lower class comes first.
        let before = |(i, score): &(usize, &T)| {
            *i != truth
                && (*i == answer || **score > scores[truth] || (**score == scores[truth] && *i < truth))
        };
        let rank = match scores {
            _ if answer == truth => 0,
            [_] => 1,
            _ => scores.iter().enumerate().filter(before).count(),
        };
        self.ranks[rank] += 1;
    }

    fn evaluation(self, loss: f64) -> Evaluation {
        Evaluation::new(loss, self.confusion, self.ranks)
    }
}

/// Refuses data whose classes or features have other names than those of the training data, if both are known, or from whose
/// features other numbers were subtracted. `names` are those of classes, features and offsets in errors.
pub(super) fn refuse_other_names(
    names: [&'static str; 3],
    trained: &Metadata,
    found: &Metadata,
) -> Result<(), Error> {
    let pairs = [(&trained.classes, &found.classes), (&trained.features, &found.features)];
    for (name, (expected, found)) in names.into_iter().zip(pairs) {
        if !(expected.is_empty() || found.is_empty() || expected == found) {
            let expected = format!("those of the training data, {}", in_few_words(expected));
            return Err(Error::argument(name, expected, in_few_words(found)));
        }
    }
    let features = if found.features.is_empty() { &[][..] } else { &trained.features };
    for feature in features {
        let [expected, found] = [trained, found].map(|metadata| metadata.offset_of(feature));
        if expected != found {
            let of = |offset: f64| format!("{offset} for feature {feature:?}");
            return Err(Error::argument(names[2], format!("{}, as in training", of(expected)), of(found)));
        }
    }
    Ok(())
}

/// Refuses data to evaluate a network on, as [`refuse_other_names`].
pub(super) fn refuse_other_data(trained: &Metadata, found: &Metadata) -> Result<(), Error> {
    refuse_other_names(["classes of the data", "features of the data", "offsets of the data"], trained, found)
}

impl<N: Network, L, O: Optimizer> Trainer<N, L, O> {
    /// The mean loss on a data set, and the accuracy if its targets are classes.
    ///
    /// # Errors
    /// [`Error::Argument`] if the data set has no samples, or its classes or features have other names than those that the
    /// network was trained on; [`Error::Sample`] or [`Error::Output`] for a value, a target or an output that is not finite;
    /// the error of a sample that cannot be read.
    pub fn loss_and_accuracy<D: Samples<N::Input>>(&self, data: &D) -> Result<LossAndAccuracy, Error>
    where
        L: Loss<N::Output, D::Target, N::Scalar>,
    {
        refuse_empty("data", data.len())?;
        Ok(LossAndAccuracy::of(self.tally("data", data)?))
    }

    /// Loss and correct answers on a data set, which errors name by `name`.
    pub(super) fn tally<D: Samples<N::Input>>(&self, name: &'static str, data: &D) -> Result<Tally, Error>
    where
        L: Loss<N::Output, D::Target, N::Scalar>,
    {
        let mut total = Tally::default();
        self.outputs(name, data, |samples, y| total.add(self.tally_of(data, samples, y)))?;
        Ok(total)
    }

    /// Loss and correct answers for some samples and their outputs.
    fn tally_of<D: Samples<N::Input>>(
        &self,
        data: &D,
        samples: Range<usize>,
        y: &Batch<N::Output, N::Scalar>,
    ) -> Tally
    where
        L: Loss<N::Output, D::Target, N::Scalar>,
    {
        let targets: Vec<_> = samples.map(|i| data.target(i)).collect();
        let mut total = Tally::default();
        for (y, targets) in y.whole_tiles().zip(targets.chunks(LANES)) {
            let scale = N::Scalar::of(1.0);
            total.add(tally_tiles::<N::Output, _, _>(&self.loss, None, &y, targets, scale));
        }
        total
    }

    /// Calls `f` with ranges of samples and the network's outputs for them.
    ///
    /// # Errors
    /// [`Error::Argument`] for data whose classes or features have other names; the error of a sample that cannot be read;
    /// [`Error::Sample`] for a target, and this or [`Error::Output`] for an output, that is not finite.
    fn outputs<D: Samples<N::Input>>(
        &self,
        name: &'static str,
        data: &D,
        mut f: impl FnMut(Range<usize>, &Batch<N::Output, N::Scalar>),
    ) -> Result<(), Error> {
        refuse_other_data(self.network.metadata(), &data.metadata())?;
        let together = samples_together::<N::Input>();
        for start in (0..data.len()).step_by(together) {
            let samples: Vec<usize> = (start..(start + together).min(data.len())).collect();
            let inputs = load(data, &samples)?;
            let outputs = self.network.infer(&inputs);
            refuse_no_answer(name, data, &samples, &outputs)?;
            if let Some(error) = samples.iter().find_map(|&sample| bad_target(name, data, sample)) {
                return Err(error);
            }
            f(start..start + samples.len(), &outputs);
        }
        Ok(())
    }

    /// Loss, accuracy, precision and recall of each class, and the confusion matrix on a data set.
    ///
    /// In Keras: `model.evaluate`.
    ///
    /// # Errors
    /// [`Error::Argument`] if the data set has no samples, or its classes or features have other names than those that the
    /// network was trained on; [`Error::Sample`] or [`Error::Output`] for a value, a target or an output that is not finite;
    /// the error of a sample that cannot be read.
    pub fn evaluate<D, const C: usize>(&self, data: &D) -> Result<Evaluation, Error>
    where
        D: Samples<N::Input, Target = Class<C>>,
        L: Loss<N::Output, Class<C>, N::Scalar>,
    {
        refuse_empty("data", data.len())?;
        let mut total = Tally::default();
        let mut answers = Answers::new(C);
        self.outputs("data", data, |samples, y| {
            total.add(self.tally_of(data, samples.clone(), y));
            for (i, sample) in samples.enumerate() {
                answers.count(data.target(sample).index(), y.sample(i).as_slice());
            }
        })?;
        Ok(answers.evaluation(total.mean_loss()).with_class_names(data.metadata().classes))
    }

    /// Loss, pixel accuracy, and of each class Dice's coefficient and intersection over union, over all pixels of a data set.
    ///
    /// The predicted class of a pixel is that of the largest value, as in [`Mask::predicted`].
    ///
    /// # Errors
    /// [`Error::Argument`] if the data set has no samples, or its classes or features have other names than those that the
    /// network was trained on; [`Error::Sample`] or [`Error::Output`] for a value, a target or an output that is not finite;
    /// the error of a sample that cannot be read.
    pub fn evaluate_segmentation<D, const C: usize, const H: usize, const W: usize>(
        &self,
        data: &D,
    ) -> Result<Segmentation, Error>
    where
        N: Network<Output = Chw<C, H, W>>,
        D: Samples<N::Input, Target = Mask<C, H, W>>,
        L: Loss<N::Output, Mask<C, H, W>, N::Scalar>,
    {
        refuse_empty("data", data.len())?;
        let mut total = Tally::default();
        let mut confusion = vec![vec![0; C]; C];
        self.outputs("data", data, |samples, y| {
            total.add(self.tally_of(data, samples.clone(), y));
            for (i, sample) in samples.enumerate() {
                let predicted = Mask::predicted(&y.sample(i));
                for (truth, answer) in data.target(sample).as_slice().iter().zip(predicted.as_slice()) {
                    confusion[usize::from(*truth)][usize::from(*answer)] += 1;
                }
            }
        })?;
        Ok(Segmentation::new(total.mean_loss(), confusion))
    }

    /// Area under the receiver operating characteristic of one class against the others, by the probability of the class:
    /// see [`metrics::roc_auc`].
    ///
    /// In Keras: the metric `AUC`. In scikit-learn: `roc_auc_score`.
    ///
    /// # Errors
    /// Those of [`evaluate`](Self::evaluate), and [`Error::Argument`] unless the data set has samples of the class and of others.
    pub fn roc_auc<D, const C: usize>(&self, data: &D, class: Class<C>) -> Result<f64, Error>
    where
        D: Samples<N::Input, Target = Class<C>>,
        N::Output: Scores,
        L: Loss<N::Output, Class<C>, N::Scalar>,
    {
        let (mut scores, mut positive) = (Vec::new(), Vec::new());
        self.outputs("data", data, |samples, y| {
            for (i, sample) in samples.enumerate() {
                let probabilities = N::Output::probabilities(y.sample(i).as_slice());
                scores.push(probabilities[class.index()].as_f64());
                positive.push(*data.target(sample) == class);
            }
        })?;
        metrics::roc_auc(&scores, &positive)
    }

    /// Loss, R², RMSE and MAE on a data set with numbers as targets, of each output and their means over the outputs.
    ///
    /// # Errors
    /// [`Error::Argument`] if the data set has no samples, or its classes or features have other names than those that the
    /// network was trained on; [`Error::Sample`] or [`Error::Output`] for a value, a target or an output that is not finite;
    /// the error of a sample that cannot be read.
    pub fn evaluate_regression<D>(&self, data: &D) -> Result<Regression, Error>
    where
        D: Samples<N::Input>,
        D::Target: ValuesOf<N::Output, N::Scalar>,
        L: Loss<N::Output, D::Target, N::Scalar>,
    {
        refuse_empty("data", data.len())?;
        let mut total = Tally::default();
        let (mut outputs, mut targets) = (Vec::new(), Vec::new());
        self.outputs("data", data, |samples, y| {
            total.add(self.tally_of(data, samples.clone(), y));
            for (i, sample) in samples.enumerate() {
                outputs.extend(y.sample(i).as_slice().iter().map(|y| y.as_f64()));
                targets.extend(data.target(sample).values().iter().map(|d| d.as_f64()));
            }
        })?;
        Regression::new(total.mean_loss(), N::Output::LEN, &outputs, &targets)
    }

    /// Evaluates a classifier on ten crops of each image: it predicts the class with the highest mean probability over the
    /// crops (Krizhevsky et al. 2012, section 4.1). The loss is the cross-entropy of the means: −log of the true class's mean.
    ///
    /// In PyTorch: `torchvision.transforms.TenCrop`.
    ///
    /// # Errors
    /// Those of [`evaluate`](Self::evaluate).
    ///
    /// ```
    /// use convnet::data::TenCrop;
    /// use convnet::prelude::*;
    ///
    /// let mnist = Mnist::load_from("assets/mnist")?;
    /// # let mnist = convnet::data::Mnist { train: mnist.train.subset(0..50), test: mnist.test };
    /// let trainer = Trainer::new(convnet::model::LeNet5::new(1), SoftmaxCrossEntropy, Sgd::new(0.1));
    /// let evaluation = trainer.evaluate_ten_crop(&TenCrop::new(mnist.train, 2))?;
    /// # assert_eq!(evaluation.samples(), 50);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "TenCrop")]
    pub fn evaluate_ten_crop<D, const K: usize, const C: usize, const H: usize, const W: usize>(
        &self,
        data: &TenCrop<D, C, H, W>,
    ) -> Result<Evaluation, Error>
    where
        D: Images<C, H, W>,
        TenCrop<D, C, H, W>: Samples<N::Input, Target = Class<K>>,
        N::Output: Scores,
        L: Loss<N::Output, Class<K>, N::Scalar>,
    {
        refuse_empty("data", data.len())?;
        let mut answers = Answers::new(K);
        let (mut loss, mut sums) = (0.0, vec![0.0; K]);
        self.outputs("data", data, |samples, y| {
            for (i, sample) in samples.enumerate() {
                let probabilities = N::Output::probabilities(y.sample(i).as_slice());
                for (sum, probability) in sums.iter_mut().zip(probabilities) {
                    *sum += probability.as_f64() / VIEWS as f64;
                }
                if sample % VIEWS + 1 == VIEWS {
                    let truth = Samples::<N::Input>::target(data, sample).index();
                    loss -= sums[truth].ln();
                    answers.count(truth, &sums);
                    sums.fill(0.0);
                }
            }
        })?;
        let images = Samples::<N::Input>::len(data) / VIEWS;
        let names = Samples::<N::Input>::metadata(data).classes;
        Ok(answers.evaluation(loss / images as f64).with_class_names(names))
    }
}
