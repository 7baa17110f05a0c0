//! Import of topics and places: validates each record, checks codes, URIs and cycles, and creates or updates the
//! concept.
//!
//! `queue` sorts the records so that broader concepts are imported first. If an editor has changed a concept since
//! the last import, a record that differs from it is a conflict. The journal records each change as `topic.import` or
//! `place.import`.

use std::collections::HashMap;

use entity::Noun;
use uuid::Uuid;

use super::{
    concept_index::ConceptIndex,
    concept_record::{ConceptRecord, code_identity},
    importer::{Importer, RecordResult, refusal_message},
    origin::{Origin, first_origin},
    queue::{Queue, RecordKeys},
};
use crate::{
    catalog::{Concept, fold},
    journal::{PlaceImage, TopicImage},
    newsroom::{
        error::{Error, ErrorCode},
        slug_registry,
        taxonomy::{
            concept::{ConceptImage, keep_former_slug, record as record_change},
            place::PlaceInput,
            topic::TopicInput,
        },
        text::slug,
        validation::{Patch, Validator},
    },
};

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
        self.import_concepts::<TopicImage>(concept_records).await
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
        self.import_concepts::<PlaceImage>(concept_records).await
    }

    async fn import_concepts<C: ImportedConcept>(
        &mut self,
        records: Vec<ConceptRecord<C::Input>>,
    ) -> Result<Vec<RecordResult>, Error> {
        let (index, origins) = C::indexes(self);
        let (mut queue, mut results) = Queue::build(records, index, origins, C::WORD);
        while let Some((number, record)) = queue.next() {
            let (index, origins) = C::indexes(self);
            let keys = RecordKeys::of(&record, index);
            let first = first_origin(origins, &keys.identities);
            let result = self.concept::<C>(record, first).await?;
            let (index, origins) = C::indexes(self);
            queue.record_result(&result, keys, index, origins);
            results.push((number, result));
        }
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
        match self
            .concept::<PlaceImage>(ConceptRecord { id, slug: slug.clone(), parents, input, codes, origin }, None)
            .await?
        {
            RecordResult::Refused(why) => Err(Error::field(&["dateline"], ErrorCode::Invalid, why)),
            _ => Ok(slug),
        }
    }

    /// Imports one topic or place. `first` is the origin of an earlier record of the same concept in this import, if
    /// there is one.
    async fn concept<C: ImportedConcept>(
        &mut self,
        record: ConceptRecord<C::Input>,
        first: Option<Origin>,
    ) -> Result<RecordResult, Error> {
        let (index, _) = C::indexes(self);
        let existing = index.by_slug.get(&record.slug).and_then(|&id| index.get(id)).cloned();
        let mut image = existing.clone().unwrap_or_else(|| C::blank(record.id));
        let broader = match index.ids(&record.parents, C::WORD) {
            Ok(ids) => ids,
            Err(why) => return Ok(RecordResult::Refused(why)),
        };
        let mut validator = Validator::for_import();
        // The broader concepts are already resolved to ids, so the input does not contain them.
        image.apply_input(record.input, &index.vocabulary, &mut validator);
        image.set_broader(broader, &mut validator);
        if let Err(error) = validator.finish() {
            return Ok(RecordResult::Refused(refusal_message(error)?));
        }
        if let Some(first) = first {
            let same = existing.is_some_and(|existing| existing == image);
            return Ok(if same {
                RecordResult::Duplicate
            } else {
                self.duplicate_conflict(C::WORD, &record.slug, first)
            });
        }
        if let Some(why) = index.code_conflict(&image).or_else(|| index.cycle_error(&image, C::WORD)) {
            return Ok(RecordResult::Refused(why));
        }
        let overwrite = self.options.overwrite;
        let unit_of_work = self.unit_of_work().await?;
        let result = if let Some(before) = &existing {
            if image == *before {
                return Ok(RecordResult::Unchanged);
            }
            if !overwrite && !C::is_as_imported(unit_of_work, image.id).await? {
                return Ok(RecordResult::Conflict(format!(
                    "the {} \"{}\" was changed in Dateline since the last import; it is left unchanged (use \
                     --overwrite to import it anyway)",
                    C::WORD,
                    before.slug
                )));
            }
            image.revision += 1;
            keep_former_slug(before, &mut image);
            image.update_rows(unit_of_work, true).await?;
            RecordResult::Updated
        } else {
            image.insert_rows(unit_of_work, true).await?;
            RecordResult::Created
        };
        record_change(unit_of_work, "import", None, existing, image.clone()).await?;
        C::indexes(self).0.insert(image);
        Ok(result)
    }
}

/// A topic or place in an import.
trait ImportedConcept: ConceptImage {
    /// Returns the index of the concepts, and the origins of the accepted records by identity.
    fn indexes<'i>(importer: &'i mut Importer<'_>) -> (&'i mut ConceptIndex<Self>, &'i mut HashMap<String, Origin>);
}

impl ImportedConcept for TopicImage {
    fn indexes<'i>(importer: &'i mut Importer<'_>) -> (&'i mut ConceptIndex<Self>, &'i mut HashMap<String, Origin>) {
        (&mut importer.topics, &mut importer.origins.topics)
    }
}

impl ImportedConcept for PlaceImage {
    fn indexes<'i>(importer: &'i mut Importer<'_>) -> (&'i mut ConceptIndex<Self>, &'i mut HashMap<String, Origin>) {
        (&mut importer.places, &mut importer.origins.places)
    }
}
