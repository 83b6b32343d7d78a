//! Images and archives that are broken, or meant to break the reader.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use convnet::data::ImageFolder;
use convnet::prelude::*;
use convnet::train::Progress;
use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use tar::EntryType;

use crate::options;
use crate::sources::{Sources, encoded, gzip, header, noise, png, tar, with_orientation};

type One = ImageFolder<3, 4, 4, 1>;

/// What is wrong with the one image of a folder or an archive.
fn refusal(path: &Path) -> String {
    let folder = One::open(path).unwrap();
    let mut values = [0.0_f32; 48];
    let text = folder.write_to(0, &mut values, None).unwrap_err().to_string();
    assert_eq!(folder.read().unwrap_err().to_string(), text);
    text
}

/// A PNG file that says it has these sides, and pixels of so many bits and of this kind: 0 grey, 2 colour, 6 with alpha.
fn huge_png(width: u32, height: u32, [depth, kind]: [u8; 2]) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes().into_iter().chain(height.to_be_bytes()).chain([depth, kind, 0, 0, 0]));
    let mut crc = Crc::new();
    crc.update(&chunk);
    let small = png(4, 4);
    [&small[..8], &[0, 0, 0, 13], &chunk, &crc.sum().to_be_bytes(), &small[33..]].concat()
}

fn broken_images() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let image = noise(40, 40, 1);
    let cut = |format| {
        let file = encoded(&image, format);
        file[..file.len() / 2].to_vec()
    };
    let mut damaged = png(40, 40);
    damaged[60] ^= 0x55;
    let mut huge_bmp = encoded(&image, ImageFormat::Bmp);
    huge_bmp[18..26].copy_from_slice(&[0xa0, 0x86, 1, 0, 0xa0, 0x86, 1, 0]);
    let mut images = vec![
        ("empty.jpg", vec![], "expected an image, found an empty file"),
        ("text.png", b"this is no image".to_vec(), "expected an undamaged image"),
        ("page.jpg", b"<!DOCTYPE html>".to_vec(), "expected an undamaged image"),
        ("cut.jpg", cut(ImageFormat::Jpeg), "expected a whole JPEG image, found one that is cut off"),
        ("start.jpg", vec![0xff, 0xd8], "expected a whole JPEG image, found one that is cut off"),
        ("markers.jpg", vec![0xff, 0xd8, 0xff, 0xd9], "expected an undamaged image"),
        ("cut.png", cut(ImageFormat::Png), "expected an undamaged image"),
        ("cut.gif", cut(ImageFormat::Gif), "expected an undamaged image"),
        ("cut.bmp", cut(ImageFormat::Bmp), "expected an undamaged image"),
        ("cut.webp", cut(ImageFormat::WebP), "expected an undamaged image"),
        ("cut.ppm", cut(ImageFormat::Pnm), "expected an undamaged image"),
        ("cut.qoi", cut(ImageFormat::Qoi), "expected an undamaged image"),
        ("cut.tga", cut(ImageFormat::Tga), "expected an undamaged image"),
        ("damaged.png", damaged, "expected an undamaged image"),
        ("huge.png", huge_png(100_000, 100_000, [8, 2]), "expected an image of at most 268435456 bytes"),
        ("grey.png", huge_png(16_384, 16_384, [1, 0]), "expected an image of at most 268435456 bytes"),
        ("endless.png", huge_png(i32::MAX as u32, i32::MAX as u32, [8, 2]), "expected an undamaged image"),
        ("huge.bmp", huge_bmp, "expected an undamaged image"),
        ("huge.ppm", b"P6 100000 100000 255\n".to_vec(), "expected an image of at most 268435456 bytes"),
        ("wide.pgm", b"P5 4000000 1 255\n".to_vec(), "expected an undamaged image"),
        ("none.pgm", b"P5 0 0 255\n".to_vec(), "expected an "),
    ];
    if cfg!(feature = "tiff") {
        images.push(("cut.tiff", cut(ImageFormat::Tiff), "expected an undamaged image"));
    }
    images
}

#[test]
fn every_broken_image_is_named_in_every_source() {
    for (name, bytes, reason) in broken_images() {
        let name = format!("class/{name}");
        for path in Sources::new(&[(&name, bytes.clone())]).all() {
            let text = refusal(&path);
            assert!(text.starts_with(&format!("{}: {reason}", Sources::named(&path, &name))), "{text}");
        }
    }
}

#[test]
fn broken_images_can_be_left_out_and_counted() {
    let broken = broken_images();
    let mut files: Vec<(String, Vec<u8>)> =
        broken.iter().map(|(name, bytes, _)| (format!("{}/{name}", &name[..1]), bytes.clone())).collect();
    files.extend(["c/good.png", "e/good.png", "e/zz/good.png"].map(|name| (name.to_owned(), png(5, 5))));
    let files: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    for path in Sources::new(&files).all() {
        let options = options().skip_broken(true).fewer_classes(true);
        let folder = ImageFolder::<3, 4, 4, 20>::open_with(&path, options).unwrap();
        assert_eq!((folder.len(), folder.skipped().len()), (3, broken.len()));
        let skipped: Vec<_> = folder.skipped().iter().map(ToString::to_string).collect();
        assert!(
            broken.iter().all(|(name, ..)| skipped.iter().any(|text| text.contains(name))),
            "{skipped:?}"
        );
        // A class keeps its number without an image.
        let classes: Vec<_> =
            folder.targets().map(|class| folder.classes()[class.index()].as_str()).collect();
        assert_eq!(classes, ["c", "e", "e"]);
        assert_eq!(folder.read().unwrap().len(), 3);
    }
}

#[test]
fn a_training_ends_with_the_name_of_a_broken_image() {
    let sources =
        Sources::new(&[("a/1.png", png(32, 32)), ("a/2.jpg", vec![0xff, 0xd8]), ("b/3.png", png(32, 32))]);
    for path in sources.all() {
        let options = options().fewer_classes(true);
        let images = ImageFolder::<3, 32, 32, 10>::open_with(&path, options).unwrap();
        let mut trainer =
            Trainer::new(Glance::new(1), SoftmaxCrossEntropy, Sgd::new(0.01)).progress(Progress::Silent);
        let text = trainer.fit(&images, None).unwrap_err().to_string();
        assert!(text.starts_with(&Sources::named(&path, "a/2.jpg")), "{text}");
    }
}

#[test]
fn limits_can_be_set() {
    let image = RgbImage::from_pixel(40, 40, Rgb([1, 2, 3]));
    let sources = Sources::new(&[("class/a.png", encoded(&image, ImageFormat::Png))]);
    for path in sources.all() {
        for (max_image_bytes, reason) in
            [(4_799, "an image of at most 4799 bytes"), (9, "an image file of at most 9 bytes")]
        {
            let folder = One::open_with(&path, options().max_image_bytes(max_image_bytes)).unwrap();
            let text = folder.read().unwrap_err().to_string();
            assert!(text.contains(reason) && text.contains("class/a.png"), "{text}");
        }
        One::open_with(&path, options().max_image_bytes(1 << 14)).unwrap().read().unwrap();
    }
    // Copies count: in other channels, or turned.
    let jpeg = |orientation| with_orientation(encoded(&image, ImageFormat::Jpeg), orientation);
    let pixels = 40 * 40;
    let cases = [
        ("grey.png", encoded(&image::GrayImage::new(40, 40), ImageFormat::Png), pixels * (1 + 3)),
        ("deep.png", encoded(&DynamicImage::new_rgb16(40, 40), ImageFormat::Png), pixels * (6 + 3)),
        ("clear.png", encoded(&DynamicImage::new_rgba8(40, 40), ImageFormat::Png), pixels * 4),
        ("clear grey.png", encoded(&DynamicImage::new_luma_a8(40, 40), ImageFormat::Png), pixels * (2 + 4)),
        ("plain.jpg", jpeg(1), pixels * 3),
        ("half round.jpg", jpeg(3), pixels * 3),
        ("turned.jpg", jpeg(6), pixels * (3 + 3)),
    ];
    for (name, bytes, needed) in cases {
        let sources = Sources::new(&[(&format!("class/{name}"), bytes)]);
        let open = |max_image_bytes| {
            One::open_with(sources.folder(), options().max_image_bytes(max_image_bytes)).unwrap()
        };
        open(needed).read().unwrap();
        let text = open(needed - 1).read().unwrap_err().to_string();
        assert!(text.ends_with(&format!("found 40 × 40 pixels of {needed}")), "{text}");
    }
    let [_, _, gzipped] = sources.all();
    for (max_unpacked_bytes, fits) in [(1 << 20, true), (1_500, false), (512, false), (0, false)] {
        let result = One::open_with(&gzipped, options().max_unpacked_bytes(max_unpacked_bytes));
        assert_eq!(result.is_ok(), fits);
        if let Err(error) = result {
            assert!(error.to_string().contains("gunzip it first"), "{error}");
        }
    }
}

#[test]
fn every_prefix_of_an_archive_is_refused() {
    let whole = tar(&[("class/a.png", png(4, 4)), ("class/b.png", png(3, 5))]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    let zipped = gzip(&whole);
    // Of the two blocks of zeros at the end one may be missing.
    for (bytes, enough) in [(&whole, whole.len() - 512), (&zipped, zipped.len())] {
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
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x81;
        fs::write(&path, bytes).unwrap();
        if let Ok(images) = One::open(&path) {
            let _ = images.read();
        }
    }
}

#[test]
fn other_files_are_no_archives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.tar");
    let cases: [(&[u8], &str); 5] = [
        (b"", "expected a folder or a tar archive of images, found an empty file"),
        (b"<html>", "expected a tar archive, found a web page"),
        (b"PK\x03\x04", "expected a tar archive, found a zip archive"),
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
        One::open(&path)
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
    // Values of any bytes, and what is said behind them.
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

#[cfg(target_os = "linux")]
#[test]
fn links_are_followed_and_pipes_not_waited_for() {
    use std::os::unix::fs::symlink;
    let sources = Sources::new(&[("class/a.png", png(4, 4)), ("class/b.png", png(4, 4))]);
    let class = sources.folder().join("class");
    symlink("a.png", class.join("link.png")).unwrap();
    symlink("..", class.join("circle")).unwrap();
    symlink("..", class.join("circle.png")).unwrap();
    symlink("class", sources.folder().join("other")).unwrap();
    let folder = ImageFolder::<3, 4, 4, 2>::open(sources.folder()).unwrap();
    assert_eq!((folder.len(), folder.classes()), (6, &["class".to_owned(), "other".to_owned()][..]));
    folder.read().unwrap();

    fs::remove_file(sources.folder().join("other")).unwrap();
    fs::remove_file(class.join("a.png")).unwrap();
    assert!(Command::new("mkfifo").arg(class.join("pipe.png")).status().unwrap().success());
    symlink("/dev/zero", class.join("zero.png")).unwrap();
    let (sender, receiver) = mpsc::channel();
    let (path, pipe) = (sources.folder(), class.join("pipe.png"));
    thread::spawn(move || {
        let broken = One::open_with(&path, options().skip_broken(true)).unwrap();
        let mut texts: Vec<_> = broken.skipped().iter().map(ToString::to_string).collect();
        texts.push(One::open(pipe).unwrap_err().to_string());
        sender.send((broken.len(), texts))
    });
    // A link to itself: that the system cannot follow it says nothing of an image.
    let circles = tempfile::tempdir().unwrap();
    fs::create_dir(circles.path().join("class")).unwrap();
    symlink("self.png", circles.path().join("class/self.png")).unwrap();
    fs::write(circles.path().join("class/whole.png"), png(4, 4)).unwrap();
    let skipping = options().skip_broken(true);
    let text = One::open_with(circles.path(), skipping).unwrap_err().to_string();
    assert!(text.contains("class/self.png: cannot read"), "{text}");

    // Waiting for a writer would take for ever.
    let (len, texts) = receiver.recv_timeout(Duration::from_secs(600)).expect("an answer");
    assert_eq!(len, 1);
    let reasons = [
        "link.png: cannot read",
        "pipe.png: expected a file",
        "zero.png: expected a file",
        "pipe.png: expected",
    ];
    assert!(
        texts.len() == 4 && texts.iter().zip(reasons).all(|(text, reason)| text.contains(reason)),
        "{texts:?}"
    );
}

/// The sizes that a gzip stream of zeros unpacks to are too large for the memory there is.
fn refuse_bombs(folder: &Path) {
    let path = folder.join("archive.tar.gz");
    let open = |unpacked: &[u8]| {
        fs::write(&path, gzip(unpacked)).unwrap();
        One::open(&path).unwrap_err().to_string()
    };
    let zeros = vec![0; 64 << 20];
    assert!(open(&zeros).ends_with("expected the folders of 1 classes, found none"));
    for size in [1 << 31, 1 << 63, u64::MAX] {
        for name in ["class/a.png", "notes.txt"] {
            let text = open(&[&header(name, EntryType::Regular, size)[..], &zeros].concat());
            assert!(text.contains("at most 1073741824 bytes (gunzip it first"), "{text}");
        }
    }
    let text = open(&[&header("long", EntryType::GNULongName, 64 << 20)[..], &zeros].concat());
    assert!(text.contains("names of at most"), "{text}");
    drop(zeros);

    // Long names that are no text, each of which a lossy copy makes three times as long.
    let long_names = |len: usize, count: usize| {
        let mut encoder = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
        for i in 0..count {
            let name = [&b"class/"[..], &vec![0xff; len], format!("{i:06}.png").as_bytes()].concat();
            encoder.write_all(&header("long", EntryType::GNULongName, name.len() as u64)).unwrap();
            encoder.write_all(&name).unwrap();
            encoder.write_all(&vec![0; name.len().next_multiple_of(512) - name.len()]).unwrap();
            encoder.write_all(&header("short", EntryType::Regular, 0)).unwrap();
        }
        encoder.write_all(&[0; 1024]).unwrap();
        encoder.finish().unwrap();
        One::open(&path)
    };
    let text = long_names(1 << 20, 200).unwrap_err().to_string();
    assert!(text.contains("names of at most 4096 bytes"), "{text}");
    assert_eq!(long_names(4000, 20_000).unwrap().len(), 20_000);

    // As many bytes of gzip members as unpack to more than the limit.
    let bomb = gzip(&vec![0; 32 << 20]).repeat(33);
    fs::write(&path, bomb).unwrap();
    let text = One::open(&path).unwrap_err().to_string();
    assert!(text.contains("at most 1073741824 bytes (gunzip it first"), "{text}");

    fs::create_dir(folder.join("folder")).unwrap();
    fs::create_dir(folder.join("folder/class")).unwrap();
    for file in [huge_png(100_000, 100_000, [8, 2]), huge_png(20_000, 4_000, [8, 2])] {
        fs::write(folder.join("folder/class/a.png"), file).unwrap();
        refusal(&folder.join("folder"));
    }
}

network! {
    /// Sees each image in a few numbers, so that reading them is most of the work.
    struct Glance: Chw<3, 32, 32> => Flat<10> {
        conv: Conv2d { filters: 8, kernel: 5, stride: 4 },
        pool: MaxPool2d { kernel: 2 },
        flatten: Flatten,
        fc: Dense { units: 10 },
    }
}

/// Trains for an epoch on 60,000 JPEG files in an archive, and tells the most memory that was in use.
fn train_on(archive: &Path) {
    let images = ImageFolder::<3, 32, 32, 10>::open(archive).unwrap();
    assert_eq!(images.len(), 60_000);
    let mut trainer = Trainer::new(Glance::new(1), SoftmaxCrossEntropy, Sgd::new(0.01)).epochs(1);
    trainer = trainer.progress(Progress::Silent);
    assert_eq!(trainer.fit(&images, None).unwrap().epochs.len(), 1);
    let test = TestSet::new(images.subset(0..100));
    assert_eq!(trainer.evaluate(&test).unwrap().samples(), 100);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("peak {} kB", peak.trim().trim_end_matches(" kB"));
}

/// Does something only in the processes that the next tests start.
#[test]
fn child_process() {
    if let Some(folder) = std::env::var_os("TEST_BOMBS") {
        refuse_bombs(Path::new(&folder));
        println!("all refused");
    } else if let Some(archive) = std::env::var_os("TEST_TRAIN") {
        train_on(Path::new(&archive));
    }
}

/// What this test program says as a process of its own with this many KiB of addresses.
#[cfg(target_os = "linux")]
fn child(limit: u32, variable: &str, path: &Path) -> String {
    let command = format!(
        "ulimit -v {limit} && exec \"$0\" --exact broken::child_process --nocapture --test-threads=1"
    );
    let output = Command::new("sh")
        .args(["-c", &command])
        .arg(std::env::current_exe().unwrap())
        .env(variable, path)
        .envs([("MALLOC_ARENA_MAX", "1"), ("RAYON_NUM_THREADS", "4")])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[cfg(target_os = "linux")]
#[test]
fn bombs_are_refused_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    assert!(child(512 << 10, "TEST_BOMBS", folder.path()).contains("all refused"));
}

#[cfg(all(target_os = "linux", feature = "sample"))]
#[test]
fn sixty_thousand_images_train_in_300_mib() {
    use std::io::Read;
    let mut images = Vec::new();
    let sample = flate2::read::GzDecoder::new(fs::File::open("assets/cifar10/sample.tar.gz").unwrap());
    for member in tar::Archive::new(sample).entries().unwrap() {
        let mut member = member.unwrap();
        let class = member.path().unwrap().iter().nth(1).unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        images.push((class, bytes));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.tar");
    let mut builder = tar::Builder::new(std::io::BufWriter::new(fs::File::create(&path).unwrap()));
    for (i, (class, bytes)) in images.iter().cycle().take(60_000).enumerate() {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, format!("{class}/{i:05}.jpg"), &bytes[..]).unwrap();
    }
    drop(builder.into_inner().unwrap());

    let start = std::time::Instant::now();
    let text = child(1 << 20, "TEST_TRAIN", &path);
    let peak: u32 = text.split("peak ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    println!("{:?}, {peak} kB", start.elapsed());
    assert!(peak < 300 << 10, "{peak} kB");
}
