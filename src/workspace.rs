//! Running a plan: what a training step and an inference write to, allocated once, and how they are cut.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::kernel::{self, Exec, with_lanes};
use crate::plan::{Backward, Forward, Mode, Pass, Plan, Stage};
use crate::scalar::Scalar;
use crate::shape::Dims;
use crate::tensor::{LANES, Lanes};
use crate::train::Tally;

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
pub(crate) type Loader<'a, T> = dyn Fn(&mut [T], usize) + Sync + 'a;

/// Where the samples of a training step come from.
pub(crate) enum Input<'a, T> {
    /// From tiles.
    Tiles(&'a [Lanes<T>]),
    /// From a function.
    Load(&'a Loader<'a, T>),
}

/// The loss of some tiles as a function: (gradient by the output to write, output, samples) → sums.
pub(crate) type LossOf<'a, T> = dyn Fn(&mut [Lanes<T>], &[Lanes<T>], Range<usize>) -> Tally + Sync + 'a;

/// Everything a training step writes. It grows to the largest batch and then stays.
pub struct Workspace<T> {
    groups: Vec<Group<T>>,
    /// Buffers that no group is computed in: as many as groups may be at once.
    free: Mutex<Vec<Buffers<T>>>,
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

/// What a group's tiles are computed in. A thread that is done with one group takes its buffers to the next, while they
/// are still in its cache.
struct Buffers<T> {
    x: Vec<Lanes<T>>,
    /// A tile's samples, one after the other.
    rows: Vec<T>,
    activations: Vec<Lanes<T>>,
    dy: Vec<Lanes<T>>,
    dx: Vec<Lanes<T>>,
    scratch: Vec<Lanes<T>>,
}

impl<T: Scalar> Buffers<T> {
    /// Buffers for so many tiles, as large as these or larger.
    fn prepare(self, plan: &Plan<T>, tiles: usize) -> Self {
        let room = Room::of(plan, Mode::Train, tiles);
        let input = plan.steps()[0].input.len();
        let Buffers { mut x, mut rows, mut activations, mut dy, mut dx, mut scratch } = self;
        grow(&mut x, tiles * input, Lanes::zero());
        grow(&mut rows, LANES * input, T::zero());
        grow(&mut activations, room.outputs, Lanes::zero());
        grow(&mut dy, room.largest, Lanes::zero());
        grow(&mut dx, room.largest, Lanes::zero());
        grow(&mut scratch, room.scratch, Lanes::zero());
        Buffers { x, rows, activations, dy, dx, scratch }
    }

    fn new() -> Self {
        Buffers {
            x: Vec::new(),
            rows: Vec::new(),
            activations: Vec::new(),
            dy: Vec::new(),
            dx: Vec::new(),
            scratch: Vec::new(),
        }
    }
}

/// Entries that so many tiles need.
struct Room {
    /// All outputs together.
    outputs: usize,
    /// The largest input or output.
    largest: usize,
    scratch: usize,
}

impl Room {
    fn of<T: Scalar>(plan: &Plan<T>, mode: Mode, tiles: usize) -> Self {
        let mut room = Room { outputs: 0, largest: 0, scratch: 0 };
        for stage in plan.stages(mode) {
            let step = &plan.steps()[stage.step];
            room.outputs += step.output.len() * tiles;
            room.largest = room.largest.max(step.output.len().max(step.input.len()) * tiles);
            room.scratch = room.scratch.max(step.op.scratch(tiles));
        }
        room
    }
}

impl<T: Scalar> Workspace<T> {
    /// Room for batches of so many samples.
    pub fn new(plan: &Plan<T>, samples: usize) -> Self {
        let mut space =
            Workspace { groups: Vec::new(), free: Mutex::new(Vec::new()), active: 0, gradient: Vec::new() };
        space.prepare(plan, samples, Self::groups_of(plan, samples));
        space
    }

    fn groups_of(plan: &Plan<T>, samples: usize) -> usize {
        if plan.params() <= SMALL_NETWORK { samples.div_ceil(LANES).min(GROUPS) } else { 1 }
    }

    /// Makes room for a batch of so many samples in so many groups.
    fn prepare(&mut self, plan: &Plan<T>, samples: usize, groups: usize) {
        let tiles = samples.div_ceil(LANES);
        let empty = || Group { tiles: 0..0, gradient: Vec::new(), tally: Tally::default() };
        self.groups.resize_with(groups.max(self.groups.len()), empty);
        for (g, group) in self.groups[..groups].iter_mut().enumerate() {
            group.tiles = g * tiles / groups..(g + 1) * tiles / groups;
            grow(&mut group.gradient, plan.params(), T::zero());
        }
        let free = self.free.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Asking rayon makes its pool, with as many threads as it thinks best: not before there is something to run.
        let at_once = if groups > 1 { groups.min(rayon::current_num_threads()) } else { groups };
        free.resize_with(at_once.max(free.len()), Buffers::new);
        for buffers in free {
            let before = std::mem::replace(buffers, Buffers::new());
            *buffers = before.prepare(plan, tiles.div_ceil(groups.max(1)));
        }
        if groups > 1 {
            grow(&mut self.gradient, plan.params(), T::zero());
        }
        self.active = groups;
    }

    /// The gradient by the parameters, from the last step.
    pub fn gradient(&self) -> &[T] {
        match self.active {
            1 => &self.groups[0].gradient,
            _ => &self.gradient,
        }
    }
}

/// One step's task beside the plan and the workspace.
pub(crate) struct Task<'a, T> {
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
    /// Groups to cut the batch into, if not as many as usual.
    pub(crate) groups: Option<usize>,
}

impl<T: Scalar> Plan<T> {
    /// Forward and backward over a batch; returns the sums over samples and leaves the gradient in `space`.
    pub(crate) fn gradient(&self, space: &mut Workspace<T>, task: Task<'_, T>) -> Tally {
        let samples = task.keys.len();
        let groups = task.groups.unwrap_or(Workspace::groups_of(self, samples));
        space.prepare(self, samples, groups);
        let exec = Exec { lanes: self.lanes(samples), ..Exec::new(groups == 1) };
        let Task { input, mut dx, params, keys, loss, .. } = task;
        let (groups, free) = (&mut space.groups[..groups], &space.free);
        let lock = || free.lock().unwrap_or_else(PoisonError::into_inner);
        let run = |group: &mut Group<T>, dx: Option<&mut [Lanes<T>]>| {
            let taken = lock().pop();
            let mut buffers = taken.unwrap_or_else(|| Buffers::new().prepare(self, group.tiles.len()));
            self.run(group, &mut buffers, &input, dx, params, keys, exec, loss);
            lock().push(buffers);
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
            Input::Load(load) => {
                for (tile, x) in buffers.x.chunks_mut(input_len).take(tiles).enumerate() {
                    let rows = &mut buffers.rows[..lanes * input_len];
                    for lane in 0..lanes {
                        let (row, place) = (lane * input_len, samples.start + tile * LANES + lane);
                        if place < samples.end {
                            load(&mut rows[row..][..input_len], place);
                        } else {
                            // Lanes without a sample repeat the last.
                            rows.copy_within(row - input_len..row, row);
                        }
                    }
                    with_lanes!(lanes, N => {
                        kernel::interleave(exec.isa, kernel::tiles_mut::<T, N>(x, input_len), rows);
                    });
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
            kernel::gate(exec, &mut buffers.dy[..y.len()], y);
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
                kernel::gate(exec, &mut buffers.dx[..x_len], x);
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

impl<T: Scalar> Space<T> {
    fn prepare(&mut self, plan: &Plan<T>, tiles: usize) {
        let room = Room::of(plan, Mode::Infer, tiles);
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
        let share = self.steps().iter().map(|step| step.macs).sum::<usize>() * samples >= WORTH_SHARING;
        if lanes < LANES {
            self.infer_few(
                lanes,
                params,
                |room| narrow(room, x, lanes),
                |found| widen(y, found, lanes, true),
            );
        } else if self.params() <= SMALL_NETWORK && tiles > 1 && share {
            self.reserve(rayon::current_num_threads().min(tiles), tiles.min(TILES_TOGETHER));
            y.par_chunks_mut(output).zip(x.par_chunks(input)).for_each(|(y, x)| {
                // All spaces are as large, so that it does not matter which of them a later call gets.
                self.with_space(tiles.min(TILES_TOGETHER), |space| {
                    self.forward(space, y, Some(x), 1, params, Exec::new(false));
                });
            });
        } else {
            let mut run = || {
                let chunks = y.chunks_mut(output * TILES_TOGETHER).zip(x.chunks(input * TILES_TOGETHER));
                self.with_space(tiles.min(TILES_TOGETHER), |space| {
                    for (y, x) in chunks {
                        let tiles = x.len() / input;
                        self.forward(space, y, Some(x), tiles, params, Exec::new(share));
                    }
                });
            };
            if share { in_pool(run) } else { run() }
        }
    }

    /// The network's output for few samples without gaps: `fill` writes the input, `take` reads the output.
    pub(crate) fn infer_few(
        &self,
        lanes: usize,
        params: &[T],
        fill: impl FnOnce(&mut [Lanes<T>]) + Send,
        take: impl FnOnce(&[Lanes<T>]) + Send,
    ) {
        let share = self.steps().iter().map(|step| step.macs).sum::<usize>() * lanes >= WORTH_SHARING;
        let run = || {
            self.with_space(1, |space| {
                fill(&mut space.from);
                let exec = Exec { lanes, ..Exec::new(share) };
                self.forward(space, &mut [], None, 1, params, exec);
                take(&space.from);
            });
        };
        if share { in_pool(run) } else { run() }
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

    /// Calls `f` with a working space that nobody else has.
    fn with_space<R>(&self, tiles: usize, f: impl FnOnce(&mut Space<T>) -> R) -> R {
        let free = self.lock().pop();
        let mut space = free.unwrap_or_default();
        space.prepare(self, tiles);
        let result = f(&mut space);
        self.lock().push(space);
        result
    }

    /// Makes so many spaces at once, so that it does not depend on chance when they are made.
    fn reserve(&self, spaces: usize, tiles: usize) {
        let mut free = self.lock();
        while free.len() < spaces {
            let mut space = Space::default();
            space.prepare(self, tiles);
            free.push(space);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Space<T>>> {
        // A space is whole whatever a panic of its user left in it.
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn output(&self) -> Dims {
        self.steps().last().expect("a network has a layer").output
    }
}
