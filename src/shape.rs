//! Shapes as types, and the only place where the size of a window layer's output is computed.
//!
//! A [`Shape`] is a type without values: [`Chw`] for images and feature maps, [`Flat`] for vectors,
//! [`Probabilities`] and [`LogProbabilities`] for the output of a softmax. The same shape as a value is a [`Dims`], which constant
//! code can compute with; stable Rust cannot compute inside a type.

#![allow(clippy::result_large_err, reason = "a sentence made in constant code has no heap to lie on")]

use std::fmt;

/// The shape of one sample, as a type.
///
/// ```
/// use convnet::prelude::*;
/// assert_eq!(<Chw<3, 32, 32>>::LEN, 3072);
/// assert_eq!(<Flat<10>>::DIMS.to_string(), "10");
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is not a shape: write `Chw<C, H, W>` or `Flat<N>`")]
pub trait Shape: Copy + Default + fmt::Debug + Send + Sync + 'static {
    /// The shape as a value.
    const DIMS: Dims;

    /// Values in one sample.
    const LEN: usize = Self::DIMS.len();
}

/// Channels, height and width: an image or a stack of feature maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chw<const C: usize, const H: usize, const W: usize>;

/// A vector of `N` numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flat<const N: usize>;

/// A vector of `N` probabilities that sum to one: what [`Softmax`](crate::layer::Softmax) gives.
///
/// It is a shape of its own so that a second softmax, or a loss that applies one itself, does not compile
/// behind the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probabilities<const N: usize>;

/// The logarithms of `N` probabilities that sum to one: what [`LogSoftmax`](crate::layer::LogSoftmax) gives. A shape of
/// its own for the same reason as [`Probabilities`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogProbabilities<const N: usize>;

impl<const C: usize, const H: usize, const W: usize> Shape for Chw<C, H, W> {
    const DIMS: Dims = Dims::chw(C, H, W);
}

impl<const N: usize> Shape for Flat<N> {
    const DIMS: Dims = Dims::flat(N);
}

impl<const N: usize> Shape for Probabilities<N> {
    const DIMS: Dims = Dims { kind: Dims::PROBABILITIES, ..Dims::flat(N) };
}

impl<const N: usize> Shape for LogProbabilities<N> {
    const DIMS: Dims = Dims { kind: Dims::LOG_PROBABILITIES, ..Dims::flat(N) };
}

/// Shapes whose entries are free numbers, not probabilities: what activations, most layers and most losses work on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` comes from a softmax and fits only the loss that is made for it",
    label = "these are probabilities already",
    note = "`ProbabilityCrossEntropy` takes `Probabilities`, `NegativeLogLikelihood` takes `LogProbabilities`",
    note = "a second Softmax, or another layer, is never wanted behind a Softmax"
)]
pub trait Features: Shape {}
impl<const C: usize, const H: usize, const W: usize> Features for Chw<C, H, W> {}
impl<const N: usize> Features for Flat<N> {}

/// A shape as a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Dims {
    kind: u8,
    channels: usize,
    height: usize,
    width: usize,
}

impl Dims {
    #[doc(hidden)]
    pub const CHW: u8 = 0;
    #[doc(hidden)]
    pub const FLAT: u8 = 1;
    #[doc(hidden)]
    pub const PROBABILITIES: u8 = 2;
    #[doc(hidden)]
    pub const LOG_PROBABILITIES: u8 = 3;

    /// The dimensions of [`Chw`].
    pub const fn chw(channels: usize, height: usize, width: usize) -> Self {
        Dims { kind: Self::CHW, channels, height, width }
    }

    /// The dimensions of [`Flat`].
    pub const fn flat(len: usize) -> Self {
        Dims { kind: Self::FLAT, channels: len, height: 1, width: 1 }
    }

    #[doc(hidden)]
    pub const fn kind(self) -> u8 {
        self.kind
    }

    /// Channels; for a vector its length.
    pub const fn channels(self) -> usize {
        self.channels
    }

    /// Rows; 1 for a vector.
    pub const fn height(self) -> usize {
        self.height
    }

    /// Columns; 1 for a vector.
    pub const fn width(self) -> usize {
        self.width
    }

    /// Values in one sample.
    pub const fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether a sample has no values.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    const fn equals(self, other: Dims) -> bool {
        self.kind == other.kind
            && self.channels == other.channels
            && self.height == other.height
            && self.width == other.width
    }
}

/// `6×28×28`, `10`.
impl fmt::Display for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Self::CHW => f.pad(&format!("{}×{}×{}", self.channels, self.height, self.width)),
            _ => f.pad(&self.channels.to_string()),
        }
    }
}

/// Kernel height and width of a window layer; `Kernel<5>` is 5×5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernel<const H: usize, const W: usize = H>;

/// Vertical and horizontal step of a window; `Stride<2>` is 2 both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stride<const H: usize, const W: usize = H>;

/// Rows above and below, columns left and right, that a layer adds around its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding<const H: usize, const W: usize = H>;

/// Rows and columns from one entry of a kernel to the next; 1 for a kernel without holes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dilation<const H: usize, const W: usize = H>;

/// The parts into which the channels and filters of a convolution are cut; each part sees nothing of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Groups<const N: usize>;

/// Kernel, stride, padding and dilation as values, each as \[vertical, horizontal\].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns from one position to the next.
    pub stride: [usize; 2],
    /// Rows and columns added on each side of the input.
    pub padding: [usize; 2],
    /// Rows and columns from one entry of the kernel to the next.
    pub dilation: [usize; 2],
}

impl Window {
    /// A window without holes.
    pub const fn new(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Self {
        Window { kernel, stride, padding, dilation: [1, 1] }
    }

    /// Rows and columns that the window covers, holes included.
    pub const fn extent(self) -> [usize; 2] {
        let Window { kernel, dilation, .. } = self;
        [(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1]
    }

    const fn has_holes(self) -> bool {
        self.dilation[0] != 1 || self.dilation[1] != 1
    }
}

/// The type-level shape of a [`Dims`], for the `network!` macro: a constant chooses the type.
#[doc(hidden)]
pub struct Known<const KIND: u8, const C: usize, const H: usize, const W: usize>;

#[doc(hidden)]
pub trait ToShape {
    type Shape: Shape;
}

impl<const C: usize, const H: usize, const W: usize> ToShape for Known<{ Dims::CHW }, C, H, W> {
    type Shape = Chw<C, H, W>;
}

impl<const C: usize> ToShape for Known<{ Dims::FLAT }, C, 1, 1> {
    type Shape = Flat<C>;
}

impl<const C: usize> ToShape for Known<{ Dims::PROBABILITIES }, C, 1, 1> {
    type Shape = Probabilities<C>;
}

impl<const C: usize> ToShape for Known<{ Dims::LOG_PROBABILITIES }, C, 1, 1> {
    type Shape = LogProbabilities<C>;
}

/// Why a layer does not fit: a sentence put together in constant code, where `format!` is not to be had.
#[derive(Clone, Copy)]
pub struct Misfit {
    kind: &'static str,
    text: [u8; 320],
    len: usize,
}

impl Misfit {
    /// A compile error with this sentence, at the place of the call, if it is made in a constant. The kind of
    /// layer and its name, where it has one, come first.
    ///
    /// # Panics
    /// Always.
    #[track_caller]
    pub const fn refuse(self, name: &str) -> ! {
        let Ok(text) = std::str::from_utf8(self.text.split_at(self.len).0) else { panic!("a misfit") };
        let head = Misfit { len: 0, ..self }.str(self.kind);
        let head = if name.is_empty() { head } else { head.str(" ").str(name) };
        let whole = head.str(": ").str(text);
        match std::str::from_utf8(whole.text.split_at(whole.len).0) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("a misfit"),
        }
    }

    pub(crate) const fn of(kind: &'static str) -> Self {
        Misfit { kind, text: [0; 320], len: 0 }
    }

    pub(crate) const fn str(mut self, part: &str) -> Self {
        let part = part.as_bytes();
        let mut i = 0;
        while i < part.len() && self.len < self.text.len() {
            self.text[self.len] = part[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    pub(crate) const fn num(self, n: usize) -> Self {
        let mut digits = [0; 20];
        let mut start = digits.len();
        let mut rest = n;
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        match std::str::from_utf8(digits.split_at(start).1) {
            Ok(digits) => self.str(digits),
            Err(_) => self,
        }
    }

    /// `5x3`; the multiplication sign would be shown as an escape by some terminals.
    const fn pair(self, pair: [usize; 2]) -> Self {
        self.num(pair[0]).str("x").num(pair[1])
    }

    const fn dims(self, dims: Dims) -> Self {
        match dims.kind {
            Dims::CHW => self.num(dims.channels).str("x").pair([dims.height, dims.width]),
            _ => self.num(dims.channels),
        }
    }

    /// `[6, 1, 5, 5]`.
    #[cfg(feature = "store")]
    pub(crate) const fn shape(self, shape: &[usize]) -> Self {
        let (mut text, mut i) = (self.str("["), 0);
        while i < shape.len() {
            text = if i == 0 { text } else { text.str(", ") }.num(shape[i]);
            i += 1;
        }
        text.str("]")
    }

    /// `a 3x3 kernel`, and what it covers, if that is more.
    const fn window(self, window: Window) -> Self {
        let text = self.str("a ").pair(window.kernel).str(" kernel");
        if !window.has_holes() {
            return text;
        }
        text.str(" with dilation ")
            .pair_or_one(window.dilation)
            .str(", which covers ")
            .pair(window.extent())
            .str(",")
    }

    /// `the 3x3 kernel`, or what it covers, if that is more.
    const fn extent_of(self, window: Window) -> Self {
        let text = self.str("the ").pair(window.extent());
        if !window.has_holes() {
            return text.str(" kernel");
        }
        text.str(" that a ")
            .pair(window.kernel)
            .str(" kernel with dilation ")
            .pair_or_one(window.dilation)
            .str(" covers")
    }

    const fn pair_or_one(self, pair: [usize; 2]) -> Self {
        if pair[0] == pair[1] { self.num(pair[0]) } else { self.pair(pair) }
    }
}

/// Rows and columns of a window layer's output: ⌊(n + 2·padding − extent) / stride⌋ + 1 along each axis, with
/// extent = (kernel − 1)·dilation + 1.
///
/// The one place that holds this rule (Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep
/// learning", relationship 15). A window that does not fit is a constant panic that names the layer.
#[doc(hidden)]
pub const fn window_output(kind: &'static str, input: Dims, window: Window) -> Result<[usize; 2], Misfit> {
    if let Some(misfit) = not_maps(kind, input) {
        return Err(misfit);
    }
    let Window { kernel, stride, padding, dilation } = window;
    if kernel[0] == 0 || kernel[1] == 0 {
        let misfit = Misfit::of(kind).str("expected a kernel of at least 1x1, found ").pair(kernel);
        return Err(misfit.str("; is the setting `kernel` missing?"));
    }
    if stride[0] == 0 || stride[1] == 0 {
        return Err(Misfit::of(kind).str("expected a stride of at least 1, found ").pair_or_one(stride));
    }
    if dilation[0] == 0 || dilation[1] == 0 {
        return Err(Misfit::of(kind).str("expected a dilation of at least 1, found ").pair_or_one(dilation));
    }
    let extent = window.extent();
    if extent[0] > input.height + 2 * padding[0] || extent[1] > input.width + 2 * padding[1] {
        return Err(Misfit::of(kind)
            .window(window)
            .str(" does not fit a ")
            .pair([input.height, input.width])
            .str(" input with padding ")
            .pair_or_one(padding));
    }
    Ok([
        (input.height + 2 * padding[0] - extent[0]) / stride[0] + 1,
        (input.width + 2 * padding[1] - extent[1]) / stride[1] + 1,
    ])
}

/// Output of a convolution; also refuses padding that only adds zeros to look at.
#[doc(hidden)]
pub const fn conv_output(
    kind: &'static str,
    input: Dims,
    filters: usize,
    window: Window,
    groups: usize,
) -> Result<Dims, Misfit> {
    let [height, width] = match window_output(kind, input, window) {
        Ok(size) => size,
        Err(misfit) => return Err(misfit),
    };
    if filters == 0 {
        return Err(
            Misfit::of(kind).str("expected at least 1 filter, found 0; is the setting `filters` missing?")
        );
    }
    if groups == 0 || !input.channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
        return Err(Misfit::of(kind)
            .str("expected groups that divide ")
            .num(input.channels)
            .str(" channels and ")
            .num(filters)
            .str(" filters, found ")
            .num(groups));
    }
    let extent = window.extent();
    if window.padding[0] >= extent[0] || window.padding[1] >= extent[1] {
        return Err(Misfit::of(kind)
            .str("expected padding smaller than ")
            .extent_of(window)
            .str(", found ")
            .pair_or_one(window.padding));
    }
    Ok(Dims::chw(filters, height, width))
}

/// Output of a pooling layer; every window must cover a value of the input.
#[doc(hidden)]
pub const fn pool_output(kind: &'static str, input: Dims, window: Window) -> Result<Dims, Misfit> {
    let [height, width] = match window_output(kind, input, window) {
        Ok(size) => size,
        Err(misfit) => return Err(misfit),
    };
    if 2 * window.padding[0] > window.kernel[0] || 2 * window.padding[1] > window.kernel[1] {
        return Err(Misfit::of(kind)
            .str("expected padding of at most half the ")
            .pair(window.kernel)
            .str(" kernel, found ")
            .pair_or_one(window.padding));
    }
    Ok(Dims::chw(input.channels, height, width))
}

/// Output of a pooling layer whose windows adapt to the size of its output. The output may be larger than the input.
#[doc(hidden)]
pub const fn adaptive_output(kind: &'static str, input: Dims, size: [usize; 2]) -> Result<Dims, Misfit> {
    if let Some(misfit) = not_maps(kind, input) {
        return Err(misfit);
    }
    if size[0] == 0 || size[1] == 0 {
        let misfit = Misfit::of(kind).str("expected a size of at least 1x1, found ").pair(size);
        return Err(misfit.str("; is the setting `size` missing?"));
    }
    Ok(Dims::chw(input.channels, size[0], size[1]))
}

/// Output of a convolution whose filters each see some of the channels: those that its table names.
#[doc(hidden)]
pub const fn sparse_output(
    kind: &'static str,
    input: Dims,
    table: &[&[usize]],
    kernel: [usize; 2],
) -> Result<Dims, Misfit> {
    if table.is_empty() {
        return Err(Misfit::of(kind).str("expected at least 1 filter in the table, found 0"));
    }
    let mut filter = 0;
    while filter < table.len() {
        let channels = table[filter];
        if channels.is_empty() {
            return Err(Misfit::of(kind)
                .str("expected at least 1 channel for filter ")
                .num(filter)
                .str(", found 0"));
        }
        let mut i = 0;
        while i < channels.len() {
            if channels[i] >= input.channels || (i > 0 && channels[i - 1] >= channels[i]) {
                return Err(Misfit::of(kind)
                    .str("expected channels below ")
                    .num(input.channels)
                    .str(" in rising order, found ")
                    .num(channels[i])
                    .str(" for filter ")
                    .num(filter));
            }
            i += 1;
        }
        filter += 1;
    }
    conv_output(kind, input, table.len(), Window::new(kernel, [1, 1], [0, 0]), 1)
}

/// Output of a layer that normalises each channel by its neighbours.
#[doc(hidden)]
pub const fn local_response_output(
    kind: &'static str,
    input: Dims,
    size: usize,
    [alpha, beta, k]: [f64; 3],
) -> Result<Dims, Misfit> {
    if let Some(misfit) = not_maps(kind, input) {
        return Err(misfit);
    }
    if size == 0 {
        return Err(Misfit::of(kind).str("expected a size of at least 1 channel, found 0"));
    }
    if !(alpha >= 0.0 && alpha < f64::INFINITY) {
        return Err(Misfit::of(kind).str("expected a finite alpha of at least 0"));
    }
    if !(beta > 0.0 && beta < f64::INFINITY) {
        return Err(Misfit::of(kind).str("expected a finite beta above 0"));
    }
    if !(k > 0.0 && k < f64::INFINITY) {
        return Err(Misfit::of(kind).str("expected a finite k above 0"));
    }
    Ok(input)
}

/// Refuses what is not channels of rows and columns.
const fn not_maps(kind: &'static str, input: Dims) -> Option<Misfit> {
    if input.kind == Dims::CHW {
        return None;
    }
    let misfit = Misfit::of(kind).str("takes channels x height x width, but is given a vector of ");
    Some(misfit.num(input.channels).str("; put it before the Flatten"))
}

/// Output of a dense layer.
#[doc(hidden)]
pub const fn dense_output(kind: &'static str, input: Dims, units: usize) -> Result<Dims, Misfit> {
    if input.kind == Dims::CHW {
        return Err(Misfit::of(kind)
            .str("takes a vector, but is given ")
            .dims(input)
            .str("; put a Flatten before it, which gives ")
            .num(input.len()));
    }
    if let Some(misfit) = behind_softmax(kind, input) {
        return Err(misfit);
    }
    if units == 0 {
        return Err(Misfit::of(kind).str("expected at least 1 unit, found 0"));
    }
    Ok(Dims::flat(units))
}

/// Why a layer type's written output shape is not what its arithmetic gives, if it is not.
#[doc(hidden)]
pub const fn misfit(
    kind: &'static str,
    input: Dims,
    written: Dims,
    computed: Result<Dims, Misfit>,
) -> Option<Misfit> {
    match computed {
        Err(misfit) => Some(misfit),
        Ok(computed) if written.equals(computed) => None,
        Ok(computed) => Some(
            Misfit::of(kind)
                .str("an input of ")
                .dims(input)
                .str(" gives ")
                .dims(computed)
                .str(", but the type says ")
                .dims(written),
        ),
    }
}

/// Refuses samples without values.
#[doc(hidden)]
pub const fn empty(input: Dims) -> Misfit {
    Misfit::of("input").str("expected at least 1 value in a sample, found ").dims(input)
}

/// Output of a layer that keeps the shape of its input; `expected` says what its setting should be, and `right`
/// whether it is.
#[doc(hidden)]
pub const fn same_output(
    kind: &'static str,
    input: Dims,
    right: bool,
    expected: &'static str,
) -> Result<Dims, Misfit> {
    if let Some(misfit) = behind_softmax(kind, input) {
        return Err(misfit);
    }
    if right { Ok(input) } else { Err(Misfit::of(kind).str("expected ").str(expected)) }
}

/// Refuses a layer behind a softmax.
const fn behind_softmax(kind: &'static str, input: Dims) -> Option<Misfit> {
    let (values, softmax) = match input.kind {
        Dims::PROBABILITIES => (" probabilities", "Softmax"),
        Dims::LOG_PROBABILITIES => (" log-probabilities", "LogSoftmax"),
        _ => return None,
    };
    let misfit = Misfit::of(kind).str("is given the ").num(input.channels).str(values);
    Some(misfit.str(" of a ").str(softmax).str("; a ").str(softmax).str(" comes last"))
}
