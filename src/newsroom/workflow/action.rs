//! Actions on releases (publish, withdraw, …) and the other resources that a role may manage, with their names.

/// An action on a release, as one says what somebody does: publish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseAction {
    /// Begin a release.
    Create,
    /// Write a new version of what it says.
    Revise,
    /// Hand it to a reviewer.
    Submit,
    /// Hand it back to its writer, with a note.
    Return,
    /// Find it fit to be published.
    Approve,
    /// Have it published at an instant to come.
    Schedule,
    /// Take the schedule off.
    Unschedule,
    /// Make the version being worked on public.
    Publish,
    /// Set, move or lift its embargo.
    Embargo,
    /// Put right what is public, at once and with a public note.
    Correct,
    /// Take it back from the public.
    Withdraw,
    /// Declare it wrong, for good.
    Retract,
    /// Write an old version anew.
    Restore,
    /// Throw away what never was public.
    Delete,
    /// Show it to somebody without an account, by a link.
    Preview,
    /// Remove all that it says and said, for good.
    Purge,
}

/// What is kept in the house besides releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The topics.
    Topics,
    /// The places.
    Places,
    /// The access tokens.
    Tokens,
    /// The journal, and the log of reads that must be known of.
    Journal,
    /// Stored values that need repair.
    Repair,
}

impl ReleaseAction {
    /// Every action.
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

    /// As the journal has it.
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

    /// The action as what one may do: `publish releases`.
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
            Self::Restore => "restore versions of releases",
            Self::Delete => "delete releases",
            Self::Preview => "make preview links of releases",
            Self::Purge => "purge releases",
        }
    }

    /// Whether it lets a version through that nobody has approved.
    pub(super) const fn approves(self) -> bool {
        matches!(self, Self::Approve | Self::Schedule | Self::Publish | Self::Correct)
    }
}
