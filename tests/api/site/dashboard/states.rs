//! Tests of dashboards with special dates, without releases, with hostile names, and in frames of other sites.

use chrono::{DateTime, Utc};
use dateline::config::SiteInfo;
use serde_json::{Value, json};

use super::parts::{panel, queried, records, rows};
use crate::{
    harness::{TestServer, on_both_databases},
    site::{HOSTILE, between, public_site, unescape},
};

/// Imports releases with the given instants of publication, whose release dates are the days in UTC.
async fn publish_at(server: &TestServer, instants: &[&str]) {
    let line = |(number, at): (usize, &&str)| {
        json!({ "type": "release", "slug": format!("r-{number}"), "headline": format!("Number {number}"), "bodyMarkdown": "x",
            "language": "en", "releaseDate": at[..10], "publishedAt": at, "state": "PUBLISHED" })
    };
    server.import(&instants.iter().enumerate().map(line).collect::<Vec<_>>()).await;
}

fn set_clock(server: &TestServer, at: &str) {
    server.app.clock.set(at.parse::<DateTime<Utc>>().unwrap());
}

fn shown(page: &str, id: &str) -> Vec<Vec<String>> {
    rows(panel(page, id)).into_iter().map(|row| row.into_iter().map(|cell| cell.text).collect()).collect()
}

on_both_databases! {
    async fn a_day_of_publication_is_that_of_the_time_zone_everywhere(server: TestServer) {
        set_clock(&server, "2026-11-26T12:00:00Z");
        publish_at(&server, &["2026-06-30T22:30:00Z"]).await;
        let zurich = "by=published&zone=Europe%2FZurich";
        let (_, _, page) = server.page(&format!("/dashboard?{zurich}&from=2026-06-29&until=2026-07-02"), &[]).await;
        let row = |day: &str, count: &str| vec![day.to_owned(), count.to_owned(), "0".to_owned(), if count == "1" { "+1" } else { "0" }.to_owned()];
        assert_eq!(shown(&page, "timeline"), [row("29 June 2026", "0"), row("30 June 2026", "0"), row("1 July 2026", "1"), row("2 July 2026", "0")]);
        assert!(page.contains("aria-label=\"1 July 2026: 1 release; before, 27 June 2026: 0\""), "{page}");
        let href = rows(panel(&page, "timeline"))[2][1].href.clone().unwrap();
        assert_eq!(href, "/?from=2026-07-01&until=2026-07-01&by=published&zone=Europe%2FZurich#results");
        let (_, _, list) = server.page(href.trim_end_matches("#results"), &[]).await;
        assert!(list.contains("Number 0") && list.contains("Published from: <bdi>1 July 2026</bdi>"), "{list}");
        let data = queried(&server, &page, "timeline").await;
        assert_eq!(data["current"]["timeline"]["points"][2], json!({ "label": "2026-07-01", "start": "2026-06-30T22:00:00Z", "end": "2026-07-01T22:00:00Z", "count": 1, "cumulative": 1, "complete": true }));
        let (_, _, csv) = server.page(&format!("/timeline.csv?{zurich}&interval=day"), &[]).await;
        assert_eq!(records(&csv)[0]["period"], "2026-07-01");
        let (_, _, list) = server.page(&format!("/?{zurich}&from=2026-07-01"), &[]).await;
        assert!(list.contains("Number 0"));
        let (_, _, utc) = server.page("/timeline.csv?by=published&zone=UTC&interval=day", &[]).await;
        assert_eq!(records(&utc)[0]["period"], "2026-06-30");
    }

    async fn weeks_around_a_change_of_clocks_do_not_overlap(server: TestServer) {
        set_clock(&server, "2026-11-26T12:00:00Z");
        // 23:30 on Sunday and 00:30 on Monday in Zurich, before and after clocks change on 29 March.
        publish_at(&server, &["2026-03-22T22:30:00Z", "2026-03-22T23:30:00Z", "2026-03-29T21:30:00Z", "2026-03-29T22:30:00Z", "2026-04-05T21:30:00Z", "2026-04-05T22:30:00Z"]).await;
        let (_, _, csv) = server.page("/timeline.csv?by=published&zone=Europe%2FZurich&interval=week", &[]).await;
        let weeks: Vec<(String, String)> = records(&csv).into_iter().map(|row| (row["period"].clone(), row["count"].clone())).collect();
        let week = |label: &str, count: &str| (label.to_owned(), count.to_owned());
        assert_eq!(weeks, [week("2026-W12", "1"), week("2026-W13", "2"), week("2026-W14", "2"), week("2026-W15", "1")]);
        let (_, _, page) = server.page("/dashboard?by=published&zone=Europe%2FZurich&interval=week&from=2026-03-16&until=2026-04-12&compare=none", &[]).await;
        assert!(page.contains("aria-label=\"Week 13 of 2026, 23 to 29 March 2026: 2 releases\""), "{page}");
    }

    async fn a_week_belongs_to_the_year_of_its_thursday(server: TestServer) {
        set_clock(&server, "2027-02-01T12:00:00Z");
        publish_at(&server, &["2027-01-01T12:00:00Z", "2027-01-04T12:00:00Z"]).await;
        let (_, _, csv) = server.page("/timeline.csv?interval=week", &[]).await;
        let weeks: Vec<String> = records(&csv).into_iter().map(|row| row["period"].clone()).collect();
        assert_eq!(weeks, ["2026-W53", "2027-W01"]);
        let (_, _, page) = server.page("/dashboard?interval=week&period=all", &[]).await;
        assert!(page.contains("Week 53 of 2026, 28 December 2026 to 3 January 2027: 1 release"), "{page}");
    }

    async fn a_running_month_is_compared_with_as_many_days(server: TestServer) {
        set_clock(&server, "2026-11-26T12:00:00Z");
        publish_at(&server, &["2026-11-02T12:00:00Z", "2026-10-26T12:00:00Z", "2026-10-27T12:00:00Z"]).await;
        let (_, _, page) = server.page("/dashboard?period=this-month&interval=month", &[]).await;
        assert_eq!(shown(&page, "summary")[0], ["Releases", "1", "1", "0"]);
        assert!(page.contains("1 release, as many as from 1 to 26 October 2026. November 2026 is not over."), "{page}");
        assert!(page.contains("fill=\"url(#hatch-timeline)\"") && page.contains("Hatched: not over") && page.contains("aria-label=\"1 to 26 November 2026: 1 release; before, 1 to 26 October 2026: 1 (not over)\""), "{page}");
        let (_, _, csv) = server.page("/timeline.csv?period=this-month&interval=month&compare=previous", &[]).await;
        let row = &records(&csv)[0];
        assert_eq!((row["complete"].as_str(), row["before_period"].as_str(), row["before"].as_str()), ("false", "2026-10", "1"));
    }

    async fn nothing_before_is_said_without_a_percentage(server: TestServer) {
        set_clock(&server, "2026-11-26T12:00:00Z");
        publish_at(&server, &["2026-05-04T12:00:00Z", "2026-05-06T12:00:00Z"]).await;
        let (_, _, page) = server.page("/dashboard?from=2026-05-03&until=2026-05-12", &[]).await;
        assert!(page.contains("2 releases; there were none from 23 April to 2 May 2026"), "{page}");
        assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
        let days: Vec<(String, String)> = shown(&page, "timeline").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
        let day = |day: &str, count: &str| (format!("{day} May 2026"), count.to_owned());
        assert_eq!(days[..4], [day("3", "0"), day("4", "1"), day("5", "0"), day("6", "1")]);
        assert_eq!(days.len(), 10);
    }

    async fn a_newsroom_without_releases_has_a_dashboard(server: TestServer) {
        for path in ["/dashboard", "/dashboard?period=all", "/dashboard?from=1700-01-01&until=2000-01-01"] {
            let (status, _, page) = server.page(path, &[]).await;
            assert!(status == 200 && page.contains("There are no releases yet.") && !page.contains("<svg"), "{path}: {page}");
        }
        for (path, lines) in [("/releases.csv", 1), ("/facets.csv?field=topics", 1), ("/timeline.csv", 2), ("/trends.csv", 1), ("/comparison.csv", 5)] {
            let (status, _, csv) = server.page(path, &[]).await;
            assert_eq!((status, csv.lines().count()), (200, lines), "{path}: {csv}");
        }
        for id in ["summary", "timeline", "topics", "topics-over-time", "countries", "places", "kinds", "languages", "trends"] {
            let (status, _, page) = server.page(&format!("/embed/{id}"), &[]).await;
            assert!(status == 200 && !page.contains("NaN"), "{id}: {page}");
        }
        // Releases of other dates are named.
        publish_at(&server, &["2001-05-04T12:00:00Z"]).await;
        let (_, _, page) = server.page("/dashboard", &[]).await;
        assert!(page.contains("There are no releases in this period. <a href=\"/dashboard?period=all\">See 1 release of other dates</a>."), "{page}");
    }

    async fn one_release_and_extreme_dates_have_a_right_chart(server: TestServer) {
        publish_at(&server, &["2007-05-04T12:00:00Z"]).await;
        let (_, _, page) = server.page("/dashboard?period=all", &[]).await;
        assert_eq!(shown(&page, "timeline"), [["4 May 2007", "1"]]);
        let (_, _, page) = server.page("/dashboard?from=1700-01-01&until=2007-12-31", &[]).await;
        assert!(page.contains("<title>1700: 0 releases; before, 1392: 0</title>") && shown(&page, "timeline").len() == 308, "{page}");
        let (status, _, page) = server.page("/dashboard?from=0001-01-01&until=9999-12-31", &[]).await;
        assert!(status == 200 && page.contains("There is no chart: there are 9,999 periods, and the maximum is 4,000. Choose a longer interval or fewer days."), "{status}: {page}");
        let (status, _, page) = server.page("/dashboard?until=0001-06-01", &[]).await;
        assert_eq!(status, 200, "{page}");
        let (_, _, page) = server.page("/dashboard?from=1000-01-01&until=2007-12-31", &[]).await;
        assert!(page.contains("There are 1,008 periods, and a chart has space for 400") && shown(&page, "timeline").is_empty(), "{page}");
        let (status, _, page) = server.page("/dashboard?zone=Atlantis", &[]).await;
        assert!(status == 400 && page.contains("“zone” is “Atlantis”: write a time zone such as Europe/Zurich."), "{page}");
    }

    async fn days_that_clocks_skip_are_empty(server: TestServer) {
        set_clock(&server, "2012-06-01T12:00:00Z");
        // Apia had no 30 December 2011. St John's had 23:01 to 24:00 on 31 October 2009 twice.
        publish_at(&server, &["2011-12-30T09:30:00Z", "2011-12-30T10:30:00Z", "2009-11-01T02:00:00Z", "2009-11-01T02:45:00Z", "2009-11-01T03:15:00Z"]).await;
        let apia = "by=published&zone=Pacific%2FApia";
        for (days, count, before) in [("from=2011-12-31&until=2011-12-31", "1", "0"), ("from=2011-12-30&until=2011-12-30", "0", "1")] {
            let (status, _, csv) = server.page(&format!("/comparison.csv?{apia}&{days}&compare=previous"), &[]).await;
            assert_eq!(status, 200, "{csv}");
            let row = &records(&csv)[0];
            assert_eq!((row["count"].as_str(), row["before"].as_str()), (count, before), "{days}");
            let (_, _, list) = server.page(&format!("/?{apia}&{days}"), &[]).await;
            assert!(list.contains(&format!("tabindex=\"-1\">{count} release")), "{list}");
        }
        let year = "filter=%7B%22releaseDate%22:%7B%22until%22:%222010-01-01%22%7D%7D";
        for zone in ["America%2FSt_Johns", "UTC"] {
            let (_, _, csv) = server.page(&format!("/comparison.csv?by=published&zone={zone}&{year}"), &[]).await;
            assert_eq!(records(&csv)[0]["count"], "3", "{zone}");
            let (_, _, csv) = server.page(&format!("/timeline.csv?by=published&zone={zone}&{year}&interval=day"), &[]).await;
            assert_eq!(records(&csv).last().unwrap()["cumulative"], "3", "{zone}");
        }
    }

    async fn days_of_leap_years_are_compared_with_the_same_days(server: TestServer) {
        set_clock(&server, "2026-11-26T12:00:00Z");
        publish_at(&server, &["2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z", "2024-12-31T12:00:00Z", "2025-02-28T12:00:00Z"]).await;
        let (_, _, csv) = server.page("/comparison.csv?from=2025-02-28&until=2025-02-28&compare=last-year", &[]).await;
        assert_eq!((records(&csv)[0]["count"].as_str(), records(&csv)[0]["before"].as_str()), ("1", "1"));
        // The years have different lengths, so their days are not compared one by one, but their months are.
        let (_, _, csv) = server.page("/timeline.csv?year=2025&compare=previous&interval=day", &[]).await;
        assert!(records(&csv).iter().all(|row| row["before"].is_empty()), "{csv}");
        let (_, _, csv) = server.page("/timeline.csv?year=2025&compare=previous&interval=month", &[]).await;
        let before: Vec<String> = records(&csv).into_iter().map(|row| row["before"].clone()).collect();
        assert_eq!(before, ["0", "2", "0", "0", "0", "0", "0", "0", "0", "0", "0", "1"]);
    }

    async fn the_form_keeps_what_is_chosen(server: TestServer) {
        publish_at(&server, &["2007-05-04T12:00:00Z"]).await;
        let (_, _, page) = server.page("/dashboard?period=all&language=pt&kind=opinion&q=nothing", &[]).await;
        for part in [
            "<input type=\"hidden\" name=\"period\" value=\"all\">",
            // A period moves with the calendar, so the form has no days.
            "name=\"from\" type=\"date\" value=\"\"",
            "<option value=\"pt\" selected>português</option>",
            "<option value=\"opinion\" selected>Opinion</option>",
            "Search: <bdi>nothing</bdi>",
            "<details id=\"more\" open>",
            "No release matches these filters.",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        // The zone of the newsroom is the default, so the form adds nothing to the address.
        let (_, _, page) = server.page("/dashboard?zone=UTC&period=30-days&from=&until=&topic=&kind=", &[]).await;
        assert!(page.contains("<a href=\"/dashboard?period=30-days&#38;compare=none\">Nothing</a>"), "{page}");
    }

    async fn conditions_of_the_api_are_checked_like_there(server: TestServer) {
        publish_at(&server, &["2007-05-04T12:00:00Z"]).await;
        let query = |json: &str| form_urlencoded::Serializer::new(String::new()).append_pair("filter", json).finish();
        for (json, status, text) in [
            ("{", 400, "write a ReleaseFilter of the API as JSON"),
            ("[1]", 400, "write a ReleaseFilter"),
            (r#"{"nothing": 1}"#, 400, "“filter” is not a ReleaseFilter of the API: "),
            (r#"{"kinds": ["NEWS"]}"#, 400, "`NEWS` is not a value of `ReleaseKind`"),
            (r#"{"topics": {"any": [{"slug": "nowhere"}]}}"#, 400, "nowhere"),
            (r#"{"topics": {"missing": true}}"#, 200, "Conditions: "),
            (r#"{"kinds": []}"#, 200, "Conditions: "),
        ] {
            for path in ["/", "/dashboard", "/timeline.csv", "/feed.atom"] {
                let (actual, _, page) = server.page(&format!("{path}?{}", query(json)), &[]).await;
                assert_eq!(actual, status, "{path} {json}: {page}");
                assert!(page.contains(text) || (status == 200 && path.len() > 10) || path == "/feed.atom", "{path} {json}: {page}");
            }
        }
        let deep = format!("{}{{}}{}", r#"{"not": "#.repeat(100), "}".repeat(100));
        assert_eq!(server.page(&format!("/?{}", query(&deep)), &[]).await.0, 400);
        let (_, _, page) = server.page(&format!("/dashboard?period=all&{}", query(r#"{"kinds": ["OPINION"]}"#)), &[]).await;
        assert!(page.contains("No release matches these filters."), "{page}");
        // The removed filter does not come back.
        let remove = unescape(between(between(&page, "class=\"filters\"", "</ul>"), "href=\"", "\""));
        assert_eq!(remove, "/dashboard?period=all");
    }

    async fn hostile_names_are_escaped_in_every_form(server: TestServer) {
        set_clock(&server, "2007-05-30T12:00:00Z");
        let server = server.with_site(SiteInfo { embed_ancestors: vec!["https://y.example".to_owned()], ..public_site() }).await;
        let long = "A very long name of a topic ".repeat(9).trim().to_owned();
        let names = [HOSTILE, "وزارة Dateline 2.0 (بيان)", long.as_str()];
        let mut lines: Vec<Value> = names.iter().enumerate().map(|(number, name)| json!({ "type": "topic", "slug": format!("t-{number}"), "name": name })).collect();
        lines.extend((0..200).map(|number| json!({ "type": "topic", "slug": format!("many-{number}"), "name": format!("Topic {number}") })));
        lines.extend((0..203).map(|number| {
            let topic = if number < 3 { format!("t-{number}") } else { format!("many-{}", number - 3) };
            json!({ "type": "release", "slug": format!("r-{number}"), "headline": HOSTILE, "bodyMarkdown": "x", "language": "en",
                "releaseDate": format!("2007-05-{:02}", 1 + number % 28), "publishedAt": format!("2007-05-{:02}T08:00:00Z", 1 + number % 28), "state": "PUBLISHED", "topics": [topic, "t-0", "t-1", "t-2"] })
        }));
        server.import(&lines).await;
        for path in ["/dashboard", "/dashboard?topic=t-0&q=A", "/embed/topics", "/embed/topics-over-time", "/embed/trends"] {
            let (status, _, page) = server.page(path, &[]).await;
            assert!(status == 200 && !page.contains("<b>new") && !page.contains("<script>x()"), "{path}: {page}");
            assert!(page.contains("\u{2068}وزارة Dateline 2.0 (بيان)\u{2069}") || path.contains("over-time") || path.contains("trends") || path.contains("q=A"), "{path}: {page}");
        }
        for id in ["timeline", "topics", "topics-over-time", "kinds"] {
            let (status, headers, svg) = server.page(&format!("/dashboard/{id}.svg"), &[]).await;
            assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "image/svg+xml; charset=utf-8"), "{id}: {svg}");
            let document = roxmltree::Document::parse(&svg).unwrap();
            assert!(document.descendants().all(|node| !node.has_tag_name("b") && !node.has_tag_name("script")), "{id}");
            assert!(headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'; style-src 'unsafe-inline'"));
        }
        let (_, _, page) = server.page("/dashboard?period=all", &[]).await;
        assert!(page.contains("The CSV file has 191 more topics."), "{page}");
        assert!(page.contains("A very long name of a topic A very…"), "{page}");
        assert!(page.contains("&#60;iframe src=\"https://x.example/news/embed/topics?period=all\"") || page.contains("&lt;iframe src=\"https://x.example/news/embed/topics?period=all\""), "{page}");
        let (_, _, csv) = server.page("/facets.csv?field=topics", &[]).await;
        assert_eq!(records(&csv).len(), 203);
    }

    async fn only_embedded_charts_can_be_in_frames(server: TestServer) {
        publish_at(&server, &["2007-05-04T12:00:00Z"]).await;
        let policy = |headers: &axum::http::HeaderMap| {
            let policy = headers["content-security-policy"].to_str().unwrap().to_owned();
            (policy[policy.find("frame-ancestors").unwrap()..].split(';').next().unwrap().to_owned(), headers.contains_key("x-frame-options"))
        };
        let (_, headers, _) = server.page("/embed/timeline", &[]).await;
        assert_eq!(policy(&headers), ("frame-ancestors 'none'".to_owned(), true));
        let ancestors = vec!["https://news.example".to_owned(), "https://*.example.org".to_owned()];
        let server = server.with_site(SiteInfo { embed_ancestors: ancestors, ..SiteInfo::default() }).await;
        let (_, headers, page) = server.page("/embed/timeline?period=all", &[]).await;
        assert_eq!(policy(&headers), ("frame-ancestors https://news.example https://*.example.org".to_owned(), false));
        assert!(!headers.contains_key("set-cookie") && page.contains("name=\"robots\" content=\"noindex\""));
        assert!(page.contains("<a href=\"/dashboard?period=all#timeline\" target=\"_blank\" rel=\"noopener\">"), "{page}");
        for path in ["/dashboard", "/", "/dashboard/timeline.svg?period=all", "/timeline.csv", "/releases.csv", "/embed", "/graphql?query={__typename}"] {
            let (_, headers, _) = server.page(path, &[]).await;
            assert_eq!(policy(&headers), ("frame-ancestors 'none'".to_owned(), true), "{path}");
        }
        let (status, _, _) = server.page("/embed/nothing", &[]).await;
        assert_eq!(status, 404);
    }

    async fn a_dashboard_is_cached_until_its_day_ends(server: TestServer) {
        publish_at(&server, &["2007-05-04T12:00:00Z"]).await;
        set_clock(&server, "2007-05-31T23:59:00Z");
        let (_, headers, page) = server.page("/dashboard?period=this-month", &[]).await;
        let etag = headers["etag"].to_str().unwrap().to_owned();
        assert!(page.contains("1 to 31 May 2007") && !headers.contains_key("last-modified"));
        set_clock(&server, "2007-05-31T23:59:30Z");
        let (status, _, _) = server.page("/dashboard?period=this-month&utm_source=x", &[("if-none-match", &etag)]).await;
        assert_eq!(status, 304);
        set_clock(&server, "2007-06-01T00:00:30Z");
        let (_, _, page) = server.page("/dashboard?period=this-month", &[]).await;
        assert!(page.contains("</a>, 1 June 2007</p>"), "{page}");
    }
}
