//! The place of a layer in a network that `network!` declares: its input, its output, and whether it fits.

use super::Layer;
use crate::shape::{Dims, Shape, ShapeError, Window};

/// A layer's place in a network.
#[derive(Clone, Copy)]
pub struct Placed {
    pub input: Dims,
    pub output: Dims,
    pub window: Window,
    pub groups: usize,
    /// Number of layers so far, with this one.
    pub layers: usize,
    /// Whether this layer and all before it fit. If not, the sizes are made up so that no further errors follow.
    pub fits: bool,
}

impl Placed {
    /// The network's input.
    #[track_caller]
    pub const fn input(dims: Dims) -> Self {
        if dims.is_empty() {
            ShapeError::no_values(dims).refuse("")
        }
        let window = Window::new([0, 0], [0, 0], [0, 0]);
        Placed { input: dims, output: dims, window, groups: 1, layers: 0, fits: true }
    }

    /// The same place if this is true, else one behind which nothing fits.
    pub const fn if_fits(self, fits: bool) -> Self {
        Placed { fits, ..self }
    }

    /// A layer behind this one, without a window.
    pub const fn then(self, input: Dims, output: Dims) -> Self {
        let window = Window::new([0, 0], [0, 0], [0, 0]);
        Placed { input, output, window, groups: 1, layers: self.layers + 1, fits: self.fits }
    }

    /// A layer that is given as a type. Its output is what the type says, whether or not its sizes fit.
    pub const fn of<In: Shape, L: Layer<In, f32>>(from: Placed) -> Self {
        from.then(In::DIMS, L::Out::DIMS).if_fits(from.fits && L::SHAPE_ERROR.is_none())
    }

    /// Refuses a layer that is given as a type and whose sizes contradict each other.
    #[track_caller]
    pub const fn tell<In: Shape, L: Layer<In, f32>>(name: &str, from: Placed) {
        match L::SHAPE_ERROR {
            Some(error) if from.fits => error.refuse(name),
            _ => {}
        }
    }

    /// A `Flatten`.
    pub const fn flatten(from: Placed) -> Self {
        let input = from.output.as_maps();
        from.then(input, Dims::flat(input.len()))
    }

    /// The output of the network: that of its last layer, or the declared one if some layer does not fit.
    pub const fn or(self, declared: Dims) -> Self {
        if self.fits { self } else { Placed { output: declared, ..self } }
    }
}

/// A layer as it is being placed.
#[derive(Clone, Copy)]
pub struct At {
    /// The kind of layer, "Conv2d".
    pub(super) kind: &'static str,
    /// Its name in the network.
    name: &'static str,
    /// Whether another constant reports the error, so that this one does not.
    quiet: bool,
}

impl At {
    /// A layer that reports an error if it does not fit.
    pub const fn new(kind: &'static str, name: &'static str) -> Self {
        At { kind, name, quiet: false }
    }

    /// The same without the report.
    pub const fn quiet(self) -> Self {
        At { quiet: true, ..self }
    }

    /// The place after `from` of a layer with this output. If the layer does not fit, that is a compile error, or, if
    /// this is quiet, a place with made-up sizes.
    #[track_caller]
    pub(super) const fn place(
        self,
        from: Placed,
        output: Result<Dims, ShapeError>,
        made_up: [Dims; 2],
    ) -> Placed {
        match output {
            Ok(output) if from.fits => from.then(from.output, output),
            Err(error) if from.fits && !self.quiet => error.refuse(self.name),
            _ => {
                let [input, output] = made_up;
                from.then(input, output).if_fits(false)
            }
        }
    }

    /// The place of a layer that keeps the shape of its input, if its settings are valid.
    #[track_caller]
    pub(super) const fn place_same(self, from: Placed, settings: Result<(), ShapeError>) -> Placed {
        let input = from.output;
        let output = match (ShapeError::after_softmax(self.kind, input), settings) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(())) => Ok(input),
        };
        let made_up = if input.is_maps() { input } else { Dims::flat(input.len()) };
        self.place(from, output, [made_up, made_up])
    }
}
