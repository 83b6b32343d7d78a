//! Patches of the input and the output, and their copies to and from vectors of lanes.

use std::ops::Range;

use super::{COLUMNS, Winograd, transform_input};
use crate::kernel::block::Rest;
use crate::kernel::conv::one_phase;
use crate::kernel::shared::{Shared, Writer};
use crate::kernel::simd::{Kernel, Simd};
use crate::kernel::{Vectorized, values_mut, with_lanes};
use crate::tensor::{LANES, Lanes};

/// A patch of the output: its tile, and its first row and column.
#[derive(Clone, Copy)]
pub(super) struct Patch {
    pub(super) tile: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

/// Patches one after the other, which takes no divisions.
#[derive(Clone)]
pub(super) struct PatchesOf {
    pub(super) next: Patch,
    pub(super) left: usize,
    /// Rows and columns of a patch.
    pub(super) side: usize,
    /// The row and the column where the patches of a tile end.
    pub(super) end: [usize; 2],
}

impl Iterator for PatchesOf {
    type Item = Patch;

    #[inline(always)]
    fn next(&mut self) -> Option<Patch> {
        self.left = self.left.checked_sub(1)?;
        let patch = self.next;
        let Patch { tile, row, column } = &mut self.next;
        *column += self.side;
        if *column == self.end[1] {
            (*row, *column) = (*row + self.side, 0);
        }
        if *row == self.end[0] {
            (*tile, *row) = (*tile + 1, 0);
        }
        Some(patch)
    }
}

/// The size of a plane that patches are read from, and its rows and columns of zeros before the first patch.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    pub(super) size: [usize; 2],
    pub(super) padding: [usize; 2],
}

impl Plane {
    /// Where the entries of a patch of the input begin in a whole tile. Of an entry outside the plane it is beyond all values.
    #[inline(always)]
    fn offsets<const SIDE: usize, const ENTRIES: usize>(self, patch: Patch) -> [usize; ENTRIES] {
        let Plane { size: [height, width], padding } = self;
        let mut offsets = [usize::MAX - LANES; ENTRIES];
        for i in 0..ENTRIES {
            let row = (patch.row + i / SIDE).checked_sub(padding[0]).filter(|row| *row < height);
            let column = (patch.column + i % SIDE).checked_sub(padding[1]).filter(|column| *column < width);
            if let (Some(row), Some(column)) = (row, column) {
                offsets[i] = (row * width + column) * LANES;
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

/// [`gather`] in a function of its own, compiled once and not for each instruction set.
#[inline(never)]
pub(super) fn gather_narrow<T: Vectorized, const SIDE: usize>(
    d: &mut [Lanes<T>],
    values: &[T],
    lane: usize,
    lanes: usize,
    patch: Patch,
    rows: &[usize],
    plane: Plane,
) {
    with_lanes!(lanes, N => gather::<T, N, SIDE>(d, values, lane, patch, rows, plane));
}

/// Copies some rows of a patch of `SIDE` columns, but nothing of what lies outside the plane, to the lanes from `lane`.
#[inline(always)]
pub(super) fn gather<T: Vectorized, const N: usize, const SIDE: usize>(
    d: &mut [Lanes<T>],
    values: &[T],
    lane: usize,
    patch: Patch,
    rows: &[usize],
    plane: Plane,
) {
    let Plane { size: [height, width], padding } = plane;
    let values = values.as_chunks::<N>().0;
    for (d, row) in d.chunks_exact_mut(SIDE).zip(rows) {
        let row = (patch.row + row).checked_sub(padding[0]).filter(|row| *row < height);
        let Some(row) = row.map(|row| &values[row * width..][..width]) else { continue };
        let first = patch.column.checked_sub(padding[1]);
        if let Some(values) = first.and_then(|first| row.get(first..first + SIDE)) {
            for j in 0..SIDE {
                d[j].0[lane..lane + N].copy_from_slice(&values[j]);
            }
        } else {
            for j in 0..SIDE {
                let at = (patch.column + j).checked_sub(padding[1]);
                if let Some(values) = at.and_then(|at| row.get(at)) {
                    d[j].0[lane..lane + N].copy_from_slice(values);
                }
            }
        }
    }
}

/// Copies a column of sums to the plane of the output that begins at `plane`, in a function of its own, compiled once and not for
/// each instruction set.
#[inline(never)]
pub(super) fn scatter_narrow<T: Vectorized, const OUT: usize>(
    y: Shared<'_, T>,
    sums: &[T],
    plane: usize,
    lanes: usize,
    column: impl Iterator<Item = Patch>,
    output: [usize; 2],
    rest: Rest<'_, T>,
) {
    with_lanes!(lanes, N => for (at, patch) in column.enumerate() {
        scatter_patch::<T, N, OUT>(y, sums, plane, at * N, patch, output, rest);
    });
}

/// Copies the sums of a patch from the lanes from `lane` to a plane of the output.
#[inline(always)]
pub(super) fn scatter_patch<T: Vectorized, const N: usize, const OUT: usize>(
    y: Shared<'_, T>,
    sums: &[T],
    plane: usize,
    lane: usize,
    patch: Patch,
    [rows, columns]: [usize; 2],
    rest: Rest<'_, T>,
) {
    for i in 0..OUT.min(rows - patch.row) {
        for j in 0..OUT.min(columns - patch.column) {
            let at = plane + ((patch.row + i) * columns + patch.column + j) * N;
            let from = &sums[(OUT * i + j) * LANES + lane..][..N];
            // SAFETY: tasks differ in filters or patches, and so in the outputs.
            let to = unsafe { y.part(at..at + N) };
            rest.store(to, from, at);
        }
    }
}

/// Transforms the patches of some channels: `v[entry][channel][column]` = Bᵀ d B.
pub(super) struct Patches<'a, T> {
    pub(super) table: &'a Winograd,
    pub(super) v: Writer<'a, T>,
    /// Index in v at which the block of columns begins.
    pub(super) first: usize,
    pub(super) x: &'a [T],
    pub(super) block: usize,
    pub(super) channels: Range<usize>,
    pub(super) lanes: usize,
    pub(super) tiles: usize,
}

/// The same, with the rows and columns of a patch of the input, and its entries.
pub(super) struct PatchesOfSide<'a, T, const SIDE: usize, const ENTRIES: usize>(pub(super) Patches<'a, T>);

impl<T: Vectorized, const SIDE: usize, const ENTRIES: usize> Kernel<T>
    for PatchesOfSide<'_, T, SIDE, ENTRIES>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let Patches { table, first, x, block, lanes, tiles, .. } = self.0;
        let channels = self.0.channels.clone();
        let mut all = [0; ENTRIES];
        let mut rows_of = [0; SIDE];
        for i in 0..ENTRIES {
            (all[i], rows_of[i / SIDE]) = (i, i / SIDE);
        }
        let [rows, columns] = table.input;
        let area = rows * columns;
        let patches = table.patches_of(block * COLUMNS, COLUMNS, lanes, tiles);
        let (per_column, in_row) = (LANES / lanes, table.patches()[1]);
        let plane = |tile: usize, channel: usize| {
            &x[(tile * table.groups * table.channels + channel) * area * lanes..][..area * lanes]
        };
        let at = |channel: usize, c: usize| first + (channel * COLUMNS + c) * LANES;
        let of_block = block * COLUMNS * per_column..block * COLUMNS * per_column + patches.left;
        let split = if lanes < LANES { Split::<T, SIDE>::new(of_block.clone(), in_row, lanes) } else { None };
        if let Some(mut split) = split {
            let mut d = [[Lanes::<T>::zero(); ENTRIES]; 2];
            let d = d.as_flattened_mut();
            for channel in channels.clone() {
                split.read(plane(0, channel), table.input_plane());
                for (c, start) in of_block.clone().step_by(per_column).enumerate() {
                    let column = start..of_block.end.min(start + per_column);
                    let from = split.column(simd, column, all, d);
                    // SAFETY: there are sixteen values at each address.
                    unsafe { self.transform(simd, from, at(channel, c)) };
                }
            }
            return;
        }
        if lanes == LANES {
            // Neighbouring patches of a channel one after the other: what they read and what they write lies together.
            let (zeros, mut columns) = (Lanes::zero(), [([0; ENTRIES], 0); COLUMNS]);
            let count = patches.left;
            for (column, patch) in columns.iter_mut().zip(patches) {
                *column = (table.input_plane().offsets::<SIDE, ENTRIES>(patch), patch.tile);
            }
            for channel in channels {
                for (c, (offsets, tile)) in columns[..count].iter().enumerate() {
                    let (plane, mut from) = (plane(*tile, channel), [zeros.0.as_ptr(); ENTRIES]);
                    for i in 0..ENTRIES {
                        if let Some(values) = plane.get(offsets[i]..offsets[i] + LANES) {
                            from[i] = values.as_ptr();
                        }
                    }
                    // SAFETY: there are sixteen values at each address.
                    unsafe { self.transform(simd, from, at(channel, c)) };
                }
            }
            return;
        }
        let mut patches = patches;
        for c in 0..patches.left.div_ceil(per_column) {
            let column = patches.clone().take(per_column);
            patches.by_ref().take(per_column).for_each(drop);
            for channel in channels.clone() {
                let mut d = [Lanes::<T>::zero(); ENTRIES];
                for (at, patch) in column.clone().enumerate() {
                    let (plane, rows, of) = (plane(patch.tile, channel), &rows_of, table.input_plane());
                    gather_narrow::<T, SIDE>(&mut d, plane, at * lanes, lanes, patch, rows, of);
                }
                let mut from = [d[0].0.as_ptr(); ENTRIES];
                for i in 0..ENTRIES {
                    from[i] = d[i].0.as_ptr();
                }
                // SAFETY: there are sixteen values at each address.
                unsafe { self.transform(simd, from, at(channel, c)) };
            }
        }
    }
}

impl<T: Vectorized, const SIDE: usize, const ENTRIES: usize> PatchesOfSide<'_, T, SIDE, ENTRIES> {
    /// Transforms a column of patches, given the address of its sixteen values of each entry, to index `at` of the first entry.
    ///
    /// # Safety
    /// Each address is valid for reading sixteen values.
    #[inline(always)]
    unsafe fn transform<S: Simd<T>>(&mut self, simd: S, from: [*const T; ENTRIES], at: usize) {
        for part in (0..LANES).step_by(S::WIDTH) {
            let mut t = [simd.splat(T::zero()); ENTRIES];
            for i in 0..ENTRIES {
                // SAFETY: the caller's promise; sixteen values are a whole number of vectors.
                t[i] = unsafe { simd.load(from[i].add(part)) };
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
            for (entry, t) in t.into_iter().enumerate() {
                self.0.v.store(simd, at + entry * self.0.table.channels * COLUMNS * LANES + part, t);
            }
        }
    }
}

/// Values of a [`Split`], at most.
const SPLIT: usize = 8192;

/// Some rows of a plane in a narrow tile, padded, and divided by the place of a row and a column in a patch of the output (by even
/// and odd ones for F(2×2, 3×3)): at each entry of a patch of the input, of `SIDE` rows and columns, what neighbouring
/// patches read is contiguous.
pub(super) struct Split<T, const SIDE: usize> {
    values: [T; SPLIT],
    /// The first row of patches, and rows and columns of each part.
    first: usize,
    rows: usize,
    columns: usize,
    lanes: usize,
}

impl<T: Vectorized, const SIDE: usize> Split<T, SIDE> {
    /// Rows and columns of a patch of the output, and all parts.
    const OUT: usize = SIDE - 2;
    const PARTS: usize = Self::OUT * Self::OUT;

    /// A buffer for the patches with these indices, row by row with `in_row` patches in a row; `None` if their rows are larger than it.
    pub(super) fn new(patches: Range<usize>, in_row: usize, lanes: usize) -> Option<Self> {
        let first = patches.start / in_row;
        // A patch reads two rows and columns of each part.
        let [rows, columns] = [patches.end.div_ceil(in_row) - first + 1, in_row + 1];
        let fits = Self::PARTS * rows * columns * lanes + LANES <= SPLIT;
        fits.then(|| Split { values: [T::zero(); SPLIT], first, rows, columns, lanes })
    }

    /// Reads a plane.
    pub(super) fn read(&mut self, values: &[T], plane: Plane) {
        with_lanes!(self.lanes, N => self.read_lanes::<N>(values, plane));
    }

    fn read_lanes<const N: usize>(&mut self, values: &[T], Plane { size: [height, width], padding }: Plane) {
        let values = values.as_chunks::<N>().0;
        let rows = self.values.as_chunks_mut::<N>().0.chunks_exact_mut(self.columns);
        for (i, to) in rows.take(Self::PARTS * self.rows).enumerate() {
            let (part, row) = (i / self.rows, self.first + i % self.rows);
            match (Self::OUT * row + part / Self::OUT).checked_sub(padding[0]).filter(|row| *row < height) {
                Some(row) => {
                    one_phase(to, &values[row * width..][..width], padding[1], [part % Self::OUT, Self::OUT])
                }
                None => to.fill([T::zero(); N]),
            }
        }
    }

    /// Where the patches of a column of sixteen values are: for each run of them in one row, the place of its first patch in a
    /// part, and its lane.
    fn runs(&self, patches: Range<usize>) -> impl Iterator<Item = [usize; 2]> + Clone {
        let in_row = self.columns - 1;
        let rows = patches.start / in_row..patches.end.div_ceil(in_row);
        rows.map(move |row| {
            let patch = patches.start.max(row * in_row);
            let place = (row - self.first) * self.columns + patch % in_row;
            [place * self.lanes, (patch - patches.start) * self.lanes]
        })
    }

    /// The sixteen values of a column of patches at each of these entries, in place or copied to `d`, which has room for one
    /// entry more. Lanes without a patch are zero.
    #[inline(always)]
    pub(super) fn column<S: Simd<T>, const N: usize>(
        &self,
        simd: S,
        patches: Range<usize>,
        entries: [usize; N],
        d: &mut [Lanes<T>],
    ) -> [*const T; N] {
        let mut from = [self.values.as_ptr(); N];
        let (mut runs, filled) = (self.runs(patches.clone()), patches.len() * self.lanes);
        if let (Some([place, _]), None, LANES) = (runs.next(), runs.next(), filled) {
            for i in 0..N {
                from[i] = self.entry(entries[i], place);
            }
            return from;
        }
        let to = values_mut(d);
        for i in 0..N {
            for [place, lane] in self.runs(patches.clone()) {
                // Always sixteen values: the next run overwrites those that do not belong to this one.
                let to = &mut to[i * LANES + lane..][..LANES];
                for part in (0..LANES).step_by(S::WIDTH) {
                    // SAFETY: both have sixteen values, a whole number of vectors.
                    unsafe {
                        let v = simd.load(self.entry(entries[i], place).add(part));
                        simd.store(to.as_mut_ptr().add(part), v);
                    }
                }
            }
            to[i * LANES + filled..][..LANES].fill(T::zero());
        }
        for i in 0..N {
            from[i] = to[i * LANES..].as_ptr();
        }
        from
    }

    /// The values of entry `entry` of a patch, and of the same entry of its neighbours.
    #[inline(always)]
    fn entry(&self, entry: usize, place: usize) -> *const T {
        let [i, j] = [entry / SIDE, entry % SIDE];
        let part = Self::OUT * (i % Self::OUT) + j % Self::OUT;
        let offset = (part * self.rows + i / Self::OUT) * self.columns + j / Self::OUT;
        self.values[place + offset * self.lanes..][..LANES].as_ptr()
    }
}
