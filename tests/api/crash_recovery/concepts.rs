//! Model of topics and places in the crash recovery test. Random mutations create, update, retire and merge them, and
//! create releases about them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    editor::{Request, Resource, StateChange, Tracked},
    releases::Release,
    requests::RELEASE,
    rows::Rows,
};
use crate::harness::random_acts::SeededRng;

/// The expected state of a topic or place, or of a release that refers to topics and places.
#[derive(Clone, Debug)]
pub(super) struct Concept {
    noun: &'static str,
    name: String,
    names: Vec<String>,
    revision: usize,
    /// The id of the broader topic of a topic, or of the place that contains a place.
    parent: Option<String>,
    retired: bool,
    /// The id of the concept that this concept was merged into.
    into: Option<String>,
    /// The expected release; `None` for a topic or place.
    about: Option<Release>,
}

impl Resource for Concept {
    fn expected_view(&self) -> Value {
        if let Some(release) = &self.about {
            return release.expected_view();
        }
        match &self.into {
            Some(into) => json!({ "into": into }),
            None => {
                json!({ "name": self.name, "revision": self.revision, "altNames": self.names, "above": self.parent, "retired": self.retired })
            }
        }
    }

    fn next_request(tracked: &[Tracked<Self>], rng: &mut SeededRng, name: &str) -> Request<Self> {
        let noun = rng.choose(&["topic", "place"]).unwrap();
        if rng.below(5) == 0 {
            return create_release_about(tracked, rng, name);
        }
        let candidates: Vec<usize> = (0..tracked.len())
            .filter(|&index| tracked[index].model.noun == noun && tracked[index].model.into.is_none())
            .collect();
        let active: Vec<usize> = candidates.iter().copied().filter(|&index| !tracked[index].model.retired).collect();
        let index = rng.choose(&active).filter(|_| active.len() > 2);
        match (rng.below(6), index, rng.choose(&candidates)) {
            (0, Some(index), _) => change(tracked, index, "Retire", name),
            (1 | 2, Some(index), _) => change(tracked, index, "Update", name),
            (3 | 4, Some(into), Some(from)) if from != into && !is_below(tracked, into, from) => {
                merge(tracked, from, into)
            }
            _ => create(tracked, noun, rng.choose(&active), name),
        }
    }

    fn apply_response(&mut self, payload: &Value) {
        if let Some(release) = &mut self.about {
            return release.apply_response(payload);
        }
        let shown = &payload[self.noun];
        assert_eq!((&shown["name"], &shown["revision"]), (&json!(self.name), &json!(self.revision)), "{payload}");
    }

    fn apply_journal_note(&mut self, _: &str) {}

    fn check_rows(&self, key: Uuid, rows: &Rows) {
        if let Some(release) = &self.about {
            return release.check_rows(key, rows);
        }
        let stored = rows.concepts.get(&key);
        let into = self.into.as_deref().map(|id| rows.key(id));
        assert_eq!(rows.merged.get(&key), into.as_ref(), "{self:?}");
        // Alternative names, such as those that a merge adds, are not compared here. The API view and the journal
        // image cover them.
        let expected =
            (self.name.clone(), self.revision as i32, self.parent.as_deref().map(|id| rows.key(id)), self.retired);
        assert_eq!(stored, self.into.is_none().then_some(&expected), "{self:?}");
    }

    fn check_secrets(&mut self, _: u16) {}
}

/// Returns the text of a mutation on a topic or place.
fn mutation_field(noun: &'static str, operation: &str, arguments: &str) -> String {
    let response = format!("{noun} {{ id name revision }} userErrors {{ code message }}");
    format!("mutation {{ {noun}{operation}({arguments}) {{ {response} }} }}")
}

fn create(tracked: &[Tracked<Concept>], noun: &'static str, parent: Option<usize>, name: &str) -> Request<Concept> {
    let parent = parent.map(|index| tracked[index].id.clone());
    let parent_argument = match (&parent, noun) {
        (None, _) => String::new(),
        (Some(id), "topic") => format!(", broader: [{{id: {id:?}}}]"),
        (Some(id), _) => format!(", within: {{id: {id:?}}}"),
    };
    let kind_argument = if noun == "place" { ", kind: CITY" } else { "" };
    let query = mutation_field(noun, "Create", &format!("input: {{name: {name:?}{kind_argument}{parent_argument}}}"));
    let concept = Concept {
        noun,
        name: name.to_owned(),
        names: Vec::new(),
        revision: 1,
        parent,
        retired: false,
        into: None,
        about: None,
    };
    let (kind, action) = operation_names(noun, "Create");
    Request { kind, query, steps: vec![vec![StateChange { index: None, after: Tracked::created(action, concept) }]] }
}

fn change(tracked: &[Tracked<Concept>], index: usize, operation: &'static str, name: &str) -> Request<Concept> {
    let mut after = tracked[index].clone();
    let noun = after.model.noun;
    let mut arguments = format!("id: {:?}, expectedRevision: {}", after.id, after.model.revision);
    if operation == "Update" {
        arguments += &format!(", input: {{name: {name:?}}}");
        name.clone_into(&mut after.model.name);
    } else {
        after.model.retired = true;
    }
    after.model.revision += 1;
    let (kind, action) = operation_names(noun, operation);
    after.actions.push(action);
    Request {
        kind,
        query: mutation_field(noun, operation, &arguments),
        steps: vec![vec![StateChange { index: Some(index), after }]],
    }
}

/// Merges the concept `from` (the source) into the concept `into` (the target). The effects apply together or not at
/// all: concepts below the source move below the target, releases about the source become releases about the target,
/// and concepts that were merged into the source earlier lead to the target.
fn merge(tracked: &[Tracked<Concept>], from: usize, into: usize) -> Request<Concept> {
    let (noun, source) = (tracked[from].model.noun, &tracked[from]);
    let (kind, action) = operation_names(noun, "Merge");
    let mut after = tracked[into].clone();
    after.actions.push(action);
    after.model.revision += 1;
    for name in std::iter::once(&source.model.name).chain(&source.model.names) {
        if *name != after.model.name && !after.model.names.contains(name) {
            after.model.names.push(name.clone());
        }
    }
    let query = mutation_field(noun, "Merge", &format!("from: {:?}, into: {:?}", source.id, after.id));
    let id = after.id.clone();
    let mut step = vec![StateChange { index: Some(into), after }];
    for (index, other) in tracked.iter().enumerate().filter(|&(index, _)| index != into) {
        let mut other = other.clone();
        if let Some(release) = &mut other.model.about {
            let moved = [&mut release.topics, &mut release.places].into_iter().any(|ids| replace(ids, &source.id, &id));
            if !moved {
                continue;
            }
        } else if index == from || other.model.into.as_ref() == Some(&source.id) {
            other.model.into = Some(id.clone());
        } else if other.model.into.is_none() && other.model.parent.as_ref() == Some(&source.id) {
            other.model.parent = Some(id.clone());
        } else {
            continue;
        }
        step.push(StateChange { index: Some(index), after: other });
    }
    Request { kind, query, steps: vec![step] }
}

/// Replaces `source` by `id` in a list, which then contains `id` only once. Returns whether the list contained
/// `source`.
fn replace(ids: &mut Vec<String>, source: &str, id: &str) -> bool {
    let Some(at) = ids.iter().position(|other| other == source) else { return false };
    if ids.iter().any(|other| other == id) {
        ids.remove(at);
    } else {
        id.clone_into(&mut ids[at]);
    }
    true
}

/// Creates a release about up to three topics and three places. Later merges change the topics and places of this
/// release.
fn create_release_about(tracked: &[Tracked<Concept>], rng: &mut SeededRng, name: &str) -> Request<Concept> {
    let mut pick = |noun: &str| {
        let of = |tracked: &&Tracked<Concept>| {
            tracked.model.noun == noun && tracked.model.into.is_none() && !tracked.model.retired
        };
        let mut ids: Vec<&String> = tracked.iter().filter(of).map(|tracked| &tracked.id).collect();
        while ids.len() > 3 {
            ids.swap_remove(rng.below(ids.len()));
        }
        ids.into_iter().cloned().collect::<Vec<String>>()
    };
    let (topics, places) = (pick("topic"), pick("place"));
    let list = |ids: &[String]| ids.iter().map(|id| format!("{{id: {id:?}}}, ")).collect::<String>();
    let input = format!("headline: {name:?}, topics: [{}], places: [{}]", list(&topics), list(&places));
    let query = format!("mutation {{ releaseCreate(input: {{{input}}}) {{ {RELEASE} }} }}");
    let (versions, working) = (vec![name.to_owned()], Some(0));
    let about = Some(Release { state: "DRAFT", versions, working, topics, places, ..Release::default() });
    let (name, names) = (name.to_owned(), Vec::new());
    let model = Concept { noun: "release", name, names, revision: 1, parent: None, retired: false, into: None, about };
    Request {
        kind: "create",
        query,
        steps: vec![vec![StateChange { index: None, after: Tracked::created("release.create", model) }]],
    }
}

/// Returns whether a concept is below `ancestor` in the hierarchy, at any depth.
fn is_below(tracked: &[Tracked<Concept>], concept: usize, ancestor: usize) -> bool {
    let mut parent = tracked[concept].model.parent.as_ref();
    while let Some(id) = parent {
        if *id == tracked[ancestor].id {
            return true;
        }
        parent = tracked.iter().find(|tracked| tracked.id == *id).and_then(|tracked| tracked.model.parent.as_ref());
    }
    false
}

/// Returns two names of an operation on a topic or place: the mutation field in the schema, and the action in the
/// journal.
fn operation_names(noun: &str, operation: &str) -> (&'static str, &'static str) {
    match (noun, operation) {
        ("topic", "Create") => ("topicCreate", "topic.create"),
        ("topic", "Update") => ("topicUpdate", "topic.update"),
        ("topic", "Retire") => ("topicRetire", "topic.retire"),
        ("topic", _) => ("topicMerge", "topic.merge"),
        (_, "Create") => ("placeCreate", "place.create"),
        (_, "Update") => ("placeUpdate", "place.update"),
        (_, "Retire") => ("placeRetire", "place.retire"),
        _ => ("placeMerge", "place.merge"),
    }
}
