//! Which operations of a plan run as stages of their own, and which another stage does beside its own work.

use super::schedule::{Purpose, Stage, Target};
use super::{Frozen, Mode, Plan, Shortcut, Step};

impl Stage {
    /// Whether something may still follow on its output before it is written.
    fn can_finish<T: 'static>(&self, plan: &Plan<T>) -> bool {
        self.rectifier.is_none() && self.plus.is_none() && plan.steps()[self.step].op.finishes()
    }
}

/// The operations that run, and which value holds each value.
pub(super) fn stages<T: 'static>(
    plan: &Plan<T>,
    purpose: Purpose,
    frozen: &Frozen,
    needs_gradient: &[bool],
) -> (Vec<Stage>, Vec<usize>) {
    let mut readers = vec![0; plan.values().len()];
    plan.steps().iter().flat_map(|step| &step.inputs).for_each(|value| readers[*value] += 1);
    readers[plan.output()] += 1;
    if let Some(step) = plan.steps().iter().find(|step| readers[step.output] == 0) {
        panic!("nothing reads the output of `{}`, and it is not the network's output", step.name);
    }
    // Whether a value, under all its names, has a single reader.
    let mut single: Vec<bool> = readers.iter().map(|readers| *readers == 1).collect();
    let mut holder: Vec<usize> = (0..plan.values().len()).collect();
    // The stage that writes each value.
    let mut writer: Vec<Option<usize>> = vec![None; plan.values().len()];
    let mut stages: Vec<Stage> = Vec::new();
    for (i, Step { op, inputs, output, params, .. }) in plan.steps().iter().enumerate() {
        let mode = if frozen.has(i) && !params.is_empty() { Mode::Infer } else { purpose.mode() };
        let shortcut = match op.shortcut(mode) {
            _ if matches!(purpose, Purpose::Activations | Purpose::Gradients) => Shortcut::None,
            // The operation before it would have to give the gradient of both.
            Shortcut::Scale if needs_gradient[*output] => Shortcut::None,
            shortcut => shortcut,
        };
        if shortcut == Shortcut::Add {
            // The later one of the two values' writers adds the other value.
            let [mut later, mut other] = [inputs[0], inputs[1]];
            if writer[holder[later]] < writer[holder[other]] {
                (later, other) = (other, later);
            }
            let stage = writer[holder[later]].map(|stage| &mut stages[stage]);
            if let Some(stage) = stage.filter(|stage| single[later] && stage.can_finish(plan)) {
                stage.plus = Some(holder[other]);
                holder[*output] = holder[later];
                continue;
            }
        }
        let (input, x) = (inputs[0], holder[inputs[0]]);
        let before = writer[x].map(|stage| &mut stages[stage]);
        match (shortcut, before) {
            // The network's output is never its input, because the caller has two places for them, and no other
            // operation reads it.
            (Shortcut::Identity, before)
                if *output != plan.output() || (before.is_some() && single[input]) =>
            {
                (holder[*output], single[*output]) = (x, single[*output] && single[input]);
            }
            (Shortcut::Rectifier(rectifier), Some(stage))
                if single[input] && stage.rectifier.is_none() && plan.steps()[stage.step].op.rectifies() =>
            {
                stage.rectifier = Some(rectifier);
                holder[*output] = x;
            }
            (Shortcut::Scale, Some(stage))
                if single[input] && stage.can_finish(plan) && stage.scale.is_none() =>
            {
                stage.scale = Some(i);
                holder[*output] = x;
            }
            _ => {
                writer[*output] = Some(stages.len());
                let xs: Vec<usize> = inputs.iter().map(|input| holder[*input]).collect();
                let dxs = vec![Target::NOWHERE; xs.len()];
                stages.push(Stage {
                    step: i,
                    mode,
                    xs,
                    dxs,
                    y: *output,
                    scale: None,
                    plus: None,
                    rectifier: None,
                    masks_dx: None,
                    masks_dy: false,
                });
            }
        }
    }
    (stages, holder)
}
