//! Finds a release by id, by current slug, or by a former slug, from which the caller redirects to the current slug.

use uuid::Uuid;

use super::Snapshot;

impl Snapshot {
    /// Returns the ordinal of the release with an id.
    pub(in crate::catalog) fn ordinal_by_id(&self, id: Uuid) -> Option<u32> {
        self.by_id.get(&id, |ordinal| self.ids.get(ordinal))
    }

    /// Returns the ordinal of the release with a slug. The Boolean says whether the slug is a former slug; the caller
    /// then redirects to the current slug.
    pub(in crate::catalog) fn ordinal_by_slug(&self, slug: &str) -> Option<(u32, bool)> {
        match self.by_slug.get(slug.as_bytes(), |ordinal| self.slugs.get(ordinal)) {
            Some(ordinal) => Some((ordinal, false)),
            None => self.former_slugs.get(slug).map(|&ordinal| (ordinal, true)),
        }
    }
}
