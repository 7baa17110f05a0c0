//! Lookup of a release by id, by slug, or by a former slug, which redirects to the current one.

use uuid::Uuid;

use super::Snapshot;

impl Snapshot {
    /// Returns the ordinal of a release by id.
    pub(in crate::catalog) fn ordinal_by_id(&self, id: Uuid) -> Option<u32> {
        self.by_id.get(&id, |ordinal| self.ids.get(ordinal))
    }

    /// Returns the ordinal of a release by slug, and whether the slug is a former one. Then the caller redirects to
    /// the current slug.
    pub(in crate::catalog) fn ordinal_by_slug(&self, slug: &str) -> Option<(u32, bool)> {
        match self.by_slug.get(slug.as_bytes(), |ordinal| self.slugs.get(ordinal)) {
            Some(ordinal) => Some((ordinal, false)),
            None => self.former_slugs.get(slug).map(|&ordinal| (ordinal, true)),
        }
    }
}
