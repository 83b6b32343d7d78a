//! Layers under the names of PyTorch and Keras: in `network!`, each is a compile error with the name used here.

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_dense {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => {
        ()
    };
    (@value $settings:tt) => {
        ()
    };
    ($($settings:tt)*) => {
        compile_error!("`Linear` is called `Dense { units }` here; the number of inputs is inferred")
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_batch_norm {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => {
        ()
    };
    (@value $settings:tt) => {
        ()
    };
    ($($settings:tt)*) => {
        compile_error!("batch normalisation is called `BatchNorm` here; the number of channels is inferred")
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_conv2d {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => {
        ()
    };
    (@value $settings:tt) => {
        ()
    };
    ($($settings:tt)*) => {
        compile_error!("`Conv2D` is called `Conv2d { filters, kernel, stride, padding }` here")
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_elu {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => {
        ()
    };
    (@value $settings:tt) => {
        ()
    };
    ($($settings:tt)*) => {
        compile_error!("`ELU` is called `Elu { alpha }` here")
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_leaky_relu {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => {
        ()
    };
    (@value $settings:tt) => {
        ()
    };
    ($($settings:tt)*) => {
        compile_error!("`LeakyReLU` is called `LeakyRelu { negative_slope }` here")
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_max_pool {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => {
        ()
    };
    (@value $settings:tt) => {
        ()
    };
    ($($settings:tt)*) => {
        compile_error!("`MaxPooling2D` is called `MaxPool2d { kernel, stride, padding }` here")
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __renamed_avg_pool {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => {
        ()
    };
    (@value $settings:tt) => {
        ()
    };
    ($($settings:tt)*) => {
        compile_error!("`AveragePooling2D` is called `AvgPool2d { kernel, stride, padding }` here")
    };
}
