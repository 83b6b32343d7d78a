//! Convolution, and the dense layer as a convolution of one position.
//!
//! All passes are an implicit im2col: the column matrix is a table of offsets into the (padded) input, never
//! stored. With x the padded input, k running over channels and kernel positions, p over output positions:
//!
//! - forward:          y\[o\]\[p\]  = b\[o\] + Σₖ w\[o\]\[k\] · x\[base(p) + offset(k)\]
//! - backward, data:   the same sum over dy, spread out by the stride and padded, with flipped weights
//! - backward, weights: dw\[o\]\[k\] = Σₚ Σ_lanes dy\[o\]\[p\] · x\[base(p) + offset(k)\]

use super::each_chunk;
use crate::scalar::Scalar;
use crate::shape::Window;
use crate::tensor::Lanes;

/// Sizes of a convolution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// Input channels, rows, columns.
    pub input: [usize; 3],
    /// Filters, output rows, output columns.
    pub output: [usize; 3],
    /// Kernel, stride, padding.
    pub window: Window,
}

/// A term of the sum that makes one output value: where its input and its weight lie.
#[derive(Clone, Copy)]
struct Tap {
    x: u32,
    w: u32,
}

/// One pass over windows: output positions, the input they read, and the terms of each.
struct Correlation {
    /// Channels, rows, columns of the padded input.
    padded: [usize; 3],
    /// Output channels, rows, columns.
    output: [usize; 3],
    /// Rows and columns of the padded input between output positions.
    step: [usize; 2],
    taps: Vec<Tap>,
    /// Weights between one output channel and the next.
    w_step: usize,
}

/// A convolution, with its tables made once.
pub struct Conv {
    geometry: Geometry,
    forward: Correlation,
    backward: Correlation,
}

impl Conv {
    /// Makes the tables.
    ///
    /// # Panics
    /// If the output's size is not what the window gives: the typed layer has checked it.
    pub fn new(geometry: Geometry) -> Self {
        let Geometry { input: [ic, ih, iw], output: [oc, oh, ow], window } = geometry;
        let Window { kernel: [kh, kw], stride, padding } = window;
        for axis in 0..2 {
            let room = geometry.input[axis + 1] + 2 * padding[axis] - window.kernel[axis];
            assert_eq!(geometry.output[axis + 1], room / stride[axis] + 1, "output of {geometry:?}");
        }
        let taps = |channels: usize, [_, ph, pw]: [usize; 3], w: &dyn Fn(usize, usize, usize) -> usize| {
            let mut taps = Vec::with_capacity(channels * kh * kw);
            for c in 0..channels {
                for y in 0..kh {
                    for x in 0..kw {
                        let index =
                            |i: usize| u32::try_from(i).expect("fewer than 2^32 weights and positions");
                        taps.push(Tap { x: index((c * ph + y) * pw + x), w: index(w(c, y, x)) });
                    }
                }
            }
            taps
        };
        let area = kh * kw;
        let padded = [ic, ih + 2 * padding[0], iw + 2 * padding[1]];
        let forward = Correlation {
            padded,
            output: [oc, oh, ow],
            step: stride,
            taps: taps(ic, padded, &|c, y, x| c * area + y * kw + x),
            w_step: ic * area,
        };
        // dx[i] at row r gathers dy at the rows (r + padding − k) / stride: in dy spread out by the stride,
        // with kernel − 1 − padding rows around, that is a window of the kernel's size at row r.
        let spread = [oc, ih + kh - 1, iw + kw - 1];
        let backward = Correlation {
            padded: spread,
            output: [ic, ih, iw],
            step: [1, 1],
            taps: taps(oc, spread, &|c, y, x| c * ic * area + (kh - 1 - y) * kw + (kw - 1 - x)),
            w_step: area,
        };
        Conv { geometry, forward, backward }
    }

    /// Entries of working space for each tile.
    pub fn scratch(&self) -> usize {
        let len = |c: &Correlation| c.padded.iter().product::<usize>();
        match (self.is_padded(), self.is_spread()) {
            (false, false) => 0,
            (true, false) => len(&self.forward),
            (false, true) => len(&self.backward),
            (true, true) => len(&self.forward).max(len(&self.backward)),
        }
    }

    fn is_padded(&self) -> bool {
        self.geometry.window.padding != [0, 0]
    }

    fn is_spread(&self) -> bool {
        self.forward.step != [1, 1] || self.geometry.window.kernel != [1, 1] || self.is_padded()
    }

    /// y = w ∗ x + b.
    pub fn forward<T: Scalar>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        weight: &[T],
        bias: &[T],
        scratch: &mut [Lanes<T>],
        parallel: bool,
    ) {
        let x = self.padded_input(x, scratch, parallel);
        self.forward.run(y, x, weight, Some(bias), parallel);
    }

    /// dx = the gradient by the input.
    pub fn backward_data<T: Scalar>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        weight: &[T],
        scratch: &mut [Lanes<T>],
        parallel: bool,
    ) {
        let Geometry { output, window: Window { kernel, stride, padding }, .. } = self.geometry;
        let dy = if self.is_spread() {
            let origin = [0, 1].map(|axis| kernel[axis] as isize - 1 - padding[axis] as isize);
            place(scratch, self.backward.padded, dy, output, origin, stride, parallel);
            &*scratch
        } else {
            dy
        };
        self.backward.run(dx, dy, weight, None, parallel);
    }

    /// dw and db = the gradients by the weights and biases, summed over all tiles.
    pub fn backward_weights<T: Scalar>(
        &self,
        dw: &mut [T],
        db: &mut [T],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        scratch: &mut [Lanes<T>],
        parallel: bool,
    ) {
        let x = self.padded_input(x, scratch, parallel);
        self.forward.weight_gradient(dw, dy, x, parallel);
        let [filters, rows, columns] = self.geometry.output;
        let area = rows * columns;
        each_chunk(parallel, db, filters.div_ceil(8), |i, db| {
            for (f, db) in db.iter_mut().enumerate() {
                let filter = i * filters.div_ceil(8) + f;
                let mut sum = Lanes::zero();
                for dy in dy.chunks(filters * area) {
                    for dy in &dy[filter * area..][..area] {
                        sum = sum.zip(*dy, |a, b| a + b);
                    }
                }
                *db = sum.sum();
            }
        });
    }

    fn padded_input<'a, T: Scalar>(
        &self,
        x: &'a [Lanes<T>],
        scratch: &'a mut [Lanes<T>],
        parallel: bool,
    ) -> &'a [Lanes<T>] {
        if !self.is_padded() {
            return x;
        }
        let Geometry { input, window, .. } = self.geometry;
        let origin = window.padding.map(|p| p as isize);
        let padded = self.forward.padded;
        let tiles = x.len() / input.iter().product::<usize>();
        let scratch = &mut scratch[..tiles * padded.iter().product::<usize>()];
        place(scratch, padded, x, input, origin, [1, 1], parallel);
        scratch
    }
}

/// Copies planes of `x` into larger planes of zeros: entry (r, c) goes to `origin + (r, c)·step`, and those
/// that land outside, which no window reads, are left out.
fn place<T: Scalar>(
    y: &mut [Lanes<T>],
    y_dims: [usize; 3],
    x: &[Lanes<T>],
    x_dims: [usize; 3],
    origin: [isize; 2],
    step: [usize; 2],
    parallel: bool,
) {
    let (y_area, x_area) = (y_dims[1] * y_dims[2], x_dims[1] * x_dims[2]);
    let planes = x.len() / x_area;
    let target = |i: usize, axis: usize| {
        let at = origin[axis] + (i * step[axis]) as isize;
        usize::try_from(at).ok().filter(|&at| at < y_dims[axis + 1])
    };
    each_chunk(parallel, &mut y[..planes * y_area], y_area, |plane, y| {
        y.fill(Lanes::zero());
        let x = &x[plane * x_area..][..x_area];
        for (r, row) in x.chunks(x_dims[2]).enumerate() {
            let Some(to) = target(r, 0) else { continue };
            for (c, value) in row.iter().enumerate() {
                if let Some(at) = target(c, 1) {
                    y[to * y_dims[2] + at] = *value;
                }
            }
        }
    });
}

/// Output channels computed together: each input value that is loaded serves this many sums.
const BLOCK: usize = 4;

impl Correlation {
    fn padded_len(&self) -> usize {
        self.padded.iter().product()
    }

    fn area(&self) -> usize {
        self.output[1] * self.output[2]
    }

    fn run<T: Scalar>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        w: &[T],
        bias: Option<&[T]>,
        parallel: bool,
    ) {
        let area = self.area();
        let tile = self.output[0] * area;
        each_chunk(parallel, y, tile, |t, y| {
            let x = &x[t * self.padded_len()..][..self.padded_len()];
            each_chunk(parallel, y, BLOCK * area, |block, y| {
                let first = block * BLOCK;
                if y.len() == BLOCK * area {
                    self.block::<BLOCK, T>(y, x, w, bias, first);
                } else {
                    for (f, y) in y.chunks_mut(area).enumerate() {
                        self.block::<1, T>(y, x, w, bias, first + f);
                    }
                }
            });
        });
    }

    /// `F` output channels of one tile, starting with `first`.
    fn block<const F: usize, T: Scalar>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        w: &[T],
        bias: Option<&[T]>,
        first: usize,
    ) {
        let area = self.area();
        let w: [&[T]; F] = std::array::from_fn(|f| &w[(first + f) * self.w_step..]);
        let start: [Lanes<T>; F] =
            std::array::from_fn(|f| bias.map_or(Lanes::zero(), |b| Lanes::splat(b[first + f])));
        for r in 0..self.output[1] {
            for c in 0..self.output[2] {
                let x = &x[r * self.step[0] * self.padded[2] + c * self.step[1]..];
                let mut acc = start;
                for tap in &self.taps {
                    let x = &x[tap.x as usize].0;
                    for f in 0..F {
                        let w = w[f][tap.w as usize];
                        for l in 0..x.len() {
                            acc[f].0[l] += w * x[l];
                        }
                    }
                }
                for f in 0..F {
                    y[f * area + r * self.output[2] + c] = acc[f];
                }
            }
        }
    }

    fn weight_gradient<T: Scalar>(&self, dw: &mut [T], dy: &[Lanes<T>], x: &[Lanes<T>], parallel: bool) {
        each_chunk(parallel, dw, BLOCK * self.w_step, |block, dw| {
            let first = block * BLOCK;
            if dw.len() == BLOCK * self.w_step {
                self.weight_block::<BLOCK, T>(dw, dy, x, first);
            } else {
                for (f, dw) in dw.chunks_mut(self.w_step).enumerate() {
                    self.weight_block::<1, T>(dw, dy, x, first + f);
                }
            }
        });
    }

    /// The weight gradient of `F` output channels, starting with `first`.
    fn weight_block<const F: usize, T: Scalar>(
        &self,
        dw: &mut [T],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        first: usize,
    ) {
        let (area, columns) = (self.area(), self.output[2]);
        for tap in &self.taps {
            let mut acc = [Lanes::<T>::zero(); F];
            let tiles = dy.chunks(self.output[0] * area).zip(x.chunks(self.padded_len()));
            for (dy, x) in tiles {
                for r in 0..self.output[1] {
                    let x = &x[r * self.step[0] * self.padded[2] + tap.x as usize..];
                    let dy: [&[Lanes<T>]; F] =
                        std::array::from_fn(|f| &dy[(first + f) * area + r * columns..][..columns]);
                    accumulate(&mut acc, dy, x, self.step[1]);
                }
            }
            for f in 0..F {
                dw[f * self.w_step + tap.w as usize] = acc[f].sum();
            }
        }
    }
}

/// acc\[f\] += Σ_c dy\[f\]\[c\] · x\[c·step\], lane by lane.
// A function of its own, so that the sums stay in registers: inside the loops of its caller the compiler
// computes one lane at a time.
#[inline(never)]
fn accumulate<const F: usize, T: Scalar>(
    acc: &mut [Lanes<T>; F],
    dy: [&[Lanes<T>]; F],
    x: &[Lanes<T>],
    step: usize,
) {
    let mut sums = *acc;
    for c in 0..dy[0].len() {
        let x = &x[c * step].0;
        for f in 0..F {
            let dy = &dy[f][c].0;
            for l in 0..x.len() {
                sums[f].0[l] += dy[l] * x[l];
            }
        }
    }
    *acc = sums;
}
