//! Pooling.

use std::marker::PhantomData;

use super::Layer;
use super::conv2d::describe_window;
#[cfg(feature = "store")]
use super::conv2d::over_windows;
use super::place::{At, Placed};
use crate::kernel::pool::{Pooling, Windows};
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Mode, Op, Plan, Reads, Shortcut};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Chw, Dims, Kernel, Padding, ShapeError, Stride, Window, window_output};

/// The largest value of each window.
///
/// In PyTorch: `nn.MaxPool2d(kernel, stride, padding)`. In Keras: `MaxPooling2D(kernel, strides)`.
///
/// # Shapes
/// C×IH×IW → C×OH×OW, with OH = ⌊(IH + 2·PH − KH) / SH⌋ + 1 and OW likewise: rows and columns that do not
/// fill a window are left out. Windows may overlap. Padding is never the maximum; it may be at most half the kernel.
///
/// The gradient goes to the first of equal values in a window, in row order.
///
/// # In `network!`
/// `MaxPool2d { kernel: 3, stride: 2, padding: 1 }`; the stride is the kernel if left out, and each may be a
/// pair `(vertical, horizontal)`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Halved: Chw<1, 5, 4> => Chw<1, 2, 2> {
///         pool: MaxPool2d { kernel: 2 },
///     }
/// }
/// let image = Tensor::<Chw<1, 5, 4>>::from_fn(|i| i as f32);
/// let halved = Halved::new(1).infer(&Batch::from_iter([image]));
/// assert_eq!(halved.sample(0)[0], [[5.0, 7.0], [13.0, 15.0]]);
/// ```
#[doc(alias("MaxPooling2D", "nn.MaxPool2d"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct MaxPool2d<In, Out, K, S, P = Padding<0>>(PhantomData<(In, Out, K, S, P)>);

super::constructor!(MaxPool2d<In, Out, K, S, P>);

/// The mean of each window. Padding counts as zeros.
///
/// In PyTorch: `nn.AvgPool2d(kernel, stride, padding)`. In Keras: `AveragePooling2D(kernel, strides)`.
///
/// # Shapes
/// As [`MaxPool2d`]. The divisor is always the kernel's area, even if a window lies partly on padding (PyTorch's
/// `count_include_pad=True`, its default).
///
/// # In `network!`
/// `AvgPool2d { kernel: 2 }`, with the settings of [`MaxPool2d`].
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
pub struct AvgPool2d<In, Out, K, S, P = Padding<0>>(PhantomData<(In, Out, K, S, P)>);

super::constructor!(AvgPool2d<In, Out, K, S, P>);

/// The output of a pooling layer. Every window must cover a value of the input.
const fn output(kind: &'static str, input: Dims, window: Window) -> Result<Dims, ShapeError> {
    let [height, width] = match window_output(kind, input, window) {
        Ok(size) => size,
        Err(error) => return Err(error),
    };
    if 2 * window.padding[0] > window.kernel[0] || 2 * window.padding[1] > window.kernel[1] {
        return Err(ShapeError::of(kind)
            .str("expected padding of at most half the ")
            .pair(window.kernel)
            .str(" kernel, found ")
            .pair_or_one(window.padding));
    }
    Ok(Dims::chw(input.channels(), height, width))
}

/// The settings of a pooling layer in `network!`. Without a stride it is the kernel's size.
#[doc(hidden)]
pub struct PoolSettings {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
}

impl PoolSettings {
    const KERNEL: usize = usize::MAX;
    pub const DEFAULT: Self =
        PoolSettings { kernel: [0, 0], stride: [Self::KERNEL, Self::KERNEL], padding: [0, 0] };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        let stride = if self.stride[0] == Self::KERNEL { self.kernel } else { self.stride };
        let (input, window) = (from.output, Window::new(self.kernel, stride, self.padding));
        let maps = input.as_maps();
        let made_up = [maps, Dims::chw(maps.channels(), 1, 1)];
        Placed { window, ..at.place(from, output(at.kind, input, window), made_up) }
    }
}

super::unknown_setting!(
    PoolSettings,
    NoSettingOfPooling,
    "pooling has no setting `{Self}`; it has `kernel`, `stride` and `padding`",
    "PyTorch's `kernel_size` and Keras's `pool_size` are `kernel`"
);

macro_rules! pooling {
    ($layer:ident, $op:ident { $($more:tt)* }) => {
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
            const PH: usize,
            const PW: usize,
            T: Scalar,
        > Layer<Chw<C, IH, IW>, T>
            for $layer<Chw<C, IH, IW>, Chw<C, OH, OW>, Kernel<KH, KW>, Stride<SH, SW>, Padding<PH, PW>>
        {
            type Out = Chw<C, OH, OW>;
            const SHAPE_ERROR: Option<ShapeError> = {
                let window = Window::new([KH, KW], [SH, SW], [PH, PW]);
                let input = Dims::chw(C, IH, IW);
                let output = output(stringify!($layer), input, window);
                ShapeError::in_type(stringify!($layer), input, Dims::chw(C, OH, OW), output)
            };

            fn add_to(&self, plan: &mut Plan<T>) {
                let window = Window::new([KH, KW], [SH, SW], [PH, PW]);
                let (input, output, windows) = ([IH, IW], [OH, OW], Windows::Sliding(window));
                plan.add_builtin::<_, Self>($op {
                    pool: Pooling { channels: C, input, output, windows },
                    text: format!("{} {}", stringify!($layer), describe_window(window, window.kernel)),
                    $($more)*
                });
            }
        }
    };
}
pooling!(MaxPool2d, MaxOp {});
pooling!(AvgPool2d, MeanOp { flat: false });

/// The pooling as a shortcut, if each window is one position.
fn shortcut(pool: &Pooling) -> Shortcut {
    let adaptive = pool.windows == Windows::Adaptive && pool.input == pool.output;
    if adaptive { Shortcut::Identity } else { Shortcut::None }
}

/// The pooling as an ONNX node, if all windows have the same size and the same distance.
#[cfg(feature = "store")]
fn nodes(op: &'static str, pool: &Pooling) -> Option<Vec<Node>> {
    let window = match pool.windows {
        Windows::Sliding(window) => window,
        Windows::Adaptive if pool.input == pool.output => return Some(Vec::new()),
        Windows::Adaptive if pool.is_partition() => {
            let size = [0, 1].map(|axis| pool.input[axis] / pool.output[axis]);
            Window::new(size, size, [0, 0])
        }
        Windows::Adaptive => return None,
    };
    Some(vec![over_windows(op, [Operand::Input], window)])
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
        nodes("MaxPool", &self.pool)
    }

    fn shortcut(&self, _: Mode) -> Shortcut {
        shortcut(&self.pool)
    }

    fn relu_before(&self) -> bool {
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

    fn backward(&self, Backward { dx, dy, x, y, relu, pass, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            self.pool.max_backward(dx, dy, x, y, relu, pass.exec);
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
        let mut nodes = match nodes("AveragePool", &self.pool) {
            Some(nodes) => nodes.into_iter().map(|node| node.with("count_include_pad", 1)).collect(),
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
        $crate::__window_layer!(MaxPool2d Resized $net $name $settings)
    };
    (@value $settings:tt) => { ::core::default::Default::default() };
    (@key kernel $($to:tt)*) => { $crate::__settings!(@pair kernel $($to)*) };
    (@key stride $($to:tt)*) => { $crate::__settings!(@pair stride $($to)*) };
    (@key padding $($to:tt)*) => { $crate::__settings!(@pair padding $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__MaxPool2d PoolSettings $($settings)*) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __AvgPool2d {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* layer } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::__window_layer!(AvgPool2d Resized $net $name $settings)
    };
    (@value $settings:tt) => { ::core::default::Default::default() };
    (@key kernel $($to:tt)*) => { $crate::__settings!(@pair kernel $($to)*) };
    (@key stride $($to:tt)*) => { $crate::__settings!(@pair stride $($to)*) };
    (@key padding $($to:tt)*) => { $crate::__settings!(@pair padding $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__AvgPool2d PoolSettings $($settings)*) };
}
