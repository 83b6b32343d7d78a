//! Lists the images of a folder or an archive by class.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::Error;
use crate::data::archive::{Kind, Member, inside, is_gzipped, walk_tar, walk_tar_gz};
use crate::data::decode::has_image_name;
use crate::data::gzip::damage;
use crate::data::regular::open_regular;

/// The place an image is read from.
pub(super) enum Place {
    File(Box<Path>),
    /// Bytes at this place of a plain archive.
    Member {
        name: Box<[u8]>,
        offset: u64,
        size: u64,
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
            Place::Member { name, .. } | Place::Held { name, .. } | Place::Nothing { name, .. } => name,
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
    /// The class of each image and where it is.
    pub images: Vec<(usize, Place)>,
}

/// Images "class/name" or "class/folder/name" below the part that was asked for.
struct Builder<'a> {
    path: &'a Path,
    part: Vec<&'a str>,
    /// The classes, numbered in the order in which they are found.
    classes: BTreeMap<String, usize>,
    found: Vec<(usize, Place)>,
}

impl Listing {
    /// Lists a folder, a tar archive or a gzipped one, of which only the encoded images of the part are held in memory.
    pub fn open(path: &Path, part: &str, limit: u64) -> Result<Listing, Error> {
        let part = parts_of(part)?;
        if fs::metadata(path).map_err(Error::io(path, "read"))?.is_dir() {
            let mut builder = Builder::new(path, part);
            builder.walk_folder(&builder.part.iter().fold(path.to_owned(), |path, part| path.join(part)))?;
            return builder.finish(None, true);
        }
        let (file, len) = open_regular(path)?;
        if len == 0 {
            return Err(Error::format(path, "a folder or a tar archive of images", "an empty file"));
        }
        if is_gzipped(path, &file)? {
            return Self::unpack(path, BufReader::new(file), part, limit);
        }
        let mut builder = Builder::new(path, part);
        walk_tar(path, &file, len, |member, _| {
            builder.add(member, &mut io::empty(), |name, member, _| {
                Ok(Place::Member { name, offset: member.offset, size: member.size })
            })
        })?;
        builder.finish(Some(file), false)
    }

    /// Lists a gzipped archive that is in memory; `path` stands for its path in errors.
    #[cfg(feature = "sample")]
    pub fn of_bytes(path: &Path, gzipped: &[u8], part: &str, limit: u64) -> Result<Listing, Error> {
        Self::unpack(path, gzipped, parts_of(part)?, limit)
    }

    fn unpack(path: &Path, input: impl io::BufRead, part: Vec<&str>, limit: u64) -> Result<Listing, Error> {
        let mut builder = Builder::new(path, part);
        let mut data = Vec::new();
        walk_tar_gz(path, input, limit, |member, bytes| {
            builder.add(member, bytes, |name, member, bytes| {
                data.clear();
                bytes.read_to_end(&mut data).map_err(damage(path))?;
                if (data.len() as u64) < member.size {
                    return Err(Error::format(path, "a whole gzip stream", "one that is cut off"));
                }
                Ok(Place::Held { name, bytes: data.as_slice().into() })
            })
        })?;
        builder.finish(None, false)
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
                let file = self.archive.as_ref().expect("members are in an archive");
                let mut bytes = vec![0; *size as usize];
                read_at(&self.path, file, &mut bytes, *offset).map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => {
                        let found = "fewer, since the archive has changed";
                        Error::format(&path, format!("{size} bytes"), found)
                    }
                    _ => Error::io(&path, "read")(error),
                })?;
                with(&path, &bytes)
            }
            Place::Held { bytes, .. } => {
                check(bytes.len() as u64)?;
                with(&path, bytes)
            }
            Place::Nothing { found, .. } => Err(Error::format(path, "an image", *found)),
        }
    }
}

impl<'a> Builder<'a> {
    fn new(path: &'a Path, part: Vec<&'a str>) -> Self {
        Builder { path, part, classes: BTreeMap::new(), found: Vec::new() }
    }

    /// The rest of a member's path below the part, if it is there.
    fn below<'n>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        let mut rest = name;
        for part in &self.part {
            rest = rest.strip_prefix(part.as_bytes())?.strip_prefix(b"/")?;
        }
        Some(rest)
    }

    /// The number of a class; `path` gives its path for an error.
    fn class(&mut self, name: Option<&str>, path: impl FnOnce() -> PathBuf) -> Result<usize, Error> {
        let Some(name) = name else {
            return Err(Error::format(path(), "a class with a name in UTF-8", "another name"));
        };
        if let Some(number) = self.classes.get(name) {
            return Ok(*number);
        }
        let number = self.classes.len();
        self.classes.insert(name.to_owned(), number);
        Ok(number)
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
        let is_wanted = match parts.next_back() {
            None => is_folder,
            Some(file) => !is_folder && has_image_name(&String::from_utf8_lossy(file)),
        };
        if !is_wanted {
            return Ok(());
        }
        let path = self.path;
        let class = self.class(std::str::from_utf8(class).ok(), || inside(path, &member.name))?;
        if is_folder {
            return Ok(());
        }
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
                folders.push((self.class(name.to_str(), || path.clone())?, path));
            }
        }
        while let Some((class, folder)) = folders.pop() {
            for (name, path, kind) in entries(&folder)? {
                if kind.is_dir() {
                    folders.push((class, path));
                } else if has_image_name(&name.to_string_lossy()) && !(kind.is_symlink() && path.is_dir()) {
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
        let mut places = vec![0; self.classes.len()];
        self.classes.values().enumerate().for_each(|(place, &number)| places[number] = place);
        images.iter_mut().for_each(|(class, _)| *class = places[*class]);
        let classes: Vec<String> = self.classes.into_keys().collect();
        let part = self.part.join("/");
        let at = |folder: &str| match is_folder {
            _ if folder.is_empty() => path.to_owned(),
            true => path.join(folder),
            false => inside(path, folder),
        };
        if images.len() >= u32::MAX as usize || classes.len() > usize::from(u16::MAX) {
            let found = format!("{} images of {} classes", images.len(), classes.len());
            return Err(Error::format(at(&part), "fewer than 2^32 images of at most 65535 classes", found));
        }
        let mut counts = vec![0; classes.len()];
        images.iter().for_each(|(class, _)| counts[*class] += 1);
        if let Some(empty) = counts.iter().position(|&count| count == 0) {
            let folder = [part.as_str(), &classes[empty]].join("/");
            return Err(Error::format(at(folder.trim_start_matches('/')), "at least one image", "none"));
        }
        Ok(Listing { path: path.to_owned(), root: at(&part), archive, classes, images })
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

/// Names that systems and programs keep for themselves: ".DS_Store", "._picture.jpg", "__MACOSX", ".git".
fn is_hidden(name: &[u8]) -> bool {
    name.starts_with(b".") || name == b"__MACOSX"
}

/// The entries of a folder that are not hidden.
fn entries(folder: &Path) -> Result<Vec<(OsString, PathBuf, fs::FileType)>, Error> {
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
