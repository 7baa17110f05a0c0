//! The phase of a subscription: opening its change stream, or the execution of one event.

use std::sync::{Arc, Mutex};

use crate::{
    limits::Limits,
    newsroom::reading::change_stream::{Change, ChangeStream},
};

/// In which way a subscription is run.
#[derive(Clone)]
pub enum SubscriptionPhase {
    /// It is opened: the resolver puts its change stream here.
    Open(Arc<Mutex<Vec<ChangeStream>>>, Arc<Limits>),
    /// A change is to be answered.
    Event(Box<Change>),
}
