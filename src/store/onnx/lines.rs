//! The lines of a declaration that is made from a graph.

use std::sync::Arc;

use crate::shape::Dims;

/// A line of a declaration: a layer or a merge.
pub(super) struct Line {
    /// The kind in `network!`: "Conv2d".
    pub kind: &'static str,
    /// Its settings as they are written: ("kernel", "3").
    pub settings: Vec<(&'static str, String)>,
    /// The values it reads: 0 is the input of the network, and i + 1 the output of line i.
    pub sources: Vec<usize>,
    pub output: Dims,
    pub params: Vec<Param>,
    /// The names in the file from which its own is made.
    pub origin: Origin,
}

/// A parameter of a layer.
pub(super) struct Param {
    pub name: &'static str,
    pub shape: Vec<usize>,
    pub values: Arc<Vec<f32>>,
}

/// The names in the file that belong to a line.
#[derive(Clone, Default)]
pub(super) struct Origin {
    /// That of the node.
    pub node: String,
    /// That of the tensor with its weights, or none.
    pub weight: String,
}

impl Line {
    /// The kind with its settings: `Conv2d { filters: 8, kernel: 3 }`.
    fn settings(&self) -> String {
        if self.settings.is_empty() {
            return String::new();
        }
        let settings: Vec<String> =
            self.settings.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!(" {{ {} }}", settings.join(", "))
    }

    /// The line without its name, in which sources have these names. `before` is the value of the line before it.
    pub fn text(&self, before: usize, name_of: impl Fn(usize) -> String) -> String {
        let sources: Vec<String> = self.sources.iter().map(|&value| name_of(value)).collect();
        let named = sources.len() > 1 || self.sources[0] != before;
        let sources = if named { format!("({})", sources.join(", ")) } else { String::new() };
        format!("{}{sources}{}", self.kind, self.settings())
    }

    fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }
}

/// The lines that the value `output` needs, in their order and without steps that other layers do at once; and the new
/// number of that value.
pub(super) fn simplified(mut lines: Vec<Line>, mut output: usize) -> (Vec<Line>, usize) {
    // The value that stands for each value.
    let mut instead: Vec<usize> = (0..=lines.len()).collect();
    let mut readers = vec![0; lines.len() + 1];
    lines.iter().flat_map(|line| &line.sources).for_each(|&value| readers[value] += 1);
    readers[output] += 1;
    for i in 0..lines.len() {
        let sources: Vec<usize> = lines[i].sources.iter().map(|&value| instead[value]).collect();
        lines[i].sources = sources.clone();
        // x·σ(x) in one layer.
        if let ("Multiply", [a, b]) = (lines[i].kind, &sources[..]) {
            let gate_of = |gate: usize, x: usize| {
                let line = gate.checked_sub(1).map(|line| &lines[line])?;
                let alone = line.sources == [x] && readers[gate] == 1 && line.output == lines[i].output;
                match line.kind {
                    _ if !alone => None,
                    "Sigmoid" => Some("Silu"),
                    "HardSigmoid" if line.settings.is_empty() => Some("HardSwish"),
                    _ => None,
                }
            };
            let found = gate_of(*b, *a).map(|kind| (kind, *a));
            if let Some((kind, x)) = found.or_else(|| gate_of(*a, *b).map(|kind| (kind, *b))) {
                lines[i].kind = kind;
                lines[i].sources = vec![x];
            }
        }
        // Means of whole channels as a vector.
        if let ("Flatten", Some(pool)) = (lines[i].kind, sources[0].checked_sub(1)) {
            let line = &mut lines[pool];
            if line.is("AdaptiveAvgPool2d")
                && readers[sources[0]] == 1
                && line.output.len() == line.output.channels()
            {
                line.kind = "GlobalAvgPool";
                line.settings.clear();
                line.output = Dims::flat(line.output.channels());
                instead[i + 1] = pool + 1;
            }
        }
    }
    output = instead[output];
    let mut needed = vec![false; lines.len() + 1];
    needed[output] = true;
    for (i, line) in lines.iter().enumerate().rev() {
        if needed[i + 1] {
            line.sources.iter().for_each(|&value| needed[value] = true);
        }
    }
    let mut numbers = vec![0; lines.len() + 1];
    let mut kept = Vec::new();
    for (i, mut line) in lines.into_iter().enumerate() {
        if needed[i + 1] {
            line.sources.iter_mut().for_each(|value| *value = numbers[*value]);
            kept.push(line);
            numbers[i + 1] = kept.len();
        }
    }
    (kept, numbers[output])
}
