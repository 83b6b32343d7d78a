//! The gradient of the weights, with 16 multiplications for each 2×2 patch of the output instead of 36.
//!
//! With dy a 2×2 patch of the output's gradient, d the 4×4 patch of the input below it and ⊙ the product entry by entry,
//!
//! dg = Gᵀ \[Σ (A dy Aᵀ) ⊙ (Bᵀ d B)\] G
//!
//! is the gradient of the kernel g, with the matrices of the forward pass and the sum over patches and samples. For
//! each of the 16 entries the sum is a matrix product: filters × (patches, samples) times (patches, samples) × channels.
//! The four entries of a row are computed together: a row of Bᵀ d B needs two rows of d, and reading those again costs
//! less than moving the sums of all entries for each few patches.

use std::ops::Range;

use super::patches::{Plane, Split, gather, split_entries};
use super::{Winograd, transform_input};
use crate::kernel::block::{CONTIGUOUS, Inner, Tap};
use crate::kernel::correlation::{index, part};
use crate::kernel::shared::{Shared, Writer};
use crate::kernel::simd::{Kernel, Simd};
use crate::kernel::{Exec, Vectorized, values, values_mut};
use crate::tensor::{LANES, Lanes};

/// Entries of a patch of the input, and of a row of it.
const ENTRIES: usize = 16;
const ROW: usize = 4;

/// Columns that are transformed, and then summed over, together: a register block's planes of both factors about fill a
/// first-level cache.
const DEPTH: usize = 64;

/// Planes that a task transforms.
const PLANES: usize = 8;

/// Filters and channels of a task of the products.
const FILTERS: usize = 48;
const CHANNELS: usize = 96;

/// Columns from one plane to the next: an odd number, because planes whose distance is a power of two share the same few lines
/// of a cache.
fn step(columns: usize) -> usize {
    columns | 1
}

/// One factor: the patches of x, or those of dy.
#[derive(Clone, Copy)]
struct Factor {
    planes: usize,
    plane: Plane,
    /// Rows and columns of a patch: four of x, or two of dy.
    side: usize,
}

impl Winograd {
    fn factors(&self) -> [Factor; 2] {
        [
            Factor { planes: self.channels, plane: self.input_plane(), side: 4 },
            Factor { planes: self.filters, plane: Plane { size: self.output, padding: [0; 2] }, side: 2 },
        ]
    }

    /// Entries of a row of transformed inputs, of one of transformed gradients, of all sums, and of a task's [`Split`].
    fn gradient_parts(&self, columns: usize) -> [usize; 4] {
        let columns = step(columns.min(DEPTH));
        let sums = ENTRIES * self.channels * self.filters;
        let split = split_entries(2, columns, self.patches()[1], LANES / 2);
        [ROW * self.channels * columns, ROW * self.filters * columns, sums.div_ceil(LANES), split]
    }

    /// Entries of scratch memory of [`Winograd::backward_weights`] for a number of tiles.
    pub(in crate::kernel) fn gradient_scratch(&self, tiles: usize) -> usize {
        let [v, u, m, split] = self.gradient_parts(self.columns(tiles, LANES));
        v + u + m + Exec::workers(self.channels.max(self.filters).div_ceil(PLANES)) * split
    }

    /// dw = the gradient of the weights, summed over all tiles.
    pub(in crate::kernel) fn backward_weights<T: Vectorized>(
        &self,
        dw: &mut [T],
        dy: &[T],
        x: &[T],
        scratch: &mut [Lanes<T>],
        exec: Exec,
        tiles: usize,
    ) {
        let columns = self.columns(tiles, exec.lanes);
        let [v_len, u_len, m_len, _] = self.gradient_parts(columns);
        let (v, rest) = scratch.split_at_mut(v_len);
        let (u, rest) = rest.split_at_mut(u_len);
        let (m, rooms) = rest.split_at_mut(m_len);
        let m = &mut values_mut(m)[..ENTRIES * self.channels * self.filters];
        let [x_of, dy_of] = self.factors();
        let of_group = dw.len() / self.groups;
        for (group, dw) in dw.chunks_exact_mut(of_group).enumerate() {
            m.fill(T::zero());
            for chunk in 0..columns.div_ceil(DEPTH) {
                let chunk = part(columns, DEPTH, chunk);
                for row in 0..ROW {
                    self.transform_row(v, x, (x_of, group), row, chunk.clone(), rooms, exec, tiles);
                    self.transform_row(u, dy, (dy_of, group), row, chunk.clone(), rooms, exec, tiles);
                    self.add_products(m, values(u), values(v), row, chunk.len(), exec);
                }
            }
            self.kernels(dw, m, exec);
        }
    }

    /// `v[entry][plane][column]`, a row of Bᵀ d B or of A dy Aᵀ, for some columns.
    fn transform_row<T: Vectorized>(
        &self,
        v: &mut [Lanes<T>],
        x: &[T],
        (factor, group): (Factor, usize),
        row: usize,
        chunk: Range<usize>,
        rooms: &mut [Lanes<T>],
        exec: Exec,
        tiles: usize,
    ) {
        let parts = factor.planes.div_ceil(PLANES);
        let [.., room] = self.gradient_parts(self.columns(tiles, exec.lanes));
        let v = Shared::new(values_mut(v));
        exec.each_with(parts, rooms, room, |task, room| {
            let planes = part(factor.planes, PLANES, task);
            // SAFETY: tasks differ in the planes, and so in every value they write.
            let v = unsafe { v.writer() };
            let (columns, lanes) = (chunk.clone(), exec.lanes);
            let room = values_mut(room);
            let row = RowOf { table: self, factor, group, v, columns, x, planes, row, room, lanes, tiles };
            T::call(exec.isa, row);
        });
    }

    /// `m[entry][filter][channel] += Σ over columns and lanes of u[entry][filter][column] · v[entry][channel][column]`, for the
    /// entries of a row.
    fn add_products<T: Vectorized>(
        &self,
        m: &mut [T],
        u: &[T],
        v: &[T],
        row: usize,
        columns: usize,
        exec: Exec,
    ) {
        let (step, all) = (step(columns), self.channels * self.filters);
        let parts = [self.filters.div_ceil(FILTERS), self.channels.div_ceil(CHANNELS)];
        let m = Shared::new(&mut m[row * ROW * all..][..ROW * all]);
        exec.each(ROW * parts[0] * parts[1], |task| {
            let (entry, task) = (task / (parts[0] * parts[1]), task % (parts[0] * parts[1]));
            let (filters, channels) = (
                part(self.filters, FILTERS, task / parts[1]),
                part(self.channels, CHANNELS, task % parts[1]),
            );
            let mut taps = [Tap { x: 0, w: 0 }; CHANNELS];
            for (tap, channel) in taps.iter_mut().zip(channels.clone()) {
                tap.x = index(channel * step);
            }
            let taps = &taps[..channels.len()];
            let mut sums = [T::zero(); FILTERS * CHANNELS];
            let sums = &mut sums[..filters.len() * channels.len()];
            let products = Inner {
                sums: &mut *sums,
                bias: None,
                dy: &u[(entry * self.filters + filters.start) * step * LANES..],
                dy_plane: step * LANES,
                filters: filters.len(),
                x: &v[entry * self.channels * step * LANES..],
                taps,
                lanes: LANES,
                positions: &CONTIGUOUS[..columns],
            };
            T::call(exec.isa, products);
            for (filter, sums) in filters.zip(sums.chunks_exact(channels.len())) {
                let at = entry * all + filter * self.channels + channels.start;
                // SAFETY: tasks differ in the entry, the filters or the channels.
                let m = unsafe { m.part(at..at + channels.len()) };
                for (m, sum) in m.iter_mut().zip(sums) {
                    *m += *sum;
                }
            }
        });
    }

    /// `dw[filter][channel]` = Gᵀ m G.
    fn kernels<T: Vectorized>(&self, dw: &mut [T], m: &[T], exec: Exec) {
        exec.each_chunk(dw, self.channels * 9, |filter, dw| {
            for (dw, first) in dw.chunks_mut(9 * LANES).zip((0..self.channels).step_by(LANES)) {
                let count = dw.len() / 9;
                let mut kernels = [Lanes::zero(); ENTRIES];
                for (entry, kernel) in kernels.iter_mut().enumerate() {
                    let at = (entry * self.filters + filter) * self.channels + first;
                    kernel.0[..count].copy_from_slice(&m[at..at + count]);
                }
                T::call(exec.isa, Kernels(&mut kernels));
                for (c, dw) in dw.chunks_exact_mut(9).enumerate() {
                    for (dw, kernel) in dw.iter_mut().zip(&kernels) {
                        *dw = kernel.0[c];
                    }
                }
            }
        });
    }
}

/// Transforms patches to one row of entries, for some planes and columns.
struct RowOf<'a, T> {
    table: &'a Winograd,
    factor: Factor,
    group: usize,
    v: Writer<'a, T>,
    columns: Range<usize>,
    x: &'a [T],
    planes: Range<usize>,
    row: usize,
    /// For a [`Split`].
    room: &'a mut [T],
    lanes: usize,
    tiles: usize,
}

impl<T: Vectorized> Kernel<T> for RowOf<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let of_input = [[0, 2], [1, 2], [2, 1], [1, 3]][self.row];
        match self.factor.side {
            4 => self.run_with::<S, 4>(simd, of_input),
            _ => self.run_with::<S, 2>(simd, [0, 1]),
        }
    }
}

impl<T: Vectorized> RowOf<'_, T> {
    /// Transforms patches of `SIDE` columns, of which two rows are read.
    #[inline(always)]
    fn run_with<S: Simd<T>, const SIDE: usize>(self, simd: S, rows: [usize; 2]) {
        let RowOf { table, factor, group, mut v, columns, x, planes, row, room, lanes, tiles } = self;
        let area = factor.plane.size[0] * factor.plane.size[1] * lanes;
        let [of_rows, in_row] = table.patches();
        let per_column = LANES / lanes;
        let end = (columns.end * per_column).min(tiles * of_rows * in_row);
        let all = columns.start * per_column..end;
        let mut split = (lanes < LANES).then(|| Split::<T, 2>::new(room, &all, in_row, lanes));
        // The first and the last row of entries need rows of one phase alone.
        let phases = [0..1, 0..2, 0..2, 1..2][row].clone();
        for plane in planes {
            let plane_of =
                |tile: usize| &x[((tile * table.groups + group) * factor.planes + plane) * area..][..area];
            if let Some(split) = &mut split {
                split.read(simd, plane_of(0), factor.plane, SIDE, phases.clone());
            }
            for c in 0..columns.len() {
                let mut d = [[Lanes::<T>::zero(); SIDE]; 2];
                let mut from = [[d[0].as_ptr().cast::<T>(); SIDE]; 2];
                let first = all.start + c * per_column;
                if let Some(split) = &split {
                    let at = split.at(first);
                    // Lanes without a patch take part in no sum: they are zero.
                    let used = (end - first).min(per_column) * lanes;
                    for i in 0..2 {
                        for j in 0..SIDE {
                            from[i][j] = at.wrapping_add(split.offset([rows[i], j]));
                            if used < LANES {
                                // SAFETY: there are sixteen values at an entry.
                                let values = unsafe { std::slice::from_raw_parts(from[i][j], used) };
                                d[i][j].0[..used].copy_from_slice(values);
                            }
                        }
                    }
                    if used < LANES {
                        from = pointers(&d);
                    }
                } else {
                    let patch = table.patch(first);
                    let values = plane_of(patch.tile);
                    match factor.plane.rows::<T, SIDE>(values, patch, rows) {
                        Some(of_rows) => {
                            for i in 0..2 {
                                for j in 0..SIDE {
                                    from[i][j] = of_rows[i].wrapping_add(j * LANES);
                                }
                            }
                        }
                        None => {
                            for i in 0..2 {
                                gather::<T, SIDE>(&mut d[i], values, patch, rows[i], factor.plane);
                            }
                            from = pointers(&d);
                        }
                    }
                }
                for part in (0..LANES).step_by(S::WIDTH) {
                    let zero = simd.splat(T::zero());
                    let mut t = [zero; SIDE];
                    for j in 0..SIDE {
                        // SAFETY: there are sixteen values at each address.
                        let [a, b] =
                            unsafe { [simd.load(from[0][j].add(part)), simd.load(from[1][j].add(part))] };
                        t[j] = match (SIDE, row) {
                            (2, 0) => a,
                            (_, 1) => simd.add(a, b),
                            (2, 3) => simd.sub(zero, b),
                            _ => simd.sub(a, b),
                        };
                    }
                    let entries = if SIDE == 4 {
                        transform_input::<_, _, 4>(simd, [t[0], t[1], t[SIDE - 2], t[SIDE - 1]])
                    } else {
                        // Rows of A: (1, 0), (1, 1), (1, −1), (0, −1).
                        [t[0], simd.add(t[0], t[1]), simd.sub(t[0], t[1]), simd.sub(zero, t[1])]
                    };
                    for entry in 0..ROW {
                        let at = ((entry * factor.planes + plane) * step(columns.len()) + c) * LANES + part;
                        v.store(simd, at, entries[entry]);
                    }
                }
            }
        }
    }
}

/// The addresses of some entries' values.
#[inline(always)]
fn pointers<T, const SIDE: usize>(d: &[[Lanes<T>; SIDE]; 2]) -> [[*const T; SIDE]; 2] {
    let mut from = [[d[0].as_ptr().cast::<T>(); SIDE]; 2];
    for i in 0..2 {
        for j in 0..SIDE {
            from[i][j] = d[i][j].0.as_ptr();
        }
    }
    from
}

/// Transforms sixteen entries for some channels to nine weights, in place.
struct Kernels<'a, T>(&'a mut [Lanes<T>; ENTRIES]);

impl<T: Vectorized> Kernel<T> for Kernels<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        for part in (0..LANES).step_by(S::WIDTH) {
            let mut t = [simd.splat(T::zero()); ENTRIES];
            for entry in 0..ENTRIES {
                // SAFETY: an entry has sixteen values, a whole number of vectors.
                t[entry] = unsafe { simd.load(self.0[entry].0.as_ptr().add(part)) };
            }
            for j in 0..ROW {
                [t[j], t[4 + j], t[8 + j]] = transform_sums(simd, [t[j], t[4 + j], t[8 + j], t[12 + j]]);
            }
            for row in 0..3 {
                let of_row =
                    transform_sums(simd, [t[4 * row], t[4 * row + 1], t[4 * row + 2], t[4 * row + 3]]);
                for j in 0..3 {
                    // SAFETY: as for the load.
                    unsafe { simd.store(self.0[row * 3 + j].0.as_mut_ptr().add(part), of_row[j]) };
                }
            }
        }
    }
}

/// Gᵀ m for a column m, with the rows of Gᵀ (1, ½, ½, 0), (0, ½, −½, 0), (0, ½, ½, 1).
#[inline(always)]
fn transform_sums<T: Vectorized, S: Simd<T>>(simd: S, [a, b, c, d]: [S::V; 4]) -> [S::V; 3] {
    let (half, zero) = (simd.splat(T::of(0.5)), simd.splat(T::zero()));
    let sum = simd.mul_add(simd.add(b, c), half, zero);
    [simd.add(a, sum), simd.mul_add(simd.sub(b, c), half, zero), simd.add(sum, d)]
}
