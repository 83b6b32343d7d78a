//! The `network!` macro and the macros that its expansion uses.
//!
//! Shapes are passed from layer to layer as *values*: each layer becomes a constant with its name, its
//! [`Placed`](crate::layer::place::Placed), and a type with its name that is made from that constant. Passing types
//! instead, each built from the projection of the one before, takes time exponential in the number of layers.

use crate::shape::Shape;

/// Compares a network's declared output shape with the output shape of its last layer: only equal shapes implement it.
#[diagnostic::on_unimplemented(
    message = "the network is declared to give `{Self}`, but its last layer gives `{Last}`",
    label = "the last layer gives `{Last}`"
)]
pub trait GivenBy<Last> {}
impl<S: Shape> GivenBy<S> for S {}

/// A layer's place, from its settings. They are expanded once, so that a mistake in them is reported once. The constant
/// without a name reports a layer that does not fit: nothing depends on it, so the error is not repeated, and its
/// location is the layer's line.
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    ($layer:ident $Settings:ident $($settings:tt)*) => {
        {
            const __SETTINGS: $crate::layer::settings::$Settings =
                $crate::__settings!(@next $layer $Settings [] $($settings)*);
            const _: () = {
                let _ = __SETTINGS.place(__AT, __FROM);
            };
            __SETTINGS.place(__AT.quiet(), __FROM)
        }
    };
}

/// Turns `kernel: 5, padding: (1, 2)` into a settings struct. A setting that is left out has its default. The layer's
/// macro decides for each setting whether it is one number or a pair; a single number stands for a pair of equal ones.
/// An unknown setting is a compile error with the layer's own message.
#[doc(hidden)]
#[macro_export]
macro_rules! __settings {
    (@next $layer:ident $Settings:ident [$($done:tt)*]) => {
        $crate::layer::settings::$Settings { $($done)* ..$crate::layer::settings::$Settings::DEFAULT }
    };
    (@next $layer:ident $Settings:ident $done:tt $key:ident : $($rest:tt)*) => {
        $crate::$layer!(@key $key $layer $Settings $done $($rest)*)
    };
    // The settings again as a value. Mistakes in them have been reported by the place.
    (@value $layer:ident $Settings:ident $($key:ident : $value:expr),* $(,)?) => {
        {
            #[allow(clippy::needless_update)]
            let __settings = $crate::layer::settings::$Settings {
                $($key: $value,)*
                ..$crate::layer::settings::$Settings::DEFAULT
            };
            __settings
        }
    };
    (@pair $key:ident $layer:ident $Settings:ident [$($done:tt)*] ($a:expr, $b:expr $(,)?) $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: [$a, $b],] $($($rest)*)?)
    };
    (@pair $key:ident $layer:ident $Settings:ident [$($done:tt)*] $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: [$n, $n],] $($($rest)*)?)
    };
    (@one $key:ident $layer:ident $Settings:ident [$($done:tt)*] $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: $n,] $($($rest)*)?)
    };
    (@unknown $key:ident $layer:ident $Settings:ident $($rest:tt)*) => {
        {
            struct $key;
            $crate::layer::settings::$Settings::<$key>()
        }
    };
}

/// Declares a network: named layers, from an input shape to an output shape. The sizes in between are inferred.
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
/// A layer is written as `name: Kind { settings }`, or as `name: Type` if it has no settings. The type is one of the
/// crate's (`Relu`, `Flatten`, `Softmax`) or your own ([`Layer`](crate::layer::Layer#a-layer-of-ones-own) shows how to
/// write one). A type without a default is written as `name: Type = value`.
///
/// The macro declares a struct, generic over its scalar, that implements [`Network`](crate::Network). For each layer it
/// has a method with the layer's name that gives access to its parameters; `layers_mut()` gives access to change them.
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
/// # A number of classes that is known at run time
/// The number of classes is part of a network's type, and `network!` does not take const generics yet. Declare one
/// network for each number that can occur, write the rest of the program once as a generic function, and choose the
/// network with `match`. A `macro_rules!` macro of your own declares the same layers for several numbers:
///
/// ```
/// use convnet::prelude::*;
/// # use convnet::train::Progress;
///
/// macro_rules! classifiers {
///     ($($Net:ident => $classes:literal),+) => {
///         $(network! {
///             struct $Net: Chw<1, 8, 8> => Flat<$classes> {
///                 conv: Conv2d { filters: 4, kernel: 3 },
///                 relu: Relu,
///                 flatten: Flatten,
///                 fc: Dense { units: $classes },
///             }
///         })+
///     };
/// }
/// classifiers! { Two => 2, Ten => 10 }
///
/// type Image = Tensor<Chw<1, 8, 8>>;
///
/// /// Trains a network on images with their labels, and returns the class that it predicts for each image.
/// fn train<N, const CLASSES: usize>(images: &[Image], labels: &[usize]) -> Result<Vec<usize>, convnet::Error>
/// where
///     N: Network<Input = Chw<1, 8, 8>, Output = Flat<CLASSES>, Scalar = f32>,
/// {
///     let classes = labels.iter().map(|&label| Class::<CLASSES>::new(label)).collect::<Result<Vec<_>, _>>()?;
///     let data: Dataset<_, _> = images.iter().cloned().zip(classes).collect();
///     let mut trainer = Trainer::new(N::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).epochs(2);
/// #   trainer = trainer.progress(Progress::Silent);
///     trainer.fit(&data, None)?;
///     Ok(images.iter().map(|image| trainer.network().predict(image).class).collect())
/// }
///
/// let images: Vec<_> = (0..20).map(|n| Image::from_fn(|i| (i % (n + 2)) as f32)).collect();
/// let labels: Vec<_> = (0..20).map(|n| n % 10).collect();
/// let classes = labels.iter().max().unwrap() + 1; // known at run time only
/// let predicted = match classes {
///     2 => train::<Two, 2>(&images, &labels)?,
///     10 => train::<Ten, 10>(&images, &labels)?,
///     _ => panic!("there are networks for 2 and for 10 classes, not for {classes}"),
/// };
/// assert!(predicted.iter().all(|&class| class < 10));
/// # Ok::<(), convnet::Error>(())
/// ```
///
/// # Many layers
/// A network of more than about a hundred layers needs `#![recursion_limit = "256"]` in the crate that declares it.
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
    // One layer at a time: the name of the layer before it, its own name, and its kind.
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
        #[allow(dead_code, reason = "a private network need not use all of these")]
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

            const __INPUT_LAYER: $crate::layer::place::Placed =
                $crate::layer::place::Placed::input(<$In as $crate::shape::Shape>::DIMS);
            $($crate::__layer! { $prev $name $layer })+

            const __LAST: $crate::layer::place::Placed = [$($name),+][[$(stringify!($name)),+].len() - 1];
            const __GIVEN: $crate::layer::place::Placed = __LAST.or(<$Out as $crate::shape::Shape>::DIMS);
            const fn __declared<Out: $crate::declare::GivenBy<Last>, Last>() {}
            const _: () = __declared::<$Out, $crate::__shape!(__GIVEN output)>();

            // For `f32`: no declaration of a layer depends on its scalar.
            const __LAYERS: &[(&str, $crate::plan::Facts)] =
                &[$((stringify!($name), $crate::layer::facts::<$crate::__shape!($name input), $name, f32>())),+];
            const __FACTS: $crate::plan::Facts = $crate::plan::Facts::sum(__LAYERS);

            impl<T: $crate::Scalar> $crate::network::Network for $Net<T> {
                type Input = $In;
                type Output = $Out;
                type Scalar = T;
                const PARAMS: usize = __FACTS.params;
                const BUFFERS: usize = __FACTS.buffers;
                const LAYERS: &'static [(&'static str, $crate::plan::Facts)] = __LAYERS;
                const MACS: usize = __FACTS.macs;
                const ACTIVATION_BYTES: usize = ::core::mem::size_of::<T>() * __FACTS.activations;

                fn with_init(__init: $crate::Init, __seed: u64) -> Self {
                    let mut __plan = $crate::plan::Plan::new();
                    $(__plan.layer::<$crate::__shape!($name input), $name>(stringify!($name), &$crate::__value!($layer));)+
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
        const $name: $crate::layer::place::Placed = {
            const __FROM: $crate::layer::place::Placed = $prev;
            const __AT: $crate::layer::place::At =
                $crate::layer::place::At::new(stringify!($kind), stringify!($name));
            let __placed: $crate::layer::place::Placed = $kind! $settings;
            __placed
        };
        type $name = $kind!(@type $name);
    };
    ($prev:ident $name:ident { @word Flatten $kind:tt }) => {
        const _: () = $crate::layer::flattens::<$kind, $crate::__shape!($prev output)>();
        const $name: $crate::layer::place::Placed = $crate::layer::place::Placed::flatten($prev);
        type $name = $crate::layer::Flatten<
            $crate::shape::Chw<{ $name.input.channels() }, { $name.input.height() }, { $name.input.width() }>,
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
        const $name: $crate::layer::place::Placed =
            $crate::layer::place::Placed::of::<$crate::__shape!($prev output), $layer>($prev);
        const _: () = $crate::layer::place::Placed::tell::<$crate::__shape!($name input), $layer>(
            stringify!($name),
            $prev,
        );
        type $name = $layer;
    };
}

/// The type of the input or output shape of a placed layer.
#[doc(hidden)]
#[macro_export]
macro_rules! __shape {
    ($name:ident $end:ident) => {
        <$crate::shape::Known<
            { $name.$end.kind() },
            { $name.$end.channels() },
            { $name.$end.height() },
            { $name.$end.width() },
        > as $crate::shape::ToShape>::Shape
    };
}

/// The value of a layer: made from its settings, or its default.
#[doc(hidden)]
#[macro_export]
macro_rules! __value {
    ({ @known $kind:tt $settings:tt }) => { $kind!(@value $settings) };
    ({ @valued $layer:tt $value:expr }) => { $value };
    ($layer:tt) => { ::core::default::Default::default() };
}
