//! The targets accept all inputs that fuzzers have found, kept in `found/TARGET`, and the seeds that fuzzing starts from.

mod targets;

use std::fs;
use std::path::PathBuf;

use targets::{TARGETS, seeds};

/// `CONVNET_FUZZ_SEEDS=fuzz/corpus cargo test --test fuzz` also writes the seeds into a folder for each target.
#[test]
fn seeds_are_taken() {
    let corpus = std::env::var_os("CONVNET_FUZZ_SEEDS").map(PathBuf::from);
    for (name, target) in TARGETS {
        for (i, bytes) in seeds(name).into_iter().enumerate() {
            target(&bytes);
            // And its beginning, without the rest.
            target(&bytes[..bytes.len() / 2]);
            if let Some(corpus) = &corpus {
                fs::create_dir_all(corpus.join(name)).unwrap();
                fs::write(corpus.join(name).join(format!("seed{i}")), bytes).unwrap();
            }
        }
    }
}

#[test]
fn what_was_found_is_taken() {
    let mut count = 0;
    for (name, target) in TARGETS {
        let Ok(found) = fs::read_dir(format!("tests/fuzz/found/{name}")) else { continue };
        for file in found {
            target(&fs::read(file.unwrap().path()).unwrap());
            count += 1;
        }
    }
    println!("{count} inputs");
}
