//! Upsampling: each plane in a larger size, by the nearest value or between neighbours.

use super::{Exec, tiles, tiles_mut, vectorized, with_lanes};
use crate::kernel::Vectorized;
use crate::tensor::Lanes;

/// The two rows or columns between which one of the output lies, and the share of the second.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Between {
    first: usize,
    second: usize,
    share: f64,
}

/// Sizes of an upsampling, which treats each channel on its own.
#[derive(Clone, PartialEq, Debug)]
pub struct Upsampling {
    /// Planes of a sample.
    channels: usize,
    /// Rows and columns of a plane of the input.
    input: [usize; 2],
    /// For each row and each column of the output its place in the input.
    places: [Vec<Between>; 2],
    /// Whether values lie between others. If not, each is that of the first row and column.
    bilinear: bool,
}

impl Upsampling {
    /// An upsampling by a whole factor. The centre of position i of the output is at (i + ½) / scale − ½ in the input, and at
    /// least at 0.
    pub fn new(channels: usize, input: [usize; 2], scale: [usize; 2], bilinear: bool) -> Self {
        let place = |axis: usize, i: usize| {
            if !bilinear {
                return Between { first: i / scale[axis], second: i / scale[axis], share: 0.0 };
            }
            let at = ((i as f64 + 0.5) / scale[axis] as f64 - 0.5).max(0.0);
            let first = at as usize;
            Between { first, second: (first + 1).min(input[axis] - 1), share: at - first as f64 }
        };
        let places = [0, 1].map(|axis| (0..input[axis] * scale[axis]).map(|i| place(axis, i)).collect());
        Upsampling { channels, input, places, bilinear }
    }

    /// Positions in a plane of the input and of the output.
    fn areas(&self) -> [usize; 2] {
        [self.input[0] * self.input[1], self.places[0].len() * self.places[1].len()]
    }

    /// y = x in the larger size.
    pub fn forward<T: Vectorized>(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], exec: Exec) {
        let areas = self.areas();
        let lens = areas.map(|area| self.channels * area);
        with_lanes!(exec.lanes, N => {
            let x = tiles::<T, N>(x, lens[0]);
            exec.each_chunk(tiles_mut::<T, N>(y, lens[1]), areas[1], |plane, y| {
                enlarge(exec.isa, self, y, &x[plane * areas[0]..][..areas[0]]);
            });
        });
    }

    /// dx = the sum of dy over the positions that read each value, times its share of them.
    pub fn backward<T: Vectorized>(&self, dx: &mut [Lanes<T>], dy: &[Lanes<T>], exec: Exec) {
        let areas = self.areas();
        let lens = areas.map(|area| self.channels * area);
        with_lanes!(exec.lanes, N => {
            let dy = tiles::<T, N>(dy, lens[1]);
            exec.each_chunk(tiles_mut::<T, N>(dx, lens[0]), areas[0], |plane, dx| {
                gather(exec.isa, self, dx, &dy[plane * areas[1]..][..areas[1]]);
            });
        });
    }
}

vectorized! {
    /// A plane in the larger size.
    fn enlarge[T: Vectorized, const N: usize](up: &Upsampling, y: &mut [[T; N]], x: &[[T; N]]) {
        let [rows, columns] = &up.places;
        for (y, row) in y.chunks_exact_mut(columns.len()).zip(rows) {
            let [above, below] = [row.first, row.second].map(|r| &x[r * up.input[1]..][..up.input[1]]);
            if !up.bilinear {
                for (y, column) in y.iter_mut().zip(columns) {
                    *y = above[column.first];
                }
                continue;
            }
            let [top, bottom] = [1.0 - row.share, row.share].map(T::of);
            for (y, column) in y.iter_mut().zip(columns) {
                let [left, right] = [1.0 - column.share, column.share].map(T::of);
                let (a, b) = (column.first, column.second);
                for l in 0..N {
                    y[l] = top * (left * above[a][l] + right * above[b][l])
                        + bottom * (left * below[a][l] + right * below[b][l]);
                }
            }
        }
    }
}

vectorized! {
    /// The gradient of a plane of the input.
    fn gather[T: Vectorized, const N: usize](up: &Upsampling, dx: &mut [[T; N]], dy: &[[T; N]]) {
        dx.fill([T::zero(); N]);
        let [rows, columns] = &up.places;
        let width = up.input[1];
        for (dy, row) in dy.chunks_exact(columns.len()).zip(rows) {
            for (dy, column) in dy.iter().zip(columns) {
                if !up.bilinear {
                    let dx = &mut dx[row.first * width + column.first];
                    for l in 0..N {
                        dx[l] += dy[l];
                    }
                    continue;
                }
                for (r, vertical) in [(row.first, 1.0 - row.share), (row.second, row.share)] {
                    for (c, horizontal) in [(column.first, 1.0 - column.share), (column.second, column.share)] {
                        let (dx, share) = (&mut dx[r * width + c], T::of(vertical * horizontal));
                        for l in 0..N {
                            dx[l] += share * dy[l];
                        }
                    }
                }
            }
        }
    }
}
