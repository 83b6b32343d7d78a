//! Kinds of files that are given for others.

/// Bytes at the beginning of a file in which the names of a zip archive's members are looked for.
const LOOKED_AT: usize = 1 << 16;

/// The kinds that are read.
pub(super) const PYTORCH: &str = "a file from torch.save, which Weights::open_pytorch reads";
pub(super) const ONNX: &str = "perhaps an ONNX file, which Weights::open_onnx reads";
const SAFETENSORS: &str = "a safetensors file, which Weights::open reads";

/// The kind of a file, and the way to its weights, if its first bytes tell.
pub(super) fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    let start = &bytes[..bytes.len().min(LOOKED_AT)];
    let has = |part: &[u8]| start.windows(part.len()).any(|window| window == part);
    let kinds: [(bool, &str); 10] = [
        // The length of its header is below 2³².
        (start.get(4..9) == Some(b"\0\0\0\0{"), SAFETENSORS),
        (start.starts_with(b"PK\x03\x04") && has(b"data.pkl"), PYTORCH),
        (
            start.starts_with(b"PK\x03\x04") && has(b".npy"),
            "a NumPy archive (.npz): write its arrays with safetensors.numpy.save_file(dict(numpy.load(path)), …)",
        ),
        (start.starts_with(b"PK\x03\x04"), "a zip archive"),
        (start.starts_with(b"\x93NUMPY"), "a NumPy array (.npy): write it with safetensors.numpy.save_file"),
        (
            start.starts_with(b"\x89HDF\r\n"),
            "an HDF5 file, perhaps of Keras: write its arrays with safetensors.numpy.save_file",
        ),
        (start.starts_with(b"GGUF"), "a GGUF file"),
        (
            start.starts_with(b"\x80\x02") || start.starts_with(b"\x80\x04"),
            "a pickle, perhaps of PyTorch before 1.6; load it there and save it again",
        ),
        (start.starts_with(&[0x1f, 0x8b]), "a gzipped file"),
        // The first field of a model is the version of its format, a small number; the producer's name follows.
        (matches!(start, [0x08, 1..=15, 0x12 | 0x22 | 0x3a, ..]), ONNX),
    ];
    kinds.into_iter().find(|(is, _)| *is).map(|(_, kind)| kind)
}
