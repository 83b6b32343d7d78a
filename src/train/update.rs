//! The update of the parameters at the end of a training step.

use std::ops::Range;

use crate::error::Error;
use crate::kernel::{self, Isa, update};
use crate::optim::{Optimizer, Update, refuse_negative, refuse_unless_positive};
use crate::plan::{Frozen, Plan, Role};
use crate::scalar::{Scalar, compiled};

/// Parameters that one thread updates at a time: few, so that no thread goes to sleep during the update of a small network
/// and is late for the next step.
const UPDATED_TOGETHER: usize = 1 << 13;

/// Changes parameters by their gradient, and keeps the optimiser's state between steps.
pub(super) struct Updater<T> {
    pieces: Vec<Piece>,
    /// The optimiser's state, piece by piece; within a piece one value for each parameter, then the next such values.
    state: Vec<T>,
    /// Steps done.
    steps: u64,
    pub(super) l1: f64,
    pub(super) l2: f64,
    pub(super) max_norm: Option<f64>,
    pub(super) clip_grad_norm: Option<f64>,
    pub(super) clip_grad_value: Option<f64>,
    frozen: Frozen,
    /// A name in a setting that no layer has: the setting, the names of all layers, and the name.
    unknown: Option<(&'static str, String, String)>,
}

/// Whole rows of a parameter tensor, at most [`UPDATED_TOGETHER`] values unless one row has more.
struct Piece {
    params: Range<usize>,
    role: Role,
    /// Its step in the plan.
    step: usize,
    /// A factor of the learning rate.
    factor: f64,
    /// Values of a row: the weights of one unit or filter, or a single value for other roles.
    row: usize,
}

/// The values of some pieces.
struct Span<'a, T> {
    params: &'a mut [T],
    gradient: &'a mut [T],
    state: &'a mut [T],
}

impl<'a, T> Span<'a, T> {
    fn split_at(self, params: usize) -> (Self, Self) {
        let per_param = self.state.len() / self.params.len();
        let (a, b) = self.params.split_at_mut(params);
        let (ga, gb) = self.gradient.split_at_mut(params);
        let (sa, sb) = self.state.split_at_mut(per_param * params);
        (Span { params: a, gradient: ga, state: sa }, Span { params: b, gradient: gb, state: sb })
    }
}

/// Calls `f` with each piece, on several threads if there are many parameters. Returns the sum of the results; the order of
/// the additions depends on the pieces alone.
fn each<T: Scalar>(
    pieces: &[Piece],
    span: Span<'_, T>,
    f: &(impl Fn(&Piece, Span<'_, T>) -> f64 + Sync),
) -> f64 {
    match pieces {
        [] => 0.0,
        [piece] => f(piece, span),
        [first, ..] => {
            let (start, len) = (first.params.start, span.params.len());
            let half = pieces.partition_point(|piece| piece.params.end - start <= len / 2);
            let (left, right) = pieces.split_at(half.max(1));
            let (a, b) = span.split_at(right[0].params.start - start);
            let (a, b) = if len <= UPDATED_TOGETHER {
                (each(left, a, f), each(right, b, f))
            } else {
                rayon::join(|| each(left, a, f), || each(right, b, f))
            };
            a + b
        }
    }
}

/// [`Optimizer::step`] of any optimiser.
type RuleOf<'a, T> = dyn Fn(Update<'_, T>) + Sync + 'a;

compiled! {
    /// [`Updater::step`]: (updater, rule, parameters, gradient, factor).
    Step<'a, T>((&'a mut Updater<T>, &'a RuleOf<'a, T>, &'a mut [T], &'a mut [T], f64)) -> bool = step
}

impl<T: Scalar> Updater<T> {
    /// For an optimiser that keeps `per_param` values for each parameter.
    pub(super) fn new(plan: &Plan<T>, per_param: usize) -> Self {
        let mut pieces = Vec::new();
        let mut start = 0;
        let params = plan
            .steps()
            .iter()
            .enumerate()
            .flat_map(|(i, step)| step.op.params().into_iter().map(move |p| (i, p)));
        for (step, param) in params {
            let end = start + param.len();
            let row = if param.is_empty() { 1 } else { param.len() / param.shape.first().unwrap_or(&1) };
            let len = (UPDATED_TOGETHER / row).max(1) * row;
            pieces.extend((start..end).step_by(len).map(|start| {
                let params = start..(start + len).min(end);
                Piece { params, role: param.role, step, factor: 1.0, row }
            }));
            start = end;
        }
        Updater {
            pieces,
            state: vec![T::zero(); per_param * start],
            steps: 0,
            l1: 0.0,
            l2: 0.0,
            max_norm: None,
            clip_grad_norm: None,
            clip_grad_value: None,
            frozen: Frozen::default(),
            unknown: None,
        }
    }

    /// Parameters that are trained.
    pub(super) fn trained(&self) -> usize {
        let trained =
            self.pieces.iter().filter(|piece| piece.role.is_trained() && !self.frozen.has(piece.step));
        trained.map(|piece| piece.params.len()).sum()
    }

    /// The steps whose parameters are kept as they are.
    pub(super) fn frozen(&self) -> &Frozen {
        &self.frozen
    }

    /// The penalties and limits, as text.
    #[cfg(feature = "store")]
    pub(super) fn penalties(&self) -> String {
        let Updater { l1, l2, max_norm, clip_grad_norm, clip_grad_value, .. } = self;
        let limit = |name: &str, limit: &Option<f64>| limit.map(|limit| format!("{name} {limit}"));
        let penalty = |name: &str, factor: f64| (factor != 0.0).then(|| format!("{name} {factor}"));
        let all = [
            penalty("l1", *l1),
            penalty("l2", *l2),
            limit("max_norm", max_norm),
            limit("clip_grad_norm", clip_grad_norm),
            limit("clip_grad_value", clip_grad_value),
        ];
        let all: Vec<String> = all.into_iter().flatten().collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    }

    /// The layers that are frozen or have a learning rate of their own, as text.
    #[cfg(feature = "store")]
    pub(super) fn factors(&self, plan: &Plan<T>) -> String {
        let mut all: Vec<String> = Vec::new();
        for piece in &self.pieces {
            let name = &plan.steps()[piece.step].name;
            let text = match piece.factor {
                _ if self.frozen.has(piece.step) => format!("{name} frozen"),
                1.0 => continue,
                factor => format!("{name} × {factor}"),
            };
            if all.last() != Some(&text) {
                all.push(text);
            }
        }
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    }

    /// The number of steps so far, and the optimiser's state.
    #[cfg(feature = "store")]
    pub(super) fn memory(&self) -> (u64, &[T]) {
        (self.steps, &self.state)
    }

    /// The same, to be restored.
    #[cfg(feature = "store")]
    pub(super) fn memory_mut(&mut self) -> (&mut u64, &mut [T]) {
        (&mut self.steps, &mut self.state)
    }

    /// Freezes the layers of a name, or no longer.
    pub(super) fn freeze(&mut self, plan: &Plan<T>, layer: &str, frozen: bool) {
        for step in self.steps_of(plan, "layer to freeze", layer) {
            self.frozen.set(step, frozen);
        }
    }

    /// Multiplies the learning rate of the layers of a name by a factor.
    pub(super) fn set_factor(&mut self, plan: &Plan<T>, layer: &str, factor: f64) {
        let steps = self.steps_of(plan, "layer with a learning rate", layer);
        self.pieces
            .iter_mut()
            .filter(|piece| steps.contains(&piece.step))
            .for_each(|piece| piece.factor = factor);
    }

    /// The steps of the layers of a name, or all for an empty one; if there are none, `setting` is refused.
    fn steps_of(&mut self, plan: &Plan<T>, setting: &'static str, layer: &str) -> Vec<usize> {
        let steps = plan.steps();
        let known: Vec<usize> =
            (0..steps.len()).filter(|&step| layer.is_empty() || steps[step].is_of(layer)).collect();
        if known.is_empty() {
            self.unknown.get_or_insert((setting, plan.names(), layer.to_owned()));
        }
        known
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some((setting, layers, unknown)) = &self.unknown {
            return Err(Error::argument(setting, layers, unknown));
        }
        if self.pieces.iter().any(|piece| self.frozen.has(piece.step)) && self.trained() == 0 {
            return Err(Error::argument("parameters to train", "at least 1 that is not frozen", 0));
        }
        for piece in &self.pieces {
            refuse_negative("learning rate factor", piece.factor)?;
        }
        refuse_negative("l1", self.l1)?;
        refuse_negative("l2", self.l2)?;
        let limits = [
            ("max norm", self.max_norm),
            ("clip_grad_norm", self.clip_grad_norm),
            ("clip_grad_value", self.clip_grad_value),
        ];
        limits
            .into_iter()
            .try_for_each(|(name, limit)| limit.map_or(Ok(()), |c| refuse_unless_positive(name, c)))
    }

    /// Moves running statistics towards those of the batch, and changes the other parameters by the gradient of the loss.
    /// Afterwards `gradient` is the one that the optimiser got: with penalties, and clipped. If the gradient is not finite,
    /// changes no parameter and returns false.
    pub(super) fn step(
        &mut self,
        optimizer: &impl Optimizer,
        params: &mut [T],
        gradient: &mut [T],
        factor: f64,
    ) -> bool {
        let rule: &RuleOf<'_, T> = &|update| optimizer.step(update);
        T::compiled::<Step>((self, rule, params, gradient, factor))
    }
}

fn step<T: Scalar>(
    (updater, rule, params, gradient, factor): (&mut Updater<T>, &RuleOf<'_, T>, &mut [T], &mut [T], f64),
) -> bool {
    let isa = Isa::best();
    let (l1, l2) = (T::of(updater.l1), T::of(updater.l2));
    let span = Span { params: &mut *params, gradient: &mut *gradient, state: &mut updater.state };
    let squares = each(&updater.pieces, span, &|piece, Span { params, gradient, .. }| {
        if updater.frozen.has(piece.step) {
            gradient.fill(T::zero());
            return 0.0;
        }
        if !piece.role.is_trained() {
            return if kernel::finite(isa, gradient) { 0.0 } else { f64::NAN };
        }
        if piece.role == Role::Weight && (updater.l1, updater.l2) != (0.0, 0.0) {
            update::penalise(isa, gradient, params, l1, l2);
        }
        if !kernel::finite(isa, gradient) {
            return f64::NAN;
        }
        if let Some(limit) = updater.clip_grad_value {
            update::clamp(isa, gradient, T::of(limit));
        }
        if updater.clip_grad_norm.is_some() { update::sum_of_squares(isa, gradient) } else { 0.0 }
    });
    if squares.is_nan() {
        return false;
    }
    updater.steps += 1;
    // PyTorch adds the same small number.
    let scale =
        updater.clip_grad_norm.map(|limit| limit / (squares.sqrt() + 1e-6)).filter(|&scale| scale < 1.0);
    let span = Span { params, gradient, state: &mut updater.state };
    each(&updater.pieces, span, &|piece, Span { params, gradient, state }| {
        if updater.frozen.has(piece.step) {
            return 0.0;
        }
        if let Role::Buffer { momentum } = piece.role {
            update::approach(isa, params, gradient, T::of(momentum));
            // These values are statistics of the batch and not a gradient; `Trainer::gradient` shows zeros.
            gradient.fill(T::zero());
            return 0.0;
        }
        if let Some(scale) = scale {
            update::scale(isa, gradient, T::of(scale));
        }
        let (role, step) = (piece.role, updater.steps);
        rule(Update { params, gradient, state, role, factor: factor * piece.factor, step });
        if let (Role::Weight, Some(limit)) = (role, updater.max_norm) {
            for row in params.chunks_mut(piece.row) {
                let norm = update::sum_of_squares(isa, row).sqrt();
                if norm > limit {
                    update::scale(isa, row, T::of(limit / norm));
                }
            }
        }
        0.0
    });
    true
}
