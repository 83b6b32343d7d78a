//! Loading of samples into batches, on all threads.

use crate::data::{Samples, Target};
use crate::error::{Error, FirstError};
use crate::kernel::{Exec, interleave};
use crate::scalar::{Scalar, compiled};
use crate::shape::Shape;
use crate::tensor::{Batch, LANES, Lanes, Tiles};

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
    let write: &Write<'_, T> = &|place, values| data.write_to(samples[place], values, key(place));
    // Slow samples are distributed one by one, others by the tile.
    let together = if data.is_slow() { 1 } else { LANES };
    T::compiled::<Fetch>(Fetching { rows, len: In::LEN, samples: samples.len(), together, write })
}

/// The arguments of [`fetch`], without the type of the data.
struct Fetching<'a, T> {
    rows: &'a mut Vec<T>,
    /// Values of a sample.
    len: usize,
    samples: usize,
    /// Samples that one thread writes at a time.
    together: usize,
    write: &'a Write<'a, T>,
}

/// Writes the values of the sample at a place in the batch.
type Write<'a, T> = dyn Fn(usize, &mut [T]) -> Result<(), Error> + Sync + 'a;

compiled! {
    /// The body of [`fetch`].
    Fetch<'a, T>(Fetching<'a, T>) -> Result<(), Error> = fetch_all
}

fn fetch_all<T: Scalar>(
    Fetching { rows, len, samples, together, write }: Fetching<'_, T>,
) -> Result<(), Error> {
    rows.resize(samples.next_multiple_of(LANES) * len, T::zero());
    let (loaded, rest) = rows.split_at_mut(samples * len);
    let failure = FirstError::default();
    Exec::new(true).each_chunk(loaded, together * len, |chunk, rows| {
        for (row, values) in rows.chunks_exact_mut(len).enumerate() {
            let place = chunk * together + row;
            failure.note(place, write(place, values));
        }
    });
    if let Some(last) = loaded.len().checked_sub(len) {
        rest.chunks_exact_mut(len).for_each(|row| row.copy_from_slice(&loaded[last..]));
    }
    failure.result()
}

/// The error that names the first value of these samples that is not finite, if there is one. `data` names the data, and `key`
/// returns the random key of a place.
pub(super) fn not_finite<In: Shape, D: Samples<In>, T: Scalar>(
    name: &'static str,
    data: &D,
    samples: &[usize],
    key: impl Fn(usize) -> Option<u64>,
) -> Option<Error> {
    let mut values = vec![T::zero(); In::LEN];
    for (place, &sample) in samples.iter().enumerate() {
        if let Some(error) = bad_target(name, data, sample) {
            return Some(error);
        }
        data.write_to(sample, &mut values, key(place)).ok()?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let names = data.metadata().features;
            let feature =
                names.get(at).map_or_else(|| format!("value {at}"), |name| format!("feature {name:?}"));
            let (origin, found) = (data.origin(sample), values[at].as_f64());
            return Some(Error::Sample { data: name, sample, origin, feature, found });
        }
    }
    None
}

/// The first number that is not finite, and its place.
pub(super) fn first_bad(numbers: impl IntoIterator<Item = f64>) -> Option<(usize, f64)> {
    numbers.into_iter().enumerate().find(|(_, number)| !number.is_finite())
}

/// The error that names the first number of a sample's target that is not finite, if there is one.
pub(super) fn bad_target<In: Shape, D: Samples<In>>(
    name: &'static str,
    data: &D,
    sample: usize,
) -> Option<Error> {
    let (at, found) = first_bad(data.target(sample).numbers())?;
    let (origin, feature) = (data.origin(sample), format!("value {at} of the target"));
    Some(Error::Sample { data: name, sample, origin, feature, found })
}

/// Refuses outputs for these samples that are no answers: NaN, or infinity. The error names the value of the sample that is not
/// finite, if there is one.
pub(super) fn refuse_no_answer<In: Shape, Out: Shape, D: Samples<In>, T: Scalar>(
    name: &'static str,
    data: &D,
    samples: &[usize],
    outputs: &Batch<Out, T>,
) -> Result<(), Error> {
    // A logarithm may be that of 0.
    let is_bad = |value: &T| value.is_nan() || *value == T::infinity();
    if !outputs.whole_tiles().any(|tile| tile.iter().any(|lanes| lanes.0.iter().any(is_bad))) {
        return Ok(());
    }
    for (i, &sample) in samples.iter().enumerate() {
        if let Some(value) = outputs.sample(i).as_slice().iter().find(|value| is_bad(value)) {
            let (origin, found) = (data.origin(sample), value.as_f64());
            let of_sample = not_finite::<In, _, T>(name, data, &[sample], |_| None);
            return Err(of_sample.unwrap_or(Error::Output { data: name, sample, origin, found }));
        }
    }
    Ok(())
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
    T::compiled::<Arrange>((batch.entries_mut(), &rows, Tiles::of(samples.len()), In::LEN));
    Ok(batch)
}

compiled! {
    /// Writes samples to the entries of a batch: (entries, values of one sample after the other, tiles, values of a sample).
    Arrange<'a, T>((&'a mut [Lanes<T>], &'a [T], Tiles, usize)) -> () = arrange
}

fn arrange<T: Scalar>((entries, rows, tiles, len): (&mut [Lanes<T>], &[T], Tiles, usize)) {
    // The narrow tile, if there is one, is the last chunk.
    Exec::new(true).each_chunk(entries, len, |i, tile| {
        let exec = Exec { lanes: tiles.lanes(i), ..Exec::new(false) };
        interleave(exec, tile, &rows[i * LANES * len..], len);
    });
}
