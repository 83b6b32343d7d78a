//! The two passes over a schedule: forward, for training, inference and activations alike, and backward.

use std::ops::Range;

use super::Program;
use super::memory::Size;
use crate::kernel::{self, Exec};
use crate::plan::schedule::{Home, Schedule, Stage};
use crate::plan::{Backward, Forward, Mode, Pass, Plan, Reads};
use crate::scalar::Scalar;
use crate::tensor::Lanes;

/// A pass over some tiles.
#[derive(Clone, Copy)]
pub(super) struct Tape<'a, T> {
    pub plan: &'a Plan<T>,
    pub schedule: &'a Schedule,
    pub params: &'a [T],
    pub mode: Mode,
    pub size: Size,
    pub exec: Exec,
    /// Random keys of the samples; empty in inference.
    pub keys: &'a [u64],
}

impl<'a, T: Scalar> Tape<'a, T> {
    /// A pass of inference on one thread or on all.
    pub fn infer(program: &'a Program<T>, params: &'a [T], size: Size, parallel: bool) -> Self {
        let exec = Exec { lanes: size.lanes, ..Exec::new(parallel) };
        let (plan, schedule) = (&program.plan, &program.infer);
        Tape { plan, schedule, params, mode: Mode::Infer, size, exec, keys: &[] }
    }

    /// Entries of a value of the plan.
    pub fn entries(&self, value: usize) -> usize {
        self.size.entries(self.plan.values()[value].dims.len())
    }

    /// Where a value lies in the slots; empty if it lies elsewhere.
    pub fn range(&self, home: Home, value: usize) -> Range<usize> {
        let Home::Slot(slot) = home else { return 0..0 };
        let start = self.size.start(self.schedule.start(slot), slot);
        start..start + self.entries(value)
    }

    fn pass(&self, stage: &Stage) -> Pass<'a> {
        Pass::new(self.mode, self.exec, stage.step, self.keys)
    }

    /// Runs all stages forward. The network's input is `x`; its output goes to `y`, if the schedule leaves it to the
    /// caller.
    pub fn forward(
        &self,
        slots: &mut [Lanes<T>],
        scratch: &mut [Lanes<T>],
        x: &[Lanes<T>],
        y: &mut [Lanes<T>],
    ) {
        for stage in &self.schedule.stages {
            let step = &self.plan.steps()[stage.step];
            let [from, to] = [stage.x, stage.y].map(|value| self.schedule.values[value]);
            let parts = slots.get_disjoint_mut([self.range(to, stage.y), self.range(from, stage.x)]);
            let [slot_y, slot_x] = parts.expect("values that are alive together lie apart");
            step.op.forward(Forward {
                y: if to == Home::Output { &mut *y } else { slot_y },
                x: if from == Home::Input { x } else { slot_x },
                params: &self.params[step.params.clone()],
                scratch,
                relu: stage.relu,
                pass: self.pass(stage),
            });
        }
    }

    /// Runs all stages backward that have a gradient to give, the last first. The gradient by the output lies in its
    /// slot. The gradient by the input goes to `dx`, if the schedule has one.
    pub fn backward(
        &self,
        slots: &mut [Lanes<T>],
        scratch: &mut [Lanes<T>],
        x: &[Lanes<T>],
        mut dx: Option<&mut [Lanes<T>]>,
        gradient: &mut [T],
    ) {
        for stage in self.schedule.stages.iter().rev() {
            let of_output = self.schedule.gradients[stage.y];
            if of_output == Home::Nowhere {
                continue;
            }
            let step = &self.plan.steps()[stage.step];
            let [of_x, of_y] = [stage.x, stage.y].map(|value| self.schedule.values[value]);
            let of_input = self.schedule.gradients[stage.x];
            // What is not read may have been overwritten.
            let Reads { x: reads_x, y: reads_y } = step.op.reads();
            let reads_x = reads_x || stage.masks_dx;
            let parts = [
                self.range(of_output, stage.y),
                self.range(of_input, stage.x),
                if reads_x { self.range(of_x, stage.x) } else { 0..0 },
                if reads_y || stage.masks_dy { self.range(of_y, stage.y) } else { 0..0 },
            ];
            let parts = slots.get_disjoint_mut(parts);
            let [dy, slot_dx, slot_x, y] = parts.expect("values that are alive together lie apart");
            if stage.masks_dy {
                kernel::relu_backward(self.exec, dy, y);
            }
            step.op.backward(Backward {
                dx: match of_input {
                    Home::Nowhere => None,
                    Home::Input => dx.as_deref_mut(),
                    _ => Some(slot_dx),
                },
                dparams: &mut gradient[step.params.clone()],
                dy,
                x: match of_x {
                    _ if !reads_x => &[],
                    Home::Input => x,
                    _ => slot_x,
                },
                y: if reads_y { y } else { &[] },
                params: &self.params[step.params.clone()],
                scratch,
                relu: stage.masks_dx,
                pass: self.pass(stage),
            });
        }
    }
}
