//! Instruction sets, chosen at run time.

use std::fmt;
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512};

/// The environment variable that names an instruction set.
const VARIABLE: &str = "CONVNET_ISA";

/// An instruction set that this processor has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Isa {
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// Arrays, compiled for the baseline of the target: SSE2, NEON.
    Portable,
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(_) => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(_) => "AVX2 and FMA",
            Isa::Portable => "portable",
        })
    }
}

impl Isa {
    /// The fastest instruction set of this processor, or the one that the environment variable `CONVNET_ISA` names when it is
    /// first asked for: `avx512`, `avx2` or `portable`. A name of another set, or of one that this processor lacks, changes
    /// nothing but is told on standard error.
    ///
    /// In PyTorch: `ONEDNN_MAX_CPU_ISA`.
    pub fn best() -> Isa {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            let name = std::env::var_os(VARIABLE).unwrap_or_default();
            choose(&name.to_string_lossy(), &Isa::all()).unwrap_or_else(|problem| {
                eprintln!("{problem}");
                Isa::all()[0]
            })
        })
    }

    /// All instruction sets of this processor, the fastest first.
    pub fn all() -> Vec<Isa> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(Avx512::new().map(Isa::Avx512));
            all.extend(Avx2::new().map(Isa::Avx2));
        }
        all.push(Isa::Portable);
        all
    }

    /// The instruction set with vectors of half the size, or this one.
    pub(crate) fn narrower(self) -> Isa {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(proof) => Isa::Avx2(proof.avx2()),
            other => other,
        }
    }

    /// The value of the environment variable that chooses this set.
    fn word(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(_) => "avx2",
            Isa::Portable => "portable",
        }
    }
}

/// The set with this name, or without one the first.
fn choose(name: &str, all: &[Isa]) -> Result<Isa, String> {
    let wanted = |isa: &&Isa| name.is_empty() || isa.word().eq_ignore_ascii_case(name);
    all.iter().find(wanted).copied().ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|isa| isa.word()).collect();
        let expected = words.join(", ");
        format!(
            "{VARIABLE}: expected one that this processor has ({expected}), found {name:?}; it has no effect"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_chooses_an_instruction_set_and_an_unknown_one_is_told() {
        let all = Isa::all();
        for isa in &all {
            assert_eq!(choose(isa.word(), &all), Ok(*isa));
        }
        assert_eq!((choose("", &all), choose("Portable", &all)), (Ok(all[0]), Ok(Isa::Portable)));
        let told = choose("avx", &[Isa::Portable]).unwrap_err();
        let expected = "expected one that this processor has (portable), found \"avx\"; it has no effect";
        assert_eq!(told, format!("CONVNET_ISA: {expected}"));
    }
}
