//! ONNX graphs as declarations: `golden/make_onnx_graphs.py` made the files, and ran them in ONNX Runtime.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use convnet::prelude::*;
use convnet::store::OnnxGraph;

const FOLDER: &str = "tests/golden/onnx_graphs";

/// The graphs that are declared, each with its module: the text that the conversion has to write.
macro_rules! graphs {
    ($($name:ident $path:literal),+ $(,)?) => {
        $(
            #[path = $path]
            mod $name;
        )+

        #[test]
        fn declarations_are_the_texts_that_compile() {
            $(declared(stringify!($name));)+
        }

        #[test]
        fn declared_networks_compute_what_the_graphs_do() {
            $(computes(stringify!($name), $name::Net::new(1));)+
        }
    };
}
graphs! {
    residual_old "golden/onnx_graphs/residual_old.rs",
    residual_new "golden/onnx_graphs/residual_new.rs",
    mobile_old "golden/onnx_graphs/mobile_old.rs",
    mobile_new "golden/onnx_graphs/mobile_new.rs",
    windows "golden/onnx_graphs/windows.rs",
    shapes "golden/onnx_graphs/shapes.rs",
}

fn file(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

fn open(name: &str) -> OnnxGraph {
    OnnxGraph::open(file(&format!("{name}.onnx"))).unwrap()
}

/// With `UPDATE_DECLARATIONS=1` the text is written.
fn declared(name: &str) {
    let found = open(name).declaration("Net").unwrap();
    let path = file(&format!("{name}.rs"));
    if std::env::var_os("UPDATE_DECLARATIONS").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap();
    assert_eq!(found, expected, "{name}");
}

fn computes<N: Network<Scalar = f32>>(name: &str, mut net: N) {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("weights.safetensors");
    open(name).save_weights(&weights).unwrap();
    net.load(&weights).unwrap();
    let numbers: HashMap<String, Vec<f32>> =
        serde_json::from_slice(&fs::read(file("outputs.json")).unwrap()).unwrap();
    let image = Tensor::<N::Input>::from_slice(&numbers["input"]).unwrap();
    let output = net.infer(&Batch::from_iter([image])).sample(0);
    let (found, expected) = (output.as_slice(), &numbers[name]);
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-5, "{name}: {found} for {expected}");
    }
}

fn refusal(name: &str) -> String {
    let Err(error) = OnnxGraph::open(file(name)) else { panic!("{name} is read") };
    error.to_string()
}

#[test]
fn all_operators_without_a_layer_are_listed() {
    assert_eq!(
        refusal("unknown.onnx"),
        "tests/golden/onnx_graphs/unknown.onnx: expected operators that layers compute, \
         found Einsum (nodes \"Einsum1\", \"Einsum5\"), TopK (node \"TopK3\")"
    );
}

#[test]
fn graphs_that_contradict_themselves_are_refused() {
    for (name, sentence) in [
        ("dangling.onnx", r#"found "nowhere" in node "make_y", which nothing before it gives"#),
        ("cycle.onnx", r#"found "b" in node "make_a", which nothing before it gives"#),
        ("sizes.onnx", "with fixed sizes, found [?, 2, ?, ?]"),
        ("huge_padding.onnx", r#"expected pads of 0 to 65536 for node "Conv0" (Conv), found 1099511627776"#),
        ("huge_groups.onnx", "expected groups that divide 2 channels and 1 filters"),
        ("data_outside.onnx", r#"by its name alone, found "../outputs.json" for "tensor0""#),
        ("data_root.onnx", r#"by its name alone, found "/etc/hostname" for "tensor0""#),
        ("data_beyond.onnx", "from byte 5 on are those of \"tensor0\""),
        ("data_much.onnx", "and 1125899906842624 from byte 0 on are those of \"tensor0\""),
        ("outputs.json", "in the format of ONNX"),
        ("none.onnx", "cannot read"),
    ] {
        let error = refusal(name);
        assert!(error.contains(sentence), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn names_of_types_are_checked() {
    let graph = open("windows");
    for name in ["", "net", "Self", "Two words", "É"] {
        let error = graph.declaration(name).unwrap_err().to_string();
        assert!(error.contains("with a capital first, found"), "{error}");
    }
    assert!(graph.declaration("ResNet18_b").unwrap().contains("pub struct ResNet18_b:"));
}

/// A file that is cut off, and one with a byte changed, is read or refused.
#[test]
fn damaged_files_are_refused_or_read() {
    for name in ["windows.onnx", "shapes.onnx"] {
        let bytes = fs::read(file(name)).unwrap();
        let mut refused = 0;
        for i in 0..bytes.len() {
            refused += usize::from(OnnxGraph::from_bytes(name, bytes[..i].to_vec()).is_err());
            for value in [0, bytes[i].wrapping_add(1), 0x7F, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[i] = value;
                if let Ok(graph) = OnnxGraph::from_bytes(name, damaged) {
                    graph.declaration("Net").unwrap();
                }
            }
        }
        assert!(refused > bytes.len() / 2, "{name}: {refused}");
    }
}
