//! Errors about shapes that do not fit, built in constant code, where `format!` is not available.

use super::{Dims, Path, Window};

/// The reason why a layer does not fit, as a sentence.
#[derive(Clone, Copy)]
pub struct ShapeError {
    kind: &'static str,
    text: [u8; 320],
    len: usize,
}

impl ShapeError {
    /// Panics with this sentence, preceded by the kind of layer and its name. In a constant, that is a compile error at
    /// the place of the call.
    ///
    /// # Panics
    /// Always.
    #[track_caller]
    pub const fn refuse(self, name: &'static str) -> ! {
        self.refuse_at(Path::of(name))
    }

    /// The same for a layer with its full name.
    ///
    /// # Panics
    /// Always.
    #[track_caller]
    #[doc(hidden)]
    pub const fn refuse_at(self, path: Path) -> ! {
        let Ok(text) = std::str::from_utf8(self.text.split_at(self.len).0) else {
            panic!("a sentence about shapes")
        };
        let head = ShapeError { len: 0, ..self }.str(self.kind);
        let head = if path.split().1.is_empty() { head } else { head.str(" ").path(path) };
        let whole = head.str(": ").str(text);
        match std::str::from_utf8(whole.text.split_at(whole.len).0) {
            Ok(text) => panic!("{}", text),
            Err(_) => panic!("a sentence about shapes"),
        }
    }

    /// The sentence alone.
    #[cfg(feature = "store")]
    pub(crate) fn sentence(&self) -> String {
        String::from_utf8_lossy(&self.text[..self.len]).into_owned()
    }

    pub(crate) const fn path(self, path: Path) -> Self {
        match path.split() {
            (Some(around), name) => self.path(*around).str(".").str(name),
            (None, name) => self.str(name),
        }
    }

    pub(crate) const fn of(kind: &'static str) -> Self {
        ShapeError { kind, text: [0; 320], len: 0 }
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

    /// `5x3`. The compiler shows the multiplication sign as an escape in some terminals.
    pub(crate) const fn pair(self, pair: [usize; 2]) -> Self {
        self.num(pair[0]).str("x").num(pair[1])
    }

    pub(crate) const fn dims(self, dims: Dims) -> Self {
        match dims.kind() {
            Dims::CHW => self.num(dims.channels()).str("x").pair([dims.height(), dims.width()]),
            _ => self.num(dims.channels()),
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

    /// `a 3x3 kernel`, and its extent if dilation makes it larger.
    pub(crate) const fn window(self, window: Window) -> Self {
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

    /// `the 3x3 kernel`, or its extent if dilation makes it larger.
    pub(crate) const fn extent_of(self, window: Window) -> Self {
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

    pub(crate) const fn pair_or_one(self, pair: [usize; 2]) -> Self {
        if pair[0] == pair[1] { self.num(pair[0]) } else { self.pair(pair) }
    }

    /// Padding: `2`, `1x2`, or `(0, 0, 1, 1)` if it differs by side.
    pub(crate) const fn sides(self, [top, left, bottom, right]: [usize; 4]) -> Self {
        if top == bottom && left == right {
            return self.pair_or_one([top, left]);
        }
        let before = self.str("(").num(top).str(", ").num(left);
        before.str(", ").num(bottom).str(", ").num(right).str(")")
    }

    /// The error for an input that is not feature maps.
    pub(crate) const fn not_maps(kind: &'static str, input: Dims) -> Option<Self> {
        if input.is_maps() {
            return None;
        }
        let error = ShapeError::of(kind).str("takes channels x height x width, but is given a vector of ");
        Some(error.num(input.channels()).str("; put it before the Flatten"))
    }

    /// The error for an input that comes from a softmax.
    pub(crate) const fn after_softmax(kind: &'static str, input: Dims) -> Option<Self> {
        let (values, softmax) = match input.kind() {
            Dims::PROBABILITIES => (" probabilities", "Softmax"),
            Dims::LOG_PROBABILITIES => (" log-probabilities", "LogSoftmax"),
            _ => return None,
        };
        let error = ShapeError::of(kind).str("is given the ").num(input.channels()).str(values);
        Some(error.str(" of a ").str(softmax).str("; a ").str(softmax).str(" comes last"))
    }

    /// The error for a layer type whose declared output shape differs from the one that its sizes give.
    pub(crate) const fn in_type(
        kind: &'static str,
        input: Dims,
        written: Dims,
        computed: Result<Dims, ShapeError>,
    ) -> Option<Self> {
        match computed {
            Err(error) => Some(error),
            Ok(computed) if written.equals(computed) => None,
            Ok(computed) => Some(
                ShapeError::of(kind)
                    .str("an input of ")
                    .dims(input)
                    .str(" gives ")
                    .dims(computed)
                    .str(", but the type says ")
                    .dims(written),
            ),
        }
    }

    /// The error for a network whose samples have no values.
    pub(crate) const fn no_values(input: Dims) -> Self {
        ShapeError::of("input").str("expected at least 1 value in a sample, found ").dims(input)
    }
}

/// Whether two texts are equal, in constant code.
#[cfg(feature = "store")]
pub(crate) const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
