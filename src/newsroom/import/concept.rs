//! Importing topics and places: in whatever order they come, broader ones first in the end.

use entity::{Noun, place, topic};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::{
    Importer, Known, Outcome,
    origin::{Origin, seen_before},
    queue::{Met, Queue},
    refusal,
};
use crate::{
    catalog::{Concept, ConceptRef, ExternalCode, fold},
    journal::{Image, PlaceImage, TopicImage},
    newsroom::{
        Error, Patch, address,
        form::{Validator, has_path},
        place::PlaceInput,
        slug,
        topic::TopicInput,
        write::UnitOfWork,
    },
};

/// A topic or place as it comes: its slug, what it is right below by slug, and everything else.
#[derive(Clone, Debug)]
pub(super) struct Incoming<I> {
    /// What it is known by where it is new. Made in the order of the records, which is the order of an export.
    pub(super) id: Uuid,
    pub(super) slug: String,
    pub(super) above: Vec<String>,
    input: I,
    /// Its codes and URI, as identities.
    codes: Vec<String>,
    pub(super) origin: Origin,
}

impl Importer<'_> {
    /// Takes in topics: `(line, slug, slugs of broader ones, the rest)`. Outcomes come in the order of the records.
    pub async fn topics(
        &mut self,
        records: Vec<(u64, String, Vec<String>, TopicInput)>,
    ) -> Result<Vec<Outcome>, Error> {
        let mut incoming = Vec::with_capacity(records.len());
        for (line, slug, above, input) in records {
            let codes = code("uri", &input.uri).into_iter().collect();
            let origin = self.origins.at(line);
            incoming.push(Incoming { id: Uuid::now_v7(), slug, above, input, codes, origin });
        }
        let (mut queue, mut outcomes) = Queue::of(incoming, &self.topics, &self.origins.topics, "topic");
        while let Some((number, record)) = queue.next() {
            let met = Met::of(&record, &self.topics);
            let first = seen_before(&self.origins.topics, &met.identities);
            let outcome = self.topic(record, first).await?;
            queue.note(&outcome, met, &self.topics, &mut self.origins.topics);
            outcomes.push((number, outcome));
        }
        self.end(outcomes).await
    }

    /// Takes in places: `(line, slug, slug of the one it lies in, the rest)`. Outcomes come in the order of the records.
    pub async fn places(
        &mut self,
        records: Vec<(u64, String, Option<String>, PlaceInput)>,
    ) -> Result<Vec<Outcome>, Error> {
        let mut incoming = Vec::with_capacity(records.len());
        for (line, slug, above, input) in records {
            let PlaceInput { uri, iso3166_alpha2, iso3166_alpha3, m49, geonames_id, .. } = &input;
            let geonames = match geonames_id {
                Patch::Set(id) => Some(format!("geonames {id}")),
                _ => None,
            };
            let codes = [("uri", uri), ("iso", iso3166_alpha2), ("iso", iso3166_alpha3), ("m49", m49)];
            let codes = codes.into_iter().filter_map(|(sort, value)| code(sort, value)).chain(geonames).collect();
            let (above, origin) = (above.into_iter().collect(), self.origins.at(line));
            incoming.push(Incoming { id: Uuid::now_v7(), slug, above, input, codes, origin });
        }
        let (mut queue, mut outcomes) = Queue::of(incoming, &self.places, &self.origins.places, "place");
        while let Some((number, record)) = queue.next() {
            let met = Met::of(&record, &self.places);
            let first = seen_before(&self.origins.places, &met.identities);
            let outcome = self.place(record, first).await?;
            queue.note(&outcome, met, &self.places, &mut self.origins.places);
            outcomes.push((number, outcome));
        }
        self.end(outcomes).await
    }

    async fn end(&mut self, mut outcomes: Vec<(usize, Outcome)>) -> Result<Vec<Outcome>, Error> {
        for (_, outcome) in &outcomes {
            self.note(outcome);
        }
        self.end_batch().await?;
        outcomes.sort_by_key(|&(number, _)| number);
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    /// The slug of the city or other place of a name, made where there is none.
    pub async fn place_named(&mut self, name: &str) -> Result<String, Error> {
        let folded = fold(name);
        let count = self.places.vocabulary.len() as u32;
        let mut found: Vec<&PlaceImage> = (0..count)
            .map(|number| &**self.places.vocabulary.get(number))
            .filter(|place| place.all_names().any(|name| fold(name) == folded))
            .collect();
        // The most exact sort of place first: Singapore the city before Singapore the country.
        found.sort_by_key(|place| (std::cmp::Reverse(place.kind), place.id));
        if let Some(place) = found.first() {
            return Ok(place.slug.clone());
        }
        let id = Uuid::now_v7();
        let wish = slug::from_headline(name);
        let slug = address::find_available(self.write().await?.tx(), Noun::Place, &wish, id).await?;
        let input =
            PlaceInput { slug: Patch::Set(slug.clone()), name: Patch::Set(name.to_owned()), ..PlaceInput::default() };
        let (above, codes, origin) = (Vec::new(), Vec::new(), self.origins.at(0));
        match self.place(Incoming { id, slug: slug.clone(), above, input, codes, origin }, None).await? {
            Outcome::Refused(why) => Err(Error::field(&["dateline"], crate::newsroom::ErrorCode::Invalid, why)),
            _ => Ok(slug),
        }
    }

    /// `first`: where the import took the same topic before.
    async fn topic(&mut self, record: Incoming<TopicInput>, first: Option<Origin>) -> Result<Outcome, Error> {
        let there = self.topics.by_slug.get(&record.slug).and_then(|&id| self.topics.get(id)).cloned();
        let mut image = there.clone().unwrap_or_else(|| TopicImage::blank(record.id));
        let broader = match self.topics.ids(&record.above, "topic") {
            Ok(ids) => ids,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let mut input = record.input;
        input.broader = Patch::Set(broader.into_iter().map(ConceptRef::Id).collect());
        let mut form = Validator::for_import();
        image.apply_input(input, &self.topics.vocabulary, &mut form);
        if let Err(error) = form.finish() {
            return Ok(Outcome::Refused(refusal(error)?));
        }
        if let Some(first) = first {
            let same = there.is_some_and(|there| there == image);
            return Ok(if same { Outcome::Duplicate } else { self.contradicted("topic", &record.slug, first) });
        }
        if let Some(why) = self.topics.taken(&image).or_else(|| self.topics.cycle(&image, "topic")) {
            return Ok(Outcome::Refused(why));
        }
        let (dry, overwrite) = (there.clone(), self.options.overwrite);
        let write = self.write().await?;
        let Some(before) = dry else {
            topic::Entity::insert(image.to_row(write, true)).exec_without_returning(write.tx()).await?;
            image.insert_child_rows(write.tx()).await?;
            record_concept(
                write,
                "topic.import",
                Noun::Topic,
                &image.slug,
                image.id,
                None,
                Image::Topic(Box::new(image.clone())),
            )
            .await?;
            self.topics.put(image);
            return Ok(Outcome::Created);
        };
        if image == before {
            return Ok(Outcome::Unchanged);
        }
        let row = topic::Entity::find_by_id(image.id).one(write.tx()).await?;
        if !overwrite && row.is_some_and(|row| !row.as_imported) {
            return Ok(Outcome::Conflict(format!(
                "the topic \"{}\" was changed here since the last import; left as it is (--overwrite takes the file's)",
                before.slug
            )));
        }
        image.revision += 1;
        if image.slug != before.slug {
            image.former_slugs.retain(|slug| *slug != image.slug);
            image.former_slugs.push(before.slug.clone());
        }
        image.update_rows(write.tx(), write, true).await?;
        let images = (Image::Topic(Box::new(before)), Image::Topic(Box::new(image.clone())));
        record_concept(write, "topic.import", Noun::Topic, &image.slug, image.id, Some(images.0), images.1).await?;
        self.topics.put(image);
        Ok(Outcome::Updated)
    }

    /// `first`: where the import took the same place before.
    async fn place(&mut self, record: Incoming<PlaceInput>, first: Option<Origin>) -> Result<Outcome, Error> {
        let there = self.places.by_slug.get(&record.slug).and_then(|&id| self.places.get(id)).cloned();
        let mut image = there.clone().unwrap_or_else(|| PlaceImage::blank(record.id));
        let within = match self.places.ids(&record.above, "place") {
            Ok(ids) => ids,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let mut input = record.input;
        input.within = within.first().map_or(Patch::Clear, |&id| Patch::Set(ConceptRef::Id(id)));
        let mut form = Validator::for_import();
        image.apply_input(input, &self.places.vocabulary, &mut form);
        if let Err(error) = form.finish() {
            return Ok(Outcome::Refused(refusal(error)?));
        }
        if let Some(first) = first {
            let same = there.is_some_and(|there| there == image);
            return Ok(if same { Outcome::Duplicate } else { self.contradicted("place", &record.slug, first) });
        }
        if let Some(why) = self.places.taken(&image).or_else(|| self.places.cycle(&image, "place")) {
            return Ok(Outcome::Refused(why));
        }
        let overwrite = self.options.overwrite;
        let write = self.write().await?;
        let Some(before) = there else {
            place::Entity::insert(image.to_row(write, true)).exec_without_returning(write.tx()).await?;
            image.insert_child_rows(write.tx()).await?;
            record_concept(
                write,
                "place.import",
                Noun::Place,
                &image.slug,
                image.id,
                None,
                Image::Place(Box::new(image.clone())),
            )
            .await?;
            self.places.put(image);
            return Ok(Outcome::Created);
        };
        if image == before {
            return Ok(Outcome::Unchanged);
        }
        let row = place::Entity::find_by_id(image.id).one(write.tx()).await?;
        if !overwrite && row.is_some_and(|row| !row.as_imported) {
            return Ok(Outcome::Conflict(format!(
                "the place \"{}\" was changed here since the last import; left as it is (--overwrite takes the file's)",
                before.slug
            )));
        }
        image.revision += 1;
        if image.slug != before.slug {
            image.former_slugs.retain(|slug| *slug != image.slug);
            image.former_slugs.push(before.slug.clone());
        }
        image.update_rows(write.tx(), write, true).await?;
        let images = (Image::Place(Box::new(before)), Image::Place(Box::new(image.clone())));
        record_concept(write, "place.import", Noun::Place, &image.slug, image.id, Some(images.0), images.1).await?;
        self.places.put(image);
        Ok(Outcome::Updated)
    }
}

/// A concept as an identity.
pub(super) fn identity(id: Uuid) -> String {
    format!("id {id}")
}

/// A code of a record as an identity.
fn code(sort: &str, value: &Patch<String>) -> Option<String> {
    let Patch::Set(value) = value else { return None };
    let value = value.trim();
    (!value.is_empty()).then(|| format!("{sort} {value}"))
}

impl<T: Concept> Known<T> {
    /// What a record may be met again by: its slug, the concept that has or had that, its codes. The slug also where it is
    /// known: it was not yet when the first record of a new concept came.
    pub(super) fn identities<I>(&self, record: &Incoming<I>) -> Vec<String> {
        let known = self.by_slug.get(&record.slug).copied().map(identity);
        std::iter::once(format!("slug {}", record.slug)).chain(known).chain(record.codes.iter().cloned()).collect()
    }

    /// Whether there are concepts with all of some slugs.
    pub(super) fn has_all(&self, slugs: &[String]) -> bool {
        slugs.iter().all(|slug| self.by_slug.contains_key(slug))
    }

    /// Keys of slugs.
    pub(super) fn ids(&self, slugs: &[String], noun: &str) -> Result<Vec<Uuid>, String> {
        let id = |slug: &String| {
            self.by_slug.get(slug).copied().ok_or_else(|| {
                let shown: String = slug.chars().take(80).collect();
                format!("there is no {noun} with the slug \"{shown}\": add it to the file, or correct the slug")
            })
        };
        slugs.iter().map(id).collect()
    }

    /// What another concept holds already.
    fn taken(&self, image: &T) -> Option<String> {
        let (code, holder) = image.codes().into_iter().find_map(|code| {
            let holder = self.by_code.get(&code).copied().filter(|&holder| holder != image.id())?;
            Some((code, self.get(holder)?))
        })?;
        let code = match code {
            ExternalCode::Uri(uri) => format!("uri \"{uri}\""),
            ExternalCode::Iso3166(code) => format!("ISO 3166 code \"{code}\""),
            ExternalCode::M49(code) => format!("m49 \"{code}\""),
            ExternalCode::Geonames(id) => format!("geonamesId {id}"),
        };
        Some(format!("the {code} belongs to \"{}\" already: correct one of the two", holder.slug()))
    }

    /// Whether a concept would become its own ancestor.
    fn cycle(&self, image: &T, noun: &str) -> Option<String> {
        let above = |id: Uuid| self.get(id).map(Concept::broader).unwrap_or_default();
        image
            .broader()
            .into_iter()
            .any(|up| has_path(up, image.id(), above))
            .then(|| format!("this {noun} would become its own ancestor: correct what it is below"))
    }
}

async fn record_concept(
    write: &mut UnitOfWork,
    act: &str,
    noun: Noun,
    slug: &str,
    id: Uuid,
    before: Option<Image>,
    after: Image,
) -> Result<(), Error> {
    let at = write.at();
    address::reserve(write.tx(), noun, slug, id, Some(at)).await?;
    write.record(act, noun, id, None, before.as_ref(), Some(&after))
}
