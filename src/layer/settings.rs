//! The structs of the settings of layers in `network!`.

pub use super::activation::HardSigmoidSettings;
pub use super::adaptive_pool::AdaptiveSettings;
pub use super::batch_norm::BatchNormSettings;
pub use super::conv_transpose2d::ConvTranspose2dSettings;
pub use super::conv2d::Conv2dSettings;
pub use super::dense::DenseSettings;
pub use super::dropout::DropoutSettings;
pub use super::elu::{EluSettings, SeluSettings};
pub use super::local_response_norm::LocalResponseNormSettings;
pub use super::p_relu::PReluSettings;
pub use super::pad_channels::PadChannelsSettings;
pub use super::pool::PoolSettings;
pub use super::rectifier::LeakyReluSettings;
pub use super::sample_norm::{GroupNormSettings, InstanceNormSettings, LayerNormSettings};
pub use super::stochastic_depth::StochasticDepthSettings;
pub use super::upsample2d::UpsampleSettings;
