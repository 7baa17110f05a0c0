//! `dateline schema`.

use std::process::ExitCode;

use super::Failure;

#[expect(clippy::print_stdout, reason = "the command's answer")]
#[expect(clippy::unnecessary_wraps, reason = "as every command answers")]
pub(super) fn run() -> Result<ExitCode, Failure> {
    print!("{}", crate::graphql::sdl());
    Ok(ExitCode::SUCCESS)
}
