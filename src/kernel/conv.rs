//! Convolution, and the dense layer as a convolution of one position.
//!
//! With x the padded input, k running over channels and kernel positions, p over output positions:
//!
//! - forward:           y\[o\]\[p\]  = b\[o\] + Σₖ w\[o\]\[k\] · x\[base(p) + offset(k)\]
//! - backward, data:    the same sum over the padded dy with flipped weights, for each phase of the stride
//! - backward, weights: dw\[o\]\[k\] = Σₚ Σ_lanes dy\[o\]\[p\] · x\[base(p) + offset(k)\]

use super::block::{End, Inner, Shared, Start, Tap};
use super::correlation::{Axis, Correlation};
use super::weights::{self, Operand, Order, Planes};
use super::winograd::{Weights, Winograd};
use super::{Exec, values, values_mut, vectorized};
use crate::scalar::Scalar;
use crate::shape::Window;
use crate::tensor::{LANES, Lanes};

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
    pub(super) fn of_group(&self) -> [usize; 2] {
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
pub struct Blocking {
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

impl Default for Blocking {
    fn default() -> Self {
        Blocking {
            lines: 384,
            columns: 96,
            filters: 64,
            rows: 96,
            depth: 128,
            transforms: 16,
            packed: 1 << 15,
        }
    }
}

/// Up to this many filters, or weights of a filter, the weight gradient keeps a vector of samples for each weight.
const FEW_FILTERS: usize = 16;
const FEW_WEIGHTS: usize = 32;

/// From so many groups on, each is one thread's.
const MANY_GROUPS: usize = 4;

/// A convolution, with its tables made once.
pub struct Conv {
    geometry: Geometry,
    blocking: Blocking,
    forward: Correlation,
    /// The padded input.
    x: Padded,
    /// One for each phase of the stride.
    backward: Vec<Correlation>,
    /// Whether these want the weights channel by channel.
    turned: bool,
    /// The padded gradient of the output.
    dy: Padded,
    /// The same sums with fewer multiplications, where there are: forward and backward.
    transformed: Option<[Winograd; 2]>,
}

/// A plane with zeros around it.
struct Padded {
    /// Channels, rows and columns without the padding.
    inner: [usize; 3],
    /// Rows and columns with it.
    outer: [usize; 2],
    /// Where the inner rows and columns begin.
    origin: [usize; 2],
}

impl Padded {
    fn new(inner: [usize; 3], rows: &Axis, columns: &Axis) -> Self {
        let origin = [rows.inside.start, columns.inside.start];
        Padded { inner, outer: [rows.padded, columns.padded], origin }
    }

    fn is_plain(&self) -> bool {
        self.inner[1..] == self.outer
    }

    /// Entries of a padded tile, if there is padding.
    fn room(&self) -> usize {
        if self.is_plain() { 0 } else { self.tile() }
    }

    /// Entries of a tile.
    fn tile(&self) -> usize {
        self.inner[0] * self.outer[0] * self.outer[1]
    }

    /// `x` with its padding: `x` itself where there is none, otherwise in `scratch`.
    fn of<'a, T: Scalar>(&self, x: &'a [T], scratch: &'a mut [Lanes<T>], exec: Exec) -> &'a [T] {
        if self.is_plain() {
            return x;
        }
        let [_, rows, columns] = self.inner;
        let lanes = exec.lanes;
        let (row, padded_row) = (columns * lanes, self.outer[1] * lanes);
        let [above, left] = [self.origin[0], self.origin[1] * lanes];
        let planes = x.len() / (rows * row);
        let scratch = &mut values_mut(scratch)[..planes * self.outer[0] * padded_row];
        exec.each_chunk(scratch, self.outer[0] * padded_row, |plane, y| {
            let x = &x[plane * rows * row..][..rows * row];
            let (top, rest) = y.split_at_mut(above * padded_row);
            let (middle, bottom) = rest.split_at_mut(rows * padded_row);
            top.fill(T::zero());
            bottom.fill(T::zero());
            for (y, x) in middle.chunks_exact_mut(padded_row).zip(x.chunks_exact(row)) {
                y[..left].fill(T::zero());
                y[left..left + row].copy_from_slice(x);
                y[left + row..].fill(T::zero());
            }
        });
        scratch
    }
}

/// Sizes along rows or columns.
#[derive(Clone, Copy)]
struct Line {
    input: usize,
    output: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
}

/// Rows or columns of the forward pass.
fn forward_axis(line: Line) -> Axis {
    let Line { input, output, kernel, stride, padding, dilation } = line;
    Axis {
        outputs: (0..output).collect(),
        step: stride,
        taps: (0..kernel).map(|k| (k, k * dilation)).collect(),
        inside: padding..padding + input,
        padded: input + 2 * padding,
        output,
    }
}

/// Rows or columns of the backward pass, one for each phase of the stride. The input at i gathers the gradient of
/// output (i + padding − k·dilation) / stride from each k that divides: for i = phase + stride·t that is t + a constant.
fn backward_axes(line: Line) -> Vec<Axis> {
    let Line { input, output, kernel, stride, padding, dilation } = line;
    let taps = |phase: usize| {
        let reach = (phase + padding) as isize;
        (0..kernel).rev().filter_map(move |k| {
            let distance = reach - (k * dilation) as isize;
            (distance.rem_euclid(stride as isize) == 0).then(|| (k, distance.div_euclid(stride as isize)))
        })
    };
    let phases = || 0..stride.min(input);
    let before = phases().flat_map(taps).map(|(_, offset)| (-offset).max(0)).max().unwrap_or(0);
    let end = phases().flat_map(|phase| {
        let last = (input - 1 - phase) / stride;
        taps(phase).map(move |(_, offset)| last as isize + offset + 1)
    });
    let padded = before + end.max().unwrap_or(0).max(output as isize);
    let axis = |phase| Axis {
        outputs: (phase..input).step_by(stride).collect(),
        step: 1,
        taps: taps(phase).map(|(k, offset)| (k, (offset + before) as usize)).collect(),
        inside: before as usize..before as usize + output,
        padded: padded as usize,
        output: input,
    };
    phases().map(axis).collect()
}

impl Conv {
    /// Makes the tables.
    ///
    /// # Panics
    /// If the output's size is not what the window gives or the groups do not divide the channels and filters (the typed
    /// layer has checked it), or a sample, padded, has 2²⁸ values or more.
    pub fn new(geometry: Geometry) -> Self {
        Self::with_blocking(geometry, Blocking::default())
    }

    /// Makes the tables for work that is cut otherwise.
    ///
    /// # Panics
    /// As [`Conv::new`], and if some work is cut into nothing: a block of 0, or fewer than 6 rows.
    pub fn with_blocking(geometry: Geometry, blocking: Blocking) -> Self {
        let Geometry { input, output, window, groups } = geometry;
        let Window { kernel: [kh, kw], stride, padding, dilation } = window;
        assert!(
            groups > 0 && input[0].is_multiple_of(groups) && output[0].is_multiple_of(groups),
            "groups of {geometry:?}"
        );
        for axis in 0..2 {
            assert!(window.kernel[axis] > 0 && dilation[axis] > 0, "a kernel of {geometry:?}");
            let padded = input[axis + 1] + 2 * padding[axis];
            let room = padded.checked_sub(window.extent()[axis]);
            let fits = room.map(|room| room / stride[axis] + 1);
            assert_eq!(Some(output[axis + 1]), fits, "output of {geometry:?}");
        }
        let Blocking { lines, columns, filters: together, rows, depth, .. } = blocking;
        assert!(lines.min(columns).min(together).min(depth) > 0 && rows >= 6, "{blocking:?}");
        let ([channels, filters], area) = (geometry.of_group(), kh * kw);
        let lines = [0, 1].map(|axis| Line {
            input: input[axis + 1],
            output: output[axis + 1],
            kernel: window.kernel[axis],
            stride: stride[axis],
            padding: padding[axis],
            dilation: dilation[axis],
        });
        let axes = lines.map(forward_axis);
        let forward = Correlation::new(
            groups,
            [channels, filters],
            [&axes[0], &axes[1]],
            channels * area,
            |c, y, x| c * area + y * kw + x,
            blocking,
        );
        let phases = lines.map(backward_axes);
        let turned = area > 1 && filters * channels * area >= blocking.packed;
        let (of_filter, of_channel) = if turned { (area, filters * area) } else { (channels * area, area) };
        let mut backward = Vec::new();
        for rows in &phases[0] {
            for columns in &phases[1] {
                let weight = |o, y, x| o * of_filter + y * kw + x;
                let sizes = [filters, channels];
                backward.push(Correlation::new(groups, sizes, [rows, columns], of_channel, weight, blocking));
            }
        }
        let transformed = (window.kernel == [3, 3]
            && stride == [1, 1]
            && dilation == [1, 1]
            && padding.iter().all(|padding| *padding <= 2)
            && channels.min(filters) >= blocking.transforms)
            .then(|| {
                let (x, y) = ([input[1], input[2]], [output[1], output[2]]);
                let weights = Weights { filter: channels * area, channel: area, flipped: false };
                let turned = Weights { filter: area, channel: channels * area, flipped: true };
                let (lines, together) = (blocking.lines, blocking.filters);
                [
                    Winograd::new(groups, [channels, filters], x, y, padding, weights, lines, together),
                    Winograd::new(
                        groups,
                        [filters, channels],
                        y,
                        x,
                        padding.map(|p| 2 - p),
                        turned,
                        lines,
                        together,
                    ),
                ]
            });
        let (x, dy) =
            (Padded::new(input, &axes[0], &axes[1]), Padded::new(output, &phases[0][0], &phases[1][0]));
        // Offsets of values in a tile are kept in 32 bits.
        let sizes = [x.tile(), dy.tile(), input.iter().product(), output.iter().product()];
        assert!(sizes.iter().all(|size| *size < 1 << 28), "fewer than 2^28 values in a sample: {geometry:?}");
        Conv { geometry, blocking, transformed, turned, forward, x, backward, dy }
    }

    /// Entries of working space for so many tiles.
    pub fn scratch(&self, tiles: usize) -> usize {
        let Geometry { input, output, .. } = self.geometry;
        let [channels, filters] = self.geometry.of_group();
        let panels = match self.weight_form(LANES) {
            // With few samples it is the other form: one tile, half as large.
            Form::Inner => weights::panels_len(filters, output[1] * output[2]) / 2,
            Form::Filters => weights::panels_len(filters, output[1] * output[2]),
            Form::Channels => weights::panels_len(channels, input[1] * input[2]),
        };
        // A dense layer's few samples, one after the other.
        let rows = if self.is_dense() { input[0].div_ceil(LANES) * LANES } else { 0 };
        let transforms = self.transformed.iter().flatten().map(|pass| pass.scratch(tiles)).max();
        let backward = tiles * self.dy.room() + if self.turned { self.turned_room() } else { 0 };
        let weights = tiles * (self.x.room() + panels);
        [rows, transforms.unwrap_or(0), backward, weights].into_iter().fold(0, usize::max)
    }

    /// y = w ∗ x + b, and then max(y, 0) if asked for.
    pub fn forward<T: Scalar>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        weight: &[T],
        bias: &[T],
        relu: bool,
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let (tiles, x) = self.input(x, exec);
        if tiles == 0 {
            return;
        }
        if exec.lanes < LANES && self.is_dense() {
            return self.few_samples(values_mut(y), x, weight, bias, relu, values_mut(scratch), exec);
        }
        let y = Shared::new(values_mut(y));
        let end = if relu { End::Relu } else { End::Plain };
        if let Some([pass, _]) = self.transformed(tiles, exec) {
            return pass.run(y, x, weight, Some(bias), end, scratch, exec, tiles);
        }
        let x = self.x.of(x, scratch, exec);
        self.forward.run(y, x, weight, Start::Bias(bias), end, exec, tiles);
    }

    /// dx = the gradient by the input; zero where `gate`, if there is one, is not positive.
    pub fn backward_data<T: Scalar>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        weight: &[T],
        gate: Option<&[Lanes<T>]>,
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let (tiles, dy) = self.output(dy, exec);
        if tiles == 0 {
            return;
        }
        if let Some([_, pass]) = self.transformed(tiles, exec) {
            let end = gate.map_or(End::Plain, |gate| End::Gate(values(gate)));
            return pass.run(Shared::new(values_mut(dx)), dy, weight, None, end, scratch, exec, tiles);
        }
        let (padding, turned) = scratch.split_at_mut(tiles * self.dy.room());
        let dy = self.dy.of(dy, padding, exec);
        let weight = if self.turned { self.turn(weight, turned, exec) } else { weight };
        // Columns of several positions are gathered and may be written in pieces: there the gate comes afterwards.
        let (end, after) = match gate {
            Some(gate) if exec.lanes == LANES => (End::Gate(values(gate)), None),
            gate => (End::Plain, gate),
        };
        let to = Shared::new(values_mut(dx));
        for phase in &self.backward {
            phase.run(to, dy, weight, Start::Zero, end, exec, tiles);
        }
        if let Some(gate) = after {
            super::gate(exec, dx, gate);
        }
    }

    /// Entries of the weights.
    fn turned_room(&self) -> usize {
        self.geometry.weights().div_ceil(LANES)
    }

    /// The weights channel by channel: for each, the kernels of all filters of its group side by side.
    fn turn<'a, T: Scalar>(&self, weight: &[T], turned: &'a mut [Lanes<T>], exec: Exec) -> &'a [T] {
        let [channels, filters] = self.geometry.of_group();
        let [kh, kw] = self.geometry.window.kernel;
        let area = kh * kw;
        let turned = &mut values_mut(turned)[..weight.len()];
        exec.each_chunk(turned, filters * area, |channel, turned| {
            let (group, channel) = (channel / channels, channel % channels);
            let weight = &weight[group * filters * channels * area..];
            for (filter, kernel) in turned.chunks_exact_mut(area).enumerate() {
                kernel.copy_from_slice(&weight[(filter * channels + channel) * area..][..area]);
            }
        });
        turned
    }

    /// A dense layer for few samples: a row of weights lies along a vector, and serves all samples.
    fn few_samples<T: Scalar>(
        &self,
        y: &mut [T],
        x: &[T],
        weight: &[T],
        bias: &[T],
        relu: bool,
        scratch: &mut [T],
        exec: Exec,
    ) {
        const UNITS: usize = 24;
        const CHUNKS: usize = 256;
        static ONE_AFTER_ANOTHER: [u32; CHUNKS] = {
            let mut positions = [0; CHUNKS];
            let mut i = 0;
            while i < CHUNKS {
                positions[i] = i as u32;
                i += 1;
            }
            positions
        };
        let ([inputs, ..], [units, ..], lanes) = (self.geometry.input, self.geometry.output, exec.lanes);
        let row = inputs.next_multiple_of(LANES);
        let rows = &mut scratch[..lanes * row];
        for (lane, sample) in rows.chunks_exact_mut(row).enumerate() {
            for (to, from) in sample.iter_mut().zip(x[lane..].iter().step_by(lanes)) {
                *to = *from;
            }
        }
        let mut samples = [Tap { x: 0, w: 0 }; LANES];
        for (lane, sample) in samples.iter_mut().enumerate() {
            sample.x = (lane * row / LANES) as u32;
        }
        let (rows, samples) = (&*rows, &samples[..lanes]);
        exec.each_chunk(&mut y[..units * lanes], UNITS * lanes, |block, y| {
            let count = y.len() / lanes;
            let weight = &weight[block * UNITS * inputs..][..count * inputs];
            for (y, bias) in y.chunks_exact_mut(lanes).zip(&bias[block * UNITS..]) {
                y.fill(*bias);
            }
            let chunks = inputs / LANES;
            for first in (0..chunks).step_by(CHUNKS) {
                let positions = &ONE_AFTER_ANOTHER[..CHUNKS.min(chunks - first)];
                let (dy, x) = (&weight[first * LANES..], &rows[first * LANES..]);
                let dy_plane = inputs;
                let taps = samples;
                T::call(
                    exec.isa,
                    Inner { sums: &mut *y, bias: None, dy, dy_plane, filters: count, x, taps, positions },
                );
            }
            for (y, weight) in y.chunks_exact_mut(lanes).zip(weight.chunks_exact(inputs)) {
                for (lane, y) in y.iter_mut().enumerate() {
                    for i in chunks * LANES..inputs {
                        *y += weight[i] * rows[lane * row + i];
                    }
                    if relu && *y < T::zero() {
                        *y = T::zero();
                    }
                }
            }
        });
    }

    /// The passes with transforms, if there are so many columns that these pay.
    fn transformed(&self, tiles: usize, exec: Exec) -> Option<&[Winograd; 2]> {
        let pays =
            |passes: &&[Winograd; 2]| passes[0].columns(tiles, exec.lanes) >= self.blocking.transforms / 2;
        self.transformed.as_ref().filter(pays)
    }

    fn is_dense(&self) -> bool {
        let Geometry { input: [_, ih, iw], window, groups, .. } = self.geometry;
        [groups, ih, iw, window.kernel[0], window.kernel[1], window.padding[0], window.padding[1]]
            == [1, 1, 1, 1, 1, 0, 0]
    }

    /// dw and db = the gradients by the weights and biases, summed over all tiles.
    pub fn backward_weights<T: Scalar>(
        &self,
        dw: &mut [T],
        db: &mut [T],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let (tiles, x) = self.input(x, exec);
        let (_, dy) = self.output(dy, exec);
        if tiles == 0 {
            dw.fill(T::zero());
            db.fill(T::zero());
            return;
        }
        let Geometry { output: [filters, oh, ow], groups, .. } = self.geometry;
        let area = oh * ow;
        let (padding, panels) = scratch.split_at_mut(tiles * self.x.room());
        let x = self.x.of(x, padding, exec);
        let of_group = [dw.len() / groups, filters / groups];
        if matches!(self.weight_form(exec.lanes), Form::Inner) {
            // Many groups are shared out themselves.
            let many = groups >= MANY_GROUPS;
            let of_one = Exec { parallel: exec.parallel && !many, ..exec };
            let db = Shared::new(db);
            let run = |group: usize, dw: &mut [T]| {
                // SAFETY: each group has one task, and filters of its own.
                let db = unsafe { db.part(group * of_group[1]..(group + 1) * of_group[1]) };
                self.inner_group(dw, db, dy, x, group, of_one, tiles);
            };
            return Exec { parallel: exec.parallel && many, ..exec }.each_chunk(dw, of_group[0], run);
        }
        for (group, dw) in dw.chunks_exact_mut(of_group[0]).enumerate() {
            self.outer_group(dw, dy, x, panels, group, exec, tiles);
        }
        let rows = area * exec.lanes;
        exec.each_chunk(db, filters.div_ceil(8), |i, db| {
            for (f, db) in db.iter_mut().enumerate() {
                let filter = i * filters.div_ceil(8) + f;
                let mut sums = Lanes::zero();
                for tile in 0..tiles {
                    add(exec.isa, &mut sums, &dy[(tile * filters + filter) * rows..][..rows]);
                }
                *db = sums.sum();
            }
        });
    }

    /// The gradient by a group's weights and biases, from vectors of samples.
    fn inner_group<T: Scalar>(
        &self,
        dw: &mut [T],
        db: &mut [T],
        dy: &[T],
        x: &[T],
        group: usize,
        exec: Exec,
        tiles: usize,
    ) {
        let Geometry { output: [all, oh, ow], groups, .. } = self.geometry;
        let (area, filters) = (oh * ow, all / groups);
        weights::inner(
            dw,
            db,
            (&dy[group * filters * area * LANES..], Planes { count: filters, plane: area, tile: all * area }),
            (&x[group * self.x.tile() / groups * LANES..], self.x.tile()),
            self.forward.taps(),
            |p| self.forward.input(p),
            area,
            self.blocking,
            exec,
            tiles,
        );
    }

    /// The gradient by a group's weights, from vectors of filters or channels.
    fn outer_group<T: Scalar>(
        &self,
        dw: &mut [T],
        dy: &[T],
        x: &[T],
        panels: &mut [Lanes<T>],
        group: usize,
        exec: Exec,
        tiles: usize,
    ) {
        let Geometry { output: [all, oh, ow], groups, .. } = self.geometry;
        let ([channels, filters], area, lanes) = (self.geometry.of_group(), oh * ow, exec.lanes);
        let x = &x[group * self.x.tile() / groups * lanes..];
        let dy = &dy[group * filters * area * lanes..];
        let taps = self.forward.taps();
        if matches!(self.weight_form(lanes), Form::Channels) {
            // One position of the kernel: the output is as large as the input.
            let of_x = Planes { count: channels, plane: area, tile: self.x.tile() };
            weights::transpose(panels, x, of_x, area, exec, tiles);
            let operand = Operand {
                values: dy,
                tile: all * area,
                row: &|o| (o * area) as u32,
                rows: filters,
                position: &|p| p as u32,
                positions: area,
            };
            let order = Order::RowMajor;
            weights::outer(dw, order, &operand, panels, channels, self.blocking, exec, tiles);
        } else {
            let of_dy = Planes { count: filters, plane: area, tile: all * area };
            weights::transpose(panels, dy, of_dy, area, exec, tiles);
            let operand = Operand {
                values: x,
                tile: self.x.tile(),
                row: &|k| taps[k].x,
                rows: taps.len(),
                position: &|p| self.forward.input(p),
                positions: area,
            };
            let order = Order::PlaneMajor;
            weights::outer(dw, order, &operand, panels, filters, self.blocking, exec, tiles);
        }
    }

    fn weight_form(&self, lanes: usize) -> Form {
        let ([channels, filters], window) = (self.geometry.of_group(), self.geometry.window);
        let few = filters <= FEW_FILTERS || channels * window.kernel[0] * window.kernel[1] <= FEW_WEIGHTS;
        if (window.kernel, window.stride, window.padding) == ([1, 1], [1, 1], [0, 0]) {
            Form::Channels
        } else if few && lanes == LANES {
            Form::Inner
        } else {
            Form::Filters
        }
    }

    /// Tiles, and the values in them.
    fn input<'a, T: Scalar>(&self, x: &'a [Lanes<T>], exec: Exec) -> (usize, &'a [T]) {
        whole(x, self.geometry.input, exec)
    }

    fn output<'a, T: Scalar>(&self, y: &'a [Lanes<T>], exec: Exec) -> (usize, &'a [T]) {
        whole(y, self.geometry.output, exec)
    }
}

vectorized! {
    /// Adds up values, each sixteenth to the same sum.
    fn add[T: Scalar](sums: &mut Lanes<T>, values: &[T]) {
        let mut acc = *sums;
        let (whole, rest) = values.as_chunks::<LANES>();
        for values in whole {
            for l in 0..LANES {
                acc.0[l] += values[l];
            }
        }
        for (sum, value) in acc.0.iter_mut().zip(rest) {
            *sum += *value;
        }
        *sums = acc;
    }
}

/// What the vectors of the weight gradient hold.
#[derive(Clone, Copy)]
enum Form {
    /// Samples, for both factors.
    Inner,
    /// Filters.
    Filters,
    /// Channels.
    Channels,
}

/// Tiles in some entries, and their values.
fn whole<T: Scalar>(x: &[Lanes<T>], dims: [usize; 3], exec: Exec) -> (usize, &[T]) {
    let lanes = exec.lanes;
    assert!(matches!(lanes, 1 | 2 | 4 | 8 | LANES), "lanes: expected 1, 2, 4, 8 or 16, found {lanes}");
    let len: usize = dims.iter().product();
    let tiles = if exec.lanes == LANES { x.len() / len } else { 1 };
    (tiles, &values(x)[..tiles * len * exec.lanes])
}
