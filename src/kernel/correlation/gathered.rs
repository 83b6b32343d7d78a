//! Sums in narrow tiles, where a vector holds several positions: a few columns at a time are gathered into scratch memory.

use std::ops::Range;

use super::{Correlation, Run, index, part};
use crate::kernel::block::{CONTIGUOUS, End, Inner, Place, Start, Sums, Tap};
use crate::kernel::shared::Writer;
use crate::kernel::simd::{Kernel, Simd};
use crate::kernel::{Vectorized, values, values_mut};
use crate::tensor::{LANES, Lanes};

/// Number of columns gathered at a time, and of taps in each.
pub(super) const GATHERED: usize = 6;
const DEPTH: usize = 96;
/// Filters of a column that is computed outside the output.
pub(super) const BESIDE: usize = 64;
/// The most values left over after whole columns that are computed one by one, and the taps of each that are gathered at a time.
pub(super) const LEFT_OVER: usize = 4;
const IN_LINE: usize = 1024;

impl<T: Vectorized> Run<'_, T> {
    /// Computes groups of six columns, each of sixteen values from several positions, of the first `total` values.
    pub(super) fn gathered(&self, columns: Range<usize>, filters: Range<usize>, total: usize) {
        let (table, lanes) = (self.table, self.exec.lanes);
        let plane = table.y_plane * lanes;
        // SAFETY: the tasks of a run differ in filters or columns, and so in every value they touch.
        let y = unsafe { self.y.writer() };
        let mut panel = [Lanes::zero(); DEPTH * GATHERED];
        let panel = values_mut(&mut panel);
        let mut segments = [Segment::default(); GATHERED * LANES];
        let blocks = table.taps.len().div_ceil(DEPTH).max(1);
        for (six, block) in columns.flat_map(|six| (0..blocks).map(move |block| (six, block))) {
            let taps = &table.taps[part(table.taps.len(), DEPTH, block)];
            let mut steps = [Tap { x: 0, w: 0 }; DEPTH];
            for (k, (step, tap)) in steps.iter_mut().zip(taps).enumerate() {
                *step = Tap { x: (k * GATHERED) as u32, w: tap.w };
            }
            let first = six * GATHERED * LANES;
            let columns = (total - first).div_ceil(LANES).min(GATHERED);
            // The sixteen values of these columns are contiguous in y. Other columns are computed outside y and copied.
            let whole = if table.dense { (total - first) / LANES } else { 0 }.min(columns);
            let of_column = |c: usize| &table.positions[(first + c * LANES) / lanes..][..LANES / lanes];
            // Columns whose inputs are contiguous, too, because they lie in one row, are read in place.
            let in_row =
                |c: usize| of_column(c)[0].x + index(LANES / lanes - 1) == of_column(c)[LANES / lanes - 1].x;
            let in_place = whole == columns && (0..columns).all(in_row);
            if !in_place {
                let outputs = first..(first + columns * LANES).min(total);
                let segments = table.segments(&mut segments, outputs, lanes);
                T::call(self.exec.isa, Gather { panel: &mut *panel, x: self.x, segments, taps, lanes });
            }
            let mut places = [Place::default(); GATHERED];
            for (c, place) in places.iter_mut().enumerate() {
                let x = if in_place && c < columns { of_column(c)[0].x as usize * lanes } else { c * LANES };
                *place = Place { x, y: first + c * LANES };
            }
            let sums = Sums {
                y: &y,
                y_plane: plane,
                x: if in_place { self.x } else { &*panel },
                w: self.w,
                w_step: table.w_step,
                taps: if in_place { taps } else { &steps[..taps.len()] },
                lanes: if in_place { lanes } else { LANES },
                filters: filters.clone(),
                places: &places[..whole],
                start: if block == 0 { self.start } else { Start::Carry },
                end: if block + 1 == blocks { self.end } else { End::Plain },
            };
            for c in whole..columns {
                let outputs = first + c * LANES..(first + (c + 1) * LANES).min(total);
                for f in filters.clone().step_by(BESIDE) {
                    self.beside(&sums, c, outputs.clone(), f..(f + BESIDE).min(filters.end));
                }
            }
            T::call(self.exec.isa, sums);
        }
    }

    /// Computes a column whose values are not contiguous in y, or fewer than sixteen.
    fn beside(&self, sums: &Sums<'_, T>, column: usize, outputs: Range<usize>, filters: Range<usize>) {
        let mut own = [Lanes::zero(); BESIDE];
        if matches!(sums.start, Start::Carry) {
            self.pieces(outputs.clone(), filters.clone(), |y, i, lanes, _| {
                own[i].0[lanes].copy_from_slice(y)
            });
        }
        let places = &[Place { x: column * LANES, y: 0 }];
        self.finish(&mut own, Sums { places, filters: filters.clone(), ..*sums }, outputs, filters);
    }

    /// Adds sums to some columns of one filter each, and stores the first values of each.
    fn finish(
        &self,
        own: &mut [Lanes<T>; BESIDE],
        sums: Sums<'_, T>,
        outputs: Range<usize>,
        filters: Range<usize>,
    ) {
        let (end, rest) = sums.end.split();
        T::call(
            self.exec.isa,
            Sums {
                y: &Writer::new(values_mut(own)),
                y_plane: LANES,
                w: &self.w[filters.start * self.table.w_step..],
                filters: 0..filters.len(),
                start: match sums.start {
                    Start::Bias(bias) => Start::Bias(&bias[filters.start..]),
                    other => other,
                },
                end: end.from(0, filters.start),
                ..sums
            },
        );
        self.pieces(outputs, filters, |y, i, lanes, at| rest.store(y, &own[i].0[lanes], at));
    }

    /// Calls `f` with the outputs of each filter and position, the filter's index, their lanes in a column of the filter, and
    /// their index in y.
    fn pieces(
        &self,
        outputs: Range<usize>,
        filters: Range<usize>,
        mut f: impl FnMut(&mut [T], usize, Range<usize>, usize),
    ) {
        let (table, lanes) = (self.table, self.exec.lanes);
        for q in outputs.clone().step_by(lanes) {
            let position = table.positions[q / lanes].y as usize * lanes;
            for (i, filter) in filters.clone().enumerate() {
                let at = filter * table.y_plane * lanes + position;
                // SAFETY: the tasks of a run differ in filters or columns. The writer is not used meanwhile.
                let y = unsafe { self.y.part(at..at + lanes) };
                f(y, i, q - outputs.start..q - outputs.start + lanes, at);
            }
        }
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
        let nothing = Sums {
            y: &Writer::new(&mut []),
            y_plane: LANES,
            x: self.x,
            w: self.w,
            w_step: table.w_step,
            taps: &[],
            lanes: LANES,
            filters: filters.clone(),
            places: &[Place { x: 0, y: 0 }],
            start: Start::Carry,
            end: self.end,
        };
        self.finish(&mut own, nothing, outputs, filters);
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
    lanes: usize,
}

impl<T: Vectorized> Kernel<T> for Gather<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        for (k, tap) in self.taps.iter().enumerate() {
            for segment in self.segments {
                let (from, to) = (segment.x + tap.x as usize * self.lanes, k * GATHERED * LANES + segment.at);
                if from + LANES <= self.x.len() && to + LANES <= self.panel.len() {
                    // Always sixteen values: the next segment overwrites those that do not belong to this one.
                    for part in (0..LANES).step_by(S::WIDTH) {
                        // SAFETY: sixteen values from `from` are inside x, and from `to` inside the panel.
                        unsafe {
                            let v = simd.load(self.x.as_ptr().add(from + part));
                            simd.store(self.panel.as_mut_ptr().add(to + part), v);
                        }
                    }
                } else {
                    self.panel[to..to + segment.len].copy_from_slice(&self.x[from..from + segment.len]);
                }
            }
        }
    }
}
