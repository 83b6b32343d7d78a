//! Where the examples put their pictures.

use std::fs;
use std::path::PathBuf;

use convnet::Error;

/// A file of this name in the folder named on the command line, `pictures` if none is; makes the folder.
pub fn file(name: &str) -> Result<PathBuf, Error> {
    let folder = std::env::args_os().nth(1).map_or("pictures".into(), PathBuf::from);
    fs::create_dir_all(&folder).map_err(|source| Error::Io {
        path: folder.clone(),
        action: "create",
        source,
    })?;
    Ok(folder.join(name))
}
