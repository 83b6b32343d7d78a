//! Local response normalisation: each value is divided by a power of the mean square over neighbouring channels.
//!
//! With s = k + α/n · Σ x² over the window of a channel, y = x · s^−β. A channel's window begins ⌊n/2⌋ channels before it,
//! so the channels whose windows contain it begin ⌊(n − 1)/2⌋ before it. Windows are cut off at the first and last channel.

use std::ops::Range;

use super::{Exec, values, values_mut, vectorized};
use crate::kernel::Vectorized;
use crate::tensor::{LANES, Lanes};

/// Sizes and constants of a local response normalisation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LocalResponse {
    /// Planes of a sample.
    pub channels: usize,
    /// Positions of a plane.
    pub area: usize,
    /// Channels of a window.
    pub size: usize,
    /// Factor of the mean square.
    pub alpha: f64,
    /// Exponent.
    pub beta: f64,
    /// Constant that is added to the mean square.
    pub k: f64,
}

/// Values of a plane that are computed together. They and their sums fit into a first-level cache.
const TOGETHER: usize = 256;

vectorized! {
    /// s = k + factor · Σ x² over a window of planes, for a slice of each. Every sum is computed from scratch: a sum that is
    /// updated from channel to channel would accumulate rounding errors.
    fn mean_squares[T: Vectorized](s: &mut [T], x: &[T], window: Range<usize>, plane: usize, factor: T, k: T) {
        s.fill(T::zero());
        for channel in window {
            for (s, x) in s.iter_mut().zip(&x[channel * plane..]) {
                *s += *x * *x;
            }
        }
        for s in s {
            *s = k + factor * *s;
        }
    }
}

vectorized! {
    /// s ← s^−¾ by square roots, which are vector instructions.
    fn three_quarters[T: Vectorized](s: &mut [T]) {
        for s in s {
            let root = s.sqrt();
            *s = T::one() / (root * root.sqrt());
        }
    }
}

vectorized! {
    /// y = x · p.
    fn product[T: Vectorized](y: &mut [T], x: &[T], p: &[T]) {
        for ((y, x), p) in y.iter_mut().zip(x).zip(p) {
            *y = *x * *p;
        }
    }
}

vectorized! {
    /// r = dy · y / s.
    fn ratio[T: Vectorized](r: &mut [T], dy: &[T], y: &[T], s: &[T]) {
        for (((r, dy), y), s) in r.iter_mut().zip(dy).zip(y).zip(s) {
            *r = *dy * *y / *s;
        }
    }
}

vectorized! {
    /// dx = dy · p − factor · x · Σ r over a window of planes, for a slice of each.
    fn slope[T: Vectorized](
        dx: &mut [T],
        dy: &[T],
        x: &[T],
        p: &[T],
        r: &[T],
        window: Range<usize>,
        plane: usize,
        factor: T,
    ) {
        dx.fill(T::zero());
        for channel in window {
            for (dx, r) in dx.iter_mut().zip(&r[channel * plane..]) {
                *dx += *r;
            }
        }
        for (((dx, dy), x), p) in dx.iter_mut().zip(dy).zip(x).zip(p) {
            *dx = *dy * *p - factor * *x * *dx;
        }
    }
}

impl LocalResponse {
    /// Values of a channel in one tile.
    fn plane(&self, exec: Exec) -> usize {
        self.area * exec.lanes
    }

    /// Number of values in `entries` that belong to tiles.
    fn len(&self, entries: usize, exec: Exec) -> usize {
        if exec.lanes == LANES { entries * LANES } else { self.channels * self.plane(exec) }
    }

    /// The window of channels that begins `before` channels before a channel.
    fn window(&self, channel: usize, before: usize) -> Range<usize> {
        channel.saturating_sub(before)..(channel + self.size - before).min(self.channels)
    }

    /// Calls `f(tile, channel, at, y)` for slices of each channel of each tile: the index at which the tile begins, the
    /// channel, the index in its plane, and the values of `y`.
    fn each<T: Vectorized>(
        &self,
        y: &mut [Lanes<T>],
        exec: Exec,
        f: impl Fn(usize, usize, usize, &mut [T]) + Sync,
    ) {
        let (plane, len) = (self.plane(exec), self.len(y.len(), exec));
        exec.each_chunk(&mut values_mut(y)[..len], plane, |i, y| {
            let channel = i % self.channels;
            for (block, y) in y.chunks_mut(TOGETHER).enumerate() {
                f((i - channel) * plane, channel, block * TOGETHER, y);
            }
        });
    }

    /// s for some values of a channel.
    fn sums<T: Vectorized>(&self, s: &mut [T], x: &[T], channel: usize, exec: Exec) {
        let (factor, k) = (T::of(self.alpha / self.size as f64), T::of(self.k));
        let window = self.window(channel, self.size / 2);
        mean_squares(exec.isa, s, x, window, self.plane(exec), factor, k);
    }

    /// s ← s^−β.
    fn power<T: Vectorized>(&self, s: &mut [T], exec: Exec) {
        if self.beta == 0.75 {
            three_quarters(exec.isa, s);
        } else {
            let exponent = T::of(-self.beta);
            s.iter_mut().for_each(|s| *s = s.powf(exponent));
        }
    }

    /// y = x · s^−β.
    pub fn forward<T: Vectorized>(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], exec: Exec) {
        let (x, plane) = (values(x), self.plane(exec));
        self.each(y, exec, |tile, channel, at, y| {
            let x = &x[tile + at..];
            let mut s = [T::zero(); TOGETHER];
            let s = &mut s[..y.len()];
            self.sums(s, x, channel, exec);
            self.power(s, exec);
            product(exec.isa, y, &x[channel * plane..], s);
        });
    }

    /// dx = dy · s^−β − 2·α·β/n · x · Σ dy · y / s, over the channels whose windows contain this one. Needs as many
    /// entries of scratch memory as x has.
    pub fn backward<T: Vectorized>(
        &self,
        dx: &mut [Lanes<T>],
        dy: &[Lanes<T>],
        x: &[Lanes<T>],
        y: &[Lanes<T>],
        scratch: &mut [Lanes<T>],
        exec: Exec,
    ) {
        let plane = self.plane(exec);
        let ratios = &mut scratch[..dx.len()];
        let [dy, x, y] = [dy, x, y].map(values);
        self.each(ratios, exec, |tile, channel, at, r| {
            let own = tile + channel * plane + at;
            let mut s = [T::zero(); TOGETHER];
            let s = &mut s[..r.len()];
            self.sums(s, &x[tile + at..], channel, exec);
            ratio(exec.isa, r, &dy[own..], &y[own..], s);
        });
        let ratios = values(ratios);
        let factor = T::of(2.0 * self.alpha * self.beta / self.size as f64);
        self.each(dx, exec, |tile, channel, at, dx| {
            let own = tile + channel * plane + at;
            let mut p = [T::zero(); TOGETHER];
            let p = &mut p[..dx.len()];
            self.sums(p, &x[tile + at..], channel, exec);
            self.power(p, exec);
            let containing = self.window(channel, (self.size - 1) / 2);
            slope(exec.isa, dx, &dy[own..], &x[own..], p, &ratios[tile + at..], containing, plane, factor);
        });
    }
}
