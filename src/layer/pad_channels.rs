//! More channels, of zeros.

use std::marker::PhantomData;

use super::Layer;
use super::place::{At, Placed};
use crate::kernel::merge::Part;
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Mode, Op, Plan, Reads, Shortcut};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Chw, Dims, ShapeError};

/// Widens feature maps by channels of zeros, behind those of the input.
///
/// In PyTorch: `nn.ConstantPad3d((0, 0, 0, 0, 0, CO - C), 0.0)`, or `F.pad` with the same numbers.
///
/// # Shapes
/// C×H×W → CO×H×W, with CO the setting `channels`, at least C. There are no parameters.
///
/// # Formula
/// y\[c\] = x\[c\] for c < C, else 0.
///
/// # Source
/// The shortcuts of He, Zhang, Ren and Sun 2016, "Deep residual learning for image recognition", their option A: where the number
/// of channels rises, the input is padded with zeros, and no parameters are needed.
///
/// # In `network!`
/// `PadChannels { channels: 32 }`: the number of channels of the output.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Wider: Chw<1, 1, 2> => Chw<3, 1, 2> {
///         pad: PadChannels { channels: 3 },
///     }
/// }
/// let x = Tensor::<Chw<1, 1, 2>>::from([[[1.0, 2.0]]]);
/// let y = Wider::new(1).infer(&Batch::from_iter([x])).sample(0);
/// assert_eq!(y.as_slice(), [1.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
/// ```
#[doc(alias("nn.ConstantPad3d", "F.pad", "ZeroPadding"))]
#[derive(Clone, Copy, Default, Debug)]
pub struct PadChannels<In, Out>(PhantomData<(In, Out)>);

super::constructor!(PadChannels<In, Out>);

/// The output for a number of channels.
const fn output(kind: &'static str, input: Dims, channels: usize) -> Result<Dims, ShapeError> {
    if let Some(error) = ShapeError::not_maps(kind, input) {
        return Err(error);
    }
    if channels < input.channels() {
        let error = ShapeError::of(kind).str("expected at least the ").num(input.channels());
        let error = error.str(" channels of the input, found ").num(channels);
        return Err(if channels == 0 { error.str("; is the setting `channels` missing?") } else { error });
    }
    Ok(Dims::chw(channels, input.height(), input.width()))
}

impl<const C: usize, const H: usize, const W: usize, const CO: usize, T: Scalar> Layer<Chw<C, H, W>, T>
    for PadChannels<Chw<C, H, W>, Chw<CO, H, W>>
{
    type Out = Chw<CO, H, W>;
    const SHAPE_ERROR: Option<ShapeError> = {
        let (kind, input) = ("PadChannels", Dims::chw(C, H, W));
        ShapeError::in_type(kind, input, Dims::chw(CO, H, W), output(kind, input, CO))
    };

    fn add_to(&self, plan: &mut Plan<T>) {
        let part = Part { whole: CO * H * W, start: 0, len: C * H * W };
        plan.add_builtin::<_, Self>(PadOp { part, channels: [C, CO] });
    }
}

/// The settings of a `PadChannels` in `network!`.
#[doc(hidden)]
pub struct PadChannelsSettings {
    pub channels: usize,
}

impl PadChannelsSettings {
    pub const DEFAULT: Self = PadChannelsSettings { channels: 0 };

    #[track_caller]
    pub const fn place(self, at: At, from: Placed) -> Placed {
        let maps = from.output.as_maps();
        at.place(from, output(at.kind, from.output, self.channels), [maps, maps])
    }
}

super::unknown_setting!(
    PadChannelsSettings,
    NoSettingOfPadChannels,
    "`PadChannels` has no setting `{Self}`; it has `channels`, the number of channels of the output"
);

struct PadOp {
    part: Part,
    /// Of the input and of the output.
    channels: [usize; 2],
}

builtin!(PadOp);

impl<T: Scalar> Op<T> for PadOp {
    fn describe(&self) -> String {
        format!("PadChannels to {}", self.channels[1])
    }

    /// ONNX's padding is that of all axes at their begin, then at their end.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let more = (self.channels[1] - self.channels[0]) as i64;
        Some(vec![Node::new("Pad", [Operand::Input, Operand::from([0, 0, 0, 0, 0, more, 0, 0])])])
    }

    fn shortcut(&self, _: Mode) -> Shortcut {
        if self.channels[0] == self.channels[1] { Shortcut::Identity } else { Shortcut::None }
    }

    fn reads(&self) -> Reads {
        Reads::NOTHING
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, pass, .. }: Forward<'_, T>) {
        self.part.write_alone(pass.exec, y, x);
    }

    fn backward(&self, Backward { dx, dy, pass, .. }: Backward<'_, T>) {
        if let Some(dx) = dx {
            self.part.read(pass.exec, dx, dy);
        }
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __PadChannels {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* layer } };
    (@type $net:tt $name:ident $settings:tt) => {
        $crate::layer::PadChannels<$crate::__in!(Chw $net $name), $crate::__out!(Channels $net $name $settings)>
    };
    (@value $settings:tt) => { ::core::default::Default::default() };
    (@key channels $($to:tt)*) => { $crate::__settings!(@size channels $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__PadChannels PadChannelsSettings $($settings)*) };
}
