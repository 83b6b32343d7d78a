//! Pooling: the maximum or the mean of each window.

use std::iter::StepBy;
use std::ops::Range;

use super::conv::with_every;
use super::{Exec, Rectifier, tiles, tiles_mut, vectorized, with_lanes};
use crate::kernel::Vectorized;
use crate::shape::Window;
use crate::tensor::{LANES, Lanes};

/// Position of windows in a plane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Windows {
    /// Windows of one size, a stride apart.
    Sliding(Window),
    /// A window for each output, spread over the input: window i of O reaches from ⌊i·I/O⌋ to ⌈(i + 1)·I/O⌉. If O does not
    /// divide I, windows differ in size and overlap.
    Adaptive,
}

/// Sizes of a pooling layer, which pools each channel on its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pooling {
    /// Planes of a sample.
    pub channels: usize,
    /// Rows and columns of a plane.
    pub input: [usize; 2],
    /// Rows and columns of a pooled plane.
    pub output: [usize; 2],
    /// The windows.
    pub windows: Windows,
    /// Whether the divisor of a mean counts padding under sliding windows.
    pub count_padding: bool,
}

impl Pooling {
    /// The part of the input that window `i`, which has no holes, covers, in rows (axis 0) or columns (1).
    #[inline(always)]
    pub(crate) fn range(&self, axis: usize, i: usize) -> Range<usize> {
        let (input, output) = (self.input[axis], self.output[axis]);
        match self.windows {
            Windows::Sliding(Window { kernel, stride, padding, .. }) => {
                let start = i * stride[axis];
                let end = (start + kernel[axis]).saturating_sub(padding[axis]);
                start.saturating_sub(padding[axis])..end.min(input)
            }
            Windows::Adaptive => i * input / output..((i + 1) * input).div_ceil(output),
        }
    }

    /// Whether every position of the input is in exactly one window.
    pub(crate) fn is_partition(&self) -> bool {
        match self.windows {
            Windows::Sliding(Window { kernel, stride, padding, .. }) => {
                let whole = |axis: usize| self.output[axis] * stride[axis] == self.input[axis];
                padding == [0; 4] && kernel == stride && self.holes().is_none() && whole(0) && whole(1)
            }
            Windows::Adaptive => (0..2).all(|axis| self.input[axis].is_multiple_of(self.output[axis])),
        }
    }

    /// The windows, if dilation spreads them.
    fn holes(&self) -> Option<Window> {
        match self.windows {
            Windows::Sliding(window) if window.dilation != [1, 1] => Some(window),
            _ => None,
        }
    }

    /// The rows (axis 0) or columns (1) of the input that window `i` of these sees.
    #[inline(always)]
    fn seen(&self, window: Window, axis: usize, i: usize) -> StepBy<Range<usize>> {
        let (start, before, step) = (i * window.stride[axis], window.padding[axis], window.dilation[axis]);
        let first = start + before.saturating_sub(start).next_multiple_of(step) - before;
        let end = (start + window.extent()[axis] - before).min(self.input[axis]);
        (first..end).step_by(step)
    }

    /// Positions in a plane of the input and of the output.
    fn areas(&self) -> [usize; 2] {
        [self.input[0] * self.input[1], self.output[0] * self.output[1]]
    }

    /// Values of a sample of the input and of the output.
    fn lens(&self) -> [usize; 2] {
        self.areas().map(|area| self.channels * area)
    }

    /// y = the maximum of each window; padding is ignored.
    pub fn max_forward<T: Vectorized>(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], exec: Exec) {
        let ([x_area, y_area], [x_len, y_len]) = (self.areas(), self.lens());
        with_lanes!(exec.lanes, N => {
            let x = tiles::<T, N>(x, x_len);
            exec.each_chunk(tiles_mut::<T, N>(y, y_len), y_area, |plane, y| {
                largest(exec.isa, self, y, &x[plane * x_area..][..x_area]);
            });
        });
    }

    /// dx = dy at the first position of each window that has the maximum, or 0 if the slope of the rectifier before it is 0 there.
    pub fn max_backward<T: Vectorized>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        y: &[Lanes<T>],
        mask: Option<Rectifier>,
        exec: Exec,
    ) {
        let ([x_area, y_area], [x_len, y_len]) = (self.areas(), self.lens());
        with_lanes!(exec.lanes, N => {
            let x = tiles::<T, N>(x, x_len);
            let [y, dy] = [y, dy].map(|entries| tiles::<T, N>(entries, y_len));
            exec.each_chunk(tiles_mut::<T, N>(dx, x_len), x_area, |plane, dx| {
                let (y, dy) = (&y[plane * y_area..][..y_area], &dy[plane * y_area..][..y_area]);
                to_largest(exec.isa, self, dx, &x[plane * x_area..][..x_area], y, dy, mask);
            });
        });
    }

    /// y = the mean of each window: the sum, padding being zero, divided by the number of its positions.
    pub fn mean_forward<T: Vectorized>(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], exec: Exec) {
        let ([x_area, y_area], [x_len, y_len]) = (self.areas(), self.lens());
        with_lanes!(exec.lanes, N => {
            let x = tiles::<T, N>(x, x_len);
            exec.each_chunk(tiles_mut::<T, N>(y, y_len), y_area, |plane, y| {
                mean(exec.isa, self, y, &x[plane * x_area..][..x_area]);
            });
        });
    }

    /// dx = the sum of dy over the windows that cover each position, each divided by the same number.
    pub fn mean_backward<T: Vectorized>(&self, dx: &mut [Lanes<T>], dy: &[Lanes<T>], exec: Exec) {
        let ([x_area, y_area], [x_len, y_len]) = (self.areas(), self.lens());
        with_lanes!(exec.lanes, N => {
            let dy = tiles::<T, N>(dy, y_len);
            exec.each_chunk(tiles_mut::<T, N>(dx, x_len), x_area, |plane, dx| {
                to_all(exec.isa, self, dx, &dy[plane * y_area..][..y_area]);
            });
        });
    }

    /// Divisor of the mean of the window at a row and column, which covers these rows and columns of the input.
    #[inline(always)]
    fn divisor<T: Vectorized>(&self, place: [usize; 2], covered: [&Range<usize>; 2]) -> T {
        T::of(match self.windows {
            Windows::Sliding(window) if self.count_padding && !window.ceil => {
                window.kernel[0] * window.kernel[1]
            }
            Windows::Sliding(window) if self.count_padding => {
                // A window that reaches past the padding is shorter.
                let len = |axis: usize| {
                    let room = window.padded(axis, self.input[axis]) - place[axis] * window.stride[axis];
                    window.kernel[axis].min(room)
                };
                len(0) * len(1)
            }
            _ => covered[0].len() * covered[1].len(),
        } as f64)
    }
}

vectorized! {
    /// The maximum of each window of a plane.
    fn largest[T: Vectorized, const N: usize](pooling: &Pooling, y: &mut [[T; N]], x: &[[T; N]]) {
        // Written so that NaN is propagated.
        let larger = |a: T, b: T| if b > a || b.is_nan() { b } else { a };
        if let Some(window) = pooling.holes() {
            for (p, y) in y.iter_mut().enumerate() {
                let (row, column) = (p / pooling.output[1], p % pooling.output[1]);
                *y = [T::neg_infinity(); N];
                for r in pooling.seen(window, 0, row) {
                    for c in pooling.seen(window, 1, column) {
                        let x = &x[r * pooling.input[1] + c];
                        for l in 0..N {
                            y[l] = larger(y[l], x[l]);
                        }
                    }
                }
            }
            return;
        }
        let halves = Window::new([2, 2], [2, 2], [0, 0]);
        if N < LANES && pooling.windows == Windows::Sliding(halves) {
            // In a narrow tile a vector holds several positions.
            for (y, x) in y.chunks_exact_mut(pooling.output[1]).zip(x.chunks_exact(2 * pooling.input[1])) {
                let (above, below) = x.split_at(pooling.input[1]);
                let windows = above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0);
                for (y, (above, below)) in y.iter_mut().zip(windows) {
                    for l in 0..N {
                        y[l] = larger(larger(above[0][l], above[1][l]), larger(below[0][l], below[1][l]));
                    }
                }
            }
            return;
        }
        if N < LANES
            && let Windows::Sliding(Window { kernel, stride: [_, stride @ (1 | 2)], padding, .. }) = pooling.windows
        {
            // Vectors hold neighbouring windows of a row: each takes its k-th value of an input row at once.
            for (row, y) in y.chunks_exact_mut(pooling.output[1]).enumerate() {
                y.fill([T::neg_infinity(); N]);
                for r in pooling.range(0, row) {
                    let x = &x[r * pooling.input[1]..][..pooling.input[1]];
                    for k in 0..kernel[1] {
                        let first = padding[1].saturating_sub(k).div_ceil(stride);
                        let end = (x.len() + padding[1]).saturating_sub(k).div_ceil(stride).min(y.len());
                        if first >= end {
                            continue;
                        }
                        let (y, x) = (&mut y[first..end], &x[first * stride + k - padding[1]..]);
                        let larger = |y: &mut [T; N], x: [T; N]| {
                            for l in 0..N {
                                y[l] = larger(y[l], x[l]);
                            }
                        };
                        if stride == 1 { with_every::<_, 1>(y, x, larger) } else { with_every::<_, 2>(y, x, larger) }
                    }
                }
            }
            return;
        }
        for (row, y) in y.chunks_exact_mut(pooling.output[1]).enumerate() {
            let rows = pooling.range(0, row);
            for (column, y) in y.iter_mut().enumerate() {
                let columns = pooling.range(1, column);
                let mut largest = [T::neg_infinity(); N];
                for r in rows.clone() {
                    for x in &x[r * pooling.input[1]..][columns.clone()] {
                        for l in 0..N {
                            largest[l] = larger(largest[l], x[l]);
                        }
                    }
                }
                *y = largest;
            }
        }
    }
}

vectorized! {
    /// Writes dy to the first position in each window of a plane that has the maximum.
    fn to_largest[T: Vectorized, const N: usize](
        pooling: &Pooling,
        dx: &mut [[T; N]],
        x: &[[T; N]],
        y: &[[T; N]],
        dy: &[[T; N]],
        mask: Option<Rectifier>,
    ) {
        let (partition, holes) = (pooling.is_partition(), pooling.holes());
        if !partition {
            dx.fill([T::zero(); N]);
        }
        for row in 0..pooling.output[0] {
            let rows = pooling.range(0, row);
            for column in 0..pooling.output[1] {
                let columns = pooling.range(1, column);
                let p = row * pooling.output[1] + column;
                let (y, mut rest) = (y[p], dy[p]);
                for l in 0..N {
                    rest[l] = mask.map_or(rest[l], |rectifier| rectifier.backward(rest[l], y[l]));
                }
                if let Some(window) = holes {
                    for r in pooling.seen(window, 0, row) {
                        for c in pooling.seen(window, 1, column) {
                            let at = r * pooling.input[1] + c;
                            for l in 0..N {
                                let here = x[at][l] == y[l];
                                dx[at][l] += if here { rest[l] } else { T::zero() };
                                rest[l] = if here { T::zero() } else { rest[l] };
                            }
                        }
                    }
                    continue;
                }
                for r in rows.clone() {
                    let start = r * pooling.input[1];
                    let x = &x[start..][columns.clone()];
                    for (dx, x) in dx[start..][columns.clone()].iter_mut().zip(x) {
                        let mut gradient = [T::zero(); N];
                        for l in 0..N {
                            let here = x[l] == y[l];
                            gradient[l] = if here { rest[l] } else { T::zero() };
                            rest[l] = if here { T::zero() } else { rest[l] };
                        }
                        if !partition {
                            for l in 0..N {
                                gradient[l] += dx[l];
                            }
                        }
                        *dx = gradient;
                    }
                }
            }
        }
    }
}

vectorized! {
    /// The mean of each window of a plane.
    fn mean[T: Vectorized, const N: usize](pooling: &Pooling, y: &mut [[T; N]], x: &[[T; N]]) {
        for (row, y) in y.chunks_exact_mut(pooling.output[1]).enumerate() {
            let rows = pooling.range(0, row);
            for (column, y) in y.iter_mut().enumerate() {
                let columns = pooling.range(1, column);
                let mut sum = [T::zero(); N];
                for r in rows.clone() {
                    for x in &x[r * pooling.input[1]..][columns.clone()] {
                        for l in 0..N {
                            sum[l] += x[l];
                        }
                    }
                }
                let area = pooling.divisor([row, column], [&rows, &columns]);
                for l in 0..N {
                    y[l] = sum[l] / area;
                }
            }
        }
    }
}

vectorized! {
    /// Divides dy evenly among the positions of each window of a plane.
    fn to_all[T: Vectorized, const N: usize](pooling: &Pooling, dx: &mut [[T; N]], dy: &[[T; N]]) {
        dx.fill([T::zero(); N]);
        for row in 0..pooling.output[0] {
            let rows = pooling.range(0, row);
            for column in 0..pooling.output[1] {
                let columns = pooling.range(1, column);
                let area = pooling.divisor([row, column], [&rows, &columns]);
                let mut share = dy[row * pooling.output[1] + column];
                for l in 0..N {
                    share[l] /= area;
                }
                for r in rows.clone() {
                    for dx in &mut dx[r * pooling.input[1]..][columns.clone()] {
                        for l in 0..N {
                            dx[l] += share[l];
                        }
                    }
                }
            }
        }
    }
}
