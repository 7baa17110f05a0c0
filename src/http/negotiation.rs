//! Which of the two media types of GraphQL over HTTP a client wants its answer in.

use axum::http::{HeaderMap, header};

/// A media type of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status says whether the request was sound.
    GraphqlResponse,
    /// `text/event-stream`: events, of what goes on.
    Events,
    /// `application/json`: the older one; every well-formed request is answered 200.
    Json,
}

impl Media {
    /// As a header has it.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::Events => "text/event-stream; charset=utf-8",
        }
    }

    /// Whether events would be taken, too: of what goes on.
    pub(super) fn takes_events(headers: &HeaderMap) -> bool {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|range| range.trim().starts_with("text/event-stream"))
    }

    /// What the Accept headers ask for; JSON where they do not care, nothing where they take neither.
    pub(super) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let accept: Vec<&str> =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        if accept.is_empty() {
            return Some(Self::Json);
        }
        let mut best: Option<(Self, f32)> = None;
        for range in accept.iter().flat_map(|value| value.split(',')).take(100) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality =
                parts.find_map(|part| part.strip_prefix("q=").map(|q| q.parse().unwrap_or(0.0))).unwrap_or(1.0);
            let media = match name.as_str() {
                "application/graphql-response+json" => Self::GraphqlResponse,
                "text/event-stream" => Self::Events,
                "application/json" | "application/*" | "*/*" => Self::Json,
                _ => continue,
            };
            if quality > 0.0 && best.is_none_or(|(_, most)| quality > most) {
                best = Some((media, quality));
            }
        }
        best.map(|(media, _)| media)
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
    }
}
