//! Sums whose inputs are gathered into panels of six columns, with a row for each tap: in narrow tiles, where a vector holds several
//! positions, and of 1×1 kernels whose input planes alias in the first-level cache.
//!
//! Filters are computed in blocks. If there are several, panels lie in scratch memory, gathered once for all blocks: first tasks
//! gather some panels, then tasks compute their sums. With one block a task gathers into memory of its own, which stays in a
//! first-level cache.

use std::ops::Range;

use super::{Correlation, Position, Run, index, part};
use crate::kernel::block::{CONTIGUOUS, End, Inner, Place, Rest, Start, Sums, Tap, largest};
use crate::kernel::shared::{Shared, Writer};
use crate::kernel::simd::{Kernel, Simd};
use crate::kernel::{Exec, Vectorized, values, values_mut, with_lanes};
use crate::tensor::{LANES, Lanes};

/// The most columns gathered at a time, and how many vectors of columns and taps there may be.
const GATHERED: usize = 6;
const PANEL: usize = 576;
/// Filters of a column that is computed outside the output.
const BESIDE: usize = 64;
/// The most values left over after whole columns that are computed one by one, and the taps of each that are gathered at a time.
const LEFT_OVER: usize = 4;
const IN_LINE: usize = 1024;

/// Taps of a task that gathers.
const TAPS: usize = 256;

/// Panels in scratch memory, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Gathered<'a, T> {
    panels: &'a [T],
    /// The first output of the first panel, counted in values.
    first: usize,
}

impl Correlation {
    /// Values left over after whole columns that are computed one by one.
    fn left(&self, lanes: usize) -> usize {
        let left = self.positions.len() * lanes % LANES;
        if self.dense && self.in_line && left <= LEFT_OVER { left } else { 0 }
    }

    /// Blocks of filters.
    fn blocks(&self) -> usize {
        self.filters.div_ceil(self.tiling.filters)
    }

    /// Whether a 1×1 convolution gathers inputs that could be read in place. Planes that are a multiple of 512 bytes apart lie in few
    /// sets of a first-level cache, which holds less of them than fits into it; and of many planes each has a page of its own.
    pub(super) fn packs(&self, lanes: usize) -> bool {
        const MANY: usize = 512;
        let aliases = (self.x_plane * lanes * size_of::<f32>()).is_multiple_of(512);
        let pointwise = self.contiguous && self.dense && self.taps.len() == self.channels;
        pointwise && (aliases || self.channels >= MANY && self.blocks() > 1)
    }

    /// Whether the inputs of all positions are read where they lie.
    fn in_place(&self, lanes: usize) -> bool {
        self.contiguous && !self.packs(lanes)
    }

    /// The number of panels, and how many of them lie in scratch memory at a time: 0 if tasks gather their own, or none.
    fn panels(&self, lanes: usize) -> [usize; 2] {
        let total = self.positions.len() * lanes - self.left(lanes);
        let panels = total.div_ceil(LANES * GATHERED);
        let shared = panels > 0 && !self.in_place(lanes) && self.blocks() > 1 && !self.taps.is_empty();
        let together = if shared { (self.tiling.gathered / self.panel_len()).clamp(1, panels) } else { 0 };
        [panels, together]
    }

    /// Entries of a panel.
    fn panel_len(&self) -> usize {
        GATHERED * self.taps.len()
    }

    /// Entries of scratch memory for the panels of a tile.
    pub(in crate::kernel) fn room(&self) -> usize {
        let lanes = [1, 2, 4, 8, LANES].into_iter().filter(|lanes| *lanes < LANES || self.packs(LANES));
        largest(lanes.map(|lanes| self.panels(lanes)[1])) * self.panel_len()
    }

    /// Computes passes, each of a group and a tile, with panels.
    pub(super) fn run_in_panels<'a, T: Vectorized>(
        &self,
        pass: impl Fn(usize) -> Run<'a, T> + Sync,
        passes: usize,
        room: &mut [T],
        exec: Exec,
    ) {
        let (left, [panels, together], blocks) =
            (self.left(exec.lanes), self.panels(exec.lanes), self.blocks());
        if together == 0 {
            // A single thread runs one task for each block, so that memory is cleared once; several share at most 64.
            let together = if exec.parallel { panels.div_ceil(64) } else { panels }.max(1);
            let parts = panels.div_ceil(together);
            let tasks = (parts + usize::from(left > 0)) * blocks;
            return exec.each(passes * tasks, |task| {
                let (pass, task) = (pass(task / tasks), task % tasks);
                pass.block(
                    task % blocks,
                    (task / blocks < parts).then(|| part(panels, together, task / blocks)),
                );
            });
        }
        for number in 0..passes {
            let pass = pass(number);
            for number in 0..panels.div_ceil(together) {
                let panels_of = part(panels, together, number);
                let first = panels_of.start * GATHERED * LANES;
                pass.gather(panels_of.clone(), room);
                let pass = Run { gathered: Some(Gathered { panels: room, first }), ..pass };
                // Block by block, so that a thread finds the weights in its second-level cache.
                let tasks = panels_of.len() + usize::from(left > 0 && panels_of.end == panels);
                exec.each(blocks * tasks, |task| {
                    let panel = panels_of.start + task % tasks;
                    pass.block(task / tasks, (panel < panels_of.end).then_some(panel..panel + 1));
                });
            }
        }
    }
}

impl<T: Vectorized> Run<'_, T> {
    /// Gathers panels.
    fn gather(&self, panels: Range<usize>, room: &mut [T]) {
        let (table, lanes) = (self.table, self.exec.lanes);
        let (len, room) = (table.panel_len() * LANES, Shared::new(room));
        let parts = table.taps.len().div_ceil(TAPS);
        self.exec.each(panels.len() * parts, |task| {
            let (number, taps) = (task / parts, part(table.taps.len(), TAPS, task % parts));
            for outputs in self.columns_of(panels.start + number) {
                if outputs.is_empty() || self.is_in_place(&outputs) {
                    continue;
                }
                let width = outputs.len().next_multiple_of(LANES);
                let before = outputs.start - (panels.start + number) * GATHERED * LANES;
                let start = number * len + before * table.taps.len();
                // SAFETY: tasks differ in the panel or in the taps, each of which has a row of its own.
                let panel = unsafe { room.part(start + taps.start * width..start + taps.end * width) };
                let mut segments = [Segment::default(); GATHERED * LANES];
                let segments = table.segments(&mut segments, outputs, lanes);
                let taps = &table.taps[taps.clone()];
                T::call(self.exec.isa, Gather { panel, x: self.x, segments, taps, width, lanes });
            }
        });
    }

    /// Computes a block of filters: some panels, or the values left over.
    fn block(&self, block: usize, panels: Option<Range<usize>>) {
        let table = self.table;
        let first = block * table.tiling.filters;
        let filters = first..(first + table.tiling.filters).min(table.filters);
        let total = table.positions.len() * self.exec.lanes;
        let Some(panels) = panels else {
            let outputs = total - table.left(self.exec.lanes)..total;
            return filters.clone().step_by(BESIDE).for_each(|f| {
                self.left_over(outputs.clone(), f..(f + BESIDE).min(filters.end));
            });
        };
        let in_place = table.in_place(self.exec.lanes) && total.is_multiple_of(LANES);
        if in_place || self.gathered.is_some() {
            return self.columns_of_panels(panels, filters, &mut []);
        }
        let mut panel = [Lanes::zero(); PANEL];
        self.columns_of_panels(panels, filters, values_mut(&mut panel));
    }

    /// The outputs of six columns, counted in values: those of whole columns whose sixteen values are contiguous in y, and the others,
    /// which are computed outside y and copied.
    fn columns_of(&self, panel: usize) -> [Range<usize>; 2] {
        let (table, lanes) = (self.table, self.exec.lanes);
        let first = panel * GATHERED * LANES;
        let end = (table.positions.len() * lanes - table.left(lanes)).min(first + GATHERED * LANES);
        let whole = first + if table.dense { (end - first) / LANES * LANES } else { 0 };
        [first..whole, whole..end]
    }

    /// Computes the columns of panels, with memory for inputs that have not been gathered.
    fn columns_of_panels(&self, panels: Range<usize>, filters: Range<usize>, panel: &mut [T]) {
        for number in panels {
            let [outputs, others] = self.columns_of(number);
            if !outputs.is_empty() {
                // SAFETY: the tasks of a run differ in filters or columns, and so in every value they touch.
                let y = unsafe { self.y.writer() };
                let y_plane = self.table.y_plane * self.exec.lanes;
                let sums = Sums { y: &y, y_plane, filters: filters.clone(), ..self.sums(self.end) };
                let first = outputs.start;
                self.columns(outputs, panel, first, sums);
            }
            if !others.is_empty() {
                self.beside(others, filters.clone(), panel);
            }
        }
    }

    /// Sums of this pass, without outputs, taps, filters and columns.
    fn sums<'a>(&'a self, end: End<'a, T>) -> Sums<'a, T> {
        let Run { table: Correlation { w_step, .. }, x, w, start, exec: Exec { lanes, .. }, .. } = *self;
        let (y, taps, places) = (const { &Writer::nowhere() }, &[], &[]);
        Sums { y, y_plane: 0, x, w, w_step: *w_step, taps, lanes, filters: 0..0, places, start, end }
    }

    /// Whether the inputs of each column are contiguous, because they lie in one row, so that they are read in place.
    fn is_in_place(&self, outputs: &Range<usize>) -> bool {
        let (table, together) = (self.table, LANES / self.exec.lanes);
        let positions = &table.positions[outputs.start / self.exec.lanes..outputs.end / self.exec.lanes];
        let in_row = |column: &[Position]| column[0].x + index(together - 1) == column[together - 1].x;
        !table.packs(self.exec.lanes)
            && outputs.len().is_multiple_of(LANES)
            && positions.chunks_exact(together).all(in_row)
    }

    /// Computes the columns of some outputs, counted in values. The first value becomes that with index `y` in the outputs of
    /// `sums`.
    fn columns(&self, outputs: Range<usize>, panel: &mut [T], y: usize, sums: Sums<'_, T>) {
        let (table, lanes) = (self.table, self.exec.lanes);
        let count = outputs.len().div_ceil(LANES);
        let in_place = self.is_in_place(&outputs);
        let mut places = [Place::default(); GATHERED];
        for (c, place) in places[..count].iter_mut().enumerate() {
            let position = &table.positions[(outputs.start + c * LANES) / lanes];
            let x = if in_place { position.x as usize * lanes } else { c * LANES };
            *place = Place { x, y: y + c * LANES };
        }
        let gathered = self.gathered.filter(|_| !in_place);
        let first = gathered.map_or(0, |gathered| (outputs.start - gathered.first) * table.taps.len());
        let mut segments = [Segment::default(); GATHERED * LANES];
        let segments =
            if in_place || gathered.is_some() { &[] } else { table.segments(&mut segments, outputs, lanes) };
        let mut steps = [Tap { x: 0, w: 0 }; PANEL];
        // The fewer columns, the longer the stretches of weights that are read.
        let depth = PANEL / count;
        let blocks = table.taps.len().div_ceil(depth).max(1);
        for block in 0..blocks {
            let of_block = part(table.taps.len(), depth, block);
            let start = first + of_block.start * count * LANES;
            let mut taps = &table.taps[of_block];
            if !in_place {
                let width = count * LANES;
                if gathered.is_none() {
                    let panel = &mut panel[..taps.len() * width];
                    T::call(self.exec.isa, Gather { panel, x: self.x, segments, taps, width, lanes });
                }
                for (k, (step, tap)) in steps.iter_mut().zip(taps).enumerate() {
                    *step = Tap { x: (k * count) as u32, w: tap.w };
                }
                taps = &steps[..taps.len()];
            }
            let sums = Sums {
                x: match gathered {
                    _ if in_place => self.x,
                    Some(Gathered { panels, .. }) => &panels[start..],
                    None => &*panel,
                },
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
        let exact = |panel: &mut [T], taps: &[Tap]| {
            for (panel, tap) in panel.chunks_exact_mut(width).zip(taps) {
                for Segment { x: from, at, len } in segments {
                    let from = from + tap.x as usize * lanes;
                    panel[*at..at + len].copy_from_slice(&x[from..from + len]);
                }
            }
        };
        let last_tap = largest(taps.iter().map(|tap| tap.x as usize)) * lanes;
        let last = largest(segments.iter().map(|segment| segment.x)) + last_tap;
        let last_at = largest(segments.iter().map(|segment| segment.at));
        if taps.is_empty() || last + LANES > x.len() || last_at >= width || taps.len() * width > panel.len() {
            return exact(panel, taps);
        }
        let (last_tap, taps) = taps.split_last().expect("a tap");
        for (k, tap) in taps.iter().enumerate() {
            let from = x.as_ptr().wrapping_add(tap.x as usize * lanes);
            let to = panel.as_mut_ptr().wrapping_add(k * width);
            for segment in segments {
                // Always sixteen values: the next segment overwrites those that do not belong to this one.
                for part in (0..LANES).step_by(S::WIDTH) {
                    // SAFETY: sixteen values from every segment's every tap are inside x. A segment starts in its row of the
                    // panel, and another row of at least sixteen values follows.
                    unsafe {
                        let v = simd.load(from.add(segment.x + part));
                        simd.store(to.add(segment.at + part), v);
                    }
                }
            }
        }
        // Nothing is written beyond the last row, but into its first values.
        exact(&mut panel[taps.len() * width..], std::slice::from_ref(last_tap));
    }
}
