//! The types of the layers and of the shapes between them: from values, or, in a network with parameters, from what is
//! written and from the layer before.

use crate::shape::Shape;

/// Compares a network's declared output shape with the output shape of its last layer: only equal shapes implement it.
#[diagnostic::on_unimplemented(
    message = "the network is declared to give `{Self}`, but its last layer gives `{Last}`",
    label = "the last layer gives `{Last}`"
)]
pub trait GivenBy<Last> {}
impl<S: Shape> GivenBy<S> for S {}

/// The shape between two layers of a network with parameters: after this many layers. In other networks the shapes are
/// spelt out; here they depend on the parameters, and passing them on through a trait takes linear time.
#[doc(hidden)]
pub trait Between<const LAYERS: usize> {
    type Shape: Shape;
}

/// The shape before the first layer or behind a layer, in a network with parameters.
#[doc(hidden)]
#[macro_export]
macro_rules! __between {
    (($vis:vis $Net:ident [], $In:ty, $Out:ty) $at:tt $shape:tt) => {};
    (($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) [] ($Shape:ty)) => {
        impl<$(const $N: usize),+> $crate::declare::Between<0> for $Net<$($N),+> {
            type Shape = $Shape;
        }
    };
    (($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) [$($at:tt)*] $name:ident) => {
        impl<$(const $N: usize),+> $crate::declare::Between<{ 1 $(+ $at)* }> for $Net<$($N),+> {
            type Shape = <$name<$($N),+> as $crate::layer::Layer<
                <Self as $crate::declare::Between<{ 0 $(+ $at)* }>>::Shape,
                f32,
            >>::Out;
        }
    };
}

/// Compares the last layer's output with the declared one.
#[doc(hidden)]
#[macro_export]
macro_rules! __given {
    (($vis:vis $Net:ident [], $In:ty, $Out:ty) [$($name:ident)+]) => {
        const __LAST: $crate::layer::place::Placed = [$($name),+][[$(stringify!($name)),+].len() - 1];
        const __GIVEN: $crate::layer::place::Placed = __LAST.or(<$Out as $crate::shape::Shape>::DIMS);
        const fn __declared<Out: $crate::declare::GivenBy<Last>, Last>() {}
        const _: () = __declared::<$Out, $crate::__shape!(__GIVEN output)>();
    };
    (($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) [$($name:ident)+]) => {
        const fn __declared<Out: $crate::declare::GivenBy<Last>, Last>() {}
        const fn __given<$(const $N: usize),+>() {
            const LAYERS: usize = [$(stringify!($name)),+].len();
            __declared::<$Out, <$Net<$($N),+> as $crate::declare::Between<LAYERS>>::Shape>();
        }
    };
}

/// The facts about a layer. Whether the layers of a network with parameters agree is known when its parameters are.
#[doc(hidden)]
#[macro_export]
macro_rules! __facts {
    (($vis:vis $Net:ident [], $In:ty, $Out:ty) $name:ident) => {
        $crate::layer::facts::<$crate::__shape!($name input), $name, f32>()
    };
    ($net:tt $name:ident) => {
        $crate::layer::fitting::<$crate::__in!(Any $net $name), $crate::__named!($net $name)>(stringify!($name))
    };
}

/// The type of a layer.
#[doc(hidden)]
#[macro_export]
macro_rules! __named {
    (($vis:vis $Net:ident [$($N:ident)*], $In:ty, $Out:ty) $name:ident) => { $name<$($N),*> };
}

/// The type of the input shape of a layer that takes feature maps (`Chw`), a vector (`Flat`) or any shape (`Any`).
#[doc(hidden)]
#[macro_export]
macro_rules! __in {
    (Chw ($vis:vis $Net:ident [], $In:ty, $Out:ty) $name:ident) => {
        $crate::shape::Chw<{ $name.input.channels() }, { $name.input.height() }, { $name.input.width() }>
    };
    (Flat ($vis:vis $Net:ident [], $In:ty, $Out:ty) $name:ident) => {
        $crate::shape::Flat<{ $name.input.channels() }>
    };
    (Any ($vis:vis $Net:ident [], $In:ty, $Out:ty) $name:ident) => { $crate::__shape!($name input) };
    ($kind:ident ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $name:ident) => {
        <$Net<$($N),+> as $crate::declare::Between<{ $name.layers - 1 }>>::Shape
    };
}

/// The type of the output shape of a layer: of one with `units` or `filters`, which may be parameters of the network,
/// and of one that keeps the channels of its input (`Resized`).
#[doc(hidden)]
#[macro_export]
macro_rules! __out {
    (Units ($vis:vis $Net:ident [], $In:ty, $Out:ty) $name:ident $settings:tt) => {
        $crate::shape::Flat<{ $name.output.channels() }>
    };
    ($kind:ident ($vis:vis $Net:ident [], $In:ty, $Out:ty) $name:ident $settings:tt) => {
        $crate::shape::Chw<{ $name.output.channels() }, { $name.output.height() }, { $name.output.width() }>
    };
    (Units $net:tt $name:ident { units: $n:expr $(, $($rest:tt)*)? }) => { $crate::shape::Flat<{ $n }> };
    (Filters $net:tt $name:ident { filters: $n:expr $(, $($rest:tt)*)? }) => {
        $crate::shape::Chw<{ $n }, { $name.output.height() }, { $name.output.width() }>
    };
    (Resized $net:tt $name:ident $settings:tt) => {
        <$crate::__in!(Chw $net $name) as $crate::shape::Maps>::Resized<
            { $name.output.height() },
            { $name.output.width() },
        >
    };
    ($kind:ident $net:tt $name:ident { $other:ident : $n:expr $(, $($rest:tt)*)? }) => {
        $crate::__out!($kind $net $name { $($($rest)*)? })
    };
    // The setting is missing, and the layer's place tells it.
    (Units $net:tt $name:ident {}) => { $crate::shape::Flat<{ $name.output.channels() }> };
    (Filters $net:tt $name:ident {}) => {
        $crate::shape::Chw<{ $name.output.channels() }, { $name.output.height() }, { $name.output.width() }>
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
