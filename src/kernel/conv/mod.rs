//! Convolution, and the dense layer as a convolution of one position.
//!
//! With x the padded input, k running over channels and kernel positions, p over output positions:
//!
//! - forward:           y\[o\]\[p\]  = b\[o\] + Σₖ w\[o\]\[k\] · x\[base(p) + offset(k)\]
//! - backward, data:    the same sum over the padded dy with flipped weights, for each phase of the stride
//! - backward, weights: dw\[o\]\[k\] = Σₚ Σ_lanes dy\[o\]\[p\] · x\[base(p) + offset(k)\]

mod axis;
mod dense;
mod geometry;
mod padding;
mod transposed;
mod weight_gradient;

use std::ops::Range;

pub(super) use axis::WindowAxis;
pub(super) use geometry::Tiling;
pub use geometry::{Arithmetic, Geometry};
pub(super) use padding::{one_phase, with_every};

use self::axis::Line;
use self::padding::Padded;
use self::weight_gradient::Form;
use super::block::{End, Finish, Start};
use super::correlation::{Correlation, part};
use super::depthwise::Depthwise;
use super::shared::Shared;
use super::winograd::{self, WeightLayout, Winograd};
use super::{Exec, Rectifier, Vectorized, values, values_mut, weights};
use crate::shape::Window;
use crate::tensor::{LANES, Lanes};

/// A convolution with its tables, which are computed once.
pub struct Conv {
    geometry: Geometry,
    tiling: Tiling,
    tables: Tables,
    /// Winograd's forward and backward passes, if the convolution has them: by F(2×2, 3×3), and by F(4×4, 3×3).
    transformed: [Option<[Winograd; 2]>; 2],
}

/// The tables of the passes.
enum Tables {
    /// For groups of any number of channels and filters.
    Direct(Direct),
    /// Forward, and backward by the data, for groups of one channel and one filter.
    Depthwise([Depthwise; 2]),
}

struct Direct {
    forward: Correlation,
    /// The padded input.
    x: Padded,
    /// The backward pass by the data, one for each phase of the stride.
    backward: Vec<Correlation>,
    /// Whether `backward` reads the weights packed channel by channel.
    packed: bool,
    /// The padded gradient of the output.
    dy: Padded,
}

impl Conv {
    /// Computes the tables.
    ///
    /// # Panics
    /// If the output's size contradicts the window, or the groups do not divide the channels and filters (the typed layer
    /// has checked both), or if a padded sample has 2²⁸ values or more.
    pub fn new(geometry: Geometry, arithmetic: Arithmetic) -> Self {
        Self::with_tiling(geometry, arithmetic, Tiling::default())
    }

    /// Computes the tables for another tiling.
    ///
    /// # Panics
    /// As [`Conv::new`], and if a size of the tiling is 0, or `rows` is less than 6.
    pub(super) fn with_tiling(geometry: Geometry, arithmetic: Arithmetic, tiling: Tiling) -> Self {
        let Geometry { input, output, window, groups } = geometry;
        let Window { kernel: [kh, kw], stride, padding, dilation, .. } = window;
        assert!(
            groups > 0 && input[0].is_multiple_of(groups) && output[0].is_multiple_of(groups),
            "groups of {geometry:?}"
        );
        for axis in 0..2 {
            assert!(window.kernel[axis] > 0 && dilation[axis] > 0, "a kernel of {geometry:?}");
            let padded = window.padded(axis, input[axis + 1]);
            let room = padded.checked_sub(window.extent()[axis]);
            let fits = room.map(|room| room / stride[axis] + 1);
            assert_eq!(Some(output[axis + 1]), fits, "output of {geometry:?}");
        }
        let Tiling { lines, columns, filters: together, rows, depth, .. } = tiling;
        assert!(lines.min(columns).min(together).min(depth) > 0 && rows >= 6, "{tiling:?}");
        let ([channels, filters], area) = (geometry.of_group(), kh * kw);
        let lines = [0, 1].map(|axis| Line {
            input: input[axis + 1],
            output: output[axis + 1],
            kernel: window.kernel[axis],
            stride: stride[axis],
            padding: [padding[axis], padding[axis + 2]],
            dilation: dilation[axis],
        });
        let axes = lines.map(WindowAxis::forward);
        let phases = lines.map(WindowAxis::backward);
        let tables = if groups > 1 && [channels, filters] == [1, 1] {
            let (x, y) = ([input[1], input[2]], [output[1], output[2]]);
            let [rows, columns] = axes.each_ref().map(std::slice::from_ref);
            Tables::Depthwise([
                Depthwise::new(groups, window.kernel, x, y, [rows, columns], tiling),
                Depthwise::new(groups, window.kernel, y, x, [&phases[0], &phases[1]], tiling),
            ])
        } else {
            let [rows, columns] = axes;
            let axes = [rows.sampled(), columns.sampled().contiguous()];
            Tables::Direct(Direct::new(&geometry, &axes, &phases, tiling))
        };
        let is_3_by_3 = window.kernel == [3, 3]
            && stride == [1, 1]
            && dilation == [1, 1]
            && padding.iter().all(|padding| *padding <= 2);
        let passes = |out: usize, least: usize| {
            if !is_3_by_3 || !winograd::pays(channels, filters, least) {
                return None;
            }
            let (x, y, before) = ([input[1], input[2]], [output[1], output[2]], [padding[0], padding[1]]);
            let weights = WeightLayout { filter: channels * area, channel: area, flipped: false };
            let flipped = WeightLayout { filter: area, channel: channels * area, flipped: true };
            let (forward, backward) = ([channels, filters], [filters, channels]);
            Some([
                Winograd::new(groups, forward, x, y, before, weights, out, tiling),
                Winograd::new(groups, backward, y, x, before.map(|p| 2 - p), flipped, out, tiling),
            ])
        };
        let [exact, fast] = tiling.transforms;
        let fast = if arithmetic == Arithmetic::Fast { passes(4, fast) } else { None };
        let transformed = [passes(2, exact), fast];
        // Offsets of values in a tile are kept in 32 bits.
        let mut sizes = vec![input.iter().product(), output.iter().product()];
        if let Tables::Direct(Direct { x, dy, .. }) = &tables {
            sizes.extend([x.tile(), dy.tile()]);
        }
        assert!(sizes.iter().all(|size| *size < 1 << 28), "fewer than 2^28 values in a sample: {geometry:?}");
        Conv { geometry, tiling, tables, transformed }
    }

    /// Entries of scratch memory for a number of tiles.
    pub fn scratch(&self, tiles: usize) -> usize {
        let Geometry { input, output, .. } = self.geometry;
        let direct = match &self.tables {
            Tables::Depthwise(passes) => {
                return passes.iter().map(|pass| pass.scratch(tiles)).fold(0, usize::max);
            }
            Tables::Direct(direct) => direct,
        };
        let [channels, filters] = self.geometry.of_group();
        let panels = match self.weight_form(LANES) {
            // A narrow tile uses `Form::Filters`, with one tile that is at most half as large.
            Form::Inner => weights::panels_len(filters, output[1] * output[2]) / 2,
            Form::Filters => weights::panels_len(filters, output[1] * output[2]),
            Form::Channels => weights::panels_len(channels, output[1] * output[2]),
        };
        // A dense layer copies the samples of a narrow tile, one after the other.
        let rows = if self.is_dense() { input[0].div_ceil(LANES) * LANES } else { 0 };
        let passes = self.transformed.iter().flatten().flatten();
        let transforms = passes.map(|pass| pass.scratch(tiles)).max();
        let gradient = self.transformed[0].as_ref().map(|[forward, _]| forward.gradient_scratch(tiles));
        let packed = if direct.packed { self.packed_len() } else { 0 };
        let room = direct.backward.iter().map(Correlation::room).fold(0, usize::max);
        let backward = tiles * direct.dy.scratch() + packed + room;
        let forward = tiles * direct.x.scratch() + direct.forward.room();
        let weights = tiles * (direct.x.scratch() + panels);
        [rows, transforms.unwrap_or(0), gradient.unwrap_or(0), forward, backward, weights]
            .into_iter()
            .fold(0, usize::max)
    }

    /// y = w ∗ x + b, or w ∗ x without a bias, finished.
    ///
    /// # Panics
    /// If there is more to finish than a rectifier, and [`Conv::is_dense`].
    pub fn forward<T: Vectorized>(
        &self,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        weight: &[T],
        bias: Option<&[T]>,
        finish: Finish<'_, T>,
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let (tiles, x) = self.input(x, exec);
        if tiles == 0 {
            return;
        }
        if exec.lanes < LANES && self.is_dense() {
            assert!(
                finish.scale.is_none() && finish.plus.is_none(),
                "a dense layer ends with a rectifier at the most"
            );
            return self.few_samples(
                values_mut(y),
                x,
                weight,
                bias,
                finish.rectifier,
                values_mut(scratch),
                exec,
            );
        }
        let y = Shared::new(values_mut(y));
        let end = End::Finish(finish);
        if let Some([pass, _]) = self.fewest_products(tiles, exec) {
            return pass.run(y, x, weight, bias, end, scratch, exec, tiles);
        }
        let start = bias.map_or(Start::Zero, Start::Bias);
        match &self.tables {
            Tables::Depthwise([pass, _]) => pass.run(y, x, weight, start, end, scratch, exec, tiles),
            Tables::Direct(direct) => {
                let (padding, room) = scratch.split_at_mut(tiles * direct.x.scratch());
                let x = direct.x.of(x, padding, exec);
                direct.forward.run(y, x, weight, start, end, room, exec, tiles);
            }
        }
    }

    /// dx = the gradient of the input. If a rectifier before this convolution is fused with it, `mask` is that rectifier and its
    /// output: dx is zero where its slope is 0.
    pub fn backward_data<T: Vectorized>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        weight: &[T],
        mask: Option<(Rectifier, &[Lanes<T>])>,
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let tiles = self.output(dy, exec).0;
        // In narrow tiles a column of a direct sum holds several positions and may be written in pieces, so the mask is applied
        // afterwards.
        let (end, after) = match mask {
            Some((rectifier, x))
                if exec.lanes == LANES
                    || matches!(self.tables, Tables::Depthwise(_))
                    || self.fewest_products(tiles, exec).is_some() =>
            {
                (End::Mask(rectifier, values(x)), None)
            }
            mask => (End::Plain, mask),
        };
        self.spread(dx, dy, weight, Start::Zero, end, scratch, exec);
        if let Some((rectifier, x)) = after {
            super::mask(exec, rectifier, dx, x);
        }
    }

    /// The gradient of the input, with this start and end of each sum.
    fn spread<T: Vectorized>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        weight: &[T],
        start: Start<'_, T>,
        end: End<'_, T>,
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let (tiles, dy) = self.output(dy, exec);
        if tiles == 0 {
            return;
        }
        let to = Shared::new(values_mut(dx));
        if let Some([_, pass]) = self.fewest_products(tiles, exec) {
            let bias = if let Start::Bias(bias) = start { Some(bias) } else { None };
            return pass.run(to, dy, weight, bias, end, scratch, exec, tiles);
        }
        let direct = match &self.tables {
            Tables::Depthwise([_, pass]) => {
                return pass.run(to, dy, weight, start, end, scratch, exec, tiles);
            }
            Tables::Direct(direct) => direct,
        };
        let (padding, packed) = scratch.split_at_mut(tiles * direct.dy.scratch());
        let dy = direct.dy.of(dy, padding, exec);
        let (packed, room) = packed.split_at_mut(if direct.packed { self.packed_len() } else { 0 });
        let weight = if direct.packed { self.pack(weight, packed, exec) } else { weight };
        for phase in &direct.backward {
            phase.run(to, dy, weight, start, end, room, exec, tiles);
        }
    }

    /// Entries of the packed weights.
    fn packed_len(&self) -> usize {
        self.geometry.weights().div_ceil(LANES)
    }

    /// Packs the weights channel by channel: for each, the kernels of all filters of its group are contiguous.
    fn pack<'a, T: Vectorized>(&self, weight: &[T], packed: &'a mut [Lanes<T>], exec: Exec) -> &'a [T] {
        let [channels, filters] = self.geometry.of_group();
        let [kh, kw] = self.geometry.window.kernel;
        let area = kh * kw;
        let packed = &mut values_mut(packed)[..weight.len()];
        let (of_group, to) = (filters * channels * area, Shared::new(&mut *packed));
        // Sixteen channels in a task: what is read and what is written then lies in long stretches.
        let parts = channels.div_ceil(LANES);
        exec.each(self.geometry.groups * parts, |task| {
            let (group, channels_of) = (task / parts, part(channels, LANES, task % parts));
            let first = group * of_group + channels_of.start * filters * area;
            // SAFETY: tasks differ in the channels.
            let to = unsafe { to.part(first..first + channels_of.len() * filters * area) };
            let weight = &weight[group * of_group..];
            // With a size that the compiler knows, a copy is a few instructions.
            match area {
                9 => pack_kernels::<_, 9>(to, weight, filters, channels, channels_of, area),
                25 => pack_kernels::<_, 25>(to, weight, filters, channels, channels_of, area),
                _ => pack_kernels::<_, 1>(to, weight, filters, channels, channels_of, area),
            }
        });
        packed
    }

    /// Winograd's passes by F(4×4, 3×3) or else F(2×2, 3×3), if there are enough columns for them to be faster.
    fn fewest_products(&self, tiles: usize, exec: Exec) -> Option<&[Winograd; 2]> {
        self.transformed(1, tiles, exec).or_else(|| self.transformed(0, tiles, exec))
    }

    /// Winograd's passes by F(2×2, 3×3), number 0, or F(4×4, 3×3), number 1, if there are enough columns for them to be faster.
    fn transformed(&self, algorithm: usize, tiles: usize, exec: Exec) -> Option<&[Winograd; 2]> {
        let least = self.tiling.patches[algorithm];
        self.transformed[algorithm].as_ref().filter(|passes| passes[0].columns(tiles, exec.lanes) >= least)
    }

    /// The number of tiles, and their values.
    fn input<'a, T: Vectorized>(&self, x: &'a [Lanes<T>], exec: Exec) -> (usize, &'a [T]) {
        whole(x, self.geometry.input, exec)
    }

    fn output<'a, T: Vectorized>(&self, y: &'a [Lanes<T>], exec: Exec) -> (usize, &'a [T]) {
        whole(y, self.geometry.output, exec)
    }
}

impl Direct {
    /// The axes are those of rows and columns, and backward there is one for each phase of the stride.
    fn new(
        geometry: &Geometry,
        axes: &[WindowAxis; 2],
        phases: &[Vec<WindowAxis>; 2],
        tiling: Tiling,
    ) -> Self {
        let Geometry { input, output, window, groups } = *geometry;
        let ([channels, filters], [kh, kw]) = (geometry.of_group(), window.kernel);
        let area = kh * kw;
        let forward = Correlation::new(
            groups,
            [channels, filters],
            [&axes[0], &axes[1]],
            channels * area,
            |c, y, x| c * area + y * kw + x,
            tiling,
        );
        let packed = area > 1 && filters * channels * area >= tiling.packed;
        let (of_filter, of_channel) = if packed { (area, filters * area) } else { (channels * area, area) };
        let mut backward = Vec::new();
        for rows in &phases[0] {
            for columns in &phases[1] {
                let weight = |o, y, x| o * of_filter + y * kw + x;
                let sizes = [filters, channels];
                backward.push(Correlation::new(groups, sizes, [rows, columns], of_channel, weight, tiling));
            }
        }
        let (x, dy) =
            (Padded::new(input, &axes[0], &axes[1]), Padded::new(output, &phases[0][0], &phases[1][0]));
        Direct { forward, x, backward, packed, dy }
    }
}

/// Copies the kernels of some channels, of `area` weights each, a multiple of `A`, from filter by filter to channel by channel.
fn pack_kernels<T: Vectorized, const A: usize>(
    to: &mut [T],
    weight: &[T],
    filters: usize,
    channels: usize,
    of: Range<usize>,
    area: usize,
) {
    let (parts, weight) = (area / A, weight.as_chunks::<A>().0);
    for filter in 0..filters {
        let from = &weight[(filter * channels + of.start) * parts..][..of.len() * parts];
        let to = to.as_chunks_mut::<A>().0.chunks_exact_mut(filters * parts);
        for (from, to) in from.chunks_exact(parts).zip(to) {
            to[filter * parts..][..parts].copy_from_slice(from);
        }
    }
}

/// The number of tiles in some entries, and their values.
fn whole<T: Vectorized>(x: &[Lanes<T>], dims: [usize; 3], exec: Exec) -> (usize, &[T]) {
    let lanes = exec.lanes;
    assert!(matches!(lanes, 1 | 2 | 4 | 8 | LANES), "lanes: expected 1, 2, 4, 8 or 16, found {lanes}");
    let len: usize = dims.iter().product();
    let tiles = if exec.lanes == LANES { x.len() / len } else { 1 };
    (tiles, &values(x)[..tiles * len * exec.lanes])
}
