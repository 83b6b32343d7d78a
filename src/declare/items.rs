//! The lines of a declared network as a tree, from which its plan is built.

use super::{Block, LayerOf, Reading, TakenBy, Takes};
use crate::layer::{Layer, Merge, MergeLayer, facts, fitting, merge_facts};
use crate::plan::{Facts, Plan};
use crate::scalar::Scalar;
use crate::shape::{Path, Shape};

/// A line of a declared network.
#[doc(hidden)]
pub struct Item<T: 'static> {
    path: Path,
    what: What<T>,
}

enum What<T: 'static> {
    /// A layer: the number of the layer whose output it reads, what is known of it, and how it joins a plan.
    Layer { input: usize, facts: Facts, add: fn(&mut Plan<T>) },
    /// The same of a merge, which reads the outputs of several.
    Merge { inputs: &'static [usize], facts: Facts, add: fn(&mut Plan<T>, &[usize]) },
    /// Lines under a common name: a group, or a use of a block.
    Group(&'static [Item<T>]),
}

impl<T: Scalar> Item<T> {
    /// A layer that reads the output of the one with this number. The number is a part of the type, because items are made in
    /// generic code: there the compiler evaluates a constant of the body again for each set of bounds, with all that it
    /// depends on, one inside the other. So it is with merges.
    pub const fn layer<Line, const SOURCE: usize>(path: Path, add: fn(&mut Plan<T>)) -> Self
    where
        Reading<Line, SOURCE>: Takes<In: Shape, Layer: Layer<TakenBy<Line, SOURCE>, f32>>,
    {
        // For `f32`: no declaration of a layer depends on its scalar.
        let facts = facts::<TakenBy<Line, SOURCE>, LayerOf<Line, SOURCE>, f32>();
        Item { path, what: What::Layer { input: SOURCE, facts, add } }
    }

    /// The same for a layer with a default.
    pub const fn usual<Line, const SOURCE: usize>(path: Path) -> Self
    where
        Reading<Line, SOURCE>: Takes<
                In: Shape,
                Layer: Layer<TakenBy<Line, SOURCE>, f32> + Layer<TakenBy<Line, SOURCE>, T> + Default,
            >,
    {
        Item::layer::<Line, SOURCE>(path, |plan| {
            add::<Line, SOURCE, T>(&LayerOf::<Line, SOURCE>::default(), plan)
        })
    }

    /// A layer that may not fit: that is a compile error.
    pub const fn fitting<Line, const SOURCE: usize>(path: Path, add: fn(&mut Plan<T>)) -> Self
    where
        Reading<Line, SOURCE>: Takes<In: Shape, Layer: Layer<TakenBy<Line, SOURCE>, f32>>,
    {
        let facts = fitting::<TakenBy<Line, SOURCE>, LayerOf<Line, SOURCE>>(path);
        Item { path, what: What::Layer { input: SOURCE, facts, add } }
    }

    /// A merge of the values whose numbers its place says.
    pub const fn merge<Line: Block>(path: Path, merge: Merge) -> Self {
        let add: fn(&mut Plan<T>, &[usize]) = match merge {
            Merge::Add => |plan, inputs| plan.merge(Merge::Add, inputs),
            Merge::Concat => |plan, inputs| plan.merge(Merge::Concat, inputs),
            Merge::Multiply => |plan, inputs| plan.merge(Merge::Multiply, inputs),
        };
        Item { path, what: What::Merge { inputs: Line::PLACED.merged, facts: Facts::NONE, add } }
    }

    /// A merge of the user's own.
    pub const fn own_merge<Line: Block + Takes, const SOURCE: usize>(path: Path) -> Self
    where
        Reading<Line, SOURCE>: Takes<
            Layer: MergeLayer<TakenBy<Line, SOURCE>, f32> + MergeLayer<TakenBy<Line, SOURCE>, T> + Default,
        >,
    {
        let facts = merge_facts::<TakenBy<Line, SOURCE>, LayerOf<Line, SOURCE>, f32>();
        let add: fn(&mut Plan<T>, &[usize]) = |plan, inputs| {
            MergeLayer::<TakenBy<Line, SOURCE>, T>::add_to(&LayerOf::<Line, SOURCE>::default(), plan, inputs)
        };
        Item { path, what: What::Merge { inputs: Line::PLACED.merged, facts, add } }
    }

    pub const fn group(path: Path, items: &'static [Item<T>]) -> Self {
        Item { path, what: What::Group(items) }
    }
}

/// Adds the layer of a line to a plan.
#[doc(hidden)]
pub fn add<Line, const SOURCE: usize, T: Scalar>(layer: &LayerOf<Line, SOURCE>, plan: &mut Plan<T>)
where
    Reading<Line, SOURCE>: Takes<In: Shape, Layer: Layer<TakenBy<Line, SOURCE>, T>>,
{
    layer.add_to(plan);
}

/// A type with the number of a layer, so that the compiler finds out that number.
#[doc(hidden)]
pub struct InOrder<const LAYERS: usize>;

/// The lines of a group or of a block.
#[doc(hidden)]
pub trait Items<T: Scalar> {
    const ITEMS: &'static [Item<T>];
}

/// The most groups around a layer.
const DEPTH: usize = 32;

/// The layers of some items, one after the other, in constant code.
pub(crate) struct Layers<T: 'static> {
    /// A stack: for each group around the next layer, the outermost first, the items not yet visited.
    around: [&'static [Item<T>]; DEPTH],
    depth: usize,
}

impl<T: Scalar> Layers<T> {
    pub const fn of(items: &'static [Item<T>]) -> Self {
        let mut around: [&'static [Item<T>]; DEPTH] = [&[]; DEPTH];
        around[0] = items;
        Layers { around, depth: 1 }
    }

    /// The next layer's full name and what is known of it.
    pub const fn next(&mut self) -> Option<(Path, Facts)> {
        while self.depth > 0 {
            let Some((item, rest)) = self.around[self.depth - 1].split_first() else {
                self.depth -= 1;
                continue;
            };
            self.around[self.depth - 1] = rest;
            match item.what {
                What::Layer { facts, .. } | What::Merge { facts, .. } => return Some((item.path, facts)),
                What::Group(items) => {
                    assert!(self.depth < DEPTH, "groups lie in groups, 32 deep at most");
                    self.around[self.depth] = items;
                    self.depth += 1;
                }
            }
        }
        None
    }
}

/// The sums over all layers, without their tensors.
#[doc(hidden)]
pub const fn sum<T: Scalar>(items: &'static [Item<T>]) -> Facts {
    let mut sum = Facts::NONE;
    let mut layers = Layers::of(items);
    while let Some((_, layer)) = layers.next() {
        sum.params += layer.params;
        sum.buffers += layer.buffers;
        sum.macs += layer.macs;
        sum.activations += layer.activations;
    }
    sum
}

impl<T: Scalar> Plan<T> {
    /// Adds the declared layers.
    #[doc(hidden)]
    pub fn declared(&mut self, items: &'static [Item<T>]) {
        for Item { path, what } in items {
            match *what {
                What::Group(items) => self.declared(items),
                What::Layer { input, add, .. } => {
                    self.read(self.output_of_layer(input));
                    self.named(&path.to_string(), add);
                }
                What::Merge { inputs, add, .. } => {
                    let inputs: Vec<usize> =
                        inputs.iter().map(|&layer| self.output_of_layer(layer)).collect();
                    self.named(&path.to_string(), |plan| add(plan, &inputs));
                }
            }
        }
    }
}
