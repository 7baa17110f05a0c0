//! Actions on releases (publish, withdraw, …) and the other resources that a role may manage, with their names.

/// An action on a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseAction {
    /// Create a release.
    Create,
    /// Write a new revision.
    Revise,
    /// Submit a release for review.
    Submit,
    /// Return a release to its author, with a note.
    Return,
    /// Approve a release.
    Approve,
    /// Schedule the publication of a release, or move the schedule.
    Schedule,
    /// Remove the schedule of a release.
    Unschedule,
    /// Publish the working revision of a release, or publish a withdrawn release again.
    Publish,
    /// Set, move or lift the embargo of a release.
    Embargo,
    /// Correct the live revision immediately, with a public note.
    Correct,
    /// Withdraw a release from the public.
    Withdraw,
    /// Retract a release permanently because its content is wrong.
    Retract,
    /// Write a new revision with the content of an earlier revision.
    Restore,
    /// Delete a draft that was never public.
    Delete,
    /// Create a preview link.
    Preview,
    /// Permanently delete a release and all its content.
    Purge,
}

/// Resources other than releases that a role may manage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Topics.
    Topics,
    /// Places.
    Places,
    /// Access tokens.
    Tokens,
    /// The journal and the access log.
    Journal,
    /// Repair of stored dates and instants (`dateline check --repair`).
    Repair,
}

impl ReleaseAction {
    /// All actions.
    pub const ALL: [Self; 16] = [
        Self::Create,
        Self::Revise,
        Self::Submit,
        Self::Return,
        Self::Approve,
        Self::Schedule,
        Self::Unschedule,
        Self::Publish,
        Self::Embargo,
        Self::Correct,
        Self::Withdraw,
        Self::Retract,
        Self::Restore,
        Self::Delete,
        Self::Preview,
        Self::Purge,
    ];

    /// Returns the name of the action in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "release.create",
            Self::Revise => "release.revise",
            Self::Submit => "release.submit",
            Self::Return => "release.return",
            Self::Approve => "release.approve",
            Self::Schedule => "release.schedule",
            Self::Unschedule => "release.unschedule",
            Self::Publish => "release.publish",
            Self::Embargo => "release.embargo",
            Self::Correct => "release.correct",
            Self::Withdraw => "release.withdraw",
            Self::Retract => "release.retract",
            Self::Restore => "release.restore",
            Self::Delete => "release.delete",
            Self::Preview => "release.preview",
            Self::Purge => "release.purge",
        }
    }

    /// Returns the action as a verb with a plural object, for messages: `publish releases`.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Create => "create releases",
            Self::Revise => "revise releases",
            Self::Submit => "submit releases",
            Self::Return => "return releases",
            Self::Approve => "approve releases",
            Self::Schedule => "schedule releases",
            Self::Unschedule => "unschedule releases",
            Self::Publish => "publish releases",
            Self::Embargo => "embargo releases",
            Self::Correct => "correct releases",
            Self::Withdraw => "withdraw releases",
            Self::Retract => "retract releases",
            Self::Restore => "restore revisions of releases",
            Self::Delete => "delete releases",
            Self::Preview => "create preview links of releases",
            Self::Purge => "purge releases",
        }
    }

    /// Whether the action approves a revision, either explicitly or because it publishes or schedules the revision.
    /// With the four-eyes policy, the writer of an unapproved revision may not carry out such an action.
    pub(super) const fn approves(self) -> bool {
        matches!(self, Self::Approve | Self::Schedule | Self::Publish | Self::Correct)
    }
}
