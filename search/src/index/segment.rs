//! Segments: immutable parts of the index, each with its own files, and the slots of their documents.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tantivy::{
    DocId, DocSet, Index, IndexBuilder, SegmentReader, SingleSegmentIndexWriter, TERMINATED, TantivyDocument, Term,
    directory::{Directory, MmapDirectory, RamDirectory},
    fieldnorm::FieldNormReader,
    index::InvertedIndexReader,
    schema::IndexRecordOption,
};

use super::{
    error::IndexError,
    schema::{Field, LANGUAGE, SCHEMA},
    slots::{DEAD, Slots},
    tokenizer::mark_language,
};
use crate::text::language::Language;

/// Key of a document: the id of the revision.
pub type Key = u128;

/// A document: the texts of a revision.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The id of the revision.
    pub key: Key,
    /// The BCP 47 tag of its language.
    pub language: String,
    /// The texts, in the order of `Field::INDEXED`. The body is plain text.
    pub texts: [String; Field::INDEXED.len()],
}

/// An immutable part of the index with the present slots of its documents. Cheap to clone.
#[derive(Clone)]
pub struct Segment {
    files: Arc<Files>,
    pub(crate) slots: Slots,
    /// Number of documents whose slot is not `DEAD`.
    alive: u32,
}

/// The opened files of a segment.
struct Files {
    index: Index,
    reader: SegmentReader,
    keys: Arc<InvertedIndexReader>,
    texts: [(Arc<InvertedIndexReader>, FieldNormReader); Field::INDEXED.len()],
    languages: Vec<Language>,
    /// The folder of the segment. `None` in memory.
    path: Option<PathBuf>,
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").field("path", &self.files.path).field("alive", &self.alive).finish_non_exhaustive()
    }
}

impl Segment {
    /// Opens a segment with the slots that `slot_of` returns for the keys of its documents.
    pub(super) fn open(index: Index, path: Option<PathBuf>, slot_of: impl Fn(Key) -> u32) -> Result<Self, IndexError> {
        let segments = index.searchable_segments()?;
        let [segment] = segments.as_slice() else { return Err(IndexError::Damaged("not one segment".to_owned())) };
        let reader = SegmentReader::open(segment)?;
        let keys = reader.inverted_index(SCHEMA.key)?;
        let mut texts = Vec::with_capacity(Field::INDEXED.len());
        for field in SCHEMA.texts {
            texts.push((reader.inverted_index(field)?, reader.get_fieldnorms_reader(field)?));
        }
        let texts = texts.try_into().map_err(|_| IndexError::Damaged("not all fields".to_owned()))?;
        let column = reader.fast_fields().u64(LANGUAGE)?;
        let languages = (0..reader.max_doc())
            .map(|document| Language::from_number(column.first(document).unwrap_or_default()))
            .collect();
        let mut slots = vec![DEAD; reader.max_doc() as usize];
        for_each_key(&keys, |key, document| slots[document as usize] = slot_of(key))?;
        let files = Files { index, reader, keys, texts, languages, path };
        Ok(Self::with_slots(Arc::new(files), slots.into_iter().collect()))
    }

    fn with_slots(files: Arc<Files>, slots: Slots) -> Self {
        let alive = slots.iter().filter(|&slot| slot != DEAD).count() as u32;
        Self { files, slots, alive }
    }

    /// Returns the same segment with the slots that `slot_of` returns for the keys of its documents.
    pub fn renumbered(&self, slot_of: impl Fn(Key) -> u32) -> Result<Self, IndexError> {
        let mut slots = vec![DEAD; self.documents() as usize];
        for_each_key(&self.files.keys, |key, document| slots[document as usize] = slot_of(key))?;
        Ok(Self::with_slots(self.files.clone(), slots.into_iter().collect()))
    }

    /// Calls a function with the key of each document.
    pub(super) fn for_each_key(&self, each: impl FnMut(Key, DocId)) -> Result<(), IndexError> {
        for_each_key(&self.files.keys, each)
    }

    /// Returns the same segment with other slots, in the order of documents.
    pub(super) fn with_other_slots(&self, slots: Vec<u32>) -> Self {
        debug_assert_eq!(slots.len(), self.documents() as usize);
        Self::with_slots(self.files.clone(), slots.into_iter().collect())
    }

    /// Returns the document with a key.
    pub(super) fn find(&self, key: Key) -> Result<Option<DocId>, IndexError> {
        let term = Term::from_field_bytes(SCHEMA.key, &key.to_be_bytes());
        let postings = self.files.keys.read_postings(&term, IndexRecordOption::Basic)?;
        Ok(postings.map(|postings| postings.doc()).filter(|&document| document != TERMINATED))
    }

    /// Sets the slot of a document.
    pub(super) fn set_slot(&mut self, document: DocId, slot: u32) {
        let was_dead = self.slots.get(document) == DEAD;
        self.slots.set(document, slot);
        match (was_dead, slot == DEAD) {
            (true, false) => self.alive += 1,
            (false, true) => self.alive -= 1,
            _ => {}
        }
    }

    /// Returns the number of documents, dead ones included.
    pub fn documents(&self) -> u32 {
        self.files.reader.max_doc()
    }

    /// Returns the number of documents that are not dead.
    pub fn alive(&self) -> u32 {
        self.alive
    }

    /// Returns the folder of the segment, or `None` if it is in memory.
    pub fn path(&self) -> Option<&Path> {
        self.files.path.as_deref()
    }

    /// Returns whether two values are the same segment, perhaps with different slots.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.files, &other.files)
    }

    pub(super) fn tantivy_index(&self) -> &Index {
        &self.files.index
    }

    /// Returns the inverted index and the lengths of a field.
    pub(crate) fn text(&self, field: Field) -> &(Arc<InvertedIndexReader>, FieldNormReader) {
        &self.files.texts[field as usize]
    }

    /// Returns the languages of the documents.
    pub(crate) fn languages(&self) -> &[Language] {
        &self.files.languages
    }
}

/// Calls a function with each key of a segment and its document.
fn for_each_key(keys: &InvertedIndexReader, mut each: impl FnMut(Key, DocId)) -> Result<(), IndexError> {
    let mut terms = keys.terms().stream()?;
    while let Some((key, info)) = terms.next() {
        let key = <[u8; 16]>::try_from(key).map_err(|_| IndexError::Damaged("a key has not 16 bytes".to_owned()))?;
        let document = keys.read_postings_from_terminfo(info, IndexRecordOption::Basic)?.doc();
        if document != TERMINATED {
            each(Key::from_be_bytes(key), document);
        }
    }
    Ok(())
}

/// Builds a segment from documents.
pub struct SegmentBuilder {
    writer: SingleSegmentIndexWriter<TantivyDocument>,
    path: Option<PathBuf>,
    documents: usize,
}

impl SegmentBuilder {
    /// Begins a segment in memory for a few documents.
    pub fn in_memory() -> Result<Self, IndexError> {
        Self::begin(Box::new(RamDirectory::create()), None)
    }

    /// Begins a segment in an empty folder.
    pub(super) fn in_folder(path: PathBuf) -> Result<Self, IndexError> {
        Self::begin(Box::new(MmapDirectory::open(&path)?), Some(path))
    }

    fn begin(directory: Box<dyn Directory>, path: Option<PathBuf>) -> Result<Self, IndexError> {
        // The number sizes the hash table of terms. The table grows.
        let budget = if path.is_some() { 32 << 20 } else { 1 << 20 };
        let writer = SCHEMA.index_builder().single_segment_index_writer(directory, budget)?;
        Ok(Self { writer, path, documents: 0 })
    }

    /// Adds a document.
    pub fn add(&mut self, document: &Document) -> Result<(), IndexError> {
        let language = Language::of_tag(&document.language);
        let mut fields = TantivyDocument::with_capacity(document.texts.iter().map(String::len).sum::<usize>() + 64);
        fields.add_bytes(SCHEMA.key, &document.key.to_be_bytes());
        fields.add_u64(SCHEMA.language, language.number().into());
        for (field, text) in SCHEMA.texts.into_iter().zip(&document.texts) {
            if !text.is_empty() {
                fields.add_text(field, mark_language(text, language));
            }
        }
        self.writer.add_document(fields)?;
        self.documents += 1;
        Ok(())
    }

    /// Returns the number of documents.
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// Returns the memory that the segment takes until it is finished, in bytes.
    pub fn memory(&self) -> usize {
        self.writer.mem_usage()
    }

    /// Finishes the segment. Its documents get the given slots by their keys, and `DEAD` if they have none.
    pub fn finish(self, slots: &HashMap<Key, u32>) -> Result<Segment, IndexError> {
        let index = self.writer.finalize()?;
        Segment::open(index, self.path, |key| slots.get(&key).copied().unwrap_or(DEAD))
    }
}

/// Returns the builder with which a segment is opened.
pub(super) fn open_folder(path: &Path) -> Result<Index, IndexError> {
    let builder: IndexBuilder = SCHEMA.index_builder();
    Ok(builder.open_or_create(MmapDirectory::open(path)?)?)
}
