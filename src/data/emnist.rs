//! EMNIST: handwritten digits and letters in the form of MNIST.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::archive::inside;
use super::mnist::{DIGITS, Grey, Part, check_folder, normalized, pair, spelling, spellings};
use super::regular::open_regular;
use super::zipped::{Packed, is_zipped, walk_zip};
use super::{Idx, TestSet};
use crate::Error;

const SIDE: usize = 28;
/// A limit in bytes for a file in the archive.
const MOST: u64 = 1 << 29;
/// The published archive, and the folder in it.
const ARCHIVE: &str = "gzip.zip";
const FOLDER: &str = "gzip";

/// Handwritten characters of `N` classes, 28×28 pixels: [`EmnistDigits`], [`EmnistLetters`] or [`EmnistBalanced`].
///
/// Source: G. Cohen, S. Afshar, J. Tapson and A. van Schaik, "EMNIST: an extension of MNIST to handwritten letters", 2017.
/// The published images lie on their side, rows and columns exchanged; here they stand upright. A pixel p becomes
/// (p / 255 − mean) / std by mean and standard deviation of the training images.
///
/// In torchvision: `datasets.EMNIST(split=…)`. There is no download: get `gzip.zip`, and give it, or the folder that holds
/// it or its files, to `load_from`.
///
/// ```
/// use convnet::data::{EmnistBalanced, EmnistLetters};
///
/// assert_eq!((EmnistLetters::CLASSES[0], EmnistBalanced::CLASSES[46]), ("A", "t"));
/// let error = EmnistLetters::load_from("no/such/folder").unwrap_err();
/// assert!(error.to_string().starts_with("no/such/folder: expected a folder with the files of EMNIST letters"));
/// ```
#[derive(Debug, Clone)]
pub struct Emnist<const N: usize> {
    /// The training images.
    pub train: Grey<N>,
    /// The test images.
    pub test: TestSet<Grey<N>>,
}

/// EMNIST's digits: 240,000 to train with and 40,000 to test.
pub type EmnistDigits = Emnist<10>;

/// EMNIST's letters, small and capital ones in one class: 124,800 to train with and 20,800 to test.
pub type EmnistLetters = Emnist<26>;

/// EMNIST's balanced digits and letters, as many of each class: 112,800 to train with and 18,800 to test. Small letters that
/// look like the capital ones are in one class with them.
pub type EmnistBalanced = Emnist<47>;

impl Emnist<10> {
    /// The names of the classes, in the order of their numbers.
    pub const CLASSES: [&str; 10] = DIGITS;

    /// Reads `emnist-digits-train-images-idx3-ubyte` and the three files `…-train-labels-idx1-ubyte`, `…-test-images-…`
    /// and `…-test-labels-…` from a folder, its sub-folder `gzip`, or the published archive `gzip.zip`, which may be given
    /// itself or lie in the folder. Each file may be gzipped, with or without `.gz`.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read; [`Error::Format`] if one is missing, damaged, not of 28×28 images or
    /// labels 0 to 9, empty, or of another length than its partner.
    pub fn load_from(path: impl AsRef<Path>) -> Result<Self, Error> {
        load(path.as_ref(), "digits", &Self::CLASSES, 0)
    }
}

impl Emnist<26> {
    /// The names of the classes, in the order of their numbers: the published label 1 is class 0, "A".
    pub const CLASSES: [&str; 26] = [
        "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T",
        "U", "V", "W", "X", "Y", "Z",
    ];

    /// Reads `emnist-letters-train-images-idx3-ubyte` and so on, as [`EmnistDigits::load_from`] does.
    ///
    /// # Errors
    /// As [`EmnistDigits::load_from`], with labels 1 to 26.
    pub fn load_from(path: impl AsRef<Path>) -> Result<Self, Error> {
        load(path.as_ref(), "letters", &Self::CLASSES, 1)
    }
}

impl Emnist<47> {
    /// The names of the classes, in the order of their numbers.
    pub const CLASSES: [&str; 47] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J",
        "K", "L", "M", "N", "O", "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "a", "b", "d", "e",
        "f", "g", "h", "n", "q", "r", "t",
    ];

    /// Reads `emnist-balanced-train-images-idx3-ubyte` and so on, as [`EmnistDigits::load_from`] does.
    ///
    /// # Errors
    /// As [`EmnistDigits::load_from`], with labels 0 to 46.
    pub fn load_from(path: impl AsRef<Path>) -> Result<Self, Error> {
        load(path.as_ref(), "balanced", &Self::CLASSES, 0)
    }
}

/// The published files of a part, wherever they lie; the labels are counted from `first`.
fn load<const N: usize>(
    path: &Path,
    set: &str,
    classes: &[&str; N],
    first: usize,
) -> Result<Emnist<N>, Error> {
    let names = ["train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"]
        .map(|name| format!("emnist-{set}-{name}-ubyte"));
    let files = match archive_of(path, &names[0])? {
        Some(archive) => Files::Zipped(Box::new(Zipped::open(archive, &names)?)),
        None => {
            check_folder(path, &format!("EMNIST {set}"))?;
            let inner = path.join(FOLDER);
            Files::Folder(if spelling(&inner, &names[0]).is_ok() { inner } else { path.to_owned() })
        }
    };
    let part = |images: usize| -> Result<(PathBuf, Part<N>), Error> {
        let [images, labels] = [images, images + 1].map(|i| files.open(i, &names[i]));
        let images = images?;
        let path = images.path().to_owned();
        let (mut pixels, targets) = pair(images, labels?, first)?;
        pixels.chunks_exact_mut(SIDE * SIDE).for_each(set_upright);
        Ok((path, (pixels, targets)))
    };
    let ((path, train), (_, test)) = (part(0)?, part(2)?);
    let (train, test) = normalized(&path, classes, train, test)?;
    Ok(Emnist { train, test })
}

/// Exchanges rows and columns.
fn set_upright(image: &mut [u8]) {
    for row in 0..SIDE {
        for column in 0..row {
            image.swap(row * SIDE + column, column * SIDE + row);
        }
    }
}

/// The zip archive at or in this path, unless the path has the files themselves.
fn archive_of(path: &Path, name: &str) -> Result<Option<PathBuf>, Error> {
    let is_dir = fs::metadata(path).map(|metadata| metadata.is_dir());
    if let Ok(false) = is_dir {
        let (file, _) = open_regular(path)?;
        return Ok(is_zipped(path, &file)?.then(|| path.to_owned()));
    }
    let archive = path.join(ARCHIVE);
    let has_files = [path, &path.join(FOLDER)].iter().any(|folder| spelling(folder, name).is_ok());
    Ok((!has_files && archive.is_file()).then_some(archive))
}

enum Files {
    Folder(PathBuf),
    Zipped(Box<Zipped>),
}

impl Files {
    fn open(&self, i: usize, name: &str) -> Result<Idx, Error> {
        match self {
            Files::Folder(folder) => Idx::open(&spelling(folder, name)?),
            Files::Zipped(zipped) => zipped.open_member(i, name),
        }
    }
}

/// The archive, and where the four files lie in it.
struct Zipped {
    path: PathBuf,
    file: File,
    members: [Option<(Vec<u8>, Packed)>; 4],
}

impl Zipped {
    fn open(path: PathBuf, names: &[String; 4]) -> Result<Zipped, Error> {
        let (file, len) = open_regular(&path)?;
        let mut members = [const { None }; 4];
        walk_zip(&path, &file, len, |member, packed| {
            let name = member.name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            let is_one = |known: &String| spellings(known).iter().any(|known| known.as_bytes() == name);
            if let Some(i) = names.iter().position(is_one) {
                members[i] = Some((member.name, packed));
            }
            Ok(())
        })?;
        Ok(Zipped { path, file, members })
    }

    fn open_member(&self, i: usize, name: &str) -> Result<Idx, Error> {
        let Some((member, packed)) = &self.members[i] else {
            return Err(Error::format(&self.path, format!("a member {name}.gz"), "none of this name"));
        };
        let path = inside(&self.path, member);
        Idx::parse(&path, &packed.read(&path, &self.file, MOST)?)
    }
}
