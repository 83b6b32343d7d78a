//! From feature maps to a vector.

use std::marker::PhantomData;

use super::Layer;
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Mode, Op, Plan, Reads, Shortcut};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Chw, Dims, Flat, ShapeError};

/// Feature maps as one vector, in channel, row, column order.
///
/// In PyTorch: `nn.Flatten()`. In Keras: `Flatten()`, which orders the values by row, column and channel.
///
/// # Shapes
/// C×H×W → C·H·W. In `network!` it is written `Flatten`; the sizes are inferred.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Unrolled: Chw<2, 1, 2> => Flat<4> {
///         flatten: Flatten,
///     }
/// }
/// let x = Tensor::<Chw<2, 1, 2>>::from_fn(|i| i as f32);
/// let y = Unrolled::new(1).infer(&Batch::from_iter([x]));
/// assert_eq!(y.sample(0).as_slice(), [0.0, 1.0, 2.0, 3.0]);
/// ```
#[doc(alias = "nn.Flatten")]
#[derive(Clone, Copy, Default, Debug)]
pub struct Flatten<In = Inferred, Out = Inferred>(PhantomData<(In, Out)>);

super::constructor!(Flatten<In, Out>);

/// Stands for the shapes of a `Flatten` in `network!`.
#[derive(Clone, Copy, Default, Debug)]
pub struct Inferred;

/// The compile error in `network!`, at the word `Flatten`, for an input that is flat already.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`Flatten` takes `Chw<C, H, W>`, but is given `{In}`, which is flat already",
    label = "this layer is given `{In}`"
)]
pub trait Flattens<In> {}
impl<const C: usize, const H: usize, const W: usize> Flattens<Chw<C, H, W>> for Flatten {}

#[doc(hidden)]
pub const fn flattens<L: Flattens<In>, In>() {}

impl<const C: usize, const H: usize, const W: usize, const N: usize, T: Scalar> Layer<Chw<C, H, W>, T>
    for Flatten<Chw<C, H, W>, Flat<N>>
{
    type Out = Flat<N>;
    const SHAPE_ERROR: Option<ShapeError> = {
        let input = Dims::chw(C, H, W);
        ShapeError::in_type("Flatten", input, Dims::flat(N), Ok(Dims::flat(input.len())))
    };

    fn add_to(&self, plan: &mut Plan<T>) {
        plan.add_builtin::<_, Self>(FlattenOp);
    }
}

/// The layout is the same on both sides.
struct FlattenOp;

builtin!(FlattenOp);

impl<T: Scalar> Op<T> for FlattenOp {
    fn describe(&self) -> String {
        "Flatten".into()
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        Some(vec![Node::new("Flatten", [Operand::Input]).with("axis", 1)])
    }

    fn shortcut(&self, _: Mode) -> Shortcut {
        Shortcut::Identity
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, .. }: Forward<'_, T>) {
        y.copy_from_slice(x);
    }

    fn backward(&self, Backward { dx, dy, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            dx.copy_from_slice(dy);
        }
    }
}
