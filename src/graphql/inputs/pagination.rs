//! The argument `first` of lists without cursors.

use crate::{graphql::base::error::ApiError, newsroom::reading::pagination::PageRequest};

/// Validates `first` and returns it as a number of entries.
pub fn page_size(first: i32) -> Result<usize, ApiError> {
    let (size, _) = PageRequest { first: Some(first), ..PageRequest::default() }.size()?;
    Ok(size)
}
