//! Bulk transitions: submit, approve, publish or withdraw up to 500 releases in one call.
//!
//! Each release is handled in a separate transaction, with a separate result and journal entry. A failure for one
//! release does not affect the others.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{transition::TransitionResult, withdraw::Withdrawal};
use crate::{
    auth::viewer::Viewer,
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
        workflow::{self, ReleaseAction},
    },
};

/// Maximum number of releases in one call.
pub const MAX_RELEASES: usize = 500;

/// The action to carry out on each release.
#[derive(Clone, Debug)]
pub enum BulkAction {
    /// Submit drafts for review.
    Submit,
    /// Approve releases that are in review.
    Approve,
    /// Publish the working revisions.
    Publish,
    /// Withdraw the releases. `None` means that the request did not say how, and is refused.
    Withdraw(Option<Withdrawal>),
}

impl Newsroom {
    /// Carries out one action on several releases, in order. `items` are the releases with their expected revision
    /// numbers. Returns one result for each release, in the same order. If the request as a whole is invalid, returns
    /// a single error.
    pub async fn releases_transition(
        &self,
        viewer: &Viewer,
        items: &[(Uuid, i32)],
        action: &BulkAction,
        note: Option<&str>,
        now: DateTime<Utc>,
    ) -> Vec<TransitionResult> {
        if items.len() > MAX_RELEASES {
            let message =
                format!("items has {} releases; the maximum is {MAX_RELEASES}: send several requests", items.len());
            return vec![Err(Error::field(&["items"], ErrorCode::TooLong, message))];
        }
        if matches!(action, BulkAction::Publish) && note.is_some() {
            let message = "the action PUBLISH takes no note: omit it";
            return vec![Err(Error::field(&["note"], ErrorCode::Invalid, message))];
        }
        let mut results = Vec::with_capacity(items.len());
        for &(id, expected) in items {
            let note = note.map(str::to_owned);
            results.push(match action {
                BulkAction::Submit => self.release_submit(viewer, id, expected, note, now).await,
                BulkAction::Approve => self.release_approve(viewer, id, expected, note, now).await,
                BulkAction::Publish => self.release_publish(viewer, id, expected, None, now).await,
                BulkAction::Withdraw(Some(withdrawal)) => {
                    self.release_withdraw(viewer, id, expected, withdrawal.clone(), note, now).await
                }
                BulkAction::Withdraw(None) => {
                    workflow::check_role(ReleaseAction::Withdraw, viewer).map_err(Error::from).and_then(|()| {
                        let message = "withdrawal: the action WITHDRAW requires it";
                        Err(Error::field(&["withdrawal"], ErrorCode::Required, message))
                    })
                }
            });
        }
        results
    }
}
