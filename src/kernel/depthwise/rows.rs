//! Sums over windows in rows that are read where they lie: vectors at the ends of a row mask what lies beyond them.

use std::ops::Range;

use super::{Depthwise, Outputs};
use crate::kernel::Vectorized;
use crate::kernel::block::{End, Start};
use crate::kernel::simd::{Kernel, Simd};

/// Masked vectors of a row at the most.
const EDGES: usize = 8;
/// Rows of windows that are computed together, if all their taps lie in the plane.
const TOGETHER: usize = 4;
/// Rows and columns of a window at the most.
const TAPS: usize = 5;

/// Where the inputs of a vector of outputs lie.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inputs {
    /// Contiguous, as its outputs are.
    Flat,
    /// Contiguous, because the vector is a part of one position.
    OfPosition,
    /// Every second value.
    EverySecond,
}

/// A row of outputs in vectors: the first `left` and the last `right` of them are masked.
#[derive(Clone, Copy)]
struct Row {
    inputs: Inputs,
    lanes: usize,
    /// Columns from one window to the next, and from its output to the next.
    step: [usize; 2],
    vectors: usize,
    left: usize,
    right: usize,
}

impl Row {
    /// `None` if vectors of this width cannot compute the outputs.
    fn new(pass: &Depthwise, outputs: &Outputs, lanes: usize, width: usize) -> Option<Row> {
        let [taps_y, taps_x] = outputs.lines.each_ref().map(Vec::len);
        if !matches!(taps_x, 1 | 2 | 3 | 5) || !(1..=TAPS).contains(&taps_y) {
            return None;
        }
        let step = [pass.step[1], outputs.step[1]];
        let inputs = match step {
            [1, 1] => Inputs::Flat,
            _ if lanes.is_multiple_of(width) => Inputs::OfPosition,
            [2, 1] if lanes == 1 && matches!(taps_x, 3 | 5) => Inputs::EverySecond,
            _ => return None,
        };
        let vectors = (outputs.count[1] * lanes).div_ceil(width);
        let mut row = Row { inputs, lanes, step, vectors, left: vectors, right: 0 };
        let parts = if inputs == Inputs::EverySecond { 2 } else { 1 };
        let whole = |vector: &usize| {
            let inside = |start: isize| {
                start >= 0 && start + (parts * width) as isize <= (pass.input[1] * lanes) as isize
            };
            let start = row.input(*vector, width);
            (vector + 1) * width <= outputs.count[1] * lanes
                && outputs.lines[1].iter().all(|&(_, offset)| inside(start + offset * lanes as isize))
        };
        let (first, last) = ((0..vectors).find(whole), (0..vectors).rfind(whole));
        if let (Some(first), Some(last)) = (first, last) {
            (row.left, row.right) = (first, vectors - 1 - last);
        }
        (row.left + row.right <= EDGES).then_some(row)
    }

    /// Where the inputs of a vector begin, for a tap without an offset.
    #[inline(always)]
    fn input(&self, vector: usize, width: usize) -> isize {
        (match self.inputs {
            Inputs::Flat => vector * width,
            Inputs::OfPosition => self.of_position(vector * width, self.step[0]),
            Inputs::EverySecond => 2 * vector * width,
        }) as isize
    }

    /// Where the outputs of a vector begin.
    #[inline(always)]
    fn output(&self, vector: usize, width: usize) -> usize {
        match self.inputs {
            Inputs::OfPosition => self.of_position(vector * width, self.step[1]),
            _ => vector * width,
        }
    }

    #[inline(always)]
    fn of_position(&self, at: usize, step: usize) -> usize {
        at / self.lanes * step * self.lanes + at % self.lanes
    }

    /// The number of a vector among those that are masked.
    fn edge(&self, vector: usize) -> Option<usize> {
        let last = self.vectors - self.right;
        match vector {
            v if v < self.left => Some(v),
            v if v >= last => Some(self.left + v - last),
            _ => None,
        }
    }
}

/// The values of a vector that lie in the row: of the inputs of each tap, and of the outputs.
#[derive(Clone, Copy)]
struct Edge<M, const K: usize> {
    inputs: [[M; 2]; K],
    outputs: M,
}

/// Values of a vector.
pub(super) struct Width;

impl<T: Vectorized> Kernel<T> for Width {
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd<T>>(self, _: S) -> usize {
        S::WIDTH
    }
}

/// Sums over the windows of some planes. The caller has asked [`Rows::can`].
pub(super) struct Rows<'a, T> {
    pub(super) pass: &'a Depthwise,
    pub(super) outputs: &'a Outputs,
    pub(super) planes: Range<usize>,
    /// The output of these planes.
    pub(super) y: &'a mut [T],
    /// All inputs and weights, and the start and end of all sums.
    pub(super) x: &'a [T],
    pub(super) w: &'a [T],
    pub(super) start: Start<'a, T>,
    pub(super) end: End<'a, T>,
    pub(super) lanes: usize,
}

impl<T: Vectorized> Rows<'_, T> {
    /// Whether vectors of this width can compute the outputs of a pass.
    pub(super) fn can(pass: &Depthwise, lanes: usize, width: usize) -> bool {
        pass.outputs.iter().all(|outputs| Row::new(pass, outputs, lanes, width).is_some())
    }
}

impl<T: Vectorized> Kernel<T> for Rows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let row = Row::new(self.pass, self.outputs, self.lanes, S::WIDTH);
        let row = row.expect("outputs that these vectors can compute");
        match (self.outputs.lines[1].len(), row.inputs) {
            (3, Inputs::EverySecond) => self.planes::<S, 3, true>(simd, row),
            (_, Inputs::EverySecond) => self.planes::<S, 5, true>(simd, row),
            (1, _) => self.planes::<S, 1, false>(simd, row),
            (2, _) => self.planes::<S, 2, false>(simd, row),
            (3, _) => self.planes::<S, 3, false>(simd, row),
            _ => self.planes::<S, 5, false>(simd, row),
        }
    }
}

impl<T: Vectorized> Rows<'_, T> {
    #[inline(always)]
    fn planes<S: Simd<T>, const K: usize, const EVEN: bool>(self, simd: S, row: Row) {
        let Rows { pass, outputs, lanes, start, end, .. } = self;
        let [x_row, y_row] = [pass.input[1], pass.output[1]].map(|columns| columns * lanes);
        let [x_plane, y_plane] = [pass.input[0] * x_row, pass.output[0] * y_row];
        assert!(self.planes.end * x_plane <= self.x.len(), "inputs inside x");
        if let Some(values) = end.beside_outputs() {
            assert!(
                self.planes.end * y_plane <= values.len(),
                "outputs inside the values that are read with them"
            );
        }
        let edges = &edges::<T, S, K>(simd, row, pass, outputs);
        let mut columns = [0; K];
        for k in 0..K {
            columns[k] = outputs.lines[1][k].1 * lanes as isize;
        }
        let taps = &outputs.lines[0][..];
        let between = taps.get(1).map_or(0, |second| (second.1 - taps[0].1) * x_row as isize);
        let whole = |r: &usize| taps_inside(pass, taps, *r).len() == taps.len();
        let whole_rows = (0..outputs.count[0]).find(whole).unwrap_or(0)
            ..(0..outputs.count[0]).rfind(whole).map_or(0, |last| last + 1);
        for (y, number) in self.y.chunks_exact_mut(y_plane).zip(self.planes) {
            let channel = number % pass.channels;
            let w = &self.w[channel * pass.area..][..pass.area];
            let mut weights = [[simd.splat(T::zero()); K]; TAPS];
            for (weights, (ky, _)) in weights.iter_mut().zip(taps) {
                for k in 0..K {
                    weights[k] = simd.splat(w[ky * pass.kernel_columns + outputs.lines[1][k].0]);
                }
            }
            let bias = if let Start::Bias(bias) = start { bias[channel] } else { T::zero() };
            let bias = simd.splat(bias);
            let next = [pass.step[0] * x_row, outputs.step[0] * y_row];
            let mut plane = Plane {
                y,
                first: number * y_plane,
                end,
                channel,
                row,
                bias,
                weights,
                columns,
                between,
                next,
                edges,
            };
            let x = self.x[number * x_plane..].as_ptr();
            let mut r = 0;
            while r < outputs.count[0] {
                let together = whole_rows.contains(&r) && r + TOGETHER <= whole_rows.end;
                let of_row = if together { 0..taps.len() } else { taps_inside(pass, taps, r) };
                let first = taps.get(of_row.start).map_or(0, |tap| (r * pass.step[0]) as isize + tap.1);
                let x = x.wrapping_offset(first * x_row as isize);
                let out = (outputs.first[0] + r * outputs.step[0]) * y_row + outputs.first[1] * lanes;
                // SAFETY: the rows of these taps lie in the plane, whose length was checked; the columns of a vector lie in the
                // row, as `Row::new` has found out, or are masked.
                unsafe {
                    match (together, taps.len()) {
                        (true, 3) if K == 3 => plane.rows::<S, EVEN, TOGETHER, 3>(simd, out, x, of_row),
                        (true, 5) if K == 5 => plane.rows::<S, EVEN, TOGETHER, 5>(simd, out, x, of_row),
                        (true, _) => plane.rows::<S, EVEN, TOGETHER, 0>(simd, out, x, of_row),
                        (false, _) => plane.rows::<S, EVEN, 1, 0>(simd, out, x, of_row),
                    }
                }
                r += if together { TOGETHER } else { 1 };
            }
        }
    }
}

/// The taps of a window, in the row of windows `r`, that read rows of the plane.
fn taps_inside(pass: &Depthwise, taps: &[(usize, isize)], r: usize) -> Range<usize> {
    let inside =
        |tap: &(usize, isize)| (0..pass.input[0] as isize).contains(&((r * pass.step[0]) as isize + tap.1));
    let first = taps.iter().take_while(|tap| !inside(tap)).count();
    first..first + taps[first..].iter().take_while(|tap| inside(tap)).count()
}

/// The masks of a row.
#[inline(always)]
fn edges<T: Vectorized, S: Simd<T>, const K: usize>(
    simd: S,
    row: Row,
    pass: &Depthwise,
    outputs: &Outputs,
) -> [Edge<S::Mask, K>; EDGES] {
    let none = simd.mask(0, 0);
    let mut edges = [Edge { inputs: [[none; 2]; K], outputs: none }; EDGES];
    let inside = |start: isize, len: usize| {
        let place = |at: usize| (at as isize - start).clamp(0, S::WIDTH as isize) as usize;
        simd.mask(place(0), place(len))
    };
    for vector in 0..row.vectors {
        let Some(number) = row.edge(vector) else { continue };
        for k in 0..K {
            let start = row.input(vector, S::WIDTH) + outputs.lines[1][k].1 * row.lanes as isize;
            for part in 0..2 {
                let start = start + (part * S::WIDTH) as isize;
                edges[number].inputs[k][part] = inside(start, pass.input[1] * row.lanes);
            }
        }
        edges[number].outputs = inside((vector * S::WIDTH) as isize, outputs.count[1] * row.lanes);
    }
    edges
}

/// A plane of outputs, and what its sums need.
struct Plane<'a, T, V, M, const K: usize> {
    y: &'a mut [T],
    /// The index of its first value in the output of all planes.
    first: usize,
    end: End<'a, T>,
    channel: usize,
    row: Row,
    bias: V,
    weights: [[V; K]; TAPS],
    /// The offset of each column of a window, and from one row of it to the next, in values.
    columns: [isize; K],
    between: isize,
    /// From one row of windows to the next, in x and in y.
    next: [usize; 2],
    edges: &'a [Edge<M, K>; EDGES],
}

impl<T: Vectorized, V: Copy, M: Copy, const K: usize> Plane<'_, T, V, M, K> {
    /// `P` rows of outputs from `out`, whose windows have these rows, which are `H` if that is not 0; `x` is the first of them.
    ///
    /// # Safety
    /// The rows of the windows lie in x, and the vectors that are not masked in them.
    #[inline(always)]
    unsafe fn rows<S: Simd<T, V = V, Mask = M>, const EVEN: bool, const P: usize, const H: usize>(
        &mut self,
        simd: S,
        out: usize,
        x: *const T,
        taps: Range<usize>,
    ) {
        let Row { vectors, left, right, .. } = self.row;
        let edges = self.edges;
        // SAFETY: the caller's promise.
        unsafe {
            for vector in 0..left {
                self.vectors::<S, EVEN, P, true>(simd, out, x, taps.clone(), vector, &edges[vector]);
            }
            // A number of rows that the compiler knows helps here. With masks it would load all inputs of a window at first, and keep
            // them in memory.
            let all = if H > 0 { 0..H } else { taps.clone() };
            for vector in left..vectors - right {
                self.vectors::<S, EVEN, P, false>(simd, out, x, all.clone(), vector, &edges[0]);
            }
            for vector in vectors - right..vectors {
                let edge = &edges[vector + left + right - vectors];
                self.vectors::<S, EVEN, P, true>(simd, out, x, taps.clone(), vector, edge);
            }
        }
    }

    /// A vector of each of `P` rows. With `EVEN` its inputs are every second value, and without `MASKED` all lie in the row.
    ///
    /// # Safety
    /// The rows of the windows lie in x, and the vector in them, if it is not masked.
    #[inline(always)]
    unsafe fn vectors<S: Simd<T, V = V, Mask = M>, const EVEN: bool, const P: usize, const MASKED: bool>(
        &mut self,
        simd: S,
        out: usize,
        x: *const T,
        taps: Range<usize>,
        vector: usize,
        edge: &Edge<M, K>,
    ) {
        // SAFETY: the caller's promise.
        let load =
            |from, mask| unsafe { if MASKED { simd.load_masked(from, mask) } else { simd.load(from) } };
        let mut sums = [self.bias; P];
        let mut x = x.wrapping_offset(self.row.input(vector, S::WIDTH));
        for weights in &self.weights[taps] {
            for k in 0..K {
                for p in 0..P {
                    let x = x.wrapping_offset(self.columns[k]).wrapping_add(p * self.next[0]);
                    let mut v = load(x, edge.inputs[k][0]);
                    if EVEN {
                        v = simd.every_second(v, load(x.wrapping_add(S::WIDTH), edge.inputs[k][1]));
                    }
                    sums[p] = simd.mul_add(weights[k], v, sums[p]);
                }
            }
            x = x.wrapping_offset(self.between);
        }
        for p in 0..P {
            let at = out + self.row.output(vector, S::WIDTH) + p * self.next[1];
            let v = self.end.apply(simd, sums[p], self.channel, |values| {
                load(values[self.first + at..].as_ptr(), edge.outputs)
            });
            let y = self.y[at..].as_mut_ptr();
            // SAFETY: the vector lies in a row of outputs, or what does not is masked.
            unsafe { if MASKED { simd.store_masked(y, edge.outputs, v) } else { simd.store(y, v) } }
        }
    }
}
