//! The trainer: what it holds and shows.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::fit::Resumed;
use super::update::Updater;
use super::{EarlyStopping, Epoch, History, Progress};
use crate::error::Error;
use crate::network::Network;
use crate::optim::{Optimizer, Schedule};
use crate::ram;
use crate::run::{Program, Workspace};
use crate::scalar::{Scalar, compiled};

/// Trains a network with a loss and an optimiser, and evaluates it.
///
/// All random choices depend on the seed alone, and results are the same bits for any number of threads.
///
/// In Keras: `model.compile(loss=…, optimizer=…)`, followed by `fit` and `evaluate`.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::train::Progress;
///
/// network! {
///     /// Classifies pairs of numbers by whether the first is the larger.
///     struct Larger: Flat<2> => Flat<2> {
///         fc1: Dense { units: 8 },
///         tanh: Tanh,
///         fc2: Dense { units: 2 },
///     }
/// }
///
/// let points = (0..400).map(|i| {
///     let (a, b) = ((i % 20) as f32 / 10.0 - 1.0, (i / 20) as f32 / 10.0 - 1.0);
///     (Tensor::from_fn(|j| [a, b][j]), Class::new(usize::from(a > b)).unwrap())
/// });
/// let data: Dataset<Flat<2>, Class<2>> = points.collect();
/// let (train, validation) = data.split(0.8, 1)?;
/// let mut trainer = Trainer::new(Larger::new(1), SoftmaxCrossEntropy, Sgd::new(0.1).momentum(0.9))
///     .epochs(20)
///     .batch_size(32)
///     .progress(Progress::Silent);
/// let history = trainer.fit(&train, &validation)?;
/// assert_eq!(history.epochs.len(), 20);
/// assert!(trainer.evaluate(&validation)?.accuracy() > 0.9);
/// # Ok::<(), convnet::Error>(())
/// ```
pub struct Trainer<N: Network, L, O> {
    pub(super) network: N,
    pub(super) loss: L,
    pub(super) optimizer: O,
    pub(super) epochs: usize,
    pub(super) batch_size: usize,
    pub(super) seed: u64,
    pub(super) shuffle: bool,
    pub(super) schedule: Schedule,
    pub(super) warm_up: f64,
    pub(super) progress: Progress,
    pub(super) early_stopping: Option<EarlyStopping>,
    pub(super) on_batch: Option<Box<OnBatch>>,
    pub(super) on_epoch: Option<Box<OnEpoch<N>>>,
    pub(super) interrupt: Option<Arc<AtomicBool>>,
    /// Set when checkpoints are to be written.
    #[cfg(feature = "store")]
    pub(super) keeper: Option<super::checkpoint::Keeper>,
    /// The place where the next run continues, if it resumes a checkpoint.
    pub(super) resumed: Option<Resumed<N::Scalar>>,
    /// Whether advice was shown already.
    pub(super) advised: bool,
    pub(super) updater: Updater<N::Scalar>,
    pub(super) space: Workspace<N::Scalar>,
    pub(super) keys: Vec<u64>,
    pub(super) history: History,
}

/// A training step, as passed to the callback of [`Trainer::on_batch`].
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BatchEnd {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Batch within the epoch, counted from 1.
    pub batch: usize,
    /// Batches in an epoch.
    pub batches: usize,
    /// Mean loss of the batch before the step.
    pub loss: f64,
}

type OnBatch = dyn FnMut(&BatchEnd) -> ControlFlow<()> + Send;
type OnEpoch<N> = dyn FnMut(&Epoch, &N) -> ControlFlow<()> + Send;

impl<N: Network, L, O: Optimizer> Trainer<N, L, O> {
    /// A trainer with the default settings: 10 epochs in batches of 64 samples, shuffled with seed 0.
    pub fn new(network: N, loss: L, optimizer: O) -> Self {
        let program = network.model().program();
        let (space, updater) = N::Scalar::compiled::<Begin>((program, optimizer.state_per_param()));
        Trainer {
            network,
            loss,
            optimizer,
            epochs: 10,
            batch_size: 64,
            seed: 0,
            shuffle: true,
            schedule: Schedule::Constant,
            warm_up: 0.0,
            progress: Progress::Auto,
            early_stopping: None,
            on_batch: None,
            on_epoch: None,
            interrupt: None,
            #[cfg(feature = "store")]
            keeper: None,
            resumed: None,
            advised: false,
            updater,
            space,
            keys: Vec::new(),
            history: History::default(),
        }
    }

    /// The network in its current state.
    pub fn network(&self) -> &N {
        &self.network
    }

    /// The network, for changes between runs.
    pub fn network_mut(&mut self) -> &mut N {
        &mut self.network
    }

    /// Returns the network.
    pub fn into_network(self) -> N {
        self.network
    }

    /// The epochs of the last run, even if it ended with an error.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The gradient that the optimiser got in the last step, one value for each of the network's parameters: the gradient
    /// of the mean loss plus the penalties [`l1`](Self::l1) and [`l2`](Self::l2), after clipping. It is meaningless before
    /// the first step.
    ///
    /// In PyTorch: `parameter.grad`.
    #[doc(alias = "grad")]
    pub fn gradient(&self) -> &[N::Scalar] {
        self.space.gradient()
    }

    /// Checks the settings. [`Trainer::fit`] calls it; call it yourself to find mistakes before the data are loaded.
    ///
    /// # Errors
    /// [`Error::Argument`] for 0 epochs, a batch size of 0, a warm-up as long as the run, a negative penalty, a limit that
    /// is not above 0, an unknown layer to freeze, or a setting that the optimiser or the schedule refuses.
    pub fn check(&self) -> Result<(), Error> {
        self.optimizer.check()?;
        self.schedule.check()?;
        self.updater.check()?;
        check_run(self.epochs, self.batch_size, self.warm_up)?;
        self.early_stopping.map_or(Ok(()), |rule| rule.check())
    }

    /// Refuses batches that need more memory than is available.
    pub(super) fn check_memory(&self, samples: usize) -> Result<(), Error> {
        let most = self.space.most();
        if samples <= most {
            return Ok(());
        }
        let program = self.network.model().program();
        let [needed, held] = [samples, most].map(|samples| self.space.bytes(program, samples));
        // The parameters are there already.
        let held = if most > 0 { held } else { size_of_val(self.network.model().params()) };
        let samples = if samples == 1 { "1 sample".to_owned() } else { format!("{samples} samples") };
        ram::refuse_too_large(|| format!("a training step with {samples}"), needed.saturating_sub(held))
    }

    /// Parameters that are trained: all but frozen ones and running statistics.
    pub fn trained_params(&self) -> usize {
        self.updater.trained()
    }

    /// Advice for a training set with fewer than three samples for each parameter that is trained, which is a rule of thumb.
    /// Regularised networks need far fewer. [`Trainer::fit`] shows the advice once.
    pub fn advice(&self, samples: usize) -> Option<String> {
        advice(samples, self.updater.trained())
    }
}

compiled! {
    /// What a trainer needs beside its network: (program, the optimiser's values for each parameter).
    Begin<'a, T>((&'a Program<T>, usize)) -> (Workspace<T>, Updater<T>) = begin
}

fn begin<T: Scalar>((program, per_param): (&Program<T>, usize)) -> (Workspace<T>, Updater<T>) {
    (Workspace::new(program, 0), Updater::new(program.plan(), per_param))
}

/// Checks the length of a run.
fn check_run(epochs: usize, batch_size: usize, warm_up: f64) -> Result<(), Error> {
    if epochs == 0 {
        return Err(Error::argument("epochs", "at least 1", 0));
    }
    if batch_size == 0 {
        return Err(Error::argument("batch size", "at least 1", 0));
    }
    if !(warm_up >= 0.0 && warm_up < epochs as f64) {
        let expected = format!("at least 0 and less than the {epochs} epochs");
        return Err(Error::argument("warm-up", expected, warm_up));
    }
    Ok(())
}

/// [`Trainer::advice`] for a number of trained parameters.
fn advice(samples: usize, params: usize) -> Option<String> {
    (samples < 3 * params).then(|| {
        format!(
            "advice: {samples} training samples for {params} parameters; a rule of thumb asks for 3 for each, {}; \
             watch for over-fitting",
            3 * params,
        )
    })
}

pub(super) fn refuse_empty(name: &'static str, len: usize) -> Result<(), Error> {
    if len == 0 { Err(Error::argument(name, "at least 1 sample", 0)) } else { Ok(()) }
}
