//! Which of the two media types of GraphQL over HTTP a client wants its answer in.

use axum::http::{HeaderMap, header};

/// A media type of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Media {
    /// `application/graphql-response+json`: the status says whether the request was sound.
    GraphqlResponse,
    /// `text/event-stream`: events, of what goes on.
    Events,
    /// `application/json`: the older one; every well-formed request is answered 200.
    Json,
}

impl Media {
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
    pub(in crate::http) fn takes_events(headers: &HeaderMap) -> bool {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges = values.flat_map(|value| value.split(',')).take(MOST_RANGES).map(Range::read);
        ranges.any(|range| range.fits(Self::Events) > 0 && range.weight > 0)
    }

    /// What the Accept headers ask for; JSON where they do not care, nothing where they take neither.
    pub(in crate::http) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let accept: Vec<&str> =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        if accept.is_empty() {
            return Some(Self::Json);
        }
        let ranges: Vec<Range> =
            accept.iter().flat_map(|value| value.split(',')).take(MOST_RANGES).map(Range::read).collect();
        // Where two weigh the same, the one that is named first; where one range covers both, the older.
        let weighed = [Self::Json, Self::GraphqlResponse, Self::Events].into_iter().filter_map(|media| {
            let (at, range) =
                ranges.iter().enumerate().max_by_key(|(at, range)| (range.fits(media), std::cmp::Reverse(*at)))?;
            (range.fits(media) > 0 && range.weight > 0).then_some((media, (range.weight, std::cmp::Reverse(at))))
        });
        let mut best = None;
        for (media, weight) in weighed {
            if best.is_none_or(|(_, most)| weight > most) {
                best = Some((media, weight));
            }
        }
        best.map(|(media, _)| media)
    }
}

/// Ranges that are looked at.
const MOST_RANGES: usize = 100;

/// A media range of an Accept header (RFC 9110, 12.5.1), and its weight in thousandths.
struct Range {
    name: String,
    weight: u16,
}

impl Range {
    fn read(text: &str) -> Self {
        let mut parts = text.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0));
        Self { name, weight: (weight.clamp(0.0, 1.0) * 1000.0) as u16 }
    }

    /// How closely it names a media type, whose most exact range counts; 0: not at all. Events are taken by name only: whoever
    /// takes anything does not expect a stream.
    fn fits(&self, media: Media) -> u8 {
        match self.name.as_str() {
            name if name == media.name() => 3,
            "application/*" if media != Media::Events => 2,
            "*/*" if media != Media::Events => 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn wanted(accept: &str) -> Option<Media> {
        Media::wanted(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(accept).unwrap())]))
    }

    #[test]
    fn the_best_of_what_is_accepted_is_taken() {
        assert_eq!(Media::wanted(&HeaderMap::new()), Some(Media::Json));
        assert_eq!(wanted("*/*"), Some(Media::Json));
        assert_eq!(wanted("application/graphql-response+json, application/json;q=0.9"), Some(Media::GraphqlResponse));
        assert_eq!(wanted("application/graphql-response+json;q=0.5, application/json"), Some(Media::Json));
        assert_eq!(wanted("text/html, application/*;q=0.1"), Some(Media::Json));
        assert_eq!(wanted("text/html"), None);
        assert_eq!(wanted("application/json;q=0"), None);
        // The most exact range counts.
        assert_eq!(wanted("application/json;q=0, */*"), Some(Media::GraphqlResponse));
        assert_eq!(
            wanted("*/*;q=0.1, application/json;q=0.5, application/graphql-response+json;q=0.7"),
            Some(Media::GraphqlResponse)
        );
        assert_eq!(wanted("application/json; charset=utf-8, application/graphql-response+json"), Some(Media::Json));
        assert_eq!(wanted("text/event-stream, application/json;q=0.9"), Some(Media::Events));
        assert_eq!(wanted("*/*, text/event-stream;q=0"), Some(Media::Json));
        assert_eq!(wanted("application/json;q=NaN"), None);
    }
}
