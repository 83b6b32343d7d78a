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
mod patches;
mod transforms;

use std::ops::Range;

use self::patches::{Patch, Patches, PatchesOf, PatchesOfSide, Plane, scatter_narrow, scatter_patch};
use self::transforms::{output_factors, transform_input, transform_kernels, transform_output};
use super::block::{End, PLACES, Start, Sums, Tap};
use super::conv::Tiling;
use super::correlation::{index, part};
use super::shared::{Shared, Writer};
use super::simd::{Kernel, Simd};
use super::{Exec, values_mut};
use crate::kernel::Vectorized;
use crate::tensor::{LANES, Lanes};

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
    /// Rows and columns of a patch of the output: 2 or 4.
    out: usize,
    /// A tap for each channel.
    taps: Vec<Tap>,
    /// Number of columns whose transformed input is kept at once, and of filters in a task.
    chunk: usize,
    filters_together: usize,
}

/// Whether there are enough channels and filters for the transforms to be faster than direct sums, if `least` is enough in a whole
/// tile.
pub(super) fn pays(channels: usize, filters: usize, lanes: usize, least: usize) -> bool {
    let least = if lanes == LANES { least } else { 2 * least };
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
        let Tiling { lines, filters: filters_together, .. } = tiling;
        let taps = (0..channels).map(|c| Tap { x: index(c * COLUMNS), w: index(c) }).collect();
        // About the size of a few second-level caches.
        let chunk = (lines * 192 / ((out + 2).pow(2) * channels)).max(1).next_multiple_of(COLUMNS);
        Winograd {
            channels,
            filters,
            groups,
            input,
            output,
            padding,
            weights,
            out,
            taps,
            chunk,
            filters_together,
        }
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

    /// Products and outputs of a filter and a column at a time: a row of products, and the sums of all outputs.
    fn together(&self) -> usize {
        self.side() + self.out * self.out
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
            (self.entries() * self.filters * self.channels).div_ceil(LANES),
            self.entries() * self.channels * columns,
            self.together() * self.filters * columns,
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
                let block_len = self.entries() * self.channels * COLUMNS;
                let v = super::values(v);
                // Products and outputs: a task for some filters of a block of columns.
                let filter_parts = self.filters.div_ceil(self.filters_together);
                exec.each(chunk.len() * filter_parts, |task| {
                    let block = task / filter_parts;
                    let filters = part(self.filters, self.filters_together, task % filter_parts);
                    let len = COLUMNS * LANES;
                    let start = (block * self.filters + filters.start) * self.together() * len;
                    // SAFETY: tasks differ in the block or in the filters.
                    let m = unsafe { m.part(start..start + filters.len() * self.together() * len) };
                    let (m, sums) = m.split_at_mut(filters.len() * self.side() * len);
                    let v = &v[block * block_len * LANES..][..block_len * LANES];
                    let block = chunk.start + block;
                    let count = (columns - block * COLUMNS).min(COLUMNS);
                    for row in 0..self.side() {
                        self.products(m, u, v, row, count, filters.clone(), exec);
                        let (m, sums, filters, lanes) = (&*m, &mut *sums, filters.clone(), exec.lanes);
                        let outputs =
                            Outputs { table: self, y, m, sums, row, bias, end, block, filters, lanes, tiles };
                        match self.out {
                            2 => T::call(exec.isa, OutputsOf::<_, 4, 2>(outputs)),
                            _ => T::call(exec.isa, OutputsOf::<_, 6, 4>(outputs)),
                        }
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
        let block_len = self.entries() * self.channels * COLUMNS;
        let channel_parts = self.channels.div_ceil(16);
        let shared = Shared::new(values_mut(v));
        exec.each(chunk.len() * channel_parts, |task| {
            let block = task / channel_parts;
            let channels = part(self.channels, 16, task % channel_parts);
            // SAFETY: tasks differ in the block or in the channels, and so in every value they write.
            let v = unsafe { shared.writer() };
            let (first, block) = (block * block_len * LANES, chunk.start + block);
            let lanes = exec.lanes;
            let patches = Patches { table: self, v, first, x, block, channels, lanes, tiles };
            match self.out {
                2 => T::call(exec.isa, PatchesOfSide::<_, 4, 16>(patches)),
                _ => T::call(exec.isa, PatchesOfSide::<_, 6, 36>(patches)),
            }
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
            let entry = row * self.side() + i;
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
        match self.out {
            2 => self.transform_weights_to::<T, 4>(u, w, exec),
            _ => self.transform_weights_to::<T, 6>(u, w, exec),
        }
    }

    fn transform_weights_to<T: Vectorized, const SIDE: usize>(&self, u: &mut [T], w: &[T], exec: Exec) {
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
                let mut entries = [[[T::zero(); LANES]; SIDE]; SIDE];
                for (f, kernels) in filters.clone().zip(&kernels) {
                    transform_kernels(exec.isa, &mut entries, kernels);
                    for (entry, values) in entries.as_flattened().iter().enumerate() {
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

    /// The patches of the output in `count` columns of sixteen values from `first`: `LANES / lanes` for each column.
    fn patches_of(&self, first: usize, count: usize, lanes: usize, tiles: usize) -> PatchesOf {
        let [rows, columns] = self.patches();
        let per_column = LANES / lanes;
        let (first, all) = (first * per_column, tiles * rows * columns);
        let (tile, patch) = (first / (rows * columns), first % (rows * columns));
        PatchesOf {
            next: Patch { tile, row: self.out * (patch / columns), column: self.out * (patch % columns) },
            left: all.saturating_sub(first).min(count * per_column),
            side: self.out,
            end: [self.out * rows, self.out * columns],
        }
    }
}

/// Transforms a row of products and, after the last row, writes the outputs: y = Aᵀ m A + bias.
struct Outputs<'a, T> {
    table: &'a Winograd,
    y: Shared<'a, T>,
    m: &'a [T],
    /// The sums of the rows so far: the outputs of a patch for each filter and column.
    sums: &'a mut [T],
    row: usize,
    bias: Option<&'a [T]>,
    end: End<'a, T>,
    block: usize,
    filters: Range<usize>,
    lanes: usize,
    tiles: usize,
}

/// The same, with the sizes of a patch of the input and of the output.
struct OutputsOf<'a, T, const SIDE: usize, const OUT: usize>(Outputs<'a, T>);

impl<T: Vectorized, const SIDE: usize, const OUT: usize> Kernel<T> for OutputsOf<'_, T, SIDE, OUT> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Outputs { table, y, m, sums, row, bias, end, block, filters, lanes, tiles } = self.0;
        let [rows, columns] = table.output;
        let (area, outputs, last) = (rows * columns, OUT * OUT, row + 1 == SIDE);
        let (end, rest) = end.split();
        let finish = if let End::Finish(finish) = end { Some(finish) } else { None };
        let patches = table.patches_of(block * COLUMNS, COLUMNS, lanes, tiles);
        let per_column = LANES / lanes;
        let factors = output_factors::<OUT>(row);
        for (i, filter) in filters.clone().enumerate() {
            let bias = simd.splat(bias.map_or(T::zero(), |bias| bias[filter]));
            let mut patches = patches.clone();
            for c in 0..patches.left.div_ceil(per_column) {
                let sums = &mut sums[(i * COLUMNS + c) * outputs * LANES..][..outputs * LANES];
                for part in (0..LANES).step_by(S::WIDTH) {
                    let mut t = [simd.splat(T::zero()); SIDE];
                    for entry in 0..SIDE {
                        let at = ((entry * filters.len() + i) * COLUMNS + c) * LANES + part;
                        let from = &m[at..at + S::WIDTH];
                        // SAFETY: `from` is one vector long.
                        t[entry] = unsafe { simd.load(from.as_ptr()) };
                    }
                    let of_row: [S::V; OUT] = transform_output(simd, t);
                    for (i, (factor, first)) in factors.into_iter().enumerate() {
                        let takes_part = factor != 0.0;
                        if !takes_part && !last {
                            continue;
                        }
                        let factor = simd.splat(T::of(factor));
                        for (j, v) in of_row.into_iter().enumerate() {
                            let at = sums[(i * OUT + j) * LANES + part..].as_mut_ptr();
                            // SAFETY: there are sixteen sums for each output, a whole number of vectors.
                            unsafe {
                                let mut sum = if first { bias } else { simd.load(at) };
                                if takes_part {
                                    sum = simd.mul_add(factor, v, sum);
                                }
                                if let (true, Some(finish)) = (last, finish) {
                                    sum = finish.apply(simd, sum, filter, || simd.splat(T::zero()));
                                }
                                simd.store(at, sum);
                            }
                        }
                    }
                }
                if !last {
                    continue;
                }
                let column = patches.clone().take(per_column);
                patches.by_ref().take(per_column).for_each(drop);
                if lanes < LANES {
                    scatter_narrow::<T, OUT>(
                        y,
                        sums,
                        filter * area * lanes,
                        lanes,
                        column,
                        table.output,
                        rest,
                    );
                    continue;
                }
                for patch in column {
                    let plane = (patch.tile * table.groups * table.filters + filter) * area * LANES;
                    scatter_patch::<T, LANES, OUT>(y, sums, plane, 0, patch, table.output, rest);
                }
            }
        }
    }
}
