//! The memory that a pass computes in.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::plan::schedule::Schedule;
use crate::scalar::Scalar;
use crate::tensor::{LANES, Lanes};

/// The tiles that are computed together: whole ones, or one narrow one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    pub tiles: usize,
    pub lanes: usize,
}

impl Size {
    /// Entries of a value of `len` numbers a sample.
    pub fn entries(self, len: usize) -> usize {
        (len * self.tiles * self.lanes).div_ceil(LANES)
    }

    /// Where a slot begins that has `start` entries of a whole tile before it. In a narrow tile a slot's length is
    /// rounded up to whole entries, which takes one more entry a slot at the most.
    pub fn start(self, start: usize, slot: usize) -> usize {
        start * self.tiles * self.lanes / LANES + slot
    }

    /// Entries of all slots.
    pub fn slots(self, schedule: &Schedule) -> usize {
        self.start(schedule.len(), schedule.slots())
    }
}

/// Working memory for one thread at a time.
#[derive(Default)]
pub(super) struct Memory<T> {
    /// The values and gradients of a schedule.
    pub slots: Vec<Lanes<T>>,
    /// Working memory of operations.
    pub scratch: Vec<Lanes<T>>,
    /// Samples in tiles, if they did not come in the tiles that are computed.
    pub input: Vec<Lanes<T>>,
    /// Samples of some tiles, one after the other.
    pub rows: Vec<T>,
    /// The output in whole tiles, and the gradient by it.
    pub outputs: [Vec<Lanes<T>>; 2],
}

/// The room that a [`Memory`] needs: entries, and values of `rows`.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Room {
    pub slots: usize,
    pub scratch: usize,
    pub input: usize,
    pub rows: usize,
    pub outputs: [usize; 2],
}

impl Room {
    /// Numbers in all.
    pub fn values(self) -> usize {
        let [output, gradient] = self.outputs;
        self.rows + LANES * (self.slots + self.scratch + self.input + output + gradient)
    }
}

fn grow<T: Clone>(memory: &mut Vec<T>, len: usize, value: T) {
    if memory.len() < len {
        memory.resize(len, value);
    }
}

impl<T: Scalar> Memory<T> {
    /// Grows to this room, if there is less.
    fn prepare(&mut self, room: &Room) {
        grow(&mut self.slots, room.slots, Lanes::zero());
        grow(&mut self.scratch, room.scratch, Lanes::zero());
        grow(&mut self.input, room.input, Lanes::zero());
        grow(&mut self.rows, room.rows, T::zero());
        for (output, len) in self.outputs.iter_mut().zip(room.outputs) {
            grow(output, len, Lanes::zero());
        }
    }
}

/// Memories that are not in use. A thread takes the one that was put back last, which may still be in its cache.
pub(super) struct Pool<T>(Mutex<Vec<Memory<T>>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Pool(Mutex::new(Vec::new()))
    }
}

impl<T: Scalar> Pool<T> {
    /// Makes at least `count` memories of this room. So allocation does not depend on the timing of threads.
    pub fn reserve(&self, count: usize, room: &Room) {
        let mut free = self.lock();
        let count = count.max(free.len());
        free.resize_with(count, Memory::default);
        free.iter_mut().for_each(|memory| memory.prepare(room));
    }

    /// Calls `f` with a memory that is not in use.
    pub fn with<R>(&self, room: &Room, f: impl FnOnce(&mut Memory<T>) -> R) -> R {
        let free = self.lock().pop();
        let mut memory = free.unwrap_or_default();
        memory.prepare(room);
        let result = f(&mut memory);
        self.lock().push(memory);
        result
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Memory<T>>> {
        // A memory is valid with any content, so a panic of its user does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
