//! Checkpoints: files from which a training resumes.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::early_stopping::Best;
use super::fit::{Moment, Position, Resumed, batches_of};
use super::setting_change::{SettingChange, changes};
use super::update::Updater;
use super::{Epoch, History, Trainer};
use crate::error::Error;
use crate::file;
use crate::loss::Tally;
use crate::network::Network;
use crate::optim::Optimizer;
use crate::plan::Plan;
use crate::scalar::{Scalar, compiled};
use crate::shape::Shape;
use crate::store::{Saved, Weights, encode, entries_of, saved, write};

/// Version of the content of a checkpoint.
const VERSION: u32 = 4;
const START: &str = "checkpoint-";
const END: &str = ".safetensors";
const BEST: &str = "best.safetensors";

/// The folder of a training's checkpoints, how often one is written and how many are kept.
///
/// A checkpoint is a single file, `checkpoint-0000001234.safetensors` with the number of the step. It contains the
/// parameters, the optimiser's state, the place in the run, the history, and the parameters of the best epoch so far.
/// [`Trainer::resume`] continues from there, with the same bits as a run that was never interrupted. (No random state is
/// stored, because every random number depends only on a key.) The file `best.safetensors` beside the checkpoints has the
/// weights of the best epoch, by
/// validation loss (or as [`EarlyStopping`](super::EarlyStopping) has it), for [`SaveLoad::load`](crate::store::SaveLoad::load).
///
/// A file gets its name only when it is complete and on disk, so a crash or a full disk leaves the earlier files intact.
///
/// In Keras: the callbacks `ModelCheckpoint` and `BackupAndRestore`. In PyTorch: `torch.save` of the state dicts of model
/// and optimiser.
///
/// ```
/// use convnet::prelude::*;
/// use convnet::train::{Checkpoints, Progress};
/// # network! { struct Net: Flat<2> => Flat<2> { fc: Dense { units: 2 } } }
/// # let data: Dataset<Flat<2>, Class<2>> =
/// #     (0..8).map(|i| (Tensor::from_fn(|j| (i * j) as f32), Class::new(i % 2).unwrap())).collect();
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// let trainer = |epochs| {
///     Trainer::new(Net::new(1), SoftmaxCrossEntropy, Sgd::new(0.1).momentum(0.9))
///         .epochs(epochs)
///         .batch_size(2)
///         .progress(Progress::Silent)
///         .checkpoints(Checkpoints::new(folder).keep(2))
/// };
/// trainer(3).fit(&data, None)?;
///
/// let mut resumed = trainer(5);
/// resumed.resume(folder)?;
/// let history = resumed.fit(&data, None)?;
/// assert_eq!(history.epochs.len(), 5);
///
/// # let elsewhere = tempfile::tempdir().unwrap();
/// let mut uninterrupted = trainer(5);
/// # uninterrupted = uninterrupted.checkpoints(Checkpoints::new(elsewhere.path()));
/// uninterrupted.fit(&data, None)?;
/// assert_eq!(resumed.network().fc().weight(), uninterrupted.network().fc().weight());
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias("ModelCheckpoint", "BackupAndRestore"))]
#[derive(Clone, PartialEq, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    epochs: usize,
    every: Option<Duration>,
    keep: usize,
}

impl Checkpoints {
    /// Checkpoints in this folder, which is created if it does not exist. By default one is written after every epoch and
    /// at the end of the run, and the last three are kept.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Checkpoints { folder: folder.into(), epochs: 1, every: None, keep: 3 }
    }

    /// Sets the number of epochs between two checkpoints; the default is 1.
    pub fn every_epochs(self, epochs: usize) -> Self {
        Checkpoints { epochs, ..self }
    }

    /// Also writes a checkpoint whenever this number of minutes has passed, even within an epoch.
    pub fn every_minutes(self, minutes: f64) -> Self {
        // Zero is refused when the run begins.
        let every = Duration::try_from_secs_f64(60.0 * minutes).unwrap_or(Duration::ZERO);
        Checkpoints { every: Some(every), ..self }
    }

    /// Sets the number of latest checkpoints that are kept; the default is 3.
    pub fn keep(self, keep: usize) -> Self {
        Checkpoints { keep, ..self }
    }

    /// Lists the checkpoints in a folder, the latest first; empty if the folder does not exist.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be read.
    pub fn in_folder(folder: impl AsRef<Path>) -> Result<Vec<PathBuf>, Error> {
        Checkpoints::list(folder.as_ref())
    }

    fn list(folder: &Path) -> Result<Vec<PathBuf>, Error> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io(folder, "read")(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(Error::io(folder, "read"))?.path();
            found.extend(step_of(&path).map(|step| (step, path)));
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    fn check(&self) -> Result<(), Error> {
        if self.epochs == 0 {
            return Err(Error::argument("epochs between checkpoints", "at least 1", 0));
        }
        if self.every == Some(Duration::ZERO) {
            return Err(Error::argument("minutes between checkpoints", "a finite number above 0", "none"));
        }
        if self.keep == 0 {
            return Err(Error::argument("checkpoints to keep", "at least 1", 0));
        }
        Ok(())
    }
}

/// The step in a checkpoint's name.
fn step_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_prefix(START)?.strip_suffix(END)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// The checkpoints of a run.
pub(super) struct Keeper {
    rule: Checkpoints,
    last: Instant,
    /// The step of the last checkpoint.
    step: Option<u64>,
}

impl Keeper {
    fn is_due(&self, moment: Moment, at: &Position) -> bool {
        match moment {
            Moment::Batch => self.rule.every.is_some_and(|every| self.last.elapsed() >= every),
            Moment::Epoch => at.epochs.is_multiple_of(self.rule.epochs),
            Moment::End => self.step != Some(at.step),
        }
    }

    /// Creates the folder and checks that it has no checkpoints of another run than the one in the folder `from`.
    fn begin(&mut self, from: Option<&Path>) -> Result<(), Error> {
        self.rule.check()?;
        let folder = &self.rule.folder;
        fs::create_dir_all(folder).map_err(Error::io(folder, "create"))?;
        let there = Checkpoints::list(folder)?;
        let same = |a: &Path, b: &Path| fs::canonicalize(a).ok() == fs::canonicalize(b).ok();
        let is_own = from.is_some_and(|from| same(from, folder));
        if !is_own && !there.is_empty() {
            let expected = "a folder without checkpoints, or with those of the run that is resumed";
            return Err(Error::format(folder, expected, format!("{} of another run", there.len())));
        }
        file::remove_leftovers(folder, &[START, BEST]).map_err(Error::io(folder, "write"))?;
        (self.last, self.step) = (Instant::now(), None);
        Ok(())
    }
}

/// What a checkpoint is read into and written from: a trainer without the types of its network, loss and optimiser.
pub(super) struct Run<'a, T> {
    settings: Settings<'a>,
    plan: &'a Plan<T>,
    params: &'a mut [T],
    updater: &'a mut Updater<T>,
    history: &'a mut History,
    resumed: &'a mut Option<Resumed<T>>,
    keeper: &'a mut Option<Keeper>,
    /// The network's metadata as entries of a file.
    metadata: Vec<(String, String)>,
}

/// The settings of a trainer, of which a checkpoint has those that must not change.
struct Settings<'a> {
    /// Name of the optimiser, and what shows its settings.
    name: String,
    optimizer: &'a dyn fmt::Debug,
    epochs: usize,
    batch_size: usize,
    seed: u64,
    shuffle: bool,
    /// Those that may change, with their names.
    others: Vec<(String, String)>,
}

/// The content of a checkpoint besides its tensors of numbers.
#[derive(Serialize, Deserialize)]
struct State {
    /// Name of the optimiser, and its settings for error messages.
    optimizer: String,
    settings: String,
    batch_size: usize,
    seed: u64,
    shuffle: bool,
    others: Vec<(String, String)>,
    updates: u64,
    position: Position,
    history: Vec<Epoch>,
    best: Option<(usize, f64)>,
}

impl State {
    /// Whether the numbers are consistent for epochs of `batches` batches.
    fn is_consistent(&self, batches: usize) -> bool {
        let Position { samples, epochs, batches: done, step, tally, ref losses, seconds, .. } = self.position;
        let Tally { samples: seen, loss, weight, judged, right } = tally;
        let steps = (epochs as u128) * (batches as u128) + done as u128;
        let numbered = self.history.iter().enumerate().all(|(i, epoch)| epoch.epoch == i + 1);
        let finite = losses.iter().chain([&loss, &weight, &seconds]).all(|number| number.is_finite());
        done <= batches
            && u128::from(step) == steps
            && step < 1 << 53
            && self.updates < 1 << 53
            && seen as u128
                == if done == batches { samples as u128 } else { done as u128 * self.batch_size as u128 }
            && right <= judged
            && judged <= seen
            && self.history.len() == epochs
            && losses.len() == epochs
            && numbered
            && finite
            && self.best.is_none_or(|(best, badness)| (1..=epochs).contains(&best) && badness.is_finite())
    }
}

impl<N: Network, L, O: Optimizer> Trainer<N, L, O> {
    /// Writes checkpoints during a run.
    ///
    /// The folder must not have checkpoints of another run, unless this run [resumes](Self::resume) it: checkpoints of two
    /// runs are never mixed, and those of another run are never removed.
    ///
    /// In Keras: the callback `ModelCheckpoint`.
    pub fn checkpoints(mut self, rule: Checkpoints) -> Self {
        self.keeper = Some(Keeper { rule, last: Instant::now(), step: None });
        self
    }

    /// Makes the next call of [`fit`](Self::fit) resume from a checkpoint: a file, or the latest in a folder.
    ///
    /// With the same settings and data, the run ends with the same bits as an uninterrupted one. The kind of optimiser (its
    /// [`name`](Optimizer::name)), the batch size, the seed, and whether samples are shuffled must be those of the checkpoint,
    /// which is checked; so are the data when [`fit`](Self::fit) begins: the number of training samples, the names of their
    /// classes, and the [fingerprints](crate::data::Samples::fingerprint) of the training and the validation data. Other settings come from this trainer and may differ, such as
    /// the learning rate, the schedule, penalties and the rule of early stopping; those that do are returned, and `fit` shows
    /// them. The number of epochs may also differ. (PyTorch's `load_state_dict` restores the saved learning rate instead.)
    ///
    /// In Keras: the callback `BackupAndRestore`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if the file is damaged or of another network, kind of optimiser, batch size, seed or version;
    /// it names the latest earlier checkpoint that can be resumed. [`Error::Format`] for a folder without checkpoints;
    /// [`Error::Io`] if the file cannot be read. After an error the trainer is unchanged.
    pub fn resume(&mut self, path: impl AsRef<Path>) -> Result<Vec<SettingChange>, Error> {
        N::Scalar::compiled::<Resume>((path.as_ref(), self.as_run()))
    }

    /// What checkpoints have of this trainer.
    fn as_run(&mut self) -> Run<'_, N::Scalar> {
        let metadata = entries_of(self.network.metadata(), N::Input::DIMS);
        let others = self.settings_that_may_change();
        let (program, params) = self.network.model_mut().parts_mut();
        Run {
            settings: Settings {
                name: self.optimizer.name(),
                optimizer: &self.optimizer,
                epochs: self.epochs,
                batch_size: self.batch_size,
                seed: self.seed,
                shuffle: self.shuffle,
                others,
            },
            plan: program.plan(),
            params,
            updater: &mut self.updater,
            history: &mut self.history,
            resumed: &mut self.resumed,
            keeper: &mut self.keeper,
            metadata,
        }
    }

    /// Creates the folder and checks that it has no checkpoints of another run.
    pub(super) fn begin_keeping(&mut self) -> Result<(), Error> {
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        keeper.begin(self.resumed.as_ref().map(|from| &*from.folder))
    }

    /// Writes a checkpoint if one is due, and after an epoch the weights if it is the new best.
    pub(super) fn keep(
        &mut self,
        moment: Moment,
        at: &Position,
        best: Option<&Best<N::Scalar>>,
    ) -> Result<(), Error> {
        match &self.keeper {
            // After most batches there is nothing to do.
            Some(keeper) if moment == Moment::Epoch || keeper.is_due(moment, at) => {
                N::Scalar::compiled::<Keep>((self.as_run(), moment, at, best))
            }
            _ => Ok(()),
        }
    }
}

compiled! {
    /// Puts a trainer where a checkpoint was written: (file or folder, trainer). After an error the trainer is unchanged.
    Resume<'a, T>((&'a Path, Run<'a, T>)) -> Result<Vec<SettingChange>, Error> = resume
}

compiled! {
    /// Writes what is due: (trainer, moment, place, best epoch).
    Keep<'a, T>((Run<'a, T>, Moment, &'a Position, Option<&'a Best<T>>)) -> Result<(), Error> = keep
}

fn resume<T: Scalar>((path, run): (&Path, Run<'_, T>)) -> Result<Vec<SettingChange>, Error> {
    let (path, folder) = if path.is_dir() {
        let Some(latest) = Checkpoints::list(path)?.into_iter().next() else {
            return Err(Error::format(path, "a folder with checkpoints", "none"));
        };
        (latest, path.to_owned())
    } else {
        (path.to_owned(), file::folder_of(path).to_owned())
    };
    let Content { state, params, best, memory } = match run.read(&path) {
        Ok(found) => found,
        Err(error @ Error::Io { .. }) => return Err(error),
        Err(error) => {
            let before = step_of(&path);
            let others = Checkpoints::list(&folder).unwrap_or_default();
            let older = others.into_iter().find(|other| {
                let is_older = before.is_none_or(|step| step_of(other).is_some_and(|other| other < step));
                is_older && *other != path && run.read(other).is_ok()
            });
            return Err(Error::Checkpoint { path, problem: Box::new(error), older });
        }
    };
    let changes = changes(&state.others, &run.settings.others);
    let (updates, values) = run.updater.memory_mut();
    *updates = state.updates;
    values.copy_from_slice(&memory);
    run.params.copy_from_slice(&params);
    *run.history = History { epochs: state.history, ..History::default() };
    *run.resumed = Some(Resumed { at: state.position, best, changes: changes.clone(), folder });
    Ok(changes)
}

fn keep<T: Scalar>(
    (mut run, moment, at, best): (Run<'_, T>, Moment, &Position, Option<&Best<T>>),
) -> Result<(), Error> {
    let epoch = best.and_then(|best| best.best).map(|(epoch, _)| epoch);
    if moment == Moment::Epoch && epoch == Some(at.epochs) {
        run.write_best(best)?;
    }
    let is_due = run.keeper.as_ref().is_some_and(|keeper| keeper.is_due(moment, at));
    if is_due { run.write(at, best) } else { Ok(()) }
}

/// The content of a checkpoint: its state, the network's parameters, the best epoch, and the optimiser's state.
struct Content<T> {
    state: State,
    params: Vec<T>,
    best: Best<T>,
    memory: Vec<T>,
}

impl<T: Scalar> Run<'_, T> {
    /// Reads and checks a checkpoint.
    fn read(&self, path: &Path) -> Result<Content<T>, Error> {
        let file = Weights::open(path)?;
        let state = state_of(path, &file, &self.settings)?;
        let mut params = self.params.to_vec();
        file.put("network.", self.plan, &mut params)?;
        let mut best = Best::default();
        best.best = state.best;
        if best.best.is_some() {
            best.params = params.clone();
            file.numbers_of("best", &mut best.params)?;
        }
        let mut memory = self.updater.memory().1.to_vec();
        file.numbers_of("optimizer", &mut memory)?;
        Ok(Content { state, params, best, memory })
    }

    /// Writes the weights of the best epoch.
    fn write_best(&self, best: Option<&Best<T>>) -> Result<(), Error> {
        let (Some(keeper), Some(best)) = (&self.keeper, best) else { return Ok(()) };
        let weights = encode(saved("", self.plan, &best.params), self.metadata.clone())?;
        write(&keeper.rule.folder.join(BEST), &weights)
    }

    /// Writes a checkpoint and removes old ones.
    fn write(&mut self, at: &Position, best: Option<&Best<T>>) -> Result<(), Error> {
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        let (updates, memory) = self.updater.memory();
        let Settings { name, optimizer, batch_size, seed, shuffle, others, .. } = &self.settings;
        let state = State {
            optimizer: name.clone(),
            settings: format!("{optimizer:?}"),
            batch_size: (*batch_size).min(at.samples),
            seed: *seed,
            shuffle: *shuffle,
            others: others.clone(),
            updates,
            position: at.clone(),
            history: self.history.epochs.clone(),
            best: best.and_then(|best| best.best),
        };
        let state = serde_json::to_vec(&state).expect("numbers and names");
        let version = VERSION.to_string();
        let mut tensors = vec![
            ("version".to_owned(), Saved::of_bytes(version.as_bytes())),
            ("state".to_owned(), Saved::of_bytes(&state)),
            ("optimizer".to_owned(), Saved::Numbers { shape: vec![memory.len()], values: memory }),
        ];
        tensors.extend(saved("network.", self.plan, self.params));
        let best = best.filter(|best| best.best.is_some());
        if let Some(best) = best {
            let numbers = Saved::Numbers { shape: vec![best.params.len()], values: &best.params };
            tensors.push(("best".to_owned(), numbers));
        }
        let bytes = encode(tensors, self.metadata.clone())?;
        let folder = &keeper.rule.folder;
        write(&folder.join(format!("{START}{:010}{END}", at.step)), &bytes)?;
        (keeper.last, keeper.step) = (Instant::now(), Some(at.step));
        let is_missing = best.is_some() && !folder.join(BEST).exists();
        // Checkpoints of later steps may exist, if the run resumed from an earlier one.
        let there = Checkpoints::list(folder)?.into_iter();
        let earlier = there.filter(|path| step_of(path).is_some_and(|step| step <= at.step));
        for old in earlier.skip(keeper.rule.keep) {
            fs::remove_file(&old).map_err(Error::io(&old, "remove"))?;
        }
        if is_missing { self.write_best(best) } else { Ok(()) }
    }
}

/// Reads the state from a checkpoint's tensors, and checks that a run with these settings can resume it.
fn state_of(path: &Path, file: &Weights, settings: &Settings<'_>) -> Result<State, Error> {
    let wrong = |expected: &str, found: &str| Error::format(path, expected, found);
    let (Some(version), Some(text)) = (file.bytes_of("version"), file.bytes_of("state")) else {
        return Err(wrong("a checkpoint", "weights alone"));
    };
    let version = String::from_utf8_lossy(version);
    if version != VERSION.to_string() {
        return Err(wrong(&format!("a checkpoint of version {VERSION}"), &format!("version {version}")));
    }
    let state: State = serde_json::from_slice(text)
        .map_err(|error| Error::format(path, "the state of a training", format!("a bad one: {error}")))?;
    let samples = state.position.samples;
    let batches = batches_of(samples, state.batch_size.max(1));
    let right = |name: &str, expected: String, found: String| {
        if expected == found { Ok(()) } else { Err(wrong(&format!("{name} {expected}"), &found)) }
    };
    if state.optimizer != settings.name {
        let expected = format!("the optimiser {} ({:?})", settings.name, settings.optimizer);
        return Err(wrong(&expected, &format!("{} ({})", state.optimizer, state.settings)));
    }
    right("batches of", settings.batch_size.min(samples).to_string(), state.batch_size.to_string())?;
    right("the seed", settings.seed.to_string(), state.seed.to_string())?;
    right("shuffling", settings.shuffle.to_string(), state.shuffle.to_string())?;
    let (epochs, done) = (state.position.epochs, state.position.batches);
    if !state.is_consistent(batches) {
        return Err(wrong("a place in the run, with its history", "numbers that contradict each other"));
    }
    let begun = epochs + usize::from(done > 0);
    if begun > settings.epochs {
        return Err(wrong(&format!("at most {} epochs", settings.epochs), &begun.to_string()));
    }
    Ok(state)
}
