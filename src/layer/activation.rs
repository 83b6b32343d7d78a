//! Functions of one number, applied to every entry. Each backward pass needs only the output.

use super::Layer;
use crate::kernel;
use crate::plan::{Backward, Forward, Mode, Op, Plan, Shortcut};
use crate::scalar::Scalar;
use crate::shape::Features;

/// Declares an activation: its documentation, y = f(x), and dy/dx as a function of y.
macro_rules! activation {
    ($(#[$doc:meta])* $name:ident, $shortcut:ident, $value:expr, $slope:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, Debug)]
        pub struct $name;

        impl<S: Features, T: Scalar> Layer<S, T> for $name {
            type Out = S;
            fn add_to(&self, plan: &mut Plan<T>) {
                plan.add::<S, Self>($name);
            }
        }

        impl<T: Scalar> Op<T> for $name {
            fn describe(&self) -> String {
                stringify!($name).into()
            }

            fn shortcut(&self, _: Mode) -> Shortcut {
                Shortcut::$shortcut
            }

            fn narrow(&self) -> bool {
                true
            }

            fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
                kernel::map(pass.exec, y, x, $value);
            }

            fn backward(&self, Backward { dx, dy, y, pass, .. }: Backward<'_, T>) {
                let slope: fn(T) -> T = $slope;
                if let Some(dx) = dx {
                    kernel::zip(pass.exec, dx, dy, y, |dy, y| dy * slope(y));
                }
            }
        }
    };
}

activation! {
    /// y = max(x, 0), with slope 0 at 0 (Nair & Hinton 2010).
    ///
    /// # Shapes
    /// Any shape to the same shape.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// network! {
    ///     struct Positive: Flat<3> => Flat<3> {
    ///         relu: Relu,
    ///     }
    /// }
    /// let x = Tensor::<Flat<3>>::from_slice(&[-1.0, 0.0, 2.0])?;
    /// let y = Positive::new(1).infer(&Batch::from_iter([x]));
    /// assert_eq!(y.sample(0).as_slice(), [0.0, 0.0, 2.0]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    Relu,
    Relu,
    |x: T| if x > T::zero() || x.is_nan() { x } else { T::zero() },
    |y| if y > T::zero() { T::one() } else { T::zero() }
}

activation! {
    /// The logistic function y = 1 / (1 + exp(−x)); slope y·(1 − y).
    ///
    /// # Shapes
    /// Any shape to the same shape. In `network!`: `Sigmoid`.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// network! {
    ///     struct Squashed: Flat<3> => Flat<3> {
    ///         sigmoid: Sigmoid,
    ///     }
    /// }
    /// let x = Tensor::<Flat<3>>::from_slice(&[-1000.0, 0.0, 1000.0])?;
    /// let y = Squashed::new(1).infer(&Batch::from_iter([x]));
    /// assert_eq!(y.sample(0).as_slice(), [0.0, 0.5, 1.0]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    Sigmoid,
    None,
    |x: T| {
        // exp of a negative number only, so that nothing overflows.
        let e = (-x.abs()).exp();
        (if x < T::zero() { e } else { T::one() }) / (T::one() + e)
    },
    |y| y * (T::one() - y)
}

activation! {
    /// The hyperbolic tangent; slope 1 − y².
    ///
    /// # Shapes
    /// Any shape to the same shape. In `network!`: `Tanh`.
    ///
    /// ```
    /// use convnet::prelude::*;
    /// network! {
    ///     struct Squashed: Flat<3> => Flat<3> {
    ///         tanh: Tanh,
    ///     }
    /// }
    /// let x = Tensor::<Flat<3>>::from_slice(&[-1000.0, 0.0, 1000.0])?;
    /// let y = Squashed::new(1).infer(&Batch::from_iter([x]));
    /// assert_eq!(y.sample(0).as_slice(), [-1.0, 0.0, 1.0]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    Tanh,
    None,
    |x: T| x.tanh(),
    |y| T::one() - y * y
}
