//! Look-ahead: finds out which columns and parts of a release a selection needs, so that SQL loads nothing else.

use async_graphql::Context;
use entity::revision::Column;

use crate::newsroom::{reading::list::Projection, release::revision::ColumnMask};

/// Returns which parts of a release to load. `selects` returns whether the query selects a field of the release.
pub fn release_projection(selects: impl Fn(&str) -> bool) -> Projection {
    Projection {
        fetch_rows: true,
        cursors: false,
        columns: columns(&selects),
        lifecycle: ["withdrawal", "createdAt", "schedule", "embargo"].into_iter().any(&selects),
        corrections: selects("corrections"),
    }
}

/// Returns the revision columns that the selected fields need. The catalog provides the fields that are not listed
/// here.
fn columns(selects: &impl Fn(&str) -> bool) -> ColumnMask {
    let columns_by_field = [
        ("externalId", &[Column::ExternalId][..]),
        ("headline", &[Column::Headline]),
        ("subheadline", &[Column::Subheadline]),
        ("summary", &[Column::Summary]),
        ("body", &[Column::BodyMarkdown]),
        ("dateline", &[Column::DatelineText, Column::Language, Column::ReleaseDate]),
        ("editorialNote", &[Column::EditorialNote]),
    ];
    let selected = columns_by_field.iter().filter(|(field, _)| selects(field)).flat_map(|(_, columns)| columns.iter());
    selected.fold(ColumnMask::new(selects("working")), |selected, &column| selected.with(column))
}

/// Returns which parts to load of the release that the current field returns.
pub fn projection_of_field(ctx: &Context<'_>) -> Projection {
    let lookahead = ctx.look_ahead();
    release_projection(|name| lookahead.field(name).exists())
}

/// Returns which parts to load of the release in the mutation payload that the current field returns.
pub fn projection_of_payload(ctx: &Context<'_>) -> Projection {
    let lookahead = ctx.look_ahead().field("release");
    release_projection(|name| lookahead.field(name).exists())
}
