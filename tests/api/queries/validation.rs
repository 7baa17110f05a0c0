//! Tests of the validation and execution of operations. An operation with an invalid argument must change nothing,
//! whichever mutation has the invalid argument. Also tests variables and the order of response keys (GraphQL
//! specification), authentication errors, and query cost.

use dateline::{config::HttpConfig, limits::Limits};
use serde_json::{Map, Value, json};

use crate::{
    harness::{CREATE, Caller, on_both_databases},
    visibility::schema_walk::{Schema, ValuePool, list, required, text, type_text},
};

/// A call of a mutation field with one invalid argument.
struct InvalidField {
    field: String,
    /// The call in GraphQL syntax.
    written: String,
    /// The declarations of the variables in the call, in GraphQL syntax.
    declared: String,
    variables: Map<String, Value>,
}

/// Returns JSON values that are invalid for an input type of the schema.
fn invalid_values(schema: &Schema, type_ref: &Value) -> Vec<Value> {
    match type_ref["kind"].as_str() {
        Some("NON_NULL") => {
            return invalid_values(schema, &type_ref["ofType"]).into_iter().chain([Value::Null]).collect();
        }
        Some("LIST") => {
            return invalid_values(schema, &type_ref["ofType"]).into_iter().map(|value| json!([value])).collect();
        }
        _ => {}
    }
    let name = text(&type_ref["name"]);
    let kind = &schema.types[&name];
    match (kind["kind"].as_str(), name.as_str()) {
        (Some("ENUM"), _) => vec![json!("NO_SUCH_VALUE"), json!(1)],
        (Some("INPUT_OBJECT"), _) => {
            // An object for each field, with an invalid value of that field; an object with an unknown field; and a
            // string instead of an object.
            let fields = list(&kind["inputFields"]);
            let base: Map<String, Value> = Map::new();
            let with = |name: String, value: Value| {
                let mut object = base.clone();
                object.insert(name, value);
                Value::Object(object)
            };
            let leaf = |field: &&Value| type_text(&field["type"]).trim_matches(['[', ']', '!']) != name;
            let each = fields.iter().filter(leaf).filter_map(|field| {
                Some(with(text(&field["name"]), invalid_values(schema, &field["type"]).into_iter().next()?))
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

/// Returns a JSON value as a GraphQL literal. Enum values become strings, which are invalid, as the tests need.
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

/// For every mutation, returns calls in which one argument is invalid, in every way, and calls in which one required
/// argument is missing.
fn invalid_fields(schema: &Schema, pool: &ValuePool) -> Vec<InvalidField> {
    let mut all = Vec::new();
    for field in list(&schema.types["Mutation"]["fields"]) {
        let (name, arguments) = (text(&field["name"]), list(&field["args"]));
        let base: Map<String, Value> = arguments
            .iter()
            .filter(|argument| required(argument))
            .map(|argument| (text(&argument["name"]), schema.candidates(&argument["type"], pool, 2)[0].clone()))
            .collect();
        for argument in arguments {
            let name_of_argument = text(&argument["name"]);
            let mut given: Vec<&Value> =
                arguments.iter().filter(|other| base.contains_key(&text(&other["name"]))).collect();
            if !required(argument) {
                given.push(argument);
            }
            let declare = |other: &&Value| format!("${}: {} ", text(&other["name"]), type_text(&other["type"]));
            let pass = |other: &&Value| format!("{0}: ${0} ", text(&other["name"]));
            let (declared, passed): (String, String) =
                (given.iter().map(declare).collect(), given.iter().map(pass).collect());
            let call = format!("it: {name}({passed}) {{ __typename }}");
            for value in invalid_values(schema, &argument["type"]) {
                let mut variables = base.clone();
                variables.insert(name_of_argument.clone(), value.clone());
                all.push(InvalidField {
                    field: name.clone(),
                    written: call.clone(),
                    declared: declared.clone(),
                    variables,
                });
                // The same invalid value as a literal instead of a variable.
                let others: Vec<&&Value> =
                    given.iter().filter(|other| text(&other["name"]) != name_of_argument).collect();
                let declared: String = others.iter().map(|other| declare(other)).collect();
                let passed: String = others.iter().map(|other| pass(other)).collect();
                let call = format!("it: {name}({passed}{name_of_argument}: {}) {{ __typename }}", literal(&value));
                let mut variables = base.clone();
                variables.remove(&name_of_argument);
                all.push(InvalidField { field: name.clone(), written: call, declared, variables });
            }
            if required(argument) {
                let mut variables = base.clone();
                variables.remove(&name_of_argument);
                all.push(InvalidField { field: name.clone(), written: call, declared, variables });
            }
        }
        for call in [format!("it: {name}(noSuchArgument: 1) {{ __typename }}"), format!("it: {name} {{ noSuchField }}")]
        {
            all.push(InvalidField {
                field: name.clone(),
                written: call,
                declared: String::new(),
                variables: Map::new(),
            });
        }
    }
    all
}

on_both_databases! {
    async fn an_invalid_mutation_changes_nothing(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": "One", "releaseDate": "2006-05-08" })).await;
        let pool = ValuePool { ids: vec![id], texts: vec!["text".to_owned()] };
        let schema = Schema::introspect(&server).await;
        let cases = invalid_fields(&schema, &pool);
        let before = server.app.newsroom.catalog.snapshot().sequence();
        let mut cases_by_field = std::collections::HashMap::new();
        for InvalidField { field, written, declared, variables } in &cases {
            let declared = if declared.is_empty() { String::new() } else { format!("({declared})") };
            let draft = |alias| format!("{alias}: releaseCreate(input: {{headline: \"No\"}}) {{ release {{ id }} }}");
            let query = format!("mutation{declared} {{ {} {written} {} }}", draft("before"), draft("after"));
            let response = server.execute(Caller::Admin, &query, json!(variables)).await;
            assert!(response.get("data").is_none(), "{query} {variables:?}: {response}");
            let error = &response["errors"][0];
            let code = error["extensions"]["code"].as_str().unwrap();
            assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code), "{query}: {response}");
            assert!(error["locations"][0]["column"].as_u64() >= Some(1), "{query}: {response}");
            *cases_by_field.entry(field.clone()).or_insert(0) += 1;
        }
        server.app.newsroom.catalog.catch_up().await.unwrap();
        assert_eq!(server.app.newsroom.catalog.snapshot().sequence(), before, "an invalid mutation was executed");
        let mutations = list(&schema.types["Mutation"]["fields"]);
        assert!(mutations.len() >= 20 && mutations.iter().all(|field| cases_by_field[&text(&field["name"])] >= 3), "{cases_by_field:?}");
    }

    async fn an_omitted_variable_leaves_the_field_unchanged(server: TestServer) {
        let (id, _) = server.create_draft(json!({ "headline": "One", "summary": "Stays", "releaseDate": "2006-05-08" })).await;
        let revise = |declared: &str| {
            format!(
                "mutation($id: ID!, $revision: Int!, $s: {declared}) {{ releaseRevise(id: $id, expectedRevision: $revision, \
                 input: {{headline: \"New\", summary: $s}}) {{ release {{ revision working {{ summary }} summary }} userErrors {{ code }} }} }}"
            )
        };
        let mut revision = 1;
        for (declared, given, expected) in [
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
            let payload = server.mutate(Caller::Editor, &revise(declared), variables).await;
            assert_eq!(payload["release"]["summary"], expected, "{declared} {given}");
            revision = payload["release"]["revision"].as_i64().unwrap();
        }
    }

    async fn requests_without_a_token_get_unauthenticated_errors(server: TestServer) {
        let (status, headers, response) = server
            .post_with_headers(None, &[], &json!({ "query": "mutation { releaseCreate(input: {headline: \"x\"}) { __typename } }" }).to_string())
            .await;
        assert_eq!((status, &response["errors"][0]["extensions"]["code"]), (401, &json!("UNAUTHENTICATED")));
        assert_eq!(headers["www-authenticate"], "Bearer");
        let response = server.execute(Caller::Public, "{ viewer { role } tokens { nodes { id } } journal { pageInfo { hasNextPage } } }", json!({})).await;
        assert_eq!(response["data"], json!({ "viewer": { "role": "PUBLIC" }, "tokens": null, "journal": null }));
        let codes: Vec<&Value> = response["errors"].as_array().unwrap().iter().map(|error| &error["extensions"]["code"]).collect();
        assert_eq!(codes, ["UNAUTHENTICATED", "UNAUTHENTICATED"]);
        let response = server.execute(Caller::Author, "{ tokens { nodes { id } } }", json!({})).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }

    async fn response_keys_follow_the_order_of_the_selection(server: TestServer) {
        let topics = json!({ "type": "topic", "slug": "work", "name": "Work" });
        server.import(&[topics]).await;
        let input = |headline| json!({ "headline": headline, "releaseDate": "2006-05-08", "bodyMarkdown": "Words.", "topics": [{ "slug": "work" }] });
        let id = server.create_published(input("One")).await;
        server.create_published(input("Two")).await;
        let query = "query($id: ID!) { z: __typename node(id: $id) { ... on Release { headline body { text wordCount html } ...T related { id } url } \
                     ... on Topic { name slug } __typename id } a: viewer { role name } } fragment T on Release { topics { slug name } headline }";
        let expected_prefix = "{\"data\":{\"z\":\"Query\",\"node\":{\"headline\":\"One\",\"body\":{\"text\":\"Words.\",\"wordCount\":1,\"html\":\
                      \"<p>Words.</p>\\n\"},\"topics\":[{\"slug\":\"work\",\"name\":\"Work\"}],\"related\":[{\"id\":";
        for _ in 0..30 {
            let body = json!({ "query": query, "variables": { "id": id } }).to_string();
            let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
            let (_, response) = server.send(request.body(body.into()).unwrap()).await;
            assert!(response.starts_with(expected_prefix) && response.ends_with("\"a\":{\"role\":\"PUBLIC\",\"name\":\"public\"}}}"), "{response}");
        }
        // A field that fails becomes null at its position, and the order of the response keys stays the same. The
        // first query fails in a field of a list item, the second in root fields.
        let body = json!({ "query": "{ releases(first: 1) { nodes { slug related(first: 0) { id } headline } } }" }).to_string();
        let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
        let (_, response) = server.send(request.body(body.into()).unwrap()).await;
        assert!(response.starts_with("{\"data\":{\"releases\":{\"nodes\":[{\"slug\":\"two\",\"related\":null,\"headline\":\"Two\"}]}}"), "{response}");
        let query = "{ tokens { nodes { id } } viewer { name } journal { pageInfo { hasNextPage } } b: viewer { role } }";
        let body = json!({ "query": query }).to_string();
        let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
        let (_, response) = server.send(request.body(body.into()).unwrap()).await;
        assert!(response.contains("\"data\":{\"tokens\":null,\"viewer\":{\"name\":\"public\"},\"journal\":null,\"b\":{\"role\":\"PUBLIC\"}}"), "{response}");
    }

    async fn query_cost_depends_on_what_the_caller_may_see(server: TestServer) {
        let edge = HttpConfig { limits: Limits { cost: 45, ..Default::default() }.into(), ..Default::default() };
        let server = server.with_http_config(edge);
        let query = "{ releases(first: 200) { nodes { id slug headline kind language releaseDate publishedAt modifiedAt url } } }";
        let cost = async |caller| {
            let response = server.execute(caller, query, json!({})).await;
            response["errors"][0]["message"].as_str().map(|message| message.split([' ', ',']).nth(3).unwrap().to_owned())
        };
        for number in 0..5 {
            server.mutate(Caller::Editor, CREATE, json!({ "input": { "headline": format!("Draft {number}"), "releaseDate": "2006-05-08" } })).await;
        }
        assert_eq!((cost(Caller::Public).await, cost(Caller::Editor).await), (None, Some("51".to_owned())));
        for number in 0..5 {
            server.create_published(json!({ "headline": format!("Public {number}"), "releaseDate": "2006-05-08" })).await;
        }
        // The cost of the query is 1 for the list and 10 for each release that the caller may see.
        assert_eq!((cost(Caller::Public).await, cost(Caller::Editor).await), (Some("51".to_owned()), Some("101".to_owned())));
    }

    async fn rendering_a_body_costs_by_its_length(server: TestServer) {
        let edge = HttpConfig { limits: Limits { cost: 100, ..Default::default() }.into(), ..Default::default() };
        let server = server.with_http_config(edge);
        for number in 0..3 {
            let body = "Word. ".repeat(2000);
            server.create_published(json!({ "headline": format!("Long {number}"), "releaseDate": "2006-05-08", "bodyMarkdown": body })).await;
        }
        let execute = async |fields: &str| server.execute(Caller::Public, &format!("{{ releases {{ nodes {{ body {{ {fields} }} }} }} }}"), json!({})).await;
        // The fields of the query cost 10. Rendering a body of 12,000 bytes costs 24, and there are three bodies, so
        // one rendition of each body fits the cost limit of 100.
        for affordable in ["html", "text", "wordCount", "markdown a: markdown b: markdown c: markdown"] {
            assert!(execute(affordable).await.get("errors").is_none(), "{affordable}");
        }
        // The HTML and the word count of a body are two renditions. Only one body fits the cost limit with both; the
        // other bodies are null.
        let response = execute("html wordCount").await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "ANSWER_TOO_LARGE", "{response}");
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("limits.cost"));
        let bodies = response["data"]["releases"]["nodes"].as_array().unwrap().iter().filter(|node| !node["body"].is_null());
        assert_eq!((bodies.count(), response["errors"].as_array().unwrap().len()), (1, 2), "{response:.300}");
    }

    async fn a_variable_is_a_condition_only_in_skip_or_include(server: TestServer) {
        let query = "query A($a: Int) { releases(first: $a) { totalCount } } query B($a: Boolean!) { viewer @skip(if: $a) { role } }";
        let execute = async |operation: &str, value: Value| {
            let body = json!({ "query": query, "operationName": operation, "variables": { "a": value } }).to_string();
            server.post(None, &body).await.1
        };
        assert_eq!(execute("A", Value::Null).await["data"]["releases"]["totalCount"], 0);
        assert_eq!(execute("B", json!(true)).await["data"], json!({}));
        assert_eq!(execute("B", Value::Null).await["errors"][0]["extensions"]["code"], "BAD_USER_INPUT");
        let unknown = execute("C", json!(1)).await;
        assert_eq!(unknown["errors"][0]["message"], "the query has no operation `C`; available operations: `A`, `B`");
        assert_eq!(unknown["errors"][0]["locations"].as_array().map(Vec::len), Some(2), "{unknown}");
    }

    async fn ids_may_have_more_digits_than_numbers(server: TestServer) {
        for query in ["{ node(id: 99999999999999999999) { id } }", "query($id: ID! = 99999999999999999999) { node(id: $id) { id } }"] {
            let response = server.execute(Caller::Public, query, json!({})).await;
            let message = response["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains("\"99999999999999999999\" is not an id of this server"), "{query}: {response}");
        }
    }

    async fn errors_reveal_nothing_of_a_private_schema(server: TestServer) {
        let server = server.with_http_config(HttpConfig { introspection: false, ..HttpConfig::default() });
        let filter = "(filter: {topics: {includeNarrower: $b}})";
        for (query, operation) in [
            (format!("subscription($b: Boolean) {{ releaseChanged{filter} {{ kind }} }}"), "subscription"),
            (format!("query($b: Boolean) {{ releases{filter} {{ count }} }}"), "query"),
        ] {
            let body = json!({ "query": query, "variables": { "b": null } }).to_string();
            let request = axum::http::Request::post("/graphql").header("content-type", "application/json");
            let (_, response) = server.send(request.header("accept", "text/event-stream").body(body.into()).unwrap()).await;
            assert!(response.contains("null is not allowed here"), "{operation}: {response}");
            assert!(!["TopicSetFilter", "ReleaseFilter", "Boolean"].iter().any(|name| response.contains(name)), "{operation}: {response}");
        }
        // An introspection query without a token gets the error that introspection is disabled. A cost error would
        // reveal the size of the schema.
        let aliases: String = (0..90).map(|number| format!("a{number}: description ")).collect();
        let response = server.execute(Caller::Public, &format!("{{ __schema {{ types {{ fields {{ {aliases} }} }} }} }}"), json!({})).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "INTROSPECTION_DISABLED", "{response}");
    }
}
