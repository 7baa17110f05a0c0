//! The beginning of a text that a client sent, for messages.

/// Characters of a text that are shown in a message.
const EXCERPT_CHARS: usize = 60;

/// The beginning of a text that may be long.
pub fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS).collect()
}

/// The beginning of a text that may be long; it ends with an ellipsis where it is not the whole.
pub fn excerpt_with_ellipsis(text: &str) -> String {
    let mut excerpt = excerpt(text);
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
