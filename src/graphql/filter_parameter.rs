//! Reads a release filter that is not part of an operation: the parameter `filter` of pages, feeds and CSV files.
//!
//! The filter is coerced and checked like the variable of an operation, so it has the same limits and errors.

use async_graphql::{InputType, Pos};
use serde_json::{Map, Value as Json};

use super::{Executor, Extent, OperationInput, RequestErrors, base::error::ApiError, inputs::filter::ReleaseFilter};
use entity::api_token::Role;

use crate::{catalog, newsroom::access::public_id::IdCodec};

/// The operation whose variable the filter is.
const OPERATION: &str = "query($filter: ReleaseFilter!) { releaseStats(filter: $filter) { count } }";

impl Executor {
    /// Reads a `ReleaseFilter` from JSON, as the public may write it. An error says what is wrong.
    pub fn parse_filter(&self, json: &Json, ids: &IdCodec, extent: &Extent) -> Result<catalog::ReleaseFilter, String> {
        let document = self.parse(OPERATION, Role::Public).map_err(first_message)?;
        let variables = Map::from_iter([("filter".to_owned(), json.clone())]);
        let input = OperationInput { operation_name: None, variables };
        let prepared = self.prepare(&document, input, Role::Public, extent).map_err(first_message)?;
        let value = prepared.variables.get("filter").cloned();
        let filter =
            <Option<ReleaseFilter>>::parse(value).map_err(|error| error.into_server_error(Pos::default()).message)?;
        let filter = ReleaseFilter::resolve_argument(filter, ids).map_err(ApiError::into_message)?;
        Ok(filter.unwrap_or_default())
    }
}

fn first_message(errors: RequestErrors) -> String {
    errors.into_iter().next().map(|error| error.message).unwrap_or_default()
}
