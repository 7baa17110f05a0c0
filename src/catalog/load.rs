//! Loading the catalog from the database: one consistent read of all rows and of the journal's head.
//!
//! All releases come in one statement, one row each with its topics and places in it, and are built in while they come, so that
//! memory stays flat whatever the size. Images
//! of single things, as the journal keeps them, are read here too: a loaded snapshot and a followed one cannot differ.

use std::collections::HashMap;

use entity::{
    NameRole, Noun, journal_head, place, place_name, release, revision,
    revision_place::{self, PlaceRole},
    revision_topic, slug, topic, topic_broader, topic_name,
};
use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, QueryTrait, Select, StreamTrait,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{loader::Loader, snapshot::Snapshot};
use crate::{
    db::{Db, joined_keys, keys_of},
    journal::{Name, PlaceImage, ReleaseImage, TopicImage, VersionImage, WorkingImage},
};

/// Releases handed on at a time.
const RUN: usize = 4000;

/// The whole catalog, as of one moment.
pub(super) async fn load(db: &Db) -> Result<Snapshot, DbErr> {
    let (read, backend) = (db.begin_read().await?, db.backend());
    let head = head(&read).await?;
    let mut loader = Loader::default();
    loader.topics(topics(&read, None).await?);
    loader.places(places(&read, None).await?);
    let mut former = former_slugs(&read, Noun::Release, None).await?;
    // The database, reading what it answers and building from it take a thread each, none of which serves.
    let (runs, mut to_build) = tokio::sync::mpsc::channel::<Vec<ReleaseImage>>(2);
    let build = tokio::task::spawn_blocking(move || {
        while let Some(run) = to_build.blocking_recv() {
            for mut image in run {
                image.former_slugs = former.remove(&image.id).unwrap_or_default();
                loader.release(&image);
            }
        }
        loader.finish(head.epoch, head.sequence)
    });
    let stopped = |_| DbErr::Custom("building the catalog stopped".to_owned());
    let (mut run, mut worked_on) = (Vec::with_capacity(RUN), Vec::new());
    let mut rows = read.stream_raw(backend.build(select(backend).as_query())).await?;
    while let Some(row) = rows.try_next().await? {
        let image = image(&row)?;
        if image.working.is_some() {
            worked_on.push(image)
        } else {
            run.push(image)
        }
        if run.len() == RUN {
            runs.send(std::mem::replace(&mut run, Vec::with_capacity(RUN))).await.map_err(stopped)?;
        }
    }
    drop(rows);
    // While a statement is being read there is no place for another: what those say that are being worked on comes last.
    with_working(&read, &mut worked_on).await?;
    run.append(&mut worked_on);
    runs.send(run).await.map_err(stopped)?;
    drop(runs);
    read.commit().await?;
    build.await.map_err(|error| DbErr::Custom(error.to_string()))
}

/// How far the journal goes, and of which database.
pub(super) async fn head<C: ConnectionTrait>(connection: &C) -> Result<journal_head::Model, DbErr> {
    let head = journal_head::Entity::find_by_id(1).one(connection).await?;
    head.ok_or_else(|| DbErr::RecordNotFound("the journal has no head: the database was not migrated".to_owned()))
}

/// Images of topics, all or some, oldest first.
pub(crate) async fn topics<C: ConnectionTrait>(
    connection: &C,
    only: Option<&[Uuid]>,
) -> Result<Vec<TopicImage>, DbErr> {
    let keep =
        |column: sea_orm::sea_query::SimpleExpr| only.map_or_else(|| Expr::val(true), |ids| column.is_in(ids.to_vec()));
    let rows = topic::Entity::find()
        .filter(keep(Expr::col((topic::Entity, topic::Column::Id))))
        .order_by_asc(topic::Column::Id)
        .all(connection)
        .await?;
    let mut broader: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    let steps = topic_broader::Entity::find()
        .filter(keep(Expr::col((topic_broader::Entity, topic_broader::Column::TopicId))))
        .order_by_asc(topic_broader::Column::TopicId)
        .order_by_asc(topic_broader::Column::Position);
    for step in steps.all(connection).await? {
        broader.entry(step.topic_id).or_default().push(step.broader_id);
    }
    let mut names: HashMap<Uuid, [Vec<Name>; 2]> = HashMap::new();
    let all_names = topic_name::Entity::find()
        .filter(keep(Expr::col((topic_name::Entity, topic_name::Column::TopicId))))
        .order_by_asc(topic_name::Column::TopicId)
        .order_by_asc(topic_name::Column::Position);
    for row in all_names.all(connection).await? {
        names.entry(row.topic_id).or_default()[usize::from(row.role == NameRole::Alternative)]
            .push(Name { language: row.language, name: row.name });
    }
    let mut former = former_slugs(connection, Noun::Topic, only).await?;
    let image = |row: topic::Model| {
        let [preferred, alternative] = names.remove(&row.id).unwrap_or_default();
        TopicImage {
            id: row.id,
            former_slugs: former.remove(&row.id).unwrap_or_default(),
            slug: row.slug,
            name: row.name,
            names: preferred,
            alt_names: alternative,
            definition: row.definition,
            uri: row.uri,
            broader: broader.remove(&row.id).unwrap_or_default(),
            revision: row.revision,
        }
    };
    Ok(rows.into_iter().map(image).collect())
}

/// Images of places, all or some, oldest first.
pub(crate) async fn places<C: ConnectionTrait>(
    connection: &C,
    only: Option<&[Uuid]>,
) -> Result<Vec<PlaceImage>, DbErr> {
    let keep =
        |column: sea_orm::sea_query::SimpleExpr| only.map_or_else(|| Expr::val(true), |ids| column.is_in(ids.to_vec()));
    let rows = place::Entity::find()
        .filter(keep(Expr::col((place::Entity, place::Column::Id))))
        .order_by_asc(place::Column::Id)
        .all(connection)
        .await?;
    let mut names: HashMap<Uuid, [Vec<Name>; 2]> = HashMap::new();
    let all_names = place_name::Entity::find()
        .filter(keep(Expr::col((place_name::Entity, place_name::Column::PlaceId))))
        .order_by_asc(place_name::Column::PlaceId)
        .order_by_asc(place_name::Column::Position);
    for row in all_names.all(connection).await? {
        names.entry(row.place_id).or_default()[usize::from(row.role == NameRole::Alternative)]
            .push(Name { language: row.language, name: row.name });
    }
    let mut former = former_slugs(connection, Noun::Place, only).await?;
    let image = |row: place::Model| {
        let [preferred, alternative] = names.remove(&row.id).unwrap_or_default();
        PlaceImage {
            id: row.id,
            former_slugs: former.remove(&row.id).unwrap_or_default(),
            slug: row.slug,
            name: row.name,
            names: preferred,
            alt_names: alternative,
            kind: row.kind,
            within: row.within_id,
            uri: row.uri,
            iso3166_alpha2: row.iso3166_alpha2,
            iso3166_alpha3: row.iso3166_alpha3,
            m49: row.m49,
            geonames_id: row.geonames_id,
            location: row.latitude.zip(row.longitude),
            revision: row.revision,
        }
    };
    Ok(rows.into_iter().map(image).collect())
}

/// Images of some releases, oldest first, with their former addresses. Two statements, and two more where one of them has a
/// version being worked on beside a live one.
pub(crate) async fn releases<C: ConnectionTrait>(connection: &C, ids: &[Uuid]) -> Result<Vec<ReleaseImage>, DbErr> {
    let backend = connection.get_database_backend();
    let select = select(backend).filter(release::Column::Id.is_in(ids.to_vec()));
    let rows = connection.query_all_raw(backend.build(select.as_query())).await?;
    let mut images = rows.iter().map(image).collect::<Result<Vec<_>, _>>()?;
    with_working(connection, &mut images).await?;
    let mut former = former_slugs(connection, Noun::Release, Some(ids)).await?;
    for image in &mut images {
        image.former_slugs = former.remove(&image.id).unwrap_or_default();
    }
    Ok(images)
}

/// Puts in what the versions being worked on are about and where they were filed.
async fn with_working<C: ConnectionTrait>(connection: &C, images: &mut [ReleaseImage]) -> Result<(), DbErr> {
    let keys: Vec<Uuid> =
        images.iter().filter_map(|image| image.working.as_ref()).map(|working| working.revision_id).collect();
    let mut topics = assigned_topics(connection, &keys).await?;
    let mut places = assigned_places(connection, &keys).await?;
    for working in images.iter_mut().filter_map(|image| image.working.as_mut()) {
        working.topics = topics.remove(&working.revision_id).unwrap_or_default();
        [working.dateline, working.about] = places.remove(&working.revision_id).unwrap_or_default();
    }
    Ok(())
}

/// Releases with the version that sets see, its topics and its places in one row each, oldest first.
fn select(backend: DbBackend) -> Select<release::Entity> {
    let live = || Expr::col((release::Entity, release::Column::LiveRevisionId));
    let working = || Expr::col((release::Entity, release::Column::WorkingRevisionId));
    let shown = || sea_orm::sea_query::Func::coalesce([live(), working()]);
    let keys = |letter_of: &str, key: &str, table: &str| {
        Expr::cust(joined_keys(backend, letter_of, key, table, "revision_id = revision.id"))
    };
    release::Entity::find()
        .select_only()
        .columns([
            release::Column::Id,
            release::Column::Slug,
            release::Column::State,
            release::Column::Revision,
            release::Column::Author,
            release::Column::ModifiedAt,
            release::Column::FirstPublishedAt,
            release::Column::PublishedAt,
            release::Column::WithdrawalKind,
        ])
        .expr_as(Expr::case(live().is_not_null(), working()), "working_beside_live")
        .columns([
            revision::Column::Id,
            revision::Column::Number,
            revision::Column::Kind,
            revision::Column::Language,
            revision::Column::ReleaseDate,
        ])
        .expr_as(keys("'T'", "topic_id", "revision_topic"), "topics")
        .expr_as(keys("role", "place_id", "revision_place"), "places")
        .join(
            JoinType::InnerJoin,
            release::Entity::belongs_to(revision::Entity)
                .from(release::Column::Id)
                .to(revision::Column::ReleaseId)
                .into(),
        )
        .filter(Expr::col((revision::Entity, revision::Column::Id)).eq(shown()))
        .order_by_asc(release::Column::Id)
}

/// A row of [`select`], by position: by name each column would be sought among all. Of a version being worked on only its key.
fn image(row: &QueryResult) -> Result<ReleaseImage, DbErr> {
    let (topics, places): (Option<String>, Option<String>) = (row.try_get_by_index(15)?, row.try_get_by_index(16)?);
    let working: Option<Uuid> = row.try_get_by_index(9)?;
    Ok(ReleaseImage {
        id: row.try_get_by_index(0)?,
        slug: row.try_get_by_index(1)?,
        former_slugs: Vec::new(),
        state: row.try_get_by_index(2)?,
        revision: row.try_get_by_index(3)?,
        author: row.try_get_by_index(4)?,
        modified_at: row.try_get_by_index(5)?,
        first_published_at: row.try_get_by_index(6)?,
        published_at: row.try_get_by_index(7)?,
        withdrawal_kind: row.try_get_by_index(8)?,
        working: working.map(|revision_id| WorkingImage {
            revision_id,
            topics: Vec::new(),
            dateline: Vec::new(),
            about: Vec::new(),
        }),
        shown: VersionImage {
            revision_id: row.try_get_by_index(10)?,
            number: row.try_get_by_index(11)?,
            kind: row.try_get_by_index(12)?,
            language: row.try_get_by_index(13)?,
            release_date: row.try_get_by_index(14)?,
            topics: keys_of(topics.as_deref(), 'T'),
            // DATELINE and ABOUT.
            dateline: keys_of(places.as_deref(), 'D'),
            about: keys_of(places.as_deref(), 'A'),
        },
    })
}

/// How many keys a statement may name.
const KEYS: usize = 8000;

/// The topics of revisions, in order.
pub(crate) async fn assigned_topics<C: ConnectionTrait>(
    connection: &C,
    revisions: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Uuid>>, DbErr> {
    let mut found: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for some in revisions.chunks(KEYS) {
        let rows: Vec<(Uuid, Uuid)> = revision_topic::Entity::find()
            .select_only()
            .columns([revision_topic::Column::RevisionId, revision_topic::Column::TopicId])
            .filter(revision_topic::Column::RevisionId.is_in(some.to_vec()))
            .order_by_asc(revision_topic::Column::RevisionId)
            .order_by_asc(revision_topic::Column::Position)
            .into_tuple()
            .all(connection)
            .await?;
        rows.into_iter().for_each(|(revision, topic)| found.entry(revision).or_default().push(topic));
    }
    Ok(found)
}

/// The places of revisions, in order: of the dateline, and those they are about.
pub(crate) async fn assigned_places<C: ConnectionTrait>(
    connection: &C,
    revisions: &[Uuid],
) -> Result<HashMap<Uuid, [Vec<Uuid>; 2]>, DbErr> {
    let mut found: HashMap<Uuid, [Vec<Uuid>; 2]> = HashMap::new();
    for some in revisions.chunks(KEYS) {
        let rows: Vec<(Uuid, PlaceRole, Uuid)> = revision_place::Entity::find()
            .select_only()
            .columns([
                revision_place::Column::RevisionId,
                revision_place::Column::Role,
                revision_place::Column::PlaceId,
            ])
            .filter(revision_place::Column::RevisionId.is_in(some.to_vec()))
            .order_by_asc(revision_place::Column::RevisionId)
            .order_by_asc(revision_place::Column::Position)
            .into_tuple()
            .all(connection)
            .await?;
        for (revision, role, place) in rows {
            found.entry(revision).or_default()[usize::from(role == PlaceRole::About)].push(place);
        }
    }
    Ok(found)
}

/// Addresses that were public and are not the present one, by owner. For releases; topics and places are always public.
async fn former_slugs<C: ConnectionTrait>(
    connection: &C,
    noun: Noun,
    only: Option<&[Uuid]>,
) -> Result<HashMap<Uuid, Vec<String>>, DbErr> {
    let (table, id, present) = match noun {
        Noun::Release => ("release", "id", "slug"),
        Noun::Topic => ("topic", "id", "slug"),
        _ => ("place", "id", "slug"),
    };
    let owner = Expr::col((slug::Entity, slug::Column::OwnerId));
    let now = sea_orm::sea_query::Query::select()
        .column(present)
        .from(table)
        .and_where(Expr::col((table, id)).eq(owner.clone()))
        .to_owned();
    let mut select = slug::Entity::find()
        .filter(slug::Column::Noun.eq(noun))
        .filter(slug::Column::PublicAt.is_not_null())
        .filter(Expr::col((slug::Entity, slug::Column::Slug)).not_in_subquery(now))
        .order_by_asc(slug::Column::OwnerId)
        .order_by_asc(slug::Column::PublicAt)
        .order_by_asc(slug::Column::Slug);
    if let Some(ids) = only {
        select = select.filter(slug::Column::OwnerId.is_in(ids.to_vec()));
    }
    let mut found: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in select.all(connection).await? {
        found.entry(row.owner_id).or_default().push(row.slug);
    }
    Ok(found)
}
