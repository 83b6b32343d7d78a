//! Files in the cache: used offline, replaced when damaged, and with the rights of other files.

use std::fs;
use std::path::Path;

use convnet::Error;

use crate::mirror::{LEN, Mirror, closed_port, content};
use crate::room::{CUT, Room, cache, fetch};

#[test]
fn offline_touches_no_network() {
    let (mut room, mirror) = (Room::new(), Mirror::good());
    room.cache.offline = true;
    let error = room.fetch(&[&mirror.url]).unwrap_err().to_string();
    assert!(error.contains("CONVNET_OFFLINE") && error.contains("letters/file"), "{error}");
    room.put("file", &content());
    room.gets(&[&mirror.url]);
    assert!(mirror.ranges().is_empty());
}

#[test]
fn a_damaged_cached_file_is_replaced() {
    let mut flipped = content();
    flipped[1234] ^= 1;
    let mirror = Mirror::good();
    for bad in [&flipped[..], &[], &content()[..CUT]] {
        let room = Room::new();
        room.put("file", bad);
        let expected = if bad.len() == LEN { "expected SHA-256" } else { "expected 300000 bytes" };
        room.fails(&[&closed_port()], &[expected]);
        room.gets(&[&mirror.url]);
    }
}

#[test]
fn leftovers_are_never_trusted_and_removed_unless_in_use() {
    let (room, mirror) = (Room::new(), Mirror::good());
    let used = room.put(".file.used.partial", &content()[..CUT]);
    let lock = fs::File::open(&used).unwrap();
    lock.try_lock().unwrap();
    // The second time the file is in the cache.
    for _ in 0..2 {
        let left = room.put(".file.left.partial", &content());
        assert_eq!(room.fetch(&[&mirror.url]).unwrap(), room.path());
        assert!(fs::read(room.path()).unwrap() == content());
        assert!(!left.exists() && used.exists());
    }
    drop(lock);
    room.gets(&[]);
    assert_eq!(mirror.ranges(), [None]);
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, "").unwrap();
    let error = fetch(&cache(&file), &[&closed_port()]).unwrap_err();
    assert!(matches!(error, Error::Io { .. }) && error.to_string().contains("a file"), "{error}");
}

#[cfg(unix)]
#[test]
fn cached_files_have_the_rights_of_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let (room, mirror) = (Room::new(), Mirror::good());
    room.gets(&[&mirror.url]);
    let other = room.put("other", b"");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&room.path()), mode(&other));

    let room = Room::new();
    let folder = room.put("other", b"").parent().unwrap().to_owned();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere.
    if fs::write(folder.join("other2"), b"").is_err() {
        let error = room.fetch(&[&mirror.url]).unwrap_err();
        assert!(matches!(error, Error::Io { .. }) && error.to_string().contains("letters"), "{error}");
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}
