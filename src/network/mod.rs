//! Networks: a plan with its parameters.

mod model;
mod prediction;
mod sequential;

pub use model::Model;
pub use prediction::{Prediction, Scores};
pub use sequential::{Sequential, Stack};

use std::fmt;

use crate::data::class_of;
use crate::init::Init;
use crate::plan::Facts;
use crate::run::Activations;
use crate::scalar::Scalar;
use crate::shape::{Dims, Shape};
use crate::summary::Summary;
use crate::tensor::{Batch, Tensor};

/// A network: a chain of layers with parameters. Declared by [`network!`](crate::network!) or as a
/// [`Sequential`].
///
/// Inference takes `&self`, so one network serves any number of threads at once.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::model::LeNet5;
///
/// let net = LeNet5::new(7);
/// let image = Tensor::<Chw<1, 28, 28>>::zeros();
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| assert!(net.predict(&image).class < 10));
///     }
/// });
/// ```
pub trait Network: Clone + Send + Sync + fmt::Display + Sized {
    /// Shape of one input sample.
    type Input: Shape;
    /// Shape of one output sample.
    type Output: Shape;
    /// `f32` or `f64`.
    type Scalar: Scalar;

    /// Trainable parameters.
    const PARAMS: usize;

    /// Parameters that are not trained: running statistics.
    const BUFFERS: usize;

    /// Each layer's name and facts. Empty unless [`network!`](crate::network!) declares the network.
    const LAYERS: &'static [(&'static str, Facts)] = &[];

    /// Multiply-accumulates for one sample, forward; biases, activations and pooling are not counted.
    const MACS: usize;

    /// Bytes that the outputs of all layers take for one sample while training.
    const ACTIVATION_BYTES: usize;

    /// A network with random parameters: each layer's as [`Init::default`] says, drawn from the seed.
    fn new(seed: u64) -> Self {
        Self::with_init(Init::default(), seed)
    }

    /// A network with random parameters by the given rule, drawn from the seed.
    fn with_init(init: Init, seed: u64) -> Self;

    /// The parameters and the plan.
    fn model(&self) -> &Model<Self::Input, Self::Output, Self::Scalar>;

    /// The parameters and the plan, to change.
    fn model_mut(&mut self) -> &mut Model<Self::Input, Self::Output, Self::Scalar>;

    /// The outputs for a batch of samples. Uses all threads.
    ///
    /// After a call with as many samples it allocates nothing but the outputs, and [`infer_into`](Network::infer_into)
    /// not even these. (Outside of rayon's pool, rayon's own queue grows by a block now and then.)
    fn infer<S>(&self, batch: &Batch<S, Self::Scalar>) -> Batch<Self::Output, Self::Scalar>
    where
        S: Feeds<Self::Input>,
    {
        let mut outputs = Batch::zeros(batch.len());
        self.model().infer_into(&mut outputs, batch);
        outputs
    }

    /// Writes the outputs for a batch of samples to `outputs`.
    ///
    /// # Panics
    /// If there are not as many outputs as samples.
    fn infer_into<S>(&self, outputs: &mut Batch<Self::Output, Self::Scalar>, batch: &Batch<S, Self::Scalar>)
    where
        S: Feeds<Self::Input>,
    {
        self.model().infer_into(outputs, batch);
    }

    /// The layers with their shapes, parameters and work, and the memory that a batch of so many samples takes. A network
    /// that is printed shows the same, for a batch of 64.
    fn summary(&self, batch: usize) -> Summary {
        Summary::of(self.model().program(), batch)
    }

    /// What every layer gives for one sample, in order, as in inference: the feature maps of a convolution, for one.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::LeNet5;
    ///
    /// let layers = LeNet5::new(7).activations(&Tensor::<Chw<1, 28, 28>>::zeros());
    /// assert_eq!((layers[0].name.as_str(), layers[0].shape.to_string()), ("conv1", "6×28×28".into()));
    /// assert_eq!(layers[0].values.len(), 6 * 28 * 28);
    /// ```
    fn activations<S>(&self, sample: &Tensor<S, Self::Scalar>) -> Vec<LayerOutput<Self::Scalar>>
    where
        S: Feeds<Self::Input>,
    {
        let (program, params) = (self.model().program(), self.model().params());
        let values = Self::Scalar::compiled::<Activations>((program, sample.as_slice(), params));
        let plan = program.plan();
        let outputs = plan.steps().iter().zip(values).map(|(step, values)| {
            let [_, shape] = plan.dims(step);
            LayerOutput { name: step.name.clone(), shape, values }
        });
        outputs.collect()
    }

    /// The class of one sample, with the probability of each class. An output of shape `Flat<N>` is taken for
    /// logits, a `Flat<1>` for the logit of class 1 of two; for a network whose outputs are not, such as a regression,
    /// [`infer`](Network::infer) is the call.
    fn predict<S>(&self, sample: &Tensor<S, Self::Scalar>) -> Prediction<Self::Scalar>
    where
        S: Feeds<Self::Input>,
        Self::Output: Scores,
    {
        let scores = self.model().infer_one(sample);
        let probabilities = Self::Output::probabilities(scores.as_slice());
        Prediction { class: class_of(scores.as_slice().iter().copied(), probabilities.len()), probabilities }
    }
}

/// The samples that a network which takes `In` can be given: those of that shape alone.
// On the sample's shape and not on the network's: the compiler then looks at the argument before it decides what
// the shape must be, and a wrong one is told in these words and not as mismatched types.
#[diagnostic::on_unimplemented(
    message = "the network takes samples of shape `{In}`, but is given `{Self}`",
    label = "samples of shape `{Self}`"
)]
pub trait Feeds<In>: Shape {}
impl<S: Shape> Feeds<S> for S {}

/// What a layer gives for one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerOutput<T = f32> {
    /// The layer's name.
    pub name: String,
    /// The shape of what it gives.
    pub shape: Dims,
    /// The values, in channel, row, column order.
    pub values: Vec<T>,
}
