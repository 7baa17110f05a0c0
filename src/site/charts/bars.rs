//! Bars over time: the number of releases in each year.

use crate::{
    catalog::ReleaseSet,
    site::view::{facets::points_by_year, text},
};
use askama::Template;

/// Size of the drawing, in units of the SVG.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 120.0;

/// Space between two bars, as a share of the width of a bar with its space.
const GAP: f64 = 0.2;

/// Maximum number of years. Earlier ones are left out.
const MAX_YEARS: usize = 100;

struct Bar {
    label: String,
    count: String,
    x: String,
    y: String,
    width: String,
    height: String,
    /// Whether the period is not over.
    is_partial: bool,
}

#[derive(Template)]
#[template(path = "bars.html")]
struct Bars {
    finding: String,
    width: f64,
    height: f64,
    base: f64,
    years: Vec<Bar>,
    first: String,
    last: String,
}

/// Draws the releases of a set by the year of their release date. Years that are not over are marked. Returns `None` if
/// the releases are of fewer than two years.
pub fn releases_by_year(set: &ReleaseSet, name: &str, this_year: i32) -> Option<String> {
    let points = with_gaps(points_by_year(set));
    if points.len() < 2 {
        return None;
    }
    let most = points.iter().map(|&(_, count)| count).max().unwrap_or(1).max(1);
    let step = WIDTH / points.len() as f64;
    let bar = |(index, &(year, count)): (usize, &(i32, u64))| {
        // A single release stays visible beside thousands.
        let height = if count == 0 { 0.0 } else { ((HEIGHT - 1.0) * count as f64 / most as f64).max(2.0) };
        let number = |value: f64| format!("{value:.2}");
        Bar {
            label: year.to_string(),
            count: text::number(count),
            x: number(step * (index as f64 + GAP / 2.0)),
            y: number(HEIGHT - height),
            width: number(step * (1.0 - GAP)),
            height: number(height),
            is_partial: year >= this_year,
        }
    };
    let (first, last) = (points.first()?.0, points.last()?.0);
    let template = Bars {
        finding: finding(&points, name, this_year),
        width: WIDTH,
        height: HEIGHT,
        base: HEIGHT - 0.5,
        years: points.iter().enumerate().map(bar).collect(),
        first: first.to_string(),
        last: last.to_string(),
    };
    template.render().ok()
}

/// Adds the years without releases between the first and the last year.
fn with_gaps(points: Vec<(i32, u64)>) -> Vec<(i32, u64)> {
    let (Some(&(first, _)), Some(&(last, _))) = (points.first(), points.last()) else { return points };
    let first = first.max(last.saturating_sub(MAX_YEARS as i32 - 1));
    let count = |year: i32| points.iter().find(|&&(other, _)| other == year).map_or(0, |&(_, count)| count);
    (first..=last).map(|year| (year, count(year))).collect()
}

/// Says what a chart shows.
fn finding(points: &[(i32, u64)], name: &str, this_year: i32) -> String {
    let most = points.iter().max_by_key(|&&(year, count)| (count, year)).copied().unwrap_or_default();
    let total: u64 = points.iter().map(|&(_, count)| count).sum();
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let not_over =
        if last >= this_year && first <= this_year { format!(" {this_year} is not over.") } else { String::new() };
    format!(
        "{}: {} from {first} to {last}, most in {} ({}).{not_over}",
        text::isolated(name),
        text::count(total, "release"),
        most.0,
        text::number(most.1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_without_releases_are_drawn() {
        assert_eq!(with_gaps(vec![(2004, 2), (2006, 1)]), [(2004, 2), (2005, 0), (2006, 1)]);
        assert_eq!(with_gaps(vec![(1, 2), (2006, 1)]).len(), MAX_YEARS);
        assert_eq!(with_gaps(Vec::new()), []);
    }

    #[test]
    fn the_finding_names_the_total_and_the_strongest_year() {
        let points = [(2004, 2), (2005, 0), (2006, 1500)];
        assert_eq!(
            finding(&points, "Work", 2026),
            "\u{2068}Work\u{2069}: 1,502 releases from 2004 to 2006, most in 2006 (1,500)."
        );
        assert!(finding(&points, "Work", 2006).ends_with(" 2006 is not over."));
    }
}
