//! What `network!` makes of the settings of a layer.

/// A layer's place, from its settings. They are expanded once, so that a mistake in them is reported once. The constant
/// without a name reports a layer that does not fit: nothing depends on it, so the error is not repeated, and its
/// location is the layer's line.
#[doc(hidden)]
#[macro_export]
macro_rules! __place {
    ($layer:ident $Settings:ident $($settings:tt)*) => {
        {
            const __SETTINGS: $crate::layer::settings::$Settings =
                $crate::__settings!(@next $layer $Settings [] $($settings)*);
            const _: () = {
                let _ = __SETTINGS.place(__AT, __AT.from);
                __AT.read_in(__LINES);
            };
            __SETTINGS.place(__AT.quiet(), __AT.from)
        }
    };
}

/// Turns `kernel: 5, padding: (1, 2)` into a settings struct. A setting that is left out has its default. The layer's
/// macro decides for each setting whether it is one number or a pair; a single number stands for a pair of equal ones.
/// An unknown setting is a compile error with the layer's own message.
#[doc(hidden)]
#[macro_export]
macro_rules! __settings {
    (@next $layer:ident $Settings:ident [$($done:tt)*]) => {
        $crate::layer::settings::$Settings { $($done)* ..$crate::layer::settings::$Settings::DEFAULT }
    };
    (@next $layer:ident $Settings:ident $done:tt $key:ident : $($rest:tt)*) => {
        $crate::$layer!(@key $key $layer $Settings $done $($rest)*)
    };
    // The settings again as a value. Mistakes in them have been reported by the place.
    (@value $layer:ident $Settings:ident $($key:ident : $value:expr),* $(,)?) => {
        {
            #[allow(clippy::needless_update)]
            let __settings = $crate::layer::settings::$Settings {
                $($key: $value,)*
                ..$crate::layer::settings::$Settings::DEFAULT
            };
            __settings
        }
    };
    (@pair $key:ident $layer:ident $Settings:ident [$($done:tt)*] ($a:expr, $b:expr $(,)?) $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: [$a, $b],] $($($rest)*)?)
    };
    (@pair $key:ident $layer:ident $Settings:ident [$($done:tt)*] $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: [$n, $n],] $($($rest)*)?)
    };
    // Top, left, bottom and right; a pair is the same above and below, left and right.
    (@sides $key:ident $layer:ident $Settings:ident [$($done:tt)*] ($a:expr, $b:expr, $c:expr, $d:expr $(,)?) $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: [$a, $b, $c, $d],] $($($rest)*)?)
    };
    (@sides $key:ident $layer:ident $Settings:ident [$($done:tt)*] ($a:expr, $b:expr $(,)?) $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: [$a, $b, $a, $b],] $($($rest)*)?)
    };
    (@sides $key:ident $layer:ident $Settings:ident [$($done:tt)*] $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: [$n, $n, $n, $n],] $($($rest)*)?)
    };
    // A number that may be a parameter of the network.
    (@size $key:ident $layer:ident $Settings:ident [$($done:tt)*] $n:ident $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: __size!($n),] $($($rest)*)?)
    };
    (@size $($other:tt)*) => { $crate::__settings!(@one $($other)*) };
    (@one $key:ident $layer:ident $Settings:ident [$($done:tt)*] $n:expr $(, $($rest:tt)*)?) => {
        $crate::__settings!(@next $layer $Settings [$($done)* $key: $n,] $($($rest)*)?)
    };
    (@unknown $key:ident $layer:ident $Settings:ident $($rest:tt)*) => {
        {
            struct $key;
            $crate::layer::settings::$Settings::<$key>()
        }
    };
}
