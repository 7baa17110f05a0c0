//! Excerpts of texts that a client sent, for error messages.

/// Maximum length of an excerpt, in characters.
const EXCERPT_CHARS: usize = 60;

/// Returns the first 60 characters of a text.
pub fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS).collect()
}

/// Returns the first 60 characters of a text, followed by an ellipsis if the text is longer.
pub fn excerpt_with_ellipsis(text: &str) -> String {
    let mut excerpt = excerpt(text);
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
