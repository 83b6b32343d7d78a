#![no_main]

#[path = "../../tests/fuzz/targets.rs"]
#[allow(dead_code, reason = "what the other targets do")]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::pictures(bytes));
