//! The gradient of weights and biases, by one of the sums in [`weights`].

use super::{Conv, Direct, Geometry, Tables};
use crate::kernel::Vectorized;
use crate::kernel::shared::Shared;
use crate::kernel::weights::{self, Order, Planes, RowOperand};
use crate::kernel::{Exec, vectorized};
use crate::tensor::{LANES, Lanes};

/// With at most this many filters, or weights of a filter, the weight gradient keeps a vector of samples for each weight.
const FEW_FILTERS: usize = 16;
const FEW_WEIGHTS: usize = 32;

/// With at least this many groups, each group is a task of its own.
const MANY_GROUPS: usize = 4;

/// Content of a vector in the weight gradient.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// Samples, for both factors.
    Inner,
    /// Filters.
    Filters,
    /// Channels.
    Channels,
}

impl Conv {
    /// dw and db = the gradients of weights and biases, summed over all tiles; db is left out without a bias.
    pub fn backward_weights<T: Vectorized>(
        &self,
        dw: &mut [T],
        db: Option<&mut [T]>,
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let (tiles, x) = self.input(x, exec);
        let (_, dy) = self.output(dy, exec);
        if tiles == 0 {
            dw.fill(T::zero());
            db.unwrap_or_default().fill(T::zero());
            return;
        }
        let Geometry { output: [filters, ..], groups, .. } = self.geometry;
        let direct = match &self.tables {
            Tables::Depthwise([forward, _]) => {
                forward.backward_weights(dw, dy, x, scratch, exec, tiles);
                return db.into_iter().for_each(|db| plane_sums(db, dy, self.geometry.output, exec, tiles));
            }
            Tables::Direct(direct) => direct,
        };
        if let Some([pass, _]) = self.transformed(0, tiles, exec) {
            pass.backward_weights(dw, dy, x, scratch, exec, tiles);
            return db.into_iter().for_each(|db| plane_sums(db, dy, self.geometry.output, exec, tiles));
        }
        let (padding, panels) = scratch.split_at_mut(tiles * direct.x.scratch());
        let x = direct.x.of(x, padding, exec);
        let of_group = [dw.len() / groups, filters / groups];
        if matches!(self.weight_form(exec.lanes), Form::Inner) {
            // Many groups run in parallel; few run one after the other, each in parallel.
            let many = groups >= MANY_GROUPS;
            let of_one = Exec { parallel: exec.parallel && !many, ..exec };
            let (has_bias, db) = (db.is_some(), Shared::new(db.unwrap_or_default()));
            let run = |group: usize, dw: &mut [T]| {
                // SAFETY: each group has one task, and filters of its own.
                let db = has_bias.then(|| unsafe { db.part(group * of_group[1]..(group + 1) * of_group[1]) });
                self.inner_group(direct, dw, db, dy, x, group, of_one, tiles);
            };
            return Exec { parallel: exec.parallel && many, ..exec }.each_chunk(dw, of_group[0], run);
        }
        for (group, dw) in dw.chunks_exact_mut(of_group[0]).enumerate() {
            self.outer_group(direct, dw, dy, x, panels, group, exec, tiles);
        }
        if let Some(db) = db {
            plane_sums(db, dy, self.geometry.output, exec, tiles);
        }
    }

    /// The gradient of a group's weights and biases, with vectors of samples.
    fn inner_group<T: Vectorized>(
        &self,
        direct: &Direct,
        dw: &mut [T],
        db: Option<&mut [T]>,
        dy: &[T],
        x: &[T],
        group: usize,
        exec: Exec,
        tiles: usize,
    ) {
        let Geometry { output: [all, oh, ow], groups, .. } = self.geometry;
        let (area, filters) = (oh * ow, all / groups);
        weights::inner(
            dw,
            db,
            (&dy[group * filters * area * LANES..], Planes { count: filters, plane: area, tile: all * area }),
            (&x[group * direct.x.tile() / groups * LANES..], direct.x.tile()),
            direct.forward.taps(),
            |p| direct.forward.input(p),
            area,
            self.tiling,
            exec,
            tiles,
        );
    }

    /// The gradient of a group's weights, with vectors of filters or channels.
    fn outer_group<T: Vectorized>(
        &self,
        direct: &Direct,
        dw: &mut [T],
        dy: &[T],
        x: &[T],
        panels: &mut [Lanes<T>],
        group: usize,
        exec: Exec,
        tiles: usize,
    ) {
        let Geometry { output: [all, oh, ow], groups, .. } = self.geometry;
        let ([channels, filters], area, lanes) = (self.geometry.of_group(), oh * ow, exec.lanes);
        let x = &x[group * direct.x.tile() / groups * lanes..];
        let dy = &dy[group * filters * area * lanes..];
        let taps = direct.forward.taps();
        if matches!(self.weight_form(lanes), Form::Channels) {
            // A 1×1 kernel without padding: an input, of those that are read, for each output.
            let of_x = Planes { count: channels, plane: area, tile: direct.x.tile() };
            weights::transpose(panels, x, of_x, area, exec, tiles);
            let operand = RowOperand {
                values: dy,
                tile: all * area,
                row: &|o| (o * area) as u32,
                rows: filters,
                position: &|p| p as u32,
                positions: area,
            };
            let order = Order::RowMajor;
            weights::outer(dw, order, &operand, panels, channels, self.tiling, exec, tiles);
        } else {
            let of_dy = Planes { count: filters, plane: area, tile: all * area };
            weights::transpose(panels, dy, of_dy, area, exec, tiles);
            let operand = RowOperand {
                values: x,
                tile: direct.x.tile(),
                row: &|k| taps[k].x,
                rows: taps.len(),
                position: &|p| direct.forward.input(p),
                positions: area,
            };
            let order = Order::PlaneMajor;
            weights::outer(dw, order, &operand, panels, filters, self.tiling, exec, tiles);
        }
    }

    pub(super) fn weight_form(&self, lanes: usize) -> Form {
        let ([channels, filters], window) = (self.geometry.of_group(), self.geometry.window);
        let few = filters <= FEW_FILTERS || channels * window.kernel[0] * window.kernel[1] <= FEW_WEIGHTS;
        if (window.kernel, window.padding) == ([1, 1], [0; 4]) {
            Form::Channels
        } else if few && lanes == LANES {
            Form::Inner
        } else {
            Form::Filters
        }
    }
}

/// The sum over each plane of all tiles.
pub(super) fn plane_sums<T: Vectorized>(
    db: &mut [T],
    dy: &[T],
    [planes, height, width]: [usize; 3],
    exec: Exec,
    tiles: usize,
) {
    let rows = height * width * exec.lanes;
    exec.each_chunk(db, planes.div_ceil(8), |i, db| {
        for (f, db) in db.iter_mut().enumerate() {
            let plane = i * planes.div_ceil(8) + f;
            let mut sums = Lanes::zero();
            for tile in 0..tiles {
                add(exec.isa, &mut sums, &dy[(tile * planes + plane) * rows..][..rows]);
            }
            *db = sums.sum();
        }
    });
}

vectorized! {
    /// Adds the values to sixteen sums, in turn.
    fn add[T: Vectorized](sums: &mut Lanes<T>, values: &[T]) {
        let mut acc = *sums;
        let (whole, rest) = values.as_chunks::<LANES>();
        for values in whole {
            for l in 0..LANES {
                acc.0[l] += values[l];
            }
        }
        for (sum, value) in acc.0.iter_mut().zip(rest) {
            *sum += *value;
        }
        *sums = acc;
    }
}
