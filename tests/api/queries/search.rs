//! Tests of full-text search: what is found by whom and when, ranking, pagination, highlights and invalid input.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Caller, PUBLISH, REVISE, TestServer, WITHDRAW, noon, on_both_databases};

const SEARCH: &str = "query($search: ReleaseSearch!, $filter: ReleaseFilter, $order: [ReleaseOrder!], $first: Int, $after: String) {
    releases(search: $search, filter: $filter, orderBy: $order, first: $first, after: $after) {
        totalCount didYouMean asOf { searchCoverage } pageInfo { hasNextPage endCursor }
        edges { node { slug } match { score fields highlights { field text ranges { start end } startsInside endsInside } } } } }";

async fn search(server: &TestServer, caller: Caller, variables: Value) -> Value {
    server.data(caller, SEARCH, variables).await["releases"].take()
}

fn slugs(found: &Value) -> Vec<&str> {
    found["edges"].as_array().unwrap().iter().map(|edge| edge["node"]["slug"].as_str().unwrap()).collect()
}

async fn find(server: &TestServer, caller: Caller, text: &str) -> Vec<String> {
    let found = search(server, caller, json!({ "search": { "text": text } })).await;
    slugs(&found).into_iter().map(str::to_owned).collect()
}

/// Imports releases with topics and places, on one day each.
async fn seed(server: &TestServer) {
    let mut lines = vec![
        json!({ "type": "topic", "slug": "child-labour", "name": "Child labour", "altNames": ["Kids at work"], "names": [{ "language": "fr", "name": "Travail des enfants" }] }),
        json!({ "type": "topic", "slug": "health", "name": "Health" }),
        json!({ "type": "place", "slug": "cambodia", "name": "Cambodia", "kind": "COUNTRY" }),
    ];
    let releases = [
        ("strike", "Strike begins", "The **factory** stands still.", json!(["child-labour"]), "en"),
        ("strikers", "Strikers return", "Work goes on after the strike.", json!([]), "en"),
        ("stroke", "Stroke clinic opens", "A new clinic in Phnom Penh.", json!(["health"]), "en"),
        ("election", "Élections à Genève", "Les résultats sont publiés.", json!([]), "fr"),
        ("water", "Water for schools", "Clean water and children’s health in Côte d’Ivoire.", json!(["health"]), "en"),
    ];
    for (number, (slug, headline, body, topics, language)) in releases.into_iter().enumerate() {
        lines.push(json!({
            "type": "release", "slug": slug, "headline": headline, "bodyMarkdown": body, "language": language, "topics": topics,
            "releaseDate": format!("2006-0{}-01", number + 1), "state": "PUBLISHED", "publishedAt": format!("2006-0{}-01T08:00:00Z", number + 1),
            "places": if slug == "stroke" { json!(["cambodia"]) } else { json!([]) },
        }));
    }
    server.import(&lines).await;
}

on_both_databases! {
    async fn releases_are_ranked_by_tier_and_score(server: TestServer) {
        seed(&server).await;
        assert_eq!(find(&server, Caller::Public, "strike").await, ["strike", "strikers"]);
        assert_eq!(find(&server, Caller::Public, "elections geneve").await, ["election"]);
        assert_eq!(find(&server, Caller::Public, "publiée").await, ["election"]);
        assert_eq!(find(&server, Caller::Public, "\"cote d'ivoire\"").await, ["water"]);
        assert_eq!(find(&server, Caller::Public, "water -schools").await, [""; 0]);
        let by_date = json!({ "search": { "text": "strike" }, "order": [{ "by": "RELEASE_DATE" }] });
        assert_eq!(slugs(&search(&server, Caller::Public, by_date).await), ["strikers", "strike"]);
        let any = json!({ "search": { "text": "water clinic", "mode": "ANY" } });
        assert_eq!(search(&server, Caller::Public, any).await["totalCount"], 2);
        let all = json!({ "search": { "text": "water clinic", "mode": "ALL" } });
        assert_eq!(search(&server, Caller::Public, all).await["totalCount"], 0);
        let headline = json!({ "search": { "text": "factory", "in": ["HEADLINE"] } });
        assert_eq!(search(&server, Caller::Public, headline).await["totalCount"], 0);
    }

    async fn names_in_the_thesaurus_find_the_releases_of_their_topics(server: TestServer) {
        seed(&server).await;
        for text in ["kids at work", "\"travail des enfants\"", "child labour"] {
            let found = search(&server, Caller::Public, json!({ "search": { "text": text } })).await;
            assert_eq!(slugs(&found)[0], "strike", "{text}");
            assert!(found["edges"][0]["match"]["fields"].as_array().unwrap().contains(&json!("TOPICS")));
        }
        assert_eq!(find(&server, Caller::Public, "cambodia").await, ["stroke"]);
        // A new name counts at once, without indexing a release.
        let topics = server.data(Caller::Editor, "{ topic(ref: {slug: \"health\"}) { id revision } }", json!({})).await;
        let rename = "mutation($id: ID!, $r: Int!) { topicUpdate(id: $id, expectedRevision: $r, input: {name: \"Wellbeing\"}) { userErrors { message } } }";
        server.mutate(Caller::Admin, rename, json!({ "id": topics["topic"]["id"], "r": topics["topic"]["revision"] })).await;
        let found: BTreeSet<String> = find(&server, Caller::Public, "wellbeing").await.into_iter().collect();
        assert_eq!(found, BTreeSet::from(["stroke".to_owned(), "water".to_owned()]));
    }

    async fn matches_are_a_set_that_filters_counts_and_facets_accept(server: TestServer) {
        seed(&server).await;
        let query = "query($search: ReleaseSearch!, $filter: ReleaseFilter) {
            releases(search: $search, filter: $filter) { totalCount facets { topics { buckets { topic { slug } count } } kinds { buckets { count } } } timeline(interval: MONTH, fill: OMIT) { points { count } } }
            releaseStats(search: $search, filter: $filter) { count earliest latest }
            topic(ref: {slug: \"health\"}) { releases(search: $search) { totalCount } stats(search: $search) { count } }
            place(ref: {slug: \"cambodia\"}) { releases(search: $search) { totalCount } stats(search: $search) { count } } }";
        let found = server.data(Caller::Public, query, json!({ "search": { "text": "clinic water", "mode": "ANY" } })).await;
        assert_eq!((&found["releases"]["totalCount"], &found["releaseStats"]["count"]), (&json!(2), &json!(2)));
        assert_eq!(found["releases"]["facets"]["topics"]["buckets"], json!([{ "topic": { "slug": "health" }, "count": 2 }]));
        assert_eq!(found["releases"]["timeline"]["points"].as_array().unwrap().len(), 2);
        assert_eq!(found["releaseStats"]["latest"], "2006-05-01");
        assert_eq!((&found["topic"]["releases"]["totalCount"], &found["topic"]["stats"]["count"]), (&json!(2), &json!(2)));
        assert_eq!((&found["place"]["releases"]["totalCount"], &found["place"]["stats"]["count"]), (&json!(1), &json!(1)));
        let filter = json!({ "search": { "text": "clinic water", "mode": "ANY" }, "filter": { "places": { "any": [{ "slug": "cambodia" }] } } });
        assert_eq!(server.data(Caller::Public, query, filter).await["releases"]["totalCount"], 1);
    }

    async fn a_mutation_finds_what_it_changed(server: TestServer) {
        seed(&server).await;
        let (id, revision) = server.create_draft(json!({ "headline": "Zanzibarium", "kind": "STATEMENT" })).await;
        let slug = "zanzibarium".to_owned();
        assert_eq!(find(&server, Caller::Public, "zanzibarium").await, [""; 0]);
        assert_eq!(find(&server, Caller::Editor, "zanzibarium").await, std::slice::from_ref(&slug));
        let published = server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": revision })).await;
        assert_eq!(find(&server, Caller::Public, "zanzibarium").await, std::slice::from_ref(&slug));
        let revision = &published["release"]["revision"];
        let revised = server.mutate(Caller::Editor, REVISE, json!({ "id": id, "revision": revision, "input": { "headline": "Quaggaland" } })).await;
        assert_eq!(find(&server, Caller::Public, "quaggaland").await, [""; 0]);
        assert_eq!(find(&server, Caller::Public, "zanzibarium").await, std::slice::from_ref(&slug));
        for word in ["quaggaland", "zanzibarium"] {
            assert_eq!(find(&server, Caller::Editor, word).await, std::slice::from_ref(&slug), "{word}");
        }
        let variables = json!({ "id": id, "revision": revised["release"]["revision"] });
        let published = server.mutate(Caller::Editor, PUBLISH, variables).await;
        assert_eq!(find(&server, Caller::Public, "quaggaland").await.len(), 1);
        for caller in [Caller::Public, Caller::Editor] {
            assert_eq!(find(&server, caller, "\"zanzibarium\"").await, [""; 0]);
        }
        server.mutate(Caller::Editor, WITHDRAW, json!({ "id": id, "revision": published["release"]["revision"], "kind": "VANISH" })).await;
        assert_eq!(find(&server, Caller::Public, "quaggaland").await, [""; 0]);
        let misspelt = search(&server, Caller::Public, json!({ "search": { "text": "quagaland" } })).await;
        assert_eq!((&misspelt["didYouMean"], &misspelt["totalCount"]), (&json!(null), &json!(0)));
        assert_eq!(find(&server, Caller::Editor, "quaggaland").await.len(), 1);
    }

    async fn a_scheduled_release_is_found_exactly_from_its_instant_on(server: TestServer) {
        seed(&server).await;
        let (id, revision) = server.create_draft(json!({ "headline": "Zanzibarium", "kind": "STATEMENT" })).await;
        let at = noon() + TimeDelta::hours(1);
        let schedule = "mutation($id: ID!, $r: Int!, $at: LocalDateTime!) { releaseSchedule(id: $id, expectedRevision: $r, localTime: $at, timeZone: \"UTC\") { userErrors { message } } }";
        server.mutate(Caller::Editor, schedule, json!({ "id": id, "r": revision, "at": at.naive_utc().format("%Y-%m-%dT%H:%M:%S").to_string() })).await;
        let before = search(&server, Caller::Public, json!({ "search": { "text": "strike" } })).await;
        server.app.clock.set(at - TimeDelta::microseconds(1));
        assert_eq!(find(&server, Caller::Public, "zanzibarium").await, [""; 0]);
        assert_eq!(search(&server, Caller::Public, json!({ "search": { "text": "strike" } })).await, before);
        server.app.clock.set(at);
        assert_eq!(find(&server, Caller::Public, "zanzibarium").await, ["zanzibarium"]);
    }

    async fn the_press_finds_embargoed_releases_and_the_public_does_not(server: TestServer) {
        seed(&server).await;
        let public_before = search(&server, Caller::Public, json!({ "search": { "text": "strike" } })).await;
        let press_before = search(&server, Caller::Press, json!({ "search": { "text": "strike" } })).await;
        let (id, revision) = server.create_draft(json!({ "headline": "Strike over", "kind": "STATEMENT" })).await;
        let embargo = "mutation($id: ID!, $r: Int!, $at: DateTime!) { releaseEmbargo(id: $id, expectedRevision: $r, until: $at) { release { revision } userErrors { message } } }";
        let embargoed = server.mutate(Caller::Editor, embargo, json!({ "id": id, "r": revision, "at": noon() + TimeDelta::hours(1) })).await;
        server.mutate(Caller::Editor, PUBLISH, json!({ "id": id, "revision": embargoed["release"]["revision"] })).await;
        assert_eq!(search(&server, Caller::Public, json!({ "search": { "text": "strike" } })).await, public_before);
        let press = search(&server, Caller::Press, json!({ "search": { "text": "strike" } })).await;
        assert_eq!(press["totalCount"], 3);
        // The scores of the other releases are those of the public.
        for edge in press_before["edges"].as_array().unwrap() {
            assert!(press["edges"].as_array().unwrap().contains(edge), "{edge}");
        }
    }

    async fn pages_by_relevance_on_several_servers_have_every_release_once(server: TestServer) {
        let lines: Vec<Value> = (0..100).map(|number| json!({
            "type": "release", "slug": format!("release-{number}"), "headline": "The same headline", "releaseDate": "2006-05-01", "state": "PUBLISHED",
            "publishedAt": "2006-05-01T08:00:00Z", "kind": "PRESS_RELEASE",
        })).collect();
        server.import(&lines).await;
        let other = server.second_app(dateline::clock::Clock::fixed_at(noon())).await;
        let other = dateline::http::router(&other);
        let (mut found, mut after, mut turn) = (Vec::new(), json!(null), 0);
        loop {
            let variables = json!({ "search": { "text": "same headline" }, "first": 7, "after": after });
            let page = if turn % 2 == 0 {
                search(&server, Caller::Public, variables).await
            } else {
                let body = json!({ "query": SEARCH, "variables": variables }).to_string();
                crate::harness::post(&other, None, &[], &body).await.2["data"]["releases"].take()
            };
            assert_eq!(page["totalCount"], 100);
            found.extend(slugs(&page).into_iter().map(str::to_owned));
            after = page["pageInfo"]["endCursor"].clone();
            turn += 1;
            if page["pageInfo"]["hasNextPage"] == false { break; }
        }
        assert_eq!((found.len(), found.iter().collect::<BTreeSet<_>>().len()), (100, 100));
        // A cursor belongs to its search.
        let response = server.execute(Caller::Public, SEARCH, json!({ "search": { "text": "headline" }, "after": after })).await;
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("cursor"), "{response}");
    }

    async fn highlights_are_ranges_of_utf16_code_units(server: TestServer) {
        seed(&server).await;
        let line = json!({ "type": "release", "slug": "mail", "headline": "📧 Bergström: Änderung in Zürich", "bodyMarkdown": format!("{} the *Änderung* {}", "word ".repeat(200), "other ".repeat(200)),
            "language": "sv", "releaseDate": "2006-05-01", "state": "PUBLISHED", "publishedAt": "2006-05-01T08:00:00Z" });
        server.import(&[line]).await;
        let found = search(&server, Caller::Public, json!({ "search": { "text": "anderung" } })).await;
        let highlights = found["edges"][0]["match"]["highlights"].as_array().unwrap();
        assert_eq!(highlights.len(), 2);
        for highlight in highlights {
            let text: Vec<u16> = highlight["text"].as_str().unwrap().encode_utf16().collect();
            let range = &highlight["ranges"][0];
            let (start, end) = (range["start"].as_u64().unwrap() as usize, range["end"].as_u64().unwrap() as usize);
            assert_eq!(String::from_utf16(&text[start..end]).unwrap(), "Änderung", "{highlight}");
            assert_eq!(highlight["startsInside"], highlight["field"] == "BODY");
        }
        let suggestion = search(&server, Caller::Public, json!({ "search": { "text": "bergstrm" } })).await;
        assert_eq!((&suggestion["didYouMean"], slugs(&suggestion)), (&json!("bergstrom"), vec!["mail"]));
    }

    async fn suggestions_are_topics_places_and_headlines(server: TestServer) {
        seed(&server).await;
        let query = "query($prefix: String!, $first: Int! = 10) { searchSuggestions(prefix: $prefix, first: $first) { text topic { slug } place { slug } release { slug headline } } }";
        let suggest = async |caller, prefix: &str, first: i32| {
            let found = server.data(caller, query, json!({ "prefix": prefix, "first": first })).await["searchSuggestions"].take();
            found.as_array().unwrap().iter().map(|suggestion| suggestion["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(suggest(Caller::Public, "hea", 10).await, ["Health"]);
        assert_eq!(suggest(Caller::Public, "CAMB", 10).await, ["Cambodia"]);
        assert_eq!(suggest(Caller::Public, "enfants", 10).await, ["Child labour"]);
        assert_eq!(suggest(Caller::Public, "str", 10).await, ["Strikers return", "Strike begins", "Stroke clinic opens"]);
        assert_eq!(suggest(Caller::Public, "str", 1).await.len(), 1);
        for nothing in ["", " ", "\"", "zanz"] {
            assert_eq!(suggest(Caller::Public, nothing, 10).await, [""; 0], "{nothing}");
        }
        server.create_draft(json!({ "headline": "Zanzibarium", "kind": "STATEMENT" })).await;
        assert_eq!(suggest(Caller::Public, "zanz", 10).await, [""; 0]);
        assert_eq!(suggest(Caller::Editor, "zanz", 10).await, ["Zanzibarium"]);
    }

    async fn any_text_has_an_answer_or_one_clear_error(server: TestServer) {
        seed(&server).await;
        for text in ["foo AND bar", "NOT", "*", "field:x", "\"", "((([", "the", "!?", "a", "Ж国ก a", "مرحبا", "📧🏳️‍🌈", "\u{0}", "e\u{301}\u{301}\u{301}", "-", "-budget", "++_-7=-_3@!", "\"a e", "s t", "", " "] {
            let response = server.execute(Caller::Public, SEARCH, json!({ "search": { "text": text } })).await;
            assert!(response.get("errors").is_none(), "{text}: {response}");
        }
        let long = server.execute(Caller::Public, SEARCH, json!({ "search": { "text": "x".repeat(10_000) } })).await;
        assert_eq!(long["errors"][0]["message"], "the search text has 10000 characters; the maximum is 1000: shorten `text`");
        assert_eq!(long["errors"][0]["extensions"], json!({ "code": "BAD_USER_INPUT", "argument": "search.text" }));
        let words: String = (0..100).map(|n| format!("w{n} ")).collect();
        let many = server.execute(Caller::Public, SEARCH, json!({ "search": { "text": words } })).await;
        assert_eq!(many["errors"][0]["message"], "the search text has 100 words; the maximum is 64: shorten `text`");
        let order = "{ releases(orderBy: [{by: RELEVANCE}]) { totalCount } }";
        let response = server.execute(Caller::Public, order, json!({})).await;
        assert_eq!(response["errors"][0]["message"], "`orderBy` RELEVANCE requires `search`");
        let off = dateline::newsroom::NewsroomSettings { search_index: dateline::catalog::IndexLocation::Off, ..server.app.newsroom.settings.clone() };
        let server = server.with_settings(off).await;
        let response = server.execute(Caller::Public, SEARCH, json!({ "search": { "text": "x" } })).await;
        assert!(response["errors"][0]["message"].as_str().unwrap().starts_with("search is switched off"), "{response}");
    }
}
