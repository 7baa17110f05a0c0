//! Schema of a segment: one inverted field for each text of a document, its key and its language.

use std::sync::LazyLock;

use tantivy::{
    Index, IndexBuilder, IndexSettings,
    schema::{self, FAST, IndexRecordOption, TextFieldIndexing, TextOptions},
    store::Compressor,
    tokenizer::TokenizerManager,
};

use super::tokenizer::{DocumentTokenizer, TOKENIZER};

/// Version of the format of an index: tokenization, stemming and fields. An index of another version is built again.
pub const FORMAT: u32 = 1;

/// A text of a document, which can be searched alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The headline.
    Headline = 0,
    /// The subheadline.
    Subheadline = 1,
    /// The summary.
    Summary = 2,
    /// The body, without markup.
    Body = 3,
    /// The place of the dateline as printed.
    Dateline = 4,
    /// The names of the topics. They are not in the index: the caller passes them with the query.
    Topics = 5,
    /// The names of the places. They are not in the index: the caller passes them with the query.
    Places = 6,
}

impl Field {
    /// The fields in the index.
    pub const INDEXED: [Self; 5] = [Self::Headline, Self::Subheadline, Self::Summary, Self::Body, Self::Dateline];

    /// All fields.
    pub const ALL: [Self; 7] =
        [Self::Headline, Self::Subheadline, Self::Summary, Self::Body, Self::Dateline, Self::Topics, Self::Places];

    /// Factor by which an occurrence in this field counts more than one in the body.
    pub fn boost(self) -> f32 {
        match self {
            Self::Headline => 4.0,
            Self::Subheadline | Self::Summary | Self::Topics => 2.0,
            Self::Places => 1.5,
            Self::Body | Self::Dateline => 1.0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Headline => "headline",
            Self::Subheadline => "subheadline",
            Self::Summary => "summary",
            Self::Body => "body",
            Self::Dateline => "dateline",
            Self::Topics => "topics",
            Self::Places => "places",
        }
    }
}

/// The fields of the schema.
pub struct Schema {
    inner: schema::Schema,
    /// The key of the document: 16 bytes.
    pub key: schema::Field,
    /// Number of the document's language (`text::language`).
    pub language: schema::Field,
    /// The texts, in the order of `Field::INDEXED`.
    pub texts: [schema::Field; Field::INDEXED.len()],
}

/// Name of the field with the language in a segment.
pub const LANGUAGE: &str = "language";

/// The schema of all segments.
pub static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let mut builder = schema::Schema::builder();
    let key = builder.add_bytes_field("key", schema::INDEXED);
    let language = builder.add_u64_field(LANGUAGE, FAST);
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions)
        .set_fieldnorms(true);
    let texts = Field::INDEXED.map(|field| {
        builder.add_text_field(field.name(), TextOptions::default().set_indexing_options(indexing.clone()))
    });
    Schema { inner: builder.build(), key, language, texts }
});

impl Schema {
    /// Returns the schema of tantivy.
    pub fn index_schema(&self) -> schema::Schema {
        self.inner.clone()
    }

    /// Returns a builder of an index with this schema.
    pub fn index_builder(&self) -> IndexBuilder {
        let settings = IndexSettings {
            docstore_compression: Compressor::None,
            docstore_compress_dedicated_thread: false,
            ..IndexSettings::default()
        };
        let tokenizers = TokenizerManager::default();
        tokenizers.register(TOKENIZER, DocumentTokenizer::default());
        Index::builder().schema(self.inner.clone()).settings(settings).tokenizers(tokenizers)
    }
}
