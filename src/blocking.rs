//! Runs CPU-bound work on Tokio's blocking thread pool, and reports the number of processor cores.

/// Runs work on Tokio's blocking thread pool, within the current tracing span. If the work panics, the panic resumes
/// in the caller. If the caller drops the future, the work still runs to its end.
pub async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down and will drop this future too.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Number of processor cores; 2 if the system does not report it.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}
