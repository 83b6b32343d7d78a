//! Layers under the names of PyTorch and Keras: in `network!`, each with settings is a compile error with the name used
//! here. Without settings the compiler looks for a type, and suggests the layer whose `doc(alias)` is that name.

/// The macro of a layer that has another name here: it is taken for a layer with settings, whose place is the sentence.
#[doc(hidden)]
#[macro_export]
macro_rules! __renamed {
    ($sentence:literal @ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    ($sentence:literal @type $($placed:tt)*) => { () };
    ($sentence:literal @value $settings:tt) => { () };
    ($sentence:literal $($settings:tt)*) => { compile_error!($sentence) };
}

/// A layer that has no settings, with settings.
#[doc(hidden)]
#[macro_export]
macro_rules! __no_settings {
    ($($line:tt)*) => { $crate::__renamed! { "this layer has no settings: its name stands alone, without braces" $($line)* } };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_dense {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`Linear` is called `Dense { units }` here; the number of inputs is inferred"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_batch_norm {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "batch normalisation is called `BatchNorm` here; the number of channels is inferred"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_layer_norm {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`LayerNormalization` is called `LayerNorm { epsilon }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_group_norm {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`GroupNormalization` is called `GroupNorm { groups, epsilon }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_instance_norm {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`InstanceNorm2d` is called `InstanceNorm { affine, epsilon }` here; the number of channels is inferred"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_conv2d {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`Conv2D` is called `Conv2d { filters, kernel, stride, padding }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_conv_transpose2d {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`Conv2DTranspose` is called `ConvTranspose2d { filters, kernel, stride, padding }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_upsample2d {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`Upsample` and `UpSampling2D` are called `Upsample2d { scale, mode }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_max_pool {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`MaxPooling2D` is called `MaxPool2d { kernel, stride, padding }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_avg_pool {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`AveragePooling2D` is called `AvgPool2d { kernel, stride, padding }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_adaptive_max_pool {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`AdaptiveMaxPooling2D` is called `AdaptiveMaxPool2d { size }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_adaptive_avg_pool {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`AdaptiveAveragePooling2D` is called `AdaptiveAvgPool2d { size }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_global_avg_pool {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`GlobalAveragePooling2D` is called `GlobalAvgPool` here, and has no settings"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_relu {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`ReLU` is called `Relu` here, and has no settings; `Relu6` ends at 6"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_relu6 {
    ($($line:tt)*) => { $crate::__renamed! { "`ReLU6` is called `Relu6` here, and has no settings" $($line)* } };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_leaky_relu {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`LeakyReLU` is called `LeakyRelu { negative_slope }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_p_relu {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`PReLU` is called `PRelu { per_channel }` here; the number of channels is inferred"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_elu {
    ($($line:tt)*) => { $crate::__renamed! { "`ELU` is called `Elu { alpha }` here" $($line)* } };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_selu {
    ($($line:tt)*) => { $crate::__renamed! { "`SELU` is called `Selu { alpha, gamma }` here" $($line)* } };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_gelu {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`GELU` is called `Gelu` here, and has no settings; `GeluTanh` is its form with tanh"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_silu {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`SiLU` and `Swish` are called `Silu` here, and have no settings"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_hard_swish {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`Hardswish` is called `HardSwish` here, and has no settings"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_hard_sigmoid {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`Hardsigmoid` is called `HardSigmoid { alpha, beta }` here"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_drop_path {
    ($($line:tt)*) => { $crate::__renamed! { "`DropPath` is called `StochasticDepth { rate }` here" $($line)* } };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_dropout2d {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "there is no dropout of whole channels here: \
             nearest are `Dropout { rate }`, of values, and `StochasticDepth { rate }`, of samples"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_zero_pad2d {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "zeros around maps are a setting here, `padding: (top, left, bottom, right)` of the layer that reads them"
            $($line)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_concat {
    ($($line:tt)*) => {
        $crate::__renamed! {
            "`Concatenate` and `cat` are called `Concat(a, b, ...)` here, with the names of the values"
            $($line)*
        }
    };
}
