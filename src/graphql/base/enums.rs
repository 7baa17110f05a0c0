//! GraphQL enums, most of them mapped value by value to an enum of `entity`, `catalog` or `newsroom`.
//!
//! With `remote`, a value that exists on one side only does not compile.

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

/// States of the workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::release::ReleaseState")]
pub enum ReleaseState {
    /// Being written. It has never been published.
    Draft,
    /// Submitted for review.
    InReview,
    /// Reviewed and approved for publication.
    Approved,
    /// Will be published at a scheduled time.
    Scheduled,
    /// Public, or visible to the press during an embargo.
    Published,
    /// Was published, then withdrawn. It can be published again.
    Withdrawn,
    /// Was published, then retracted as wrong. It cannot be published again.
    Retracted,
}

/// The state of a scheduled publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::newsroom::release::schedule::ScheduleState")]
pub enum ScheduleState {
    /// The publication is pending.
    Waiting,
    /// The release was published on time, and subscribers were notified within 30 seconds.
    Done,
    /// The release was visible on time, but the journal recorded the publication more than 30 seconds late, because no
    /// server was running. Subscribers were notified late.
    Missed,
}

/// Reasons for logging a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::access_log::AccessKind")]
pub enum AccessKind {
    /// A press token read content under an embargo.
    Embargoed,
    /// A preview link was used.
    Preview,
}

/// Whether a release may be used by others (IPTC ninjs `pubStatus`). Derived from state and embargo.
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
    /// A notice that gives the reason.
    WithNotice,
    /// Status 410 (Gone), without a reason.
    Gone,
    /// A redirect to another URL.
    Redirect,
    /// The same as for a release that never existed.
    Vanish,
}

/// The kind of place.
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

/// The role of a place in a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::PlaceRoleFilter")]
pub enum PlaceRole {
    /// The release was filed there, as its dateline says.
    Dateline,
    /// The release is about the place.
    About,
    /// Either role.
    Any,
}

/// The role of a token. Each role includes the permissions of the roles before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::api_token::Role")]
pub enum Role {
    /// Anyone, also without a token: reads public releases.
    Public,
    /// An accredited journalist: also reads releases under an embargo.
    Press,
    /// Writes drafts and revises their own releases. Sees all releases in all states.
    Author,
    /// Revises, approves, publishes and withdraws any release.
    Editor,
    /// Manages topics, places and tokens. Reads the journal. Purges releases.
    Admin,
}

/// What releases can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::OrderKey")]
pub enum ReleaseOrderKey {
    /// The release date.
    ReleaseDate,
    /// When they were last made public. With ASC, releases that were never public come first.
    PublishedAt,
    /// When their visible content last changed.
    ModifiedAt,
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

/// Something that a viewer is allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Capability {
    /// Read releases that are under an embargo.
    ReadEmbargoed,
    /// Create releases, and revise one's own.
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

/// Which conditions of the set's filter apply to a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::FacetScope")]
pub enum FacetScope {
    /// All conditions apply.
    AllFilters,
    /// All conditions except those on the facet's own field, so that a filter by one topic does not hide the
    /// other topics. Only conditions in the filter itself and in its `and` are ignored; conditions inside `or` and
    /// `not` always apply.
    ExcludeOwnFilter,
    /// No condition applies.
    Unfiltered,
}

/// What buckets can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::FacetOrderKey")]
pub enum FacetOrderKey {
    /// Whether the filter of the set names the value. With DESC, named values come first.
    Selected,
    /// The number of releases.
    Count,
    /// The label, ignoring case and accents. With ASC, A comes first.
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

/// The date of a release that a timeline counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::DateField")]
pub enum ReleaseDateField {
    /// The release date, a calendar date that is the same in every time zone.
    ReleaseDate,
    /// The instant when the release was last made public. Its day depends on the time zone. Releases that were never
    /// public are not counted.
    PublishedAt,
}

/// The first day of a week.
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
    /// Return them with the count 0.
    Zero,
    /// Leave them out.
    Omit,
}

/// The period that a comparison uses as its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::ComparisonPeriod")]
pub enum ComparisonPeriod {
    /// The period of the same length that ends the day before `range` starts.
    PreviousPeriod,
    /// The same dates one year earlier. 29 February becomes 28 February.
    SamePeriodLastYear,
}
