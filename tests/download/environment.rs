//! Data sets obey the variables of the environment, and the embedded sample stands in for what cannot be fetched.

use std::fs;
use std::path::Path;

use crate::child::child;

#[test]
fn mnist_obeys_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let load = |variables: &[(&str, &Path)]| {
        let always = [("TEST_LOAD", Path::new("1")), ("CONVNET_OFFLINE", Path::new("1"))];
        let output =
            child(&always).env("XDG_CACHE_HOME", folder.path()).envs(variables.iter().copied()).output();
        let output = output.unwrap();
        assert!(output.status.success());
        let own = |bytes: Vec<u8>, mark: &str| {
            let text = String::from_utf8(bytes).unwrap();
            let at = text.find(mark).map(|at| text[at..].lines().next().unwrap().to_owned());
            at.unwrap_or_default()
        };
        (own(output.stdout, "loaded").replace("loaded ", ""), own(output.stderr, "convnet:"))
    };

    let whole = || ("12000 + 2000".to_owned(), String::new());
    for path in [assets.clone(), assets.join("mnist")] {
        assert_eq!(load(&[("CONVNET_DATA_DIR", &path)]), whole());
    }
    assert_eq!(load(&[("CONVNET_DATA_DIR", folder.path())]).0, "", "a bad folder is an error");

    // The four files beside an empty folder of their name are MNIST, and never clothes.
    let copy = folder.path().join("copy");
    fs::create_dir_all(copy.join("mnist")).unwrap();
    let copy_to = |folder: &Path| {
        for entry in fs::read_dir(assets.join("mnist")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    };
    copy_to(&copy);
    assert_eq!(load(&[("CONVNET_DATA_DIR", &copy)]), whole());
    let clothes = [("CONVNET_DATA_DIR", &*copy), ("TEST_SET", Path::new("clothes"))];
    assert_eq!(load(&clothes).0, "");
    fs::rename(copy.join("mnist"), copy.join("fashion-mnist")).unwrap();
    assert_eq!(load(&clothes).0, "");
    copy_to(&copy.join("fashion-mnist"));
    assert_eq!(load(&clothes), whole());
}

#[test]
fn cifar_obeys_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let load = |set: &str, data: Option<&Path>| {
        let mut child = child(&[("TEST_LOAD", Path::new("1")), ("CONVNET_OFFLINE", Path::new("1"))]);
        child.env("XDG_CACHE_HOME", folder.path().join("cache")).env("TEST_SET", set);
        let output = data.iter().fold(&mut child, |child, data| child.env("CONVNET_DATA_DIR", data)).output();
        let output = output.unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{stdout}{stderr}");
        let line = stderr.lines().find(|line| line.starts_with("convnet:")).unwrap_or_default().to_owned();
        let at = stdout.find("loaded ").or(stdout.find("error ")).unwrap();
        (stdout[at..].lines().next().unwrap().to_owned(), line)
    };

    // Images with the labels 0 and 0.
    let own = folder.path().join("data/cifar10");
    fs::create_dir_all(&own).unwrap();
    for i in 1..=5 {
        fs::write(own.join(format!("data_batch_{i}.bin")), vec![0; i * 3073]).unwrap();
    }
    fs::write(own.join("test_batch.bin"), [0; 3073]).unwrap();
    let own100 = folder.path().join("data/cifar100");
    fs::create_dir(&own100).unwrap();
    fs::write(own100.join("train.bin"), [0; 2 * 3074]).unwrap();
    fs::write(own100.join("test.bin"), [0; 3074]).unwrap();
    for data in [own.parent().unwrap(), &own] {
        assert_eq!(load("cifar10", Some(data)), ("loaded 15 + 1".to_owned(), String::new()));
    }
    for data in [own100.parent().unwrap(), &own100] {
        assert_eq!(load("cifar100", Some(data)), ("loaded 2 + 1".to_owned(), String::new()));
    }
    assert!(load("cifar100", Some(&own)).0.starts_with("error "), "one is not the other");
    assert!(load("cifar10", Some(&own100)).0.starts_with("error "), "one is not the other");

    let (text, _) = load("cifar100", None);
    assert!(text.starts_with("error cannot get cifar100/cifar-100-binary.tar.gz: "), "{text}");
    assert!(text.contains("the cache is offline (CONVNET_OFFLINE)"), "{text}");
    let (text, line) = load("cifar10", None);
    if cfg!(all(feature = "sample", feature = "images")) {
        assert_eq!(text, "loaded 2000 + 500");
        let start = "convnet: using the embedded sample of 2,000 + 500 CIFAR-10 images: cannot get \
                     cifar10/cifar-10-binary.tar.gz (the cache is offline (CONVNET_OFFLINE)). For all 60,000 ";
        assert!(line.starts_with(start), "{line}");
    } else {
        assert!(text.starts_with("error cannot get cifar10/cifar-10-binary.tar.gz: "), "{text}");
    }
}

#[cfg(feature = "sample")]
#[test]
fn the_sample_stands_in_and_says_so_on_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let load = |cache: &Path| child(&[("TEST_LOAD", Path::new("1")), ("XDG_CACHE_HOME", cache)]);
    let loaded = |output: std::process::Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("loaded 12000 + 2000"), "{text}");
        String::from_utf8(output.stderr).unwrap()
    };
    const START: &str = "convnet: using the embedded sample of 12,000 + 2,000 MNIST digits: ";
    const END: &str =
        ". For all 70,000 connect to a network, or set CONVNET_DATA_DIR to a folder with the four files.";

    let text = loaded(load(folder.path()).env("CONVNET_OFFLINE", "1").output().unwrap());
    let reason = "cannot get mnist/train-images-idx3-ubyte.gz (the cache is offline (CONVNET_OFFLINE))";
    assert_eq!(
        text.lines().find(|line| line.starts_with("convnet:")).unwrap(),
        format!("{START}{reason}{END}")
    );

    #[cfg(unix)]
    {
        // A cache that cannot be made, so that the network is not asked.
        let file = folder.path().join("two\nlines");
        fs::write(&file, "").unwrap();
        let text = loaded(load(&file).output().unwrap());
        let line = text.lines().find(|line| line.starts_with(START)).unwrap();
        assert!(line.contains("two\\nlines") && line.ends_with(END), "{line}");
    }
    #[cfg(target_os = "linux")]
    {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        loaded(load(folder.path()).env("CONVNET_OFFLINE", "1").stderr(full).output().unwrap());
    }
}
