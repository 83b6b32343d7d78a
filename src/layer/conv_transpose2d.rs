//! Transposed convolution.

use std::marker::PhantomData;

#[cfg(feature = "store")]
use super::conv2d::over_windows;
use super::conv2d::{padding_error, split_error};
use super::place::{At, Placed};
use super::{Layer, Params, ParamsMut, Tensors};
use crate::kernel::conv::{Conv, Geometry};
use crate::plan::op::{Builtin, builtin};
use crate::plan::{Arithmetic, Backward, Forward, Op, Param, Plan, Reads, Role};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{
    Chw, Dilation, Dims, Groups, Kernel, Padding, ShapeError, Stride, Window, transposed_output,
};

/// Transposed convolution with a bias for each filter: the gradient of a [`Conv2d`](super::Conv2d) by its input, as a layer.
/// With a stride above 1 its output is larger than its input (Zeiler et al. 2010, "Deconvolutional networks"; Dumoulin &
/// Visin 2016, "A guide to convolution arithmetic for deep learning", section 4).
///
/// In PyTorch: `nn.ConvTranspose2d(in, filters, kernel, stride, padding, output_padding, groups, dilation=…)`. In Keras:
/// `Conv2DTranspose(filters, kernel, strides)`.
///
/// # Shapes
/// IC×IH×IW → OC×OH×OW, with OH = (IH − 1)·SH + DH·(KH − 1) + 1 + output padding − PT − PB for the padding PT above and PB
/// below, and OW likewise; weight \[IC\]\[OC / groups\]\[KH\]\[KW\], bias \[OC\].
///
/// Padding removes rows and columns of the output, since it is the padding of the convolution that leads back. Of the
/// inputs with which that convolution has this input's size as output, the output has the smallest size, and is larger by
/// the output padding, which is below the stride. In PyTorch output padding may reach the dilation too, if that is larger.
/// The type has no output padding: it follows from the sizes.
///
/// # Formula
/// y\[o\]\[r\]\[c\] = bias\[o\] + Σ weight\[i\]\[o\]\[u\]\[v\] · x\[i\]\[p\]\[q\] over all i, u, v, p, q with
/// r = p·SH + u·DH − PT and c = q·SW + v·DW − PL.
///
/// # In `network!`
/// `ConvTranspose2d { filters: 6, kernel: 4, stride: 2, padding: 1, output_padding: 0, groups: 1, dilation: 1 }`, where all
/// but filters and kernel may be left out, and all but filters and groups may be a pair `(vertical, horizontal)`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Doubled: Chw<1, 1, 2> => Chw<1, 2, 4> {
///         up: ConvTranspose2d { filters: 1, kernel: 2, stride: 2 },
///     }
/// }
/// let mut net = Doubled::new(1);
/// *net.layers_mut().up().weight() = [[[[1.0, 2.0], [3.0, 4.0]]]];
/// let x = Tensor::<Chw<1, 1, 2>>::from([[[1.0, 10.0]]]);
/// let y = net.infer(&Batch::from_iter([x])).sample(0);
/// assert_eq!(y[0], [[1.0, 2.0, 10.0, 20.0], [3.0, 4.0, 30.0, 40.0]]);
/// ```
#[doc(alias("Conv2DTranspose", "ConvTranspose2D", "nn.ConvTranspose2d", "deconvolution"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct ConvTranspose2d<In, Out, K, S = Stride<1>, P = Padding<0>, D = Dilation<1>, G = Groups<1>>(
    PhantomData<(In, Out, K, S, P, D, G)>,
);

super::constructor!(ConvTranspose2d<In, Out, K, S, P, D, G>);

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
    T: Scalar,
> Layer<Chw<IC, IH, IW>, T>
    for ConvTranspose2d<
        Chw<IC, IH, IW>,
        Chw<OC, OH, OW>,
        Kernel<KH, KW>,
        Stride<SH, SW>,
        Padding<PT, PL, PB, PR>,
        Dilation<DH, DW>,
        Groups<G>,
    >
{
    type Out = Chw<OC, OH, OW>;
    const SHAPE_ERROR: Option<ShapeError> = {
        let padding = [PT, PL, PB, PR];
        let window = Window { kernel: [KH, KW], stride: [SH, SW], padding, dilation: [DH, DW], ceil: false };
        let (kind, input, written) = ("ConvTranspose2d", Dims::chw(IC, IH, IW), Dims::chw(OC, OH, OW));
        let mut computed = output(kind, input, OC, window, [0, 0], G);
        if let Ok(least) = computed {
            let more = [OH.saturating_sub(least.height()), OW.saturating_sub(least.width())];
            if more[0] < SH && more[1] < SW {
                computed = output(kind, input, OC, window, more, G);
            }
        }
        ShapeError::in_type(kind, input, written, computed)
    };
    // A number of groups of 0 is a shape error, and not a division by zero.
    const PARAMS: usize = IC * (OC / if G == 0 { 1 } else { G }) * KH * KW + OC;
    const TENSORS: Tensors = &[("weight", &[IC, OC / if G == 0 { 1 } else { G }, KH, KW]), ("bias", &[OC])];
    const MACS: usize = IC * IH * IW * (OC / if G == 0 { 1 } else { G }) * KH * KW;

    fn add_to(&self, plan: &mut Plan<T>) {
        let padding = [PT, PL, PB, PR];
        let window = Window { kernel: [KH, KW], stride: [SH, SW], padding, dilation: [DH, DW], ceil: false };
        // The convolution that leads back.
        let geometry = Geometry { input: [OC, OH, OW], output: [IC, IH, IW], window, groups: G };
        plan.add_builtin::<_, Self>(ConvTransposeOp::new(geometry, Arithmetic::default()));
    }
}

/// The output of a transposed convolution.
pub(crate) const fn output(
    kind: &'static str,
    input: Dims,
    filters: usize,
    window: Window,
    output_padding: [usize; 2],
    groups: usize,
) -> Result<Dims, ShapeError> {
    let [height, width] = match transposed_output(kind, input, window, output_padding) {
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

/// The settings of a `ConvTranspose2d` in `network!`.
#[doc(hidden)]
pub struct ConvTranspose2dSettings {
    pub filters: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 4],
    pub output_padding: [usize; 2],
    pub dilation: [usize; 2],
    pub groups: usize,
}

impl ConvTranspose2dSettings {
    pub const DEFAULT: Self = ConvTranspose2dSettings {
        filters: 0,
        kernel: [0, 0],
        stride: [1, 1],
        padding: [0; 4],
        output_padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
    };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        let ConvTranspose2dSettings { filters, kernel, stride, padding, output_padding, dilation, groups } =
            self;
        let (input, window) = (from.output, Window { kernel, stride, padding, dilation, ceil: false });
        let made_up = [input.as_maps(), Dims::chw(if filters == 0 { 1 } else { filters }, 1, 1)];
        let output = output(at.kind, input, filters, window, output_padding, groups);
        Placed { window, groups, ..at.place(from, output, made_up) }
    }
}

super::unknown_setting!(
    ConvTranspose2dSettings,
    NoSettingOfConvTranspose2d,
    "`ConvTranspose2d` has no setting `{Self}`; it has `filters`, `kernel`, `stride`, `padding`, `output_padding`, \
     `dilation` and `groups`",
    "PyTorch's `out_channels` is `filters`, its `kernel_size` is `kernel`; `in_channels` is inferred"
);

/// A transposed convolution with its sizes known at run time.
struct ConvTransposeOp {
    /// Of the convolution that leads back: its input is this operation's output.
    geometry: Geometry,
    conv: Conv,
}

builtin!(ConvTransposeOp);

impl ConvTransposeOp {
    fn new(geometry: Geometry, arithmetic: Arithmetic) -> Self {
        ConvTransposeOp { geometry, conv: Conv::new(geometry, arithmetic) }
    }

    /// Rows and columns by which the output is larger than it must be.
    fn output_padding(&self) -> [usize; 2] {
        let Geometry { input, output, window, .. } = self.geometry;
        [0, 1].map(|axis| {
            let least = (output[axis + 1] - 1) * window.stride[axis] + window.extent()[axis];
            window.padded(axis, input[axis + 1]) - least
        })
    }
}

impl<T: Scalar> Op<T> for ConvTransposeOp {
    fn describe(&self) -> String {
        let mut text = format!("ConvTranspose2d {}", self.geometry.window.describe([1, 1]));
        match self.output_padding() {
            [0, 0] => {}
            [rows, columns] if rows == columns => text += &format!(", output padding {rows}"),
            [rows, columns] => text += &format!(", output padding {rows}×{columns}"),
        }
        if self.geometry.groups > 1 { format!("{text}, {} groups", self.geometry.groups) } else { text }
    }

    /// PyTorch's fan-in: that of the convolution that leads back.
    fn params(&self) -> Vec<Param> {
        let Geometry { input: [oc, ..], output: [ic, ..], window, groups } = self.geometry;
        let [kh, kw] = window.kernel;
        let (fan_in, fan_out) = (oc / groups * kh * kw, ic / groups * kh * kw);
        vec![
            Param::new("weight", Role::Weight, [ic, oc / groups, kh, kw]).fan(fan_in, fan_out),
            Param::new("bias", Role::Bias, [oc]).fan(fan_in, fan_out),
        ]
    }

    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let inputs = [Operand::Input, Operand::Param("weight"), Operand::Param("bias")];
        let node = over_windows("ConvTranspose", inputs, self.geometry.window);
        let node = node.with("output_padding", self.output_padding());
        Some(vec![node.with("group", self.geometry.groups)])
    }

    fn with_arithmetic(&self, arithmetic: Arithmetic) -> Option<Box<dyn Op<T>>> {
        Some(ConvTransposeOp::new(self.geometry, arithmetic).boxed())
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

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, params, scratch, rectifier, pass, .. }: Forward<'_, T>) {
        let (weight, bias) = params.split_at(self.geometry.weights());
        self.conv.transposed_forward(y, x, weight, bias, rectifier, scratch, pass.exec);
    }

    fn backward(&self, Backward { dx, dparams, dy, x, params, scratch, pass, .. }: Backward<'_, T>) {
        let weights = self.geometry.weights();
        let (dw, db) = dparams.split_at_mut(weights);
        self.conv.transposed_backward_weights(dw, db, dy, x, scratch, pass.exec);
        if let Some(dx) = dx {
            self.conv.transposed_backward_data(dx, dy, &params[..weights], scratch, pass.exec);
        }
    }
}

super::conv2d::access!(ConvTranspose2d, [IC, OC], "The weights: channel of the input, filter, row, column.");

#[doc(hidden)]
#[macro_export]
macro_rules! __ConvTranspose2d {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* layer } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::__window_layer!(ConvTranspose2d Filters $net $name $settings
            $crate::__window!(Dilation $name),
            $crate::__window!(Groups $name),
        )
    };
    (@value $settings:tt) => { ::core::default::Default::default() };
    (@key filters $($to:tt)*) => { $crate::__settings!(@size filters $($to)*) };
    (@key groups $($to:tt)*) => { $crate::__settings!(@one groups $($to)*) };
    (@key kernel $($to:tt)*) => { $crate::__settings!(@pair kernel $($to)*) };
    (@key stride $($to:tt)*) => { $crate::__settings!(@pair stride $($to)*) };
    (@key padding $($to:tt)*) => { $crate::__settings!(@sides padding $($to)*) };
    (@key output_padding $($to:tt)*) => { $crate::__settings!(@pair output_padding $($to)*) };
    (@key dilation $($to:tt)*) => { $crate::__settings!(@pair dilation $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__ConvTranspose2d ConvTranspose2dSettings $($settings)*) };
}
