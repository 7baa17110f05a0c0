//! Text analysis: tokens, folding and stemming. Index and queries use the same functions.
//!
//! - `fold`: case, accents and compatibility characters
//! - `tokens`: cuts a text into tokens with positions
//! - `language`: stemmers by language
//! - `segmentation`: cuts the words of a query in scripts that do not separate words

pub mod fold;
pub mod language;
pub mod segmentation;
pub mod tokens;
