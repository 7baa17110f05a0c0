//! Compression of response bodies: negotiates the content coding (`Accept-Encoding`, RFC 9110) and encodes brotli, zstd
//! or gzip.
//!
//! Responses below 1024 bytes are not compressed. The caller of this module must not compress responses with secrets,
//! because the compressed length could reveal them (BREACH).

use std::io::Write;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, header},
};

/// Minimum response length for compression, in bytes. Shorter responses fit in one packet.
const MIN_LENGTH: usize = 1024;

/// A content coding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) enum ContentCoding {
    /// No compression.
    #[default]
    Identity,
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
    /// gzip (RFC 1952).
    Gzip,
}

impl ContentCoding {
    /// Chooses the coding with the highest weight that the client accepts. At equal weight: brotli, then zstd, then
    /// gzip.
    pub(in crate::http) fn negotiate(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut preferred = (Self::Identity, 0);
        for item in values.flat_map(|value| value.split(',')).take(50) {
            let mut parts = item.split(';').map(str::trim);
            let coding = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "br" => Self::Brotli,
                "zstd" => Self::Zstd,
                "gzip" | "x-gzip" => Self::Gzip,
                _ => continue,
            };
            let quality: f32 =
                parts.find_map(|part| part.strip_prefix("q=").map(|q| q.parse().unwrap_or(0.0))).unwrap_or(1.0);
            // A weight has at most three decimals (RFC 9110, 12.4.2).
            let weight = (quality * 1000.0) as u32;
            if weight > preferred.1 || (weight == preferred.1 && weight > 0 && coding.rank() < preferred.0.rank()) {
                preferred = (coding, weight);
            }
        }
        preferred.0
    }

    fn rank(self) -> u8 {
        match self {
            Self::Brotli => 0,
            Self::Zstd => 1,
            Self::Gzip => 2,
            Self::Identity => 3,
        }
    }

    /// Returns the value of the `Content-Encoding` header; `None` if there is no compression.
    pub(in crate::http) fn header(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Brotli => Some(HeaderValue::from_static("br")),
            Self::Zstd => Some(HeaderValue::from_static("zstd")),
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
        }
    }

    /// Encodes a response body. Returns the encoded bytes and the coding that was used, because short bodies are not
    /// compressed.
    pub(in crate::http) fn encode(self, text: Vec<u8>) -> (Bytes, Self) {
        if text.len() < MIN_LENGTH || self == Self::Identity {
            return (Bytes::from(text.into_boxed_slice()), Self::Identity);
        }
        match self.compress(&text) {
            // The response cache counts a body by its length, so the allocation must have no spare capacity.
            Ok(encoded) => (Bytes::copy_from_slice(&encoded), self),
            // Writing to memory does not fail. If it did, the uncompressed response would still be correct.
            Err(_) => (text.into(), Self::Identity),
        }
    }

    fn compress(self, text: &[u8]) -> std::io::Result<Vec<u8>> {
        let encoded = Vec::with_capacity(text.len() / 4);
        match self {
            Self::Identity => Ok(text.to_vec()),
            Self::Brotli => {
                let mut writer = brotli::CompressorWriter::new(encoded, 32 * 1024, 4, 22);
                writer.write_all(text)?;
                Ok(writer.into_inner())
            }
            Self::Zstd => zstd::bulk::compress(text, 3),
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(encoded, flate2::Compression::new(5));
                writer.write_all(text)?;
                writer.finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_supported_coding_with_the_highest_quality_is_chosen() {
        let negotiate = |accept: &'static str| {
            ContentCoding::negotiate(&HeaderMap::from_iter([(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static(accept),
            )]))
        };
        assert_eq!(ContentCoding::negotiate(&HeaderMap::new()), ContentCoding::Identity);
        assert_eq!(negotiate("gzip, deflate, br, zstd"), ContentCoding::Brotli);
        assert_eq!(negotiate("gzip, zstd"), ContentCoding::Zstd);
        assert_eq!(negotiate("br;q=0.5, gzip"), ContentCoding::Gzip);
        assert_eq!(negotiate("br;q=0, gzip;q=0"), ContentCoding::Identity);
        assert_eq!(negotiate("identity, *"), ContentCoding::Identity);
    }

    #[test]
    fn encoded_content_decodes_to_the_original() {
        let text = "PHNOM PENH, 8 May 2006. ".repeat(200).into_bytes();
        for coding in [ContentCoding::Identity, ContentCoding::Brotli, ContentCoding::Zstd, ContentCoding::Gzip] {
            let (encoded, used) = coding.encode(text.clone());
            assert_eq!(used, coding);
            let mut decoded = Vec::new();
            match coding {
                ContentCoding::Identity => decoded = encoded.to_vec(),
                ContentCoding::Brotli => {
                    brotli::Decompressor::new(&encoded[..], 4096).read_to_end(&mut decoded).unwrap();
                }
                ContentCoding::Zstd => decoded = zstd::bulk::decompress(&encoded, 1 << 20).unwrap(),
                ContentCoding::Gzip => {
                    flate2::read::GzDecoder::new(&encoded[..]).read_to_end(&mut decoded).unwrap();
                }
            }
            assert!(
                decoded == text && (coding == ContentCoding::Identity || encoded.len() < text.len() / 4),
                "{coding:?}"
            );
            assert_eq!(coding.encode(b"short".to_vec()).1, ContentCoding::Identity);
            // The response cache counts a body by its length, so the allocation must have no spare capacity.
            let length = encoded.len();
            assert_eq!(encoded.try_into_mut().unwrap().capacity(), length, "{coding:?}");
        }
    }
}
