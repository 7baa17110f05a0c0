//! Full-text search in a set of releases.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    blocking,
    catalog::{IndexLocation, ReleaseSet, SearchError, SearchRequest, Suggestion},
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
    },
};

impl Newsroom {
    /// Returns the releases of a set that match a search. Releases that were changed by an earlier request are found
    /// in their present form.
    ///
    /// Reads the texts of a few changed releases from the database, if they are not yet in the index. Fails while the
    /// index is built for the first time. `on_evaluated` gets the time that the evaluation took.
    pub async fn search(
        &self,
        set: &ReleaseSet,
        request: SearchRequest,
        on_evaluated: impl FnOnce(Duration) + Send + 'static,
    ) -> Result<ReleaseSet, Error> {
        self.prepare_search(set).await?;
        let (set, request) = (set.clone(), Arc::new(request));
        timed(on_evaluated, move || set.search(request)).await.map_err(search_error)
    }

    /// Indexes changed releases. Fails if search is switched off.
    async fn prepare_search(&self, set: &ReleaseSet) -> Result<(), Error> {
        if self.settings.search_index == IndexLocation::Off {
            let message = "search is switched off in this newsroom (setting search.index)";
            return Err(Error::field(&[], ErrorCode::Invalid, message));
        }
        Ok(self.catalog.index_pending(set).await?)
    }

    /// Returns at most `size` suggestions that continue a text, as `ReleaseSet::suggestions` describes them. Fails
    /// like `Newsroom::search`.
    pub async fn suggestions(
        &self,
        set: &ReleaseSet,
        prefix: &str,
        request: SearchRequest,
        size: usize,
        on_evaluated: impl FnOnce(Duration) + Send + 'static,
    ) -> Result<Vec<Suggestion>, Error> {
        self.prepare_search(set).await?;
        let (set, prefix) = (set.clone(), prefix.to_owned());
        timed(on_evaluated, move || set.suggestions(&prefix, request, size)).await.map_err(search_error)
    }

    /// Returns another text for the search that narrowed a set, if it contains words that no release has.
    pub async fn did_you_mean(
        &self,
        set: &ReleaseSet,
        on_evaluated: impl FnOnce(Duration) + Send + 'static,
    ) -> Result<Option<String>, Error> {
        let set = set.clone();
        timed(on_evaluated, move || set.did_you_mean()).await.map_err(|error| search_error(error.into()))
    }
}

/// Runs an evaluation on a blocking thread, and then calls `on_evaluated` with the time that it took, even if the
/// caller no longer waits for the result.
async fn timed<T: Send + 'static>(
    on_evaluated: impl FnOnce(Duration) + Send + 'static,
    evaluate: impl FnOnce() -> T + Send + 'static,
) -> T {
    blocking::run(move || {
        let began = Instant::now();
        let result = evaluate();
        on_evaluated(began.elapsed());
        result
    })
    .await
}

fn search_error(error: SearchError) -> Error {
    match error {
        SearchError::NotBuilt { coverage } => Error::SearchNotReady { percent: (coverage * 100.0) as u8 },
        SearchError::Unreadable(error) => {
            tracing::error!(%error, "the search index cannot be read");
            Error::SearchFailed
        }
    }
}
