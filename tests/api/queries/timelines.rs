//! Timelines over releases that lie centuries apart: what is drawn, and what it costs.

use crate::harness::{Desk, Who, on_both};
use dateline::{http::config::HttpConfig, limits::Limits};
use serde_json::{Value, json};

/// Four releases, centuries apart.
async fn scattered(desk: &Desk) {
    let release = |slug: &str, date: &str, published: &str| json!({ "type": "release", "slug": slug, "headline": "A", "releaseDate": date, "state": "PUBLISHED", "publishedAt": published });
    desk.import(&[
        release("a", "0206-05-08", "1999-12-31T23:30:00Z"),
        release("b", "2006-05-08", "2006-05-08T22:30:00Z"),
        release("c", "2006-05-09", "2006-05-09T10:00:00Z"),
        release("d", "9999-12-31", "2007-05-01T00:00:00Z"),
    ])
    .await;
}

/// Asks for a timeline.
async fn timeline(desk: &Desk, arguments: &str) -> Value {
    let query = format!("{{ releaseStats {{ timeline({arguments}) {{ points {{ label count cumulative }} }} }} }}");
    desk.ask(Who::Public, &query, json!({})).await
}

fn labels(answer: &Value) -> Vec<&str> {
    let points = answer["data"]["releaseStats"]["timeline"]["points"].as_array().unwrap_or_else(|| panic!("{answer}"));
    points.iter().map(|point| point["label"].as_str().unwrap()).collect()
}

on_both! {
    async fn only_periods_with_releases_are_drawn_and_counted(desk: Desk) {
        scattered(&desk).await;
        for (arguments, expected) in [
            ("interval: MONTH, fill: OMIT", &["0206-05", "2006-05", "9999-12"][..]),
            ("interval: DAY, fill: OMIT", &["0206-05-08", "2006-05-08", "2006-05-09", "9999-12-31"]),
            ("interval: WEEK, fill: OMIT", &["0206-W19", "2006-W19", "9999-W52"]),
            ("interval: DAY, fill: OMIT, range: {from: \"0206-05-09\", until: \"9999-12-30\"}", &["2006-05-08", "2006-05-09"]),
            ("interval: DAY, fill: OMIT, range: {from: \"0001-01-01\", until: \"9999-12-31\"}, dateField: PUBLISHED_AT", &["1999-12-31", "2006-05-08", "2006-05-09", "2007-05-01"]),
            ("interval: DAY, fill: OMIT, range: {from: \"0001-01-01\", until: \"9999-12-31\"}, dateField: PUBLISHED_AT, timeZone: \"Asia/Tokyo\"", &["2000-01-01", "2006-05-09", "2007-05-01"]),
        ] {
            let answer = timeline(&desk, arguments).await;
            assert_eq!(labels(&answer), expected, "{arguments}");
            assert_eq!(answer["data"]["releaseStats"]["timeline"]["points"].as_array().unwrap().last().unwrap()["cumulative"], if arguments.contains("0206-05-09") { 2 } else { 4 });
        }
        for interval in ["DAY", "MONTH"] {
            let answer = timeline(&desk, &format!("interval: {interval}")).await;
            let message = answer["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{answer}"));
            assert!(message.contains("at most 4000 are drawn"), "{message}");
        }
        let filtered = "{ releases(filter: {releaseDate: {until: \"2006-12-31\"}}) { timeline(interval: DAY, fill: OMIT) { points { label } } } }";
        let data = desk.data(Who::Public, filtered, json!({})).await;
        assert_eq!(data["releases"]["timeline"]["points"].as_array().unwrap().len(), 3);
    }

    async fn more_periods_than_are_drawn_are_an_error_with_omit_too(desk: Desk) {
        let first = chrono::NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
        let release = |number: u64| {
            let date = first + chrono::Days::new(number * 7);
            json!({ "type": "release", "slug": format!("r{number}"), "headline": "A", "releaseDate": date, "state": "PUBLISHED", "publishedAt": "2006-05-08T00:00:00Z" })
        };
        desk.import(&(0..4000).map(release).collect::<Vec<_>>()).await;
        assert_eq!(labels(&timeline(&desk, "interval: DAY, fill: OMIT").await).len(), 4000);
        desk.import(&[release(4000)]).await;
        let answer = timeline(&desk, "interval: DAY, fill: OMIT").await;
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("more than 4000 periods have releases"), "{answer}");
    }

    async fn the_price_is_no_less_than_what_is_drawn(desk: Desk) {
        scattered(&desk).await;
        let limits = Limits { cost: 30, ..Limits::default() };
        let desk = desk.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        // Four releases have no more than four periods.
        for interval in ["DAY", "MONTH", "YEAR"] {
            let answer = timeline(&desk, &format!("interval: {interval}, fill: OMIT")).await;
            assert!(answer["errors"].is_null(), "{answer}");
        }
        // 9,794 years (priced as the maximum of 4,000), and 91 months by publication, cost more than 30; 31 quarters do not.
        for arguments in ["interval: YEAR", "interval: QUARTER, dateField: PUBLISHED_AT", "interval: MONTH, dateField: PUBLISHED_AT"] {
            let answer = timeline(&desk, arguments).await;
            let fits = arguments.starts_with("interval: QUARTER");
            assert_eq!(answer["errors"].is_null(), fits, "{arguments}: {answer}");
            assert!(fits || answer["errors"][0]["message"].as_str().unwrap().contains("limits.cost"), "{answer}");
        }
    }
}
