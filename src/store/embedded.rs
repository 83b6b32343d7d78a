//! Weights embedded in the program, checked against the network's type at compile time.

use super::Weights;
use super::header::{Entry, Header};
use crate::declare::{Item, Layers};
use crate::network::Network;
use crate::plan::Facts;
use crate::scalar::Scalar;
use crate::shape::{ShapeError, same};

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
    let (mut layers, mut place) = (Layers::of(N::LAYERS), 0);
    while let Some((layer, Facts { tensors, .. })) = layers.next() {
        let mut t = 0;
        while t < tensors.len() {
            if !seen[place] {
                let error = error.path(layer).str(".").str(tensors[t].0).str(": expected F32 ");
                error.shape(tensors[t].1).str(", found nothing").refuse(network)
            }
            (t, place) = (t + 1, place + 1);
        }
    }
}

/// The largest number of tensors of embedded weights: more than fit into the largest header.
const MOST: usize = 2048;

/// Numbers in all tensors of a network.
const fn values<T: Scalar>(items: &'static [Item<T>]) -> usize {
    let (mut layers, mut sum) = (Layers::of(items), 0);
    while let Some((_, Facts { tensors, .. })) = layers.next() {
        let mut t = 0;
        while t < tensors.len() {
            sum += product(tensors[t].1);
            t += 1;
        }
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

impl Entry<'_> {
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
    const fn place<T: Scalar>(&self, expected: &'static [Item<T>], from: usize) -> Result<usize, ShapeError> {
        let Ok(dtype) = std::str::from_utf8(self.dtype) else { return Err(self.wrong("F32")) };
        let shape = self.shape.split_at(self.rank).0;
        // First from there to the end, then from the beginning.
        let mut turn = 0;
        while turn < 2 {
            let (mut layers, mut place) = (Layers::of(expected), 0);
            while let Some((layer, Facts { tensors, .. })) = layers.next() {
                let mut t = 0;
                if turn == 0 && place + tensors.len() <= from {
                    (t, place) = (tensors.len(), place + tensors.len());
                }
                while t < tensors.len() {
                    if layer.is_before(tensors[t].0, self.name) {
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
            }
            turn += 1;
        }
        Err(self.error().str("nothing, found ").str(dtype).str(" ").shape(shape))
    }
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
