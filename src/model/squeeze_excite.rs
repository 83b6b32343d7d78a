//! Squeeze and excitation.

crate::block! {
    /// Squeeze and excitation: multiplies each channel by a number between 0 and 1 that depends on the means of all
    /// channels (Hu, Shen and Sun 2018, "Squeeze-and-excitation networks"). A block for [`network!`](crate::network!)
    /// and [`block!`](crate::block!).
    ///
    /// # Shapes
    /// C×H×W to the same shape; weights `fc1.weight` \[S\]\[C\]\[1\]\[1\] and `fc2.weight` \[C\]\[S\]\[1\]\[1\],
    /// biases `fc1.bias` \[S\] and `fc2.bias` \[C\]: 2·C·S + C + S parameters.
    ///
    /// # Formula
    /// y\[c\] = x\[c\] · s\[c\], with s = σ(W₂·max(W₁·m + b₁, 0) + b₂), σ the logistic function, and m\[c\] the mean
    /// of x\[c\].
    ///
    /// # Settings
    /// `channels`: C, those of the input; `squeeze`: S, in the paper C / 16. The names are those of
    /// `torchvision.ops.SqueezeExcitation(channels, squeeze)`, and of timm's `SEModule`.
    ///
    /// ```
    /// use convnet::model::SqueezeExcite;
    /// use convnet::prelude::*;
    ///
    /// network! {
    ///     struct Small: Chw<3, 16, 16> => Flat<10> {
    ///         conv: Conv2d { filters: 32, kernel: 3, padding: 1, bias: false },
    ///         norm: BatchNorm,
    ///         se: SqueezeExcite { channels: 32, squeeze: 2 },
    ///         relu: Relu,
    ///         pool: GlobalAvgPool,
    ///         fc: Dense { units: 10 },
    ///     }
    /// }
    /// const _: () = assert!(Small::PARAMS == 32 * 27 + 64 + (2 * 32 * 2 + 32 + 2) + 330);
    /// let names: Vec<String> = Small::new(1).model().named_params().map(|(name, ..)| name).collect();
    /// assert!(names.contains(&"se.fc1.weight".to_string()));
    /// ```
    #[macro_export]
    struct SqueezeExcite { channels: usize, squeeze: usize } => {
        avgpool: AdaptiveAvgPool2d { size: 1 },
        fc1: Conv2d { filters: squeeze, kernel: 1 },
        activation: Relu,
        fc2: Conv2d { filters: channels, kernel: 1 },
        scale_activation: Sigmoid,
        scale: Multiply(input, scale_activation),
    }
}
pub use SqueezeExcite;
