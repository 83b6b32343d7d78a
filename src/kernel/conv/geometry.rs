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
    /// Parts into which channels and filters are cut: the filters of each see its channels alone.
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

/// How the work is cut. The bits of a result depend on it, never on the number of threads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tiling {
    /// Entries of input that a block of sums reads before its channels change: what fits a first-level cache.
    pub lines: usize,
    /// Output columns of a task.
    pub columns: usize,
    /// Filters of a task.
    pub filters: usize,
    /// Rows of weights of a task of the weight gradient.
    pub rows: usize,
    /// Positions and lanes that a block of the weight gradient's sums goes through before the next.
    pub depth: usize,
    /// Channels, filters and columns from which on transforms pay for a 3×3 kernel.
    pub transforms: usize,
    /// Weights from which on it pays to lay them out anew for the backward pass: what no first-level cache holds.
    pub packed: usize,
}

impl Default for Tiling {
    fn default() -> Self {
        Tiling { lines: 384, columns: 96, filters: 64, rows: 96, depth: 128, transforms: 16, packed: 1 << 15 }
    }
}
