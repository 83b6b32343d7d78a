//! Archives that are cut off or damaged, and members of unusual kinds and names.

use std::fs;

use convnet::prelude::*;
use image::ImageFormat;
use tar::EntryType;

use crate::one_image::One;
use crate::sources::{encoded, gzip, header, noise, png, tar};
use crate::zips::{Zipped, zip, zip_of};

#[test]
fn every_prefix_of_an_archive_is_refused() {
    let whole = tar(&[("class/a.png", png(4, 4)), ("class/b.png", png(3, 5))]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let zipped = gzip(&whole);
    let zip = zip(&[("class/a.png", png(4, 4)), ("class/b.png", png(3, 5))]);
    // Of the two blocks of zeros at the end of a tar archive one may be missing.
    for (bytes, enough) in [(&whole, whole.len() - 512), (&zipped, zipped.len()), (&zip, zip.len())] {
        for len in (0..bytes.len()).chain([bytes.len()]) {
            fs::write(&path, &bytes[..len]).unwrap();
            match One::open(&path) {
                Ok(images) => assert!(len >= enough && images.read().is_ok(), "{len}"),
                Err(error) => {
                    assert!(len < enough, "{len}: {error}");
                    assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_flipped_byte_is_no_panic() {
    let whole =
        tar(&[("class/a.png", png(4, 4)), ("class/b.jpg", encoded(&noise(4, 4, 1), ImageFormat::Jpeg))]);
    let zip = zip(&[("class/a.png", png(4, 4)), ("class/b.png", png(3, 5))]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    for whole in [whole, zip] {
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x81;
            fs::write(&path, bytes).unwrap();
            if let Ok(images) = One::open(&path) {
                let _ = images.read();
            }
        }
    }
}

#[test]
fn unusual_members_of_a_zip_are_read_or_refused() {
    let image = png(4, 4);
    let member = |name: &str| Zipped::new(name.as_bytes(), &image, true);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.zip");
    let open = |members: Vec<Zipped>| {
        fs::write(&path, zip_of(members)).unwrap();
        One::open(&path)
    };
    let count = |members| open(members).map(|images| (images.len(), images.read().is_ok())).unwrap();
    assert_eq!(count(vec![member("/class/a.png"), member("./class//b.png")]), (2, true));
    assert_eq!(count(vec![member("../evil/a.png"), member("class/a.png")]), (1, true));
    let folders = Zipped { mode: 0o040_755, ..Zipped::new(b"class/", b"", false) };
    assert_eq!(count(vec![folders, member("class/a.png")]), (1, true));
    // Of members with one name the last counts.
    let broken = Zipped::new(b"class/a.png", b"broken", false);
    assert_eq!(count(vec![broken, member("class/a.png")]), (1, true));
    let latin = |name: &[u8]| Zipped { name: name.to_vec(), ..member("") };
    assert_eq!(count(vec![latin(b"class/\xe9.png"), latin(b"class/\xe8.png")]), (2, true));

    let refused = |member: Zipped| open(vec![member]).unwrap().read().unwrap_err().to_string();
    let image = || member("class/a.png");
    let checksum = image().crc ^ 1;
    for (member, reason) in [
        (Zipped { mode: 0o120_777, ..image() }, "expected an image, found a link"),
        (Zipped { flags: 1, ..image() }, "expected an image, found an encrypted member"),
        (Zipped { method: 12, ..image() }, "found a member packed by another method than deflate"),
        (Zipped { crc: checksum, ..image() }, "undamaged bytes in the archive, found a wrong checksum"),
        (Zipped { size: 7, ..image() }, "expected 7 bytes, found more"),
        (Zipped { packed: vec![0xff; 60], ..image() }, "undamaged bytes in the archive, found damage: "),
    ] {
        let text = refused(member);
        assert!(text.contains("archive.zip: class/a.png: ") && text.contains(reason), "{text}");
    }
    let text = open(vec![member(&format!("class/{}.png", "x".repeat(5000)))]).unwrap_err().to_string();
    assert!(text.ends_with("archive.zip: expected names of at most 4096 bytes, found one of 5010"), "{text}");
    let text = open(vec![latin(b"\xe9t\xe9/a.png")]).unwrap_err().to_string();
    assert!(text.ends_with(": expected a class with a name in UTF-8, found another name"), "{text}");
    // A member that ends after the archive.
    let mut bytes = zip_of(vec![image()]);
    let directory = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
    bytes[directory + 20..directory + 24].copy_from_slice(&1_000_000_u32.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let text = One::open(&path).unwrap_err().to_string();
    assert!(text.contains("archive.zip: class/a.png: expected 1000000 bytes, found "), "{text}");
}

#[test]
fn other_files_are_no_archives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.tar");
    let cases: [(&[u8], &str); 5] = [
        (b"", "expected a folder or an archive of images, found an empty file"),
        (b"<html>", "expected a tar archive, found a web page"),
        (b"PK\x03\x04", "expected an undamaged zip archive, found invalid Zip archive: Could not find EOCD"),
        (&[7; 2000], "expected a tar archive, found another kind of file"),
        (b"short", "expected a whole tar archive, found one that is cut off"),
    ];
    for (bytes, reason) in cases {
        fs::write(&path, bytes).unwrap();
        assert!(One::open(&path).unwrap_err().to_string().ends_with(reason));
    }
    assert!(One::open(folder.path().join("nothing")).unwrap_err().to_string().contains("cannot read"));
}

#[test]
fn unusual_members_are_read_or_refused() {
    let image = png(4, 4);
    let padded = |bytes: &[u8]| [bytes, &vec![0; bytes.len().next_multiple_of(512) - bytes.len()]].concat();
    let member = |name: &str| [header(name, EntryType::Regular, image.len() as u64), padded(&image)].concat();
    let named = |kind, name: &[u8]| [header("././@Long", kind, name.len() as u64), padded(name)].concat();
    let end = vec![0; 1024];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.tar");
    let open = |members: &[Vec<u8>]| {
        fs::write(&path, [&members.concat()[..], &end].concat()).unwrap();
        One::open_with(&path, ImageFolderOptions::new().nested(true))
    };
    let names = |members: &[Vec<u8>]| {
        let folder = open(members).unwrap();
        (folder.classes()[0].clone(), folder.len(), folder.read().is_ok())
    };

    let long = format!("class/{}.png", "x".repeat(300));
    let class = || "class".to_owned();
    assert_eq!(names(&[named(EntryType::GNULongName, long.as_bytes()), member("short")]), (class(), 1, true));
    let record = format!("{} path={long}\n", long.len() + 10);
    assert_eq!(names(&[named(EntryType::XHeader, record.as_bytes()), member("short")]), (class(), 1, true));
    let size = format!("{} size={}\n", 9 + image.len().to_string().len(), image.len());
    let lying = [
        named(EntryType::XHeader, size.as_bytes()),
        header("class/a.png", EntryType::Regular, 0),
        padded(&image),
    ];
    assert_eq!(names(&lying), (class(), 1, true));
    assert_eq!(names(&[member("/class/a.png"), member("./class//b.png")]), (class(), 2, true));
    assert_eq!(names(&[member("../evil/a.png"), member("class/a.png")]), (class(), 1, true));
    assert_eq!(names(&[member("class/a.png"), member("class/a.png")]), (class(), 1, true));
    assert_eq!(names(&[header("class/", EntryType::Regular, 0), member("class/a.png")]), (class(), 1, true));
    assert_eq!(
        names(&[named(EntryType::XGlobalHeader, b"12 comment=\n"), member("class/a.png")]),
        (class(), 1, true)
    );
    for (kind, found) in
        [(EntryType::Symlink, "a link"), (EntryType::Link, "a link"), (EntryType::Fifo, "a device or pipe")]
    {
        let text = open(&[header("class/a.png", kind, 0)]).unwrap().read().unwrap_err().to_string();
        assert!(
            text.ends_with(&format!("archive.tar: class/a.png: expected an image, found {found}")),
            "{text}"
        );
    }

    let bad = |members: &[Vec<u8>]| open(members).unwrap_err().to_string();
    for size in [1 << 40, 1 << 63, u64::MAX, u64::MAX - 511] {
        let text = bad(&[member("class/b.png"), header("class/a.png", EntryType::Regular, size)]);
        assert!(
            text.contains(&format!("archive.tar: class/a.png: expected {size} bytes, found 1024")),
            "{text}"
        );
        let text = bad(&[header("long", EntryType::GNULongName, size)]);
        assert!(
            text.contains(&format!("expected names of at most 4096 bytes, found one of {size}")),
            "{text}"
        );
    }
    assert!(bad(&[named(EntryType::XHeader, b"nonsense\n"), member("a/a.png")]).contains("a bad pax header"));
    assert!(
        bad(&[named(EntryType::XHeader, b"99 path=a\n"), member("a/a.png")]).contains("a bad pax header")
    );
    let pax = |key_values: &[&[u8]]| -> Vec<u8> {
        let records: Vec<_> = key_values.iter().map(|pair| pax_record(pair)).collect();
        named(EntryType::XHeader, &records.concat())
    };
    let without_holes = "class/a.png: expected a member without holes, found a sparse one";
    assert!(bad(&[header("class/a.png", EntryType::GNUSparse, 0)]).ends_with(without_holes));
    assert!(bad(&[pax(&[b"GNU.sparse.major=1"]), member("class/a.png")]).ends_with(without_holes));
    // A value may hold any bytes; the records after it still count.
    let attribute = b"SCHILY.xattr.com.apple.provenance=\x01\n\n\0 =\xff\n99 path=x".as_slice();
    let size = format!("size={}", image.len());
    let renamed = [
        pax(&[attribute, b"comment=", b"path=class/b.png", size.as_bytes()]),
        header("elsewhere/a.png", EntryType::Regular, 0),
        padded(&image),
    ];
    assert_eq!(names(&renamed), (class(), 1, true));
    let long = format!("path=class/{}.png", "x".repeat(5000));
    assert!(
        bad(&[pax(&[long.as_bytes()]), member("short")])
            .contains("names of at most 4096 bytes, found one of 5010")
    );
    assert!(
        bad(&[header("pax", EntryType::XHeader, 1 << 21)]).contains("pax headers of at most 1048576 bytes")
    );

    // Files may have names in any encoding, classes not.
    let latin = |name: &[u8]| [named(EntryType::GNULongName, name), member("short")].concat();
    assert_eq!(names(&[latin(b"class/\xe9.png"), latin(b"class/\xe8.png")]), (class(), 2, true));
    let text = bad(&[latin(b"\xe9t\xe9/a.png"), member("class/a.png")]);
    assert!(text.ends_with(": expected a class with a name in UTF-8, found another name"), "{text}");
    // An error shows no more of a name than one can read.
    let endless = [&b"class/"[..], &[0xff; 4000], b"/end.png"].concat();
    let empty = [named(EntryType::GNULongName, &endless), header("short", EntryType::Regular, 0)];
    let text = open(&empty).unwrap().read().unwrap_err().to_string();
    assert!(text.len() < 1000 && text.contains("class/") && text.contains("/end.png: expected an"), "{text}");
    let mut wrong = member("class/b.png");
    wrong[0] ^= 1;
    assert!(
        bad(&[member("class/a.png"), wrong])
            .contains("found a wrong check sum in the header before byte 1024")
    );
}

/// "length key=value" and a line feed.
fn pax_record(pair: &[u8]) -> Vec<u8> {
    let len = (1..).find(|len: &usize| len.to_string().len() + pair.len() + 2 == *len).unwrap();
    [format!("{len} ").as_bytes(), pair, b"\n"].concat()
}
