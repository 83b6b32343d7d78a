//! Sets `cfg(unoptimized)` for a build with `opt-level = 0`: the compiler has no cfg for it, and `debug_assertions` does not
//! tell, because a debug build may be optimised.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(unoptimized)");
    if std::env::var("OPT_LEVEL").is_ok_and(|level| level == "0") {
        println!("cargo::rustc-cfg=unoptimized");
    }
}
