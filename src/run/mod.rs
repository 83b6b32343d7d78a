//! Running plans: training steps, inference, and the values of every layer.
//!
//! A [`Program`] is a plan with its schedule of inference. [`Training`] is the schedule of training steps, and [`Workspace`]
//! their memory; inference takes memory from a pool in the program, so that one network can serve any number of threads.
//! [`cut`] decides which work is shared among threads.

mod cut;
mod infer;
mod memory;
mod pass;
mod train;

pub(crate) use cut::{in_pool, join};
pub(crate) use infer::{Activations, Infer, InferSample, Inference, ValueGradient};
use memory::{Pool, Size};
pub(crate) use train::{Gradient, Input, LossOf, Task, Training, Workspace};

use crate::plan::Plan;
use crate::plan::schedule::{Purpose, Schedule};
use crate::scalar::Scalar;
use crate::tensor::{LANES, Tiles};

/// A complete plan, and how it runs.
pub struct Program<T> {
    plan: Plan<T>,
    infer: Schedule,
    /// Whether every operation accepts narrow tiles.
    narrow: bool,
    /// Multiply-accumulates for one sample.
    macs: usize,
    /// Memory for inference that is not in use.
    pool: Pool<T>,
}

impl<T: Scalar> Program<T> {
    /// Decides which operations of a plan run and where its values lie.
    pub(crate) fn new(plan: Plan<T>) -> Self {
        Program {
            infer: Schedule::new(&plan, Purpose::Infer),
            narrow: plan.steps().iter().all(|step| step.op.narrow()),
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

    /// Bytes that an inference of a batch takes on one thread, with the parameters.
    pub(crate) fn inference_bytes(&self, samples: usize) -> usize {
        let (tiles, [input, output]) = (Tiles::of(samples), self.ends());
        let size = match tiles.whole {
            0 => Size { tiles: 1, lanes: self.lanes(samples) },
            whole => Size { tiles: whole.min(cut::tiles_together(self)), lanes: LANES },
        };
        let batches = LANES * (tiles.entries(input) + tiles.entries(output));
        (self.plan.params() + batches + self.inference_size(size).values()) * size_of::<T>()
    }
}
