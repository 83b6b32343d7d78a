//! Register blocks: F × P vectors of sums that stay in registers while a long sum runs past.
//!
//! Every convolution and dense layer, in every pass, is one of three such blocks: [`Sums`] multiplies weights
//! with vectors of inputs, [`Outer`] multiplies numbers with vectors and keeps a sum for each pair, [`Inner`]
//! multiplies vectors with vectors and adds up the lanes at the end.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use super::simd::{Kernel, Simd};
use crate::scalar::Scalar;
use crate::tensor::LANES;

/// A slice that several tasks write to, each its own part.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: a `Shared` only hands out writers, and who takes one promises that no other touches its values.
unsafe impl<T: Send> Send for Shared<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Shared { start: slice.as_mut_ptr(), len: slice.len(), slice: PhantomData }
    }

    /// The slice from a value on.
    pub(super) fn from(self, start: usize) -> Self {
        assert!(start <= self.len, "from {start} of {}", self.len);
        Shared { start: self.start.wrapping_add(start), len: self.len - start, slice: PhantomData }
    }

    /// The whole slice, to write to.
    ///
    /// # Safety
    /// As long as the result lives, nobody else reads or writes a value that is read or written through it.
    pub(super) unsafe fn writer(self) -> Writer<'a, T> {
        Writer(self, PhantomData)
    }

    /// A part of the slice.
    ///
    /// # Safety
    /// As long as the result lives, nobody else reads or writes the part.
    pub(super) unsafe fn part(self, range: Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "{range:?} of {}", self.len);
        // SAFETY: the range is inside the slice that this was made from, and the caller promises to be alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// What a task may write to: on one thread, because blocks write through a shared reference.
pub(super) struct Writer<'a, T>(Shared<'a, T>, PhantomData<Cell<T>>);

impl<'a, T> Writer<'a, T> {
    /// A slice that nobody else has.
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Writer(Shared::new(slice), PhantomData)
    }

    /// Writes a vector.
    #[inline(always)]
    pub(super) fn store<S: Simd<T>>(&mut self, simd: S, at: usize, v: S::V) {
        assert!(at + S::WIDTH <= self.0.len, "a vector at {at} of {}", self.0.len);
        // SAFETY: inside the slice, of which these values belong to this writer alone.
        unsafe { simd.store(self.0.start.add(at), v) }
    }

    /// Writes some values.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, at: usize, values: [T; N]) {
        assert!(at + N <= self.0.len, "{N} values at {at} of {}", self.0.len);
        // SAFETY: inside the slice, of which these values belong to this writer alone.
        unsafe { self.0.start.add(at).cast::<[T; N]>().write(values) }
    }
}

/// A term of the sum that makes one output value: where its input lies, in entries of [`LANES`] values, and its
/// weight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    pub(super) x: u32,
    pub(super) w: u32,
}

/// Where a column of sixteen outputs reads its first tap and where it is written, in values.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Place {
    pub(super) x: usize,
    pub(super) y: usize,
}

impl<'a, T> Start<'a, T> {
    /// For the filters from one on.
    pub(super) fn from(self, filter: usize) -> Self {
        match self {
            Start::Bias(bias) => Start::Bias(&bias[filter..]),
            other => other,
        }
    }
}

impl<'a, T> End<'a, T> {
    /// For the outputs from one on.
    pub(super) fn from(self, output: usize) -> Self {
        match self {
            End::Gate(gate) => End::Gate(&gate[output..]),
            other => other,
        }
    }
}

/// What sums begin with.
#[derive(Clone, Copy)]
pub(super) enum Start<'a, T> {
    /// Zero.
    Zero,
    /// A value for each filter.
    Bias(&'a [T]),
    /// What stands in the output.
    Carry,
}

/// What is done to sums before they are written.
#[derive(Clone, Copy)]
pub(super) enum End<'a, T> {
    /// Nothing.
    Plain,
    /// Negative sums become zero.
    Relu,
    /// Sums become zero where these values, which lie as the output does, are not positive.
    Gate(&'a [T]),
}

/// `sums[f][p] += left(f, step) · right(p, step)` for all steps.
#[inline(always)]
fn accumulate<T: Scalar, S: Simd<T>, const F: usize, const P: usize, X: Copy>(
    simd: S,
    sums: &mut [[S::V; P]; F],
    steps: impl Iterator<Item = X>,
    left: impl Fn(usize, X) -> S::V,
    right: impl Fn(usize, X) -> S::V,
) {
    let mut acc = *sums;
    for step in steps {
        let mut b = [simd.splat(T::zero()); P];
        for p in 0..P {
            b[p] = right(p, step);
        }
        for f in 0..F {
            let a = left(f, step);
            for p in 0..P {
                acc[f][p] = simd.mul_add(a, b[p], acc[f][p]);
            }
        }
    }
    *sums = acc;
}

fn largest(values: impl Iterator<Item = usize>) -> usize {
    values.max().unwrap_or(0)
}

/// `y[f][column] = start + Σ w[f][tap] · x[column + tap]`.
pub(super) struct Sums<'a, T> {
    /// Filters are `y_plane` values apart.
    pub(super) y: &'a Writer<'a, T>,
    pub(super) y_plane: usize,
    pub(super) x: &'a [T],
    /// Filters are `w_step` values apart.
    pub(super) w: &'a [T],
    pub(super) w_step: usize,
    pub(super) taps: &'a [Tap],
    pub(super) filters: Range<usize>,
    pub(super) places: &'a [Place],
    pub(super) start: Start<'a, T>,
    pub(super) end: End<'a, T>,
}

impl<T: Scalar> Kernel<T> for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        if self.filters.is_empty() || self.places.is_empty() {
            return;
        }
        let last = self.filters.end - 1;
        let tap_x = largest(self.taps.iter().map(|tap| tap.x as usize)) * LANES;
        let tap_w = largest(self.taps.iter().map(|tap| tap.w as usize));
        let place_x = largest(self.places.iter().map(|place| place.x));
        let place_y = largest(self.places.iter().map(|place| place.y));
        let y_end = last * self.y_plane + place_y + LANES;
        assert!(y_end <= self.y.0.len, "outputs inside y");
        if let End::Gate(gate) = self.end {
            assert!(y_end <= gate.len(), "outputs inside the gate");
        }
        assert!(self.taps.is_empty() || place_x + tap_x + LANES <= self.x.len(), "inputs inside x");
        assert!(self.taps.is_empty() || last * self.w_step + tap_w < self.w.len(), "weights inside w");
        let mut f = self.filters.start;
        while f < self.filters.end {
            // As many sums as the registers hold, beside the vectors of x and a weight.
            f = match (S::REGISTERS >= 32, self.filters.end - f) {
                (true, 16..) if self.places.len() == 1 => self.rows::<S, 16, 1>(simd, f),
                (true, 8..) => self.rows::<S, 8, 3>(simd, f),
                (true, 6..) => self.rows::<S, 6, 4>(simd, f),
                (true, 4..) => self.rows::<S, 4, 6>(simd, f),
                (false, 6..) => self.rows::<S, 6, 2>(simd, f),
                (false, 4..) => self.rows::<S, 4, 2>(simd, f),
                (_, 2..) => self.rows::<S, 2, 4>(simd, f),
                _ => self.rows::<S, 1, 6>(simd, f),
            };
        }
    }
}

impl<T: Scalar> Sums<'_, T> {
    /// As many blocks of `F` filters as there are from `first` on; returns where they end.
    #[inline(always)]
    fn rows<S: Simd<T>, const F: usize, const P: usize>(&self, simd: S, first: usize) -> usize {
        let filters = first..first + (self.filters.end - first) / F * F;
        let vectors = self.places.len() * LANES / S::WIDTH;
        let whole = vectors / P * P;
        for vector in (0..whole).step_by(P) {
            for f in filters.clone().step_by(F) {
                self.block::<S, F, P>(simd, f, vector);
            }
        }
        for vector in whole..vectors {
            for f in filters.clone().step_by(F) {
                self.block::<S, F, 1>(simd, f, vector);
            }
        }
        filters.end
    }

    /// `P` vectors of places, from one on, for `F` filters.
    #[inline(always)]
    fn block<S: Simd<T>, const F: usize, const P: usize>(&self, simd: S, first: usize, vector: usize) {
        let parts = LANES / S::WIDTH;
        let mut x = [self.x.as_ptr(); P];
        let mut out = [first * self.y_plane; P];
        for p in 0..P {
            let (place, part) = (self.places[(vector + p) / parts], (vector + p) % parts * S::WIDTH);
            x[p] = x[p].wrapping_add(place.x + part);
            out[p] += place.y + part;
        }
        let y = out.map(|out| self.y.0.start.wrapping_add(out));
        let mut sums = [[simd.splat(T::zero()); P]; F];
        match self.start {
            Start::Zero => {}
            Start::Bias(bias) => {
                for f in 0..F {
                    sums[f] = [simd.splat(bias[first + f]); P];
                }
            }
            Start::Carry => {
                for f in 0..F {
                    for p in 0..P {
                        // SAFETY: `run` has checked that every filter's every place is inside y.
                        sums[f][p] = unsafe { simd.load(y[p].add(f * self.y_plane)) };
                    }
                }
            }
        }
        let w = self.w.as_ptr().wrapping_add(first * self.w_step);
        accumulate(
            simd,
            &mut sums,
            self.taps.iter(),
            // SAFETY: `run` has checked that every filter's every tap is inside w.
            |f, tap| simd.splat(unsafe { *w.add(f * self.w_step + tap.w as usize) }),
            // SAFETY: `run` has checked that every place's every tap is inside x.
            |p, tap| unsafe { simd.load(x[p].add(tap.x as usize * LANES)) },
        );
        for f in 0..F {
            for p in 0..P {
                let v = match self.end {
                    End::Plain => sums[f][p],
                    End::Relu => simd.relu(sums[f][p]),
                    End::Gate(gate) => {
                        let at = out[p] + f * self.y_plane;
                        // SAFETY: `run` has checked that every filter's every place is inside the gate.
                        simd.gate(sums[f][p], unsafe { simd.load(gate.as_ptr().add(at)) })
                    }
                };
                // SAFETY: `run` has checked that every filter's every place is inside y.
                unsafe { simd.store(y[p].add(f * self.y_plane), v) };
            }
        }
    }
}

/// `sums[row] = start + Σ over positions and lanes of x[row + position + lane] · panel[(position, lane)]`, where rows
/// have `width` values.
pub(super) struct Outer<'a, T> {
    /// A row of sums for each entry of `rows`: from `first` on, `step` values apart.
    pub(super) sums: &'a Writer<'a, T>,
    pub(super) first: usize,
    pub(super) step: usize,
    /// Whether the sums begin with what they are, or with zero.
    pub(super) carry: bool,
    pub(super) x: &'a [T],
    /// Where each row begins in x.
    pub(super) rows: &'a [u32],
    /// Where each position lies behind a row's beginning.
    pub(super) positions: &'a [u32],
    /// Values of one position, each of which is multiplied with a row of the panel.
    pub(super) lanes: usize,
    /// A row for each position and lane.
    pub(super) panel: &'a [T],
    /// A multiple of [`LANES`].
    pub(super) width: usize,
}

impl<T: Scalar> Kernel<T> for Outer<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        if self.rows.is_empty() {
            return;
        }
        let row = largest(self.rows.iter().map(|&row| row as usize));
        let position = largest(self.positions.iter().map(|&position| position as usize));
        assert!(row + position + self.lanes <= self.x.len(), "inputs inside x");
        assert!(
            self.positions.len() * self.lanes * self.width <= self.panel.len(),
            "values inside the panel"
        );
        let end = self.first + (self.rows.len() - 1) * self.step + self.width;
        assert!(end <= self.sums.0.len, "rows inside the sums");
        assert!(self.width.is_multiple_of(LANES), "a width of {}", self.width);
        let mut column = 0;
        while column < self.width {
            column += S::WIDTH
                * match (S::REGISTERS >= 32, (self.width - column) / S::WIDTH) {
                    (true, 4..) => self.rows::<S, 6, 4>(simd, column),
                    (true, 3) => self.rows::<S, 8, 3>(simd, column),
                    (true, 2) => self.rows::<S, 8, 2>(simd, column),
                    (false, 2..) => self.rows::<S, 6, 2>(simd, column),
                    _ => self.rows::<S, 8, 1>(simd, column),
                };
        }
    }
}

impl<T: Scalar> Outer<'_, T> {
    /// All rows of `P` vectors; returns `P`.
    #[inline(always)]
    fn rows<S: Simd<T>, const F: usize, const P: usize>(&self, simd: S, column: usize) -> usize {
        let whole = self.rows.len() / F * F;
        for first in (0..whole).step_by(F) {
            self.block::<S, F, P>(simd, first, column);
        }
        for first in whole..self.rows.len() {
            self.block::<S, 1, P>(simd, first, column);
        }
        P
    }

    #[inline(always)]
    fn block<S: Simd<T>, const F: usize, const P: usize>(&self, simd: S, first: usize, column: usize) {
        let mut x = [self.x.as_ptr(); F];
        for f in 0..F {
            x[f] = x[f].wrapping_add(self.rows[first + f] as usize);
        }
        let out = self.sums.0.start.wrapping_add(self.first + first * self.step + column);
        let mut sums = [[simd.splat(T::zero()); P]; F];
        if self.carry {
            for f in 0..F {
                for p in 0..P {
                    // SAFETY: `run` has checked that there is a row of sums for each of `rows`; a row is a whole
                    // number of vectors.
                    sums[f][p] = unsafe { simd.load(out.add(f * self.step + p * S::WIDTH)) };
                }
            }
        }
        let mut panel = self.panel.as_ptr().wrapping_add(column);
        for (i, position) in self.positions.iter().enumerate() {
            // The rows of the next position, each on another line, which no processor foresees.
            let next = self.positions[(i + 1).min(self.positions.len() - 1)] as usize;
            for x in x {
                simd.prefetch(x.wrapping_add(next));
            }
            accumulate(
                simd,
                &mut sums,
                0..self.lanes,
                // SAFETY: `run` has checked that every row's every position and lane is inside x.
                |f, lane| simd.splat(unsafe { *x[f].add(*position as usize + lane) }),
                // SAFETY: `run` has checked that the panel has a row for each position and lane.
                |p, lane| unsafe { simd.load(panel.add(lane * self.width + p * S::WIDTH)) },
            );
            panel = panel.wrapping_add(self.lanes * self.width);
        }
        for f in 0..F {
            for p in 0..P {
                // SAFETY: as for the load.
                unsafe { simd.store(out.add(f * self.step + p * S::WIDTH), sums[f][p]) };
            }
        }
    }
}

/// `sums[f][tap] += Σ over positions and lanes of dy[f + position] · x[tap + position]`, for sixteen lanes.
pub(super) struct Inner<'a, T> {
    /// A sum for each filter and tap.
    pub(super) sums: &'a mut [T],
    /// A sum of dy itself for each filter, if wanted.
    pub(super) bias: Option<&'a mut [T]>,
    pub(super) dy: &'a [T],
    /// Filters are so many values apart in dy.
    pub(super) dy_plane: usize,
    pub(super) filters: usize,
    pub(super) x: &'a [T],
    pub(super) taps: &'a [Tap],
    /// Where each position lies in x, in entries of [`LANES`] values; in dy they are one after the other.
    pub(super) positions: &'a [u32],
}

impl<T: Scalar> Kernel<T> for Inner<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let tap = largest(self.taps.iter().map(|tap| tap.x as usize));
        let position = largest(self.positions.iter().map(|&position| position as usize));
        assert!((tap + position + 1) * LANES <= self.x.len(), "inputs inside x");
        let dy = self.filters.saturating_sub(1) * self.dy_plane + self.positions.len() * LANES;
        assert!(dy <= self.dy.len(), "gradients inside dy");
        assert!(self.filters * self.taps.len() <= self.sums.len(), "sums for all filters and taps");
        let mut f = 0;
        while f < self.filters {
            f += match (S::REGISTERS >= 32, self.filters - f) {
                (true, 6..) => self.taps::<S, 6, 4>(simd, f),
                (true, 4..) => self.taps::<S, 4, 6>(simd, f),
                (false, 3..) => self.taps::<S, 3, 3>(simd, f),
                (_, 2..) => self.taps::<S, 2, 4>(simd, f),
                _ => self.taps::<S, 1, 4>(simd, f),
            };
        }
    }
}

impl<T: Scalar> Inner<'_, T> {
    /// All taps of `F` filters; returns `F`.
    #[inline(always)]
    fn taps<S: Simd<T>, const F: usize, const P: usize>(&mut self, simd: S, first: usize) -> usize {
        let whole = self.taps.len() / P * P;
        for tap in (0..whole).step_by(P) {
            self.block::<S, F, P>(simd, first, tap);
        }
        for tap in whole..self.taps.len() {
            if tap + 1 == self.taps.len() && self.bias.is_some() {
                self.last::<S, F>(simd, first, tap);
            } else {
                self.block::<S, F, 1>(simd, first, tap);
            }
        }
        if whole == self.taps.len() && self.bias.is_some() {
            self.last::<S, F>(simd, first, whole);
        }
        F
    }

    /// One tap, if there is one, and the sums of dy itself.
    #[inline(always)]
    fn last<S: Simd<T>, const F: usize>(&mut self, simd: S, first: usize, tap: usize) {
        let zero = simd.splat(T::zero());
        let (mut sums, mut biases) = ([zero; F], [zero; F]);
        for part in (0..LANES).step_by(S::WIDTH) {
            let dy = self.dy.as_ptr().wrapping_add(first * self.dy_plane + part);
            let x = self.taps.get(tap).map(|tap| self.x.as_ptr().wrapping_add(tap.x as usize * LANES + part));
            for (i, position) in self.positions.iter().enumerate() {
                // SAFETY: `run` has checked that every tap's every position is inside x.
                let x = x.map_or(zero, |x| unsafe { simd.load(x.add(*position as usize * LANES)) });
                for f in 0..F {
                    // SAFETY: `run` has checked that every filter's every position is inside dy.
                    let dy = unsafe { simd.load(dy.add(f * self.dy_plane + i * LANES)) };
                    sums[f] = simd.mul_add(dy, x, sums[f]);
                    biases[f] = simd.add(biases[f], dy);
                }
            }
        }
        for f in 0..F {
            if tap < self.taps.len() {
                self.sums[(first + f) * self.taps.len() + tap] += simd.sum(sums[f]);
            }
            if let Some(bias) = &mut self.bias {
                bias[first + f] += simd.sum(biases[f]);
            }
        }
    }

    #[inline(always)]
    fn block<S: Simd<T>, const F: usize, const P: usize>(&mut self, simd: S, first: usize, tap: usize) {
        let mut sums = [[simd.splat(T::zero()); P]; F];
        for part in (0..LANES).step_by(S::WIDTH) {
            let dy = self.dy.as_ptr().wrapping_add(first * self.dy_plane + part);
            let mut x = [self.x.as_ptr(); P];
            for p in 0..P {
                x[p] = x[p].wrapping_add(self.taps[tap + p].x as usize * LANES + part);
            }
            accumulate(
                simd,
                &mut sums,
                self.positions.iter().enumerate(),
                // SAFETY: `run` has checked that every filter's every position is inside dy.
                |f, (i, _)| unsafe { simd.load(dy.add(f * self.dy_plane + i * LANES)) },
                // SAFETY: `run` has checked that every tap's every position is inside x.
                |p, (_, position)| unsafe { simd.load(x[p].add(*position as usize * LANES)) },
            );
        }
        for f in 0..F {
            for p in 0..P {
                self.sums[(first + f) * self.taps.len() + tap + p] += simd.sum(sums[f][p]);
            }
        }
    }
}
