//! The argument `first` of lists that have no cursors.

use crate::{graphql::base::error::ApiError, newsroom::reading::pagination::PageRequest};

/// Validates the argument `first` and returns it as a page size.
pub fn page_size(first: i32) -> Result<usize, ApiError> {
    let (size, _) = PageRequest { first: Some(first), ..PageRequest::default() }.size()?;
    Ok(size)
}
