//! CIFAR-10 and CIFAR-100: small photographs of ten and of a hundred kinds of things.

use std::fs;
use std::io::{BufReader, Read};
use std::path::Path;

#[cfg(feature = "images")]
use super::archive::short;
use super::archive::{Kind, Member, inside, is_gzipped, walk_tar, walk_tar_gz};
use super::gzip::damage;
#[cfg(all(feature = "sample", feature = "images"))]
use super::published::say_instead;
use super::published::{Published, absent};
use super::regular::open_regular;
use super::zipped::{is_zipped, walk_zip};
use super::{Class, Dataset, Normalization, TestSet};
#[cfg(feature = "images")]
use super::{ImageFolder, ImageFolderOptions};
use crate::Error;
use crate::shape::Chw;

type Images<const N: usize> = Dataset<Chw<3, 32, 32>, Class<N>>;

const PIXELS: usize = 3 * 32 * 32;
/// A limit in bytes for a file of images, or an archive unpacked: five times the published size.
const MOST: u64 = 1 << 30;

/// A data set of files in which each image follows its labels.
struct Binary {
    published: Published,
    mean: [f32; 3],
    std: [f32; 3],
    train: &'static [&'static str],
    test: &'static str,
    /// The folder in the published archive.
    folder: &'static str,
    archive: &'static str,
    /// The number of classes.
    classes: u8,
    /// The number of coarse classes, if a coarse label comes before the class.
    coarse: Option<u8>,
    /// The names of the classes.
    names: &'static [&'static str],
    /// Whether there are copies as image files, in folders of these names.
    images: bool,
    /// The versions that are not read.
    others: [Other; 2],
}

/// A published version of another format, and what its folder, its archive and its first file are called.
type Other = [&'static str; 4];

const CIFAR10: Binary = Binary {
    published: Published {
        name: "CIFAR-10",
        folder: "cifar10",
        #[cfg(feature = "download")]
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        #[cfg(feature = "download")]
        files: &[(
            "cifar-10-binary.tar.gz",
            170_052_171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        )],
    },
    mean: [0.4914, 0.4822, 0.4465],
    std: [0.2470, 0.2435, 0.2616],
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: "test_batch.bin",
    folder: "cifar-10-batches-bin",
    archive: "cifar-10-binary.tar.gz",
    classes: 10,
    coarse: None,
    names: &Cifar10::CLASSES,
    images: true,
    others: [
        ["Python", "cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1"],
        ["MATLAB", "cifar-10-batches-mat", "cifar-10-matlab.tar.gz", "data_batch_1.mat"],
    ],
};

const CIFAR100: Binary = Binary {
    published: Published {
        name: "CIFAR-100",
        folder: "cifar100",
        #[cfg(feature = "download")]
        mirrors: &["https://www.cs.toronto.edu/~kriz/"],
        // The digest is the one that other libraries publish; it has not been compared with the file itself.
        #[cfg(feature = "download")]
        files: &[(
            "cifar-100-binary.tar.gz",
            168_513_733,
            "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        )],
    },
    mean: [0.5071, 0.4865, 0.4409],
    std: [0.2673, 0.2564, 0.2762],
    train: &["train.bin"],
    test: "test.bin",
    folder: "cifar-100-binary",
    archive: "cifar-100-binary.tar.gz",
    classes: 100,
    coarse: Some(20),
    names: &Cifar100::CLASSES,
    images: false,
    others: [
        ["Python", "cifar-100-python", "cifar-100-python.tar.gz", "train"],
        ["MATLAB", "cifar-100-matlab", "cifar-100-matlab.tar.gz", "train.mat"],
    ],
};

/// Photographs of ten kinds of animals and vehicles: 50,000 to train with and 10,000 to test, 32×32 pixels in colour.
///
/// Source: A. Krizhevsky, [Learning Multiple Layers of Features from Tiny
/// Images](https://www.cs.toronto.edu/~kriz/cifar.html), 2009. A pixel p becomes (p / 255 − mean) / std with the means
/// 0.4914, 0.4822, 0.4465 and the standard deviations 0.2470, 0.2435, 0.2616 of red, green and blue: mean 0 and
/// variance 1 over the training images.
///
/// In torchvision: `datasets.CIFAR10`; in Keras: `datasets.cifar10`.
#[derive(Debug, Clone)]
pub struct Cifar10 {
    /// The training images.
    pub train: Images<10>,
    /// The test images.
    pub test: TestSet<Images<10>>,
}

impl Cifar10 {
    /// The names of the classes, in the order of their numbers.
    pub const CLASSES: [&str; 10] =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// Finds CIFAR-10: in the folder `CONVNET_DATA_DIR` if that is set, else in the user's cache, else on the network
    /// (170 MB, kept in the cache), else the sample of `Cifar10::sample`, with a line on stderr.
    ///
    /// `CONVNET_DATA_DIR` holds a folder `cifar10` with what [`Cifar10::load_from`] reads, or that itself. Downloads are
    /// checked against the published SHA-256; `CONVNET_OFFLINE=1` forbids them.
    ///
    /// # Errors
    /// Those of [`Cifar10::load_from`] if `CONVNET_DATA_DIR` is set. Without the features `sample` and `images`, also
    /// [`Error::Unreachable`] with the reason for each place tried, and [`Error::Io`] if the cache cannot be written.
    pub fn load() -> Result<Cifar10, Error> {
        match CIFAR10.load() {
            Ok(parts) => Cifar10::of(parts),
            Err((reason, true)) => Cifar10::fall_back(reason),
            Err((error, false)) => Err(error),
        }
    }

    /// Reads CIFAR-10 from a folder or an archive. This may be
    /// - a folder with the files `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, or a folder or archive
    ///   that holds them, as the published `cifar-10-binary.tar.gz` does, or a folder with that archive; the files may hold any
    ///   number of images;
    /// - with the feature `images`, a folder, `.tar`, `.tar.gz` or `.zip` of image files `train/CLASS/NAME` and
    ///   `test/CLASS/NAME` with the names of [`Cifar10::CLASSES`], or a folder with such an archive by the name
    ///   `cifar10-jpeg.tar.gz`, `cifar10-jpeg.tar` or `cifar10-jpeg.zip`. JPEG copies have slightly other pixels.
    ///
    /// Archives are tar, gzipped tar or zip, told apart by their content. The Python and MATLAB versions are not read.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read; [`Error::Format`] if one is missing, damaged, empty, not of whole
    /// images, or has a label above 9, or if it is the Python or MATLAB version.
    ///
    /// ```
    /// use convnet::data::Cifar10;
    ///
    /// let error = Cifar10::load_from("no/such/folder").unwrap_err();
    /// assert_eq!(error.to_string(), "no/such/folder: expected a folder or archive with CIFAR-10, found nothing");
    /// ```
    pub fn load_from(path: impl AsRef<Path>) -> Result<Cifar10, Error> {
        Cifar10::of(CIFAR10.read(path.as_ref())?)
    }

    /// The 2,000 training and 500 test images embedded in the program as JPEG, as many of each class (features `sample`
    /// and `images`).
    ///
    /// # Errors
    /// None in practice: the files are part of the program and tested with it.
    ///
    /// ```
    /// use convnet::data::{Cifar10, Samples};
    ///
    /// let cifar = Cifar10::sample()?;
    /// assert_eq!((cifar.train.len(), cifar.test.len()), (2_000, 500));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[cfg(all(feature = "sample", feature = "images"))]
    pub fn sample() -> Result<Cifar10, Error> {
        const GZIPPED: &[u8] = include_bytes!("../../assets/cifar10/sample.tar.gz");
        Cifar10::of(
            CIFAR10.read_images(|options| ImageFolder::of_bytes("sample".as_ref(), GZIPPED, options))?,
        )
    }

    fn of(parts: [Part; 2]) -> Result<Cifar10, Error> {
        let (train, test) = CIFAR10.data_sets(parts)?;
        Ok(Cifar10 { train, test })
    }

    #[cfg(all(feature = "sample", feature = "images"))]
    fn fall_back(reason: Error) -> Result<Cifar10, Error> {
        let sample = Cifar10::sample()?;
        let whole = "all 60,000 connect to a network, or set CONVNET_DATA_DIR to a folder with their files";
        say_instead("2,000 + 500 CIFAR-10 images", reason, whole);
        Ok(sample)
    }

    #[cfg(not(all(feature = "sample", feature = "images")))]
    fn fall_back(reason: Error) -> Result<Cifar10, Error> {
        Err(reason)
    }
}

/// Photographs of a hundred kinds of things: 50,000 to train with and 10,000 to test, 32×32 pixels in colour.
///
/// Source: as [`Cifar10`]'s, with the means 0.5071, 0.4865, 0.4409 and the standard deviations 0.2673, 0.2564, 0.2762.
/// The classes are the "fine" ones; the twenty "coarse" ones are not kept.
///
/// In torchvision: `datasets.CIFAR100`; in Keras: `datasets.cifar100`.
#[derive(Debug, Clone)]
pub struct Cifar100 {
    /// The training images.
    pub train: Images<100>,
    /// The test images.
    pub test: TestSet<Images<100>>,
}

impl Cifar100 {
    /// The names of the classes, in the order of their numbers.
    #[rustfmt::skip]
    pub const CLASSES: [&str; 100] = [
        "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
        "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
        "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
        "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
        "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
        "mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
        "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
        "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
        "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
        "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
    ];

    /// Finds CIFAR-100: in the folder `CONVNET_DATA_DIR` if that is set, else in the user's cache, else on the network
    /// (169 MB, kept in the cache).
    ///
    /// `CONVNET_DATA_DIR` holds a folder `cifar100` with what [`Cifar100::load_from`] reads, or that itself. Downloads
    /// are checked against the published SHA-256; `CONVNET_OFFLINE=1` forbids them.
    ///
    /// # Errors
    /// Those of [`Cifar100::load_from`] if `CONVNET_DATA_DIR` is set; else [`Error::Unreachable`] with the reason for
    /// each place tried, and [`Error::Io`] if the cache cannot be written.
    pub fn load() -> Result<Cifar100, Error> {
        Cifar100::of(CIFAR100.load().map_err(|(reason, _)| reason)?)
    }

    /// Reads CIFAR-100 from a folder with the files `train.bin` and `test.bin`, or a folder or archive that holds them,
    /// as the published `cifar-100-binary.tar.gz` does, or a folder with that archive.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read; [`Error::Format`] if one is missing, damaged, empty, not of whole
    /// images, or has a label above 19 (coarse) or 99 (fine), or if it is the Python or MATLAB version.
    ///
    /// ```
    /// use convnet::data::{Cifar100, Samples};
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// // A coarse label, a fine one, and the red, green and blue pixels.
    /// let image = [&[4, 0][..], &[255; 3 * 32 * 32]].concat();
    /// std::fs::write(folder.path().join("train.bin"), image.repeat(2)).unwrap();
    /// std::fs::write(folder.path().join("test.bin"), image).unwrap();
    ///
    /// let cifar = Cifar100::load_from(folder.path())?;
    /// assert_eq!((cifar.train.len(), cifar.test.len()), (2, 1));
    /// assert_eq!(Cifar100::CLASSES[cifar.train.target(0).index()], "apple");
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn load_from(path: impl AsRef<Path>) -> Result<Cifar100, Error> {
        Cifar100::of(CIFAR100.read(path.as_ref())?)
    }

    fn of(parts: [Part; 2]) -> Result<Cifar100, Error> {
        let (train, test) = CIFAR100.data_sets(parts)?;
        Ok(Cifar100 { train, test })
    }
}

/// Images and the numbers of their classes.
#[derive(Default)]
struct Part {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl Binary {
    /// With an error, says whether the sample may take the place of the data set.
    fn load(&self) -> Result<[Part; 2], (Error, bool)> {
        match self.published.data_dir(|own| !absent(own)) {
            Some(folder) => self.read(&folder).map_err(|error| (error, false)),
            None => {
                let archive = self.published.fetch(0);
                archive.and_then(|path| self.read(&path)).map_err(|error| (error, true))
            }
        }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.train.iter().copied().chain([self.test])
    }

    fn read(&self, path: &Path) -> Result<[Part; 2], Error> {
        let wanted = |kind: &str| format!("{kind} with {}", self.published.name);
        if absent(path) {
            return Err(Error::format(path, wanted("a folder or archive"), "nothing"));
        }
        if !fs::metadata(path).map_err(Error::io(path, "read"))?.is_dir() {
            return self.read_archive(path);
        }
        for folder in [path.to_owned(), path.join(self.folder)] {
            if self.names().any(|name| !absent(&folder.join(name))) {
                let parts = self.names().map(|name| self.read_file(&folder.join(name)));
                return Ok(join(parts.collect::<Result<_, _>>()?));
            }
        }
        for [version, folder, _, file] in self.others {
            let folders = [path.to_owned(), path.join(folder)];
            if let Some(folder) = folders.iter().find(|folder| folder.join(file).is_file()) {
                return Err(self.wrong_version(folder, version));
            }
        }
        let images = ["cifar10-jpeg.tar.gz", "cifar10-jpeg.tar", "cifar10-jpeg.zip"];
        let images = images.into_iter().filter(|_| self.images);
        let others = self.others.iter().map(|[_, _, archive, _]| *archive);
        let archives: Vec<_> = [self.archive].into_iter().chain(images).chain(others).collect();
        if let Some(archive) = archives.iter().map(|name| path.join(name)).find(|path| !absent(path)) {
            return self.read_archive(&archive);
        }
        #[cfg(feature = "images")]
        if self.images && path.join("train").is_dir() {
            return self.read_images(|options| ImageFolder::open_with(path, options));
        }
        let found = format!("neither {} nor {}", self.train[0], self.archive);
        Err(Error::format(path, wanted("a folder"), found))
    }

    fn read_file(&self, path: &Path) -> Result<Part, Error> {
        let (mut file, size) = open_regular(path)?;
        self.read_part(path, size, &mut file, Error::io(path, "read"))
    }

    /// An archive of the files or of images.
    fn read_archive(&self, path: &Path) -> Result<[Part; 2], Error> {
        let (file, len) = open_regular(path)?;
        let gzipped = len > 0 && is_gzipped(path, &file)?;
        let names: Vec<_> = self.names().collect();
        let mut parts: Vec<Option<Part>> = names.iter().map(|_| None).collect();
        let mut other = None;
        let mut is_wanted = |member: &Member| {
            let name = member.name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            let is = |known: &str| member.kind == Kind::File && known.as_bytes() == name;
            other = other.or(self.others.iter().find(|[.., file]| is(file)));
            names.iter().position(|known| is(known))
        };
        let mut visit = |member: Member, data: &mut dyn Read| {
            if let Some(i) = is_wanted(&member) {
                let bad = |error| if gzipped { damage(path)(error) } else { Error::io(path, "read")(error) };
                parts[i] = Some(self.read_part(&inside(path, &member.name), member.size, data, bad)?);
            }
            Ok(())
        };
        if gzipped {
            walk_tar_gz(path, BufReader::new(file), MOST, &mut visit)?;
        } else if is_zipped(path, &file)? {
            let mut left = MOST;
            walk_zip(path, &file, len, |member, packed| {
                if let Some(i) = is_wanted(&member) {
                    let path = inside(path, &member.name);
                    let bytes = packed.read(&path, &file, left)?;
                    left -= packed.size;
                    let failed = Error::io(&path, "read");
                    parts[i] = Some(self.read_part(&path, packed.size, &mut &bytes[..], failed)?);
                }
                Ok(())
            })?;
        } else {
            walk_tar(path, &file, len, &mut visit)?;
        }
        if let (Some([version, ..]), true) = (other, parts.iter().all(Option::is_none)) {
            return Err(self.wrong_version(path, version));
        }
        #[cfg(feature = "images")]
        if self.images && parts.iter().all(Option::is_none) {
            return self.read_images(|options| ImageFolder::open_with(path, options));
        }
        if let Some(missing) = parts.iter().position(Option::is_none) {
            return Err(Error::format(path, format!("a member {}", names[missing]), "none of this name"));
        }
        Ok(join(parts.into_iter().flatten().collect()))
    }

    fn wrong_version(&self, path: &Path, version: &str) -> Error {
        let expected = format!("the binary version of {} ({})", self.published.name, self.archive);
        Error::format(path, expected, format!("the {version} version"))
    }

    /// Images of `size` bytes in all, each after its labels.
    fn read_part(
        &self,
        path: &Path,
        size: u64,
        input: &mut dyn Read,
        unreadable: impl FnOnce(std::io::Error) -> Error,
    ) -> Result<Part, Error> {
        let labels = if self.coarse.is_some() { 2 } else { 1 };
        let record = labels + PIXELS;
        if size == 0 || !size.is_multiple_of(record as u64) || size > MOST {
            let expected = format!("a multiple of {record} bytes, at most {MOST}");
            return Err(Error::format(path, expected, size.to_string()));
        }
        let mut bytes = Vec::new();
        // The file may have changed since its size was taken.
        input.take(size).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 != size {
            return Err(Error::format(path, format!("{size} bytes"), bytes.len().to_string()));
        }
        let mut labels_read = Vec::with_capacity(bytes.len() / record);
        for image in 0..bytes.len() / record {
            let start = image * record;
            if let (Some(coarse), found) = (self.coarse, bytes[start])
                && found >= coarse
            {
                let expected = format!("coarse labels from 0 to {}", coarse - 1);
                return Err(Error::format(path, expected, format!("{found} at image {image}")));
            }
            let label = bytes[start + labels - 1];
            if label >= self.classes {
                let expected = format!("labels from 0 to {}", self.classes - 1);
                return Err(Error::format(path, expected, format!("{label} at image {image}")));
            }
            labels_read.push(label);
            bytes.copy_within(start + labels..start + record, image * PIXELS);
        }
        bytes.truncate(labels_read.len() * PIXELS);
        Ok(Part { pixels: bytes, labels: labels_read })
    }

    /// The training and the test images as data sets.
    fn data_sets<const N: usize>(
        &self,
        [train, test]: [Part; 2],
    ) -> Result<(Images<N>, TestSet<Images<N>>), Error> {
        let normalization = Normalization::new(self.mean, self.std)?;
        let data = |part: Part| -> Result<Images<N>, Error> {
            let classes = part.labels.into_iter().map(|label| Class::new(label.into()));
            let data =
                Dataset::from_bytes(part.pixels, normalization.clone(), classes.collect::<Result<_, _>>()?);
            Ok(data?.with_class_names(self.names.iter().copied()))
        };
        Ok((data(train)?, TestSet::new(data(test)?)))
    }

    /// Image files in folders of the classes' names.
    #[cfg(feature = "images")]
    fn read_images(
        &self,
        open: impl Fn(ImageFolderOptions) -> Result<ImageFolder<3, 32, 32, 10>, Error>,
    ) -> Result<[Part; 2], Error> {
        let part = |part: &str| {
            let images = open(ImageFolderOptions::new().part(part))?;
            if images.classes() != self.names {
                let expected = format!("the classes {}", self.names.join(", "));
                let found: Vec<_> = images.classes().iter().map(|name| short(name)).collect();
                return Err(Error::format(images.root(), expected, found.join(", ")));
            }
            let labels = images.targets().map(|class| class.index() as u8).collect();
            Ok(Part { pixels: images.read_bytes()?, labels })
        };
        Ok([part("train")?, part("test")?])
    }
}

/// The images of all training files, and those of the test file, which is the last.
fn join(mut parts: Vec<Part>) -> [Part; 2] {
    let test = parts.pop().unwrap_or_default();
    let mut train = Part::default();
    train.pixels.reserve_exact(parts.iter().map(|part| part.pixels.len()).sum());
    for part in parts {
        train.pixels.extend(part.pixels);
        train.labels.extend(part.labels);
    }
    [train, test]
}
