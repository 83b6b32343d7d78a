//! The settings of a [`Trainer`].

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{BatchEnd, EarlyStopping, Epoch, Progress, Trainer};
use crate::network::Network;
use crate::optim::{Optimizer, Schedule};

/// Settings of a run.
impl<N: Network, L, O: Optimizer> Trainer<N, L, O> {
    /// Sets the number of passes over the training data; the default is 10.
    pub fn epochs(self, epochs: usize) -> Self {
        Trainer { epochs, ..self }
    }

    /// Sets the number of samples in a step; the default is 64. The last step of an epoch takes the samples that are left.
    ///
    /// In PyTorch: `DataLoader(batch_size=…)`. In Keras: `fit(batch_size=…)`.
    #[doc(alias("DataLoader", "minibatch"))]
    pub fn batch_size(self, batch_size: usize) -> Self {
        Trainer { batch_size, ..self }
    }

    /// Uses all samples in every step: with [`Sgd`](crate::optim::Sgd) this is gradient descent. A step then needs memory
    /// for all samples at once.
    pub fn full_batch(self) -> Self {
        self.batch_size(usize::MAX)
    }

    /// Sets the seed of the order of samples and of random layers; the default is 0.
    #[doc(alias("manual_seed", "set_random_seed"))]
    pub fn seed(self, seed: u64) -> Self {
        Trainer { seed, ..self }
    }

    /// Sets whether each epoch visits the samples in a new random order; the default is `true`.
    ///
    /// In PyTorch: `DataLoader(shuffle=True)`. In Keras: `fit(shuffle=True)`.
    pub fn shuffle(self, shuffle: bool) -> Self {
        Trainer { shuffle, ..self }
    }

    /// Sets how the learning rate changes over the run; the default is [`Schedule::Constant`].
    ///
    /// In PyTorch: `optim.lr_scheduler`. In Keras: `LearningRateScheduler`.
    #[doc(alias("lr_scheduler", "LearningRateScheduler"))]
    pub fn schedule(self, schedule: Schedule) -> Self {
        Trainer { schedule, ..self }
    }

    /// Sets the number of epochs, which may be a fraction, over which the learning rate rises to the first value of the
    /// schedule; the default is 0.
    ///
    /// With n steps in these epochs, the rate of a step is (step + 1) / (n + 1) of that value (Goyal et al. 2017,
    /// "Accurate, large minibatch SGD", section 2.2). The [`schedule`](Self::schedule) runs over the remaining epochs and
    /// sees only their losses.
    ///
    /// In PyTorch: `LinearLR` followed by another schedule in a `SequentialLR`.
    #[doc(alias("warmup", "LinearLR"))]
    pub fn warm_up(self, epochs: f64) -> Self {
        Trainer { warm_up: epochs, ..self }
    }

    /// Sets what is shown during a run; the default is [`Progress::Auto`].
    ///
    /// In Keras: `fit(verbose=…)`.
    #[doc(alias("verbose", "tqdm"))]
    pub fn progress(self, progress: Progress) -> Self {
        Trainer { progress, ..self }
    }

    /// Ends a run early by this rule. However the run ends, the network then has the parameters of the best epoch.
    ///
    /// In Keras: the callback `EarlyStopping(restore_best_weights=True)`.
    pub fn early_stopping(self, rule: EarlyStopping) -> Self {
        Trainer { early_stopping: Some(rule), ..self }
    }

    /// Calls `f` after each batch; [`ControlFlow::Break`] ends the run at once, within the epoch.
    ///
    /// In Keras: `Callback.on_train_batch_end`.
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
    #[doc(alias("on_train_batch_end", "Callback"))]
    pub fn on_batch(self, f: impl FnMut(&BatchEnd) -> ControlFlow<()> + Send + 'static) -> Self {
        Trainer { on_batch: Some(Box::new(f)), ..self }
    }

    /// Calls `f` after each epoch with its losses and the network; [`ControlFlow::Break`] ends the run.
    ///
    /// In Keras: `Callback.on_epoch_end`.
    #[doc(alias("on_epoch_end", "Callback"))]
    pub fn on_epoch(self, f: impl FnMut(&Epoch, &N) -> ControlFlow<()> + Send + 'static) -> Self {
        Trainer { on_epoch: Some(Box::new(f)), ..self }
    }

    /// Ends the run after the batch during which the flag becomes true. A signal handler, another thread or a button may set
    /// it.
    ///
    /// The network then has the parameters of the best epoch so far: by the rule of
    /// [early stopping](Self::early_stopping) if there is one, else by validation loss, or by training loss without
    /// validation data. Before the end of the first epoch it keeps its current parameters.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// # use convnet::prelude::*;
    /// # use convnet::train::{Ending, Progress};
    /// # network! { struct Net: Flat<2> => Flat<2> { fc: Dense { units: 2 } } }
    /// # let data: Dataset<Flat<2>, Class<2>> = (0..8).map(|i| (Tensor::zeros(), Class::new(i % 2).unwrap())).collect();
    /// let stop = Arc::new(AtomicBool::new(false));
    /// let mut trainer = Trainer::new(Net::new(1), SoftmaxCrossEntropy, Sgd::new(0.1)).interrupt(stop.clone());
    /// # trainer = trainer.progress(Progress::Silent);
    /// stop.store(true, Ordering::Relaxed);
    /// assert_eq!(trainer.fit(&data, None)?.ending, Ending::Interrupted);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias("stop_training", "KeyboardInterrupt"))]
    pub fn interrupt(self, flag: Arc<AtomicBool>) -> Self {
        Trainer { interrupt: Some(flag), ..self }
    }
}

/// Regularisation, limits and frozen layers.
///
/// A step does this in order: it adds the penalties to the gradient of the loss, clips the gradient by value and then by
/// norm, lets the optimiser step, and scales weights down to their largest norm. The losses that are reported do not
/// include penalties.
impl<N: Network, L, O: Optimizer> Trainer<N, L, O> {
    /// Freezes a layer, or all layers of a group or block: keeps their parameters as they are. "layer1" means "layer1.0.conv1",
    /// too, and "" the whole network. Frozen batch normalisation uses its running statistics, and keeps them.
    ///
    /// Layers before a frozen one still get their gradient; before the first that is trained, nothing runs backward.
    ///
    /// [`check`](Self::check) refuses a name that no layer has, and a network without anything left to train.
    ///
    /// In PyTorch: `layer.requires_grad_(False)`, and `layer.eval()` for batch normalisation. In Keras:
    /// `layer.trainable = False`.
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
    #[doc(alias("requires_grad", "trainable"))]
    pub fn freeze(mut self, layer: &str) -> Self {
        self.updater.freeze(self.network.model().plan(), layer, true);
        self.frozen()
    }

    /// Freezes all layers but this one, or those of this group or block; [`unfreeze`](Self::unfreeze) adds more to them.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::ResNet20Cifar;
    /// let net = <ResNet20Cifar>::new(1);
    /// // Only the last layer is trained.
    /// let trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.01)).freeze_all_but("fc");
    /// assert!(trainer.advice(100).unwrap().contains("100 training samples for 650 parameters"));
    /// ```
    pub fn freeze_all_but(self, layer: &str) -> Self {
        self.freeze("").unfreeze(layer)
    }

    /// Trains a layer, or all layers of a group or block, that was frozen.
    pub fn unfreeze(mut self, layer: &str) -> Self {
        self.updater.freeze(self.network.model().plan(), layer, false);
        self.frozen()
    }

    fn frozen(mut self) -> Self {
        self.space.freeze(self.network.model().program(), self.updater.frozen());
        self
    }

    /// Multiplies the learning rate of a layer, or of all layers of a group, a block or, named "", the network, by a factor: less than 1 for layers of a
    /// pretrained network that should change less than a new last layer (Howard & Ruder 2018, "Universal language model
    /// fine-tuning for text classification", section 3.2: discriminative fine-tuning). For a layer that two calls name, the
    /// later one counts. A decoupled weight decay, as AdamW has it, is multiplied, too.
    ///
    /// [`check`](Self::check) refuses a name that no layer has, and a negative factor.
    ///
    /// In PyTorch: parameter groups, `SGD([{"params": layer.parameters(), "lr": 0.001}, …])`.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// use convnet::model::ResNet20Cifar;
    /// let net = <ResNet20Cifar>::new(1);
    /// let trainer = Trainer::new(net, SoftmaxCrossEntropy, Sgd::new(0.01))
    ///     .learning_rate_factor("", 0.1)
    ///     .learning_rate_factor("fc", 1.0);
    /// trainer.check()?;
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias("param_groups", "parameter groups", "discriminative"))]
    pub fn learning_rate_factor(mut self, layer: &str, factor: f64) -> Self {
        self.updater.set_factor(self.network.model().plan(), layer, factor);
        self
    }

    /// Adds λ/2·‖w‖² to the cost, summed over all weights but not biases: λ·w to the gradient (Krogh & Hertz 1991, "A simple
    /// weight decay can improve generalization").
    ///
    /// In PyTorch: `SGD(weight_decay=λ)`, which decays biases too. In Keras: `regularizers.L2(λ/2)`. For decoupled weight
    /// decay see [`AdamW`](crate::optim::AdamW).
    #[doc(alias("weight_decay", "regularizers.L2", "ridge"))]
    pub fn l2(mut self, lambda: f64) -> Self {
        self.updater.l2 = lambda;
        self
    }

    /// Adds λ·‖w‖₁ to the cost, summed over all weights but not biases: λ·sign(w) to the gradient, 0 where w is 0
    /// (Tibshirani 1996, "Regression shrinkage and selection via the lasso").
    ///
    /// In Keras: `regularizers.L1(λ)`.
    #[doc(alias("regularizers.L1", "lasso"))]
    pub fn l1(mut self, lambda: f64) -> Self {
        self.updater.l1 = lambda;
        self
    }

    /// Scales the incoming weights of each unit or filter down to an L2 norm of at most `norm` after each step; biases are
    /// not changed (Srivastava et al. 2014, "Dropout", section 5.1).
    ///
    /// In Keras: `constraints.MaxNorm(norm)`.
    #[doc(alias("MaxNorm", "renorm_"))]
    pub fn max_norm(mut self, norm: f64) -> Self {
        self.updater.max_norm = Some(norm);
        self
    }

    /// Scales the gradient by all parameters together down to an L2 norm of at most `norm` (Pascanu, Mikolov & Bengio 2013,
    /// "On the difficulty of training recurrent neural networks", algorithm 1).
    ///
    /// In PyTorch: `clip_grad_norm_(parameters, norm)`. In Keras: `optimizer(global_clipnorm=norm)`.
    #[doc(alias("clip_grad_norm_", "global_clipnorm", "clipnorm"))]
    pub fn clip_grad_norm(mut self, norm: f64) -> Self {
        self.updater.clip_grad_norm = Some(norm);
        self
    }

    /// Limits each value of the gradient to the range from −`value` to `value`.
    ///
    /// In PyTorch: `clip_grad_value_(parameters, value)`. In Keras: `optimizer(clipvalue=value)`.
    #[doc(alias("clip_grad_value_", "clipvalue"))]
    pub fn clip_grad_value(mut self, value: f64) -> Self {
        self.updater.clip_grad_value = Some(value);
        self
    }
}
