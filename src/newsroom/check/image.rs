//! The rows against the journal: what the rows make of a release, topic or place is what its last entry says it is.
//!
//! What differs lawfully: a merge of topics or places changes all that named the one to name the other, and only the other gets
//! an entry by it; so merges after an entry are applied to its image. Former addresses are a set: their order is not kept.

use std::collections::HashMap;

use entity::Noun;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, TransactionTrait, Value};
use uuid::Uuid;

use super::{
    attempt, caught,
    finding::{Findings, Kind, PAST, RESTORE, thing},
    journal::{Journal, Merge},
};
use crate::{
    catalog::{Concept, comparable, place_images, release_images, topic_images},
    journal::{Image, ReleaseImage},
};

/// Things compared at a time.
const RUN: usize = 500;

/// The last entry of a thing.
struct Last {
    sequence: i64,
    act: String,
    after: Option<String>,
}

/// Compares everything there is with its last entry, and looks for entries of what is not there.
pub(super) async fn verify(read: &DatabaseTransaction, findings: &mut Findings, journal: &Journal) {
    for noun in [Noun::Topic, Noun::Place, Noun::Release] {
        let table = table(noun);
        attempt(read, findings, &format!("rows of {table} against the journal"), async |read, findings| {
            things(read, findings, noun, journal).await
        })
        .await;
        attempt(read, findings, &format!("journal against the rows of {table}"), async |read, findings| {
            entries(read, findings, noun, journal).await
        })
        .await;
    }
}

fn table(noun: Noun) -> &'static str {
    match noun {
        Noun::Release => "release",
        Noun::Topic => "topic",
        _ => "place",
    }
}

async fn things(
    read: &DatabaseTransaction,
    findings: &mut Findings,
    noun: Noun,
    journal: &Journal,
) -> Result<(), DbErr> {
    let sql = format!("SELECT id FROM \"{}\" WHERE id > $1 ORDER BY id LIMIT {RUN}", table(noun));
    let mut after = Uuid::nil();
    loop {
        let statement = Statement::from_sql_and_values(read.get_database_backend(), &sql, [Value::from(after)]);
        let rows = read.query_all_raw(statement).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        let Some(&last) = ids.last() else { return Ok(()) };
        // Where some cannot be read the others still are: by halves.
        let mut open = vec![ids];
        while let Some(mut some) = open.pop() {
            let own = read.begin().await?;
            let compared = caught(compare(&own, findings, noun, &some, journal)).await;
            match compared {
                Ok(()) => own.commit().await?,
                Err(error) => {
                    own.rollback().await?;
                    if let [id] = *some {
                        let what = format!("it cannot be read: {error}");
                        findings.add(Kind::Row, thing(noun, id), what, RESTORE);
                    } else {
                        let half = some.split_off(some.len() / 2);
                        open.extend([half, some]);
                    }
                }
            }
        }
        after = last;
    }
}

/// Compares some things; finds nothing before everything was read.
async fn compare(
    read: &DatabaseTransaction,
    findings: &mut Findings,
    noun: Noun,
    ids: &[Uuid],
    journal: &Journal,
) -> Result<(), DbErr> {
    let mut entries = last_entries(read, noun, ids).await?;
    let images: Vec<(Uuid, Image)> = match noun {
        Noun::Release => {
            let images = release_images(read, ids).await?;
            images.into_iter().map(|image| (image.id, Image::Release(Box::new(image)))).collect()
        }
        Noun::Topic => {
            let images = topic_images(read, Some(ids)).await?;
            images.into_iter().map(|image| (image.id, Image::Topic(Box::new(image)))).collect()
        }
        _ => {
            let images = place_images(read, Some(ids)).await?;
            images.into_iter().map(|image| (image.id, Image::Place(Box::new(image)))).collect()
        }
    };
    let mut images: HashMap<Uuid, Image> = images.into_iter().collect();
    for &id in ids {
        let place = thing(noun, id);
        let image = images.remove(&id);
        let Some(entry) = entries.remove(&id) else {
            findings.add(Kind::Image, place, "the journal has no entry of it", PAST);
            continue;
        };
        let Last { sequence, act, after } = entry;
        let place = format!("{place} (journal {sequence})");
        let Some(after) = after else {
            findings.add(Kind::Image, place, format!("it is there after its last entry, {act}"), PAST);
            continue;
        };
        // An image that cannot be read is a finding of the journal.
        let Ok(after) = serde_json::from_str::<Image>(&after) else { continue };
        let Some(image) = image else {
            findings.add(Kind::Image, place, "its row has no version to show", PAST);
            continue;
        };
        let merges = &journal.merges[journal.merges.partition_point(|merge| merge.sequence <= sequence)..];
        let fields = different(&comparable(merged(after, merges)), &comparable(image));
        if !fields.is_empty() {
            let what = format!("the rows differ from its last entry, {act}, in: {}", fields.join(", "));
            findings.add(Kind::Image, place, what, PAST);
        }
    }
    Ok(())
}

async fn last_entries(read: &DatabaseTransaction, noun: Noun, ids: &[Uuid]) -> Result<HashMap<Uuid, Last>, DbErr> {
    let numbers: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
    let sql = format!(
        "SELECT noun_id, sequence, act, \"after\" FROM journal WHERE sequence IN (SELECT max(sequence) FROM journal \
         WHERE noun_id IN ({}) AND noun = '{}' GROUP BY noun_id)",
        numbers.join(", "),
        table(noun).to_uppercase(),
    );
    let values = ids.iter().map(|&id| Value::from(id));
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let mut found = HashMap::with_capacity(ids.len());
    for row in read.query_all_raw(statement).await? {
        let last =
            Last { sequence: row.try_get_by_index(1)?, act: row.try_get_by_index(2)?, after: row.try_get_by_index(3)? };
        found.insert(row.try_get_by_index(0)?, last);
    }
    Ok(found)
}

/// Last entries of what is not in the rows, and was neither deleted, nor purged, nor merged into something else.
async fn entries(
    read: &DatabaseTransaction,
    findings: &mut Findings,
    noun: Noun,
    journal: &Journal,
) -> Result<(), DbErr> {
    let (table, name) = (table(noun), table(noun).to_uppercase());
    let sql = format!(
        "SELECT j.noun_id, j.sequence, j.act FROM journal j LEFT JOIN \"{table}\" t ON t.id = j.noun_id \
         WHERE j.noun = '{name}' AND t.id IS NULL AND j.act NOT IN ('release.delete', 'release.purge') \
         AND NOT EXISTS (SELECT 1 FROM journal l WHERE l.noun_id = j.noun_id AND l.sequence > j.sequence)"
    );
    let merged: HashMap<Uuid, i64> =
        journal.merges.iter().filter(|merge| merge.noun == noun).map(|merge| (merge.from, merge.sequence)).collect();
    for row in read.query_all_raw(Statement::from_string(read.get_database_backend(), sql)).await? {
        let (id, sequence, act): (Uuid, i64, String) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        if merged.get(&id).is_none_or(|&merge| merge < sequence) {
            let place = format!("{} (journal {sequence})", thing(noun, id));
            let what = format!("its last entry is {act}, and it is not in the rows of {table}");
            findings.add(Kind::Image, place, what, PAST);
        }
    }
    Ok(())
}

/// An image after merges.
fn merged(image: Image, merges: &[Merge]) -> Image {
    let mut image = image;
    for &Merge { noun, from, into, .. } in merges {
        match (&mut image, noun) {
            (Image::Release(image), noun) => follow(image, noun, from, into),
            (Image::Topic(image), Noun::Topic) => image.redirect_merged(from, into),
            (Image::Place(image), Noun::Place) => image.redirect_merged(from, into),
            _ => {}
        }
    }
    image
}

fn follow(image: &mut ReleaseImage, noun: Noun, from: Uuid, into: Uuid) {
    let (shown, working) = (&mut image.shown, image.working.as_mut());
    let mut lists: Vec<&mut Vec<Uuid>> = Vec::with_capacity(4);
    if noun == Noun::Topic {
        lists.push(&mut shown.topics);
        lists.extend(working.map(|working| &mut working.topics));
    } else {
        lists.extend([&mut shown.dateline, &mut shown.about]);
        lists.extend(working.into_iter().flat_map(|working| [&mut working.dateline, &mut working.about]));
    }
    for list in lists {
        // Each is named once: where the other is named already the one goes.
        let there = list.contains(&into);
        list.retain(|id| *id != from || !there);
        list.iter_mut().filter(|id| **id == from).for_each(|id| *id = into);
    }
}

/// The fields in which two images differ.
fn different(one: &Image, other: &Image) -> Vec<String> {
    if one == other {
        return Vec::new();
    }
    let object = |image: &Image| match serde_json::to_value(image) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (one, other) = (object(one), object(other));
    let mut fields: Vec<String> =
        one.keys().chain(other.keys()).filter(|name| one.get(*name) != other.get(*name)).cloned().collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}
