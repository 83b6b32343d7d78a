//! The types of the layers and of the shapes between them: from values, or, in a network with parameters, from what is
//! written and from the layer before.

use std::marker::PhantomData;

use crate::layer::place::Placed;
use crate::shape::Shape;

/// The place of a group, a use of a block or a merge.
#[doc(hidden)]
pub trait Block {
    const PLACED: Placed;
}

/// The type of a block's setting.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a setting of a block is a `usize`, a `bool`, an `f64` or a pair of `usize`"
)]
pub trait Setting: Copy {
    /// Stands for a setting that is missing, which is told elsewhere.
    const MADE_UP: Self;
}

impl Setting for usize {
    const MADE_UP: Self = 1;
}

impl Setting for bool {
    const MADE_UP: Self = false;
}

impl Setting for f64 {
    const MADE_UP: Self = 0.5;
}

impl Setting for (usize, usize) {
    const MADE_UP: Self = (1, 1);
}

/// The type of a line: a layer and the shape that it is given. A layer with its input shape in its type stands for itself.
#[doc(hidden)]
pub trait Takes {
    type In;
    type Layer;
}

/// The type of a line whose layer takes several shapes.
#[doc(hidden)]
pub struct Line<In, L>(PhantomData<(In, L)>);

impl<In, L> Takes for Line<In, L> {
    type In = In;
    type Layer = L;
}

/// A line that reads the output of the layer with this number. Where the place of the line could not be found out, the number
/// is not known, and the compiler says nothing more about the line.
#[doc(hidden)]
pub struct Reading<Line, const SOURCE: usize>(PhantomData<Line>);

impl<Line: Takes, const SOURCE: usize> Takes for Reading<Line, SOURCE> {
    type In = Line::In;
    type Layer = Line::Layer;
}

#[doc(hidden)]
pub type TakenBy<Line, const SOURCE: usize> = <Reading<Line, SOURCE> as Takes>::In;
#[doc(hidden)]
pub type LayerOf<Line, const SOURCE: usize> = <Reading<Line, SOURCE> as Takes>::Layer;

/// Compares a network's declared output shape with the output shape of its last layer: only equal shapes implement it.
#[diagnostic::on_unimplemented(
    message = "the network is declared to give `{Self}`, but its last layer gives `{Last}`",
    label = "the last layer gives `{Last}`"
)]
pub trait GivenBy<Last> {}
impl<S: Shape> GivenBy<S> for S {}

/// Input and output shape of a line, as types, in a network with parameters. In other networks the shapes are spelt out; here
/// they depend on the parameters. It is implemented for a type of each line, in a module `__marks`: so the compiler finds each in constant
/// time.
#[doc(hidden)]
pub trait Shapes<Net> {
    type Input: Shape;
    type Output: Shape;
}

/// The types that stand for the lines of a scope, in a network with parameters.
#[doc(hidden)]
#[macro_export]
macro_rules! __marks {
    (($vis:vis $Net:ident [], $In:ty, $Out:ty) $given:tt $($name:ident)+) => {};
    (($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) ($Given:ty) $($name:ident)+) => {
        mod __marks {
            pub struct input;
            $(pub struct $name;)+
        }
        impl<$(const $N: usize),+> $crate::declare::Shapes<$Net<$($N),+>> for __marks::input {
            type Input = $Given;
            type Output = $Given;
        }
    };
}

/// Implements [`Shapes`](crate::declare::Shapes) for a line of a network with parameters.
#[doc(hidden)]
#[macro_export]
macro_rules! __shapes {
    (@$what:ident ($vis:vis $Net:ident [], $In:ty, $Out:ty) $($more:tt)*) => {};
    (@layer ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $name:ident $prev:ident []) => {
        $crate::__shapes! { @layer ($vis $Net [$($N)+], $In, $Out) $name $prev [$prev] }
    };
    (@layer ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $name:ident $prev:ident [$source:ident]) => {
        impl<$(const $N: usize),+> $crate::declare::Shapes<$Net<$($N),+>> for __marks::$name {
            type Input = <__marks::$source as $crate::declare::Shapes<$Net<$($N),+>>>::Output;
            type Output = <<$name<$($N),+> as $crate::declare::Takes>::Layer as $crate::layer::Layer<
                <Self as $crate::declare::Shapes<$Net<$($N),+>>>::Input,
                f32,
            >>::Out;
        }
    };
    // A merge or a block: its shape does not depend on the parameters.
    (@value ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $name:ident) => {
        impl<$(const $N: usize),+> $crate::declare::Shapes<$Net<$($N),+>> for __marks::$name {
            type Input = $crate::__shape!($name input);
            type Output = $crate::__shape!($name output);
        }
    };
    // A group.
    (@given ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $prev:ident []) => {
        $crate::__shapes! { @given ($vis $Net [$($N)+], $In, $Out) $prev [$prev] }
    };
    (@given ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $prev:ident [$source:ident]) => {
        type __Given<$(const $N: usize),+> = <__marks::$source as $crate::declare::Shapes<$Net<$($N),+>>>::Output;
    };
    (@last ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $last:ident) => {
        impl<$(const $N: usize),+> $crate::declare::Shapes<$Net<$($N),+>> for __Scope<$($N),+> {
            type Input = __Given<$($N),+>;
            type Output = <__marks::$last as $crate::declare::Shapes<$Net<$($N),+>>>::Output;
        }
    };
    (@group ($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $name:ident) => {
        impl<$(const $N: usize),+> $crate::declare::Shapes<$Net<$($N),+>> for __marks::$name {
            type Input = <$name<$($N),+> as $crate::declare::Shapes<$Net<$($N),+>>>::Input;
            type Output = <$name<$($N),+> as $crate::declare::Shapes<$Net<$($N),+>>>::Output;
        }
    };
}

/// Compares the last layer's output with the declared one.
#[doc(hidden)]
#[macro_export]
macro_rules! __given {
    (($vis:vis $Net:ident [], $In:ty, $Out:ty) $last:ident) => {
        const __GIVEN: $crate::layer::place::Placed = $last.or(<$Out as $crate::shape::Shape>::DIMS);
        const fn __declared<Out: $crate::declare::GivenBy<Last>, Last>() {}
        const _: () = __declared::<$Out, $crate::__shape!(__GIVEN output)>();
    };
    (($vis:vis $Net:ident [$($N:ident)+], $In:ty, $Out:ty) $last:ident) => {
        const fn __declared<Out: $crate::declare::GivenBy<Last>, Last>() {}
        const fn __given<$(const $N: usize),+>() {
            __declared::<$Out, <__marks::$last as $crate::declare::Shapes<$Net<$($N),+>>>::Output>();
        }
    };
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
        <__marks::$name as $crate::declare::Shapes<$Net<$($N),+>>>::Input
    };
}

/// The type of the output shape of a layer: of one with `units`, `filters` or `channels`, which may be parameters of the
/// network, and of one that keeps the channels of its input (`Resized`).
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
    (Channels $net:tt $name:ident { channels: $n:expr $(, $($rest:tt)*)? }) => {
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
    ($maps:ident $net:tt $name:ident {}) => {
        $crate::shape::Chw<{ $name.output.channels() }, { $name.output.height() }, { $name.output.width() }>
    };
}

/// The type of the input or output shape of a placed layer.
#[doc(hidden)]
#[macro_export]
macro_rules! __shape {
    ($name:ident $end:ident) => {
        $crate::__shape!(($name) $end)
    };
    (($placed:expr) $end:ident) => {
        <$crate::shape::Known<
            { $placed.$end.kind() },
            { $placed.$end.channels() },
            { $placed.$end.height() },
            { $placed.$end.width() },
        > as $crate::shape::ToShape>::Shape
    };
}
