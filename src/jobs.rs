//! What a server does by itself while it runs: putting down what has come due, writing the access log, clearing away.
//!
//! Nothing that readers see waits for it: whether a release is public is decided by the instant itself, whenever somebody reads.
//! Several servers of one database may all do this: each thing is put down in a transaction that looks whether it is still to do.
//! A server whose clock is wrong leaves what depends on the time to the others; it still writes the access log.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{app::App, newsroom::Error};

/// How often it looks; it costs nothing while nothing is due.
const TICK: Duration = Duration::from_millis(500);

/// How often keys of old requests are cleared away.
const CLEARING: TimeDelta = TimeDelta::hours(1);

/// Does everything that is due at an instant, once.
pub async fn tick(app: &App, now: DateTime<Utc>) -> Result<(), Error> {
    if app.newsroom.db.may_act().is_ok() {
        app.newsroom.record_due_releases(now).await?;
    }
    app.newsroom.flush_access_log().await
}

/// Works for as long as it is polled.
pub async fn work(app: Arc<App>) {
    let mut tick_of = tokio::time::interval(TICK);
    tick_of.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut failing, mut cleared, mut resolved) = (false, None, false);
    loop {
        // What comes due is put down at its instant, so that those who follow the journal hear of it then.
        let due = app
            .newsroom
            .catalog
            .snapshot()
            .next_transition_at()
            .map(|at| (at - app.clock.now()).to_std().unwrap_or_default());
        tokio::select! {
            _ = tick_of.tick() => {}
            () = tokio::time::sleep(due.unwrap_or(TICK)), if due.is_some_and(|due| !due.is_zero()) => {}
        }
        let now = app.clock.now();
        let mut done = tick(&app, now).await;
        let may_act = app.newsroom.db.may_act().is_ok();
        if done.is_ok() && may_act && !resolved {
            // Once more after the start, which may have failed because of the database or the clock.
            done = app.newsroom.resolve_schedules(now).await.map(drop);
            resolved = done.is_ok();
        }
        if done.is_ok() && may_act && cleared.is_none_or(|at| now - at >= CLEARING) {
            done = app.newsroom.delete_expired_keys(now).await;
            cleared = Some(now);
        }
        match done {
            Ok(()) => failing = false,
            // Once, not twice a second.
            Err(error) if !failing => {
                failing = true;
                tracing::error!(%error, "what is due cannot be put down in the journal; trying on");
            }
            Err(_) => {}
        }
    }
}
