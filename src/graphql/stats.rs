//! Sets as numbers: counts, dates and the topics of a set.

use async_graphql::{Context, ID, Object};
use entity::Noun;

use super::{
    context::ContextExt, error::ApiError, filter::ReleaseFilter, id, refs::TopicRef, scalars::Date, topic::Topic,
};
use crate::{
    catalog::{ReleaseSet, TopicBucket as Bucket, TopicFacetRequest},
    newsroom::{self, page::PageRequest},
};

/// A set of releases as numbers. Costs no statement, whatever is asked.
pub struct ReleaseStats {
    set: ReleaseSet,
}

impl ReleaseStats {
    /// Of a set, narrowed.
    pub fn narrowed(set: &ReleaseSet, filter: Option<ReleaseFilter>) -> Result<Self, ApiError> {
        Ok(Self { set: narrow(set, filter)? })
    }
}

/// A set of releases as numbers. Costs no statement, whatever is asked.
#[Object]
impl ReleaseStats {
    /// How many releases are in the set.
    async fn count(&self) -> Option<u64> {
        Some(self.set.count())
    }

    /// The earliest release date in the set; null for an empty one.
    async fn earliest(&self) -> Option<Date> {
        self.set.date_span().map(|(earliest, _)| Date(earliest))
    }

    /// The latest release date in the set; null for an empty one.
    async fn latest(&self) -> Option<Date> {
        self.set.date_span().map(|(_, latest)| Date(latest))
    }
}

/// A topic and how many releases of a set bear it.
pub struct TopicBucket {
    set: ReleaseSet,
    bucket: Bucket,
}

/// A topic and how many releases of a set bear it.
#[Object]
impl TopicBucket {
    /// The topic's id.
    async fn key(&self) -> ID {
        id::encode(Noun::Topic, self.set.snapshot().topics().get(self.bucket.topic).id)
    }

    /// The topic's name in the newsroom's own language.
    async fn label(&self) -> &str {
        &self.set.snapshot().topics().get(self.bucket.topic).name
    }

    /// Releases that bear the topic; rolled up, the topic or a narrower one, each release once.
    async fn count(&self) -> u64 {
        self.bucket.count
    }

    /// Releases that bear exactly this topic.
    async fn direct_count(&self) -> u64 {
        self.bucket.direct_count
    }

    /// `count` as a part of the set it was counted in, 0 to 1.
    async fn share(&self) -> f64 {
        self.bucket.share
    }

    /// The topic.
    async fn topic(&self) -> Topic {
        Topic::new(self.set.snapshot().clone(), self.bucket.topic)
    }
}

/// The topics of what a viewer may see, narrowed.
pub fn topic_aggregates(
    ctx: &Context<'_>,
    filter: Option<ReleaseFilter>,
    first: i32,
    roll_up: bool,
    under: Option<TopicRef>,
) -> Result<Vec<TopicBucket>, ApiError> {
    let (first, _) = PageRequest { first: Some(first), ..PageRequest::default() }.size()?;
    let set = narrow(&ctx.asked().visible(), filter)?;
    let topic = |reference: TopicRef| {
        let reference = reference.resolve()?;
        let found = set.snapshot().topics().find(&reference);
        found.ok_or_else(|| {
            ApiError::not_found(format!("there is no topic with the {reference}; `topics` lists those there are"))
        })
    };
    let under = under.map(topic).transpose().map_err(|error| error.at("under"))?;
    let facet = set.topic_facet(&TopicFacetRequest { first, roll_up, under });
    Ok(facet.buckets.into_iter().map(|bucket| TopicBucket { set: set.clone(), bucket }).collect())
}

fn narrow(set: &ReleaseSet, filter: Option<ReleaseFilter>) -> Result<ReleaseSet, ApiError> {
    match filter {
        Some(filter) => {
            let filter = filter.resolve().map_err(|error| error.at("filter"))?;
            set.narrow(&filter).map_err(|fault| newsroom::Error::Filter(fault).into())
        }
        None => Ok(set.clone()),
    }
}
