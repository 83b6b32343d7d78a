//! Convolution with a table of the channels that each filter sees.

use std::marker::PhantomData;

use super::conv2d;
use super::{Layer, Tensors};
use crate::kernel::conv::{Conv, Geometry};
use crate::kernel::{values, values_mut};
use crate::plan::op::builtin;
use crate::plan::{Arithmetic, Backward, Forward, Op, Param, Plan, Reads, Role};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Chw, Dims, Kernel, ShapeError, Window};
use crate::tensor::{LANES, Lanes};

/// The channels that each filter of a [`TableConv2d`] sees.
pub trait Connections: Copy + Default + Send + Sync + 'static {
    /// For each filter its channels, in rising order.
    const TABLE: &'static [&'static [usize]];
}

/// Two-dimensional convolution in which each filter sees the channels that a table names (LeCun et al. 1998,
/// "Gradient-based learning applied to document recognition", section II.B and table I).
///
/// PyTorch and Keras have no such layer; there it is a convolution whose weight is multiplied by a fixed mask.
///
/// # Shapes
/// IC×IH×IW → OC×(IH − KH + 1)×(IW − KW + 1), without padding and in steps of 1. weight \[connections\]\[KH\]\[KW\],
/// filter by filter in the order of the table, and bias \[OC\]. Connections that are not in the table have no
/// parameters.
///
/// # Formula
/// y\[o\] = bias\[o\] + Σ weight\[o, i\] ⋆ x\[i\] over the channels i of filter o. It is computed with zeros for all
/// other weights, so it takes as long as a [`Conv2d`](super::Conv2d).
///
/// [`max_norm`](crate::train::Trainer::max_norm) limits each KH×KW kernel separately.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::layer::Connections;
///
/// /// One filter for each channel, and one for both.
/// #[derive(Clone, Copy, Default)]
/// struct Table;
/// impl Connections for Table {
///     const TABLE: &'static [&'static [usize]] = &[&[0], &[1], &[0, 1]];
/// }
/// network! {
///     struct Sparse: Chw<2, 5, 5> => Chw<3, 3, 3> {
///         conv: TableConv2d<Chw<2, 5, 5>, Chw<3, 3, 3>, Kernel<3>, Table>,
///     }
/// }
/// const _: () = assert!(Sparse::PARAMS == 4 * 9 + 3);
/// # Sparse::new(1);
/// ```
#[doc(alias = "connection table")]
#[derive(Clone, Copy, Default, Debug)]
pub struct TableConv2d<In, Out, K, C>(PhantomData<(In, Out, K, C)>);

super::constructor!(TableConv2d<In, Out, K, C>);

/// Pairs of a filter and a channel.
const fn connections(table: &[&[usize]]) -> usize {
    let (mut filter, mut sum) = (0, 0);
    while filter < table.len() {
        sum += table[filter].len();
        filter += 1;
    }
    sum
}

impl<
    const IC: usize,
    const IH: usize,
    const IW: usize,
    const OC: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
    C: Connections,
    T: Scalar,
> Layer<Chw<IC, IH, IW>, T> for TableConv2d<Chw<IC, IH, IW>, Chw<OC, OH, OW>, Kernel<KH, KW>, C>
{
    type Out = Chw<OC, OH, OW>;
    const SHAPE_ERROR: Option<ShapeError> = {
        let (kind, input) = ("TableConv2d", Dims::chw(IC, IH, IW));
        let output = output(kind, input, C::TABLE, [KH, KW]);
        ShapeError::in_type(kind, input, Dims::chw(OC, OH, OW), output)
    };
    const PARAMS: usize = connections(C::TABLE) * KH * KW + OC;
    const TENSORS: Tensors = &[("weight", &[connections(C::TABLE), KH, KW]), ("bias", &[OC])];
    const MACS: usize = connections(C::TABLE) * KH * KW * OH * OW;

    fn add_to(&self, plan: &mut Plan<T>) {
        let window = Window::new([KH, KW], [1, 1], [0, 0]);
        let geometry = Geometry { input: [IC, IH, IW], output: [OC, OH, OW], window, groups: 1 };
        let kernels =
            C::TABLE.iter().enumerate().flat_map(|(o, channels)| channels.iter().map(move |i| o * IC + i));
        plan.add_builtin::<_, Self>(TableOp {
            geometry,
            conv: Conv::new(geometry, Arithmetic::default()),
            kernels: kernels.collect(),
        });
    }
}

/// The output of a convolution by a table.
const fn output(
    kind: &'static str,
    input: Dims,
    table: &[&[usize]],
    kernel: [usize; 2],
) -> Result<Dims, ShapeError> {
    if table.is_empty() {
        return Err(ShapeError::of(kind).str("expected at least 1 filter in the table, found 0"));
    }
    let mut filter = 0;
    while filter < table.len() {
        let channels = table[filter];
        if channels.is_empty() {
            return Err(ShapeError::of(kind)
                .str("expected at least 1 channel for filter ")
                .num(filter)
                .str(", found 0"));
        }
        let mut i = 0;
        while i < channels.len() {
            if channels[i] >= input.channels() || (i > 0 && channels[i - 1] >= channels[i]) {
                return Err(ShapeError::of(kind)
                    .str("expected channels below ")
                    .num(input.channels())
                    .str(" in rising order, found ")
                    .num(channels[i])
                    .str(" for filter ")
                    .num(filter));
            }
            i += 1;
        }
        filter += 1;
    }
    conv2d::output(kind, input, table.len(), Window::new(kernel, [1, 1], [0, 0]), 1)
}

struct TableOp {
    geometry: Geometry,
    conv: Conv,
    /// The place of each connection's kernel among the kernels of all filters and channels.
    kernels: Vec<usize>,
}

builtin!(TableOp);

impl TableOp {
    /// Weights of a kernel.
    fn area(&self) -> usize {
        self.geometry.window.kernel.iter().product()
    }

    /// Weights that are parameters.
    fn weights(&self) -> usize {
        self.kernels.len() * self.area()
    }

    /// Weights of all filters and channels.
    fn all_weights(&self) -> usize {
        self.geometry.output[0] * self.geometry.input[0] * self.area()
    }

    /// Entries for all of them.
    fn room(&self) -> usize {
        self.all_weights().div_ceil(LANES)
    }

    /// All weights, zeros among them, in scratch.
    fn spread<'a, T: Scalar>(&self, weight: &[T], scratch: &'a mut [Lanes<T>]) -> &'a [T] {
        let all = &mut values_mut(scratch)[..self.all_weights()];
        all.fill(T::zero());
        for (kernel, weight) in self.kernels.iter().zip(weight.chunks_exact(self.area())) {
            all[kernel * self.area()..][..self.area()].copy_from_slice(weight);
        }
        all
    }
}

impl<T: Scalar> Op<T> for TableOp {
    fn describe(&self) -> String {
        let [rows, columns] = self.geometry.window.kernel;
        format!("TableConv2d {rows}×{columns}, {} connections", self.kernels.len())
    }

    fn params(&self) -> Vec<Param> {
        let Geometry { input: [ic, ..], output: [oc, ..], window: Window { kernel: [kh, kw], .. }, .. } =
            self.geometry;
        // The means over filters and channels.
        let (fan_in, fan_out) = (self.weights() / oc, self.weights() / ic);
        vec![
            Param::new("weight", Role::Weight, [self.kernels.len(), kh, kw]).fan(fan_in, fan_out),
            Param::new("bias", Role::Bias, [oc]).fan(fan_in, fan_out),
        ]
    }

    /// One kernel of zeros, after those that are parameters, stands for all connections that are not in the table. The
    /// kernels of all filters and channels are gathered from these, for an ordinary convolution.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let Geometry { input: [ic, ..], output: [oc, ..], window: Window { kernel: [kh, kw], .. }, .. } =
            self.geometry;
        let zeros = Operand::Floats { shape: vec![1, kh, kw], values: vec![0.0; kh * kw] };
        let mut places = vec![self.kernels.len() as i64; oc * ic];
        for (place, kernel) in self.kernels.iter().enumerate() {
            places[*kernel] = place as i64;
        }
        let places = Operand::Ints { shape: vec![oc, ic], values: places };
        Some(vec![
            Node::new("Concat", [Operand::Param("weight"), zeros]).with("axis", 0),
            Node::new("Gather", [Operand::Last, places]).with("axis", 0),
            Node::new("Conv", [Operand::Input, Operand::Last, Operand::Param("bias")]),
        ])
    }

    fn scratch(&self, tiles: usize) -> usize {
        self.room() + self.conv.scratch(tiles)
    }

    fn reads(&self) -> Reads {
        Reads::X
    }

    fn rectifies(&self) -> bool {
        true
    }

    fn masks(&self) -> bool {
        true
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, params, scratch, rectifier, pass, .. }: Forward<'_, T>) {
        let (weight, bias) = params.split_at(self.weights());
        let (all, scratch) = scratch.split_at_mut(self.room());
        let all = self.spread(weight, all);
        self.conv.forward(
            y,
            x,
            all,
            Some(bias),
            crate::kernel::Finish::rectified(rectifier),
            scratch,
            pass.exec,
        );
    }

    fn backward(&self, Backward { dx, dparams, dy, x, params, scratch, mask, pass, .. }: Backward<'_, T>) {
        let (dw, db) = dparams.split_at_mut(self.weights());
        let (all, scratch) = scratch.split_at_mut(self.room());
        let all_dw = &mut values_mut(all)[..self.all_weights()];
        self.conv.backward_weights(all_dw, Some(db), dy, x, scratch, pass.exec);
        for (dw, kernel) in dw.chunks_exact_mut(self.area()).zip(&self.kernels) {
            dw.copy_from_slice(&values(all)[kernel * self.area()..][..self.area()]);
        }
        if let Some(dx) = dx {
            let all = self.spread(&params[..self.weights()], all);
            self.conv.backward_data(dx, dy, all, mask.map(|rectifier| (rectifier, x)), scratch, pass.exec);
        }
    }
}
