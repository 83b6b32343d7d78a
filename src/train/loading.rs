//! Batches from data, each sample written by whichever thread has time.

use rayon::prelude::*;

use crate::data::Samples;
use crate::error::{Error, FirstError};
use crate::kernel::{Exec, interleave};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::{Batch, LANES};

/// Writes the values of these samples to `rows`, one sample after the other; `key` gives each place its key, if there are
/// any.
///
/// # Errors
/// Of the samples that cannot be written, what the first says.
pub(super) fn fetch<In: Shape, D: Samples<In>, T: Scalar>(
    rows: &mut Vec<T>,
    data: &D,
    samples: &[usize],
    key: impl Fn(usize) -> Option<u64> + Sync,
) -> Result<(), Error> {
    rows.resize(samples.len() * In::LEN, T::zero());
    let failure = FirstError::default();
    // Slow samples are written one by one, others by the tile.
    let together = if data.is_slow() { 1 } else { LANES };
    rows.par_chunks_mut(together * In::LEN).enumerate().for_each(|(chunk, rows)| {
        for (row, values) in rows.chunks_exact_mut(In::LEN).enumerate() {
            let place = chunk * together + row;
            failure.note(place, data.write_to(samples[place], values, key(place)));
        }
    });
    failure.result()
}

/// These samples as a batch, as they are when something is measured.
///
/// # Errors
/// Of the samples that cannot be written, what the first says.
pub(super) fn load<In: Shape, D: Samples<In>, T: Scalar>(
    data: &D,
    samples: &[usize],
) -> Result<Batch<In, T>, Error> {
    let (mut batch, mut rows) = (Batch::zeros(samples.len()), Vec::new());
    fetch(&mut rows, data, samples, |_| None)?;
    // Lanes without a sample repeat the last.
    rows.resize(batch.as_lanes().len() * LANES, T::zero());
    if let Some(last) = samples.len().checked_sub(1) {
        for place in samples.len()..samples.len().next_multiple_of(LANES) {
            rows.copy_within(last * In::LEN..(last + 1) * In::LEN, place * In::LEN);
        }
    }
    let tiles = batch.as_lanes_mut().par_chunks_mut(In::LEN).zip(rows.par_chunks(LANES * In::LEN));
    tiles.for_each(|(tile, rows)| interleave(Exec::new(false), tile, rows, In::LEN));
    Ok(batch)
}
