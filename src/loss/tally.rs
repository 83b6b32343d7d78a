//! Sums of losses and right answers over the samples of a batch.

use std::borrow::Borrow;

use super::Loss;
use crate::data::Target;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::{LANES, Lanes};

/// Sums over samples.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
pub struct Tally {
    /// Samples.
    pub(crate) samples: usize,
    /// Sum of the samples' losses.
    pub(crate) loss: f64,
    /// Sum of the samples' weights.
    pub(crate) weight: f64,
    /// Samples with a target that can be answered correctly: those whose target is a class.
    pub(crate) judged: usize,
    /// Samples that were answered correctly.
    pub(crate) right: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.samples += other.samples;
        self.loss += other.loss;
        self.weight += other.weight;
        self.right += other.right;
        self.judged += other.judged;
    }

    /// The sum of the losses divided by that of the weights; 0 if all weights are 0, unless a loss is not finite.
    pub(crate) fn mean_loss(&self) -> f64 {
        if self.weight == 0.0 { self.loss * 0.0 } else { self.loss / self.weight }
    }

    /// Fraction of samples that were answered correctly; `None` unless every target is a class.
    pub(crate) fn accuracy(&self) -> Option<f64> {
        (self.judged == self.samples).then(|| self.right as f64 / self.samples as f64)
    }
}

/// Loss and correct answers of some tiles of outputs `y`; writes `scale` times the gradient by the outputs to `dy`, if that
/// is given.
pub(crate) fn tally_tiles<Out: Shape, Y: Target, T: Scalar>(
    loss: &impl Loss<Out, Y, T>,
    mut dy: Option<&mut [Lanes<T>]>,
    y: &[Lanes<T>],
    targets: &[impl Borrow<Y>],
    scale: T,
) -> Tally {
    let mut tally = Tally { samples: targets.len(), ..Tally::default() };
    for (tile, (y, targets)) in y.chunks(Out::LEN).zip(targets.chunks(LANES)).enumerate() {
        let mut of_tile = [targets[0].borrow(); LANES];
        for (to, target) in of_tile.iter_mut().zip(targets) {
            *to = target.borrow();
        }
        let targets = &of_tile[..targets.len()];
        let dy = dy.as_mut().map(|dy| &mut dy[tile * Out::LEN..][..Out::LEN]);
        tally.loss += loss.tile(dy, y, targets, scale);
        for (lane, target) in targets.iter().enumerate() {
            tally.weight += loss.weight(target);
            if let Some(right) = target.is_met_by(y.iter().map(|y| y.0[lane])) {
                tally.judged += 1;
                tally.right += usize::from(right);
            }
        }
    }
    tally
}
