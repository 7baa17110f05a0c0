//! Content negotiation: chooses the response media type from the `Accept` header (RFC 9110, 12.5.1).
//!
//! The media types are `application/graphql-response+json`, `application/json` (the default) and `text/event-stream`.
//! A client gets an event stream only if its `Accept` header names this media type; wildcards do not match it.

use axum::http::{HeaderMap, header};

/// A media type of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum MediaType {
    /// `application/graphql-response+json`: the HTTP status says whether the request was valid.
    GraphqlResponse,
    /// `text/event-stream`: server-sent events, for subscriptions.
    Events,
    /// `application/json`, the legacy media type: every well-formed request has status 200.
    Json,
}

impl MediaType {
    /// Returns the value of the `Content-Type` header.
    pub(in crate::http) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Events => "text/event-stream; charset=utf-8",
        }
    }

    /// Returns the media type without parameters, as `Accept` headers name it.
    const fn name(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json",
            Self::Json => "application/json",
            Self::Events => "text/event-stream",
        }
    }

    /// Returns true if the client accepts event streams.
    pub(in crate::http) fn accepts_events(headers: &HeaderMap) -> bool {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges = values.flat_map(|value| value.split(',')).take(MAX_RANGES).map(MediaRange::parse);
        ranges.any(|range| range.specificity(Self::Events) > 0 && range.weight > 0)
    }

    /// Returns the media type that the `Accept` headers prefer. Returns JSON if there is no `Accept` header, and
    /// `None` if the headers accept no media type that the server supports.
    pub(in crate::http) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let accept: Vec<&str> =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        if accept.is_empty() {
            return Some(Self::Json);
        }
        let ranges: Vec<MediaRange> =
            accept.iter().flat_map(|value| value.split(',')).take(MAX_RANGES).map(MediaRange::parse).collect();
        // If two media types have the same weight, the one that the headers name first is preferred. If one media
        // range covers both JSON types, `application/json` is preferred.
        let ranked = [Self::Json, Self::GraphqlResponse, Self::Events].into_iter().filter_map(|media| {
            let (position, range) = ranges
                .iter()
                .enumerate()
                .max_by_key(|(position, range)| (range.specificity(media), std::cmp::Reverse(*position)))?;
            (range.specificity(media) > 0 && range.weight > 0)
                .then_some((media, (range.weight, std::cmp::Reverse(position))))
        });
        let mut best = None;
        for (media, weight) in ranked {
            if best.is_none_or(|(_, highest)| weight > highest) {
                best = Some((media, weight));
            }
        }
        best.map(|(media, _)| media)
    }
}

/// Maximum number of media ranges in `Accept` headers that are parsed.
const MAX_RANGES: usize = 100;

/// A media range in an `Accept` header (RFC 9110, 12.5.1), with its weight in thousandths.
struct MediaRange {
    name: String,
    weight: u16,
}

impl MediaRange {
    fn parse(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0));
        Self { name, weight: (weight.clamp(0.0, 1.0) * 1000.0) as u16 }
    }

    /// Returns how specifically the range matches a media type: from 0, which is no match, to 3, the exact name. If
    /// several ranges match, the most specific one applies. An event stream matches only by its exact name, because a
    /// client that accepts anything does not expect a stream.
    fn specificity(&self, media: MediaType) -> u8 {
        match self.name.as_str() {
            name if name == media.name() => 3,
            "application/*" if media != MediaType::Events => 2,
            "*/*" if media != MediaType::Events => 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn negotiate(accept: &str) -> Option<MediaType> {
        MediaType::negotiate(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(accept).unwrap())]))
    }

    #[test]
    fn the_accepted_media_type_with_the_highest_quality_is_chosen() {
        assert_eq!(MediaType::negotiate(&HeaderMap::new()), Some(MediaType::Json));
        assert_eq!(negotiate("*/*"), Some(MediaType::Json));
        assert_eq!(
            negotiate("application/graphql-response+json, application/json;q=0.9"),
            Some(MediaType::GraphqlResponse)
        );
        assert_eq!(negotiate("application/graphql-response+json;q=0.5, application/json"), Some(MediaType::Json));
        assert_eq!(negotiate("text/html, application/*;q=0.1"), Some(MediaType::Json));
        assert_eq!(negotiate("text/html"), None);
        assert_eq!(negotiate("application/json;q=0"), None);
        // The most specific range applies.
        assert_eq!(negotiate("application/json;q=0, */*"), Some(MediaType::GraphqlResponse));
        assert_eq!(
            negotiate("*/*;q=0.1, application/json;q=0.5, application/graphql-response+json;q=0.7"),
            Some(MediaType::GraphqlResponse)
        );
        assert_eq!(
            negotiate("application/json; charset=utf-8, application/graphql-response+json"),
            Some(MediaType::Json)
        );
        assert_eq!(negotiate("text/event-stream, application/json;q=0.9"), Some(MediaType::Events));
        assert_eq!(negotiate("*/*, text/event-stream;q=0"), Some(MediaType::Json));
        assert_eq!(negotiate("application/json;q=NaN"), None);
    }
}
