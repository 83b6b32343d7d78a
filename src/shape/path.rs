//! Names of layers in networks.

use std::fmt;

/// The full name of a layer, from the network down: "layer2.0.conv1". A list, because constant code cannot join texts.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Path {
    around: Option<&'static Path>,
    name: &'static str,
}

impl Path {
    /// The network itself, without a name.
    pub const ROOT: Path = Path::of("");

    pub const fn of(name: &'static str) -> Self {
        Path { around: None, name }
    }

    /// What is called `name` here.
    pub const fn join(&'static self, name: &'static str) -> Self {
        let around = if self.name.is_empty() { None } else { Some(self) };
        Path { around, name }
    }

    /// The path's last name, and what is around it.
    pub(crate) const fn split(self) -> (Option<&'static Path>, &'static str) {
        (self.around, self.name)
    }

    /// Whether the path followed by a dot and this is `text`.
    #[cfg(feature = "store")]
    pub(crate) const fn is_before(&self, last: &str, text: &[u8]) -> bool {
        if text.len() < last.len() {
            return false;
        }
        let (head, tail) = text.split_at(text.len() - last.len());
        if !super::same(tail, last.as_bytes()) {
            return false;
        }
        match (self.name.is_empty(), head.split_last()) {
            (true, dot) => dot.is_none(),
            (false, Some((b'.', head))) => match self.around {
                Some(around) => around.is_before(self.name, head),
                None => super::same(head, self.name.as_bytes()),
            },
            (false, _) => false,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(around) = self.around {
            write!(f, "{around}.")?;
        }
        f.write_str(self.name)
    }
}
