//! Actions on releases (publish, withdraw, …) and the other resources that a role may manage, with their names.

/// An action on a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseAction {
    /// Create a release.
    Create,
    /// Write a new revision.
    Revise,
    /// Submit it for review.
    Submit,
    /// Return it to its author, with a note.
    Return,
    /// Approve it.
    Approve,
    /// Schedule its publication, or move the schedule.
    Schedule,
    /// Remove its schedule.
    Unschedule,
    /// Publish its working revision.
    Publish,
    /// Set, move or lift its embargo.
    Embargo,
    /// Correct its live revision at once, with a public note.
    Correct,
    /// Withdraw it from the public.
    Withdraw,
    /// Retract it permanently as wrong.
    Retract,
    /// Write an earlier revision as a new one.
    Restore,
    /// Delete a draft that was never public.
    Delete,
    /// Create a preview link.
    Preview,
    /// Permanently remove all its content.
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
    /// Repair of stored values.
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

    /// The name in the journal.
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

    /// The action in the plural, for messages: `publish releases`.
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

    /// Whether the action publishes or schedules a revision that nobody has approved.
    pub(super) const fn approves(self) -> bool {
        matches!(self, Self::Approve | Self::Schedule | Self::Publish | Self::Correct)
    }
}
