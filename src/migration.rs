//! PyTorch → convnet, Keras → convnet.
//!
//! The tables list the counterparts of PyTorch and Keras. The search of this documentation also finds items by their
//! PyTorch and Keras names.
//!
//! # LeNet on MNIST, side by side
//!
//! In PyTorch:
//!
//! ```python
//! class LeNet(nn.Module):
//!     def __init__(self):
//!         super().__init__()
//!         self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
//!         self.conv2 = nn.Conv2d(6, 16, 5)
//!         self.fc1 = nn.Linear(16 * 5 * 5, 120)
//!         self.fc2 = nn.Linear(120, 84)
//!         self.fc3 = nn.Linear(84, 10)
//!
//!     def forward(self, x):
//!         x = F.max_pool2d(F.relu(self.conv1(x)), 2)
//!         x = F.max_pool2d(F.relu(self.conv2(x)), 2)
//!         x = torch.flatten(x, 1)
//!         return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))
//!
//! torch.manual_seed(1)
//! net, loss = LeNet(), nn.CrossEntropyLoss()
//! optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
//! loader = DataLoader(train, batch_size=32, shuffle=True)
//! schedule = CosineAnnealingLR(optimizer, T_max=3 * len(loader))
//! for epoch in range(3):
//!     for x, target in loader:
//!         optimizer.zero_grad()
//!         loss(net(x), target).backward()
//!         clip_grad_norm_(net.parameters(), 1.0)
//!         optimizer.step()
//!         schedule.step()
//! torch.save(net.state_dict(), "lenet.pt")
//! ```
//!
//! Here:
//!
#![cfg_attr(feature = "store", doc = "```")]
#![cfg_attr(not(feature = "store"), doc = "```text")]
//! use convnet::prelude::*;
//!
//! network! {
//!     pub struct LeNet: Chw<1, 28, 28> => Flat<10> {
//!         conv1: Conv2d { filters: 6, kernel: 5, padding: 2 },
//!         relu1: Relu,
//!         pool1: MaxPool2d { kernel: 2 },
//!         conv2: Conv2d { filters: 16, kernel: 5 },
//!         relu2: Relu,
//!         pool2: MaxPool2d { kernel: 2 },
//!         flatten: Flatten,
//!         fc1: Dense { units: 120 },
//!         relu3: Relu,
//!         fc2: Dense { units: 84 },
//!         relu4: Relu,
//!         fc3: Dense { units: 10 },
//!     }
//! }
//!
//! # fn main() -> Result<(), convnet::Error> {
//! let mnist = Mnist::load_from("assets/mnist")?;
//! # let mnist = convnet::data::Mnist { train: mnist.train.subset(0..320), test: mnist.test };
//! let mut trainer = Trainer::new(LeNet::new(1), SoftmaxCrossEntropy, Sgd::new(0.01).momentum(0.9))
//!     .epochs(3)
//!     .batch_size(32)
//!     .schedule(Schedule::Cosine)
//!     .clip_grad_norm(1.0);
//! # trainer = trainer.progress(convnet::train::Progress::Silent);
//! trainer.fit(&mnist.train, None)?;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("lenet.safetensors");
//! # let _ = stringify!(
//! let path = "lenet.safetensors";
//! # );
//! trainer.network().save(path)?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is different
//!
//! - A network is a type. Input sizes are not written, because `network!` infers them, and a layer that does not fit does
//!   not compile.
//! - There is no automatic differentiation: each layer has its own backward pass. [`Layer`](crate::layer::Layer) shows how
//!   to write one.
//! - The batch size is not a part of a shape: [`Chw<C, H, W>`](crate::shape::Chw) and [`Flat<N>`](crate::shape::Flat) are
//!   shapes of one sample.
//! - There is no `train()` and `eval()`: [`Trainer::fit`](crate::train::Trainer::fit) trains,
//!   [`Network::infer`](crate::network::Network::infer) and [`Trainer::evaluate`](crate::train::Trainer::evaluate) run
//!   inference.
//! - There is no global random state: every random choice follows from a seed that you pass.
//! - Everything runs on the CPU; there are no devices.
//!
//! # Networks
//!
//! | PyTorch | Keras | convnet |
//! | --- | --- | --- |
//! | a subclass of `nn.Module`, `nn.Sequential` | `Sequential([…])` | [`network!`](crate::network!), [`Sequential`](crate::network::Sequential), [`Stack`](crate::network::Stack) |
//! | `net(x)` under `no_grad()` | `model.predict(x)` | [`Network::infer`](crate::network::Network::infer), [`Network::predict`](crate::network::Network::predict) |
//! | forward hooks | a `Model` with intermediate outputs | [`Network::activations`](crate::network::Network::activations) |
//! | `torchinfo.summary(net)` | `model.summary()` | `println!("{net}")`, [`Network::summary`](crate::network::Network::summary) |
//! | `net.named_parameters()` | `model.weights` | [`Model::named_params`](crate::network::Model::named_params) |
//! | `torch.nn.init` | `keras.initializers` | [`Init`](crate::Init) |
//! | `torch.tensor` | `keras.ops.convert_to_tensor` | [`Tensor`](crate::tensor::Tensor) for one sample, [`Batch`](crate::tensor::Batch) for several |
//! | `torchvision.models.alexnet` | | [`AlexNetTorchvision`](crate::model::AlexNetTorchvision), [`model`](crate::model) |
//!
//! # Layers
//!
//! | PyTorch | Keras | convnet |
//! | --- | --- | --- |
//! | `nn.Conv2d(in, 6, 5, stride=1, padding=2)` | `Conv2D(6, 5, strides=1, padding=…)` | [`Conv2d`](crate::layer::Conv2d) `{ filters: 6, kernel: 5, stride: 1, padding: 2 }` |
//! | `nn.ConvTranspose2d(in, 6, 4, stride=2, padding=1)` | `Conv2DTranspose(6, 4, strides=2, padding="same")` | [`ConvTranspose2d`](crate::layer::ConvTranspose2d) `{ filters: 6, kernel: 4, stride: 2, padding: 1 }` |
//! | `nn.Upsample(scale_factor=2, mode="bilinear")` | `UpSampling2D(2, interpolation="bilinear")` | [`Upsample2d`](crate::layer::Upsample2d) `{ scale: 2, mode: UpsampleMode::Bilinear }` |
//! | `nn.ConstantPad3d((0, 0, 0, 0, 0, 16), 0)` | | [`PadChannels`](crate::layer::PadChannels) `{ channels: 32 }`, for 16 channels |
//! | `nn.Linear(in, 120)` | `Dense(120)` | [`Dense`](crate::layer::Dense) `{ units: 120 }` |
//! | `bias=False` | `use_bias=False` | `bias: false` of [`Conv2d`](crate::layer::Conv2d) and [`Dense`](crate::layer::Dense) |
//! | `nn.MaxPool2d(2)` | `MaxPooling2D(2)` | [`MaxPool2d`](crate::layer::MaxPool2d) `{ kernel: 2 }` |
//! | `nn.AvgPool2d(2)` | `AveragePooling2D(2)` | [`AvgPool2d`](crate::layer::AvgPool2d) `{ kernel: 2 }` |
//! | `nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)` | | [`AvgPool2d`](crate::layer::AvgPool2d) `{ kernel: 3, stride: 2, padding: 1, ceil_mode: true, count_include_pad: false }` |
//! | `nn.ZeroPad2d((0, 1, 0, 1))`, `nn.Conv2d(in, 6, 3, stride=2)` | `Conv2D(6, 3, strides=2, padding="same")` | [`Conv2d`](crate::layer::Conv2d) `{ filters: 6, kernel: 3, stride: 2, padding: (0, 0, 1, 1) }` |
//! | `nn.AdaptiveAvgPool2d(6)` | | [`AdaptiveAvgPool2d`](crate::layer::AdaptiveAvgPool2d) `{ size: 6 }` |
//! | `nn.AdaptiveMaxPool2d(6)` | | [`AdaptiveMaxPool2d`](crate::layer::AdaptiveMaxPool2d) `{ size: 6 }` |
//! | `nn.AdaptiveAvgPool2d(1)`, flattened | `GlobalAveragePooling2D()` | [`GlobalAvgPool`](crate::layer::GlobalAvgPool) |
//! | `nn.BatchNorm1d`, `nn.BatchNorm2d` | `BatchNormalization()` | [`BatchNorm`](crate::layer::BatchNorm) |
//! | `nn.GroupNorm(8, channels)` | `GroupNormalization(8)` | [`GroupNorm`](crate::layer::GroupNorm) `{ groups: 8 }` |
//! | `nn.LayerNorm([channels, height, width])` | `LayerNormalization(axis=[1, 2, 3])` | [`LayerNorm`](crate::layer::LayerNorm) |
//! | `nn.InstanceNorm2d(channels, affine=True)` | `GroupNormalization(-1)` | [`InstanceNorm`](crate::layer::InstanceNorm) `{ affine: true }` |
//! | `nn.LocalResponseNorm(5)` | | [`LocalResponseNorm`](crate::layer::LocalResponseNorm) |
//! | `nn.Dropout(0.5)` | `Dropout(0.5)` | [`Dropout`](crate::layer::Dropout) `{ rate: 0.5 }` |
//! | `torchvision.ops.StochasticDepth(0.2, "row")` | `Dropout(0.2, noise_shape=(None, 1, 1, 1))` | [`StochasticDepth`](crate::layer::StochasticDepth) `{ rate: 0.2 }` |
//! | `nn.Flatten()` | `Flatten()` | [`Flatten`](crate::layer::Flatten) |
//! | `nn.Identity()` | `Identity()` | [`Identity`](crate::layer::Identity) |
//! | `nn.PReLU()`, `nn.PReLU(channels)` | `PReLU(shared_axes=[1, 2])` | [`PRelu`](crate::layer::PRelu), [`PRelu`](crate::layer::PRelu) `{ per_channel: true }` |
//! | `nn.LeakyReLU(0.01)` | `LeakyReLU(0.01)` | [`LeakyRelu`](crate::layer::LeakyRelu) `{ negative_slope: 0.01 }` |
//! | `nn.ReLU()`, `nn.ELU()`, `nn.SELU()` | `ReLU()`, `ELU()`, `"selu"` | [`Relu`](crate::layer::Relu), [`Elu`](crate::layer::Elu), [`Selu`](struct@crate::layer::Selu) |
//! | `nn.ReLU6()`, `nn.Hardswish()` | `ReLU(max_value=6)`, `"hard_silu"` | [`Relu6`](crate::layer::Relu6), [`HardSwish`](crate::layer::HardSwish) |
//! | `nn.GELU(approximate="tanh")`, `nn.Mish()` | `gelu(x, approximate=True)`, `"mish"` | [`GeluTanh`](crate::layer::GeluTanh), [`Mish`](crate::layer::Mish) |
//! | `nn.GELU()`, `nn.SiLU()`, `nn.Softplus()` | `"gelu"`, `"silu"`, `"softplus"` | [`Gelu`](crate::layer::Gelu), [`Silu`](crate::layer::Silu), [`Softplus`](crate::layer::Softplus) |
//! | `nn.Sigmoid()`, `nn.Hardsigmoid()`, `nn.Tanh()` | `"sigmoid"`, `"hard_sigmoid"`, `"tanh"` | [`Sigmoid`](crate::layer::Sigmoid), [`HardSigmoid`](struct@crate::layer::HardSigmoid), [`Tanh`](crate::layer::Tanh) |
//! | `nn.Softmax(1)`, `nn.LogSoftmax(1)` | `Softmax()`, `"log_softmax"` | [`Softmax`](crate::layer::Softmax), [`LogSoftmax`](crate::layer::LogSoftmax) |
//!
//! # Losses
//!
//! | PyTorch | Keras | convnet |
//! | --- | --- | --- |
//! | `nn.CrossEntropyLoss()` | `SparseCategoricalCrossentropy(from_logits=True)` | [`SoftmaxCrossEntropy`](struct@crate::loss::SoftmaxCrossEntropy) |
//! | `nn.CrossEntropyLoss(label_smoothing=…, weight=…)` | `fit(class_weight=…)` | [`label_smoothing`](crate::loss::SoftmaxCrossEntropy::label_smoothing), [`class_weights`](crate::loss::SoftmaxCrossEntropy::class_weights) |
//! | `nn.NLLLoss()` | | [`NegativeLogLikelihood`](crate::loss::NegativeLogLikelihood) |
//! | | `SparseCategoricalCrossentropy()` | [`ProbabilityCrossEntropy`](crate::loss::ProbabilityCrossEntropy) |
//! | `nn.BCEWithLogitsLoss()` | `BinaryCrossentropy(from_logits=True)` | [`SigmoidCrossEntropy`](struct@crate::loss::SigmoidCrossEntropy) |
//! | `nn.MSELoss()` | `MeanSquaredError()` | [`MeanSquaredError`](crate::loss::MeanSquaredError) |
//! | `nn.L1Loss()` | `MeanAbsoluteError()` | [`MeanAbsoluteError`](crate::loss::MeanAbsoluteError) |
//! | `nn.HuberLoss(delta=1.0)` | `Huber(delta=1.0)` | [`Huber`](crate::loss::Huber) |
//!
//! # Optimisers and schedules
//!
//! | PyTorch | Keras | convnet |
//! | --- | --- | --- |
//! | `optim.SGD(lr=0.01, momentum=0.9)` | `SGD(0.01, momentum=0.9)` | [`Sgd`](crate::optim::Sgd)`::new(0.01).momentum(0.9)` |
//! | `optim.Adam(lr=0.001)` | `Adam(0.001)` | [`Adam`](crate::optim::Adam)`::new(0.001)` |
//! | `optim.AdamW(lr=0.001)` | `AdamW(0.001)` | [`AdamW`](crate::optim::AdamW)`::new(0.001)` |
//! | `optim.RMSprop(lr=0.01)` | `RMSprop(0.01)` | [`RmsProp`](crate::optim::RmsProp)`::new(0.01)` |
//! | `optim.Adagrad(lr=0.01)` | `Adagrad(0.01)` | [`Adagrad`](crate::optim::Adagrad)`::new(0.01)` |
//! | `SGD(weight_decay=…)` | `kernel_regularizer=L2(…)` | [`Trainer::l2`](crate::train::Trainer::l2) |
//! | `StepLR` | `PiecewiseConstantDecay` | [`Schedule::Step`](crate::optim::Schedule::Step) |
//! | `ExponentialLR` | `ExponentialDecay` | [`Schedule::Exponential`](crate::optim::Schedule::Exponential) |
//! | `CosineAnnealingLR` | `CosineDecay` | [`Schedule::Cosine`](crate::optim::Schedule::Cosine) |
//! | `OneCycleLR` | | [`Schedule::OneCycle`](crate::optim::Schedule::OneCycle) |
//! | `ReduceLROnPlateau` | `ReduceLROnPlateau` | [`Schedule::Plateau`](crate::optim::Schedule::Plateau) |
//! | `LinearLR`, then another schedule | `CosineDecay(warmup_steps=…)` | [`Trainer::warm_up`](crate::train::Trainer::warm_up) |
//!
//! # Training and evaluation
//!
//! | PyTorch | Keras | convnet |
//! | --- | --- | --- |
//! | the loop over epochs and batches | `model.fit` | [`Trainer::fit`](crate::train::Trainer::fit) |
//! | `loss.backward(); optimizer.step()` | `train_on_batch` | [`Trainer::train_step`](crate::train::Trainer::train_step) |
//! | `DataLoader(batch_size=32, shuffle=True)` | `fit(batch_size=32, shuffle=True)` | [`Trainer::batch_size`](crate::train::Trainer::batch_size), [`Trainer::shuffle`](crate::train::Trainer::shuffle) |
//! | `torch.manual_seed(1)` | `keras.utils.set_random_seed(1)` | [`Trainer::seed`](crate::train::Trainer::seed), and the seed of [`Network::new`](crate::network::Network::new) |
//! | `clip_grad_norm_`, `clip_grad_value_` | `global_clipnorm`, `clipvalue` | [`Trainer::clip_grad_norm`](crate::train::Trainer::clip_grad_norm), [`Trainer::clip_grad_value`](crate::train::Trainer::clip_grad_value) |
//! | `layer.requires_grad_(False)` | `layer.trainable = False` | [`Trainer::freeze`](crate::train::Trainer::freeze) |
//! | `net.fc = nn.Linear(512, 2)` | | [`Network::with_head`](crate::network::Network::with_head) |
//! | parameter groups with a `lr` of their own | | [`Trainer::learning_rate_factor`](crate::train::Trainer::learning_rate_factor) |
//! | | `EarlyStopping(restore_best_weights=True)` | [`EarlyStopping`](crate::train::EarlyStopping) |
//! | | `Callback.on_epoch_end`, `on_train_batch_end` | [`Trainer::on_epoch`](crate::train::Trainer::on_epoch), [`Trainer::on_batch`](crate::train::Trainer::on_batch) |
//! | | `History` | [`History`](crate::train::History) |
//! | `torchmetrics` | `model.evaluate` | [`Trainer::evaluate`](crate::train::Trainer::evaluate), [`Trainer::loss_and_accuracy`](crate::train::Trainer::loss_and_accuracy), [`metrics`](crate::train::metrics) |
//! | `parameter.grad` | | [`Trainer::gradient`](crate::train::Trainer::gradient) |
//!
//! # Data and augmentation
//!
//! | PyTorch | Keras | convnet |
//! | --- | --- | --- |
//! | `torchvision.datasets.MNIST`, `FashionMNIST` | `keras.datasets.mnist` | [`Mnist`](crate::data::Mnist), [`FashionMnist`](crate::data::FashionMnist) |
//! | `torchvision.datasets.CIFAR10`, `CIFAR100` | `keras.datasets.cifar10` | [`Cifar10`](crate::data::Cifar10), [`Cifar100`](crate::data::Cifar100) |
#![cfg_attr(
    feature = "images",
    doc = "
| `torchvision.datasets.ImageFolder` | `image_dataset_from_directory` | [`ImageFolder`](crate::data::ImageFolder) |
| `ResNet18_Weights.IMAGENET1K_V1.transforms()` | `preprocess_input` | [`Preprocessing::imagenet`](crate::data::Preprocessing::imagenet) |"
)]
//! | a subclass of `Dataset` | `tf.data.Dataset` | [`Dataset`](crate::data::Dataset), [`Samples`](crate::data::Samples) |
//! | `Subset(data, indices)`, `random_split` | `validation_split=0.1` | [`subset`](crate::data::Dataset::subset), [`split`](crate::data::Dataset::split), [`train_val_test_split`](crate::data::Dataset::train_val_test_split) |
//! | `transforms.Normalize` | `Normalization` | [`Normalization`](crate::data::Normalization), [`Standardizer`](crate::data::Standardizer) |
//! | `SimpleImputer` (scikit-learn), `fillna` (pandas) | the same | [`Imputer`](crate::data::Imputer) |
//! | `RandomCrop(32, padding=4)` | `RandomCrop` | [`Augment::random_crop`](crate::data::Augment::random_crop) |
//! | `RandomHorizontalFlip()` | `RandomFlip("horizontal")` | [`Augment::random_horizontal_flip`](crate::data::Augment::random_horizontal_flip) |
//! | `RandomRotation(10)` | `RandomRotation` | [`Augment::random_rotation`](crate::data::Augment::random_rotation) |
//! | `RandomAffine(0, translate=…)` | `RandomTranslation` | [`Augment::random_translation`](crate::data::Augment::random_translation) |
//! | `ColorJitter` | `RandomColorJitter` | [`Augment::color_jitter`](crate::data::Augment::color_jitter) |
//! | `RandomErasing` | `RandomErasing` | [`Augment::cutout`](crate::data::Augment::cutout) |
//! | `TenCrop` | | [`TenCrop`](crate::data::TenCrop) |
//! | scikit-learn's `cross_val_score` | | [`cross_validate`](crate::data::cross_validate()) |
#![cfg_attr(
    feature = "store",
    doc = "
# Saving and loading

| PyTorch | Keras | convnet |
| --- | --- | --- |
| `torch.save(net.state_dict(), path)` | `model.save_weights(path)` | [`SaveLoad::save`](crate::store::SaveLoad::save) |
| `net.load_state_dict(torch.load(path))` | `model.load_weights(path)` | [`SaveLoad::load`](crate::store::SaveLoad::load) |
| `load_state_dict(…, strict=False)` | `load_weights(skip_mismatch=True)` | [`Weights::skip`](crate::store::Weights::skip) |
| `safetensors.torch.load_file` | | [`Weights::open`](crate::store::Weights::open): the same names and shapes |
| state dicts of model and optimiser | `ModelCheckpoint`, `BackupAndRestore` | [`Checkpoints`](crate::train::Checkpoints), [`Trainer::resume`](crate::train::Trainer::resume) |
| `torch.onnx.export` | `model.export(format=\"onnx\")` | [`save_onnx`](crate::store::save_onnx) |
"
)]
