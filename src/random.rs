//! Random numbers by key: a generator for each (seed, purpose, …), so that they do not depend on the order of work.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A generator whose numbers depend on the seed and the key alone, and are the same on every platform
/// (Blackman & Vigna 2018).
pub(crate) type Generator = Xoshiro256PlusPlus;

/// The purpose of random numbers: the first part of a key, so that no two purposes share numbers.
pub(crate) mod purpose {
    pub const INIT: u64 = 1;
    pub const SHUFFLE: u64 = 2;
    pub const SPLIT: u64 = 3;
    pub const SAMPLE: u64 = 4;
    pub const CHECK: u64 = 5;
    pub const AUGMENT: u64 = 6;
}

/// Hashes a seed and a key to one number.
pub(crate) fn key(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(mix(seed), |key, part| mix(key ^ mix(*part)))
}

/// The generator of a seed and a key.
pub(crate) fn keyed(seed: u64, parts: &[u64]) -> Generator {
    Generator::seed_from_u64(key(seed, parts))
}

/// The increment of SplitMix64, then its finaliser (Steele, Lea & Flood 2014): each bit of the input affects every bit of
/// the output with probability ½.
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
