//! Weights embedded in the program, checked against the network's type at compile time.

use super::Weights;
use super::safetensors::LONGEST_HEADER;
use crate::network::Network;
use crate::plan::Facts;
use crate::shape::ShapeError;

/// Embeds the weights of a safetensors file in the program and returns a network with them. The compiler checks names and
/// shapes, also in `cargo check`: the file must have every parameter tensor of the network as `F32`, and no others.
///
/// The network must be declared by [`network!`](crate::network!), with `f32` numbers and at most 2,048 tensors. As for
/// [`include_bytes!`], the path is relative to the source file.
///
/// ```
/// use convnet::model::LeNet5;
/// use convnet::prelude::*;
///
/// let net: LeNet5 = convnet::weights!(LeNet5, concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lenet5.safetensors"));
/// let digit = Mnist::load_from("assets/mnist")?.test.sample(0);
/// assert_eq!(net.predict(&digit).class, 8);
/// # Ok::<(), convnet::Error>(())
/// ```
///
/// Weights of another network do not compile:
///
/// ```compile_fail
/// use convnet::model::AlexNetSmall;
/// let net = convnet::weights!(AlexNetSmall, concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lenet5.safetensors"));
/// ```
#[macro_export]
macro_rules! weights {
    ($net:ty, $path:expr $(,)?) => {{
        const __WEIGHTS: &[u8] = include_bytes!($path);
        #[allow(long_running_const_eval)]
        const _: () = $crate::store::fits::<$net>(stringify!($net), __WEIGHTS);
        $crate::store::embedded::<$net>(__WEIGHTS)
    }};
}

/// A network with weights that [`fits`] has checked.
///
/// # Panics
/// If the weights do not fit.
#[doc(hidden)]
pub fn embedded<N: Network>(bytes: &'static [u8]) -> N {
    let mut network = N::with_init(crate::Init::Zeros, 0);
    let weights = Weights::from_bytes("embedded weights", bytes.to_vec());
    let loaded = weights.and_then(|weights| weights.load_into(&mut network));
    loaded.expect("the weights were checked at compile time");
    network
}

/// Checks that weights fit a network; in a constant, a error is a compile error.
///
/// # Panics
/// With a sentence that names the network, the tensor and both shapes.
#[doc(hidden)]
#[track_caller]
pub const fn fits<N: Network>(network: &'static str, bytes: &[u8]) {
    let error = ShapeError::of("weights of");
    if size_of::<N::Scalar>() != size_of::<f32>() {
        error.str("expected a network of f32, found one of f64").refuse(network)
    }
    if values(N::LAYERS) != N::PARAMS + N::BUFFERS {
        error.str("expected a network declared by network!, whose layers name their tensors").refuse(network)
    }
    let mut header = match Header::of(bytes) {
        Ok(header) => header,
        Err(what) => error.str("expected a safetensors file, found ").str(what).refuse(network),
    };
    let mut seen = [false; MOST];
    let (mut last, mut end) = (0, 0);
    loop {
        match header.next() {
            Ok(None) => break,
            Ok(Some(entry)) => {
                // The file has its own order of names, but neighbours there are often neighbours in the network.
                last = match entry.place(N::LAYERS, last) {
                    Ok(place) if place < MOST && !seen[place] => place,
                    Ok(place) if place < MOST => {
                        entry.wrong("one tensor of this name, found two").refuse(network)
                    }
                    Ok(_) => {
                        error.str("expected at most ").num(MOST).str(" tensors, found more").refuse(network)
                    }
                    Err(error) => error.refuse(network),
                };
                seen[last] = true;
                if entry.offsets[0] != end {
                    entry.wrong("tensors side by side in the order of their bytes").refuse(network)
                }
                end = entry.offsets[1];
            }
            Err(what) => {
                error.str("expected the header of a safetensors file, found ").str(what).refuse(network)
            }
        }
    }
    let found = bytes.len() - header.len - 8;
    if found != end {
        error.str("expected ").num(end).str(" bytes of numbers, found ").num(found).refuse(network)
    }
    let (mut l, mut place) = (0, 0);
    while l < N::LAYERS.len() {
        let (layer, Facts { tensors, .. }) = N::LAYERS[l];
        let mut t = 0;
        while t < tensors.len() {
            if !seen[place] {
                let error = error.str(layer).str(".").str(tensors[t].0).str(": expected F32 ");
                error.shape(tensors[t].1).str(", found nothing").refuse(network)
            }
            (t, place) = (t + 1, place + 1);
        }
        l += 1;
    }
}

/// The largest number of tensors of embedded weights: more than fit into the largest header.
const MOST: usize = 2048;

/// Numbers in all tensors of a network.
const fn values(layers: &[(&str, Facts)]) -> usize {
    let (mut l, mut sum) = (0, 0);
    while l < layers.len() {
        let mut t = 0;
        while t < layers[l].1.tensors.len() {
            sum += product(layers[l].1.tensors[t].1);
            t += 1;
        }
        l += 1;
    }
    sum
}

const fn product(shape: &[usize]) -> usize {
    let (mut i, mut product) = (0, 1);
    while i < shape.len() {
        product *= shape[i];
        i += 1;
    }
    product
}

/// The largest number of axes of a tensor.
const AXES: usize = 8;

/// The JSON text of a header, parsed in constant code.
#[derive(Clone, Copy)]
struct Header<'a> {
    bytes: &'a [u8],
    len: usize,
    /// Index in `bytes` of the next byte to read.
    at: usize,
}

/// The header's entry for a tensor.
struct Entry<'a> {
    name: &'a [u8],
    dtype: &'a [u8],
    shape: [usize; AXES],
    rank: usize,
    offsets: [usize; 2],
}

type Read<T> = Result<T, &'static str>;

/// `?` in constant code.
macro_rules! get {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(what) => return Err(what),
        }
    };
}

impl<'a> Header<'a> {
    const fn of(bytes: &'a [u8]) -> Read<Self> {
        let Some((len, _)) = bytes.split_first_chunk::<8>() else { return Err("fewer than 8 bytes") };
        let len = u64::from_le_bytes(*len);
        if len > bytes.len() as u64 - 8 {
            return Err("a file that is cut off, or of another kind");
        }
        if len > LONGEST_HEADER {
            return Err("a header of more than 100,000 bytes");
        }
        let mut header = Header { bytes, len: len as usize, at: 8 };
        get!(header.take(b'{'));
        Ok(header)
    }

    /// The next byte that is not a space.
    const fn peek(&mut self) -> Read<u8> {
        while self.at < 8 + self.len {
            match self.bytes[self.at] {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Ok(byte),
            }
        }
        Err("a header that ends too early")
    }

    const fn take(&mut self, wanted: u8) -> Read<()> {
        let found = get!(self.peek());
        if found != wanted {
            return Err("a header that is not a table of tensors");
        }
        self.at += 1;
        Ok(())
    }

    /// Whether there is another element before the closing bracket; consumes the comma or the bracket.
    const fn more(&mut self, first: bool, close: u8) -> Read<bool> {
        let next = get!(self.peek());
        if next == close {
            self.at += 1;
            return Ok(false);
        }
        if !first {
            get!(self.take(b','));
        }
        Ok(true)
    }

    const fn text(&mut self) -> Read<&'a [u8]> {
        get!(self.take(b'"'));
        let start = self.at;
        while self.at < 8 + self.len {
            match self.bytes[self.at] {
                b'"' => {
                    let text = self.bytes.split_at(self.at).0.split_at(start).1;
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => return Err("an escape in a text"),
                _ => self.at += 1,
            }
        }
        Err("a header that ends in a text")
    }

    const fn number(&mut self) -> Read<usize> {
        let mut number: usize = 0;
        let first = get!(self.peek());
        if !first.is_ascii_digit() {
            return Err("a shape or offset that is not a number");
        }
        if first == b'0' && self.bytes[self.at + 1].is_ascii_digit() {
            return Err("a number that begins with 0");
        }
        while self.at < 8 + self.len && self.bytes[self.at].is_ascii_digit() {
            let digit = (self.bytes[self.at] - b'0') as usize;
            number = match number.checked_mul(10) {
                Some(tens) => match tens.checked_add(digit) {
                    Some(number) => number,
                    None => return Err("a number that is too large"),
                },
                None => return Err("a number that is too large"),
            };
            self.at += 1;
        }
        Ok(number)
    }

    /// A list of numbers in brackets, with its length.
    const fn numbers(&mut self) -> Read<([usize; AXES], usize)> {
        let (mut numbers, mut count) = ([0; AXES], 0);
        get!(self.take(b'['));
        while get!(self.more(count == 0, b']')) {
            if count == AXES {
                return Err("a shape of more than 8 axes");
            }
            numbers[count] = get!(self.number());
            count += 1;
        }
        Ok((numbers, count))
    }

    /// The next tensor; metadata of the file are skipped.
    const fn next(&mut self) -> Read<Option<Entry<'a>>> {
        // Right after the opening bracket there is no comma.
        let first = self.bytes[self.at - 1] == b'{';
        if !get!(self.more(first, b'}')) {
            return if self.peek().is_err() { Ok(None) } else { Err("more text after the table of tensors") };
        }
        let name = get!(self.text());
        get!(self.take(b':'));
        get!(self.take(b'{'));
        let mut entry = Entry { name, dtype: b"", shape: [0; AXES], rank: 0, offsets: [0; 2] };
        let mut fields = 0;
        while get!(self.more(fields == 0, b'}')) {
            let field = get!(self.text());
            get!(self.take(b':'));
            if same(name, b"__metadata__") {
                get!(self.text());
            } else if same(field, b"dtype") {
                entry.dtype = get!(self.text());
            } else if same(field, b"shape") {
                (entry.shape, entry.rank) = get!(self.numbers());
            } else if same(field, b"data_offsets") {
                let (offsets, count) = get!(self.numbers());
                if count != 2 {
                    return Err("another number of offsets than two");
                }
                entry.offsets = [offsets[0], offsets[1]];
            } else {
                return Err("a tensor with an unknown field");
            }
            fields += 1;
        }
        if same(name, b"__metadata__") { self.next() } else { Ok(Some(entry)) }
    }
}

impl Entry<'_> {
    const fn is(&self, layer: &str, tensor: &str) -> bool {
        if self.name.len() != layer.len() + 1 + tensor.len() {
            return false;
        }
        let (head, rest) = self.name.split_at(layer.len());
        same(head, layer.as_bytes()) && rest[0] == b'.' && same(rest.split_at(1).1, tensor.as_bytes())
    }

    /// The start of an error message about the tensor.
    const fn error(&self) -> ShapeError {
        match std::str::from_utf8(self.name) {
            Ok(name) => ShapeError::of("weights of").str(name).str(": expected "),
            Err(_) => ShapeError::of("weights of").str("expected names in UTF-8, found others, and "),
        }
    }

    const fn wrong(&self, expected: &str) -> ShapeError {
        self.error().str(expected)
    }

    /// The index of the tensor among those of a network, searched from the index `from` on; or the error.
    #[allow(clippy::result_large_err, reason = "there are no boxes in constant code")]
    const fn place(&self, expected: &[(&str, Facts)], from: usize) -> Result<usize, ShapeError> {
        let Ok(dtype) = std::str::from_utf8(self.dtype) else { return Err(self.wrong("F32")) };
        let shape = self.shape.split_at(self.rank).0;
        // First from there to the end, then from the beginning.
        let mut turn = 0;
        while turn < 2 {
            let (mut l, mut place) = (0, 0);
            while l < expected.len() {
                let (layer, Facts { tensors, .. }) = expected[l];
                let mut t = 0;
                if turn == 0 && place + tensors.len() <= from {
                    (t, place) = (tensors.len(), place + tensors.len());
                }
                while t < tensors.len() {
                    if self.is(layer, tensors[t].0) {
                        let wanted = tensors[t].1;
                        let whole = match self.offsets[1].checked_sub(self.offsets[0]) {
                            Some(len) => len == 4 * product(wanted),
                            None => false,
                        };
                        if same(self.dtype, b"F32") && equal(shape, wanted) && whole {
                            return Ok(place);
                        }
                        let error = self.error().str("F32 ").shape(wanted).str(", found ");
                        return Err(error.str(dtype).str(" ").shape(shape));
                    }
                    (t, place) = (t + 1, place + 1);
                }
                l += 1;
            }
            turn += 1;
        }
        Err(self.error().str("nothing, found ").str(dtype).str(" ").shape(shape))
    }
}

const fn same(a: &[u8], b: &[u8]) -> bool {
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

const fn equal(a: &[usize], b: &[usize]) -> bool {
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
