//! Tests of timelines over releases that are centuries apart: the argument `fill: OMIT`, the maximum number of
//! points, and the query cost.

use dateline::{config::HttpConfig, limits::Limits};
use serde_json::{Value, json};

use crate::harness::{Caller, TestServer, on_both_databases};

/// Imports four releases with dates centuries apart.
async fn import_scattered_releases(server: &TestServer) {
    let release = |slug: &str, date: &str, published: &str| json!({ "type": "release", "slug": slug, "headline": "A", "releaseDate": date, "state": "PUBLISHED", "publishedAt": published });
    server
        .import(&[
            release("a", "0206-05-08", "1999-12-31T23:30:00Z"),
            release("b", "2006-05-08", "2006-05-08T22:30:00Z"),
            release("c", "2006-05-09", "2006-05-09T10:00:00Z"),
            release("d", "9999-12-31", "2007-05-01T00:00:00Z"),
        ])
        .await;
}

/// Queries a timeline with the given arguments. Returns the whole response.
async fn timeline(server: &TestServer, arguments: &str) -> Value {
    let query = format!("{{ releaseStats {{ timeline({arguments}) {{ points {{ label count cumulative }} }} }} }}");
    server.execute(Caller::Public, &query, json!({})).await
}

fn labels(response: &Value) -> Vec<&str> {
    let points =
        response["data"]["releaseStats"]["timeline"]["points"].as_array().unwrap_or_else(|| panic!("{response}"));
    points.iter().map(|point| point["label"].as_str().unwrap()).collect()
}

on_both_databases! {
    async fn fill_omit_returns_only_periods_with_releases(server: TestServer) {
        import_scattered_releases(&server).await;
        for (arguments, expected) in [
            ("interval: MONTH, fill: OMIT", &["0206-05", "2006-05", "9999-12"][..]),
            ("interval: DAY, fill: OMIT", &["0206-05-08", "2006-05-08", "2006-05-09", "9999-12-31"]),
            ("interval: WEEK, fill: OMIT", &["0206-W19", "2006-W19", "9999-W52"]),
            ("interval: DAY, fill: OMIT, range: {from: \"0206-05-09\", until: \"9999-12-30\"}", &["2006-05-08", "2006-05-09"]),
            ("interval: DAY, fill: OMIT, range: {from: \"0001-01-01\", until: \"9999-12-31\"}, dateField: PUBLISHED_AT", &["1999-12-31", "2006-05-08", "2006-05-09", "2007-05-01"]),
            ("interval: DAY, fill: OMIT, range: {from: \"0001-01-01\", until: \"9999-12-31\"}, dateField: PUBLISHED_AT, timeZone: \"Asia/Tokyo\"", &["2000-01-01", "2006-05-09", "2007-05-01"]),
        ] {
            let response = timeline(&server, arguments).await;
            assert_eq!(labels(&response), expected, "{arguments}");
            assert_eq!(response["data"]["releaseStats"]["timeline"]["points"].as_array().unwrap().last().unwrap()["cumulative"], if arguments.contains("0206-05-09") { 2 } else { 4 });
        }
        for interval in ["DAY", "MONTH"] {
            let response = timeline(&server, &format!("interval: {interval}")).await;
            let message = response["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{response}"));
            assert!(message.contains("at most 4000 are drawn"), "{message}");
        }
        let filtered = "{ releases(filter: {releaseDate: {until: \"2006-12-31\"}}) { timeline(interval: DAY, fill: OMIT) { points { label } } } }";
        let data = server.data(Caller::Public, filtered, json!({})).await;
        assert_eq!(data["releases"]["timeline"]["points"].as_array().unwrap().len(), 3);
    }

    async fn too_many_periods_are_an_error_with_fill_omit(server: TestServer) {
        let first = chrono::NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
        let release = |number: u64| {
            let date = first + chrono::Days::new(number * 7);
            json!({ "type": "release", "slug": format!("r{number}"), "headline": "A", "releaseDate": date, "state": "PUBLISHED", "publishedAt": "2006-05-08T00:00:00Z" })
        };
        server.import(&(0..4000).map(release).collect::<Vec<_>>()).await;
        assert_eq!(labels(&timeline(&server, "interval: DAY, fill: OMIT").await).len(), 4000);
        server.import(&[release(4000)]).await;
        let response = timeline(&server, "interval: DAY, fill: OMIT").await;
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("more than 4000 periods have releases"), "{response}");
    }

    async fn timeline_cost_covers_the_points_returned(server: TestServer) {
        import_scattered_releases(&server).await;
        let limits = Limits { cost: 30, ..Limits::default() };
        let server = server.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
        // With `fill: OMIT` the timeline has at most four points, because there are four releases.
        for interval in ["DAY", "MONTH", "YEAR"] {
            let response = timeline(&server, &format!("interval: {interval}, fill: OMIT")).await;
            assert!(response["errors"].is_null(), "{response}");
        }
        // Timelines of 9,794 years (which costs as much as the maximum of 4,000 points) and of 91 months exceed the
        // cost limit of 30. A timeline of 31 quarters does not.
        for arguments in ["interval: YEAR", "interval: QUARTER, dateField: PUBLISHED_AT", "interval: MONTH, dateField: PUBLISHED_AT"] {
            let response = timeline(&server, arguments).await;
            let fits = arguments.starts_with("interval: QUARTER");
            assert_eq!(response["errors"].is_null(), fits, "{arguments}: {response}");
            assert!(fits || response["errors"][0]["message"].as_str().unwrap().contains("limits.cost"), "{response}");
        }
    }
}
