//! `dateline schema`.

use std::process::ExitCode;

use super::{Failure, output::print_text};

pub(super) fn run() -> Result<ExitCode, Failure> {
    print_text(&crate::graphql::sdl())?;
    Ok(ExitCode::SUCCESS)
}
