//! Sums over a window at every position: the forward pass of a convolution and, with other tables, the backward pass.
//!
//! This is an implicit im2col: a table of offsets into the padded input replaces the column matrix.

mod gathered;

use std::ops::Range;

use self::gathered::Gathered;
use super::block::{End, Place, Start, Sums, Tap};
use super::conv::{Tiling, WindowAxis};
use super::shared::Shared;
use super::{Exec, values_mut};
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
    /// Entries of a padded input plane, and whether the inputs of all positions are contiguous.
    x_plane: usize,
    contiguous: bool,
    /// Whether the weights of all taps are contiguous.
    in_line: bool,
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
        let taps_of_all = taps(&rows.taps, &columns.taps);
        Correlation {
            groups,
            channels,
            filters,
            w_step,
            x_tile: groups * channels * rows.padded * columns.padded,
            y_tile: groups * filters * y_plane,
            y_plane,
            x_plane: rows.padded * columns.padded,
            contiguous: positions.windows(2).all(|pair| pair[1].x == pair[0].x + 1),
            dense: positions.iter().enumerate().all(|(i, position)| position.y as usize == i),
            positions,
            in_line: taps_of_all.iter().enumerate().all(|(i, tap)| tap.w as usize == i),
            taps: taps_of_all,
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

    /// y = sums over windows of x, with [`Correlation::room`] entries of scratch memory.
    pub(super) fn run<T: Vectorized>(
        &self,
        y: Shared<'_, T>,
        x: &[T],
        w: &[T],
        start: Start<'_, T>,
        end: End<'_, T>,
        room: &mut [Lanes<T>],
        exec: Exec,
        tiles: usize,
    ) {
        let one = |number: usize, tiles: usize| {
            let [x_first, y_first] =
                [self.x_tile, self.y_tile].map(|tile| tile / self.groups * number * exec.lanes);
            let group = number % self.groups;
            Run {
                table: self,
                y: y.from(y_first),
                x: &x[x_first..],
                w: &w[w.len() / self.groups * group..],
                start: start.from(group * self.filters),
                end: end.from(y_first, group * self.filters),
                gathered: None,
                exec,
                tiles,
            }
        };
        let group = |group: usize| one(group, tiles);
        if exec.lanes == LANES && !self.packs(LANES) {
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
            self.run_in_panels(|number| one(number, 1), self.groups * tiles, values_mut(room), exec);
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
    /// Inputs that have been gathered.
    gathered: Option<Gathered<'a, T>>,
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
}
