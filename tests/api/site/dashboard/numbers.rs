//! Every number of a dashboard equals that of the API and a naive count, under random dates and filters.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use serde_json::Value;

use super::{
    parts::{Cell, number, panel, queried, records, rows},
    records::{Choice, Record, counts, label, months_before, seed},
};
use crate::{
    harness::{TestServer, noon, on_both_databases, random_acts::SeededRng},
    site::between,
};

/// Number of random choices of dates and filters.
const CHOICES: usize = 50;

/// The first and the last day of a range.
type DayRange = (NaiveDate, NaiveDate);

/// Returns the days of a period and those that it is compared with.
fn period(rng: &mut SeededRng, today: NaiveDate) -> (String, DayRange, Option<DayRange>) {
    let month = today.with_day(1).unwrap();
    let whole_before = |first: NaiveDate| first.pred_opt().unwrap();
    match rng.below(5) {
        0 => (
            "period=this-month&compare=previous".to_owned(),
            (month, today),
            Some((months_before(month, 1), months_before(today, 1))),
        ),
        1 => (
            "period=12-months&compare=last-year".to_owned(),
            (months_before(month, 11), today),
            Some((months_before(month, 23), months_before(today, 12))),
        ),
        2 => (
            "period=last-month&compare=previous".to_owned(),
            (months_before(month, 1), whole_before(month)),
            Some((months_before(month, 2), whole_before(months_before(month, 1)))),
        ),
        3 => {
            let from = today - Days::new(rng.below(900) as u64 + 1);
            let until = (from + Days::new(rng.below(400) as u64)).min(today);
            let length = Days::new((until - from).num_days() as u64 + 1);
            (
                format!("from={from}&until={until}&compare=previous"),
                (from, until),
                Some((from - length, until - length)),
            )
        }
        _ => {
            let year = 2003 + rng.below(5) as i32;
            let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
            if year % 2 == 0 {
                let before = (months_before(day(1, 1), 12), months_before(day(12, 31), 12));
                return (format!("year={year}&compare=previous"), (day(1, 1), day(12, 31)), Some(before));
            }
            (format!("year={year}&compare=none"), (day(1, 1), day(12, 31)), None)
        }
    }
}

on_both_databases! {
    async fn every_number_equals_the_api_and_a_naive_count(server: TestServer) {
        let all = seed(&server).await;
        // In the middle of a month, so that the running month has releases.
        let now = noon() - TimeDelta::days(11);
        server.app.clock.set(now);
        let mut rng = SeededRng(50);
        let mut seen = 0;
        for _ in 0..CHOICES {
            let choice = Choice::random(&mut rng);
            let today = choice.zone.map_or(now.date_naive(), |zone| now.with_timezone(&zone).date_naive());
            let (period, days, before) = period(&mut rng, today);
            let interval = ["", "day", "week", "month", "quarter", "year"][rng.below(6)];
            let query = format!("{}&{period}&interval={interval}", choice.parameters());
            let in_days = |(from, until): DayRange| {
                let matching = all.iter().filter(|record| record.matches(&choice));
                matching.filter(|record| (from..=until).contains(&record.day(&choice))).collect::<Vec<_>>()
            };
            let (current, earlier) = (in_days(days), before.map(in_days));
            seen += current.len();
            check_files(&server, &query, &choice, interval, (&current, earlier.as_deref())).await;
            check_page(&server, &query, &current, earlier.as_deref()).await;
        }
        assert!(seen > 1000, "{seen}");
    }
}

/// Compares the CSV files with naive counts.
async fn check_files(
    server: &TestServer,
    query: &str,
    choice: &Choice,
    interval: &str,
    (current, before): (&[&Record], Option<&[&Record]>),
) {
    for field in ["topics", "countries", "places", "kinds", "languages"] {
        let (status, _, csv) = server.page(&format!("/facets.csv?{query}&field={field}"), &[]).await;
        assert_eq!(status, 200, "{query}: {csv}");
        let values = |record: &Record| {
            let kind = |kind: &'static str| kind.to_lowercase().replace('_', "-");
            record.values(field).into_iter().map(kind).collect::<Vec<String>>()
        };
        let naive = counts(current.iter().copied(), values);
        let naive_before = before.map(|before| counts(before.iter().copied(), values));
        let found = records(&csv);
        let of = |row: &BTreeMap<String, String>, column: &str| row[column].parse::<u64>().unwrap();
        let value = |row: &BTreeMap<String, String>| {
            if field == "languages" { row["value"].to_lowercase() } else { row["value"].clone() }
        };
        let counted = found.iter().map(|row| (value(row), of(row, "count"))).filter(|(_, count)| *count > 0);
        let counted: BTreeMap<String, u64> = counted.collect();
        assert_eq!(counted, naive, "{query} {field}");
        if let Some(naive_before) = &naive_before {
            // Values that only the earlier period has are in the file, too.
            let earlier: u64 = found.iter().map(|row| of(row, "before")).sum();
            assert_eq!(earlier, naive_before.values().sum::<u64>(), "{query} {field}");
        }
        for row in &found {
            let share: f64 = row["share"].parse().unwrap();
            assert!((share * current.len() as f64 - of(row, "count") as f64).abs() < 1e-3, "{query} {field}");
            if let Some(naive_before) = &naive_before {
                let before = naive_before.get(&value(row)).copied().unwrap_or(0);
                let change: i64 = row["change"].parse().unwrap();
                assert_eq!(
                    (of(row, "before"), change),
                    (before, of(row, "count") as i64 - before as i64),
                    "{query} {field}"
                );
            }
        }
    }
    if !interval.is_empty() {
        let (_, _, csv) = server.page(&format!("/timeline.csv?{query}"), &[]).await;
        let naive = counts(current.iter().copied(), |record| vec![label(record.day(choice), interval)]);
        let found: BTreeMap<String, u64> = records(&csv)
            .iter()
            .map(|row| (row["period"].clone(), row["count"].parse().unwrap()))
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(found, naive, "{query}");
    }
    let (_, _, csv) = server.page(&format!("/comparison.csv?{query}"), &[]).await;
    let found = records(&csv);
    assert_eq!(found[0]["count"], current.len().to_string(), "{query}");
    if let Some(before) = before {
        assert_eq!(found[0]["before"], before.len().to_string(), "{query}");
    }
}

/// Compares the page with naive totals and with the answers to its queries, and follows its links.
async fn check_page(server: &TestServer, query: &str, current: &[&Record], before: Option<&[&Record]>) {
    let (status, _, page) = server.page(&format!("/dashboard?{query}"), &[]).await;
    assert_eq!(status, 200, "{query}: {page}");
    let total = between(between(&page, "id=\"state\"", "</p>"), "<strong>", " release");
    assert_eq!(total.parse(), Ok(current.len()), "{query}");
    if current.is_empty() {
        assert!(!page.contains("class=\"panel"), "{query}");
        return;
    }
    let summary = queried(server, &page, "summary").await;
    let summary_rows = rows(panel(&page, "summary"));
    assert_eq!(column(&summary_rows, 1), summary_numbers(&summary["current"]), "{query}");
    if let Some(before) = before {
        assert_eq!(column(&summary_rows, 2), summary_numbers(&summary["before"]), "{query}");
        assert_eq!(number(&summary_rows[0][2]), before.len() as i64, "{query}");
    }
    let timeline = queried(server, &page, "timeline").await;
    let points = |set: &Value| -> Vec<i64> {
        set["timeline"]["points"].as_array().unwrap().iter().map(|point| point["count"].as_i64().unwrap()).collect()
    };
    let timeline_rows = rows(panel(&page, "timeline"));
    assert_eq!(column(&timeline_rows, 1), points(&timeline["current"]), "{query}");
    assert_eq!(column(&timeline_rows, 1).iter().sum::<i64>(), current.len() as i64, "{query}");
    if timeline["before"]["timeline"].is_object() {
        let shown: Vec<i64> =
            timeline_rows.iter().filter(|row| row[2].text != "–").map(|row| number(&row[2])).collect();
        let found: Vec<i64> = points(&timeline["before"]).into_iter().take(shown.len()).collect();
        assert_eq!(shown, found, "{query}");
    }
    for (id, field) in [("topics", "topics"), ("countries", "places"), ("kinds", "kinds"), ("languages", "languages")] {
        let data = queried(server, &page, id).await;
        let facet = rows(panel(&page, id));
        let buckets = data["current"]["facets"][field]["buckets"].as_array().unwrap();
        let counts: Vec<i64> = buckets.iter().map(|bucket| bucket["count"].as_i64().unwrap()).collect();
        assert_eq!(column(&facet, 1), counts, "{query} {id}");
        if id != "languages" {
            let labels: Vec<&str> = buckets.iter().map(|bucket| bucket["label"].as_str().unwrap()).collect();
            assert_eq!(facet.iter().map(|row| row[0].text.as_str()).collect::<Vec<_>>(), labels, "{query} {id}");
        }
        if before.is_some() {
            let earlier = data["before"]["facets"][field]["buckets"].as_array().unwrap();
            let count = |bucket: &Value| {
                let same = earlier.iter().find(|other| other["key"] == bucket["key"]);
                same.map_or(0, |other| other["count"].as_i64().unwrap())
            };
            assert_eq!(column(&facet, 3), buckets.iter().map(count).collect::<Vec<_>>(), "{query} {id}");
        }
        for row in facet.iter().take(2) {
            follow(server, &row[1]).await;
        }
    }
    let series = queried(server, &page, "topics-over-time").await;
    let found: Vec<i64> = series["releaseStats"]["facets"]["topics"]["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|bucket| bucket["stats"]["timeline"]["points"].as_array().unwrap())
        .map(|point| point["count"].as_i64().unwrap())
        .collect();
    let series_rows = rows(panel(&page, "topics-over-time"));
    assert!(series_rows.is_empty() || column(&series_rows, 2) == found, "{query}");
    if let Some(row) = series_rows.iter().find(|row| row[2].href.is_some()) {
        follow(server, &row[2]).await;
    }
    let trends = queried(server, &page, "trends").await;
    let trend_rows = rows(panel(&page, "trends"));
    for (row, trend) in trend_rows.iter().zip(trends["trendingTopics"].as_array().unwrap()) {
        let expected = format!("{:.1}", trend["expected"].as_f64().unwrap());
        assert_eq!(
            (number(&row[1]), row[2].text.as_str()),
            (trend["count"].as_i64().unwrap(), expected.as_str()),
            "{query}"
        );
        follow(server, &row[1]).await;
    }
    // The page shows the trends that chance hardly explains. The best ones come first.
    let clear = |trend: &&Value| trend["score"].as_f64().unwrap() > 3.84;
    assert_eq!(trend_rows.len(), trends["trendingTopics"].as_array().unwrap().iter().filter(clear).count(), "{query}");
    for row in [&summary_rows[0], &timeline_rows[0], timeline_rows.last().unwrap()] {
        follow(server, &row[1]).await;
        if let Some(before) = row.get(2).filter(|cell| cell.href.is_some()) {
            follow(server, before).await;
        }
    }
}

fn column(rows: &[Vec<Cell>], index: usize) -> Vec<i64> {
    rows.iter().map(|row| number(&row[index])).collect()
}

fn summary_numbers(set: &Value) -> Vec<i64> {
    let distinct = |field: &str| set["facets"][field]["distinctValues"].as_i64().unwrap();
    vec![set["count"].as_i64().unwrap(), distinct("topics"), distinct("countries"), distinct("languages")]
}

/// Follows the link of a number: the list has as many releases.
async fn follow(server: &TestServer, cell: &Cell) {
    let href = cell.href.as_ref().unwrap();
    let (status, _, list) = server.page(href.trim_end_matches("#results"), &[]).await;
    assert_eq!(status, 200, "{href}: {list}");
    let text = between(&list, "<h2 id=\"results\" tabindex=\"-1\">", " release");
    assert_eq!(text.replace(',', "").parse(), Ok(number(cell)), "{href}");
}
