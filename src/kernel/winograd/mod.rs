//! Convolutions with 3×3 kernels and stride 1, with 16 multiplications for 4 outputs, or 36 for 16, instead of 9 for each.
//!
//! Winograd's minimal filtering F(2×2, 3×3) and F(4×4, 3×3) (Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural
//! Networks"): with g a kernel, d a 4×4 or 6×6 patch of the input and ⊙ the product entry by entry,
//!
//! y = Aᵀ \[(G g Gᵀ) ⊙ (Bᵀ d B)\] A
//!
//! is a 2×2 or 4×4 patch of the output. Summed over channels, each of the 16 or 36 entries is a matrix product: filters ×
//! channels times channels × patches. The transforms of F(2×2, 3×3) only add, subtract and, for weights, halve, so that
//! whole numbers stay exact; those of F(4×4, 3×3) round. Lanes are samples here too, so transforms are arithmetic on whole vectors.

mod gradient;
mod outputs;
mod patches;
mod transforms;

use std::ops::Range;

use self::outputs::OutputsOf;
use self::patches::{Patch, Plane, TransformOf, entry_len, split_entries};
use self::transforms::{output_factor, transform_input, transform_kernels, transform_output};
use super::block::{End, PLACES, Start, Sums, Tap};
use super::conv::Tiling;
use super::correlation::{index, part};
use super::shared::{Shared, Writer};
use super::{Exec, values_mut};
use crate::kernel::Vectorized;
use crate::tensor::{LANES, Lanes};

/// Columns of sixteen values, each from one patch or several, in a block: as many as a register block multiplies at once.
const COLUMNS: usize = 3;

/// The most columns of a block: a last one that would be alone joins the block before it.
const MOST_COLUMNS: usize = COLUMNS + 1;

/// Filters whose products with a block are computed before they are transformed: for F(2×2, 3×3) about what a first-level cache
/// holds.
const FILTERS: usize = 16;

/// With fewer tasks than this, filters are divided among tasks, too, each of which transforms the same inputs.
const TASKS: usize = 8;

/// About the fewest filters of such a task.
const LEAST_FILTERS: usize = 32;

/// Filters whose weights are transformed together, if they lie side by side.
const TOGETHER: usize = 4;

/// A sum over 3×3 windows at every position.
pub(super) struct Winograd {
    /// Channels and filters of a group.
    channels: usize,
    filters: usize,
    /// Groups of channels and filters, computed one after the other.
    groups: usize,
    /// Rows and columns.
    input: [usize; 2],
    output: [usize; 2],
    /// Rows and columns of zeros before the input.
    padding: [usize; 2],
    weights: WeightLayout,
    /// Rows and columns of a patch of the output: 2 or 4.
    out: usize,
    /// A tap for each channel.
    taps: Vec<Tap>,
    /// Blocks of columns of a task.
    blocks: usize,
}

/// Whether there are enough channels and filters for the transforms to be faster than direct sums: see [`Tiling::transforms`].
pub(super) fn pays(channels: usize, filters: usize, least: usize) -> bool {
    channels * filters >= least * (channels + filters)
}

/// Layout of the weights.
#[derive(Clone, Copy)]
pub(super) struct WeightLayout {
    /// Distance of two filters.
    pub(super) filter: usize,
    /// Distance of two channels.
    pub(super) channel: usize,
    /// Whether kernels are read backwards.
    pub(super) flipped: bool,
}

impl Winograd {
    pub(super) fn new(
        groups: usize,
        [channels, filters]: [usize; 2],
        input: [usize; 2],
        output: [usize; 2],
        padding: [usize; 2],
        weights: WeightLayout,
        out: usize,
        tiling: Tiling,
    ) -> Self {
        let taps = (0..channels).map(|c| Tap { x: index(c), w: index(c) }).collect();
        // Their transformed inputs fit a second-level cache.
        let blocks = (tiling.lines * 16 / ((out + 2).pow(2) * channels * COLUMNS)).max(1);
        Winograd { channels, filters, groups, input, output, padding, weights, out, taps, blocks }
    }

    /// Rows and columns of patches of the output.
    fn patches(&self) -> [usize; 2] {
        self.output.map(|len| len.div_ceil(self.out))
    }

    /// Rows and columns of a patch of the input, and all its entries.
    fn side(&self) -> usize {
        self.out + 2
    }

    fn entries(&self) -> usize {
        self.side() * self.side()
    }

    /// The number of columns of sixteen values in some tiles.
    pub(super) fn columns(&self, tiles: usize, lanes: usize) -> usize {
        let [rows, columns] = self.patches();
        (tiles * rows * columns * lanes).div_ceil(LANES)
    }

    /// Transformed weights of an entry: a line of a cache more than there are, as in [`entry_len`].
    fn weights_of_entry(&self) -> usize {
        self.filters * self.channels + LANES
    }

    /// Entries of transformed weights.
    fn weights_len(&self) -> usize {
        (self.entries() * self.weights_of_entry()).div_ceil(LANES)
    }

    /// Entries of a task's transformed inputs, of its products, and of the values around its patches.
    fn room_parts(&self, columns: usize) -> [usize; 3] {
        let columns = columns.min(self.blocks * COLUMNS + 1);
        let row = self.patches()[1];
        [
            self.entries() * (self.channels * columns + columns.div_ceil(COLUMNS)),
            self.entries() * FILTERS * MOST_COLUMNS,
            split_entries(self.out, columns, row, LANES / 4),
        ]
    }

    /// Entries of scratch memory for a number of tiles.
    pub(super) fn scratch(&self, tiles: usize) -> usize {
        let columns = self.columns(tiles, LANES);
        let tasks = self.tasks(columns, true).iter().product();
        self.weights_len() + Exec::workers(tasks) * self.room_parts(columns).iter().sum::<usize>()
    }

    /// Blocks of columns: three in each, two or four in the last one.
    fn block_count(columns: usize) -> usize {
        ((columns + 1) / COLUMNS).max(1)
    }

    /// The number of tasks for columns, and for filters of each of them.
    fn tasks(&self, columns: usize, parallel: bool) -> [usize; 2] {
        let of_columns = Self::block_count(columns).div_ceil(self.blocks);
        let of_filters = TASKS.div_ceil(of_columns).min(self.filters.div_ceil(LEAST_FILTERS));
        [of_columns, if parallel { of_filters } else { 1 }]
    }

    /// y = sums over windows of x.
    pub(super) fn run<T: Vectorized>(
        &self,
        y: Shared<'_, T>,
        x: &[T],
        w: &[T],
        bias: Option<&[T]>,
        end: End<'_, T>,
        scratch: &mut [Lanes<T>],
        exec: Exec,
        tiles: usize,
    ) {
        let [x_group, y_group] = [(self.input, self.channels), (self.output, self.filters)]
            .map(|([rows, columns], planes)| rows * columns * planes * exec.lanes);
        let columns = self.columns(tiles, exec.lanes);
        let [of_columns, of_filters] = self.tasks(columns, exec.parallel);
        let (u, rooms) = scratch.split_at_mut(self.weights_len());
        let room = self.room_parts(columns).iter().sum();
        for group in 0..self.groups {
            let y_first = group * y_group;
            let (y, end) = (y.from(y_first), end.from(y_first, group * self.filters));
            let x = &x[group * x_group..];
            let bias = bias.map(|bias| &bias[group * self.filters..]);
            self.transform_weights(values_mut(u), &w[group * w.len() / self.groups..], exec);
            let u = super::values(u);
            exec.each_with(of_columns * of_filters, rooms, room, |task, room| {
                let (task, of) = (task / of_filters, task % of_filters);
                let blocks = part(Self::block_count(columns), self.blocks, task);
                let filters = of * self.filters / of_filters..(of + 1) * self.filters / of_filters;
                let task = Task { table: self, y, x, u, bias, end, blocks, columns, filters, exec, tiles };
                task.run(room);
            });
        }
    }

    /// `u[entry][filter][channel]` = G g Gᵀ: a task for a filter, or for a few if their kernels lie side by side.
    fn transform_weights<T: Vectorized>(&self, u: &mut [T], w: &[T], exec: Exec) {
        match self.out {
            2 => self.transform_weights_to::<T, 4>(u, w, exec),
            _ => self.transform_weights_to::<T, 6>(u, w, exec),
        }
    }

    fn transform_weights_to<T: Vectorized, const SIDE: usize>(&self, u: &mut [T], w: &[T], exec: Exec) {
        let WeightLayout { filter, channel, flipped } = self.weights;
        let together = if filter < channel { TOGETHER } else { 1 };
        let (of_entry, u) = (self.weights_of_entry(), Shared::new(u));
        exec.each(self.filters.div_ceil(together), |task| {
            let filters = task * together..self.filters.min((task + 1) * together);
            let mut kernels = [[[T::zero(); LANES]; 9]; TOGETHER];
            let mut entries = [[[T::zero(); LANES]; SIDE]; SIDE];
            for first in (0..self.channels).step_by(LANES) {
                let count = LANES.min(self.channels - first);
                for (f, kernels) in filters.clone().zip(&mut kernels) {
                    for four in (0..count).step_by(4) {
                        // Beyond the last channel: once more that one.
                        let kernel = |c: usize| {
                            let at = f * filter + (first + (four + c).min(count - 1)) * channel;
                            &w[at..].as_chunks::<9>().0[0]
                        };
                        turn(kernels, [kernel(0), kernel(1), kernel(2), kernel(3)], four, flipped);
                    }
                }
                for (f, kernels) in filters.clone().zip(&kernels) {
                    transform_kernels(exec.isa, &mut entries, kernels);
                    for (entry, values) in entries.as_flattened().iter().enumerate() {
                        let at = entry * of_entry + f * self.channels + first;
                        // SAFETY: tasks differ in the filters.
                        let to = unsafe { u.part(at..at + count) };
                        // With a size that the compiler knows, a copy is a few instructions.
                        match to.as_chunks_mut::<LANES>() {
                            ([to], []) => *to = *values,
                            _ => to.copy_from_slice(&values[..count]),
                        }
                    }
                }
            }
        });
    }

    fn input_plane(&self) -> Plane {
        Plane { size: self.input, padding: self.padding }
    }

    /// The patch of the output with this number.
    #[inline(always)]
    fn patch(&self, number: usize) -> Patch {
        let [rows, columns] = self.patches();
        let row = number / columns;
        Patch { tile: row / rows, row: row % rows * self.out, column: number % columns * self.out }
    }
}

/// Puts the kernels of four channels into places `first` to `first + 3` of vectors of one weight each. A kernel that is read backwards
/// begins with its last weight.
#[inline(always)]
fn turn<T: Vectorized>(to: &mut [[T; LANES]; 9], kernels: [&[T; 9]; 4], first: usize, flipped: bool) {
    for part in [0, 4] {
        let mut rows = [[T::zero(); 4]; 4];
        for (row, kernel) in rows.iter_mut().zip(kernels) {
            row.copy_from_slice(&kernel[part..part + 4]);
        }
        for (i, row) in T::transpose(rows).iter().enumerate() {
            let i = if flipped { 8 - part - i } else { part + i };
            to[i][first..first + 4].copy_from_slice(row);
        }
    }
    let last = &mut to[if flipped { 0 } else { 8 }][first..first + 4];
    for (last, kernel) in last.iter_mut().zip(kernels) {
        *last = kernel[8];
    }
}

/// The outputs of some filters in some blocks of columns.
struct Task<'a, T> {
    table: &'a Winograd,
    y: Shared<'a, T>,
    x: &'a [T],
    /// Transformed weights.
    u: &'a [T],
    bias: Option<&'a [T]>,
    end: End<'a, T>,
    blocks: Range<usize>,
    /// Columns of all tasks.
    columns: usize,
    filters: Range<usize>,
    exec: Exec,
    tiles: usize,
}

impl<T: Vectorized> Task<'_, T> {
    /// The columns of a block.
    fn block(&self, block: usize) -> Range<usize> {
        let last = block + 1 == Winograd::block_count(self.columns);
        block * COLUMNS..if last { self.columns } else { (block + 1) * COLUMNS }
    }

    /// The columns of all blocks.
    fn columns_of_blocks(&self) -> Range<usize> {
        self.block(self.blocks.start).start..self.block(self.blocks.end - 1).end
    }

    /// The columns of the block that this one belongs to.
    fn block_of(&self, column: usize) -> Range<usize> {
        self.block((column / COLUMNS).min(Winograd::block_count(self.columns) - 1))
    }

    fn run(&self, room: &mut [Lanes<T>]) {
        let [v_len, m_len, _] = self.table.room_parts(self.columns);
        let (v, room) = room.split_at_mut(v_len);
        let (m, room) = room.split_at_mut(m_len);
        let (v, m) = (values_mut(v), values_mut(m));
        self.transform_inputs(v, room);
        for first in self.filters.clone().step_by(FILTERS) {
            let filters = first..(first + FILTERS).min(self.filters.end);
            for block in self.blocks.clone() {
                let columns = self.block(block);
                self.products(m, v, &filters, &columns);
                let (m, filters) = (&*m, filters.clone());
                match self.table.out {
                    2 => T::call(self.exec.isa, OutputsOf::<_, 4, 2> { task: self, m, filters, columns }),
                    _ => T::call(self.exec.isa, OutputsOf::<_, 6, 4> { task: self, m, filters, columns }),
                }
            }
        }
    }

    /// The values of v before those of a block.
    fn before(&self, columns: &Range<usize>) -> usize {
        let blocks = columns.start / COLUMNS - self.blocks.start;
        blocks * self.table.entries() * entry_len(self.table.channels, COLUMNS * LANES)
    }

    /// `v[block][entry][channel][column]` = Bᵀ d B.
    fn transform_inputs(&self, v: &mut [T], room: &mut [Lanes<T>]) {
        // If the lanes of a patch are half of a vector, vectors of half the size read them where they are.
        let Exec { isa, lanes, .. } = self.exec;
        let isa = if lanes * 2 == LANES { isa.narrower() } else { isa };
        let v = Writer::new(v);
        match self.table.out {
            2 => T::call(isa, TransformOf::<_, 4, 2, 16> { task: self, v, room: values_mut(room) }),
            _ => T::call(isa, TransformOf::<_, 6, 4, 36> { task: self, v, room: values_mut(room) }),
        }
    }

    /// `m[entry][filter][column] = Σ over channels of u[entry][filter][channel] · v[entry][channel][column]`.
    fn products(&self, m: &mut [T], v: &[T], filters: &Range<usize>, columns: &Range<usize>) {
        let (channels, of_entry) = (self.table.channels, self.table.weights_of_entry());
        let width = columns.len() * LANES;
        let entry_len = entry_len(channels, width);
        let v = &v[self.before(columns)..][..self.table.entries() * entry_len];
        let m = m.chunks_exact_mut(filters.len() * width);
        for ((entry, v), m) in v.chunks_exact(entry_len).enumerate().zip(m) {
            let sums = Sums {
                y: &Writer::new(m),
                y_plane: width,
                x: v,
                w: &self.u[entry * of_entry + filters.start * channels..],
                w_step: channels,
                taps: &self.table.taps,
                lanes: width,
                filters: 0..filters.len(),
                places: &PLACES[..columns.len()],
                start: Start::Zero,
                end: End::Plain,
            };
            T::call(self.exec.isa, sums);
        }
    }
}
