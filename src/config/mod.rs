//! Configuration: defaults, then `dateline.toml`, then environment variables (`DATELINE_*`), then flags; later layers
//! win.
//!
//! If the settings file contains an unknown key, or a value is invalid, the program does not start; the error names
//! the setting, the source of the value and the expected value. The profile `hardened` changes only the defaults.
//! The table in `docs/settings.md` is generated from the list in `table`.
//!
//! The crates `confique` and `figment` are not used. Either would replace about 90 of the 1,040 lines of this folder,
//! and declarations for `serde` and layers for profiles would add as many. `confique` ignores an empty invalid variable
//! and prints a line of the file, which can contain a password. `figment` names no line, and refuses the name `24`,
//! because it is a number. `docs/dependencies.md` has the details.
//!
//! - `setting`: one setting, and the error for an invalid setting
//! - `table`: list of all settings, and the table for the documentation
//! - `layers`: values from defaults, file, environment and flags
//! - `settings`: all settings as validated values
//! - `http`: reads the settings of the HTTP server
//! - `oidc`: reads the settings of OpenID Connect
//! - `http_config`: HTTP configuration: limits, TLS, proxies, CORS, caches, trusted documents
//! - `site`: reads the settings of the public pages and feeds
//! - `site_info`: name, publisher, address and look of the newsroom

mod http;
mod http_config;
mod layers;
mod oidc;
mod setting;
mod settings;
mod site;
mod site_info;
mod table;

pub use http_config::{AllowedOrigins, HttpConfig, TlsFiles, TrustedDocumentMode, TrustedDocuments};
pub use layers::Layers;
pub use setting::{ConfigError, Setting};
pub use settings::Settings;
pub use site_info::{Brand, BrandFile, BrandLink, Color, SiteInfo};
pub use table::{settings, table};
