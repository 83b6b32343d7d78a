//! Windows that slide over rows and columns, and the only place with the formula for the size of their output.

use super::{Dims, ShapeError};

/// Kernel height and width of a window layer; `Kernel<5>` is 5×5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernel<const H: usize, const W: usize = H>;

/// Vertical and horizontal step of a window; `Stride<2>` is 2 in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stride<const H: usize, const W: usize = H>;

/// Rows above, columns left, rows below and columns right that a layer adds around its input. `Padding<1>` is 1 on all
/// sides; `Padding<1, 2>` is 1 above and below, 2 left and right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding<
    const TOP: usize,
    const LEFT: usize = TOP,
    const BOTTOM: usize = TOP,
    const RIGHT: usize = LEFT,
>;

/// The defaults of window settings as types, for `network!`.
#[doc(hidden)]
pub type OneStride = Stride<1>;
#[doc(hidden)]
pub type NoPadding = Padding<0>;
#[doc(hidden)]
pub type NoDilation = Dilation<1>;
#[doc(hidden)]
pub type OneGroup = Groups<1>;

/// Rows and columns from one entry of a kernel to the next; 1 for a kernel without holes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dilation<const H: usize, const W: usize = H>;

/// The number of groups into which the channels and filters of a convolution are split; the filters of a group see its
/// channels only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Groups<const N: usize>;

/// Whether pooling has windows that reach past the padding after the input, so that no row or column is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CeilMode<const ON: bool>;

/// Whether padding counts in the divisor of a mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountIncludePad<const ON: bool>;

/// Kernel, stride, padding and dilation as values, each as \[vertical, horizontal\].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns from one position to the next.
    pub stride: [usize; 2],
    /// Rows and columns added before the input, then those added after it: \[top, left, bottom, right\].
    pub padding: [usize; 4],
    /// Rows and columns from one entry of the kernel to the next.
    pub dilation: [usize; 2],
    /// PyTorch's `ceil_mode`: whether a last window counts that reaches past the padding, if it starts before the padding after
    /// the input.
    pub ceil: bool,
}

impl Window {
    /// A window without dilation, and with the same padding above and below, left and right.
    pub const fn new(kernel: [usize; 2], stride: [usize; 2], [rows, columns]: [usize; 2]) -> Self {
        Window { kernel, stride, padding: [rows, columns, rows, columns], dilation: [1, 1], ceil: false }
    }

    /// Rows (axis 0) or columns (1) of an input of this size with its padding.
    pub const fn padded(self, axis: usize, input: usize) -> usize {
        self.padding[axis] + input + self.padding[axis + 2]
    }

    /// Whether a window covers a row (axis 0) or column (1) of an input of this size, and not padding alone.
    pub(crate) const fn meets(self, axis: usize, position: usize, input: usize) -> bool {
        let (start, before, dilation) =
            (position * self.stride[axis], self.padding[axis], self.dilation[axis]);
        // The first entry of the kernel that is not in the padding before the input.
        let entry = before.saturating_sub(start).div_ceil(dilation);
        entry < self.kernel[axis] && start + entry * dilation < before + input
    }

    /// Rows and columns that the window covers, holes included.
    pub const fn extent(self) -> [usize; 2] {
        let Window { kernel, dilation, .. } = self;
        [(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1]
    }

    pub(super) const fn has_holes(self) -> bool {
        self.dilation[0] != 1 || self.dilation[1] != 1
    }

    /// "5×5, stride 2, padding 1"; settings with their usual value are left out.
    pub(crate) fn describe(self, usual_stride: [usize; 2]) -> String {
        let pair = |[a, b]: [usize; 2]| if a == b { a.to_string() } else { format!("{a}×{b}") };
        let mut text = format!("{}×{}", self.kernel[0], self.kernel[1]);
        if self.stride != usual_stride {
            text += &format!(", stride {}", pair(self.stride));
        }
        match self.padding {
            [0, 0, 0, 0] => {}
            [top, left, bottom, right] if (top, left) == (bottom, right) => {
                text += &format!(", padding {}", pair([top, left]));
            }
            [top, left, bottom, right] => text += &format!(", padding ({top}, {left}, {bottom}, {right})"),
        }
        if self.dilation != [1, 1] {
            text += &format!(", dilation {}", pair(self.dilation));
        }
        if self.ceil {
            text += ", ceil mode";
        }
        text
    }
}

/// Rows and columns of a window layer's output: ⌊(n + padding − extent) / stride⌋ + 1 along each axis, with the padding of
/// both sides and extent = (kernel − 1)·dilation + 1. With `ceil` it is rounded up, unless the last window would begin in
/// the padding after the input (PyTorch's rule).
///
/// This is the only place with the formula (Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep
/// learning", relationship 15).
///
/// # Errors
/// A [`ShapeError`] for a window that does not fit, or an input without rows and columns.
pub(crate) const fn window_output(
    kind: &'static str,
    input: Dims,
    window: Window,
) -> Result<[usize; 2], ShapeError> {
    if let Some(error) = window_error(kind, input, window) {
        return Err(error);
    }
    let Window { stride, padding, ceil, .. } = window;
    let extent = window.extent();
    let (sizes, mut output, mut axis) = ([input.height(), input.width()], [0, 0], 0);
    if extent[0] > window.padded(0, sizes[0]) || extent[1] > window.padded(1, sizes[1]) {
        return Err(ShapeError::of(kind)
            .window(window)
            .str(" does not fit a ")
            .pair(sizes)
            .str(" input with padding ")
            .sides(padding));
    }
    while axis < 2 {
        let room = window.padded(axis, sizes[axis]) - extent[axis];
        output[axis] = room / stride[axis] + 1;
        let next = output[axis] * stride[axis];
        if ceil && next < room + stride[axis] && next < padding[axis] + sizes[axis] {
            output[axis] += 1;
        }
        axis += 1;
    }
    Ok(output)
}

/// Rows and columns of the output of a transposed convolution: (n − 1)·stride + extent + output padding − padding, with the
/// padding of both sides. It is an input for which [`window_output`] gives n.
///
/// # Errors
/// A [`ShapeError`] for a window that leaves nothing, or output padding that would make n larger.
pub(crate) const fn transposed_output(
    kind: &'static str,
    input: Dims,
    window: Window,
    output_padding: [usize; 2],
) -> Result<[usize; 2], ShapeError> {
    if let Some(error) = window_error(kind, input, window) {
        return Err(error);
    }
    let (sizes, stride, mut output, mut axis) = ([input.height(), input.width()], window.stride, [0, 0], 0);
    if output_padding[0] >= stride[0] || output_padding[1] >= stride[1] {
        let error = ShapeError::of(kind).str("expected output padding below the stride of ");
        return Err(error.pair_or_one(stride).str(", found ").pair_or_one(output_padding));
    }
    while axis < 2 {
        let whole = (sizes[axis] - 1) * stride[axis] + window.extent()[axis] + output_padding[axis];
        let padding = window.padding[axis] + window.padding[axis + 2];
        if padding >= whole {
            let error =
                ShapeError::of(kind).str("expected padding that leaves a value of the output, found ");
            return Err(error
                .sides(window.padding)
                .str(" for a ")
                .pair(sizes)
                .str(" input and ")
                .extent_of(window));
        }
        output[axis] = whole - padding;
        axis += 1;
    }
    Ok(output)
}

/// The error for an input without rows and columns, or a window with a size of 0.
const fn window_error(kind: &'static str, input: Dims, window: Window) -> Option<ShapeError> {
    if let Some(error) = ShapeError::not_maps(kind, input) {
        return Some(error);
    }
    let Window { kernel, stride, dilation, .. } = window;
    if kernel[0] == 0 || kernel[1] == 0 {
        let error = ShapeError::of(kind).str("expected a kernel of at least 1x1, found ").pair(kernel);
        return Some(error.str("; is the setting `kernel` missing?"));
    }
    if stride[0] == 0 || stride[1] == 0 {
        return Some(ShapeError::of(kind).str("expected a stride of at least 1, found ").pair_or_one(stride));
    }
    if dilation[0] == 0 || dilation[1] == 0 {
        return Some(
            ShapeError::of(kind).str("expected a dilation of at least 1, found ").pair_or_one(dilation),
        );
    }
    None
}
