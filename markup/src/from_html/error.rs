//! Limits on imported HTML, and the errors if it exceeds them.

/// Maximum number of elements that are open at the same time.
pub(super) const MAX_DEPTH: usize = 200;

/// Maximum number of tags.
pub(super) const MAX_TAGS: usize = 100_000;

/// Maximum number of characters in a tag that separate attributes: white space, `/` and the ends of quoted values.
pub(super) const MAX_SEPARATORS: usize = 10_000;

/// Maximum length of an HTML body, in bytes.
pub(super) const MAX_BYTES: usize = 10_000_000;

/// Why an HTML body is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HtmlError {
    /// The HTML is longer than the limit.
    #[error("the HTML is {length} bytes long; the maximum is {MAX_BYTES}: shorten it")]
    TooLong {
        /// Length of the HTML, in bytes.
        length: usize,
    },
    /// The HTML opens too many elements inside each other.
    #[error("the HTML nests more than {limit} elements, the last one <{element}> at byte {position}: close or remove tags", limit = MAX_DEPTH)]
    TooDeep {
        /// Name of the element that exceeds the limit.
        element: String,
        /// Position of its start tag, in bytes.
        position: usize,
    },
    /// The HTML has too many tags.
    #[error("the HTML has more than {limit} tags, up to byte {position}: remove tags", limit = MAX_TAGS)]
    TooManyTags {
        /// Position of the tag that exceeds the limit, in bytes.
        position: usize,
    },
    /// A tag has too many attributes.
    #[error("the HTML tag at byte {position} has too many attributes: remove attributes, or end the tag with >")]
    TooManyAttributes {
        /// Position of the tag, in bytes.
        position: usize,
    },
}
