//! The two passes over a schedule: forward, for training, inference and activations alike, and backward.

use std::ops::Range;

use super::Program;
use super::memory::Size;
use crate::kernel::{self, Exec, values_mut};
use crate::plan::schedule::{Home, Schedule, Stage};
use crate::plan::{Backward, Forward, Inputs, Pass, Plan, Reads};
use crate::scalar::Scalar;
use crate::tensor::Lanes;

/// A pass over some tiles.
#[derive(Clone, Copy)]
pub(super) struct Tape<'a, T> {
    pub plan: &'a Plan<T>,
    pub schedule: &'a Schedule,
    pub params: &'a [T],
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
        Tape { plan, schedule, params, size, exec, keys: &[] }
    }

    /// Entries of a value of the plan.
    pub fn entries(&self, value: usize) -> usize {
        self.size.entries(self.plan.values()[value].dims.len())
    }

    /// Where a value lies in the slots; empty if it lies elsewhere.
    pub fn range(&self, home: Home, value: usize) -> Range<usize> {
        let Home::Slot(slot, before) = home else { return 0..0 };
        let start = self.size.start(self.schedule.start(slot), slot) + self.size.entries(before);
        start..start + self.entries(value)
    }

    fn pass(&self, stage: &Stage) -> Pass<'a> {
        Pass::new(stage.mode, self.exec, stage.step, self.keys)
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
        self.exec.together(|| {
            for stage in &self.schedule.stages {
                let step = &self.plan.steps()[stage.step];
                let home = self.schedule.values[stage.y];
                let (slot_y, slots) = Rest::split(slots, self.range(home, stage.y));
                let value = |index: usize| self.value(slots, x, stage.xs[index]);
                let xs = match &stage.xs[..] {
                    [_] => Inputs::one(value(0)),
                    xs => Inputs::many(xs.len(), &value),
                };
                let (pairs, scratch) = scratch.split_at_mut(self.plan.pairs(stage));
                let scale = stage.scale.map(|scale| {
                    let step = &self.plan.steps()[scale];
                    let channels = self.plan.values()[stage.y].dims.channels();
                    let pairs = &mut values_mut(pairs).as_chunks_mut().0[..channels];
                    step.op.scale(&self.params[step.params.clone()], pairs);
                    &*pairs
                });
                step.op.forward(Forward {
                    y: if home == Home::Output { &mut *y } else { slot_y },
                    x: xs.get(0),
                    xs,
                    params: &self.params[step.params.clone()],
                    scratch,
                    scale,
                    plus: stage.plus.map(|plus| self.value(slots, x, plus)),
                    rectifier: stage.rectifier,
                    pass: self.pass(stage),
                });
            }
        });
    }

    /// A value, in the slots or the network's input.
    fn value<'b>(&self, slots: Rest<'b, T>, input: &'b [Lanes<T>], value: usize) -> &'b [Lanes<T>] {
        match self.schedule.values[value] {
            Home::Input => input,
            home => slots.get(self.range(home, value)),
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
        self.exec.together(|| {
            for stage in self.schedule.stages.iter().rev() {
                let of_output = self.schedule.gradients[stage.y];
                if of_output == Home::Nowhere {
                    continue;
                }
                let step = &self.plan.steps()[stage.step];
                // What is not read may have been overwritten.
                let Reads { x: reads_x, y: reads_y } = step.op.reads();
                let reads_x = reads_x || stage.masks_dx.is_some();
                let [dy, y] =
                    [of_output, self.schedule.values[stage.y]].map(|home| self.range(home, stage.y));
                if let Some(rectifier) = stage.rectifier.filter(|_| stage.masks_dy) {
                    let parts = slots.get_disjoint_mut([dy.clone(), y.clone()]);
                    let [dy, y] = parts.expect("values that are alive together lie apart");
                    kernel::mask(self.exec, rectifier, dy, y);
                }
                let merges = stage.xs.len() > 1;
                for (input, (&value, target)) in stage.xs.iter().zip(&stage.dxs).enumerate() {
                    if merges && target.home == Home::Nowhere {
                        continue;
                    }
                    let (slot_dx, rest) = Rest::split(slots, self.range(target.home, value));
                    let read =
                        |index: usize| if reads_x { self.value(rest, x, stage.xs[index]) } else { &[] };
                    step.op.backward(Backward {
                        dx: match target.home {
                            Home::Nowhere => None,
                            Home::Input => dx.as_deref_mut(),
                            _ => Some(slot_dx),
                        },
                        dparams: &mut gradient[step.params.clone()],
                        dy: rest.get(dy.clone()),
                        x: read(input),
                        xs: if merges { Inputs::many(stage.xs.len(), &read) } else { Inputs::one(read(0)) },
                        input,
                        y: if reads_y { rest.get(y.clone()) } else { &[] },
                        params: &self.params[step.params.clone()],
                        scratch,
                        mask: stage.masks_dx,
                        pass: self.pass(stage),
                    });
                    if target.add {
                        let home = self.schedule.gradients[value];
                        let (slot_sum, rest) = Rest::split(slots, self.range(home, value));
                        let sum = if home == Home::Input {
                            dx.as_deref_mut().unwrap_or_default()
                        } else {
                            slot_sum
                        };
                        kernel::add_entries(self.exec, sum, rest.get(self.range(target.home, value)));
                    }
                }
            }
        });
    }
}

/// The slots but for a part that is being written.
#[derive(Clone, Copy)]
struct Rest<'a, T> {
    before: &'a [Lanes<T>],
    after: &'a [Lanes<T>],
    /// Where `after` begins.
    start: usize,
}

impl<'a, T> Rest<'a, T> {
    fn split(slots: &'a mut [Lanes<T>], part: Range<usize>) -> (&'a mut [Lanes<T>], Self) {
        let (before, rest) = slots.split_at_mut(part.start);
        let (written, after) = rest.split_at_mut(part.len());
        (written, Rest { before, after, start: part.end })
    }

    /// # Panics
    /// If it is not in the rest: values that are alive together lie apart.
    fn get(self, range: Range<usize>) -> &'a [Lanes<T>] {
        if range.end <= self.before.len() {
            &self.before[range]
        } else {
            &self.after[range.start - self.start..range.end - self.start]
        }
    }
}
