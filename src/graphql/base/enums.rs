//! GraphQL enums. Most of them map value by value to an enum of `entity`, `catalog` or `newsroom`.
//!
//! The attribute `remote` declares this mapping: if a value exists only in one of the two enums, the code does not
//! compile.

use async_graphql::Enum;

/// Kinds of releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::release::ReleaseKind")]
pub enum ReleaseKind {
    /// News that an organisation issues to the press.
    PressRelease,
    /// A position or reaction, usually of a named person.
    Statement,
    /// A news article.
    Article,
    /// A longer story that is not tied to the news of the day.
    Feature,
    /// A notice to the media about an upcoming event.
    MediaAdvisory,
    /// The text of a speech, as delivered or as prepared.
    Speech,
    /// A signed opinion.
    Opinion,
}

/// The states of a release in the editorial workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::release::ReleaseState")]
pub enum ReleaseState {
    /// The release is being written and has never been published.
    Draft,
    /// The release was submitted for review.
    InReview,
    /// The release was reviewed and approved for publication.
    Approved,
    /// The release will be published at a scheduled time.
    Scheduled,
    /// The release is public, or visible to the press during an embargo.
    Published,
    /// The release was published and then withdrawn. It can be published again.
    Withdrawn,
    /// The release was published and then retracted as wrong. It cannot be published again.
    Retracted,
}

/// The states of a scheduled publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::newsroom::release::schedule::ScheduleState")]
pub enum ScheduleState {
    /// The publication is pending.
    Waiting,
    /// The release was published on time. The journal recorded the publication within 30 seconds, or 30 seconds have
    /// not passed yet. Subscribers are notified when it is recorded.
    Done,
    /// The release was published on time, but 30 seconds later the journal had not recorded the publication, usually
    /// because no server was running. Subscribers are therefore notified late.
    Missed,
}

/// Reasons for logging a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::access_log::AccessKind")]
pub enum AccessKind {
    /// Content under an embargo was read with a press token.
    Embargoed,
    /// A release was read through a preview link.
    Preview,
}

/// Whether others may use a release (IPTC ninjs `pubStatus`). Derived from the workflow state and the embargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PubStatus {
    /// The release is public and may be used.
    Usable,
    /// The release may not be used yet: it is unpublished or under an embargo.
    Withheld,
    /// The release may no longer be used: it was withdrawn or retracted.
    Canceled,
}

/// What the former URL of a withdrawn release returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::release::WithdrawalKind")]
pub enum WithdrawalKind {
    /// A notice for readers that gives the reason.
    WithNotice,
    /// Status 410 (Gone), without a reason.
    Gone,
    /// A redirect to another URL.
    Redirect,
    /// The same response as for a release that never existed.
    Vanish,
}

/// Kinds of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::place::PlaceKind")]
pub enum PlaceKind {
    /// The whole world (UN M49 001).
    World,
    /// A region of the world, such as Asia (UN M49).
    Region,
    /// A part of a region, such as South-eastern Asia (UN M49).
    Subregion,
    /// A country or territory (ISO 3166-1).
    Country,
    /// A province, state or district.
    Admin,
    /// A city, town or village.
    City,
}

/// The roles that a place can have in a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::PlaceRoleFilter")]
pub enum PlaceRole {
    /// The release was filed in the place, according to its dateline.
    Dateline,
    /// The release is about the place.
    About,
    /// The release was filed in the place or is about it.
    Any,
}

/// The roles of tokens, from the lowest to the highest. Each role includes the permissions of all lower roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::api_token::Role")]
pub enum Role {
    /// Anyone, even without a token. Reads public releases.
    Public,
    /// An accredited journalist. Also reads releases under an embargo.
    Press,
    /// A writer. Sees all releases in all states, writes drafts, and revises their own releases.
    Author,
    /// An editor. Revises, approves, publishes and withdraws any release.
    Editor,
    /// An administrator. Manages topics, places and tokens, reads the journal and the access log, and purges
    /// releases.
    Admin,
}

/// The properties by which releases can be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::SortKey")]
pub enum ReleaseOrderKey {
    /// The release date.
    ReleaseDate,
    /// When the release was last made public. With ASC, releases that were never public come first.
    PublishedAt,
    /// When the visible content of the release last changed.
    ModifiedAt,
    /// How well the release matches `search`. Without a search, all releases are equal.
    Relevance,
}

/// The texts of a release that a search can be restricted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::SearchField")]
pub enum SearchField {
    /// The headline.
    Headline,
    /// The subheadline.
    Subheadline,
    /// The summary.
    Summary,
    /// The body, without markup.
    Body,
    /// The place of the dateline as printed.
    Dateline,
    /// The names of the topics of the release in all languages, with their alternative names.
    Topics,
    /// The names of the places of the release in all languages, with their alternative names.
    Places,
}

/// How many of the words in a search text a release must contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::SearchMode")]
pub enum SearchMode {
    /// All words. If no release has all, at least one word.
    Auto,
    /// All words.
    All,
    /// At least one word.
    Any,
}

/// Sort directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::Direction")]
pub enum Direction {
    /// Ascending: smallest, earliest or A first.
    Asc,
    /// Descending: largest, latest or Z first.
    Desc,
}

/// Something that the caller is allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Capability {
    /// Read releases that are under an embargo.
    ReadEmbargoed,
    /// Create releases, and revise your own releases.
    WriteDrafts,
    /// Approve releases.
    Approve,
    /// Publish and schedule releases.
    Publish,
    /// Withdraw and retract releases.
    Withdraw,
    /// Create and change topics.
    ManageTopics,
    /// Create and change places.
    ManagePlaces,
    /// Create and revoke access tokens.
    ManageTokens,
    /// Read the journal and the access log.
    ReadJournal,
    /// Permanently remove all content of a release.
    Purge,
}

/// Which conditions of the release filter apply when a facet counts releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::FacetScope")]
pub enum FacetScope {
    /// All conditions of the filter apply.
    AllFilters,
    /// All conditions apply except those on the field that the facet counts. So a filter by one topic does not hide
    /// the other topics from a topic facet. Only conditions at the top level of the filter or in `and` can be
    /// ignored; conditions inside `or` and `not` always apply.
    ExcludeOwnFilter,
    /// No condition of the filter applies.
    Unfiltered,
}

/// The properties by which the buckets of a facet can be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::FacetOrderKey")]
pub enum FacetOrderKey {
    /// Whether the release filter asks for the value of the bucket. With DESC, values in the filter come first.
    Selected,
    /// The number of releases in the bucket.
    Count,
    /// The label of the bucket, ignoring case and accents. With ASC, A comes first.
    Label,
    /// The latest release date in the bucket.
    Latest,
}

/// Lengths of the periods of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::Interval")]
pub enum TimeInterval {
    /// A calendar day.
    Day,
    /// Seven days, starting with `weekStart`.
    Week,
    /// A calendar month.
    Month,
    /// Three months, starting in January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
}

/// The date of a release that decides to which period of a timeline it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::DateField")]
pub enum ReleaseDateField {
    /// The release date. It is a calendar date, so the time zone has no effect.
    ReleaseDate,
    /// The instant when the release was last made public. The day of this instant depends on the time zone. Releases
    /// that were never public are not counted.
    PublishedAt,
}

/// The days on which a week can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::Weekday")]
pub enum Weekday {
    /// Monday, as in ISO 8601.
    Monday,
    /// Sunday, as in the Americas.
    Sunday,
    /// Saturday, as in much of the Middle East.
    Saturday,
}

/// How a timeline treats periods without releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum GapFill {
    /// Periods without releases are returned with the count 0.
    Zero,
    /// Periods without releases are omitted.
    Omit,
}

/// The earlier period that `compare` uses as the baseline for `range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::ComparisonPeriod")]
pub enum ComparisonPeriod {
    /// The period of the same length as `range` that ends the day before `range` starts.
    PreviousPeriod,
    /// The same dates as `range`, one year earlier. 29 February becomes 28 February.
    SamePeriodLastYear,
}
