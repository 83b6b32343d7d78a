//! Running a plan: what a training step and an inference write to, allocated once, and how they are cut.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::error::{Error, FirstError};
use crate::kernel::{self, Exec, with_lanes};
use crate::loss::Tally;
use crate::network::LayerOutput;
use crate::plan::{Backward, Forward, Mode, Pass, Plan, Stage};
use crate::scalar::Scalar;
use crate::shape::Dims;
use crate::tensor::{LANES, Lanes};

/// Up to this many parameters the work is cut into tiles that each run through the whole network, and a training
/// step has a gradient for each group of them; above, each layer is cut by itself and there is one gradient. Copies
/// of a gradient beyond this size cost more memory traffic than the second cut costs waiting.
const SMALL_NETWORK: usize = 1 << 19;

/// The most groups a training step is cut into: a constant, so that sums do not depend on the machine.
const GROUPS: usize = 16;

/// Multiply-accumulates below which waking a second thread costs more than it saves.
const WORTH_SHARING: usize = 1 << 22;

/// Tiles of an inference that a large network runs through at once: what stays in a last-level cache.
const TILES_TOGETHER: usize = 4;

/// Entries of the gradient that one thread adds up over the groups at a time.
const SUMMED_TOGETHER: usize = 4096;

/// Calls `f` in rayon's pool, so that what it shares out is not handed to another thread first.
pub(crate) fn in_pool<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| f())
}

/// At least `len` entries.
fn grow<T: Clone>(room: &mut Vec<T>, len: usize, value: T) {
    if room.len() < len {
        room.resize(len, value);
    }
}

/// Entries of so many tiles.
fn entries(dims: Dims, tiles: usize, lanes: usize) -> usize {
    if lanes == LANES { dims.len() * tiles } else { (dims.len() * lanes).div_ceil(LANES) }
}

/// Entries of one tile's values without the lanes that are not wanted.
fn narrow<T: Scalar>(y: &mut [Lanes<T>], x: &[Lanes<T>], lanes: usize) {
    with_lanes!(lanes, N => {
        for (y, x) in kernel::values_mut(y).as_chunks_mut::<N>().0.iter_mut().zip(x) {
            y.copy_from_slice(&x.0[..N]);
        }
    });
}

/// The opposite of [`narrow`]; the other lanes repeat the last, or are zero.
fn widen<T: Scalar>(y: &mut [Lanes<T>], x: &[Lanes<T>], lanes: usize, repeat: bool) {
    for (y, x) in y.iter_mut().zip(kernel::values(x).chunks_exact(lanes)) {
        y.0 = [if repeat { x[lanes - 1] } else { T::zero() }; LANES];
        y.0[..lanes].copy_from_slice(x);
    }
}

/// Writes the values of the sample at a place in the batch.
pub type Loader<'a, T> = dyn Fn(&mut [T], usize) -> Result<(), Error> + Sync + 'a;

/// Where the samples of a training step come from.
pub enum Input<'a, T> {
    /// From tiles.
    Tiles(&'a [Lanes<T>]),
    /// From the values of one sample after the other, as many as whole tiles hold: the last sample is repeated.
    Rows(&'a [T]),
    /// From a function; what it fails to load is whatever it has written.
    Load(&'a Loader<'a, T>, &'a FirstError),
}

/// The loss of some tiles as a function: (gradient by the output to write, output, samples) → sums.
pub type LossOf<'a, T> = dyn Fn(&mut [Lanes<T>], &[Lanes<T>], Range<usize>) -> Tally + Sync + 'a;

/// Working memory that one thread at a time computes in.
pub(crate) trait Memory: Default {
    /// Makes room, where there is less.
    fn prepare(&mut self, room: &Room);
}

/// Working memories that nobody computes in just now. A thread takes the one that was put back last, which may still be
/// in its cache.
pub(crate) struct Pool<M>(Mutex<Vec<M>>);

impl<M> Default for Pool<M> {
    fn default() -> Self {
        Pool(Mutex::new(Vec::new()))
    }
}

impl<M: Memory> Pool<M> {
    /// Makes so many, all as large, so that it does not depend on chance when they are made and which is taken.
    fn reserve(&self, count: usize, room: &Room) {
        let mut free = self.lock();
        let count = count.max(free.len());
        free.resize_with(count, M::default);
        free.iter_mut().for_each(|memory| memory.prepare(room));
    }

    /// Calls `f` with a memory that nobody else has.
    fn with<R>(&self, room: &Room, f: impl FnOnce(&mut M) -> R) -> R {
        let free = self.lock().pop();
        let mut memory = free.unwrap_or_default();
        memory.prepare(room);
        let result = f(&mut memory);
        self.lock().push(memory);
        result
    }

    fn lock(&self) -> MutexGuard<'_, Vec<M>> {
        // A memory is whole whatever a panic of its user left in it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything a training step writes. It grows to the largest batch and then stays.
pub struct Workspace<T> {
    groups: Vec<Group<T>>,
    buffers: Pool<Buffers<T>>,
    /// How many of the groups the last batch needed.
    active: usize,
    /// The sum over the groups; unused where there is one group alone.
    gradient: Vec<T>,
}

/// The tiles that run through the network together, and their gradient.
struct Group<T> {
    tiles: Range<usize>,
    gradient: Vec<T>,
    tally: Tally,
}

/// What a group's tiles are computed in.
#[derive(Default)]
struct Buffers<T> {
    x: Vec<Lanes<T>>,
    /// Samples of some tiles, one after the other.
    rows: Vec<T>,
    activations: Vec<Lanes<T>>,
    dy: Vec<Lanes<T>>,
    dx: Vec<Lanes<T>>,
    scratch: Vec<Lanes<T>>,
}

impl<T: Scalar> Memory for Buffers<T> {
    fn prepare(&mut self, room: &Room) {
        grow(&mut self.x, room.input, Lanes::zero());
        grow(&mut self.rows, room.rows, T::zero());
        grow(&mut self.activations, room.outputs, Lanes::zero());
        grow(&mut self.dy, room.largest, Lanes::zero());
        grow(&mut self.dx, room.largest, Lanes::zero());
        grow(&mut self.scratch, room.scratch, Lanes::zero());
    }
}

/// Entries that so many tiles need.
pub(crate) struct Room {
    /// The input.
    input: usize,
    /// Values of the samples of the tiles that are loaded at once.
    rows: usize,
    /// All outputs together.
    outputs: usize,
    /// The largest input or output.
    largest: usize,
    scratch: usize,
}

impl Room {
    fn of<T: Scalar>(plan: &Plan<T>, mode: Mode, tiles: usize) -> Self {
        let input = plan.steps()[0].input.len();
        let mut room = Room { input: tiles * input, rows: LANES * input, outputs: 0, largest: 0, scratch: 0 };
        for stage in plan.stages(mode) {
            let step = &plan.steps()[stage.step];
            room.outputs += step.output.len() * tiles;
            room.largest = room.largest.max(step.output.len().max(step.input.len()) * tiles);
            room.scratch = room.scratch.max(step.op.scratch(tiles));
        }
        room
    }
}

impl<T: Scalar> Plan<T> {
    /// Bytes that a batch of so many samples takes on one thread, with the parameters.
    pub(crate) fn bytes(&self, mode: Mode, samples: usize) -> usize {
        let (tiles, groups) = (samples.div_ceil(LANES), Workspace::groups_of(self, samples).max(1));
        let ends = self.steps()[0].input.len() + self.output().len();
        let (values, entries) = match mode {
            Mode::Train => {
                let Room { input, rows, outputs, largest, scratch } =
                    Room::of(self, mode, tiles.div_ceil(groups));
                let (gradients, rows) = if groups > 1 { (groups + 1, rows) } else { (1, rows * tiles) };
                (rows + gradients * self.params(), input + outputs + 2 * largest + scratch)
            }
            Mode::Infer => {
                let room = Room::of(self, mode, tiles.min(TILES_TOGETHER));
                (0, tiles * ends + 2 * room.largest + room.scratch)
            }
        };
        (self.params() + values + LANES * entries) * size_of::<T>()
    }
}

impl<T: Scalar> Workspace<T> {
    /// Room for batches of so many samples.
    pub fn new(plan: &Plan<T>, samples: usize) -> Self {
        let mut space =
            Workspace { groups: Vec::new(), buffers: Pool::default(), active: 0, gradient: Vec::new() };
        space.prepare(plan, samples, Self::groups_of(plan, samples));
        space
    }

    fn groups_of(plan: &Plan<T>, samples: usize) -> usize {
        let small = plan.params() <= SMALL_NETWORK && !plan.is_whole_batch();
        if small { samples.div_ceil(LANES).min(GROUPS) } else { 1 }
    }

    /// Makes room for a batch of so many samples in so many groups; returns what a group needs.
    fn prepare(&mut self, plan: &Plan<T>, samples: usize, groups: usize) -> Room {
        let tiles = samples.div_ceil(LANES);
        let empty = || Group { tiles: 0..0, gradient: Vec::new(), tally: Tally::default() };
        self.groups.resize_with(groups.max(self.groups.len()), empty);
        for (g, group) in self.groups[..groups].iter_mut().enumerate() {
            group.tiles = g * tiles / groups..(g + 1) * tiles / groups;
            grow(&mut group.gradient, plan.params(), T::zero());
        }
        // Asking rayon makes its pool, with as many threads as it thinks best: not before there is something to run.
        let at_once = if groups > 1 { groups.min(rayon::current_num_threads()) } else { groups };
        // For as many tiles as the largest group has: a smaller batch is cut elsewhere.
        let mut room = Room::of(plan, Mode::Train, tiles.div_ceil(groups.max(1)));
        if groups == 1 {
            // One group's tiles are loaded by all threads.
            room.rows *= tiles;
        }
        self.buffers.reserve(at_once, &room);
        if groups > 1 {
            grow(&mut self.gradient, plan.params(), T::zero());
        }
        self.active = groups;
        room
    }

    /// The gradient by the parameters, from the last step.
    pub fn gradient(&self) -> &[T] {
        match self.active {
            1 => &self.groups[0].gradient,
            _ => &self.gradient,
        }
    }

    /// The same, to change.
    pub(crate) fn gradient_mut(&mut self) -> &mut [T] {
        match self.active {
            1 => &mut self.groups[0].gradient,
            _ => &mut self.gradient,
        }
    }
}

/// One step's task beside the plan and the workspace.
pub struct Task<'a, T> {
    /// The samples.
    pub(crate) input: Input<'a, T>,
    /// Where the gradient by the input goes, if it is wanted.
    pub(crate) dx: Option<&'a mut [Lanes<T>]>,
    /// The network's parameters.
    pub(crate) params: &'a [T],
    /// A random key for each sample.
    pub(crate) keys: &'a [u64],
    /// What to lower.
    pub(crate) loss: &'a LossOf<'a, T>,
    /// Groups to cut the batch into, if not as many as usual. One where an operation wants the whole batch.
    pub(crate) groups: Option<usize>,
}

impl<T: Scalar> Plan<T> {
    /// Forward and backward over a batch; returns the sums over samples and leaves the gradient in `space`.
    pub(crate) fn gradient(&self, space: &mut Workspace<T>, task: Task<'_, T>) -> Tally {
        let samples = task.keys.len();
        let groups = match task.groups {
            Some(groups) if !self.is_whole_batch() => groups,
            _ => Workspace::groups_of(self, samples),
        };
        let room = space.prepare(self, samples, groups);
        let exec = Exec { lanes: self.lanes(samples), ..Exec::new(groups == 1) };
        let Task { input, mut dx, params, keys, loss, .. } = task;
        let (groups, buffers) = (&mut space.groups[..groups], &space.buffers);
        let run = |group: &mut Group<T>, dx: Option<&mut [Lanes<T>]>| {
            buffers.with(&room, |buffers| self.run(group, buffers, &input, dx, params, keys, exec, loss));
        };
        if let [group] = groups {
            run(group, dx);
            return group.tally;
        }
        if let Some(dx) = &mut dx {
            // Wanted only where gradients are checked: one group after the other.
            let mut rest = &mut **dx;
            for group in groups.iter_mut() {
                let (own, others) = rest.split_at_mut(group.tiles.len() * self.steps()[0].input.len());
                rest = others;
                run(group, Some(own));
            }
        } else {
            groups.par_iter_mut().for_each(|group| run(group, None));
        }
        let groups = &*groups;
        space.gradient.par_chunks_mut(SUMMED_TOGETHER).enumerate().for_each(|(block, sum)| {
            let part = block * SUMMED_TOGETHER..block * SUMMED_TOGETHER + sum.len();
            sum.copy_from_slice(&groups[0].gradient[part.clone()]);
            for group in &groups[1..] {
                kernel::add(exec.isa, sum, &group.gradient[part.clone()]);
            }
        });
        let mut total = Tally::default();
        for group in groups {
            total.add(group.tally);
        }
        total
    }

    /// One group's forward pass, loss and backward pass.
    fn run(
        &self,
        group: &mut Group<T>,
        buffers: &mut Buffers<T>,
        input: &Input<'_, T>,
        mut input_gradient: Option<&mut [Lanes<T>]>,
        params: &[T],
        keys: &[u64],
        exec: Exec,
        loss: &LossOf<'_, T>,
    ) {
        let (tiles, lanes) = (group.tiles.len(), exec.lanes);
        let samples = group.tiles.start * LANES..(group.tiles.end * LANES).min(keys.len());
        let keys = &keys[samples.clone()];
        let pass = |layer| Pass { mode: Mode::Train, exec, layer, keys };
        let stages = self.stages(Mode::Train);
        let step = |stage: &Stage| &self.steps()[stage.step];
        let input_len = self.steps()[0].input.len();
        let x = match input {
            Input::Tiles(x) => {
                let x = &x[group.tiles.start * input_len..group.tiles.end * input_len];
                if lanes == LANES {
                    x
                } else {
                    narrow(&mut buffers.x, x, lanes);
                    &buffers.x
                }
            }
            Input::Rows(rows) => {
                let rows = &rows[group.tiles.start * LANES * input_len..];
                let fill = |(x, rows): (&mut [Lanes<T>], &[T])| kernel::interleave(exec, x, rows, input_len);
                let x = &mut buffers.x[..tiles * input_len];
                if exec.parallel && tiles > 1 {
                    x.par_chunks_mut(input_len).zip(rows.par_chunks(LANES * input_len)).for_each(fill);
                } else {
                    x.chunks_mut(input_len).zip(rows.chunks(LANES * input_len)).for_each(fill);
                }
                &buffers.x
            }
            Input::Load(load, failure) => {
                let fill = |(tile, (x, rows)): (usize, (&mut [Lanes<T>], &mut [T]))| {
                    for lane in 0..lanes {
                        let (row, place) = (lane * input_len, samples.start + tile * LANES + lane);
                        if place < samples.end {
                            failure.note(place, load(&mut rows[row..][..input_len], place));
                        } else {
                            // Lanes without a sample repeat the last.
                            rows.copy_within(row - input_len..row, row);
                        }
                    }
                    kernel::interleave(exec, x, rows, input_len);
                };
                let (x, rows) = (&mut buffers.x[..tiles * input_len], &mut buffers.rows);
                if exec.parallel && tiles > 1 {
                    let tiles = x.par_chunks_mut(input_len).zip(rows.par_chunks_mut(lanes * input_len));
                    tiles.enumerate().for_each(fill);
                } else {
                    // One tile's rows after the other in the same place, which stays in a cache.
                    let rows = &mut rows[..lanes * input_len];
                    x.chunks_mut(input_len).enumerate().for_each(|(tile, x)| fill((tile, (x, rows))));
                }
                &buffers.x
            }
        };

        let mut end = 0;
        for (i, stage) in stages.iter().enumerate() {
            let step = step(stage);
            let (before, rest) = buffers.activations.split_at_mut(end);
            let y = entries(step.output, tiles, lanes);
            let x_len = entries(step.input, tiles, lanes);
            step.op.forward(Forward {
                y: &mut rest[..y],
                x: if i == 0 { &x[..x_len] } else { &before[end - x_len..] },
                params: &params[step.params.clone()],
                scratch: &mut buffers.scratch,
                relu: stage.relu_after,
                pass: pass(stage.step),
            });
            end += y;
        }

        let last = stages.last().expect("a network has a layer");
        let output = step(last).output;
        let y = &buffers.activations[end - entries(output, tiles, lanes)..end];
        if lanes == LANES {
            group.tally = loss(&mut buffers.dy[..y.len()], y, samples);
        } else {
            let [wide_y, wide_dy] = [&mut buffers.dx, &mut buffers.scratch].map(|room| {
                grow(room, output.len(), Lanes::zero());
                &mut room[..output.len()]
            });
            widen(wide_y, y, lanes, true);
            group.tally = loss(wide_dy, wide_y, samples);
            narrow(&mut buffers.dy, wide_dy, lanes);
        }
        if last.relu_after {
            kernel::relu_backward(exec, &mut buffers.dy[..y.len()], y);
        }

        // What lies before the first parameters has no gradient that anybody wants.
        let first = stages.iter().position(|stage| !step(stage).params.is_empty()).unwrap_or(stages.len());
        let wanted = input_gradient.is_some();
        for (i, stage) in stages.iter().enumerate().rev() {
            if i < first && !wanted {
                break;
            }
            let step = step(stage);
            let (y_len, x_len) = (entries(step.output, tiles, lanes), entries(step.input, tiles, lanes));
            let (before, y) = buffers.activations[..end].split_at(end - y_len);
            let x = if i == 0 { &x[..x_len] } else { &before[before.len() - x_len..] };
            let dx = (wanted || i > first).then_some(&mut buffers.dx[..x_len]);
            let relu = stage.relu_before && step.op.relu_before();
            step.op.backward(Backward {
                dx,
                dparams: &mut group.gradient[step.params.clone()],
                dy: &buffers.dy[..y_len],
                x,
                y,
                params: &params[step.params.clone()],
                scratch: &mut buffers.scratch,
                relu,
                pass: pass(stage.step),
            });
            if stage.relu_before && !relu {
                kernel::relu_backward(exec, &mut buffers.dx[..x_len], x);
            }
            std::mem::swap(&mut buffers.dx, &mut buffers.dy);
            end -= y_len;
        }
        if let Some(dx) = &mut input_gradient {
            if lanes == LANES {
                dx.copy_from_slice(&buffers.dy[..dx.len()]);
            } else {
                widen(dx, &buffers.dy, lanes, false);
            }
        }
    }
}

/// Working space of an inference.
#[derive(Default)]
pub(crate) struct Space<T> {
    from: Vec<Lanes<T>>,
    to: Vec<Lanes<T>>,
    scratch: Vec<Lanes<T>>,
}

impl<T: Scalar> Memory for Space<T> {
    fn prepare(&mut self, room: &Room) {
        grow(&mut self.from, room.largest, Lanes::zero());
        grow(&mut self.to, room.largest, Lanes::zero());
        grow(&mut self.scratch, room.scratch, Lanes::zero());
    }
}

impl<T: Scalar> Plan<T> {
    /// Writes the network's output for each tile of `x` to `y`.
    pub(crate) fn infer(&self, y: &mut [Lanes<T>], x: &[Lanes<T>], samples: usize, params: &[T]) {
        let (input, output) = (self.steps()[0].input.len(), self.output().len());
        let (tiles, lanes) = (samples.div_ceil(LANES), self.lanes(samples));
        if samples == 0 {
            return;
        }
        let (share, together) = (self.is_worth_sharing(samples), tiles.min(TILES_TOGETHER));
        if lanes < LANES {
            self.infer_few(
                lanes,
                params,
                |room| narrow(room, x, lanes),
                |found| widen(y, found, lanes, true),
            );
            return;
        }
        let room = Room::of(self, Mode::Infer, together);
        if self.params() <= SMALL_NETWORK && tiles > 1 && share {
            self.spaces.reserve(rayon::current_num_threads().min(tiles), &room);
            y.par_chunks_mut(output).zip(x.par_chunks(input)).for_each(|(y, x)| {
                self.spaces.with(&room, |space| self.forward(space, y, Some(x), 1, params, Exec::new(false)));
            });
        } else {
            let mut run = || {
                let chunks = y.chunks_mut(output * together).zip(x.chunks(input * together));
                self.spaces.with(&room, |space| {
                    for (y, x) in chunks {
                        self.forward(space, y, Some(x), x.len() / input, params, Exec::new(share));
                    }
                });
            };
            if share { in_pool(run) } else { run() }
        }
    }

    /// The network's output for one sample, if the plan does with [one lane](Self::lanes).
    pub(crate) fn infer_sample(&self, y: &mut [T], x: &[T], params: &[T]) {
        self.infer_few(
            1,
            params,
            |to| kernel::values_mut(to)[..x.len()].copy_from_slice(x),
            |from| y.copy_from_slice(&kernel::values(from)[..y.len()]),
        );
    }

    /// The network's output for few samples without gaps: `fill` writes the input, `take` reads the output.
    fn infer_few(
        &self,
        lanes: usize,
        params: &[T],
        fill: impl FnOnce(&mut [Lanes<T>]) + Send,
        take: impl FnOnce(&[Lanes<T>]) + Send,
    ) {
        let share = self.is_worth_sharing(lanes);
        let room = Room::of(self, Mode::Infer, 1);
        let run = || {
            self.spaces.with(&room, |space| {
                fill(&mut space.from);
                let exec = Exec { lanes, ..Exec::new(share) };
                self.forward(space, &mut [], None, 1, params, exec);
                take(&space.from);
            });
        };
        if share { in_pool(run) } else { run() }
    }

    /// What every step gives for one sample, one after the other and without shortcuts.
    pub(crate) fn trace(&self, x: &[T], params: &[T]) -> Vec<LayerOutput<T>> {
        let mut x: Vec<Lanes<T>> = x.iter().map(|value| Lanes::splat(*value)).collect();
        let mut outputs = Vec::with_capacity(self.steps().len());
        for (layer, step) in self.steps().iter().enumerate() {
            let mut y = vec![Lanes::zero(); step.output.len()];
            step.op.forward(Forward {
                y: &mut y,
                x: &x,
                params: &params[step.params.clone()],
                scratch: &mut vec![Lanes::zero(); step.op.scratch(1)],
                relu: false,
                pass: Pass { mode: Mode::Infer, exec: Exec::new(true), layer, keys: &[] },
            });
            let values = y.iter().map(|lanes| lanes.0[0]).collect();
            outputs.push(LayerOutput { name: step.name.clone(), shape: step.output, values });
            x = y;
        }
        outputs
    }

    /// Whether an inference of so many samples is more work than waking a second thread.
    fn is_worth_sharing(&self, samples: usize) -> bool {
        self.steps().iter().map(|step| step.macs).sum::<usize>() * samples >= WORTH_SHARING
    }

    /// Runs all stages. Input and output are in `x` and `y`, or at the beginning of the space's `from`.
    fn forward(
        &self,
        space: &mut Space<T>,
        y: &mut [Lanes<T>],
        x: Option<&[Lanes<T>]>,
        tiles: usize,
        params: &[T],
        exec: Exec,
    ) {
        let stages = self.stages(Mode::Infer);
        for (i, stage) in stages.iter().enumerate() {
            let step = &self.steps()[stage.step];
            let x = match x {
                Some(x) if i == 0 => x,
                _ => &space.from[..entries(step.input, tiles, exec.lanes)],
            };
            let last = i + 1 == stages.len() && !y.is_empty();
            let to = &mut space.to[..entries(step.output, tiles, exec.lanes)];
            step.op.forward(Forward {
                y: if last { &mut *y } else { to },
                x,
                params: &params[step.params.clone()],
                scratch: &mut space.scratch,
                relu: stage.relu_after,
                pass: Pass { mode: Mode::Infer, exec, layer: stage.step, keys: &[] },
            });
            std::mem::swap(&mut space.from, &mut space.to);
        }
    }

    fn output(&self) -> Dims {
        self.steps().last().expect("a network has a layer").output
    }
}
