//! Pooling.

use std::marker::PhantomData;

use super::Layer;
#[cfg(feature = "store")]
use super::conv2d::over_windows;
use super::place::{At, Placed};
use crate::kernel::pool::{Pooling, Windows};
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Mode, Op, Plan, Reads, Shortcut};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{
    CeilMode, Chw, CountIncludePad, Dilation, Dims, Kernel, Padding, ShapeError, Stride, Window,
    window_output,
};

/// The largest value of each window.
///
/// In PyTorch: `nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=…)`. In Keras: `MaxPooling2D(kernel, strides)`.
///
/// # Shapes
/// C×IH×IW → C×OH×OW, with OH = ⌊(IH + PT + PB − DH·(KH − 1) − 1) / SH⌋ + 1 for the padding PT above and PB below, and OW
/// likewise: rows and columns that do not fill a window are left out. With `ceil_mode: true` they have a window too: the
/// fraction is rounded up, unless the last window would start in the padding after the input (PyTorch's rule).
///
/// Windows may overlap; dilation spreads them. Padding is never the maximum: each window must have a value of the input.
/// PyTorch allows padding of half the kernel, which always has one.
///
/// The gradient goes to the first of equal values in a window, in row order.
///
/// # In `network!`
/// `MaxPool2d { kernel: 3, stride: 2, padding: 1, dilation: 1, ceil_mode: false }`; the stride is the kernel if left out,
/// and each but `ceil_mode` may be a pair `(vertical, horizontal)`. Padding that differs by side is
/// `padding: (top, left, bottom, right)`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Halved: Chw<1, 5, 4> => Chw<1, 2, 2> {
///         pool: MaxPool2d { kernel: 2 },
///     }
/// }
/// let image = Tensor::<Chw<1, 5, 4>>::from_fn(|i| i as f32);
/// let halved = Halved::new(1).infer(&Batch::from_iter([image.clone()]));
/// assert_eq!(halved.sample(0)[0], [[5.0, 7.0], [13.0, 15.0]]);
///
/// network! {
///     struct All: Chw<1, 5, 4> => Chw<1, 3, 2> {
///         pool: MaxPool2d { kernel: 2, ceil_mode: true },
///     }
/// }
/// let all = All::new(1).infer(&Batch::from_iter([image]));
/// assert_eq!(all.sample(0)[0], [[5.0, 7.0], [13.0, 15.0], [17.0, 19.0]]);
/// ```
#[doc(alias("MaxPooling2D", "nn.MaxPool2d"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct MaxPool2d<In, Out, K, S, P = Padding<0>, D = Dilation<1>, C = CeilMode<false>>(
    PhantomData<(In, Out, K, S, P, D, C)>,
);

super::constructor!(MaxPool2d<In, Out, K, S, P, D, C>);

/// The mean of each window.
///
/// In PyTorch: `nn.AvgPool2d(kernel, stride, padding, ceil_mode, count_include_pad)`. In Keras:
/// `AveragePooling2D(kernel, strides)`, whose padding does not count.
///
/// # Shapes
/// As [`MaxPool2d`], without dilation.
///
/// # Formula
/// y = Σ x / n over a window, with x zero in the padding. n is the number of its positions in the input and its padding:
/// the kernel's area, but for a window of `ceil_mode` that reaches past the padding. With `count_include_pad: false` it is
/// the number of its positions in the input. Both are PyTorch's formulas, and `true` is its default and the one here.
///
/// # In `network!`
/// `AvgPool2d { kernel: 2, stride: 2, padding: 0, ceil_mode: false, count_include_pad: true }`, as [`MaxPool2d`].
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Halved: Chw<1, 2, 4> => Chw<1, 1, 2> {
///         pool: AvgPool2d { kernel: 2 },
///     }
/// }
/// let image = Tensor::<Chw<1, 2, 4>>::from_fn(|i| i as f32);
/// let halved = Halved::new(1).infer(&Batch::from_iter([image]));
/// assert_eq!(halved.sample(0)[0], [[2.5, 4.5]]);
/// ```
#[doc(alias("AveragePooling2D", "nn.AvgPool2d"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct AvgPool2d<In, Out, K, S, P = Padding<0>, C = CeilMode<false>, I = CountIncludePad<true>>(
    PhantomData<(In, Out, K, S, P, C, I)>,
);

super::constructor!(AvgPool2d<In, Out, K, S, P, C, I>);

/// The output of a pooling layer. Every window must cover a value of the input.
pub(crate) const fn output(kind: &'static str, input: Dims, window: Window) -> Result<Dims, ShapeError> {
    let [height, width] = match window_output(kind, input, window) {
        Ok(size) => size,
        Err(error) => return Err(error),
    };
    let (sizes, outputs, mut axis) = ([input.height(), input.width()], [height, width], 0);
    while axis < 2 {
        let mut position = 0;
        while position < outputs[axis] {
            if !window.meets(axis, position, sizes[axis]) {
                return Err(ShapeError::of(kind)
                    .str("expected padding that leaves a value of the ")
                    .pair(sizes)
                    .str(" input in every window of ")
                    .extent_of(window)
                    .str(", found ")
                    .sides(window.padding));
            }
            position += 1;
        }
        axis += 1;
    }
    Ok(Dims::chw(input.channels(), height, width))
}

/// The settings of a pooling layer in `network!`. Without a stride it is the kernel's size.
#[doc(hidden)]
pub struct PoolSettings {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 4],
    pub dilation: [usize; 2],
    pub ceil_mode: bool,
    pub count_include_pad: bool,
}

impl PoolSettings {
    const KERNEL: usize = usize::MAX;
    pub const DEFAULT: Self = PoolSettings {
        kernel: [0, 0],
        stride: [Self::KERNEL, Self::KERNEL],
        padding: [0; 4],
        dilation: [1, 1],
        ceil_mode: false,
        count_include_pad: true,
    };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        let PoolSettings { kernel, stride, padding, dilation, ceil_mode: ceil, count_include_pad } = self;
        let stride = if stride[0] == Self::KERNEL { kernel } else { stride };
        let (input, window) = (from.output, Window { kernel, stride, padding, dilation, ceil });
        let maps = input.as_maps();
        let made_up = [maps, Dims::chw(maps.channels(), 1, 1)];
        Placed { window, count_include_pad, ..at.place(from, output(at.kind, input, window), made_up) }
    }
}

super::unknown_setting!(
    PoolSettings,
    NoSettingOfPooling,
    "pooling has no setting `{Self}`; it has `kernel`, `stride`, `padding` and `ceil_mode`",
    "`MaxPool2d` has `dilation` too, `AvgPool2d` has `count_include_pad`; PyTorch's `kernel_size` and Keras's `pool_size` are `kernel`"
);

macro_rules! pooling {
    (
        $layer:ident<$(const $n:ident: $t:ty),+> with <$($Setting:ty),+>, $dilation:expr, $counts:expr,
        $op:ident { $($more:tt)* }
    ) => {
        impl<
            const C: usize,
            const IH: usize,
            const IW: usize,
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
            $(const $n: $t,)+
            T: Scalar,
        > Layer<Chw<C, IH, IW>, T>
            for $layer<
                Chw<C, IH, IW>,
                Chw<C, OH, OW>,
                Kernel<KH, KW>,
                Stride<SH, SW>,
                Padding<PT, PL, PB, PR>,
                $($Setting),+
            >
        {
            type Out = Chw<C, OH, OW>;
            const SHAPE_ERROR: Option<ShapeError> = {
                let (padding, dilation, ceil) = ([PT, PL, PB, PR], $dilation, CEIL);
                let window = Window { kernel: [KH, KW], stride: [SH, SW], padding, dilation, ceil };
                let input = Dims::chw(C, IH, IW);
                let output = output(stringify!($layer), input, window);
                ShapeError::in_type(stringify!($layer), input, Dims::chw(C, OH, OW), output)
            };

            fn add_to(&self, plan: &mut Plan<T>) {
                let (padding, dilation, ceil) = ([PT, PL, PB, PR], $dilation, CEIL);
                let window = Window { kernel: [KH, KW], stride: [SH, SW], padding, dilation, ceil };
                let (input, output, windows) = ([IH, IW], [OH, OW], Windows::Sliding(window));
                let note = if $counts { "" } else { ", padding does not count" };
                plan.add_builtin::<_, Self>($op {
                    pool: Pooling { channels: C, input, output, windows, count_padding: $counts },
                    text: format!("{} {}{note}", stringify!($layer), window.describe(window.kernel)),
                    $($more)*
                });
            }
        }
    };
}
pooling!(
    MaxPool2d<const DH: usize, const DW: usize, const CEIL: bool> with <Dilation<DH, DW>, CeilMode<CEIL>>,
    [DH, DW], true, MaxOp {}
);
pooling!(
    AvgPool2d<const CEIL: bool, const COUNT: bool> with <CeilMode<CEIL>, CountIncludePad<COUNT>>,
    [1, 1], COUNT, MeanOp { flat: false }
);

/// The pooling as a shortcut, if each window is one position.
fn shortcut(pool: &Pooling) -> Shortcut {
    let adaptive = pool.windows == Windows::Adaptive && pool.input == pool.output;
    if adaptive { Shortcut::Identity } else { Shortcut::None }
}

/// The pooling as an ONNX node, if all windows have the same size and the same distance.
///
/// ONNX rounds up even where the last window would start in the padding after the input. A window that reaches past the
/// padding is therefore written as more padding, and by `ceil_mode` only if padding counts and this one must not.
#[cfg(feature = "store")]
fn nodes(op: &'static str, pool: &Pooling, counts: bool) -> Option<Vec<Node>> {
    let mut window = match pool.windows {
        Windows::Sliding(window) => window,
        Windows::Adaptive if pool.input == pool.output => return Some(Vec::new()),
        Windows::Adaptive if pool.is_partition() => {
            let size = [0, 1].map(|axis| pool.input[axis] / pool.output[axis]);
            Window::new(size, size, [0, 0])
        }
        Windows::Adaptive => return None,
    };
    // The padding after the input that the last window reaches.
    let reached = [0, 1].map(|axis| {
        let end = (pool.output[axis] - 1) * window.stride[axis] + window.extent()[axis];
        end.saturating_sub(window.padding[axis] + pool.input[axis])
    });
    let ceil = counts && (0..2).any(|axis| reached[axis] > window.padding[axis + 2]);
    for axis in 0..2 {
        let after = &mut window.padding[axis + 2];
        *after = if ceil { reached[axis].min(*after) } else { reached[axis].max(*after) };
        let room = window.padded(axis, pool.input[axis]) - window.extent()[axis];
        if ceil && room.div_ceil(window.stride[axis]) + 1 != pool.output[axis] {
            return None;
        }
    }
    let node = over_windows(op, [Operand::Input], window);
    Some(vec![if ceil { node.with("ceil_mode", 1) } else { node }])
}

pub(super) struct MaxOp {
    pub(super) pool: Pooling,
    /// "MaxPool2d 3×3, stride 2".
    pub(super) text: String,
}

builtin!(MaxOp);

impl<T: Scalar> Op<T> for MaxOp {
    /// ONNX has no operator for windows that differ in size.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        nodes("MaxPool", &self.pool, false)
    }

    fn shortcut(&self, _: Mode) -> Shortcut {
        shortcut(&self.pool)
    }

    fn masks(&self) -> bool {
        true
    }

    fn narrow(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        self.text.clone()
    }

    fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
        self.pool.max_forward(y, x, pass.exec);
    }

    fn backward(&self, Backward { dx, dy, x, y, mask, pass, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            self.pool.max_backward(dx, dy, x, y, mask, pass.exec);
        }
    }
}

pub(super) struct MeanOp {
    pub(super) pool: Pooling,
    /// "AvgPool2d 2×2".
    pub(super) text: String,
    /// Whether the output is a vector.
    #[cfg_attr(not(feature = "store"), expect(dead_code, reason = "only an ONNX file tells the two apart"))]
    pub(super) flat: bool,
}

#[cfg(feature = "store")]
impl MeanOp {
    /// The weights of the values along an axis in each window, \[inputs, windows\], or transposed.
    fn shares(&self, axis: usize, windows_first: bool) -> Operand {
        let (input, output) = (self.pool.input[axis], self.pool.output[axis]);
        let mut values = vec![0.0; input * output];
        for window in 0..output {
            let range = self.pool.range(axis, window);
            for i in range.clone() {
                let place = if windows_first { window * input + i } else { i * output + window };
                values[place] = 1.0 / range.len() as f64;
            }
        }
        Operand::Floats {
            shape: if windows_first { vec![output, input] } else { vec![input, output] },
            values,
        }
    }
}

builtin!(MeanOp);

impl<T: Scalar> Op<T> for MeanOp {
    /// If windows differ in size, the means of rows and then of columns are products with matrices.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let mut nodes = match nodes("AveragePool", &self.pool, self.pool.count_padding) {
            Some(nodes) => nodes
                .into_iter()
                .map(|node| node.with("count_include_pad", usize::from(self.pool.count_padding)))
                .collect(),
            None if self.pool.windows != Windows::Adaptive => return None,
            None => vec![
                Node::new("MatMul", [self.shares(0, true), Operand::Input]),
                Node::new("MatMul", [Operand::Last, self.shares(1, false)]),
            ],
        };
        if self.flat {
            nodes.push(Node::new("Flatten", [Operand::Last]).with("axis", 1));
        }
        Some(nodes)
    }

    fn shortcut(&self, _: Mode) -> Shortcut {
        shortcut(&self.pool)
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn narrow(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        self.text.clone()
    }

    fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
        self.pool.mean_forward(y, x, pass.exec);
    }

    fn backward(&self, Backward { dx, dy, pass, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            self.pool.mean_backward(dx, dy, pass.exec);
        }
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __MaxPool2d {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* layer } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::__window_layer!(MaxPool2d Resized $net $name $settings
            $crate::__window!(Dilation $name),
            $crate::shape::CeilMode<{ $name.window.ceil }>,
        )
    };
    (@value $settings:tt) => { ::core::default::Default::default() };
    (@key kernel $($to:tt)*) => { $crate::__settings!(@pair kernel $($to)*) };
    (@key stride $($to:tt)*) => { $crate::__settings!(@pair stride $($to)*) };
    (@key padding $($to:tt)*) => { $crate::__settings!(@sides padding $($to)*) };
    (@key dilation $($to:tt)*) => { $crate::__settings!(@pair dilation $($to)*) };
    (@key ceil_mode $($to:tt)*) => { $crate::__settings!(@one ceil_mode $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__MaxPool2d PoolSettings $($settings)*) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __AvgPool2d {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* layer } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::__window_layer!(AvgPool2d Resized $net $name $settings
            $crate::shape::CeilMode<{ $name.window.ceil }>,
            $crate::shape::CountIncludePad<{ $name.count_include_pad }>,
        )
    };
    (@value $settings:tt) => { ::core::default::Default::default() };
    (@key kernel $($to:tt)*) => { $crate::__settings!(@pair kernel $($to)*) };
    (@key stride $($to:tt)*) => { $crate::__settings!(@pair stride $($to)*) };
    (@key padding $($to:tt)*) => { $crate::__settings!(@sides padding $($to)*) };
    (@key ceil_mode $($to:tt)*) => { $crate::__settings!(@one ceil_mode $($to)*) };
    (@key count_include_pad $($to:tt)*) => { $crate::__settings!(@one count_include_pad $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__AvgPool2d PoolSettings $($settings)*) };
}
