//! Learning curves, validation curves, and functions with their derivatives.

use std::ops::Range;

use super::Picture;
use super::chart::{Chart, panels};
use crate::Error;
use crate::train::{Epoch, History, LossAndAccuracy};

/// Loss and, for a classifier, accuracy in per cent, by epoch, on training and validation data.
///
/// The values on training data are those during training. A vertical line marks the epoch whose parameters early
/// stopping restored.
///
/// ```
/// use convnet::plot::learning_curves;
/// use convnet::train::{Epoch, History, LossAndAccuracy};
///
/// let score = |loss, accuracy| LossAndAccuracy { loss, accuracy: Some(accuracy) };
/// let epoch = |epoch, loss, accuracy| {
///     Epoch::new(epoch, score(loss, accuracy), Some(score(loss + 0.1, accuracy - 0.02)), 1.0)
/// };
/// let mut history = History::new(vec![epoch(1, 0.9, 0.71), epoch(2, 0.4, 0.88), epoch(3, 0.5, 0.86)]);
/// history.restored = Some(2);
/// let picture = learning_curves("LeNet-5", &history);
/// for text in ["LeNet-5", "loss", "accuracy (%)", "epoch", "validation", "early stopping: epoch 2"] {
///     assert!(picture.svg().contains(text));
/// }
/// ```
pub fn learning_curves(title: &str, history: &History) -> Picture {
    let train: fn(&Epoch) -> Option<LossAndAccuracy> = |epoch| Some(epoch.train);
    let mut lines = vec![("training", history, train)];
    if history.epochs.iter().any(|epoch| epoch.validation.is_some()) {
        lines.push(("validation", history, |epoch| epoch.validation));
    }
    let mark = |chart: Chart| match history.restored {
        Some(epoch) => chart.mark(epoch as f64, format!("early stopping: epoch {epoch}")),
        None => chart,
    };
    let charts: Vec<_> = scores(&lines, "").into_iter().map(mark).collect();
    panels(title, 2, &charts)
}

/// Validation loss and, for classifiers, accuracy in per cent, by epoch, for several training runs.
///
/// ```
/// use convnet::plot::validation_curves;
/// use convnet::train::{Epoch, History, LossAndAccuracy};
///
/// let score = LossAndAccuracy { loss: 0.5, accuracy: None };
/// let history = History::new(vec![Epoch::new(1, score, Some(score), 1.0)]);
/// let picture = validation_curves("Dropout", &[("none", &history), ("one half", &history)]);
/// assert!(picture.svg().contains("validation loss") && picture.svg().contains("one half"));
/// ```
pub fn validation_curves(title: &str, runs: &[(&str, &History)]) -> Picture {
    let validation: fn(&Epoch) -> Option<LossAndAccuracy> = |epoch| epoch.validation;
    let lines: Vec<_> = runs.iter().map(|(name, history)| (*name, *history, validation)).collect();
    panels(title, 2, &scores(&lines, "validation "))
}

type Line<'a> = (&'a str, &'a History, fn(&Epoch) -> Option<LossAndAccuracy>);

/// A chart of losses, and one of accuracies if there are any.
fn scores(lines: &[Line<'_>], part: &str) -> Vec<Chart> {
    // Marks at more than 50 epochs would hide the lines.
    let crowded = lines.iter().any(|(_, history, _)| history.epochs.len() > 50);
    let chart = |label: &str, value: fn(LossAndAccuracy) -> Option<f64>| {
        let mut any = false;
        let mut chart = Chart::new("").x_label("epoch").y_label(format!("{part}{label}"));
        for (name, history, score) in lines {
            let points = history.epochs.iter().map(|epoch| {
                let value = score(epoch).and_then(value);
                any |= value.is_some();
                [epoch.epoch as f64, value.unwrap_or(f64::NAN)]
            });
            chart = if crowded { chart.line(*name, points) } else { chart.connected(*name, points) };
        }
        (chart, any)
    };
    let (losses, _) = chart("loss", |score| Some(score.loss));
    let (accuracies, any) = chart("accuracy (%)", |score| score.accuracy.map(|fraction| 100.0 * fraction));
    if any { vec![losses, accuracies] } else { vec![losses] }
}

/// A function and its derivative.
///
/// ```
/// use convnet::plot::Function;
///
/// let square = Function { name: "x²", value: &|x| x * x, derivative: &|x| 2.0 * x };
/// assert_eq!((square.value)(3.0), 9.0);
/// ```
#[derive(Clone, Copy)]
pub struct Function<'a> {
    /// Its name, over its chart.
    pub name: &'a str,
    /// f(x)
    pub value: &'a dyn Fn(f64) -> f64,
    /// f′(x)
    pub derivative: &'a dyn Fn(f64) -> f64,
}

/// A chart for each function, with its derivative, over a range.
///
/// # Errors
/// [`Error::Argument`] if the range is empty or not finite.
///
/// ```
/// use convnet::plot::{Function, functions};
///
/// let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
/// let picture = functions("Activations", -6.0..6.0, &[
///     Function { name: "sigmoid", value: &sigmoid, derivative: &|x| sigmoid(x) * (1.0 - sigmoid(x)) },
///     Function { name: "tanh", value: &f64::tanh, derivative: &|x| 1.0 - x.tanh().powi(2) },
/// ])?;
/// assert!(picture.svg().contains("sigmoid") && picture.svg().contains("derivative f′(x)"));
/// # Ok::<(), convnet::Error>(())
/// ```
pub fn functions(title: &str, range: Range<f64>, functions: &[Function<'_>]) -> Result<Picture, Error> {
    let chart = |Function { name, value, derivative }: &Function<'_>| {
        let chart = Chart::new(*name).x_label("x").function("value f(x)", range.clone(), value)?;
        chart.function("derivative f′(x)", range.clone(), derivative)
    };
    let charts: Result<Vec<_>, Error> = functions.iter().map(chart).collect();
    let columns = if matches!(functions.len(), 0..=2 | 4) { 2 } else { 3 };
    Ok(panels(title, columns, &charts?))
}
