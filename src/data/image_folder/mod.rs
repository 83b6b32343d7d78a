//! Images in the files of a folder or an archive.

mod classes;
mod files;
mod image_files;
mod left_out;
mod listing;
mod options;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use self::files::Files;
pub use self::image_files::ImageFiles;
pub use self::left_out::{LeftOut, LeftOutReason};
pub use self::options::ImageFolderOptions;
use super::split::{split_in_three, split_index};
use super::{
    Class, Dataset, Fingerprint, Fractions, Images, Learnable, Metadata, Normalization, Parts, Samples,
    Target, TestSet,
};
use crate::error::Error;
use crate::scalar::Scalar;
use crate::shape::Chw;

/// Image files of `N` classes, decoded and scaled to `C`×`H`×`W` each time they are needed. Splits and subsets share
/// the list of files.
///
/// In torchvision: `datasets.ImageFolder` with `Resize` and `Normalize`; in Keras: `image_dataset_from_directory`.
///
/// # Where the images are
/// In a folder, a `.tar` archive, a `.zip` archive or a `.tar.gz` archive, told apart by their content. It holds one folder for
/// each class; classes are numbered in the order of their names ([`ImageFolder::classes`]), by value if all are numbers, or by
/// those of another part ([`ImageFolderOptions::classes`]); images in the order of classes and then of names, folder by
/// folder. All four give the same samples.
/// - A folder is listed, and a `.tar` or `.zip` archive indexed, when it is opened: of the images nothing stays in memory.
///   Members of a `.zip` archive are stored or deflated; an encrypted one is a broken image.
/// - A `.tar.gz` cannot be read at random: the encoded images of the part are held in memory, up to
///   [`ImageFolderOptions::max_unpacked_bytes`] of all that the archive unpacks to, headers and names included.
///
/// Images lie in the folder of their class, or at any depth in it. A folder that holds the parts of a data set ("train" and
/// "test"), or in which no class has an image in its own folder, is refused with the part to open. Links are followed to
/// files and to the folders of classes, not to folders further down. Left out and counted ([`ImageFolder::left_out`]) are
/// files whose names do not end as images' do (.jpg, .jpeg, .jpe, .jfif, .png, .gif, .bmp, .webp, .ppm and its relatives,
/// .qoi, .tga, with the feature `tiff` .tif and .tiff; their content then tells the format), and files beside the folders of
/// the classes. Left out without a count are names that begin with a dot, the folders that systems keep for themselves
/// (`__MACOSX`, `@eaDir`, `#recycle`, `$RECYCLE.BIN`), and members of archives with `..` in their path. A pipe, a
/// device, or a link inside an archive with the name of an image is a broken image. Classes have names in UTF-8; names
/// inside an archive have at most 4096 bytes.
///
/// # Pixels
/// `C` is 1 (grey, Rec. 709 luma) or 3 (red, green, blue), 8 bits each. An image of exactly `H`×`W` passes through
/// unchanged, byte / 255; others are made to fit ([`Fit`](super::Fit)) with a triangle filter that is as wide as the reduction. The
/// orientation in EXIF data is honoured, transparent pixels are laid on white, and of animations there is the first
/// image. The border of [`Fit::Contain`](super::Fit::Contain) has the normalisation's mean, black without one.
///
/// ```
/// use convnet::data::{ImageFolder, ImageFolderOptions, Normalization, Samples};
///
/// let folder = tempfile::tempdir().unwrap();
/// for (class, grey) in [("night", 0), ("day", 255)] {
///     std::fs::create_dir(folder.path().join(class)).unwrap();
///     // A picture of 2×1 pixels.
///     std::fs::write(folder.path().join(class).join("sky.pgm"), [b"P5 2 1 255\n", &[grey; 2][..]].concat()).unwrap();
/// }
/// let normalization = Normalization::new([0.5], [0.5])?;
/// let options = ImageFolderOptions::new().normalization(normalization);
/// let images = ImageFolder::<1, 8, 8, 2>::open_with(folder.path(), options)?;
/// assert_eq!(images.classes(), ["day", "night"]);
///
/// let mut values = [0.0_f32; 64];
/// images.write_to(1, &mut values, None)?;
/// assert_eq!((values, images.target(1).index()), ([-1.0; 64], 1));
///
/// let in_memory = images.read()?;
/// assert_eq!(in_memory.sample::<f32>(1).as_slice(), values);
/// # Ok::<(), convnet::Error>(())
/// ```
#[doc(alias = "image_dataset_from_directory")]
pub struct ImageFolder<const C: usize, const H: usize, const W: usize, const N: usize> {
    shared: Arc<Shared<N>>,
    index: Vec<u32>,
    /// In place of the one that the folder was opened with.
    normalization: Option<Normalization>,
}

struct Shared<const N: usize> {
    files: Files,
    targets: Vec<Class<N>>,
}

impl<const C: usize, const H: usize, const W: usize, const N: usize> ImageFolder<C, H, W, N> {
    /// Opens a folder or an archive with `N` folders of images.
    ///
    /// # Errors
    /// As [`ImageFolder::open_with`].
    ///
    /// ```
    /// use convnet::data::ImageFolder;
    ///
    /// // The archive holds "test" and "train", and in each the folders of ten classes.
    /// let text = ImageFolder::<3, 32, 32, 10>::open("assets/cifar10/sample.tar.gz").unwrap_err().to_string();
    /// let found = r#"found parts of a data set, 2 (train, test); ImageFolderOptions::part("train") opens one"#;
    /// assert_eq!(text, format!("assets/cifar10/sample.tar.gz: expected a folder for each class, {found}"));
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, ImageFolderOptions::default())
    }

    /// Opens a folder or an archive with `N` folders of images, with settings of your own.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, or an image cannot be read while [`ImageFolderOptions::skip_broken`] checks
    /// it; [`Error::Format`] if it is neither a folder nor an undamaged archive, has not `N` classes, a class has no
    /// image or no name in UTF-8, or a gzipped archive is too large; [`Error::Argument`] if the normalisation is not
    /// for `C` channels or the part not a path below the folder.
    ///
    /// A broken image is no error here: [`Samples::write_to`] and [`ImageFolder::read`] then give an [`Error::Format`]
    /// with its name (in an archive `archive.tar: member`).
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let options = ImageFolderOptions::new().part("test");
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// assert_eq!(images.len(), 500);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn open_with(path: impl AsRef<Path>, options: ImageFolderOptions) -> Result<Self, Error> {
        Self::new(Files::open(path.as_ref(), options, [C, H, W], N)?)
    }

    /// Opens a gzipped archive in memory; `name` stands for its path in errors.
    #[cfg(feature = "sample")]
    pub(super) fn of_bytes(name: &Path, gzipped: &[u8], options: ImageFolderOptions) -> Result<Self, Error> {
        Self::new(Files::of_bytes(name, gzipped, options, [C, H, W], N)?)
    }

    fn new(files: Files) -> Result<Self, Error> {
        const {
            assert!(C == 1 || C == 3, "expected 1 channel (grey) or 3 channels (red, green, blue)");
            assert!(H > 0 && W > 0, "expected images of at least one pixel");
        }
        let classes = files.listing.images.iter().map(|(class, _)| Class::new(*class));
        let targets: Vec<_> = classes.collect::<Result<_, _>>()?;
        let index = (0..targets.len() as u32).collect();
        Ok(ImageFolder { shared: Arc::new(Shared { files, targets }), index, normalization: None })
    }

    /// The names of the classes, in the order of their numbers.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions};
    ///
    /// let options = ImageFolderOptions::new().part("test");
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// assert_eq!(images.classes()[3], "cat");
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn classes(&self) -> &[String] {
        &self.shared.files.listing.classes
    }

    /// The names of classes without an image when the folder was opened: of classes that were given
    /// ([`ImageFolderOptions::classes`]), or whose images were all broken.
    pub fn absent_classes(&self) -> Vec<&str> {
        let mut has_image = [false; N];
        self.shared.targets.iter().for_each(|class| has_image[class.index()] = true);
        let names = self.classes().iter().zip(has_image);
        names.filter(|(_, has_image)| !has_image).map(|(name, _)| name.as_str()).collect()
    }

    /// Counts of the files that are no samples, by ending and reason, the largest first.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// for class in ["cat", "dog"] {
    ///     std::fs::create_dir(folder.path().join(class)).unwrap();
    ///     std::fs::write(folder.path().join(class).join("a.pgm"), "P5 1 1 255\n.").unwrap();
    ///     std::fs::write(folder.path().join(class).join("b.heic"), "").unwrap();
    /// }
    /// let images = ImageFolder::<1, 4, 4, 2>::open(folder.path())?;
    /// assert_eq!(images.len(), 2);
    /// assert_eq!(images.left_out()[0].to_string(), "2 .heic (images in a format that is not read)");
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn left_out(&self) -> &[LeftOut] {
        &self.shared.files.listing.left_out
    }

    /// The error of each image that was left out ([`ImageFolderOptions::skip_broken`]).
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// std::fs::create_dir(folder.path().join("class")).unwrap();
    /// std::fs::write(folder.path().join("class/whole.pgm"), "P5 1 1 255\n.").unwrap();
    /// std::fs::write(folder.path().join("class/empty.pgm"), "").unwrap();
    ///
    /// let options = ImageFolderOptions::new().skip_broken(true);
    /// let images = ImageFolder::<1, 4, 4, 1>::open_with(folder.path(), options)?;
    /// assert_eq!((images.len(), images.skipped().len()), (1, 1));
    /// assert!(images.skipped()[0].to_string().ends_with("empty.pgm: expected an image, found an empty file"));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn skipped(&self) -> &[Error] {
        &self.shared.files.skipped
    }

    /// The targets, in order.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions};
    ///
    /// let options = ImageFolderOptions::new().part("test");
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// assert_eq!(images.targets().filter(|class| class.index() == 3).count(), 50);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &Class<N>> {
        self.index.iter().map(|&i| &self.shared.targets[i as usize])
    }

    /// The samples with these indices, in this order. In PyTorch: `torch.utils.data.Subset(data, indices)`.
    ///
    /// # Panics
    /// If an index is not below the number of samples.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let options = ImageFolderOptions::new().part("test");
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// assert_eq!(images.subset(100..110).target(0).index(), 2);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "Subset")]
    pub fn subset(&self, indices: impl IntoIterator<Item = usize>) -> Self {
        let index = indices.into_iter().map(|i| self.index[i]).collect();
        ImageFolder { index, shared: self.shared.clone(), normalization: self.normalization.clone() }
    }

    /// Splits the samples at random into a training, a validation and a test set with their shares of each class, as
    /// [`Dataset::train_val_test_split`] does: every class has a sample in the training part. In scikit-learn:
    /// `train_test_split(x, y, stratify=y)`, twice.
    ///
    /// # Errors
    /// Those of [`Dataset::train_val_test_split`].
    ///
    /// ```
    /// use convnet::data::{Fractions, ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let options = ImageFolderOptions::new().part("test");
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// let parts = images.train_val_test_split(Fractions::default(), 1)?;
    /// assert_eq!((parts.train.len(), parts.validation.len(), parts.test.len()), (400, 50, 50));
    /// assert_eq!(parts.train.targets().filter(|class| class.index() == 3).count(), 40);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "stratify")]
    pub fn train_val_test_split(&self, fractions: Fractions, seed: u64) -> Result<Parts<Self>, Error> {
        let strata: Vec<_> = self.targets().map(Target::stratum).collect();
        let [train, validation, test] =
            split_in_three(&strata, fractions, seed)?.map(|indices| self.subset(indices));
        Ok(Parts { train, validation, test: TestSet::new(test) })
    }

    /// Splits the samples at random into two disjoint parts, as [`Dataset::split`] does. In PyTorch: `random_split`.
    ///
    /// # Errors
    /// [`Error::Argument`] unless 0 < fraction < 1 and both parts get a sample.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let options = ImageFolderOptions::new().part("test");
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// let (train, validation) = images.split(0.9, 1)?;
    /// assert_eq!((train.len(), validation.len()), (450, 50));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "random_split")]
    #[doc(alias = "train_test_split")]
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self), Error> {
        let (first, second) = split_index(&self.index, fraction, seed)?;
        let part = |index| ImageFolder { index, ..self.clone() };
        Ok((part(first), part(second)))
    }

    /// The same images with another normalisation, such as [`Normalization::of`] the training part. The border of
    /// [`Fit::Contain`](super::Fit::Contain) stays the one that the folder was opened with.
    ///
    /// # Errors
    /// [`Error::Argument`] if the normalisation is not for `C` channels.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Normalization};
    ///
    /// let options = ImageFolderOptions::new().part("test");
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// # let images = images.subset(0..20);
    /// let normalization = Normalization::of(&images)?;
    /// let images = images.normalized(normalization)?;
    /// # let _ = images;
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn normalized(&self, normalization: Normalization) -> Result<Self, Error> {
        normalization.check(C)?;
        Ok(ImageFolder { normalization: Some(normalization), ..self.clone() })
    }

    /// Decodes all images into memory, as bytes. The samples are the same, and so are splits of them.
    ///
    /// # Errors
    /// [`Error::Format`] or [`Error::Io`] for the first image that is broken; [`Error::Argument`] if the memory does not
    /// suffice.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let options = ImageFolderOptions::new().part("test");
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// let in_memory = images.subset(0..50).read()?;
    /// assert_eq!(in_memory.len(), 50);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn read(&self) -> Result<Dataset<Chw<C, H, W>, Class<N>>, Error> {
        let bytes = self.read_bytes()?;
        let targets = self.targets().copied().collect();
        let data = Dataset::from_bytes(bytes, self.normalization().clone(), targets)?;
        Ok(data.with_class_names(self.classes()))
    }

    /// The bytes of all images, one after the other.
    pub(super) fn read_bytes(&self) -> Result<Vec<u8>, Error> {
        self.shared.files.read(&self.index)
    }

    /// The path of the folder that holds those of the classes.
    pub(super) fn root(&self) -> &Path {
        &self.shared.files.listing.root
    }

    fn normalization(&self) -> &Normalization {
        let opened = self.shared.files.options.preprocessing.pixel_normalization();
        self.normalization.as_ref().unwrap_or(opened)
    }

    /// A sample's bytes, in channel, row, column order.
    fn decode(&self, sample: usize) -> Result<Vec<u8>, Error> {
        self.shared.files.pixels(self.index[sample] as usize)
    }
}

impl<const C: usize, const H: usize, const W: usize, const N: usize> Samples<Chw<C, H, W>>
    for ImageFolder<C, H, W, N>
{
    type Target = Class<N>;

    fn len(&self) -> usize {
        self.index.len()
    }

    fn write_to<T: Scalar>(&self, sample: usize, values: &mut [T], _: Option<u64>) -> Result<(), Error> {
        let bytes = self.decode(sample)?;
        Normalization::write_bytes(Some(self.normalization()), &bytes, values);
        Ok(())
    }

    fn target(&self, sample: usize) -> &Class<N> {
        &self.shared.targets[self.index[sample] as usize]
    }

    fn id(&self, sample: usize) -> u64 {
        self.index[sample].into()
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn origin(&self, sample: usize) -> Option<String> {
        let path = self.shared.files.listing.path_of(self.index[sample] as usize);
        Some(path.to_string_lossy().into_owned())
    }

    fn metadata(&self) -> Metadata {
        let preprocessing = self.shared.files.options.preprocessing.clone();
        let preprocessing = Some(preprocessing.normalization(self.normalization().clone()));
        Metadata { classes: self.classes().to_vec(), preprocessing, ..Metadata::default() }
    }

    /// A hash of the names of the files, without the path of the folder.
    fn fingerprint(&self) -> Result<u64, Error> {
        let mut hash = Fingerprint::default();
        let fit = self.shared.files.options.preprocessing.fit_of_images().to_string();
        fit.bytes().for_each(|byte| hash.add(byte.into()));
        let by = self.normalization();
        by.mean().iter().chain(by.std()).for_each(|number| hash.add(number.to_bits().into()));
        for (sample, target) in self.index.iter().zip(self.targets()) {
            let name = self.shared.files.listing.name_of(*sample as usize);
            name.iter().for_each(|byte| hash.add((*byte).into()));
            hash.add(256 + target.index() as u64);
        }
        Ok(hash.0)
    }
}

impl<const C: usize, const H: usize, const W: usize, const N: usize> Images<C, H, W>
    for ImageFolder<C, H, W, N>
{
    fn write_pixels<T: Scalar>(&self, sample: usize, pixels: &mut [T]) -> Result<(), Error> {
        Normalization::write_bytes(None, &self.decode(sample)?, pixels);
        Ok(())
    }

    fn normalize<T: Scalar>(&self, pixels: &mut [T]) -> Result<(), Error> {
        self.normalization().write_over(pixels);
        Ok(())
    }

    fn mean_pixel(&self) -> [f32; C] {
        let mean = self.normalization().mean();
        std::array::from_fn(|channel| mean[channel % mean.len()])
    }
}

impl<const C: usize, const H: usize, const W: usize, const N: usize> Learnable for ImageFolder<C, H, W, N> {}

impl<const C: usize, const H: usize, const W: usize, const N: usize> Clone for ImageFolder<C, H, W, N> {
    fn clone(&self) -> Self {
        let (shared, index, normalization) =
            (self.shared.clone(), self.index.clone(), self.normalization.clone());
        ImageFolder { shared, index, normalization }
    }
}

impl<const C: usize, const H: usize, const W: usize, const N: usize> fmt::Debug for ImageFolder<C, H, W, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let images = self.index.len();
        write!(f, "ImageFolder of {images} samples of {C}×{H}×{W} in {} classes", self.classes().len())
    }
}
