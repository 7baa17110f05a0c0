//! Topics: input fields, validation, and conversion of the image to rows (SKOS `broader`, names in several languages).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{Noun, topic, topic_broader, topic_name};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter,
};
use uuid::Uuid;

use super::{
    concept::{CommonInput, ConceptImage, apply_common, positioned_names},
    hierarchy::{has_path, parents},
};
use crate::{
    catalog::{ConceptRef, View, Vocabulary},
    journal::{ConceptFields, Image, Name, TopicImage},
    newsroom::{
        error::{Error, ErrorCode},
        unit_of_work::UnitOfWork,
        validation::{Patch, Validator},
        workflow::Resource,
    },
};

/// The fields of a topic as an administrator or an import sends them.
#[derive(Clone, Debug, Default)]
pub struct TopicInput {
    /// Slug. If a new topic has none, it is generated from the name.
    pub slug: Patch<String>,
    /// Name in the default language, at most 300 characters.
    pub name: Patch<String>,
    /// Preferred names in other languages. Replaces the whole list.
    pub names: Patch<Vec<Name>>,
    /// Alternative names. Replaces the whole list.
    pub alt_names: Patch<Vec<Name>>,
    /// Definition, at most 5,000 characters.
    pub definition: Patch<String>,
    /// URI in a public vocabulary.
    pub uri: Patch<String>,
    /// Broader topics. Replaces the whole list.
    pub broader: Patch<Vec<ConceptRef>>,
    /// When the topic was retired. Only imports set this field; administrators retire a topic with `concept_retire`.
    pub retired_at: Patch<DateTime<Utc>>,
}

impl ConceptImage for TopicImage {
    type Input = TopicInput;
    const NOUN: Noun = Noun::Topic;
    const RESOURCE: Resource = Resource::Topics;

    fn blank(id: Uuid) -> Self {
        Self::blank(id)
    }

    fn from_image(image: Image) -> Option<Self> {
        match image {
            Image::Topic(topic) => Some(*topic),
            _ => None,
        }
    }

    fn into_image(self) -> Image {
        Image::Topic(Box::new(self))
    }

    fn vocabulary(view: &View) -> &Vocabulary<Self> {
        view.topics()
    }

    fn slug_and_name(input: &TopicInput) -> (&Patch<String>, &Patch<String>) {
        (&input.slug, &input.name)
    }

    fn apply_input(&mut self, input: TopicInput, topics: &Vocabulary<Self>, validator: &mut Validator) {
        let TopicInput { slug, name, names, alt_names, uri, retired_at, .. } = input;
        let common = CommonInput { slug, name, names, alt_names, uri, retired_at };
        apply_common(&mut self.fields, common, validator);
        validator.optional_text("definition", input.definition, &mut self.definition, 5000);
        validator.concepts("broader", input.broader, topics, &mut self.broader);
    }

    fn set_broader(&mut self, ids: Vec<Uuid>, validator: &mut Validator) {
        validator.concept_ids("broader", ids, &mut self.broader);
    }

    async fn check_conflicts(&self, unit_of_work: &UnitOfWork, validator: &mut Validator) -> Result<(), Error> {
        if let Some(uri) = &self.uri {
            let owner = topic::Entity::find().filter(topic::Column::Uri.eq(uri)).one(unit_of_work.tx()).await?;
            if let Some(owner) = owner.filter(|owner| owner.id != self.id) {
                validator.add_error(
                    "uri",
                    ErrorCode::Taken,
                    format!(
                        "this uri belongs to the topic \"{}\": update that topic, or choose another URI",
                        owner.slug
                    ),
                );
            }
        }
        let broader = Self::all_broader(unit_of_work).await?;
        if let Some(index) = self.broader.iter().position(|&parent| has_path(parent, self.id, parents(&broader))) {
            validator.add_error(
                &format!("broader.{index}"),
                ErrorCode::Cycle,
                "a topic cannot be its own ancestor: this is the same topic or a narrower one; choose another topic",
            );
        }
        Ok(())
    }

    async fn insert_rows(&self, unit_of_work: &UnitOfWork, as_imported: bool) -> Result<(), Error> {
        topic::Entity::insert(self.to_row(unit_of_work, as_imported)).exec_without_returning(unit_of_work.tx()).await?;
        self.insert_child_rows(unit_of_work).await
    }

    async fn update_rows(&self, unit_of_work: &UnitOfWork, as_imported: bool) -> Result<(), Error> {
        let db = unit_of_work.tx();
        topic::ActiveModel { created_at: NotSet, ..self.to_row(unit_of_work, as_imported) }.update(db).await?;
        topic_name::Entity::delete_many().filter(topic_name::Column::TopicId.eq(self.id)).exec(db).await?;
        topic_broader::Entity::delete_many().filter(topic_broader::Column::TopicId.eq(self.id)).exec(db).await?;
        self.insert_child_rows(unit_of_work).await
    }

    async fn is_as_imported(unit_of_work: &UnitOfWork, id: Uuid) -> Result<bool, Error> {
        Ok(topic::Entity::find_by_id(id).one(unit_of_work.tx()).await?.is_none_or(|row| row.as_imported))
    }

    async fn all_broader(unit_of_work: &UnitOfWork) -> Result<HashMap<Uuid, Vec<Uuid>>, Error> {
        let mut broader: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for row in topic_broader::Entity::find().all(unit_of_work.tx()).await? {
            broader.entry(row.topic_id).or_default().push(row.broader_id);
        }
        Ok(broader)
    }

    async fn move_and_delete(unit_of_work: &UnitOfWork, from: Uuid, into: Uuid) -> Result<(), Error> {
        unit_of_work.move_assignments("revision_topic", "topic_id", None, from, into).await?;
        // A topic that has both broader topics, and the target itself, lose the relation.
        let delete_duplicates = "DELETE FROM topic_broader WHERE broader_id = $1 AND (topic_id = $2 OR EXISTS (SELECT 1 FROM \
                    topic_broader other WHERE other.topic_id = topic_broader.topic_id AND other.broader_id = $2))";
        unit_of_work.execute(delete_duplicates, [from, into]).await?;
        unit_of_work.execute("UPDATE topic_broader SET broader_id = $2 WHERE broader_id = $1", [from, into]).await?;
        unit_of_work.repoint_replacements("topic", from, into).await?;
        topic::Entity::delete_by_id(from).exec(unit_of_work.tx()).await?;
        Ok(())
    }
}

impl TopicImage {
    /// Creates a topic with empty fields.
    pub(crate) fn blank(id: Uuid) -> Self {
        Self { fields: ConceptFields::blank(id), definition: None, broader: Vec::new() }
    }

    /// Converts the topic to its row in the table `topic`.
    fn to_row(&self, unit_of_work: &UnitOfWork, as_imported: bool) -> topic::ActiveModel {
        topic::ActiveModel {
            id: Set(self.id),
            slug: Set(self.slug.clone()),
            name: Set(self.name.clone()),
            definition: Set(self.definition.clone()),
            uri: Set(self.uri.clone()),
            revision: Set(self.revision),
            created_at: Set(unit_of_work.at()),
            modified_at: Set(unit_of_work.at()),
            retired_at: Set(self.retired_at),
            replaced_by_id: Set(self.replaced_by),
            as_imported: Set(as_imported),
        }
    }

    /// Inserts the names and the broader topics of the topic.
    async fn insert_child_rows(&self, unit_of_work: &UnitOfWork) -> Result<(), Error> {
        let db = unit_of_work.tx();
        let names: Vec<_> = positioned_names(self)
            .map(|(position, role, name)| topic_name::ActiveModel {
                topic_id: Set(self.id),
                position: Set(position),
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
