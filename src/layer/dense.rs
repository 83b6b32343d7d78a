//! The fully connected layer.

use std::marker::PhantomData;

use super::conv2d::ConvOp;
use super::place::{At, Placed};
use super::{Layer, Params, ParamsMut, Tensors};
use crate::kernel::conv::Geometry;
#[cfg(feature = "store")]
use crate::plan::Node;
use crate::plan::op::builtin;
use crate::plan::{Arithmetic, Backward, Forward, Op, Param, Plan, Reads};
use crate::scalar::Scalar;
use crate::shape::{Dims, Flat, ShapeError, Window};

/// A fully connected layer: every output is a weighted sum of all inputs, plus a bias unless `bias` is false.
///
/// In PyTorch: `nn.Linear(inputs, units, bias)`. In Keras: `Dense(units)`, with `use_bias`.
///
/// # Shapes
/// N → M; weight \[M\]\[N\], bias \[M\] or none.
///
/// # Formula
/// y = W·x + b, or W·x without a bias.
///
/// # In `network!`
/// `Dense { units: 120 }`, or `Dense { units: 120, bias: false }`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Linear: Flat<3> => Flat<2> {
///         fc: Dense { units: 2 },
///     }
/// }
/// let mut net = Linear::new(1);
/// *net.layers_mut().fc().weight() = [[1.0, 0.0, 2.0], [0.0, -1.0, 0.0]];
/// let x = Tensor::<Flat<3>>::from_fn(|i| i as f32);
/// let y = net.infer(&Batch::from_iter([x]));
/// assert_eq!(y.sample(0).as_slice(), [4.0, -1.0]);
/// ```
#[doc(alias("Linear", "nn.Linear", "fully connected"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Dense<In, Out, const BIAS: bool = true>(PhantomData<(In, Out)>);

super::constructor!(Dense<In, Out; const BIAS: bool>);

impl<const N: usize, const M: usize, const BIAS: bool, T: Scalar> Layer<Flat<N>, T>
    for Dense<Flat<N>, Flat<M>, BIAS>
{
    type Out = Flat<M>;
    const PARAMS: usize = M * N + if BIAS { M } else { 0 };
    const TENSORS: Tensors =
        if BIAS { &[("weight", &[M, N]), ("bias", &[M])] } else { &[("weight", &[M, N])] };
    const MACS: usize = M * N;

    fn add_to(&self, plan: &mut Plan<T>) {
        let window = Window::new([1, 1], [1, 1], [0, 0]);
        let geometry = Geometry { input: [N, 1, 1], output: [M, 1, 1], window, groups: 1 };
        plan.add_builtin::<_, Self>(DenseOp(ConvOp::new(geometry, BIAS, Arithmetic::default())));
    }
}

/// The settings of a `Dense` in `network!`.
#[doc(hidden)]
pub struct DenseSettings {
    pub units: usize,
    pub bias: bool,
}

impl DenseSettings {
    pub const DEFAULT: Self = DenseSettings { units: 0, bias: true };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        let units = if self.units == 0 { 1 } else { self.units };
        let made_up = [Dims::flat(from.output.len()), Dims::flat(units)];
        Placed { bias: self.bias, ..at.place(from, output(at.kind, from.output, self.units), made_up) }
    }
}

super::unknown_setting!(
    DenseSettings,
    NoSettingOfDense,
    "`Dense` has no setting `{Self}`; it has `units` and `bias`",
    "PyTorch's `out_features` is `units`; `in_features` is inferred"
);

/// The output of a dense layer.
const fn output(kind: &'static str, input: Dims, units: usize) -> Result<Dims, ShapeError> {
    if input.is_maps() {
        return Err(ShapeError::of(kind)
            .str("takes a vector, but is given ")
            .dims(input)
            .str("; put a Flatten before it, which gives ")
            .num(input.len()));
    }
    if let Some(error) = ShapeError::after_softmax(kind, input) {
        return Err(error);
    }
    if units == 0 {
        return Err(
            ShapeError::of(kind).str("expected at least 1 unit, found 0; is the setting `units` missing?")
        );
    }
    Ok(Dims::flat(units))
}

/// Computed as a convolution with one position. Its weight has two dimensions.
struct DenseOp(ConvOp);

builtin!(DenseOp);

impl<T: Scalar> Op<T> for DenseOp {
    fn describe(&self) -> String {
        if self.0.has_bias { "Dense" } else { "Dense, no bias" }.into()
    }

    fn params(&self) -> Vec<Param> {
        let mut params = Op::<T>::params(&self.0);
        params[0].shape.truncate(2);
        params
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        Some(vec![Node::new("Gemm", self.0.operands()).with("transB", 1)])
    }

    fn convolution(&self) -> Option<Geometry> {
        Op::<T>::convolution(&self.0)
    }

    fn scratch(&self, tiles: usize) -> usize {
        Op::<T>::scratch(&self.0, tiles)
    }

    fn reads(&self) -> Reads {
        Op::<T>::reads(&self.0)
    }

    fn rectifies(&self) -> bool {
        Op::<T>::rectifies(&self.0)
    }

    fn masks(&self) -> bool {
        Op::<T>::masks(&self.0)
    }

    fn narrow(&self) -> bool {
        Op::<T>::narrow(&self.0)
    }

    fn forward(&self, pass: Forward<'_, T>) {
        self.0.forward(pass);
    }

    fn backward(&self, pass: Backward<'_, T>) {
        self.0.backward(pass);
    }
}

impl<'a, const N: usize, const M: usize, const BIAS: bool, T: Scalar>
    Params<'a, Dense<Flat<N>, Flat<M>, BIAS>, T>
{
    /// The weights: output, input.
    pub fn weight(&self) -> &'a [[T; N]; M] {
        &self.values[..M * N].as_chunks().0.as_chunks().0[0]
    }
}

impl<'a, const N: usize, const M: usize, T: Scalar> Params<'a, Dense<Flat<N>, Flat<M>>, T> {
    /// The biases, one for each output.
    pub fn bias(&self) -> &'a [T; M] {
        &self.values[M * N..].as_chunks().0[0]
    }
}

impl<'a, const N: usize, const M: usize, const BIAS: bool, T: Scalar>
    ParamsMut<'a, Dense<Flat<N>, Flat<M>, BIAS>, T>
{
    /// The weights: output, input.
    pub fn weight(self) -> &'a mut [[T; N]; M] {
        &mut self.values[..M * N].as_chunks_mut().0.as_chunks_mut().0[0]
    }
}

impl<'a, const N: usize, const M: usize, T: Scalar> ParamsMut<'a, Dense<Flat<N>, Flat<M>>, T> {
    /// The biases, one for each output.
    pub fn bias(self) -> &'a mut [T; M] {
        &mut self.values[M * N..].as_chunks_mut().0[0]
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Dense {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* layer } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::layer::Dense<$crate::__in!(Flat $net $name), $crate::__out!(Units $net $name $settings), { $name.bias }>
    };
    (@value $settings:tt) => { ::core::default::Default::default() };
    (@key units $($to:tt)*) => { $crate::__settings!(@size units $($to)*) };
    (@key bias $($to:tt)*) => { $crate::__settings!(@one bias $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__Dense DenseSettings $($settings)*) };
}
