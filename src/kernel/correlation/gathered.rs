//! Sums in narrow tiles, where a vector holds several positions: a few columns at a time are gathered into scratch memory.

use std::ops::Range;

use super::{Correlation, Run, index, part};
use crate::kernel::block::{CONTIGUOUS, End, Inner, Place, Rest, Start, Sums, Tap, largest};
use crate::kernel::shared::Writer;
use crate::kernel::simd::{Kernel, Simd};
use crate::kernel::{Exec, Vectorized, values, values_mut, with_lanes};
use crate::tensor::{LANES, Lanes};

/// The most columns gathered at a time, and how many vectors of columns and taps there may be.
pub(super) const GATHERED: usize = 6;
const PANEL: usize = 576;
/// Filters of a column that is computed outside the output.
pub(super) const BESIDE: usize = 64;
/// The most values left over after whole columns that are computed one by one, and the taps of each that are gathered at a time.
pub(super) const LEFT_OVER: usize = 4;
const IN_LINE: usize = 1024;

impl<T: Vectorized> Run<'_, T> {
    /// Computes groups of six columns, each of sixteen values from several positions, of the first `total` values.
    pub(super) fn gathered(&self, columns: Range<usize>, filters: Range<usize>, total: usize) {
        if self.table.in_place && total.is_multiple_of(LANES) {
            return self.sixes(columns, filters, total, &mut []);
        }
        let mut panel = [Lanes::zero(); PANEL + 1];
        self.sixes(columns, filters, total, values_mut(&mut panel));
    }

    /// The same, with scratch memory for inputs that are gathered.
    fn sixes(&self, columns: Range<usize>, filters: Range<usize>, total: usize, panel: &mut [T]) {
        for six in columns {
            let first = six * GATHERED * LANES;
            let outputs = first..total.min(first + GATHERED * LANES);
            // Columns whose sixteen values are contiguous in y. Others are computed outside y and copied.
            let end = first + if self.table.dense { outputs.len() / LANES * LANES } else { 0 };
            if end > first {
                // SAFETY: the tasks of a run differ in filters or columns, and so in every value they touch.
                let y = unsafe { self.y.writer() };
                let y_plane = self.table.y_plane * self.exec.lanes;
                let sums = Sums { y: &y, y_plane, filters: filters.clone(), ..self.sums(self.end) };
                self.columns(first..end, panel, first, sums);
            }
            if end < outputs.end {
                self.beside(end..outputs.end, filters.clone(), panel);
            }
        }
    }

    /// Sums of this pass, without outputs, taps, filters and columns.
    fn sums<'a>(&'a self, end: End<'a, T>) -> Sums<'a, T> {
        let Run { table: Correlation { w_step, .. }, x, w, start, exec: Exec { lanes, .. }, .. } = *self;
        let (y, taps, places) = (const { &Writer::nowhere() }, &[], &[]);
        Sums { y, y_plane: 0, x, w, w_step: *w_step, taps, lanes, filters: 0..0, places, start, end }
    }

    /// Computes the columns of some outputs, counted in values. The first value becomes that with index `y` in the outputs of
    /// `sums`.
    fn columns(&self, outputs: Range<usize>, panel: &mut [T], y: usize, sums: Sums<'_, T>) {
        let (table, lanes) = (self.table, self.exec.lanes);
        let count = outputs.len().div_ceil(LANES);
        // Columns whose inputs are contiguous, because they lie in one row, are read in place.
        let of_column = |c: usize| &table.positions[(outputs.start + c * LANES) / lanes..][..LANES / lanes];
        let in_row =
            |c: usize| of_column(c)[0].x + index(LANES / lanes - 1) == of_column(c)[LANES / lanes - 1].x;
        let in_place = outputs.len() == count * LANES && (0..count).all(in_row);
        let mut places = [Place::default(); GATHERED];
        for (c, place) in places[..count].iter_mut().enumerate() {
            let x = if in_place { of_column(c)[0].x as usize * lanes } else { c * LANES };
            *place = Place { x, y: y + c * LANES };
        }
        let mut segments = [Segment::default(); GATHERED * LANES];
        let segments = if in_place { &[] } else { table.segments(&mut segments, outputs, lanes) };
        let mut steps = [Tap { x: 0, w: 0 }; PANEL];
        // The fewer columns, the longer the stretches of weights that are read.
        let depth = PANEL / count;
        let blocks = table.taps.len().div_ceil(depth).max(1);
        for block in 0..blocks {
            let mut taps = &table.taps[part(table.taps.len(), depth, block)];
            if !in_place {
                T::call(
                    self.exec.isa,
                    Gather { panel: &mut *panel, x: self.x, segments, taps, width: count * LANES, lanes },
                );
                for (k, (step, tap)) in steps.iter_mut().zip(taps).enumerate() {
                    *step = Tap { x: (k * count) as u32, w: tap.w };
                }
                taps = &steps[..taps.len()];
            }
            let sums = Sums {
                x: if in_place { self.x } else { &*panel },
                taps,
                lanes: if in_place { lanes } else { LANES },
                places: &places[..count],
                filters: sums.filters.clone(),
                start: if block == 0 { sums.start } else { Start::Carry },
                end: if block + 1 == blocks { sums.end } else { End::Plain },
                ..sums
            };
            T::call(self.exec.isa, sums);
        }
    }

    /// Computes columns whose values are not contiguous in y, or fewer than sixteen.
    fn beside(&self, outputs: Range<usize>, filters: Range<usize>, panel: &mut [T]) {
        let (end, rest) = self.end.split();
        let mut own = [Lanes::zero(); BESIDE * GATHERED];
        for first in filters.clone().step_by(BESIDE) {
            let filters = first..(first + BESIDE).min(filters.end);
            let sums = Sums {
                y: &Writer::new(values_mut(&mut own)),
                y_plane: GATHERED * LANES,
                w: &self.w[first * self.table.w_step..],
                filters: 0..filters.len(),
                start: self.start.from(first),
                ..self.sums(end.from(0, first))
            };
            self.columns(outputs.clone(), panel, 0, sums);
            self.store(values(&own), GATHERED * LANES, outputs.clone(), filters, rest);
        }
    }

    /// Stores values of some filters, `plane` values apart, as these outputs.
    fn store(
        &self,
        own: &[T],
        plane: usize,
        outputs: Range<usize>,
        filters: Range<usize>,
        rest: Rest<'_, T>,
    ) {
        let (table, lanes) = (self.table, self.exec.lanes);
        let positions = &table.positions[outputs.start / lanes..outputs.end.div_ceil(lanes)];
        with_lanes!(lanes, N => for (filter, own) in filters.zip(own.chunks(plane)) {
            for (position, own) in positions.iter().zip(own.as_chunks::<N>().0) {
                let at = (filter * table.y_plane + position.y as usize) * N;
                // SAFETY: the tasks of a run differ in filters or columns. There is no writer meanwhile.
                rest.store(unsafe { self.y.part(at..at + N) }, own, at);
            }
        });
    }

    /// Computes a few values that are left over after whole columns, each as a product of two vectors: all weights of a filter,
    /// and all inputs of a value.
    pub(super) fn left_over(&self, outputs: Range<usize>, filters: Range<usize>) {
        let (table, lanes, left) = (self.table, self.exec.lanes, outputs.len());
        let mut inputs = [Lanes::zero(); LEFT_OVER * IN_LINE / LANES];
        let mut sums = [T::zero(); LEFT_OVER * BESIDE];
        let sums = &mut sums[..left * filters.len()];
        let w = &self.w[filters.start * table.w_step..];
        let whole = table.taps.len() / LANES * LANES;
        let mut columns = [Tap { x: 0, w: 0 }; LEFT_OVER];
        for (i, column) in columns.iter_mut().enumerate() {
            column.x = index(i * IN_LINE / LANES);
        }
        let first = |q: usize| table.positions[q / lanes].x as usize * lanes + q % lanes;
        for start in (0..whole).step_by(IN_LINE) {
            let taps = &table.taps[start..whole.min(start + IN_LINE)];
            for (q, inputs) in outputs.clone().zip(values_mut(&mut inputs).chunks_exact_mut(IN_LINE)) {
                let first = first(q);
                for (input, tap) in inputs.iter_mut().zip(taps) {
                    *input = self.x[first + tap.x as usize * lanes];
                }
            }
            T::call(
                self.exec.isa,
                Inner {
                    sums: &mut *sums,
                    bias: None,
                    dy: &w[start..],
                    dy_plane: table.w_step,
                    filters: filters.len(),
                    x: values(&inputs),
                    taps: &columns[..left],
                    lanes: LANES,
                    positions: &CONTIGUOUS[..taps.len() / LANES],
                },
            );
        }
        let mut own = [Lanes::zero(); BESIDE];
        for (i, (own, sums)) in own.iter_mut().zip(sums.chunks_exact(left)).enumerate() {
            let weights = &w[i * table.w_step..][whole..table.taps.len()];
            for ((own, sum), q) in own.0.iter_mut().zip(sums).zip(outputs.clone()) {
                let rest = table.taps[whole..].iter().zip(weights);
                let first = first(q);
                let rest = rest.map(|(tap, w)| self.x[first + tap.x as usize * lanes] * *w).sum::<T>();
                *own = *sum + rest;
                if let Start::Bias(bias) = self.start {
                    *own += bias[filters.start + i];
                }
            }
        }
        // The end of the sums alone: there is no tap left.
        let (end, rest) = self.end.split();
        let nothing = Sums {
            y: &Writer::new(values_mut(&mut own)),
            y_plane: LANES,
            filters: 0..filters.len(),
            places: &[Place { x: 0, y: 0 }],
            start: Start::Carry,
            ..self.sums(end.from(0, filters.start))
        };
        T::call(self.exec.isa, nothing);
        self.store(values(&own), LANES, outputs, filters, rest);
    }
}

/// Values that are contiguous in x and in a gathered column.
#[derive(Clone, Copy, Default)]
struct Segment {
    x: usize,
    /// Index in the columns of one tap.
    at: usize,
    len: usize,
}

impl Correlation {
    /// Divides a range of outputs, counted in values, into segments that are contiguous in x.
    fn segments<'a>(&self, room: &'a mut [Segment], outputs: Range<usize>, lanes: usize) -> &'a [Segment] {
        let mut count = 0;
        let mut last = Segment::default();
        let positions = &self.positions[outputs.start / lanes..outputs.end / lanes];
        for (i, position) in positions.iter().enumerate() {
            let x = position.x as usize * lanes;
            // At most as long as one copy.
            if last.len > 0 && last.x + last.len == x && last.len + lanes <= LANES {
                last.len += lanes;
            } else {
                last = Segment { x, at: i * lanes, len: lanes };
                count += 1;
            }
            room[count - 1] = last;
        }
        &room[..count]
    }
}

/// Copies segments of x into a row of columns for each tap.
struct Gather<'a, T> {
    panel: &'a mut [T],
    x: &'a [T],
    segments: &'a [Segment],
    taps: &'a [Tap],
    /// Values of the columns of one tap.
    width: usize,
    lanes: usize,
}

impl<T: Vectorized> Kernel<T> for Gather<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Gather { panel, x, segments, taps, width, lanes } = self;
        let last_tap = largest(taps.iter().map(|tap| tap.x as usize)) * lanes;
        let last = largest(segments.iter().map(|segment| segment.x)) + last_tap;
        let last_to = taps.len() * width + LANES;
        if last + LANES > x.len() || last_to > panel.len() {
            for (k, tap) in taps.iter().enumerate() {
                for Segment { x: from, at, len } in segments {
                    let from = from + tap.x as usize * lanes;
                    panel[k * width + at..][..*len].copy_from_slice(&x[from..from + len]);
                }
            }
            return;
        }
        for (k, tap) in taps.iter().enumerate() {
            let from = x.as_ptr().wrapping_add(tap.x as usize * lanes);
            let to = panel.as_mut_ptr().wrapping_add(k * width);
            for segment in segments {
                // Always sixteen values: the next segment overwrites those that do not belong to this one.
                for part in (0..LANES).step_by(S::WIDTH) {
                    // SAFETY: sixteen values from every segment's every tap are inside x, and a row of the panel and sixteen
                    // values inside the panel; a segment lies in the row.
                    unsafe {
                        let v = simd.load(from.add(segment.x + part));
                        simd.store(to.add(segment.at + part), v);
                    }
                }
            }
        }
    }
}
