//! Error of the index.

use std::sync::Arc;

/// Why an index cannot be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IndexError {
    /// The files of the index are not what this version writes, or they are damaged. They have to be built again.
    #[error("the search index is damaged: {0}")]
    Damaged(String),
    /// Another process uses the index.
    #[error("the search index in {0} is in use by another process")]
    Locked(String),
    /// The operating system refused to read or write.
    #[error("cannot access the search index: {0}")]
    Io(Arc<std::io::Error>),
}

impl From<std::io::Error> for IndexError {
    fn from(error: std::io::Error) -> Self {
        Self::from(Arc::new(error))
    }
}

impl From<Arc<std::io::Error>> for IndexError {
    fn from(error: Arc<std::io::Error>) -> Self {
        match error.kind() {
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => Self::Damaged(error.to_string()),
            _ => Self::Io(error),
        }
    }
}

impl From<tantivy::TantivyError> for IndexError {
    fn from(error: tantivy::TantivyError) -> Self {
        use tantivy::TantivyError as E;
        match error {
            E::IoError(error) => error.into(),
            E::OpenWriteError(tantivy::directory::error::OpenWriteError::IoError { io_error, .. })
            | E::OpenReadError(tantivy::directory::error::OpenReadError::IoError { io_error, .. }) => io_error.into(),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<tantivy::directory::error::OpenDirectoryError> for IndexError {
    fn from(error: tantivy::directory::error::OpenDirectoryError) -> Self {
        Self::from(tantivy::TantivyError::from(error))
    }
}
