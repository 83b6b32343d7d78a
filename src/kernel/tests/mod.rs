//! Every kernel against the naive reference: the same integers, exactly.
//!
//! Values are small whole numbers, so that sums are exact in any order. Outputs and scratch memory begin as NaN, so that a
//! value that is not written is found.

mod channels;
mod conv;
mod local_response;
mod pool;
mod resize;
mod sample_norm;

use std::ops::Range;

use super::conv::Geometry;
use super::{Exec, Isa, Rectifier, values};
use crate::shape::Window;
use crate::tensor::{LANES, Lanes};

const BATCHES: [usize; 8] = [1, 2, 3, 7, 15, 16, 17, 33];

/// Whole numbers from −4 to 4 in a fixed but irregular order.
struct Integers(u64);

impl Integers {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn next(&mut self) -> f64 {
        (self.draw() % 9) as f64 - 4.0
    }

    /// A whole number in a range.
    fn of(&mut self, range: Range<usize>) -> usize {
        range.start + self.draw() as usize % range.len()
    }

    /// Two whole numbers in a range, one for each axis.
    fn pair(&mut self, range: Range<usize>) -> [usize; 2] {
        [(); 2].map(|()| self.of(range.clone()))
    }

    /// Padding on four sides.
    fn sides(&mut self, range: Range<usize>) -> [usize; 4] {
        [(); 4].map(|()| self.of(range.clone()))
    }

    fn values(&mut self, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.next()).collect()
    }

    fn samples(&mut self, samples: usize, len: usize) -> Vec<Vec<f64>> {
        (0..samples).map(|_| self.values(len)).collect()
    }
}

const RECTIFIERS: [Rectifier; 2] = [Rectifier::Relu, Rectifier::Relu6];

/// No rectifier, and each.
fn ends() -> impl Iterator<Item = Option<Rectifier>> {
    std::iter::once(None).chain(RECTIFIERS.map(Some))
}

fn rectified(rectifier: Option<Rectifier>, v: f64) -> f64 {
    match rectifier {
        None => v,
        Some(Rectifier::Relu) => v.max(0.0),
        Some(Rectifier::Relu6) => v.clamp(0.0, 6.0),
    }
}

/// The gradient `dx` after the rectifier whose output x becomes.
fn masked(rectifier: Rectifier, dx: &[Vec<f64>], x: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let end = if rectifier == Rectifier::Relu { f64::INFINITY } else { 6.0 };
    let passes = |x: f64| 0.0 < x && x < end;
    let of_sample = |(dx, x): (&Vec<f64>, &Vec<f64>)| -> Vec<f64> {
        dx.iter().zip(x).map(|(dx, x)| if passes(*x) { *dx } else { 0.0 }).collect()
    };
    dx.iter().zip(x).map(of_sample).collect()
}

/// Calls `check` until it has checked this many cases. It draws a case, and returns whether the case was a valid one.
fn cases(number: usize, mut check: impl FnMut(&mut Integers) -> bool) {
    let mut integers = Integers(1);
    let mut checked = 0;
    while checked < number {
        checked += usize::from(check(&mut integers));
    }
}

/// Every instruction set of this machine, on one thread and on all, in whole tiles and, for few samples, in a
/// narrow one.
fn ways(samples: usize) -> Vec<Exec> {
    let mut lanes = vec![Exec::lanes_for(samples), LANES];
    lanes.dedup();
    let mut ways = Vec::new();
    for isa in Isa::all() {
        for parallel in [false, true] {
            ways.extend(lanes.iter().map(|&lanes| Exec { isa, parallel, lanes }));
        }
    }
    ways
}

/// Entries of a tile of `len` values.
fn entries(len: usize, exec: Exec) -> usize {
    (len * exec.lanes).div_ceil(LANES)
}

/// Samples in the engine's layout, zeros in the lanes that are left over.
fn tiles(samples: &[Vec<f64>], exec: Exec) -> Vec<Lanes<f32>> {
    let len = samples[0].len();
    let mut tiles = vec![Lanes::zero(); samples.len().div_ceil(exec.lanes) * entries(len, exec)];
    for (n, sample) in samples.iter().enumerate() {
        for (i, value) in sample.iter().enumerate() {
            let at = (n / exec.lanes * len + i) * exec.lanes + n % exec.lanes;
            tiles[at / LANES].0[at % LANES] = *value as f32;
        }
    }
    tiles
}

fn nan(len: usize) -> Vec<Lanes<f32>> {
    vec![Lanes::splat(f32::NAN); len]
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}

#[track_caller]
fn assert_samples(what: &str, exec: Exec, found: &[Lanes<f32>], expected: &[Vec<f64>]) {
    let len = expected[0].len();
    for (n, sample) in expected.iter().enumerate() {
        for (i, value) in sample.iter().enumerate() {
            let found = values(found)[(n / exec.lanes * len + i) * exec.lanes + n % exec.lanes];
            assert_eq!(found, *value as f32, "{what}, {exec:?}, sample {n}, entry {i}");
        }
    }
}

/// A geometry from its input, filters and window; `None` where the window does not fit.
fn geometry(input: [usize; 3], filters: usize, window: Window) -> Option<Geometry> {
    let mut output = [filters, 0, 0];
    for axis in 0..2 {
        let (size, stride, [before, after]) =
            (input[axis + 1], window.stride[axis], [window.padding[axis], window.padding[axis + 2]]);
        let room = (before + size + after).checked_sub(window.extent()[axis])?;
        output[axis + 1] = room / stride + 1;
        if window.ceil {
            output[axis + 1] = room.div_ceil(stride) + 1;
            output[axis + 1] -= usize::from((output[axis + 1] - 1) * stride >= size + before);
        }
    }
    Some(Geometry { input, output, window, groups: 1 })
}

/// To within a few units in the last place of the largest value.
#[track_caller]
fn assert_near(what: &str, exec: Exec, found: &[Lanes<f32>], expected: &[Vec<f64>]) {
    let len = expected[0].len();
    let largest = expected.iter().flatten().fold(1e-3, |largest: f64, v| largest.max(v.abs()));
    for (n, sample) in expected.iter().enumerate() {
        for (i, value) in sample.iter().enumerate() {
            let found = f64::from(values(found)[(n / exec.lanes * len + i) * exec.lanes + n % exec.lanes]);
            let error = (found - value).abs() / largest;
            assert!(error < 2e-6, "{what}, {exec:?}, sample {n}, entry {i}: {found} for {value}");
        }
    }
}
