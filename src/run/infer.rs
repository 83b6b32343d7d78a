//! Inference: batches, single samples, and the values of every layer.

use super::cut::{self, in_pool, is_worth_sharing};
use super::memory::{Memory, Room, Size};
use super::pass::Tape;
use super::{Program, Purpose};
use crate::kernel::{Exec, values, values_mut};
use crate::plan::schedule::{Home, Schedule};
use crate::scalar::{Scalar, compiled};
use crate::tensor::{LANES, Lanes, Tiles, narrow, widen};

/// The arguments of an inference.
pub(crate) struct Inference<'a, T> {
    pub program: &'a Program<T>,
    /// The entries of the batch of outputs.
    pub y: &'a mut [Lanes<T>],
    /// The entries of the batch of inputs.
    pub x: &'a [Lanes<T>],
    pub samples: usize,
    pub params: &'a [T],
}

compiled! {
    /// Writes the network's outputs for a batch.
    pub(crate) Infer<'a, T>(Inference<'a, T>) -> () = infer
}

compiled! {
    /// Writes the network's output for one sample: (program, y, x, parameters).
    pub(crate) InferSample<'a, T>((&'a Program<T>, &'a mut [T], &'a [T], &'a [T])) -> () = infer_sample
}

compiled! {
    /// The output of every step for one sample: (program, x, parameters).
    pub(crate) Activations<'a, T>((&'a Program<T>, &'a [T], &'a [T])) -> Vec<Vec<T>> = activations
}

/// A program, a sample, the parameters, a value of the plan, and the index of an output.
pub(crate) type ValueGradientArgs<'a, T> = (&'a Program<T>, &'a [T], &'a [T], usize, usize);

compiled! {
    /// For one sample, a value and the gradient of an output by it, in inference.
    pub(crate) ValueGradient<'a, T>(ValueGradientArgs<'a, T>) -> [Vec<T>; 2] = value_gradient
}

impl<T: Scalar> Program<T> {
    /// The room that an inference of these tiles needs, beside its input and output.
    pub(super) fn inference_size(&self, size: Size) -> Room {
        let scratch = self
            .infer
            .stages
            .iter()
            .map(|stage| self.plan.pairs(stage) + self.plan.steps()[stage.step].op.scratch(size.tiles));
        Room { slots: size.slots(&self.infer), scratch: scratch.max().unwrap_or(0), ..Room::default() }
    }

    fn infer_tiles(
        &self,
        memory: &mut Memory<T>,
        y: &mut [Lanes<T>],
        x: &[Lanes<T>],
        params: &[T],
        size: Size,
        parallel: bool,
    ) {
        let tape = Tape::infer(self, params, size, parallel);
        tape.forward(&mut memory.slots, &mut memory.scratch, x, y);
    }
}

fn infer<T: Scalar>(Inference { program, y, x, samples, params }: Inference<'_, T>) {
    let tiles = Tiles::of(samples);
    let [input, output] = program.ends();
    let (x, rest_x) = x.split_at(tiles.whole * input);
    let (y, rest_y) = y.split_at_mut(tiles.whole * output);
    let share = is_worth_sharing(program, samples);
    if tiles.whole == 0 {
        let mut run = || infer_narrow(program, rest_y, rest_x, tiles.narrow, params, share);
        return if share { in_pool(run) } else { run() };
    }
    let together = tiles.whole.min(cut::tiles_together(program));
    // The same in both cuts, so that a smaller batch never needs more than a larger one before it.
    let room = program.inference_size(Size { tiles: together, lanes: LANES });
    if cut::is_small(program) && tiles.count() > 1 && share {
        // Each tile is one thread's.
        let size = Size { tiles: 1, lanes: LANES };
        program.pool.reserve(rayon::current_num_threads().min(tiles.whole), &room);
        let mut whole = || {
            Exec::new(true).each_chunk(y, output, |tile, y| {
                let x = &x[tile * input..][..input];
                program.pool.with(&room, |memory| program.infer_tiles(memory, y, x, params, size, false));
            });
        };
        if tiles.narrow == 0 {
            return whole();
        }
        rayon::join(whole, || infer_narrow(program, rest_y, rest_x, tiles.narrow, params, false));
        return;
    }
    let mut run = || {
        program.pool.with(&room, |memory| {
            for (y, x) in y.chunks_mut(output * together).zip(x.chunks(input * together)) {
                let size = Size { tiles: x.len() / input, lanes: LANES };
                program.infer_tiles(memory, y, x, params, size, share);
            }
        });
        infer_narrow(program, rest_y, rest_x, tiles.narrow, params, share);
    };
    if share { in_pool(run) } else { run() }
}

/// The outputs for a narrow tile; nothing if it has no lanes.
fn infer_narrow<T: Scalar>(
    program: &Program<T>,
    y: &mut [Lanes<T>],
    x: &[Lanes<T>],
    lanes: usize,
    params: &[T],
    parallel: bool,
) {
    if lanes == 0 {
        return;
    }
    let size = Size { tiles: 1, lanes: program.lanes(lanes) };
    let mut room = program.inference_size(size);
    if size.lanes == lanes {
        program.pool.with(&room, |memory| program.infer_tiles(memory, y, x, params, size, parallel));
        return;
    }
    // Some operation takes whole tiles alone.
    let [input, output] = program.ends();
    (room.input, room.outputs[0]) = (input, output);
    program.pool.with(&room, |memory| {
        let (mut wide_x, mut wide_y) =
            (std::mem::take(&mut memory.input), std::mem::take(&mut memory.outputs[0]));
        widen(&mut wide_x[..input], x, lanes, true);
        program.infer_tiles(memory, &mut wide_y[..output], &wide_x[..input], params, size, parallel);
        narrow(y, &wide_y[..output], lanes);
        (memory.input, memory.outputs[0]) = (wide_x, wide_y);
    });
}

fn infer_sample<T: Scalar>((program, y, x, params): (&Program<T>, &mut [T], &[T], &[T])) {
    let size = Size { tiles: 1, lanes: 1 };
    let mut room = program.inference_size(size);
    (room.input, room.outputs[0]) = (size.entries(x.len()), size.entries(y.len()));
    let share = is_worth_sharing(program, 1);
    let mut run = || {
        program.pool.with(&room, |memory| {
            let Memory { slots, scratch, input, outputs: [output, _], .. } = memory;
            let (input, output) = (&mut input[..room.input], &mut output[..room.outputs[0]]);
            values_mut(input)[..x.len()].copy_from_slice(x);
            Tape::infer(program, params, size, share).forward(slots, scratch, input, output);
            y.copy_from_slice(&values(output)[..y.len()]);
        });
    };
    if share { in_pool(run) } else { run() }
}

/// A program that keeps all values of one sample.
struct Kept<'a, T> {
    schedule: Schedule,
    size: Size,
    input: Vec<Lanes<T>>,
    slots: Vec<Lanes<T>>,
    scratch: Vec<Lanes<T>>,
    program: &'a Program<T>,
    params: &'a [T],
}

impl<'a, T: Scalar> Kept<'a, T> {
    fn new(program: &'a Program<T>, x: &[T], params: &'a [T], purpose: Purpose) -> Self {
        let schedule = Schedule::new(&program.plan, purpose);
        let size = Size { tiles: 1, lanes: program.lanes(1) };
        let mut input = vec![Lanes::zero(); size.entries(x.len())];
        values_mut(&mut input).chunks_exact_mut(size.lanes).zip(x).for_each(|(to, x)| to.fill(*x));
        let slots = vec![Lanes::zero(); size.slots(&schedule)];
        let scratch = program.plan.steps().iter().map(|step| step.op.scratch(1)).max();
        let scratch = vec![Lanes::zero(); scratch.unwrap_or(0)];
        Kept { schedule, size, input, slots, scratch, program, params }
    }

    fn run(&mut self, pass: impl FnOnce(&Tape<'_, T>, &mut [Lanes<T>], &mut [Lanes<T>], &[Lanes<T>])) {
        let Kept { schedule, size, input, slots, scratch, program, params } = self;
        let tape = Tape { schedule, ..Tape::infer(program, params, *size, true) };
        pass(&tape, slots, scratch, input);
    }

    /// The numbers of a value, or of the gradient by it.
    fn of(&self, home: Home, value: usize) -> Vec<T> {
        let Home::Slot(..) = home else { unreachable!("every operation runs and keeps its output") };
        let tape =
            Tape { schedule: &self.schedule, ..Tape::infer(self.program, self.params, self.size, true) };
        let len = self.program.plan.values()[value].dims.len();
        let entries = &self.slots[tape.range(home, value)];
        values(entries).iter().step_by(self.size.lanes).take(len).copied().collect()
    }
}

fn activations<T: Scalar>((program, x, params): (&Program<T>, &[T], &[T])) -> Vec<Vec<T>> {
    let mut kept = Kept::new(program, x, params, Purpose::Activations);
    kept.run(|tape, slots, scratch, x| tape.forward(slots, scratch, x, &mut []));
    let of = |value: usize| kept.of(kept.schedule.values[value], value);
    program.plan.steps().iter().map(|step| of(step.output)).collect()
}

fn value_gradient<T: Scalar>((program, x, params, value, output): ValueGradientArgs<'_, T>) -> [Vec<T>; 2] {
    let mut kept = Kept::new(program, x, params, Purpose::Gradients);
    let mut gradient = vec![T::zero(); params.len()];
    kept.run(|tape, slots, scratch, x| {
        tape.forward(slots, scratch, x, &mut []);
        let last = tape.plan.output();
        let dy = &mut slots[tape.range(tape.schedule.gradients[last], last)];
        dy.fill(Lanes::zero());
        values_mut(dy)[output * tape.size.lanes] = T::one();
        tape.backward(slots, scratch, x, None, &mut gradient);
    });
    [kept.schedule.values[value], kept.schedule.gradients[value]].map(|home| kept.of(home, value))
}
