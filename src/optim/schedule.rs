//! How the learning rate changes over a run.

use std::f64::consts::PI;
use std::str::FromStr;

use super::{refuse_unless_positive, refuse_unless_share};
use crate::error::Error;

/// Where in a run a step is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ScheduleState<'a> {
    /// Steps done before this one.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// The loss after each epoch so far: on the validation data, or on the training data where nothing is validated.
    pub losses: &'a [f64],
}

impl ScheduleState<'_> {
    /// Epochs that are complete.
    fn epochs(&self) -> f64 {
        (self.step / self.steps_per_epoch) as f64
    }
}

/// The learning rate over a run, as a factor of the optimiser's.
///
/// It depends on nothing but the [`ScheduleState`], so that a run that is taken up again goes on with the same rates.
/// [`Trainer::warm_up`](crate::train::Trainer::warm_up) goes with any of them.
///
/// ```
/// use convnet::optim::{ScheduleState, Schedule};
/// let at = |step| ScheduleState { step, steps: 100, steps_per_epoch: 10, losses: &[] };
/// assert_eq!(Schedule::Constant.factor(&at(99)), 1.0);
/// assert_eq!(Schedule::Cosine.factor(&at(0)), 1.0);
/// assert!((Schedule::Cosine.factor(&at(50)) - 0.5).abs() < 1e-12);
/// let step = Schedule::Step { every: 3, gamma: 0.5 };
/// assert_eq!([0, 29, 30, 60].map(|step_number| step.factor(&at(step_number))), [1.0, 1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Schedule {
    /// Always 1.
    #[default]
    Constant,
    /// γ^⌊epochs / every⌋, as PyTorch's `StepLR`.
    Step {
        /// Epochs between two changes, at least 1.
        every: usize,
        /// γ, the factor of a change; 0.1 in PyTorch.
        gamma: f64,
    },
    /// γ^epochs, with the number of complete epochs, as PyTorch's `ExponentialLR`.
    Exponential {
        /// γ, the factor of an epoch.
        gamma: f64,
    },
    /// From 1 to 0 along half a cosine: (1 + cos(π·step/steps)) / 2 (Loshchilov & Hutter 2017, "SGDR", eq. 5
    /// without restarts), as PyTorch's `CosineAnnealingLR` stepped after each batch.
    Cosine,
    /// Up and down again: from 1 / `div_factor` to 1, and then to 1 / (`div_factor` · `final_div_factor`), each along
    /// half a cosine (Smith & Topin 2018, "Super-convergence"), as PyTorch's `OneCycleLR` stepped after each batch.
    /// The optimiser's learning rate is the highest. Its momentum stays as it is: there is no cycle of momentum.
    OneCycle {
        /// Share of the steps in which the rate rises, at least 0 and less than 1; 0.3 in PyTorch.
        pct_start: f64,
        /// The highest rate by the first; 25 in PyTorch.
        div_factor: f64,
        /// The first rate by the last; 10⁴ in PyTorch.
        final_div_factor: f64,
    },
    /// Times `factor` whenever the loss has not got better for more than `patience` epochs, as PyTorch's
    /// `ReduceLROnPlateau`. Better is below (1 − `threshold`) times the best loss so far.
    Plateau {
        /// Factor of a change, more than 0 and less than 1; 0.1 in PyTorch.
        factor: f64,
        /// Epochs without a better loss that change nothing yet; 10 in PyTorch.
        patience: usize,
        /// The least improvement, as a share of the best loss; 10⁻⁴ in PyTorch.
        threshold: f64,
    },
}

/// The names of [`Schedule::from_str`], with the settings they stand for.
const NAMED: [(&str, Schedule); 6] = [
    ("constant", Schedule::Constant),
    ("step", Schedule::Step { every: 10, gamma: 0.1 }),
    ("exponential", Schedule::Exponential { gamma: 0.9 }),
    ("cosine", Schedule::Cosine),
    ("one-cycle", Schedule::OneCycle { pct_start: 0.3, div_factor: 25.0, final_div_factor: 1e4 }),
    ("plateau", Schedule::Plateau { factor: 0.1, patience: 10, threshold: 1e-4 }),
];

impl Schedule {
    /// Refuses settings that make no schedule.
    ///
    /// # Errors
    /// [`Error::Argument`] that names the setting.
    pub fn check(&self) -> Result<(), Error> {
        match *self {
            Schedule::Constant | Schedule::Cosine => Ok(()),
            Schedule::Step { every: 0, .. } => Err(Error::argument("step schedule's every", "at least 1", 0)),
            Schedule::Step { gamma, .. } => refuse_unless_positive("step schedule's gamma", gamma),
            Schedule::Exponential { gamma } => refuse_unless_positive("exponential schedule's gamma", gamma),
            Schedule::OneCycle { pct_start, div_factor, final_div_factor } => {
                refuse_unless_share("one-cycle schedule's pct_start", pct_start)?;
                refuse_unless_positive("one-cycle schedule's div_factor", div_factor)?;
                refuse_unless_positive("one-cycle schedule's final_div_factor", final_div_factor)
            }
            Schedule::Plateau { factor, threshold, .. } => {
                if !(factor > 0.0 && factor < 1.0) {
                    let expected = "more than 0 and less than 1";
                    return Err(Error::argument("plateau schedule's factor", expected, factor));
                }
                refuse_unless_share("plateau schedule's threshold", threshold)
            }
        }
    }

    /// The factor of the learning rate in a step.
    pub fn factor(&self, at: &ScheduleState<'_>) -> f64 {
        let (step, steps) = (at.step as f64, at.steps as f64);
        match *self {
            Schedule::Constant => 1.0,
            Schedule::Step { every, gamma } => gamma.powf((at.epochs() / every as f64).floor()),
            Schedule::Exponential { gamma } => gamma.powf(at.epochs()),
            Schedule::Cosine => between(1.0, 0.0, step / steps),
            Schedule::OneCycle { pct_start, div_factor, final_div_factor } => {
                let first = 1.0 / div_factor;
                let (top, last) = (pct_start * steps - 1.0, steps - 1.0);
                if step < top {
                    between(first, 1.0, step / top)
                } else {
                    between(1.0, first / final_div_factor, (step - top) / (last - top))
                }
            }
            Schedule::Plateau { factor, patience, threshold } => {
                let (mut rate, mut best, mut without) = (1.0, f64::INFINITY, 0);
                for &loss in at.losses {
                    if loss < best * (1.0 - threshold) {
                        (best, without) = (loss, 0);
                    } else {
                        without += 1;
                    }
                    if without > patience {
                        (rate, without) = (rate * factor, 0);
                    }
                }
                rate
            }
        }
    }

    /// The factor with a warm-up: in the first `warm_up` of n steps the rate rises in a line to where the schedule
    /// begins, and is (step + 1) / (n + 1) of that; the schedule then runs over the rest.
    pub(crate) fn factor_after(&self, warm_up: f64, at: &ScheduleState<'_>) -> f64 {
        let first = ((warm_up * at.steps_per_epoch as f64).round() as u64).min(at.steps.saturating_sub(1));
        let losses = at.losses.get(warm_up.ceil() as usize..).unwrap_or_default();
        let rest =
            ScheduleState { step: at.step.saturating_sub(first), steps: at.steps - first, losses, ..*at };
        let share = (at.step + 1).min(first + 1) as f64 / (first + 1) as f64;
        share * self.factor(&rest)
    }
}

/// From `start` to `end` along half a cosine, for a share of the way between 0 and 1.
fn between(start: f64, end: f64, share: f64) -> f64 {
    end + (start - end) / 2.0 * (1.0 + (PI * share).cos())
}

/// A schedule by its name, with settings that suit many runs, PyTorch's where it has any: `constant`, `step` (a tenth
/// every 10 epochs), `exponential` (0.9 an epoch), `cosine`, `one-cycle`, `plateau`.
///
/// # Errors
/// [`Error::Argument`] that lists the names.
///
/// ```
/// use convnet::optim::Schedule;
/// assert_eq!("cosine".parse::<Schedule>()?, Schedule::Cosine);
/// assert!("cosin".parse::<Schedule>().is_err());
/// # Ok::<(), convnet::Error>(())
/// ```
impl FromStr for Schedule {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let named = NAMED.iter().find(|(known, _)| *known == name);
        named.map(|(_, schedule)| *schedule).ok_or_else(|| {
            let names = NAMED.map(|(known, _)| known);
            Error::argument("schedule", format!("one of {}", names.join(", ")), name)
        })
    }
}
