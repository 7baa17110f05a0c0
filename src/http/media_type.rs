//! Content negotiation: chooses the response media type from the `Accept` header (RFC 9110, 12.5.1).
//!
//! `application/graphql-response+json`, `application/json` (the default) or `text/event-stream`. Event streams must be
//! named; a wildcard does not match them.

use axum::http::{HeaderMap, header};

/// A media type of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum MediaType {
    /// `application/graphql-response+json`: the status says whether the request was sound.
    GraphqlResponse,
    /// `text/event-stream`: events, of what goes on.
    Events,
    /// `application/json`: the older one; every well-formed request is answered 200.
    Json,
}

impl MediaType {
    /// As a header has it.
    pub(in crate::http) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Events => "text/event-stream; charset=utf-8",
        }
    }

    /// As a range names it.
    const fn name(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json",
            Self::Json => "application/json",
            Self::Events => "text/event-stream",
        }
    }

    /// Whether events would be taken, too: of what goes on.
    pub(in crate::http) fn accepts_events(headers: &HeaderMap) -> bool {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges = values.flat_map(|value| value.split(',')).take(MAX_RANGES).map(MediaRange::parse);
        ranges.any(|range| range.specificity(Self::Events) > 0 && range.weight > 0)
    }

    /// What the Accept headers ask for; JSON where they do not care, nothing where they take neither.
    pub(in crate::http) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let accept: Vec<&str> =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        if accept.is_empty() {
            return Some(Self::Json);
        }
        let ranges: Vec<MediaRange> =
            accept.iter().flat_map(|value| value.split(',')).take(MAX_RANGES).map(MediaRange::parse).collect();
        // Where two weigh the same, the one that is named first; where one range covers both, the older.
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

/// Ranges that are looked at.
const MAX_RANGES: usize = 100;

/// A media range of an Accept header (RFC 9110, 12.5.1), and its weight in thousandths.
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

    /// How closely it names a media type, whose most exact range counts; 0: not at all. Events are taken by name only: whoever
    /// takes anything does not expect a stream.
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
        // The most exact range counts.
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
