//! The reference: each formula as it stands in the textbook, one sample at a time, in plain loops.
//!
//! Kept for good. Every other kernel is tested against it.

use super::conv::Geometry;
use super::pool::Pool;
use crate::scalar::Scalar;

/// Calls `f(o, p, i, q, k)` for each term of a convolution: filter, output position, channel, input position,
/// index into that filter's and channel's kernel. Positions on the padding have no term.
fn each_term(g: &Geometry, mut f: impl FnMut(usize, usize, usize, usize, usize)) {
    let Geometry { input: [ic, ih, iw], output: [oc, oh, ow], window } = *g;
    for o in 0..oc {
        for r in 0..oh {
            for c in 0..ow {
                for i in 0..ic {
                    for u in 0..window.kernel[0] {
                        for v in 0..window.kernel[1] {
                            let y = (r * window.stride[0] + u).checked_sub(window.padding[0]);
                            let x = (c * window.stride[1] + v).checked_sub(window.padding[1]);
                            if let (Some(y), Some(x)) = (y, x)
                                && y < ih
                                && x < iw
                            {
                                f(o, r * ow + c, i, y * iw + x, u * window.kernel[1] + v);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn weight_index(g: &Geometry, o: usize, i: usize, k: usize) -> usize {
    (o * g.input[0] + i) * g.window.kernel[0] * g.window.kernel[1] + k
}

/// y\[o\]\[p\] = bias\[o\] + Σ weight · x, for one sample.
pub fn conv_forward<T: Scalar>(y: &mut [T], x: &[T], weight: &[T], bias: &[T], g: &Geometry) {
    let (x_area, y_area) = (g.input[1] * g.input[2], g.output[1] * g.output[2]);
    for (o, y) in y.chunks_mut(y_area).enumerate() {
        y.fill(bias[o]);
    }
    each_term(g, |o, p, i, q, k| y[o * y_area + p] += weight[weight_index(g, o, i, k)] * x[i * x_area + q]);
}

/// dx = Σ weight · dy, for one sample.
pub fn conv_backward_data<T: Scalar>(dx: &mut [T], dy: &[T], weight: &[T], g: &Geometry) {
    let (x_area, y_area) = (g.input[1] * g.input[2], g.output[1] * g.output[2]);
    dx.fill(T::zero());
    each_term(g, |o, p, i, q, k| dx[i * x_area + q] += weight[weight_index(g, o, i, k)] * dy[o * y_area + p]);
}

/// dw and db, added up for one sample on what they hold.
pub fn conv_backward_weights<T: Scalar>(dw: &mut [T], db: &mut [T], dy: &[T], x: &[T], g: &Geometry) {
    let (x_area, y_area) = (g.input[1] * g.input[2], g.output[1] * g.output[2]);
    each_term(g, |o, p, i, q, k| dw[weight_index(g, o, i, k)] += dy[o * y_area + p] * x[i * x_area + q]);
    for (o, dy) in dy.chunks(y_area).enumerate() {
        for dy in dy {
            db[o] += *dy;
        }
    }
}

/// The input positions under the window of output position `p`, row by row.
fn under(pool: &Pool, p: usize) -> Vec<usize> {
    let [ih, iw] = pool.input;
    let window = pool.window;
    let (r, c) = (p / pool.output[1], p % pool.output[1]);
    let mut positions = Vec::new();
    for u in 0..window.kernel[0] {
        for v in 0..window.kernel[1] {
            let y = (r * window.stride[0] + u).checked_sub(window.padding[0]).filter(|y| *y < ih);
            let x = (c * window.stride[1] + v).checked_sub(window.padding[1]).filter(|x| *x < iw);
            if let (Some(y), Some(x)) = (y, x) {
                positions.push(y * iw + x);
            }
        }
    }
    positions
}

/// The largest value under each window, for one plane.
pub fn max_forward<T: Scalar>(y: &mut [T], x: &[T], pool: &Pool) {
    for (p, y) in y.iter_mut().enumerate() {
        *y = under(pool, p).into_iter().map(|q| x[q]).fold(T::neg_infinity(), T::max);
    }
}

/// dy to the first of the largest values under each window, for one plane.
pub fn max_backward<T: Scalar>(dx: &mut [T], dy: &[T], x: &[T], pool: &Pool) {
    dx.fill(T::zero());
    for (p, dy) in dy.iter().enumerate() {
        let positions = under(pool, p);
        let mut best = positions[0];
        for q in positions {
            if x[q] > x[best] {
                best = q;
            }
        }
        dx[best] += *dy;
    }
}

/// The mean under each window, padding counted as zeros, for one plane.
pub fn mean_forward<T: Scalar>(y: &mut [T], x: &[T], pool: &Pool) {
    let area = T::of((pool.window.kernel[0] * pool.window.kernel[1]) as f64);
    for (p, y) in y.iter_mut().enumerate() {
        *y = under(pool, p).into_iter().map(|q| x[q]).sum::<T>() / area;
    }
}

/// dy shared out evenly under each window, for one plane.
pub fn mean_backward<T: Scalar>(dx: &mut [T], dy: &[T], pool: &Pool) {
    let area = T::of((pool.window.kernel[0] * pool.window.kernel[1]) as f64);
    dx.fill(T::zero());
    for (p, dy) in dy.iter().enumerate() {
        for q in under(pool, p) {
            dx[q] += *dy / area;
        }
    }
}
