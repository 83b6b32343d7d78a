//! Lists the images of a folder or an archive by class.

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::classes::Folders;
use super::left_out::{Counts, LeftOut};
use super::options::ImageFolderOptions;
use crate::Error;
use crate::data::archive::{Kind, Member, inside, is_gzipped, walk_tar, walk_tar_gz};
use crate::data::decode::has_image_name;
use crate::data::gzip::damage;
use crate::data::regular::open_regular;
use crate::data::zipped::{Packed, is_zipped, walk_zip};

/// The place an image is read from.
pub(super) enum Place {
    File(Box<Path>),
    /// Bytes at this place of a plain archive.
    Member {
        name: Box<[u8]>,
        offset: u64,
        size: u64,
    },
    /// Packed bytes of a zip archive.
    Packed {
        name: Box<[u8]>,
        packed: Packed,
    },
    /// Bytes of a gzipped archive, in memory.
    Held {
        name: Box<[u8]>,
        bytes: Box<[u8]>,
    },
    /// Something with the name of an image that is none.
    Nothing {
        name: Box<[u8]>,
        found: &'static str,
    },
}

impl Place {
    /// The path in the archive.
    fn name(&self) -> &[u8] {
        match self {
            Place::File(_) => &[],
            Place::Member { name, .. }
            | Place::Packed { name, .. }
            | Place::Held { name, .. }
            | Place::Nothing { name, .. } => name,
        }
    }

    /// By path, folder by folder, in a folder and in an archive alike.
    fn order(&self, other: &Place) -> Ordering {
        match (self, other) {
            (Place::File(path), Place::File(other)) => path.cmp(other),
            _ => parts_by_slash(self.name()).cmp(parts_by_slash(other.name())),
        }
    }
}

/// The images of one folder or archive, in the order of their classes and names.
pub(super) struct Listing {
    path: PathBuf,
    /// The path of the folder that holds those of the classes.
    pub root: PathBuf,
    archive: Option<File>,
    pub classes: Vec<String>,
    /// Counts of the files that are no samples.
    pub left_out: Vec<LeftOut>,
    /// The class of each image and where it is.
    pub images: Vec<(usize, Place)>,
}

/// Images "class/name" or "class/folder/name" below the part that was asked for.
struct Builder<'a> {
    path: &'a Path,
    part: Vec<&'a str>,
    options: &'a ImageFolderOptions,
    folders: Folders,
    found: Vec<(usize, Place)>,
    left_out: Counts,
}

impl Listing {
    /// Lists a folder, a tar or zip archive, or a gzipped one, of which only the encoded images of the part are held in
    /// memory.
    pub fn open(path: &Path, options: &ImageFolderOptions) -> Result<Listing, Error> {
        let mut builder = Builder::new(path, options)?;
        if fs::metadata(path).map_err(Error::io(path, "read"))?.is_dir() {
            builder.walk_folder(&builder.part.iter().fold(path.to_owned(), |path, part| path.join(part)))?;
            return builder.finish(None, true);
        }
        let (file, len) = open_regular(path)?;
        if len == 0 {
            return Err(Error::format(path, "a folder or an archive of images", "an empty file"));
        }
        if is_gzipped(path, &file)? {
            return builder.unpack(BufReader::new(file));
        }
        if is_zipped(path, &file)? {
            walk_zip(path, &file, len, |member, packed| {
                builder.add(member, &mut io::empty(), |name, _, _| Ok(Place::Packed { name, packed }))
            })?;
            return builder.finish(Some(file), false);
        }
        walk_tar(path, &file, len, |member, _| {
            builder.add(member, &mut io::empty(), |name, member, _| {
                Ok(Place::Member { name, offset: member.offset, size: member.size })
            })
        })?;
        builder.finish(Some(file), false)
    }

    /// Lists a gzipped archive that is in memory; `path` stands for its path in errors.
    #[cfg(feature = "sample")]
    pub fn of_bytes(path: &Path, gzipped: &[u8], options: &ImageFolderOptions) -> Result<Listing, Error> {
        Builder::new(path, options)?.unpack(gzipped)
    }

    /// The file name of an image, without its folders.
    pub fn name_of(&self, image: usize) -> &[u8] {
        match &self.images[image].1 {
            Place::File(path) => path.file_name().unwrap_or_default().as_encoded_bytes(),
            place => parts_by_slash(place.name()).next_back().unwrap_or_default(),
        }
    }

    /// The path of an image in errors.
    pub fn path_of(&self, image: usize) -> PathBuf {
        match &self.images[image].1 {
            Place::File(path) => path.to_path_buf(),
            place => inside(&self.path, place.name()),
        }
    }

    /// Calls `with` with the bytes of an image file, of which there may be at most `limit`.
    pub fn read<R>(
        &self,
        image: usize,
        limit: u64,
        with: impl FnOnce(&Path, &[u8]) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let path = self.path_of(image);
        let check = |size: u64| {
            let expected = || format!("an image file of at most {limit} bytes");
            if size > limit { Err(Error::format(&path, expected(), size.to_string())) } else { Ok(()) }
        };
        match &self.images[image].1 {
            Place::File(path) => {
                let (file, size) = open_regular(path)?;
                check(size)?;
                let mut bytes = Vec::new();
                // It may have grown since its length was taken.
                file.take(limit).read_to_end(&mut bytes).map_err(Error::io(&**path, "read"))?;
                with(path, &bytes)
            }
            Place::Member { offset, size, .. } => {
                check(*size)?;
                with(&path, &self.read_member(&path, *offset, *size)?)
            }
            Place::Packed { packed, .. } => {
                check(packed.size.max(packed.len))?;
                let bytes = self.read_member(&path, packed.offset, packed.len)?;
                with(&path, &packed.unpacked(&path, &bytes[..])?)
            }
            Place::Held { bytes, .. } => {
                check(bytes.len() as u64)?;
                with(&path, bytes)
            }
            Place::Nothing { found, .. } => Err(Error::format(path, "an image", *found)),
        }
    }

    /// Bytes of the archive; `path` is that of the member in errors.
    fn read_member(&self, path: &Path, offset: u64, size: u64) -> Result<Vec<u8>, Error> {
        let file = self.archive.as_ref().expect("members are in an archive");
        let mut bytes = vec![0; size as usize];
        read_at(&self.path, file, &mut bytes, offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Error::format(path, format!("{size} bytes"), "fewer, since the archive has changed")
            }
            _ => Error::io(path, "read")(error),
        })?;
        Ok(bytes)
    }
}

impl<'a> Builder<'a> {
    fn new(path: &'a Path, options: &'a ImageFolderOptions) -> Result<Self, Error> {
        let (folders, left_out) = (Folders::default(), Counts::default());
        Ok(Builder { path, part: parts_of(&options.part)?, options, folders, found: Vec::new(), left_out })
    }

    fn unpack(mut self, input: impl io::BufRead) -> Result<Listing, Error> {
        let (path, mut data) = (self.path, Vec::new());
        walk_tar_gz(path, input, self.options.max_unpacked_bytes, |member, bytes| {
            self.add(member, bytes, |name, member, bytes| {
                data.clear();
                bytes.read_to_end(&mut data).map_err(damage(path))?;
                if (data.len() as u64) < member.size {
                    return Err(Error::format(path, "a whole gzip stream", "one that is cut off"));
                }
                Ok(Place::Held { name, bytes: data.as_slice().into() })
            })
        })?;
        self.finish(None, false)
    }

    /// The rest of a member's path below the part, if it is there.
    fn below<'n>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        let mut rest = name;
        for part in &self.part {
            rest = rest.strip_prefix(part.as_bytes())?.strip_prefix(b"/")?;
        }
        Some(rest)
    }

    /// The number of the folder of a class; `path` gives its path for an error.
    fn folder(&mut self, name: Option<&str>, path: impl FnOnce() -> PathBuf) -> Result<usize, Error> {
        match name {
            Some(name) => Ok(self.folders.number(name)),
            None => Err(Error::format(path(), "a class with a name in UTF-8", "another name")),
        }
    }

    /// Adds a member of an archive, if it is an image or the folder of a class.
    fn add(
        &mut self,
        member: Member,
        data: &mut dyn Read,
        place: impl FnOnce(Box<[u8]>, &Member, &mut dyn Read) -> Result<Place, Error>,
    ) -> Result<(), Error> {
        let Some(key) = self.below(&member.name) else { return Ok(()) };
        let mut parts = parts_by_slash(key);
        if parts.clone().any(is_hidden) {
            return Ok(());
        }
        let class = parts.next().unwrap_or_default();
        let is_folder = member.kind == Kind::Folder;
        let file = parts.next_back();
        if !is_folder {
            let name = String::from_utf8_lossy(file.unwrap_or(class));
            let is_image = has_image_name(&name);
            if file.is_none() || !is_image {
                let class = std::str::from_utf8(class).ok().filter(|_| file.is_some());
                let class = class.map(|class| self.folders.number(class));
                self.left_out.add(class, &name, is_image);
                return Ok(());
            }
        } else if file.is_some() {
            return Ok(());
        }
        let path = self.path;
        let class = self.folder(std::str::from_utf8(class).ok(), || inside(path, &member.name))?;
        if is_folder {
            return Ok(());
        }
        self.folders.count(class, parts.next().map(String::from_utf8_lossy).as_deref());
        let name = member.name.as_slice().into();
        let place = match member.kind {
            Kind::Other(found) => Place::Nothing { name, found },
            _ => place(name, &member, data)?,
        };
        self.found.push((class, place));
        Ok(())
    }

    fn walk_folder(&mut self, root: &Path) -> Result<(), Error> {
        if !fs::metadata(root).map_err(Error::io(root, "read"))?.is_dir() {
            return Err(Error::format(root, "a folder of classes", "a file"));
        }
        // A link to a folder may be a class, but is not followed further down, where it could lead in a circle.
        let mut folders = Vec::new();
        for (name, path, kind) in entries(root)? {
            if kind.is_dir() || (kind.is_symlink() && path.is_dir()) {
                folders.push((self.folder(name.to_str(), || path.clone())?, path, None));
            } else {
                let name = name.to_string_lossy();
                self.left_out.add(None, &name, has_image_name(&name));
            }
        }
        while let Some((class, folder, inner)) = folders.pop() {
            for (name, path, kind) in entries(&folder)? {
                let name = name.to_string_lossy();
                if kind.is_dir() {
                    let inner = inner.clone().unwrap_or_else(|| name.into_owned());
                    folders.push((class, path, Some(inner)));
                } else if !has_image_name(&name) {
                    self.left_out.add(Some(class), &name, false);
                } else if !(kind.is_symlink() && path.is_dir()) {
                    self.folders.count(class, inner.as_deref());
                    self.found.push((class, Place::File(path.into())));
                }
            }
        }
        Ok(())
    }

    /// Puts the classes and the images in order.
    fn finish(self, archive: Option<File>, is_folder: bool) -> Result<Listing, Error> {
        let path = self.path;
        let mut images = self.found;
        images.sort_by(|(_, place), (_, other)| place.order(other));
        // Of members with one name the last counts, as when an archive is unpacked.
        images.dedup_by(|(_, later), (_, earlier)| {
            let same = earlier.order(later).is_eq();
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        let part = self.part.join("/");
        let at = |folder: &str| match is_folder {
            _ if folder.is_empty() => path.to_owned(),
            true => path.join(folder),
            false => inside(path, folder),
        };
        let (root, given) = (at(&part), self.options.classes.as_deref());
        self.folders.check(&root, &part, self.options.nested)?;
        let (classes, places) = self.folders.classes(&root, given)?;
        images.iter_mut().for_each(|(class, _)| *class = places[*class]);
        images.sort_by_key(|(class, _)| *class);
        if images.len() >= u32::MAX as usize || classes.len() > usize::from(u16::MAX) {
            let found = format!("{} images of {} classes", images.len(), classes.len());
            return Err(Error::format(root, "fewer than 2^32 images of at most 65535 classes", found));
        }
        // A class that was given may be absent.
        let empty = self.folders.folders.iter().position(|folder| folder.images == 0);
        if let (Some(empty), None) = (empty, given) {
            let folder = [part.as_str(), &classes[places[empty]]].join("/");
            let found = format!("none{}", self.left_out.told(empty));
            return Err(Error::format(at(folder.trim_start_matches('/')), "at least one image", found));
        }
        let left_out = self.left_out.of_all();
        Ok(Listing { path: path.to_owned(), root, archive, classes, left_out, images })
    }
}

fn parts_by_slash(name: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> + Clone {
    name.split(|&byte| byte == b'/')
}

/// The parts of a path inside a folder or an archive.
fn parts_of(part: &str) -> Result<Vec<&str>, Error> {
    let parts: Vec<&str> = part.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if part.starts_with('/') || parts.contains(&"..") {
        return Err(Error::argument("part", "a path below the folder or archive", part));
    }
    Ok(parts)
}

/// Names that systems and programs keep for themselves: ".DS_Store", "._picture.jpg", ".git", thumbnails, what was thrown
/// away.
fn is_hidden(name: &[u8]) -> bool {
    const HIDDEN: [&[u8]; 4] = [b"__MACOSX", b"@eaDir", b"#recycle", b"$RECYCLE.BIN"];
    name.starts_with(b".") || HIDDEN.contains(&name)
}

/// The entries of a folder that are not hidden.
pub(super) fn entries(folder: &Path) -> Result<Vec<(OsString, PathBuf, fs::FileType)>, Error> {
    let unreadable = || Error::io(folder, "read");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable())? {
        let entry = entry.map_err(unreadable())?;
        let name = entry.file_name();
        if !is_hidden(OsStr::as_encoded_bytes(&name)) {
            let kind = entry.file_type().map_err(unreadable())?;
            found.push((name, entry.path(), kind));
        }
    }
    Ok(found)
}

/// Reads bytes of a file at a place of their own, so that threads need not wait for each other.
#[cfg(unix)]
fn read_at(_: &Path, file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(_: &Path, file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => (bytes, offset) = (&mut bytes[count..], offset + count as u64),
        }
    }
    Ok(())
}

#[cfg(not(any(unix, windows)))]
fn read_at(path: &Path, _: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let mut file = File::open(path)?;
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}
