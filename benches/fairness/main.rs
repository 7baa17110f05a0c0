//! Fairness benchmark: latency of small reads while another client sends the most expensive queries over 16
//! connections.
//!
//! Searches the schema for the public queries with the highest CPU time, and sends them to a server. Meanwhile, a
//! second client with another IP address reads one release by slug ten times a second. Prints the latencies of
//! these reads, and the server's memory and CPU time. Linux only (`/proc`).
//!
//! cargo bench --bench fairness                     # both profiles, a minute each
//! cargo bench --bench fairness -- 500 20           # queries tried by the search, seconds of load
//!
//! - `search`: search for expensive queries
//! - `load`: load generator and measurements

#![expect(clippy::print_stdout, reason = "a benchmark prints its results as a table")]

#[path = "../newsroom/mod.rs"]
#[expect(dead_code, reason = "the module is shared with other benchmarks, which use more of it")]
mod newsroom;

mod load;
mod search;

use std::{
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use chrono::NaiveDate;
use dateline::{
    app::App,
    auth::viewer::Viewer,
    clock::Clock,
    config::{HttpConfig, SiteInfo},
    db::Db,
    http::transport::server,
    interchange,
    limits::{Limits, Profile},
    newsroom::{NewsroomSettings, import::ImportOptions},
};
use entity::api_token::Role;
use serde_json::json;
use tokio::net::TcpListener;

use newsroom::{Random, TOPICS, concepts, now};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RELEASES: usize = 3000;
/// Length of most bodies, in bytes; every fiftieth body has `LONG_BODY` bytes.
const BODY: usize = 42_000;
const LONG_BODY: usize = 1_000_000;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(folder).expect("create the folder for the database");
    let file = folder.join("fairness.db");
    if let [command, profile] = &arguments[..]
        && command == "serve"
    {
        return serve(&file, profile_of(profile)).await;
    }
    let numbers: Vec<u64> = arguments.iter().filter_map(|number| number.parse().ok()).collect();
    let [queries, seconds] = [numbers.first().copied().unwrap_or(3000), numbers.get(1).copied().unwrap_or(60)];
    for profile in ["open", "hardened"] {
        let app = open(&file, profile_of(profile)).await;
        let worst = search::worst(&app, queries).await;
        drop(app);
        println!("\n## Profile {profile}\n\n| query | ms of CPU time | response bytes |\n|---|---|---|");
        for heavy in &worst {
            println!("| {} | {:.0} | {} |", heavy.name(), heavy.milliseconds, heavy.bytes);
        }
        let mut log = std::fs::File::create(folder.join(format!("worst-{profile}.txt"))).expect("create the file");
        worst.iter().for_each(|heavy| writeln!(log, "{}\n", heavy.query).expect("write to the file"));
        let (mut server, port) = start(profile);
        let bodies = worst.iter().map(|heavy| json!({ "query": heavy.query }).to_string()).collect();
        let report = load::measure(server.id(), port, bodies, Duration::from_secs(seconds));
        server.kill().expect("kill the server");
        server.wait().expect("wait for the server to exit");
        println!("\n{report}");
    }
}

fn profile_of(name: &str) -> Profile {
    if name == "hardened" { Profile::Hardened } else { Profile::Open }
}

/// Starts a server in a separate process. Returns the process and the server's port.
fn start(profile: &str) -> (Child, u16) {
    let program = std::env::current_exe().expect("find the current program");
    let mut server =
        Command::new(program).args(["serve", profile]).stdout(Stdio::piped()).spawn().expect("start the server");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("standard output is piped"))
        .read_line(&mut line)
        .expect("read the first line");
    (server, line.trim().parse().expect("the line contains a port"))
}

async fn serve(file: &Path, profile: Profile) {
    let app = open(file, profile).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind a port");
    println!("{}", listener.local_addr().expect("read the local address").port());
    server::serve(app, listener, None, std::future::pending()).await;
}

/// Opens the newsroom, and creates it if it does not exist. The response cache and the rate limit are off, so that
/// only the scheduling of queries protects the server.
async fn open(file: &Path, profile: Profile) -> Arc<App> {
    let is_new = !file.exists();
    let db = Db::open(&format!("sqlite://{}", file.display())).await.expect("open the database");
    db.migrate().await.expect("migrate the database");
    let limits = Limits { public_per_minute: 0, ..Limits::of(profile) };
    let http_config = HttpConfig { limits: limits.into(), cache_bytes: 0, ..HttpConfig::default() };
    let clock = Clock::fixed_at(now());
    let app = App::new(db, NewsroomSettings::default(), SiteInfo::default(), clock)
        .await
        .expect("open the newsroom")
        .with_http_config(http_config);
    tokio::spawn({
        let app = app.clone();
        async move { app.run_background_tasks().await }
    });
    if is_new {
        fill(&app).await;
    }
    app
}

async fn fill(app: &App) {
    let viewer = Viewer::new(Role::Admin, "benchmark");
    let import = async |text: &str| {
        let report = interchange::import_text(&app.newsroom, &viewer, text, "made up", ImportOptions::default(), now());
        assert_eq!(report.await.expect("import the records").refused, 0);
    };
    import(&concepts()).await;
    let mut random = Random(11);
    for start in (0..RELEASES).step_by(500) {
        let text: String =
            (start..(start + 500).min(RELEASES)).map(|number| release(number, &mut random) + "\n").collect();
        import(&text).await;
    }
}

fn release(number: usize, random: &mut Random) -> String {
    let length = if number.is_multiple_of(50) { LONG_BODY } else { BODY };
    let paragraphs = [
        "The ministry said that the **measure** would reach every province by the [end of the year](https://example.org/a). ",
        "\n\n- first of three points\n- second, with *emphasis*\n- third\n\n",
        "\n\n| province | share |\n|---|---|\n| Kampot | 12 |\n| Takeo | 7 |\n\n",
        "Officials & partners \"welcomed\" it; <b>others</b> asked for more time — and for money. ",
    ];
    let mut body = String::with_capacity(length + 200);
    while body.len() < length {
        body.push_str(paragraphs[random.below(paragraphs.len())]);
    }
    let mut random_slugs = |prefix: &str, bound: usize, most: usize| {
        let numbers: std::collections::BTreeSet<usize> =
            (0..=random.below(most)).map(|_| random.below(bound)).collect();
        numbers.into_iter().map(|number| format!("{prefix}-{number}")).collect::<Vec<_>>()
    };
    let (topics, places) = (random_slugs("topic", TOPICS, 5), random_slugs("place", 400, 4));
    let day = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default() + chrono::TimeDelta::days(number as i64 * 3);
    json!({
        "type": "release", "slug": format!("release-{number}"), "headline": format!("The measure number {number}"), "summary": "What happened.",
        "bodyMarkdown": body, "releaseDate": day.to_string(), "state": "PUBLISHED", "topics": topics, "places": places,
        "datelinePlaces": [format!("place-{}", number % 400)],
    })
    .to_string()
}
