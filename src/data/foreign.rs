//! Files of another kind that often take the place of a data file.

/// The bytes of white space before a web page that are searched for it.
pub(super) const NAMED_WITHIN: u64 = 1024;

/// A name for what often takes the place of a data file, by its first bytes.
pub(super) fn foreign(start: &[u8]) -> Option<&'static str> {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if text.trim_ascii_start().starts_with(b"<") {
        Some("a web page")
    } else if start.starts_with(b"PK\x03\x04") {
        Some("a zip archive")
    } else {
        None
    }
}
