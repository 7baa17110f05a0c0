//! Keyset pagination in SQL: one page of a table in descending order of one column.

use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select, Value};
use serde::{Serialize, de::DeserializeOwned};

use super::pagination::{CursorKey, PageRequest};
use crate::{db::Reader, newsroom::error::Error};

/// One page of a list that is read from the database.
#[derive(Clone, Debug)]
pub struct RowPage<T> {
    /// The entries with their cursors, in order.
    pub entries: Vec<(String, T)>,
    /// Whether the list has entries before this page.
    pub has_previous: bool,
    /// Whether the list has entries after this page.
    pub has_next: bool,
}

/// Fetches one page of `rows`, sorted by `column` in descending order, with one SQL statement. The values of `column`
/// must be unique. `position` returns the value of `column` in a given row.
pub(in crate::newsroom) async fn fetch_page<E, M, P>(
    rows: Select<E>,
    column: E::Column,
    position: impl Fn(&M) -> P,
    key: &CursorKey,
    request: &PageRequest,
    db: &Reader,
) -> Result<RowPage<M>, Error>
where
    E: EntityTrait,
    M: FromQueryResult + Sized + Send + Sync,
    P: Serialize + DeserializeOwned + Into<Value>,
{
    let (size, from_end) = request.size()?;
    let decode = |argument, cursor: &Option<String>| -> Result<Option<P>, Error> {
        cursor.as_deref().map(|cursor| key.decode(argument, cursor)).transpose()
    };
    let (after, before) = (decode("after", &request.after)?, decode("before", &request.before)?);
    // The entry that an `after` or `before` cursor comes from lies outside the page, so the list continues at that
    // end. No query needs to check this.
    let (is_after, is_before) = (after.is_some(), before.is_some());
    let mut select = rows;
    if let Some(after) = after {
        select = select.filter(column.lt(after));
    }
    if let Some(before) = before {
        select = select.filter(column.gt(before));
    }
    select = if from_end { select.order_by_asc(column) } else { select.order_by_desc(column) };
    let mut models = select.limit(size as u64 + 1).into_model::<M>().all(db).await?;
    let has_more = models.len() > size;
    models.truncate(size);
    if from_end {
        models.reverse();
    }
    let (has_previous, has_next) = if from_end { (has_more, is_before) } else { (is_after, has_more) };
    let entries = models.into_iter().map(|row| (key.encode(&position(&row)), row)).collect();
    Ok(RowPage { entries, has_previous, has_next })
}
