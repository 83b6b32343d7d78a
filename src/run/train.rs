//! Training steps: the loss of a batch and its gradient by the parameters.

use std::ops::Range;

use rayon::prelude::*;

use super::Program;
use super::cut::{self, SUMMED_TOGETHER};
use super::memory::{Memory, Pool, Room, Size};
use super::pass::Tape;
use crate::kernel::{self, Exec};
use crate::loss::Tally;
use crate::plan::schedule::{Purpose, Schedule, Stage};
use crate::plan::{Frozen, Mode};
use crate::scalar::{Scalar, compiled};
use crate::tensor::{LANES, Lanes, Tiles, narrow, widen};

/// Writes the values of the sample with an index in the batch.
pub type Loader<'a, T> = dyn Fn(&mut [T], usize) + Sync + 'a;

/// The source of a training step's samples.
pub enum Input<'a, T> {
    /// A batch's entries.
    Batch(&'a [Lanes<T>]),
    /// The values of one sample after the other, as many as whole tiles hold.
    Rows(&'a [T]),
    /// A function.
    Load(&'a Loader<'a, T>),
}

/// The loss of some whole tiles as a function: (gradient by the output to write, output, samples) → sums.
pub type LossOf<'a, T> = dyn Fn(&mut [Lanes<T>], &[Lanes<T>], Range<usize>) -> Tally + Sync + 'a;

/// The arguments of one training step.
pub struct Task<'a, T> {
    /// The samples.
    pub(crate) input: Input<'a, T>,
    /// The entries of a batch for the gradient by the input, if that is needed and the program was made for it.
    pub(crate) dx: Option<&'a mut [Lanes<T>]>,
    /// The network's parameters.
    pub(crate) params: &'a [T],
    /// A random key for each sample.
    pub(crate) keys: &'a [u64],
    /// The loss.
    pub(crate) loss: &'a LossOf<'a, T>,
    /// Number of groups to cut the batch into, instead of the usual. Always one if an operation needs the whole batch.
    pub(crate) groups: Option<usize>,
}

/// How training steps of a program run.
pub(crate) struct Training {
    schedule: Schedule,
    /// Whether some operation needs the whole batch.
    whole_batch: bool,
}

/// The memory of training steps. It grows to the largest batch and keeps that size.
pub struct Workspace<T> {
    training: Training,
    groups: Vec<Group<T>>,
    pool: Pool<T>,
    /// Number of groups that the last batch needed.
    active: usize,
    /// Samples of the largest batch so far.
    most: usize,
    /// The sum over the groups; unused if there is only one group.
    gradient: Vec<T>,
}

/// The tiles that run through the network together, and their gradient.
struct Group<T> {
    tiles: Range<usize>,
    gradient: Vec<T>,
    tally: Tally,
}

impl Training {
    /// Training steps that keep some parameters as they are.
    pub fn new<T: Scalar>(program: &Program<T>, purpose: Purpose, frozen: &Frozen) -> Self {
        let schedule = Schedule::with_frozen(&program.plan, purpose, frozen);
        let of_batch =
            |stage: &Stage| stage.mode == Mode::Train && program.plan.steps()[stage.step].op.whole_batch();
        let whole_batch = schedule.stages.iter().any(of_batch);
        Training { schedule, whole_batch }
    }

    fn groups<T: Scalar>(&self, program: &Program<T>, samples: usize) -> usize {
        cut::groups(program, self.whole_batch, samples)
    }

    /// Bytes that a step takes on one thread, with the parameters.
    pub fn bytes<T: Scalar>(&self, program: &Program<T>, samples: usize) -> usize {
        let params = program.plan.params();
        let groups = self.groups(program, samples).max(1);
        let gradients = if groups > 1 { groups + 1 } else { 1 };
        ((1 + gradients) * params + self.room(program, samples, groups).values()) * size_of::<T>()
    }

    /// The room that each group of a step needs, beside its gradient.
    fn room<T: Scalar>(&self, program: &Program<T>, samples: usize, groups: usize) -> Room {
        // As many tiles as the largest group has: a smaller batch is cut elsewhere.
        let tiles = samples.div_ceil(LANES).div_ceil(groups.max(1));
        let size = Size { tiles, lanes: program.lanes(samples) };
        let [input, output] = program.ends();
        let (plan, stages) = (&program.plan, &self.schedule.stages);
        let scratch =
            stages.iter().map(|stage| plan.pairs(stage) + plan.steps()[stage.step].op.scratch(tiles));
        // The tiles of a single group are loaded by all threads.
        let loaded = if groups == 1 { tiles } else { 1 };
        Room {
            slots: size.slots(&self.schedule),
            scratch: scratch.max().unwrap_or(0),
            input: size.entries(input),
            rows: loaded * size.lanes * input,
            // For narrow tiles, whose outputs the loss gets as whole ones.
            outputs: [output, output],
        }
    }
}

impl<T: Scalar> Workspace<T> {
    /// Memory for batches of a number of samples.
    pub fn new(program: &Program<T>, samples: usize) -> Self {
        Self::with(program, samples, Purpose::Train)
    }

    /// The same, for training steps that can also give the gradient by the input.
    pub fn with_input_gradient(program: &Program<T>, samples: usize) -> Self {
        Self::with(program, samples, Purpose::TrainInput)
    }

    fn with(program: &Program<T>, samples: usize, purpose: Purpose) -> Self {
        let training = Training::new(program, purpose, &Frozen::default());
        let groups = training.groups(program, samples);
        let mut space = Workspace {
            training,
            groups: Vec::new(),
            pool: Pool::default(),
            active: 0,
            most: 0,
            gradient: Vec::new(),
        };
        space.prepare(program, samples, groups);
        space
    }

    /// Keeps the parameters of these steps as they are from now on.
    pub(crate) fn freeze(&mut self, program: &Program<T>, frozen: &Frozen) {
        self.training = Training::new(program, Purpose::Train, frozen);
    }

    /// Bytes that a step takes on one thread, with the parameters.
    pub(crate) fn bytes(&self, program: &Program<T>, samples: usize) -> usize {
        self.training.bytes(program, samples)
    }

    /// Grows for a batch in a number of groups; returns the room that a group needs.
    fn prepare(&mut self, program: &Program<T>, samples: usize, groups: usize) -> Room {
        let params = program.plan.params();
        let tiles = samples.div_ceil(LANES);
        let empty = || Group { tiles: 0..0, gradient: Vec::new(), tally: Tally::default() };
        self.groups.resize_with(groups.max(self.groups.len()), empty);
        for (g, group) in self.groups[..groups].iter_mut().enumerate() {
            group.tiles = g * tiles / groups..(g + 1) * tiles / groups;
            group.gradient.resize(params, T::zero());
        }
        // Asking rayon makes its pool, with as many threads as it thinks best: not before there is something to run.
        let at_once = if groups > 1 { groups.min(rayon::current_num_threads()) } else { groups };
        let room = self.training.room(program, samples, groups);
        self.pool.reserve(at_once, &room);
        if groups > 1 {
            self.gradient.resize(params, T::zero());
        }
        self.active = groups;
        self.most = self.most.max(samples);
        room
    }

    /// Samples of the largest batch so far.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// The gradient by the parameters, from the last step.
    pub fn gradient(&self) -> &[T] {
        match self.active {
            1 => &self.groups[0].gradient,
            _ => &self.gradient,
        }
    }

    /// The same, for changes.
    pub(crate) fn gradient_mut(&mut self) -> &mut [T] {
        match self.active {
            1 => &mut self.groups[0].gradient,
            _ => &mut self.gradient,
        }
    }
}

compiled! {
    /// Forward and backward over a batch. Returns the sums over samples and leaves the gradient in the workspace.
    pub(crate) Gradient<'a, T>((&'a Program<T>, &'a mut Workspace<T>, Task<'a, T>)) -> Tally = gradient
}

fn gradient<T: Scalar>((program, space, task): (&Program<T>, &mut Workspace<T>, Task<'_, T>)) -> Tally {
    let samples = task.keys.len();
    let groups = match task.groups {
        Some(groups) if !space.training.whole_batch => groups,
        _ => space.training.groups(program, samples),
    };
    let room = space.prepare(program, samples, groups);
    let Task { input, dx, params, keys, loss, .. } = task;
    let exec = Exec { lanes: program.lanes(samples), ..Exec::new(groups == 1) };
    let step = Step { program, schedule: &space.training.schedule, params, keys, loss, input, exec };
    let (groups, pool) = (&mut space.groups[..groups], &space.pool);
    let run = |group: &mut Group<T>| pool.with(&room, |memory| step.run(group, memory, None));
    if let Some(dx) = dx {
        // Needed only where gradients are checked: one group after the other, in whole tiles.
        let input = program.ends()[0];
        let mut wide = vec![Lanes::zero(); samples.div_ceil(LANES) * input];
        for group in groups.iter_mut() {
            let own = &mut wide[group.tiles.start * input..group.tiles.end * input];
            pool.with(&room, |memory| step.run(group, memory, Some(own)));
        }
        let tiles = Tiles::of(samples);
        let (whole, rest) = dx.split_at_mut(tiles.whole * input);
        whole.copy_from_slice(&wide[..tiles.whole * input]);
        if exec.lanes < LANES {
            rest.copy_from_slice(&wide[..rest.len()]);
        } else if tiles.narrow > 0 {
            narrow(rest, &wide[tiles.whole * input..], tiles.narrow);
        }
    } else if let [group] = groups {
        run(group);
    } else {
        Exec::new(true).each_chunk(groups, 1, |_, group| group.iter_mut().for_each(run));
    }
    let groups = &*groups;
    if let [group] = groups {
        return group.tally;
    }
    Exec::new(true).each_chunk(&mut space.gradient, SUMMED_TOGETHER, |block, sum| {
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

/// One training step, as its groups see it.
struct Step<'a, T> {
    program: &'a Program<T>,
    schedule: &'a Schedule,
    params: &'a [T],
    keys: &'a [u64],
    loss: &'a LossOf<'a, T>,
    input: Input<'a, T>,
    exec: Exec,
}

impl<T: Scalar> Step<'_, T> {
    /// One group's forward pass, loss and backward pass.
    fn run(&self, group: &mut Group<T>, memory: &mut Memory<T>, dx: Option<&mut [Lanes<T>]>) {
        let Group { tiles, gradient, tally } = group;
        let samples = tiles.start * LANES..(tiles.end * LANES).min(self.keys.len());
        let size = Size { tiles: tiles.len(), lanes: self.exec.lanes };
        let Memory { slots, scratch, input, rows, outputs } = memory;
        let program = self.program;
        let [input_len, output_len] = program.ends();
        let x = self.input(tiles.clone(), &mut input[..size.entries(input_len)], rows);

        let (plan, schedule, exec) = (&program.plan, self.schedule, self.exec);
        let keys = &self.keys[samples.clone()];
        let tape = Tape { plan, schedule, params: self.params, size, exec, keys };
        tape.forward(slots, scratch, x, &mut []);

        let output = schedule.holder[plan.output()];
        let ends = [schedule.values[output], schedule.gradients[output]];
        let ends = slots.get_disjoint_mut(ends.map(|home| tape.range(home, output)));
        let [y, dy] = ends.expect("the output and its gradient lie apart");
        if size.lanes == LANES {
            *tally = (self.loss)(dy, y, samples);
        } else {
            let [wide_y, wide_dy] = outputs.each_mut().map(|output| &mut output[..output_len]);
            widen(wide_y, y, size.lanes, true);
            *tally = (self.loss)(wide_dy, wide_y, samples);
            narrow(dy, wide_dy, size.lanes);
        }
        let dx = dx.map(|dx| &mut dx[..size.entries(input_len)]);
        tape.backward(slots, scratch, x, dx, gradient);
    }

    /// The input of some tiles: where it lies, or a copy in `to`.
    fn input<'b>(&'b self, tiles: Range<usize>, to: &'b mut [Lanes<T>], rows: &mut [T]) -> &'b [Lanes<T>] {
        let (len, lanes) = (self.program.ends()[0], self.exec.lanes);
        let samples = self.keys.len();
        match &self.input {
            Input::Batch(x) => {
                let stored = Tiles::of(samples);
                if tiles.end <= stored.whole || lanes < LANES {
                    return &x[tiles.start * len..(tiles.end * len).min(x.len())];
                }
                let (whole, rest) = x[tiles.start * len..].split_at((stored.whole - tiles.start) * len);
                let (to_whole, to_rest) = to.split_at_mut(whole.len());
                to_whole.copy_from_slice(whole);
                widen(to_rest, rest, stored.narrow, true);
            }
            Input::Rows(rows) => {
                let rows = &rows[tiles.start * LANES * len..];
                self.exec.each_chunk(to, len, |tile, x| {
                    kernel::interleave(self.exec, x, &rows[tile * LANES * len..], len);
                });
            }
            Input::Load(load) => {
                let fill = |(tile, (x, rows)): (usize, (&mut [Lanes<T>], &mut [T]))| {
                    for lane in 0..lanes {
                        let (row, place) = (lane * len, (tiles.start + tile) * LANES + lane);
                        if place < samples {
                            load(&mut rows[row..][..len], place);
                        } else {
                            // Lanes without a sample repeat the last.
                            rows.copy_within(row - len..row, row);
                        }
                    }
                    kernel::interleave(self.exec, x, rows, len);
                };
                if self.exec.parallel && tiles.len() > 1 {
                    let tiles = to.par_chunks_mut(len).zip(rows.par_chunks_mut(lanes * len));
                    tiles.enumerate().for_each(fill);
                } else {
                    // One tile's rows after the other in the same place, which stays in a cache.
                    let rows = &mut rows[..lanes * len];
                    to.chunks_mut(len).enumerate().for_each(|(tile, x)| fill((tile, (x, rows))));
                }
            }
        }
        to
    }
}
