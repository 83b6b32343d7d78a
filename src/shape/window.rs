//! Windows that slide over rows and columns, and the only place with the formula for the size of their output.

use super::{Dims, ShapeError};

/// Kernel height and width of a window layer; `Kernel<5>` is 5×5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernel<const H: usize, const W: usize = H>;

/// Vertical and horizontal step of a window; `Stride<2>` is 2 in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stride<const H: usize, const W: usize = H>;

/// Rows above and below, columns left and right, that a layer adds around its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding<const H: usize, const W: usize = H>;

/// Rows and columns from one entry of a kernel to the next; 1 for a kernel without holes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dilation<const H: usize, const W: usize = H>;

/// The number of groups into which the channels and filters of a convolution are split; the filters of a group see its
/// channels only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Groups<const N: usize>;

/// Kernel, stride, padding and dilation as values, each as \[vertical, horizontal\].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns from one position to the next.
    pub stride: [usize; 2],
    /// Rows and columns added on each side of the input.
    pub padding: [usize; 2],
    /// Rows and columns from one entry of the kernel to the next.
    pub dilation: [usize; 2],
}

impl Window {
    /// A window without dilation.
    pub const fn new(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Self {
        Window { kernel, stride, padding, dilation: [1, 1] }
    }

    /// Rows and columns that the window covers, holes included.
    pub const fn extent(self) -> [usize; 2] {
        let Window { kernel, dilation, .. } = self;
        [(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1]
    }

    pub(super) const fn has_holes(self) -> bool {
        self.dilation[0] != 1 || self.dilation[1] != 1
    }
}

/// Rows and columns of a window layer's output: ⌊(n + 2·padding − extent) / stride⌋ + 1 along each axis, with
/// extent = (kernel − 1)·dilation + 1.
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
    if let Some(error) = ShapeError::not_maps(kind, input) {
        return Err(error);
    }
    let Window { kernel, stride, padding, dilation } = window;
    if kernel[0] == 0 || kernel[1] == 0 {
        let error = ShapeError::of(kind).str("expected a kernel of at least 1x1, found ").pair(kernel);
        return Err(error.str("; is the setting `kernel` missing?"));
    }
    if stride[0] == 0 || stride[1] == 0 {
        return Err(ShapeError::of(kind).str("expected a stride of at least 1, found ").pair_or_one(stride));
    }
    if dilation[0] == 0 || dilation[1] == 0 {
        return Err(ShapeError::of(kind)
            .str("expected a dilation of at least 1, found ")
            .pair_or_one(dilation));
    }
    let extent = window.extent();
    if extent[0] > input.height() + 2 * padding[0] || extent[1] > input.width() + 2 * padding[1] {
        return Err(ShapeError::of(kind)
            .window(window)
            .str(" does not fit a ")
            .pair([input.height(), input.width()])
            .str(" input with padding ")
            .pair_or_one(padding));
    }
    Ok([
        (input.height() + 2 * padding[0] - extent[0]) / stride[0] + 1,
        (input.width() + 2 * padding[1] - extent[1]) / stride[1] + 1,
    ])
}
