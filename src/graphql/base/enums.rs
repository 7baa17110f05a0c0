//! GraphQL enums, most of them mapped value by value to an enum of `entity`, `catalog` or `newsroom`.
//!
//! With `remote`, a value that exists on one side only does not compile.

use async_graphql::Enum;

/// What sort of item a release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::release::ReleaseKind")]
pub enum ReleaseKind {
    /// News that the organisation itself gives to the press.
    PressRelease,
    /// A position or reaction, usually in somebody's name.
    Statement,
    /// A news article.
    Article,
    /// A longer story, not bound to the day.
    Feature,
    /// A notice to the media of something to come.
    MediaAdvisory,
    /// A speech as held or as written.
    Speech,
    /// A signed opinion.
    Opinion,
}

/// Where a release is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::release::ReleaseState")]
pub enum ReleaseState {
    /// Being written; never public so far.
    Draft,
    /// Handed to a reviewer.
    InReview,
    /// Reviewed and fit to be published.
    Approved,
    /// Will be published at a set instant.
    Scheduled,
    /// Public.
    Published,
    /// Was public and was taken back.
    Withdrawn,
    /// Was public and was declared wrong; never comes back.
    Retracted,
}

/// How a scheduled publication stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::newsroom::release::schedule::ScheduleState")]
pub enum ScheduleState {
    /// It is to come.
    Waiting,
    /// It happened on time, and was put down at once.
    Done,
    /// It was visible on time, and was put down more than 30 seconds late (the server was down): events went out late.
    Missed,
}

/// Why a read is in the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::access_log::AccessKind")]
pub enum AccessKind {
    /// The press read what is under an embargo.
    Embargoed,
    /// Somebody used a preview link.
    Preview,
}

/// Whether others may use a release (IPTC ninjs `pubStatus`). Follows from state and embargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PubStatus {
    /// May be used: it is public.
    Usable,
    /// Not to be used yet.
    Withheld,
    /// Not to be used any more.
    Canceled,
}

/// How the former address of a withdrawn release answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::release::WithdrawalKind")]
pub enum WithdrawalKind {
    /// With a notice that says why.
    WithNotice,
    /// With the bare fact that it is gone.
    Gone,
    /// With another address to go to.
    Redirect,
    /// As if it had never been.
    Vanish,
}

/// What sort of place it is.
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

/// What a place is to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::PlaceRoleFilter")]
pub enum PlaceRole {
    /// Where it was filed, as its dateline says.
    Dateline,
    /// What it is about.
    About,
    /// Either.
    Any,
}

/// What the holder of a token is to the newsroom. Each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::api_token::Role")]
pub enum Role {
    /// Anybody: reads what is published.
    Public,
    /// An accredited journalist.
    Press,
    /// Writes, and revises their own work. Sees everything in the newsroom.
    Author,
    /// Revises, publishes and withdraws any release.
    Editor,
    /// Keeps the house: topics, places, tokens.
    Admin,
}

/// What releases can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::OrderKey")]
pub enum ReleaseOrderKey {
    /// The date printed on them.
    ReleaseDate,
    /// When they were last made public; what never was comes before everything else.
    PublishedAt,
    /// When what their readers see last changed.
    ModifiedAt,
}

/// Upwards or downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::Direction")]
pub enum Direction {
    /// Smallest, earliest, A first.
    Asc,
    /// Largest, latest, Z first.
    Desc,
}

/// Something that a viewer may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Capability {
    /// Read what is published under an embargo.
    ReadEmbargoed,
    /// Begin releases, and revise their own.
    WriteDrafts,
    /// Approve releases.
    Approve,
    /// Make releases public, now or at an instant to come.
    Publish,
    /// Take releases back.
    Withdraw,
    /// Make and change topics.
    ManageTopics,
    /// Make and change places.
    ManagePlaces,
    /// Make and revoke access tokens.
    ManageTokens,
    /// Read the journal and the access log.
    ReadJournal,
    /// Remove all that a release says and said, for good.
    Purge,
}

/// Which of the conditions of a set's own filter hold for a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::FacetScope")]
pub enum FacetScope {
    /// All of them.
    AllFilters,
    /// All but those on the facet's own field: so that whoever filters by one topic still sees the others to choose from.
    /// Conditions that stand in the filter itself or in its `and` are left out; those inside `or` and `not` always hold.
    ExcludeOwnFilter,
    /// None of them.
    Unfiltered,
}

/// What buckets can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::FacetOrderKey")]
pub enum FacetOrderKey {
    /// Whether the filter names them; with DESC those it names come first.
    Selected,
    /// Their number of releases.
    Count,
    /// Their label, without regard to case and accents; with ASC A comes first.
    Label,
    /// The latest release date in them.
    Latest,
}

/// How long the periods of a timeline are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::Interval")]
pub enum TimeInterval {
    /// A calendar day.
    Day,
    /// Seven days; `weekStart` says from which.
    Week,
    /// A calendar month.
    Month,
    /// Three months, from January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
}

/// Which date of a release a timeline counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::DateField")]
pub enum ReleaseDateField {
    /// The date printed on it: a date of the calendar, the same in every zone.
    ReleaseDate,
    /// The instant it was last made public; on which day that was depends on the zone. What never was is not counted.
    PublishedAt,
}

/// Which day weeks begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::Weekday")]
pub enum Weekday {
    /// As in ISO 8601.
    Monday,
    /// As in the Americas.
    Sunday,
    /// As in much of the Middle East.
    Saturday,
}

/// What to do about periods without a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum GapFill {
    /// Answer them, with zero.
    Zero,
    /// Leave them out.
    Omit,
}

/// With which period another is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::catalog::ComparisonPeriod")]
pub enum ComparisonPeriod {
    /// As many days, right before.
    PreviousPeriod,
    /// The same dates a year before; 29 February becomes 28 February.
    SamePeriodLastYear,
}
