//! The end of a training step: from the gradient of the loss to new parameters.

use std::ops::Range;

use super::Trainer;
use crate::error::Error;
use crate::kernel::{self, Isa, update};
use crate::network::Network;
use crate::optim::{Optimizer, Update, refuse_negative, refuse_unless_positive};
use crate::plan::{Plan, Role};
use crate::scalar::Scalar;

/// Parameters that one thread updates at a time: few, so that no thread falls asleep while a small network is updated and
/// comes late to the next step.
const UPDATED_TOGETHER: usize = 1 << 13;

/// Changes parameters by their gradient, and remembers what that takes from one step to the next.
pub(super) struct Updater<T> {
    pieces: Vec<Piece>,
    /// Of one piece after the other, slot after slot.
    state: Vec<T>,
    /// Steps done.
    steps: u64,
    l1: f64,
    l2: f64,
    max_norm: Option<f64>,
    clip_grad_norm: Option<f64>,
    clip_grad_value: Option<f64>,
    /// The layer that is to be frozen and is none, and the layers that there are.
    unknown: Option<(String, String)>,
}

/// Whole rows of a parameter tensor, at most [`UPDATED_TOGETHER`] values unless one row has more.
struct Piece {
    params: Range<usize>,
    role: Role,
    /// Whether it stays as it is.
    frozen: bool,
    /// Values of a row: the weights that lead to one unit or filter, or one value of another role.
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
        let slots = self.state.len() / self.params.len();
        let (a, b) = self.params.split_at_mut(params);
        let (ga, gb) = self.gradient.split_at_mut(params);
        let (sa, sb) = self.state.split_at_mut(slots * params);
        (Span { params: a, gradient: ga, state: sa }, Span { params: b, gradient: gb, state: sb })
    }
}

/// Calls `f` with each piece, on several threads if there are many parameters. Returns the sum of the results, which is
/// added in an order that depends on the pieces alone.
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

impl<T: Scalar> Updater<T> {
    pub(super) fn new(plan: &Plan<T>, optimizer: &impl Optimizer) -> Self {
        let mut pieces = Vec::new();
        let mut start = 0;
        for param in plan.steps().iter().flat_map(|step| step.op.params()) {
            let end = start + param.len();
            let row = if param.is_empty() { 1 } else { param.len() / param.shape.first().unwrap_or(&1) };
            let len = (UPDATED_TOGETHER / row).max(1) * row;
            pieces.extend((start..end).step_by(len).map(|start| {
                let params = start..(start + len).min(end);
                Piece { params, role: param.role, frozen: false, row }
            }));
            start = end;
        }
        Updater {
            pieces,
            state: vec![T::zero(); optimizer.state_per_param() * start],
            steps: 0,
            l1: 0.0,
            l2: 0.0,
            max_norm: None,
            clip_grad_norm: None,
            clip_grad_value: None,
            unknown: None,
        }
    }

    /// What is remembered of the steps so far: their number, and the optimiser's values.
    #[cfg(feature = "store")]
    pub(super) fn memory(&self) -> (u64, &[T]) {
        (self.steps, &self.state)
    }

    /// The same, to be put back.
    #[cfg(feature = "store")]
    pub(super) fn memory_mut(&mut self) -> (&mut u64, &mut [T]) {
        (&mut self.steps, &mut self.state)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some((unknown, layers)) = &self.unknown {
            return Err(Error::argument("layer to freeze", layers, unknown));
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

    /// Moves running statistics to where the batch's are, and changes the other parameters by the gradient of the loss,
    /// which becomes the gradient that the optimiser was given: with the penalties' and clipped. Changes no parameter and
    /// returns false if it is not finite.
    pub(super) fn step(
        &mut self,
        optimizer: &impl Optimizer,
        params: &mut [T],
        gradient: &mut [T],
        factor: f64,
    ) -> bool {
        let isa = Isa::best();
        let (l1, l2) = (T::of(self.l1), T::of(self.l2));
        let span = Span { params: &mut *params, gradient: &mut *gradient, state: &mut self.state };
        let squares = each(&self.pieces, span, &|piece, Span { params, gradient, .. }| {
            if piece.frozen {
                gradient.fill(T::zero());
                return 0.0;
            }
            if !piece.role.is_trained() {
                return if kernel::finite(isa, gradient) { 0.0 } else { f64::NAN };
            }
            if piece.role == Role::Weight && (self.l1, self.l2) != (0.0, 0.0) {
                update::penalise(isa, gradient, params, l1, l2);
            }
            if !kernel::finite(isa, gradient) {
                return f64::NAN;
            }
            if let Some(limit) = self.clip_grad_value {
                update::clamp(isa, gradient, T::of(limit));
            }
            if self.clip_grad_norm.is_some() { update::sum_of_squares(isa, gradient) } else { 0.0 }
        });
        if squares.is_nan() {
            return false;
        }
        self.steps += 1;
        // The small number is PyTorch's.
        let scale =
            self.clip_grad_norm.map(|limit| limit / (squares.sqrt() + 1e-6)).filter(|&scale| scale < 1.0);
        let span = Span { params, gradient, state: &mut self.state };
        each(&self.pieces, span, &|piece, Span { params, gradient, state }| {
            if piece.frozen {
                return 0.0;
            }
            if let Role::Statistic { momentum, .. } = piece.role {
                update::approach(isa, params, gradient, T::of(momentum));
                // It is no gradient, and who looks at the gradient finds none.
                gradient.fill(T::zero());
                return 0.0;
            }
            if let Some(scale) = scale {
                update::scale(isa, gradient, T::of(scale));
            }
            let (role, step) = (piece.role, self.steps);
            optimizer.step(Update { params, gradient, state, role, factor, step });
            if let (Role::Weight, Some(limit)) = (role, self.max_norm) {
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
}

/// What is added to the cost, and what keeps gradients and weights small. In a step the penalties join the gradient of
/// the loss; then it is clipped, by value and then by norm; then the optimiser steps; then weights are scaled down to
/// their largest norm. Losses that are reported are without penalties.
impl<N: Network, L, O: Optimizer> Trainer<N, L, O> {
    /// Keeps the parameters of a layer as they are, running statistics included, as when the last layer alone of a trained
    /// network is to learn other classes. Layers before it still get their gradient.
    ///
    /// A name that no layer has is refused by [`check`](Self::check).
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::LeNet5;
    /// # use convnet::train::Progress;
    /// # let mnist = Mnist::load_from("assets/mnist")?;
    /// # let train = mnist.train.subset(0..64);
    /// let net = LeNet5::new(1);
    /// let before = net.clone();
    /// let mut trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.01)).freeze("conv1").freeze("conv2").epochs(1);
    /// # trainer = trainer.progress(Progress::Silent);
    /// trainer.fit(&train, None)?;
    /// assert_eq!(trainer.network().conv2().weight(), before.conv2().weight());
    /// assert_ne!(trainer.network().fc3().weight(), before.fc3().weight());
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn freeze(mut self, layer: &str) -> Self {
        let steps = self.network.model().plan().steps();
        let mut known = false;
        for step in steps.iter().filter(|step| step.is_of(layer)) {
            known = true;
            let of_step = |piece: &&mut Piece| step.params.contains(&piece.params.start);
            self.updater.pieces.iter_mut().filter(of_step).for_each(|piece| piece.frozen = true);
        }
        if !known {
            let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
            self.updater.unknown.get_or_insert((layer.to_owned(), names.join(", ")));
        }
        self
    }

    /// Adds λ/2·‖w‖² to the cost, summed over all weights, not biases: λ·w to the gradient (Krogh & Hertz 1991, "A simple
    /// weight decay can improve generalization"). With [`Sgd`](crate::optim::Sgd) this is PyTorch's `weight_decay`.
    pub fn l2(mut self, lambda: f64) -> Self {
        self.updater.l2 = lambda;
        self
    }

    /// Adds λ·‖w‖₁ to the cost, summed over all weights, not biases: λ·sign(w) to the gradient, 0 where w is 0
    /// (Tibshirani 1996, "Regression shrinkage and selection via the lasso").
    pub fn l1(mut self, lambda: f64) -> Self {
        self.updater.l1 = lambda;
        self
    }

    /// After each step scales the weights that lead to one unit, or make up one filter, to a norm of at most `norm`;
    /// biases are left alone (Srivastava et al. 2014, "Dropout", section 5.1).
    pub fn max_norm(mut self, norm: f64) -> Self {
        self.updater.max_norm = Some(norm);
        self
    }

    /// Scales the gradient by all parameters together to an L2 norm of at most `norm` (Pascanu, Mikolov & Bengio 2013,
    /// "On the difficulty of training recurrent neural networks", algorithm 1), as PyTorch's `clip_grad_norm_`.
    pub fn clip_grad_norm(mut self, norm: f64) -> Self {
        self.updater.clip_grad_norm = Some(norm);
        self
    }

    /// Limits each value of the gradient to between −`value` and `value`, as PyTorch's `clip_grad_value_`.
    pub fn clip_grad_value(mut self, value: f64) -> Self {
        self.updater.clip_grad_value = Some(value);
        self
    }
}
