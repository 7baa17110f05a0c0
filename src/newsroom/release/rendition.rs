//! Cache of rendered bodies: HTML, plain text and word counts by revision, within a memory budget (LRU).
//!
//! If several requests need the same HTML or plain text at the same time, it is rendered only once. Long bodies are
//! rendered on blocking threads, with at most one rendering per processor core. The renderer is the crate `markup`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::blocking;

/// Memory for cached HTML and plain text, in bytes.
const MAX_TEXT_BYTES: u64 = 32 << 20;

/// Maximum number of cached word counts. Each takes about 80 bytes.
const MAX_COUNTS: usize = 100_000;

/// Minimum length of a Markdown body, in bytes, for rendering on a blocking thread. Rendering a shorter body takes
/// less than a millisecond.
const OFFLOAD_BYTES: usize = 8 * 1024;

/// The caches of rendered texts and word counts.
pub struct Renditions {
    texts: Cache<(Uuid, Format), Arc<str>, TextWeighter>,
    counts: Cache<Uuid, usize>,
    /// Limits the number of bodies that are rendered on blocking threads at a time. One permit for each processor
    /// core.
    render_permits: Arc<Semaphore>,
}

/// The format into which a body is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Format {
    Html,
    PageHtml,
    Text,
}

#[derive(Clone)]
struct TextWeighter;

impl Weighter<(Uuid, Format), Arc<str>> for TextWeighter {
    fn weight(&self, _: &(Uuid, Format), text: &Arc<str>) -> u64 {
        text.len() as u64 + 100
    }
}

impl std::fmt::Debug for Renditions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Renditions")
    }
}

impl Default for Renditions {
    fn default() -> Self {
        // Each shard has an equal part of the capacity. With four shards, a text can be cached only if it fits in a
        // quarter of the capacity.
        let mut options = OptionsBuilder::new();
        options.shards(4).estimated_items_capacity((MAX_TEXT_BYTES / 8000) as usize).weight_capacity(MAX_TEXT_BYTES);
        // `build` fails only if a capacity is missing, and both are set above.
        let options = options.build().expect("complete options");
        Self {
            texts: Cache::with_options(
                options,
                TextWeighter,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            counts: Cache::new(MAX_COUNTS),
            render_permits: Arc::new(Semaphore::new(blocking::cores())),
        }
    }
}

impl Renditions {
    /// Returns the body of a revision as sanitised HTML, from the cache or newly rendered.
    pub async fn html(
        &self,
        revision: Uuid,
        markdown: &Arc<str>,
        on_rendered: impl FnOnce(Duration) + Send + 'static,
    ) -> Arc<str> {
        let compute = async || {
            let markdown = markdown.clone();
            self.render(markdown.len(), on_rendered, move || markup::to_html(&markdown).into()).await
        };
        self.get_or_render((revision, Format::Html), compute).await
    }

    /// Returns the body of a revision as HTML for a page ([`markup::to_page_html`]), from the cache or newly rendered.
    pub async fn page_html(
        &self,
        revision: Uuid,
        markdown: &Arc<str>,
        on_rendered: impl FnOnce(Duration) + Send + 'static,
    ) -> Arc<str> {
        let compute = async || {
            let markdown = markdown.clone();
            self.render(markdown.len(), on_rendered, move || markup::to_page_html(&markdown).into()).await
        };
        self.get_or_render((revision, Format::PageHtml), compute).await
    }

    /// Returns the body of a revision as plain text, from the cache or newly rendered.
    pub async fn text(
        &self,
        revision: Uuid,
        markdown: &Arc<str>,
        on_rendered: impl FnOnce(Duration) + Send + 'static,
    ) -> Arc<str> {
        let compute = async || {
            let markdown = markdown.clone();
            self.render(markdown.len(), on_rendered, move || markup::to_text(&markdown).into()).await
        };
        self.get_or_render((revision, Format::Text), compute).await
    }

    /// Returns the number of words in the body of a revision. Does not cache the plain text that it renders, because
    /// counting the words of many releases would evict all other texts.
    pub async fn word_count(
        &self,
        revision: Uuid,
        markdown: &Arc<str>,
        on_rendered: impl FnOnce(Duration) + Send + 'static,
    ) -> usize {
        if let Some(count) = self.counts.get(&revision) {
            return count;
        }
        let text = self.texts.get(&(revision, Format::Text));
        let markdown = markdown.clone();
        let count = self
            .render(markdown.len(), on_rendered, move || match text {
                Some(text) => markup::word_count(&text),
                None => markup::word_count(&markup::to_text(&markdown)),
            })
            .await;
        self.counts.insert(revision, count);
        count
    }

    /// Runs `render` for a body of `bytes` bytes, on a blocking thread if the body is long. Then calls `on_rendered`
    /// with the elapsed time, on a blocking thread even if the caller no longer waits for the result.
    async fn render<T: Send + 'static>(
        &self,
        bytes: usize,
        on_rendered: impl FnOnce(Duration) + Send + 'static,
        render: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let timed = move || {
            let began = Instant::now();
            let output = render();
            on_rendered(began.elapsed());
            output
        };
        if bytes < OFFLOAD_BYTES {
            return timed();
        }
        let permit = self.render_permits.clone().acquire_owned().await;
        let work = move || {
            let output = timed();
            drop(permit);
            output
        };
        blocking::run(work).await
    }

    /// Returns a text from the cache. If the text is not cached, the first caller computes it while concurrent
    /// callers wait.
    async fn get_or_render(&self, key: (Uuid, Format), compute: impl AsyncFnOnce() -> Arc<str>) -> Arc<str> {
        match self.texts.get_value_or_guard_async(&key).await {
            Ok(text) => text,
            Err(guard) => {
                let text = compute().await;
                // `insert` fails only if the entry was removed in the meantime, which never happens.
                let _ = guard.insert(text.clone());
                text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn cached_renditions_equal_fresh_ones() {
        let renditions = Renditions::default();
        for markdown in ["", "Some *words*.", &"A long one, [linked](https://example.org/). ".repeat(1000)] {
            let (revision, markdown): (Uuid, Arc<str>) = (Uuid::now_v7(), markdown.into());
            for _ in 0..2 {
                assert_eq!(*renditions.html(revision, &markdown, drop).await, markup::to_html(&markdown));
                assert_eq!(*renditions.text(revision, &markdown, drop).await, markup::to_text(&markdown));
                let count = markup::word_count(&markup::to_text(&markdown));
                assert_eq!(renditions.word_count(revision, &markdown, drop).await, count);
            }
            let other: Arc<str> = "Never looked at.".into();
            assert_eq!(*renditions.html(revision, &other, drop).await, markup::to_html(&markdown), "it was made once");
            assert_eq!(
                renditions.word_count(revision, &other, drop).await,
                markup::word_count(&markup::to_text(&markdown))
            );
        }
    }

    #[tokio::test]
    async fn the_cache_stays_within_its_budget() {
        let renditions = Renditions::default();
        let markdown: Arc<str> = "word ".repeat(200_000).into();
        for _ in 0..50 {
            renditions.text(Uuid::now_v7(), &markdown, drop).await;
        }
        let weight = renditions.texts.weight();
        assert!(weight <= MAX_TEXT_BYTES && weight > MAX_TEXT_BYTES / 2, "{weight}");
    }
}
