//! Settings of an image folder.

use crate::data::{Fit, Normalization};

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
    pub(super) fewer_classes: bool,
    pub(super) skip_broken: bool,
    pub(super) fit: Fit,
    pub(super) normalization: Normalization,
    pub(super) max_image_bytes: u64,
    pub(super) max_unpacked_bytes: u64,
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

    /// Accepts fewer than `N` classes; by default the number must be `N`.
    pub fn fewer_classes(self, fewer_classes: bool) -> Self {
        ImageFolderOptions { fewer_classes, ..self }
    }

    /// Decodes every image once while the folder is opened, and leaves out the broken ones, including links to nothing;
    /// [`ImageFolder::skipped`](super::ImageFolder::skipped) lists them. The images in memory at once are at most as
    /// many as there are threads. By default nothing is decoded, and a broken image is an error when it is used.
    pub fn skip_broken(self, skip_broken: bool) -> Self {
        ImageFolderOptions { skip_broken, ..self }
    }

    /// Sets how images of other sizes are made to fit; by default [`Fit::Cover`].
    pub fn fit(self, fit: Fit) -> Self {
        ImageFolderOptions { fit, ..self }
    }

    /// Sets the normalisation of pixels, which are from 0 to 1; by default there is none.
    pub fn normalization(self, normalization: Normalization) -> Self {
        ImageFolderOptions { normalization, ..self }
    }

    /// Sets a limit in bytes for an image: for its file, and for its pixels while they are decoded, rotated as EXIF
    /// data say and converted to `C` channels of 8 bits, copies included. It does not cover what a decoder allocates
    /// beside the pixels. By default 2²⁸: 89 million pixels of a colour image, 67 million of a grey one that is
    /// converted to colour.
    pub fn max_image_bytes(self, max_image_bytes: u64) -> Self {
        ImageFolderOptions { max_image_bytes, ..self }
    }

    /// Sets a limit in bytes for the unpacked size of a gzipped archive, headers and names included; by default 2³⁰.
    pub fn max_unpacked_bytes(self, max_unpacked_bytes: u64) -> Self {
        ImageFolderOptions { max_unpacked_bytes, ..self }
    }
}
