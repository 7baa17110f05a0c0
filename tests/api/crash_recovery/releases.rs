//! Model of a release in the crash recovery test: its expected state, revisions, corrections, and preview links.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    editor::{Request, Resource, Tracked},
    requests,
    rows::Rows,
};
use crate::harness::{random_acts::SeededRng, server_process::post};

/// The expected state of a release.
#[derive(Clone, Debug, Default)]
pub(super) struct Release {
    /// The workflow state. Empty if the release no longer exists.
    pub(super) state: &'static str,
    /// The headline of each revision of the release, oldest first.
    pub(super) versions: Vec<String>,
    /// Index of the live revision in `versions`. A withdrawn release keeps its live revision.
    pub(super) live: Option<usize>,
    /// Index of the working revision in `versions`.
    pub(super) working: Option<usize>,
    /// Whether the live revision was corrected after the working revision was created.
    pub(super) outdated: bool,
    pub(super) embargo: Option<String>,
    pub(super) schedule: Option<String>,
    pub(super) withdrawal: Option<&'static str>,
    /// The notes of the corrections, oldest first.
    pub(super) corrections: Vec<String>,
    pub(super) links: Vec<Link>,
    /// The ids of the topics of the release. `places` has the ids of the places that the release is about.
    pub(super) topics: Vec<String>,
    pub(super) places: Vec<String>,
    /// Whether the release was purged, so that nothing of its content remains.
    pub(super) purged: bool,
}

/// The expected state of a preview link.
#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    pub(super) id: String,
    pub(super) revoked: bool,
    /// The secret token of the link. `None` if the response that contained it was lost.
    pub(super) token: Option<String>,
    /// Whether the link was created or revoked since the last restart.
    pub(super) changed_since_restart: bool,
}

impl Release {
    /// Adds a revision with a headline. Returns the index of the revision in `versions`.
    pub(super) fn add_version(&mut self, headline: String) -> usize {
        self.versions.push(headline);
        self.versions.len() - 1
    }

    /// Returns the headline of the revision that the next revision would be based on.
    pub(super) fn newest(&self) -> &str {
        &self.versions[self.working.or(self.live).unwrap()]
    }

    /// Returns whether the release has a revision that can be published.
    pub(super) fn is_publishable(&self) -> bool {
        match self.state {
            "PUBLISHED" => self.working.is_some() && !self.outdated,
            "RETRACTED" | "" => false,
            _ => !self.outdated,
        }
    }
}

impl Resource for Release {
    fn expected_view(&self) -> Value {
        if self.state.is_empty() {
            return Value::Null;
        }
        let working = self.live.and(self.working).map(
            |number| json!({ "headline": self.versions[number], "number": number + 1, "outdated": self.outdated }),
        );
        json!({
            "state": self.state,
            "revision": self.versions.len(),
            "headline": self.versions[self.live.or(self.working).unwrap()],
            "working": working,
            "embargo": self.embargo.as_ref().map(|until| json!({ "until": until })),
            "schedule": self.schedule.as_ref().map(|local| json!({ "localTime": local })),
            "withdrawal": self.withdrawal.map(|kind| json!({ "kind": kind })),
            "topics": self.topics.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
            "places": self.places.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
            "corrections": self.corrections.iter().map(|note| json!({ "note": note })).collect::<Vec<_>>(),
        })
    }

    fn next_request(tracked: &[Tracked<Self>], rng: &mut SeededRng, name: &str) -> Request<Self> {
        requests::next_request(tracked, rng, name)
    }

    fn apply_response(&mut self, payload: &Value) {
        let shown = &payload["release"];
        if shown.is_object() {
            let expected = (json!(self.state), json!(self.versions.len()));
            assert_eq!((&shown["state"], &shown["revision"]), (&expected.0, &expected.1), "{payload}");
        } else if let Some(link) = self.links.last_mut().filter(|link| link.id.is_empty()) {
            payload["id"].as_str().unwrap().clone_into(&mut link.id);
            link.token = Some(payload["token"].as_str().unwrap().to_owned());
        } else {
            assert!(payload["deletedId"].is_string(), "{payload}");
        }
    }

    fn apply_journal_note(&mut self, note: &str) {
        if let Some(link) = self.links.last_mut().filter(|link| link.id.is_empty())
            && let Some((key, _)) = note.strip_prefix("preview link ").and_then(|rest| rest.split_once(" until "))
        {
            key.clone_into(&mut link.id);
        }
    }

    fn check_rows(&self, key: Uuid, rows: &Rows) {
        let mut links: Vec<(Uuid, bool)> = self.links.iter().map(|link| (rows.key(&link.id), link.revoked)).collect();
        links.sort_unstable();
        assert_eq!(rows.links.get(&key).map_or(&[][..], Vec::as_slice), links, "{self:?}");
        let versions = rows.versions.get(&key).map_or(&[][..], Vec::as_slice);
        assert!(versions.iter().map(|version| &version.headline).eq(&self.versions), "{versions:?}: {self:?}");
        let corrections = rows.corrections.get(&key).map_or(&[][..], Vec::as_slice);
        assert_eq!(corrections, self.corrections, "{self:?}");
        let Some(row) = rows.releases.get(&key) else {
            // A purged release keeps its row in the table of slugs, because a slug that was public is never given to
            // another release. A deleted draft keeps no slug.
            let has_slug = rows.slugs.values().any(|owner| *owner == key);
            assert!(self.state.is_empty() && has_slug == self.purged, "{self:?}");
            assert_eq!(rows.is_purged(key), self.purged, "{self:?}");
            return;
        };
        let number = |id: Option<Uuid>| id.map(|id| versions.iter().position(|version| version.id == id).unwrap());
        assert_eq!(json!(row.state), self.state, "{self:?}");
        assert_eq!(row.revision as usize, self.versions.len(), "{self:?}");
        assert_eq!(
            (number(row.live_revision_id), number(row.working_revision_id)),
            (self.live, self.working),
            "{self:?}"
        );
        assert_eq!(row.working_outdated, self.outdated, "{self:?}");
        assert_eq!(row.schedule_local, self.schedule, "{self:?}");
        assert_eq!(
            (row.schedule_at.is_some(), row.embargo_until.is_some()),
            (self.schedule.is_some(), self.embargo.is_some()),
            "{self:?}"
        );
        assert_eq!(row.withdrawal_kind.map(|kind| json!(kind)), self.withdrawal.map(|kind| json!(kind)), "{self:?}");
    }

    fn check_secrets(&mut self, port: u16) {
        let newest = (!self.state.is_empty() && self.state != "RETRACTED").then(|| self.newest().to_owned());
        for link in self.links.iter_mut().filter(|link| link.changed_since_restart) {
            link.changed_since_restart = false;
            let Some(token) = &link.token else { continue };
            let response = post(port, None, &format!("{{ preview(token: {token:?}) {{ headline }} }}"));
            let headline = newest.as_ref().filter(|_| !link.revoked);
            let expected = json!({ "preview": headline.map(|headline| json!({ "headline": headline })) });
            assert!(response.contains(&format!("\"data\":{expected}")), "{link:?} of {newest:?}: {response}");
        }
    }
}
