//! Loading of samples into batches, on all threads.

use crate::data::Samples;
use crate::error::{Error, FirstError};
use crate::kernel::{Exec, interleave};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::{Batch, LANES, Tiles};

/// Writes the values of these samples to `rows`, one sample after the other, and repeats the last up to a whole number of
/// tiles. `key` returns the random key of a place in the batch, or `None` in evaluation.
///
/// # Errors
/// The error of the first sample that cannot be read.
pub(super) fn fetch<In: Shape, D: Samples<In>, T: Scalar>(
    rows: &mut Vec<T>,
    data: &D,
    samples: &[usize],
    key: impl Fn(usize) -> Option<u64> + Sync,
) -> Result<(), Error> {
    rows.resize(samples.len().next_multiple_of(LANES) * In::LEN, T::zero());
    let (loaded, rest) = rows.split_at_mut(samples.len() * In::LEN);
    let failure = FirstError::default();
    // Slow samples are distributed one by one, others by the tile.
    let together = if data.is_slow() { 1 } else { LANES };
    Exec::new(true).each_chunk(loaded, together * In::LEN, |chunk, rows| {
        for (row, values) in rows.chunks_exact_mut(In::LEN).enumerate() {
            let place = chunk * together + row;
            failure.note(place, data.write_to(samples[place], values, key(place)));
        }
    });
    if let Some(last) = loaded.len().checked_sub(In::LEN) {
        rest.chunks_exact_mut(In::LEN).for_each(|row| row.copy_from_slice(&loaded[last..]));
    }
    failure.result()
}

/// Loads these samples as a batch for evaluation.
///
/// # Errors
/// The error of the first sample that cannot be read.
pub(super) fn load<In: Shape, D: Samples<In>, T: Scalar>(
    data: &D,
    samples: &[usize],
) -> Result<Batch<In, T>, Error> {
    let (mut batch, mut rows) = (Batch::zeros(samples.len()), Vec::new());
    fetch(&mut rows, data, samples, |_| None)?;
    // The narrow tile, if there is one, is the last chunk.
    let tiles = Tiles::of(samples.len());
    Exec::new(true).each_chunk(batch.entries_mut(), In::LEN, |i, tile| {
        let exec = Exec { lanes: tiles.lanes(i), ..Exec::new(false) };
        interleave(exec, tile, &rows[i * LANES * In::LEN..], In::LEN);
    });
    Ok(batch)
}
