//! Why a request for a page has no page. Each error becomes a page that says what is wrong and what to do.

use crate::{catalog::FilterError, newsroom};

/// Why there is no page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// There is nothing at this address. The text says what does not exist.
    #[error("{0}")]
    NotFound(String),
    /// A parameter is invalid. The text says which one, what is wrong with it and what to write.
    #[error("{0}")]
    Invalid(String),
    /// The page can be shown in a moment. The text says why it cannot be shown now.
    #[error("{0}")]
    Unavailable(String),
}

impl SiteError {
    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound(_) => 404,
            Self::Invalid(_) => 400,
            Self::Unavailable(_) => 503,
        }
    }
}

impl From<FilterError> for SiteError {
    fn from(error: FilterError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<newsroom::Error> for SiteError {
    fn from(error: newsroom::Error) -> Self {
        use newsroom::Error;
        match error {
            Error::SearchNotReady { .. } => {
                Self::Unavailable("Search is being prepared. Try again in a minute.".to_owned())
            }
            Error::Invalid(fields) => {
                Self::Invalid(fields.iter().map(|field| field.message.clone()).collect::<Vec<_>>().join("; "))
            }
            Error::Filter(error) => Self::Invalid(error.to_string()),
            error => {
                // The database layer has logged its failures; others are logged here.
                tracing::warn!(%error, "a page could not be read");
                Self::Unavailable("This page cannot be shown at the moment. Try again soon.".to_owned())
            }
        }
    }
}
