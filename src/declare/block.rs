//! The `block!` macro.

/// Declares a block: lines of a network that are written once and used many times, with settings.
///
/// ```
/// use convnet::prelude::*;
///
/// block! {
///     /// Two convolutions whose output is added to the input.
///     struct Residual { filters: usize, kernel: usize = 3 } => {
///         conv1: Conv2d { filters: filters, kernel: kernel, padding: kernel / 2 },
///         relu1: Relu,
///         conv2: Conv2d { filters: filters, kernel: kernel, padding: kernel / 2 },
///         sum: Add(conv2, input),
///         relu2: Relu,
///     }
/// }
///
/// network! {
///     struct Small: Chw<3, 16, 16> => Flat<10> {
///         stem: Conv2d { filters: 8, kernel: 3, padding: 1 },
///         layer1: {
///             0: Residual { filters: 8 },
///             1: Residual { filters: 8, kernel: 5 },
///         },
///         pool: GlobalAvgPool,
///         fc: Dense { units: 10 },
///     }
/// }
///
/// let net = Small::new(1);
/// let names: Vec<String> = net.model().named_params().map(|(name, ..)| name).collect();
/// assert_eq!(names[2], "layer1.0.conv1.weight");
/// ```
///
/// - A setting has a type and may have a default. It is a constant inside the block.
/// - In the lines, `input` is what the block is given. The block gives what its last line gives.
/// - The lines see no names from outside the block but `input` and its settings.
/// - A block is a macro: it is declared before its first use. `pub(crate) use Residual;` after it lets other modules use
///   it. A setting may not have the name of a line.
/// - A block may not have the name of a layer, here or in PyTorch or Keras.
#[macro_export]
macro_rules! block {
    ($($block:tt)*) => { $crate::__block! { ($) $($block)* } };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __block {
    (
        ($d:tt) $(#[$meta:meta])* $vis:vis struct $Name:ident
        { $($setting:ident : $type:ty $(= $default:expr)?),* $(,)? } => { $($lines:tt)* }
    ) => {
        $crate::__block_name! { ($d) $Name }
        $(#[$meta])*
        #[allow(unused_macros)]
        macro_rules! $Name {
            (@ask $d callback:ident [$d($d to:tt)*]) => { $crate::$d callback! { $d($d to)* block } };
            ($d($d key:ident : $d value:expr),* $d(,)?) => {
                const _: () = {
                    // Here and not beside the macro, whose name can so be imported.
                    struct $Name {
                        $($setting: ::core::option::Option<$type>,)*
                    }
                    const __SETTINGS: $Name = {
                        const __NONE: $Name = $Name { $($setting: ::core::option::Option::None),* };
                        $Name { $d($d key: ::core::option::Option::Some($d value),)* ..__NONE }
                    };
                    $($crate::__setting! { @missing $Name $setting $($default)? })*
                    const __INPUT: $crate::layer::place::Placed =
                        __FROM.if_fits(__FROM.fits $(&& $crate::__setting!(@given $setting $($default)?))*);
                    const __PATH: $crate::shape::Path = __WITHIN;
                    const _: () = {
                        $(const $setting: $type = $crate::__setting!(@value $setting $type $(= $default)?);)*
                        const _: () = {
                            // The parameters of the network do not reach into a block.
                            macro_rules! __size {
                                ($d size:expr) => { $d size };
                            }
                            $crate::__lines! { @parse (__group) (pub __Block [], (), ()) input [] [] $($lines)* , }
                        };
                    };
                };
            };
            ($d($d other:tt)*) => {
                ::core::compile_error!(concat!(stringify!($Name), " takes settings as `name: value`"));
            };
        }
    };
}

/// Refuses a block with the name of a layer: inside the block, and wherever both are seen, the compiler would take one for
/// the other, or neither.
#[doc(hidden)]
#[macro_export]
macro_rules! __block_name {
    (($d:tt) $Name:ident) => {
        $crate::__block_name! { @none_of ($d) $Name [
            AdaptiveAveragePooling2D AdaptiveAvgPool2D AdaptiveAvgPool2d AdaptiveMaxPool2D AdaptiveMaxPool2d
            AdaptiveMaxPooling2D Add AveragePooling2D AvgPool2D AvgPool2d BatchNorm BatchNorm1d BatchNorm2d
            BatchNormalization cat Concat Concatenate Conv2D Conv2d Conv2DTranspose ConvTranspose2D ConvTranspose2d
            Dense Dropout Dropout2d DropPath ELU Elu Flatten GELU Gelu GeluTanh GlobalAveragePooling2D GlobalAvgPool
            GlobalAvgPool2d GroupNorm GroupNormalization HardSigmoid Hardsigmoid HardSwish Hardswish Heaviside
            Identity InstanceNorm InstanceNorm2d InstanceNormalization LayerNorm LayerNormalization LeakyReLU
            LeakyRelu Linear LocalResponseNorm LogSoftmax MaxPool2D MaxPool2d MaxPooling2D Mish Multiply PadChannels
            PReLU PRelu RadialBasis ReLU Relu ReLU6 Relu6 ScaledTanh ScaleShift SELU Selu Sigmoid SiLU Silu Softmax
            Softplus SpatialDropout2D StochasticDepth Swish TableConv2d Tanh Upsample Upsample2d UpSampling2D
            ZeroPad2d ZeroPadding2D
        ] }
    };
    (@none_of ($d:tt) $Name:ident [$($layer:ident)+]) => {
        const _: () = {
            macro_rules! __refuse {
                $(($layer) => {
                    ::core::compile_error!(concat!(
                        "a block cannot be called `",
                        stringify!($layer),
                        "`: a layer has this name here, in PyTorch or in Keras"
                    ));
                };)+
                ($d other:ident) => {};
            }
            __refuse! { $Name }
        };
    };
}

/// The value of a block's setting.
#[doc(hidden)]
#[macro_export]
macro_rules! __setting {
    (@value $setting:ident $type:ty $(= $default:expr)?) => {
        match __SETTINGS.$setting {
            ::core::option::Option::Some(__value) => __value,
            ::core::option::Option::None => $crate::__setting!(@default $type $(= $default)?),
        }
    };
    (@default $type:ty) => { <$type as $crate::declare::Setting>::MADE_UP };
    (@default $type:ty = $default:expr) => { $default };
    (@given $setting:ident) => { __SETTINGS.$setting.is_some() };
    (@given $setting:ident $default:expr) => { true };
    (@missing $Name:ident $setting:ident) => {
        const _: () = {
            if __SETTINGS.$setting.is_none() {
                $crate::declare::missing(stringify!($Name), stringify!($setting), __WITHIN)
            }
        };
    };
    (@missing $Name:ident $setting:ident $default:expr) => {};
}

/// Refuses a use of a block without a setting that it needs.
///
/// # Panics
/// Always.
#[doc(hidden)]
#[track_caller]
pub const fn missing(block: &'static str, setting: &'static str, path: crate::shape::Path) -> ! {
    let text = crate::shape::ShapeError::of(block).str("the setting `").str(setting).str("` is missing");
    text.refuse_at(path)
}
