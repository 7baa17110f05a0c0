//! The argument `first` of lists that have no cursors.

use crate::{graphql::base::error::ApiError, newsroom::reading::pagination::PageRequest};

/// How many entries are asked for by `first`, where that is the size of a page.
pub fn page_size(first: i32) -> Result<usize, ApiError> {
    let (size, _) = PageRequest { first: Some(first), ..PageRequest::default() }.size()?;
    Ok(size)
}
