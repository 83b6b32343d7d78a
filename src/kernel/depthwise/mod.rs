//! Depthwise convolution: each channel has one filter, which sees no other channel.
//!
//! The inputs of most passes are read where they lie: see [`rows`]. For the others, and for the gradient of the weights, a few rows of
//! a plane at a time are copied with zeros around them, the phases of the stride one after the other. There the windows of
//! neighbouring positions, also at the end of a row and the beginning of the next, read neighbouring values: a tap of all positions
//! is one contiguous run, for any number of lanes. The columns between two rows are computed and dropped.

mod rows;

use std::ops::Range;

use self::rows::{Rows, Width};
use super::block::{CONTIGUOUS, End, Inner, PLACES, Rest, Start, Sums, Tap};
use super::conv::{Tiling, WindowAxis};
use super::correlation::{index, part};
use super::shared::{Shared, Writer};
use super::{Exec, Isa, Vectorized, values_mut, vectorized, with_lanes};
use crate::tensor::{LANES, Lanes};

/// Tasks of a pass at the most: each has scratch memory of its own.
const TASKS: usize = 32;

/// Sums over the windows of each plane: the forward pass of a depthwise convolution, or the backward pass by the data.
pub(super) struct Depthwise {
    channels: usize,
    /// Weights of a filter, and of a row of it.
    area: usize,
    kernel_columns: usize,
    /// Rows and columns of a plane that is read, and of one that is written.
    input: [usize; 2],
    output: [usize; 2],
    /// Zeros before the first row and column that are read.
    before: [usize; 2],
    /// Rows and columns from one window to the next.
    step: [usize; 2],
    /// The phases of the step that are read, as first row and column of each.
    phases: Vec<[usize; 2]>,
    /// Rows and columns of a phase that a window needs beyond its first.
    reach: [usize; 2],
    /// The phases of the plane that is written.
    outputs: Vec<Outputs>,
    /// Rows of windows that are computed at a time, and positions from one of them to the next.
    rows: usize,
    pitch: usize,
}

/// Rows and columns of a plane that are written.
struct Outputs {
    first: [usize; 2],
    step: [usize; 2],
    count: [usize; 2],
    /// The taps of a window, in positions of the copied rows.
    taps: Vec<Tap>,
    /// Rows and columns of the window: the index in the kernel, and the distance from the first position's place in the input,
    /// which is `step` further for the next.
    lines: [Vec<(usize, isize)>; 2],
}

impl Depthwise {
    /// Computes the tables for planes of these rows and columns. There is an axis for each phase of the output.
    pub(super) fn new(
        channels: usize,
        kernel: [usize; 2],
        input: [usize; 2],
        output: [usize; 2],
        axes: [&[WindowAxis]; 2],
        tiling: Tiling,
    ) -> Self {
        let step = axes.map(|axes| axes[0].step);
        let [rows, columns] = [0, 1].map(|a| {
            let offsets = axes[a].iter().flat_map(|axis| axis.taps.iter().map(|tap| tap.1));
            let mut phases: Vec<usize> = offsets.map(|offset| offset % step[a]).collect();
            phases.sort_unstable();
            phases.dedup();
            phases
        });
        let phases: Vec<_> = rows.iter().flat_map(|r| columns.iter().map(|c| [*r, *c])).collect();
        let reach = [0, 1].map(|a| {
            let offsets = axes[a].iter().flat_map(|axis| axis.taps.iter().map(|tap| tap.1 / step[a]));
            offsets.max().unwrap_or(0)
        });
        let [most_rows, most_columns] = axes.map(|axes| axes.iter().map(|axis| axis.outputs.len()).max());
        let pitch = most_columns.unwrap_or(0) + reach[1];
        // As many rows as fit into a second-level cache, with their sums.
        let row = (pitch * (phases.len() + 1)).max(1);
        let room = (8 * tiling.lines / row).saturating_sub(reach[0]).max(1);
        let strips = most_rows.unwrap_or(0).div_ceil(room).max(1);
        let mut pass = Depthwise {
            channels,
            area: kernel[0] * kernel[1],
            kernel_columns: kernel[1],
            input,
            output,
            before: axes.map(|axes| axes[0].inside.start),
            step,
            phases,
            reach,
            outputs: Vec::new(),
            rows: most_rows.unwrap_or(0).div_ceil(strips).max(1),
            pitch,
        };
        for rows in axes[0] {
            for columns in axes[1] {
                let mut taps = Vec::new();
                for &(ky, y) in &rows.taps {
                    for &(kx, x) in &columns.taps {
                        let phase = [y % step[0], x % step[1]];
                        let phase = pass.phases.iter().position(|known| *known == phase);
                        let phase = phase.expect("the phase of each tap");
                        let x = phase * pass.phase_len() + y / step[0] * pitch + x / step[1];
                        taps.push(Tap { x: index(x), w: index(ky * kernel[1] + kx) });
                    }
                }
                let axes = [rows, columns];
                let count = axes.map(|axis| axis.outputs.len());
                let first = axes.map(|axis| axis.outputs.first().copied().unwrap_or(0));
                let step = axes.map(|axis| axis.outputs.get(1).map_or(1, |second| second - axis.outputs[0]));
                let lines = [0, 1].map(|a| {
                    let before = pass.before[a] as isize;
                    axes[a].taps.iter().map(|&(k, offset)| (k, offset as isize - before)).collect()
                });
                pass.outputs.push(Outputs { first, step, count, taps, lines });
            }
        }
        pass
    }

    /// y = the sum over each window of x.
    pub(super) fn run<T: Vectorized>(
        &self,
        y: Shared<'_, T>,
        x: &[T],
        w: &[T],
        start: Start<'_, T>,
        end: End<'_, T>,
        scratch: &mut [Lanes<T>],
        exec: Exec,
        tiles: usize,
    ) {
        let [x_plane, y_plane] = [self.input, self.output].map(|[rows, columns]| rows * columns * exec.lanes);
        if let Some(isa) = self.reads_in_place::<T>(exec) {
            let planes = tiles * self.channels;
            let size = planes.div_ceil(TASKS);
            return exec.each(planes.div_ceil(size), |task| {
                let planes = part(planes, size, task);
                // The phases of a plane one after the other, as long as it is in a cache.
                let together = if self.outputs.len() > 1 { 1 } else { planes.len() };
                for first in planes.clone().step_by(together) {
                    let planes = first..(first + together).min(planes.end);
                    // SAFETY: a plane has one task.
                    let y = unsafe { y.part(planes.start * y_plane..planes.end * y_plane) };
                    for outputs in &self.outputs {
                        let (planes, y, lanes) = (planes.clone(), &mut *y, exec.lanes);
                        T::call(isa, Rows { pass: self, outputs, planes, y, x, w, start, end, lanes });
                    }
                }
            });
        }
        self.each(tiles * self.channels, scratch, exec, |plane, strip, sums| {
            let channel = plane % self.channels;
            let x = &x[plane * x_plane..];
            // SAFETY: a plane has one task.
            let y = unsafe { y.part(plane * y_plane..(plane + 1) * y_plane) };
            let (end, rest) = end.from(plane * y_plane, channel).split();
            let (w, start) = (&w[channel * self.area..][..self.area], start.from(channel));
            for first in (0..self.most_rows()).step_by(self.rows) {
                self.copy_in(exec, strip, x, first);
                for outputs in &self.outputs {
                    let rows = first..(first + self.rows).min(outputs.count[0]);
                    if rows.is_empty() || outputs.count[1] == 0 {
                        continue;
                    }
                    self.sum(exec, sums, strip, w, outputs, rows.len(), start, end);
                    copy_out(exec.isa, y, sums, outputs, self, rows, exec.lanes);
                }
            }
            finish(exec.isa, y, rest);
        });
    }

    /// The instruction set with which windows are read where they lie; otherwise rows are copied.
    fn reads_in_place<T: Vectorized>(&self, exec: Exec) -> Option<Isa> {
        let can = |isa: &Isa| Rows::<T>::can(self, exec.lanes, T::call(*isa, Width));
        [exec.isa, exec.isa.narrower()].into_iter().find(can)
    }

    /// `dw[channel][tap] = Σ over tiles, positions and lanes of dy · x`.
    pub(super) fn backward_weights<T: Vectorized>(
        &self,
        dw: &mut [T],
        dy: &[T],
        x: &[T],
        scratch: &mut [Lanes<T>],
        exec: Exec,
        tiles: usize,
    ) {
        let lanes = exec.lanes;
        let [outputs] = &self.outputs[..] else { unreachable!("the forward pass writes whole planes") };
        let [x_plane, y_plane] = [self.input, self.output].map(|[rows, columns]| rows * columns * lanes);
        let dw = Shared::new(dw);
        self.each(self.channels, scratch, exec, |channel, strip, gradients| {
            // SAFETY: a channel has one task.
            let dw = unsafe { dw.part(channel * self.area..(channel + 1) * self.area) };
            dw.fill(T::zero());
            for tile in 0..tiles {
                let plane = tile * self.channels + channel;
                let (x, dy) = (&x[plane * x_plane..], &dy[plane * y_plane..][..y_plane]);
                for first in (0..self.output[0]).step_by(self.rows) {
                    let rows = first..(first + self.rows).min(self.output[0]);
                    self.copy_in(exec, strip, x, first);
                    // The columns between two rows are zero.
                    let row = self.output[1] * lanes;
                    let vectors = self.vectors(rows.len(), outputs, lanes);
                    let gradients = &mut gradients[..vectors * LANES];
                    let mut dy = dy[rows.start * row..rows.end * row].chunks_exact(row);
                    for to in gradients.chunks_mut(self.pitch * lanes) {
                        let dy = dy.next().unwrap_or_default();
                        let (to, between) = to.split_at_mut(dy.len());
                        to.copy_from_slice(dy);
                        between.fill(T::zero());
                    }
                    for from in (0..vectors).step_by(CONTIGUOUS.len()) {
                        let positions = &CONTIGUOUS[..CONTIGUOUS.len().min(vectors - from)];
                        let (dy, x) = (&gradients[from * LANES..], &strip[from * LANES..]);
                        let taps = &outputs.taps;
                        let (sums, bias, dy_plane, filters) = (&mut *dw, None, 0, 1);
                        T::call(
                            exec.isa,
                            Inner { sums, bias, dy, dy_plane, filters, x, taps, lanes, positions },
                        );
                    }
                }
            }
        });
    }

    /// Positions of a phase of the copied rows. Vectors may reach beyond the last row.
    fn phase_len(&self) -> usize {
        (self.rows + self.reach[0]) * self.pitch + LANES
    }

    fn strip_len(&self) -> usize {
        self.phases.len().max(1) * self.phase_len()
    }

    /// Entries of scratch memory for a number of tiles.
    pub(super) fn scratch(&self, tiles: usize) -> usize {
        (tiles * self.channels).min(TASKS) * self.scratch_of_task()
    }

    /// The copied rows, and their sums.
    fn scratch_of_task(&self) -> usize {
        self.strip_len() + self.rows * self.pitch + LANES
    }

    fn most_rows(&self) -> usize {
        self.outputs.iter().map(|outputs| outputs.count[0]).max().unwrap_or(0)
    }

    /// Vectors that hold all sums of some rows.
    fn vectors(&self, rows: usize, outputs: &Outputs, lanes: usize) -> usize {
        (((rows - 1) * self.pitch + outputs.count[1]) * lanes).div_ceil(LANES)
    }

    /// Calls `f` with each number below `planes`, and room for copied rows and sums.
    fn each<T: Vectorized>(
        &self,
        planes: usize,
        scratch: &mut [Lanes<T>],
        exec: Exec,
        f: impl Fn(usize, &mut [T], &mut [T]) + Sync,
    ) {
        let size = planes.div_ceil(TASKS);
        let tasks = planes.div_ceil(size);
        let scratch = &mut scratch[..tasks * self.scratch_of_task()];
        exec.each_chunk(scratch, self.scratch_of_task(), |task, room| {
            let (strip, sums) = values_mut(room).split_at_mut(self.strip_len() * LANES);
            for plane in part(planes, size, task) {
                f(plane, strip, sums);
            }
        });
    }

    /// Copies the rows that the windows from row `first` read, with zeros around them.
    fn copy_in<T: Vectorized>(&self, exec: Exec, strip: &mut [T], x: &[T], first: usize) {
        let rows = self.rows.min(self.most_rows() - first) + self.reach[0];
        copy_rows(exec.isa, strip, x, self, first, rows, exec.lanes);
    }

    /// The sums over the windows of some copied rows.
    fn sum<T: Vectorized>(
        &self,
        exec: Exec,
        sums: &mut [T],
        strip: &[T],
        w: &[T],
        outputs: &Outputs,
        rows: usize,
        start: Start<'_, T>,
        end: End<'_, T>,
    ) {
        let vectors = self.vectors(rows, outputs, exec.lanes);
        for from in (0..vectors).step_by(PLACES.len()) {
            let places = &PLACES[..PLACES.len().min(vectors - from)];
            let y = &Writer::new(&mut sums[from * LANES..]);
            let (x, taps, lanes) = (&strip[from * LANES..], &outputs.taps, exec.lanes);
            let (y_plane, w_step, filters) = (0, 0, 0..1);
            T::call(exec.isa, Sums { y, y_plane, x, w, w_step, taps, lanes, filters, places, start, end });
        }
    }
}

/// Copies values in whole vectors: up to fifteen more than there are, if there is room for them, which the caller overwrites.
#[inline(always)]
fn copy_beyond<T: Vectorized>(to: &mut [T], from: &[T], len: usize) {
    if len <= LANES
        && let (Some(to), Some(from)) = (to.first_chunk_mut::<LANES>(), from.first_chunk())
    {
        *to = *from;
        return;
    }
    let whole = len.next_multiple_of(LANES);
    if whole <= to.len().min(from.len()) {
        for (to, from) in to[..whole].as_chunks_mut::<LANES>().0.iter_mut().zip(from.as_chunks().0) {
            *to = *from;
        }
    } else {
        to[..len].copy_from_slice(&from[..len]);
    }
}

/// Zeros in whole vectors, as [`copy_beyond`]: most often a single one.
#[inline(always)]
fn clear_beyond<T: Vectorized>(to: &mut [T], len: usize) {
    match to.first_chunk_mut::<LANES>() {
        Some(to) if len <= LANES => *to = [T::zero(); LANES],
        _ => {
            let end = len.next_multiple_of(LANES).min(to.len());
            to[..end].fill(T::zero());
        }
    }
}

/// Every second value, in whole vectors, as [`copy_beyond`].
#[inline(always)]
fn copy_half_beyond<T: Vectorized>(to: &mut [T], from: &[T], len: usize) {
    let whole = len.next_multiple_of(LANES);
    if whole <= to.len() && 2 * whole <= from.len() {
        let pairs = from.as_chunks::<2>().0.as_chunks::<LANES>().0;
        for (to, pairs) in to[..whole].as_chunks_mut::<LANES>().0.iter_mut().zip(pairs) {
            for (to, pair) in to.iter_mut().zip(pairs) {
                *to = pair[0];
            }
        }
    } else {
        for (to, from) in to[..len].iter_mut().zip(from.iter().step_by(2)) {
            *to = *from;
        }
    }
}

vectorized! {
    /// Copies some rows of a padded plane, from the one that the windows of row `first` begin with, phase by phase. What follows the
    /// plane in `x` may be read, too.
    fn copy_rows[T: Vectorized](
        strip: &mut [T], x: &[T], pass: &Depthwise, first: usize, rows: usize, lanes: usize
    ) {
        let (width, step) = (pass.input[1] * lanes, pass.step[1]);
        for (phase, [phase_y, phase_x]) in pass.phases.iter().enumerate() {
            // Columns of the phase before the first inside the padding, and from there to the last.
            let before = pass.before[1].saturating_sub(*phase_x).div_ceil(step).min(pass.pitch);
            let end = (pass.before[1] + pass.input[1]).saturating_sub(*phase_x).div_ceil(step);
            let count = end.clamp(before, pass.pitch) - before;
            let from = (before * step + phase_x).saturating_sub(pass.before[1]);
            // What is written beyond the end of a stretch is overwritten by the next, and at last by zeros.
            let strip = &mut strip[phase * pass.phase_len() * lanes..];
            let mut at = 0;
            // Zeros that are still to be written.
            let mut zeros = 0;
            for i in 0..rows {
                let row = (first * pass.step[0] + phase_y + i * pass.step[0]).checked_sub(pass.before[0]);
                let Some(row) = row.filter(|row| *row < pass.input[0] && count > 0) else {
                    zeros += pass.pitch * lanes;
                    continue;
                };
                zeros += before * lanes;
                clear_beyond(&mut strip[at..], zeros);
                at += zeros;
                let x = &x[row * width + from * lanes..];
                let (to, len) = (&mut strip[at..], count * lanes);
                match (step, lanes) {
                    (1, _) => copy_beyond(to, x, len),
                    (2, 1) => copy_half_beyond(to, x, len),
                    _ => with_lanes!(lanes, N => {
                        let x = x.as_chunks::<N>().0.iter().step_by(step);
                        for (to, x) in to[..len].as_chunks_mut::<N>().0.iter_mut().zip(x) {
                            *to = *x;
                        }
                    }),
                }
                at += len;
                zeros = (pass.pitch - before - count) * lanes;
            }
            // Gradients of zero are multiplied by what lies beyond the last row.
            clear_beyond(&mut strip[at..], zeros + LANES);
        }
    }
}

vectorized! {
    /// Writes sums to the rows and columns of their phase.
    fn copy_out[T: Vectorized](
        y: &mut [T], sums: &[T], outputs: &Outputs, pass: &Depthwise, rows: Range<usize>, lanes: usize
    ) {
        let (row, len) = (pass.pitch * lanes, outputs.count[1] * lanes);
        // Beyond the end of a row may be written where the next row is written then.
        let all = outputs.count == pass.output;
        for (i, at) in rows.enumerate() {
            let at = ((outputs.first[0] + at * outputs.step[0]) * pass.output[1] + outputs.first[1]) * lanes;
            let (y, sums) = (&mut y[at..], &sums[i * row..]);
            if all {
                copy_beyond(y, sums, len);
            } else if outputs.step[1] == 1 {
                y[..len].copy_from_slice(&sums[..len]);
            } else {
                with_lanes!(lanes, N => {
                    let y = y.as_chunks_mut::<N>().0.iter_mut().step_by(outputs.step[1]);
                    for (y, sums) in y.zip(sums[..len].as_chunks::<N>().0) {
                        *y = *sums;
                    }
                });
            }
        }
    }
}

vectorized! {
    /// Finishes the sums of a plane.
    fn finish[T: Vectorized](y: &mut [T], rest: Rest<'_, T>) {
        rest.apply(y, 0);
    }
}
