//! Lanes: one value of each of several samples, stored together; and the tiles of a batch.

use crate::number::Number;

/// Number of samples that are computed together: one AVX-512 register of `f32`.
pub const LANES: usize = 16;

/// One value of each of [`LANES`] samples, aligned to a cache line.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes<T>(pub [T; LANES]);

impl<T: Number> Lanes<T> {
    /// Zero in every lane.
    #[inline(always)]
    pub fn zero() -> Self {
        Lanes([T::zero(); LANES])
    }

    /// The same value in every lane.
    #[inline(always)]
    pub fn splat(value: T) -> Self {
        Lanes([value; LANES])
    }

    /// `f` of each lane.
    #[inline(always)]
    pub fn map(self, f: impl Fn(T) -> T) -> Self {
        // The array's own `map` is a hundred lines of machine-independent code for each `f`; this is ten.
        let mut y = self;
        for y in &mut y.0 {
            *y = f(*y);
        }
        y
    }

    /// `f` of each pair of lanes.
    #[inline(always)]
    pub fn zip(self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        let mut y = self;
        for (y, x) in y.0.iter_mut().zip(&other.0) {
            *y = f(*y, *x);
        }
        y
    }

    /// The sum over the lanes, always added in the same order.
    // Not inlined: else the compiler vectorises the loops before it by the halves of this sum, at a third of the speed.
    #[inline(never)]
    pub fn sum(&self) -> T {
        let mut v = self.0;
        let mut half = LANES / 2;
        while half > 0 {
            for l in 0..half {
                v[l] += v[l + half];
            }
            half /= 2;
        }
        v[0]
    }
}

impl<T: Number> Default for Lanes<T> {
    fn default() -> Self {
        Lanes::zero()
    }
}

/// The layout of a batch's samples in entries of [`Lanes`].
///
/// Whole tiles come first: sixteen samples of C×H×W, stored `[C][H][W][16]`. Up to eight samples that are left over
/// form a narrow tile, `[C][H][W][lanes]` without gaps, with 1, 2, 4 or 8 lanes; more of them form one more whole tile.
/// Lanes without a sample repeat the last one, so that they hold no infinities or NaN that the samples do not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tiles {
    /// Whole tiles.
    pub whole: usize,
    /// Lanes of the narrow tile; 0 if there is none.
    pub narrow: usize,
}

impl Tiles {
    /// The tiles of a batch.
    pub fn of(samples: usize) -> Self {
        let (whole, rest) = (samples / LANES, samples % LANES);
        match rest {
            0 => Tiles { whole, narrow: 0 },
            _ if rest > LANES / 2 => Tiles { whole: whole + 1, narrow: 0 },
            _ => Tiles { whole, narrow: rest.next_power_of_two() },
        }
    }

    /// Number of tiles of either kind.
    pub fn count(self) -> usize {
        self.whole + usize::from(self.narrow > 0)
    }

    /// Entries of all tiles, for samples of `len` values.
    pub fn entries(self, len: usize) -> usize {
        self.whole * len + (len * self.narrow).div_ceil(LANES)
    }

    /// Lanes of a tile.
    pub fn lanes(self, tile: usize) -> usize {
        if tile < self.whole { LANES } else { self.narrow }
    }
}

/// Copies a whole tile to a narrow one, without the lanes that do not fit.
pub(crate) fn narrow<T: Number>(to: &mut [Lanes<T>], from: &[Lanes<T>], lanes: usize) {
    let to =
        to.iter_mut().flat_map(|entry| &mut entry.0).zip(from.iter().flat_map(|entry| &entry.0[..lanes]));
    to.for_each(|(to, from)| *to = *from);
}

/// Copies a narrow tile to a whole one. The other lanes repeat the last, or are zero.
pub(crate) fn widen<T: Number>(to: &mut [Lanes<T>], from: &[Lanes<T>], lanes: usize, repeat: bool) {
    let per_entry = LANES / lanes;
    for (i, to) in to.iter_mut().enumerate() {
        let from = &from[i / per_entry].0[i % per_entry * lanes..][..lanes];
        to.0 = [if repeat { from[lanes - 1] } else { T::zero() }; LANES];
        to.0[..lanes].copy_from_slice(from);
    }
}
