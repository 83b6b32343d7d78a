//! The scalars of networks, and the boundary at which generic code ends.
//!
//! Generic code is compiled again in each program that uses it, and the kernels, with their copies for each instruction
//! set, are most of the code there is. Functions behind [`Scalar::compiled`] are compiled once, with this crate.

use crate::kernel::Vectorized;

/// The numbers a network computes with: `f32` for training and inference, `f64` for checking gradients.
///
/// ```
/// use convnet::Scalar;
/// fn half<T: Scalar>(x: T) -> T {
///     x * T::of(0.5)
/// }
/// assert_eq!(half(3.0_f32), 1.5);
/// ```
pub trait Scalar: Vectorized {
    /// Calls the copy of a function that was compiled for this scalar.
    #[doc(hidden)]
    fn compiled<F: Compiled>(args: F::Args<'_, Self>) -> F::Output<Self>;
}

/// A function that exists for `f32` and for `f64`, compiled with this crate.
#[doc(hidden)]
pub trait Compiled {
    /// The arguments.
    type Args<'a, T: Scalar>;
    /// The result.
    type Output<T: Scalar>;

    /// For `f32`.
    fn f32(args: Self::Args<'_, f32>) -> Self::Output<f32>;

    /// For `f64`.
    fn f64(args: Self::Args<'_, f64>) -> Self::Output<f64>;
}

impl Scalar for f32 {
    fn compiled<F: Compiled>(args: F::Args<'_, Self>) -> F::Output<Self> {
        F::f32(args)
    }
}

impl Scalar for f64 {
    fn compiled<F: Compiled>(args: F::Args<'_, Self>) -> F::Output<Self> {
        F::f64(args)
    }
}

/// Makes a generic function [`Compiled`], under a name of its own: `compiled!(Infer, (…) -> () = infer)`.
macro_rules! compiled {
    ($(#[$doc:meta])* $vis:vis $name:ident<$life:lifetime, $t:ident>($args:ty) -> $output:ty = $function:path) => {
        $(#[$doc])*
        $vis struct $name;

        impl $crate::scalar::Compiled for $name {
            type Args<$life, $t: $crate::scalar::Scalar> = $args;
            type Output<$t: $crate::scalar::Scalar> = $output;

            // Not inlined: the caller would be the one that compiles the function.
            #[inline(never)]
            fn f32(args: Self::Args<'_, f32>) -> Self::Output<f32> {
                $function(args)
            }

            #[inline(never)]
            fn f64(args: Self::Args<'_, f64>) -> Self::Output<f64> {
                $function(args)
            }
        }
    };
}
pub(crate) use compiled;
