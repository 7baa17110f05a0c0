//! Import of topics and places: validates each record, checks codes, URIs and cycles, and creates or updates the
//! concept.
//!
//! `queue` sorts the records so that broader concepts are imported first. If an editor has changed a concept since
//! the last import, a record that differs from it is a conflict. The journal records each change as `topic.import` or
//! `place.import`.

use entity::{Noun, place, topic};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::{
    concept_record::{ConceptRecord, code_identity},
    importer::{Importer, RecordResult, refusal_message},
    origin::{Origin, first_origin},
    queue::{Queue, RecordKeys},
};
use crate::{
    catalog::{Concept, fold},
    journal::{Image, PlaceImage, TopicImage},
    newsroom::{
        error::{Error, ErrorCode},
        slug_registry,
        taxonomy::{place::PlaceInput, topic::TopicInput},
        text::slug,
        unit_of_work::UnitOfWork,
        validation::{Patch, Validator},
    },
};

/// Journal action for the import of a topic.
const TOPIC_IMPORT_ACTION: &str = "topic.import";

/// Journal action for the import of a place.
const PLACE_IMPORT_ACTION: &str = "place.import";

impl Importer<'_> {
    /// Imports topics. Each record consists of line number, slug, slugs of broader topics, and all other fields.
    /// Returns the results in the order of the records.
    pub async fn import_topics(
        &mut self,
        records: Vec<(u64, String, Vec<String>, TopicInput)>,
    ) -> Result<Vec<RecordResult>, Error> {
        let mut concept_records = Vec::with_capacity(records.len());
        for (line, slug, parents, input) in records {
            let codes = code_identity("uri", &input.uri).into_iter().collect();
            let origin = self.origins.at(line);
            concept_records.push(ConceptRecord { id: Uuid::now_v7(), slug, parents, input, codes, origin });
        }
        let (mut queue, mut results) = Queue::build(concept_records, &self.topics, &self.origins.topics, "topic");
        while let Some((number, record)) = queue.next() {
            let keys = RecordKeys::of(&record, &self.topics);
            let first = first_origin(&self.origins.topics, &keys.identities);
            let result = self.topic(record, first).await?;
            queue.record_result(&result, keys, &self.topics, &mut self.origins.topics);
            results.push((number, result));
        }
        self.finish_records(results).await
    }

    /// Imports places. Each record consists of line number, slug, slug of the parent place, and all other fields.
    /// Returns the results in the order of the records.
    pub async fn import_places(
        &mut self,
        records: Vec<(u64, String, Option<String>, PlaceInput)>,
    ) -> Result<Vec<RecordResult>, Error> {
        let mut concept_records = Vec::with_capacity(records.len());
        for (line, slug, parents, input) in records {
            let PlaceInput { uri, iso3166_alpha2, iso3166_alpha3, m49, geonames_id, .. } = &input;
            let geonames = match geonames_id {
                Patch::Set(id) => Some(format!("geonames {id}")),
                _ => None,
            };
            let codes = [("uri", uri), ("iso", iso3166_alpha2), ("iso", iso3166_alpha3), ("m49", m49)];
            let codes =
                codes.into_iter().filter_map(|(kind, value)| code_identity(kind, value)).chain(geonames).collect();
            let (parents, origin) = (parents.into_iter().collect(), self.origins.at(line));
            concept_records.push(ConceptRecord { id: Uuid::now_v7(), slug, parents, input, codes, origin });
        }
        let (mut queue, mut results) = Queue::build(concept_records, &self.places, &self.origins.places, "place");
        while let Some((number, record)) = queue.next() {
            let keys = RecordKeys::of(&record, &self.places);
            let first = first_origin(&self.origins.places, &keys.identities);
            let result = self.place(record, first).await?;
            queue.record_result(&result, keys, &self.places, &mut self.origins.places);
            results.push((number, result));
        }
        self.finish_records(results).await
    }

    async fn finish_records(&mut self, mut results: Vec<(usize, RecordResult)>) -> Result<Vec<RecordResult>, Error> {
        for (_, result) in &results {
            self.track_result(result);
        }
        self.end_batch().await?;
        results.sort_by_key(|&(number, _)| number);
        Ok(results.into_iter().map(|(_, result)| result).collect())
    }

    /// Returns the slug of the place with the given name. If no place has that name, creates one. If several places
    /// have that name, chooses the place of the most specific kind, for example Singapore the city before Singapore
    /// the country.
    pub async fn find_or_create_place(&mut self, name: &str) -> Result<String, Error> {
        let folded = fold(name);
        let count = self.places.vocabulary.len() as u32;
        let mut matching: Vec<&PlaceImage> = (0..count)
            .map(|number| &**self.places.vocabulary.get(number))
            .filter(|place| place.all_names().any(|name| fold(name) == folded))
            .collect();
        // Most specific kind first: the city of Singapore before the country of Singapore.
        matching.sort_by_key(|place| (std::cmp::Reverse(place.kind), place.id));
        if let Some(place) = matching.first() {
            return Ok(place.slug.clone());
        }
        let id = Uuid::now_v7();
        let preferred_slug = slug::from_headline(name);
        let slug =
            slug_registry::find_available(self.unit_of_work().await?.tx(), Noun::Place, &preferred_slug, id).await?;
        let input =
            PlaceInput { slug: Patch::Set(slug.clone()), name: Patch::Set(name.to_owned()), ..PlaceInput::default() };
        let (parents, codes, origin) = (Vec::new(), Vec::new(), self.origins.at(0));
        match self.place(ConceptRecord { id, slug: slug.clone(), parents, input, codes, origin }, None).await? {
            RecordResult::Refused(why) => Err(Error::field(&["dateline"], ErrorCode::Invalid, why)),
            _ => Ok(slug),
        }
    }

    /// Imports one topic. `first` is the origin of an earlier record of the same topic in this import, if there is
    /// one.
    async fn topic(&mut self, record: ConceptRecord<TopicInput>, first: Option<Origin>) -> Result<RecordResult, Error> {
        let existing = self.topics.by_slug.get(&record.slug).and_then(|&id| self.topics.get(id)).cloned();
        let mut image = existing.clone().unwrap_or_else(|| TopicImage::blank(record.id));
        let broader = match self.topics.ids(&record.parents, "topic") {
            Ok(ids) => ids,
            Err(why) => return Ok(RecordResult::Refused(why)),
        };
        let mut validator = Validator::for_import();
        // The broader topics are already resolved to ids, so the input does not contain them.
        image.apply_input(record.input, &self.topics.vocabulary, &mut validator);
        validator.concept_ids("broader", broader, &mut image.broader);
        if let Err(error) = validator.finish() {
            return Ok(RecordResult::Refused(refusal_message(error)?));
        }
        if let Some(first) = first {
            let same = existing.is_some_and(|existing| existing == image);
            return Ok(if same {
                RecordResult::Duplicate
            } else {
                self.duplicate_conflict("topic", &record.slug, first)
            });
        }
        if let Some(why) = self.topics.code_conflict(&image).or_else(|| self.topics.cycle_error(&image, "topic")) {
            return Ok(RecordResult::Refused(why));
        }
        let overwrite = self.options.overwrite;
        let unit_of_work = self.unit_of_work().await?;
        let Some(before) = existing else {
            topic::Entity::insert(image.to_row(unit_of_work, true)).exec_without_returning(unit_of_work.tx()).await?;
            image.insert_child_rows(unit_of_work.tx()).await?;
            record_concept(
                unit_of_work,
                TOPIC_IMPORT_ACTION,
                Noun::Topic,
                &image.slug,
                image.id,
                None,
                Image::Topic(Box::new(image.clone())),
            )
            .await?;
            self.topics.insert(image);
            return Ok(RecordResult::Created);
        };
        if image == before {
            return Ok(RecordResult::Unchanged);
        }
        let row = topic::Entity::find_by_id(image.id).one(unit_of_work.tx()).await?;
        if !overwrite && row.is_some_and(|row| !row.as_imported) {
            return Ok(RecordResult::Conflict(format!(
                "the topic \"{}\" was changed in Dateline since the last import; it is left unchanged (use --overwrite \
                 to import it anyway)",
                before.slug
            )));
        }
        image.revision += 1;
        if image.slug != before.slug {
            image.former_slugs.retain(|slug| *slug != image.slug);
            image.former_slugs.push(before.slug.clone());
        }
        image.update_rows(unit_of_work.tx(), unit_of_work, true).await?;
        let images = (Image::Topic(Box::new(before)), Image::Topic(Box::new(image.clone())));
        record_concept(unit_of_work, TOPIC_IMPORT_ACTION, Noun::Topic, &image.slug, image.id, Some(images.0), images.1)
            .await?;
        self.topics.insert(image);
        Ok(RecordResult::Updated)
    }

    /// Imports one place. `first` is the origin of an earlier record of the same place in this import, if there is
    /// one.
    async fn place(&mut self, record: ConceptRecord<PlaceInput>, first: Option<Origin>) -> Result<RecordResult, Error> {
        let existing = self.places.by_slug.get(&record.slug).and_then(|&id| self.places.get(id)).cloned();
        let mut image = existing.clone().unwrap_or_else(|| PlaceImage::blank(record.id));
        let within = match self.places.ids(&record.parents, "place") {
            Ok(ids) => ids,
            Err(why) => return Ok(RecordResult::Refused(why)),
        };
        let mut validator = Validator::for_import();
        // The parent place is already resolved to an id, so the input does not contain it.
        image.apply_input(record.input, &self.places.vocabulary, &mut validator);
        image.within = within.first().copied();
        if let Err(error) = validator.finish() {
            return Ok(RecordResult::Refused(refusal_message(error)?));
        }
        if let Some(first) = first {
            let same = existing.is_some_and(|existing| existing == image);
            return Ok(if same {
                RecordResult::Duplicate
            } else {
                self.duplicate_conflict("place", &record.slug, first)
            });
        }
        if let Some(why) = self.places.code_conflict(&image).or_else(|| self.places.cycle_error(&image, "place")) {
            return Ok(RecordResult::Refused(why));
        }
        let overwrite = self.options.overwrite;
        let unit_of_work = self.unit_of_work().await?;
        let Some(before) = existing else {
            place::Entity::insert(image.to_row(unit_of_work, true)).exec_without_returning(unit_of_work.tx()).await?;
            image.insert_child_rows(unit_of_work.tx()).await?;
            record_concept(
                unit_of_work,
                PLACE_IMPORT_ACTION,
                Noun::Place,
                &image.slug,
                image.id,
                None,
                Image::Place(Box::new(image.clone())),
            )
            .await?;
            self.places.insert(image);
            return Ok(RecordResult::Created);
        };
        if image == before {
            return Ok(RecordResult::Unchanged);
        }
        let row = place::Entity::find_by_id(image.id).one(unit_of_work.tx()).await?;
        if !overwrite && row.is_some_and(|row| !row.as_imported) {
            return Ok(RecordResult::Conflict(format!(
                "the place \"{}\" was changed in Dateline since the last import; it is left unchanged (use --overwrite \
                 to import it anyway)",
                before.slug
            )));
        }
        image.revision += 1;
        if image.slug != before.slug {
            image.former_slugs.retain(|slug| *slug != image.slug);
            image.former_slugs.push(before.slug.clone());
        }
        image.update_rows(unit_of_work.tx(), unit_of_work, true).await?;
        let images = (Image::Place(Box::new(before)), Image::Place(Box::new(image.clone())));
        record_concept(unit_of_work, PLACE_IMPORT_ACTION, Noun::Place, &image.slug, image.id, Some(images.0), images.1)
            .await?;
        self.places.insert(image);
        Ok(RecordResult::Updated)
    }
}

async fn record_concept(
    unit_of_work: &mut UnitOfWork,
    action: &str,
    noun: Noun,
    slug: &str,
    id: Uuid,
    before: Option<Image>,
    after: Image,
) -> Result<(), Error> {
    let at = unit_of_work.at();
    slug_registry::reserve(unit_of_work.tx(), noun, slug, id, Some(at)).await?;
    unit_of_work.record(action, noun, id, None, before.as_ref(), Some(&after))
}
