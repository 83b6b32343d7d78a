//! Promise: a folder, a tar, a gzipped tar and a zip of images give the same samples, and no image or archive can panic the
//! reader, hang it, or make it take more memory than its limits; each broken image is named.
#![cfg(feature = "images")]

mod archives;
mod broken;
mod cifar;
mod folders;
mod glance;
mod limits;
mod one_image;
mod sources;
#[cfg(feature = "csv")]
mod unlabelled;
#[path = "../zips/mod.rs"]
mod zips;

use convnet::Error;
use convnet::data::{Fit, ImageFolder, ImageFolderOptions, Images, Normalization};
use convnet::prelude::*;
use image::{DynamicImage, GrayImage, ImageFormat, LumaA, Rgb, RgbImage, Rgba};
use sources::{Sources, encoded, noise, png, with_orientation};

type Small = ImageFolder<3, 8, 6, 2>;

fn options() -> ImageFolderOptions {
    ImageFolderOptions::new()
}

/// The pixels of a sample as bytes.
fn bytes<const C: usize, const H: usize, const W: usize>(
    data: &impl Images<C, H, W>,
    sample: usize,
) -> Vec<u8> {
    let mut values = vec![0.0_f32; C * H * W];
    data.write_pixels(sample, &mut values).unwrap();
    values.iter().map(|value| (value * 255.0).round() as u8).collect()
}

/// One image in one class.
fn single<const C: usize, const H: usize, const W: usize>(name: &str, file: Vec<u8>, fit: Fit) -> Vec<u8> {
    let sources = Sources::new(&[(&format!("class/{name}"), file)]);
    let folder = ImageFolder::<C, H, W, 1>::open_with(sources.folder(), options().fit(fit));
    bytes(&folder.unwrap(), 0)
}

fn planes(image: &RgbImage) -> Vec<u8> {
    (0..3).flat_map(|channel| image.pixels().map(move |pixel| pixel[channel])).collect()
}

#[test]
fn images_of_the_right_size_pass_through_from_every_source() {
    let images: Vec<RgbImage> = (0..5).map(|seed| noise(6, 8, seed)).collect();
    let names = ["zebra/2.png", "ant/deep/er/1.PNG", "ant/9.bmp", "zebra/10.qoi", "ant/deeper.webp"];
    // In the order of classes, and then of names.
    let order = [2, 1, 4, 3, 0];
    let files: Vec<(&str, Vec<u8>)> = names
        .iter()
        .zip(&images)
        .map(|(name, image)| (*name, encoded(image, ImageFormat::from_path(name).unwrap())))
        .collect();
    let normalization = Normalization::new([0.5, 0.4, 0.3], [0.2, 0.3, 0.4]).unwrap();
    for path in Sources::new(&files).all() {
        let options = options().normalization(normalization.clone());
        let folder = Small::open_with(&path, options).unwrap();
        assert_eq!(folder.classes(), ["ant", "zebra"]);
        assert_eq!(folder.targets().map(|class| class.index()).collect::<Vec<_>>(), [0, 0, 0, 1, 1]);
        assert!(folder.is_slow() && folder.mean_pixel() == [0.5, 0.4, 0.3]);
        let memory = folder.read().unwrap();
        for (sample, image) in order.into_iter().enumerate() {
            let expected = planes(&images[image]);
            assert_eq!(bytes(&folder, sample), expected, "{}", path.display());
            let mut values = [0.0_f32; 3 * 8 * 6];
            folder.write_to(sample, &mut values, None).unwrap();
            assert_eq!(values[..], memory.sample::<f32>(sample).as_slice()[..]);
            let first = (f32::from(expected[0]) / 255.0 - 0.5) / 0.2;
            assert!((values[0] - first).abs() < 1e-5);
            let mut pixels = [0.0_f32; 3 * 8 * 6];
            folder.write_pixels(sample, &mut pixels).unwrap();
            folder.normalize(&mut pixels).unwrap();
            assert!(pixels.iter().zip(values).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }
}

#[test]
fn images_lie_in_the_order_of_their_classes_whatever_these_are_called() {
    let names = ["cat-wild/1.png", "cat/2.png", "cat-wild/a/3.png", "cat-wild/a-b/4.png", "cat/5.png"];
    let files: Vec<_> = names.iter().map(|name| (*name, png(6, 8))).collect();
    for path in Sources::new(&files).all() {
        let folder = Small::open(&path).unwrap();
        assert_eq!(folder.classes(), ["cat", "cat-wild"]);
        assert_eq!(folder.targets().map(|class| class.index()).collect::<Vec<_>>(), [0, 0, 1, 1, 1]);
    }
}

#[test]
fn images_of_other_sizes_are_made_to_fit() {
    // Columns of 10, 20, …; where a triangle filter keeps a ramp a ramp.
    let ramp = |width, height| {
        encoded(&RgbImage::from_fn(width, height, |x, _| Rgb([10 * x as u8; 3])), ImageFormat::Png)
    };
    // The middle four columns of eight.
    assert_eq!(single::<1, 4, 4>("a.png", ramp(8, 4), Fit::Cover)[..4], [20, 30, 40, 50]);
    // Halves, each column the mean of its neighbourhood.
    assert_eq!(single::<1, 2, 4>("a.png", ramp(8, 4), Fit::Cover)[1..3], [25, 45]);
    assert_eq!(single::<1, 4, 4>("a.png", ramp(8, 4), Fit::Stretch)[1..3], [25, 45]);
    // A band of two rows between borders, which have the mean: black here.
    let inside = single::<1, 4, 4>("a.png", ramp(8, 4), Fit::Contain);
    assert_eq!((&inside[..4], &inside[5..7], &inside[12..]), (&[0; 4][..], &[25, 45][..], &[0; 4][..]));
    let tall = single::<3, 6, 6>(
        "a.png",
        encoded(&RgbImage::from_pixel(1, 30, Rgb([7, 8, 9])), ImageFormat::Png),
        Fit::Cover,
    );
    assert_eq!(tall, [[7; 36], [8; 36], [9; 36]].concat());
    for fit in [Fit::Cover, Fit::Stretch, Fit::Contain] {
        for (width, height) in [(1, 1), (1, 999), (999, 1), (7, 6), (6, 7), (5, 6), (64, 48)] {
            let file = encoded(&RgbImage::from_pixel(width, height, Rgb([200; 3])), ImageFormat::Png);
            let pixels = single::<3, 6, 6>("a.png", file, fit);
            let of_image = pixels.iter().filter(|&&value| value == 200).count();
            let border = pixels.iter().filter(|&&value| value == 0).count();
            assert!(of_image > 0 && of_image + border == 108 && (fit == Fit::Contain || border == 0));
        }
    }
}

/// `Resize(side)` and `CenterCrop((4, 5))` of torchvision 0.29 on the same pixels, which Pillow scales.
#[test]
fn crops_are_those_of_torchvision() {
    let image = RgbImage::from_fn(23, 17, |x, y| {
        Rgb([0, 1, 2].map(|c| ((x * 37 + y * 91 + c * 53 + x * y * 5) % 256) as u8))
    });
    let file = || encoded(&image, ImageFormat::Png);
    let smaller = [
        149, 138, 116, 127, 140, 133, 126, 118, 110, 144, 125, 131, 135, 145, 135, 110, 129, 109, 140,
        144, //
        142, 143, 131, 115, 127, 125, 136, 128, 140, 134, 130, 147, 120, 127, 137, 125, 124, 117, 101,
        129, //
        127, 131, 135, 139, 131, 114, 139, 141, 124, 112, 117, 116, 125, 134, 107, 134, 113, 135, 135, 112,
    ];
    assert_eq!(single::<3, 4, 5>("a.png", file(), Fit::Crop { side: 7 }), smaller);
    let larger =
        [103, 122, 154, 195, 142, 163, 101, 92, 135, 147, 171, 110, 82, 85, 121, 126, 150, 124, 46, 62];
    assert_eq!(single::<3, 4, 5>("a.png", file(), Fit::Crop { side: 30 })[..20], larger);
    let sources = Sources::new(&[("class/a.png", file())]);
    let refused =
        ImageFolder::<3, 4, 5, 1>::open_with(sources.folder(), options().fit(Fit::Crop { side: 4 }));
    let message = "shorter side of an image: expected at least 5, to cut 4×5 from, found 4";
    assert_eq!(refused.unwrap_err().to_string(), message);
}

/// The image crate scales with the same filter, by another route.
#[test]
fn scaling_agrees_with_the_image_crate() {
    use image::imageops::{FilterType, crop_imm, resize};
    let near = |ours: Vec<u8>, theirs: &RgbImage| {
        let worst = ours.iter().zip(planes(theirs)).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(worst <= 2, "{worst} of 255");
    };
    for (width, height) in [(37, 23), (100, 300), (5, 4), (9, 40)] {
        let image = noise(width, height, 3);
        let file = || encoded(&image, ImageFormat::Png);
        let stretched = resize(&image, 9, 14, FilterType::Triangle);
        near(single::<3, 14, 9>("a.png", file(), Fit::Stretch), &stretched);
        // Of 14×9, the shorter side decides.
        let (w, h) =
            if width * 14 > height * 9 { (width * 14 / height, 14) } else { (9, height * 9 / width) };
        let covering = resize(&image, w, h, FilterType::Triangle);
        let half = |cut: u32| (f64::from(cut) / 2.0).round_ties_even() as u32;
        let middle = crop_imm(&covering, half(w - 9), half(h - 14), 9, 14).to_image();
        near(single::<3, 14, 9>("a.png", file(), Fit::Cover), &middle);
    }
}

#[test]
fn a_border_has_the_mean_colour() {
    let sources = Sources::new(&[("class/a.png", png(4, 2))]);
    let normalization = Normalization::new([0.2, 0.4, 0.6], [1.0; 3]).unwrap();
    let options = options().fit(Fit::Contain).normalization(normalization);
    let folder = ImageFolder::<3, 4, 4, 1>::open_with(sources.folder(), options).unwrap();
    let pixels = bytes(&folder, 0);
    assert_eq!((pixels[0], pixels[16], pixels[47]), (51, 102, 153));
    let mut values = [1.0_f32; 48];
    folder.write_to(0, &mut values, None).unwrap();
    assert!(values[..4].iter().chain(&values[44..]).all(|value| value.abs() < 1e-6));
}

#[test]
fn colours_alpha_and_orientation() {
    let file = |image: DynamicImage| encoded(&image, ImageFormat::Png);
    let clear = Rgba([10, 20, 30, 0]);
    let image = image::RgbaImage::from_fn(3, 1, |x, _| {
        [Rgba([10, 20, 30, 255]), Rgba([0, 0, 0, 127]), clear][x as usize]
    });
    let pixels = single::<3, 1, 3>("a.png", file(image.clone().into()), Fit::Cover);
    assert_eq!(pixels, [10, 128, 255, 20, 128, 255, 30, 128, 255]);
    assert_eq!(single::<1, 1, 3>("a.png", file(image.into()), Fit::Cover)[1..], [128, 255]);
    let grey = GrayImage::from_raw(3, 1, vec![1, 2, 3]).unwrap();
    assert_eq!(single::<1, 1, 3>("a.png", file(grey.clone().into()), Fit::Cover), [1, 2, 3]);
    assert_eq!(single::<3, 1, 3>("a.png", file(grey.into()), Fit::Cover), [1, 2, 3].repeat(3));
    let half = image::GrayAlphaImage::from_pixel(1, 1, LumaA([0, 127]));
    assert_eq!(single::<3, 1, 1>("a.png", file(half.into()), Fit::Cover), [128; 3]);

    // Bright above; an orientation of 6 asks to be turned clockwise, so that it is bright on the right.
    let image = RgbImage::from_fn(16, 16, |_, y| Rgb([if y < 8 { 250 } else { 5 }; 3]));
    let jpeg = with_orientation(encoded(&image, ImageFormat::Jpeg), 6);
    let turned = single::<1, 16, 16>("a.jpg", jpeg, Fit::Cover);
    assert!(turned[0] < 50 && turned[15] > 200 && turned[15 * 16] < 50 && turned[255] > 200);
}

#[test]
fn other_numbers_of_classes_are_refused_with_their_names() {
    let names: Vec<String> = (0..8).map(|i| format!("class{i}/a.png")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), png(2, 2))).collect();
    let sources = Sources::new(&files);
    for path in sources.all() {
        let text = ImageFolder::<3, 2, 2, 9>::open(&path).unwrap_err().to_string();
        let names = "class0, class1, class2, class3, class4, class5, …";
        let sentence = format!("expected the folders of 9 classes, found 8 ({names})");
        assert_eq!(text, format!("{}: {sentence}", path.display()));
        assert!(
            ImageFolder::<3, 2, 2, 7>::open(&path).unwrap_err().to_string().contains("of 7 classes, found 8")
        );
        let fewer = || options().fewer_classes(true);
        assert_eq!(ImageFolder::<3, 2, 2, 9>::open_with(&path, fewer()).unwrap().classes().len(), 8);
        let text = ImageFolder::<3, 2, 2, 7>::open_with(&path, fewer()).unwrap_err().to_string();
        assert!(text.contains("the folders of 2 to 7 classes, found 8"), "{text}");
    }
    for path in Sources::new(&[("reads.me", vec![1])]).all() {
        let text = Small::open(&path).unwrap_err().to_string();
        assert!(text.ends_with("expected the folders of 2 classes, found none"), "{text}");
    }
    let empty = Sources::new(&[("a/1.png", png(2, 2)), ("b/notes.txt", vec![1])]);
    let text = Small::open(empty.folder()).unwrap_err().to_string();
    let found = "b: expected at least one image, found none; left out: 1 .txt (not named as images are)";
    assert!(text.ends_with(found), "{text}");
}

#[test]
fn a_part_of_the_folder_or_archive_can_be_read() {
    let names = [
        "set/train/a/1.png",
        "set/train/b/1.png",
        "set/test/a/2.png",
        "set/test/b/2.png",
        "set/test/b/3.png",
    ];
    let files: Vec<_> = names.iter().map(|name| (*name, png(6, 8))).collect();
    for path in Sources::new(&files).all() {
        let open = |part: &str| Small::open_with(&path, options().part(part));
        assert_eq!(open("set/train").unwrap().len(), 2);
        assert_eq!(open("./set//test/").unwrap().len(), 3);
        for part in ["..", "/set", "set/../set"] {
            assert!(matches!(open(part), Err(Error::Argument { name: "part", .. })));
        }
        let text = open("other").unwrap_err().to_string();
        assert!(text.contains("other: "), "{text}");
        // Parts are no classes, and folders of folders are none unless that is asked for.
        let text = open("set").unwrap_err().to_string();
        let found = "expected a folder for each class, found parts of a data set, 2 (train, test); ";
        assert!(
            text.ends_with(&format!("{found}ImageFolderOptions::part(\"set/train\") opens one")),
            "{text}"
        );
    }
}

#[test]
fn splits_and_subsets_share_the_files() {
    let names: Vec<String> = (0..20).map(|i| format!("{}/{i}.png", ["a", "b"][i % 2])).collect();
    let files =
        names.iter().map(|name| (name.as_str(), encoded(&noise(6, 8, name.len() as u64), ImageFormat::Png)));
    let sources = Sources::new(&files.collect::<Vec<_>>());
    let all = Small::open(sources.folder()).unwrap();
    let memory = all.read().unwrap();
    let (first, second) = all.split(0.75, 7).unwrap();
    assert_eq!((first.len(), second.len()), (15, 5));
    let mut ids: Vec<u64> = (0..15).map(|i| first.id(i)).chain((0..5).map(|i| second.id(i))).collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..20));
    let (same, _) = memory.split(0.75, 7).unwrap();
    let read = first.read().unwrap();
    for i in 0..15 {
        assert_eq!((first.id(i), first.target(i)), (same.id(i), same.target(i)));
        assert_eq!(read.sample::<f32>(i), same.sample::<f32>(i));
    }
    let three = all.subset([19, 0, 19]);
    assert_eq!((three.len(), three.id(0), three.id(1), three.target(2).index()), (3, 19, 0, 1));
    assert!(matches!(all.split(1.0, 1), Err(Error::Argument { name: "fraction", .. })));
    let options = options().normalization(Normalization::new([0.0; 2], [1.0; 2]).unwrap());
    assert!(matches!(
        Small::open_with(sources.folder(), options),
        Err(Error::Argument { name: "normalization", .. })
    ));
}

#[test]
fn what_is_no_image_is_left_out() {
    let image = || png(6, 8);
    let files = [
        ("a/1.png", image()),
        ("a/._1.png", b"resource fork".to_vec()),
        ("a/.hidden/2.png", image()),
        ("a/Thumbs.db", vec![1]),
        ("a/notes.txt", vec![1]),
        ("a/no_ending", vec![1]),
        ("a/.DS_Store", vec![1]),
        ("__MACOSX/a/1.png", vec![1]),
        (".git/a/1.png", vec![1]),
        ("beside.png", image()),
        ("b/2.jpg", image()),
    ];
    for path in Sources::new(&files).all() {
        let folder = Small::open(&path).unwrap();
        assert_eq!((folder.classes(), folder.len()), (&["a".to_owned(), "b".to_owned()][..], 2));
        // A PNG by the name of a JPEG is a PNG.
        folder.read().unwrap();
    }
}
