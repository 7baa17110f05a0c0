//! Charts as SVG, drawn by the server. On pages, colours come from the style sheet, so a chart follows light, dark and
//! print. Whoever draws a chart adds a sentence that states what it shows, and a table with its numbers.
//!
//! - `drawing`: how a chart is drawn: on a page or as a file
//! - `scale`: value axis with round ticks
//! - `columns`: numbers over time as vertical bars
//! - `bars`: numbers of several values as horizontal bars
//! - `multiples`: numbers over time of several values, side by side on one scale

pub mod bars;
pub mod columns;
pub mod drawing;
pub mod multiples;
pub mod scale;
