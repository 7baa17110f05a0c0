//! Search for the public queries with the highest CPU time: generates random queries from the schema and repeatedly
//! mutates the worst.
//!
//! During the search, queries are ranked by elapsed time. The queries that the search returns are then measured in
//! CPU time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use dateline::{app::App, auth::viewer::Viewer, graphql::OperationInput};
use entity::api_token::Role;
use serde_json::{Value, json};

use crate::newsroom::Random;

const INTROSPECTION: &str = "{ __schema { types { kind name inputFields { name type { ...T } } enumValues { name } fields { name args { name type { ...T } } type { ...T } } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// Number of queries that the search returns.
const MAX_RESULTS: usize = 10;

/// Number of runs of each returned query when its CPU time is measured.
const RUNS: u32 = 10;

/// A query and its measured cost.
#[derive(Clone, Debug)]
pub struct HeavyQuery {
    pub query: String,
    /// Elapsed time during the search; CPU time in the final result.
    pub milliseconds: f64,
    pub bytes: usize,
    roots: Vec<String>,
}

impl HeavyQuery {
    /// Returns a short name of the query for the table: the number of root fields, and the start of the first root
    /// field.
    pub fn name(&self) -> String {
        let first: String = self.roots[0].chars().take(140).collect();
        format!("{} × `{first}`", self.roots.len())
    }

    /// Returns the features that the query uses. Among queries with equal features, the search keeps only the most
    /// expensive one, so that the ten results differ.
    fn features(&self) -> BTreeSet<&'static str> {
        let known = [
            "html",
            "text",
            "wordCount",
            "markdown",
            "related",
            "facets",
            "timeline",
            "samples",
            "trendingTopics",
            "compare",
            "topicAggregates",
            "narrower",
            "contains",
            "search",
            "near",
        ];
        known
            .into_iter()
            .filter(|name| self.query.contains(&format!("{name} ")) || self.query.contains(&format!("{name}(")))
            .collect()
    }
}

/// Searches for expensive queries with `tries` random queries. Returns the most expensive ones with their CPU time,
/// in descending order.
pub async fn worst(app: &App, tries: u64) -> Vec<HeavyQuery> {
    let mut generator = QueryGenerator { types: types(app).await, random: Random(23) };
    let mut best: BTreeMap<Vec<&'static str>, HeavyQuery> = BTreeMap::new();
    for seed in SEEDS {
        keep_worst(&mut best, run(app, seed.iter().map(|&root| root.to_owned()).collect()).await);
    }
    for number in 0..tries {
        let roots = if number % 3 == 0 || best.is_empty() {
            let root = generator.root();
            let count = [1, 2, 5, 20, 80][generator.random.below(5)];
            vec![root; count]
        } else {
            let ranked: Vec<&HeavyQuery> = best.values().collect();
            let mut roots = ranked[generator.random.below(ranked.len())].roots.clone();
            match generator.random.below(4) {
                0 => roots.push(generator.root()),
                1 => roots.extend(roots.clone()),
                2 => {
                    let at = generator.random.below(roots.len());
                    let root = generator.root();
                    roots[at] = root;
                }
                _ => roots.truncate(roots.len().div_ceil(2)),
            }
            roots
        };
        keep_worst(&mut best, run(app, roots).await);
    }
    let mut queries: Vec<HeavyQuery> = best.into_values().collect();
    let worst_first = |a: &HeavyQuery, b: &HeavyQuery| b.milliseconds.total_cmp(&a.milliseconds);
    queries.sort_by(worst_first);
    queries.truncate(MAX_RESULTS);
    // The system counts CPU time in steps of some milliseconds, so the time of several runs is measured as a whole.
    for query in &mut queries {
        let before = processor_time("self");
        for _ in 0..RUNS {
            run(app, query.roots.clone()).await;
        }
        query.milliseconds = processor_time("self").saturating_sub(before).as_secs_f64() * 1e3 / f64::from(RUNS);
    }
    queries.sort_by(worst_first);
    queries
}

/// Queries that are known to be expensive, with which the search starts. Each query is a list of root fields.
const SEEDS: [&[&str]; 8] = [
    &["releases(first: 200) { nodes { body { wordCount } } }"; 20],
    &["releases(first: 50) { nodes { body { html text wordCount markdown } } }"; 5],
    &["releases(first: 200, filter: {releaseDate: {from: \"2001-01-01\"}}) { nodes { body { markdown } } }"; 3],
    &["releases(first: 20) { nodes { related(first: 50) { slug headline related(first: 5) { slug } } } }"; 3],
    &[
        "topicAggregates(first: 20) { count topic { slug } releases { facets { places(input: {first: 20}) { buckets { count releases { timeline(interval: MONTH, range: {from: \"2000-01-01\", until: \"2024-12-31\"}) { points { count } } } } } } } }",
    ],
    &["releaseStats { timeline(interval: DAY, range: {from: \"2000-01-01\", until: \"2010-12-31\"}) { points { label count } } }";
        10],
    &[
        "topics(first: 200) { nodes { name stats { count timeline(interval: MONTH, range: {from: \"2000-01-01\", until: \"2024-12-31\"}) { points { count } } } } }",
    ],
    &["releases(first: 200) { nodes { id slug headline summary topics { name slug } places { name slug } dateline { text places { name } } } }";
        10],
];

fn keep_worst(best: &mut BTreeMap<Vec<&'static str>, HeavyQuery>, query: Option<HeavyQuery>) {
    let Some(query) = query else { return };
    let features: Vec<&'static str> = query.features().into_iter().collect();
    if best.get(&features).is_none_or(|before| before.milliseconds < query.milliseconds) {
        best.insert(features, query);
    }
}

/// Executes a query for the public and measures the elapsed time, including serialisation. Returns `None` if the
/// query is rejected.
async fn run(app: &App, roots: Vec<String>) -> Option<HeavyQuery> {
    let aliased: Vec<String> = roots.iter().enumerate().map(|(number, root)| format!("a{number}: {root}")).collect();
    let aliased = aliased.join(" ");
    let query = format!("{{ {aliased} }}");
    let viewer = Viewer::public();
    let document = app.executor.parse(&query, Role::Public).ok()?;
    let prepared =
        app.executor.prepare(&document, OperationInput::default(), Role::Public, &app.extent(&viewer)).ok()?;
    let started = Instant::now();
    let answer = app.executor.execute(prepared, app.request_context(viewer)).await.ok()?;
    let bytes = serde_json::to_vec(&answer).ok()?.len();
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    Some(HeavyQuery { query, milliseconds, bytes, roots })
}

/// Returns the CPU time that all threads of a process have used so far.
pub fn processor_time(process: &str) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).expect("/proc exists on Linux only");
    let of = |thread: std::fs::DirEntry| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<u64>().ok()).unwrap_or(0)
    };
    Duration::from_nanos(threads.filter_map(Result::ok).map(of).sum())
}

async fn types(app: &App) -> HashMap<String, Value> {
    let document = app.executor.parse(INTROSPECTION, Role::Admin).expect("the introspection query is valid");
    let viewer = Viewer::new(Role::Admin, "benchmark");
    let prepared = app
        .executor
        .prepare(&document, OperationInput::default(), Role::Admin, &app.extent(&viewer))
        .expect("the introspection query is within the limits");
    let answer = app.executor.execute(prepared, app.request_context(viewer)).await.expect("introspection failed");
    let answer = json!(answer);
    let types = answer["data"]["__schema"]["types"].as_array().expect("the schema has types");
    types.iter().map(|kind| (kind["name"].as_str().unwrap_or_default().to_owned(), kind.clone())).collect()
}

/// Generator of random queries.
struct QueryGenerator {
    types: HashMap<String, Value>,
    random: Random,
}

impl QueryGenerator {
    fn root(&mut self) -> String {
        let fields = list(&self.types["Query"]["fields"]);
        let field = &fields[self.random.below(fields.len())];
        let depth = 2 + self.random.below(5);
        self.field(field, depth).unwrap_or_else(|| "__typename".to_owned())
    }

    /// Returns a field with random arguments and a random selection of its subfields. Returns `None` if no leaf
    /// field is reached within `depth` levels.
    fn field(&mut self, field: &Value, depth: usize) -> Option<String> {
        let mut arguments = Vec::new();
        for argument in list(&field["args"]) {
            let is_chosen = argument["type"]["kind"] == "NON_NULL" || self.random.below(2) == 0;
            let is_paging = ["last", "before", "after"].iter().any(|name| argument["name"] == *name);
            if is_chosen && !is_paging {
                arguments.push(format!("{}: {}", text(&argument["name"]), self.literal(&argument["type"], 2)));
            }
        }
        let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        let target = inner(&field["type"]);
        let below = list(&self.types[&target]["fields"]);
        let selection = if below.is_empty() { String::new() } else { format!(" {}", self.selection(&below, depth)?) };
        Some(format!("{}{arguments}{selection}", text(&field["name"])))
    }

    fn selection(&mut self, fields: &[Value], depth: usize) -> Option<String> {
        let mut selected = Vec::new();
        for field in fields {
            let is_composite = !list(&self.types[&inner(&field["type"])]["fields"]).is_empty();
            let is_chosen = self.random.below(if is_composite { 3 } else { 2 }) == 0;
            if is_chosen && (depth > 0 || !is_composite) {
                selected.extend(self.field(field, depth.saturating_sub(1)));
            }
        }
        if selected.is_empty() { None } else { Some(format!("{{ {} }}", selected.join(" "))) }
    }

    fn literal(&mut self, kind: &Value, depth: usize) -> String {
        match text(&kind["kind"]).as_str() {
            "NON_NULL" => return self.literal(&kind["ofType"], depth),
            "LIST" => return format!("[{}]", self.literal(&kind["ofType"], depth)),
            _ => {}
        }
        let name = text(&kind["name"]);
        let of = self.types[&name].clone();
        let number = self.random.below(240);
        match (text(&of["kind"]).as_str(), name.as_str()) {
            ("ENUM", _) => {
                let values = list(&of["enumValues"]);
                text(&values[self.random.below(values.len())]["name"])
            }
            (_, "TopicRef") => format!("{{slug: \"topic-{number}\"}}"),
            (_, "PlaceRef") => format!("{{slug: \"place-{number}\"}}"),
            (_, "ReleaseRef") => format!("{{slug: \"release-{number}\"}}"),
            (_, "DateRange") => "{from: \"2000-01-01\", until: \"2024-12-31\"}".to_owned(),
            ("INPUT_OBJECT", _) if depth == 0 => "{}".to_owned(),
            ("INPUT_OBJECT", _) => {
                let mut fields = Vec::new();
                for field in list(&of["inputFields"]) {
                    if field["type"]["kind"] == "NON_NULL" || self.random.below(6) == 0 {
                        fields.push(format!("{}: {}", text(&field["name"]), self.literal(&field["type"], depth - 1)));
                    }
                }
                format!("{{{}}}", fields.join(", "))
            }
            (_, "Int") => ["200", "50", "20", "5"][self.random.below(4)].to_owned(),
            (_, "Float") => "11.5".to_owned(),
            (_, "Boolean") => ["true", "false"][self.random.below(2)].to_owned(),
            (_, "Date") => "\"2004-05-08\"".to_owned(),
            (_, "DateTime") => "\"2020-05-08T00:00:00Z\"".to_owned(),
            (_, "TimeZone") => "\"Asia/Bangkok\"".to_owned(),
            (_, "Duration") => "\"P300Y\"".to_owned(),
            (_, "LanguageTag") => "\"en\"".to_owned(),
            (_, "Slug") => format!("\"topic-{number}\""),
            _ => "\"a\"".to_owned(),
        }
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn inner(kind: &Value) -> String {
    let mut kind = kind;
    while kind["ofType"].is_object() {
        kind = &kind["ofType"];
    }
    text(&kind["name"])
}
