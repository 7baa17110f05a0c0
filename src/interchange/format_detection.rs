//! File format detection: recognises files that are neither NDJSON nor a listing (gzip, zip, CSV, RSS, HTML, UTF-16,
//! …).
//!
//! Examines the first 64 KiB of a file. A file in another format causes one error with the name of that format,
//! instead of one error per line. A file that may be valid is accepted, and its lines are checked later, during the
//! import.

use std::io::{self, Read};

use super::{lines::MAX_LINE_BYTES, listing::MAX_LISTING_BYTES, ndjson};

/// Number of bytes that are examined at the beginning of a file.
const HEAD_BYTES: u64 = 64 * 1024;

/// Maximum percentage of NUL bytes in a text file. A file with more is reported as binary.
const MAX_NULS: usize = 3;

/// The byte order mark of UTF-8.
const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// The format that a file must have according to `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedFormat {
    /// Newline-delimited JSON.
    Ndjson,
    /// A listing: a printed page of releases.
    Listing,
}

/// Formats that begin with known bytes: these bytes, the name of the format, and advice to the user.
const SIGNATURES: [(&[u8], &str, &str); 12] = [
    (b"\x1F\x8B", "gzip", UNPACK),
    (b"PK\x03\x04", "a zip archive (or a word processor or spreadsheet document)", UNPACK),
    (b"PK\x05\x06", "an empty zip archive", UNPACK),
    (b"\x28\xB5\x2F\xFD", "zstd", UNPACK),
    (b"BZh", "bzip2", UNPACK),
    (b"\xFD7zXZ\0", "xz", UNPACK),
    (b"7z\xBC\xAF\x27\x1C", "7-Zip", UNPACK),
    (b"%PDF-", "PDF", CONVERT),
    (b"{\\rtf", "RTF", CONVERT),
    (b"SQLite format 3\0", "a SQLite database", "export it with `dateline export` first"),
    (b"\xFF\xFE", "UTF-16 or UTF-32", "save it as UTF-8"),
    (b"\xFE\xFF", "UTF-16", "save it as UTF-8"),
];

/// Magic value of a tar archive. It is at byte offset 257.
const TAR_MAGIC: &[u8] = b"ustar";

const UNPACK: &str = "unpack it first";
const CONVERT: &str = "convert it to ndjson first (docs/interchange.md describes the format)";

/// Examines the beginning of a file. Returns `Ok(Ok(()))` if the file may have the expected format; its lines must
/// then be checked one by one. Returns `Ok(Err(reason))` if the file has another format or an unsupported format
/// version, or is empty or entirely blank. Fails if the file cannot be read.
pub fn check_format(mut reader: impl Read, expected: ExpectedFormat) -> io::Result<Result<(), String>> {
    let mut head = Vec::new();
    reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let head_is_all = (head.len() as u64) < HEAD_BYTES;
    let head = head.strip_prefix(UTF8_BOM).unwrap_or(&head);
    if let Some((_, name, advice)) = SIGNATURES.iter().find(|(bytes, ..)| head.starts_with(bytes)) {
        return Ok(Err(format!("this is {name}, not {}: {advice}", expected.name())));
    }
    // A tar header contains NUL bytes before this offset. A text without NUL bytes that has the letters `ustar` at
    // this offset is not an archive.
    if head.get(257..262) == Some(TAR_MAGIC) && head[..257].contains(&0) {
        return Ok(Err(format!("this is a tar archive, not {}: {UNPACK}", expected.name())));
    }
    if head.iter().all(u8::is_ascii_whitespace) {
        return Ok(if head_is_all || is_blank(reader)? {
            let advice = "check that it is the right file and that it is complete";
            Err(format!("the file is empty: {advice}"))
        } else {
            Ok(())
        });
    }
    // A text may contain a few NUL bytes. The import removes them, like other control characters.
    let even = head.iter().step_by(2).filter(|byte| **byte == 0).count();
    let odd = head.iter().skip(1).step_by(2).filter(|byte| **byte == 0).count();
    let nuls = even + odd;
    if nuls > 0 {
        let is_utf16 = even.max(odd) > head.len() / 4 && even.min(odd) < head.len() / 20;
        // The examined bytes may end in the middle of a character.
        let is_text = std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true);
        let detected = if is_utf16 {
            Some(("UTF-16", "save it as UTF-8"))
        } else if !is_text || nuls > head.len() / 100 * MAX_NULS + MAX_NULS {
            Some(("a binary file", "check that it is the right file"))
        } else {
            None
        };
        if let Some((name, advice)) = detected {
            return Ok(Err(format!("this is {name}, not {}: {advice}", expected.name())));
        }
    }
    let text = String::from_utf8_lossy(head);
    if expected == ExpectedFormat::Ndjson
        && let Some(first) = text.lines().find(|line| !line.trim().is_empty())
        && let Some(why) = ndjson::refuse_version(first)
    {
        return Ok(Err(why));
    }
    let detected = detect_text_format(text.trim_start(), head_is_all, expected);
    Ok(detected.map_or(Ok(()), |(name, advice)| Err(format!("this is {name}, not {}: {advice}", expected.name()))))
}

impl ExpectedFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Listing => "a printed page (--format listing)",
        }
    }
}

fn is_blank(mut reader: impl Read) -> io::Result<bool> {
    let mut buffer = vec![0; HEAD_BYTES as usize];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(true),
            read if buffer[..read].iter().all(u8::is_ascii_whitespace) => {}
            _ => return Ok(false),
        }
    }
}

/// Returns the format of a text, and advice on how to convert it. `None` if the text may have the expected format.
fn detect_text_format(text: &str, is_all: bool, expected: ExpectedFormat) -> Option<(&'static str, &'static str)> {
    match text.bytes().next()? {
        b'<' => Some((detect_markup(text)?, CONVERT)),
        b'[' => {
            let is_list = text[1..].trim_start().starts_with(['{', ']', '"', '[']);
            is_list.then_some(("a JSON array", "write one object per line, for example with `jq -c '.[]'`"))
        }
        b'{' if expected == ExpectedFormat::Listing => {
            text.lines().any(is_object).then_some(("ndjson", "omit --format listing"))
        }
        b'{' => {
            let mut lines = text.lines().filter(|line| !line.trim().is_empty());
            let first = lines.next()?;
            let is_open = serde_json::from_str::<serde::de::IgnoredAny>(first).is_err_and(|error| error.is_eof());
            // A long first line is also incomplete JSON if it extends beyond the examined bytes. A second line
            // excludes that case.
            let goes_on = lines.next().is_some_and(|next| !next.starts_with('{'));
            (is_open && goes_on)
                .then_some(("JSON over several lines", "write one object per line, for example with `jq -c .`"))
        }
        _ if expected == ExpectedFormat::Listing || text.lines().any(is_object) => None,
        _ => detect_table(text, is_all).map(|name| (name, CONVERT)).or_else(|| detect_listing(text)),
    }
}

/// Returns whether a line is a JSON object.
fn is_object(line: &str) -> bool {
    line.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok()
}

/// Returns the name of the markup format of a text, or `None` if the text is not markup.
fn detect_markup(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let has = |tag: &str| {
        lower
            .match_indices(tag)
            .any(|(at, _)| lower[at + tag.len()..].starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/')))
    };
    Some(if lower.contains("wordpress.org/export/") {
        "WXR (an export of WordPress)"
    } else if has("<rss") || has("<rdf:rdf") {
        "RSS"
    } else if has("<feed") {
        "Atom"
    } else if has("<!doctype html") || has("<html") {
        "HTML"
    } else if has("<?xml") || text[1..].starts_with(|c: char| c.is_alphabetic() || matches!(c, '!' | '?' | '_')) {
        "XML or HTML"
    } else {
        return None;
    })
}

/// Returns the name of the table format of a text (TSV or CSV), or `None` if the text is not a table. In a table,
/// all lines have the same number of separators, and the heading has several columns.
fn detect_table(text: &str, is_all: bool) -> Option<&'static str> {
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(21).collect();
    if !is_all && lines.len() < 21 {
        lines.pop();
    }
    let heading = lines.first()?;
    // Each column name has at most four words. This distinguishes a heading from a sentence with commas.
    let is_heading = |separator: char| {
        heading.contains(separator) && heading.split(separator).all(|name| name.split_whitespace().count() <= 4)
    };
    [('\t', "TSV (a table with columns separated by tabs)"), (',', CSV), (';', CSV)]
        .into_iter()
        .find(|&(separator, _)| {
            // Quoted cells may contain separators and line breaks, so lines with quotation marks are accepted with
            // any number of separators.
            let even = |line: &&str| {
                line.contains('"') || line.matches(separator).count() == heading.matches(separator).count()
            };
            is_heading(separator) && (lines.iter().all(even) || lines.iter().any(|line| line.contains('"')))
        })
        .map(|(_, name)| name)
}

const CSV: &str = "CSV (a table with columns separated by commas or semicolons)";

/// Detects a listing (a printed page of releases) where NDJSON is expected.
fn detect_listing(text: &str) -> Option<(&'static str, &'static str)> {
    let is_page = super::listing::parse(text).iter().any(Result::is_ok);
    is_page.then_some(("a printed page", "add --format listing"))
}

/// The number of examined bytes must be below the size limits of both formats.
const _: () = assert!(HEAD_BYTES < MAX_LISTING_BYTES && HEAD_BYTES < MAX_LINE_BYTES as u64);

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8], expected: ExpectedFormat) -> String {
        check_format(bytes, expected).unwrap().err().unwrap_or_default()
    }

    #[test]
    fn other_formats_are_detected() {
        let rss = "<?xml version=\"1.0\"?>\n<!-- a feed -->\n<rss version=\"2.0\"><channel/></rss>";
        let wxr = "<?xml version=\"1.0\"?>\n<rss version=\"2.0\" xmlns:wp=\"http://wordpress.org/export/1.2/\">";
        let utf16: Vec<u8> = "{\"type\":\"topic\"}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let page = "News and articles\n\n  1. Press release\n\n    Ferry line opens\n\n    08 May 2006, PHNOM PENH\n";
        let mut tar = vec![0; 512];
        for (at, field) in [(0, "releases.ndjson"), (100, "0000644"), (257, "ustar"), (263, "00")] {
            tar[at..at + field.len()].copy_from_slice(field.as_bytes());
        }
        tar.extend("{\"type\":\"topic\",\"slug\":\"a\",\"name\":\"A\"}\n".repeat(2000).bytes());
        for (bytes, name) in [
            (rss.as_bytes(), "RSS"),
            (b"\xEF\xBB\xBF  <rdf:RDF xmlns=\"http://purl.org/rss/1.0/\">", "RSS"),
            (wxr.as_bytes(), "WXR"),
            (b"<feed xmlns=\"http://www.w3.org/2005/Atom\">", "Atom"),
            (b"<!DOCTYPE html><html><body>", "HTML"),
            (b"<newsml><item/></newsml>", "XML or HTML"),
            (b"<?xml version='1.0' encoding='utf-8'?><x/>", "XML or HTML"),
            (b"slug,headline,releaseDate\na,\"A, b\",2006-05-08\n", "CSV"),
            (b"slug;headline;date\r\na;b;c\r\n", "CSV"),
            (b"slug\theadline\na\tb, c\n", "TSV"),
            (b"[{\"type\":\"topic\"},\n{\"type\":\"topic\"}]", "a JSON array"),
            (b"[\n  {\n    \"type\": \"topic\"\n  }\n]\n", "a JSON array"),
            (b"{\n  \"type\": \"topic\",\n  \"slug\": \"a\"\n}\n", "JSON over several lines"),
            (b"{\"items\": [\n{\"type\":\"topic\"}]}\n", ""),
            (b"\x1F\x8B\x08\0\0", "gzip"),
            (b"PK\x03\x04\x14\0", "a zip archive"),
            (b"\x28\xB5\x2F\xFD\x04", "zstd"),
            (b"BZh91AY", "bzip2"),
            (b"\xFD7zXZ\0\0\x04", "xz"),
            (b"7z\xBC\xAF\x27\x1C\0\x04", "7-Zip"),
            (&tar, "a tar archive"),
            (b"PK\x05\x06\0\0", "an empty zip archive"),
            (b"{\\rtf1\\ansi", "RTF"),
            (b"\xFF\xFE{\0", "UTF-16"),
            (b"\xFE\xFF\0{", "UTF-16"),
            (&utf16, "UTF-16"),
            (b"%PDF-1.7\n%\xE2\xE3", "PDF"),
            (b"SQLite format 3\0\x10\0", "a SQLite database"),
            (b"\x7FELF\x02\x01\x01\0\0\0\x03\0", "a binary file"),
            (page.as_bytes(), "a printed page"),
        ] {
            let why = refusal(bytes, ExpectedFormat::Ndjson);
            let prefix = if name.is_empty() { String::new() } else { format!("this is {name}") };
            assert!(why.starts_with(&prefix) && why.is_empty() == name.is_empty(), "{name}: {why}");
        }
    }

    #[test]
    fn an_empty_file_is_refused_and_blank_lines_are_ignored() {
        for bytes in [&b""[..], b"\n \n\r\n", b"\xEF\xBB\xBF", b"\xEF\xBB\xBF\n", &b" \n".repeat(100_000)] {
            for expected in [ExpectedFormat::Ndjson, ExpectedFormat::Listing] {
                assert!(refusal(bytes, expected).starts_with("the file is empty"), "{}", bytes.len());
            }
        }
        let newer = "\n{\"type\":\"dateline\",\"version\":2,\"features\":[]}\n{\"type\":\"topic\"}\n";
        assert!(refusal(newer.as_bytes(), ExpectedFormat::Ndjson).starts_with("the file has format version 2, but"));
        let mut late = b"\n".repeat(100_000);
        late.extend(b"{\"type\":\"topic\"}");
        assert_eq!(refusal(&late, ExpectedFormat::Ndjson), "");
    }

    #[test]
    fn a_file_that_may_be_ndjson_or_a_listing_is_accepted() {
        for text in [
            "{\"type\":\"topic\",\"slug\":\"a\",\"name\":\"A\"}\nrubbish\n",
            "\u{FEFF}\n{\"type\":\"topic\"}",
            "# a comment, in front\n{\"type\":\"topic\"}\n",
            "{\n{\"type\":\"topic\"}\n",
            "{\"type\":\"topic\",\"slug\":\"a\n",
            "rubbish\n",
            "not, to be a table, this is only a text with commas in it\n",
            "<\n",
        ] {
            assert_eq!(refusal(text.as_bytes(), ExpectedFormat::Ndjson), "", "{text}");
        }
        let word = format!("{:a<257}ustar\"}}\n", "{\"type\":\"topic\",\"slug\":\"a\",\"name\":\"");
        assert_eq!(
            (&word.as_bytes()[257..262], refusal(word.as_bytes(), ExpectedFormat::Ndjson)),
            (TAR_MAGIC, String::new())
        );
        // A few control characters do not cause a refusal, even if the examined bytes end in the middle of a
        // character.
        let long = format!("{{\"type\":\"topic\",\"slug\":\"a\",\"name\":\"AB\0\"}}\n{}", "é".repeat(40_000));
        assert!(std::str::from_utf8(&long.as_bytes()[..HEAD_BYTES as usize]).is_err());
        assert_eq!(refusal(long.as_bytes(), ExpectedFormat::Ndjson), "");
        let many = format!("{{\"type\":\"topic\",\"name\":\"{}\"}}\n", "abcdefg\0".repeat(1000));
        assert!(refusal(many.as_bytes(), ExpectedFormat::Ndjson).starts_with("this is a binary file"));
        let page = "  1. Press release\n\n    Ferry line\0 opens\n\n    08 May 2006, PHNOM PENH\n";
        assert_eq!(refusal(page.as_bytes(), ExpectedFormat::Listing), "");
        let page = "  1. Press release\n\n    Ferry line opens\n\n    08 May 2006, PHNOM PENH\n";
        assert_eq!(refusal(page.as_bytes(), ExpectedFormat::Listing), "");
        assert!(refusal(b"{\"type\":\"topic\"}\n", ExpectedFormat::Listing).starts_with("this is ndjson"));
        assert!(refusal(b"<rss version='2.0'>", ExpectedFormat::Listing).starts_with("this is RSS"));
    }
}
