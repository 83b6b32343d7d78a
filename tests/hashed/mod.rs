//! Numbers from a hash of their place, for networks too large to keep their parameters in a file: the scripts in `golden/` draw
//! the same.

/// Where the hash of the image's pixels begins; that of the parameters begins at 0.
pub const PIXELS: u64 = 1 << 40;

/// A number from 0 to 1 that depends on a place alone: SplitMix64's finaliser.
pub fn uniform(place: u64) -> f64 {
    let x = place.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 * 2_f64.powi(-53)
}
