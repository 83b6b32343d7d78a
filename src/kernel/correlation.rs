//! Sums over a window at every position: the forward pass of a convolution and, with other tables, the backward pass.
//!
//! This is an implicit im2col: a table of offsets into the padded input replaces the column matrix. In narrow tiles, where a
//! vector holds several positions, a few columns at a time are gathered into scratch memory.

use std::ops::Range;

use super::Exec;
use super::block::{End, Place, Start, Sums, Tap};
use super::conv::{Tiling, WindowAxis};
use super::shared::{Shared, Writer};
use super::simd::{Kernel, Simd};
use crate::kernel::Vectorized;
use crate::tensor::{LANES, Lanes};

/// Positions that use the same taps: their other taps read only padding.
struct Band {
    positions: Vec<Position>,
    taps: Vec<Tap>,
}

/// Sums over windows, with their tables.
pub(super) struct Correlation {
    /// Groups of channels and filters. The tables are those of the first group.
    groups: usize,
    /// Channels and filters of a group.
    channels: usize,
    filters: usize,
    /// Weights between one filter and the next.
    w_step: usize,
    /// Entries of a padded input tile, an output tile and an output plane.
    x_tile: usize,
    y_tile: usize,
    y_plane: usize,
    /// Input and output offset of each position, in entries.
    positions: Vec<Position>,
    /// Whether the outputs of all positions are contiguous.
    dense: bool,
    /// All taps, channel by channel.
    taps: Vec<Tap>,
    bands: Vec<Band>,
    /// Channels whose input around a few positions fits a first-level cache.
    channels_together: usize,
    tiling: Tiling,
}

#[derive(Clone, Copy)]
struct Position {
    x: u32,
    y: u32,
}

/// Positions of a row that are computed together in most register blocks.
const TOGETHER: usize = 4;
/// Output columns of sixteen values in a task.
const COLUMNS: usize = 96;
/// Number of columns gathered at a time, and of taps in each.
const GATHERED: usize = 6;
const DEPTH: usize = 96;
/// Filters of a column that is computed outside the output.
const BESIDE: usize = 64;

pub(super) fn index(i: usize) -> u32 {
    u32::try_from(i).expect("fewer than 2^32 weights and positions")
}

impl Correlation {
    /// Computes the tables for `channels` input channels and `filters` in each group. `weight` returns the index of a weight
    /// of the group's first filter, given its channel, row and column in the kernel.
    pub(super) fn new(
        groups: usize,
        [channels, filters]: [usize; 2],
        [rows, columns]: [&WindowAxis; 2],
        w_step: usize,
        weight: impl Fn(usize, usize, usize) -> usize,
        tiling: Tiling,
    ) -> Self {
        let taps = |rows_live: &[(usize, usize)], columns_live: &[(usize, usize)]| {
            let mut taps = Vec::with_capacity(channels * rows_live.len() * columns_live.len());
            for c in 0..channels {
                for &(ky, y) in rows_live {
                    for &(kx, x) in columns_live {
                        let x = (c * rows.padded + y) * columns.padded + columns.place(x);
                        taps.push(Tap { x: index(x), w: index(weight(c, ky, kx)) });
                    }
                }
            }
            taps
        };
        let block = |rows_of: Range<usize>, columns_of: Range<usize>| -> Vec<Position> {
            let position = |r: usize, c: usize| Position {
                x: index(r * rows.step * columns.padded + columns.place(c * columns.step)),
                y: index(rows.outputs[r] * columns.output + columns.outputs[c]),
            };
            rows_of.flat_map(|r| columns_of.clone().map(move |c| position(r, c))).collect()
        };
        let positions = block(0..rows.outputs.len(), 0..columns.outputs.len());
        let mut bands = Vec::new();
        let column_spans = columns.spans(TOGETHER);
        for row in rows.spans(1) {
            for column in &column_spans {
                bands.push(Band {
                    positions: block(row.positions.clone(), column.positions.clone()),
                    taps: taps(&row.taps, &column.taps),
                });
            }
        }
        let lines = rows.taps.len() * (columns.taps.len() + 3);
        let y_plane = rows.output * columns.output;
        Correlation {
            groups,
            channels,
            filters,
            w_step,
            x_tile: groups * channels * rows.padded * columns.padded,
            y_tile: groups * filters * y_plane,
            y_plane,
            dense: positions.iter().enumerate().all(|(i, position)| position.y as usize == i),
            positions,
            taps: taps(&rows.taps, &columns.taps),
            bands,
            channels_together: (tiling.lines / lines.max(1)).max(1),
            tiling,
        }
    }

    /// Input offset of a position, in entries.
    pub(super) fn input(&self, position: usize) -> u32 {
        self.positions[position].x
    }

    pub(super) fn taps(&self) -> &[Tap] {
        &self.taps
    }

    /// y = sums over windows of x.
    pub(super) fn run<T: Vectorized>(
        &self,
        y: Shared<'_, T>,
        x: &[T],
        w: &[T],
        start: Start<'_, T>,
        end: End<'_, T>,
        exec: Exec,
        tiles: usize,
    ) {
        let group = |group: usize| {
            let [x_first, y_first] =
                [self.x_tile, self.y_tile].map(|tile| tile / self.groups * group * exec.lanes);
            Run {
                table: self,
                y: y.from(y_first),
                x: &x[x_first..],
                w: &w[w.len() / self.groups * group..],
                start: start.from(group * self.filters),
                end: end.from(y_first, group * self.filters),
                exec,
                tiles,
            }
        };
        if exec.lanes == LANES {
            let tasks: usize = self.bands.iter().map(|band| group(0).tasks(band)).sum();
            exec.each(self.groups * tasks, |task| {
                let (pass, mut task) = (group(task / tasks), task % tasks);
                for band in &self.bands {
                    let tasks = pass.tasks(band);
                    if task < tasks {
                        return pass.task(band, task);
                    }
                    task -= tasks;
                }
            });
        } else {
            let columns = (self.positions.len() * exec.lanes).div_ceil(LANES * GATHERED);
            let filters = self.tiling.filters;
            let blocks = self.filters.div_ceil(filters);
            // A single thread runs one task, so that buffers are cleared once.
            let together = if exec.parallel { 1 } else { columns };
            let tasks = columns.div_ceil(together) * blocks;
            exec.each(self.groups * tasks, |task| {
                let (pass, task) = (group(task / tasks), task % tasks);
                let first = task % blocks * filters;
                let columns = part(columns, together, task / blocks);
                pass.gathered(columns, first..(first + filters).min(self.filters));
            });
        }
    }
}

/// One pass over some tiles.
struct Run<'a, T> {
    table: &'a Correlation,
    y: Shared<'a, T>,
    x: &'a [T],
    w: &'a [T],
    start: Start<'a, T>,
    end: End<'a, T>,
    exec: Exec,
    tiles: usize,
}

/// Part `number` of `0..len`, divided into parts of nearly equal size, at most `size` each.
pub(super) fn part(len: usize, size: usize, number: usize) -> Range<usize> {
    let parts = len.div_ceil(size).max(1);
    number * len / parts..(number + 1) * len / parts
}

impl<T: Vectorized> Run<'_, T> {
    /// Number of tiles and positions in a task: some positions of one tile, or all positions of some tiles.
    fn cut(&self, band: &Band) -> [usize; 2] {
        let columns = self.table.tiling.columns.min(COLUMNS);
        let positions = band.positions.len();
        [(columns / positions).clamp(1, self.tiles), columns.min(positions)]
    }

    fn tasks(&self, band: &Band) -> usize {
        let [tiles, positions] = self.cut(band);
        self.tiles.div_ceil(tiles)
            * band.positions.len().div_ceil(positions)
            * self.table.filters.div_ceil(self.table.tiling.filters)
    }

    fn task(&self, band: &Band, task: usize) {
        let table = self.table;
        let [tiles, positions] = self.cut(band);
        let filter_parts = table.filters.div_ceil(table.tiling.filters);
        let position_parts = band.positions.len().div_ceil(positions);
        let first = task % filter_parts * table.tiling.filters;
        let filters = first..(first + table.tiling.filters).min(table.filters);
        let positions = part(band.positions.len(), positions, task / filter_parts % position_parts);
        let tiles = part(self.tiles, tiles, task / filter_parts / position_parts);

        let mut places = [Place::default(); COLUMNS];
        let mut columns = 0;
        for tile in tiles {
            for position in &band.positions[positions.clone()] {
                places[columns] = Place {
                    x: (tile * table.x_tile + position.x as usize) * LANES,
                    y: (tile * table.y_tile + position.y as usize) * LANES,
                };
                columns += 1;
            }
        }
        // SAFETY: the tasks of a run differ in filters, positions or tiles, and so in every value they touch.
        let y = unsafe { self.y.writer() };
        let per_channel = band.taps.len() / table.channels;
        let blocks = table.channels.div_ceil(table.channels_together);
        for block in 0..blocks {
            let channels = part(table.channels, table.channels_together, block);
            T::call(
                self.exec.isa,
                Sums {
                    y: &y,
                    y_plane: table.y_plane * LANES,
                    x: self.x,
                    w: self.w,
                    w_step: table.w_step,
                    taps: &band.taps[channels.start * per_channel..channels.end * per_channel],
                    lanes: LANES,
                    filters: filters.clone(),
                    places: &places[..columns],
                    start: if block == 0 { self.start } else { Start::Carry },
                    end: if block + 1 == blocks { self.end } else { End::Plain },
                },
            );
        }
    }

    /// Computes groups of six columns, each of sixteen values from several positions.
    fn gathered(&self, columns: Range<usize>, filters: Range<usize>) {
        let (table, lanes) = (self.table, self.exec.lanes);
        let total = table.positions.len() * lanes;
        let plane = table.y_plane * lanes;
        // SAFETY: the tasks of a run differ in filters or columns, and so in every value they touch.
        let y = unsafe { self.y.writer() };
        let mut panel = [Lanes::zero(); DEPTH * GATHERED];
        let panel = super::values_mut(&mut panel);
        let mut segments = [Segment::default(); GATHERED * LANES];
        let blocks = table.taps.len().div_ceil(DEPTH).max(1);
        for (block, six) in (0..blocks).flat_map(|block| columns.clone().map(move |six| (block, six))) {
            let taps = &table.taps[part(table.taps.len(), DEPTH, block)];
            let mut steps = [Tap { x: 0, w: 0 }; DEPTH];
            for (k, (step, tap)) in steps.iter_mut().zip(taps).enumerate() {
                *step = Tap { x: (k * GATHERED) as u32, w: tap.w };
            }
            let first = six * GATHERED * LANES;
            let columns = (total - first).div_ceil(LANES).min(GATHERED);
            let segments = table.segments(&mut segments, first..(first + columns * LANES).min(total), lanes);
            T::call(self.exec.isa, Gather { panel: &mut *panel, x: self.x, segments, taps, lanes });
            // The sixteen values of these columns are contiguous in y. Other columns are computed outside y and copied.
            let whole = if table.dense { (total - first) / LANES } else { 0 }.min(columns);
            let mut places = [Place::default(); GATHERED];
            for (c, place) in places.iter_mut().enumerate() {
                *place = Place { x: c * LANES, y: first + c * LANES };
            }
            let sums = Sums {
                y: &y,
                y_plane: plane,
                x: &*panel,
                w: self.w,
                w_step: table.w_step,
                taps: &steps[..taps.len()],
                lanes: LANES,
                filters: filters.clone(),
                places: &places[..whole],
                start: if block == 0 { self.start } else { Start::Carry },
                end: if block + 1 == blocks { self.end } else { End::Plain },
            };
            for c in whole..columns {
                for f in filters.clone().step_by(BESIDE) {
                    self.beside(&sums, c, first + c * LANES, f..(f + BESIDE).min(filters.end));
                }
            }
            T::call(self.exec.isa, sums);
        }
    }

    /// Computes a column whose values are not contiguous in y, or fewer than sixteen.
    fn beside(&self, sums: &Sums<'_, T>, column: usize, first: usize, filters: Range<usize>) {
        let (table, lanes) = (self.table, self.exec.lanes);
        let total = table.positions.len() * lanes;
        let mut own = [Lanes::zero(); BESIDE];
        let pieces = (first..(first + LANES).min(total)).step_by(lanes).flat_map(|q| {
            let at = table.positions[q / lanes].y as usize * lanes;
            filters.clone().enumerate().map(move |(i, f)| (i, q - first, f * sums.y_plane + at))
        });
        if matches!(sums.start, Start::Carry) {
            for (i, lane, at) in pieces.clone() {
                // SAFETY: as for the writer, which is not used meanwhile.
                let piece = unsafe { self.y.part(at..at + lanes) };
                own[i].0[lane..lane + lanes].copy_from_slice(piece);
            }
        }
        let (end, rest) = sums.end.split();
        T::call(
            self.exec.isa,
            Sums {
                y: &Writer::new(super::values_mut(&mut own)),
                y_plane: LANES,
                w: &self.w[filters.start * table.w_step..],
                filters: 0..filters.len(),
                places: &[Place { x: column * LANES, y: 0 }],
                start: match sums.start {
                    Start::Bias(bias) => Start::Bias(&bias[filters.start..]),
                    other => other,
                },
                end: end.from(0, filters.start),
                ..*sums
            },
        );
        for (i, lane, at) in pieces {
            // SAFETY: as for the writer, which is not used meanwhile.
            let piece = unsafe { self.y.part(at..at + lanes) };
            rest.store(piece, &own[i].0[lane..lane + lanes], at);
        }
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
