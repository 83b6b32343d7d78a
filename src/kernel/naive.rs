//! The reference: each formula as in a textbook, one sample at a time, in plain loops.
//!
//! Every other kernel is tested against it.

use super::conv::Geometry;
use super::local_response::LocalResponse;
use super::pool::{Pooling, Windows};
use super::sample_norm::SampleNorm;
use crate::kernel::Vectorized;

/// Calls `f(o, p, i, q, k)` for each term of a convolution: filter, output position, channel, input position and index
/// into the kernel of that filter and channel. Positions in the padding have no term.
fn each_term(g: &Geometry, mut f: impl FnMut(usize, usize, usize, usize, usize)) {
    let Geometry { input: [_, ih, iw], output: [oc, oh, ow], window, .. } = *g;
    let [channels, filters] = g.of_group();
    for o in 0..oc {
        for r in 0..oh {
            for c in 0..ow {
                for i in o / filters * channels..(o / filters + 1) * channels {
                    for u in 0..window.kernel[0] {
                        for v in 0..window.kernel[1] {
                            let y = (r * window.stride[0] + u * window.dilation[0])
                                .checked_sub(window.padding[0]);
                            let x = (c * window.stride[1] + v * window.dilation[1])
                                .checked_sub(window.padding[1]);
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
    // Channels are counted in the filter's group.
    let channels = g.input[0] / g.groups;
    (o * channels + i % channels) * g.window.kernel[0] * g.window.kernel[1] + k
}

/// y\[o\]\[p\] = bias\[o\] + Σ weight · x, for one sample.
pub fn conv_forward<T: Vectorized>(y: &mut [T], x: &[T], weight: &[T], bias: &[T], g: &Geometry) {
    let (x_area, y_area) = (g.input[1] * g.input[2], g.output[1] * g.output[2]);
    for (o, y) in y.chunks_mut(y_area).enumerate() {
        y.fill(bias[o]);
    }
    each_term(g, |o, p, i, q, k| y[o * y_area + p] += weight[weight_index(g, o, i, k)] * x[i * x_area + q]);
}

/// dx = Σ weight · dy, for one sample.
pub fn conv_backward_data<T: Vectorized>(dx: &mut [T], dy: &[T], weight: &[T], g: &Geometry) {
    let (x_area, y_area) = (g.input[1] * g.input[2], g.output[1] * g.output[2]);
    dx.fill(T::zero());
    each_term(g, |o, p, i, q, k| dx[i * x_area + q] += weight[weight_index(g, o, i, k)] * dy[o * y_area + p]);
}

/// Adds the gradients of one sample to dw and db.
pub fn conv_backward_weights<T: Vectorized>(dw: &mut [T], db: &mut [T], dy: &[T], x: &[T], g: &Geometry) {
    let (x_area, y_area) = (g.input[1] * g.input[2], g.output[1] * g.output[2]);
    each_term(g, |o, p, i, q, k| dw[weight_index(g, o, i, k)] += dy[o * y_area + p] * x[i * x_area + q]);
    for (o, dy) in dy.chunks(y_area).enumerate() {
        for dy in dy {
            db[o] += *dy;
        }
    }
}

/// The input positions under the window of output position `p`, row by row.
fn under(pooling: &Pooling, p: usize) -> Vec<usize> {
    let [ih, iw] = pooling.input;
    let (r, c) = (p / pooling.output[1], p % pooling.output[1]);
    let mut positions = Vec::new();
    let window = match pooling.windows {
        Windows::Sliding(window) => window,
        Windows::Adaptive => {
            // Window i of n covers position q if its ends, as fractions, lie on either side of it.
            let covers = |i: usize, q: usize, n: usize, input: usize| {
                i * input < (q + 1) * n && q * n < (i + 1) * input
            };
            for y in (0..ih).filter(|y| covers(r, *y, pooling.output[0], ih)) {
                positions
                    .extend((0..iw).filter(|x| covers(c, *x, pooling.output[1], iw)).map(|x| y * iw + x));
            }
            return positions;
        }
    };
    for u in 0..window.kernel[0] {
        for v in 0..window.kernel[1] {
            let y = (r * window.stride[0] + u * window.dilation[0])
                .checked_sub(window.padding[0])
                .filter(|y| *y < ih);
            let x = (c * window.stride[1] + v * window.dilation[1])
                .checked_sub(window.padding[1])
                .filter(|x| *x < iw);
            if let (Some(y), Some(x)) = (y, x) {
                positions.push(y * iw + x);
            }
        }
    }
    positions
}

/// The maximum under each window, for one plane.
pub fn max_forward<T: Vectorized>(y: &mut [T], x: &[T], pooling: &Pooling) {
    for (p, y) in y.iter_mut().enumerate() {
        *y = under(pooling, p).into_iter().map(|q| x[q]).fold(T::neg_infinity(), T::max);
    }
}

/// Adds dy to the first position with the maximum under each window, for one plane.
pub fn max_backward<T: Vectorized>(dx: &mut [T], dy: &[T], x: &[T], pooling: &Pooling) {
    dx.fill(T::zero());
    for (p, dy) in dy.iter().enumerate() {
        let positions = under(pooling, p);
        let mut best = positions[0];
        for q in positions {
            if x[q] > x[best] {
                best = q;
            }
        }
        dx[best] += *dy;
    }
}

/// Divisor of a mean: the number of positions under a window, and of those in the padding, if they count.
pub fn divisor(pooling: &Pooling, p: usize) -> usize {
    let place = [p / pooling.output[1], p % pooling.output[1]];
    match pooling.windows {
        Windows::Sliding(window) if pooling.count_padding => {
            let inside = |axis: usize| {
                let end = pooling.input[axis] + window.padding[axis] + window.padding[axis + 2];
                (0..window.kernel[axis]).filter(|u| place[axis] * window.stride[axis] + u < end).count()
            };
            inside(0) * inside(1)
        }
        _ => under(pooling, p).len(),
    }
}

/// The mean under each window, padding being zero, for one plane.
pub fn mean_forward<T: Vectorized>(y: &mut [T], x: &[T], pooling: &Pooling) {
    for (p, y) in y.iter_mut().enumerate() {
        let sum = under(pooling, p).iter().map(|q| x[*q]).sum::<T>();
        *y = sum / T::of(divisor(pooling, p) as f64);
    }
}

/// Divides dy evenly among the positions under each window, for one plane.
pub fn mean_backward<T: Vectorized>(dx: &mut [T], dy: &[T], pooling: &Pooling) {
    dx.fill(T::zero());
    for (p, dy) in dy.iter().enumerate() {
        for q in under(pooling, p) {
            dx[q] += *dy / T::of(divisor(pooling, p) as f64);
        }
    }
}

/// k + α/n · Σ x² over the window of a channel, at one position.
fn mean_square<T: Vectorized>(x: &[T], norm: &LocalResponse, channel: usize, position: usize) -> T {
    let window = (0..norm.size).filter_map(|i| (channel + i).checked_sub(norm.size / 2));
    let squares = window.filter(|c| *c < norm.channels).map(|c| x[c * norm.area + position].powi(2));
    T::of(norm.k) + T::of(norm.alpha / norm.size as f64) * squares.sum::<T>()
}

/// y = x / (k + α/n · Σ x²)^β, for one sample.
pub fn local_response_forward<T: Vectorized>(y: &mut [T], x: &[T], norm: &LocalResponse) {
    for (i, y) in y.iter_mut().enumerate() {
        *y = x[i] / mean_square(x, norm, i / norm.area, i % norm.area).powf(T::of(norm.beta));
    }
}

/// The gradient of [`local_response_forward`], for one sample, one output after the other.
pub fn local_response_backward<T: Vectorized>(dx: &mut [T], dy: &[T], x: &[T], norm: &LocalResponse) {
    dx.fill(T::zero());
    let beta = T::of(norm.beta);
    for (i, dy) in dy.iter().enumerate() {
        let (channel, position) = (i / norm.area, i % norm.area);
        let s = mean_square(x, norm, channel, position);
        dx[i] += *dy * s.powf(-beta);
        for c in (0..norm.size).filter_map(|j| (channel + j).checked_sub(norm.size / 2)) {
            if c < norm.channels {
                let at = c * norm.area + position;
                let slope = T::of(2.0 * norm.alpha / norm.size as f64) * x[at];
                dx[at] -= *dy * x[i] * beta * s.powf(-beta - T::one()) * slope;
            }
        }
    }
}

/// The mean and the mean square distance from it, over all samples and positions of one channel.
pub fn moments<T: Vectorized>(samples: &[Vec<T>], area: usize, channel: usize) -> [T; 2] {
    let values = || samples.iter().flat_map(|x| &x[channel * area..][..area]);
    let count = T::of(values().count() as f64);
    let mean = values().copied().sum::<T>() / count;
    [mean, values().map(|x| (*x - mean).powi(2)).sum::<T>() / count]
}

/// The mean of a group of values, and 1 / √(variance + ε).
fn statistics<T: Vectorized>(group: &[T], epsilon: f64) -> [T; 2] {
    let count = T::of(group.len() as f64);
    let mean = group.iter().copied().sum::<T>() / count;
    let variance = group.iter().map(|x| (*x - mean).powi(2)).sum::<T>() / count;
    [mean, T::one() / (variance + T::of(epsilon)).sqrt()]
}

/// y = (x − mean) / √(variance + ε) · weight + bias with the numbers of each group, for one sample.
pub fn sample_norm_forward<T: Vectorized>(
    y: &mut [T],
    x: &[T],
    [weight, bias]: [&[T]; 2],
    norm: &SampleNorm,
) {
    let len = norm.len / norm.groups;
    for (i, y) in y.iter_mut().enumerate() {
        let [mean, r] = statistics(&x[i / len * len..][..len], norm.epsilon);
        *y = (x[i] - mean) * r;
        if !weight.is_empty() {
            *y = *y * weight[i / norm.span] + bias[i / norm.span];
        }
    }
}

/// The gradient of [`sample_norm_forward`], for one sample; those of weights and biases are added.
pub fn sample_norm_backward<T: Vectorized>(
    dx: &mut [T],
    [dweight, dbias]: [&mut [T]; 2],
    dy: &[T],
    x: &[T],
    weight: &[T],
    norm: &SampleNorm,
) {
    let len = norm.len / norm.groups;
    for start in (0..norm.len).step_by(len) {
        let [mean, r] = statistics(&x[start..][..len], norm.epsilon);
        for i in start..start + len {
            let slope = if weight.is_empty() { dy[i] } else { dy[i] * weight[i / norm.span] };
            // Of output i by each input of the group.
            for j in start..start + len {
                let own = if i == j { T::one() } else { T::zero() };
                let shared = T::one() + (x[i] - mean) * (x[j] - mean) * r * r;
                dx[j] += slope * r * (own - shared / T::of(len as f64));
            }
            if !weight.is_empty() {
                dweight[i / norm.span] += dy[i] * (x[i] - mean) * r;
                dbias[i / norm.span] += dy[i];
            }
        }
    }
}

/// Calls `f(p, q, share)` for each position p of an upsampled plane and each position q of the plane of which it has a share.
pub fn upsample(input: [usize; 2], scale: [usize; 2], bilinear: bool, mut f: impl FnMut(usize, usize, f64)) {
    // Linear interpolation between the two nearest centres of input positions; beyond the outermost centres, the outermost value.
    let share = |axis: usize, i: usize, q: usize| {
        if !bilinear {
            return if i / scale[axis] == q { 1.0 } else { 0.0 };
        }
        let at = (i as f64 + 0.5) / scale[axis] as f64 - 0.5;
        let at = at.clamp(0.0, input[axis] as f64 - 1.0);
        (1.0 - (at - q as f64).abs()).max(0.0)
    };
    let [rows, columns] = [0, 1].map(|axis| input[axis] * scale[axis]);
    for p in 0..rows * columns {
        for q in 0..input[0] * input[1] {
            let (r, c) = (share(0, p / columns, q / input[1]), share(1, p % columns, q % input[1]));
            if r * c > 0.0 {
                f(p, q, r * c);
            }
        }
    }
}
