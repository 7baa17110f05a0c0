//! The chart of a topic or place: its releases by year.

use askama::Template;
use chrono_tz::UTC;

use crate::{
    catalog::{DateField, ReleaseSet},
    site::{
        charts::{
            columns::{Column, columns},
            drawing::{Caption, Drawing},
        },
        list_query::ListQuery,
        view::{facets::points_by_year, text},
        visit::Visit,
    },
};

/// Maximum number of years. Earlier ones are left out.
const MAX_YEARS: usize = 100;

#[derive(Template)]
#[template(path = "by_year.html")]
struct ByYear {
    finding: String,
    chart: String,
    years: Vec<Column>,
}

/// Draws the releases of a set by the year of their release date. `query` selects them in a list. Years that are not
/// over are marked. Returns `None` if the releases are of fewer than two years.
pub fn chart(visit: &Visit<'_>, set: &ReleaseSet, query: &ListQuery, name: &str) -> Option<String> {
    let (this_year, _) = visit.year();
    let points = with_gaps(points_by_year(set, DateField::ReleaseDate, UTC));
    if points.len() < 2 {
        return None;
    }
    let column = |&(year, count): &(i32, u64)| {
        let is_partial = year >= this_year;
        let note = if is_partial { " (not over)" } else { "" };
        Column {
            label: year.to_string(),
            label_rank: [2, 5, 10, 20, 50].iter().filter(|&&step| year % step == 0).count() as u8,
            group: String::new(),
            name: format!("{year}: {}{note}", text::count(count, "release")),
            count,
            before: None,
            is_hatched: is_partial,
            href: visit.links.path(&ListQuery { year: Some(year), ..query.clone() }.path()),
        }
    };
    let years: Vec<Column> = points.iter().map(column).collect();
    let finding = finding(&points, name, this_year);
    let chart = columns(&years, "by-year", &Caption::default(), Drawing::Page);
    ByYear { finding, chart, years }.render().ok()
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
