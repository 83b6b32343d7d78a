//! The training loop.

use std::borrow::Borrow;
use std::mem::take;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rand::seq::SliceRandom;

use super::early_stopping::Best;
use super::loading::{fetch, first_bad, not_finite};
use super::measure::refuse_other_names;
use super::progress::Display;
use super::trainer::refuse_empty;
use super::{BatchEnd, Ending, Epoch, History, LossAndAccuracy, Trainer};
use crate::data::{Learnable, Samples, Target, Validation, in_few_words};
use crate::error::{Error, FirstError};
use crate::loss::{Loss, Tally, tally_tiles};
use crate::network::Network;
use crate::number::Number;
use crate::optim::{Optimizer, ScheduleState};
use crate::random::{self, purpose};
use crate::run::{Gradient, Input, Task, in_pool, join};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tensor::{Batch, Lanes};

/// The place of a run: all that it needs to continue, besides the network, the optimiser's state and the best epoch.
#[derive(Clone, PartialEq, Default, Debug)]
#[cfg_attr(feature = "store", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Position {
    /// Samples of the training data.
    pub samples: usize,
    /// The names of their classes, if they are known.
    pub classes: Vec<String>,
    /// The fingerprints of the training data and of the validation data, 0 without them or without checkpoints.
    pub fingerprints: [u64; 2],
    /// Complete epochs.
    pub epochs: usize,
    /// Batches that are done of the unfinished epoch.
    pub batches: usize,
    /// Steps of the run so far.
    pub step: u64,
    /// Sums over these batches.
    pub tally: Tally,
    /// For the schedule: the validation loss of each epoch, or the training loss without validation data.
    pub losses: Vec<f64>,
    /// Seconds spent on the unfinished epoch.
    pub seconds: f64,
}

impl Position {
    /// The beginning of a run.
    fn begin(samples: usize, classes: Vec<String>, fingerprints: [u64; 2]) -> Self {
        Position { samples, classes, fingerprints, ..Position::default() }
    }

    /// Refuses to continue with other data than those of the run's beginning.
    fn check_data(&self, now: &Position) -> Result<(), Error> {
        if self.samples != now.samples {
            let expected = format!("the {} samples of the run that is resumed", self.samples);
            return Err(Error::argument("training data", expected, now.samples));
        }
        if self.classes != now.classes {
            let expected = format!("the classes of the run that is resumed, {}", in_few_words(&self.classes));
            return Err(Error::argument("training data", expected, in_few_words(&now.classes)));
        }
        let expected = "the samples of the run that is resumed";
        let ([train, validation], [train_now, validation_now]) = (self.fingerprints, now.fingerprints);
        if train != train_now {
            return Err(Error::argument("training data", expected, "as many others, or in another order"));
        }
        let wrong = |expected: &str, found: &str| Err(Error::argument("validation data", expected, found));
        match (validation, validation_now) {
            (then, now) if then == now => Ok(()),
            (0, _) => wrong("none, as in the run that is resumed", "some"),
            (_, 0) => wrong(expected, "none"),
            _ => wrong(expected, "others, or in another order"),
        }
    }

    /// Goes on to the next epoch; returns the record of this one.
    fn end_epoch(&mut self, validation: Option<LossAndAccuracy>, seconds: f64) -> Result<Epoch, Error> {
        let (number, train) = (self.epochs + 1, LossAndAccuracy::of(self.tally));
        if let Some(LossAndAccuracy { loss, .. }) = validation
            && !loss.is_finite()
        {
            return Err(Error::Diverged { epoch: number, batch: None, loss });
        }
        self.losses.push(validation.unwrap_or(train).loss);
        let begun = Position::begin(self.samples, take(&mut self.classes), self.fingerprints);
        *self = Position { epochs: number, step: self.step, losses: take(&mut self.losses), ..begun };
        Ok(Epoch { epoch: number, train, validation, seconds })
    }
}

/// Refuses data without samples, and early stopping without validation data.
fn check_sizes(train: usize, validation: Option<usize>, stops_early: bool) -> Result<(), Error> {
    refuse_empty("training data", train)?;
    if let Some(validation) = validation {
        refuse_empty("validation data", validation)?;
    } else if stops_early {
        return Err(Error::argument("validation data", "some, for early stopping", "none"));
    }
    Ok(())
}

/// The number of batches in an epoch. A last batch of a single sample would be a bad estimate of the gradient, and of the
/// statistics of batch normalisation: the sample joins the batch before it.
pub(super) fn batches_of(samples: usize, batch_size: usize) -> usize {
    match samples % batch_size {
        1 if samples > batch_size => samples / batch_size,
        _ => samples.div_ceil(batch_size),
    }
}

/// The samples of batch `number`, counted from 0, in this order of all samples.
fn batch_of(order: &[usize], batch_size: usize, number: usize) -> &[usize] {
    let is_last = number + 1 == batches_of(order.len(), batch_size);
    let end = if is_last { order.len() } else { (number + 1) * batch_size };
    &order[number * batch_size..end]
}

/// The order of the samples in an epoch.
fn shuffle(order: &mut [usize], seed: u64, epoch: usize) {
    // Sorted first, so that the order depends on the key alone and not on the last epoch's order.
    order.sort_unstable();
    order.shuffle(&mut random::keyed(seed, &[purpose::SHUFFLE, epoch as u64]));
}

/// The start of a run that resumes a checkpoint.
pub(super) struct Resumed<T> {
    pub at: Position,
    pub best: Best<T>,
    /// Settings that were others.
    #[cfg(feature = "store")]
    pub changes: Vec<super::SettingChange>,
    /// The folder of the checkpoint.
    #[cfg(feature = "store")]
    pub folder: std::path::PathBuf,
}

/// The moment at which a checkpoint may be due.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Moment {
    /// After a batch, if the time has passed.
    Batch,
    /// After an epoch, if its number says so.
    Epoch,
    /// At the end of the run, unless the last checkpoint is from the same step.
    End,
}

impl<N: Network, L, O: Optimizer> Trainer<N, L, O> {
    /// Trains the network on `train` for the set number of [`epochs`](Self::epochs), or until
    /// [early stopping](Self::early_stopping), a callback or an [interruption](Self::interrupt) ends the run. After each
    /// epoch it measures loss and accuracy on `validation`, unless that is `None`.
    ///
    /// The last batch of an epoch has the samples that are left; a single one joins the batch before it. The network takes the
    /// [`Metadata`](crate::data::Metadata) of the training data.
    ///
    /// A second call starts again at epoch 1, with the network and the optimiser's state as the first call left them. After
    /// `resume` it continues at the place of the checkpoint.
    ///
    /// # Errors
    /// Those of [`check`](Self::check); [`Error::Argument`] for data without samples, for early stopping without validation
    /// data, for names of classes or features that are not those of the network's outputs or inputs, for validation data with
    /// other names, and for a batch of one sample with a batch normalisation of one value in each channel; [`Error::Sample`] for
    /// a value or a target that is not finite; [`Error::Memory`] for a batch that needs more memory than is available, where
    /// the operating system tells; [`Error::Diverged`] for a loss or gradient that is not finite though the samples are. The
    /// network then has the parameters from before that batch; if the validation loss is not finite, those from the end of that
    /// epoch; with early stopping, those of the best epoch. [`history`](Self::history) has the epochs before the failure.
    #[doc(alias("train", "train_loop"))]
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

    /// [`Trainer::fit`], called on a thread of rayon's pool.
    fn fit_here<D, V>(&mut self, train: &D, validation: Option<&V>) -> Result<History, Error>
    where
        D: Samples<N::Input>,
        V: Samples<N::Input, Target = D::Target>,
        L: Loss<N::Output, D::Target, N::Scalar>,
    {
        self.check()?;
        check_sizes(train.len(), validation.map(V::len), self.early_stopping.is_some())?;
        let batches = batches_of(train.len(), self.batch_size);
        let last = train.len() - (batches - 1) * self.batch_size;
        self.check_memory(last.max(self.batch_size.min(train.len())))?;
        let metadata = train.metadata();
        let checked = metadata.check(N::Input::DIMS, N::Output::DIMS);
        checked.map_err(|(expected, found)| Error::argument("training data", expected, found))?;
        if let Some(validation) = validation {
            let names = [
                "classes of the validation data",
                "features of the validation data",
                "offsets of the validation data",
            ];
            refuse_other_names(names, &metadata, &validation.metadata())?;
        }
        let display = Display::new(self.progress, self.epochs, train.len());
        if !std::mem::replace(&mut self.advised, true) {
            display.advise(self.advice(train.len()));
        }
        let needs_fingerprint = self.tracks_checkpoints() || self.resumed.is_some();
        let fingerprints = match validation {
            _ if !needs_fingerprint => [0; 2],
            Some(validation) => [train.fingerprint()?, validation.fingerprint()?],
            None => [train.fingerprint()?, 0],
        };
        let begun = Position::begin(train.len(), metadata.classes.clone(), fingerprints);
        if let Some(from) = &self.resumed {
            from.at.check_data(&begun)?;
            #[cfg(feature = "store")]
            from.changes.iter().for_each(|change| display.advise(Some(format!("advice: {change}"))));
        }
        self.begin_keeping()?;
        self.network.model_mut().set_metadata(metadata);
        let (mut at, best) = match self.resumed.take() {
            Some(Resumed { at, best, .. }) => (at, best),
            None => {
                self.history = History::default();
                (begun, Best::default())
            }
        };
        let mut best = self.tracks_best().then(|| best.with_rule(self.early_stopping));
        let ending = self.run(train, validation, &display, &mut best, &mut at);
        let ending = ending.and_then(|ending| self.keep(Moment::End, &at, best.as_ref()).map(|()| ending));
        self.history.ending = *ending.as_ref().unwrap_or(&Ending::Failed);
        if let Some(best) = best
            && (best.restores_best() || self.history.ending == Ending::Interrupted)
        {
            self.history.restored = best.restore(self.network.model_mut().params_mut());
        }
        ending.map(|_| self.history.clone())
    }

    /// Whether checkpoints are written.
    fn tracks_checkpoints(&self) -> bool {
        #[cfg(feature = "store")]
        let keeps = self.keeper.is_some();
        #[cfg(not(feature = "store"))]
        let keeps = false;
        keeps
    }

    /// Whether the run keeps track of the best epoch.
    fn tracks_best(&self) -> bool {
        self.early_stopping.is_some() || self.interrupt.is_some() || self.tracks_checkpoints()
    }

    /// Runs the epochs from the place `at` on; returns why the run ended.
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
        // The checkpoint may be from the end of a run that early stopping had ended.
        if best.as_ref().is_some_and(|best| at.batches == 0 && best.is_over(at.epochs)) {
            return Ok(Ending::EarlyStopping);
        }
        let mut order: Vec<usize> = (0..train.len()).collect();
        let mut targets = Vec::with_capacity(self.batch_size.min(train.len()));
        // Of slow data: the samples of this batch and of the next one.
        let (mut now, mut next) = (Vec::new(), Vec::new());
        let batches = batches_of(train.len(), self.batch_size);
        let steps_per_epoch = batches as u64;
        let steps = self.epochs as u64 * steps_per_epoch;
        display.advance((at.epochs * train.len() + at.tally.samples).min(self.epochs * train.len()));
        for epoch in at.epochs + 1..=self.epochs {
            let start = Instant::now();
            let before = at.seconds;
            display.begin(epoch);
            if self.shuffle {
                shuffle(&mut order, self.seed, epoch);
            }
            let seed = self.seed;
            let key = |sample: usize| random::key(seed, &[purpose::SAMPLE, epoch as u64, train.id(sample)]);
            let fetch = |rows: &mut Vec<N::Scalar>, samples: Option<&[usize]>| {
                let samples = samples.unwrap_or_default();
                fetch(rows, train, samples, |place| Some(key(samples[place])))
            };
            let size = self.batch_size;
            let batch = |number: usize| (number < batches).then(|| batch_of(&order, size, number));
            let mut fetched = Ok(());
            if train.is_slow() {
                fetched = fetch(&mut now, batch(at.batches));
            }
            while let Some(samples) = batch(at.batches) {
                let number = at.batches;
                targets.clear();
                targets.extend(samples.iter().map(|&sample| train.target(sample)));
                self.keys.clear();
                self.keys.extend(samples.iter().map(|&sample| key(sample)));
                let state = ScheduleState { step: at.step, steps, steps_per_epoch, losses: &at.losses };
                let factor = self.schedule.factor_after(self.warm_up, &state);
                let part = if train.is_slow() {
                    std::mem::replace(&mut fetched, Ok(()))?;
                    // The next batch is loaded during this step. Its errors are returned at its turn.
                    let following = batch(number + 1);
                    let learn = || self.learn(Input::Rows(&now), None, &targets, factor, epoch, number + 1);
                    let (part, loaded) = join(learn, || fetch(&mut next, following));
                    fetched = loaded;
                    std::mem::swap(&mut now, &mut next);
                    part
                } else {
                    let failure = FirstError::default();
                    let write = |values: &mut [N::Scalar], place: usize| {
                        let sample = samples[place];
                        failure.note(place, train.write_to(sample, values, Some(key(sample))));
                    };
                    let input = Input::Load(&write);
                    self.learn(input, Some(&failure), &targets, factor, epoch, number + 1)
                };
                let part = part.map_err(|error| match error {
                    Error::Diverged { .. } => {
                        let key = |place: usize| Some(key(samples[place]));
                        not_finite::<N::Input, _, N::Scalar>("training data", train, samples, key)
                            .unwrap_or(error)
                    }
                    other => other,
                })?;
                at.step += 1;
                at.batches += 1;
                at.tally.add(part);
                at.seconds = before + start.elapsed().as_secs_f64();
                display.advance(samples.len());
                let end = BatchEnd { epoch, batch: number + 1, batches, loss: part.mean_loss() };
                if self.on_batch.as_mut().is_some_and(|f| f(&end).is_break()) {
                    return Ok(Ending::Callback);
                }
                let interrupted = self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
                self.keep(Moment::Batch, at, best.as_ref())?;
                if interrupted {
                    return Ok(Ending::Interrupted);
                }
            }
            let measured = validation.map(|data| self.validate(data, epoch)).transpose()?;
            let epoch = at.end_epoch(measured, before + start.elapsed().as_secs_f64())?;
            display.end(&epoch);
            let params = self.network.model().params();
            let stop = best.as_mut().map(|best| best.watch(&epoch, params)).transpose()?;
            let callback = self.on_epoch.as_mut().is_some_and(|f| f(&epoch, &self.network).is_break());
            self.history.epochs.push(epoch);
            self.keep(Moment::Epoch, at, best.as_ref())?;
            match (callback, stop) {
                (true, _) => return Ok(Ending::Callback),
                (_, Some(true)) => return Ok(Ending::EarlyStopping),
                _ => {}
            }
        }
        Ok(Ending::Completed)
    }

    /// Trains on a single batch, for your own training loops; returns the mean loss before the step. Random layers draw the
    /// numbers of step `step`.
    ///
    /// In PyTorch: `optimizer.zero_grad()`, `loss.backward()` and `optimizer.step()`. In Keras: `train_on_batch`.
    ///
    /// # Errors
    /// Those of [`Trainer::fit`], and [`Error::Argument`] unless there is one target for each input.
    #[doc(alias("train_on_batch", "backward"))]
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
        self.check_memory(inputs.len())?;
        self.keys.clear();
        self.keys
            .extend((0..inputs.len()).map(|i| random::key(self.seed, &[purpose::SAMPLE, step, i as u64])));
        let number = (step as usize).saturating_add(1);
        let tally = in_pool(|| self.learn(Input::Batch(inputs.entries()), None, targets, 1.0, 1, number));
        let tally = tally.map_err(|error| match error {
            Error::Diverged { .. } => bad_sample(inputs, targets).unwrap_or(error),
            other => other,
        })?;
        Ok(tally.mean_loss())
    }

    /// Loss and accuracy on the validation data after an epoch.
    fn validate<V: Samples<N::Input>>(&self, data: &V, epoch: usize) -> Result<LossAndAccuracy, Error>
    where
        L: Loss<N::Output, V::Target, N::Scalar>,
    {
        match self.tally("validation data", data) {
            Err(Error::Output { .. }) => Err(Error::Diverged { epoch, batch: None, loss: f64::NAN }),
            other => other.map(LossAndAccuracy::of),
        }
    }

    /// Refuses a batch of one sample for a layer that takes statistics over the batch of a single value.
    fn refuse_single(&self) -> Result<(), Error> {
        let steps = self.network.model().plan().steps().iter().enumerate();
        for (number, step) in steps {
            if step.op.least_samples() > 1 && !self.updater.frozen().has(number) {
                let expected = format!("at least 2 samples in a batch, for the statistics of {}", step.name);
                return Err(Error::argument("batch size", expected, 1));
            }
        }
        Ok(())
    }

    /// Computes the gradient of the mean loss by the parameters, and takes a step.
    fn learn<Y: Target, R: Borrow<Y> + Sync>(
        &mut self,
        input: Input<'_, N::Scalar>,
        failure: Option<&FirstError>,
        targets: &[R],
        factor: f64,
        epoch: usize,
        batch: usize,
    ) -> Result<Tally, Error>
    where
        L: Loss<N::Output, Y, N::Scalar>,
    {
        let weight: f64 = targets.iter().map(|target| self.loss.weight(target.borrow())).sum();
        let scale = N::Scalar::of(if weight == 0.0 { 0.0 } else { 1.0 / weight });
        if targets.len() == 1 {
            self.refuse_single()?;
        }
        let (program, params) = self.network.model_mut().parts_mut();
        let loss = &self.loss;
        let loss = &|dy: &mut [Lanes<N::Scalar>], y: &[Lanes<N::Scalar>], samples: Range<usize>| {
            tally_tiles::<N::Output, Y, _>(loss, Some(dy), y, &targets[samples], scale)
        };
        let task = Task { input, dx: None, params, keys: &self.keys, loss, groups: None };
        let tally = N::Scalar::compiled::<Gradient>((program, &mut self.space, task));
        failure.map_or(Ok(()), FirstError::result)?;
        let loss = tally.mean_loss();
        let gradient = self.space.gradient_mut();
        if !(loss.is_finite() && self.updater.step(&self.optimizer, params, gradient, factor)) {
            return Err(Error::Diverged { epoch, batch: Some(batch), loss });
        }
        Ok(tally)
    }
}

/// The error that names the first number of a batch that is not finite, if there is one.
fn bad_sample<In: Shape, Y: Target, T: Scalar>(inputs: &Batch<In, T>, targets: &[Y]) -> Option<Error> {
    targets.iter().enumerate().find_map(|(sample, target)| {
        let value = first_bad(inputs.sample(sample).as_slice().iter().map(|value| value.as_f64()));
        let value = value.map(|(at, found)| (format!("value {at}"), found));
        let target =
            || first_bad(target.numbers()).map(|(at, found)| (format!("value {at} of the target"), found));
        let (feature, found) = value.or_else(target)?;
        Some(Error::Sample { data: "batch", sample, origin: None, feature, found })
    })
}

/// Without the feature `store` there are no checkpoints.
#[cfg(not(feature = "store"))]
impl<N: Network, L, O> Trainer<N, L, O> {
    fn begin_keeping(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn keep(&mut self, _: Moment, _: &Position, _: Option<&Best<N::Scalar>>) -> Result<(), Error> {
        Ok(())
    }
}
