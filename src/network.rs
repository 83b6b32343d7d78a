//! Networks: a chain of layers with its parameters, and the `network!` macro that declares one.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::Error;
use crate::init::Init;
use crate::layer::Layer;
use crate::plan::{Param, Plan};
use crate::scalar::Scalar;
use crate::shape::{self, Dims, Shape, Site, Window};
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
    type Output: Shape + GivenBy<<Self::Layers as Layer<Self::Input, Self::Scalar>>::Out>;
    /// `f32` or `f64`.
    type Scalar: Scalar;
    /// The layers.
    type Layers: Layer<Self::Input, Self::Scalar>;

    /// Evaluates only if all sizes agree. `network!` checks it by itself.
    const CHECK: () = <Self::Layers as Layer<Self::Input, Self::Scalar>>::CHECK;

    /// Trainable parameters.
    const PARAMS: usize = {
        let () = Self::CHECK;
        <Self::Layers as Layer<Self::Input, Self::Scalar>>::PARAMS
    };

    /// Multiply-accumulates for one sample, forward; biases, activations and pooling are not counted.
    const MACS: usize = <Self::Layers as Layer<Self::Input, Self::Scalar>>::MACS;

    /// Bytes that the outputs of all layers take for one sample while training.
    const ACTIVATION_BYTES: usize =
        <Self::Layers as Layer<Self::Input, Self::Scalar>>::ACTIVATIONS * size_of::<Self::Scalar>();

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
    fn infer(&self, batch: &Batch<Self::Input, Self::Scalar>) -> Batch<Self::Output, Self::Scalar> {
        self.model().infer(batch)
    }

    /// The class of one sample, with the probability of each class.
    fn predict(&self, sample: &Tensor<Self::Input, Self::Scalar>) -> Prediction<Self::Scalar>
    where
        Self::Output: Scores,
    {
        let scores = self.infer(&std::iter::once(sample).collect()).sample(0);
        let probabilities = Self::Output::probabilities(scores.as_slice());
        Prediction { class: argmax(&probabilities), probabilities }
    }
}

/// The shape that the last layer gives: every shape is given by itself alone.
#[diagnostic::on_unimplemented(
    message = "the network is declared to give `{Self}`, but its last layer gives `{Last}`",
    label = "the last layer gives `{Last}`"
)]
pub trait GivenBy<Last> {}
impl<S: Shape> GivenBy<S> for S {}

/// Output shapes that score classes.
#[diagnostic::on_unimplemented(message = "an output of shape `{Self}` does not score classes")]
pub trait Scores: Shape {
    /// The probability of each class.
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T>;
}

/// Logits.
impl<const N: usize> Scores for shape::Flat<N> {
    fn probabilities<T: Scalar>(scores: &[T]) -> Vec<T> {
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

/// The class of a sample, and how probable each class is.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction<T = f32> {
    /// The most probable class; of equal ones the first.
    pub class: usize,
    /// The probability of each class.
    pub probabilities: Vec<T>,
}

/// The place of the largest value; of equal ones the first.
pub(crate) fn argmax<T: Scalar>(values: &[T]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best
}

/// The parameters of a network and its plan.
pub struct Model<In, Out, T> {
    plan: Arc<Plan<T>>,
    params: Vec<T>,
    shapes: PhantomData<(In, Out)>,
}

impl<In, Out, T: Clone> Clone for Model<In, Out, T> {
    fn clone(&self) -> Self {
        Model { plan: self.plan.clone(), params: self.params.clone(), shapes: PhantomData }
    }
}

impl<In: Shape, Out: Shape, T: Scalar> Model<In, Out, T> {
    /// Parameters drawn for these layers. `names` names the layers; without, they are numbered.
    ///
    /// # Panics
    /// If the layers do not give `Out`, or there are fewer or more names than layers.
    pub fn new(layers: &impl Layer<In, T>, names: Option<&[&str]>, init: Init, seed: u64) -> Self {
        let mut plan = Plan::of(layers);
        if let Some(names) = names {
            plan = plan.named(names);
        }
        assert_eq!(plan.steps().last().map(|s| s.output), Some(Out::DIMS), "output of the last layer");
        let mut params = vec![T::zero(); plan.params()];
        for (layer, step) in plan.steps().iter().enumerate() {
            let mut rest = &mut params[step.params.clone()];
            for (i, param) in step.op.params().iter().enumerate() {
                let (values, tail) = rest.split_at_mut(param.len());
                init.fill(values, param, seed, [layer as u64, i as u64]);
                rest = tail;
            }
        }
        Model { plan: Arc::new(plan), params, shapes: PhantomData }
    }

    /// The operations.
    pub fn plan(&self) -> &Plan<T> {
        &self.plan
    }

    /// All parameters, layer by layer, weights before biases.
    pub fn params(&self) -> &[T] {
        &self.params
    }

    /// All parameters, to change.
    pub fn params_mut(&mut self) -> &mut [T] {
        &mut self.params
    }

    /// The plan and the parameters at once.
    pub(crate) fn parts_mut(&mut self) -> (&Plan<T>, &mut [T]) {
        (&self.plan, &mut self.params)
    }

    /// The parameters of the layer with this place in the network.
    #[doc(hidden)]
    pub fn layer(&self, index: usize) -> &[T] {
        &self.params[self.plan.steps()[index].params.clone()]
    }

    /// The parameters of the layer with this place in the network.
    #[doc(hidden)]
    pub fn layer_mut(&mut self, index: usize) -> &mut [T] {
        &mut self.params[self.plan.steps()[index].params.clone()]
    }

    /// Each parameter tensor with its full name ("conv1.weight"), description and values.
    pub fn named_params(&self) -> impl Iterator<Item = (String, Param, &[T])> {
        self.plan.steps().iter().flat_map(|step| {
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

    /// The outputs for a batch of samples.
    pub fn infer(&self, batch: &Batch<In, T>) -> Batch<Out, T> {
        let mut output = Batch::zeros(batch.len());
        self.plan.infer(output.as_lanes_mut(), batch.as_lanes(), &self.params);
        output
    }
}

/// The summary: layer, type, output shape, parameters, multiply-accumulates, and their totals.
impl<In: Shape, Out: Shape, T: Scalar> fmt::Display for Model<In, Out, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["layer", "type", "output shape", "parameters", "MACs"].map(String::from);
        let mut rows = vec![head, ["input".into(), String::new(), In::DIMS.to_string(), String::new(), String::new()]];
        let mut macs = 0;
        for step in self.plan.steps() {
            macs += step.macs;
            rows.push([
                step.name.clone(),
                step.op.describe(),
                step.output.to_string(),
                grouped(step.params.len()),
                grouped(step.macs),
            ]);
        }
        let total = [String::from("total"), String::new(), String::new(), grouped(self.params.len()), grouped(macs)];
        rows.push(total);
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
        Ok(())
    }
}

/// 61706 as "61,706".
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A network written as a type: a [`Chain`](crate::layer::Chain) of layers with an input shape.
///
/// Say `const _: () = Net::CHECK;` beside the type, so that `cargo check` finds what does not fit.
///
/// ```
/// use convnet::prelude::*;
/// type Net = Sequential<Chw<1, 8, 8>, Chain<
///     Conv2d<Chw<1, 8, 8>, Chw<4, 6, 6>, Kernel<3>>,
///     Chain<Relu, Chain<Flatten<Chw<4, 6, 6>, Flat<144>>, Dense<Flat<144>, Flat<2>>>>,
/// >>;
/// const _: () = Net::CHECK;
/// println!("{}", Net::new(1));
/// ```
pub struct Sequential<In: Shape, L: Layer<In, T>, T: Scalar = f32> {
    model: Model<In, L::Out, T>,
    layers: PhantomData<fn() -> L>,
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> Sequential<In, L, T> {
    /// A network of these layers, for those that have settings of their own such as a dropout rate.
    pub fn from_layers(layers: &L, init: Init, seed: u64) -> Self {
        Sequential { model: Model::new(layers, None, init, seed), layers: PhantomData }
    }
}

impl<In: Shape, L: Layer<In, T>, T: Scalar> Clone for Sequential<In, L, T> {
    fn clone(&self) -> Self {
        Sequential { model: self.model.clone(), layers: PhantomData }
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
    type Layers = L;

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

/// A layer's place in a network, as `network!` computes it.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Placed {
    pub input: Dims,
    pub output: Dims,
    pub window: Window,
}

#[doc(hidden)]
impl Placed {
    /// A layer without a window.
    pub const fn new(input: Dims, output: Dims) -> Self {
        Placed { input, output, window: Window { kernel: [0, 0], stride: [0, 0], padding: [0, 0] } }
    }
}

/// What stands in the braces of a `Conv2d`.
#[doc(hidden)]
pub struct ConvSettings {
    pub filters: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
}

#[doc(hidden)]
impl ConvSettings {
    pub const DEFAULT: Self = ConvSettings { filters: 0, kernel: [0, 0], stride: [1, 1], padding: [0, 0] };

    #[track_caller]
    pub const fn place(self, site: Site, input: Dims) -> Placed {
        let window = Window { kernel: self.kernel, stride: self.stride, padding: self.padding };
        Placed { input, output: shape::conv_output(site, input, self.filters, window), window }
    }
}

/// What stands in the braces of a pooling layer; no stride means the kernel's size.
#[doc(hidden)]
pub struct PoolSettings {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
}

#[doc(hidden)]
impl PoolSettings {
    const KERNEL: usize = usize::MAX;
    pub const DEFAULT: Self =
        PoolSettings { kernel: [0, 0], stride: [Self::KERNEL, Self::KERNEL], padding: [0, 0] };

    #[track_caller]
    pub const fn place(self, site: Site, input: Dims) -> Placed {
        let stride = if self.stride[0] == Self::KERNEL { self.kernel } else { self.stride };
        let window = Window { kernel: self.kernel, stride, padding: self.padding };
        Placed { input, output: shape::pool_output(site, input, window), window }
    }
}

/// What stands in the braces of a `Dense`.
#[doc(hidden)]
pub struct DenseSettings {
    pub units: usize,
}

#[doc(hidden)]
impl DenseSettings {
    pub const DEFAULT: Self = DenseSettings { units: 0 };

    #[track_caller]
    pub const fn place(self, site: Site, input: Dims) -> Placed {
        Placed::new(input, shape::dense_output(site, input, self.units))
    }
}

/// What stands in the braces of a `Dropout`.
#[doc(hidden)]
pub struct DropoutSettings {
    pub rate: f64,
}

#[doc(hidden)]
impl DropoutSettings {
    pub const DEFAULT: Self = DropoutSettings { rate: -1.0 };

    #[track_caller]
    pub const fn place(self, site: Site, input: Dims) -> Placed {
        Placed::new(input, shape::dropout_output(site, input, self.rate))
    }
}

/// `kernel: 5, padding: (1, 2)` as a settings struct: what is left out has its default, and a single number
/// stands for both directions.
#[doc(hidden)]
#[macro_export]
macro_rules! __settings {
    (@ $type:ident, [$($done:tt)*]) => { $crate::network::$type { $($done)* ..$crate::network::$type::DEFAULT } };
    (@ $type:ident, [$($done:tt)*] $key:ident : ($a:expr, $b:expr) $(, $($rest:tt)*)?) => {
        $crate::__settings!(@ $type, [$($done)* $key: [$a, $b],] $($($rest)*)?)
    };
    (@ $type:ident, [$($done:tt)*] kernel : $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@ $type, [$($done)* kernel: [$n, $n],] $($($rest)*)?)
    };
    (@ $type:ident, [$($done:tt)*] stride : $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@ $type, [$($done)* stride: [$n, $n],] $($($rest)*)?)
    };
    (@ $type:ident, [$($done:tt)*] padding : $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@ $type, [$($done)* padding: [$n, $n],] $($($rest)*)?)
    };
    (@ $type:ident, [$($done:tt)*] $key:ident : $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@ $type, [$($done)* $key: $n,] $($($rest)*)?)
    };
    ($type:ident, $($settings:tt)*) => { $crate::__settings!(@ $type, [] $($settings)*) };
}

/// Declares a network: named layers, from an input shape to an output shape. All sizes between are inferred.
///
/// ```
/// use convnet::prelude::*;
///
/// network! {
///     /// Two convolutions and a classifier.
///     pub struct Small: Chw<1, 28, 28> => Flat<10> {
///         conv1: Conv2d { filters: 8, kernel: 5, stride: 2 },
///         relu1: Relu,
///         conv2: Conv2d { filters: 16, kernel: (3, 5), padding: (1, 2) },
///         relu2: Relu,
///         pool: MaxPool2d { kernel: 2 },
///         flatten: Flatten,
///         fc: Dense { units: 10 },
///     }
/// }
/// const _: () = assert!(Small::PARAMS == 7_954);
///
/// let net = Small::new(1);
/// assert_eq!(net.conv2().weight()[15][7][2][4], net.conv2().as_slice()[16 * 8 * 15 - 1]);
/// println!("{net}");
/// ```
///
/// A layer is written as `name: Kind { settings }`, or as `name: Type` for a layer without settings, one of
/// the crate's (`Relu`, `Flatten`, `Softmax`) or one's own ([`Layer`](crate::layer::Layer) shows how).
///
/// The macro gives a struct, generic over its scalar, that implements [`Network`](crate::network::Network);
/// a method for each layer that shows its parameters; and `layers_mut()`, whose methods let them be changed.
///
/// A layer that does not fit its input does not compile:
///
/// ```compile_fail
/// use convnet::prelude::*;
/// network! {
///     struct TooSmall: Chw<1, 5, 5> => Chw<4, 1, 1> {
///         conv: Conv2d { filters: 4, kernel: 7 }, // a 7x7 kernel does not fit a 5x5 input with padding 0
///     }
/// }
/// ```
///
/// More than about a hundred layers want `#![recursion_limit = "256"]` in the crate that declares them.
#[macro_export]
macro_rules! network {
    ($(#[$meta:meta])* $vis:vis struct $Net:ident : $In:ty => $Out:ty { $($layers:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone)]
        $vis struct $Net<T: $crate::Scalar = f32> {
            model: $crate::network::Model<$In, $Out, T>,
        }
        $crate::__network! { @parse ($vis $Net, $In, $Out) __INPUT_LAYER [] $($layers)* , }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __network {
    // One layer at a time: the name of the layer before, the layer's own, and what it is.
    (@parse $net:tt $prev:ident [$($done:tt)*] $(,)?) => {
        $crate::__network! { @emit $net [$($done)*] }
    };
    (@parse $net:tt $prev:ident [$($done:tt)*] $name:ident : Flatten , $($rest:tt)*) => {
        $crate::__network! { @parse $net $name [$($done)* ($prev $name { @flatten })] $($rest)* }
    };
    (@parse $net:tt $prev:ident [$($done:tt)*] $name:ident : $kind:tt , $($rest:tt)*) => {
        $crate::__network! { @parse $net $name [$($done)* ($prev $name { @type $kind })] $($rest)* }
    };
    (@parse $net:tt $prev:ident [$($done:tt)*] $name:ident : $kind:tt $settings:tt , $($rest:tt)*) => {
        $crate::__network! { @parse $net $name [$($done)* ($prev $name { @known $kind $settings })] $($rest)* }
    };
    (@parse $net:tt $prev:ident [$($done:tt)*] $name:ident : $layer:ty , $($rest:tt)*) => {
        $crate::__network! { @parse $net $name [$($done)* ($prev $name { @type $layer })] $($rest)* }
    };

    (@emit ($vis:vis $Net:ident, $In:ty, $Out:ty) [$(($prev:ident $name:ident $layer:tt))+]) => {
        #[allow(non_camel_case_types, non_upper_case_globals, dead_code)]
        const _: () = {
            #[allow(unused_imports)]
            use $crate::layer::syntax::*;

            const __INPUT_LAYER: $crate::network::Placed = $crate::network::Placed::new(
                <$In as $crate::shape::Shape>::DIMS,
                <$In as $crate::shape::Shape>::DIMS,
            );
            $($crate::__layer! { $prev $name $layer })+

            impl<T: $crate::Scalar> $crate::network::Network for $Net<T> {
                type Input = $In;
                type Output = $Out;
                type Scalar = T;
                type Layers = $crate::__chain!($($name)+);

                fn with_init(init: $crate::Init, seed: u64) -> Self {
                    let layers = $crate::__chain!(@value $(($name $layer))+);
                    let names = [$(stringify!($name)),+];
                    Self { model: $crate::network::Model::new(&layers, Some(&names), init, seed) }
                }

                fn model(&self) -> &$crate::network::Model<$In, $Out, T> {
                    &self.model
                }

                fn model_mut(&mut self) -> &mut $crate::network::Model<$In, $Out, T> {
                    &mut self.model
                }
            }

            // For `f32`, so that `Net::new(seed)` and `Net::PARAMS` need no type annotation.
            impl $Net {
                /// Trainable parameters.
                $vis const PARAMS: usize = <Self as $crate::network::Network>::PARAMS;
                /// Multiply-accumulates for one sample, forward.
                $vis const MACS: usize = <Self as $crate::network::Network>::MACS;
                /// Bytes that the outputs of all layers take for one sample while training.
                $vis const ACTIVATION_BYTES: usize = <Self as $crate::network::Network>::ACTIVATION_BYTES;

                /// A network with random parameters drawn from the seed.
                $vis fn new(seed: u64) -> Self {
                    <Self as $crate::network::Network>::new(seed)
                }

                /// A network with random parameters by the given rule, drawn from the seed.
                $vis fn with_init(init: $crate::Init, seed: u64) -> Self {
                    <Self as $crate::network::Network>::with_init(init, seed)
                }
            }
            const _: () = <$Net as $crate::network::Network>::CHECK;

            enum __Place { $($name),+ }

            impl<T: $crate::Scalar> $Net<T> {
                $(
                    /// The parameters of this layer.
                    $vis fn $name(&self) -> $crate::layer::Params<'_, $name, T> {
                        $crate::layer::Params::new(self.model.layer(__Place::$name as usize))
                    }
                )+

                /// The layers, to change their parameters.
                $vis fn layers_mut(&mut self) -> __LayersMut<'_, T> {
                    __LayersMut(&mut self.model)
                }
            }

            /// The layers of a network, to change their parameters.
            pub struct __LayersMut<'a, T: $crate::Scalar>(&'a mut $crate::network::Model<$In, $Out, T>);

            impl<T: $crate::Scalar> __LayersMut<'_, T> {
                $(
                    /// The parameters of this layer.
                    pub fn $name(&mut self) -> $crate::layer::ParamsMut<'_, $name, T> {
                        $crate::layer::ParamsMut::new(self.0.layer_mut(__Place::$name as usize))
                    }
                )+
            }

            impl<T: $crate::Scalar> ::core::fmt::Display for $Net<T> {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::fmt::Display::fmt(&self.model, f)
                }
            }
        };
    };
}

/// A layer's place as a constant, and its type, both under the layer's name.
#[doc(hidden)]
#[macro_export]
macro_rules! __layer {
    ($prev:ident $name:ident { @known $kind:tt $settings:tt }) => {
        const $name: $crate::network::Placed = {
            const __SITE: $crate::shape::Site =
                $crate::shape::Site { kind: stringify!($kind), name: stringify!($name) };
            const __INPUT: $crate::shape::Dims = $prev.output;
            let placed: $crate::network::Placed = $kind! $settings;
            placed
        };
        type $name = $kind!(@type $name);
    };
    ($prev:ident $name:ident { @flatten }) => {
        const $name: $crate::network::Placed = $crate::network::Placed::new(
            $prev.output,
            $crate::shape::flatten_output(
                $crate::shape::Site { kind: "Flatten", name: stringify!($name) },
                $prev.output,
            ),
        );
        type $name = $crate::layer::Flatten<
            $crate::shape::Chw<{ $prev.output.channels() }, { $prev.output.height() }, { $prev.output.width() }>,
            $crate::shape::Flat<{ $name.output.channels() }>,
        >;
    };
    ($prev:ident $name:ident { @type $layer:ty }) => {
        const $name: $crate::network::Placed = $crate::network::Placed::new(
            $prev.output,
            <<$layer as $crate::layer::Layer<
                <$crate::shape::Known<
                    { $prev.output.kind() },
                    { $prev.output.channels() },
                    { $prev.output.height() },
                    { $prev.output.width() },
                > as $crate::shape::ToShape>::Shape,
                f32,
            >>::Out as $crate::shape::Shape>::DIMS,
        );
        type $name = $layer;
    };
}

/// The chain of the layers: its type, or its value.
#[doc(hidden)]
#[macro_export]
macro_rules! __chain {
    (@value ($name:ident { @known $kind:tt $settings:tt }) $($rest:tt)*) => {
        $crate::__chain!(@then ({ let layer: $name = $kind!(@value $settings); layer }) $($rest)*)
    };
    (@value ($name:ident $layer:tt) $($rest:tt)*) => {
        $crate::__chain!(@then (<$name as ::core::default::Default>::default()) $($rest)*)
    };
    (@then ($value:expr)) => { $value };
    (@then ($value:expr) $($rest:tt)+) => { $crate::layer::Chain($value, $crate::__chain!(@value $($rest)+)) };
    ($name:ident) => { $name };
    ($name:ident $($rest:ident)+) => { $crate::layer::Chain<$name, $crate::__chain!($($rest)+)> };
}
