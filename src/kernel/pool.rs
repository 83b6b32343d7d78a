//! Pooling: the largest value of each window, or the mean.

use super::each_chunk;
use crate::scalar::Scalar;
use crate::shape::Window;
use crate::tensor::{LANES, Lanes};

/// Sizes of a pooling layer: every channel is a plane of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pool {
    /// Rows and columns of a plane.
    pub input: [usize; 2],
    /// Rows and columns of a pooled plane.
    pub output: [usize; 2],
    /// Kernel, stride, padding.
    pub window: Window,
}

impl Pool {
    /// Calls `f(output position, rows, columns)` with the part of the input that each window covers.
    fn windows(&self, mut f: impl FnMut(usize, std::ops::Range<usize>, std::ops::Range<usize>)) {
        let range = |axis: usize, i: usize| {
            let Window { kernel, stride, padding } = self.window;
            let start = i * stride[axis];
            let end = (start + kernel[axis]).saturating_sub(padding[axis]);
            start.saturating_sub(padding[axis])..end.min(self.input[axis])
        };
        for row in 0..self.output[0] {
            for column in 0..self.output[1] {
                f(row * self.output[1] + column, range(0, row), range(1, column));
            }
        }
    }

    fn areas(&self) -> (usize, usize) {
        (self.input[0] * self.input[1], self.output[0] * self.output[1])
    }

    /// y = the largest value of each window; padding never wins.
    pub fn max_forward<T: Scalar>(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], parallel: bool) {
        let (x_area, y_area) = self.areas();
        each_chunk(parallel, y, y_area, |plane, y| {
            let x = &x[plane * x_area..][..x_area];
            self.windows(|p, rows, columns| {
                let mut largest = Lanes::splat(T::neg_infinity());
                for r in rows {
                    for x in &x[r * self.input[1]..][columns.clone()] {
                        // Written so that a NaN, once seen, stays.
                        largest = largest.zip(*x, |a, b| if b > a || b.is_nan() { b } else { a });
                    }
                }
                y[p] = largest;
            });
        });
    }

    /// dx = dy at the first position of each window that holds its largest value.
    pub fn max_backward<T: Scalar>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        y: &[Lanes<T>],
        parallel: bool,
    ) {
        let (x_area, y_area) = self.areas();
        each_chunk(parallel, dx, x_area, |plane, dx| {
            dx.fill(Lanes::zero());
            let x = &x[plane * x_area..][..x_area];
            let (y, dy) = (&y[plane * y_area..][..y_area], &dy[plane * y_area..][..y_area]);
            self.windows(|p, rows, columns| {
                let (y, mut rest) = (y[p], dy[p]);
                for r in rows {
                    for c in columns.clone() {
                        let at = r * self.input[1] + c;
                        for l in 0..LANES {
                            let gradient = if x[at].0[l] == y.0[l] { rest.0[l] } else { T::zero() };
                            dx[at].0[l] += gradient;
                            rest.0[l] -= gradient;
                        }
                    }
                }
            });
        });
    }

    /// y = the mean of each window, padding counted as zeros.
    pub fn mean_forward<T: Scalar>(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], parallel: bool) {
        let (x_area, y_area) = self.areas();
        let area = self.window_area();
        each_chunk(parallel, y, y_area, |plane, y| {
            let x = &x[plane * x_area..][..x_area];
            self.windows(|p, rows, columns| {
                let mut sum = Lanes::zero();
                for r in rows {
                    for x in &x[r * self.input[1]..][columns.clone()] {
                        sum = sum.zip(*x, |a, b| a + b);
                    }
                }
                y[p] = sum.map(|s| s / area);
            });
        });
    }

    /// dx = the sum of dy over the windows that cover each position, each divided by the window's area.
    pub fn mean_backward<T: Scalar>(&self, dx: &mut [Lanes<T>], dy: &[Lanes<T>], parallel: bool) {
        let (x_area, y_area) = self.areas();
        let area = self.window_area();
        each_chunk(parallel, dx, x_area, |plane, dx| {
            dx.fill(Lanes::zero());
            let dy = &dy[plane * y_area..][..y_area];
            self.windows(|p, rows, columns| {
                let share = dy[p].map(|d| d / area);
                for r in rows {
                    for dx in &mut dx[r * self.input[1]..][columns.clone()] {
                        *dx = dx.zip(share, |a, b| a + b);
                    }
                }
            });
        });
    }

    fn window_area<T: Scalar>(&self) -> T {
        T::of((self.window.kernel[0] * self.window.kernel[1]) as f64)
    }
}
