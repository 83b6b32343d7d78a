//! Settings of an image folder.

use crate::data::{Fit, Normalization, Preprocessing};

/// Settings for opening an [`ImageFolder`](super::ImageFolder).
///
/// ```
/// use convnet::data::{Fit, ImageFolder, ImageFolderOptions};
///
/// let options = ImageFolderOptions::new().part("test").fit(Fit::Stretch).skip_broken(true);
/// let images = ImageFolder::<3, 64, 64, 10>::open_with("assets/cifar10/sample.tar.gz", options)?;
/// assert!(images.skipped().is_empty());
/// # Ok::<(), convnet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImageFolderOptions {
    pub(super) part: String,
    pub(super) classes: Option<Vec<String>>,
    pub(super) fewer_classes: bool,
    pub(super) nested: bool,
    pub(super) skip_broken: bool,
    pub(super) preprocessing: Preprocessing,
    pub(super) max_unpacked_bytes: u64,
}

impl Default for ImageFolderOptions {
    fn default() -> Self {
        ImageFolderOptions {
            part: String::new(),
            classes: None,
            fewer_classes: false,
            nested: false,
            skip_broken: false,
            preprocessing: Preprocessing::default(),
            max_unpacked_bytes: 1 << 30,
        }
    }
}

impl ImageFolderOptions {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the path, inside the folder or archive, of the folder that holds the folders of the classes, such as
    /// "train" or "cifar/train"; by default it is the folder or archive itself.
    pub fn part(self, part: impl Into<String>) -> Self {
        ImageFolderOptions { part: part.into(), ..self }
    }

    /// Sets the names of the classes, in the order of their numbers: those of the training part, for a test part. A folder with
    /// another name is an error, and a class without a folder or without images is absent
    /// ([`ImageFolder::absent_classes`](super::ImageFolder::absent_classes)). By default the folders name the classes.
    ///
    /// ```
    /// use convnet::data::{ImageFolder, ImageFolderOptions};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # for (name, pixel) in [("train/cat", 0), ("train/dog", 1), ("test/dog", 1)] {
    /// #     std::fs::create_dir_all(folder.path().join(name)).unwrap();
    /// #     std::fs::write(folder.path().join(name).join("a.pgm"), [b"P5 1 1 255\n", &[pixel][..]].concat()).unwrap();
    /// # }
    /// # let pets = folder.path();
    /// let train = ImageFolder::<1, 8, 8, 2>::open_with(pets, ImageFolderOptions::new().part("train"))?;
    /// let options = ImageFolderOptions::new().part("test").classes(train.classes());
    /// let test = ImageFolder::<1, 8, 8, 2>::open_with(pets, options)?;
    /// assert!(test.targets().all(|class| class.index() == 1));
    /// assert_eq!(test.absent_classes(), ["cat"]);
    /// # Ok::<(), convnet::Error>(())
    /// ```
    #[doc(alias = "class_names")]
    pub fn classes(self, names: &[impl AsRef<str>]) -> Self {
        let names = names.iter().map(|name| name.as_ref().to_owned()).collect();
        ImageFolderOptions { classes: Some(names), ..self }
    }

    /// Accepts folders of classes whose images all lie in folders further down. By default that is an error, because most
    /// often the folders further down are the classes.
    pub fn nested(self, nested: bool) -> Self {
        ImageFolderOptions { nested, ..self }
    }

    /// Accepts fewer than `N` classes, at least two; by default the number must be `N`.
    pub fn fewer_classes(self, fewer_classes: bool) -> Self {
        ImageFolderOptions { fewer_classes, ..self }
    }

    /// Decodes every image once while the folder is opened, and leaves out the broken ones, including links to nothing;
    /// [`ImageFolder::skipped`](super::ImageFolder::skipped) lists them. The images in memory at once are at most as
    /// many as there are threads. By default nothing is decoded, and a broken image is an error when it is used.
    pub fn skip_broken(self, skip_broken: bool) -> Self {
        ImageFolderOptions { skip_broken, ..self }
    }

    /// Sets how an image becomes a sample, in place of the settings so far: such as [`Preprocessing::imagenet`].
    pub fn preprocessing(self, preprocessing: Preprocessing) -> Self {
        ImageFolderOptions { preprocessing, ..self }
    }

    /// Sets how images of other sizes are made to fit, as [`Preprocessing::fit`].
    pub fn fit(self, fit: Fit) -> Self {
        ImageFolderOptions { preprocessing: self.preprocessing.fit(fit), ..self }
    }

    /// Sets the normalisation of pixels, which are from 0 to 1, as [`Preprocessing::normalization`].
    pub fn normalization(self, normalization: Normalization) -> Self {
        ImageFolderOptions { preprocessing: self.preprocessing.normalization(normalization), ..self }
    }

    /// Sets a limit in bytes for an image, as [`Preprocessing::max_image_bytes`].
    pub fn max_image_bytes(self, max_image_bytes: u64) -> Self {
        ImageFolderOptions { preprocessing: self.preprocessing.max_image_bytes(max_image_bytes), ..self }
    }

    /// Sets a limit in bytes for the unpacked size of a gzipped archive, headers and names included; by default 2³⁰.
    pub fn max_unpacked_bytes(self, max_unpacked_bytes: u64) -> Self {
        ImageFolderOptions { max_unpacked_bytes, ..self }
    }
}
