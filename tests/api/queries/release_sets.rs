//! Tests of the counts in a `ReleaseSet`. Facets, timelines, comparisons, and trends must equal a count over the
//! returned nodes, for every role and during concurrent writes. `zones/expected.json` contains period boundaries in
//! time zones that were computed by another implementation.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::harness::{Caller, TestServer, on_both_databases};

/// A query for all releases of a small newsroom, with counts that are nested up to three sets deep. All counts in a
/// response must have the same data version.
const EVERYTHING: &str = r#"query($filter: ReleaseFilter) {
  releases(filter: $filter, first: 200) {
    totalCount asOf { version }
    nodes { id kind language releaseDate publishedAt topics { slug } places { slug } dateline { places { slug } } }
    facets {
      exact: topics(input: {first: 200, rollUp: false, scope: ALL_FILTERS}) { distinctValues missing other overlapping buckets { count topic { slug } } }
      rolled: topics(input: {first: 2, scope: ALL_FILTERS}) { missing other buckets { topic { slug } count directCount share stats {
        count asOf { version }
        facets { places(input: {first: 3, level: COUNTRY, role: ANY}) { missing other buckets { place { slug } count stats {
          count timeline(interval: MONTH, fill: OMIT) { points { label count cumulative } }
          compare(to: PREVIOUS_PERIOD, range: {from: "2006-02-01", until: "2006-02-28"}) { current previous change ratio }
        } } } }
      } } }
      kinds(input: {first: 10}) { missing other overlapping buckets { key kind label count } }
      languages(input: {scope: ALL_FILTERS}) { buckets { key language label count } }
    }
    timeline(interval: MONTH, range: {from: "2006-01-01", until: "2006-06-30"}) { points { label count cumulative complete } }
    published: timeline(interval: DAY, dateField: PUBLISHED_AT, timeZone: "Pacific/Apia", fill: OMIT) { points { label count } }
  }
}"#;

fn slugs(nodes: &Value) -> BTreeSet<String> {
    nodes.as_array().into_iter().flatten().map(|node| node["slug"].as_str().unwrap().to_owned()).collect()
}

/// Counts how many releases have each value. `values` returns the values of a release.
fn count_values<'a>(releases: &[&'a Value], values: impl Fn(&'a Value) -> BTreeSet<String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    releases.iter().flat_map(|release| values(release)).for_each(|value| *counts.entry(value).or_insert(0) += 1);
    counts
}

fn buckets(facet: &Value, key: impl Fn(&Value) -> String) -> BTreeMap<String, u64> {
    facet["buckets"].as_array().unwrap().iter().map(|bucket| (key(bucket), bucket["count"].as_u64().unwrap())).collect()
}

fn topics(release: &Value) -> BTreeSet<String> {
    slugs(&release["topics"])
}

/// Returns the topics of a release with their broader topics: labour is broader than child labour.
fn rolled_up_topics(release: &Value) -> BTreeSet<String> {
    let mut all = topics(release);
    if all.contains("child-labour") {
        all.insert("labour".to_owned());
    }
    all
}

/// Returns the countries of a release: of the places that it is about, and of its dateline. Asia is not a country.
fn countries(release: &Value) -> BTreeSet<String> {
    let mut places = slugs(&release["places"]);
    places.extend(slugs(&release["dateline"]["places"]));
    let country = |place: String| match place.as_str() {
        "bangkok" | "thailand" => Some("thailand".to_owned()),
        "phnom-penh" | "cambodia" => Some("cambodia".to_owned()),
        _ => None,
    };
    places.into_iter().filter_map(country).collect()
}

fn months(releases: &[&Value]) -> BTreeMap<String, u64> {
    count_values(releases, |release| BTreeSet::from([release["releaseDate"].as_str().unwrap()[..7].to_owned()]))
}

fn points(timeline: &Value) -> BTreeMap<String, u64> {
    let point = |point: &Value| (point["label"].as_str().unwrap().to_owned(), point["count"].as_u64().unwrap());
    timeline["points"].as_array().unwrap().iter().map(point).collect()
}

/// Checks that the counts in a response equal a count over the nodes in the response.
fn assert_counts_match_nodes(response: &Value) {
    let set = &response["releases"];
    let releases: Vec<&Value> = set["nodes"].as_array().unwrap().iter().collect();
    let total = releases.len() as u64;
    assert_eq!(set["totalCount"], total);
    let facets = &set["facets"];
    let by_topic = |bucket: &Value| bucket["topic"]["slug"].as_str().unwrap().to_owned();
    let by_key = |bucket: &Value| bucket["key"].as_str().unwrap().to_owned();

    let exact = count_values(&releases, topics);
    let without = releases.iter().filter(|release| topics(release).is_empty()).count() as u64;
    assert_eq!(buckets(&facets["exact"], by_topic), exact);
    assert_eq!(
        facets["exact"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| *name != "buckets")
            .map(|(_, value)| value.clone())
            .collect::<Vec<_>>(),
        [json!(exact.len()), json!(without), json!(0), json!(true)]
    );

    let rolled_up = count_values(&releases, rolled_up_topics);
    let mut counted = BTreeSet::new();
    for bucket in facets["rolled"]["buckets"].as_array().unwrap() {
        let slug = by_topic(bucket);
        let members: Vec<&Value> =
            releases.iter().copied().filter(|release| rolled_up_topics(release).contains(&slug)).collect();
        assert_eq!((&bucket["count"], &bucket["stats"]["count"]), (&json!(rolled_up[&slug]), &json!(members.len())));
        assert_eq!(bucket["directCount"].as_u64().unwrap(), exact.get(&slug).copied().unwrap_or(0));
        assert!((bucket["share"].as_f64().unwrap() - members.len() as f64 / total as f64).abs() < 1e-9);
        assert_eq!(bucket["stats"]["asOf"], set["asOf"]);
        let places = &bucket["stats"]["facets"]["places"];
        let by_place = |bucket: &Value| bucket["place"]["slug"].as_str().unwrap().to_owned();
        assert_eq!(buckets(places, by_place), count_values(&members, countries));
        assert_eq!(places["missing"], members.iter().filter(|release| countries(release).is_empty()).count());
        for place in places["buckets"].as_array().unwrap() {
            let matching: Vec<&Value> =
                members.iter().copied().filter(|release| countries(release).contains(&by_place(place))).collect();
            let (within, by_month) = (&place["stats"], months(&matching));
            assert_eq!((&within["count"], points(&within["timeline"])), (&json!(matching.len()), by_month));
            let count = |from: &str, until: &str| {
                matching
                    .iter()
                    .filter(|release| (from..=until).contains(&release["releaseDate"].as_str().unwrap()))
                    .count() as i64
            };
            let (current, previous) = (count("2006-02-01", "2006-02-28"), count("2006-01-04", "2006-01-31"));
            let ratio = if previous == 0 { json!(null) } else { json!(current as f64 / previous as f64) };
            assert_eq!(
                within["compare"],
                json!({ "current": current, "previous": previous, "change": current - previous, "ratio": ratio })
            );
        }
        counted.extend(members.iter().map(|release| release["id"].as_str().unwrap()));
    }
    let other = releases
        .iter()
        .filter(|release| !topics(release).is_empty() && !counted.contains(release["id"].as_str().unwrap()))
        .count();
    assert_eq!((&facets["rolled"]["missing"], &facets["rolled"]["other"]), (&json!(without), &json!(other)));

    let field =
        |name: &'static str| move |release: &Value| BTreeSet::from([release[name].as_str().unwrap().to_owned()]);
    assert_eq!(buckets(&facets["kinds"], by_key), count_values(&releases, field("kind")));
    assert_eq!(
        (&facets["kinds"]["missing"], &facets["kinds"]["other"], &facets["kinds"]["overlapping"]),
        (&json!(0), &json!(0), &json!(false))
    );
    assert_eq!(buckets(&facets["languages"], by_key), count_values(&releases, field("language")));

    let by_month = months(&releases);
    let mut cumulative = 0;
    for (number, point) in set["timeline"]["points"].as_array().unwrap().iter().enumerate() {
        let label = format!("2006-{:02}", number + 1);
        let count = by_month.get(&label).copied().unwrap_or(0);
        cumulative += count;
        assert_eq!(*point, json!({ "label": label, "count": count, "cumulative": cumulative, "complete": true }));
    }
    assert_eq!(set["timeline"]["points"].as_array().unwrap().len(), 6);
    let day = |release: &Value| -> BTreeSet<String> {
        let at = release["publishedAt"].as_str().map(|at| chrono::DateTime::parse_from_rfc3339(at).unwrap());
        at.map(|at| at.with_timezone(&chrono_tz::Pacific::Apia).date_naive().to_string()).into_iter().collect()
    };
    assert_eq!(points(&set["published"]), count_values(&releases, day));
}

/// Imports topics in a hierarchy of two levels, places in three levels, and releases with every combination of them.
/// Some releases are drafts.
pub(crate) async fn seed_sample_data(server: &TestServer) {
    let mut lines = vec![
        json!({ "type": "topic", "slug": "labour", "name": "Labour" }),
        json!({ "type": "topic", "slug": "child-labour", "name": "Child labour", "broader": "labour" }),
        json!({ "type": "topic", "slug": "crime", "name": "Crime" }),
        json!({ "type": "place", "slug": "asia", "name": "Asia", "kind": "REGION", "m49": "142" }),
        json!({ "type": "place", "slug": "thailand", "name": "Thailand", "kind": "COUNTRY", "iso3166Alpha2": "TH", "within": "asia" }),
        json!({ "type": "place", "slug": "bangkok", "name": "Bangkok", "kind": "CITY", "within": "thailand", "latitude": 13.75, "longitude": 100.5 }),
        json!({ "type": "place", "slug": "cambodia", "name": "Cambodia", "kind": "COUNTRY", "within": "asia" }),
        json!({ "type": "place", "slug": "phnom-penh", "name": "Phnom Penh", "kind": "CITY", "within": "cambodia", "latitude": 11.56, "longitude": 104.92 }),
    ];
    for number in 0..40 {
        let pick = |values: &[&str], step: usize| values[number / step % values.len()].to_owned();
        let list = |slug: String| if slug.is_empty() { json!([]) } else { json!([slug]) };
        lines.push(json!({
            "type": "release", "slug": format!("release-{number}"), "headline": format!("Release {number}"), "bodyMarkdown": "Words.",
            "kind": pick(&["PRESS_RELEASE", "SPEECH", "OPINION"], 2), "language": pick(&["en", "km", "en-GB"], 3),
            "releaseDate": format!("2006-0{}-{:02}", number % 5 + 1, number % 28 + 1),
            "state": if number % 4 == 3 { "DRAFT" } else { "PUBLISHED" },
            "topics": list(pick(&["child-labour", "labour", "crime", ""], 1)), "datelinePlaces": list(pick(&["bangkok", "phnom-penh", ""], 1)),
            "places": list(pick(&["asia", "thailand", "cambodia", "bangkok", ""], 2)),
        }));
    }
    server.import(&lines).await;
}

const ROLES: [Caller; 5] = [Caller::Public, Caller::Press, Caller::Author, Caller::Editor, Caller::Admin];

on_both_databases! {
    async fn every_count_matches_the_nodes_for_every_role_during_concurrent_writes(server: TestServer) {
        seed_sample_data(&server).await;
        let filters = [
            json!({}), json!({ "kinds": ["SPEECH", "OPINION"] }), json!({ "topics": { "any": [{ "slug": "labour" }] } }),
            json!({ "places": { "near": { "latitude": 13.7, "longitude": 100.4, "kilometres": 50 } } }), json!({ "ids": [] }),
        ];
        let mut totals = HashMap::new();
        for caller in ROLES {
            for (number, filter) in filters.iter().enumerate() {
                let response = server.data(caller, EVERYTHING, json!({ "filter": filter })).await;
                // Filter 1 restricts the kinds. The facet of kinds ignores it (`EXCLUDE_OWN_FILTER`), so its counts
                // do not equal a count over the nodes.
                if number != 1 {
                    assert_counts_match_nodes(&response);
                }
                totals.insert((caller == Caller::Public || caller == Caller::Press, number), response["releases"]["totalCount"].as_u64().unwrap());
            }
        }
        assert!(totals[&(true, 0)] == 30 && totals[&(false, 0)] == 40 && totals[&(true, 3)] > 0 && totals[&(true, 4)] == 0, "{totals:?}");

        // A writer creates, publishes and withdraws releases while readers of every role send queries.
        let writer_finished = std::sync::atomic::AtomicBool::new(false);
        let writer = async {
            for number in 0..25 {
                let topic = if number % 2 == 0 { "crime" } else { "child-labour" };
                let id = server.create_published(json!({ "headline": format!("New {number}"), "bodyMarkdown": "Words.", "releaseDate": format!("2006-02-{:02}", number + 1),
                    "topics": [{ "slug": topic }], "places": [{ "slug": "cambodia" }] })).await;
                if number % 3 == 0 {
                    let variables = json!({ "id": id, "revision": 1, "kind": "GONE" });
                    server.mutate(Caller::Editor, crate::harness::WITHDRAW, variables).await;
                }
            }
            writer_finished.store(true, std::sync::atomic::Ordering::Relaxed);
        };
        let reader = async {
            let (mut request_count, mut versions) = (0, BTreeSet::new());
            while !writer_finished.load(std::sync::atomic::Ordering::Relaxed) {
                let response = server.data(ROLES[request_count % 5], EVERYTHING, json!({})).await;
                assert_counts_match_nodes(&response);
                versions.insert(response["releases"]["asOf"]["version"].as_str().unwrap().to_owned());
                request_count += 1;
            }
            (request_count, versions.len())
        };
        let ((), (request_count, versions)) = tokio::join!(writer, reader);
        assert!(request_count > 5 && versions > 5, "{request_count} responses with {versions} data versions: the reader did not overlap with the writer");
    }

    async fn the_data_version_changes_only_with_visible_data(server: TestServer) {
        seed_sample_data(&server).await;
        let version = async |caller| server.data(caller, "{ releaseStats { asOf { version at } } }", json!({})).await["releaseStats"]["asOf"].clone();
        let (public, editor) = (version(Caller::Public).await, version(Caller::Editor).await);
        let press = version(Caller::Press).await;
        assert_eq!((&public["at"], &press["at"]), (&json!("2007-06-01T12:00:00Z"), &json!("2007-06-01T12:00:00Z")));
        assert!(public["version"] != editor["version"] && public["version"] != press["version"]);
        let (id, number) = server.create_draft(json!({ "headline": "Hidden", "bodyMarkdown": "Words.", "releaseDate": "2006-02-01" })).await;
        assert_eq!((version(Caller::Public).await, version(Caller::Press).await), (public.clone(), press));
        assert_ne!(version(Caller::Editor).await, editor);
        server.mutate(Caller::Editor, crate::harness::PUBLISH, json!({ "id": id, "revision": number })).await;
        let after = version(Caller::Public).await;
        assert_ne!(after, public);
        // A new working revision of a published release is hidden, so the public data version stays the same.
        server.mutate(Caller::Editor, crate::harness::REVISE, json!({ "id": id, "revision": number, "input": { "headline": "Seen later" } })).await;
        assert_eq!(version(Caller::Public).await, after);
    }

    async fn a_facet_ignores_its_own_filter_and_marks_selected_buckets(server: TestServer) {
        seed_sample_data(&server).await;
        let query = "query($filter: ReleaseFilter, $input: TopicFacetInput) { releaseStats(filter: $filter) { count facets { topics(input: $input) { distinctValues buckets { label count selected } } } } }";
        let stats = async |filter: Value, input: Value| server.data(Caller::Public, query, json!({ "filter": filter, "input": input })).await["releaseStats"].clone();
        let crime = json!({ "topics": { "any": [{ "slug": "crime" }] }, "kinds": ["SPEECH"] });
        let excluding_own_filter = stats(crime.clone(), json!({})).await;
        assert_eq!(excluding_own_filter["facets"]["topics"]["distinctValues"], 3, "{excluding_own_filter}");
        let labels = |response: &Value| response["facets"]["topics"]["buckets"].as_array().unwrap().iter().map(|bucket| (bucket["label"].as_str().unwrap().to_owned(), bucket["selected"].as_bool().unwrap())).collect::<Vec<_>>();
        assert!(labels(&excluding_own_filter).contains(&("Crime".to_owned(), true)) && labels(&excluding_own_filter).contains(&("Labour".to_owned(), false)), "{excluding_own_filter}");
        assert_eq!(labels(&stats(crime.clone(), json!({ "scope": "ALL_FILTERS" })).await), [("Crime".to_owned(), true)]);
        // A facet also ignores a condition on its own topics inside `and`, because `and` belongs to the same
        // conjunction. Inside `or`, the condition always applies.
        assert_eq!(stats(json!({ "and": [crime.clone()] }), json!({})).await["facets"], excluding_own_filter["facets"]);
        assert_eq!(labels(&stats(json!({ "or": [crime.clone()] }), json!({})).await), [("Crime".to_owned(), false)]);
        let selected_first = stats(crime, json!({ "orderBy": [{ "by": "SELECTED" }, { "by": "LABEL", "direction": "ASC" }] })).await;
        assert_eq!(labels(&selected_first).iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>(), ["Crime", "Child labour", "Labour"]);
        let by_label = stats(json!({}), json!({ "labelContains": "LÁBOUR", "minCount": 0 })).await;
        assert_eq!(by_label["facets"]["topics"]["distinctValues"], 2);
        let under = stats(json!({}), json!({ "under": { "slug": "labour" } })).await;
        assert_eq!(labels(&under), [("Child labour".to_owned(), false)]);
    }

    async fn facets_of_a_place_count_only_its_own_releases_whatever_their_scope(server: TestServer) {
        seed_sample_data(&server).await;
        let query = "query($place: PlaceRef!, $within: Boolean!) { place(ref: $place) {
            stats { count facets { ...Counts } }
            releases(first: 200, includeWithin: $within) { nodes { kind places { slug } dateline { places { slug } } } facets { ...Counts } }
          } }
          fragment Counts on ReleaseFacets {
            places(input: {first: 200}) { buckets { count selected place { slug } } } kinds(input: {first: 200}) { buckets { key count } }
            unfilteredPlaces: places(input: {first: 200, scope: UNFILTERED}) { buckets { count selected place { slug } } }
            unfilteredKinds: kinds(input: {first: 200, scope: UNFILTERED}) { buckets { key count } }
          }";
        let by_place = |bucket: &Value| bucket["place"]["slug"].as_str().unwrap().to_owned();
        let by_key = |bucket: &Value| bucket["key"].as_str().unwrap().to_owned();
        let tagged_places = |release: &Value| &slugs(&release["places"]) | &slugs(&release["dateline"]["places"]);
        let kind = |release: &Value| BTreeSet::from([release["kind"].as_str().unwrap().to_owned()]);
        for (slug, within) in [("thailand", true), ("thailand", false), ("bangkok", true), ("asia", false)] {
            let place = server.data(Caller::Public, query, json!({ "place": { "slug": slug }, "within": within })).await["place"].clone();
            let releases: Vec<&Value> = place["releases"]["nodes"].as_array().unwrap().iter().collect();
            let mut counted = vec![&place["releases"]["facets"]];
            if within {
                assert_eq!(place["stats"]["count"], releases.len());
                counted.push(&place["stats"]["facets"]);
            }
            for facets in counted {
                for name in ["places", "unfilteredPlaces"] {
                    assert_eq!(buckets(&facets[name], by_place), count_values(&releases, tagged_places), "{slug} {name}");
                    assert!(facets[name]["buckets"].as_array().unwrap().iter().all(|bucket| bucket["selected"] == false), "{slug} {name}: {facets}");
                }
                for name in ["kinds", "unfilteredKinds"] {
                    assert_eq!(buckets(&facets[name], by_key), count_values(&releases, kind), "{slug} {name}");
                }
            }
        }
    }

    async fn samples_and_related_releases_are_loaded_in_one_batch(server: TestServer) {
        seed_sample_data(&server).await;
        let query = "{ releaseStats { facets { topics(input: {first: 3}) { buckets { label samples(first: 2) { headline topics { name } } } } places(input: {first: 5}) { buckets { samples { headline } } } } } }";
        server.data(Caller::Public, query, json!({})).await;
        server.statements.take();
        let data = server.data(Caller::Public, query, json!({})).await;
        let sent = server.statements.take();
        assert!(sent.len() <= 2, "at most one statement for each of the two bucket lists: {sent:#?}");
        let newest = data["releaseStats"]["facets"]["topics"]["buckets"][0]["samples"][0]["headline"].clone();
        assert!(newest.is_string(), "{data}");
        let related = "{ releases(first: 20) { nodes { slug related(first: 3) { slug topics { slug } } } } }";
        let data = server.data(Caller::Public, related, json!({})).await;
        let sent = server.statements.take();
        assert_eq!(sent.len(), 2, "one statement for the page, one for all related releases: {sent:#?}");
        for node in data["releases"]["nodes"].as_array().unwrap() {
            assert!(node["related"].as_array().unwrap().iter().all(|other| other["slug"] != node["slug"]));
            assert_eq!(node["related"].as_array().unwrap().len(), 3);
        }
    }

    async fn trends_compare_a_window_with_its_baseline(server: TestServer) {
        seed_sample_data(&server).await;
        server.import(&(0..12).map(|number| json!({ "type": "release", "slug": format!("wave-{number}"), "headline": "Wave", "bodyMarkdown": "Words.", "releaseDate": "2007-05-20",
            "state": "PUBLISHED", "topics": [if number == 0 { "labour" } else { "crime" }] })).collect::<Vec<_>>()).await;
        let query = "query($window: Duration!, $until: Date) { trendingTopics(window: $window, baseline: \"P2Y\", until: $until) { topic { slug } count expected lift score from until stats { count } } }";
        let trends = server.data(Caller::Public, query, json!({ "window": "P30D" })).await["trendingTopics"].clone();
        let first = &trends[0];
        assert_eq!((&first["topic"]["slug"], &first["count"], &first["stats"]["count"]), (&json!("crime"), &json!(11), &json!(11)), "{trends}");
        // The current day in the newsroom's time zone is 1 June 2007, so the window of 30 days starts on 3 May.
        assert_eq!((&first["from"], &first["until"]), (&json!("2007-05-03"), &json!("2007-06-01")));
        // The topic is on 10 of the 30 releases in the baseline, and on 11 of the 12 releases in the window. The
        // expected count is E = 12 · 21 / 42 = 6, and the score is G² = 2 (11 ln 11/6 + ln 1/6 + 10 ln 10/15 + 20 ln
        // 20/15).
        assert!((first["expected"].as_f64().unwrap() - 6.0).abs() < 1e-9 && (first["lift"].as_f64().unwrap() - 11.0 / 6.0).abs() < 1e-9, "{first}");
        assert!((first["score"].as_f64().unwrap() - 13.149_449).abs() < 1e-6, "{first}");
        assert_eq!(trends.as_array().unwrap().len(), 1);
        assert_eq!(server.data(Caller::Public, query, json!({ "window": "P1W", "until": "1990-01-01" })).await["trendingTopics"], json!([]));
    }

    async fn period_boundaries_in_time_zones_match_another_implementation(server: TestServer) {
        // The script tests/api/queries/zones/expect.py generated this file.
        let expected: Value = serde_json::from_str(include_str!("zones/expected.json")).unwrap();
        let query = "query($interval: TimeInterval!, $zone: TimeZone!, $range: DateRange) { releaseStats { timeline(interval: $interval, timeZone: $zone, range: $range, dateField: PUBLISHED_AT) { timeZone points { label start end } } } }";
        let cases = expected["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 8);
        for case in cases {
            let variables = json!({ "interval": case["interval"], "zone": case["timeZone"], "range": { "from": case["from"], "until": case["until"] } });
            let timeline = server.data(Caller::Public, query, variables).await["releaseStats"]["timeline"].clone();
            assert_eq!((&timeline["points"], &timeline["timeZone"]), (&case["points"], &case["timeZone"]));
        }
    }

    async fn empty_sets_return_zeros(server: TestServer) {
        let query = r#"{ releaseStats { count earliest latest
            facets { topics { distinctValues missing other buckets { key } } places(input: {level: CITY}) { missing buckets { key } } kinds(input: {minCount: 0}) { buckets { count share } } languages(input: {minCount: 0}) { buckets { key } } }
            open: timeline(interval: DAY) { points { label } }
            timeline(interval: YEAR, range: {from: "2001-05-05", until: "2003-01-01"}) { points { label count cumulative } }
            compare(to: SAME_PERIOD_LAST_YEAR, range: {from: "2004-02-29", until: "2004-02-29"}) { current previous change ratio } }
            trendingTopics { score } topicAggregates { count } }"#;
        let data = server.data(Caller::Public, query, json!({})).await;
        let stats = &data["releaseStats"];
        assert_eq!((&stats["count"], &stats["earliest"], &stats["open"]["points"]), (&json!(0), &json!(null), &json!([])));
        assert_eq!(stats["facets"]["topics"], json!({ "distinctValues": 0, "missing": 0, "other": 0, "buckets": [] }));
        assert_eq!(stats["facets"]["kinds"]["buckets"], json!(vec![json!({ "count": 0, "share": 0.0 }); 7]));
        let zero = |year| json!({ "label": year, "count": 0, "cumulative": 0 });
        assert_eq!(stats["timeline"]["points"], json!([zero("2001"), zero("2002"), zero("2003")]));
        assert_eq!(stats["compare"], json!({ "current": 0, "previous": 0, "change": 0, "ratio": null }));
        assert_eq!((&data["trendingTopics"], &data["topicAggregates"]), (&json!([]), &json!([])));
    }
}
