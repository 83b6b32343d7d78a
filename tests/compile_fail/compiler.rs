//! The compiler, asked about one file against the crate as it was built for this test, and its messages without what
//! changes from line to line of `src/` and from machine to machine.

use std::any::TypeId;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::SystemTime;
use std::{env, fs};

/// The folder of this test's binary and of everything that it was linked with.
static DEPS: LazyLock<PathBuf> =
    LazyLock::new(|| env::current_exe().unwrap().parent().unwrap().to_path_buf());
/// Where the programs go that must compile.
static PROGRAMS: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
/// The library that this test was linked with.
static CONVNET: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut built: Vec<(SystemTime, PathBuf)> = fs::read_dir(&*DEPS)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("libconvnet-") && name.ends_with(".rlib")
        })
        .map(|path| (fs::metadata(&path).unwrap().modified().unwrap(), path))
        .collect();
    built.sort();
    // Other choices of features are in the same folder: their types have other identities.
    let probe = PROGRAMS.path().join("probe.rs");
    fs::write(&probe, "fn main() { print!(\"{:?}\", std::any::TypeId::of::<convnet::Error>()) }").unwrap();
    let ours = format!("{:?}", TypeId::of::<convnet::Error>());
    let is_ours = |library: &Path| {
        let program = PROGRAMS.path().join("probe");
        let compiled = against(library, &probe).arg("-o").arg(&program).output().unwrap();
        compiled.status.success() && Command::new(program).output().unwrap().stdout == ours.as_bytes()
    };
    let found = built.into_iter().rev().map(|(_, path)| path).find(|path| is_ours(path));
    found.expect("the library that this test was linked with lies beside it")
});

pub fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()))
}

fn against(library: &Path, file: &Path) -> Command {
    let mut command = rustc();
    let dependencies = format!("dependency={}", DEPS.display());
    // Types are written in full, and not into a file where they are long.
    command.args(["--edition", "2024", "--color", "never", "--verbose", "-L", &dependencies, "--extern"]);
    command.arg(format!("convnet={}", library.display())).arg(file);
    command
}

/// Checks a file as `cargo check` does.
pub fn check(file: &Path) -> Output {
    let to = PROGRAMS.path().join(file.file_stem().unwrap()).with_extension("rmeta");
    against(&CONVNET, file).args(["--emit", "metadata", "-o"]).arg(to).output().unwrap()
}

/// Compiles a file to object code, without linking. Unlike a check, this also evaluates constants in generic code.
pub fn build(file: &Path) -> Output {
    let to = PROGRAMS.path().join(file.file_stem().unwrap()).with_extension("o");
    against(&CONVNET, file).args(["--emit", "obj", "-o"]).arg(to).output().unwrap()
}

/// The messages without the summary at their end, and with `src/network/mod.rs` for every place in a file of this crate.
pub fn normalized(messages: &str) -> String {
    let root = format!("{}/", env!("CARGO_MANIFEST_DIR"));
    let summary = ["error: aborting due to", "For more information about", "Some errors have detailed"];
    let diagnostics = messages.replace("\r\n", "\n");
    let diagnostics = diagnostics.trim_end().split("\n\n");
    let kept = diagnostics.filter(|text| !summary.iter().any(|start| text.starts_with(start)));
    kept.map(|text| diagnostic(&text.replace(&root, ""))).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// A line's number, if it is one that shows source.
fn number(line: &str) -> Option<usize> {
    let (number, _) = line.split_once('|')?;
    number.trim().parse().ok()
}

/// Whether a line tells the file of the lines after it, and if so, whether that is one of the crate.
fn place(line: &str) -> Option<bool> {
    let path = line.trim_start();
    let path = path.strip_prefix("--> ").or(path.strip_prefix("::: "))?;
    Some(!path.starts_with("tests/"))
}

fn diagnostic(text: &str) -> String {
    // The margin is as wide as the largest number in it: first what it was, then what it is without the crate's lines.
    let mut within = false;
    let (mut before, mut after) = (0, 1);
    for line in text.lines() {
        if let Some(crate_file) = place(line) {
            within = crate_file;
            before = line.len() - line.trim_start().len();
        }
        if let (Some(number), false) = (number(line), within) {
            after = after.max(number.to_string().len());
        }
    }
    let surplus = before.saturating_sub(after);
    let mut lines = Vec::new();
    // A sentence at the margin may go on in lines that the margin is no part of.
    let mut heading = false;
    for line in text.lines() {
        heading = line.starts_with(char::is_alphabetic)
            || heading && !line.trim_start().starts_with(['|', '=', '-', ':']);
        if let Some(crate_file) = place(line) {
            within = crate_file;
            let path = line[surplus..].trim_end();
            let path = if within { path.rsplitn(3, ':').last().unwrap() } else { path };
            lines.push(path.to_string());
        } else if within && line.ends_with("- required by a bound in this function") {
            // The compiler leaves this label out if the bound's line has the same number, even in another file.
        } else if let Some((margin, source)) = line.split_once('|').filter(|_| number(line).is_some()) {
            let number = if within { "" } else { margin.trim() };
            lines.push(format!("{number:>after$} |{source}"));
        } else if let Some(rest) = line.strip_prefix("...") {
            lines.push(format!("...{}", rest.get(surplus..).unwrap_or_default()));
        } else if line.starts_with(' ') && !heading {
            lines.push(line[surplus.min(line.len() - line.trim_start().len())..].to_string());
        } else {
            lines.push(line.to_string());
        }
    }
    lines.join("\n")
}
