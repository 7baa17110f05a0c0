//! Topics: making and changing them. Reading them is the catalog's.

use chrono::{DateTime, SubsecRound, Utc};
use entity::{NameRole, Noun, topic, topic_broader, topic_name};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    Code, Error, Newsroom, address,
    content::fill_slug,
    form::{Form, Patch},
    slug,
    workflow::{self, Matter},
    write::Write,
};
use crate::{
    catalog::{ConceptRef, Snapshot, Vocabulary},
    journal::{Image, Name, TopicImage},
    viewer::Viewer,
};

/// What an administrator gives of a topic.
#[derive(Clone, Debug, Default)]
pub struct TopicInput {
    /// Its address; made from the name where a new topic gives none.
    pub slug: Patch<String>,
    /// Its name in the default language, at most 300 characters.
    pub name: Patch<String>,
    /// Its preferred names in other languages; the whole list.
    pub names: Patch<Vec<Name>>,
    /// What else it is called; the whole list.
    pub alt_names: Patch<Vec<Name>>,
    /// What it means, at most 5,000 characters.
    pub definition: Patch<String>,
    /// Its id in a public vocabulary.
    pub uri: Patch<String>,
    /// Broader topics; the whole list.
    pub broader: Patch<Vec<ConceptRef>>,
    /// Since when it is no longer given to releases; for what comes from elsewhere, an administrator retires by an act.
    pub retired_at: Patch<DateTime<Utc>>,
}

/// A topic and the snapshot it is in.
pub type Done = Result<(std::sync::Arc<Snapshot>, u32), Error>;

impl Newsroom {
    /// Makes a topic.
    pub async fn topic_create(&self, viewer: &Viewer, input: TopicInput, now: DateTime<Utc>) -> Done {
        workflow::may_manage(Matter::Topics, viewer)?;
        let write = self.begin(viewer, now).await?;
        let mut topic = TopicImage::blank(Uuid::now_v7());
        let wish = match (&input.slug, &input.name) {
            (Patch::Set(_), _) => None,
            (_, Patch::Set(name)) => Some(slug::from_headline(&name.chars().take(300).collect::<String>())),
            _ => Some("topic".to_owned()),
        };
        if let Some(wish) = wish {
            topic.slug = address::free(write.tx(), Noun::Topic, &wish, topic.id).await?;
        }
        let mut form = Form::new(&["input"]);
        topic.fill(input, self.catalog.snapshot().topics(), &mut form);
        topic.check(&write, &mut form).await?;
        form.finish()?;
        topic::Entity::insert(topic.row(&write, false)).exec_without_returning(write.tx()).await?;
        topic.insert_lists(write.tx()).await?;
        finish(write, "topic.create", None, None, topic).await
    }

    /// Changes a topic.
    pub async fn topic_update(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        input: TopicInput,
        now: DateTime<Utc>,
    ) -> Done {
        workflow::may_manage(Matter::Topics, viewer)?;
        let write = self.begin(viewer, now).await?;
        let Some(Image::Topic(before)) = write.image(Noun::Topic, id).await? else {
            return Err(Error::NotFound("topic"));
        };
        if before.revision != expected {
            return Err(Error::Stale(write.last_change(id, before.revision).await?));
        }
        let mut form = Form::new(&["input"]);
        let mut topic = (*before).clone();
        topic.fill(input, self.catalog.snapshot().topics(), &mut form);
        topic.check(&write, &mut form).await?;
        form.finish()?;
        topic.revision += 1;
        topic.replace(write.tx(), &write, false).await?;
        if topic.slug != before.slug {
            topic.former_slugs.retain(|slug| *slug != topic.slug);
            topic.former_slugs.push(before.slug.clone());
        }
        finish(write, "topic.update", None, Some(*before), topic).await
    }
}

impl TopicImage {
    /// A topic of which nothing is said yet.
    pub(crate) fn blank(id: Uuid) -> Self {
        Self {
            id,
            slug: String::new(),
            former_slugs: Vec::new(),
            name: String::new(),
            names: Vec::new(),
            alt_names: Vec::new(),
            definition: None,
            uri: None,
            broader: Vec::new(),
            merged: Vec::new(),
            retired_at: None,
            replaced_by: None,
            revision: 1,
        }
    }

    /// Takes what was given; `form` collects what cannot be taken.
    pub(super) fn fill(&mut self, input: TopicInput, topics: &Vocabulary<Self>, form: &mut Form) {
        fill_slug(form, input.slug, &mut self.slug);
        match input.retired_at {
            Patch::Keep => {}
            Patch::Clear => self.retired_at = None,
            Patch::Set(at) => self.retired_at = Some(at.trunc_subsecs(6)),
        }
        form.instant("retiredAt", self.retired_at);
        form.required_line("name", input.name, &mut self.name, 300);
        form.names("names", input.names, &mut self.names, true);
        form.names("altNames", input.alt_names, &mut self.alt_names, false);
        form.optional_text("definition", input.definition, &mut self.definition, 5000);
        form.url("uri", input.uri, &mut self.uri);
        form.concepts("broader", "topic", input.broader, topics, &mut self.broader);
    }

    /// What others hold already, and whether it would be its own ancestor.
    async fn check(&self, write: &Write, form: &mut Form) -> Result<(), Error> {
        if address::holder(write.tx(), Noun::Topic, &self.slug).await?.is_some_and(|holder| holder != self.id) {
            form.refuse(
                "slug",
                Code::Taken,
                format!("the slug \"{}\" belongs to another topic, or did: choose another", self.slug),
            );
        }
        if let Some(uri) = &self.uri {
            let holder = topic::Entity::find().filter(topic::Column::Uri.eq(uri)).one(write.tx()).await?;
            if let Some(holder) = holder.filter(|holder| holder.id != self.id) {
                form.refuse(
                    "uri",
                    Code::Taken,
                    format!("the uri {uri} belongs to the topic \"{}\": update that one, or give another", holder.slug),
                );
            }
        }
        let steps = topic_broader::Entity::find().all(write.tx()).await?;
        let above = |id: Uuid| {
            steps.iter().filter(move |step| step.topic_id == id).map(|step| step.broader_id).collect::<Vec<_>>()
        };
        if let Some(number) = self.broader.iter().position(|&broader| super::form::leads_to(broader, self.id, above)) {
            form.refuse(
                &format!("broader.{number}"),
                Code::Cycle,
                "this topic is the topic itself or narrower than it: a topic cannot be its own ancestor; name another",
            );
        }
        Ok(())
    }

    /// Its row.
    pub(super) fn row(&self, write: &Write, as_imported: bool) -> topic::ActiveModel {
        topic::ActiveModel {
            id: Set(self.id),
            slug: Set(self.slug.clone()),
            name: Set(self.name.clone()),
            definition: Set(self.definition.clone()),
            uri: Set(self.uri.clone()),
            revision: Set(self.revision),
            created_at: Set(write.at()),
            modified_at: Set(write.at()),
            retired_at: Set(self.retired_at),
            replaced_by_id: Set(self.replaced_by),
            as_imported: Set(as_imported),
        }
    }

    /// Writes it over what is there.
    pub(super) async fn replace<C: ConnectionTrait>(
        &self,
        db: &C,
        write: &Write,
        as_imported: bool,
    ) -> Result<(), Error> {
        let mut row = self.row(write, as_imported);
        row.created_at = sea_orm::ActiveValue::NotSet;
        row.update(db).await?;
        topic_name::Entity::delete_many().filter(topic_name::Column::TopicId.eq(self.id)).exec(db).await?;
        topic_broader::Entity::delete_many().filter(topic_broader::Column::TopicId.eq(self.id)).exec(db).await?;
        self.insert_lists(db).await
    }

    /// Inserts its names and its broader topics.
    pub(super) async fn insert_lists<C: ConnectionTrait>(&self, db: &C) -> Result<(), Error> {
        let preferred = self.names.iter().map(|name| (NameRole::Preferred, name));
        let names = preferred.chain(self.alt_names.iter().map(|name| (NameRole::Alternative, name)));
        let names: Vec<_> = names
            .enumerate()
            .map(|(position, (role, name))| topic_name::ActiveModel {
                topic_id: Set(self.id),
                position: Set(position as i32),
                role: Set(role),
                language: Set(name.language.clone()),
                name: Set(name.name.clone()),
            })
            .collect();
        if !names.is_empty() {
            topic_name::Entity::insert_many(names).exec_without_returning(db).await?;
        }
        let broader: Vec<_> = self
            .broader
            .iter()
            .enumerate()
            .map(|(position, &broader_id)| topic_broader::ActiveModel {
                topic_id: Set(self.id),
                broader_id: Set(broader_id),
                position: Set(position as i32),
            })
            .collect();
        if !broader.is_empty() {
            topic_broader::Entity::insert_many(broader).exec_without_returning(db).await?;
        }
        Ok(())
    }
}

/// Holds its address, records the act and commits.
pub(super) async fn finish(
    mut write: Write,
    act: &str,
    note: Option<String>,
    before: Option<TopicImage>,
    after: TopicImage,
) -> Done {
    address::hold(write.tx(), Noun::Topic, &after.slug, after.id, Some(write.at())).await?;
    let id = after.id;
    let (before, after) = (before.map(|image| Image::Topic(Box::new(image))), Image::Topic(Box::new(after)));
    write.record(act, Noun::Topic, id, note, before.as_ref(), Some(&after))?;
    let snapshot = write.commit().await?;
    let number = snapshot.topics().by_id(id).ok_or_else(super::write::gone_since)?;
    Ok((snapshot, number))
}
