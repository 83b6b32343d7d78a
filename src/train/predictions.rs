//! Predictions for whole data sets.

use std::vec;

use super::loading::{load, refuse_no_answer};
use super::measure::{refuse_other_data, samples_together};
use crate::data::{Samples, Target};
use crate::error::Error;
use crate::network::{Network, Prediction, Scores};
use crate::scalar::Scalar;

/// A network's answer for a sample of a data set: see [`PredictAll::predict_all`].
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Predicted<T = f32> {
    /// The sample's place in the data.
    pub sample: usize,
    /// The file that the sample is from, if it is known.
    pub origin: Option<String>,
    /// The number of the true class, if the targets are classes.
    pub truth: Option<usize>,
    /// The predicted class, and the probability of each.
    pub prediction: Prediction<T>,
}

impl<T: Scalar> Predicted<T> {
    /// The probability of the predicted class.
    pub fn confidence(&self) -> f64 {
        self.prediction.probabilities[self.prediction.class].as_f64()
    }

    /// The loss: −log of the true class's probability. `None` without a true class.
    pub fn loss(&self) -> Option<f64> {
        Some(-self.prediction.probabilities.get(self.truth?)?.as_f64().ln())
    }
}

/// Predictions for whole data sets, for every [`Network`] that classifies.
pub trait PredictAll: Network
where
    Self::Output: Scores,
{
    /// The answers for all samples, in their order. Samples are loaded and classified in batches, on all threads, as the
    /// iterator goes on: of large data little is in memory.
    ///
    /// In Keras: `model.predict`; in scikit-learn: `predict_proba`.
    ///
    /// # Errors
    /// An item is an error, and the last, for data whose classes or features have other names than those that the network was
    /// trained on, and for a batch with a sample that cannot be read, or for which an output is not finite.
    ///
    /// ```
    /// use convnet::model::LeNet5;
    /// use convnet::prelude::*;
    /// use convnet::train::{PredictAll, least_sure};
    ///
    /// # #[cfg(all(feature = "sample", feature = "store"))] {
    /// let test = Mnist::load_from("assets/mnist")?.test;
    /// let answers = LeNet5::pretrained().predict_all(&test).collect::<Result<Vec<_>, _>>()?;
    /// let right = answers.iter().filter(|answer| answer.truth == Some(answer.prediction.class)).count();
    /// assert!(right > 1900);
    /// assert!(least_sure(&answers, 1)[0].confidence() < 0.6);
    /// # }
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias("predict", "predict_proba"))]
    fn predict_all<'a, D: Samples<Self::Input>>(&'a self, data: &'a D) -> Predictions<'a, Self, D> {
        Predictions { network: self, data, next: 0, ready: Vec::new().into_iter() }
    }
}

impl<N: Network> PredictAll for N where N::Output: Scores {}

/// The answers for a data set: see [`PredictAll::predict_all`].
pub struct Predictions<'a, N: Network, D> {
    network: &'a N,
    data: &'a D,
    /// The first sample of the next batch.
    next: usize,
    ready: vec::IntoIter<Predicted<N::Scalar>>,
}

impl<N: Network, D: Samples<N::Input>> Predictions<'_, N, D>
where
    N::Output: Scores,
{
    fn batch(&mut self) -> Result<(), Error> {
        if self.next == 0 {
            refuse_other_data(self.network.metadata(), &self.data.metadata())?;
        }
        let end = (self.next + samples_together::<N::Input>()).min(self.data.len());
        let samples: Vec<usize> = (self.next..end).collect();
        self.next = end;
        let outputs = self.network.infer(&load(self.data, &samples)?);
        refuse_no_answer("data", self.data, &samples, &outputs)?;
        let answer = |(i, &sample): (usize, &usize)| Predicted {
            sample,
            origin: self.data.origin(sample),
            truth: self.data.target(sample).stratum(),
            prediction: Prediction::of::<N::Output>(outputs.sample(i).as_slice()),
        };
        self.ready = samples.iter().enumerate().map(answer).collect::<Vec<_>>().into_iter();
        Ok(())
    }
}

impl<N: Network, D: Samples<N::Input>> Iterator for Predictions<'_, N, D>
where
    N::Output: Scores,
{
    type Item = Result<Predicted<N::Scalar>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(answer) = self.ready.next() {
                return Some(Ok(answer));
            }
            if self.next >= self.data.len() {
                return None;
            }
            if let Err(error) = self.batch() {
                self.next = self.data.len();
                return Some(Err(error));
            }
        }
    }
}

/// The `k` answers with the largest loss, the worst first: those for which the true class is least probable.
pub fn worst<T: Scalar>(answers: &[Predicted<T>], k: usize) -> Vec<&Predicted<T>> {
    first_by(answers, k, |answer| -answer.loss().unwrap_or(0.0))
}

/// The `k` answers of which the network is least sure: those whose predicted class is least probable.
pub fn least_sure<T: Scalar>(answers: &[Predicted<T>], k: usize) -> Vec<&Predicted<T>> {
    first_by(answers, k, Predicted::confidence)
}

fn first_by<T>(answers: &[Predicted<T>], k: usize, key: impl Fn(&Predicted<T>) -> f64) -> Vec<&Predicted<T>> {
    let mut order: Vec<&Predicted<T>> = answers.iter().collect();
    order.sort_by(|a, b| key(a).total_cmp(&key(b)));
    order.truncate(k);
    order
}

/// Writes answers as a table with a row for each: `sample,file,class,name,probability,true_class`. Cells are empty where nothing
/// is known. `names` are those of the classes, such as [`Network::metadata`]`().classes`.
///
/// # Errors
/// The first error of an answer; [`Error::Io`] if `to` cannot be written.
///
/// ```
/// use convnet::model::LeNet5;
/// use convnet::prelude::*;
/// use convnet::train::{PredictAll, write_csv};
///
/// # #[cfg(all(feature = "sample", feature = "store"))] {
/// let test = Mnist::load_from("assets/mnist")?.test;
/// let net = LeNet5::pretrained();
/// let mut table = Vec::new();
/// write_csv(&mut table, net.predict_all(&test).take(2), &net.metadata().classes)?;
/// let table = String::from_utf8(table).unwrap();
/// assert!(table.starts_with("sample,file,class,name,probability,true_class\n0,,8,"));
/// # }
/// # Ok::<(), convnet::Error>(())
/// ```
#[cfg(feature = "csv")]
pub fn write_csv<T: Scalar>(
    to: impl std::io::Write,
    answers: impl IntoIterator<Item = Result<Predicted<T>, Error>>,
    names: &[String],
) -> Result<(), Error> {
    let mut table = csv::Writer::from_writer(to);
    let failed = |error: csv::Error| Error::io("predictions", "write")(error.into());
    table.write_record(["sample", "file", "class", "name", "probability", "true_class"]).map_err(failed)?;
    for answer in answers {
        let answer = answer?;
        let Predicted { sample, origin, truth, prediction } = &answer;
        let row = [
            sample.to_string(),
            origin.clone().unwrap_or_default(),
            prediction.class.to_string(),
            prediction.name(names).unwrap_or_default().to_owned(),
            answer.confidence().to_string(),
            truth.map(|class| class.to_string()).unwrap_or_default(),
        ];
        table.write_record(row).map_err(failed)?;
    }
    table.flush().map_err(Error::io("predictions", "write"))
}
