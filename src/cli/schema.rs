//! `dateline schema`.

use std::process::ExitCode;

use super::{CommandError, output::print_text};

pub(super) fn run() -> Result<ExitCode, CommandError> {
    print_text(&crate::graphql::sdl())?;
    Ok(ExitCode::SUCCESS)
}
