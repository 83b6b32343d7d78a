//! Sums of weights times vectors of inputs.

use std::ops::Range;

use super::{Tap, accumulate, largest};
use crate::kernel::shared::Writer;
use crate::kernel::simd::{Kernel, Simd};
use crate::kernel::{Rectifier, Vectorized};
use crate::tensor::LANES;

/// Offsets of a column of sixteen outputs, in values: of its first tap in x, and of its result in y.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Place {
    pub(crate) x: usize,
    pub(crate) y: usize,
}

/// The initial value of the sums.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a, T> {
    /// Zero.
    Zero,
    /// A value for each filter.
    Bias(&'a [T]),
    /// The value that is in the output.
    Carry,
}

/// The epilogue of a convolution: y = factor·sum + term, then y + residual, then a rectifier, each of them optional. Every step rounds
/// on its own, so the result has the bits of separate passes.
#[derive(Clone, Copy)]
pub struct Finish<'a, T> {
    /// A factor and a term for each filter.
    pub scale: Option<&'a [[T; 2]]>,
    /// Values that are added, with the output's layout.
    pub plus: Option<&'a [T]>,
    /// A rectifier of the results.
    pub rectifier: Option<Rectifier>,
}

impl<T> Finish<'_, T> {
    /// Nothing, or a rectifier alone.
    pub fn rectified(rectifier: Option<Rectifier>) -> Self {
        Finish { scale: None, plus: None, rectifier }
    }
}

impl<T: Vectorized> Finish<'_, T> {
    /// The finished sum of a filter; `plus` is the vector of values to add.
    #[inline(always)]
    pub(crate) fn apply<S: Simd<T>>(
        &self,
        simd: S,
        sum: S::V,
        filter: usize,
        plus: impl FnOnce() -> S::V,
    ) -> S::V {
        let mut v = sum;
        if let Some(scale) = self.scale {
            let [factor, term] = scale[filter];
            // −0 changes no product.
            let product = simd.mul_add(simd.splat(factor), v, simd.splat(-T::zero()));
            v = simd.add(product, simd.splat(term));
        }
        if self.plus.is_some() {
            v = simd.add(v, plus());
        }
        self.rectifier.map_or(v, |rectifier| rectifier.of_vector(simd, v))
    }
}

/// The last operation on the sums before they are written.
#[derive(Clone, Copy)]
pub(crate) enum End<'a, T> {
    /// Nothing.
    Plain,
    /// More of the forward pass.
    Finish(Finish<'a, T>),
    /// The gradient of a rectifier: sums become zero where its slope at these inputs, which have the output's layout, is 0.
    Mask(Rectifier, &'a [T]),
}

impl<'a, T> Start<'a, T> {
    /// The same for the filters from `filter`.
    pub(crate) fn from(self, filter: usize) -> Self {
        match self {
            Start::Bias(bias) => Start::Bias(&bias[filter..]),
            other => other,
        }
    }
}

impl<'a, T> End<'a, T> {
    /// The epilogue for sums that are computed in a buffer of their own: what needs the sums alone, and the rest, which
    /// [`Rest::store`] applies.
    pub(crate) fn split(self) -> (Self, Rest<'a, T>) {
        match self {
            End::Plain | End::Finish(Finish { plus: None, .. }) => (self, Rest::Nothing),
            End::Finish(Finish { scale, plus: Some(plus), rectifier }) => {
                (End::Finish(Finish { scale, plus: None, rectifier: None }), Rest::Residual(plus, rectifier))
            }
            End::Mask(rectifier, x) => (End::Plain, Rest::Mask(rectifier, x)),
        }
    }

    /// The same for the outputs from `output` and the filters from `filter`.
    pub(crate) fn from(self, output: usize, filter: usize) -> Self {
        match self {
            End::Plain => End::Plain,
            End::Finish(Finish { scale, plus, rectifier }) => End::Finish(Finish {
                scale: scale.map(|scale| &scale[filter..]),
                plus: plus.map(|plus| &plus[output..]),
                rectifier,
            }),
            End::Mask(rectifier, x) => End::Mask(rectifier, &x[output..]),
        }
    }

    /// The finished sum of a filter; `beside` loads the vector that [`End::beside_outputs`] has at the output.
    #[inline(always)]
    pub(crate) fn apply<S: Simd<T>>(
        self,
        simd: S,
        sum: S::V,
        filter: usize,
        beside: impl FnOnce(&'a [T]) -> S::V,
    ) -> S::V
    where
        T: Vectorized,
    {
        match self {
            End::Plain => sum,
            End::Finish(finish) => {
                finish.apply(simd, sum, filter, || beside(finish.plus.unwrap_or_default()))
            }
            End::Mask(rectifier, x) => rectifier.backward_of_vector(simd, sum, beside(x)),
        }
    }

    /// The values that are read where an output is written.
    pub(crate) fn beside_outputs(self) -> Option<&'a [T]> {
        match self {
            End::Plain => None,
            End::Finish(Finish { plus, .. }) => plus,
            End::Mask(_, x) => Some(x),
        }
    }
}

/// The part of an epilogue whose operand has the output's layout.
#[derive(Clone, Copy)]
pub(crate) enum Rest<'a, T> {
    Nothing,
    /// A residual that is added, and the rectifier that follows.
    Residual(&'a [T], Option<Rectifier>),
    /// The rectifier whose gradient is computed, and its input.
    Mask(Rectifier, &'a [T]),
}

impl<T: Vectorized> Rest<'_, T> {
    /// Stores sums in y, whose first value has this index in the output; NaN as the register blocks have it.
    #[inline(always)]
    pub(crate) fn store(self, y: &mut [T], sums: &[T], at: usize) {
        y.copy_from_slice(sums);
        self.apply(y, at);
    }

    /// Finishes sums that are stored in y.
    #[inline(always)]
    pub(crate) fn apply(self, y: &mut [T], at: usize) {
        match self {
            Rest::Nothing => {}
            Rest::Residual(residual, rectifier) => {
                for (y, residual) in y.iter_mut().zip(&residual[at..]) {
                    let sum = *y + *residual;
                    *y = rectifier.map_or(sum, |rectifier| rectifier.of(sum));
                }
            }
            Rest::Mask(rectifier, x) => {
                for (y, x) in y.iter_mut().zip(&x[at..]) {
                    *y = rectifier.backward(*y, *x);
                }
            }
        }
    }
}

/// `y[f][column] = start + Σ w[f][tap] · x[column + tap]`.
pub(crate) struct Sums<'a, T> {
    /// Filters are `y_plane` values apart.
    pub(crate) y: &'a Writer<'a, T>,
    pub(crate) y_plane: usize,
    pub(crate) x: &'a [T],
    /// Filters are `w_step` values apart.
    pub(crate) w: &'a [T],
    pub(crate) w_step: usize,
    pub(crate) taps: &'a [Tap],
    /// Values of a position: the unit of the taps' offsets in x.
    pub(crate) lanes: usize,
    pub(crate) filters: Range<usize>,
    pub(crate) places: &'a [Place],
    pub(crate) start: Start<'a, T>,
    pub(crate) end: End<'a, T>,
}

impl<T: Vectorized> Kernel<T> for Sums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        if self.filters.is_empty() || self.places.is_empty() {
            return;
        }
        let last = self.filters.end - 1;
        let tap_x = largest(self.taps.iter().map(|tap| tap.x as usize)) * self.lanes;
        let tap_w = largest(self.taps.iter().map(|tap| tap.w as usize));
        let place_x = largest(self.places.iter().map(|place| place.x));
        let place_y = largest(self.places.iter().map(|place| place.y));
        let y_end = last * self.y_plane + place_y + LANES;
        assert!(y_end <= self.y.len(), "outputs inside y");
        if let Some(values) = self.end.beside_outputs() {
            assert!(y_end <= values.len(), "outputs inside the values that are read with them");
        }
        assert!(self.taps.is_empty() || place_x + tap_x + LANES <= self.x.len(), "inputs inside x");
        assert!(self.taps.is_empty() || last * self.w_step + tap_w < self.w.len(), "weights inside w");
        let mut f = self.filters.start;
        while f < self.filters.end {
            // As many sums as the registers hold, next to the vectors of x and a weight.
            f = match (S::REGISTERS >= 32, self.filters.end - f) {
                (true, 16..) if self.places.len() == 1 => self.rows::<S, 16, 1, 1>(simd, f),
                (true, 8..) => self.rows::<S, 8, 3, 1>(simd, f),
                (true, 6..) => self.rows::<S, 6, 4, 1>(simd, f),
                (true, 4..) => self.rows::<S, 4, 6, 1>(simd, f),
                (true, 3) => self.rows::<S, 3, 8, 3>(simd, f),
                (true, 2) => self.rows::<S, 2, 8, 3>(simd, f),
                (true, _) => self.rows::<S, 1, 12, 4>(simd, f),
                (false, 6..) => self.rows::<S, 6, 2, 1>(simd, f),
                (false, 4..) => self.rows::<S, 4, 2, 1>(simd, f),
                (_, 2..) => self.rows::<S, 2, 4, 1>(simd, f),
                _ => self.rows::<S, 1, 6, 1>(simd, f),
            };
        }
    }
}

impl<T: Vectorized> Sums<'_, T> {
    /// All whole blocks of `F` filters from `first`, with `P` vectors, then `Q`, then one; returns the end of the filters.
    #[inline(always)]
    fn rows<S: Simd<T>, const F: usize, const P: usize, const Q: usize>(
        &self,
        simd: S,
        first: usize,
    ) -> usize {
        let filters = first..first + (self.filters.end - first) / F * F;
        let mut vector = self.blocks::<S, F, P>(simd, filters.clone(), 0);
        if Q > 1 {
            vector = self.blocks::<S, F, Q>(simd, filters.clone(), vector);
        }
        self.blocks::<S, F, 1>(simd, filters.clone(), vector);
        filters.end
    }

    /// Whole blocks of `P` vectors from `vector`; returns the first vector that is left.
    #[inline(always)]
    fn blocks<S: Simd<T>, const F: usize, const P: usize>(
        &self,
        simd: S,
        filters: Range<usize>,
        vector: usize,
    ) -> usize {
        let vectors = self.places.len() * LANES / S::WIDTH;
        let end = vector + (vectors - vector) / P * P;
        for vector in (vector..end).step_by(P) {
            for f in filters.clone().step_by(F) {
                self.block::<S, F, P>(simd, f, vector);
            }
        }
        end
    }

    /// `P` vectors of places from `vector`, for `F` filters from `first`.
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
        let y = out.map(|out| self.y.address(out));
        if !matches!(self.start, Start::Carry) {
            // The lines arrive while the sums are computed.
            for f in 0..F {
                for p in 0..P {
                    simd.prefetch(y[p].wrapping_add(f * self.y_plane));
                }
            }
        }
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
        let mut w = [self.w.as_ptr(); F];
        for f in 0..F {
            w[f] = w[f].wrapping_add((first + f) * self.w_step);
        }
        let offsets = |tap: &Tap| [tap.w as usize, tap.x as usize * self.lanes];
        // SAFETY: `run` has checked that every filter's every tap is inside w, and every place's every tap inside x.
        unsafe { accumulate::<true, _, _, F, P, _>(simd, &mut sums, w, x, self.taps.iter(), offsets) };
        for f in 0..F {
            for p in 0..P {
                let v = self.end.apply(simd, sums[f][p], first + f, |values| {
                    let at = out[p] + f * self.y_plane;
                    // SAFETY: `run` has checked that every filter's every place is inside these values.
                    unsafe { simd.load(values.as_ptr().add(at)) }
                });
                // SAFETY: `run` has checked that every filter's every place is inside y.
                unsafe { simd.store(y[p].add(f * self.y_plane), v) };
            }
        }
    }
}
