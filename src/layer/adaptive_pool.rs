//! Pooling to a given size.

use std::marker::PhantomData;

use super::Layer;
use super::place::{At, Placed};
use super::pool::{MaxOp, MeanOp};
use crate::kernel::pool::{Pooling, Windows};
use crate::plan::Plan;
use crate::scalar::Scalar;
use crate::shape::{Chw, Dims, Flat, ShapeError};

/// The mean of each of OH×OW windows that together cover the input.
///
/// In PyTorch: `nn.AdaptiveAvgPool2d(size)`.
///
/// # Shapes
/// C×IH×IW → C×OH×OW. Window i of OH takes the rows from ⌊i·IH/OH⌋ to before ⌈(i + 1)·IH/OH⌉, and columns likewise
/// (PyTorch's rule). If OH does not divide IH, windows overlap and differ by a row. The output may be larger than the
/// input, as in PyTorch; values are then repeated. If both have the same size, the layer changes nothing and does not
/// run.
///
/// # In `network!`
/// `AdaptiveAvgPool2d { size: 6 }`, or a pair `(vertical, horizontal)`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Shrunk: Chw<1, 2, 3> => Chw<1, 1, 2> {
///         pool: AdaptiveAvgPool2d { size: (1, 2) },
///     }
/// }
/// let image = Tensor::<Chw<1, 2, 3>>::from_fn(|i| i as f32);
/// let shrunk = Shrunk::new(1).infer(&Batch::from_iter([image]));
/// assert_eq!(shrunk.sample(0)[0], [[2.0, 3.0]]); // of columns 0 and 1, and of columns 1 and 2
/// ```
#[doc(alias("AdaptiveAveragePooling2D", "nn.AdaptiveAvgPool2d"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct AdaptiveAvgPool2d<In, Out>(PhantomData<(In, Out)>);

/// The largest value of each of OH×OW windows that together cover the input.
///
/// In PyTorch: `nn.AdaptiveMaxPool2d(size)`.
///
/// # Shapes
/// As [`AdaptiveAvgPool2d`]. The gradient goes to the first of equal values in a window, in row order.
///
/// # In `network!`
/// `AdaptiveMaxPool2d { size: (4, 1) }`, with the settings of [`AdaptiveAvgPool2d`].
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Shrunk: Chw<1, 2, 3> => Chw<1, 1, 2> {
///         pool: AdaptiveMaxPool2d { size: (1, 2) },
///     }
/// }
/// let image = Tensor::<Chw<1, 2, 3>>::from_fn(|i| i as f32);
/// let shrunk = Shrunk::new(1).infer(&Batch::from_iter([image]));
/// assert_eq!(shrunk.sample(0)[0], [[4.0, 5.0]]);
/// ```
#[doc(alias("AdaptiveMaxPooling2D", "nn.AdaptiveMaxPool2d"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct AdaptiveMaxPool2d<In, Out>(PhantomData<(In, Out)>);

/// The output of a pooling layer with adaptive windows. It may be larger than the input.
const fn output(kind: &'static str, input: Dims, size: [usize; 2]) -> Result<Dims, ShapeError> {
    if let Some(error) = ShapeError::not_maps(kind, input) {
        return Err(error);
    }
    if size[0] == 0 || size[1] == 0 {
        let error = ShapeError::of(kind).str("expected a size of at least 1x1, found ").pair(size);
        return Err(error.str("; is the setting `size` missing?"));
    }
    Ok(Dims::chw(input.channels(), size[0], size[1]))
}

/// The settings of an adaptive pooling layer in `network!`.
#[doc(hidden)]
pub struct AdaptiveSettings {
    pub size: [usize; 2],
}

impl AdaptiveSettings {
    pub const DEFAULT: Self = AdaptiveSettings { size: [0, 0] };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        let input = from.output;
        let maps = input.as_maps();
        let made_up = [maps, Dims::chw(maps.channels(), 1, 1)];
        at.place(from, output(at.kind, input, self.size), made_up)
    }
}

super::unknown_setting!(
    AdaptiveSettings,
    NoSettingOfAdaptivePooling,
    "adaptive pooling has no setting `{Self}`; it has `size`",
    "PyTorch's `output_size` is `size`"
);

macro_rules! adaptive {
    ($layer:ident, $op:ident { $($more:tt)* }) => {
        super::constructor!($layer<In, Out>);

        impl<const C: usize, const IH: usize, const IW: usize, const OH: usize, const OW: usize, T: Scalar>
            Layer<Chw<C, IH, IW>, T> for $layer<Chw<C, IH, IW>, Chw<C, OH, OW>>
        {
            type Out = Chw<C, OH, OW>;
            const SHAPE_ERROR: Option<ShapeError> = {
                let (kind, input) = (stringify!($layer), Dims::chw(C, IH, IW));
                let output = output(kind, input, [OH, OW]);
                ShapeError::in_type(kind, input, Dims::chw(C, OH, OW), output)
            };

            fn add_to(&self, plan: &mut Plan<T>) {
                let (input, output, windows) = ([IH, IW], [OH, OW], Windows::Adaptive);
                plan.add_builtin::<_, Self>($op {
                    pool: Pooling { channels: C, input, output, windows, count_padding: true },
                    text: format!("{} {OH}×{OW}", stringify!($layer)),
                    $($more)*
                });
            }
        }
    };
}
adaptive!(AdaptiveAvgPool2d, MeanOp { flat: false });
adaptive!(AdaptiveMaxPool2d, MaxOp {});

/// The mean of each channel (Lin, Chen & Yan 2014, "Network in network", section 3.2).
///
/// In PyTorch: `nn.AdaptiveAvgPool2d(1)`, then `nn.Flatten()`. In Keras: `GlobalAveragePooling2D()`.
///
/// # Shapes
/// C×H×W → C. In `network!` just `GlobalAvgPool`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Means: Chw<2, 1, 3> => Flat<2> {
///         pool: GlobalAvgPool,
///     }
/// }
/// let image = Tensor::<Chw<2, 1, 3>>::from_fn(|i| i as f32);
/// let means = Means::new(1).infer(&Batch::from_iter([image]));
/// assert_eq!(means.sample(0).as_slice(), [1.0, 4.0]);
/// ```
#[doc(alias("GlobalAveragePooling2D", "GlobalAvgPool2d"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct GlobalAvgPool;

impl<const C: usize, const H: usize, const W: usize, T: Scalar> Layer<Chw<C, H, W>, T> for GlobalAvgPool {
    type Out = Flat<C>;

    fn add_to(&self, plan: &mut Plan<T>) {
        let (input, output, windows) = ([H, W], [1, 1], Windows::Adaptive);
        plan.add_builtin::<Chw<C, H, W>, Self>(MeanOp {
            pool: Pooling { channels: C, input, output, windows, count_padding: true },
            text: "GlobalAvgPool".into(),
            flat: true,
        });
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __AdaptiveAvgPool2d {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* layer } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::layer::AdaptiveAvgPool2d<$crate::__in!(Chw $net $name), $crate::__out!(Resized $net $name $settings)>
    };
    (@value $settings:tt) => { ::core::default::Default::default() };
    (@key size $($to:tt)*) => { $crate::__settings!(@pair size $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__AdaptiveAvgPool2d AdaptiveSettings $($settings)*) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __AdaptiveMaxPool2d {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* layer } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::layer::AdaptiveMaxPool2d<$crate::__in!(Chw $net $name), $crate::__out!(Resized $net $name $settings)>
    };
    (@value $settings:tt) => { ::core::default::Default::default() };
    (@key size $($to:tt)*) => { $crate::__settings!(@pair size $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__AdaptiveMaxPool2d AdaptiveSettings $($settings)*) };
}
