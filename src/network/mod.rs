//! Networks: inference, summaries, and access to parameters and activations.
//!
//! [`network!`](crate::network!) declares a network as a type that implements [`Network`]:
//!
#![cfg_attr(feature = "store", doc = "```")]
#![cfg_attr(not(feature = "store"), doc = "```text")]
//! use convnet::prelude::*;
//!
//! network! {
//!     struct Digits: Chw<1, 28, 28> => Flat<10> {
//!         conv: Conv2d { filters: 8, kernel: 5, stride: 2 },
//!         relu: Relu,
//!         flatten: Flatten,
//!         fc: Dense { units: 10 },
//!     }
//! }
//!
//! let mut net = Digits::new(1); // random parameters, drawn from this seed
//! println!("{}", net.summary(64)); // shapes, parameters, work, and the memory for a batch of 64
//!
//! // A batch of samples: 10 logits for each.
//! let images: Vec<_> = (0..3).map(|n| Tensor::<Chw<1, 28, 28>>::from_fn(|i| ((i + n) % 7) as f32)).collect();
//! let logits = net.infer(&Batch::from_iter(&images));
//! assert_eq!(logits.len(), 3);
//!
//! // One sample: its class, and the probability of each class.
//! let prediction = net.predict(&images[0]);
//! assert!(prediction.probabilities[prediction.class] >= 0.1);
//!
//! // The output of every layer for one sample.
//! let layers = net.activations(&images[0]);
//! assert_eq!((layers[0].name.as_str(), layers[0].shape.to_string()), ("conv", "8×12×12".into()));
//!
//! // The parameters in a file, under PyTorch's names.
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("digits.safetensors");
//! # let _ = stringify!(
//! let path = "digits.safetensors";
//! # );
//! net.save(&path)?;
//! net.load(&path)?;
//! # Ok::<(), convnet::Error>(())
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | declare a network | [`network!`](crate::network!), [`Sequential`], [`Stack`] |
//! | predict a class | [`Network::predict`] |
//! | infer a batch; without allocating | [`Network::infer`]; [`Network::infer_into`] |
//! | see the output of every layer | [`Network::activations`] |
//! | see shapes, parameters, work and memory | [`Network::summary`], `println!("{net}")`, `Net::PARAMS`, `Net::MACS` |
//! | read or change parameters | `net.conv().weight()`, `net.layers_mut()`, [`Model::named_params`], [`Model::set_param`] |
//! | train | [`Trainer`](crate::train::Trainer) |
//! | save and load (feature `store`) | `net.save(path)` and `net.load(path)` of `store::SaveLoad` |

mod model;
mod prediction;
mod sequential;

pub use model::Model;
pub use prediction::{Prediction, Scores};
pub use sequential::{Sequential, Stack};

use std::fmt;

use crate::data::class_of;
use crate::declare::Item;
use crate::init::Init;
use crate::run::Activations;
use crate::scalar::Scalar;
use crate::shape::{Dims, Shape};
use crate::summary::Summary;
use crate::tensor::{Batch, Tensor};

/// A network: layers with parameters. Declared by [`network!`](crate::network!) or as a
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

    /// The lines of the network's declaration. Empty unless [`network!`](crate::network!) declares the network.
    #[doc(hidden)]
    const LAYERS: &'static [Item<Self::Scalar>] = &[];

    /// Multiply-accumulates for one sample, forward; biases, activations and pooling are not counted.
    const MACS: usize;

    /// Bytes that the outputs of all layers take for one sample while training.
    const ACTIVATION_BYTES: usize;

    /// A network with random parameters, drawn from the seed by the rule of [`Init::default`].
    fn new(seed: u64) -> Self {
        Self::with_init(Init::default(), seed)
    }

    /// A network with random parameters, drawn from the seed by the given rule.
    fn with_init(init: Init, seed: u64) -> Self;

    /// The parameters and the plan.
    fn model(&self) -> &Model<Self::Input, Self::Output, Self::Scalar>;

    /// The parameters and the plan, for changes.
    fn model_mut(&mut self) -> &mut Model<Self::Input, Self::Output, Self::Scalar>;

    /// The outputs for a batch of samples. Uses all threads.
    ///
    /// After a first call with as many samples it allocates only the outputs; [`infer_into`](Network::infer_into) then
    /// allocates nothing. (If it is called outside of rayon's pool, rayon's own queue grows by a block now and then.)
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
    /// If the number of outputs is not the number of samples.
    fn infer_into<S>(&self, outputs: &mut Batch<Self::Output, Self::Scalar>, batch: &Batch<S, Self::Scalar>)
    where
        S: Feeds<Self::Input>,
    {
        self.model().infer_into(outputs, batch);
    }

    /// The layers with their shapes, parameters and work, and the memory that a batch of `batch` samples takes. Printing a
    /// network shows its summary for a batch of 64.
    fn summary(&self, batch: usize) -> Summary {
        Summary::of(self.model().program(), batch)
    }

    /// The output of every layer for one sample, in order, in inference mode. For a convolution these are its feature maps.
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
            let shape = plan.output_of(step);
            LayerOutput { name: step.name.clone(), shape, values }
        });
        outputs.collect()
    }

    /// The predicted class of one sample, with the probability of each class. An output of shape `Flat<N>` is read as
    /// logits, and `Flat<1>` as the logit of class 1 of two. If the outputs mean something else, as in a regression, call
    /// [`infer`](Network::infer) instead.
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

/// Sample shapes that a network with input shape `In` accepts: only `In` itself.
// The bound is on the sample's shape and not on the network's, so that the compiler looks at the argument before it decides
// which shape it must have. A wrong shape then gets this message and not "mismatched types".
#[diagnostic::on_unimplemented(
    message = "the network takes samples of shape `{In}`, but is given `{Self}`",
    label = "samples of shape `{Self}`"
)]
pub trait Feeds<In>: Shape {}
impl<S: Shape> Feeds<S> for S {}

/// The output of a layer for one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerOutput<T = f32> {
    /// The layer's name.
    pub name: String,
    /// The shape of the output.
    pub shape: Dims,
    /// The values, in channel, row, column order.
    pub values: Vec<T>,
}
