//! Zip archives that tests make.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// A zip archive in which every other member is packed.
pub fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let members = files.iter().enumerate();
    zip_of(members.map(|(i, (name, bytes))| Zipped::new(name.as_bytes(), bytes, i % 2 == 1)).collect())
}

/// A member of a zip archive, as its directory describes it.
#[derive(Clone)]
pub struct Zipped {
    pub name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub size: u32,
    pub packed: Vec<u8>,
    /// The bits of Unix, with the kind of file in the highest four.
    pub mode: u32,
}

impl Zipped {
    pub fn new(name: &[u8], bytes: &[u8], deflated: bool) -> Zipped {
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        let packed = if deflated { encoder.finish().unwrap() } else { bytes.to_vec() };
        let (method, size) = (if deflated { 8 } else { 0 }, bytes.len() as u32);
        Zipped { name: name.to_vec(), method, flags: 0, crc: crc.sum(), size, packed, mode: 0o100_644 }
    }
}

pub fn zip_of(members: Vec<Zipped>) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    let count = (members.len() as u16).to_le_bytes();
    for Zipped { name, method, flags, crc, size, packed, mode } in members {
        let offset = file.len() as u32;
        let mut common = vec![20, 0];
        common.extend([flags, method, 0, 0x21].map(u16::to_le_bytes).concat());
        common.extend([crc, packed.len() as u32, size].map(u32::to_le_bytes).concat());
        common.extend([name.len() as u16, 0].map(u16::to_le_bytes).concat());
        file.extend([b"PK\x03\x04", &common[..], &name, &packed].concat());
        // Made on Unix.
        directory.extend([b"PK\x01\x02\x14\x03", &common[..], &[0; 6]].concat());
        directory.extend([mode << 16, offset].map(u32::to_le_bytes).concat());
        directory.extend(name);
    }
    let place = [directory.len() as u32, file.len() as u32].map(u32::to_le_bytes).concat();
    file.extend(directory);
    file.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &place, &[0, 0]].concat());
    file
}
