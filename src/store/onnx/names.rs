//! Names of layers, made from those of nodes and tensors.

use std::collections::{HashMap, HashSet};

use super::lines::Origin;

/// The most characters of a name.
const LONGEST: usize = 60;

/// Names that a layer cannot have: keywords and primitive types, what `network!` writes for every network, and the methods
/// of every network, which a layer of that name would hide.
const TAKEN: &str = concat!(
    "\
    _ abstract as async await become bool box break char const continue crate do dyn else enum extern \
    f32 f64 false final fn for gen i128 i16 i32 i64 i8 if impl in input isize let loop macro match mod \
    move mut override priv pub ref return self static str struct super trait true try type typeof u128 \
    u16 u32 u64 u8 union unsized use usize virtual where while yield new with_init layers_mut \
    model model_mut infer predict save save_f16 load clone fmt convnet core std",
    // In two parts, because `tests/tidy.rs` looks for the word.
    " un",
    "safe",
);

/// The names that layers of a network have so far.
#[derive(Default)]
pub(super) struct Names {
    given: HashSet<String>,
    /// The last number after each beginning, of a name in the file or of a kind.
    last: HashMap<(bool, String), usize>,
}

impl Names {
    /// A name for a layer of this kind, which no other layer has.
    pub fn name(&mut self, kind: &str, origin: &Origin) -> String {
        let plain = word(kind);
        let stem = identifier(&stem(&plain, origin));
        let named = !stem.is_empty();
        let (start, space) = match named {
            true => (stem, "_"),
            false if plain.ends_with(|c: char| c.is_ascii_digit()) => (plain, "_"),
            false => (plain, ""),
        };
        let number = self.last.entry((named, start.clone())).or_insert(0);
        let name = loop {
            *number += 1;
            let name = if named && *number == 1 { start.clone() } else { format!("{start}{space}{number}") };
            if !self.given.contains(&name) && TAKEN.split(' ').all(|taken| taken != name) {
                break name;
            }
        };
        self.given.insert(name.clone());
        name
    }
}

/// The word for a kind of layers: "conv" of "Conv2d".
fn word(kind: &str) -> String {
    let word = match kind {
        "AdaptiveAvgPool2d" | "AdaptiveMaxPool2d" | "AvgPool2d" | "GlobalAvgPool" | "MaxPool2d" => "pool",
        "BatchNorm" | "LocalResponseNorm" => "norm",
        "Conv2d" => "conv",
        "ConvTranspose2d" => "up_conv",
        "Dense" => "fc",
        "Upsample2d" => "up",
        other => other,
    };
    word.to_lowercase()
}

/// The beginning of a layer's name, as it is in the file; empty if an exporter has only numbered the node.
fn stem(kind: &str, origin: &Origin) -> String {
    let Origin { node, weight } = origin;
    // PyTorch's older exporter calls tensors that it has computed `onnx::Conv_193`.
    if let (Some(layer), false) = (weight.strip_suffix(".weight"), weight.contains("::")) {
        return layer.to_owned();
    }
    if let Some(path) = node.strip_prefix('/') {
        // `/layer1/layer1.0/conv1/Conv`: the modules around a node, the names of inner ones often with those of outer ones.
        let mut modules: Vec<&str> = path.split('/').collect();
        modules.pop();
        let mut scopes: Vec<&str> = Vec::new();
        for module in modules {
            if scopes
                .last()
                .is_some_and(|last| module.strip_prefix(last).is_some_and(|rest| rest.starts_with('.')))
            {
                scopes.pop();
            }
            scopes.push(module);
        }
        let says = scopes.last().is_some_and(|last| last.contains(kind));
        let scope = scopes.join("_");
        return match kind {
            _ if scope.is_empty() || says => scope,
            "conv" | "fc" | "norm" => scope,
            _ => format!("{scope}_{kind}"),
        };
    }
    // `node_relu_1` and `n0_3` of PyTorch's newer exporter.
    let node = node.strip_prefix("node_").unwrap_or(node);
    let number = node.strip_prefix('n').unwrap_or(node);
    if number.chars().all(|c| c.is_ascii_digit() || c == '_') { String::new() } else { node.to_owned() }
}

/// A text as an identifier: small letters, digits and single underscores.
fn identifier(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        if name.len() == LONGEST {
            break;
        }
    }
    let name = name.trim_end_matches('_');
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("layer_{name}") } else { name.to_owned() }
}
