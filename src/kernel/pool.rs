//! Pooling: the largest value of each window, or the mean.

use std::ops::Range;

use super::{Exec, tiles, tiles_mut, vectorized, with_lanes};
use crate::scalar::Scalar;
use crate::shape::Window;
use crate::tensor::Lanes;

/// Sizes of a pooling layer: every channel is a plane of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pool {
    /// Planes of a sample.
    pub channels: usize,
    /// Rows and columns of a plane.
    pub input: [usize; 2],
    /// Rows and columns of a pooled plane.
    pub output: [usize; 2],
    /// Kernel, stride, padding.
    pub window: Window,
}

impl Pool {
    /// Calls `f(output position, rows, columns)` with the part of the input that each window covers.
    #[inline(always)]
    fn windows(&self, mut f: impl FnMut(usize, Range<usize>, Range<usize>)) {
        let range = |axis: usize, i: usize| {
            let Window { kernel, stride, padding } = self.window;
            let start = i * stride[axis];
            let end = (start + kernel[axis]).saturating_sub(padding[axis]);
            start.saturating_sub(padding[axis])..end.min(self.input[axis])
        };
        for row in 0..self.output[0] {
            let rows = range(0, row);
            for column in 0..self.output[1] {
                f(row * self.output[1] + column, rows.clone(), range(1, column));
            }
        }
    }

    /// Positions in a plane, before and after.
    fn areas(&self) -> [usize; 2] {
        [self.input[0] * self.input[1], self.output[0] * self.output[1]]
    }

    /// Positions in a sample, before and after.
    fn lens(&self) -> [usize; 2] {
        self.areas().map(|area| self.channels * area)
    }

    /// y = the largest value of each window; padding never wins.
    pub fn max_forward<T: Scalar>(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], exec: Exec) {
        let ([x_area, y_area], [x_len, y_len]) = (self.areas(), self.lens());
        with_lanes!(exec, N => {
            let x = tiles::<T, N>(x, x_len);
            exec.each_chunk(tiles_mut::<T, N>(y, y_len), y_area, |plane, y| {
                largest(exec.isa, self, y, &x[plane * x_area..][..x_area]);
            });
        });
    }

    /// dx = dy at the first position of each window that holds its largest value; with `relu` only where that is
    /// positive.
    pub fn max_backward<T: Scalar>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        y: &[Lanes<T>],
        relu: bool,
        exec: Exec,
    ) {
        let ([x_area, y_area], [x_len, y_len]) = (self.areas(), self.lens());
        with_lanes!(exec, N => {
            let x = tiles::<T, N>(x, x_len);
            let [y, dy] = [y, dy].map(|entries| tiles::<T, N>(entries, y_len));
            exec.each_chunk(tiles_mut::<T, N>(dx, x_len), x_area, |plane, dx| {
                let (y, dy) = (&y[plane * y_area..][..y_area], &dy[plane * y_area..][..y_area]);
                to_largest(exec.isa, self, dx, &x[plane * x_area..][..x_area], y, dy, relu);
            });
        });
    }

    /// y = the mean of each window, padding counted as zeros.
    pub fn mean_forward<T: Scalar>(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], exec: Exec) {
        let ([x_area, y_area], [x_len, y_len]) = (self.areas(), self.lens());
        with_lanes!(exec, N => {
            let x = tiles::<T, N>(x, x_len);
            exec.each_chunk(tiles_mut::<T, N>(y, y_len), y_area, |plane, y| {
                mean(exec.isa, self, y, &x[plane * x_area..][..x_area]);
            });
        });
    }

    /// dx = the sum of dy over the windows that cover each position, each divided by the window's area.
    pub fn mean_backward<T: Scalar>(&self, dx: &mut [Lanes<T>], dy: &[Lanes<T>], exec: Exec) {
        let ([x_area, y_area], [x_len, y_len]) = (self.areas(), self.lens());
        with_lanes!(exec, N => {
            let dy = tiles::<T, N>(dy, y_len);
            exec.each_chunk(tiles_mut::<T, N>(dx, x_len), x_area, |plane, dx| {
                to_all(exec.isa, self, dx, &dy[plane * y_area..][..y_area]);
            });
        });
    }

    fn window_area<T: Scalar>(&self) -> T {
        T::of((self.window.kernel[0] * self.window.kernel[1]) as f64)
    }
}

vectorized! {
    /// The largest value of each window of a plane.
    fn largest[T: Scalar, const N: usize](pool: &Pool, y: &mut [[T; N]], x: &[[T; N]]) {
        pool.windows(|p, rows, columns| {
            let mut largest = [T::neg_infinity(); N];
            for r in rows {
                for x in &x[r * pool.input[1]..][columns.clone()] {
                    for l in 0..N {
                        // Written so that a NaN, once seen, stays.
                        let larger = x[l] > largest[l] || x[l].is_nan();
                        largest[l] = if larger { x[l] } else { largest[l] };
                    }
                }
            }
            y[p] = largest;
        });
    }
}

vectorized! {
    /// dy to the first position in each window of a plane that holds its largest value.
    fn to_largest[T: Scalar, const N: usize](
        pool: &Pool,
        dx: &mut [[T; N]],
        x: &[[T; N]],
        y: &[[T; N]],
        dy: &[[T; N]],
        relu: bool,
    ) {
        dx.fill([T::zero(); N]);
        let least = if relu { T::zero() } else { T::neg_infinity() };
        pool.windows(|p, rows, columns| {
            let (y, mut rest) = (y[p], dy[p]);
            for l in 0..N {
                rest[l] = if y[l] > least || !relu { rest[l] } else { T::zero() };
            }
            for r in rows {
                let row = r * pool.input[1];
                let x = &x[row..][columns.clone()];
                for (dx, x) in dx[row..][columns.clone()].iter_mut().zip(x) {
                    for l in 0..N {
                        let gradient = if x[l] == y[l] { rest[l] } else { T::zero() };
                        dx[l] += gradient;
                        rest[l] -= gradient;
                    }
                }
            }
        });
    }
}

vectorized! {
    /// The mean of each window of a plane.
    fn mean[T: Scalar, const N: usize](pool: &Pool, y: &mut [[T; N]], x: &[[T; N]]) {
        let area: T = pool.window_area();
        pool.windows(|p, rows, columns| {
            let mut sum = [T::zero(); N];
            for r in rows {
                for x in &x[r * pool.input[1]..][columns.clone()] {
                    for l in 0..N {
                        sum[l] += x[l];
                    }
                }
            }
            y[p] = sum.map(|s| s / area);
        });
    }
}

vectorized! {
    /// dy shared out to all positions of each window of a plane.
    fn to_all[T: Scalar, const N: usize](pool: &Pool, dx: &mut [[T; N]], dy: &[[T; N]]) {
        let area: T = pool.window_area();
        dx.fill([T::zero(); N]);
        pool.windows(|p, rows, columns| {
            let share = dy[p].map(|d| d / area);
            for r in rows {
                for dx in &mut dx[r * pool.input[1]..][columns.clone()] {
                    for l in 0..N {
                        dx[l] += share[l];
                    }
                }
            }
        });
    }
}
