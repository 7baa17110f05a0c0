//! `dateline export`: writes all topics, places and releases as NDJSON to a file or to standard output.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;

use super::context::{CommandError, open_existing_app};
use crate::{
    config::Settings,
    interchange::export::{ExportError, export},
};

#[derive(Args, Debug)]
pub(super) struct Export {
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let app = open_existing_app(settings).await?;
        // Record scheduled publications and ends of embargoes that became due while no server ran, so that the
        // export shows their effect.
        app.newsroom.record_due_releases(app.clock.now()).await?;
        let lines = match self.output {
            Some(path) => {
                let file =
                    File::create(&path).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
                let mut out = BufWriter::with_capacity(1 << 20, file);
                let lines = export(&app.newsroom, &mut out).await?;
                out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
                lines
            }
            None => {
                let mut out = BufWriter::with_capacity(1 << 20, io::stdout());
                match export(&app.newsroom, &mut out).await {
                    Ok(lines) => lines,
                    // The program that reads the pipe has closed it. This is not an error.
                    Err(ExportError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                        return Ok(ExitCode::SUCCESS);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        tracing::info!(lines, "exported");
        Ok(ExitCode::SUCCESS)
    }
}
