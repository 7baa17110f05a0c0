//! Configuration: defaults, then `dateline.toml`, then environment variables (`DATELINE_*`), then flags; later layers
//! win.
//!
//! Invalid values and unknown keys stop the start; the error names the setting, its source and the expected value. The
//! profile `hardened` changes the defaults. The table in `docs/settings.md` is generated from the same list.
//!
//! - `setting`: one setting, and the error of an invalid one
//! - `table`: list of all settings, and the table for the documentation
//! - `layers`: defaults, file, environment, flags
//! - `settings`: all settings as validated values
//! - `http`: reads the settings of the HTTP server
//! - `oidc`: reads the settings of OpenID Connect
//! - `http_config`: HTTP configuration: limits, TLS, proxies, CORS, caches, trusted documents
//! - `site_info`: name and publisher of the newsroom

mod http;
mod http_config;
mod layers;
mod oidc;
mod setting;
mod settings;
mod site_info;
mod table;

pub use http_config::{AllowedOrigins, HttpConfig, TlsFiles, TrustedDocumentMode, TrustedDocuments};
pub use layers::Layers;
pub use setting::{ConfigError, Setting};
pub use settings::Settings;
pub use site_info::SiteInfo;
pub use table::{settings, table};
