//! MNIST and Fashion-MNIST: 28×28 grey images of ten classes.

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(feature = "sample")]
use super::published::say_instead;
use super::published::{Published, absent};
use super::{Class, Dataset, Idx, Normalization, TestSet};
use crate::Error;
use crate::shape::Chw;

/// Images of one channel and 28×28 pixels.
pub(super) type Grey<const N: usize> = Dataset<Chw<1, 28, 28>, Class<N>>;
/// The pixels of such images, and their classes.
pub(super) type Part<const N: usize> = (Vec<u8>, Vec<Class<N>>);
type Images = Grey<10>;

/// The four names, the same in both data sets: training images and labels, test images and labels.
pub(super) const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// A published data set with these four files, and mean and standard deviation of its training pixels.
struct Digits {
    published: Published,
    pixels: [f32; 2],
    classes: &'static [&'static str],
}

/// The names of digits as classes.
pub(super) const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// Mean and standard deviation of MNIST's training pixels, from 0 to 1.
pub(super) const PIXELS: [f32; 2] = [0.1307, 0.3081];

const MNIST: Digits = Digits {
    published: Published {
        name: "MNIST",
        folder: "mnist",
        #[cfg(feature = "download")]
        mirrors: &[
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ],
        #[cfg(feature = "download")]
        files: &[
            (
                "train-images-idx3-ubyte.gz",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            (
                "train-labels-idx1-ubyte.gz",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            (
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            (
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ],
    },
    pixels: PIXELS,
    classes: &Mnist::CLASSES,
};

const FASHION_MNIST: Digits = Digits {
    published: Published {
        name: "Fashion-MNIST",
        folder: "fashion-mnist",
        #[cfg(feature = "download")]
        mirrors: &[
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ],
        #[cfg(feature = "download")]
        files: &[
            (
                "train-images-idx3-ubyte.gz",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            (
                "train-labels-idx1-ubyte.gz",
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            (
                "t10k-images-idx3-ubyte.gz",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            (
                "t10k-labels-idx1-ubyte.gz",
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ],
    },
    pixels: [0.2860, 0.3530],
    classes: &FashionMnist::CLASSES,
};

/// Handwritten digits: 60,000 to train with and 10,000 to test, 28×28 pixels, labels 0 to 9.
///
/// Source: Y. LeCun, C. Cortes and C. Burges, [The MNIST database](http://yann.lecun.com/exdb/mnist/). A pixel
/// `p` becomes `(p / 255 − 0.1307) / 0.3081`: mean 0 and variance 1 over the training images.
///
/// In torchvision: `datasets.MNIST`; in Keras: `datasets.mnist`.
#[derive(Debug, Clone)]
pub struct Mnist {
    /// The training digits.
    pub train: Images,
    /// The test digits, by other writers.
    pub test: TestSet<Images>,
}

impl Mnist {
    /// The names of the classes, in the order of their numbers.
    pub const CLASSES: [&str; 10] = DIGITS;

    /// Finds MNIST: in the folder `CONVNET_DATA_DIR` if that is set, else in the user's cache, else on the
    /// network (kept in the cache), else the sample of [`Mnist::sample`], with a line on stderr.
    ///
    /// `CONVNET_DATA_DIR` holds a folder `mnist` with the four files, or the files themselves. Downloads are checked
    /// against the published SHA-256; `CONVNET_OFFLINE=1` forbids them.
    ///
    /// # Errors
    /// Those of [`Mnist::load_from`] if `CONVNET_DATA_DIR` is set. Without the feature `sample`, also
    /// [`Error::Unreachable`] with the reason for each place tried, and [`Error::Io`] if the cache cannot be
    /// written.
    pub fn load() -> Result<Mnist, Error> {
        let is_own = |own: &Path| FILES.iter().any(|name| spelling(own, name).is_ok());
        match MNIST.published.data_dir(is_own) {
            Some(folder) => Mnist::load_from(folder),
            None => match fetch(&MNIST) {
                Ok((train, test)) => Ok(Mnist { train, test }),
                Err(reason) => Mnist::fall_back(reason),
            },
        }
    }

    /// Reads the four files of MNIST's names and form from a folder: MNIST itself, or your own 28×28 images of
    /// ten classes, as many as there are.
    ///
    /// Each file may be gzipped, with or without `.gz`, and may be spelt `train-images.idx3-ubyte`.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read; [`Error::Format`] if one is missing, damaged, not of 28×28
    /// images or labels 0 to 9, empty, or of another length than its partner.
    ///
    /// ```
    /// use convnet::data::{Mnist, Samples};
    ///
    /// let mnist = Mnist::load_from("assets/mnist")?;
    /// assert_eq!((mnist.train.len(), mnist.test.len()), (12_000, 2_000));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn load_from(folder: impl AsRef<Path>) -> Result<Mnist, Error> {
        let (train, test) = read_folder(folder.as_ref(), &MNIST)?;
        Ok(Mnist { train, test })
    }

    /// The 12,000 training and 2,000 test digits embedded in the program, in the classes' original proportions
    /// and shuffled (feature `sample`).
    ///
    /// # Errors
    /// None in practice: the files are part of the program and tested with it.
    ///
    /// ```
    /// use convnet::data::{Mnist, Samples};
    ///
    /// let mnist = Mnist::sample()?;
    /// assert_eq!((mnist.train.len(), mnist.test.len()), (12_000, 2_000));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[cfg(feature = "sample")]
    pub fn sample() -> Result<Mnist, Error> {
        const GZIPPED: [&[u8]; 4] = [
            include_bytes!("../../assets/mnist/train-images-idx3-ubyte.gz"),
            include_bytes!("../../assets/mnist/train-labels-idx1-ubyte.gz"),
            include_bytes!("../../assets/mnist/t10k-images-idx3-ubyte.gz"),
            include_bytes!("../../assets/mnist/t10k-labels-idx1-ubyte.gz"),
        ];
        let (train, test) = read_four(|i| Idx::parse(Path::new(FILES[i]), GZIPPED[i]), &MNIST)?;
        Ok(Mnist { train, test })
    }

    #[cfg(feature = "sample")]
    fn fall_back(reason: Error) -> Result<Mnist, Error> {
        let sample = Mnist::sample()?;
        let whole =
            "all 70,000 connect to a network, or set CONVNET_DATA_DIR to a folder with the four files";
        say_instead("12,000 + 2,000 MNIST digits", reason, whole);
        Ok(sample)
    }

    #[cfg(not(feature = "sample"))]
    fn fall_back(reason: Error) -> Result<Mnist, Error> {
        Err(reason)
    }
}

/// Clothes: 60,000 images to train with and 10,000 to test, 28×28 pixels, in MNIST's form but harder.
///
/// Source: H. Xiao, K. Rasul and R. Vollgraf, [Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist), 2017 (MIT licence). A pixel `p` becomes
/// `(p / 255 − 0.2860) / 0.3530`: mean 0 and variance 1 over the training images.
///
/// In torchvision: `datasets.FashionMNIST`; in Keras: `datasets.fashion_mnist`.
#[derive(Debug, Clone)]
pub struct FashionMnist {
    /// The training images.
    pub train: Images,
    /// The test images.
    pub test: TestSet<Images>,
}

impl FashionMnist {
    /// The names of the classes, in the order of their numbers.
    pub const CLASSES: [&str; 10] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ];

    /// Finds Fashion-MNIST: in the folder `CONVNET_DATA_DIR` if that is set, else in the user's cache, else on
    /// the network (kept in the cache).
    ///
    /// `CONVNET_DATA_DIR` holds a folder `fashion-mnist` with the four files: such files directly in it are
    /// MNIST's, whose names are the same. Downloads are checked against the published SHA-256;
    /// `CONVNET_OFFLINE=1` forbids them.
    ///
    /// # Errors
    /// Those of [`FashionMnist::load_from`] if `CONVNET_DATA_DIR` is set; else [`Error::Unreachable`] with the
    /// reason for each place tried, and [`Error::Io`] if the cache cannot be written.
    pub fn load() -> Result<FashionMnist, Error> {
        match FASHION_MNIST.published.data_dir(|_| true) {
            Some(folder) => FashionMnist::load_from(folder),
            None => fetch(&FASHION_MNIST).map(|(train, test)| FashionMnist { train, test }),
        }
    }

    /// Reads the four files from a folder, as [`Mnist::load_from`] does.
    ///
    /// # Errors
    /// As [`Mnist::load_from`].
    ///
    /// ```
    /// use convnet::data::FashionMnist;
    ///
    /// let error = FashionMnist::load_from("no/such/folder").unwrap_err();
    /// assert!(error.to_string().starts_with("no/such/folder: expected a folder with "));
    /// ```
    pub fn load_from(folder: impl AsRef<Path>) -> Result<FashionMnist, Error> {
        let (train, test) = read_folder(folder.as_ref(), &FASHION_MNIST)?;
        Ok(FashionMnist { train, test })
    }
}

fn fetch(digits: &Digits) -> Result<(Images, TestSet<Images>), Error> {
    read_four(|i| Idx::open(&digits.published.fetch(i)?), digits)
}

fn read_folder(folder: &Path, digits: &Digits) -> Result<(Images, TestSet<Images>), Error> {
    check_folder(folder, digits.published.name)?;
    read_four(|i| Idx::open(&spelling(folder, FILES[i])?), digits)
}

/// Refuses a path that is no folder, with the name of the data set that is wanted.
pub(super) fn check_folder(folder: &Path, name: &str) -> Result<(), Error> {
    let found = match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => "a file",
        Err(_) if absent(folder) => "nothing",
        Err(error) => return Err(Error::io(folder, "read")(error)),
    };
    Err(Error::format(folder, format!("a folder with the files of {name}"), found))
}

/// The path of a file, which may be gzipped, and spelt with a dot in place of the dash before "idx".
pub(super) fn spelling(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let spellings = spellings(name);
    let paths = || spellings.iter().map(|name| folder.join(name));
    let good = paths().find(|path| fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0));
    // If none is a file with content, opening the first that exists gives the reason.
    good.or_else(|| paths().find(|path| !absent(path))).ok_or_else(|| {
        Error::format(folder, format!("a file {}", spellings.join(" or ")), "none of these names")
    })
}

/// The names that a file may have.
pub(super) fn spellings(name: &str) -> [String; 4] {
    let dotted = name.replace("-idx", ".idx");
    [name.to_owned(), format!("{name}.gz"), dotted.clone(), format!("{dotted}.gz")]
}

fn read_four(
    file: impl Fn(usize) -> Result<Idx, Error>,
    digits: &Digits,
) -> Result<(Images, TestSet<Images>), Error> {
    let [mean, std] = digits.pixels;
    let normalization = Normalization::new([mean], [std])?;
    let part = |images, labels| -> Result<Images, Error> {
        let (images, labels) = (file(images)?, file(labels)?);
        let (pixels, classes) = pair(images, labels, 0)?;
        let data = Dataset::from_bytes(pixels, normalization.clone(), classes)?;
        Ok(data.with_class_names(digits.classes.iter().copied()))
    };
    Ok((part(0, 1)?, TestSet::new(part(2, 3)?)))
}

/// The pixels of images [n, 28, 28], and the classes of labels [n] of unsigned bytes, which are counted from `first`.
pub(super) fn pair<const N: usize>(images: Idx, labels: Idx, first: usize) -> Result<Part<N>, Error> {
    let labels = labels.expect_rank(1)?;
    let classes = classes(labels.path(), labels.values::<u8>()?.iter().copied(), first)?;
    Ok((pixels(images, labels.path(), classes.len())?, classes))
}

/// The pixels of images [n, 28, 28], of which there are as many as labels in another file.
pub(super) fn pixels(images: Idx, labels: &Path, count: usize) -> Result<Vec<u8>, Error> {
    let images = images.expect_rank(3)?;
    let (n, rows, columns) = (images.dims()[0], images.dims()[1], images.dims()[2]);
    if (rows, columns) != (28, 28) {
        return Err(Error::format(images.path(), "images of 28 × 28 pixels", format!("{rows} × {columns}")));
    }
    if n == 0 {
        return Err(Error::format(images.path(), "at least one image", "none"));
    }
    if count != n {
        let expected = format!("{n} labels, one for each image of {}", images.path().display());
        return Err(Error::format(labels, expected, count.to_string()));
    }
    images.into_values()
}

/// The classes of labels that are counted from `first`.
pub(super) fn classes<const N: usize>(
    path: &Path,
    labels: impl Iterator<Item = impl Into<i64>>,
    first: usize,
) -> Result<Vec<Class<N>>, Error> {
    let class = |(item, label): (usize, _)| {
        let label: i64 = label;
        let index = usize::try_from(label).ok().and_then(|label| label.checked_sub(first));
        index.and_then(|index| Class::new(index).ok()).ok_or_else(|| {
            let expected = format!("labels from {first} to {}", first + N - 1);
            Error::format(path, expected, format!("{label} at item {item}"))
        })
    };
    labels.map(Into::into).enumerate().map(class).collect()
}

/// Training and test images as data sets with these classes, normalised to mean 0 and variance 1 over the training images; `path` is that of
/// the training images.
pub(super) fn normalized<const N: usize>(
    path: &Path,
    names: &[&str],
    train: Part<N>,
    test: Part<N>,
) -> Result<(Grey<N>, TestSet<Grey<N>>), Error> {
    let mut counts = [0_u64; 256];
    train.0.iter().for_each(|&pixel| counts[usize::from(pixel)] += 1);
    let mean_of = |value: &dyn Fn(f64) -> f64| {
        let values =
            counts.iter().enumerate().map(|(level, &count)| count as f64 * value(level as f64 / 255.0));
        values.sum::<f64>() / train.0.len() as f64
    };
    let mean = mean_of(&|pixel| pixel);
    let std = mean_of(&|pixel| (pixel - mean).powi(2)).sqrt();
    if counts.iter().filter(|&&count| count > 0).count() < 2 {
        return Err(Error::format(path, "pixels that differ", "all of one value"));
    }
    let normalization = Normalization::new([mean as f32], [std as f32])?;
    let data = |(pixels, classes)| -> Result<Grey<N>, Error> {
        let data = Dataset::from_bytes(pixels, normalization.clone(), classes)?;
        Ok(data.with_class_names(names.iter().copied()))
    };
    Ok((data(train)?, TestSet::new(data(test)?)))
}
