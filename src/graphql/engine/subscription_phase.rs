//! The phase of a subscription: opening the change stream, or executing one event.

use std::sync::{Arc, Mutex};

use crate::{
    limits::Limits,
    newsroom::reading::change_stream::{Change, ChangeStream},
};

/// What the root resolver of a subscription must do.
#[derive(Clone)]
pub enum SubscriptionPhase {
    /// Open the subscription: the resolver must store the change stream that it opens in this slot.
    Open(Arc<Mutex<Vec<ChangeStream>>>, Arc<Limits>),
    /// Resolve the fields of one change.
    Event(Box<Change>),
}
