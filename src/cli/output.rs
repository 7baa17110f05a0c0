//! Standard output and standard error of commands: a closed pipe (`dateline export | head -1`) is not an error.
//!
//! Rust programs ignore SIGPIPE, so writing to a closed pipe returns an error, and `println!` would panic. Other
//! failures to write, such as a full disk, are errors of the command.

use std::io::{self, Write};

use super::context::CommandError;

/// Prints a line to standard output.
pub(super) fn print(line: &str) -> Result<(), CommandError> {
    print_text(&format!("{line}\n"))
}

/// Prints a text to standard output, without adding a line end.
pub(super) fn print_text(text: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    ignore_broken_pipe(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
        .map_err(|error| format!("standard output cannot be written: {error}").into())
}

/// Prints a line to standard error. A failure to print is ignored, because the exit code also reports the result.
pub(super) fn print_to_stderr(line: &str) {
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

/// Returns the result of a write, but treats a pipe that its reader has closed as success.
pub(super) fn ignore_broken_pipe(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
