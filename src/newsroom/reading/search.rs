//! Full-text search in a set of releases.

use std::sync::Arc;

use crate::{
    blocking,
    catalog::{IndexLocation, ReleaseSet, SearchRequest, Suggestion},
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
    /// index is built for the first time.
    pub async fn search(&self, set: &ReleaseSet, request: SearchRequest) -> Result<ReleaseSet, Error> {
        self.prepare_search(set).await?;
        let (set, request) = (set.clone(), Arc::new(request));
        blocking::run(move || set.search(request)).await.map_err(|error| unreadable(&error))
    }

    /// Indexes changed releases, and fails if a search is not possible.
    async fn prepare_search(&self, set: &ReleaseSet) -> Result<(), Error> {
        if self.settings.search_index == IndexLocation::Off {
            let message = "search is switched off in this newsroom (search.index): omit `search`";
            return Err(Error::field(&["search"], ErrorCode::Invalid, message));
        }
        self.catalog.index_pending(set.snapshot()).await?;
        let coverage = set.index_coverage();
        if coverage < 1.0 && !set.is_index_built() {
            return Err(Error::SearchNotReady { percent: (coverage * 100.0) as u8 });
        }
        Ok(())
    }

    /// Returns at most `size` suggestions that continue a text, as `ReleaseSet::suggestions` describes them. Fails
    /// like `Newsroom::search`.
    pub async fn suggestions(
        &self,
        set: &ReleaseSet,
        prefix: &str,
        request: SearchRequest,
        size: usize,
    ) -> Result<Vec<Suggestion>, Error> {
        self.prepare_search(set).await?;
        let (set, prefix) = (set.clone(), prefix.to_owned());
        blocking::run(move || set.suggestions(&prefix, request, size)).await.map_err(|error| unreadable(&error))
    }

    /// Returns another text for the search that narrowed a set, if it contains words that no release has.
    pub async fn did_you_mean(&self, set: &ReleaseSet) -> Result<Option<String>, Error> {
        let set = set.clone();
        blocking::run(move || set.did_you_mean()).await.map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &std::io::Error) -> Error {
    tracing::error!(%error, "the search index cannot be read");
    Error::SearchFailed
}
