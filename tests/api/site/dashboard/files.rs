//! Tests of CSV and SVG files.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use chrono::{Days, NaiveDate};
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use super::{
    parts::records,
    records::{counts, seed},
};
use crate::{
    harness::{Caller, TestServer, exchange, on_both_databases},
    site::{HOSTILE, public_site},
};

/// Imports releases, one on each day, the oldest first.
async fn import_days(server: &TestServer, count: u64) {
    let first = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
    let lines: Vec<_> = (0..count)
        .map(|number| {
            let date = first + Days::new(number);
            json!({ "type": "release", "slug": format!("r-{number}"), "headline": format!("Number {number}"), "bodyMarkdown": "x",
                "language": "en", "releaseDate": date.to_string(), "publishedAt": format!("{date}T08:00:00Z"), "state": "PUBLISHED" })
        })
        .collect();
    server.import(&lines).await;
}

on_both_databases! {
    async fn a_list_of_any_length_is_complete_and_in_order(server: TestServer) {
        import_days(&server, 1203).await;
        let (status, headers, csv) = server.page("/releases.csv", &[]).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/csv; charset=utf-8; header=present"));
        assert_eq!(headers["content-disposition"], "attachment");
        let found = records(&csv);
        let headlines: Vec<String> = found.iter().map(|row| row["headline"].clone()).collect();
        let expected: Vec<String> = (0..1203).rev().map(|number| format!("Number {number}")).collect();
        assert_eq!(headlines, expected);
        let (_, _, csv) = server.page("/releases.csv?year=2001", &[]).await;
        assert_eq!(records(&csv).len(), 365);
        // A change while the file is sent has no effect on it.
        let request = Request::get("/releases.csv").body(Body::empty()).unwrap();
        let mut body = server.router().oneshot(request).await.unwrap().into_body();
        let mut sent = body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec();
        server.create_published(json!({ "headline": "New", "slug": "new", "releaseDate": "2007-01-01" })).await;
        sent.extend(body.collect().await.unwrap().to_bytes());
        let found = records(std::str::from_utf8(&sent).unwrap());
        assert_eq!(found.iter().map(|row| row["headline"].clone()).collect::<Vec<_>>(), expected);
        assert_eq!(records(&server.page("/releases.csv", &[]).await.2).len(), 1204);
    }

    async fn texts_are_quoted_and_formulas_defused(server: TestServer) {
        let server = server.with_site(public_site()).await;
        let texts = ["=HYPERLINK(\"x\")", "+1 and more", "-a", "@b", "Genève, \"北京\"", HOSTILE];
        let mut lines = vec![json!({ "type": "topic", "slug": "formula", "name": "=1+1" })];
        for (number, text) in texts.iter().enumerate() {
            lines.push(json!({ "type": "release", "slug": format!("r-{number}"), "headline": text, "summary": "Two\nlines", "bodyMarkdown": "x",
                "language": "en", "releaseDate": format!("2006-05-0{}", 9 - number), "state": "PUBLISHED", "topics": ["formula"] }));
        }
        server.import(&lines).await;
        let (_, _, csv) = server.page("/releases.csv", &[]).await;
        let found = records(&csv);
        let headlines: Vec<&str> = found.iter().map(|row| row["headline"].as_str()).collect();
        let (_, _, matches) = server.page("/releases.csv?q=Gen%C3%A8ve", &[]).await;
        assert_eq!(records(&matches)[0]["headline"], "Genève, \"北京\"");
        let defused = ["'=HYPERLINK(\"x\")", "'+1 and more", "'-a", "'@b", "Genève, \"北京\"", HOSTILE];
        assert_eq!(headlines, defused);
        assert_eq!((found[0]["summary"].as_str(), found[0]["topics"].as_str()), ("Two\nlines", "formula"));
        assert_eq!(found[0]["url"], "https://x.example/news/releases/r-0");
        // The change of a topic that has fewer releases is a negative number, and its name is defused.
        let (_, _, csv) = server.page("/facets.csv?field=topics&from=2006-05-08&until=2006-05-09&compare=previous", &[]).await;
        assert_eq!(records(&csv)[0]["label"], "'=1+1");
        let (_, _, csv) = server.page("/facets.csv?field=topics&from=2006-05-09&until=2006-05-12&compare=previous", &[]).await;
        let row = &records(&csv)[0];
        assert_eq!((row["count"].as_str(), row["before"].as_str(), row["change"].as_str()), ("1", "4", "-3"));
    }

    async fn a_byte_order_mark_is_only_in_files_for_spreadsheets(server: TestServer) {
        seed(&server).await;
        for path in ["/releases.csv?x=1", "/facets.csv?field=topics", "/timeline.csv?interval=year", "/trends.csv?x=1", "/comparison.csv?x=1"] {
            let (status, _, csv) = server.page(path, &[]).await;
            assert!(status == 200 && !csv.starts_with('\u{feff}') && csv.contains("\r\n"), "{path}: {csv}");
            let (_, _, marked) = server.page(&format!("{path}&bom=true"), &[]).await;
            assert_eq!(marked, format!("\u{feff}{csv}"), "{path}");
            let (status, _, error) = server.page(&format!("{path}&bom=maybe"), &[]).await;
            assert!(status == 400 && error.contains("“bom” is “maybe”"), "{path}: {error}");
        }
    }

    async fn the_addresses_in_the_documentation_return_tables(server: TestServer) {
        let all = seed(&server).await;
        // Grafana's Infinity data source sends the range of the dashboard as `from` and `until`.
        let (status, _, csv) = server.page("/timeline.csv?interval=day&from=2007-05-01&until=2007-05-31", &[("accept", "*/*"), ("user-agent", "Grafana")]).await;
        let days = records(&csv);
        assert_eq!((status, days.len()), (200, 31));
        assert_eq!((days[0]["first_day"].as_str(), days[30]["complete"].as_str()), ("2007-05-01", "true"));
        // A spreadsheet reads one table from an address.
        let (_, _, csv) = server.page("/facets.csv?field=kinds", &[]).await;
        assert!(csv.starts_with("value,label,count,share\r\n"), "{csv}");
        let naive = counts(&all, |record| record.values("kinds"));
        assert_eq!(records(&csv).len(), naive.len());
        // Browsers on other sites may read it, too.
        let (_, headers, _) = server.page("/facets.csv?field=kinds", &[("origin", "https://y.example")]).await;
        assert_eq!(headers["access-control-allow-origin"], "*");
        let (_, _, split) = server.page("/timeline.csv?split=topics&interval=year", &[]).await;
        let topics: BTreeSet<String> = records(&split).into_iter().map(|row| row["value"].clone()).collect();
        assert_eq!(topics, counts(&all, |record| record.values("topics")).into_keys().map(str::to_owned).collect());
    }

    async fn invalid_parameters_of_files_are_named(server: TestServer) {
        seed(&server).await;
        for (path, status, text) in [
            ("/facets.csv", 400, "“field” is missing: write one of topics, countries, places, kinds, languages."),
            ("/facets.csv?field=authors", 400, "“field” is “authors”: write one of topics,"),
            ("/timeline.csv?split=kinds", 400, "“split” is “kinds”: write topics."),
            ("/timeline.csv?interval=day&from=0001-01-01&until=9999-12-31", 400, "choose a longer `interval` or a shorter `range`"),
            ("/releases.csv?topic=nowhere", 404, "There is no topic “nowhere”."),
            ("/dashboard/nothing.svg", 404, "There is no chart with this name."),
            ("/dashboard/timeline.svg?from=2050-01-01", 404, "This chart cannot be drawn. 0 releases"),
            ("/dashboard/timeline.svg?from=1000-01-01&until=2006-12-31", 404, "This chart cannot be drawn. There are 1,007 periods, and a chart has space for 400"),
            ("/timeline.csv?split=topics&interval=day&period=all&from=1997-06-01&until=2007-12-31", 400, "The file would have "),
            ("/trends.csv?q=number", 400, "Trends are not computed for a search."),
            ("/dashboard/timeline.png", 404, "There is no page at this address."),
        ] {
            let (actual, headers, page) = server.page(path, &[("accept", "text/html")]).await;
            assert_eq!(actual, status, "{path}: {page}");
            assert!(page.contains(text) && !headers.contains_key("content-disposition"), "{path}: {page}");
        }
        let request = Request::head("/releases.csv").body(Body::empty()).unwrap();
        let (status, headers, _) = exchange(&server.router(), request).await;
        assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/csv; charset=utf-8; header=present"));
    }

    async fn files_ignore_tokens(server: TestServer) {
        seed(&server).await;
        server.create_draft(json!({ "headline": "Hidden", "slug": "hidden", "releaseDate": "2007-05-01" })).await;
        let bearer = format!("Bearer {}", server.token(Caller::Editor).unwrap());
        for path in ["/releases.csv", "/facets.csv?field=topics", "/timeline.csv", "/dashboard?period=all", "/embed/topics?period=all", "/dashboard/kinds.svg?period=all"] {
            let (_, _, public) = server.page(path, &[]).await;
            let (_, headers, editor) = server.page(path, &[("authorization", &bearer)]).await;
            assert!(public == editor && !public.contains("Hidden"), "{path}");
            assert!(!headers.contains_key("set-cookie"), "{path}");
        }
    }
}
