//! The `network!` macro and what its expansion is made of.
//!
//! Shapes are threaded from layer to layer as *values*: each layer gives a constant of its own name, its
//! [`Placed`], and a type of its own name made from that constant. Threading types instead, each from the
//! projection of the one before, takes time exponential in the number of layers.

use crate::layer::Layer;
use crate::shape::{self, Dims, Misfit, Shape, Window};

/// The shape that the last layer gives: every shape is given by itself alone.
#[diagnostic::on_unimplemented(
    message = "the network is declared to give `{Self}`, but its last layer gives `{Last}`",
    label = "the last layer gives `{Last}`"
)]
pub trait GivenBy<Last> {}
impl<S: Shape> GivenBy<S> for S {}

/// A layer's place in a network, as `network!` computes it.
#[derive(Clone, Copy)]
pub struct Placed {
    pub input: Dims,
    pub output: Dims,
    pub window: Window,
    pub groups: usize,
}

impl Placed {
    /// A layer without a window; a compile error if it does not fit.
    #[track_caller]
    pub const fn new(name: &str, input: Dims, output: Result<Dims, Misfit>) -> Self {
        match output {
            Ok(output) => Placed { input, output, window: Window::new([0, 0], [0, 0], [0, 0]), groups: 1 },
            Err(misfit) => misfit.refuse(name),
        }
    }

    /// What stands before the first layer.
    #[track_caller]
    pub const fn input(dims: Dims) -> Self {
        if dims.is_empty() { shape::empty(dims).refuse("") } else { Placed::new("", dims, Ok(dims)) }
    }

    /// A layer given as a type.
    #[track_caller]
    pub const fn of<In: Shape, L: Layer<In, f32>>(name: &str) -> Self {
        match L::MISFIT {
            None => Placed::new(name, In::DIMS, Ok(L::Out::DIMS)),
            Some(misfit) => misfit.refuse(name),
        }
    }
}

/// What stands in the braces of a `Conv2d`.
pub struct ConvSettings {
    pub filters: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
    pub groups: usize,
}

impl ConvSettings {
    pub const DEFAULT: Self = ConvSettings {
        filters: 0,
        kernel: [0, 0],
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
    };

    #[track_caller]
    pub const fn place(self, kind: &'static str, name: &str, input: Dims) -> Placed {
        let ConvSettings { filters, kernel, stride, padding, dilation, groups } = self;
        let window = Window { kernel, stride, padding, dilation };
        let output = shape::conv_output(kind, input, filters, window, groups);
        Placed { window, groups, ..Placed::new(name, input, output) }
    }
}

/// What stands in the braces of a pooling layer; no stride means the kernel's size.
pub struct PoolSettings {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
}

impl PoolSettings {
    const KERNEL: usize = usize::MAX;
    pub const DEFAULT: Self =
        PoolSettings { kernel: [0, 0], stride: [Self::KERNEL, Self::KERNEL], padding: [0, 0] };

    #[track_caller]
    pub const fn place(self, kind: &'static str, name: &str, input: Dims) -> Placed {
        let stride = if self.stride[0] == Self::KERNEL { self.kernel } else { self.stride };
        let window = Window::new(self.kernel, stride, self.padding);
        Placed { window, ..Placed::new(name, input, shape::pool_output(kind, input, window)) }
    }
}

/// What stands in the braces of a `Dense`.
pub struct DenseSettings {
    pub units: usize,
}

impl DenseSettings {
    #[track_caller]
    pub const fn place(self, kind: &'static str, name: &str, input: Dims) -> Placed {
        Placed::new(name, input, shape::dense_output(kind, input, self.units))
    }
}

/// What stands in the braces of a `Dropout`.
pub struct DropoutSettings {
    pub rate: f64,
}

impl DropoutSettings {
    #[track_caller]
    pub const fn place(self, kind: &'static str, name: &str, input: Dims) -> Placed {
        let right = self.rate >= 0.0 && self.rate < 1.0;
        let output = shape::same_output(kind, input, right, "a rate of at least 0 and below 1");
        Placed::new(name, input, output)
    }
}

/// What stands in the braces of a `LeakyRelu`.
pub struct LeakyReluSettings {
    pub slope: f64,
}

impl LeakyReluSettings {
    #[track_caller]
    pub const fn place(self, kind: &'static str, name: &str, input: Dims) -> Placed {
        let right = self.slope > 0.0 && self.slope < 1.0;
        Placed::new(name, input, shape::same_output(kind, input, right, "a slope above 0 and below 1"))
    }
}

/// What stands in the braces of an `Elu`.
pub struct EluSettings {
    pub alpha: f64,
}

impl EluSettings {
    #[track_caller]
    pub const fn place(self, kind: &'static str, name: &str, input: Dims) -> Placed {
        let right = self.alpha > 0.0 && self.alpha < f64::INFINITY;
        Placed::new(name, input, shape::same_output(kind, input, right, "a finite alpha above 0"))
    }
}

/// What stands in the braces of a pooling layer whose windows adapt.
pub struct AdaptiveSettings {
    pub size: [usize; 2],
}

impl AdaptiveSettings {
    pub const DEFAULT: Self = AdaptiveSettings { size: [0, 0] };

    #[track_caller]
    pub const fn place(self, kind: &'static str, name: &str, input: Dims) -> Placed {
        Placed::new(name, input, shape::adaptive_output(kind, input, self.size))
    }
}

/// What stands in the braces of a `BatchNorm`.
pub struct BatchNormSettings {
    pub momentum: f64,
    pub epsilon: f64,
}

impl BatchNormSettings {
    pub const DEFAULT: Self = BatchNormSettings { momentum: 0.1, epsilon: 1e-5 };

    #[track_caller]
    pub const fn place(self, kind: &'static str, name: &str, input: Dims) -> Placed {
        let expected = "a momentum of at least 0 and at most 1, and a finite epsilon above 0";
        let right = crate::layer::BatchNorm::is_right(self.momentum, self.epsilon);
        Placed::new(name, input, shape::same_output(kind, input, right, expected))
    }

    #[track_caller]
    pub const fn layer(self) -> crate::layer::BatchNorm {
        crate::layer::BatchNorm::new(self.momentum, self.epsilon)
    }
}

/// What stands in the braces of a `LocalResponseNorm`.
pub struct LocalResponseNormSettings {
    pub size: usize,
    pub alpha: f64,
    pub beta: f64,
    pub k: f64,
}

impl LocalResponseNormSettings {
    pub const DEFAULT: Self = LocalResponseNormSettings { size: 5, alpha: 1e-4, beta: 0.75, k: 1.0 };

    #[track_caller]
    pub const fn place(self, kind: &'static str, name: &str, input: Dims) -> Placed {
        let numbers = [self.alpha, self.beta, self.k];
        Placed::new(name, input, shape::local_response_output(kind, input, self.size, numbers))
    }

    #[track_caller]
    pub const fn layer(self) -> crate::layer::LocalResponseNorm {
        crate::layer::LocalResponseNorm::new(self.size, self.alpha, self.beta, self.k)
    }
}

/// `kernel: 5, padding: (1, 2)` as a settings struct: what is left out has its default, and a single number
/// stands for both directions.
#[doc(hidden)]
#[macro_export]
macro_rules! __settings {
    (@ $type:ident, [$($done:tt)*]) => { $crate::declare::$type { $($done)* ..$crate::declare::$type::DEFAULT } };
    (@ $type:ident, [$($done:tt)*] $key:ident : ($a:expr, $b:expr $(,)?) $(, $($rest:tt)*)?) => {
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
    (@ $type:ident, [$($done:tt)*] dilation : $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@ $type, [$($done)* dilation: [$n, $n],] $($($rest)*)?)
    };
    (@ $type:ident, [$($done:tt)*] size : $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@ $type, [$($done)* size: [$n, $n],] $($($rest)*)?)
    };
    (@ $type:ident, [$($done:tt)*] $key:ident : $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@ $type, [$($done)* $key: $n,] $($($rest)*)?)
    };
    ($type:ident, $($settings:tt)*) => { $crate::__settings!(@ $type, [] $($settings)*) };
}

/// `alpha: 1e-4, k: 2.0` as a settings struct of single numbers; what is left out has its default.
#[doc(hidden)]
#[macro_export]
macro_rules! __numbers {
    ($type:ident, $($key:ident : $n:expr),* $(,)?) => {
        {
            #[allow(clippy::needless_update)]
            let settings = $crate::declare::$type { $($key: $n,)* ..$crate::declare::$type::DEFAULT };
            settings
        }
    };
    // Not names with values: the compiler says what is wrong with them as a struct.
    ($type:ident, $($settings:tt)*) => { $crate::declare::$type { $($settings)* } };
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
/// const _: () = assert!(Small::PARAMS == 8 * 25 + 8 + 16 * 8 * 15 + 16 + 16 * 36 * 10 + 10);
///
/// let net = Small::new(1);
/// assert_eq!(net.conv2().weight()[15][7][2][4], net.conv2().as_slice()[16 * 8 * 15 - 1]);
/// println!("{net}");
/// ```
///
/// A layer is written as `name: Kind { settings }`, or as `name: Type` for a layer without settings, one of
/// the crate's (`Relu`, `Flatten`, `Softmax`) or one's own ([`Layer`](crate::layer::Layer) shows how); one that
/// has no default, as `name: Type = value`.
///
/// The macro gives a struct, generic over its scalar, that implements [`Network`](crate::Network);
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
    (@parse ($vis:vis $Net:ident, $In:ty, $Out:ty) $prev:ident [] $(,)?) => {
        compile_error!(concat!(stringify!($Net), ": a network has at least one layer"));
    };
    // Documentation of a layer.
    (@parse $net:tt $prev:ident [$($done:tt)*] #[$doc:meta] $($rest:tt)*) => {
        $crate::__network! { @parse $net $prev [$($done)*] $($rest)* }
    };
    (@parse $net:tt $prev:ident [$($done:tt)*] $(,)?) => {
        $crate::__network! { @emit $net [$($done)*] }
    };
    (@parse $net:tt $prev:ident [$($done:tt)*] $name:ident : $kind:tt , $($rest:tt)*) => {
        $crate::__network! { @parse $net $name [$($done)* ($prev $name { @word $kind $kind })] $($rest)* }
    };
    (@parse $net:tt $prev:ident [$($done:tt)*] $name:ident : $kind:tt $settings:tt , $($rest:tt)*) => {
        $crate::__network! { @parse $net $name [$($done)* ($prev $name { @known $kind $settings })] $($rest)* }
    };
    (@parse $net:tt $prev:ident [$($done:tt)*] $name:ident : $layer:ty , $($rest:tt)*) => {
        $crate::__network! { @parse $net $name [$($done)* ($prev $name { @type $layer })] $($rest)* }
    };
    (@parse $net:tt $prev:ident [$($done:tt)*] $name:ident : $layer:ty = $value:expr , $($rest:tt)*) => {
        $crate::__network! { @parse $net $name [$($done)* ($prev $name { @valued ($layer) $value })] $($rest)* }
    };

    (@emit ($vis:vis $Net:ident, $In:ty, $Out:ty) [$(($prev:ident $name:ident $layer:tt))+]) => {
        // For `f32`, so that `Net::new(seed)` and `Net::PARAMS` need no type annotation.
        #[allow(dead_code)]
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

        #[allow(non_camel_case_types, non_upper_case_globals, dead_code, clippy::needless_update)]
        const _: () = {
            #[allow(unused_imports)]
            use $crate::layer::syntax::*;

            const __INPUT_LAYER: $crate::declare::Placed =
                $crate::declare::Placed::input(<$In as $crate::shape::Shape>::DIMS);
            $($crate::__layer! { $prev $name $layer })+

            const __LAST: $crate::declare::Placed = [$($name),+][[$(stringify!($name)),+].len() - 1];
            const fn __declared<Out: $crate::declare::GivenBy<Last>, Last>() {}
            const _: () = __declared::<$Out, $crate::__shape!(__LAST)>();

            impl<T: $crate::Scalar> $crate::network::Network for $Net<T> {
                type Input = $In;
                type Output = $Out;
                type Scalar = T;
                const PARAMS: usize =
                    0 $(+ <$name as $crate::layer::Layer<$crate::__shape!($prev), T>>::PARAMS)+;
                const BUFFERS: usize =
                    0 $(+ <$name as $crate::layer::Layer<$crate::__shape!($prev), T>>::BUFFERS)+;
                const TENSORS: &'static [(&'static str, $crate::layer::Tensors)] = &[
                    $((stringify!($name), <$name as $crate::layer::Layer<$crate::__shape!($prev), T>>::TENSORS)),+
                ];
                const MACS: usize = 0 $(+ <$name as $crate::layer::Layer<$crate::__shape!($prev), T>>::MACS)+;
                const ACTIVATION_BYTES: usize = ::core::mem::size_of::<T>()
                    * (0 $(+ <$name as $crate::layer::Layer<$crate::__shape!($prev), T>>::ACTIVATIONS)+);

                fn with_init(__init: $crate::Init, __seed: u64) -> Self {
                    let mut __plan = $crate::plan::Plan::new();
                    $(__plan.layer::<$crate::__shape!($prev), $name>(stringify!($name), &$crate::__value!($layer));)+
                    Self { model: $crate::network::Model::new(__plan, __init, __seed) }
                }

                fn model(&self) -> &$crate::network::Model<$In, $Out, T> {
                    &self.model
                }

                fn model_mut(&mut self) -> &mut $crate::network::Model<$In, $Out, T> {
                    &mut self.model
                }
            }

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
                fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::fmt::Display::fmt(&self.model, __f)
                }
            }

            impl<T: $crate::Scalar> ::core::fmt::Debug for $Net<T> {
                fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    __f.debug_tuple(stringify!($Net)).field(&self.model).finish()
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
        const $name: $crate::declare::Placed = {
            const __KIND: &'static str = stringify!($kind);
            const __NAME: &str = stringify!($name);
            const __INPUT: $crate::shape::Dims = $prev.output;
            let __placed: $crate::declare::Placed = $kind! $settings;
            __placed
        };
        type $name = $kind!(@type $name);
    };
    ($prev:ident $name:ident { @word Flatten $kind:tt }) => {
        const _: () = $crate::layer::flattens::<$kind, $crate::__shape!($prev)>();
        const $name: $crate::declare::Placed = $crate::declare::Placed::new(
            stringify!($name),
            $prev.output,
            Ok($crate::shape::Dims::flat($prev.output.len())),
        );
        type $name = $crate::layer::Flatten<
            $crate::shape::Chw<{ $prev.output.channels() }, { $prev.output.height() }, { $prev.output.width() }>,
            $crate::shape::Flat<{ $name.output.channels() }>,
        >;
    };
    ($prev:ident $name:ident { @word $kind:tt $layer:tt }) => {
        $crate::__layer! { $prev $name { @type $layer } }
    };
    ($prev:ident $name:ident { @valued ($layer:ty) $value:expr }) => {
        $crate::__layer! { $prev $name { @type $layer } }
    };
    ($prev:ident $name:ident { @type $layer:ty }) => {
        const $name: $crate::declare::Placed =
            $crate::declare::Placed::of::<$crate::__shape!($prev), $layer>(stringify!($name));
        type $name = $layer;
    };
}

/// The type of the shape that a placed layer gives.
#[doc(hidden)]
#[macro_export]
macro_rules! __shape {
    ($name:ident) => {
        <$crate::shape::Known<
            { $name.output.kind() },
            { $name.output.channels() },
            { $name.output.height() },
            { $name.output.width() },
        > as $crate::shape::ToShape>::Shape
    };
}

/// The value of a layer: what its settings say, or its default.
#[doc(hidden)]
#[macro_export]
macro_rules! __value {
    ({ @known $kind:tt $settings:tt }) => { $kind!(@value $settings) };
    ({ @valued $layer:tt $value:expr }) => { $value };
    ($layer:tt) => { ::core::default::Default::default() };
}
