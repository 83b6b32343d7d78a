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
//! | see the output of every layer; where in an image a class is seen | [`Network::activations`]; [`Network::grad_cam`] |
//! | replace the last layer, for other classes | [`Network::with_head`] |
//! | see shapes, parameters, work and memory | [`Network::summary`], `println!("{net}")`, `Net::PARAMS`, `Net::MACS` |
//! | read or change parameters | `net.conv().weight()`, `net.layers_mut()`, [`Model::named_params`], [`Model::set_param`] |
//! | compute faster and less exactly | [`Network::arithmetic`] |
//! | train | [`Trainer`](crate::train::Trainer) |
//! | save and load (feature `store`) | `net.save(path)` and `net.load(path)` of `store::SaveLoad` |

mod model;
mod prediction;
mod sequential;

pub use model::Model;
pub use prediction::{Prediction, Scores};
pub use sequential::{Sequential, Stack};

use std::fmt;

use crate::data::Metadata;
use crate::declare::Item;
use crate::error::Error;
use crate::init::Init;
pub use crate::plan::Arithmetic;
use crate::plan::{Param, Plan, Step};
use crate::run::{Activations, Program, ValueGradient};
use crate::scalar::{Scalar, compiled};
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

    /// The same network in another arithmetic, for inference and for training. The default, [`Arithmetic::Exact`], is exact on
    /// whole numbers; [`Arithmetic::Fast`] needs fewer multiplications for kernels of 3×3 and rounds more.
    ///
    /// Files of parameters say nothing of the arithmetic, and [`with_head`](Network::with_head) gives a network in the default.
    ///
    /// ```
    /// use convnet::model::AlexNetSmall;
    /// use convnet::prelude::*;
    /// let exact = AlexNetSmall::new(1);
    /// let fast = exact.clone().arithmetic(Arithmetic::Fast);
    /// let images: Batch<Chw<3, 32, 32>> = (0..32).map(|n| Tensor::from_fn(|i| ((i * (n + 3)) % 17) as f32 / 17.0)).collect();
    /// let [exact, fast] = [exact, fast].map(|net| net.infer(&images).sample(7));
    /// assert_ne!(exact, fast);
    /// for (exact, fast) in exact.as_slice().iter().zip(fast.as_slice()) {
    ///     assert!((exact - fast).abs() < 1e-4);
    /// }
    /// ```
    #[doc(alias("Winograd", "precision"))]
    #[must_use]
    fn arithmetic(mut self, arithmetic: Arithmetic) -> Self {
        self.model_mut().set_arithmetic(arithmetic);
        self
    }

    /// A network with this one's parameters, but for the layers of this name, or of this group or block, which are drawn from
    /// the seed: the same network for other classes.
    ///
    /// In PyTorch: `net.fc = nn.Linear(512, 2)`.
    ///
    /// # Errors
    /// [`Error::Argument`] if another parameter is missing, new or of another shape.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::ResNet20Cifar;
    /// let ten = <ResNet20Cifar>::new(1);
    /// let two: ResNet20Cifar<2> = ten.with_head("fc", 2)?;
    /// assert_eq!(two.conv1().weight(), ten.conv1().weight());
    /// let error = ten.with_head::<ResNet20Cifar<2>>("conv1", 2).unwrap_err();
    /// let message = "network with another head: expected fc.weight [10, 64], fc.bias [10], found fc.weight [2, 64], fc.bias [2]";
    /// assert_eq!(error.to_string(), message);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias("transfer", "fine-tune"))]
    fn with_head<N>(&self, head: &str, seed: u64) -> Result<N, Error>
    where
        N: Network<Scalar = Self::Scalar>,
    {
        let mut other = N::new(seed);
        let (from, (to, params)) = (self.model(), other.model_mut().parts_mut());
        let all = (from.plan(), from.params(), to.plan(), params, head);
        Self::Scalar::compiled::<CopyAllBut>(all)?;
        other.model_mut().set_metadata(self.metadata().clone().without_classes());
        Ok(other)
    }

    /// The names of the classes, and the way from a picture or a row of a table to the input: those of the data that the
    /// network was trained on, or of the file that its parameters are from.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// # #[cfg(feature = "store")] {
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("net.safetensors");
    /// # network! { struct Net: Chw<1, 28, 28> => Flat<10> { pool: GlobalAvgPool, fc: Dense { units: 10 } } }
    /// let train = Mnist::load_from("assets/mnist")?.train;
    /// # let train = train.subset(0..64);
    /// let mut trainer = Trainer::new(Net::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).epochs(1);
    /// trainer.fit(&train, None)?;
    /// trainer.network().save(&path)?;
    ///
    /// let mut net = Net::new(2);
    /// net.load(&path)?;
    /// assert_eq!(net.metadata().class_name(9), Some("9"));
    /// # }
    /// # Ok::<(), convnet::Error>(())
    /// ```
    fn metadata(&self) -> &Metadata {
        self.model().metadata()
    }

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

    /// The Grad-CAM heat map of a class for one sample, which shows where a convolution saw it: the feature maps of a layer,
    /// weighted by the gradient of the class's output by each (Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via
    /// gradient-based localization", equations 1 and 2). `layer` is usually the last that gives maps; of a group or block it is
    /// the last layer.
    ///
    /// # Shapes
    /// A layer of C×H×W gives a map of 1×H×W, of values from 0.
    ///
    /// # Formula
    /// With the layer's maps Aₖ and the network's output y of the class, which should be a logit: α\[k\] = mean over positions of ∂y / ∂Aₖ, and
    /// the map is max(0, Σₖ α\[k\]·Aₖ). As in inference, nothing is drawn, and batch normalisation uses its running statistics.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such layer or output, or the layer gives no maps.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::LeNet5;
    /// let net = LeNet5::new(7);
    /// let map = net.grad_cam(&Tensor::<Chw<1, 28, 28>>::zeros(), "conv2", 3)?;
    /// assert_eq!(map.shape.to_string(), "1×10×10");
    /// assert!(net.grad_cam(&Tensor::<Chw<1, 28, 28>>::zeros(), "fc1", 3).is_err());
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias("saliency", "heat map", "CAM"))]
    fn grad_cam<S>(
        &self,
        sample: &Tensor<S, Self::Scalar>,
        layer: &str,
        class: usize,
    ) -> Result<LayerOutput<Self::Scalar>, Error>
    where
        S: Feeds<Self::Input>,
    {
        let (program, params) = (self.model().program(), self.model().params());
        Self::Scalar::compiled::<GradCam>((program, sample.as_slice(), params, layer, class))
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
        Prediction::of::<Self::Output>(scores.as_slice())
    }
}

/// A program, a sample, the parameters, the name of a layer, and a class.
type GradCamArgs<'a, T> = (&'a Program<T>, &'a [T], &'a [T], &'a str, usize);

compiled! {
    /// [`Network::grad_cam`].
    GradCam<'a, T>(GradCamArgs<'a, T>) -> Result<LayerOutput<T>, Error> = grad_cam
}

fn grad_cam<T: Scalar>(
    (program, x, params, layer, class): GradCamArgs<'_, T>,
) -> Result<LayerOutput<T>, Error> {
    let plan = program.plan();
    let Some(step) = plan.steps().iter().rfind(|step| step.is_of(layer)) else {
        return Err(Error::argument("layer", plan.names(), layer));
    };
    let shape = plan.output_of(step);
    if !shape.is_maps() {
        return Err(Error::argument("output of the layer", "maps of channels × rows × columns", shape));
    }
    let outputs = plan.ends()[1].len();
    if class >= outputs {
        return Err(Error::argument("class", format!("0 to {}", outputs - 1), class));
    }
    let [maps, gradients] = T::compiled::<ValueGradient>((program, x, params, step.output, class));
    let area = shape.height() * shape.width();
    let mut values = vec![T::zero(); area];
    for (map, gradient) in maps.chunks_exact(area).zip(gradients.chunks_exact(area)) {
        let weight = gradient.iter().copied().sum::<T>() / T::of(area as f64);
        values.iter_mut().zip(map).for_each(|(sum, value)| *sum += weight * *value);
    }
    values.iter_mut().for_each(|value| *value = value.max(T::zero()));
    Ok(LayerOutput { name: step.name.clone(), shape: Dims::chw(1, shape.height(), shape.width()), values })
}

/// A plan with its parameters, another one, and the name of layers.
type Copied<'a, T> = (&'a Plan<T>, &'a [T], &'a Plan<T>, &'a mut [T], &'a str);

compiled! {
    /// Copies all parameters of a plan to another one, but those of the layers of a name.
    CopyAllBut<'a, T>(Copied<'a, T>) -> Result<(), Error> = copy_all_but
}

fn copy_all_but<T: Scalar>((from, values, to, params, head): Copied<'_, T>) -> Result<(), Error> {
    if !to.steps().iter().any(|step| step.is_of(head)) {
        return Err(Error::argument("head", to.names(), head));
    }
    let tensors = |step: &Step<T>| -> Vec<String> {
        let tensor = |param: Param| format!("{}.{} {:?}", step.name, param.name, param.shape);
        step.op.params().into_iter().map(tensor).collect()
    };
    let [mut ours, mut theirs] = [from, to]
        .map(|plan| plan.steps().iter().filter(|step| !step.params.is_empty() && !step.is_of(head)));
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return Ok(()),
            (Some(a), Some(b)) if tensors(a) == tensors(b) => {
                params[b.params.clone()].copy_from_slice(&values[a.params.clone()]);
            }
            (a, b) => {
                let shown = |step: Option<&Step<T>>| {
                    step.map_or("nothing".to_owned(), |step| tensors(step).join(", "))
                };
                return Err(Error::argument("network with another head", shown(a), shown(b)));
            }
        }
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
