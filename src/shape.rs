//! Shapes as types, and the only place where the size of a window layer's output is computed.
//!
//! A [`Shape`] is a type without values: [`Chw`] for images and feature maps, [`Flat`] for vectors,
//! [`Probabilities`] for the output of a softmax. The same shape as a value is a [`Dims`], which constant
//! code can compute with; stable Rust cannot compute inside a type.

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

impl<const C: usize, const H: usize, const W: usize> Shape for Chw<C, H, W> {
    const DIMS: Dims = Dims::chw(C, H, W);
}

impl<const N: usize> Shape for Flat<N> {
    const DIMS: Dims = Dims::flat(N);
}

impl<const N: usize> Shape for Probabilities<N> {
    const DIMS: Dims = Dims { kind: Dims::PROBABILITIES, ..Dims::flat(N) };
}

/// Shapes whose entries are free numbers, not probabilities: what activations and most layers work on.
#[diagnostic::on_unimplemented(
    message = "a layer behind a softmax: `{Self}` can only be given to a loss such as `CrossEntropy`",
    label = "these are probabilities already",
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

/// Kernel, stride and padding as values, each as \[vertical, horizontal\].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Rows and columns the window covers.
    pub kernel: [usize; 2],
    /// Rows and columns from one position to the next.
    pub stride: [usize; 2],
    /// Rows and columns added on each side of the input.
    pub padding: [usize; 2],
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

/// Layers that a user names in an error: the kind, and the name if the network has one for it.
#[derive(Clone, Copy)]
#[doc(hidden)]
pub struct Site {
    pub kind: &'static str,
    pub name: &'static str,
}

/// Text put together in constant code, where `format!` is not to be had.
struct Text {
    bytes: [u8; 320],
    len: usize,
}

impl Text {
    const fn at(site: Site) -> Self {
        let text = Text { bytes: [0; 320], len: 0 }.str(site.kind);
        if site.name.is_empty() { text.str(": ") } else { text.str(" ").str(site.name).str(": ") }
    }

    const fn str(mut self, part: &str) -> Self {
        let part = part.as_bytes();
        let mut i = 0;
        while i < part.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = part[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    const fn num(self, n: usize) -> Self {
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

    #[track_caller]
    const fn fail(&self) -> ! {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("a shape does not fit"),
        }
    }
}

/// Rows and columns of a window layer's output: ⌊(n + 2·padding − kernel) / stride⌋ + 1 along each axis.
///
/// The one place that holds this rule (Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep
/// learning", relationship 6). A window that does not fit is a constant panic that names the layer.
#[track_caller]
#[doc(hidden)]
pub const fn window_output(site: Site, input: Dims, window: Window) -> [usize; 2] {
    if input.kind != Dims::CHW {
        Text::at(site)
            .str("takes channels x height x width, but is given a vector of ")
            .num(input.channels)
            .str("; put it before the Flatten")
            .fail()
    }
    let Window { kernel, stride, padding } = window;
    if kernel[0] == 0 || kernel[1] == 0 {
        Text::at(site).str("expected a kernel of at least 1x1, found ").pair(kernel).fail()
    }
    if stride[0] == 0 || stride[1] == 0 {
        Text::at(site).str("expected a stride of at least 1, found ").pair(stride).fail()
    }
    if kernel[0] > input.height + 2 * padding[0] || kernel[1] > input.width + 2 * padding[1] {
        Text::at(site)
            .str("a ")
            .pair(kernel)
            .str(" kernel does not fit a ")
            .pair([input.height, input.width])
            .str(" input with padding ")
            .pair_or_one(padding)
            .fail()
    }
    [
        (input.height + 2 * padding[0] - kernel[0]) / stride[0] + 1,
        (input.width + 2 * padding[1] - kernel[1]) / stride[1] + 1,
    ]
}

impl Text {
    const fn pair_or_one(self, pair: [usize; 2]) -> Self {
        if pair[0] == pair[1] { self.num(pair[0]) } else { self.pair(pair) }
    }
}

/// Output of a convolution; also refuses padding that only adds zeros to look at.
#[track_caller]
#[doc(hidden)]
pub const fn conv_output(site: Site, input: Dims, filters: usize, window: Window) -> Dims {
    let [height, width] = window_output(site, input, window);
    if filters == 0 {
        Text::at(site).str("expected at least 1 filter, found 0").fail()
    }
    if window.padding[0] >= window.kernel[0] || window.padding[1] >= window.kernel[1] {
        Text::at(site)
            .str("expected padding smaller than the ")
            .pair(window.kernel)
            .str(" kernel, found ")
            .pair_or_one(window.padding)
            .fail()
    }
    Dims::chw(filters, height, width)
}

/// Output of a pooling layer; every window must cover a value of the input.
#[track_caller]
#[doc(hidden)]
pub const fn pool_output(site: Site, input: Dims, window: Window) -> Dims {
    let [height, width] = window_output(site, input, window);
    if 2 * window.padding[0] > window.kernel[0] || 2 * window.padding[1] > window.kernel[1] {
        Text::at(site)
            .str("expected padding of at most half the ")
            .pair(window.kernel)
            .str(" kernel, found ")
            .pair_or_one(window.padding)
            .fail()
    }
    Dims::chw(input.channels, height, width)
}

/// Output of a dense layer.
#[track_caller]
#[doc(hidden)]
pub const fn dense_output(site: Site, input: Dims, units: usize) -> Dims {
    if input.kind == Dims::CHW {
        Text::at(site)
            .str("takes a vector, but is given ")
            .dims(input)
            .str("; put a Flatten before it, which gives ")
            .num(input.len())
            .fail()
    }
    if input.kind == Dims::PROBABILITIES {
        Text::at(site)
            .str("is given the ")
            .num(input.channels)
            .str(" probabilities of a Softmax; a Softmax comes last")
            .fail()
    }
    if units == 0 {
        Text::at(site).str("expected at least 1 unit, found 0").fail()
    }
    Dims::flat(units)
}

/// Output of a flattening layer.
#[track_caller]
#[doc(hidden)]
pub const fn flatten_output(site: Site, input: Dims) -> Dims {
    if input.kind != Dims::CHW {
        Text::at(site).str("is given a vector of ").num(input.channels).str(", which is flat already").fail()
    }
    Dims::flat(input.len())
}

/// Refuses a layer type whose written output shape is not what its arithmetic gives.
#[track_caller]
#[doc(hidden)]
pub const fn assert_output(site: Site, input: Dims, written: Dims, computed: Dims) {
    if !written.equals(computed) {
        Text::at(site)
            .str("an input of ")
            .dims(input)
            .str(" gives ")
            .dims(computed)
            .str(", but the type says ")
            .dims(written)
            .fail()
    }
}

/// Output of a dropout layer.
#[track_caller]
#[doc(hidden)]
pub const fn dropout_output(site: Site, input: Dims, rate: f64) -> Dims {
    if input.kind == Dims::PROBABILITIES {
        Text::at(site).str("is given the probabilities of a Softmax; a Softmax comes last").fail()
    }
    if !(rate >= 0.0 && rate < 1.0) {
        Text::at(site).str("expected a rate of at least 0 and below 1").fail()
    }
    input
}
