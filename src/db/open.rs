//! Opens a database by its URL: SQLite or PostgreSQL.

use super::{
    database::Db,
    options::{OpenError, OpenOptions, redacted},
    postgres, sqlite,
};

impl Db {
    /// Opens a database with the default options. The URL is `sqlite://FILE` or `postgres://…`. A missing SQLite file
    /// is created. Does not run migrations.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, &OpenOptions::default()).await
    }

    /// Opens a database with the given options. Does not run migrations.
    pub async fn open_with(url: &str, options: &OpenOptions) -> Result<Self, OpenError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return sqlite::open(path.strip_prefix("//").unwrap_or(path), options).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return postgres::open(url, options).await;
        }
        Err(OpenError::Url(redacted(url)))
    }
}
