//! Numbers of an ONNX file that lie in another file beside it.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use super::proto::TensorProto;
use crate::data::open_regular;
use crate::error::Error;

/// `TensorProto.DataLocation`: the numbers are in another file.
const EXTERNAL: i32 = 1;

/// The files beside an ONNX file that its tensors name.
pub(super) struct Beside<'a> {
    model: &'a Path,
    /// Bytes that tensors have taken from each file: not more than it has, so that a small file cannot ask for much memory.
    taken: HashMap<String, u64>,
}

impl<'a> Beside<'a> {
    pub fn new(model: &'a Path) -> Self {
        Beside { model, taken: HashMap::new() }
    }

    /// Reads the numbers of a tensor that lie in another file into the tensor.
    pub fn fetch(&mut self, tensor: &mut TensorProto) -> Result<(), Error> {
        if tensor.data_location != EXTERNAL {
            return Ok(());
        }
        let refused = |expected: &str, found: String| {
            Err(Error::format(self.model, expected, format!("{found} for {:?}", tensor.name)))
        };
        let (mut location, mut offset, mut length) = (None, 0, None);
        for entry in &tensor.external_data {
            let number = entry.value.parse::<u64>();
            match (entry.key.as_str(), number) {
                ("location", _) => location = Some(entry.value.clone()),
                ("offset", Ok(number)) => offset = number,
                ("length", Ok(number)) => length = Some(number),
                ("offset" | "length", Err(_)) => {
                    return refused("a number of bytes", format!("{:?}", entry.value));
                }
                _ => {}
            }
        }
        let Some(location) = location else {
            return refused("the name of a file with the numbers", "none".into());
        };
        if !is_plain(&location) {
            return refused("a file in the same folder, by its name alone", format!("{location:?}"));
        }
        let path = crate::file::folder_of(self.model).join(&location);
        let (mut file, size) = open_regular(&path)?;
        let length = length.unwrap_or(size.saturating_sub(offset));
        let taken = self.taken.entry(location).or_default();
        *taken = taken.saturating_add(length);
        if offset.checked_add(length).is_none_or(|end| end > size) || *taken > size {
            let name = &tensor.name;
            let found = format!("{size}, and {length} from byte {offset} on are those of {name:?}");
            return Err(Error::format(path, "enough bytes for each tensor", found));
        }
        let mut bytes = Vec::new();
        if usize::try_from(length).is_err() || bytes.try_reserve_exact(length as usize).is_err() {
            return Err(Error::format(path, "numbers that fit into memory", length.to_string()));
        }
        file.seek(SeekFrom::Start(offset)).map_err(Error::io(&path, "read"))?;
        file.take(length).read_to_end(&mut bytes).map_err(Error::io(&path, "read"))?;
        tensor.raw_data = bytes.into();
        tensor.data_location = 0;
        tensor.external_data.clear();
        Ok(())
    }
}

/// Whether this is the name of a file and no path to another folder, on any system.
fn is_plain(location: &str) -> bool {
    let mut components = Path::new(location).components();
    let one = matches!(components.next(), Some(Component::Normal(name)) if name == location);
    one && components.next().is_none() && !location.contains(['/', '\\', ':', '\0'])
}
