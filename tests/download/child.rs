//! This test program as a process of its own, which fetches a file or loads a data set.

use std::path::Path;
use std::process::{Command, Stdio};

use convnet::data::{Cifar10, Cifar100, FashionMnist, Mnist, Samples};

use crate::mirror::Mirror;
use crate::room::{Room, cache, fetch};

/// This test program as a process of its own: runs `child` with the given variables.
pub fn child(variables: &[(&str, &Path)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child::child_process", "--nocapture"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ["CONVNET_OFFLINE", "CONVNET_DATA_DIR", "XDG_CACHE_HOME"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    command
}

pub fn fetching(room: &Room, mirror: &Mirror) -> Command {
    child(&[("TEST_FETCH", room.folder.path()), ("TEST_MIRROR", Path::new(&mirror.url))])
}

/// Does something only in the processes that [`child`] starts.
#[test]
fn child_process() {
    if let Some(root) = std::env::var_os("TEST_FETCH") {
        fetch(&cache(Path::new(&root)), &[&std::env::var("TEST_MIRROR").unwrap()]).unwrap();
    } else if std::env::var_os("TEST_LOAD").is_some() {
        let lengths = match std::env::var("TEST_SET").as_deref() {
            Ok("clothes") => FashionMnist::load().map(|set| (set.train.len(), set.test.len())),
            Ok("cifar10") => Cifar10::load().map(|set| (set.train.len(), set.test.len())),
            Ok("cifar100") => Cifar100::load().map(|set| (set.train.len(), set.test.len())),
            _ => Mnist::load().map(|set| (set.train.len(), set.test.len())),
        };
        match lengths {
            Ok((train, test)) => println!("loaded {train} + {test}"),
            Err(error) => println!("error {error}"),
        }
    }
}
