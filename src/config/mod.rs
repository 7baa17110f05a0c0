//! Configuration: defaults, then `dateline.toml`, then environment variables (`DATELINE_*`), then flags; later layers
//! win.
//!
//! Invalid values and unknown keys stop the start; the error names the setting, its source and the expected value. The
//! profile `hardened` changes the defaults. The table in `docs/settings.md` is generated from the same list.
//!
//! - `newsroom`: settings of the server and the newsroom: database, address, log, language, time zone, URLs
//! - `http`: settings of the HTTP server: limits, TLS, proxies, CORS, caches, trusted documents
//! - `oidc`: settings of OpenID Connect

mod http;
mod newsroom;
mod oidc;

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::Path, time::Duration};

use crate::{
    app::SiteInfo,
    auth::oidc::OidcSettings,
    db::redacted,
    http::config::HttpConfig,
    limits::{ALL, Limit, Profile},
    newsroom::{NewsroomSettings, text::language, workflow::WorkflowPolicy},
};

/// One thing that can be set.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key in the file.
    pub key: &'static str,
    /// Its variable in the environment.
    pub variable: &'static str,
    /// What holds where nobody says anything; empty: nothing.
    pub default: &'static str,
    /// What holds instead where the profile is `hardened`; nothing where that is the same.
    pub hardened: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
}

/// Everything that can be set.
pub fn settings() -> impl Iterator<Item = Setting> {
    let limit = |limit: &Limit| Setting {
        key: limit.key,
        variable: limit.variable,
        default: limit.open,
        hardened: (limit.hardened != limit.open).then_some(limit.hardened),
        meaning: limit.meaning,
    };
    newsroom::SETTINGS.into_iter().chain(http::SETTINGS).chain(ALL.iter().map(limit))
}

/// Settings that make sense.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database.
    pub database_url: String,
    /// Begin a new database where the file is missing beside its lock file, empty or truncated. A flag only.
    pub new_database: bool,
    /// Where to serve.
    pub listen: SocketAddr,
    /// What to log, as `tracing` has it.
    pub log: String,
    /// Log as JSON.
    pub log_json: bool,
    /// Whose newsroom it is.
    pub site_info: SiteInfo,
    /// What is taken where an editor says nothing.
    pub newsroom: NewsroomSettings,
    /// How far a server's clock may be from its database's; zero: any offset is taken.
    pub max_clock_offset: Duration,
    /// Whose tokens are taken beside ours.
    pub oidc: Option<OidcSettings>,
    /// How it is open to the world.
    pub http_config: HttpConfig,
}

/// A setting that makes no sense, or a file that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    /// A settings file that was named and cannot be read.
    pub fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        Self(format!("the settings file {} cannot be read: {error}", file.display()))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Where a value comes from that nobody set.
const DEFAULT: &str = "the default";

/// What the profile `hardened` has instead of a default.
fn hardened(key: &str) -> Option<&'static str> {
    settings().find(|setting| setting.key == key)?.hardened
}

/// Values by key, each with where it came from.
#[derive(Debug, Default)]
pub struct Layers(BTreeMap<&'static str, (String, String)>);

impl Layers {
    /// What holds where nobody says anything.
    pub fn defaults() -> Self {
        Self(settings().map(|setting| (setting.key, (setting.default.to_owned(), DEFAULT.to_owned()))).collect())
    }

    /// Lays a settings file over them.
    pub fn file(&mut self, name: &Path, text: &str) -> Result<(), ConfigError> {
        let shown = name.display();
        let table: toml::Table = text.parse().map_err(|error| ConfigError(format!("{shown} is not TOML: {error}")))?;
        for (key, value) in flatten(table) {
            let Some(setting) = settings().find(|setting| setting.key == key) else {
                let known: Vec<&str> = settings().map(|setting| setting.key).collect();
                let line = text
                    .lines()
                    .position(|line| line.trim_start().trim_start_matches(['"', '[']).starts_with(&key))
                    .map_or(1, |line| line + 1);
                return Err(ConfigError(format!(
                    "{shown}:{line}: there is no setting \"{key}\"; there are {}",
                    known.join(", ")
                )));
            };
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Boolean(boolean) => boolean.to_string(),
                toml::Value::Integer(number) => number.to_string(),
                _ => return Err(ConfigError(format!("{shown}: {key} is not a text: write {key} = \"…\""))),
            };
            self.0.insert(setting.key, (value, format!("{shown}")));
        }
        Ok(())
    }

    /// Lays variables of the environment over them; answers those that begin like ours and are not known.
    pub fn environment(&mut self, variables: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
        let mut unknown = Vec::new();
        for (name, value) in variables
            .into_iter()
            .filter(|(name, _)| name.starts_with("DATELINE_") && !name.starts_with("DATELINE_TEST_"))
        {
            match settings().find(|setting| setting.variable == name) {
                Some(setting) => drop(self.0.insert(setting.key, (value, format!("the variable {name}")))),
                None => unknown.push(name),
            }
        }
        unknown
    }

    /// Lays a flag over them, if it was given.
    pub fn flag(&mut self, key: &'static str, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.0.insert(key, (value, format!("the flag {name}")));
        }
    }

    /// The settings, if they make sense.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let log_json = self.read("log_format", "text or json", |value| match value {
            "text" => Some(false),
            "json" => Some(true),
            _ => None,
        })?;
        let url_template = self.read("release_url", "an http or https address with {slug} or {id} in it", |value| {
            let is_http_url = value.starts_with("https://") || value.starts_with("http://");
            let has_placeholder = value.contains("{slug}") || value.contains("{id}");
            (value.is_empty() || (is_http_url && has_placeholder))
                .then(|| Some(value.to_owned()).filter(|value| !value.is_empty()))
        })?;
        let preview_template = self.read("preview_url", "an http or https address with {token} in it", |value| {
            let is_http_url = value.starts_with("https://") || value.starts_with("http://");
            (value.is_empty() || (is_http_url && value.contains("{token}")))
                .then(|| Some(value.to_owned()).filter(|value| !value.is_empty()))
        })?;
        let four_eyes = self.read("workflow.four_eyes", "true or false", |value| value.parse().ok())?;
        Ok(Settings {
            new_database: false,
            database_url: self.read(
                "database_url",
                "sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME",
                |value| {
                    ["sqlite:", "postgres:", "postgresql:"]
                        .iter()
                        .any(|scheme| value.starts_with(scheme))
                        .then(|| value.to_owned())
                },
            )?,
            listen: self
                .read("listen", "an address and a port, for example 127.0.0.1:8000", |value| value.parse().ok())?,
            log: self.read("log", "a level (error, warn, info, debug, trace) or a list of part=level", |value| {
                tracing_subscriber::EnvFilter::try_new(value)
                    .ok()
                    .filter(|_| !value.is_empty())
                    .map(|_| value.to_owned())
            })?,
            log_json,
            site_info: SiteInfo {
                name: self.read("newsroom_name", "a text", |value| Some(value.to_owned()))?,
                publisher: self.read("publisher", "a text", |value| Some(value.to_owned()))?,
            },
            newsroom: NewsroomSettings {
                language: self.read("language", "a language tag (BCP 47), for example en or pt-BR", |value| {
                    language::canonical(value).ok()
                })?,
                time_zone: self
                    .read("time_zone", "an IANA time zone, for example Asia/Bangkok", |value| value.parse().ok())?,
                url_template,
                preview_template,
                workflow_policy: WorkflowPolicy { four_eyes },
            },
            max_clock_offset: self.read("clock.max_offset", "seconds, 0 to 3600", |value| {
                value.parse().ok().filter(|seconds| *seconds <= 3600).map(Duration::from_secs)
            })?,
            oidc: oidc::read(self)?,
            http_config: http::read(self)?,
        })
    }

    /// What holds of a setting, and where it comes from: somebody's word, or what the profile says.
    fn effective(&self, key: &str) -> Option<(String, String)> {
        let (value, source) = self.0.get(key)?;
        let profile_default = hardened(key).filter(|_| source == DEFAULT);
        match profile_default.filter(|_| http::profile(self).is_ok_and(|profile| profile == Profile::Hardened)) {
            Some(value) => Some((value.to_owned(), "the profile".to_owned())),
            None => Some((value.clone(), source.clone())),
        }
    }

    fn read<T>(&self, key: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, ConfigError> {
        let (value, source) = self.effective(key).ok_or_else(|| ConfigError(format!("{key} is not set")))?;
        parse(&value).ok_or_else(|| {
            let shown = if key == "database_url" { redacted(&value) } else { value.chars().take(80).collect() };
            ConfigError(format!("{key} is \"{shown}\" ({source}): write {expected}"))
        })
    }
}

/// The entries of a table, those of tables in it by their names with a dot between.
fn flatten(table: toml::Table) -> Vec<(String, toml::Value)> {
    let entries = table.into_iter().flat_map(|(key, value)| match value {
        toml::Value::Table(inner) => {
            flatten(inner).into_iter().map(|(name, value)| (format!("{key}.{name}"), value)).collect()
        }
        value => vec![(key, value)],
    });
    entries.collect()
}

/// The table of settings for the README.
pub fn table() -> String {
    let markdown_row = |setting: Setting| {
        let mut default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        if let Some(hardened) = setting.hardened {
            default += &format!("; hardened: `{hardened}`");
        }
        format!("| `{}` | `{}` | {default} | {} |\n", setting.key, setting.variable, setting.meaning)
    };
    let head = "| in the file | in the environment | default | meaning |\n|---|---|---|---|\n";
    head.to_owned() + &settings().map(markdown_row).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(file: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let mut layers = Layers::defaults();
        layers.file(Path::new("dateline.toml"), file)?;
        layers.environment(variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
        layers.settings()
    }

    #[test]
    fn the_defaults_are_valid() {
        let settings = Layers::defaults().settings().unwrap();
        assert_eq!((settings.database_url.as_str(), settings.listen.port()), ("sqlite://dateline.db", 8000));
        assert_eq!(settings.max_clock_offset, crate::clock::MAX_OFFSET);
    }

    #[test]
    fn the_later_layer_wins() {
        let mut all = Layers::defaults();
        all.file(Path::new("x.toml"), "language = \"fr\"\nlisten = \"127.0.0.1:1\"\ntime_zone = \"Asia/Bangkok\"")
            .unwrap();
        all.environment([
            ("DATELINE_LISTEN".to_owned(), "127.0.0.1:2".to_owned()),
            ("DATELINE_LANGUAGE".to_owned(), "km".to_owned()),
        ]);
        all.flag("listen", "--listen", Some("127.0.0.1:3".to_owned()));
        let settings = all.settings().unwrap();
        assert_eq!(
            (settings.listen.port(), settings.newsroom.language.as_str(), settings.newsroom.time_zone),
            (3, "km", chrono_tz::Asia::Bangkok)
        );
    }

    #[test]
    fn an_error_names_the_setting_its_source_and_the_expected_value() {
        let error = layers("", &[("DATELINE_LISTEN", "8000")]).unwrap_err().to_string();
        assert!(
            error.contains("listen is \"8000\" (the variable DATELINE_LISTEN): write an address and a port"),
            "{error}"
        );
        let error = layers("language = \"fr\"\ncolour = \"red\"", &[]).unwrap_err().to_string();
        assert!(error.starts_with("dateline.toml:2: there is no setting \"colour\""), "{error}");
        for (variable, invalid) in [
            ("DATELINE_TIME_ZONE", "Mars/Base"),
            ("DATELINE_LOG_FORMAT", "xml"),
            ("DATELINE_RELEASE_URL", "https://example.org/"),
            ("DATELINE_DATABASE_URL", "mysql://x"),
        ] {
            assert!(layers("", &[(variable, invalid)]).unwrap_err().to_string().contains(variable), "{variable}");
        }
    }

    #[test]
    fn the_clock_offset_limit_is_in_whole_seconds_up_to_an_hour() {
        for (value, seconds) in [("0", 0), ("2", 2), ("3600", 3600)] {
            let settings = layers("", &[("DATELINE_CLOCK_MAX_OFFSET", value)]).unwrap();
            assert_eq!(settings.max_clock_offset, Duration::from_secs(seconds));
        }
        for invalid in ["", "-1", "3601", "2s", "0.5"] {
            let error = layers("", &[("DATELINE_CLOCK_MAX_OFFSET", invalid)]).unwrap_err().to_string();
            assert!(error.contains("clock.max_offset") && error.contains("0 to 3600"), "{error}");
        }
        assert_eq!(layers("[clock]\nmax_offset = 60", &[]).unwrap().max_clock_offset, Duration::from_mins(1));
    }

    #[test]
    fn a_password_is_not_shown() {
        let error = layers("", &[("DATELINE_DATABASE_URL", "mysql://ana:secret@host/x")]).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn unknown_variables_are_returned() {
        let unknown = Layers::defaults()
            .environment([("DATELINE_LISTN".to_owned(), "x".to_owned()), ("HOME".to_owned(), "y".to_owned())]);
        assert_eq!(unknown, ["DATELINE_LISTN"]);
    }
}
