//! All settings as validated values, and their parsing from the layers (defaults, file, environment, flags).
//!
//! `http` and `oidc` parse the settings of the HTTP server and of OpenID Connect.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{http, http_config::HttpConfig, layers::Layers, oidc, setting::ConfigError, site, site_info::SiteInfo};
use crate::{
    auth::oidc::OidcSettings,
    catalog::IndexLocation,
    newsroom::{NewsroomSettings, text::language, workflow::WorkflowPolicy},
};

/// Validated settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Database URL.
    pub database_url: String,
    /// Whether to start a new database if the SQLite file was served before (its lock file exists) and is now
    /// missing, empty or truncated. Only the flag `--new-database` sets this.
    pub new_database: bool,
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Log filter, in the syntax of `tracing_subscriber::EnvFilter`.
    pub log: String,
    /// Whether to log as JSON.
    pub log_json: bool,
    /// The newsroom as its pages and feeds present it.
    pub site_info: SiteInfo,
    /// Settings of the newsroom.
    pub newsroom: NewsroomSettings,
    /// Maximum difference between the server's clock and the database's clock. Zero allows any difference.
    pub max_clock_offset: Duration,
    /// The OpenID Connect issuer whose tokens are accepted, if one is configured.
    pub oidc: Option<OidcSettings>,
    /// Configuration of the HTTP server.
    pub http_config: HttpConfig,
}

impl Layers {
    /// Parses and validates all settings.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let log_json = self.read("log_format", "text or json", |value| match value {
            "text" => Some(false),
            "json" => Some(true),
            _ => None,
        })?;
        let site_info = site::read(self)?;
        // The public address of Dateline's own pages.
        let page = |path: &str| {
            site_info.public_url.as_ref().filter(|_| site_info.has_pages).map(|url| format!("{url}{path}"))
        };
        let url_template = self.url_template("release_url", &["{slug}", "{id}"])?.or_else(|| page("/releases/{slug}"));
        let preview_template = self.url_template("preview_url", &["{token}"])?.or_else(|| page("/preview/{token}"));
        let four_eyes = self.read("workflow.four_eyes", "true or false", |value| value.parse().ok())?;
        let database_url =
            self.read("database_url", "sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME", |value| {
                ["sqlite:", "postgres:", "postgresql:"]
                    .iter()
                    .any(|scheme| value.starts_with(scheme))
                    .then(|| value.to_owned())
            })?;
        let search_index = self.read("search.index", "a folder, auto, memory or off", |value| match value {
            "" => None,
            "auto" => Some(IndexLocation::Folder(default_index_folder(&database_url))),
            "memory" => Some(IndexLocation::Memory),
            "off" => Some(IndexLocation::Off),
            folder => Some(IndexLocation::Folder(folder.into())),
        })?;
        Ok(Settings {
            new_database: false,
            database_url,
            listen: self
                .read("listen", "an address and a port, for example 127.0.0.1:8000", |value| value.parse().ok())?,
            log: self.read(
                "log",
                "a level (off, error, warn, info, debug, trace) or a list of module=level",
                |value| {
                    let is_level = |part: &str| {
                        ["off", "error", "warn", "info", "debug", "trace"].contains(&part.to_ascii_lowercase().as_str())
                    };
                    // `EnvFilter` interprets a word that is not a level as the name of a module, and then silences
                    // all other modules. Such a word is therefore rejected.
                    let is_valid = value.split(',').all(|part| part.contains('=') || is_level(part.trim()));
                    (is_valid && tracing_subscriber::EnvFilter::try_new(value).is_ok()).then(|| value.to_owned())
                },
            )?,
            log_json,
            site_info,
            newsroom: NewsroomSettings {
                language: self.read("language", "a language tag (BCP 47), for example en or pt-BR", |value| {
                    language::canonical(value).ok()
                })?,
                time_zone: self
                    .read("time_zone", "an IANA time zone, for example Asia/Bangkok", |value| value.parse().ok())?,
                url_template,
                preview_template,
                search_index,
                workflow_policy: WorkflowPolicy { four_eyes },
            },
            max_clock_offset: Duration::from_secs(self.seconds("clock.max_offset", 3600)?.into()),
            oidc: oidc::read(self)?,
            http_config: http::read(self)?,
        })
    }

    /// Returns the URL template of a setting. It must contain one of the placeholders. Returns `None` if it is empty.
    fn url_template(&self, key: &str, placeholders: &[&str]) -> Result<Option<String>, ConfigError> {
        let expected = format!("an http or https URL with {}", placeholders.join(" or "));
        self.read(key, &expected, |value| {
            let is_valid = ["https://", "http://"].iter().any(|scheme| value.starts_with(scheme))
                && placeholders.iter().any(|placeholder| value.contains(placeholder));
            (value.is_empty() || is_valid).then(|| Some(value.to_owned()).filter(|value| !value.is_empty()))
        })
    }
}

/// Returns the folder of the search index beside a SQLite file, or in the working directory for PostgreSQL.
fn default_index_folder(database_url: &str) -> PathBuf {
    match database_url.strip_prefix("sqlite:") {
        Some(file) => format!("{}-search", file.strip_prefix("//").unwrap_or(file)).into(),
        None => "dateline-search".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn settings(file: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
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
    fn the_search_index_is_beside_the_database_by_default() {
        let location = |file: &str| settings(file, &[]).unwrap().newsroom.search_index;
        let folder = |path: &str| IndexLocation::Folder(path.into());
        assert_eq!(location(""), folder("dateline.db-search"));
        assert_eq!(location("database_url = \"sqlite:///var/lib/news.db\""), folder("/var/lib/news.db-search"));
        assert_eq!(location("database_url = \"postgres://ana@host/x\""), folder("dateline-search"));
        assert_eq!(location("search.index = \"/srv/index\""), folder("/srv/index"));
        assert_eq!(location("[search]\nindex = \"memory\""), IndexLocation::Memory);
        assert_eq!(location("[search]\nindex = \"off\""), IndexLocation::Off);
        assert!(settings("search.index = \"\"", &[]).is_err());
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
        let error = settings("", &[("DATELINE_LISTEN", "8000")]).unwrap_err().to_string();
        assert!(
            error.contains("listen is \"8000\" (the variable DATELINE_LISTEN): write an address and a port"),
            "{error}"
        );
        for (file, start) in [
            ("language = \"fr\"\ncolour = \"red\"", "dateline.toml:2: there is no setting \"colour\""),
            ("language = \"é\"\n[limits]\n# tokn\ntokn = 1", "dateline.toml:4: there is no setting \"limits.tokn\""),
            ("\ncors_origins = []", "dateline.toml:2: cors_origins is not a string"),
            ("\nlisten = 8_000", "listen is \"8000\" (dateline.toml:2): write an address and a port"),
            ("\n\nlisten = 8 000", "dateline.toml:3 is not TOML: "),
        ] {
            let error = settings(file, &[]).unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
        for (variable, invalid) in [
            ("DATELINE_TIME_ZONE", "Mars/Base"),
            ("DATELINE_LOG_FORMAT", "xml"),
            ("DATELINE_RELEASE_URL", "https://example.org/"),
            ("DATELINE_DATABASE_URL", "mysql://x"),
        ] {
            assert!(settings("", &[(variable, invalid)]).unwrap_err().to_string().contains(variable), "{variable}");
        }
    }

    #[test]
    fn the_clock_offset_limit_is_in_whole_seconds_up_to_an_hour() {
        for (value, seconds) in [("0", 0), ("2", 2), ("3600", 3600)] {
            let settings = settings("", &[("DATELINE_CLOCK_MAX_OFFSET", value)]).unwrap();
            assert_eq!(settings.max_clock_offset, Duration::from_secs(seconds));
        }
        for invalid in ["", "-1", "3601", "2s", "0.5"] {
            let error = settings("", &[("DATELINE_CLOCK_MAX_OFFSET", invalid)]).unwrap_err().to_string();
            assert!(error.contains("clock.max_offset") && error.contains("0 to 3600"), "{error}");
        }
        assert_eq!(settings("[clock]\nmax_offset = 60", &[]).unwrap().max_clock_offset, Duration::from_mins(1));
    }

    #[test]
    fn a_password_is_not_shown() {
        for result in [
            settings("", &[("DATELINE_DATABASE_URL", "mysql://ana:secret@host/x")]),
            settings("database_url = \"mysql://ana:secret@host/x\"", &[]),
            settings("database_url = [\"postgres://ana:secret@host/x\"]", &[]),
            settings("database_url = \"postgres://ana:secret@host/x", &[]),
            settings("database_url = postgres://ana:secret@host/x", &[]),
        ] {
            let error = result.unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
