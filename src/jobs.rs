//! Background jobs of a running server: record due scheduled releases, flush the access log, delete old idempotency
//! keys.
//!
//! Visibility does not depend on these jobs: a scheduled release is public from its scheduled time on, because each
//! read evaluates that time. Several servers may run the jobs at once, because each job checks in its own
//! transaction what remains to be done. A server whose clock is wrong skips the jobs that depend on the time.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{app::App, newsroom::Error};

/// Interval between two runs of the jobs. A run executes no SQL statement if nothing is due.
const TICK: Duration = Duration::from_millis(500);

/// Interval between two deletions of old idempotency keys.
const KEY_CLEANUP_INTERVAL: TimeDelta = TimeDelta::hours(1);

/// Records the scheduled transitions that are due at `now`, unless the server's clock is wrong, and flushes the
/// access log.
pub async fn tick(app: &App, now: DateTime<Utc>) -> Result<(), Error> {
    if app.newsroom.db.check_clock().is_ok() {
        app.newsroom.record_due_releases(now).await?;
    }
    app.newsroom.flush_access_log().await
}

/// Runs all jobs periodically, until the future is dropped.
pub async fn run(app: Arc<App>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut failing, mut last_cleanup, mut schedules_resolved) = (false, None, false);
    loop {
        // Wake up exactly when the next scheduled transition is due, so that subscribers are notified at once.
        let due = app
            .newsroom
            .catalog
            .snapshot()
            .next_transition_at()
            .map(|at| (at - app.clock.now()).to_std().unwrap_or_default());
        tokio::select! {
            _ = ticks.tick() => {}
            () = tokio::time::sleep(due.unwrap_or(TICK)), if due.is_some_and(|due| !due.is_zero()) => {}
        }
        let now = app.clock.now();
        let mut result = tick(&app, now).await;
        let clock_is_right = app.newsroom.db.check_clock().is_ok();
        if result.is_ok() && clock_is_right && !schedules_resolved {
            // Resolve schedules again, because the attempt at startup may have failed (database unavailable, or
            // clock wrong).
            result = app.newsroom.resolve_schedules(now).await.map(drop);
            schedules_resolved = result.is_ok();
        }
        if result.is_ok() && clock_is_right && last_cleanup.is_none_or(|at| now - at >= KEY_CLEANUP_INTERVAL) {
            result = app.newsroom.delete_expired_keys(now).await;
            last_cleanup = Some(now);
        }
        match result {
            Ok(()) => failing = false,
            // Log only the first of consecutive failures, because the jobs run twice a second.
            Err(error) if !failing => {
                failing = true;
                tracing::error!(%error, "due transitions cannot be recorded in the journal; trying again");
            }
            Err(_) => {}
        }
    }
}
