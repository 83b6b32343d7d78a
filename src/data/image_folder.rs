//! Images in folders, one for each class, decoded when they are needed.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::archive::short;
use super::dataset::split_index;
use super::listing::Listing;
use super::pixels::{decode, fitted};
use super::{Class, Dataset, Fit, Images, Learnable, Normalization, Samples};
use crate::error::{Error, FirstError};
use crate::scalar::Scalar;
use crate::shape::Chw;

/// How an [`ImageFolder`] is read.
///
/// ```
/// use convnet::data::{Fit, ImageFolderOptions};
///
/// let options = ImageFolderOptions { part: "train".into(), skip_broken: true, ..Default::default() };
/// assert_eq!(options.fit, Fit::Cover);
/// ```
#[derive(Clone, Debug)]
pub struct ImageFolderOptions {
    /// The folder inside the folder or archive that holds those of the classes, as "train" or "cifar/train"; by default
    /// "", the folder or archive itself.
    pub part: String,
    /// Whether there may be fewer classes than `N`; by default there may not.
    pub fewer_classes: bool,
    /// Whether [`ImageFolder::open_with`] decodes every image once and leaves out those that are broken, links to nothing
    /// among them, which [`ImageFolder::skipped`] tells; as many are in memory at once as there are threads. By default it
    /// does not, and a broken image is an error when it is used.
    pub skip_broken: bool,
    /// How images of other sizes are made to fit; by default [`Fit::Cover`].
    pub fit: Fit,
    /// What is done to pixels from 0 to 1; by default nothing.
    pub normalization: Normalization,
    /// Bytes that the file of one image may have, and bytes that its pixels may take while they are decoded, turned as EXIF
    /// data say and converted to `C` channels of 8 bits, copies included; what a decoder keeps beside the pixels is its own.
    /// By default 2²⁸: 89 million pixels of a file in three colours, 67 million of a grey one that becomes three colours.
    pub max_image_bytes: u64,
    /// Bytes that a gzipped archive may unpack to, headers and names included; by default 2³⁰.
    pub max_unpacked_bytes: u64,
}

impl Default for ImageFolderOptions {
    fn default() -> Self {
        ImageFolderOptions {
            part: String::new(),
            fewer_classes: false,
            skip_broken: false,
            fit: Fit::default(),
            normalization: Normalization::none(),
            max_image_bytes: 1 << 28,
            max_unpacked_bytes: 1 << 30,
        }
    }
}

/// Images of `N` classes in files, decoded and scaled to `C`×`H`×`W` each time they are needed. Splits and subsets share
/// what is known of the files.
///
/// # Where the images are
/// In a folder, a `.tar` archive or a `.tar.gz` archive, told apart by their content. It holds one folder for each class;
/// classes are numbered in the order of their names ([`ImageFolder::classes`]), images in the order of classes and then of
/// names, folder by folder. All three give the same samples.
/// - A folder is listed, and a `.tar` archive indexed, when it is opened: of the images nothing stays in memory.
/// - A `.tar.gz` cannot be read at random: the encoded images of the part are held in memory, up to
///   [`ImageFolderOptions::max_unpacked_bytes`] of all that the archive unpacks to, headers and names included.
///
/// Images lie at any depth in the folder of their class. Links are followed to files and to the folders of classes, not to
/// folders further down. Left out are files whose names do not end as images' do (.jpg, .jpeg, .png, .gif, .bmp, .webp,
/// .tif, .tiff, .ppm and its relatives, .qoi, .tga; their content then tells the format), names that begin with a dot, the
/// folder `__MACOSX`, files beside the folders of the classes, and members of archives with `..` in their path. What has
/// the name of an image but is a pipe, a device, or a link inside an archive is a broken image. Classes have names in UTF-8;
/// names inside an archive have at most 4096 bytes.
///
/// # Pixels
/// `C` is 1 (grey, Rec. 709 luma) or 3 (red, green, blue), 8 bits each. An image of exactly `H`×`W` passes through
/// unchanged, byte / 255; others are made to fit ([`Fit`]) with a triangle filter that is as wide as the reduction. The
/// orientation in EXIF data is honoured, transparent pixels are laid on white, and of animations there is the first image.
/// The border of [`Fit::Contain`] has the normalisation's mean, black without one.
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
/// let options = ImageFolderOptions { normalization, ..Default::default() };
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
pub struct ImageFolder<const C: usize, const H: usize, const W: usize, const N: usize> {
    shared: Arc<Shared<N>>,
    index: Vec<u32>,
}

struct Shared<const N: usize> {
    listing: Listing,
    targets: Vec<Class<N>>,
    options: ImageFolderOptions,
    skipped: Vec<Error>,
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
    /// assert!(text.ends_with("expected the folders of 10 classes, found 2 (test, train)"));
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, ImageFolderOptions::default())
    }

    /// Opens a folder or an archive with `N` folders of images, in a way of one's own.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, or an image that [`ImageFolderOptions::skip_broken`] wants to look at;
    /// [`Error::Format`] if it is neither a folder nor an undamaged archive, has not `N` classes, a class has no image or
    /// no name in UTF-8, or a gzipped archive is too large; [`Error::Argument`] if the normalisation is not for `C`
    /// channels or the part not a path below the folder.
    ///
    /// A broken image is no error here: [`Samples::write_to`] and [`ImageFolder::read`] then give an [`Error::Format`]
    /// with its name (in an archive `archive.tar: member`).
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let options = ImageFolderOptions { part: "test".into(), ..Default::default() };
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// assert_eq!(images.len(), 500);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn open_with(path: impl AsRef<Path>, options: ImageFolderOptions) -> Result<Self, Error> {
        options.normalization.check(C)?;
        let listing = Listing::open(path.as_ref(), &options.part, options.max_unpacked_bytes)?;
        Self::new(listing, options)
    }

    /// Opens a gzipped archive that is in memory; `name` stands for its path in errors.
    #[cfg(feature = "sample")]
    pub(super) fn of_bytes(name: &Path, gzipped: &[u8], options: ImageFolderOptions) -> Result<Self, Error> {
        let listing = Listing::of_bytes(name, gzipped, &options.part, options.max_unpacked_bytes)?;
        Self::new(listing, options)
    }

    fn new(mut listing: Listing, options: ImageFolderOptions) -> Result<Self, Error> {
        const {
            assert!(C == 1 || C == 3, "expected 1 channel (grey) or 3 channels (red, green, blue)");
            assert!(H > 0 && W > 0, "expected images of at least one pixel");
        }
        let found = listing.classes.len();
        if found > N || found == 0 || (found < N && !options.fewer_classes) {
            let expected = match options.fewer_classes {
                true => format!("the folders of 1 to {N} classes"),
                false => format!("the folders of {N} classes"),
            };
            return Err(Error::format(&listing.root, expected, in_few_words(&listing.classes)));
        }
        let mut skipped = Vec::new();
        if options.skip_broken {
            let limit = options.max_image_bytes;
            let check = |i| match listing.read(i, limit, |path, bytes| decode::<C>(path, bytes, limit)) {
                Err(error) if is_of_the_image(&error) => Ok(Some(error)),
                other => other.map(|_| None),
            };
            let checked: Vec<_> = (0..listing.images.len()).into_par_iter().map(check).collect();
            let errors: Vec<_> = checked.into_iter().collect::<Result<_, _>>()?;
            let mut whole = errors.iter().map(Option::is_none);
            listing.images.retain(|_| whole.next().unwrap_or_default());
            skipped = errors.into_iter().flatten().collect();
        }
        let targets: Vec<_> =
            listing.images.iter().map(|(class, _)| Class::new(*class)).collect::<Result<_, _>>()?;
        let index = (0..targets.len() as u32).collect();
        Ok(ImageFolder { shared: Arc::new(Shared { listing, targets, options, skipped }), index })
    }

    /// The names of the classes, in the order of their numbers.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions};
    ///
    /// let options = ImageFolderOptions { part: "test".into(), ..Default::default() };
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// assert_eq!(images.classes()[3], "cat");
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn classes(&self) -> &[String] {
        &self.shared.listing.classes
    }

    /// What is wrong with each image that was left out ([`ImageFolderOptions::skip_broken`]).
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// std::fs::create_dir(folder.path().join("class")).unwrap();
    /// std::fs::write(folder.path().join("class/whole.pgm"), "P5 1 1 255\n.").unwrap();
    /// std::fs::write(folder.path().join("class/empty.pgm"), "").unwrap();
    ///
    /// let options = ImageFolderOptions { skip_broken: true, ..Default::default() };
    /// let images = ImageFolder::<1, 4, 4, 1>::open_with(folder.path(), options)?;
    /// assert_eq!((images.len(), images.skipped().len()), (1, 1));
    /// assert!(images.skipped()[0].to_string().ends_with("empty.pgm: expected an image, found an empty file"));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn skipped(&self) -> &[Error] {
        &self.shared.skipped
    }

    /// The targets, in order.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions};
    ///
    /// let options = ImageFolderOptions { part: "test".into(), ..Default::default() };
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// assert_eq!(images.targets().filter(|class| class.index() == 3).count(), 50);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &Class<N>> {
        self.index.iter().map(|&i| &self.shared.targets[i as usize])
    }

    /// The samples at these places.
    ///
    /// # Panics
    /// If there is no such sample.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let options = ImageFolderOptions { part: "test".into(), ..Default::default() };
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// assert_eq!(images.subset(100..110).target(0).index(), 2);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn subset(&self, places: impl IntoIterator<Item = usize>) -> Self {
        let index = places.into_iter().map(|place| self.index[place]).collect();
        ImageFolder { index, shared: self.shared.clone() }
    }

    /// Two disjoint parts that hold all samples, as [`Dataset::split`] makes them.
    ///
    /// # Errors
    /// [`Error::Argument`] unless 0 < fraction < 1 and both parts get a sample.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let options = ImageFolderOptions { part: "test".into(), ..Default::default() };
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// let (train, validation) = images.split(0.9, 1)?;
    /// assert_eq!((train.len(), validation.len()), (450, 50));
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn split(&self, fraction: f64, seed: u64) -> Result<(Self, Self), Error> {
        let (first, second) = split_index(&self.index, fraction, seed)?;
        let part = |index| ImageFolder { index, shared: self.shared.clone() };
        Ok((part(first), part(second)))
    }

    /// All images decoded, as bytes in memory. The samples are the same, and so are splits of them.
    ///
    /// # Errors
    /// [`Error::Format`] or [`Error::Io`] for the first image that is broken; [`Error::Argument`] if the memory does not
    /// suffice.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions, Samples};
    ///
    /// let options = ImageFolderOptions { part: "test".into(), ..Default::default() };
    /// let images = ImageFolder::<3, 32, 32, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
    /// let in_memory = images.subset(0..50).read()?;
    /// assert_eq!(in_memory.len(), 50);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    pub fn read(&self) -> Result<Dataset<Chw<C, H, W>, Class<N>>, Error> {
        let mut bytes = Vec::new();
        let size = self.index.len().checked_mul(C * H * W);
        if size.is_none_or(|size| bytes.try_reserve_exact(size).is_err()) {
            let found = format!("{} of {C}×{H}×{W} bytes", self.index.len());
            return Err(Error::argument("images", "no more than the memory holds", found));
        }
        bytes.resize(self.index.len() * C * H * W, 0);
        let failure = FirstError::default();
        bytes.par_chunks_exact_mut(C * H * W).enumerate().for_each(|(sample, bytes)| {
            let decoded = self.decode(sample).map(|planes| bytes.copy_from_slice(&planes));
            failure.note(sample, decoded);
        });
        failure.result()?;
        let targets = self.targets().copied().collect();
        Dataset::from_bytes(bytes, self.shared.options.normalization.clone(), targets)
    }

    /// The path of the folder that holds those of the classes.
    pub(super) fn root(&self) -> &Path {
        &self.shared.listing.root
    }

    /// A sample's bytes, in channel, row, column order.
    fn decode(&self, sample: usize) -> Result<Vec<u8>, Error> {
        let Shared { listing, options, .. } = &*self.shared;
        let limit = options.max_image_bytes;
        let image = listing
            .read(self.index[sample] as usize, limit, |path, bytes| decode::<C>(path, bytes, limit))?;
        let border = self.mean_pixel().map(|mean| (mean * 255.0).round() as u8);
        Ok(fitted::<C, H, W>(image, options.fit, border))
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
        Normalization::write_bytes(Some(&self.shared.options.normalization), &bytes, values);
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
}

impl<const C: usize, const H: usize, const W: usize, const N: usize> Images<C, H, W>
    for ImageFolder<C, H, W, N>
{
    fn write_pixels<T: Scalar>(&self, sample: usize, pixels: &mut [T]) -> Result<(), Error> {
        Normalization::write_bytes(None, &self.decode(sample)?, pixels);
        Ok(())
    }

    fn normalize<T: Scalar>(&self, pixels: &mut [T]) -> Result<(), Error> {
        self.shared.options.normalization.write_over(pixels);
        Ok(())
    }

    fn mean_pixel(&self) -> [f32; C] {
        let mean = self.shared.options.normalization.mean();
        std::array::from_fn(|channel| mean[channel % mean.len()])
    }
}

impl<const C: usize, const H: usize, const W: usize, const N: usize> Learnable for ImageFolder<C, H, W, N> {}

impl<const C: usize, const H: usize, const W: usize, const N: usize> Clone for ImageFolder<C, H, W, N> {
    fn clone(&self) -> Self {
        ImageFolder { shared: self.shared.clone(), index: self.index.clone() }
    }
}

impl<const C: usize, const H: usize, const W: usize, const N: usize> fmt::Debug for ImageFolder<C, H, W, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let images = self.index.len();
        write!(f, "ImageFolder of {images} samples of {C}×{H}×{W} in {} classes", self.classes().len())
    }
}

/// Whether an error is the image's own, as is a link to nothing, and not one that may be gone when it is read again.
fn is_of_the_image(error: &Error) -> bool {
    match error {
        Error::Io { source, .. } => source.kind() == ErrorKind::NotFound,
        other => matches!(other, Error::Format { .. }),
    }
}

/// How many names there are, and the first of them.
fn in_few_words(names: &[String]) -> String {
    const SHOWN: usize = 6;
    if names.is_empty() {
        return "none".to_owned();
    }
    let more = if names.len() > SHOWN { ", …" } else { "" };
    let shown: Vec<_> = names.iter().take(SHOWN).map(|name| short(name).escape_debug().to_string()).collect();
    format!("{} ({}{more})", names.len(), shown.join(", "))
}
