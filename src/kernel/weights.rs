//! The gradient of a convolution's weights: a sum over samples and positions.
//!
//! Vectors hold filters, or channels if the kernel is 1×1. With few filters or weights they hold samples.

use std::ops::Range;

use super::block::{Inner, Outer, Tap};
use super::conv::Tiling;
use super::correlation::part;
use super::shared::{Shared, Writer};
use super::transpose::Transpose;
use super::{Exec, values_mut};
use crate::kernel::Vectorized;
use crate::tensor::{LANES, Lanes};

/// Values in a row of a panel: four vectors of sixteen.
const PANEL: usize = 64;
/// Rows of sums of a task.
const ROWS: usize = 96;
/// Positions times lanes that a block sums over before the next block.
const DEPTH: usize = 128;

/// Layout of the values of a tile.
#[derive(Clone, Copy)]
pub(super) struct Planes {
    /// Channels or filters.
    pub(super) count: usize,
    /// Entries of each; planes are contiguous.
    pub(super) plane: usize,
    /// Entries from one tile to the next.
    pub(super) tile: usize,
}

/// Entries of the panels for each tile.
pub(super) fn panels_len(planes: usize, area: usize) -> usize {
    planes.next_multiple_of(LANES) * area
}

/// Transposes x\[plane\]\[row\] into panels \[row\]\[at most 64 planes\]; a row is a position and a lane.
pub(super) fn transpose<T: Vectorized>(
    panels: &mut [Lanes<T>],
    x: &[T],
    planes: Planes,
    area: usize,
    exec: Exec,
    tiles: usize,
) {
    let (rows, lanes) = (area * exec.lanes, exec.lanes);
    let parts = planes.count.div_ceil(LANES);
    let panels = Shared::new(values_mut(panels));
    exec.each(tiles * parts, |task| {
        let (tile, first) = (task / parts, task % parts * LANES);
        let mut all = (0..panel_count(planes.count)).map(|number| panel(planes.count, number));
        let panel = all.find(|panel| panel.contains(&first)).expect("a panel for each plane");
        let width = panel.len();
        let count = (planes.count - first).min(LANES);
        let start = tile * parts * LANES * rows + panel.start * rows + (first - panel.start);
        let x = &x[(tile * planes.tile + first * planes.plane) * lanes..];
        // SAFETY: tasks differ in the tile or in the sixteen planes, which are a part of each row of a panel.
        let out = unsafe { panels.writer() };
        let step = planes.plane * lanes;
        T::call(exec.isa, Transpose { out, start, width, planes: LANES, x, step, count, rows });
    });
}

/// The number of panels for `planes`.
fn panel_count(planes: usize) -> usize {
    planes.div_ceil(PANEL)
}

/// The planes of a panel. Panels have nearly equal widths, which are multiples of sixteen.
fn panel(planes: usize, number: usize) -> Range<usize> {
    let sixteens = part(planes.div_ceil(LANES), PANEL / LANES, number);
    sixteens.start * LANES..sixteens.end * LANES
}

/// The factor that is not in panels: each of its rows gives a row of sums over the positions.
pub(super) struct RowOperand<'a, T> {
    pub(super) values: &'a [T],
    /// Entries from one tile to the next.
    pub(super) tile: usize,
    pub(super) row: &'a (dyn Fn(usize) -> u32 + Sync),
    pub(super) rows: usize,
    pub(super) position: &'a (dyn Fn(usize) -> u32 + Sync),
    pub(super) positions: usize,
}

/// Layout of the sums in dw.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// \[row\]\[plane\].
    RowMajor,
    /// \[plane\]\[row\].
    PlaneMajor,
}

/// dw = Σ over tiles, positions and lanes of operand · panel, for each row of the operand and each plane.
pub(super) fn outer<T: Vectorized>(
    dw: &mut [T],
    order: Order,
    operand: &RowOperand<'_, T>,
    panels: &[Lanes<T>],
    planes: usize,
    tiling: Tiling,
    exec: Exec,
    tiles: usize,
) {
    let lanes = exec.lanes;
    let panels = super::values(panels);
    let depth = operand.positions * lanes;
    let panel_count = panel_count(planes);
    // A few tasks at least, if each then has a few rows.
    let wanted = if exec.parallel { 8_usize.div_ceil(panel_count) } else { 1 };
    let rows = (operand.rows.div_ceil(wanted)).next_multiple_of(6).clamp(6, tiling.rows.min(ROWS));
    let row_parts = operand.rows.div_ceil(rows);
    let tile_panels = planes.div_ceil(LANES) * LANES * depth;
    let dw = Shared::new(dw);
    exec.each(panel_count * row_parts, |task| {
        // Panel by panel, so that a task finds in a cache the panel that the task before it read.
        let of_task = panel(planes, task / row_parts);
        let (first, width) = (of_task.start, of_task.len());
        let rows = task % row_parts * rows..(task % row_parts * rows + rows).min(operand.rows);
        let mut starts = [0; ROWS];
        for (start, row) in starts.iter_mut().zip(rows.clone()) {
            *start = (operand.row)(row) * lanes as u32;
        }
        let starts = &starts[..rows.len()];
        let run = |sums: &Writer<'_, T>, start: usize, step: usize| {
            let mut carry = false;
            for tile in 0..tiles {
                let x = &operand.values[tile * operand.tile * lanes..];
                let panel = &panels[tile * tile_panels + first * depth..][..width * depth];
                let together = (tiling.depth.min(DEPTH) / lanes).max(1);
                for from in (0..operand.positions).step_by(together) {
                    let block = from..(from + together).min(operand.positions);
                    let mut positions = [0; DEPTH];
                    for (at, position) in positions.iter_mut().zip(block.clone()) {
                        *at = (operand.position)(position) * lanes as u32;
                    }
                    let positions = &positions[..block.len()];
                    let panel = &panel[block.start * lanes * width..];
                    let rows = starts;
                    let first = start;
                    T::call(
                        exec.isa,
                        Outer { sums, first, step, carry, x, rows, positions, lanes, panel, width },
                    );
                    carry = true;
                }
            }
        };
        let count = width.min(planes - first);
        match order {
            Order::RowMajor if count == width => {
                // SAFETY: tasks differ in rows or planes, and so in the sums.
                let sums = unsafe { dw.writer() };
                run(&sums, rows.start * planes + first, planes);
            }
            _ => {
                let mut own = [Lanes::zero(); ROWS * PANEL / LANES];
                let own = values_mut(&mut own);
                run(&Writer::new(own), 0, width);
                match order {
                    Order::RowMajor => {
                        for (r, sums) in rows.zip(own.chunks_exact(width)) {
                            let at = r * planes + first;
                            // SAFETY: tasks differ in rows or planes, and so in the sums.
                            unsafe { dw.part(at..at + count) }.copy_from_slice(&sums[..count]);
                        }
                    }
                    Order::PlaneMajor => {
                        for i in 0..count {
                            let at = (first + i) * operand.rows + rows.start;
                            // SAFETY: tasks differ in rows or planes, and so in the sums.
                            let dw = unsafe { dw.part(at..at + rows.len()) };
                            for (dw, sums) in dw.iter_mut().zip(own.chunks_exact(width)) {
                                *dw = sums[i];
                            }
                        }
                    }
                }
            }
        }
    });
}

/// `dw[filter][tap] = Σ over tiles, positions and lanes of dy · x`, and `db[filter]` = Σ dy, for few filters or taps.
pub(super) fn inner<T: Vectorized>(
    dw: &mut [T],
    db: Option<&mut [T]>,
    dy: (&[T], Planes),
    x: (&[T], usize),
    taps: &[Tap],
    positions: impl Fn(usize) -> u32 + Sync,
    area: usize,
    tiling: Tiling,
    exec: Exec,
    tiles: usize,
) {
    // A multiple of the taps of every block.
    const TAPS: usize = 36;
    const FILTERS: usize = 16;
    let ((dy, planes), (x, x_tile)) = (dy, x);
    let has_bias = db.is_some();
    let (dw, db) = (Shared::new(dw), Shared::new(db.unwrap_or_default()));
    let count = taps.len();
    let filter_parts = planes.count.div_ceil(FILTERS);
    // A few tasks at least, if each then has a few taps.
    let together = if exec.parallel && filter_parts < 4 { TAPS / 3 } else { TAPS };
    exec.each(count.div_ceil(together) * filter_parts, |task| {
        let first = task % filter_parts * FILTERS;
        let filters = first..(first + FILTERS).min(planes.count);
        let task = task / filter_parts;
        let part = task * together..(task * together + together).min(count);
        let taps = &taps[part.clone()];
        let sums_biases = has_bias && part.end == count;
        let mut sums = [T::zero(); TAPS * FILTERS];
        let mut biases = [T::zero(); FILTERS];
        let together = tiling.depth.min(DEPTH);
        for tile in 0..tiles {
            for start in (0..area).step_by(together) {
                let block = start..(start + together).min(area);
                let mut at = [0; DEPTH];
                for (at, position) in at.iter_mut().zip(block.clone()) {
                    *at = positions(position);
                }
                T::call(
                    exec.isa,
                    Inner {
                        sums: &mut sums[..filters.len() * taps.len()],
                        bias: sums_biases.then_some(&mut biases[..filters.len()]),
                        dy: &dy[(tile * planes.tile + first * planes.plane + block.start) * LANES..],
                        dy_plane: planes.plane * LANES,
                        filters: filters.len(),
                        x: &x[tile * x_tile * LANES..],
                        taps,
                        lanes: LANES,
                        positions: &at[..block.len()],
                    },
                );
            }
        }
        if sums_biases {
            // SAFETY: one task for some filters has the last taps.
            unsafe { db.part(filters.clone()) }.copy_from_slice(&biases[..filters.len()]);
        }
        for (filter, sums) in filters.zip(sums.chunks(taps.len())) {
            let row = filter * count + part.start;
            // SAFETY: tasks differ in the taps.
            unsafe { dw.part(row..row + taps.len()) }.copy_from_slice(sums);
        }
    });
}
