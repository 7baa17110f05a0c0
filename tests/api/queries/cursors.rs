//! Tests of pagination cursors. A cursor works under every equivalent notation of its filter, and is rejected under a
//! different filter. It stays valid after a restart and after a merge of topics or places.

use serde_json::{Value, json};

use crate::harness::{Caller, TOPIC, TestServer, on_both_databases};

/// A paginated list under test: the caller, a query with page arguments, and the JSON pointer to the connection in
/// the response.
struct List {
    caller: Caller,
    query: &'static str,
    path: &'static str,
}

const RELEASES: List = List {
    caller: Caller::Editor,
    query: "query($first: Int, $after: String, $last: Int, $before: String, $filter: ReleaseFilter, $order: [ReleaseOrder!]) {
        releases(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $order) {
            nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
    path: "/releases",
};

const OF_TOPIC: List = List {
    caller: Caller::Public,
    query: "query($first: Int, $after: String, $last: Int, $before: String, $filter: ReleaseFilter, $ref: TopicRef!, $narrower: Boolean! = true) {
        topic(ref: $ref) { releases(first: $first, after: $after, last: $last, before: $before, filter: $filter, includeNarrower: $narrower) {
            nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }",
    path: "/topic/releases",
};

const OF_PLACE: List = List {
    caller: Caller::Public,
    query: "query($first: Int, $after: String, $last: Int, $before: String, $filter: ReleaseFilter, $ref: PlaceRef!, $within: Boolean! = true) {
        place(ref: $ref) { releases(first: $first, after: $after, last: $last, before: $before, filter: $filter, includeWithin: $within) {
            nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }",
    path: "/place/releases",
};

const TOPICS: List = List {
    caller: Caller::Public,
    query: "query($first: Int, $after: String, $last: Int, $before: String, $filter: TopicFilter) {
        topics(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
            nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
    path: "/topics",
};

const PLACES: List = List {
    caller: Caller::Public,
    query: "query($first: Int, $after: String, $last: Int, $before: String, $filter: PlaceFilter) {
        places(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
            nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
    path: "/places",
};

const JOURNAL: List = List {
    caller: Caller::Admin,
    query: "query($first: Int, $after: String, $last: Int, $before: String, $filter: JournalFilter) {
        journal(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
            nodes { id: sequence } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
    path: "/journal",
};

const REVISIONS: List = List {
    caller: Caller::Editor,
    query: "query($first: Int, $after: String, $last: Int, $before: String, $ref: ReleaseRef!) {
        release(ref: $ref) { revisions(first: $first, after: $after, last: $last, before: $before) {
            nodes { id: number } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }",
    path: "/release/revisions",
};

const HISTORY: List = List {
    caller: Caller::Editor,
    query: "query($first: Int, $after: String, $ref: ReleaseRef!) { release(ref: $ref) { history(first: $first, after: $after) {
            nodes { id: sequence } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }",
    path: "/release/history",
};

const CONTAINS: List = List {
    caller: Caller::Public,
    query: "query($first: Int, $after: String, $last: Int, $before: String, $ref: PlaceRef!) { place(ref: $ref) { contains(first: $first, after: $after, last: $last, before: $before) {
            nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }",
    path: "/place/contains",
};

impl List {
    /// Queries one page of the list. `variables` contains the filter and `page` the page arguments. Returns the
    /// connection.
    async fn page(&self, server: &TestServer, variables: &Value, page: &Value) -> Value {
        let response = self.execute(server, variables, page).await;
        assert!(response.get("errors").is_none(), "{variables} {page}: {response}");
        response["data"].pointer(self.path).unwrap().clone()
    }

    async fn execute(&self, server: &TestServer, variables: &Value, page: &Value) -> Value {
        let mut all = variables.as_object().unwrap().clone();
        all.extend(page.as_object().unwrap().clone());
        server.execute(self.caller, self.query, all.into()).await
    }

    /// Checks that cursors work across equivalent notations of a filter: reads the list page by page, changes the
    /// notation between pages, and compares the items with the whole list.
    async fn assert_pages_join(&self, server: &TestServer, equivalents: &[Value]) {
        let expected = self.page(server, &equivalents[0], &json!({ "first": 200 })).await;
        let (expected, backward) = (ids(&expected), self.query.contains("$before"));
        assert!(expected.len() >= 3 && expected.len() < 200, "{} entries under {}", expected.len(), equivalents[0]);
        for equivalent in equivalents {
            assert_eq!(ids(&self.page(server, equivalent, &json!({ "first": 200 })).await), expected, "{equivalent}");
        }
        // For every pair of notations: reads a first page of one item with one notation, and the rest of the list
        // with the other.
        for equivalent in equivalents {
            let first = self.page(server, equivalent, &json!({ "first": 1 })).await;
            let last = if backward { self.page(server, equivalent, &json!({ "last": 1 })).await } else { json!(null) };
            for next_form in equivalents {
                let remaining = self
                    .page(server, next_form, &json!({ "first": 200, "after": first["pageInfo"]["endCursor"] }))
                    .await;
                assert_eq!([ids(&first), ids(&remaining)].concat(), expected, "{equivalent}, then {next_form}");
                assert_eq!(remaining["pageInfo"]["hasPreviousPage"], true);
                if backward {
                    let remaining = self
                        .page(server, next_form, &json!({ "last": 200, "before": last["pageInfo"]["startCursor"] }))
                        .await;
                    assert_eq!(
                        [ids(&remaining), ids(&last)].concat(),
                        expected,
                        "{equivalent}, then {next_form}, backward"
                    );
                }
            }
        }
        let (mut collected, mut after) = (Vec::new(), json!(null));
        for equivalent in equivalents.iter().cycle() {
            let page = self.page(server, equivalent, &json!({ "first": 2, "after": after })).await;
            collected.extend(ids(&page));
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!(collected, expected);
    }

    /// Checks that the server rejects the cursor of each filter under every other filter.
    async fn assert_rejected(&self, server: &TestServer, filters: &[Value]) {
        for (index, first_filter) in filters.iter().enumerate() {
            let cursor = self.page(server, first_filter, &json!({ "first": 1 })).await["pageInfo"]["endCursor"].clone();
            assert!(cursor.is_string(), "no releases under {first_filter}");
            for other_filter in filters
                .iter()
                .enumerate()
                .filter(|(other_filter, _)| *other_filter != index)
                .map(|(_, other_filter)| other_filter)
            {
                let response = self.execute(server, other_filter, &json!({ "first": 1, "after": cursor })).await;
                let error = &response["errors"][0];
                assert_eq!(
                    error["extensions"]["code"], "BAD_USER_INPUT",
                    "{first_filter}, then {other_filter}: {response}"
                );
                assert!(
                    error["message"].as_str().unwrap().contains("with another filter"),
                    "{first_filter}, then {other_filter}: {response}"
                );
            }
        }
    }
}

fn ids(connection: &Value) -> Vec<Value> {
    connection["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect()
}

/// Returns each filter as a set of variables with the single variable `filter`.
fn filters(filters: &[Value]) -> Vec<Value> {
    filters.iter().map(|filter| json!({ "filter": filter })).collect()
}

/// Imports twenty releases, and topics and places. Topics: labour (former slug work; toil was merged into it),
/// child-labour and others below labour, and crime. Places: asia > cambodia > phnom-penh, siem-reap, battambang.
/// Returns the ids of the topics and places by slug.
async fn seed_sample_data(server: &TestServer) -> Value {
    let mut lines = vec![
        json!({ "type": "topic", "slug": "work", "name": "Labour", "uri": "https://example.org/labour" }),
        json!({ "type": "topic", "slug": "toil", "name": "Toil", "uri": "https://example.org/toil" }),
        json!({ "type": "topic", "slug": "child-labour", "name": "Child labóur", "broader": "work" }),
        json!({ "type": "topic", "slug": "forced-labour", "name": "Forced LABOUR", "broader": "work" }),
        json!({ "type": "topic", "slug": "night-labour", "name": "Night labour", "broader": "work" }),
        json!({ "type": "topic", "slug": "crime", "name": "Crime" }),
        json!({ "type": "place", "slug": "asia", "name": "Asia", "kind": "REGION", "m49": "142" }),
        json!({ "type": "place", "slug": "cambodia", "name": "Cambodia", "kind": "COUNTRY", "within": "asia", "iso3166Alpha2": "KH", "iso3166Alpha3": "KHM", "m49": "116", "geonamesId": 1831722 }),
        json!({ "type": "place", "slug": "phnom-penh", "name": "Phnom Penh", "kind": "CITY", "within": "cambodia", "latitude": 11.5625, "longitude": 104.916 }),
        json!({ "type": "place", "slug": "siem-reap", "name": "Siem Reap", "kind": "CITY", "within": "cambodia" }),
        json!({ "type": "place", "slug": "battambang", "name": "Battambang", "kind": "CITY", "within": "cambodia" }),
    ];
    let topics = [json!([]), json!(["work"]), json!(["child-labour"]), json!(["toil", "crime"])];
    for number in 0..20 {
        let (kind, language) = [("SPEECH", "en"), ("ARTICLE", "pt-BR"), ("PRESS_RELEASE", "fr")][number % 3];
        lines.push(json!({
            "type": "release", "slug": format!("r{number}"), "externalId": format!("x{number}"), "headline": format!("Release {number}"),
            "kind": kind, "language": language,
            "releaseDate": format!("2006-05-{:02}", 1 + number / 3), "state": "PUBLISHED", "publishedAt": format!("2006-05-{:02}T08:00:00Z", 1 + number),
            "topics": topics[number % 4], "places": if number % 2 == 0 { json!(["phnom-penh"]) } else { json!(["asia"]) },
        }));
    }
    server.import(&lines).await;
    let ids_by_slug = async |query: &str| {
        let data = server.data(Caller::Public, query, json!({})).await;
        let nodes = data["list"]["nodes"].as_array().unwrap().clone();
        nodes
            .iter()
            .map(|node| (node["slug"].as_str().unwrap().to_owned(), node["id"].clone()))
            .collect::<serde_json::Map<_, _>>()
    };
    let mut ids = ids_by_slug("{ list: topics { nodes { id slug } } }").await;
    ids.extend(ids_by_slug("{ list: places { nodes { id slug } } }").await);
    ids.extend(ids_by_slug("{ list: releases(first: 200) { nodes { id slug } } }").await);
    let rename = "mutation($id: ID!) { topicUpdate(id: $id, expectedRevision: 1, input: { slug: \"labour\" }) { topic { slug } userErrors { message } } }";
    server.mutate(Caller::Admin, rename, json!({ "id": ids["work"] })).await;
    merge(server, &ids["toil"], &ids["work"]).await;
    Value::Object(ids)
}

async fn merge(server: &TestServer, from: &Value, into: &Value) {
    let mutation = "mutation($from: ID!, $into: ID!) { topicMerge(from: $from, into: $into) { topic { slug } userErrors { message } } }";
    server.mutate(Caller::Admin, mutation, json!({ "from": from, "into": into })).await;
}

on_both_databases! {
    async fn pages_of_releases_join_under_equivalent_filters(server: TestServer) {
        let id = seed_sample_data(&server).await;
        let any = |reference: Value| json!({ "topics": { "any": [reference] } });
        let place = |reference: Value| json!({ "places": { "any": [reference] } });
        let (speech, english) = (json!({ "kinds": ["SPEECH"] }), json!({ "languages": ["en"] }));
        for equivalents in [
            vec![
                json!(null), json!({}), json!({ "topics": {} }), json!({ "topics": null, "kinds": null }), json!({ "releaseDate": {} }), json!({ "modifiedAt": { "from": null } }),
                json!({ "places": { "role": "ABOUT", "includeWithin": false } }), json!({ "topics": { "all": [], "none": [], "includeNarrower": false } }), json!({ "and": [] }),
                json!({ "and": [{}, { "topics": {} }] }), json!({ "or": [{}] }), json!({ "or": [speech, {}] }),
            ],
            vec![json!({ "publishedAt": {} }), json!({ "publishedAt": { "from": null, "until": null } }), json!({ "and": [{ "publishedAt": {} }] })],
            vec![json!({ "kinds": ["SPEECH", "ARTICLE"] }), json!({ "kinds": ["ARTICLE", "SPEECH", "ARTICLE"] }), json!({ "and": [{ "kinds": ["ARTICLE", "SPEECH"] }] }), json!({ "or": [{ "kinds": ["ARTICLE", "SPEECH"] }] })],
            vec![
                any(json!({ "slug": "labour" })), any(json!({ "slug": "work" })), any(json!({ "slug": "toil" })), any(json!({ "id": id["work"] })), any(json!({ "id": id["toil"] })),
                any(json!({ "uri": "https://example.org/labour" })), any(json!({ "uri": "https://example.org/toil" })),
                json!({ "topics": { "any": [{ "slug": "work" }, { "id": id["toil"] }], "includeNarrower": true } }),
                json!({ "topics": { "all": [{ "slug": "toil" }] } }),
            ],
            vec![
                json!({ "topics": { "any": [{ "slug": "labour" }, { "slug": "crime" }], "none": [{ "slug": "child-labour" }, { "slug": "night-labour" }] } }),
                json!({ "topics": { "any": [{ "slug": "crime" }, { "id": id["work"] }, { "slug": "crime" }], "none": [{ "slug": "night-labour" }, { "slug": "child-labour" }] } }),
            ],
            vec![
                place(json!({ "slug": "cambodia" })), place(json!({ "iso3166": "KH" })), place(json!({ "iso3166": "khm" })), place(json!({ "m49": "116" })), place(json!({ "geonamesId": 1831722 })), place(json!({ "id": id["cambodia"] })),
                json!({ "places": { "any": [{ "iso3166": "KHM" }], "role": "ANY", "includeWithin": true, "none": [] } }),
            ],
            vec![json!({ "languages": ["pt-BR", "fr"] }), json!({ "languages": ["FR", "pt-br"] }), json!({ "languages": ["fr", "PT-br", "pt-BR"] })],
            vec![
                json!({ "places": { "near": { "latitude": 12, "longitude": 105, "kilometres": 100 } } }), json!({ "places": { "near": { "latitude": 12.0, "longitude": 105.0, "kilometres": 1e2 } } }),
                json!({ "and": [{ "places": { "near": { "latitude": 12.0, "longitude": 105, "kilometres": 100.0 }, "includeWithin": false } }] }),
            ],
            vec![json!({ "ids": [id["r1"], id["r2"], id["r3"]] }), json!({ "ids": [id["r3"], id["r1"], id["r2"], id["r1"]] })],
            vec![json!({ "publishedAt": { "from": "2006-05-05T00:00:00Z" } }), json!({ "publishedAt": { "from": "2006-05-05T07:00:00.000+07:00", "until": null } })],
            vec![json!({ "states": ["PUBLISHED", "DRAFT"], "authors": ["import", "Eda"] }), json!({ "authors": ["Eda", "import"], "states": ["DRAFT", "PUBLISHED"] })],
            vec![json!({ "not": { "kinds": ["SPEECH", "ARTICLE"] } }), json!({ "not": { "topics": {}, "kinds": ["ARTICLE", "SPEECH"] } })],
            vec![
                json!({ "or": [speech, english, { "languages": ["fr"] }] }), json!({ "or": [{ "languages": ["FR"] }, english, speech] }), json!({ "or": [{ "or": [speech, { "languages": ["fr"] }] }, english] }),
                json!({ "or": [speech, english, { "languages": ["fr"] }, { "kinds": [] }] }),
            ],
            vec![json!({ "kinds": ["SPEECH"], "languages": ["en"] }), json!({ "and": [speech, english] }), json!({ "and": [english, { "and": [speech] }], "kinds": ["SPEECH"] })],
        ] {
            RELEASES.assert_pages_join(&server, &filters(&equivalents)).await;
        }
        // Variables that all select the default order.
        let orders = [json!({}), json!({ "order": null }), json!({ "order": [] }), json!({ "order": [{ "by": "RELEASE_DATE" }] }), json!({ "filter": {}, "order": [{ "by": "RELEASE_DATE", "direction": "DESC" }] })];
        RELEASES.assert_pages_join(&server, &orders).await;
    }

    async fn pages_of_the_releases_of_a_topic_or_place_join(server: TestServer) {
        let id = seed_sample_data(&server).await;
        OF_TOPIC.assert_pages_join(&server, &[
            json!({ "ref": { "slug": "labour" } }), json!({ "ref": { "slug": "work" }, "filter": {} }), json!({ "ref": { "slug": "toil" }, "filter": null, "narrower": true }), json!({ "ref": { "id": id["toil"] }, "filter": { "places": {} } }),
            json!({ "ref": { "uri": "https://example.org/toil" } }),
        ]).await;
        OF_TOPIC.assert_pages_join(&server, &[
            json!({ "ref": { "slug": "labour" }, "filter": { "kinds": ["SPEECH", "ARTICLE"], "places": { "any": [{ "slug": "asia" }] } } }),
            json!({ "ref": { "id": id["work"] }, "filter": { "places": { "any": [{ "m49": "142" }] }, "kinds": ["ARTICLE", "SPEECH"] } }),
        ]).await;
        OF_PLACE.assert_pages_join(&server, &[
            json!({ "ref": { "slug": "cambodia" } }), json!({ "ref": { "iso3166": "KHM" }, "filter": {} }), json!({ "ref": { "iso3166": "kh" }, "within": true }), json!({ "ref": { "m49": "116" }, "filter": { "and": [] } }),
            json!({ "ref": { "geonamesId": 1831722 } }), json!({ "ref": { "id": id["cambodia"] } }),
        ]).await;
        OF_PLACE.assert_pages_join(&server, &[
            json!({ "ref": { "slug": "cambodia" }, "filter": { "languages": ["en", "pt"] } }), json!({ "ref": { "iso3166": "KH" }, "filter": { "languages": ["PT", "EN"] } }),
        ]).await;
        CONTAINS.assert_pages_join(&server, &[json!({ "ref": { "slug": "cambodia" } }), json!({ "ref": { "iso3166": "kh" } }), json!({ "ref": { "id": id["cambodia"] } })]).await;
    }

    async fn pages_of_topics_and_places_join(server: TestServer) {
        let id = seed_sample_data(&server).await;
        TOPICS.assert_pages_join(&server, &[json!({}), json!({ "filter": null }), json!({ "filter": {} }), json!({ "filter": { "search": "" } }), json!({ "filter": { "search": null, "under": null } })]).await;
        TOPICS.assert_pages_join(&server, &filters(&[json!({ "search": "labour" }), json!({ "search": "LABOUR" }), json!({ "search": "Lábour" }), json!({ "search": "ｌabour" })])).await;
        TOPICS.assert_pages_join(&server, &filters(&[json!({ "under": { "slug": "labour" } }), json!({ "under": { "slug": "work" } }), json!({ "under": { "id": id["toil"] } }), json!({ "under": { "uri": "https://example.org/labour" }, "search": "" })])).await;
        PLACES.assert_pages_join(&server, &[json!({}), json!({ "filter": {} }), json!({ "filter": { "kinds": null, "search": "" } })]).await;
        PLACES.assert_pages_join(&server, &filters(&[json!({ "kinds": ["CITY", "COUNTRY"] }), json!({ "kinds": ["COUNTRY", "CITY", "CITY"] })])).await;
        PLACES.assert_pages_join(&server, &filters(&[
            json!({ "within": { "slug": "cambodia" } }), json!({ "within": { "iso3166": "KH" } }), json!({ "within": { "iso3166": "khm" } }), json!({ "within": { "m49": "116" } }), json!({ "within": { "geonamesId": 1831722 } }), json!({ "within": { "id": id["cambodia"] } }),
        ])).await;
    }

    async fn pages_of_the_journal_and_of_versions_join(server: TestServer) {
        let id = seed_sample_data(&server).await;
        let (release, _) = server.create_draft(json!({ "headline": "One", "slug": "one" })).await;
        for revision in 1..5 {
            let input = json!({ "headline": format!("Headline {revision}"), "slug": "two" });
            server.mutate(Caller::Editor, crate::harness::REVISE, json!({ "id": release, "revision": revision, "input": input })).await;
        }
        let all = JOURNAL.page(&server, &json!({}), &json!({ "first": 200 })).await;
        assert_eq!(all["pageInfo"]["hasNextPage"], false);
        JOURNAL.assert_pages_join(&server, &[json!({}), json!({ "filter": null }), json!({ "filter": {} }), json!({ "filter": { "actions": null, "from": null } })]).await;
        JOURNAL.assert_pages_join(&server, &filters(&[json!({ "actions": ["release.create", "release.revise"] }), json!({ "actions": ["release.revise", "release.create", "release.create"] }), json!({ "actions": ["release.revise", "release.create", "\u{0}"] })])).await;
        JOURNAL.assert_pages_join(&server, &filters(&[json!({ "subject": release, "from": "2007-06-01T12:00:00Z" }), json!({ "subject": release, "from": "2007-06-01T19:00:00+07:00" })])).await;
        let names = [json!({ "ref": { "id": release } }), json!({ "ref": { "slug": "two" } })];
        REVISIONS.assert_pages_join(&server, &names).await;
        HISTORY.assert_pages_join(&server, &names).await;
        JOURNAL.assert_rejected(&server, &filters(&[
            json!({}), json!({ "actions": ["release.create"] }), json!({ "actions": ["release.create", "release.revise"] }), json!({ "by": "Eda" }), json!({ "by": "Kim" }), json!({ "subject": release }), json!({ "subject": id["work"] }),
            json!({ "from": "2007-06-01T12:00:00Z" }), json!({ "until": "2007-06-01T12:00:00Z" }),
        ])).await;
        let others = [json!({ "ref": { "slug": "two" } }), json!({ "ref": { "slug": "r1" } })];
        REVISIONS.assert_rejected(&server, &others).await;
        HISTORY.assert_rejected(&server, &others).await;
    }

    async fn cursors_are_rejected_under_another_filter(server: TestServer) {
        let id = seed_sample_data(&server).await;
        let any = |reference: Value| json!({ "topics": { "any": [reference] } });
        RELEASES.assert_rejected(&server, &filters(&[
            json!({}), json!({ "publishedAt": {} }), json!({ "publishedAt": { "from": "2006-05-01T00:00:00Z" } }), json!({ "publishedAt": { "from": "2006-05-01T00:00:00+01:00" } }),
            json!({ "releaseDate": { "from": "2006-05-02" } }), json!({ "releaseDate": { "until": "2006-05-02" } }), json!({ "modifiedAt": { "from": "2006-05-01T00:00:00Z" } }),
            json!({ "kinds": ["SPEECH"] }), json!({ "kinds": ["SPEECH", "ARTICLE"] }), json!({ "not": { "kinds": ["SPEECH"] } }), json!({ "not": { "kinds": [] } }), json!({ "kinds": ["SPEECH"], "languages": ["en"] }), json!({ "or": [{ "kinds": ["SPEECH"] }, { "languages": ["fr"] }] }),
            any(json!({ "slug": "labour" })), any(json!({ "slug": "child-labour" })), any(json!({ "slug": "crime" })), json!({ "topics": { "any": [{ "slug": "labour" }], "includeNarrower": false } }), json!({ "topics": { "none": [{ "slug": "labour" }] } }),
            json!({ "topics": { "any": [{ "slug": "labour" }, { "slug": "crime" }] } }), json!({ "topics": { "all": [{ "slug": "labour" }, { "slug": "crime" }] } }), json!({ "topics": { "missing": true } }), json!({ "topics": { "missing": false } }),
            json!({ "places": { "any": [{ "slug": "asia" }] } }), json!({ "places": { "any": [{ "slug": "asia" }], "includeWithin": false } }), json!({ "places": { "any": [{ "slug": "asia" }], "role": "ABOUT" } }),
            json!({ "places": { "near": { "latitude": 12, "longitude": 105, "kilometres": 100 } } }), json!({ "places": { "near": { "latitude": 12, "longitude": 105, "kilometres": 100.5 } } }),
            json!({ "languages": ["pt"] }), json!({ "languages": ["pt-BR"] }), json!({ "states": ["PUBLISHED"] }), json!({ "hasWorking": false }), json!({ "authors": ["import"] }), json!({ "ids": [id["r1"]] }),
        ])).await;
        let labour = json!({ "slug": "labour" });
        OF_TOPIC.assert_rejected(&server, &[json!({ "ref": labour }), json!({ "ref": { "slug": "crime" } }), json!({ "ref": labour, "narrower": false }), json!({ "ref": labour, "filter": { "kinds": ["SPEECH"] } }), json!({ "ref": labour, "filter": { "publishedAt": {} } })]).await;
        OF_PLACE.assert_rejected(&server, &[json!({ "ref": { "slug": "asia" } }), json!({ "ref": { "slug": "cambodia" } }), json!({ "ref": { "slug": "asia" }, "within": false }), json!({ "ref": { "slug": "asia" }, "filter": { "kinds": ["SPEECH"] } })]).await;
        TOPICS.assert_rejected(&server, &filters(&[json!({}), json!({ "search": "labour" }), json!({ "search": "labou" }), json!({ "search": " labour" }), json!({ "under": labour }), json!({ "topLevel": true }), json!({ "topLevel": false }), json!({ "retired": false })])).await;
        PLACES.assert_rejected(&server, &filters(&[json!({}), json!({ "kinds": ["CITY"] }), json!({ "kinds": ["CITY", "COUNTRY"] }), json!({ "within": { "slug": "asia" } }), json!({ "within": { "slug": "cambodia" } }), json!({ "search": "a" }), json!({ "retired": false })])).await;
        CONTAINS.assert_rejected(&server, &[json!({ "ref": { "slug": "asia" } }), json!({ "ref": { "slug": "cambodia" } })]).await;
        // If both the filter is invalid and the cursor does not match it, the server reports the filter.
        let cursor = RELEASES.page(&server, &json!({}), &json!({ "first": 1 })).await["pageInfo"]["endCursor"].clone();
        let response = RELEASES.execute(&server, &json!({ "filter": any(json!({ "slug": "nope" })) }), &json!({ "after": cursor })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "NOT_FOUND", "{response}");
        // The server rejects a cursor of another filter even if the query selects only `totalCount`.
        let query = "query($after: String, $filter: ReleaseFilter) { releases(after: $after, filter: $filter) { totalCount } }";
        let response = server.execute(Caller::Public, query, json!({ "after": cursor, "filter": { "kinds": ["SPEECH"] } })).await;
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("with another filter"), "{response}");
        assert_eq!(server.data(Caller::Public, query, json!({ "after": cursor, "filter": {} })).await["releases"]["totalCount"], 20);
    }

    async fn cursors_stay_valid_after_a_merge(server: TestServer) {
        let id = seed_sample_data(&server).await;
        let filter = |slug: &str| json!({ "filter": { "topics": { "any": [{ "slug": slug }] } } });
        let first = RELEASES.page(&server, &filter("crime"), &json!({ "first": 2 })).await;
        merge(&server, &id["crime"], &id["child-labour"]).await;
        let whole = ids(&RELEASES.page(&server, &filter("crime"), &json!({ "first": 200 })).await);
        let rest = RELEASES.page(&server, &filter("crime"), &json!({ "first": 200, "after": first["pageInfo"]["endCursor"] })).await;
        assert!(whole.ends_with(&ids(&rest)) && ids(&rest).len() > 3);
        RELEASES.assert_pages_join(&server, &[filter("crime"), filter("child-labour"), json!({ "filter": { "topics": { "any": [{ "id": id["crime"] }] } } })]).await;
    }

    async fn cursors_stay_valid_after_a_restart(server: TestServer) {
        let id = seed_sample_data(&server).await;
        let (slugs, keys) = (
            json!({ "filter": { "topics": { "any": [{ "slug": "work" }, { "slug": "crime" }] }, "kinds": ["SPEECH", "ARTICLE"] } }),
            json!({ "filter": { "kinds": ["ARTICLE", "SPEECH"], "topics": { "any": [{ "id": id["crime"] }, { "id": id["toil"] }] } } }),
        );
        let first = RELEASES.page(&server, &slugs, &json!({ "first": 2 })).await;
        let whole = RELEASES.page(&server, &slugs, &json!({ "first": 200 })).await;
        let server = server.restarted().await;
        let rest = RELEASES.page(&server, &keys, &json!({ "first": 200, "after": first["pageInfo"]["endCursor"] })).await;
        assert_eq!([ids(&first), ids(&rest)].concat(), ids(&whole));
    }

    async fn cursors_work_at_the_longest_names(server: TestServer) {
        // U+FDFA is one character that compatibility normalisation expands to 18, so the sort keys of these names are
        // very long.
        for last in ["a", "b", "c", "d"] {
            let name = format!("{}{last}", "\u{FDFA}".repeat(299));
            server.mutate(Caller::Admin, TOPIC, json!({ "input": { "name": name, "slug": last.repeat(200) } })).await;
        }
        TOPICS.assert_pages_join(&server, &[json!({}), json!({ "filter": {} })]).await;
    }
}
