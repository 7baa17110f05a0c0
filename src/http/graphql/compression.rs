//! Content codings (RFC 9110, 8.4): which a client takes, and an answer in it.

use std::io::Write;

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, header},
};

/// Shorter answers are sent as they are: they fit a packet, and coding them would cost more than it saves.
const WORTH_IT: usize = 1024;

/// A content coding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) enum Coding {
    /// As it is.
    #[default]
    Identity,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// What a client prefers of what it takes; at equal weight brotli, then zstd, then gzip.
    pub(in crate::http) fn wanted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut best = (Self::Identity, 0);
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
            // At most three digits (RFC 9110, 12.4.2).
            let weight = (quality * 1000.0) as u32;
            if weight > best.1 || (weight == best.1 && weight > 0 && coding.rank() < best.0.rank()) {
                best = (coding, weight);
            }
        }
        best.0
    }

    fn rank(self) -> u8 {
        match self {
            Self::Brotli => 0,
            Self::Zstd => 1,
            Self::Gzip => 2,
            Self::Identity => 3,
        }
    }

    /// As the header Content-Encoding has it.
    pub(in crate::http) fn header(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Brotli => Some(HeaderValue::from_static("br")),
            Self::Zstd => Some(HeaderValue::from_static("zstd")),
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
        }
    }

    /// A text in this coding, and in which it is: short ones stay as they are.
    pub(in crate::http) fn code(self, text: Vec<u8>) -> (Bytes, Self) {
        if text.len() < WORTH_IT || self == Self::Identity {
            return (Bytes::from(text.into_boxed_slice()), Self::Identity);
        }
        match self.compressed(&text) {
            // What is kept is weighed by its length: no spare room behind it.
            Ok(coded) => (Bytes::copy_from_slice(&coded), self),
            // Writing into memory does not fail; if it did, the answer would still be right as it is.
            Err(_) => (text.into(), Self::Identity),
        }
    }

    fn compressed(self, text: &[u8]) -> std::io::Result<Vec<u8>> {
        let coded = Vec::with_capacity(text.len() / 4);
        match self {
            Self::Identity => Ok(text.to_vec()),
            Self::Brotli => {
                let mut writer = brotli::CompressorWriter::new(coded, 32 * 1024, 4, 22);
                writer.write_all(text)?;
                Ok(writer.into_inner())
            }
            Self::Zstd => zstd::bulk::compress(text, 3),
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(coded, flate2::Compression::new(5));
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
    fn the_heaviest_coding_that_is_known_is_taken() {
        let wanted = |accept: &'static str| {
            Coding::wanted(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accept))]))
        };
        assert_eq!(Coding::wanted(&HeaderMap::new()), Coding::Identity);
        assert_eq!(wanted("gzip, deflate, br, zstd"), Coding::Brotli);
        assert_eq!(wanted("gzip, zstd"), Coding::Zstd);
        assert_eq!(wanted("br;q=0.5, gzip"), Coding::Gzip);
        assert_eq!(wanted("br;q=0, gzip;q=0"), Coding::Identity);
        assert_eq!(wanted("identity, *"), Coding::Identity);
    }

    #[test]
    fn what_is_coded_can_be_read_again() {
        let text = "PHNOM PENH, 8 May 2006. ".repeat(200).into_bytes();
        for coding in [Coding::Identity, Coding::Brotli, Coding::Zstd, Coding::Gzip] {
            let (coded, in_which) = coding.code(text.clone());
            assert_eq!(in_which, coding);
            let mut again = Vec::new();
            match coding {
                Coding::Identity => again = coded.to_vec(),
                Coding::Brotli => drop(brotli::Decompressor::new(&coded[..], 4096).read_to_end(&mut again).unwrap()),
                Coding::Zstd => again = zstd::bulk::decompress(&coded, 1 << 20).unwrap(),
                Coding::Gzip => drop(flate2::read::GzDecoder::new(&coded[..]).read_to_end(&mut again).unwrap()),
            }
            assert!(again == text && (coding == Coding::Identity || coded.len() < text.len() / 4), "{coding:?}");
            assert_eq!(coding.code(b"short".to_vec()).1, Coding::Identity);
            // What is kept is weighed by its length, so it has no room behind it.
            let length = coded.len();
            assert_eq!(coded.try_into_mut().unwrap().capacity(), length, "{coding:?}");
        }
    }
}
