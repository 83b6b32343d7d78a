//! How the learning rate changes over a run.

/// The learning rate over a run, as a factor of the optimiser's.
///
/// ```
/// use convnet::optim::Schedule;
/// assert_eq!(Schedule::Cosine.factor(0, 100), 1.0);
/// assert!((Schedule::Cosine.factor(50, 100) - 0.5).abs() < 1e-12);
/// assert_eq!(Schedule::Constant.factor(99, 100), 1.0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Schedule {
    /// Always 1.
    #[default]
    Constant,
    /// From 1 to 0 along half a cosine: (1 + cos(π·step/steps)) / 2 (Loshchilov & Hutter 2017, "SGDR", eq. 5
    /// without restarts).
    Cosine,
}

impl Schedule {
    /// The factor at a step, counted from 0, of a run of so many steps.
    pub fn factor(self, step: u64, steps: u64) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::Cosine => (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos()) / 2.0,
        }
    }
}
