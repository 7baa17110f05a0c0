//! Benchmark of queries: GraphQL responses from the catalog, without a network, compared with hand-written SQL on the
//! same database.
//!
//! For a page, the SQL statement only reads 20 rows by key, which is a lower bound for the cost of any page. The
//! benchmark prints how many times faster the catalog is, how the times of both grow with the number of releases,
//! and the time to prepare an operation and to write a release.
//!
//! cargo bench --bench catalog                       # 10,000 and 100,000 releases
//! cargo bench --bench catalog -- 10000 1000000      # other sizes

#![expect(clippy::print_stdout, reason = "a benchmark prints its results as a table")]

mod newsroom;

use std::{
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use dateline::{
    app::App,
    auth::viewer::Viewer,
    graphql::OperationInput,
    newsroom::{Patch, release::content::ReleaseInput},
};
use entity::api_token::Role;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use crate::newsroom::{Newsroom, Random, arguments, now};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measurement time of each query.
const MEASUREMENT_TIME: Duration = Duration::from_millis(700);

const LIST_FIELDS: &str =
    "slug headline summary releaseDate dateline { places { name } } topics { slug name } places { slug name }";

/// A benchmark case: its name, its query, a generator of variables, and the SQL statement that returns the same
/// result.
struct BenchCase {
    name: &'static str,
    query: String,
    variables: fn(&mut Random) -> Value,
    statement: Option<fn(&Value) -> String>,
}

fn bench_cases() -> Vec<BenchCase> {
    let topic = |random: &mut Random| json!({ "t": format!("topic-{}", random.below(crate::newsroom::TOPICS)) });
    vec![
        BenchCase {
            name: "newest 20",
            query: format!("{{ releases {{ nodes {{ {LIST_FIELDS} }} }} }}"),
            variables: |_| json!({}),
            statement: Some(|_| page_statement()),
        },
        BenchCase {
            name: "20 of a topic and a place",
            query: format!("query($t: Slug!, $p: Slug!) {{ releases(filter: {{topics: {{any: [{{slug: $t}}], includeNarrower: false}}, places: {{any: [{{slug: $p}}], role: ABOUT, includeWithin: false}}}}) {{ nodes {{ {LIST_FIELDS} }} }} }}"),
            variables: |random| json!({ "t": format!("topic-{}", random.below(60)), "p": format!("place-{}", random.below(60)) }),
            statement: Some(|_| page_statement()),
        },
        BenchCase {
            name: "one by slug",
            query: "query($s: Slug!) { release(ref: {slug: $s}) { slug headline summary releaseDate body { markdown } topics { slug name } places { slug name } } }".to_owned(),
            variables: |random| json!({ "s": format!("release-{}", random.below(9000)) }),
            statement: Some(|v| format!("SELECT v.* FROM release r JOIN revision v ON v.id = r.live_revision_id WHERE r.slug = {}", quoted(&v["s"]))),
        },
        BenchCase {
            name: "count of a topic",
            query: "query($t: Slug!) { releases(filter: {topics: {any: [{slug: $t}], includeNarrower: false}}) { totalCount } }".to_owned(),
            variables: topic,
            statement: Some(|v| format!("SELECT count(*) FROM release r JOIN revision_topic t ON t.revision_id = r.live_revision_id WHERE r.state = 'PUBLISHED' AND t.topic_id = (SELECT id FROM topic WHERE slug = {})", quoted(&v["t"]))),
        },
        BenchCase {
            name: "top 20 topics",
            query: "{ topicAggregates(rollUp: false) { count topic { slug name } } }".to_owned(),
            variables: |_| json!({}),
            statement: Some(|_| "SELECT t.topic_id, count(*) FROM release r JOIN revision_topic t ON t.revision_id = r.live_revision_id WHERE r.state = 'PUBLISHED' GROUP BY 1 ORDER BY 2 DESC LIMIT 20".to_owned()),
        },
        BenchCase {
            name: "top 20 topics, kind and dates",
            query: "query($f: Date!, $u: Date!) { topicAggregates(rollUp: false, filter: {kinds: [PRESS_RELEASE, SPEECH], releaseDate: {from: $f, until: $u}}) { count topic { slug name } } }".to_owned(),
            variables: |random| {
                let year = 2000 + random.below(20);
                json!({ "f": format!("{year}-03-05"), "u": format!("{}-02-10", year + 1 + random.below(4)) })
            },
            statement: Some(|v| format!("SELECT t.topic_id, count(*) FROM release r JOIN revision v ON v.id = r.live_revision_id JOIN revision_topic t ON t.revision_id = v.id WHERE r.state = 'PUBLISHED' AND v.kind IN ('PRESS_RELEASE', 'SPEECH') AND v.release_date BETWEEN {} AND {} GROUP BY 1 ORDER BY 2 DESC LIMIT 20", quoted(&v["f"]), quoted(&v["u"]))),
        },
        BenchCase {
            name: "top 20 topics, rolled up, places by country",
            query: "query($f: Date!) { releaseStats(filter: {releaseDate: {from: $f}}) { facets { topics(input: {first: 20}) { buckets { label count } } places(input: {first: 20, level: COUNTRY}) { missing buckets { label count } } } } }".to_owned(),
            variables: |random| json!({ "f": format!("{}-06-15", 2000 + random.below(24)) }),
            statement: None,
        },
        BenchCase {
            name: "months of a topic",
            query: "query($t: Slug!) { releaseStats(filter: {topics: {any: [{slug: $t}], includeNarrower: false}}) { timeline(interval: MONTH, range: {from: \"2010-01-01\", until: \"2019-12-31\"}) { points { label count } } } }".to_owned(),
            variables: topic,
            statement: Some(|v| format!("SELECT substr(CAST(v.release_date AS TEXT), 1, 7), count(*) FROM release r JOIN revision v ON v.id = r.live_revision_id JOIN revision_topic t ON t.revision_id = v.id WHERE r.state = 'PUBLISHED' AND v.release_date BETWEEN '2010-01-01' AND '2019-12-31' AND t.topic_id = (SELECT id FROM topic WHERE slug = {}) GROUP BY 1 ORDER BY 1", quoted(&v["t"]))),
        },
        BenchCase {
            name: "months of everything, in a zone",
            query: "{ releaseStats { timeline(interval: MONTH, dateField: PUBLISHED_AT, timeZone: \"Asia/Phnom_Penh\") { points { label count } } } }".to_owned(),
            variables: |_| json!({}),
            statement: None,
        },
        BenchCase {
            name: "12 topics, 5 places each, 24 months each",
            query: "query($k: [ReleaseKind!], $r: DateRange) { releaseStats(filter: {kinds: $k}) { facets { topics(input: {first: 12, rollUp: false}) { buckets { label count stats { facets { places(input: {first: 5}) { buckets { label count stats { timeline(interval: MONTH, range: $r) { points { label count } } } } } } } } } } } }".to_owned(),
            variables: |random| {
                let year = 2000 + random.below(22);
                json!({ "k": ["PRESS_RELEASE", "SPEECH"], "r": { "from": format!("{year}-01-01"), "until": format!("{}-12-31", year + 1) } })
            },
            statement: None,
        },
        BenchCase {
            name: "trending topics",
            query: "query($u: Date!) { trendingTopics(until: $u) { topic { slug } count score } }".to_owned(),
            variables: |random| json!({ "u": format!("{}-05-01", 2003 + random.below(20)) }),
            statement: None,
        },
        BenchCase {
            name: "5 related releases",
            query: "query($s: Slug!) { release(ref: {slug: $s}) { related { headline } } }".to_owned(),
            variables: |random| json!({ "s": format!("release-{}", random.below(9000)) }),
            statement: None,
        },
    ]
}

fn quoted(value: &Value) -> String {
    format!("'{}'", value.as_str().unwrap_or_default())
}

/// Returns a statement that reads 20 rows by key, without a filter or sort order: a lower bound for the cost of any
/// page. The tables have no indexes for filtered pages, because only the catalog answers such queries.
fn page_statement() -> String {
    "SELECT id, headline, summary, dateline_text FROM revision WHERE id IN (SELECT live_revision_id FROM release WHERE state = 'PUBLISHED' ORDER BY id DESC LIMIT 20)".to_owned()
}

/// Runs an operation repeatedly and sequentially. Returns its average time in microseconds.
async fn microseconds(mut operation: impl AsyncFnMut()) -> f64 {
    operation().await;
    let (began, mut runs) = (Instant::now(), 0_u32);
    while began.elapsed() < MEASUREMENT_TIME || runs < 3 {
        operation().await;
        runs += 1;
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(runs)
}

async fn run_query(app: &App, query: &str, variables: Value) {
    let Value::Object(variables) = variables else { panic!("the variables must be a JSON object") };
    let input = OperationInput { operation_name: None, variables };
    let document = app.executor.parse(query, Role::Public).expect("the query is valid");
    let prepared = app
        .executor
        .prepare(&document, input, Role::Public, &app.extent(&Viewer::public()))
        .expect("the query is within the limits");
    let answer = app.executor.execute(prepared, app.request_context(Viewer::public())).await.expect("execution failed");
    assert!(answer.errors.is_empty(), "{query}: {:?}", answer.errors);
    std::hint::black_box(serde_json::to_vec(&answer).expect("JSON"));
}

/// GraphQL documents for measuring the steps before execution: one field, a page with variables and fragments, and
/// the introspection query of a typical tool.
const DOCUMENTS: [(&str, &str, &str); 3] = [
    ("a count", "{ releases { totalCount } }", "{}"),
    (
        "a filtered page",
        "query Page($filter: ReleaseFilter, $first: Int = 20, $after: String, $bodies: Boolean = false) {
           releases(filter: $filter, first: $first, after: $after) { totalCount nodes { ...Row body @include(if: $bodies) { html } }
             pageInfo { hasNextPage endCursor } } }
         fragment Row on Release { slug headline summary releaseDate dateline { places { name } } topics { slug name } places { slug name } }",
        r#"{"filter": {"topics": {"any": [{"slug": "topic-1"}]}, "kinds": ["PRESS_RELEASE"], "releaseDate": {"from": "2010-01-01"}}}"#,
    ),
    (
        "the types of the schema",
        "query { __schema { types { ...T } } } fragment T on __Type { kind name description fields(includeDeprecated: true) { name
           args { name type { ...R } defaultValue } type { ...R } } inputFields { name type { ...R } } interfaces { ...R } enumValues { name }
           possibleTypes { ...R } } fragment R on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }",
        "{}",
    ),
];

/// Measures the steps before execution (parse, validate, coerce, plan, cost), for a new document and for a cached
/// one.
async fn bench_preparation(app: &App) {
    println!(
        "| document | bytes | new: parse and validate µs | new: coerce, plan and cost µs | cached: all steps µs |"
    );
    println!("|---|---|---|---|---|");
    for (name, text, variables) in DOCUMENTS {
        let (executor, extent, number) = (&app.executor, app.extent(&Viewer::public()), Cell::new(0));
        let input = || OperationInput {
            operation_name: None,
            variables: serde_json::from_str(variables).expect("parse the variables"),
        };
        let unseen_text = || {
            number.set(number.get() + 1);
            format!("{text} # {}", number.get())
        };
        let prepare = |document: &_| {
            executor.prepare(document, input(), Role::Public, &extent).expect("the query is within the limits")
        };
        let read =
            microseconds(async || drop(std::hint::black_box(executor.parse(&unseen_text(), Role::Public)))).await;
        let whole = microseconds(async || {
            let document = executor.parse(&unseen_text(), Role::Public).expect("the query is valid");
            std::hint::black_box(prepare(&document));
        })
        .await;
        let cached = microseconds(async || {
            let document = executor.parse(text, Role::Public).expect("the query is valid");
            std::hint::black_box(prepare(&document));
        })
        .await;
        println!("| {name} | {} | {read:.1} | {:.1} | {cached:.1} |", text.len(), whole - read);
    }
}

/// Creates a release in the generated newsroom, including the update of the catalog.
async fn create_release(app: &App, number: &mut usize) {
    *number += 1;
    let editor = Viewer::new(Role::Editor, "benchmark");
    let input = ReleaseInput {
        headline: Patch::Set(format!("Benchmark {number}")),
        body_markdown: Patch::Set("Words.".to_owned()),
        ..ReleaseInput::default()
    };
    app.newsroom.release_create(&editor, input, now()).await.expect("create the release");
}

#[tokio::main]
async fn main() {
    let (sizes, folder, url) = arguments();
    let mut before: Vec<(f64, Option<f64>)> = Vec::new();
    for releases in sizes {
        let Newsroom { app, imported, loaded, memory } = Newsroom::prepare(releases, &folder, url.as_deref()).await;
        println!("\n## {releases} releases\n");
        if !imported.is_zero() {
            println!("import {:.1} s", imported.as_secs_f64());
        }
        println!(
            "load {:.2} s, {:.0} MB, {:.0} bytes per release\n",
            loaded.as_secs_f64(),
            memory as f64 / 1e6,
            memory as f64 / releases as f64
        );
        if before.is_empty() {
            bench_preparation(&app).await;
            println!();
        }
        println!(
            "| query | Dateline µs | SQL µs | speedup | growth of Dateline | growth of SQL |\n|---|---|---|---|---|---|"
        );
        let mut measured = Vec::new();
        for (number, case) in bench_cases().iter().enumerate() {
            let mut random = Random(11);
            let catalog_time =
                microseconds(async || run_query(&app, &case.query, (case.variables)(&mut random)).await).await;
            let mut random = Random(11);
            let sql_time = match case.statement {
                Some(statement) => Some(
                    microseconds(async || {
                        let sql = statement(&(case.variables)(&mut random));
                        let reader = app.newsroom.db.reader();
                        let statement = Statement::from_string(reader.get_database_backend(), sql);
                        std::hint::black_box(reader.query_all_raw(statement).await.expect("execute the statement"));
                    })
                    .await,
                ),
                None => None,
            };
            let number_or = |value: Option<f64>, digits: usize| {
                value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
            };
            let former = before.get(number);
            println!(
                "| {} | {catalog_time:.0} | {} | {} | {} | {} |",
                case.name,
                number_or(sql_time, 0),
                number_or(sql_time.map(|sql_time| sql_time / catalog_time), 1),
                number_or(former.map(|(was, _)| catalog_time / was), 2),
                number_or(former.and_then(|(_, was)| Some(sql_time? / (*was)?)), 2),
            );
            measured.push((catalog_time, sql_time));
        }
        before = measured;
        let mut number = 0;
        let write_time = microseconds(async || create_release(&app, &mut number).await).await;
        let idle_poll =
            microseconds(async || drop(app.newsroom.catalog.catch_up().await.expect("poll the journal"))).await;
        println!(
            "\ncreating a release, with journal and catalog: {write_time:.0} µs; poll of an unchanged journal: {idle_poll:.0} µs"
        );
        let backend = app.newsroom.db.backend();
        let app = Arc::into_inner(app);
        if let (Some(app), DbBackend::Sqlite) = (app, backend) {
            app.newsroom.db.close().await;
        }
    }
}
