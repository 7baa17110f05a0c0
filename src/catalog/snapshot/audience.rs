//! Audiences: three classes of viewers (public, press, desk), and the releases that each audience may see
//! (authorisation of reads).
//!
//! The public sees published releases without an embargo, the press sees all published releases, and the desk sees
//! every release. All viewers in an audience see the same releases, so the server can cache results per audience.

use entity::api_token::Role;

use super::Snapshot;
use crate::{auth::viewer::Viewer, catalog::store::bitmap::SharedBitmap};

/// A class of viewers that see the same releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// All viewers that are neither press nor desk. They see published releases without an embargo.
    Public,
    /// Accredited journalists. They see all published releases, including those under an embargo.
    Press,
    /// Authors, editors and admins. They see all releases.
    Desk,
}

impl Audience {
    /// Returns the audience that a viewer belongs to.
    pub fn of(viewer: &Viewer) -> Self {
        match viewer.role {
            Role::Public => Self::Public,
            Role::Press => Self::Press,
            Role::Author | Role::Editor | Role::Admin => Self::Desk,
        }
    }
}

impl Snapshot {
    /// Returns all releases that an audience may see.
    pub(in crate::catalog) fn visible_bitmap(&self, audience: Audience) -> SharedBitmap {
        match audience {
            Audience::Public => self.public.clone(),
            Audience::Press => self.published(),
            Audience::Desk => self.all.clone(),
        }
    }

    /// Returns whether an audience may see a release.
    pub(in crate::catalog) fn is_visible_to(&self, audience: Audience, ordinal: u32) -> bool {
        match audience {
            Audience::Public => self.public.contains(ordinal),
            Audience::Press => self.published().contains(ordinal),
            Audience::Desk => self.all.contains(ordinal),
        }
    }
}
