//! Networks: a plan with its parameters.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::data::class_of;
use crate::error::Error;
use crate::init::Init;
use crate::layer::{Activation, Chain, Layer, Sigmoid};
use crate::plan::{Facts, Param, Plan};
use crate::run::{Activations, Infer, InferSample, Program};
use crate::scalar::Scalar;
use crate::shape::{self, Dims, Shape, ShapeError};
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

/// Output shapes that score classes.
#[diagnostic::on_unimplemented(message = "an output of shape `{Self}` does not score classes")]
pub trait Scores: Shape {
    /// The probability of each class.
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T>;
}

/// Logits; a single one is that of class 1 of two.
impl<const N: usize> Scores for shape::Flat<N> {
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T> {
        if let [logit] = scores {
            return vec![Sigmoid.value(-*logit), Sigmoid.value(*logit)];
        }
        let largest = scores.iter().copied().fold(T::neg_infinity(), T::max);
        let exps: Vec<T> = scores.iter().map(|&x| (x - largest).exp()).collect();
        let sum = exps.iter().copied().sum::<T>();
        exps.into_iter().map(|e| e / sum).collect()
    }
}

impl<const N: usize> Scores for shape::Probabilities<N> {
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T> {
        scores.to_vec()
    }
}

impl<const N: usize> Scores for shape::LogProbabilities<N> {
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T> {
        scores.iter().map(|log| log.exp()).collect()
    }
}

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

/// The class of a sample, and how probable each class is.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction<T = f32> {
    /// The class with the highest score; of equal ones the first.
    pub class: usize,
    /// The probability of each class.
    pub probabilities: Vec<T>,
}

/// The parameters of a network and its plan.
pub struct Model<In, Out, T> {
    program: Arc<Program<T>>,
    params: Vec<T>,
    shapes: PhantomData<(In, Out)>,
}

impl<In, Out, T: Clone> Clone for Model<In, Out, T> {
    fn clone(&self) -> Self {
        Model { program: self.program.clone(), params: self.params.clone(), shapes: PhantomData }
    }
}

impl<In: Shape, Out: Shape, T: Scalar> Model<In, Out, T> {
    /// The operations of a plan, with parameters drawn for them.
    ///
    /// # Panics
    /// If the plan does not lead from `In` to `Out`.
    pub fn new(plan: Plan<T>, init: Init, seed: u64) -> Self {
        assert!(!plan.steps().is_empty(), "a network has at least one layer");
        assert_eq!(plan.ends(), Some([In::DIMS, Out::DIMS]), "the plan's shapes");
        let mut params = vec![T::zero(); plan.params()];
        for (layer, step) in plan.steps().iter().enumerate() {
            let mut rest = &mut params[step.params.clone()];
            for (i, param) in step.op.params().iter().enumerate() {
                let (values, tail) = rest.split_at_mut(param.len());
                init.fill(values, param, seed, [layer as u64, i as u64]);
                rest = tail;
            }
        }
        Model { program: Arc::new(Program::new(plan)), params, shapes: PhantomData }
    }

    /// The operations.
    pub fn plan(&self) -> &Plan<T> {
        self.program.plan()
    }

    /// The operations, and how they run.
    pub(crate) fn program(&self) -> &Program<T> {
        &self.program
    }

    /// All parameters, layer by layer, weights before biases; behind them a layer's running statistics, which are not
    /// trained and not counted by [`Network::PARAMS`].
    pub fn params(&self) -> &[T] {
        &self.params
    }

    /// All parameters, to change.
    pub fn params_mut(&mut self) -> &mut [T] {
        &mut self.params
    }

    /// The program and the parameters at once.
    pub(crate) fn parts_mut(&mut self) -> (&Program<T>, &mut [T]) {
        (&self.program, &mut self.params)
    }

    /// The parameters of the layer with this place in the network.
    #[doc(hidden)]
    pub fn layer(&self, index: usize) -> &[T] {
        &self.params[self.plan().params_of(index)]
    }

    /// The parameters of the layer with this place in the network.
    #[doc(hidden)]
    pub fn layer_mut(&mut self, index: usize) -> &mut [T] {
        let range = self.plan().params_of(index);
        &mut self.params[range]
    }

    /// Each parameter tensor with its full name ("conv1.weight"), description and values.
    pub fn named_params(&self) -> impl Iterator<Item = (String, Param, &[T])> {
        self.plan().steps().iter().flat_map(|step| {
            let mut rest = &self.params[step.params.clone()];
            step.op.params().into_iter().map(move |param| {
                let (values, tail) = rest.split_at(param.len());
                rest = tail;
                (format!("{}.{}", step.name, param.name), param, values)
            })
        })
    }

    /// Replaces the parameter tensor with this full name.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such tensor or it has another size; nothing is changed then.
    pub fn set_param(&mut self, name: &str, values: &[T]) -> Result<(), Error> {
        let mut offset = 0;
        let mut names = Vec::new();
        for (full_name, param, _) in self.named_params() {
            if full_name == name {
                break;
            }
            offset += param.len();
            names.push(full_name);
        }
        let Some((_, param, _)) = self.named_params().nth(names.len()) else {
            return Err(Error::argument("name", names.join(", "), name));
        };
        if param.len() != values.len() {
            let expected = format!("{} for {name} {:?}", param.len(), param.shape);
            return Err(Error::argument("values", expected, values.len()));
        }
        self.params[offset..][..values.len()].copy_from_slice(values);
        Ok(())
    }

    /// Writes the outputs for a batch of samples to `outputs`.
    ///
    /// # Panics
    /// If there are not as many outputs as samples.
    pub fn infer_into<S: Feeds<In>>(&self, outputs: &mut Batch<Out, T>, batch: &Batch<S, T>) {
        assert_eq!(outputs.len(), batch.len(), "outputs for a batch of samples");
        let samples = batch.len();
        let (y, x) = (outputs.entries_mut(), batch.entries());
        T::compiled::<Infer>((&self.program, y, x, samples, &self.params));
    }

    /// The output for one sample.
    pub fn infer_one<S: Feeds<In>>(&self, sample: &Tensor<S, T>) -> Tensor<Out, T> {
        if self.program.lanes(1) > 1 {
            let mut output = Batch::zeros(1);
            self.infer_into(&mut output, &Batch::from_iter([sample]));
            return output.sample(0);
        }
        let mut output = Tensor::zeros();
        let (y, x) = (output.as_mut_slice(), sample.as_slice());
        T::compiled::<InferSample>((&self.program, y, x, &self.params));
        output
    }
}

impl<In: Shape, Out: Shape, T: Scalar> fmt::Debug for Model<In, Out, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}, {} parameters", In::DIMS, Out::DIMS, self.plan().trained())
    }
}

/// Batch whose memory a printed network shows.
const USUAL_BATCH: usize = 64;

/// The [`Summary`], with the memory for a batch of 64.
impl<In: Shape, Out: Shape, T: Scalar> fmt::Display for Model<In, Out, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Summary::of(&self.program, USUAL_BATCH).fmt(f)
    }
}

/// A network written as a type: a [`Chain`] of layers with an input shape.
///
/// Say `const _: () = Net::check();` beside the type, so that `cargo check` finds what does not fit.
///
/// ```
/// use convnet::prelude::*;
/// type Net = Sequential<Chw<1, 8, 8>, Chain<
///     Conv2d<Chw<1, 8, 8>, Chw<4, 6, 6>, Kernel<3>>,
///     Chain<Relu, Chain<Flatten<Chw<4, 6, 6>, Flat<144>>, Dense<Flat<144>, Flat<2>>>>,
/// >>;
/// const _: () = Net::check();
/// println!("{}", Net::new(1));
/// ```
pub struct Sequential<In: Shape, L: Layer<In, T>, T: Scalar = f32> {
    model: Model<In, L::Out, T>,
    layers: PhantomData<fn() -> L>,
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> Sequential<In, L, T> {
    /// A compile error if the arithmetic of a window layer does not give the size its type says. In a constant,
    /// `cargo check` finds it; elsewhere only `cargo build`.
    #[track_caller]
    pub const fn check() {
        if In::LEN == 0 {
            ShapeError::no_values(In::DIMS).refuse("")
        }
        if let Some(error) = L::SHAPE_ERROR {
            error.refuse("")
        }
    }

    /// A network of these layers, for those that have settings of their own such as a dropout rate.
    pub fn from_layers(layers: &L, init: Init, seed: u64) -> Self {
        const { Self::check() }
        Sequential { model: Model::new(Plan::of(layers), init, seed), layers: PhantomData }
    }
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> Clone for Sequential<In, L, T> {
    fn clone(&self) -> Self {
        Sequential { model: self.model.clone(), layers: PhantomData }
    }
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> fmt::Debug for Sequential<In, L, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sequential").field(&self.model).finish()
    }
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> fmt::Display for Sequential<In, L, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.model.fmt(f)
    }
}

impl<In: Shape, L: Layer<In, T> + Default, T: Scalar> Network for Sequential<In, L, T> {
    type Input = In;
    type Output = L::Out;
    type Scalar = T;
    const PARAMS: usize = {
        Self::check();
        L::PARAMS
    };
    const BUFFERS: usize = L::BUFFERS;
    const MACS: usize = L::MACS;
    const ACTIVATION_BYTES: usize = L::ACTIVATIONS * size_of::<T>();

    fn with_init(init: Init, seed: u64) -> Self {
        Self::from_layers(&L::default(), init, seed)
    }

    fn model(&self) -> &Model<In, L::Out, T> {
        &self.model
    }

    fn model_mut(&mut self) -> &mut Model<In, L::Out, T> {
        &mut self.model
    }
}

/// Layers put one after the other by hand: each `then` takes only a layer that fits, and the compiler points at
/// the one that does not. In a constant, that goes for the arithmetic of windows too.
///
/// ```
/// use convnet::prelude::*;
/// let net = Stack::<Chw<1, 8, 8>>::new()
///     .then(Conv2d::<Chw<1, 8, 8>, Chw<4, 6, 6>, Kernel<3>>::new())
///     .then(Relu)
///     .then(Flatten::<Chw<4, 6, 6>, Flat<144>>::new())
///     .then(Dropout::new(0.3))
///     .then(Dense::<Flat<144>, Flat<2>>::new())
///     .network(Init::default(), 1);
/// assert_eq!(net.predict(&Tensor::<Chw<1, 8, 8>>::zeros()).probabilities, [0.5, 0.5]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stack<In, L = (), T = f32> {
    layers: L,
    types: PhantomData<(In, T)>,
}

impl<In: Shape, T: Scalar> Stack<In, (), T> {
    /// No layers yet.
    #[allow(
        clippy::new_without_default,
        reason = "a stack begins with its input's shape, which has to be named"
    )]
    pub const fn new() -> Self {
        Stack { layers: (), types: PhantomData }
    }
}

impl<In: Shape, L: Layer<In, T> + Copy, T: Scalar> Stack<In, L, T> {
    /// The layers so far, and then this one.
    #[track_caller]
    pub const fn then<B: Layer<L::Out, T> + Copy>(self, layer: B) -> Stack<In, Chain<L, B>, T> {
        if let Some(error) = B::SHAPE_ERROR {
            error.refuse("")
        }
        Stack { layers: Chain(self.layers, layer), types: PhantomData }
    }

    /// The network of these layers, with random parameters by the given rule, drawn from the seed.
    pub fn network(self, init: Init, seed: u64) -> Sequential<In, L, T> {
        Sequential::from_layers(&self.layers, init, seed)
    }
}
