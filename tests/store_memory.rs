//! Memory for reading a file of weights, in a program in which nothing else allocates.

use convnet::Error;
use convnet::prelude::*;
use convnet::store::Weights;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

network! {
    struct Small: Chw<2, 6, 6> => Flat<3> {
        conv1: Conv2d { filters: 4, kernel: 3, groups: 2 },
        norm1: BatchNorm,
        flatten: Flatten,
        fc1: Dense { units: 3 },
    }
}

fn bits(network: &impl Network<Scalar = f32>) -> Vec<u32> {
    network.model().params().iter().map(|p| p.to_bits()).collect()
}

fn load(bytes: Vec<u8>, net: &mut Small) -> Result<(), Error> {
    Weights::from_bytes("net", bytes)?.load_into(net)
}

/// A file with this header and `data` bytes of numbers.
fn with_header(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; data]].concat()
}

/// One test, since all threads' allocations are counted. All that is ever allocated is more than what is held at once.
#[test]
fn reading_takes_the_file_and_a_mebibyte() {
    every_prefix_and_every_flipped_bit();
    headers_take_little_memory();
}

/// Each prefix, and each bit of the header flipped: an error, or the same tensors; and little memory.
fn every_prefix_and_every_flipped_bit() {
    let trained = Small::new(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    trained.save(&path).unwrap();
    let bytes = std::fs::read(path).unwrap();
    let before = bits(&Small::new(2));
    let mut refused = 0;
    let mut check = |bytes: &[u8], what: &str| {
        let mut net = Small::new(2);
        let region = Region::new(ALLOCATOR);
        let copy = bytes.to_vec();
        let result = load(copy, &mut net);
        let used = region.change().bytes_allocated;
        assert!(used <= bytes.len() + (1 << 20), "{what}: {used} bytes for {}", bytes.len());
        match result {
            Ok(()) => assert_eq!(bits(&net), bits(&trained), "{what}"),
            Err(_) => {
                assert_eq!(bits(&net), before, "{what}");
                refused += 1;
            }
        }
    };
    for len in 0..bytes.len() {
        check(&bytes[..len], &format!("the first {len} bytes"));
    }
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for bit in 0..8 * header {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        check(&bytes, &format!("bit {bit} flipped"));
    }
    check(&[&bytes[..], b"x"].concat(), "a byte behind");
    assert!(refused > bytes.len(), "{refused}");
}

/// Headers of the largest size, of whatever takes most memory to read.
fn headers_take_little_memory() {
    let fill = |start: &str, part: &dyn Fn(usize) -> String, end: &str| {
        let mut text = String::from(start);
        for i in 0.. {
            let part = part(i);
            if text.len() + part.len() + end.len() > 100_000 {
                break;
            }
            text += &part;
        }
        text + end
    };
    let empty = |i: usize| {
        format!(r#""{i:x}":{{"dtype":"F32","shape":[],"data_offsets":[{},{}]}},"#, 4 * i, 4 * i + 4)
    };
    let last = r#""z":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#;
    for header in [
        fill("{", &empty, last),
        fill("{\"__metadata__\":{", &|i| format!(r#""{i:x}":"","#), r#""z":""}}"#),
        fill("{\"a\":{\"dtype\":\"F32\",\"shape\":[", &|_| "1,".into(), r#"1],"data_offsets":[0,4]}}"#),
        fill("{\"a\":", &|_| "{\"\":".into(), "1}"),
        fill("{", &|i| format!(r#""{i:x}":[],"#), r#""z":[]}"#),
    ] {
        let bytes = with_header(&header, 4 * 2000);
        let len = bytes.len();
        let region = Region::new(ALLOCATOR);
        let _ = Weights::from_bytes("net", bytes);
        let used = region.change().bytes_allocated;
        assert!(used <= len + (1 << 20), "{used} bytes for {len}: {}…", &header[..40]);
    }
}
