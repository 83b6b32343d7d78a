//! Summaries of networks, as a table or as data.

use std::fmt;

use crate::error::in_mib;
use crate::plan::Frozen;
use crate::plan::schedule::Purpose;
use crate::run::{Program, Training};
use crate::scalar::{Scalar, compiled};
use crate::shape::Dims;

/// A network's layers with their shapes, parameters and work, and the memory that a batch takes.
///
/// It prints as a table. With feature `store` it serialises with `serde`, to JSON for instance.
///
/// In PyTorch: `torchinfo.summary(net)`. In Keras: `model.summary()`.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::model::LeNet5;
///
/// let summary = LeNet5::new(1).summary(64);
/// assert!(summary.to_string().contains("16×10×10           2,416  240,000"));
/// # #[cfg(feature = "store")] {
/// let json = serde_json::to_value(&summary).unwrap();
/// assert_eq!(json["parameters"], 61_706);
/// assert_eq!(json["layers"][3]["name"], "conv2");
/// assert_eq!(json["layers"][3]["output"], serde_json::json!([16, 10, 10]));
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "store", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Summary {
    /// Shape of an input sample: channels, height and width, or the length of a vector.
    pub input: Vec<usize>,
    /// The layers, in order.
    pub layers: Vec<LayerSummary>,
    /// Trainable parameters.
    pub parameters: usize,
    /// Parameters that are not trained: running statistics.
    pub buffers: usize,
    /// Multiply-accumulates for one sample, forward.
    pub macs: usize,
    /// Samples of the batch that the memory is for.
    pub batch: usize,
    /// Bytes that a training step with the batch holds, if it is computed as a whole: parameters, gradients, the outputs of all
    /// layers and working space, which 3×3 convolutions need for each thread; without the state of the optimiser.
    pub training_bytes: usize,
    /// Bytes that inference of the batch holds, if it is computed as a whole: parameters, the batch, its outputs and working
    /// space.
    pub inference_bytes: usize,
}

/// A layer in a [`Summary`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "store", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LayerSummary {
    /// Its name in the network.
    pub name: String,
    /// Its kind and settings: "Conv2d 5×5, padding 2".
    pub kind: String,
    /// Shape of an output sample: channels, height and width, or the length of a vector.
    pub output: Vec<usize>,
    /// Trainable parameters.
    pub parameters: usize,
    /// Multiply-accumulates for one sample, forward.
    pub macs: usize,
}

fn shape(dims: Dims) -> Vec<usize> {
    match dims.kind() {
        Dims::CHW => vec![dims.channels(), dims.height(), dims.width()],
        _ => vec![dims.channels()],
    }
}

impl Summary {
    /// The summary of a program, with the memory for a batch of this size.
    pub(crate) fn of<T: Scalar>(program: &Program<T>, batch: usize) -> Self {
        T::compiled::<Summarise>((program, batch))
    }
}

compiled! {
    /// [`Summary::of`]: (program, samples of a batch).
    Summarise<'a, T>((&'a Program<T>, usize)) -> Summary = summarise
}

fn summarise<T: Scalar>((program, batch): (&Program<T>, usize)) -> Summary {
    let plan = program.plan();
    let layers = plan.steps().iter().map(|step| LayerSummary {
        name: step.name.clone(),
        kind: step.op.describe(),
        output: shape(plan.output_of(step)),
        parameters: step.trained,
        macs: step.macs,
    });
    Summary {
        input: shape(plan.values()[0].dims),
        layers: layers.collect(),
        parameters: plan.trained(),
        buffers: plan.params() - plan.trained(),
        macs: plan.macs(),
        batch,
        training_bytes: Training::new(program, Purpose::Train, &Frozen::default()).bytes(program, batch),
        inference_bytes: program.inference_bytes(batch),
    }
}

/// Layer, type, output shape, trainable parameters and multiply-accumulates, their totals, and the memory for the
/// batch.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
        let head = ["layer", "type", "output shape", "parameters", "MACs"].map(String::from);
        let mut rows =
            vec![head, ["input".into(), String::new(), by(&self.input), String::new(), String::new()]];
        rows.extend(self.layers.iter().map(|LayerSummary { name, kind, output, parameters, macs }| {
            [name.clone(), kind.clone(), by(output), grouped(*parameters), grouped(*macs)]
        }));
        rows.push([
            "total".into(),
            String::new(),
            String::new(),
            grouped(self.parameters),
            grouped(self.macs),
        ]);
        let mut widths = [0; 5];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let rule = "─".repeat(widths.iter().sum::<usize>() + 2 * 4);
        for (i, [layer, kind, output, params, macs]) in rows.iter().enumerate() {
            if i == 1 || i + 1 == rows.len() {
                writeln!(f, "{rule}")?;
            }
            let [a, b, c, d, e] = widths;
            writeln!(f, "{layer:<a$}  {kind:<b$}  {output:<c$}  {params:>d$}  {macs:>e$}")?;
        }
        if self.buffers > 0 {
            writeln!(f, "{} running statistics that are not trained", grouped(self.buffers))?;
        }
        let [training, inference] =
            [self.training_bytes, self.inference_bytes].map(|bytes| in_mib(bytes as u64));
        let batch = self.batch;
        writeln!(f, "memory for a batch of {batch}: {training} in training, {inference} in inference")
    }
}

/// 61706 is written "61,706".
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
