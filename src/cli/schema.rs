//! `dateline schema`: prints the GraphQL schema in the schema definition language (SDL).

use std::process::ExitCode;

use super::{context::CommandError, output::print_text};

pub(super) fn run() -> Result<ExitCode, CommandError> {
    print_text(&crate::graphql::sdl())?;
    Ok(ExitCode::SUCCESS)
}
