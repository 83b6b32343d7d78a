//! From inputs to transformed patches: Bᵀ d B.

use std::ops::Range;

use super::{Task, transform_input};
use crate::kernel::conv::one_phase;
use crate::kernel::shared::Writer;
use crate::kernel::simd::{Kernel, Simd};
use crate::kernel::{Exec, Vectorized, with_lanes};
use crate::tensor::{LANES, Lanes};

/// Patches whose addresses are computed once for all channels.
const PATCHES: usize = 16;

/// A patch of the output: its tile, and its first row and column.
#[derive(Clone, Copy, Default)]
pub(super) struct Patch {
    pub(super) tile: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

/// The size of a plane that patches are read from, and its rows and columns of zeros before the first patch.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    pub(super) size: [usize; 2],
    pub(super) padding: [usize; 2],
}

impl Plane {
    /// Where the entries of a patch of the input begin. Of an entry outside the plane it is beyond all values.
    #[inline(always)]
    fn offsets<const SIDE: usize, const ENTRIES: usize>(
        self,
        patch: Patch,
        lanes: usize,
    ) -> [usize; ENTRIES] {
        let Plane { size: [height, width], padding } = self;
        let mut offsets = [usize::MAX; ENTRIES];
        for i in 0..ENTRIES {
            let row = (patch.row + i / SIDE).checked_sub(padding[0]).filter(|row| *row < height);
            let column = (patch.column + i % SIDE).checked_sub(padding[1]).filter(|column| *column < width);
            if let (Some(row), Some(column)) = (row, column) {
                offsets[i] = (row * width + column) * lanes;
            }
        }
        offsets
    }

    /// The addresses of two rows of a patch of `SIDE` columns in a whole tile, if both lie inside the plane.
    #[inline(always)]
    pub(super) fn rows<T, const SIDE: usize>(
        self,
        values: &[T],
        patch: Patch,
        rows: [usize; 2],
    ) -> Option<[*const T; 2]> {
        let Plane { size: [height, width], padding } = self;
        let column = patch.column.checked_sub(padding[1]).filter(|column| column + SIDE <= width)?;
        let mut addresses = [values.as_ptr(); 2];
        for i in 0..2 {
            let row = (patch.row + rows[i]).checked_sub(padding[0]).filter(|row| *row < height)?;
            addresses[i] = values[(row * width + column) * LANES..][..SIDE * LANES].as_ptr();
        }
        Some(addresses)
    }
}

/// Copies a row of a patch of `SIDE` columns in a whole tile, but nothing of what lies outside the plane.
#[inline(always)]
pub(super) fn gather<T: Vectorized, const SIDE: usize>(
    d: &mut [Lanes<T>],
    values: &[T],
    patch: Patch,
    row: usize,
    plane: Plane,
) {
    let Plane { size: [height, width], padding } = plane;
    let row = (patch.row + row).checked_sub(padding[0]).filter(|row| *row < height);
    let Some(row) = row.map(|row| &values.as_chunks().0[row * width..][..width]) else { return };
    for j in 0..SIDE {
        let at = (patch.column + j).checked_sub(padding[1]);
        if let Some(values) = at.and_then(|at| row.get(at)) {
            d[j] = Lanes(*values);
        }
    }
}

/// Transforms the patches of a task's columns, of all channels, with the rows and columns of a patch of the input and of the output,
/// and the entries of one of the input.
pub(super) struct TransformOf<'a, T, const SIDE: usize, const OUT: usize, const ENTRIES: usize> {
    pub(super) task: &'a Task<'a, T>,
    /// `v[block][entry][channel][column]`.
    pub(super) v: Writer<'a, T>,
    /// For a [`Split`].
    pub(super) room: &'a mut [T],
}

/// A patch that is read where it is.
#[derive(Clone, Copy)]
struct InPlace<const ENTRIES: usize> {
    /// See [`Plane::offsets`].
    offsets: [usize; ENTRIES],
    /// Whether no entry is outside.
    inside: bool,
    tile: usize,
    to: To,
}

/// Where a patch, or a column of them, is written: the index of the first entry of the first channel, and values from one
/// channel to the next.
#[derive(Clone, Copy, Default)]
struct To {
    at: usize,
    channel: usize,
}

impl<T: Vectorized, const SIDE: usize, const OUT: usize, const ENTRIES: usize> Kernel<T>
    for TransformOf<'_, T, SIDE, OUT, ENTRIES>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let lanes = self.task.exec.lanes;
        let per_column = LANES / lanes;
        let [rows, columns] = self.task.table.patches();
        let all = self.task.tiles * rows * columns;
        let columns = self.task.columns_of_blocks();
        let patches = columns.start * per_column..(columns.end * per_column).min(all);
        if S::WIDTH <= lanes {
            self.in_place(simd, patches);
        } else {
            self.split(simd, patches);
        }
    }
}

impl<T: Vectorized, const SIDE: usize, const OUT: usize, const ENTRIES: usize>
    TransformOf<'_, T, SIDE, OUT, ENTRIES>
{
    /// The plane of a channel.
    #[inline(always)]
    fn plane(&self, tile: usize, channel: usize) -> &[T] {
        let Task { table, x, exec, .. } = *self.task;
        let area = table.input[0] * table.input[1] * exec.lanes;
        &x[(tile * table.groups * table.channels + channel) * area..][..area]
    }

    /// Where the first column of a block is written.
    #[inline(always)]
    fn to(&self, block: &Range<usize>) -> To {
        To { at: self.task.before(block), channel: block.len() * LANES }
    }

    /// Reads whole vectors of a patch's lanes.
    #[inline(always)]
    fn in_place<S: Simd<T>>(&mut self, simd: S, patches: Range<usize>) {
        let Task { table, exec, .. } = *self.task;
        let (lanes, per_column) = (exec.lanes, LANES / exec.lanes);
        let zeros = Lanes::zero();
        let start = InPlace { offsets: [0; ENTRIES], inside: false, tile: 0, to: To::default() };
        // Distances of a patch's entries, if all of them are inside.
        let mut steps = [0; ENTRIES];
        for i in 0..ENTRIES {
            steps[i] = (i / SIDE * table.input[1] + i % SIDE) * lanes;
        }
        // Neighbouring patches of a channel one after the other: what they read lies together.
        for first in patches.clone().step_by(PATCHES) {
            let mut some = [start; PATCHES];
            let count = PATCHES.min(patches.end - first);
            for (i, of) in some[..count].iter_mut().enumerate() {
                let patch = table.patch(first + i);
                of.offsets = table.input_plane().offsets::<SIDE, ENTRIES>(patch, lanes);
                of.inside = !of.offsets.contains(&usize::MAX);
                of.tile = patch.tile;
                let block = self.task.block_of((first + i) / per_column);
                of.to = self.to(&block);
                of.to.at += (first + i - block.start * per_column) * lanes;
            }
            for channel in 0..table.channels {
                for InPlace { offsets, inside, tile, to } in &some[..count] {
                    let plane = self.plane(*tile, channel);
                    if *inside {
                        let at = plane[offsets[0]..][..steps[ENTRIES - 1] + lanes].as_ptr();
                        for part in (0..lanes).step_by(S::WIDTH) {
                            let from = |i: usize| at.wrapping_add(steps[i] + part);
                            // SAFETY: the last entry's lanes are inside the plane, and so are those of the others.
                            unsafe { self.transform(simd, from, part, *to, channel) };
                        }
                        continue;
                    }
                    let mut from = [zeros.0.as_ptr(); ENTRIES];
                    for i in 0..ENTRIES {
                        if let Some(values) = plane.get(offsets[i]..offsets[i].wrapping_add(lanes)) {
                            from[i] = values.as_ptr();
                        }
                    }
                    for part in (0..lanes).step_by(S::WIDTH) {
                        // SAFETY: there are as many values as lanes at each address.
                        unsafe { self.transform(simd, |i| from[i].wrapping_add(part), part, *to, channel) };
                    }
                }
            }
        }
    }

    /// Reads a plane at a time, divided so that the same entries of neighbouring patches are side by side.
    #[inline(always)]
    fn split<S: Simd<T>>(&mut self, simd: S, patches: Range<usize>) {
        let Task { table, exec: Exec { lanes, .. }, .. } = *self.task;
        let room = std::mem::take(&mut self.room);
        let mut split = Split::<T, OUT>::new(room, &patches, table.patches()[1], lanes);
        let mut steps = [0; ENTRIES];
        for i in 0..ENTRIES {
            steps[i] = split.offset([i / SIDE, i % SIDE]);
        }
        for channel in 0..table.channels {
            split.read(simd, self.plane(0, channel), table.input_plane(), SIDE, 0..OUT);
            for block in self.task.blocks.clone() {
                let columns = self.task.block(block);
                let mut to = self.to(&columns);
                for column in columns {
                    let at = split.at(column * LANES / lanes);
                    for part in (0..LANES).step_by(S::WIDTH) {
                        let from = |i: usize| at.wrapping_add(steps[i] + part);
                        // SAFETY: there are sixteen values at each entry.
                        unsafe { self.transform(simd, from, part, to, channel) };
                    }
                    to.at += LANES;
                }
            }
        }
    }

    /// Transforms a vector of each entry, the one at an address, and writes it `part` values from where its column is written.
    ///
    /// # Safety
    /// Each address is valid for reading a vector.
    #[inline(always)]
    unsafe fn transform<S: Simd<T>>(
        &mut self,
        simd: S,
        from: impl Fn(usize) -> *const T,
        part: usize,
        to: To,
        channel: usize,
    ) {
        let mut t = [simd.splat(T::zero()); ENTRIES];
        for i in 0..ENTRIES {
            // SAFETY: the caller's promise.
            t[i] = unsafe { simd.load(from(i)) };
        }
        for j in 0..SIDE {
            let mut column = [t[j]; SIDE];
            for i in 1..SIDE {
                column[i] = t[SIDE * i + j];
            }
            let column = transform_input(simd, column);
            for i in 0..SIDE {
                t[SIDE * i + j] = column[i];
            }
        }
        for row in t.as_chunks_mut::<SIDE>().0 {
            *row = transform_input(simd, *row);
        }
        let (at, entry) =
            (to.at + channel * to.channel + part, entry_len(self.task.table.channels, to.channel));
        assert!(at + (ENTRIES - 1) * entry + S::WIDTH <= self.v.len(), "entries inside v");
        for i in 0..ENTRIES {
            // SAFETY: inside v, checked above for the last entry. The values are this task's alone.
            unsafe { simd.store(self.v.address(at + i * entry), t[i]) };
        }
    }
}

/// Values of an entry of all channels in a block, if each has `channel`: a line of a cache more than they take, because values
/// whose distance is a power of two share the same few lines.
pub(super) fn entry_len(channels: usize, channel: usize) -> usize {
    channels * channel + LANES
}

/// Some rows of a plane in a narrow tile, padded, and divided by the column of a patch of the input that a value belongs to, and by the
/// row of a patch of the output: the same entry of neighbouring patches is contiguous, also from one row of patches to the next.
///
/// `values[column in the patch][row in the patch of the output][row of patches][patch][lane]`
///
/// A patch of the output has `OUT` rows and columns.
pub(super) struct Split<'a, T, const OUT: usize> {
    values: &'a mut [T],
    /// The first row of patches, and rows of them with the next one, into which patches of the input reach.
    first: usize,
    rows: usize,
    /// Patches in a row.
    in_row: usize,
    lanes: usize,
}

/// Entries of a [`Split`] for some columns of patches of at most these lanes.
pub(super) fn split_entries(out: usize, columns: usize, in_row: usize, lanes: usize) -> usize {
    let patches = columns * LANES + 3 * in_row * lanes;
    (out * (out + 2) * patches).div_ceil(LANES) + 1
}

impl<'a, T: Vectorized, const OUT: usize> Split<'a, T, OUT> {
    /// For the patches with these indices, of which `in_row` are in a row.
    pub(super) fn new(values: &'a mut [T], patches: &Range<usize>, in_row: usize, lanes: usize) -> Self {
        let first = patches.start / in_row;
        let rows = patches.end.div_ceil(in_row) - first + 1;
        let len = OUT * (OUT + 2) * rows * in_row * lanes;
        Split { values: &mut values[..len + LANES], first, rows, in_row, lanes }
    }

    /// Reads these columns of the patches of a plane, and these rows of the patches of the output.
    #[inline(always)]
    pub(super) fn read<S: Simd<T>>(
        &mut self,
        simd: S,
        x: &[T],
        plane: Plane,
        columns: usize,
        phases: Range<usize>,
    ) {
        let (row, of_rows) = (self.in_row * self.lanes, self.rows * self.in_row * self.lanes);
        for column in 0..columns {
            for phase in phases.clone() {
                let at = (column * OUT + phase) * of_rows;
                if self.lanes == 1 {
                    self.every_column(simd, x, plane, [phase, column], at);
                    continue;
                }
                for i in 0..self.rows {
                    let values = self.row(x, plane, phase, i);
                    let to = &mut self.values[at + i * row..][..row];
                    with_lanes!(self.lanes, N => one_phase(
                        to.as_chunks_mut::<N>().0,
                        values.as_chunks().0,
                        plane.padding[1],
                        [column, OUT],
                    ));
                }
            }
        }
    }

    /// A row of the plane; no values if it is outside.
    #[inline(always)]
    fn row<'x>(&self, x: &'x [T], plane: Plane, phase: usize, row: usize) -> &'x [T] {
        let [height, width] = plane.size;
        let row = (OUT * (self.first + row) + phase).checked_sub(plane.padding[0]);
        let row = row.filter(|row| *row < height);
        row.map_or(&[], |row| &x[row * width * self.lanes..][..width * self.lanes])
    }

    /// One column of each patch in all rows of a phase, from index `at`, in a tile of one sample.
    #[inline(always)]
    fn every_column<S: Simd<T>>(
        &mut self,
        simd: S,
        x: &[T],
        plane: Plane,
        [phase, column]: [usize; 2],
        at: usize,
    ) {
        let (width, zero) = (plane.size[1], simd.splat(T::zero()));
        for first in (0..self.in_row).step_by(S::WIDTH) {
            let stored = simd.mask(0, S::WIDTH.min(self.in_row - first));
            // Column `start` − padding of the plane is the first that is read.
            let start = OUT * first + column;
            let mut masks = [stored; 4];
            for i in 0..OUT {
                let [before, end] = [plane.padding[1], plane.padding[1] + width]
                    .map(|edge| edge.saturating_sub(start + i * S::WIDTH).min(S::WIDTH));
                masks[i] = simd.mask(before, end);
            }
            for i in 0..self.rows {
                let values = self.row(x, plane, phase, i);
                let mut v = [zero; 4];
                if !values.is_empty() {
                    let from = values.as_ptr().wrapping_add(start).wrapping_sub(plane.padding[1]);
                    for i in 0..OUT {
                        // SAFETY: a mask has the columns inside the row.
                        v[i] = unsafe { simd.load_masked(from.wrapping_add(i * S::WIDTH), masks[i]) };
                    }
                }
                let mut every = simd.every_second(v[0], v[1]);
                if OUT == 4 {
                    every = simd.every_second(every, simd.every_second(v[2], v[3]));
                }
                let to = self.values[at + i * self.in_row + first..][..S::WIDTH].as_mut_ptr();
                // SAFETY: a vector from here is inside the values.
                unsafe { simd.store_masked(to, stored, every) };
            }
        }
    }

    /// The distance of the values at a row and a column of a patch from those at the first.
    #[inline(always)]
    pub(super) fn offset(&self, [row, column]: [usize; 2]) -> usize {
        ((column * OUT + row % OUT) * self.rows + row / OUT) * self.in_row * self.lanes
    }

    /// The values at the first row and column of the patches from `patch`. There are sixteen at each row and column of theirs.
    #[inline(always)]
    pub(super) fn at(&self, patch: usize) -> *const T {
        let at = (patch - self.first * self.in_row) * self.lanes;
        // The last phase, or the second row of the first ones, is the furthest.
        let last = self.offset([OUT - 1, OUT + 1]).max(self.offset([OUT + 1, OUT + 1]));
        self.values[at..][..last + LANES].as_ptr()
    }
}
