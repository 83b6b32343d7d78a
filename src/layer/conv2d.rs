//! Convolution.

use std::marker::PhantomData;

use super::place::{At, Placed};
use super::{Layer, Params, ParamsMut, Tensors};
use crate::kernel::conv::{Conv, Geometry};
use crate::kernel::{Finish, values};
use crate::plan::op::{Builtin, builtin};
use crate::plan::{Arithmetic, Backward, Forward, Op, Param, Plan, Reads, Role};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Chw, Dilation, Dims, Groups, Kernel, Padding, ShapeError, Stride, Window, window_output};

/// Two-dimensional convolution, with a bias for each filter unless `bias` is false.
///
/// In PyTorch: `nn.Conv2d(in, filters, kernel, stride, padding, dilation, groups, bias)`. In Keras:
/// `Conv2D(filters, kernel, strides)`, with `use_bias`.
///
/// # Shapes
/// IC×IH×IW → OC×OH×OW, with OH = ⌊(IH + PT + PB − DH·(KH − 1) − 1) / SH⌋ + 1 for the padding PT above and PB
/// below, and OW likewise for PL and PR; weight \[OC\]\[IC / groups\]\[KH\]\[KW\], bias \[OC\] or none.
///
/// # Formula
/// y\[o\]\[r\]\[c\] = bias\[o\] + Σ weight\[o\]\[i\]\[u\]\[v\] · x\[i\]\[r·SH + u·DH − PT\]\[c·SW + v·DW − PL\]
/// over i, u, v, with x zero outside of the input. As in other libraries this is a cross-correlation: the
/// kernel is not flipped (Goodfellow, Bengio, Courville 2016, "Deep Learning", eq. 9.6).
///
/// With more than one group, channels and filters are split into groups, and the filters of a group see only its
/// channels (Krizhevsky et al. 2012, whose two groups ran on two processors). With as many groups as channels, each
/// filter sees one channel. A dilation above 1 spreads the kernel (Yu & Koltun 2016, "Multi-scale context aggregation
/// by dilated convolutions").
///
/// # In `network!`
/// `Conv2d { filters: 6, kernel: 5, stride: 1, padding: 2, dilation: 1, groups: 1, bias: true }`; all but filters and
/// kernel may be left out, and kernel, stride, padding and dilation may be a pair `(vertical, horizontal)`. The setting
/// is `kernel` and not PyTorch's `kernel_size`, because it is shorter and can mean nothing else here. A convolution
/// before a [`BatchNorm`](super::BatchNorm), which subtracts every constant, needs no bias: `bias: false`.
///
/// Padding that differs by side is `padding: (top, left, bottom, right)`, the order of ONNX. Keras's and TensorFlow's
/// "same" is one of these: a 3×3 kernel with stride 2 on an even input has `padding: (0, 0, 1, 1)`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Edges: Chw<1, 28, 20> => Chw<4, 26, 9> {
///         conv: Conv2d { filters: 4, kernel: (3, 4), stride: (1, 2) },
///         mixed: Conv2d { filters: 4, kernel: 1, bias: false },
///     }
/// }
/// const _: () = assert!(Edges::PARAMS == (4 * 12 + 4) + 4 * 4);
/// let edges = Edges::new(1);
/// let weight: &[[[[f32; 4]; 3]; 1]; 4] = edges.conv().weight();
/// # let _ = weight;
/// ```
#[doc(alias("Conv2D", "nn.Conv2d", "DepthwiseConv2D", "kernel_size", "use_bias", "convolution"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Conv2d<
    In,
    Out,
    K,
    S = Stride<1>,
    P = Padding<0>,
    D = Dilation<1>,
    G = Groups<1>,
    const BIAS: bool = true,
>(PhantomData<(In, Out, K, S, P, D, G)>);

super::constructor!(Conv2d<In, Out, K, S, P, D, G; const BIAS: bool>);

impl<
    const IC: usize,
    const IH: usize,
    const IW: usize,
    const OC: usize,
    const OH: usize,
    const OW: usize,
    const KH: usize,
    const KW: usize,
    const SH: usize,
    const SW: usize,
    const PT: usize,
    const PL: usize,
    const PB: usize,
    const PR: usize,
    const DH: usize,
    const DW: usize,
    const G: usize,
    const BIAS: bool,
    T: Scalar,
> Layer<Chw<IC, IH, IW>, T>
    for Conv2d<
        Chw<IC, IH, IW>,
        Chw<OC, OH, OW>,
        Kernel<KH, KW>,
        Stride<SH, SW>,
        Padding<PT, PL, PB, PR>,
        Dilation<DH, DW>,
        Groups<G>,
        BIAS,
    >
{
    type Out = Chw<OC, OH, OW>;
    const SHAPE_ERROR: Option<ShapeError> = {
        let padding = [PT, PL, PB, PR];
        let window = Window { kernel: [KH, KW], stride: [SH, SW], padding, dilation: [DH, DW], ceil: false };
        let input = Dims::chw(IC, IH, IW);
        let output = output("Conv2d", input, OC, window, G);
        ShapeError::in_type("Conv2d", input, Dims::chw(OC, OH, OW), output)
    };
    // A number of groups of 0 is a shape error, and not a division by zero.
    const PARAMS: usize = OC * (IC / if G == 0 { 1 } else { G }) * KH * KW + if BIAS { OC } else { 0 };
    const TENSORS: Tensors = if BIAS {
        &[("weight", &[OC, IC / if G == 0 { 1 } else { G }, KH, KW]), ("bias", &[OC])]
    } else {
        &[("weight", &[OC, IC / if G == 0 { 1 } else { G }, KH, KW])]
    };
    const MACS: usize = OC * OH * OW * (IC / if G == 0 { 1 } else { G }) * KH * KW;

    fn add_to(&self, plan: &mut Plan<T>) {
        let padding = [PT, PL, PB, PR];
        let window = Window { kernel: [KH, KW], stride: [SH, SW], padding, dilation: [DH, DW], ceil: false };
        let geometry = Geometry { input: [IC, IH, IW], output: [OC, OH, OW], window, groups: G };
        plan.add_builtin::<_, Self>(ConvOp::new(geometry, BIAS, Arithmetic::default()));
    }
}

/// The output of a convolution. It also refuses padding so large that a window would contain only padding.
pub(crate) const fn output(
    kind: &'static str,
    input: Dims,
    filters: usize,
    window: Window,
    groups: usize,
) -> Result<Dims, ShapeError> {
    let [height, width] = match window_output(kind, input, window) {
        Ok(size) => size,
        Err(error) => return Err(error),
    };
    if let Some(error) = split_error(kind, input, filters, groups) {
        return Err(error);
    }
    if let Some(error) = padding_error(kind, window) {
        return Err(error);
    }
    Ok(Dims::chw(filters, height, width))
}

/// The error for a number of filters, or groups that do not divide channels and filters.
pub(super) const fn split_error(
    kind: &'static str,
    input: Dims,
    filters: usize,
    groups: usize,
) -> Option<ShapeError> {
    if filters == 0 {
        return Some(
            ShapeError::of(kind)
                .str("expected at least 1 filter, found 0; is the setting `filters` missing?"),
        );
    }
    if groups == 0 || !input.channels().is_multiple_of(groups) || !filters.is_multiple_of(groups) {
        return Some(
            ShapeError::of(kind)
                .str("expected groups that divide ")
                .num(input.channels())
                .str(" channels and ")
                .num(filters)
                .str(" filters, found ")
                .num(groups),
        );
    }
    None
}

/// The error for padding so large that a window would contain only padding.
pub(super) const fn padding_error(kind: &'static str, window: Window) -> Option<ShapeError> {
    let extent = window.extent();
    let [top, left, bottom, right] = window.padding;
    if top >= extent[0] || bottom >= extent[0] || left >= extent[1] || right >= extent[1] {
        return Some(
            ShapeError::of(kind)
                .str("expected padding smaller than ")
                .extent_of(window)
                .str(", found ")
                .sides(window.padding),
        );
    }
    None
}

/// The settings of a `Conv2d` in `network!`.
#[doc(hidden)]
pub struct Conv2dSettings {
    pub filters: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 4],
    pub dilation: [usize; 2],
    pub groups: usize,
    pub bias: bool,
}

impl Conv2dSettings {
    pub const DEFAULT: Self = Conv2dSettings {
        filters: 0,
        kernel: [0, 0],
        stride: [1, 1],
        padding: [0; 4],
        dilation: [1, 1],
        groups: 1,
        bias: true,
    };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        let Conv2dSettings { filters, kernel, stride, padding, dilation, groups, bias } = self;
        let (input, window) = (from.output, Window { kernel, stride, padding, dilation, ceil: false });
        let maps = input.as_maps();
        let made_up = [maps, Dims::chw(if filters == 0 { 1 } else { filters }, 1, 1)];
        let output = output(at.kind, input, filters, window, groups);
        Placed { window, groups, bias, ..at.place(from, output, made_up) }
    }
}

super::unknown_setting!(
    Conv2dSettings,
    NoSettingOfConv2d,
    "`Conv2d` has no setting `{Self}`; it has `filters`, `kernel`, `stride`, `padding`, `dilation`, `groups` and `bias`",
    "PyTorch's `out_channels` is `filters`, its `kernel_size` is `kernel`; `in_channels` is inferred"
);

/// A convolution with its sizes known at run time.
pub(super) struct ConvOp {
    geometry: Geometry,
    pub(super) has_bias: bool,
    conv: Conv,
}

impl ConvOp {
    pub(super) fn new(geometry: Geometry, has_bias: bool, arithmetic: Arithmetic) -> Self {
        ConvOp { geometry, has_bias, conv: Conv::new(geometry, arithmetic) }
    }

    /// The input and the parameters of an ONNX node.
    #[cfg(feature = "store")]
    pub(super) fn operands(&self) -> Vec<Operand> {
        let bias = self.has_bias.then_some(Operand::Param("bias"));
        [Operand::Input, Operand::Param("weight")].into_iter().chain(bias).collect()
    }
}

builtin!(ConvOp);

impl<T: Scalar> Op<T> for ConvOp {
    fn describe(&self) -> String {
        let mut text = format!("Conv2d {}", self.geometry.window.describe([1, 1]));
        if self.geometry.groups > 1 {
            text += &format!(", {} groups", self.geometry.groups);
        }
        if self.has_bias { text } else { text + ", no bias" }
    }

    fn params(&self) -> Vec<Param> {
        let Geometry { input: [ic, ..], output: [oc, ..], window, groups } = self.geometry;
        let ([kh, kw], ic) = (window.kernel, ic / groups);
        let (fan_in, fan_out) = (ic * kh * kw, oc / groups * kh * kw);
        let weight = Param::new("weight", Role::Weight, [oc, ic, kh, kw]).fan(fan_in, fan_out);
        let bias = self.has_bias.then(|| Param::new("bias", Role::Bias, [oc]).fan(fan_in, fan_out));
        [weight].into_iter().chain(bias).collect()
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let Geometry { window, groups, .. } = self.geometry;
        Some(vec![over_windows("Conv", self.operands(), window).with("group", groups)])
    }

    fn convolution(&self) -> Option<Geometry> {
        Some(self.geometry)
    }

    fn with_arithmetic(&self, arithmetic: Arithmetic) -> Option<Box<dyn Op<T>>> {
        Some(ConvOp::new(self.geometry, self.has_bias, arithmetic).boxed())
    }

    fn scratch(&self, tiles: usize) -> usize {
        self.conv.scratch(tiles)
    }

    fn reads(&self) -> Reads {
        Reads::X
    }

    fn rectifies(&self) -> bool {
        true
    }

    fn finishes(&self) -> bool {
        !self.conv.is_dense()
    }

    fn masks(&self) -> bool {
        true
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, params, scratch, scale, plus, rectifier, pass, .. }: Forward<'_, T>) {
        let (weight, bias) = params.split_at(self.geometry.weights());
        let finish = Finish { scale, plus: plus.map(values), rectifier };
        self.conv.forward(y, x, weight, self.has_bias.then_some(bias), finish, scratch, pass.exec);
    }

    fn backward(&self, Backward { dx, dparams, dy, x, params, scratch, mask, pass, .. }: Backward<'_, T>) {
        let (dw, db) = dparams.split_at_mut(self.geometry.weights());
        self.conv.backward_weights(dw, self.has_bias.then_some(db), dy, x, scratch, pass.exec);
        if let Some(dx) = dx {
            let mask = mask.map(|rectifier| (rectifier, x));
            self.conv.backward_data(dx, dy, &params[..self.geometry.weights()], mask, scratch, pass.exec);
        }
    }
}

/// An ONNX node with the attributes of a window. Dilation is left out if there is none: a mean has no such attribute.
#[cfg(feature = "store")]
pub(super) fn over_windows(op: &'static str, inputs: impl Into<Vec<Operand>>, window: Window) -> Node {
    let node = Node::new(op, inputs)
        .with("kernel_shape", window.kernel)
        .with("strides", window.stride)
        .with("pads", window.padding);
    if window.dilation == [1, 1] { node } else { node.with("dilations", window.dilation) }
}

/// Access to the parameters of a convolution without groups: `$outer`×`$inner`×rows×columns weights, described by `$order`,
/// and then, where there is one, a bias for each filter.
macro_rules! access {
    ($layer:ident, [$outer:ident, $inner:ident], $order:literal $(, $bias:ident)?) => {
        $crate::layer::conv2d::access!(@one Params, (), &Self, as_chunks, $layer, [$outer, $inner], $order $(, $bias)?);
        $crate::layer::conv2d::access!(
            @one ParamsMut, (mut), Self, as_chunks_mut, $layer, [$outer, $inner], $order $(, $bias)?
        );
    };
    (
        @one $Access:ident, ($($mutable:tt)?), $this:ty, $chunks:ident, $layer:ident, [$outer:ident, $inner:ident],
        $order:literal $(, $bias:ident)?
    ) => {
        impl<
            'a,
            const IC: usize,
            const IH: usize,
            const IW: usize,
            const OC: usize,
            const OH: usize,
            const OW: usize,
            const KH: usize,
            const KW: usize,
            S,
            P,
            D,
            $(const $bias: bool,)?
            T: Scalar,
        > $Access<'a, $layer<Chw<IC, IH, IW>, Chw<OC, OH, OW>, Kernel<KH, KW>, S, P, D, Groups<1> $(, $bias)?>, T>
        {
            #[doc = $order]
            pub fn weight(self: $this) -> &'a $($mutable)? [[[[T; KW]; KH]; $inner]; $outer] {
                let weights = &$($mutable)? self.values[..IC * OC * KH * KW];
                &$($mutable)? weights.$chunks().0.$chunks().0.$chunks().0.$chunks().0[0]
            }
        }

        impl<
            'a,
            const IC: usize,
            const IH: usize,
            const IW: usize,
            const OC: usize,
            const OH: usize,
            const OW: usize,
            const KH: usize,
            const KW: usize,
            S,
            P,
            D,
            T: Scalar,
        > $Access<'a, $layer<Chw<IC, IH, IW>, Chw<OC, OH, OW>, Kernel<KH, KW>, S, P, D>, T>
        {
            /// The biases, one for each filter.
            pub fn bias(self: $this) -> &'a $($mutable)? [T; OC] {
                &$($mutable)? self.values[IC * OC * KH * KW..].$chunks().0[0]
            }
        }
    };
}
pub(super) use access;

access!(Conv2d, [OC, IC], "The weights: filter, channel, row, column.", BIAS);

#[doc(hidden)]
#[macro_export]
macro_rules! __Conv2d {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* layer } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::__Conv2d!(@sizes [OneStride NoPadding NoDilation OneGroup] $net $name $settings $settings)
    };
    // The settings that are left out are types without numbers: each number in a type takes the compiler time.
    (@sizes [$s:tt $p:tt $d:tt $g:tt] $net:tt $name:ident $all:tt { stride: $n:expr $(, $($rest:tt)*)? }) => {
        $crate::__Conv2d!(@sizes [Stride $p $d $g] $net $name $all { $($($rest)*)? })
    };
    (@sizes [$s:tt $p:tt $d:tt $g:tt] $net:tt $name:ident $all:tt { padding: $n:expr $(, $($rest:tt)*)? }) => {
        $crate::__Conv2d!(@sizes [$s Padding $d $g] $net $name $all { $($($rest)*)? })
    };
    (@sizes [$s:tt $p:tt $d:tt $g:tt] $net:tt $name:ident $all:tt { dilation: $n:expr $(, $($rest:tt)*)? }) => {
        $crate::__Conv2d!(@sizes [$s $p Dilation $g] $net $name $all { $($($rest)*)? })
    };
    (@sizes [$s:tt $p:tt $d:tt $g:tt] $net:tt $name:ident $all:tt { groups: $n:expr $(, $($rest:tt)*)? }) => {
        $crate::__Conv2d!(@sizes [$s $p $d Groups] $net $name $all { $($($rest)*)? })
    };
    (@sizes $sizes:tt $net:tt $name:ident $all:tt { $other:ident: $n:expr $(, $($rest:tt)*)? }) => {
        $crate::__Conv2d!(@sizes $sizes $net $name $all { $($($rest)*)? })
    };
    (@sizes [$s:tt $p:tt $d:tt $g:tt] $net:tt $name:ident $all:tt {}) => {
        $crate::layer::Conv2d<
            $crate::__in!(Chw $net $name),
            $crate::__out!(Filters $net $name $all),
            $crate::shape::Kernel<{ $name.window.kernel[0] }, { $name.window.kernel[1] }>,
            $crate::__window!($s $name),
            $crate::__window!($p $name),
            $crate::__window!($d $name),
            $crate::__window!($g $name),
            { $name.bias },
        >
    };
    (@key filters $($to:tt)*) => { $crate::__settings!(@size filters $($to)*) };
    (@key groups $($to:tt)*) => { $crate::__settings!(@one groups $($to)*) };
    (@key bias $($to:tt)*) => { $crate::__settings!(@one bias $($to)*) };
    (@key kernel $($to:tt)*) => { $crate::__settings!(@pair kernel $($to)*) };
    (@key stride $($to:tt)*) => { $crate::__settings!(@pair stride $($to)*) };
    (@key padding $($to:tt)*) => { $crate::__settings!(@sides padding $($to)*) };
    (@key dilation $($to:tt)*) => { $crate::__settings!(@pair dilation $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__Conv2d Conv2dSettings $($settings)*) };
}

/// A part of the type of a layer with a window, from its place in the network.
#[doc(hidden)]
#[macro_export]
macro_rules! __window {
    (Stride $name:ident) => { $crate::shape::Stride<{ $name.window.stride[0] }, { $name.window.stride[1] }> };
    (Padding $name:ident) => {
        $crate::shape::Padding<
            { $name.window.padding[0] },
            { $name.window.padding[1] },
            { $name.window.padding[2] },
            { $name.window.padding[3] },
        >
    };
    (Dilation $name:ident) => { $crate::shape::Dilation<{ $name.window.dilation[0] }, { $name.window.dilation[1] }> };
    (Groups $name:ident) => { $crate::shape::Groups<{ $name.groups }> };
    ($usual:ident $name:ident) => { $crate::shape::$usual };
}

/// The type of a layer with a window, from its place in the network.
#[doc(hidden)]
#[macro_export]
macro_rules! __window_layer {
    ($layer:ident $out:ident $net:tt $name:ident $settings:tt $($more:tt)*) => {
        $crate::layer::$layer<
            $crate::__in!(Chw $net $name),
            $crate::__out!($out $net $name $settings),
            $crate::shape::Kernel<{ $name.window.kernel[0] }, { $name.window.kernel[1] }>,
            $crate::__window!(Stride $name),
            $crate::__window!(Padding $name),
            $($more)*
        >
    };
}
