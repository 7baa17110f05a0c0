//! Charts as SVG, drawn by the server. Colours come from the style sheet, so a chart follows light, dark and print.
//! Each chart has a sentence that states what it shows, and a table with its numbers.
//!
//! - `bars`: bars over time

pub mod bars;
