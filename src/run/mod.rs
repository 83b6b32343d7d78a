//! Running plans: training steps, inference, and the values of every layer.
//!
//! A [`Program`] is a plan with its schedules. [`Workspace`] is the memory of training steps; inference takes memory
//! from a pool in the program, so that one network can serve any number of threads. [`cut`] decides which work is
//! shared among threads.

mod cut;
mod infer;
mod memory;
mod pass;
mod train;

pub(crate) use cut::{in_pool, join};
pub(crate) use infer::{Activations, Infer, InferSample, Inference};
use memory::{Pool, Size};
pub(crate) use train::{Gradient, Input, LossOf, Task, Workspace};

use crate::plan::schedule::{Purpose, Schedule};
use crate::plan::{Mode, Plan};
use crate::scalar::Scalar;
use crate::tensor::{LANES, Tiles};

/// A complete plan, and how it runs.
pub struct Program<T> {
    plan: Plan<T>,
    infer: Schedule,
    train: Schedule,
    /// Whether every operation accepts narrow tiles.
    narrow: bool,
    /// Whether some operation needs the whole batch in a training step.
    whole_batch: bool,
    /// Multiply-accumulates for one sample.
    macs: usize,
    /// Memory for inference that is not in use.
    pool: Pool<T>,
}

impl<T: Scalar> Program<T> {
    /// Decides which operations of a plan run and where its values lie.
    pub(crate) fn new(plan: Plan<T>) -> Self {
        Program::with(plan, Purpose::Train)
    }

    /// The same, with training steps that can also give the gradient by the input.
    pub(crate) fn with_input_gradient(plan: Plan<T>) -> Self {
        Program::with(plan, Purpose::TrainInput)
    }

    fn with(plan: Plan<T>, training: Purpose) -> Self {
        Program {
            infer: Schedule::new(&plan, Purpose::Infer),
            train: Schedule::new(&plan, training),
            narrow: plan.steps().iter().all(|step| step.op.narrow()),
            whole_batch: plan.steps().iter().any(|step| step.op.whole_batch()),
            macs: plan.macs(),
            pool: Pool::default(),
            plan,
        }
    }

    /// The operations.
    pub(crate) fn plan(&self) -> &Plan<T> {
        &self.plan
    }

    /// Values of one input sample, and of one output sample.
    fn ends(&self) -> [usize; 2] {
        self.plan.ends().map(|dims| dims.len())
    }

    /// Lanes of the tiles in which a batch is computed: narrow for a small batch, if every operation accepts that.
    pub(crate) fn lanes(&self, samples: usize) -> usize {
        match Tiles::of(samples) {
            Tiles { whole: 0, narrow } if self.narrow && narrow > 0 => narrow,
            _ => LANES,
        }
    }

    /// Bytes that a batch takes on one thread, with the parameters.
    pub(crate) fn bytes(&self, mode: Mode, samples: usize) -> usize {
        let params = self.plan.params();
        let (tiles, [input, output]) = (Tiles::of(samples), self.ends());
        let values = match mode {
            Mode::Train => {
                let groups = cut::groups(self, samples).max(1);
                let gradients = if groups > 1 { groups + 1 } else { 1 };
                gradients * params + self.training_size(samples, groups).values()
            }
            Mode::Infer => {
                let size = match tiles.whole {
                    0 => Size { tiles: 1, lanes: self.lanes(samples) },
                    whole => Size { tiles: whole.min(cut::tiles_together(self)), lanes: LANES },
                };
                let memory = self.inference_size(size);
                LANES * (tiles.entries(input) + tiles.entries(output)) + memory.values()
            }
        };
        (params + values) * size_of::<T>()
    }
}
