//! Shows how far a download is.

use std::io::{self, Write};

use super::Remote;

/// A progress bar on a terminal, else one line.
pub(super) struct Progress {
    #[cfg(feature = "progress")]
    bar: indicatif::ProgressBar,
}

impl Progress {
    pub(super) fn start(url: &str, remote: &Remote<'_>) -> Progress {
        #[cfg(feature = "progress")]
        let bar = indicatif::ProgressBar::new(remote.bytes).with_message(remote.file.to_owned()).with_style(
            indicatif::ProgressStyle::with_template(
                "{msg} {bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec}",
            )
            .expect("the template is a constant"),
        );
        #[cfg(feature = "progress")]
        let seen = !bar.is_hidden();
        #[cfg(not(feature = "progress"))]
        let seen = false;
        if !seen {
            // A closed stderr is no error.
            let _ = writeln!(io::stderr(), "convnet: downloading {url} ({} bytes)", remote.bytes);
        }
        Progress {
            #[cfg(feature = "progress")]
            bar,
        }
    }

    pub(super) fn at(&self, position: u64) {
        #[cfg(feature = "progress")]
        self.bar.set_position(position);
        #[cfg(not(feature = "progress"))]
        let _ = position;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        #[cfg(feature = "progress")]
        self.bar.finish_and_clear();
    }
}
