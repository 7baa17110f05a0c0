//! Topics and places: made, changed, retired, merged into others; and releases that are about them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    editor::{Act, Effect, Known, Thing},
    releases::Release,
    requests::RELEASE,
    rows::Rows,
};
use crate::harness::random_acts::Dice;

/// A topic or place, or a release that is about some.
#[derive(Clone, Debug)]
pub(super) struct Concept {
    noun: &'static str,
    name: String,
    names: Vec<String>,
    revision: usize,
    /// The id of the one above it.
    above: Option<String>,
    retired: bool,
    /// The id of the one that it was merged into.
    into: Option<String>,
    /// The release, where it is one.
    about: Option<Release>,
}

impl Thing for Concept {
    fn shown(&self) -> Value {
        if let Some(release) = &self.about {
            return release.shown();
        }
        match &self.into {
            Some(into) => json!({ "into": into }),
            None => {
                json!({ "name": self.name, "revision": self.revision, "altNames": self.names, "above": self.above, "retired": self.retired })
            }
        }
    }

    fn next(known: &[Known<Self>], dice: &mut Dice, name: &str) -> Act<Self> {
        let noun = dice.one(&["topic", "place"]).unwrap();
        if dice.roll(5) == 0 {
            return write_about(known, dice, name);
        }
        let those: Vec<usize> =
            (0..known.len()).filter(|&on| known[on].is.noun == noun && known[on].is.into.is_none()).collect();
        let used: Vec<usize> = those.iter().copied().filter(|&on| !known[on].is.retired).collect();
        let on = dice.one(&used).filter(|_| used.len() > 2);
        match (dice.roll(6), on, dice.one(&those)) {
            (0, Some(on), _) => change(known, on, "Retire", name),
            (1 | 2, Some(on), _) => change(known, on, "Update", name),
            (3 | 4, Some(into), Some(from)) if from != into && !lies_below(known, into, from) => {
                merge(known, from, into)
            }
            _ => create(known, noun, dice.one(&used), name),
        }
    }

    fn answered(&mut self, payload: &Value) {
        if let Some(release) = &mut self.about {
            return release.answered(payload);
        }
        let shown = &payload[self.noun];
        assert_eq!((&shown["name"], &shown["revision"]), (&json!(self.name), &json!(self.revision)), "{payload}");
    }

    fn noted(&mut self, _: &str) {}

    fn check_rows(&self, key: Uuid, rows: &Rows) {
        if let Some(release) = &self.about {
            return release.check_rows(key, rows);
        }
        let found = rows.concepts.get(&key);
        let into = self.into.as_deref().map(|id| rows.key(id));
        assert_eq!(rows.merged.get(&key), into.as_ref(), "{self:?}");
        // The names that others had are its own; of the rest the journal's image and the API tell.
        let wanted =
            (self.name.clone(), self.revision as i32, self.above.as_deref().map(|id| rows.key(id)), self.retired);
        assert_eq!(found, self.into.is_none().then_some(&wanted), "{self:?}");
    }

    fn check_secrets(&mut self, _: u16) {}
}

/// A mutation of a topic or place.
fn field(noun: &'static str, act: &str, arguments: &str) -> String {
    let answer = format!("{noun} {{ id name revision }} userErrors {{ code message }}");
    format!("mutation {{ {noun}{act}({arguments}) {{ {answer} }} }}")
}

fn create(known: &[Known<Concept>], noun: &'static str, above: Option<usize>, name: &str) -> Act<Concept> {
    let above = above.map(|on| known[on].id.clone());
    let lies = match (&above, noun) {
        (None, _) => String::new(),
        (Some(id), "topic") => format!(", broader: [{{id: {id:?}}}]"),
        (Some(id), _) => format!(", within: {{id: {id:?}}}"),
    };
    let sort = if noun == "place" { ", kind: CITY" } else { "" };
    let query = field(noun, "Create", &format!("input: {{name: {name:?}{sort}{lies}}}"));
    let concept = Concept {
        noun,
        name: name.to_owned(),
        names: Vec::new(),
        revision: 1,
        above,
        retired: false,
        into: None,
        about: None,
    };
    let (kind, act) = named(noun, "Create");
    Act { kind, query, steps: vec![vec![Effect { on: None, after: Known::made(act, concept) }]] }
}

fn change(known: &[Known<Concept>], on: usize, what: &'static str, name: &str) -> Act<Concept> {
    let mut after = known[on].clone();
    let noun = after.is.noun;
    let mut arguments = format!("id: {:?}, expectedRevision: {}", after.id, after.is.revision);
    if what == "Update" {
        arguments += &format!(", input: {{name: {name:?}}}");
        name.clone_into(&mut after.is.name);
    } else {
        after.is.retired = true;
    }
    after.is.revision += 1;
    let (kind, act) = named(noun, what);
    after.acts.push(act);
    Act { kind, query: field(noun, what, &arguments), steps: vec![vec![Effect { on: Some(on), after }]] }
}

/// What lay below the one lies below the other, releases about it are about the other, and whatever was merged into it is the
/// other now: all at once.
fn merge(known: &[Known<Concept>], from: usize, into: usize) -> Act<Concept> {
    let (noun, gone) = (known[from].is.noun, &known[from]);
    let (kind, act) = named(noun, "Merge");
    let mut after = known[into].clone();
    after.acts.push(act);
    after.is.revision += 1;
    for name in std::iter::once(&gone.is.name).chain(&gone.is.names) {
        if *name != after.is.name && !after.is.names.contains(name) {
            after.is.names.push(name.clone());
        }
    }
    let query = field(noun, "Merge", &format!("from: {:?}, into: {:?}", gone.id, after.id));
    let id = after.id.clone();
    let mut step = vec![Effect { on: Some(into), after }];
    for (on, other) in known.iter().enumerate().filter(|&(on, _)| on != into) {
        let mut other = other.clone();
        if let Some(release) = &mut other.is.about {
            let moved = [&mut release.topics, &mut release.places].into_iter().any(|ids| replace(ids, &gone.id, &id));
            if !moved {
                continue;
            }
        } else if on == from || other.is.into.as_ref() == Some(&gone.id) {
            other.is.into = Some(id.clone());
        } else if other.is.into.is_none() && other.is.above.as_ref() == Some(&gone.id) {
            other.is.above = Some(id.clone());
        } else {
            continue;
        }
        step.push(Effect { on: Some(on), after: other });
    }
    Act { kind, query, steps: vec![step] }
}

/// Puts one id in the place of another, once; whether it was there.
fn replace(ids: &mut Vec<String>, gone: &str, id: &str) -> bool {
    let Some(at) = ids.iter().position(|other| other == gone) else { return false };
    if ids.iter().any(|other| other == id) {
        ids.remove(at);
    } else {
        id.clone_into(&mut ids[at]);
    }
    true
}

/// A release about up to three topics and three places, which merges move.
fn write_about(known: &[Known<Concept>], dice: &mut Dice, name: &str) -> Act<Concept> {
    let mut some = |noun: &str| {
        let of = |known: &&Known<Concept>| known.is.noun == noun && known.is.into.is_none() && !known.is.retired;
        let mut ids: Vec<&String> = known.iter().filter(of).map(|known| &known.id).collect();
        while ids.len() > 3 {
            ids.swap_remove(dice.roll(ids.len()));
        }
        ids.into_iter().cloned().collect::<Vec<String>>()
    };
    let (topics, places) = (some("topic"), some("place"));
    let list = |ids: &[String]| ids.iter().map(|id| format!("{{id: {id:?}}}, ")).collect::<String>();
    let input = format!("headline: {name:?}, topics: [{}], places: [{}]", list(&topics), list(&places));
    let query = format!("mutation {{ releaseCreate(input: {{{input}}}) {{ {RELEASE} }} }}");
    let (versions, working) = (vec![name.to_owned()], Some(0));
    let about = Some(Release { state: "DRAFT", versions, working, topics, places, ..Release::default() });
    let (name, names) = (name.to_owned(), Vec::new());
    let is = Concept { noun: "release", name, names, revision: 1, above: None, retired: false, into: None, about };
    Act { kind: "create", query, steps: vec![vec![Effect { on: None, after: Known::made("release.create", is) }]] }
}

/// Whether one lies below another, at any depth.
fn lies_below(known: &[Known<Concept>], one: usize, other: usize) -> bool {
    let mut at = known[one].is.above.as_ref();
    while let Some(id) = at {
        if *id == known[other].id {
            return true;
        }
        at = known.iter().find(|known| known.id == *id).and_then(|known| known.is.above.as_ref());
    }
    false
}

/// An act as the schema and as the journal name it.
fn named(noun: &str, act: &str) -> (&'static str, &'static str) {
    match (noun, act) {
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
