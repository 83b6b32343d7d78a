//! A buffer that several tasks write to, each task its own part.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;

use super::simd::Simd;

/// A slice that several tasks write to, each task its own part.
pub(super) struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// Not derived: that would ask the same of `T`.
impl<T> Copy for Shared<'_, T> {}

impl<T> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

// SAFETY: a `Shared` only hands out writers and parts, and their callers promise that nobody else touches the same values.
unsafe impl<T: Send> Send for Shared<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Shared { start: slice.as_mut_ptr(), len: slice.len(), slice: PhantomData }
    }

    /// The slice from index `start`.
    pub(super) fn from(self, start: usize) -> Self {
        assert!(start <= self.len, "from {start} of {}", self.len);
        Shared { start: self.start.wrapping_add(start), len: self.len - start, slice: PhantomData }
    }

    /// A writer for the whole slice.
    ///
    /// # Safety
    /// As long as the result lives, nobody else reads or writes a value that is read or written through it.
    pub(super) unsafe fn writer(self) -> Writer<'a, T> {
        Writer(self, PhantomData)
    }

    /// A part of the slice.
    ///
    /// # Safety
    /// As long as the result lives, nobody else reads or writes the part.
    pub(super) unsafe fn part(self, range: Range<usize>) -> &'a mut [T] {
        assert!(range.start <= range.end && range.end <= self.len, "{range:?} of {}", self.len);
        // SAFETY: the range is inside the slice that this was made from, and the caller promises to be alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// The part of a slice that one task writes to. It is not [`Sync`], because register blocks write through a shared
/// reference.
pub(super) struct Writer<'a, T>(Shared<'a, T>, PhantomData<Cell<T>>);

impl<'a, T> Writer<'a, T> {
    /// A writer without values.
    pub(super) const fn nowhere() -> Self {
        let start = std::ptr::NonNull::dangling().as_ptr();
        Writer(Shared { start, len: 0, slice: PhantomData }, PhantomData)
    }

    /// A writer for a slice that nobody else has.
    pub(super) fn new(slice: &'a mut [T]) -> Self {
        Writer(Shared::new(slice), PhantomData)
    }

    /// The number of values.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.0.len
    }

    /// The address of a value, which may lie outside the slice.
    #[inline(always)]
    pub(super) fn address(&self, at: usize) -> *mut T {
        self.0.start.wrapping_add(at)
    }

    /// Writes a vector.
    #[inline(always)]
    pub(super) fn store<S: Simd<T>>(&mut self, simd: S, at: usize, v: S::V) {
        assert!(at + S::WIDTH <= self.0.len, "a vector at {at} of {}", self.0.len);
        // SAFETY: inside the slice, of which these values belong to this writer alone.
        unsafe { simd.store(self.0.start.add(at), v) }
    }

    /// Writes some values.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, at: usize, values: [T; N]) {
        assert!(at + N <= self.0.len, "{N} values at {at} of {}", self.0.len);
        // SAFETY: inside the slice, of which these values belong to this writer alone.
        unsafe { self.0.start.add(at).cast::<[T; N]>().write(values) }
    }
}
