//! Normalisation of each sample by itself.

use super::place::{At, Placed};
use super::{Layer, Params, ParamsMut, Tensors};
use crate::kernel::sample_norm::SampleNorm;
use crate::plan::op::builtin;
use crate::plan::{Backward, Forward, Op, Param, Plan, Reads, Role};
#[cfg(feature = "store")]
use crate::plan::{Node, Operand};
use crate::scalar::Scalar;
use crate::shape::{Chw, Dims, Flat, Shape, ShapeError};

/// Normalises groups of channels of each sample to mean 0 and variance 1, then applies a learnt factor and a learnt term for
/// each channel (Wu & He 2018, "Group normalization").
///
/// In PyTorch: `nn.GroupNorm(groups, channels)`. In Keras: `GroupNormalization(groups)`.
///
/// # Shapes
/// C×H×W → C×H×W, where `groups` divides C; N → N likewise. weight \[C\] (γ), bias \[C\] (β).
///
/// # Formula
/// y = γ·(x − μ) / √(σ² + ε) + β with the μ and σ² of the sample's C/groups channels that the value belongs to, σ² being the
/// mean of (x − μ)². Training and inference are the same, and no sample depends on another. ε is PyTorch's, 10⁻⁵.
///
/// # In `network!`
/// `GroupNorm { groups: 8, epsilon: 1e-5 }`, where epsilon may be left out.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Normalised: Chw<4, 1, 1> => Chw<4, 1, 1> {
///         norm: GroupNorm { groups: 2 },
///     }
/// }
/// let x = Tensor::<Chw<4, 1, 1>>::from([[[1.0]], [[5.0]], [[8.0]], [[4.0]]]);
/// let y = Normalised::new(1).infer(&Batch::from_iter([x])).sample(0);
/// for (y, expected) in y.as_slice().iter().zip([-1.0, 1.0, 1.0, -1.0]) {
///     assert!((y - expected).abs() < 1e-5);
/// }
/// ```
#[doc(alias("GroupNormalization", "nn.GroupNorm"))]
#[derive(Clone, Copy, Debug)]
pub struct GroupNorm<const GROUPS: usize> {
    epsilon: f64,
}

/// Normalises all values of each sample to mean 0 and variance 1, then applies a learnt factor and a learnt term for each
/// value (Ba, Kiros & Hinton 2016, "Layer normalization").
///
/// In PyTorch: `nn.LayerNorm([channels, height, width])`, or `nn.LayerNorm(inputs)` for vectors. In Keras:
/// `LayerNormalization(axis=[1, 2, 3])`, which has another epsilon and axes in another order.
///
/// # Shapes
/// C×H×W → C×H×W, weight \[C\]\[H\]\[W\] (γ), bias \[C\]\[H\]\[W\] (β); N → N, weight \[N\], bias \[N\].
///
/// # Formula
/// y = γ·(x − μ) / √(σ² + ε) + β with the μ and σ² of the sample, as in [`GroupNorm`].
///
/// # In `network!`
/// `LayerNorm`, or `LayerNorm { epsilon: 1e-6 }`.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Small: Flat<2> => Flat<3> {
///         fc: Dense { units: 3 },
///         norm: LayerNorm,
///     }
/// }
/// assert_eq!(Small::new(1).norm().weight(), [1.0; 3]);
/// ```
#[doc(alias("LayerNormalization", "nn.LayerNorm"))]
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    epsilon: f64,
}

/// Normalises each channel of each sample to mean 0 and variance 1 (Ulyanov, Vedaldi & Lempitsky 2016, "Instance
/// normalization").
///
/// In PyTorch: `nn.InstanceNorm2d(channels, affine=…)`. In Keras: `GroupNormalization(groups=-1)`.
///
/// # Shapes
/// C×H×W → C×H×W with H·W > 1. There are no parameters; with `affine: true` weight \[C\] (γ) and bias \[C\] (β).
///
/// # Formula
/// y = (x − μ) / √(σ² + ε), or γ·(x − μ) / √(σ² + ε) + β, with the μ and σ² of the sample's channel, as in [`GroupNorm`].
///
/// # In `network!`
/// `InstanceNorm`, or `InstanceNorm { affine: true, epsilon: 1e-5 }`, where either may be left out.
///
/// ```
/// use convnet::prelude::*;
/// network! {
///     struct Plain: Chw<1, 1, 2> => Chw<1, 1, 2> {
///         norm: InstanceNorm,
///         scaled: InstanceNorm { affine: true },
///     }
/// }
/// const _: () = assert!(Plain::PARAMS == 2);
/// let y = Plain::new(1).infer(&Batch::from_iter([Tensor::<Chw<1, 1, 2>>::from([[[3.0, 7.0]]])])).sample(0);
/// assert!((y[0][0][0] + 1.0).abs() < 1e-4 && (y[0][0][1] - 1.0).abs() < 1e-4);
/// ```
#[doc(alias("InstanceNorm2d", "nn.InstanceNorm2d", "InstanceNormalization"))]
#[derive(Clone, Copy, Debug)]
pub struct InstanceNorm<const AFFINE: bool = false> {
    epsilon: f64,
}

const EPSILON: f64 = 1e-5;

/// The output of a normalisation by groups of channels; an error if these do not divide the channels, or have one value.
const fn output(kind: &'static str, input: Dims, groups: usize, epsilon: f64) -> Result<Dims, ShapeError> {
    if let Some(error) = ShapeError::after_softmax(kind, input) {
        return Err(error);
    }
    if !(epsilon > 0.0 && epsilon < f64::INFINITY) {
        return Err(ShapeError::of(kind).str("expected a finite epsilon above 0"));
    }
    if groups == 0 || !input.channels().is_multiple_of(groups) {
        let error = ShapeError::of(kind).str("expected groups that divide ").num(input.channels());
        let error = error.str(" channels, found ").num(groups);
        return Err(if groups == 0 { error.str("; is the setting `groups` missing?") } else { error });
    }
    if input.len() == groups {
        let error = ShapeError::of(kind).str("expected more than 1 value in a group, found 1: an input of ");
        return Err(error.dims(input).str(" in ").num(groups).str(if groups == 1 {
            " group"
        } else {
            " groups"
        }));
    }
    Ok(input)
}

/// The same for a layer of this type, whose epsilon was checked when it was made.
const fn type_error(kind: &'static str, input: Dims, groups: usize) -> Option<ShapeError> {
    match output(kind, input, groups, EPSILON) {
        Ok(_) => None,
        Err(error) => Some(error),
    }
}

/// A constructor, a default, and the settings in `network!`.
macro_rules! sample_norm {
    (
        $layer:ident $([const $G:ident: $t:ty])?, $Settings:ident { $($setting:ident: $type:ty = $default:expr)? },
        $Known:ident, $message:literal, $groups:expr
    ) => {
        impl$(<const $G: $t>)? $layer$(<$G>)? {
            /// A layer with this epsilon added to variances.
            ///
            /// # Panics
            /// Unless epsilon is finite and above 0; in a constant, as in `network!`, that is a compile error.
            #[track_caller]
            pub const fn new(epsilon: f64) -> Self {
                if let Err(error) = output(stringify!($layer), Dims::flat(2), 1, epsilon) {
                    error.refuse("");
                }
                $layer { epsilon }
            }
        }

        /// An epsilon of 10⁻⁵.
        impl$(<const $G: $t>)? Default for $layer$(<$G>)? {
            fn default() -> Self {
                $layer { epsilon: EPSILON }
            }
        }

        /// The settings of the layer in `network!`.
        #[doc(hidden)]
        pub struct $Settings {
            $(pub $setting: $type,)?
            pub epsilon: f64,
        }

        impl $Settings {
            pub const DEFAULT: Self = $Settings { $($setting: $default,)? epsilon: EPSILON };

            #[track_caller]
            pub const fn place(self, at: At, from: Placed) -> Placed {
                let input = from.output;
                let groups = $groups(&self, input);
                let made_up = if input.is_maps() { input } else { Dims::flat(input.len()) };
                let output = output(at.kind, input, groups, self.epsilon);
                Placed { groups, ..at.place(from, output, [made_up, made_up]) }
            }
        }

        super::unknown_setting!($Settings, $Known, $message, "PyTorch's `eps` is `epsilon`; sizes are inferred");

    };
}

/// The layer for an input of a shape: generic parameters, groups, whether it has parameters, neighbouring values that share
/// one, and the shape of weight and bias.
macro_rules! in_shape {
    (
        $layer:ident $(<$G:ident>)?, [$($generics:tt)*], $Shape:ty: $groups:expr, $affine:expr, $span:expr, [$($dim:expr),+]
    ) => {
        impl<$($generics)*, T: Scalar> Layer<$Shape, T> for $layer$(<$G>)? {
            type Out = $Shape;
            const SHAPE_ERROR: Option<ShapeError> = type_error(stringify!($layer), <$Shape>::DIMS, $groups);
            const PARAMS: usize = if $affine { 2 $(* $dim)+ } else { 0 };
            const TENSORS: Tensors =
                if $affine { &[("weight", &[$($dim),+]), ("bias", &[$($dim),+])] } else { &[] };

            fn add_to(&self, plan: &mut Plan<T>) {
                let (dims, epsilon) = (<$Shape>::DIMS, self.epsilon);
                let norm = SampleNorm { len: dims.len(), groups: $groups, span: $span, epsilon };
                let shape = if $affine { vec![$($dim),+] } else { Vec::new() };
                plan.add_builtin::<$Shape, Self>(SampleNormOp { kind: stringify!($layer), norm, dims, shape });
            }
        }
    };
}

sample_norm! {
    GroupNorm[const G: usize], GroupNormSettings { groups: usize = 0 }, NoSettingOfGroupNorm,
    "`GroupNorm` has no setting `{Self}`; it has `groups` and `epsilon`", groups_of_settings
}
sample_norm! {
    LayerNorm, LayerNormSettings {}, NoSettingOfLayerNorm,
    "`LayerNorm` has no setting `{Self}`; it has `epsilon`", all_values
}
sample_norm! {
    InstanceNorm[const AFFINE: bool], InstanceNormSettings { affine: bool = false }, NoSettingOfInstanceNorm,
    "`InstanceNorm` has no setting `{Self}`; it has `affine` and `epsilon`", each_channel
}
in_shape!(GroupNorm<G>, [const G: usize, const C: usize, const H: usize, const W: usize], Chw<C, H, W>: G, true, H * W, [C]);
in_shape!(GroupNorm<G>, [const G: usize, const N: usize], Flat<N>: G, true, 1, [N]);
in_shape!(LayerNorm, [const C: usize, const H: usize, const W: usize], Chw<C, H, W>: 1, true, 1, [C, H, W]);
in_shape!(LayerNorm, [const N: usize], Flat<N>: 1, true, 1, [N]);
in_shape!(InstanceNorm<A>, [const A: bool, const C: usize, const H: usize, const W: usize], Chw<C, H, W>: C, A, H * W, [C]);

const fn groups_of_settings(settings: &GroupNormSettings, _: Dims) -> usize {
    settings.groups
}

const fn all_values(_: &LayerNormSettings, _: Dims) -> usize {
    1
}

const fn each_channel(_: &InstanceNormSettings, input: Dims) -> usize {
    input.channels()
}

struct SampleNormOp {
    kind: &'static str,
    norm: SampleNorm,
    #[cfg_attr(not(feature = "store"), allow(dead_code, reason = "for the export"))]
    dims: Dims,
    /// The shape of weight and bias; empty if there are none.
    shape: Vec<usize>,
}

builtin!(SampleNormOp);

impl<T: Scalar> Op<T> for SampleNormOp {
    fn describe(&self) -> String {
        let mut text = self.kind.to_string();
        if self.kind == "GroupNorm" {
            text += &format!(" {} groups", self.norm.groups);
        }
        if self.norm.epsilon != EPSILON {
            text += &format!(", epsilon {:e}", self.norm.epsilon);
        }
        text
    }

    fn params(&self) -> Vec<Param> {
        if self.shape.is_empty() {
            return Vec::new();
        }
        let param = |name, role| Param::new(name, role, self.shape.clone());
        vec![param("weight", Role::Scale), param("bias", Role::Shift)]
    }

    /// One group of all values is a `LayerNormalization`. Other groups are ONNX's instances, in a shape of their own; weights
    /// and biases are a batch normalisation with mean 0 and variance 1.
    #[cfg(feature = "store")]
    fn nodes(&self) -> Option<Vec<Node>> {
        let [weight, bias] = ["weight", "bias"].map(Operand::Param);
        let groups = self.norm.groups;
        if self.kind == "LayerNorm" {
            let node = Node::new("LayerNormalization", [Operand::Input, weight, bias]);
            return Some(vec![node.with("axis", 1).with("epsilon", self.norm.epsilon)]);
        }
        let all = |count, value: f64| Operand::Floats { shape: vec![count], values: vec![value; count] };
        let instances = |input| {
            let inputs = [input, all(groups, 1.0), all(groups, 0.0)];
            Node::new("InstanceNormalization", inputs).with("epsilon", self.norm.epsilon)
        };
        let mut nodes = if self.kind == "InstanceNorm" {
            vec![instances(Operand::Input)]
        } else {
            let sample = [self.dims.channels(), self.dims.height(), self.dims.width()];
            let sample = if self.dims.is_maps() { &sample[..] } else { &sample[..1] };
            // A dimension of 0 is that of the input.
            let back: Vec<i64> = [0].into_iter().chain(sample.iter().map(|&size| size as i64)).collect();
            let back = Operand::Ints { shape: vec![back.len()], values: back };
            vec![
                Node::new("Reshape", [Operand::Input, Operand::from([0, groups as i64, -1])]),
                instances(Operand::Last),
                Node::new("Reshape", [Operand::Last, back]),
            ]
        };
        if let [count] = self.shape[..] {
            let inputs = [Operand::Last, weight, bias, all(count, 0.0), all(count, 1.0)];
            nodes.push(Node::new("BatchNormalization", inputs).with("epsilon", 0.0));
        }
        Some(nodes)
    }

    fn scratch(&self, tiles: usize) -> usize {
        self.norm.scratch(tiles)
    }

    fn reads(&self) -> Reads {
        Reads::X
    }

    fn narrow(&self) -> bool {
        true
    }

    fn forward(&self, Forward { y, x, params, pass, .. }: Forward<'_, T>) {
        let (weight, bias) = params.split_at(params.len() / 2);
        self.norm.forward(y, x, weight, bias, pass.exec);
    }

    fn backward(&self, Backward { dx, dparams, dy, x, params, scratch, pass, .. }: Backward<'_, T>) {
        let count = params.len() / 2;
        let (dweight, dbias) = dparams.split_at_mut(count);
        self.norm.backward(dx, dweight, dbias, dy, x, &params[..count], scratch, pass.exec);
    }
}

/// Access to the parameters of a layer.
macro_rules! access {
    ($layer:ty $(, const $G:ident: $t:ty)?) => {
        impl<'a, $(const $G: $t,)? T: Scalar> Params<'a, $layer, T> {
            /// γ.
            pub fn weight(&self) -> &'a [T] {
                self.values.split_at(self.values.len() / 2).0
            }

            /// β.
            pub fn bias(&self) -> &'a [T] {
                self.values.split_at(self.values.len() / 2).1
            }
        }

        impl<'a, $(const $G: $t,)? T: Scalar> ParamsMut<'a, $layer, T> {
            /// The two tensors: weight (γ), bias (β).
            pub fn tensors(self) -> [&'a mut [T]; 2] {
                self.values.split_at_mut(self.values.len() / 2).into()
            }
        }
    };
}
access!(GroupNorm<G>, const G: usize);
access!(LayerNorm);
access!(InstanceNorm<true>);

#[doc(hidden)]
#[macro_export]
macro_rules! __GroupNorm {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $net:tt $name:ident $settings:tt) => { $crate::layer::GroupNorm<{ $name.groups }> };
    (@value { $($settings:tt)* }) => {
        $crate::layer::GroupNorm::new($crate::__settings!(@value __GroupNorm GroupNormSettings $($settings)*).epsilon)
    };
    (@key groups $($to:tt)*) => { $crate::__settings!(@one groups $($to)*) };
    (@key epsilon $($to:tt)*) => { $crate::__settings!(@one epsilon $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__GroupNorm GroupNormSettings $($settings)*) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __LayerNorm {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $($placed:tt)*) => { $crate::layer::LayerNorm };
    (@value { $($settings:tt)* }) => {
        $crate::layer::LayerNorm::new($crate::__settings!(@value __LayerNorm LayerNormSettings $($settings)*).epsilon)
    };
    (@key epsilon $($to:tt)*) => { $crate::__settings!(@one epsilon $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__LayerNorm LayerNormSettings $($settings)*) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __InstanceNorm {
    (@ask $callback:ident [$($to:tt)*]) => { $crate::$callback! { $($to)* value } };
    (@type $net:tt $name:ident { $($settings:tt)* }) => {
        $crate::layer::InstanceNorm<{
            $crate::__settings!(@value __InstanceNorm InstanceNormSettings $($settings)*).affine
        }>
    };
    (@value { $($settings:tt)* }) => {
        $crate::layer::InstanceNorm::new($crate::__settings!(@value __InstanceNorm InstanceNormSettings $($settings)*).epsilon)
    };
    (@key affine $($to:tt)*) => { $crate::__settings!(@one affine $($to)*) };
    (@key epsilon $($to:tt)*) => { $crate::__settings!(@one epsilon $($to)*) };
    (@key $other:ident $($to:tt)*) => { $crate::__settings!(@unknown $other $($to)*) };
    ($($settings:tt)*) => { $crate::__place!(__InstanceNorm InstanceNormSettings $($settings)*) };
}
