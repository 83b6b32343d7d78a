//! The `network!` macro and the macros that its expansion uses.
//!
//! Shapes are passed from layer to layer as *values*: each layer becomes a constant with its name, its
//! [`Placed`](crate::layer::place::Placed), and a type with its name that is made from that constant. Passing types
//! instead, each built from the projection of the one before, takes time exponential in the number of layers.

mod block;
mod items;
mod numbers;
mod scope;
mod settings;
mod types;

pub use block::missing;
#[cfg(feature = "store")]
pub(crate) use items::Layers;
pub use items::{InOrder, Item, Items, add, sum};
pub use types::{Block, GivenBy, LayerOf, Line, Reading, Setting, Shapes, TakenBy, Takes};

/// The number that stands for a parameter of a network while its layers are placed. It is a prime, so that no group,
/// window or merge fits it by accident.
#[doc(hidden)]
pub const ANY_SIZE: usize = 1009;

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
/// A layer is a line `name: Kind { settings }`, or as `name: Type` if it has no settings. The type is one of the
/// crate's (`Relu`, `Flatten`, `Softmax`) or your own ([`Layer`](crate::layer::Layer#a-layer-of-ones-own) shows how to
/// write one). A type without a default is written as `name: Type = value`.
///
/// The macro declares a struct, generic over its scalar, that implements [`Network`](crate::Network). For each layer outside
/// of groups and blocks it has a method with the layer's name that gives access to its parameters; `layers_mut()` gives access to change them.
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
/// # Networks that branch
/// A line takes the value of the line before it, unless it names its source in parentheses: the name of a line above it in the
/// same braces, or `input`. `Add(a, b, …)` adds values of equal shapes, `Concat(a, b, …)` puts their channels one after the
/// other, and `Multiply(a, b)` multiplies equal shapes, or maps with one number for each channel. A value that no line reads
/// does not compile.
///
/// Lines in braces are a group: they have a common name, and the group gives what its last line gives. In a group, `input` is
/// what the group is given. Names may be numbers, so that parameters are called as in PyTorch, `layer1.0.conv.weight`. Lines that
/// are used many times are a [`block!`](crate::block).
///
/// ```
/// use convnet::prelude::*;
///
/// network! {
///     struct Branching: Chw<3, 16, 16> => Flat<10> {
///         stem: Conv2d { filters: 8, kernel: 3, padding: 1 },
///         layer1: {
///             0: { conv: Conv2d { filters: 8, kernel: 3, padding: 1 }, relu: Relu, sum: Add(relu, input) },
///             1: { conv: Conv2d { filters: 8, kernel: 3, padding: 1 }, relu: Relu, sum: Add(relu, input) },
///         },
///         // Squeeze and excitation: a number between 0 and 1 for each channel.
///         squeeze: GlobalAvgPool,
///         fc1: Dense { units: 8 },
///         gate: Sigmoid,
///         excited: Multiply(layer1, gate),
///         side: (stem) { conv: Conv2d { filters: 4, kernel: 1 }, relu: Relu },
///         both: Concat(excited, side),
///         flatten: Flatten,
///         fc: Dense { units: 10 },
///     }
/// }
/// let net = Branching::new(1);
/// let names: Vec<String> = net.model().named_params().map(|(name, ..)| name).collect();
/// assert_eq!(names[2], "layer1.0.conv.weight");
/// ```
///
/// # Networks for any number of classes
/// A network may have parameters, with or without defaults. A parameter can stand for `units` and `filters`, and in the
/// input and output shape. A layer that does not fit is found by `cargo check`, whatever the parameter's value:
///
/// ```
/// use convnet::prelude::*;
///
/// network! {
///     struct Classifier<const CLASSES: usize = 10>: Chw<1, 8, 8> => Flat<CLASSES> {
///         conv: Conv2d { filters: 4, kernel: 3 },
///         relu: Relu,
///         flatten: Flatten,
///         fc: Dense { units: CLASSES },
///     }
/// }
/// let net = Classifier::<3>::new(1);
/// assert_eq!(net.fc().bias(), &[0.0; 3]);
/// assert_eq!(<Classifier>::PARAMS, 4 * 9 + 4 + 10 * 144 + 10); // the default
/// ```
///
/// Where the number of classes is known at run time only, write the program as a function that is generic over it, and
/// choose with `match`:
///
/// ```
/// use convnet::prelude::*;
/// # use convnet::train::Progress;
/// # network! {
/// #     struct Classifier<const CLASSES: usize>: Chw<1, 8, 8> => Flat<CLASSES> {
/// #         conv: Conv2d { filters: 4, kernel: 3 },
/// #         relu: Relu,
/// #         flatten: Flatten,
/// #         fc: Dense { units: CLASSES },
/// #     }
/// # }
/// type Image = Tensor<Chw<1, 8, 8>>;
///
/// /// Trains a network on images with their labels, and returns the class that it predicts for each image.
/// fn train<const CLASSES: usize>(images: &[Image], labels: &[usize]) -> Result<Vec<usize>, convnet::Error> {
///     let classes = labels.iter().map(|&label| Class::<CLASSES>::new(label)).collect::<Result<Vec<_>, _>>()?;
///     let data: Dataset<_, _> = images.iter().cloned().zip(classes).collect();
///     let mut trainer = Trainer::new(Classifier::<CLASSES>::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).epochs(2);
/// #   trainer = trainer.progress(Progress::Silent);
///     trainer.fit(&data, None)?;
///     Ok(images.iter().map(|image| trainer.network().predict(image).class).collect())
/// }
///
/// let images: Vec<_> = (0..20).map(|n| Image::from_fn(|i| (i % (n + 2)) as f32)).collect();
/// let labels: Vec<_> = (0..20).map(|n| n % 10).collect();
/// let classes = labels.iter().max().unwrap() + 1; // known at run time only
/// let predicted = match classes {
///     2 => train::<2>(&images, &labels)?,
///     10 => train::<10>(&images, &labels)?,
///     _ => panic!("this program is compiled for 2 and for 10 classes, not for {classes}"),
/// };
/// assert!(predicted.iter().all(|&class| class < 10));
/// # Ok::<(), convnet::Error>(())
/// ```
///
/// # Many layers
/// More than about a hundred lines in the same braces, or twenty if their names are numbers, need
/// `#![recursion_limit = "256"]` in the crate that declares the network. Lines of groups and blocks count for themselves.
#[macro_export]
macro_rules! network {
    ($(#[$meta:meta])* $vis:vis struct $Net:ident : $In:ty => $Out:ty { $($layers:tt)* }) => {
        $(#[$meta])*
        #[derive(Clone)]
        $vis struct $Net<T: $crate::Scalar = f32> {
            model: $crate::network::Model<$In, $Out, T>,
        }
        $crate::__lines! { @parse (__network) ($vis $Net [], $In, $Out) input [] [] $($layers)* , }
    };
    ($(#[$meta:meta])* $vis:vis struct $Net:ident<$(const $N:ident : usize $(= $default:tt)?),+ $(,)?> : $In:ty => $Out:ty {
        $($layers:tt)*
    }) => {
        $(#[$meta])*
        #[derive(Clone)]
        $vis struct $Net<$(const $N: usize $(= $default)?,)+ T: $crate::Scalar = f32> {
            model: $crate::network::Model<$In, $Out, T>,
        }
        $crate::__lines! { @parse (__network) ($vis $Net [$($N)+], $In, $Out) input [] [] $($layers)* , }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __network {
    (
        ($d:tt) $net:tt ($vis:vis $Net:ident [$($N:ident)*], $In:ty, $Out:ty) $last:ident
        [$(($prev:ident $at:tt $name:ident $label:tt $source:tt $line:tt))+]
    ) => {
        // For `f32`, so that `Net::new(seed)` and `Net::PARAMS` need no type annotation.
        #[allow(dead_code, reason = "a private network need not use all of these")]
        impl<$(const $N: usize),*> $Net<$($N),*> {
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

        #[allow(non_camel_case_types, non_upper_case_globals, dead_code, unused_macros, clippy::needless_update)]
        const _: () = {
            #[allow(unused_imports)]
            use $crate::layer::syntax::*;

            // A size while layers are placed: parameters have no value then.
            macro_rules! __size {
                $(($N) => { $crate::declare::ANY_SIZE };)*
                ($d size:expr) => { $d size };
            }

            /// The layers of a network, to change their parameters.
            pub struct __LayersMut<'a, $(const $N: usize,)* T: $crate::Scalar>(
                &'a mut $crate::network::Model<$In, $Out, T>,
            );

            const __PATH: $crate::shape::Path = $crate::shape::Path::ROOT;
            const input: $crate::layer::place::Placed = $crate::__network!(@input $In, [$($N)*]);
            $crate::__marks! { $net ($In) $($name)+ }
            $crate::__lines! {
                @items ($d) __access $net [$(($prev $at $name $label $source $line))+]
            }
            $crate::__given! { $net $last }

            impl<$(const $N: usize,)* T: $crate::Scalar> $crate::network::Network for $Net<$($N,)* T> {
                type Input = $In;
                type Output = $Out;
                type Scalar = T;
                const PARAMS: usize = $crate::declare::sum(Self::LAYERS).params;
                const BUFFERS: usize = $crate::declare::sum(Self::LAYERS).buffers;
                const LAYERS: &'static [$crate::declare::Item<T>] =
                    &[$($crate::__item!($net $name $label $line)),+];
                const MACS: usize = $crate::declare::sum(Self::LAYERS).macs;
                const ACTIVATION_BYTES: usize =
                    ::core::mem::size_of::<T>() * $crate::declare::sum(Self::LAYERS).activations;

                fn with_init(__init: $crate::Init, __seed: u64) -> Self {
                    let mut __plan = $crate::plan::Plan::new(<$In as $crate::shape::Shape>::DIMS);
                    __plan.declared(Self::LAYERS);
                    Self { model: $crate::network::Model::new(__plan, __init, __seed) }
                }

                fn model(&self) -> &$crate::network::Model<$In, $Out, T> {
                    &self.model
                }

                fn model_mut(&mut self) -> &mut $crate::network::Model<$In, $Out, T> {
                    &mut self.model
                }
            }

            impl<$(const $N: usize,)* T: $crate::Scalar> $Net<$($N,)* T> {
                /// The layers, to change their parameters.
                $vis fn layers_mut(&mut self) -> __LayersMut<'_, $($N,)* T> {
                    __LayersMut(&mut self.model)
                }
            }

            impl<$(const $N: usize,)* T: $crate::Scalar> ::core::fmt::Display for $Net<$($N,)* T> {
                fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::fmt::Display::fmt(&self.model, __f)
                }
            }

            impl<$(const $N: usize,)* T: $crate::Scalar> ::core::fmt::Debug for $Net<$($N,)* T> {
                fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    __f.debug_tuple(stringify!($Net)).field(&self.model).finish()
                }
            }
        };
    };

    (@input $In:ty, []) => {
        $crate::layer::place::Placed::input(<$In as $crate::shape::Shape>::DIMS)
    };
    // The same with a number for each parameter.
    (@input $In:ty, [$($N:ident)+]) => {
        {
            $(const $N: usize = $crate::declare::ANY_SIZE;)+
            $crate::layer::place::Placed::input(<$In as $crate::shape::Shape>::DIMS)
        }
    };
}

/// Access to the parameters of a layer of the network.
#[doc(hidden)]
#[macro_export]
macro_rules! __access {
    ($net:tt input $name:ident $line:tt) => {};
    ($net:tt new $name:ident $line:tt) => { $crate::__access! { @taken new } };
    ($net:tt with_init $name:ident $line:tt) => { $crate::__access! { @taken with_init } };
    ($net:tt layers_mut $name:ident $line:tt) => { $crate::__access! { @taken layers_mut } };
    (@taken $name:ident) => {
        compile_error!(concat!(
            "a layer cannot be called `",
            stringify!($name),
            "`: every network has a function of that name"
        ));
    };
    ($net:tt $same:ident $name:ident { @group $lines:tt }) => {};
    ($net:tt $same:ident $name:ident { @call Add ($($source:tt)*) $sources:tt }) => {};
    ($net:tt $same:ident $name:ident { @call Concat ($($source:tt)*) $sources:tt }) => {};
    ($net:tt $same:ident $name:ident { @call Multiply ($($source:tt)*) $sources:tt }) => {};
    ($net:tt $same:ident $name:ident { @call $kind:tt ($source:ident, $($more:ident),+ $(,)?) $sources:tt }) => {};
    ($net:tt $same:ident $name:ident { @call $kind:tt { $($each:tt)* } $settings:tt }) => {
        $kind! { @ask __access [@kind $net $name] }
    };
    ($net:tt $same:ident $name:ident $line:tt) => { $crate::__access! { @kind $net $name layer } };
    (@kind $net:tt $name:ident block) => {};
    (@kind ($vis:vis $Net:ident [$($N:ident)*], $In:ty, $Out:ty) $name:ident $layer:ident) => {
        impl<$(const $N: usize,)* T: $crate::Scalar> $Net<$($N,)* T> {
            /// The parameters of this layer.
            $vis fn $name(&self) -> $crate::layer::Params<'_, <$name<$($N),*> as $crate::declare::Takes>::Layer, T> {
                $crate::layer::Params::new(self.model.layer::<{ $name.value }>())
            }
        }

        impl<$(const $N: usize,)* T: $crate::Scalar> __LayersMut<'_, $($N,)* T> {
            /// The parameters of this layer.
            pub fn $name(&mut self) -> $crate::layer::ParamsMut<'_, <$name<$($N),*> as $crate::declare::Takes>::Layer, T> {
                $crate::layer::ParamsMut::new(self.0.layer_mut::<{ $name.value }>())
            }
        }
    };
}
