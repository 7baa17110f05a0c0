//! Line reader for files of any size: returns numbered lines of UTF-8 text, at most 16 MiB each, and skips a byte
//! order mark.
//!
//! Blank lines are counted but not returned. A line that is too long or is not UTF-8 is returned as an error, and
//! reading continues with the next line.

use std::io::{self, BufRead};

/// Maximum length of a line, in bytes. A release with the longest allowed body fits, even if every letter of the
/// body is escaped in JSON.
pub const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// Reader that returns the lines of a text with their line numbers, from 1. Blank lines are skipped.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    number: u64,
}

/// The number of a line, and its text or the reason why it cannot be read.
pub type NumberedLine = (u64, Result<String, String>);

impl<R: BufRead> Lines<R> {
    /// Creates a line reader that starts at line 1.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    /// Returns the next line that is not blank, or `None` at the end of the text. Fails if the underlying reader
    /// fails; no further lines can be read after that.
    pub fn next_line(&mut self) -> io::Result<Option<NumberedLine>> {
        loop {
            let Some((bytes, complete)) = self.read()? else { return Ok(None) };
            self.number += 1;
            if !complete {
                return Ok(Some((
                    self.number,
                    Err(format!("the line is longer than {MAX_LINE_BYTES} bytes: split it, or shorten the body")),
                )));
            }
            let bytes =
                if self.number == 1 { bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes) } else { &bytes };
            match std::str::from_utf8(bytes) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => return Ok(Some((self.number, Ok(text.trim_end_matches(['\n', '\r']).to_owned())))),
                Err(error) => {
                    let message =
                        format!("the line is not UTF-8 (byte {}): save the file as UTF-8", error.valid_up_to() + 1);
                    return Ok(Some((self.number, Err(message))));
                }
            }
        }
    }

    /// Reads one line, including its newline. Returns `None` at the end of the text. The flag is false if the line
    /// is longer than [`MAX_LINE_BYTES`]; the bytes of such a line are discarded.
    fn read(&mut self) -> io::Result<Option<(Vec<u8>, bool)>> {
        let (mut line, mut complete, mut started) = (Vec::new(), true, false);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(started.then_some((line, complete)));
            }
            started = true;
            let (part, ends) = match buffer.iter().position(|&byte| byte == b'\n') {
                Some(end) => (&buffer[..=end], true),
                None => (buffer, false),
            };
            if line.len() + part.len() <= MAX_LINE_BYTES {
                line.extend_from_slice(part);
            } else {
                complete = false;
                line = Vec::new();
            }
            let consumed = part.len();
            self.reader.consume(consumed);
            if ends {
                return Ok(Some((line, complete)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<NumberedLine> {
        let mut lines = Lines::new(bytes);
        std::iter::from_fn(|| lines.next_line().unwrap()).collect()
    }

    #[test]
    fn lines_are_numbered_and_blank_ones_skipped() {
        let read = lines(b"\xef\xbb\xbfone\r\n\n  \ntwo");
        assert_eq!(read, [(1, Ok("one".to_owned())), (4, Ok("two".to_owned()))]);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_line_that_is_not_utf8_or_too_long_is_reported_and_reading_continues() {
        let mut bytes = b"a\n\xff\n".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', MAX_LINE_BYTES + 10));
        bytes.extend(b"\nlast\n");
        let read = lines(&bytes);
        assert_eq!(
            read.iter().map(|(number, line)| (*number, line.is_ok())).collect::<Vec<_>>(),
            [(1, true), (2, false), (3, false), (4, true)]
        );
    }
}
