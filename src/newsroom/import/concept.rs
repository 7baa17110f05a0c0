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
    concept_record::{ConceptRecord, ImportedConcept, code_identity},
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
            concept::{ConceptImage, write},
            place::PlaceInput,
            topic::TopicInput,
        },
        text::slug,
        validation::{Patch, Validator},
    },
};

impl Importer<'_> {
    /// Imports topics and places. Returns the result of each record with its line number, in line order.
    pub async fn import_topics_and_places(
        &mut self,
        topics: Vec<ImportedConcept<TopicInput>>,
        places: Vec<ImportedConcept<PlaceInput>>,
    ) -> Result<Vec<(u64, RecordResult)>, Error> {
        let mut results = self.import_concepts::<TopicImage>(topics).await?;
        results.extend(self.import_concepts::<PlaceImage>(places).await?);
        results.sort_by_key(|&(line, _)| line);
        Ok(results)
    }

    async fn import_concepts<C: ImportedImage>(
        &mut self,
        records: Vec<ImportedConcept<C::Input>>,
    ) -> Result<Vec<(u64, RecordResult)>, Error> {
        let record = |ImportedConcept { line, slug, parents, input }| {
            let (codes, origin) = (C::identities(&input), self.origins.at(line));
            (line, ConceptRecord { id: Uuid::now_v7(), slug, parents, input, codes, origin })
        };
        let records = records.into_iter().map(record).collect();
        let (index, origins) = C::indexes(self);
        let (mut queue, mut results) = Queue::build(records, index, origins, C::WORD);
        while let Some((line, record)) = queue.next() {
            let (index, origins) = C::indexes(self);
            let keys = RecordKeys::of(&record, index);
            let first = first_origin(origins, &keys.identities);
            let result = self.concept::<C>(record, first).await?;
            let (index, origins) = C::indexes(self);
            queue.record_result(&result, keys, index, origins);
            results.push((line, result));
        }
        for (_, result) in &results {
            self.track_result(result);
        }
        self.end_batch().await?;
        Ok(results)
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
    async fn concept<C: ImportedImage>(
        &mut self,
        record: ConceptRecord<C::Input>,
        first: Option<Origin>,
    ) -> Result<RecordResult, Error> {
        let (index, _) = C::indexes(self);
        let existing = index.by_slug(&record.slug).cloned();
        let mut image = existing.clone().unwrap_or_else(|| C::blank(record.id));
        let broader = match index.ids(&record.parents) {
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
        if let Some(why) = index.code_conflict(&image).or_else(|| index.cycle_error(&image)) {
            return Ok(RecordResult::Refused(why));
        }
        let overwrite = self.options.overwrite;
        let unit_of_work = self.unit_of_work().await?;
        let mut result = RecordResult::Created;
        if let Some(before) = &existing {
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
            result = RecordResult::Updated;
        }
        let image = write(unit_of_work, "import", existing, image, true).await?;
        C::indexes(self).0.insert(image);
        Ok(result)
    }
}

/// A topic or place in an import.
trait ImportedImage: ConceptImage {
    /// Returns the index of the concepts, and the origins of the accepted records by identity.
    fn indexes<'i>(importer: &'i mut Importer<'_>) -> (&'i mut ConceptIndex<Self>, &'i mut HashMap<String, Origin>);
    /// Returns the codes and the URI of a record, as identities.
    fn identities(input: &Self::Input) -> Vec<String>;
}

impl ImportedImage for TopicImage {
    fn indexes<'i>(importer: &'i mut Importer<'_>) -> (&'i mut ConceptIndex<Self>, &'i mut HashMap<String, Origin>) {
        (&mut importer.topics, &mut importer.origins.topics)
    }

    fn identities(input: &TopicInput) -> Vec<String> {
        code_identity("uri", &input.uri).into_iter().collect()
    }
}

impl ImportedImage for PlaceImage {
    fn indexes<'i>(importer: &'i mut Importer<'_>) -> (&'i mut ConceptIndex<Self>, &'i mut HashMap<String, Origin>) {
        (&mut importer.places, &mut importer.origins.places)
    }

    fn identities(input: &PlaceInput) -> Vec<String> {
        let PlaceInput { uri, iso3166_alpha2, iso3166_alpha3, m49, geonames_id, .. } = input;
        let geonames = match geonames_id {
            Patch::Set(id) => Some(format!("geonames {id}")),
            _ => None,
        };
        let codes = [("uri", uri), ("iso", iso3166_alpha2), ("iso", iso3166_alpha3), ("m49", m49)];
        codes.into_iter().filter_map(|(kind, value)| code_identity(kind, value)).chain(geonames).collect()
    }
}
