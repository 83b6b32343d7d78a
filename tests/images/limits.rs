//! Limits on the bytes of an image and of an archive, and the memory that reading takes.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use convnet::data::ImageFolder;
use convnet::prelude::*;
use convnet::train::Progress;
use flate2::Compression;
use flate2::write::GzEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use tar::EntryType;

use crate::glance::Glance;
use crate::one_image::{One, refusal};
use crate::options;
use crate::sources::{Sources, encoded, gzip, header, huge_png, with_orientation};
use crate::zips::{Zipped, zip_of};

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
    let [_, _, gzipped, _] = sources.all();
    for (max_unpacked_bytes, fits) in [(1 << 20, true), (1_500, false), (512, false), (0, false)] {
        let result = One::open_with(&gzipped, options().max_unpacked_bytes(max_unpacked_bytes));
        assert_eq!(result.is_ok(), fits);
        if let Err(error) = result {
            assert!(error.to_string().contains("gunzip it first"), "{error}");
        }
    }
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

    // Zip archives: images that say how much they unpack to, and images that do not.
    let zeros = Zipped::new(b"class/a.png", &vec![0; 400 << 20], true);
    fs::write(&path, zip_of(vec![zeros.clone()])).unwrap();
    let text = refusal(&path);
    assert!(
        text.ends_with("class/a.png: expected an image file of at most 268435456 bytes, found 419430400"),
        "{text}"
    );
    for size in [1, 1000, 200 << 20] {
        fs::write(&path, zip_of(vec![Zipped { size, ..zeros.clone() }])).unwrap();
        let text = refusal(&path);
        assert!(text.ends_with(&format!("class/a.png: expected {size} bytes, found more")), "{text}");
    }

    fs::create_dir(folder.join("folder")).unwrap();
    fs::create_dir(folder.join("folder/class")).unwrap();
    for file in [huge_png(100_000, 100_000, [8, 2]), huge_png(20_000, 4_000, [8, 2])] {
        fs::write(folder.join("folder/class/a.png"), file).unwrap();
        refusal(&folder.join("folder"));
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

/// Runs this test program as a child process with an address space of this many KiB; returns its output.
#[cfg(target_os = "linux")]
fn child(limit: u32, variable: &str, path: &Path) -> String {
    let command = format!(
        "ulimit -v {limit} && exec \"$0\" --exact limits::child_process --nocapture --test-threads=1"
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
