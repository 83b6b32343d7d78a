//! The place of a layer in a network that `network!` declares: its input, its output, and whether it fits.

use super::{Layer, Merge, MergeLayer};
use crate::shape::{Dims, Path, Shape, ShapeError, Window};

/// The place of a layer, a merge, a group or a block in a network: its shapes, and the layers it is connected to.
#[derive(Clone, Copy)]
pub struct Placed {
    /// Input shape; of a merge, that of its first input.
    pub input: Dims,
    /// Output shape.
    pub output: Dims,
    /// The number of the layer that gives it, counted from 1; 0 is the network's input.
    pub value: usize,
    /// The number of the layer whose output it takes; of a merge the first.
    pub source: usize,
    /// The numbers of all layers whose outputs it takes, if it is a merge.
    pub merged: &'static [usize],
    pub window: Window,
    pub groups: usize,
    /// Whether a mean counts padding.
    pub count_include_pad: bool,
    /// Whether the layer has a bias.
    pub bias: bool,
    /// Number of layers so far, with this one.
    pub layers: usize,
    /// Whether this layer and all before it fit. If not, the sizes are made up so that no further errors follow.
    pub fits: bool,
}

const NO_WINDOW: Window = Window::new([0, 0], [0, 0], [0, 0]);

impl Placed {
    /// The network's input.
    #[track_caller]
    pub const fn input(dims: Dims) -> Self {
        if dims.is_empty() {
            ShapeError::no_values(dims).refuse("")
        }
        Placed {
            input: dims,
            output: dims,
            value: 0,
            source: 0,
            merged: &[],
            window: NO_WINDOW,
            groups: 1,
            count_include_pad: true,
            bias: true,
            layers: 0,
            fits: true,
        }
    }

    /// The same place if this is true, else one behind which nothing fits.
    pub const fn if_fits(self, fits: bool) -> Self {
        Placed { fits, ..self }
    }

    /// The same value as the source of the layer after `before`.
    pub const fn after(self, before: Placed) -> Self {
        Placed { layers: before.layers, ..self }
    }

    /// A layer behind this one, without a window.
    pub const fn then(self, input: Dims, output: Dims) -> Self {
        let layers = self.layers + 1;
        Placed {
            input,
            output,
            value: layers,
            source: self.value,
            merged: &[],
            window: NO_WINDOW,
            groups: 1,
            count_include_pad: true,
            bias: true,
            layers,
            fits: self.fits,
        }
    }

    /// A layer that is given as a type. Its output is what the type says, whether or not its sizes fit.
    pub const fn of<In: Shape, L: Layer<In, f32>>(from: Placed) -> Self {
        from.then(In::DIMS, L::Out::DIMS).if_fits(from.fits && L::SHAPE_ERROR.is_none())
    }

    /// Refuses a layer that is given as a type and whose sizes contradict each other.
    #[track_caller]
    pub const fn tell<In: Shape, L: Layer<In, f32>>(self, path: Path) {
        match L::SHAPE_ERROR {
            Some(error) if self.fits => error.refuse_at(path),
            _ => {}
        }
    }

    /// A merge of the user's own, of these values with these numbers, on the line after `before`.
    pub const fn own_merge<Ins, L: MergeLayer<Ins, f32>>(
        before: Placed,
        inputs: &[Placed],
        merged: &'static [usize],
    ) -> Placed {
        let from = inputs[0].after(before).if_fits(all_fit(inputs) && L::SHAPE_ERROR.is_none());
        Placed { merged, ..from.then(from.output, L::Out::DIMS) }
    }

    /// Refuses a merge of the user's own whose sizes contradict each other.
    #[track_caller]
    pub const fn tell_merge<Ins, L: MergeLayer<Ins, f32>>(self, inputs: &[Placed], path: Path) {
        match L::SHAPE_ERROR {
            Some(error) if all_fit(inputs) => error.refuse_at(path),
            _ => {}
        }
    }

    /// A `Flatten`.
    pub const fn flatten(from: Placed) -> Self {
        let input = from.output.as_maps();
        from.then(input, Dims::flat(input.len()))
    }

    /// A group or block that takes `from` and whose last line is this one.
    pub const fn leave(self, from: Placed) -> Self {
        let Placed { output, value, layers, fits, .. } = self;
        Placed { input: from.output, output, value, source: from.value, merged: &[], layers, fits, ..from }
    }

    /// The output of the network: that of its last layer, or the declared one if some layer does not fit.
    pub const fn or(self, declared: Dims) -> Self {
        if self.fits { self } else { Placed { output: declared, ..self } }
    }
}

const fn all_fit(values: &[Placed]) -> bool {
    let mut i = 0;
    while i < values.len() {
        if !values[i].fits {
            return false;
        }
        i += 1;
    }
    true
}

/// The lines of a network, a group or a block, for the check that each value is read.
#[derive(Clone, Copy)]
pub struct Lines(pub &'static [Placed]);

impl Lines {
    /// Refuses the value of the line that has this number of layers before it, if no line after it reads it.
    #[track_caller]
    pub const fn read(self, before: usize, path: Path) {
        let Lines(lines) = self;
        let mut i = 0;
        while lines[i].layers <= before {
            i += 1;
        }
        let Placed { value, layers: upto, .. } = lines[i];
        i += 1;
        let mut read = i == lines.len();
        while i < lines.len() && !read {
            let Placed { source, merged, fits, layers, .. } = lines[i];
            // After a mistake, which may be a source that is not there, nothing is told, nor of a name that is there twice.
            read = source == value || !fits || layers == upto;
            let mut j = 0;
            while j < merged.len() {
                read |= merged[j] == value;
                j += 1;
            }
            i += 1;
        }
        if !read {
            ShapeError::of("value")
                .str("no line reads it, and the line after it names another source")
                .refuse_at(path)
        }
    }
}

/// A layer as it is being placed.
#[derive(Clone, Copy)]
pub struct At {
    /// The kind of layer, "Conv2d".
    pub(super) kind: &'static str,
    /// Its full name in the network.
    path: Path,
    /// The value that it reads; of a merge, that of the line before it.
    pub from: Placed,
    /// Whether another constant reports the error, so that this one does not.
    quiet: bool,
}

impl At {
    /// A layer that reports an error if it does not fit.
    pub const fn new(kind: &'static str, path: Path, from: Placed) -> Self {
        At { kind, path, from, quiet: false }
    }

    /// Refuses the layer if no line reads its output.
    #[track_caller]
    pub const fn read_in(self, lines: Lines) {
        lines.read(self.from.layers, self.path)
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
            Err(error) if from.fits && !self.quiet => error.refuse_at(self.path),
            _ => {
                let [input, output] = made_up;
                from.then(input, output).if_fits(false)
            }
        }
    }

    /// The place of a merge of these values, with their names.
    #[track_caller]
    pub const fn merge(
        self,
        merge: Merge,
        inputs: &[(&'static str, Placed)],
        merged: &'static [usize],
    ) -> Placed {
        let first = inputs[0].1;
        let (mut fits, mut i) = (true, 0);
        while i < inputs.len() {
            fits &= inputs[i].1.fits;
            i += 1;
        }
        let from = first.after(self.from).if_fits(fits);
        let output = merge.output(inputs);
        Placed { merged, ..self.place(from, output, [first.output, first.output]) }
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
