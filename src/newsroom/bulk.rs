//! One act on many releases: each is an act of its own, with its own result and its own entry in the journal.

use chrono::{DateTime, Utc};
use entity::release::WithdrawalKind;
use uuid::Uuid;

use super::{
    Code, Error, Newsroom,
    act::Done,
    withdrawal::Withdrawal,
    workflow::{self, Act},
};
use crate::viewer::Viewer;

/// Releases of one call at most.
pub const MOST: usize = 500;

/// What to do to each.
#[derive(Clone, Debug)]
pub enum BulkAct {
    /// Hand them to a reviewer.
    Submit,
    /// Find them fit to be published.
    Approve,
    /// Make them public.
    Publish,
    /// Take them back.
    Withdraw(Option<WithdrawalKind>),
}

impl Newsroom {
    /// Does one act to each of some releases, in order. What is refused for one changes nothing for the others.
    pub async fn releases_transition(
        &self,
        viewer: &Viewer,
        items: &[(Uuid, i32)],
        act: BulkAct,
        note: Option<String>,
        now: DateTime<Utc>,
    ) -> Vec<Done> {
        if items.len() > MOST {
            let told = format!("there are {} releases; at most {MOST} are taken at a time", items.len());
            return vec![Err(Error::field(&["items"], Code::TooLong, told))];
        }
        let mut results = Vec::with_capacity(items.len());
        for &(id, expected) in items {
            let note = note.clone();
            results.push(match &act {
                BulkAct::Submit => self.release_submit(viewer, id, expected, note, now).await,
                BulkAct::Approve => self.release_approve(viewer, id, expected, note, now).await,
                BulkAct::Publish => self.release_publish(viewer, id, expected, None, now).await,
                BulkAct::Withdraw(Some(kind)) => {
                    let withdrawal = Withdrawal { kind: *kind, notice: note, redirect_to: None };
                    self.release_withdraw(viewer, id, expected, withdrawal, now).await
                }
                BulkAct::Withdraw(None) => {
                    workflow::allowed(Act::Withdraw, viewer).map_err(Error::from).and_then(|()| {
                        let told = "WITHDRAW needs to know in which way: give `withdrawal`";
                        Err(Error::field(&["withdrawal"], Code::Required, told))
                    })
                }
            });
        }
        results
    }
}
