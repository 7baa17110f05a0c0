//! Operations that are not valid, and those that are valid in unusual ways: nothing is done for the one, and the other is answered
//! as the GraphQL specification has it.

use crate::{
    harness::{CREATE, Who, on_both},
    visibility::schema_walk::{Pool, Schema, list, required, text, written},
};
use dateline::{http::config::HttpConfig, limits::Limits};
use serde_json::{Map, Value, json};

/// A field of a root with one argument that is wrong.
struct Spoiled {
    field: String,
    /// The field as a document writes it, its arguments by variables.
    written: String,
    /// The variables that it needs, as a document declares them.
    declared: String,
    variables: Map<String, Value>,
}

/// Values that are not of a type.
fn wrong(schema: &Schema, of: &Value) -> Vec<Value> {
    match of["kind"].as_str() {
        Some("NON_NULL") => return wrong(schema, &of["ofType"]).into_iter().chain([Value::Null]).collect(),
        Some("LIST") => return wrong(schema, &of["ofType"]).into_iter().map(|value| json!([value])).collect(),
        _ => {}
    }
    let name = text(&of["name"]);
    let kind = &schema.types[&name];
    match (kind["kind"].as_str(), name.as_str()) {
        (Some("ENUM"), _) => vec![json!("NO_SUCH_VALUE"), json!(1)],
        (Some("INPUT_OBJECT"), _) => {
            // Of each field something wrong, and one field too many.
            let fields = list(&kind["inputFields"]);
            let base: Map<String, Value> = Map::new();
            let with = |name: String, value: Value| {
                let mut object = base.clone();
                object.insert(name, value);
                Value::Object(object)
            };
            let leaf = |field: &&Value| written(&field["type"]).trim_matches(['[', ']', '!']) != name;
            let each = fields.iter().filter(leaf).filter_map(|field| {
                Some(with(text(&field["name"]), wrong(schema, &field["type"]).into_iter().next()?))
            });
            each.chain([with("noSuchField".to_owned(), json!(1)), json!("text")]).collect()
        }
        (_, "Int") => vec![json!("1"), json!(2_147_483_648_i64), json!(1.5)],
        (_, "Float") => vec![json!("1.5")],
        (_, "Boolean") => vec![json!("true"), json!(1)],
        (_, "ID") => vec![json!(true), json!(1.5)],
        (_, "Date") => vec![json!("2006-02-30"), json!(20_060_502)],
        (_, "DateTime") => vec![json!("2006-05-02"), json!(0)],
        _ => vec![json!(1)],
    }
}

/// A JSON value as a document writes it; nothing for one whose enums cannot be told from texts.
fn literal(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{name}: {}", literal(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

/// Every mutation with each of its arguments wrong in each way, and each required one missing.
fn spoiled(schema: &Schema, pool: &Pool) -> Vec<Spoiled> {
    let mut all = Vec::new();
    for field in list(&schema.types["Mutation"]["fields"]) {
        let (name, arguments) = (text(&field["name"]), list(&field["args"]));
        let base: Map<String, Value> = arguments
            .iter()
            .filter(|argument| required(argument))
            .map(|argument| (text(&argument["name"]), schema.candidates(&argument["type"], pool, 2)[0].clone()))
            .collect();
        for argument in arguments {
            let at = text(&argument["name"]);
            let mut given: Vec<&Value> = arguments.iter().filter(|of| base.contains_key(&text(&of["name"]))).collect();
            if !required(argument) {
                given.push(argument);
            }
            let declare = |of: &&Value| format!("${}: {} ", text(&of["name"]), written(&of["type"]));
            let pass = |of: &&Value| format!("{0}: ${0} ", text(&of["name"]));
            let (declared, passed): (String, String) =
                (given.iter().map(declare).collect(), given.iter().map(pass).collect());
            let call = format!("it: {name}({passed}) {{ __typename }}");
            for value in wrong(schema, &argument["type"]) {
                let mut variables = base.clone();
                variables.insert(at.clone(), value.clone());
                all.push(Spoiled { field: name.clone(), written: call.clone(), declared: declared.clone(), variables });
                // The same value written in the document.
                let others: Vec<&&Value> = given.iter().filter(|of| text(&of["name"]) != at).collect();
                let declared: String = others.iter().map(|of| declare(of)).collect();
                let passed: String = others.iter().map(|of| pass(of)).collect();
                let call = format!("it: {name}({passed}{at}: {}) {{ __typename }}", literal(&value));
                let mut variables = base.clone();
                variables.remove(&at);
                all.push(Spoiled { field: name.clone(), written: call, declared, variables });
            }
            if required(argument) {
                let mut variables = base.clone();
                variables.remove(&at);
                all.push(Spoiled { field: name.clone(), written: call, declared, variables });
            }
        }
        for call in [format!("it: {name}(noSuchArgument: 1) {{ __typename }}"), format!("it: {name} {{ noSuchField }}")]
        {
            all.push(Spoiled { field: name.clone(), written: call, declared: String::new(), variables: Map::new() });
        }
    }
    all
}

on_both! {
    async fn nothing_is_done_where_anything_in_a_mutation_is_invalid(desk: Desk) {
        let (id, _) = desk.draft(json!({ "headline": "One", "releaseDate": "2006-05-08" })).await;
        let pool = Pool { ids: vec![id], texts: vec!["text".to_owned()] };
        let schema = Schema::of(&desk).await;
        let spoiled = spoiled(&schema, &pool);
        let before = desk.app.newsroom.catalog.snapshot().sequence();
        let mut of_each = std::collections::HashMap::new();
        for Spoiled { field, written, declared, variables } in &spoiled {
            let declared = if declared.is_empty() { String::new() } else { format!("({declared})") };
            let draft = |alias| format!("{alias}: releaseCreate(input: {{headline: \"No\"}}) {{ release {{ id }} }}");
            let query = format!("mutation{declared} {{ {} {written} {} }}", draft("before"), draft("after"));
            let answer = desk.ask(Who::Admin, &query, json!(variables)).await;
            assert!(answer.get("data").is_none(), "{query} {variables:?}: {answer}");
            let error = &answer["errors"][0];
            let code = error["extensions"]["code"].as_str().unwrap();
            assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code), "{query}: {answer}");
            assert!(error["locations"][0]["column"].as_u64() >= Some(1), "{query}: {answer}");
            *of_each.entry(field.clone()).or_insert(0) += 1;
        }
        desk.app.newsroom.catalog.catch_up().await.unwrap();
        assert_eq!(desk.app.newsroom.catalog.snapshot().sequence(), before, "something was done");
        let mutations = list(&schema.types["Mutation"]["fields"]);
        assert!(mutations.len() >= 20 && mutations.iter().all(|field| of_each[&text(&field["name"])] >= 3), "{of_each:?}");
    }

    async fn a_variable_that_is_left_out_leaves_the_field_as_it_is(desk: Desk) {
        let (id, _) = desk.draft(json!({ "headline": "One", "summary": "Stays", "releaseDate": "2006-05-08" })).await;
        let revise = |declared: &str| {
            format!(
                "mutation($id: ID!, $revision: Int!, $s: {declared}) {{ releaseRevise(id: $id, expectedRevision: $revision, \
                 input: {{headline: \"New\", summary: $s}}) {{ release {{ revision working {{ summary }} summary }} userErrors {{ code }} }} }}"
            )
        };
        let mut revision = 1;
        for (declared, given, wanted) in [
            ("String", json!({}), json!("Stays")),
            ("String", json!({ "s": "Other" }), json!("Other")),
            ("String = \"Default\"", json!({}), json!("Default")),
            ("String = \"Default\"", json!({ "s": null }), Value::Null),
            ("String", json!({ "s": "Again" }), json!("Again")),
            ("String", json!({ "s": null }), Value::Null),
        ] {
            let mut variables = given.clone();
            variables["id"] = json!(id);
            variables["revision"] = json!(revision);
            let payload = desk.done(Who::Editor, &revise(declared), variables).await;
            assert_eq!(payload["release"]["summary"], wanted, "{declared} {given}");
            revision = payload["release"]["revision"].as_i64().unwrap();
        }
    }

    async fn who_has_no_token_is_told_so_whatever_is_selected(desk: Desk) {
        let (status, headers, answer) = desk
            .post_with(None, &[], &json!({ "query": "mutation { releaseCreate(input: {headline: \"x\"}) { __typename } }" }).to_string())
            .await;
        assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (401, &json!("UNAUTHENTICATED")));
        assert_eq!(headers["www-authenticate"], "Bearer");
        let answer = desk.ask(Who::Public, "{ viewer { role } tokens { id } journal { pageInfo { hasNextPage } } }", json!({})).await;
        assert_eq!(answer["data"], json!({ "viewer": { "role": "PUBLIC" }, "tokens": null, "journal": null }));
        let codes: Vec<&Value> = answer["errors"].as_array().unwrap().iter().map(|of| &of["extensions"]["code"]).collect();
        assert_eq!(codes, ["UNAUTHENTICATED", "UNAUTHENTICATED"]);
        let answer = desk.ask(Who::Author, "{ tokens { id } }", json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }

    async fn keys_come_in_the_order_of_the_query_each_time(desk: Desk) {
        let topics = json!({ "type": "topic", "slug": "work", "name": "Work" });
        desk.import(&[topics]).await;
        let input = |headline| json!({ "headline": headline, "releaseDate": "2006-05-08", "bodyMarkdown": "Words.", "topics": [{ "slug": "work" }] });
        let id = desk.published(input("One")).await;
        desk.published(input("Two")).await;
        let query = "query($id: ID!) { z: __typename node(id: $id) { ... on Release { headline body { text wordCount html } ...T related { id } url } \
                     ... on Topic { name slug } __typename id } a: viewer { role name } } fragment T on Release { topics { slug name } headline }";
        let wanted = "{\"data\":{\"z\":\"Query\",\"node\":{\"headline\":\"One\",\"body\":{\"text\":\"Words.\",\"wordCount\":1,\"html\":\
                      \"<p>Words.</p>\\n\"},\"topics\":[{\"slug\":\"work\",\"name\":\"Work\"}],\"related\":[{\"id\":";
        for _ in 0..30 {
            let body = json!({ "query": query, "variables": { "id": id } }).to_string();
            let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
            let (_, answer) = desk.send(request.body(body.into()).unwrap()).await;
            assert!(answer.starts_with(wanted) && answer.ends_with("\"a\":{\"role\":\"PUBLIC\",\"name\":\"public\"}}}"), "{answer}");
        }
        // A field that fails is null where it was asked for, also where async-graphql resolves the objects.
        let body = json!({ "query": "{ releases(first: 1) { nodes { slug related(first: 0) { id } headline } } }" }).to_string();
        let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
        let (_, answer) = desk.send(request.body(body.into()).unwrap()).await;
        assert!(answer.starts_with("{\"data\":{\"releases\":{\"nodes\":[{\"slug\":\"two\",\"related\":null,\"headline\":\"Two\"}]}}"), "{answer}");
        let query = "{ tokens { id } viewer { name } journal { pageInfo { hasNextPage } } b: viewer { role } }";
        let body = json!({ "query": query }).to_string();
        let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
        let (_, answer) = desk.send(request.body(body.into()).unwrap()).await;
        assert!(answer.contains("\"data\":{\"tokens\":null,\"viewer\":{\"name\":\"public\"},\"journal\":null,\"b\":{\"role\":\"PUBLIC\"}}"), "{answer}");
    }

    async fn a_price_depends_on_what_the_caller_may_see(desk: Desk) {
        let edge = HttpConfig { limits: Limits { cost: 45, ..Default::default() }.into(), ..Default::default() };
        let desk = desk.with_http_config(edge);
        let query = "{ releases(first: 200) { nodes { id slug headline kind language releaseDate publishedAt modifiedAt url } } }";
        let cost = async |who| {
            let answer = desk.ask(who, query, json!({})).await;
            answer["errors"][0]["message"].as_str().map(|told| told.split([' ', ',']).nth(3).unwrap().to_owned())
        };
        for number in 0..5 {
            desk.done(Who::Editor, CREATE, json!({ "input": { "headline": format!("Draft {number}"), "releaseDate": "2006-05-08" } })).await;
        }
        assert_eq!((cost(Who::Public).await, cost(Who::Editor).await), (None, Some("51".to_owned())));
        for number in 0..5 {
            desk.published(json!({ "headline": format!("Public {number}"), "releaseDate": "2006-05-08" })).await;
        }
        // 1 for the list, 10 for each of its entries.
        assert_eq!((cost(Who::Public).await, cost(Who::Editor).await), (Some("51".to_owned()), Some("101".to_owned())));
    }

    async fn rendering_bodies_costs_by_their_length(desk: Desk) {
        let edge = HttpConfig { limits: Limits { cost: 100, ..Default::default() }.into(), ..Default::default() };
        let desk = desk.with_http_config(edge);
        for number in 0..3 {
            let body = "Word. ".repeat(2000);
            desk.published(json!({ "headline": format!("Long {number}"), "releaseDate": "2006-05-08", "bodyMarkdown": body })).await;
        }
        let ask = async |form: &str| desk.ask(Who::Public, &format!("{{ releases {{ nodes {{ body {{ {form} }} }} }} }}"), json!({})).await;
        // 12,000 bytes are 24 for each of three bodies, beside 10 for the fields.
        for sound in ["html", "text", "wordCount", "markdown a: markdown b: markdown c: markdown"] {
            assert!(ask(sound).await.get("errors").is_none(), "{sound}");
        }
        // Of the first two forms, one body is rendered: the others are null.
        let answer = ask("html wordCount").await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "ANSWER_TOO_LARGE", "{answer}");
        assert!(answer["errors"][0]["message"].as_str().unwrap().contains("limits.cost"));
        let bodies = answer["data"]["releases"]["nodes"].as_array().unwrap().iter().filter(|node| !node["body"].is_null());
        assert_eq!((bodies.count(), answer["errors"].as_array().unwrap().len()), (1, 2), "{answer:.300}");
    }

    async fn a_variable_decides_only_where_it_stands_in_a_condition(desk: Desk) {
        let query = "query A($a: Int) { releases(first: $a) { totalCount } } query B($a: Boolean!) { viewer @skip(if: $a) { role } }";
        let ask = async |operation: &str, value: Value| {
            let body = json!({ "query": query, "operationName": operation, "variables": { "a": value } }).to_string();
            desk.post(None, &body).await.1
        };
        assert_eq!(ask("A", Value::Null).await["data"]["releases"]["totalCount"], 0);
        assert_eq!(ask("B", json!(true)).await["data"], json!({}));
        assert_eq!(ask("B", Value::Null).await["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        let unknown = ask("C", json!(1)).await;
        assert_eq!(unknown["errors"][0]["message"], "the query has no operation `C`, but `A`, `B`");
        assert_eq!(unknown["errors"][0]["locations"].as_array().map(Vec::len), Some(2), "{unknown}");
    }

    async fn ids_may_have_more_digits_than_numbers(desk: Desk) {
        for query in ["{ node(id: 99999999999999999999) { id } }", "query($id: ID! = 99999999999999999999) { node(id: $id) { id } }"] {
            let answer = desk.ask(Who::Public, query, json!({})).await;
            let told = answer["errors"][0]["message"].as_str().unwrap();
            assert!(told.contains("\"99999999999999999999\" is not an id of this server"), "{query}: {answer}");
        }
    }

    async fn errors_name_nothing_of_a_schema_that_is_not_public(desk: Desk) {
        let desk = desk.with_http_config(HttpConfig { introspection: false, ..HttpConfig::default() });
        let null = "(filter: {topics: {includeNarrower: $b}})";
        for (query, of) in [
            (format!("subscription($b: Boolean) {{ releaseChanged{null} {{ kind }} }}"), "subscription"),
            (format!("query($b: Boolean) {{ releases{null} {{ count }} }}"), "query"),
        ] {
            let body = json!({ "query": query, "variables": { "b": null } }).to_string();
            let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
            let (_, answer) = desk.send(request.header("accept", "text/event-stream").body(body.into()).unwrap()).await;
            assert!(answer.contains("null is not allowed here"), "{of}: {answer}");
            assert!(!["TopicSetFilter", "ReleaseFilter", "Boolean"].iter().any(|name| answer.contains(name)), "{of}: {answer}");
        }
        // Not even how much there is of it.
        let aliases: String = (0..90).map(|number| format!("a{number}: description ")).collect();
        let answer = desk.ask(Who::Public, &format!("{{ __schema {{ types {{ fields {{ {aliases} }} }} }} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INTROSPECTION_DISABLED", "{answer}");
    }
}
