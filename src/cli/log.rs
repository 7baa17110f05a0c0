//! Logging to standard error. Standard output is for results.

use tracing_subscriber::EnvFilter;

use crate::config::Settings;

/// Starts logging.
pub(super) fn start(settings: &Settings) {
    // Hide the migration library's own messages below `warn`, because Dateline logs each migration itself.
    let filter = EnvFilter::try_new(format!("sea_orm_migration=warn,{}", settings.log)).unwrap_or_default();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Drop a log line that cannot be written (closed pipe), because reporting the failure would panic.
        .log_internal_errors(false);
    if settings.log_json {
        log.json().init();
    } else {
        log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init();
    }
}
