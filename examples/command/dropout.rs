//! The option of the examples with dropout.

/// An option of its own, because not every network has layers for it.
#[derive(clap::Args)]
pub struct Dropped {
    /// Probability with which inputs of the dense layers are dropped
    #[arg(long = "dropout", value_name = "P", allow_negative_numbers = true, value_parser = probability)]
    pub dropout: f64,
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(p) if (0.0..1.0).contains(&p) => Ok(p),
        _ => Err("expected at least 0 and less than 1".into()),
    }
}
