//! Test data of the benchmarks: a generated newsroom of any size, the same in every run.
//!
//! Generates topics, places and releases with a seeded random generator, imports them through the public import,
//! and opens the application. Also contains helpers that all benchmarks share: they read the memory of a process,
//! and parse the command line.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use dateline::{
    app::App,
    auth::viewer::Viewer,
    clock::Clock,
    config::SiteInfo,
    db::Db,
    interchange,
    newsroom::{NewsroomSettings, import::ImportOptions},
};
use entity::api_token::Role;
use serde_json::json;

/// Number of topics, in three levels: 12, 36 and 192.
pub const TOPICS: usize = 240;
/// Number of places: 5 regions, 75 countries and 320 cities.
pub const PLACES: usize = 400;
/// Number of releases in one import call.
const BATCH: usize = 10_000;

/// Generator of pseudo-random numbers that are the same in every run (splitmix64: Steele, Lea, Flood 2014).
pub struct Random(pub u64);

impl Random {
    /// Returns the next number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    /// Returns the next number below a bound. Small numbers are more frequent, because a real newsroom uses some
    /// topics and places much more often than others.
    fn skewed(&mut self, bound: usize) -> usize {
        let (a, b) = (self.below(bound), self.below(bound));
        a * b / bound
    }
}

/// The fixed time of all benchmarks.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default()
}

/// Returns the release date of release `number` out of `of` releases. The dates ascend and are evenly distributed
/// over 25 years.
pub fn day(number: usize, of: usize) -> NaiveDate {
    let days = 25 * 365 * number / of.max(1);
    NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default() + TimeDelta::days(days as i64)
}

/// Returns the topics and places as NDJSON lines for the import.
pub fn concepts() -> String {
    let mut lines = String::new();
    for number in 0..TOPICS {
        let broader = match number {
            0..12 => None,
            12..48 => Some(number % 12),
            _ => Some(12 + number % 36),
        };
        let line = json!({ "type": "topic", "slug": format!("topic-{number}"), "name": format!("Topic {number}"), "broader": broader.map(|number| format!("topic-{number}")) });
        let _ = writeln!(lines, "{line}");
    }
    for number in 0..PLACES {
        let (kind, within) = match number {
            0..5 => ("REGION", None),
            5..80 => ("COUNTRY", Some(number % 5)),
            _ => ("CITY", Some(5 + number % 75)),
        };
        let line = json!({ "type": "place", "slug": format!("place-{number}"), "name": format!("Place {number}"), "kind": kind, "within": within.map(|number| format!("place-{number}")),
            "latitude": (number * 37 % 120) as f64 - 60.0, "longitude": (number * 53 % 360) as f64 - 180.0 });
        let _ = writeln!(lines, "{line}");
    }
    lines
}

fn release(number: usize, of: usize, random: &mut Random) -> String {
    let kinds =
        ["PRESS_RELEASE", "PRESS_RELEASE", "PRESS_RELEASE", "STATEMENT", "ARTICLE", "FEATURE", "SPEECH", "OPINION"];
    let mut some = |prefix: &str, bound: usize, most: usize| {
        let mut numbers: Vec<usize> = (0..random.below(most + 1)).map(|_| random.skewed(bound)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| format!("{prefix}-{number}")).collect::<Vec<_>>()
    };
    let (topics, places, dateline) = (some("topic", TOPICS, 4), some("place", PLACES, 3), some("place", PLACES, 1));
    let paragraph = "The ministry said that the measure would reach every province by the end of the year. ";
    json!({
        "type": "release", "slug": format!("release-{number}"), "headline": format!("The measure number {number} takes effect in all provinces"),
        "summary": "A summary of two lines, as long as those of real releases are: it says what happened, where, and what follows from it.",
        "bodyMarkdown": paragraph.repeat(12 + number % 20), "kind": kinds[random.below(kinds.len())], "language": if random.below(3) > 0 { "en" } else { "km" },
        "releaseDate": day(number, of).to_string(), "state": if random.below(20) == 0 { "DRAFT" } else { "PUBLISHED" },
        "topics": topics, "places": places, "datelinePlaces": dateline,
    })
    .to_string()
}

/// A newsroom with its own database.
pub struct Newsroom {
    /// The running application.
    pub app: Arc<App>,
    /// Duration of the import; zero if the database already existed.
    pub imported: Duration,
    /// Duration of loading the catalog from the database.
    pub loaded: Duration,
    /// Memory that loading the catalog added to the process, in bytes.
    pub memory: u64,
}

impl Newsroom {
    /// Creates a newsroom with the given number of releases: in an empty PostgreSQL database if a URL is given,
    /// otherwise in a SQLite file in the folder. An existing SQLite file of an earlier run is reused.
    pub async fn prepare(releases: usize, folder: &Path, url: Option<&str>) -> Self {
        let file: PathBuf = folder.join(format!("newsroom-{releases}.db"));
        let is_new = url.is_some() || !file.exists();
        let url = url.map_or_else(|| format!("sqlite://{}", file.display()), str::to_owned);
        let db = Db::open(&url).await.expect("open the database");
        db.migrate().await.expect("migrate the database");
        let mut imported = Duration::ZERO;
        if is_new {
            let began = Instant::now();
            import_archive(&db, releases).await;
            imported = began.elapsed();
        }
        let before = memory();
        let began = Instant::now();
        let app = App::new(db, NewsroomSettings::default(), SiteInfo::default(), Clock::fixed_at(now()))
            .await
            .expect("open the newsroom");
        Self { app, imported, loaded: began.elapsed(), memory: memory().saturating_sub(before) }
    }
}

async fn import_archive(db: &Db, releases: usize) {
    let app = App::new(db.clone(), NewsroomSettings::default(), SiteInfo::default(), Clock::fixed_at(now()))
        .await
        .expect("open the newsroom");
    let viewer = Viewer::new(Role::Admin, "benchmark");
    let import = async |text: &str| {
        let report =
            interchange::import_text(&app.newsroom, &viewer, text, "made up", ImportOptions::default(), now()).await;
        let report = report.expect("import the records");
        assert_eq!((report.refused, report.conflicts), (0, 0), "{report:?}");
    };
    import(&concepts()).await;
    let mut random = Random(7);
    for start in (0..releases).step_by(BATCH) {
        let some = start..(start + BATCH).min(releases);
        let text: String = some.map(|number| release(number, releases, &mut random) + "\n").collect();
        import(&text).await;
    }
}

/// Returns the private memory of this process in bytes; 0 if the system does not report it.
pub fn memory() -> u64 {
    process_memory("self")
}

/// Returns the private memory of a process in bytes, by process id; 0 if the system does not report it.
pub fn process_memory(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Parses the command line: the sizes to measure, the folder for databases, and the URL of a PostgreSQL database:
/// `cargo bench --bench NAME -- [--folder FOLDER] [--url URL] [RELEASES…]`.
pub fn arguments() -> (Vec<usize>, PathBuf, Option<String>) {
    let (mut sizes, mut folder, mut url) = (Vec::new(), None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--folder" => folder = arguments.next().map(PathBuf::from),
            "--url" => url = arguments.next(),
            number => sizes.extend(number.replace('_', "").parse::<usize>().ok()),
        }
    }
    if sizes.is_empty() {
        sizes = vec![10_000, 100_000];
    }
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned());
    std::fs::create_dir_all(&folder).expect("create the folder for databases");
    (sizes, folder, url)
}
