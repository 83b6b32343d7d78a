//! Upsampling.

use std::marker::PhantomData;

use super::Layer;
use super::place::{At, Placed};
use crate::kernel::resize::Upsampling;
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Mode, Op, Plan, Reads, Shortcut};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Chw, Dims, ShapeError};

/// How an [`Upsample2d`] fills the space between values.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum UpsampleMode {
    /// Each value is repeated.
    #[default]
    Nearest,
    /// Values lie on straight lines between their neighbours.
    Bilinear,
}

/// Enlarges feature maps by a whole factor.
///
/// In PyTorch: `nn.Upsample(scale_factor=scale, mode=mode)`, with `align_corners=False`, its default. In Keras:
/// `UpSampling2D(scale, interpolation=mode)`.
///
/// # Shapes
/// C×H×W → C×(SH·H)×(SW·W). There are no parameters.
///
/// # Formula
/// Nearest: y\[r\]\[c\] = x\[⌊r/SH⌋\]\[⌊c/SW⌋\]. Bilinear: y\[r\]\[c\] is x at row (r + ½)/SH − ½ and column (c + ½)/SW − ½, on
/// straight lines between the four values around it; outside of the input the values at its edge go on.
///
/// # In `network!`
/// `Upsample2d { scale: 2 }`, or `Upsample2d { scale: (2, 3), mode: UpsampleMode::Bilinear }`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Both: Chw<1, 1, 2> => Chw<1, 1, 8> {
///         nearest: Upsample2d { scale: (1, 2) },
///         bilinear: Upsample2d { scale: (1, 2), mode: UpsampleMode::Bilinear },
///     }
/// }
/// let x = Tensor::<Chw<1, 1, 2>>::from([[[0.0, 4.0]]]);
/// let y = Both::new(1).infer(&Batch::from_iter([x])).sample(0);
/// assert_eq!(y[0][0], [0.0, 0.0, 0.0, 1.0, 3.0, 4.0, 4.0, 4.0]);
/// ```
#[doc(alias("UpSampling2D", "Upsample", "nn.Upsample", "nn.UpsamplingNearest2d", "Resize", "interpolate"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Upsample2d<In, Out> {
    mode: UpsampleMode,
    sizes: PhantomData<(In, Out)>,
}

impl<In, Out> Upsample2d<In, Out>
where
    In: crate::shape::Shape,
    Self: Layer<In, f32>,
{
    /// A layer with this mode. The factors are in its type.
    ///
    /// # Panics
    /// If the output's sizes are not multiples of the input's; in a constant, that is a compile error at this call.
    #[track_caller]
    pub const fn new(mode: UpsampleMode) -> Self {
        if let Some(error) = <Self as Layer<In, f32>>::SHAPE_ERROR {
            error.refuse("")
        }
        Upsample2d { mode, sizes: PhantomData }
    }
}

/// The output for a scale.
const fn output(kind: &'static str, input: Dims, scale: [usize; 2]) -> Result<Dims, ShapeError> {
    if let Some(error) = ShapeError::not_maps(kind, input) {
        return Err(error);
    }
    if scale[0] == 0 || scale[1] == 0 {
        let error = ShapeError::of(kind).str("expected a scale of at least 1, found ").pair_or_one(scale);
        return Err(error.str("; is the setting `scale` missing?"));
    }
    Ok(Dims::chw(input.channels(), input.height() * scale[0], input.width() * scale[1]))
}

/// How often a size is whole in a larger one, at least once.
const fn times(larger: usize, size: usize) -> usize {
    match larger.checked_div(size) {
        None | Some(0) => 1,
        Some(times) => times,
    }
}

impl<const C: usize, const IH: usize, const IW: usize, const OH: usize, const OW: usize, T: Scalar>
    Layer<Chw<C, IH, IW>, T> for Upsample2d<Chw<C, IH, IW>, Chw<C, OH, OW>>
{
    type Out = Chw<C, OH, OW>;
    const SHAPE_ERROR: Option<ShapeError> = {
        let (kind, input) = ("Upsample2d", Dims::chw(C, IH, IW));
        let output = output(kind, input, [times(OH, IH), times(OW, IW)]);
        ShapeError::in_type(kind, input, Dims::chw(C, OH, OW), output)
    };

    fn add_to(&self, plan: &mut Plan<T>) {
        let scale = [times(OH, IH), times(OW, IW)];
        let up = Upsampling::new(C, [IH, IW], scale, self.mode == UpsampleMode::Bilinear);
        plan.add_builtin::<_, Self>(UpsampleOp { mode: self.mode, scale, up });
    }
}

/// The settings of an `Upsample2d` in `network!`.
#[doc(hidden)]
pub struct UpsampleSettings {
    pub scale: [usize; 2],
    pub mode: UpsampleMode,
}

impl UpsampleSettings {
    pub const DEFAULT: Self = UpsampleSettings { scale: [0, 0], mode: UpsampleMode::Nearest };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        let maps = from.output.as_maps();
        at.place(from, output(at.kind, from.output, self.scale), [maps, maps])
    }
}

super::unknown_setting!(
    UpsampleSettings,
    NoSettingOfUpsample2d,
    "`Upsample2d` has no setting `{Self}`; it has `scale` and `mode`",
    "PyTorch's `scale_factor` and Keras's `size` are `scale`"
);

struct UpsampleOp {
    mode: UpsampleMode,
    scale: [usize; 2],
    up: Upsampling,
}

builtin!(UpsampleOp);

impl<T: Scalar> Op<T> for UpsampleOp {
    fn describe(&self) -> String {
        let [rows, columns] = self.scale;
        let scale = if rows == columns { rows.to_string() } else { format!("{rows}×{columns}") };
        format!(
            "Upsample2d {scale}, {}",
            if self.mode == UpsampleMode::Nearest { "nearest" } else { "bilinear" }
        )
    }

    /// ONNX's scales are always `f32`. Its default is the nearest value.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let scales = [1, 1, self.scale[0], self.scale[1]].map(|scale| scale as f64);
        let scales = Operand::Floats { shape: vec![4], values: scales.into() };
        let none = Operand::Floats { shape: vec![0], values: Vec::new() };
        let resize = Node::new("Resize", [Operand::Input, none, Operand::Last]);
        let linear = self.mode == UpsampleMode::Bilinear;
        let resize = if linear { resize.with("mode", "linear") } else { resize };
        // To type 1, FLOAT.
        Some(vec![Node::new("Cast", [scales]).with("to", 1), resize])
    }

    fn shortcut(&self, _: Mode) -> Shortcut {
        if self.scale == [1, 1] { Shortcut::Identity } else { Shortcut::None }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
        self.up.forward(y, x, pass.exec);
    }

    fn backward(&self, Backward { dx, dy, pass, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            self.up.backward(dx, dy, pass.exec);
        }
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __Upsample2d {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::layer::Upsample2d<$crate::__in!(Chw $net $name), $crate::__out!(Resized $net $name $settings)>
    };
    (@value { $($settings:tt)* }) => {
        $crate::layer::Upsample2d::new($crate::__settings!(@next __Upsample2d UpsampleSettings [] $($settings)*).mode)
    };
    (@key scale $($to:tt)*) => { $crate::__settings!(@pair scale $($to)*) };
    (@key mode $($to:tt)*) => { $crate::__settings!(@one mode $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__Upsample2d UpsampleSettings $($settings)*) };
}
