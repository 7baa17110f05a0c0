//! Check of rows against the journal: verifies that the image built from an object's rows equals the after image of
//! its last journal entry.
//!
//! A merge of topics or places also changes releases, topics and places that get no journal entry. Before the
//! comparison, all merges that are later than an entry are therefore applied to its image. Former slugs are compared
//! as a set. This part of the check also finds objects that exist in the journal but have no rows.

use std::collections::HashMap;

use entity::Noun;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement, TransactionTrait, Value};
use uuid::Uuid;

use super::{
    finding::{EXTERNAL_CHANGE, FindingKind, Findings, RESTORE_BACKUP, object_id},
    journal::{JournalSummary, Merge},
    savepoint::{catch_panic, in_savepoint},
};
use crate::{
    catalog::{Concept, comparable, place_images, release_images, topic_images},
    journal::{Image, ReleaseImage},
};

/// Number of objects that are compared at a time.
const BATCH_SIZE: usize = 500;

/// The last journal entry of an object.
struct LastEntry {
    sequence: i64,
    action: String,
    after: Option<String>,
}

/// Compares every topic, place and release with its last journal entry. Also finds journal entries of objects that
/// have no row.
pub(super) async fn verify(tx: &DatabaseTransaction, findings: &mut Findings, journal: &JournalSummary) {
    for noun in [Noun::Topic, Noun::Place, Noun::Release] {
        let table = table(noun);
        in_savepoint(tx, findings, &format!("rows of {table} against the journal"), async |tx, findings| {
            compare_all(tx, findings, noun, journal).await
        })
        .await;
        in_savepoint(tx, findings, &format!("journal against the rows of {table}"), async |tx, findings| {
            find_orphaned_entries(tx, findings, noun, journal).await
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

async fn compare_all(
    tx: &DatabaseTransaction,
    findings: &mut Findings,
    noun: Noun,
    journal: &JournalSummary,
) -> Result<(), DbErr> {
    let sql = format!("SELECT id FROM \"{}\" WHERE id > $1 ORDER BY id LIMIT {BATCH_SIZE}", table(noun));
    let mut after = Uuid::nil();
    loop {
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), &sql, [Value::from(after)]);
        let rows = tx.query_all_raw(statement).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        let Some(&last) = ids.last() else { return Ok(()) };
        // If a batch cannot be read, split it in half and try again, so that only the unreadable objects are left
        // out.
        let mut batches = vec![ids];
        while let Some(mut batch) = batches.pop() {
            let savepoint = tx.begin().await?;
            let compared = catch_panic(compare(&savepoint, findings, noun, &batch, journal)).await;
            match compared {
                Ok(()) => savepoint.commit().await?,
                Err(error) => {
                    savepoint.rollback().await?;
                    if let [id] = *batch {
                        let problem = format!("it cannot be read: {error}");
                        findings.add(FindingKind::Row, object_id(noun, id), problem, RESTORE_BACKUP);
                    } else {
                        let half = batch.split_off(batch.len() / 2);
                        batches.extend([half, batch]);
                    }
                }
            }
        }
        after = last;
    }
}

/// Compares a batch of objects. Adds findings only after all data was read, so that a batch that fails can be split
/// and compared again without duplicate findings.
async fn compare(
    tx: &DatabaseTransaction,
    findings: &mut Findings,
    noun: Noun,
    ids: &[Uuid],
    journal: &JournalSummary,
) -> Result<(), DbErr> {
    let mut entries = last_entries(tx, noun, ids).await?;
    let images: Vec<(Uuid, Image)> = match noun {
        Noun::Release => {
            let images = release_images(tx, ids).await?;
            images.into_iter().map(|image| (image.id, Image::Release(Box::new(image)))).collect()
        }
        Noun::Topic => {
            let images = topic_images(tx, Some(ids)).await?;
            images.into_iter().map(|image| (image.id, Image::Topic(Box::new(image)))).collect()
        }
        _ => {
            let images = place_images(tx, Some(ids)).await?;
            images.into_iter().map(|image| (image.id, Image::Place(Box::new(image)))).collect()
        }
    };
    let mut images: HashMap<Uuid, Image> = images.into_iter().collect();
    for &id in ids {
        let location = object_id(noun, id);
        let image = images.remove(&id);
        let Some(entry) = entries.remove(&id) else {
            findings.add(FindingKind::Image, location, "the journal has no entry for it", EXTERNAL_CHANGE);
            continue;
        };
        let LastEntry { sequence, action, after } = entry;
        let location = format!("{location} (journal {sequence})");
        let Some(after) = after else {
            findings.add(
                FindingKind::Image,
                location,
                format!("it exists, although its last journal entry is {action}"),
                EXTERNAL_CHANGE,
            );
            continue;
        };
        // The part `journal` of the check has already reported images that cannot be read.
        let Ok(after) = serde_json::from_str::<Image>(&after) else { continue };
        let Some(image) = image else {
            findings.add(FindingKind::Image, location, "the revision that it shows is missing", EXTERNAL_CHANGE);
            continue;
        };
        let merges = &journal.merges[journal.merges.partition_point(|merge| merge.sequence <= sequence)..];
        let fields = differing_fields(&comparable(apply_merges(after, merges)), &comparable(image));
        if !fields.is_empty() {
            let problem = format!("its rows differ from its last journal entry ({action}) in: {}", fields.join(", "));
            findings.add(FindingKind::Image, location, problem, EXTERNAL_CHANGE);
        }
    }
    Ok(())
}

async fn last_entries(tx: &DatabaseTransaction, noun: Noun, ids: &[Uuid]) -> Result<HashMap<Uuid, LastEntry>, DbErr> {
    let placeholders: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
    let sql = format!(
        "SELECT noun_id, sequence, act, \"after\" FROM journal WHERE sequence IN (SELECT max(sequence) FROM journal \
         WHERE noun_id IN ({}) AND noun = '{}' GROUP BY noun_id)",
        placeholders.join(", "),
        table(noun).to_uppercase(),
    );
    let values = ids.iter().map(|&id| Value::from(id));
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    let mut entries = HashMap::with_capacity(ids.len());
    for row in tx.query_all_raw(statement).await? {
        let last = LastEntry {
            sequence: row.try_get_by_index(1)?,
            action: row.try_get_by_index(2)?,
            after: row.try_get_by_index(3)?,
        };
        entries.insert(row.try_get_by_index(0)?, last);
    }
    Ok(entries)
}

/// Finds objects that have journal entries but no row, although they were not deleted, purged or merged.
async fn find_orphaned_entries(
    tx: &DatabaseTransaction,
    findings: &mut Findings,
    noun: Noun,
    journal: &JournalSummary,
) -> Result<(), DbErr> {
    let (table, name) = (table(noun), table(noun).to_uppercase());
    let sql = format!(
        "SELECT j.noun_id, j.sequence, j.act FROM journal j LEFT JOIN \"{table}\" t ON t.id = j.noun_id \
         WHERE j.noun = '{name}' AND t.id IS NULL AND j.act NOT IN ('release.delete', 'release.purge') \
         AND NOT EXISTS (SELECT 1 FROM journal l WHERE l.noun_id = j.noun_id AND l.sequence > j.sequence)"
    );
    let merged: HashMap<Uuid, i64> =
        journal.merges.iter().filter(|merge| merge.noun == noun).map(|merge| (merge.from, merge.sequence)).collect();
    for row in tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await? {
        let (id, sequence, action): (Uuid, i64, String) =
            (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        if merged.get(&id).is_none_or(|&merge| merge < sequence) {
            let location = format!("{} (journal {sequence})", object_id(noun, id));
            let problem = format!("its last journal entry is {action}, but {table} has no row for it");
            findings.add(FindingKind::Image, location, problem, EXTERNAL_CHANGE);
        }
    }
    Ok(())
}

/// Applies merges to an image, in order, and returns the result.
fn apply_merges(image: Image, merges: &[Merge]) -> Image {
    let mut image = image;
    for &Merge { noun, from, into, .. } in merges {
        match (&mut image, noun) {
            (Image::Release(image), noun) => replace_merged(image, noun, from, into),
            (Image::Topic(image), Noun::Topic) => image.redirect_merged(from, into),
            (Image::Place(image), Noun::Place) => image.redirect_merged(from, into),
            _ => {}
        }
    }
    image
}

fn replace_merged(image: &mut ReleaseImage, noun: Noun, from: Uuid, into: Uuid) {
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
        // A list contains each concept at most once. If it already contains `into`, remove `from`; otherwise replace
        // `from` by `into`.
        let already_listed = list.contains(&into);
        list.retain(|id| *id != from || !already_listed);
        list.iter_mut().filter(|id| **id == from).for_each(|id| *id = into);
    }
}

/// Returns the names of the fields in which two images differ.
fn differing_fields(left: &Image, right: &Image) -> Vec<String> {
    if left == right {
        return Vec::new();
    }
    let object = |image: &Image| match serde_json::to_value(image) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (left, right) = (object(left), object(right));
    let mut fields: Vec<String> =
        left.keys().chain(right.keys()).filter(|name| left.get(*name) != right.get(*name)).cloned().collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}
