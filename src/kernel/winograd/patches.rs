//! Patches of the input and the output, and their copies to and from vectors of lanes.

use super::{ENTRIES, Winograd};
use crate::kernel::block::Rest;
use crate::kernel::shared::Shared;
use crate::kernel::{Vectorized, with_lanes};
use crate::tensor::{LANES, Lanes};

/// A 2×2 patch of the output: its tile, and its first row and column.
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
        *column += 2;
        if *column == self.end[1] {
            (*row, *column) = (*row + 2, 0);
        }
        if *row == self.end[0] {
            (*tile, *row) = (*tile + 1, 0);
        }
        Some(patch)
    }
}

/// [`gather_patch`] in a function of its own, compiled once and not for each instruction set.
#[inline(never)]
pub(super) fn gather_narrow<T: Vectorized>(
    d: &mut [Lanes<T>; ENTRIES],
    plane: &[T],
    lane: usize,
    lanes: usize,
    patch: Patch,
    table: &Winograd,
) {
    with_lanes!(lanes, N => gather_patch::<T, N>(d, plane, lane, patch, table));
}

/// Copies a patch of the input, with zeros outside of it, to the lanes from `lane`.
#[inline(always)]
pub(super) fn gather_patch<T: Vectorized, const N: usize>(
    d: &mut [Lanes<T>; ENTRIES],
    plane: &[T],
    lane: usize,
    patch: Patch,
    table: &Winograd,
) {
    let [rows, columns] = table.input;
    let plane = plane.as_chunks::<N>().0;
    for i in 0..4 {
        let row = (patch.row + i).checked_sub(table.padding[0]).filter(|row| *row < rows);
        let Some(row) = row.map(|row| &plane[row * columns..][..columns]) else { continue };
        let first = patch.column.checked_sub(table.padding[1]);
        if let Some(values) = first.and_then(|first| row.get(first..first + 4)) {
            for j in 0..4 {
                d[i * 4 + j].0[lane..lane + N].copy_from_slice(&values[j]);
            }
        } else {
            for j in 0..4 {
                let at = (patch.column + j).checked_sub(table.padding[1]);
                if let Some(values) = at.and_then(|at| row.get(at)) {
                    d[i * 4 + j].0[lane..lane + N].copy_from_slice(values);
                }
            }
        }
    }
}

/// [`scatter_patch`] in the same way.
#[inline(never)]
pub(super) fn scatter_narrow<T: Vectorized>(
    y: Shared<'_, T>,
    sums: &[T],
    plane: usize,
    lane: usize,
    lanes: usize,
    patch: Patch,
    table: &Winograd,
    rest: Rest<'_, T>,
) {
    with_lanes!(lanes, N => scatter_patch::<T, N>(y, sums, plane, lane, patch, table, rest));
}

/// Copies the sums of a patch from the lanes from `lane` to a plane of the output.
#[inline(always)]
pub(super) fn scatter_patch<T: Vectorized, const N: usize>(
    y: Shared<'_, T>,
    sums: &[T],
    plane: usize,
    lane: usize,
    patch: Patch,
    table: &Winograd,
    rest: Rest<'_, T>,
) {
    let [rows, columns] = table.output;
    for i in 0..2.min(rows - patch.row) {
        for j in 0..2.min(columns - patch.column) {
            let at = plane + ((patch.row + i) * columns + patch.column + j) * N;
            let from = &sums[(2 * i + j) * LANES + lane..][..N];
            // SAFETY: tasks differ in filters or patches, and so in the outputs.
            let to = unsafe { y.part(at..at + N) };
            rest.store(to, from, at);
        }
    }
}
