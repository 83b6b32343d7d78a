//! The progress display of a training run.

use std::io::Write;

use super::Epoch;

/// The progress display of a training run on standard error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Progress {
    /// A progress bar on a terminal (feature `progress`), and a line for each epoch.
    #[default]
    Auto,
    /// No output.
    Silent,
}

/// The display of one run.
pub(super) struct Display {
    progress: Progress,
    epochs: usize,
    #[cfg(feature = "progress")]
    bar: indicatif::ProgressBar,
}

impl Display {
    /// A display for `epochs` epochs of `samples` samples.
    pub(super) fn new(progress: Progress, epochs: usize, samples: usize) -> Self {
        #[cfg(feature = "progress")]
        let bar = match progress {
            Progress::Auto => {
                let style = indicatif::ProgressStyle::with_template(
                    "{msg} {wide_bar:.cyan} {percent} %  {rate}  {eta} left",
                );
                let bar = indicatif::ProgressBar::new((epochs as u64).saturating_mul(samples as u64));
                let style = style.expect("the template is constant").progress_chars("━╸ ");
                bar.set_style(style.with_key(
                    "rate",
                    |state: &indicatif::ProgressState, text: &mut dyn std::fmt::Write| {
                        // There is nowhere to report an error of the display.
                        let _ = write!(text, "{:.0} samples/s", state.per_sec());
                    },
                ));
                bar
            }
            Progress::Silent => indicatif::ProgressBar::hidden(),
        };
        #[cfg(not(feature = "progress"))]
        let _ = samples;
        Display {
            progress,
            epochs,
            #[cfg(feature = "progress")]
            bar,
        }
    }

    pub(super) fn begin(&self, epoch: usize) {
        #[cfg(feature = "progress")]
        self.bar.set_message(format!("epoch {epoch}/{}", self.epochs));
        #[cfg(not(feature = "progress"))]
        let _ = (epoch, self.epochs);
    }

    pub(super) fn advance(&self, samples: usize) {
        #[cfg(feature = "progress")]
        self.bar.inc(samples as u64);
        #[cfg(not(feature = "progress"))]
        let _ = samples;
    }

    pub(super) fn end(&self, epoch: &Epoch) {
        self.say(epoch);
    }

    /// Shows what speaks against the run: the way this crate was built, and advice about the data.
    pub(super) fn advise(&self, of_data: Option<String>) {
        let of_build = unoptimized_advice(cfg!(unoptimized)).map(str::to_owned);
        of_build.into_iter().chain(of_data).for_each(|advice| self.say(&advice));
    }

    /// Shows a line.
    fn say(&self, line: &dyn std::fmt::Display) {
        if self.progress == Progress::Silent {
            return;
        }
        // `eprintln!` would panic if standard error is closed.
        let print = || drop(writeln!(std::io::stderr(), "{line}"));
        #[cfg(feature = "progress")]
        self.bar.suspend(print);
        #[cfg(not(feature = "progress"))]
        print();
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        #[cfg(feature = "progress")]
        self.bar.finish_and_clear();
    }
}

/// Advice for a build of this crate without optimisation.
fn unoptimized_advice(unoptimized: bool) -> Option<&'static str> {
    unoptimized.then_some(
        "advice: convnet was built without optimisation, which makes training ten to fifty times slower; build with \
         --release, or add this to Cargo.toml:\n  [profile.dev.package.convnet]\n  opt-level = 3",
    )
}

#[cfg(test)]
mod tests {
    use super::unoptimized_advice;

    #[test]
    fn a_build_without_optimisation_is_told_how_to_get_it() {
        let advice = unoptimized_advice(true).expect("advice");
        assert!(advice.contains("[profile.dev.package.convnet]\n  opt-level = 3"), "{advice}");
        assert_eq!(unoptimized_advice(false), None);
        // The profiles of this repository are optimised.
        const { assert!(!cfg!(unoptimized)) };
    }
}
