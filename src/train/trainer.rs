//! The training loop.

use std::borrow::Borrow;
use std::mem::take;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rand::seq::SliceRandom;

use super::early_stopping::Best;
use super::loading::fetch;
use super::progress::{Display, Progress};
use super::update::Updater;
use super::{EarlyStopping, Ending, Epoch, History, LossAndAccuracy};
use crate::data::{Learnable, Samples, Target, Validation};
use crate::engine::Engine;
use crate::error::{Error, FirstError};
use crate::loss::{Loss, Tally, tally_tiles};
use crate::network::Network;
use crate::optim::{Optimizer, Schedule, ScheduleState};
use crate::random::{self, purpose};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::{Batch, Lanes};
use crate::workspace::{Input, Task, Workspace, in_pool};

/// Trains a network: a loss to lower, an optimiser to lower it with, and how long.
///
/// Every random choice is drawn from the seed, and results are the same bits for any number of threads.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::train::Progress;
///
/// network! {
///     /// Tells whether the first of two numbers is the larger.
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
    schedule: Schedule,
    warm_up: f64,
    progress: Progress,
    early_stopping: Option<EarlyStopping>,
    on_batch: Option<Box<OnBatch>>,
    on_epoch: Option<Box<OnEpoch<N>>>,
    interrupt: Option<Arc<AtomicBool>>,
    /// What keeps checkpoints.
    #[cfg(feature = "store")]
    pub(super) keeper: Option<super::checkpoint::Keeper>,
    /// Where the next run begins, if not at its beginning.
    pub(super) resumed: Option<Resumed<N::Scalar>>,
    /// Whether the advice about the number of samples was given.
    advised: bool,
    pub(super) updater: Updater<N::Scalar>,
    space: Workspace<N::Scalar>,
    keys: Vec<u64>,
    pub(super) history: History,
}

/// A batch that was learnt from, as a callback sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BatchEnd {
    /// Epoch, counted from 1.
    pub epoch: usize,
    /// Batch within the epoch, counted from 1.
    pub batch: usize,
    /// Batches in an epoch.
    pub batches: usize,
    /// Mean loss of the batch, before the step.
    pub loss: f64,
}

/// How far a run has come: what it goes on from, beside the network, the optimiser and the best epoch.
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Position {
    /// Of the training data.
    pub samples: usize,
    /// Whole epochs.
    pub epochs: usize,
    /// Batches of the epoch after them.
    pub batches: usize,
    /// Steps in all.
    pub step: u64,
    /// What the batches of the unfinished epoch came to.
    pub tally: Tally,
    /// The loss that a schedule looks at, of each epoch.
    pub losses: Vec<f64>,
    /// What the unfinished epoch took so far.
    pub seconds: f64,
}

/// What a run that is resumed begins with.
pub(super) struct Resumed<T> {
    pub at: Position,
    pub best: Best<T>,
    /// The folder of the checkpoint.
    #[cfg(feature = "store")]
    pub folder: std::path::PathBuf,
}

type OnBatch = dyn FnMut(&BatchEnd) -> ControlFlow<()> + Send;
type OnEpoch<N> = dyn FnMut(&Epoch, &N) -> ControlFlow<()> + Send;

impl<N: Network, L, O: Optimizer> Trainer<N, L, O> {
    /// 10 epochs in batches of 64, shuffled with seed 0, unless told otherwise.
    pub fn new(network: N, loss: L, optimizer: O) -> Self {
        let plan = network.model().plan();
        let (space, updater) = (Workspace::new(plan, 0), Updater::new(plan, &optimizer));
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

    /// How often to go through the training data.
    pub fn epochs(self, epochs: usize) -> Self {
        Trainer { epochs, ..self }
    }

    /// Samples in a step. The last step of an epoch takes what is left.
    pub fn batch_size(self, batch_size: usize) -> Self {
        Trainer { batch_size, ..self }
    }

    /// All samples in each step: with [`Sgd`](crate::optim::Sgd) this is gradient descent. A step wants memory for all
    /// of them.
    pub fn full_batch(self) -> Self {
        self.batch_size(usize::MAX)
    }

    /// Seed of the order of samples and of random layers.
    pub fn seed(self, seed: u64) -> Self {
        Trainer { seed, ..self }
    }

    /// Whether to go through the samples in a new order in each epoch.
    pub fn shuffle(self, shuffle: bool) -> Self {
        Trainer { shuffle, ..self }
    }

    /// How the learning rate changes over the run; constant unless told otherwise.
    pub fn schedule(self, schedule: Schedule) -> Self {
        Trainer { schedule, ..self }
    }

    /// Over how many epochs at the beginning the learning rate rises to where the schedule begins, a fraction perhaps:
    /// with n steps in them, it is (step + 1) / (n + 1) of that (Goyal et al. 2017, "Accurate, large minibatch SGD",
    /// section 2.2). The [`schedule`](Self::schedule) then runs over the rest, and looks at the losses of the rest. 0
    /// unless told otherwise.
    pub fn warm_up(self, epochs: f64) -> Self {
        Trainer { warm_up: epochs, ..self }
    }

    /// What to show meanwhile.
    pub fn progress(self, progress: Progress) -> Self {
        Trainer { progress, ..self }
    }

    /// Ends a run early by this rule; the network then has the parameters of the best epoch, in whatever way the run
    /// ended.
    pub fn early_stopping(self, rule: EarlyStopping) -> Self {
        Trainer { early_stopping: Some(rule), ..self }
    }

    /// Calls `f` after each batch; [`ControlFlow::Break`] ends the run there, without the epoch.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// # use convnet::prelude::*;
    /// # use convnet::train::Progress;
    /// # network! { struct Net: Flat<2> => Flat<2> { fc: Dense { units: 2 } } }
    /// # let data: Dataset<Flat<2>, Class<2>> = (0..8).map(|i| (Tensor::zeros(), Class::new(i % 2).unwrap())).collect();
    /// let mut trainer = Trainer::new(Net::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).batch_size(2)
    ///     .on_batch(|end| if end.batch == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    /// # trainer = trainer.progress(Progress::Silent);
    /// assert!(trainer.fit(&data, None)?.epochs.is_empty());
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn on_batch(self, f: impl FnMut(&BatchEnd) -> ControlFlow<()> + Send + 'static) -> Self {
        Trainer { on_batch: Some(Box::new(f)), ..self }
    }

    /// Calls `f` after each epoch, with its scores and the network; [`ControlFlow::Break`] ends the run there.
    pub fn on_epoch(self, f: impl FnMut(&Epoch, &N) -> ControlFlow<()> + Send + 'static) -> Self {
        Trainer { on_epoch: Some(Box::new(f)), ..self }
    }

    /// Ends the run after the batch in which the flag becomes true, for whatever sets it: a signal handler, another
    /// thread, a button. The network then has the parameters of the best epoch so far, as
    /// [early stopping](Self::early_stopping) has it, else by validation loss, or by training loss where nothing is
    /// validated; before the end of the first epoch, those of now.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// # use convnet::prelude::*;
    /// # use convnet::train::{Ending, Progress};
    /// # network! { struct Net: Flat<2> => Flat<2> { fc: Dense { units: 2 } } }
    /// # let data: Dataset<Flat<2>, Class<2>> = (0..8).map(|i| (Tensor::zeros(), Class::new(i % 2).unwrap())).collect();
    /// let enough = Arc::new(AtomicBool::new(false));
    /// let mut trainer = Trainer::new(Net::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).interrupt(enough.clone());
    /// # trainer = trainer.progress(Progress::Silent);
    /// enough.store(true, Ordering::Relaxed);
    /// assert_eq!(trainer.fit(&data, None)?.ending, Ending::Interrupted);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn interrupt(self, flag: Arc<AtomicBool>) -> Self {
        Trainer { interrupt: Some(flag), ..self }
    }

    /// The network as it is now.
    pub fn network(&self) -> &N {
        &self.network
    }

    /// The network, to change between runs.
    pub fn network_mut(&mut self) -> &mut N {
        &mut self.network
    }

    /// Gives the network back.
    pub fn into_network(self) -> N {
        self.network
    }

    /// The epochs of the last run, also of one that ended in an error.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The gradient that the optimiser was given in the last step, as long as the network's parameters: of the mean
    /// loss with the penalties [`l1`](Self::l1) and [`l2`](Self::l2), after clipping. Meaningless before the first
    /// step.
    pub fn gradient(&self) -> &[N::Scalar] {
        self.space.gradient()
    }

    /// Refuses settings with which nothing can be learnt. [`Trainer::fit`] calls it; call it yourself to know
    /// before the data are loaded.
    ///
    /// # Errors
    /// [`Error::Argument`] for no epochs, a batch size of 0, a warm-up as long as the run, a penalty or a limit that is not
    /// one, or a setting that the optimiser or the schedule refuses.
    pub fn check(&self) -> Result<(), Error> {
        self.optimizer.check()?;
        self.schedule.check()?;
        self.updater.check()?;
        if self.epochs == 0 {
            return Err(Error::argument("epochs", "at least 1", 0));
        }
        if self.batch_size == 0 {
            return Err(Error::argument("batch size", "at least 1", 0));
        }
        if !(self.warm_up >= 0.0 && self.warm_up < self.epochs as f64) {
            let expected = format!("at least 0 and less than the {} epochs", self.epochs);
            return Err(Error::argument("warm-up", expected, self.warm_up));
        }
        self.early_stopping.map_or(Ok(()), |rule| rule.check())
    }

    /// The course's rule of thumb that there should be three training samples for each parameter, where so many
    /// samples break it. It is advice: regularised networks do with far fewer. [`Trainer::fit`] shows it once.
    pub fn advice(&self, samples: usize) -> Option<String> {
        (samples < 3 * N::PARAMS).then(|| {
            format!(
                "advice: {samples} training samples for {} parameters; a rule of thumb asks for 3 for each ({}), \
                 else look out for over-fitting",
                N::PARAMS,
                3 * N::PARAMS,
            )
        })
    }

    /// Goes through `train` as often as [`epochs`](Self::epochs) says, or until [early stopping](Self::early_stopping)
    /// or a callback ends the run; after each epoch measures loss and accuracy on `validation`, if there is any (`None`
    /// otherwise). Another call begins at epoch 1 again, with the network and the optimiser, with its count of steps, as
    /// the last call left them; after `resume`, where the checkpoint is from.
    ///
    /// # Errors
    /// Those of [`check`](Self::check); [`Error::Argument`] for data without samples, and for early stopping without
    /// what it watches; [`Error::Diverged`] when the loss or its gradient leaves the finite numbers: the network then
    /// has the parameters of before that batch (of the end of the epoch, if it is the validation loss that does; of the
    /// best epoch, with early stopping), and [`history`](Self::history) the epochs before it.
    pub fn fit<'a, D, V>(&mut self, train: &D, validation: V) -> Result<History, Error>
    where
        D: Samples<N::Input> + Learnable + 'a,
        V: Validation<'a, D>,
        V::Data: Samples<N::Input, Target = D::Target>,
        L: Loss<N::Output, D::Target, N::Scalar>,
    {
        let validation = validation.data();
        in_pool(|| self.fit_here(train, validation))
    }

    /// [`Trainer::fit`] on a thread of the pool.
    fn fit_here<D, V>(&mut self, train: &D, validation: Option<&V>) -> Result<History, Error>
    where
        D: Samples<N::Input>,
        V: Samples<N::Input, Target = D::Target>,
        L: Loss<N::Output, D::Target, N::Scalar>,
    {
        self.check()?;
        refuse_empty("training data", train.len())?;
        if let Some(validation) = validation {
            refuse_empty("validation data", validation.len())?;
        }
        if self.early_stopping.is_some() && validation.is_none() {
            return Err(Error::argument("validation data", "some, for early stopping", "none"));
        }
        let display = Display::new(self.progress, self.epochs, train.len());
        if let Some(advice) = self.advice(train.len())
            && !std::mem::replace(&mut self.advised, true)
        {
            display.say(advice);
        }
        if let Some(Resumed { at, .. }) = self.resumed.as_ref().filter(|from| from.at.samples != train.len())
        {
            let expected = format!("the {} samples of the run that is resumed", at.samples);
            return Err(Error::argument("training data", expected, train.len()));
        }
        self.begin_keeping()?;
        let (mut at, best) = match self.resumed.take() {
            Some(Resumed { at, best, .. }) => (at, best),
            None => {
                self.history = History::default();
                (Position { samples: train.len(), ..Position::default() }, Best::default())
            }
        };
        let mut best = self.wants_best().then(|| best.with_rule(self.early_stopping));
        let ending = self.run(train, validation, &display, &mut best, &mut at);
        let ending = ending.and_then(|ending| self.keep_last(&at, best.as_ref()).map(|()| ending));
        self.history.ending = *ending.as_ref().unwrap_or(&Ending::Failed);
        if let Some(best) = best
            && (best.is_wanted() || self.history.ending == Ending::Interrupted)
        {
            self.history.restored = best.restore(self.network.model_mut().params_mut());
        }
        ending.map(|_| self.history.clone())
    }

    /// Whether the best epoch is to be known.
    fn wants_best(&self) -> bool {
        #[cfg(feature = "store")]
        let keeps = self.keeper.is_some();
        #[cfg(not(feature = "store"))]
        let keeps = false;
        self.early_stopping.is_some() || self.interrupt.is_some() || keeps
    }

    /// The epochs of a run from where it is on; says why it ended.
    fn run<D, V>(
        &mut self,
        train: &D,
        validation: Option<&V>,
        display: &Display,
        best: &mut Option<Best<N::Scalar>>,
        at: &mut Position,
    ) -> Result<Ending, Error>
    where
        D: Samples<N::Input>,
        V: Samples<N::Input, Target = D::Target>,
        L: Loss<N::Output, D::Target, N::Scalar>,
    {
        // A run that was over when its last checkpoint was written is over.
        if best.as_ref().is_some_and(|best| at.batches == 0 && best.is_over(at.epochs)) {
            return Ok(Ending::EarlyStopping);
        }
        let mut order: Vec<usize> = (0..train.len()).collect();
        let mut targets = Vec::with_capacity(self.batch_size.min(train.len()));
        // The batch that is learnt from and the one after it, where samples are slow.
        let (mut now, mut next) = (Vec::new(), Vec::new());
        let batches = train.len().div_ceil(self.batch_size);
        let steps_per_epoch = batches as u64;
        let steps = self.epochs as u64 * steps_per_epoch;
        display.advance((at.epochs * train.len() + at.tally.samples).min(self.epochs * train.len()));
        for epoch in at.epochs + 1..=self.epochs {
            let start = Instant::now();
            let before = at.seconds;
            display.begin(epoch);
            if self.shuffle {
                // From the same beginning each time, so that the order depends on the key alone.
                order.sort_unstable();
                order.shuffle(&mut random::keyed(self.seed, &[purpose::SHUFFLE, epoch as u64]));
            }
            let seed = self.seed;
            let key = |sample: usize| random::key(seed, &[purpose::SAMPLE, epoch as u64, train.id(sample)]);
            let fetch = |rows: &mut Vec<N::Scalar>, samples: Option<&[usize]>| {
                let samples = samples.unwrap_or_default();
                fetch(rows, train, samples, |place| Some(key(samples[place])))
            };
            let mut chunks = order.chunks(self.batch_size).enumerate().skip(at.batches).peekable();
            let mut fetched = Ok(());
            if train.is_slow() {
                fetched = fetch(&mut now, chunks.peek().map(|&(_, samples)| samples));
            }
            while let Some((number, samples)) = chunks.next() {
                targets.clear();
                targets.extend(samples.iter().map(|&sample| train.target(sample)));
                self.keys.clear();
                self.keys.extend(samples.iter().map(|&sample| key(sample)));
                let moment = ScheduleState { step: at.step, steps, steps_per_epoch, losses: &at.losses };
                let factor = self.schedule.factor_after(self.warm_up, &moment);
                let part = if train.is_slow() {
                    std::mem::replace(&mut fetched, Ok(()))?;
                    let copy = |values: &mut [N::Scalar], place: usize| {
                        values.copy_from_slice(&now[place * N::Input::LEN..][..N::Input::LEN]);
                        Ok(())
                    };
                    // The next batch comes to be while this one is learnt from; what keeps it from that is said when it
                    // would be its turn.
                    let following = chunks.peek().map(|&(_, samples)| samples);
                    let (input, failure) = (&copy, FirstError::default());
                    let input = Input::Load(input, &failure);
                    let learn = || self.learn(input, &targets, factor, epoch, number + 1);
                    let (part, loaded) = rayon::join(learn, || fetch(&mut next, following));
                    fetched = loaded;
                    std::mem::swap(&mut now, &mut next);
                    part?
                } else {
                    let failure = FirstError::default();
                    let write = |values: &mut [N::Scalar], place: usize| {
                        train.write_to(samples[place], values, Some(key(samples[place])))
                    };
                    self.learn(Input::Load(&write, &failure), &targets, factor, epoch, number + 1)?
                };
                at.step += 1;
                at.batches += 1;
                at.tally.add(part);
                at.seconds = before + start.elapsed().as_secs_f64();
                display.advance(samples.len());
                let made = BatchEnd { epoch, batch: number + 1, batches, loss: part.mean_loss() };
                if self.on_batch.as_mut().is_some_and(|f| f(&made).is_break()) {
                    return Ok(Ending::Callback);
                }
                let interrupted = self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
                self.keep_on_time(at, best.as_ref())?;
                if interrupted {
                    return Ok(Ending::Interrupted);
                }
            }
            let validation = validation.map(|data| self.tally(data)).transpose()?.map(LossAndAccuracy::of);
            if let Some(LossAndAccuracy { loss, .. }) = validation
                && !loss.is_finite()
            {
                return Err(Error::Diverged { epoch, batch: batches, loss });
            }
            let seconds = before + start.elapsed().as_secs_f64();
            let epoch = Epoch { epoch, train: LossAndAccuracy::of(at.tally), validation, seconds };
            display.end(&epoch);
            at.losses.push(epoch.validation.unwrap_or(epoch.train).loss);
            let (samples, losses) = (at.samples, take(&mut at.losses));
            *at = Position { samples, epochs: epoch.epoch, step: at.step, losses, ..Position::default() };
            let params = self.network.model().params();
            let stop = best.as_mut().map(|best| best.watch(&epoch, params)).transpose()?;
            let callback = self.on_epoch.as_mut().is_some_and(|f| f(&epoch, &self.network).is_break());
            self.history.epochs.push(epoch);
            self.keep_epoch(at, best.as_ref())?;
            match (callback, stop) {
                (true, _) => return Ok(Ending::Callback),
                (_, Some(true)) => return Ok(Ending::EarlyStopping),
                _ => {}
            }
        }
        Ok(Ending::Completed)
    }

    /// One step on one batch; returns the mean loss before the step. For training loops of one's own;
    /// random layers draw as in step number `step`.
    ///
    /// # Errors
    /// As [`Trainer::fit`].
    pub fn train_step<Y: Target>(
        &mut self,
        inputs: &Batch<N::Input, N::Scalar>,
        targets: &[Y],
        step: u64,
    ) -> Result<f64, Error>
    where
        L: Loss<N::Output, Y, N::Scalar>,
    {
        self.check()?;
        refuse_empty("batch", inputs.len())?;
        if inputs.len() != targets.len() {
            return Err(Error::argument("targets", inputs.len().to_string(), targets.len()));
        }
        self.keys.clear();
        self.keys
            .extend((0..inputs.len()).map(|i| random::key(self.seed, &[purpose::SAMPLE, step, i as u64])));
        let number = (step as usize).saturating_add(1);
        let tally = in_pool(|| self.learn(Input::Tiles(inputs.as_lanes()), targets, 1.0, 1, number))?;
        Ok(tally.mean_loss())
    }

    /// The gradient of the mean loss by the parameters, and a step along it.
    fn learn<Y: Target, R: Borrow<Y> + Sync>(
        &mut self,
        input: Input<'_, N::Scalar>,
        targets: &[R],
        factor: f64,
        epoch: usize,
        batch: usize,
    ) -> Result<Tally, Error>
    where
        L: Loss<N::Output, Y, N::Scalar>,
    {
        let scale = N::Scalar::of(1.0 / targets.len() as f64);
        let (plan, params) = self.network.model_mut().parts_mut();
        let loss = &self.loss;
        let loss = &|dy: &mut [Lanes<N::Scalar>], y: &[Lanes<N::Scalar>], samples: Range<usize>| {
            tally_tiles::<N::Output, Y, _>(loss, Some(dy), y, &targets[samples], scale)
        };
        let failure = if let Input::Load(_, failure) = &input { Some(*failure) } else { None };
        let task = Task { input, dx: None, params, keys: &self.keys, loss, groups: None };
        let tally = Engine::gradient(plan, &mut self.space, task);
        failure.map_or(Ok(()), FirstError::result)?;
        let loss = tally.loss / targets.len() as f64;
        let gradient = self.space.gradient_mut();
        if !(loss.is_finite() && self.updater.step(&self.optimizer, params, gradient, factor)) {
            return Err(Error::Diverged { epoch, batch, loss });
        }
        Ok(tally)
    }
}

/// No checkpoints.
#[cfg(not(feature = "store"))]
impl<N: Network, L, O> Trainer<N, L, O> {
    fn begin_keeping(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn keep_on_time(&mut self, _: &Position, _: Option<&Best<N::Scalar>>) -> Result<(), Error> {
        Ok(())
    }

    fn keep_epoch(&mut self, _: &Position, _: Option<&Best<N::Scalar>>) -> Result<(), Error> {
        Ok(())
    }

    fn keep_last(&mut self, _: &Position, _: Option<&Best<N::Scalar>>) -> Result<(), Error> {
        Ok(())
    }
}

pub(super) fn refuse_empty(name: &'static str, len: usize) -> Result<(), Error> {
    if len == 0 { Err(Error::argument(name, "at least 1 sample", 0)) } else { Ok(()) }
}
