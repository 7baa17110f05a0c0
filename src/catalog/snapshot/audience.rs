//! Audiences: the three classes of viewers, public, press and desk, and which releases each may see (authorization of
//! reads).
//!
//! The public sees what is published and under no embargo, the press sees all that is published, the desk sees
//! everything. All viewers of a class see the same releases, so results can be cached for a class.

use entity::api_token::Role;

use super::Snapshot;
use crate::{auth::viewer::Viewer, catalog::store::bitmap::SharedBitmap};

/// Who sees what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Everybody: what is published and under no embargo.
    Public,
    /// Accredited journalists: what is published.
    Press,
    /// Those who make the news: everything.
    Desk,
}

impl Audience {
    /// The class of a viewer.
    pub fn of(viewer: &Viewer) -> Self {
        match viewer.role {
            Role::Public => Self::Public,
            Role::Press => Self::Press,
            Role::Author | Role::Editor | Role::Admin => Self::Desk,
        }
    }
}

impl Snapshot {
    /// Everything that an audience sees.
    pub(in crate::catalog) fn visible_bitmap(&self, audience: Audience) -> SharedBitmap {
        match audience {
            Audience::Public => self.public.clone(),
            Audience::Press => self.published(),
            Audience::Desk => self.all.clone(),
        }
    }

    /// Whether an audience sees a release.
    pub(in crate::catalog) fn is_visible_to(&self, audience: Audience, ordinal: u32) -> bool {
        match audience {
            Audience::Public => self.public.contains(ordinal),
            Audience::Press => self.published().contains(ordinal),
            Audience::Desk => self.all.contains(ordinal),
        }
    }
}
