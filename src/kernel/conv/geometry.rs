//! The sizes of a convolution, and how its work is cut.

use crate::shape::Window;

/// Sizes of a convolution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// Input channels, rows, columns.
    pub input: [usize; 3],
    /// Filters, output rows, output columns.
    pub output: [usize; 3],
    /// Kernel, stride, padding, dilation.
    pub window: Window,
    /// Groups of channels and filters: the filters of a group see only its channels.
    pub groups: usize,
}

impl Geometry {
    /// Channels and filters of a group.
    pub(crate) fn of_group(&self) -> [usize; 2] {
        [self.input[0] / self.groups, self.output[0] / self.groups]
    }

    /// Weights of all filters.
    pub fn weights(&self) -> usize {
        let [kh, kw] = self.window.kernel;
        self.output[0] * (self.input[0] / self.groups) * kh * kw
    }
}

/// How the sums of a convolution are computed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Arithmetic {
    /// Whole numbers come out exactly, as long as every sum is one that the scalar holds exactly: below 2²⁴ in `f32`.
    #[default]
    Exact,
    /// Fewer multiplications where that is faster, with about three times the rounding error: convolutions of 3×3 with stride 1
    /// by Winograd's F(4×4, 3×3), forward and for the gradient of the input, if there are enough channels, filters and positions.
    Fast,
}

/// Sizes of the parts into which the work is divided. They, and never the number of threads, decide in which order sums are
/// computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tiling {
    /// Entries of input that a block of sums reads before it moves to the next channels: they fit into a first-level cache.
    pub lines: usize,
    /// Output columns of a task.
    pub columns: usize,
    /// Filters of a task.
    pub filters: usize,
    /// Entries of panels of gathered inputs in scratch memory at a time; one panel at least.
    pub gathered: usize,
    /// Rows of weights of a task of the weight gradient.
    pub rows: usize,
    /// Positions times lanes that a block of the weight gradient sums over before the next block.
    pub depth: usize,
    /// Least 1 / (1/channels + 1/filters) for which Winograd's transforms are used: they save work for each pair of a channel
    /// and a filter, and cost some for each channel and each filter. For F(2×2, 3×3), and for F(4×4, 3×3).
    pub transforms: [usize; 2],
    /// Least number of columns, each of sixteen patches, for which they are used: they share the work of transforming the
    /// weights, and of reading those again.
    pub patches: [usize; 2],
    /// Least number of weights that are packed for the backward pass: more than a first-level cache holds.
    pub packed: usize,
}

impl Default for Tiling {
    fn default() -> Self {
        Tiling {
            lines: 384,
            columns: 96,
            filters: 64,
            gathered: 1 << 16,
            rows: 96,
            depth: 128,
            transforms: [16, 20],
            patches: [8, 24],
            packed: 1 << 15,
        }
    }
}
