//! Promise: no file can panic the reader, hang it, or make it allocate more than the file justifies; each kind
//! of bad file has its own message, which names the file, what was expected and what was found.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
#[cfg(unix)]
use std::process::Command;
use std::thread;

use convnet::data::{Idx, IdxNumber, IdxType, Mnist};
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, FlushCompress, GzBuilder};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const NAME: &str = "folder/some-file";

fn header(dims: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
    bytes
}

fn idx(dims: &[u32], data: &[u8]) -> Vec<u8> {
    [header(dims), data.to_vec()].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    Idx::parse(Path::new(NAME), bytes).expect_err("a bad file").to_string()
}

#[test]
fn every_bad_file_is_refused_with_its_reason() {
    let good = idx(&[2, 3], &[1, 2, 3, 4, 5, 6]);
    let zipped = gzip(&good);
    let mut wrong_crc = zipped.clone();
    let crc = wrong_crc.len() - 8;
    wrong_crc[crc] ^= 1;
    let huge = [u32::MAX; 4];
    let bomb = bomb(&[1 << 30]);
    let lying = gzip(&idx(&[10], &vec![0; 10 << 20]));
    let cut = zipped[..zipped.len() - 9].to_vec();
    let mut wrong_length = zipped.clone();
    *wrong_length.last_mut().unwrap() ^= 1;
    let spaced = [&[b' '; 600][..], b"<html>"].concat();

    let cases: &[(&str, Vec<u8>, &str, &str)] = &[
        ("empty", vec![], "an IDX file", "an empty file"),
        ("three bytes", vec![0, 0, 8], "an IDX header of 4 bytes or more", "3 bytes"),
        ("wrong magic", b"\x89PNG....".to_vec(), "magic 2049 to 2056", "magic 2303741511 (0x89504e47)"),
        (
            "unknown type",
            vec![0, 0, 0x0a, 1, 0, 0, 0, 0],
            "0x0b (i16), 0x0c (i32), 0x0d (f32) or",
            "type 0x0a",
        ),
        (
            "half a number",
            vec![0, 0, 0x0c, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6],
            "8 bytes of data (2 of i32)",
            "6",
        ),
        (
            "2⁶⁴ bytes",
            [&[0, 0, 0x0e, 2][..], &[255; 8]].concat(),
            "whose product fits",
            "4294967295 × 4294967295",
        ),
        ("no dimension", vec![0, 0, 8, 0], "1 to 8 dimensions", "0"),
        ("255 dimensions", vec![0, 0, 8, 255], "1 to 8 dimensions", "255"),
        ("short header", good[..9].to_vec(), "an IDX header of 12 bytes", "9 bytes"),
        ("overflow", header(&huge), "whose product fits", "4294967295 × 4294967295 × 4294967295"),
        ("2³²−1 images", header(&[u32::MAX, 28, 28]), "3367254359280 bytes", "found 0"),
        ("one byte missing", good[..17].to_vec(), "6 bytes of data (2 × 3)", "5"),
        ("one byte too many", [&good[..], &[7]].concat(), "6 bytes of data (2 × 3)", "7"),
        ("page", b"\n<!DOCTYPE html><html>".to_vec(), "an IDX file", "a web page"),
        ("page with a mark", b"\xef\xbb\xbf\r\n <html>".to_vec(), "an IDX file", "a web page"),
        ("page after white space", spaced, "an IDX file", "a web page"),
        ("zip", b"PK\x03\x04\x14\0\0\0".to_vec(), "an IDX file", "a zip archive"),
        ("zipped page", gzip(b"<html></html>"), "an IDX file", "a web page"),
        ("gzip cut off", cut, "a whole gzip stream", "cut off"),
        ("gzip of nothing", gzip(&[]), "4 bytes or more", "0 bytes"),
        ("gzip header only", vec![0x1f, 0x8b], "a whole gzip stream", "cut off"),
        ("gzip damaged", vec![0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9], "an undamaged gzip", "damage"),
        ("gzip CRC", wrong_crc, "an undamaged gzip stream", "damage"),
        ("gzip length", wrong_length, "an undamaged gzip stream", "damage"),
        ("gzip, then bytes", [&zipped[..], &[0]].concat(), "end of the file after the gzip", "more bytes"),
        ("two gzip streams", [&zipped[..], &zipped].concat(), "end of the file after the gzip", "more bytes"),
        ("zipped, one missing", gzip(&good[..17]), "6 bytes of data (2 × 3)", "5"),
        ("zipped, one too many", gzip(&[&good[..], &[7]].concat()), "6 bytes of data (2 × 3)", "more"),
        ("bomb, honest header", bomb, "if it is meant, unpack it first", "a header for 1073741824"),
        ("bomb, lying header", lying, "10 bytes of data (10)", "more"),
        ("gzip, huge header", gzip(&header(&[u32::MAX, 28, 28])), "bytes in a gzip file of", "3367254359280"),
    ];
    for (what, bytes, expected, found) in cases {
        let text = refusal(bytes);
        assert!(text.starts_with(&format!("{NAME}: expected ")), "{what}: {text}");
        let (left, right) = text.split_once(", found ").unwrap_or_else(|| panic!("{what}: {text}"));
        assert!(left.contains(expected), "{what}: {text}");
        assert!(format!("found {right}").contains(found), "{what}: {text}");
    }
}

#[test]
fn a_dimension_of_zero_leaves_nothing_wherever_it_stands() {
    const MAX: u32 = u32::MAX;
    for dims in [[0, MAX, MAX, MAX], [MAX, MAX, MAX, 0]] {
        assert!(Idx::parse(Path::new(NAME), &header(&dims)).unwrap().values::<u8>().unwrap().is_empty());
        assert!(refusal(&idx(&dims, &[1])).contains("expected 0 bytes of data"));
    }
}

/// The numbers of a file of this type.
fn numbers<T: IdxNumber>(bytes: &[u8]) -> Vec<T> {
    let width = std::mem::size_of::<T>();
    let code = match T::TYPE {
        IdxType::U8 => 0x08,
        IdxType::I8 => 0x09,
        IdxType::I16 => 0x0b,
        IdxType::I32 => 0x0c,
        IdxType::F32 => 0x0d,
        IdxType::F64 => 0x0e,
    };
    let file = [&[0, 0, code, 1][..], &((bytes.len() / width) as u32).to_be_bytes(), bytes].concat();
    let [plain, zipped] = [&file, &gzip(&file)].map(|file| Idx::parse(Path::new(NAME), file).unwrap());
    assert_eq!((plain.kind(), plain.dims()), (T::TYPE, &[bytes.len() / width][..]));
    assert_eq!(plain, zipped);
    plain.into_values().unwrap()
}

#[test]
fn numbers_of_every_type_are_read() {
    assert_eq!(numbers::<u8>(&[0, 255]), [0, 255]);
    assert_eq!(numbers::<i8>(&[0x7f, 0x80]), [127, -128]);
    assert_eq!(numbers::<i16>(&[0x01, 0x02, 0xff, 0xfe]), [258, -2]);
    assert_eq!(numbers::<i32>(&[0x01, 0x02, 0x03, 0x04, 0xff, 0xff, 0xff, 0xff]), [16_909_060, -1]);
    assert_eq!(numbers::<f32>(&[0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0]), [1.0, -2.5]);
    assert_eq!(numbers::<f64>(&[0xbf, 0xe0, 0, 0, 0, 0, 0, 0]), [-0.5]);

    let labels = Idx::parse(Path::new(NAME), &[0, 0, 0x0c, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7]).unwrap();
    assert_eq!(labels.values::<i32>().unwrap(), [7]);
    let text = labels.values::<u8>().unwrap_err().to_string();
    assert_eq!(text, format!("{NAME}: expected IDX type 0x08 (u8), found type 0x0c (i32)"));
    let text = labels.clone().into_values::<f64>().unwrap_err().to_string();
    assert_eq!(text, format!("{NAME}: expected IDX type 0x0e (f64), found type 0x0c (i32)"));
    let text = labels.expect_rank(1).unwrap_err().to_string();
    let magics = "expected magic 3073 (i32, 1 dimension), found 3074 (i32, 2 dimensions)";
    assert_eq!(text, format!("{NAME}: {magics}"));
}

#[test]
fn a_gzip_header_may_say_more() {
    let builder = GzBuilder::new().filename("name").comment("words").extra(*b"ab\x01\0x").mtime(1);
    let mut encoder = builder.write(Vec::new(), Compression::fast());
    encoder.write_all(&idx(&[2], &[1, 2])).unwrap();
    assert_eq!(
        Idx::parse(Path::new(NAME), &encoder.finish().unwrap()).unwrap().values::<u8>().unwrap(),
        [1, 2]
    );
}

/// About 1 MiB that inflates to the header and 1 GiB of zeros.
fn bomb(dims: &[u32]) -> Vec<u8> {
    let deflated = |bytes: &[u8], flush| {
        let mut out = Vec::with_capacity(1 << 16);
        Compress::new(Compression::best(), false).compress_vec(bytes, &mut out, flush).unwrap();
        out
    };
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    file.extend(deflated(&header(dims), FlushCompress::Full));
    file.extend(deflated(&[0; 1 << 20], FlushCompress::Full).repeat(1 << 10));
    file.extend(deflated(&[], FlushCompress::Finish));
    file.extend([0; 8]);
    file
}

/// Reads bad files where memory is short, in the process that the next test starts.
#[test]
fn child_process() {
    if std::env::var_os("TEST_MEMORY").is_none() {
        return;
    }
    let text = refusal(&bomb(&[1 << 30]));
    assert!(text.contains("at most ") && text.contains("unpack it first"), "{text}");
    assert!(refusal(&bomb(&[64 << 20])).ends_with("found more"));
    assert!(refusal(&bomb(&[10])).ends_with("found more"));
    assert!(refusal(&header(&[u32::MAX, 28, 28])).ends_with("found 0"));
    println!("all refused");
}

#[cfg(target_os = "linux")]
#[test]
fn bombs_are_refused_in_little_memory() {
    let command = "ulimit -v 262144 && exec \"$0\" --exact child_process --nocapture --test-threads=1";
    let output = Command::new("sh")
        .args(["-c", command])
        .arg(std::env::current_exe().unwrap())
        .envs([("TEST_MEMORY", "1"), ("MALLOC_ARENA_MAX", "1")])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("all refused"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A path that leads to a file and to a pipe in turns: a reader that waits for a writer ends neither itself nor this test.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_becomes_a_pipe_is_not_waited_for() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), idx(&[3], b"abc")).unwrap();
    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    symlink("file", path("link")).unwrap();
    thread::scope(|scope| {
        let link = path("link");
        let reader = scope.spawn(move || {
            (0..2_000).for_each(|_| match Idx::open(&link) {
                Ok(idx) => assert_eq!(idx.values::<u8>().unwrap(), b"abc"),
                Err(error) => {
                    assert!(error.to_string().contains("found a device, pipe or socket"), "{error}")
                }
            })
        });
        for target in ["pipe", "file"].into_iter().cycle() {
            symlink(target, path("next")).unwrap();
            fs::rename(path("next"), path("link")).unwrap();
            if reader.is_finished() {
                break;
            }
        }
    });
}

#[test]
fn every_prefix_of_a_good_file_is_refused() {
    let good = idx(&[2, 2, 5], &[9; 20]);
    let zipped = gzip(&good);
    for whole in [&good, &zipped] {
        assert!(Idx::parse(Path::new(NAME), whole).is_ok());
        for len in 0..whole.len() {
            assert!(refusal(&whole[..len]).starts_with(NAME), "{len} bytes");
        }
    }
}

#[test]
fn content_not_name_tells_gzip() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("raw.gz", idx(&[3], b"abc")), ("zipped", gzip(&idx(&[3], b"abc")))] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let idx = Idx::open(&path).unwrap();
        assert_eq!((idx.dims(), idx.path()), (&[3][..], path.as_path()));
        assert_eq!(idx.into_values::<u8>().unwrap(), b"abc");
    }
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = |path: &Path| {
        // Waiting for a writer, or for the end of a device, would not end.
        let text = Idx::open(path).unwrap_err().to_string();
        assert!(text.starts_with(&path.display().to_string()), "{text}");
        text
    };
    assert!(text(folder.path()).contains("expected a file, found a folder"));
    assert!(text(&folder.path().join("missing")).contains("cannot read"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let link = folder.path().join("dangling");
        symlink("nowhere", &link).unwrap();
        assert!(text(&link).contains("cannot read"));
        let circle = folder.path().join("circle");
        symlink("circle", &circle).unwrap();
        assert!(text(&circle).contains("cannot read"));

        let fifo = folder.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        for path in [&fifo, Path::new("/dev/zero"), Path::new("/dev/null")] {
            assert!(text(path).contains("expected a file, found a device, pipe or socket"));
        }

        let secret = folder.path().join("secret");
        fs::write(&secret, idx(&[1], &[1])).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
        // The superuser may read everything.
        if fs::File::open(&secret).is_err() {
            assert!(text(&secret).contains("cannot read"));
        }
    }
}

#[test]
fn bad_folders_are_refused_with_the_file_at_fault() {
    let images = |n: u32, rows: u32| idx(&[n, rows, 28], &vec![0; (n * rows * 28) as usize]);
    let labels = |labels: &[u8]| idx(&[labels.len() as u32], labels);
    const TRAIN: &str = "train-images-idx3-ubyte";
    const TEST: &str = "t10k-images-idx3-ubyte";
    const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
    const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

    let load = |file: &str, bytes: Option<Vec<u8>>| {
        let folder = tempfile::tempdir().unwrap();
        // The three accepted spellings at once.
        fs::write(folder.path().join("train-images-idx3-ubyte"), images(2, 28)).unwrap();
        fs::write(folder.path().join("train-labels-idx1-ubyte"), labels(&[0, 9])).unwrap();
        fs::write(folder.path().join("t10k-images-idx3-ubyte"), gzip(&images(1, 28))).unwrap();
        fs::write(folder.path().join("t10k-labels-idx1-ubyte"), labels(&[5])).unwrap();
        fs::rename(folder.path().join(TRAIN), folder.path().join("train-images.idx3-ubyte")).unwrap();
        fs::rename(folder.path().join(TEST), folder.path().join(format!("{TEST}.gz"))).unwrap();
        let name = match file {
            TRAIN => "train-images.idx3-ubyte",
            TEST => "t10k-images-idx3-ubyte.gz",
            name => name,
        };
        match bytes {
            Some(bytes) => fs::write(folder.path().join(name), bytes).unwrap(),
            None => fs::remove_file(folder.path().join(name)).unwrap(),
        }
        Mnist::load_from(folder.path()).map(|mnist| (mnist.train.targets().len(), mnist.test.targets().len()))
    };

    assert_eq!(load(TRAIN_LABELS, Some(labels(&[3, 4]))).unwrap(), (2, 1));

    let dots = "train-images.idx3-ubyte";
    type Case<'a> = (&'a str, Option<Vec<u8>>, &'a [&'a str]);
    let cases: &[Case] = &[
        (TRAIN_LABELS, Some(labels(&[1, 2, 3])), &[TRAIN_LABELS, "expected 2 labels", dots, "found 3"]),
        (TRAIN_LABELS, Some(labels(&[1, 10])), &[TRAIN_LABELS, "labels from 0 to 9", "found 10 at item 1"]),
        (TRAIN, Some(images(2, 27)), &[dots, "expected images of 28 × 28", "found 27 × 28"]),
        (TEST, Some(idx(&[1, 28, 29], &[0; 28 * 29])), &["of 28 × 28 pixels", "found 28 × 29"]),
        (TEST, Some(images(0, 28)), &["t10k-images-idx3-ubyte.gz", "at least one image", "found none"]),
        (TRAIN, Some(labels(&[1, 2])), &[dots, "magic 2051 (u8, 3 dimensions)", "2049 (u8, 1 dimension)"]),
        (TEST_LABELS, Some(images(1, 28)), &[TEST_LABELS, "magic 2049 (u8, 1 dimension)", "2051 (u8, 3"]),
        (TEST_LABELS, Some(vec![]), &[TEST_LABELS, "an IDX file", "an empty file"]),
        (TEST_LABELS, None, &[TEST_LABELS, "t10k-labels.idx1-ubyte.gz", "found none of these names"]),
    ];
    for (file, bytes, parts) in cases {
        let text = load(file, bytes.clone()).unwrap_err().to_string();
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut folders = vec![(file, "found a file"), (folder.path().join("missing"), "found nothing")];
    #[cfg(unix)]
    for (name, target, found) in [("dangling", "nowhere", "cannot read"), ("circle", "circle", "cannot read")]
    {
        std::os::unix::fs::symlink(target, folder.path().join(name)).unwrap();
        folders.push((folder.path().join(name), found));
    }
    for (path, found) in folders {
        let text = Mnist::load_from(&path).unwrap_err().to_string();
        assert!(text.starts_with(&path.display().to_string()) && text.contains(found), "{text}");
    }
}

#[test]
fn a_good_file_is_found_beside_what_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("train-images-idx3-ubyte")).unwrap();
    fs::write(path("train-images-idx3-ubyte.gz"), gzip(&idx(&[1, 28, 28], &[0; 784]))).unwrap();
    fs::write(path("train-labels-idx1-ubyte"), "").unwrap();
    fs::write(path("train-labels.idx1-ubyte"), idx(&[1], &[7])).unwrap();
    fs::write(path("t10k-images-idx3-ubyte"), idx(&[1, 28, 28], &[0; 784])).unwrap();
    fs::write(path("t10k-labels-idx1-ubyte"), idx(&[1], &[7])).unwrap();
    Mnist::load_from(folder.path()).unwrap();

    fs::remove_file(path("train-images-idx3-ubyte.gz")).unwrap();
    let text = Mnist::load_from(folder.path()).unwrap_err().to_string();
    assert!(text.ends_with("train-images-idx3-ubyte: expected a file, found a folder"), "{text}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", path("t10k-labels-idx1-ubyte.gz")).unwrap();
        fs::remove_file(path("t10k-labels-idx1-ubyte")).unwrap();
        fs::remove_dir(path("train-images-idx3-ubyte")).unwrap();
        fs::write(path("train-images-idx3-ubyte"), idx(&[1, 28, 28], &[0; 784])).unwrap();
        let text = Mnist::load_from(folder.path()).unwrap_err().to_string();
        assert!(text.contains("t10k-labels-idx1-ubyte.gz: cannot read"), "{text}");
    }
}

/// `assets/README.md` gives two tables: of the gzipped files, and of what they hold.
#[test]
fn the_documented_digests_are_those_of_the_files() {
    let readme = fs::read_to_string("../../assets/README.md").unwrap();
    let sha256 =
        |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut rows = 0;
    for entry in fs::read_dir("../../assets/mnist").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let file = fs::read(&path).unwrap();
        let mut inflated = Vec::new();
        GzDecoder::new(&file[..]).read_to_end(&mut inflated).unwrap();
        let gzipped = format!("| {name} | {} | {} |", file.len(), sha256(&file));
        for row in [gzipped, format!("| {name} | {} |", sha256(&inflated))] {
            assert!(readme.lines().any(|line| line == row), "assets/README.md lacks {row}");
            rows += 1;
        }
    }
    assert_eq!(readme.lines().filter(|line| line.contains("-ubyte | ")).count(), rows);
}

/// Images of each class in the whole of MNIST.
const TRAIN_CLASSES: [usize; 10] = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
const TEST_CLASSES: [usize; 10] = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];

#[test]
fn the_sample_has_the_proportions_of_the_whole() {
    for (split, size, classes) in [("train", 12_000, TRAIN_CLASSES), ("t10k", 2_000, TEST_CLASSES)] {
        let labels = Idx::open(format!("../../assets/mnist/{split}-labels-idx1-ubyte.gz").as_ref()).unwrap();
        assert_eq!(labels.dims(), [size]);
        let whole: usize = classes.iter().sum();
        for (class, count) in classes.into_iter().enumerate() {
            let found =
                labels.values::<u8>().unwrap().iter().filter(|&&label| usize::from(label) == class).count();
            assert!((found * whole).abs_diff(count * size) < whole, "{split} {class}: {found}");
        }
    }
}

proptest! {
    #[test]
    fn arrays_come_back(dims in prop::collection::vec(0_u32..5, 1..=8), seed: u8) {
        let size = dims.iter().product::<u32>() as usize;
        let data: Vec<u8> = (0..size).map(|i| (i as u8).wrapping_mul(seed)).collect();
        let bytes = idx(&dims, &data);
        for file in [gzip(&bytes), bytes] {
            let idx = Idx::parse(Path::new(NAME), &file).unwrap();
            prop_assert!(idx.dims().iter().map(|&dim| dim as u32).eq(dims.iter().copied()));
            prop_assert_eq!(idx.values::<u8>().unwrap(), &data[..]);
        }
    }

    #[test]
    fn random_bytes_never_panic(start in 0_usize..4, rank: u8, rest in prop::collection::vec(any::<u8>(), 0..64)) {
        let starts = [vec![], vec![0, 0, 8, rank], vec![0x1f, 0x8b], vec![0x1f, 0x8b, 8, 0]];
        let bytes = [&starts[start][..], &rest].concat();
        let _ = Idx::parse(Path::new(NAME), &bytes);
        let _ = Idx::parse(Path::new(NAME), &gzip(&bytes));
    }

    #[test]
    fn a_flipped_bit_of_the_gzip_stream_never_changes_the_array(at in 0_usize..1000, bit in 0_u32..8) {
        let data: Vec<u8> = (0..200_u8).collect();
        let mut file = gzip(&idx(&[10, 20], &data));
        let at = at % file.len();
        file[at] ^= 1 << bit;
        if let Ok(idx) = Idx::parse(Path::new(NAME), &file) {
            prop_assert_eq!(idx.values::<u8>().unwrap(), &data[..]);
        }
    }
}
