//! KMNIST and QMNIST: the form of MNIST with other characters, and MNIST's digits with all that is known of them.

use std::path::Path;

use super::mnist::{DIGITS, FILES, Grey, Part, check_folder, classes, normalized, pair, pixels, spelling};
use super::{Idx, TestSet};
use crate::Error;

/// Ten characters of cursive Japanese (Kuzushiji), 28×28 pixels: 60,000 to train with and 10,000 to test.
///
/// Source: T. Clanuwat and others, "Deep Learning for Classical Japanese Literature", 2018. A pixel p becomes
/// (p / 255 − mean) / std by mean and standard deviation of the training images.
///
/// In torchvision: `datasets.KMNIST`. There is no download: get the four files and give their folder to
/// [`Kmnist::load_from`].
#[derive(Debug, Clone)]
pub struct Kmnist {
    /// The training images.
    pub train: Grey<10>,
    /// The test images.
    pub test: TestSet<Grey<10>>,
}

impl Kmnist {
    /// The names of the classes, in the order of their numbers: the sounds of the characters.
    pub const CLASSES: [&str; 10] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"];

    /// Reads the four files from a folder. They have the names of MNIST's, `train-images-idx3-ubyte` and so on, and each
    /// may be gzipped, with or without `.gz`.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read; [`Error::Format`] if one is missing, damaged, not of 28×28 images or
    /// labels 0 to 9, empty, or of another length than its partner.
    ///
    /// ```
    /// use convnet::data::{Kmnist, Samples};
    ///
    /// // MNIST's files have the same form.
    /// let kmnist = Kmnist::load_from("assets/mnist")?;
    /// assert_eq!((kmnist.train.len(), Kmnist::CLASSES[2]), (12_000, "su"));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn load_from(folder: impl AsRef<Path>) -> Result<Kmnist, Error> {
        let folder = folder.as_ref();
        check_folder(folder, "KMNIST")?;
        let file = |i: usize| Idx::open(&spelling(folder, FILES[i])?);
        let images = file(0)?;
        let path = images.path().to_owned();
        let (train, test) =
            normalized(&path, &Kmnist::CLASSES, pair(images, file(1)?, 0)?, pair(file(2)?, file(3)?, 0)?)?;
        Ok(Kmnist { train, test })
    }
}

/// MNIST's digits, restored from their source: 60,000 to train with, and all 60,000 to test of which MNIST has 10,000.
///
/// Source: C. Yadav and L. Bottou, "Cold Case: The Lost MNIST Digits", 2019. A pixel p becomes (p / 255 − mean) / std by
/// mean and standard deviation of the training images.
///
/// In torchvision: `datasets.QMNIST`. There is no download: get the four files and give their folder to
/// [`Qmnist::load_from`].
#[derive(Debug, Clone)]
pub struct Qmnist {
    /// The training digits.
    pub train: Grey<10>,
    /// The test digits, by other writers.
    pub test: TestSet<Grey<10>>,
}

impl Qmnist {
    /// The names of the classes, in the order of their numbers.
    pub const CLASSES: [&str; 10] = DIGITS;

    /// Reads `qmnist-train-images-idx3-ubyte`, `qmnist-train-labels-idx2-int`, `qmnist-test-images-idx3-ubyte` and
    /// `qmnist-test-labels-idx2-int` from a folder. Each may be gzipped, with or without `.gz`.
    ///
    /// Labels are rows of integers (`i32`), of which the first is the digit. The others are about the writer and the place
    /// of the digit in its source: [`Idx::values`] gives them.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read; [`Error::Format`] if one is missing, damaged, not of 28×28 images or
    /// labels 0 to 9, empty, or of another length than its partner.
    ///
    /// ```
    /// use convnet::data::{Qmnist, Samples};
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// for part in ["train", "test"] {
    ///     // Two images, the second white, and for each image a row of eight integers.
    ///     let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28][..], &[0; 784], &[255; 784]].concat();
    ///     let row = |digit: i32| [digit, 4, 2605, 16, 52, 18, 0, 0].map(i32::to_be_bytes).concat();
    ///     let labels = [&[0, 0, 12, 2, 0, 0, 0, 2, 0, 0, 0, 8][..], &row(5), &row(3)].concat();
    ///     std::fs::write(folder.path().join(format!("qmnist-{part}-images-idx3-ubyte")), images).unwrap();
    ///     std::fs::write(folder.path().join(format!("qmnist-{part}-labels-idx2-int")), labels).unwrap();
    /// }
    ///
    /// let qmnist = Qmnist::load_from(folder.path())?;
    /// assert_eq!((qmnist.train.len(), qmnist.test.target(1).index()), (2, 3));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn load_from(folder: impl AsRef<Path>) -> Result<Qmnist, Error> {
        let folder = folder.as_ref();
        check_folder(folder, "QMNIST")?;
        let file = |name: &str| Idx::open(&spelling(folder, name)?);
        let part = |part: &str| -> Result<Part<10>, Error> {
            let images = file(&format!("qmnist-{part}-images-idx3-ubyte"))?;
            let labels = file(&format!("qmnist-{part}-labels-idx2-int"))?.expect_rank(2)?;
            let columns = labels.dims()[1];
            if columns == 0 {
                return Err(Error::format(
                    labels.path(),
                    "rows that begin with the digit",
                    "rows of no columns",
                ));
            }
            let digits = labels.values::<i32>()?.chunks_exact(columns).map(|row| row[0]);
            let classes = classes(labels.path(), digits, 0)?;
            Ok((pixels(images, labels.path(), classes.len())?, classes))
        };
        let path = spelling(folder, "qmnist-train-images-idx3-ubyte")?;
        let (train, test) = normalized(&path, &Qmnist::CLASSES, part("train")?, part("test")?)?;
        Ok(Qmnist { train, test })
    }
}
