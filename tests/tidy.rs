//! Rules of this repository that no linter checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The documents at the root.
const DOCUMENTS: [&str; 5] = ["README.md", "ARCHITECTURE.md", "BENCHMARKS.md", "CHANGELOG.md", "EXAMPLES.md"];

/// All files below a folder with one of these endings.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if endings.contains(&ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<PathBuf> {
    ["src", "tests", "examples", "benches"].iter().flat_map(|folder| files(folder, &["rs"])).collect()
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path.as_ref()).unwrap_or_else(|e| panic!("{}: {e}", path.as_ref().display()))
}

/// The types in `pub use` of a module file: `pub use relu::Relu;` or `{A, B}`, on one line or several.
fn exported(module: &str) -> Vec<String> {
    let text = text(module);
    let names = text.split("\npub use ").skip(1).filter_map(|rest| rest.split(';').next()?.split_once("::"));
    names
        .flat_map(|(_, names)| names.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_string))
        .filter(|name| name.starts_with(char::is_uppercase))
        .collect()
}

#[test]
fn unsafe_lives_in_the_kernels_and_says_why() {
    for path in rust_files() {
        let code = text(&path);
        let lines: Vec<&str> = code.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap();
            let words: Vec<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            if !words.contains(&"unsafe") || path.ends_with("tests/tidy.rs") {
                continue;
            }
            assert!(
                path.starts_with("src/kernel"),
                "{}:{}: unsafe outside src/kernel",
                path.display(),
                i + 1
            );
            // A declaration says what its caller promises, and clippy holds it to that.
            if code.contains("unsafe fn") {
                continue;
            }
            let above = lines[i.saturating_sub(6)..i].join("\n");
            assert!(above.contains("SAFETY"), "{}:{}: no SAFETY sentence", path.display(), i + 1);
        }
    }
}

#[test]
fn every_layer_and_every_loss_is_in_the_batteries() {
    // Names come in by the prelude's star, so that a name in the file is a use.
    let is_in = |name: &str, battery: &str| {
        let words = text(battery);
        assert!(
            words.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name),
            "{name} is not in {battery}"
        );
    };
    let layers = exported("src/layer/mod.rs");
    let mut files_of_losses = files("src/loss", &["rs"]);
    // The one public type there that is not a loss.
    files_of_losses.retain(|path| !path.ends_with("tally.rs"));
    let losses: String = files_of_losses.iter().map(text).collect();
    let losses = losses.lines().filter_map(|line| line.strip_prefix("pub struct "));
    let losses: Vec<String> =
        losses.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric()).collect()).collect();
    assert!(layers.len() >= 21 && losses.len() >= 8, "{layers:?} {losses:?}");
    for name in layers.iter().chain(&losses) {
        is_in(name, "tests/gradients.rs");
    }
    for name in &layers {
        is_in(name, "tests/onnx.rs");
    }
}

/// `block!` refuses the name of each layer that is a word in `network!`, and no other name.
#[test]
fn blocks_have_no_names_of_layers() {
    let block = text("src/declare/block.rs");
    let refused = block.split_once("@none_of ($d) $Name [").unwrap().1.split_once(']').unwrap().0;
    let refused: Vec<&str> = refused.split_whitespace().collect();
    let layers = text("src/layer/mod.rs");
    let words = layers.lines().filter_map(|line| {
        line.trim().strip_prefix("pub use crate::__")?.strip_suffix(';')?.split_once(" as ")
    });
    let mut taken: BTreeSet<String> = words.map(|(_, name)| name.to_string()).collect();
    taken.extend(exported("src/layer/mod.rs"));
    // Made of other layers, or none.
    for name in ["Chain", "Codes", "Connections", "Merge", "MergeLayer", "Residual", "UpsampleMode"] {
        assert!(taken.remove(name), "{name}");
    }
    let refused_once: BTreeSet<String> = refused.iter().map(|name| name.to_string()).collect();
    assert_eq!((refused_once, refused.len()), (taken.clone(), taken.len()));
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    for path in rust_files() {
        assert!(text(&path).starts_with("//! "), "{}: no //! line at the top", path.display());
    }
}

/// A file of more than 500 lines gives its reason near its top: "Over 500 lines: …".
#[test]
fn files_hold_one_idea() {
    for path in rust_files() {
        let text = text(&path);
        let lines = text.lines().count();
        let reason = text.lines().take(20).any(|line| line.contains("Over 500 lines: "));
        assert!(lines <= 500 || reason, "{}: {lines} lines without a reason", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(!["utils", "util", "helpers", "common", "misc"].contains(&name), "{}", path.display());
    }
}

/// The rooms of the crate, which are its top-level modules, import each other in one direction.
#[test]
fn rooms_import_each_other_without_a_circle() {
    let room_of = |path: &Path| {
        let top = path.strip_prefix("src").unwrap().iter().next().unwrap().to_str().unwrap();
        top.trim_end_matches(".rs").to_string()
    };
    let sources = files("src", &["rs"]);
    let rooms: BTreeSet<String> = sources.iter().map(|path| room_of(path)).collect();
    // What `lib.rs` exports at the top.
    let exported = [("Error", "error"), ("Init", "init"), ("Network", "network"), ("Scalar", "scalar")];
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in &sources {
        let room = room_of(path);
        let is_test = path.file_stem().unwrap() == "tests" || path.iter().any(|part| part == "tests");
        if is_test || room == "lib" || room == "migration" {
            continue;
        }
        let text = text(path);
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n").replace("$crate::", "");
        for rest in code.split("crate::").skip(1) {
            let list = rest.strip_prefix('{').and_then(|rest| rest.split('}').next());
            let name = |rest: &str| {
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
            };
            let names: Vec<String> = match list {
                Some(list) => list.split(',').map(|item| name(item.trim())).collect(),
                None => vec![name(rest)],
            };
            for name in names {
                let to = exported.iter().find(|(item, _)| *item == name).map_or(name, |(_, to)| (*to).into());
                if to != room && rooms.contains(&to) {
                    imports.entry(room.clone()).or_default().insert(to);
                }
            }
        }
    }
    assert!(imports.len() >= 15, "{imports:?}");
    // Rooms that import nothing but rooms that are done, until none is left.
    let mut done = BTreeSet::new();
    let mut left = rooms;
    while !left.is_empty() {
        let next: Vec<String> = left
            .iter()
            .filter(|room| imports.get(*room).is_none_or(|to| to.is_subset(&done)))
            .cloned()
            .collect();
        assert!(!next.is_empty(), "a circle among {left:?}");
        println!("{}", next.join(", "));
        left.retain(|room| !next.contains(room));
        done.extend(next);
    }
}

#[test]
fn nothing_is_left_for_later_or_switched_off() {
    // Put together here, so that this file does not hold them.
    let forbidden = [
        ["to", "do!"].concat(),
        ["unimplement", "ed!"].concat(),
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["#[ig", "nore"].concat(),
        ["```no", "_run"].concat(),
        ["```ig", "nore"].concat(),
        ["allow(dead", "_code)]\n"].concat(),
    ];
    for path in rust_files() {
        let code = text(&path);
        for word in &forbidden {
            assert!(!code.contains(word.as_str()), "{}: {word}", path.display());
        }
    }
}

#[test]
fn the_files_speak_of_no_machine() {
    let mut all = rust_files();
    all.extend(DOCUMENTS.map(PathBuf::from));
    all.extend(["Cargo.toml", ".ci/run"].map(PathBuf::from));
    all.extend(files("assets", &["md", "py"]));
    all.extend(files("tests", &["py", "stderr"]));
    all.extend(files("benches", &["py"]));
    for path in all {
        let text = text(&path);
        for start in ["/work/", "/root/", "/home/", "C:\\\\Users"] {
            assert!(!text.contains(start) || path.ends_with("tests/tidy.rs"), "{}: {start}", path.display());
        }
    }
}

/// Paths such as `src/…` and `tests/…` in the documents exist, and so do the targets of relative links.
#[test]
fn documents_name_files_that_exist() {
    for document in DOCUMENTS {
        let text = text(document);
        let mut named = 0;
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let quoted = text.split('`').skip(1).step_by(2).filter(|word| {
            ["src/", "tests/", "examples/", "benches/", "assets/", ".ci/"]
                .iter()
                .any(|top| word.starts_with(top))
        });
        for path in links.chain(quoted) {
            if let Some(heading) = path.strip_prefix('#') {
                let is_there = |line: &str| line.trim_start_matches('#').trim() == heading.replace('-', " ");
                let headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(headings.map(str::to_lowercase).any(|line| is_there(&line)), "{document}: no {path}");
            }
            let path = path.split(['#', ' ', ':']).next().unwrap();
            if path.is_empty() || path.starts_with("http") || path.contains('*') {
                continue;
            }
            assert!(Path::new(path).exists(), "{document}: {path} does not exist");
            named += 1;
        }
        assert!(named > 0 || document == "CHANGELOG.md", "{document} names no file");
    }
}

/// The README shows a whole program: it is the example of that name.
#[test]
fn the_readme_shows_the_quick_start() {
    let readme = text("README.md");
    let example = text("examples/quick_start.rs");
    let code = example.split_once("\n\n").unwrap().1;
    assert!(readme.contains(code.trim_end()), "README.md does not hold examples/quick_start.rs as it is");
}
