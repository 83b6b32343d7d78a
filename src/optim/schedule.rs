//! Learning-rate schedules.

use std::f64::consts::PI;
use std::str::FromStr;

use super::{refuse_unless_positive, refuse_unless_rate};
use crate::error::Error;

/// The place of a step in a run: the argument of [`Schedule::factor`].
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ScheduleState<'a> {
    /// Steps before this one.
    pub step: u64,
    /// Steps in the whole run.
    pub steps: u64,
    /// Steps in an epoch.
    pub steps_per_epoch: u64,
    /// The loss of each epoch so far: on the validation data, or on the training data of a run without validation.
    pub losses: &'a [f64],
}

impl ScheduleState<'_> {
    /// A place in a run, without losses; set the field `losses` for [`Schedule::Plateau`].
    pub fn new(step: u64, steps: u64, steps_per_epoch: u64) -> Self {
        ScheduleState { step, steps, steps_per_epoch, losses: &[] }
    }

    /// Complete epochs.
    fn epochs(&self) -> f64 {
        (self.step / self.steps_per_epoch) as f64
    }
}

/// The learning rate over a run, as a factor of the optimiser's learning rate.
///
/// The factor depends on the [`ScheduleState`] alone, so a resumed run continues with the same rates. Any schedule can be
/// combined with [`Trainer::warm_up`](crate::train::Trainer::warm_up).
///
/// In PyTorch: `optim.lr_scheduler`. In Keras: `keras.optimizers.schedules`.
///
/// ```
/// use convnet::optim::{ScheduleState, Schedule};
/// let at = |step| ScheduleState::new(step, 100, 10);
/// assert_eq!(Schedule::Constant.factor(&at(99)), 1.0);
/// assert_eq!(Schedule::Cosine.factor(&at(0)), 1.0);
/// assert!((Schedule::Cosine.factor(&at(50)) - 0.5).abs() < 1e-12);
/// let step = Schedule::Step { every: 3, gamma: 0.5 };
/// assert_eq!([0, 29, 30, 60].map(|step_number| step.factor(&at(step_number))), [1.0, 1.0, 0.5, 0.25]);
/// ```
#[doc(alias("lr_scheduler", "LearningRateSchedule"))]
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Schedule {
    /// Always 1.
    #[doc(alias = "ConstantLR")]
    #[default]
    Constant,
    /// γ^⌊epochs / every⌋, with the number of complete epochs.
    ///
    /// In PyTorch: `StepLR(step_size=every, gamma=γ)`. In Keras: `PiecewiseConstantDecay`.
    #[doc(alias("StepLR", "PiecewiseConstantDecay"))]
    Step {
        /// Epochs between two changes, at least 1.
        #[doc(alias = "step_size")]
        every: usize,
        /// γ, the factor of a change; 0.1 in PyTorch.
        gamma: f64,
    },
    /// γ^epochs, with the number of complete epochs.
    ///
    /// In PyTorch: `ExponentialLR(gamma=γ)`. In Keras: `ExponentialDecay(staircase=True)`.
    #[doc(alias("ExponentialLR", "ExponentialDecay"))]
    Exponential {
        /// γ, the factor of an epoch.
        gamma: f64,
    },
    /// From 1 to 0 along half a cosine: (1 + cos(π·step/steps)) / 2 (Loshchilov & Hutter 2017, "SGDR", eq. 5
    /// without restarts).
    ///
    /// In PyTorch: `CosineAnnealingLR(T_max=steps)`, stepped after each batch. In Keras: `CosineDecay`.
    #[doc(alias("CosineAnnealingLR", "CosineDecay"))]
    Cosine,
    /// From 1 / `div_factor` up to 1, and then down to 1 / (`div_factor` · `final_div_factor`), each along half a cosine
    /// (Smith & Topin 2018, "Super-convergence"). The optimiser's learning rate is the highest rate. The momentum stays
    /// constant.
    ///
    /// In PyTorch: `OneCycleLR(max_lr=…, cycle_momentum=False)`, stepped after each batch.
    #[doc(alias = "OneCycleLR")]
    OneCycle {
        /// Share of the steps during which the rate rises, at least 0 and less than 1; 0.3 in PyTorch.
        pct_start: f64,
        /// The highest rate divided by the first; 25 in PyTorch.
        div_factor: f64,
        /// The first rate divided by the last; 10⁴ in PyTorch.
        final_div_factor: f64,
    },
    /// Multiplied by `factor` each time the loss has not improved for more than `patience` epochs. A loss is an improvement
    /// if it is below (1 − `threshold`) times the best loss so far.
    ///
    /// In PyTorch: `ReduceLROnPlateau`. In Keras: the callback `ReduceLROnPlateau`.
    #[doc(alias = "ReduceLROnPlateau")]
    Plateau {
        /// Factor of a change, more than 0 and less than 1; 0.1 in PyTorch.
        factor: f64,
        /// Epochs without an improvement that are tolerated; 10 in PyTorch.
        patience: usize,
        /// The smallest improvement, as a share of the best loss; 10⁻⁴ in PyTorch.
        threshold: f64,
    },
}

/// The names that [`Schedule::from_str`] accepts.
const NAMED: [(&str, Schedule); 6] = [
    ("constant", Schedule::Constant),
    ("step", Schedule::Step { every: 10, gamma: 0.1 }),
    ("exponential", Schedule::Exponential { gamma: 0.9 }),
    ("cosine", Schedule::Cosine),
    ("one-cycle", Schedule::OneCycle { pct_start: 0.3, div_factor: 25.0, final_div_factor: 1e4 }),
    ("plateau", Schedule::Plateau { factor: 0.1, patience: 10, threshold: 1e-4 }),
];

impl Schedule {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Argument`] that names the wrong setting.
    pub fn check(&self) -> Result<(), Error> {
        match *self {
            Schedule::Constant | Schedule::Cosine => Ok(()),
            Schedule::Step { every: 0, .. } => Err(Error::argument("step schedule's every", "at least 1", 0)),
            Schedule::Step { gamma, .. } => refuse_unless_positive("step schedule's gamma", gamma),
            Schedule::Exponential { gamma } => refuse_unless_positive("exponential schedule's gamma", gamma),
            Schedule::OneCycle { pct_start, div_factor, final_div_factor } => {
                refuse_unless_rate("one-cycle schedule's pct_start", pct_start)?;
                refuse_unless_positive("one-cycle schedule's div_factor", div_factor)?;
                refuse_unless_positive("one-cycle schedule's final_div_factor", final_div_factor)
            }
            Schedule::Plateau { factor, threshold, .. } => {
                if !(factor > 0.0 && factor < 1.0) {
                    let expected = "more than 0 and less than 1";
                    return Err(Error::argument("plateau schedule's factor", expected, factor));
                }
                refuse_unless_rate("plateau schedule's threshold", threshold)
            }
        }
    }

    /// The factor of the learning rate at this place of a run.
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

    /// The factor with a warm-up of n steps: during it, (step + 1) / (n + 1) of the schedule's first factor; the schedule
    /// runs over the remaining steps.
    pub(crate) fn factor_after(&self, warm_up: f64, at: &ScheduleState<'_>) -> f64 {
        let first = ((warm_up * at.steps_per_epoch as f64).round() as u64).min(at.steps.saturating_sub(1));
        let losses = at.losses.get(warm_up.ceil() as usize..).unwrap_or_default();
        let rest =
            ScheduleState { step: at.step.saturating_sub(first), steps: at.steps - first, losses, ..*at };
        let share = (at.step + 1).min(first + 1) as f64 / (first + 1) as f64;
        share * self.factor(&rest)
    }
}

/// The value on half a cosine from `start` to `end`, at a share from 0 to 1 of the way.
fn between(start: f64, end: f64, share: f64) -> f64 {
    end + (start - end) / 2.0 * (1.0 + (PI * share).cos())
}

/// Parses the name of a schedule: `constant`, `step` (γ = 0.1 every 10 epochs), `exponential` (γ = 0.9), `cosine`,
/// `one-cycle` and `plateau` (both with PyTorch's settings).
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
