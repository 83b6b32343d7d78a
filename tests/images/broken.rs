//! Images that are broken, and links and pipes instead of images.

use std::fs;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use convnet::data::ImageFolder;
use convnet::prelude::*;
use convnet::train::Progress;
use image::ImageFormat;

use crate::glance::Glance;
use crate::one_image::{One, refusal};
use crate::options;
use crate::sources::{Sources, encoded, huge_png, noise, png};

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
