//! Schedules: the operations of a plan that run, which `fuse` decides, and where the values between them lie.
//!
//! - An operation that changes nothing does not run; its output is another name for its input's value.
//! - A rectifier does not run if the operation before it can apply it and nothing else reads the value between them. In inference
//!   the same is true of batch normalisation, and of a sum of two values, which the later of their writers adds up.
//! - The gradient by a value that several operations read is the sum of what they give, in the order in which they run
//!   backward: the first one writes it, and what a later one gives is written to a slot of its own and then added.
//! - In inference a concatenation does not run if its inputs can lie inside its output.
//! - Values, and in training their gradients, lie in *slots*. A value is alive from the stage that writes it to the
//!   last one that reads it; values that are never alive at the same time share a slot. Slots are given out from the
//!   largest value down, each time the first that is free.
//!
//! Time is counted in stages: with n stages, stage i runs forward at time i, the loss is computed at time n, and stage
//! i runs backward at time 2n − i.

use super::fuse::stages;
use super::{Frozen, Mode, Plan, Rectifier, Shortcut};
use crate::tensor::LANES;

/// An operation that runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stage {
    /// Its step in the plan.
    pub step: usize,
    /// Its mode: that of the pass, or of inference if its parameters are frozen.
    pub mode: Mode,
    /// The values it reads.
    pub xs: Vec<usize>,
    /// Where it writes the gradient by each of them.
    pub dxs: Vec<Target>,
    /// The value it writes.
    pub y: usize,
    /// The step of the factors and terms that it also applies.
    pub scale: Option<usize>,
    /// The value that it also adds, then.
    pub plus: Option<usize>,
    /// The rectifier after it, if it applies that, too, as the last of all.
    pub rectifier: Option<Rectifier>,
    /// The rectifier before it, if its backward pass applies the mask of that.
    pub masks_dx: Option<Rectifier>,
    /// Whether its rectifier's mask has to be applied to the gradient by its output before its backward pass.
    pub masks_dy: bool,
}

/// The place of a value in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Home {
    /// Nowhere: nothing reads it.
    Nowhere,
    /// In the caller's memory: the network's input, or the gradient by it.
    Input,
    /// In the caller's memory: the network's output.
    Output,
    /// In the slot with this index, after this many entries of a tile: more than 0 if it is a part of a concatenation.
    Slot(usize, usize),
}

/// Where a stage writes the gradient by a value that it reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    pub home: Home,
    /// Whether it is then added to the gradient by the value, which lies elsewhere.
    pub add: bool,
}

impl Target {
    pub(super) const NOWHERE: Target = Target { home: Home::Nowhere, add: false };
}

/// The purpose of a schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// Inference.
    Infer,
    /// A training step.
    Train,
    /// A training step that also gives the gradient by the input.
    TrainInput,
    /// Inference that runs every operation and keeps every value.
    Activations,
    /// The same, with the gradients of an output by all values.
    Gradients,
}

impl Purpose {
    pub fn mode(self) -> Mode {
        match self {
            Purpose::Infer | Purpose::Activations | Purpose::Gradients => Mode::Infer,
            Purpose::Train | Purpose::TrainInput => Mode::Train,
        }
    }
}

/// The operations that run, and the places of values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Schedule {
    /// The operations that run, in order.
    pub stages: Vec<Stage>,
    /// For each value of the plan the one that holds it: itself, unless it is another name.
    pub holder: Vec<usize>,
    /// The place of each value.
    pub values: Vec<Home>,
    /// The place of the gradient by each value.
    pub gradients: Vec<Home>,
    /// For each value the concatenation that it is a part of, and the entries of a tile before it there.
    inside: Vec<Option<(usize, usize)>>,
    /// Entries of a tile before each slot, and the sum of all.
    starts: Vec<usize>,
}

/// What lies in a slot.
#[derive(Clone, Copy)]
enum Content {
    Value(usize),
    Gradient(usize),
    /// The part of a gradient that a stage gives for the input with this index.
    Part(usize, usize),
}

/// Something that needs a slot.
struct Life {
    content: Content,
    /// Entries of a tile.
    len: usize,
    /// The times of its first write and its last read.
    from: usize,
    to: usize,
}

impl Schedule {
    pub fn new<T: 'static>(plan: &Plan<T>, purpose: Purpose) -> Self {
        Self::with_frozen(plan, purpose, &Frozen::default())
    }

    /// The same where some steps are frozen, which matters in training only.
    pub fn with_frozen<T: 'static>(plan: &Plan<T>, purpose: Purpose, frozen: &Frozen) -> Self {
        let needs_gradient = match purpose {
            Purpose::Infer | Purpose::Activations => vec![false; plan.values().len()],
            Purpose::Train => plan.needs_gradient(frozen),
            Purpose::TrainInput => vec![true; plan.values().len()],
            Purpose::Gradients => (0..plan.values().len()).map(|value| value > 0).collect(),
        };
        let (stages, holder) = stages(plan, purpose, frozen, &needs_gradient);
        let mut schedule = Schedule {
            stages,
            values: vec![Home::Nowhere; holder.len()],
            gradients: vec![Home::Nowhere; holder.len()],
            inside: vec![None; holder.len()],
            holder,
            starts: Vec::new(),
        };
        schedule.values[0] = Home::Input;
        let lives = match purpose {
            Purpose::Infer => {
                schedule.values[schedule.holder[plan.output()]] = Home::Output;
                schedule.place_parts(plan);
                schedule.forward_lives(plan)
            }
            Purpose::Activations => {
                let mut lives = schedule.forward_lives(plan);
                lives.iter_mut().for_each(|life| life.to = usize::MAX);
                lives
            }
            Purpose::Gradients => {
                let mut lives = schedule.training_lives(plan, &needs_gradient);
                lives.iter_mut().for_each(|life| life.to = usize::MAX);
                lives
            }
            Purpose::Train | Purpose::TrainInput => {
                if purpose == Purpose::TrainInput {
                    schedule.gradients[0] = Home::Input;
                }
                schedule.place_masks(plan, &needs_gradient);
                schedule.training_lives(plan, &needs_gradient)
            }
        };
        schedule.color(lives);
        for value in 0..schedule.values.len() {
            let (whole, start) = schedule.whole(value);
            if let (true, Home::Slot(slot, _)) = (whole != value, schedule.values[whole]) {
                schedule.values[value] = Home::Slot(slot, start);
            }
        }
        schedule.place_gradients();
        schedule
    }

    /// Places the inputs of concatenations inside their outputs, and drops the stages that would copy them there.
    fn place_parts<T: 'static>(&mut self, plan: &Plan<T>) {
        let mut stages = std::mem::take(&mut self.stages);
        stages.retain(|stage| {
            let op = &plan.steps()[stage.step].op;
            if op.shortcut(Mode::Infer) != Shortcut::Concat || self.values[stage.y] != Home::Nowhere {
                return true;
            }
            let mut end = 0;
            let parts: Vec<(usize, usize)> = (stage.xs.iter())
                .map(|&x| {
                    end += plan.values()[x].dims.len();
                    (x, end - plan.values()[x].dims.len())
                })
                .collect();
            let fits = |i: usize, (x, start): (usize, usize)| {
                // A part of a narrow tile begins with a whole entry, too.
                start.is_multiple_of(LANES)
                    && self.values[x] == Home::Nowhere
                    && self.inside[x].is_none()
                    && !stage.xs[..i].contains(&x)
            };
            let fit = parts.iter().enumerate().all(|(i, part)| fits(i, *part));
            if fit {
                parts.iter().for_each(|(x, start)| self.inside[*x] = Some((stage.y, *start)));
            }
            !fit
        });
        self.stages = stages;
    }

    /// The value that lies in a slot and holds this one, and the entries of a tile before it there.
    fn whole(&self, value: usize) -> (usize, usize) {
        let (mut whole, mut start) = (value, 0);
        while let Some((outer, before)) = self.inside[whole] {
            (whole, start) = (outer, start + before);
        }
        (whole, start)
    }

    /// Whether some values are parts of others. Those of several tiles would not be contiguous.
    pub fn has_parts(&self) -> bool {
        self.inside.iter().any(Option::is_some)
    }

    /// Entries of all slots for a tile.
    pub fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Number of slots.
    pub fn slots(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Entries of a tile before a slot.
    pub fn start(&self, slot: usize) -> usize {
        self.starts[slot]
    }

    fn color(&mut self, mut lives: Vec<Life>) {
        lives.sort_by_key(|life| (std::cmp::Reverse(life.len), life.from));
        let mut slots: Vec<Vec<Life>> = Vec::new();
        for life in lives {
            let free =
                |slot: &Vec<Life>| slot.iter().all(|other| other.to < life.from || life.to < other.from);
            let slot = slots.iter().position(free).unwrap_or(slots.len());
            let home = match life.content {
                Content::Value(value) => &mut self.values[value],
                Content::Gradient(value) => &mut self.gradients[value],
                Content::Part(stage, input) => &mut self.stages[stage].dxs[input].home,
            };
            *home = Home::Slot(slot, 0);
            match slots.get_mut(slot) {
                Some(slot) => slot.push(life),
                None => slots.push(vec![life]),
            }
        }
        // The first value of a slot is its largest.
        let mut start = 0;
        self.starts = vec![0];
        self.starts.extend(slots.iter().map(|slot| {
            start += slot[0].len;
            start
        }));
    }

    /// The lifetimes of values that lie in slots, in a forward pass.
    fn forward_lives<T: 'static>(&self, plan: &Plan<T>) -> Vec<Life> {
        let mut written = vec![false; self.values.len()];
        let mut lives = Vec::new();
        for (time, stage) in self.stages.iter().enumerate() {
            let value = self.whole(stage.y).0;
            if self.values[value] == Home::Nowhere && !std::mem::replace(&mut written[value], true) {
                lives.push(self.life(plan, value, time));
            }
        }
        lives
    }

    fn life<T: 'static>(&self, plan: &Plan<T>, value: usize, from: usize) -> Life {
        // A part of it, too.
        let reads = |stage: &Stage| stage.xs.iter().chain(&stage.plus).any(|x| self.whole(*x).0 == value);
        let last = self.stages.iter().rposition(reads);
        let len = plan.values()[value].dims.len();
        Life { content: Content::Value(value), len, from, to: last.unwrap_or(from) }
    }

    fn training_lives<T: 'static>(&mut self, plan: &Plan<T>, needs_gradient: &[bool]) -> Vec<Life> {
        let count = self.stages.len();
        let backward = |stage: usize| 2 * count - stage;
        let output = self.holder[plan.output()];
        let mut lives = Vec::new();
        for (i, stage) in self.stages.iter().enumerate() {
            let value = stage.y;
            let mut life = self.life(plan, value, i);
            let mut first_gradient = usize::MAX;
            if value == output {
                (life.to, first_gradient) = (life.to.max(count), count);
            }
            // The stages whose backward pass reads it, and those that write to its gradient.
            for (reader, other) in
                self.stages.iter().enumerate().filter(|(_, other)| other.xs.contains(&value))
            {
                if !needs_gradient[other.y] {
                    continue;
                }
                if plan.steps()[other.step].op.reads().x || other.masks_dx.is_some() {
                    life.to = life.to.max(backward(reader));
                }
                first_gradient = first_gradient.min(backward(reader));
            }
            if needs_gradient[value] {
                if plan.steps()[stage.step].op.reads().y || stage.masks_dy {
                    life.to = life.to.max(backward(i));
                }
                let (from, to) = (first_gradient, backward(i));
                lives.push(Life { content: Content::Gradient(value), from, to, ..life });
            }
            lives.push(life);
        }
        // The stages in the order in which they run backward.
        let mut written = vec![false; plan.values().len()];
        written[output] = true;
        for (i, stage) in self.stages.iter_mut().enumerate().rev() {
            for (input, (x, target)) in stage.xs.iter().zip(&mut stage.dxs).enumerate() {
                if !needs_gradient[*x] {
                    continue;
                }
                target.add = std::mem::replace(&mut written[*x], true);
                if target.add {
                    let (len, time) = (plan.values()[*x].dims.len(), backward(i));
                    lives.push(Life { content: Content::Part(i, input), len, from: time, to: time });
                }
            }
        }
        lives
    }

    /// Tells each stage where the gradients lie that it is the first to write.
    fn place_gradients(&mut self) {
        for stage in &mut self.stages {
            for (x, target) in stage.xs.iter().zip(&mut stage.dxs) {
                if !target.add {
                    target.home = self.gradients[*x];
                }
            }
        }
    }

    /// Decides where the mask of each fused rectifier is applied to the gradient: by the one stage that reads the value, if
    /// it can, else before the backward pass of the stage that wrote it.
    fn place_masks<T: 'static>(&mut self, plan: &Plan<T>, needs_gradient: &[bool]) {
        for i in 0..self.stages.len() {
            let value = self.stages[i].y;
            let rectifier = self.stages[i].rectifier;
            if rectifier.is_none() || !needs_gradient[value] {
                continue;
            }
            let readers =
                self.stages.iter().enumerate().flat_map(|(i, stage)| stage.xs.iter().map(move |x| (i, x)));
            let mut readers = readers.filter(|(_, x)| **x == value).map(|(reader, _)| reader);
            let only = readers.next().filter(|_| readers.next().is_none());
            let only = only.filter(|_| value != self.holder[plan.output()]);
            match only.filter(|&reader| plan.steps()[self.stages[reader].step].op.masks()) {
                Some(reader) => self.stages[reader].masks_dx = rectifier,
                None => self.stages[i].masks_dy = true,
            }
        }
    }
}

impl<T: 'static> Plan<T> {
    /// Entries of scratch memory for the factors and terms that a stage also applies.
    pub(crate) fn pairs(&self, stage: &Stage) -> usize {
        stage.scale.map_or(0, |_| (2 * self.values()[stage.y].dims.channels()).div_ceil(LANES))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{DenseNet121, LeNet5, ResNet18};
    use crate::network::Network;

    /// ReLUs are fused, the flatten is another name, and values of every other stage share a slot.
    #[test]
    fn inference_of_a_chain_takes_two_slots() {
        let net = LeNet5::new(1);
        let schedule = Schedule::new(net.model().plan(), Purpose::Infer);
        let relus: Vec<bool> = schedule.stages.iter().map(|stage| stage.rectifier.is_some()).collect();
        assert_eq!(relus, [true, false, true, false, true, true, false]);
        // The output of conv1, and that of pool1.
        assert_eq!((schedule.slots(), schedule.len()), (2, 6 * 28 * 28 + 6 * 14 * 14));
        assert_eq!(schedule.values.iter().filter(|home| **home == Home::Output).count(), 1);
    }

    /// In inference a residual network is convolutions and little else; in training its normalisations and sums run.
    #[test]
    fn convolutions_normalise_and_add_in_inference() {
        let net = ResNet18::<10>::new(1);
        let plan = net.model().plan();
        let kinds = |purpose| {
            let schedule = Schedule::new(plan, purpose);
            let kind =
                |stage: &Stage| plan.steps()[stage.step].op.describe().split(' ').next().unwrap().to_string();
            schedule.stages.iter().map(kind).fold(BTreeMap::new(), |mut kinds, kind| {
                *kinds.entry(kind).or_insert(0) += 1;
                kinds
            })
        };
        let ours = [("Conv2d", 20), ("Dense", 1), ("GlobalAvgPool", 1), ("MaxPool2d", 1)];
        assert_eq!(
            kinds(Purpose::Infer),
            BTreeMap::from(ours.map(|(kind, count)| (kind.to_string(), count)))
        );
        assert_eq!(kinds(Purpose::Train)["BatchNorm"], 20);
        assert_eq!(kinds(Purpose::Train)["Add"], 8);
    }

    /// Before the first layer that is trained, a training step runs as inference does, and keeps nothing.
    #[test]
    fn frozen_layers_run_as_in_inference() {
        let net = ResNet18::<10>::new(1);
        let plan = net.model().plan();
        let mut frozen = Frozen::default();
        for (i, step) in plan.steps().iter().enumerate() {
            frozen.set(i, step.name != "fc");
        }
        let norms = |schedule: &Schedule| {
            let of_kind = |stage: &&Stage| plan.steps()[stage.step].op.describe() == "BatchNorm";
            schedule.stages.iter().filter(of_kind).count()
        };
        let [all, last] =
            [&Frozen::default(), &frozen].map(|frozen| Schedule::with_frozen(plan, Purpose::Train, frozen));
        assert_eq!((norms(&all), norms(&last)), (20, 0));
        assert!(5 * last.len() < all.len(), "{} entries of {}", last.len(), all.len());
        let with_gradient =
            |schedule: &Schedule| schedule.gradients.iter().filter(|home| **home != Home::Nowhere).count();
        assert_eq!(with_gradient(&last), 1);
        // A normalisation whose gradient is needed runs on its own.
        frozen.set(0, false);
        assert_eq!(norms(&Schedule::with_frozen(plan, Purpose::Train, &frozen)), 20);
    }

    /// The maps of a dense block lie one after the other, and none is copied.
    #[test]
    fn concatenations_copy_nothing_in_inference() {
        let net = DenseNet121::<10>::new(1);
        let plan = net.model().plan();
        let concatenations = |purpose| {
            let schedule = Schedule::new(plan, purpose);
            let of_kind = |stage: &&Stage| plan.steps()[stage.step].op.describe() == "Concat";
            schedule.stages.iter().filter(of_kind).count()
        };
        assert_eq!(concatenations(Purpose::Train), 6 + 12 + 24 + 16);
        assert_eq!(concatenations(Purpose::Infer), 0);
        let schedule = Schedule::new(plan, Purpose::Infer);
        let step = |name: &str| plan.steps().iter().find(|step| step.name == name).unwrap();
        let home = |name: &str| schedule.values[schedule.holder[step(name).output]];
        let Home::Slot(slot, 0) = home("features.pool0") else { panic!("the first maps of the block") };
        assert_eq!(home("features.denseblock1.denselayer1.conv2"), Home::Slot(slot, 64 * 56 * 56));
        assert_eq!(home("features.denseblock1.denselayer2.conv2"), Home::Slot(slot, 96 * 56 * 56));
    }

    #[test]
    fn activations_keep_every_value_apart() {
        let net = LeNet5::new(1);
        let schedule = Schedule::new(net.model().plan(), Purpose::Activations);
        assert_eq!((schedule.stages.len(), schedule.slots()), (12, 12));
    }
}
