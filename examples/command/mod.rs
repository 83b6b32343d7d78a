//! A program with options: what is wrong with them, or happens later, is one line on standard error.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

/// Reads the options, some of which have these defaults, and does the work. The status is 2 for bad options, 1 for work
/// that failed.
pub fn run<O: Parser>(
    defaults: &[(&'static str, &'static str)],
    work: impl FnOnce(&O) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    let mut command = O::command();
    for &(option, value) in defaults {
        command = command.mut_arg(option, |arg| arg.required(false).default_value(value));
    }
    let options = match command.try_get_matches().and_then(|found| O::from_arg_matches(&found)) {
        Ok(options) => options,
        Err(help) if !help.use_stderr() => help.exit(),
        Err(error) => {
            // The error; after an empty line follow advice and usage.
            let text = error.to_string();
            let lines: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            return fail(&lines.join(" "), 2);
        }
    };
    match work(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("error: {error}"), 1),
    }
}

/// One line on standard error. If even that cannot be written, the status has to say it.
fn fail(line: &str, status: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::from(status)
}
