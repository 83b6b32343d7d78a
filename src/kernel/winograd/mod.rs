//! Convolutions with 3×3 kernels and stride 1, with 16 multiplications for 4 outputs instead of 36.
//!
//! Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural
//! Networks"): with g a kernel, d a 4×4 patch of the input and ⊙ the product entry by entry,
//!
//! y = Aᵀ \[(G g Gᵀ) ⊙ (Bᵀ d B)\] A
//!
//! is a 2×2 patch of the output. Summed over channels, each of the 16 entries is a matrix product: filters ×
//! channels times channels × patches. The transforms only add, subtract and, for weights, halve, so that whole numbers
//! stay exact. Lanes are samples here too, so transforms are arithmetic on whole vectors.

mod gradient;
mod patches;

use std::ops::Range;

use self::patches::{Patch, Patches, PatchesOf, Plane, scatter_narrow, scatter_patch};
use super::block::{End, PLACES, Start, Sums, Tap};
use super::conv::Tiling;
use super::correlation::{index, part};
use super::shared::{Shared, Writer};
use super::simd::{Kernel, Simd};
use super::{Exec, values_mut, vectorized};
use crate::kernel::Vectorized;
use crate::tensor::{LANES, Lanes};

/// Entries of a patch of the input, and of a row of it.
const ENTRIES: usize = 16;
const ROW: usize = 4;

/// Columns of sixteen values, each from one patch or several, that are computed together.
const COLUMNS: usize = 12;

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
    /// A tap for each channel.
    taps: Vec<Tap>,
    /// Number of columns whose transformed input is kept at once, and of filters in a task.
    chunk: usize,
    filters_together: usize,
}

/// Whether there are enough channels and filters for the transforms to be faster than direct sums.
pub(super) fn pays(channels: usize, filters: usize, lanes: usize, tiling: Tiling) -> bool {
    let least = if lanes == LANES { tiling.transforms } else { tiling.transforms * 3 / 2 };
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
        lines: usize,
        filters_together: usize,
    ) -> Self {
        let taps = (0..channels).map(|c| Tap { x: index(c * COLUMNS), w: index(c) }).collect();
        // About the size of a few second-level caches.
        let chunk = (lines * 192 / (ENTRIES * channels)).max(1).next_multiple_of(COLUMNS);
        Winograd { channels, filters, groups, input, output, padding, weights, taps, chunk, filters_together }
    }

    /// Rows and columns of 2×2 patches of the output.
    fn patches(&self) -> [usize; 2] {
        self.output.map(|len| len.div_ceil(2))
    }

    /// The number of columns of sixteen values in some tiles.
    pub(super) fn columns(&self, tiles: usize, lanes: usize) -> usize {
        let [rows, columns] = self.patches();
        (tiles * rows * columns * lanes).div_ceil(LANES)
    }

    /// Entries of transformed weights, of transformed inputs and of products.
    fn scratch_parts(&self, columns: usize) -> [usize; 3] {
        let columns = columns.next_multiple_of(COLUMNS).min(self.chunk);
        [
            (ENTRIES * self.filters * self.channels).div_ceil(LANES),
            ENTRIES * self.channels * columns,
            2 * ROW * self.filters * columns,
        ]
    }

    /// Entries of scratch memory for a number of tiles.
    pub(super) fn scratch(&self, tiles: usize) -> usize {
        self.scratch_parts(self.columns(tiles, LANES)).iter().sum()
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
        let [u_len, v_len, m_len] = self.scratch_parts(columns);
        let (u, rest) = scratch.split_at_mut(u_len);
        let (v, rest) = rest.split_at_mut(v_len);
        let m = Shared::new(values_mut(&mut rest[..m_len]));
        for group in 0..self.groups {
            let y_first = group * y_group;
            let (y, end) = (y.from(y_first), end.from(y_first, group * self.filters));
            let x = &x[group * x_group..];
            let bias = bias.map(|bias| &bias[group * self.filters..]);
            self.transform_weights(values_mut(u), &w[group * w.len() / self.groups..], exec);
            let u = super::values(u);
            let blocks = columns.div_ceil(COLUMNS);
            let together = self.chunk / COLUMNS;
            for first in (0..blocks).step_by(together) {
                let chunk = first..(first + together).min(blocks);
                self.transform_inputs(v, x, chunk.clone(), exec, tiles);
                let block_len = ENTRIES * self.channels * COLUMNS;
                let v = super::values(v);
                // Products and outputs: a task for some filters of a block of columns.
                let filter_parts = self.filters.div_ceil(self.filters_together);
                exec.each(chunk.len() * filter_parts, |task| {
                    let block = task / filter_parts;
                    let filters = part(self.filters, self.filters_together, task % filter_parts);
                    let len = ROW * COLUMNS * LANES;
                    let start = (block * self.filters + filters.start) * 2 * len;
                    // SAFETY: tasks differ in the block or in the filters.
                    let m = unsafe { m.part(start..start + filters.len() * 2 * len) };
                    let (m, sums) = m.split_at_mut(filters.len() * len);
                    let v = &v[block * block_len * LANES..][..block_len * LANES];
                    let block = chunk.start + block;
                    let count = (columns - block * COLUMNS).min(COLUMNS);
                    for row in 0..ENTRIES / ROW {
                        self.products(m, u, v, row, count, filters.clone(), exec);
                        let (m, sums, filters, lanes) = (&*m, &mut *sums, filters.clone(), exec.lanes);
                        let outputs =
                            Outputs { table: self, y, m, sums, row, bias, end, block, filters, lanes, tiles };
                        T::call(exec.isa, outputs);
                    }
                });
            }
        }
    }

    /// `v[block][entry][channel][column]` = Bᵀ d B: a task for some channels of a block of columns.
    fn transform_inputs<T: Vectorized>(
        &self,
        v: &mut [Lanes<T>],
        x: &[T],
        chunk: Range<usize>,
        exec: Exec,
        tiles: usize,
    ) {
        let block_len = ENTRIES * self.channels * COLUMNS;
        let channel_parts = self.channels.div_ceil(16);
        let shared = Shared::new(values_mut(v));
        exec.each(chunk.len() * channel_parts, |task| {
            let block = task / channel_parts;
            let channels = part(self.channels, 16, task % channel_parts);
            // SAFETY: tasks differ in the block or in the channels, and so in every value they write.
            let v = unsafe { shared.writer() };
            let (first, block) = (block * block_len * LANES, chunk.start + block);
            let lanes = exec.lanes;
            T::call(exec.isa, Patches { table: self, v, first, x, block, channels, lanes, tiles });
        });
    }

    /// `m[entry][filter][column] = Σ over channels of u[entry][filter][channel] · v[entry][channel][column]`,
    /// for the entries of a row.
    fn products<T: Vectorized>(
        &self,
        m: &mut [T],
        u: &[T],
        v: &[T],
        row: usize,
        columns: usize,
        filters: Range<usize>,
        exec: Exec,
    ) {
        let (m_len, v_len) = (filters.len() * COLUMNS * LANES, self.channels * COLUMNS * LANES);
        for (i, m) in m.chunks_exact_mut(m_len).enumerate() {
            let entry = row * ROW + i;
            let u = &u[(entry * self.filters + filters.start) * self.channels..];
            let sums = Sums {
                y: &Writer::new(m),
                y_plane: COLUMNS * LANES,
                x: &v[entry * v_len..][..v_len],
                w: u,
                w_step: self.channels,
                taps: &self.taps,
                lanes: LANES,
                filters: 0..filters.len(),
                places: &PLACES[..columns],
                start: Start::Zero,
                end: End::Plain,
            };
            T::call(exec.isa, sums);
        }
    }

    /// `u[entry][filter][channel]` = G g Gᵀ: a task for a filter, or for a few if their kernels lie side by side.
    fn transform_weights<T: Vectorized>(&self, u: &mut [T], w: &[T], exec: Exec) {
        let WeightLayout { filter, channel, flipped } = self.weights;
        let together = if filter < channel { TOGETHER } else { 1 };
        let u = Shared::new(u);
        exec.each(self.filters.div_ceil(together), |task| {
            let filters = task * together..self.filters.min((task + 1) * together);
            for first in (0..self.channels).step_by(LANES) {
                let channels = first..self.channels.min(first + LANES);
                let mut kernels = [[[T::zero(); LANES]; 9]; TOGETHER];
                for c in channels.clone() {
                    for (f, kernels) in filters.clone().zip(&mut kernels) {
                        let kernel = &w[f * filter + c * channel..].as_chunks::<9>().0[0];
                        for (i, value) in kernel.iter().enumerate() {
                            kernels[if flipped { 8 - i } else { i }][c - first] = *value;
                        }
                    }
                }
                let mut entries = [[T::zero(); LANES]; ENTRIES];
                for (f, kernels) in filters.clone().zip(&kernels) {
                    transform_kernels(exec.isa, &mut entries, kernels);
                    for (entry, values) in entries.iter().enumerate() {
                        let at = (entry * self.filters + f) * self.channels + first;
                        // SAFETY: tasks differ in the filters.
                        let to = unsafe { u.part(at..at + channels.len()) };
                        to.copy_from_slice(&values[..channels.len()]);
                    }
                }
            }
        });
    }

    fn input_plane(&self) -> Plane {
        Plane { size: self.input, padding: self.padding }
    }

    /// The 2×2 patches of the output in `count` columns of sixteen values from `first`: `LANES / lanes` for each column.
    fn patches_of(&self, first: usize, count: usize, lanes: usize, tiles: usize) -> PatchesOf {
        let [rows, columns] = self.patches();
        let per_column = LANES / lanes;
        let (first, all) = (first * per_column, tiles * rows * columns);
        let (tile, patch) = (first / (rows * columns), first % (rows * columns));
        PatchesOf {
            next: Patch { tile, row: 2 * (patch / columns), column: 2 * (patch % columns) },
            left: all.saturating_sub(first).min(count * per_column),
            end: [2 * rows, 2 * columns],
        }
    }
}

vectorized! {
    /// G g Gᵀ for the kernels of sixteen channels, with the rows of G (1, 0, 0), (½, ½, ½), (½, −½, ½), (0, 0, 1).
    fn transform_kernels[T: Vectorized](u: &mut [[T; LANES]; ENTRIES], g: &[[T; LANES]; 9]) {
        let half = T::of(0.5);
        let mut t = [[T::zero(); LANES]; 3 * ROW];
        for i in 0..3 {
            for l in 0..LANES {
                let [a, b, c] = [g[i][l], g[3 + i][l], g[6 + i][l]];
                (t[i][l], t[3 + i][l]) = (a, (a + b + c) * half);
                (t[6 + i][l], t[9 + i][l]) = ((a - b + c) * half, c);
            }
        }
        for i in 0..ROW {
            for l in 0..LANES {
                let [a, b, c] = [t[3 * i][l], t[3 * i + 1][l], t[3 * i + 2][l]];
                (u[4 * i][l], u[4 * i + 1][l]) = (a, (a + b + c) * half);
                (u[4 * i + 2][l], u[4 * i + 3][l]) = ((a - b + c) * half, c);
            }
        }
    }
}

/// Bᵀ d for a column d, with the rows of Bᵀ (1, 0, −1, 0), (0, 1, 1, 0), (0, −1, 1, 0), (0, 1, 0, −1).
#[inline(always)]
fn transform_input<T: Vectorized, S: Simd<T>>(simd: S, [a, b, c, d]: [S::V; 4]) -> [S::V; 4] {
    [simd.sub(a, c), simd.add(b, c), simd.sub(c, b), simd.sub(b, d)]
}

/// Transforms a row of products and, after the last row, writes the outputs: y = Aᵀ m A + bias.
struct Outputs<'a, T> {
    table: &'a Winograd,
    y: Shared<'a, T>,
    m: &'a [T],
    /// The sums of the rows so far: four outputs for each filter and column.
    sums: &'a mut [T],
    row: usize,
    bias: Option<&'a [T]>,
    end: End<'a, T>,
    block: usize,
    filters: Range<usize>,
    lanes: usize,
    tiles: usize,
}

impl<T: Vectorized> Kernel<T> for Outputs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Outputs { table, y, m, sums, row, bias, end, block, filters, lanes, tiles } = self;
        let [rows, columns] = table.output;
        let area = rows * columns;
        let (end, rest) = end.split();
        let finish = if let End::Finish(finish) = end { Some(finish) } else { None };
        let patches = table.patches_of(block * COLUMNS, COLUMNS, lanes, tiles);
        let per_column = LANES / lanes;
        for (i, filter) in filters.clone().enumerate() {
            let bias = simd.splat(bias.map_or(T::zero(), |bias| bias[filter]));
            let mut patches = patches.clone();
            for c in 0..patches.left.div_ceil(per_column) {
                let sums = &mut sums[(i * COLUMNS + c) * 4 * LANES..][..4 * LANES];
                for part in (0..LANES).step_by(S::WIDTH) {
                    let mut t = [simd.splat(T::zero()); ROW];
                    for entry in 0..ROW {
                        let at = ((entry * filters.len() + i) * COLUMNS + c) * LANES + part;
                        let from = &m[at..at + S::WIDTH];
                        // SAFETY: `from` is one vector long.
                        t[entry] = unsafe { simd.load(from.as_ptr()) };
                    }
                    // Rows of Aᵀ: (1, 1, 1, 0), (0, 1, −1, −1).
                    let pair = [simd.add(simd.add(t[0], t[1]), t[2]), simd.sub(simd.sub(t[1], t[2]), t[3])];
                    for (j, v) in pair.into_iter().enumerate() {
                        let above = sums[j * LANES + part..].as_mut_ptr();
                        let below = sums[(2 + j) * LANES + part..].as_mut_ptr();
                        // SAFETY: there are four times sixteen sums, each a whole number of vectors.
                        unsafe {
                            match row {
                                0 => simd.store(above, simd.add(v, bias)),
                                1 => {
                                    simd.store(above, simd.add(simd.load(above), v));
                                    simd.store(below, simd.add(v, bias));
                                }
                                2 => {
                                    simd.store(above, simd.add(simd.load(above), v));
                                    simd.store(below, simd.sub(simd.load(below), v));
                                }
                                _ => simd.store(below, simd.sub(simd.load(below), v)),
                            }
                            if let (3, Some(finish)) = (row, finish) {
                                let zero = || simd.splat(T::zero());
                                simd.store(above, finish.apply(simd, simd.load(above), filter, zero));
                                simd.store(below, finish.apply(simd, simd.load(below), filter, zero));
                            }
                        }
                    }
                }
                if row < 3 {
                    continue;
                }
                let column = patches.clone().take(per_column);
                patches.by_ref().take(per_column).for_each(drop);
                if lanes < LANES {
                    scatter_narrow(y, sums, filter * area * lanes, lanes, column, table.output, rest);
                    continue;
                }
                for patch in column {
                    let plane = (patch.tile * table.groups * table.filters + filter) * area * LANES;
                    scatter_patch::<T, LANES>(y, sums, plane, 0, patch, table.output, rest);
                }
            }
        }
    }
}
