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

    /// Shows a line.
    pub(super) fn say(&self, line: impl std::fmt::Display) {
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
