//! HTML tokenizer: splits HTML into start tags, end tags and text as a browser does, in one pass and
//! without recursion.
//!
//! Comments, declarations and unterminated tags are dropped. Character references are not decoded.

/// A start tag, an end tag or a piece of text.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// Text with its character references. A `<` in it does not start a tag.
    Text(&'a str),
    /// A start tag: its name as written, and its attributes.
    StartTag(&'a str, Attributes<'a>),
    /// An end tag: its name as written.
    EndTag(&'a str),
}

/// Iterator over the tokens of an HTML text. Comments, declarations and unterminated tags are skipped.
#[derive(Clone)]
pub(super) struct Tokenizer<'a> {
    rest: &'a str,
    /// Names of elements for which `skip_content` found no end tag.
    unclosed: Vec<String>,
}

impl<'a> Tokenizer<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        Self { rest: html, unclosed: Vec::new() }
    }

    /// Skips everything up to the end tag of an element. Skips nothing if no such end tag follows.
    pub(super) fn skip_content(&mut self, name: &str) {
        // Without this check, each of many unclosed start tags would search the whole rest of the text
        // (quadratic time).
        if self.unclosed.iter().any(|known| known == name) {
            return;
        }
        let end = self.rest.match_indices("</").map(|(at, _)| at).find(|at| {
            let after = &self.rest.as_bytes()[at + 2..];
            after.get(..name.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(name.as_bytes()))
                && after.get(name.len()).is_none_or(|&byte| ends_name(byte))
        });
        match end {
            Some(end) => self.rest = &self.rest[end..],
            None => self.unclosed.push(name.to_owned()),
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn skip_past(&mut self, delimiter: char) {
        self.skip(self.rest.find(delimiter).map_or(self.rest.len(), |at| at + delimiter.len_utf8()));
    }

    fn skip_comment(&mut self) {
        let content = &self.rest[4..];
        let ends = |at: usize| {
            let comment = &content[..at];
            // The comments `<!-->` and `<!--->` are shorter than the usual opening and closing marks together.
            matches!(comment, "" | "-") || comment.ends_with("--") || comment.ends_with("--!")
        };
        let end = content.match_indices('>').find(|&(at, _)| ends(at));
        self.skip(end.map_or(self.rest.len(), |(at, _)| 4 + at + 1));
    }

    /// Skips the rest of a tag and returns its attributes, or `None` if the tag is unterminated.
    fn skip_attributes(&mut self) -> Option<Attributes<'a>> {
        let attributes = Attributes { rest: self.rest };
        let mut last = attributes.clone();
        while last.next().is_some() {}
        self.rest = last.rest.get(1..).unwrap_or_default();
        (!last.rest.is_empty()).then_some(attributes)
    }

    fn name(&mut self) -> &'a str {
        let end = self.rest.bytes().position(ends_name).unwrap_or(self.rest.len());
        let name = &self.rest[..end];
        self.skip(end);
        name
    }
}

impl<'a> Iterator for Tokenizer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            match self.rest.as_bytes() {
                [] => return None,
                [b'<', b'!', b'-', b'-', ..] => self.skip_comment(),
                [b'<', b'/', first, ..] if first.is_ascii_alphabetic() => {
                    self.skip(2);
                    let name = self.name();
                    if self.skip_attributes().is_some() {
                        return Some(Token::EndTag(name));
                    }
                }
                [b'<', first, ..] if first.is_ascii_alphabetic() => {
                    self.skip(1);
                    let name = self.name();
                    if let Some(attributes) = self.skip_attributes() {
                        return Some(Token::StartTag(name, attributes));
                    }
                }
                [b'<', b'!' | b'?', ..] | [b'<', b'/', _, ..] => self.skip_past('>'),
                bytes => {
                    let end = bytes.iter().skip(1).position(|&byte| byte == b'<').map_or(bytes.len(), |at| at + 1);
                    let text = &self.rest[..end];
                    self.skip(end);
                    return Some(Token::Text(text));
                }
            }
        }
    }
}

/// Iterator over the names and values of the attributes in a tag, as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Attributes<'a> {
    /// Returns the value of the attribute with this name, as written.
    pub(super) fn value(&self, name: &str) -> Option<&'a str> {
        self.clone().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = self.rest.trim_start_matches(|c: char| is_html_whitespace(c) || c == '/');
        if self.rest.is_empty() || self.rest.starts_with('>') {
            return None;
        }
        // A name may begin with `=`, which elsewhere ends a name.
        let end = self
            .rest
            .bytes()
            .skip(1)
            .position(|byte| ends_name(byte) || byte == b'=')
            .map_or(self.rest.len(), |at| at + 1);
        let (name, after) = self.rest.split_at(end);
        self.rest = after;
        let Some(value) = after.trim_start_matches(is_html_whitespace).strip_prefix('=') else {
            return Some((name, ""));
        };
        let value = value.trim_start_matches(is_html_whitespace);
        let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
        let (value, rest) = match quote {
            Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            None => value.split_at(value.find(|c| is_html_whitespace(c) || c == '>').unwrap_or(value.len())),
        };
        self.rest = rest;
        Some((name, value))
    }
}

fn ends_name(byte: u8) -> bool {
    is_html_whitespace(char::from(byte)) || matches!(byte, b'/' | b'>')
}

fn is_html_whitespace(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{C}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens in a short notation: text, `+name attribute=value`, `-name`.
    fn tokenize(html: &str) -> Vec<String> {
        let notation = |token| match token {
            Token::Text(text) => text.to_owned(),
            Token::EndTag(name) => format!("-{name}"),
            Token::StartTag(name, attributes) => {
                attributes.fold(format!("+{name}"), |notation, (name, value)| format!("{notation} {name}={value}"))
            }
        };
        Tokenizer::new(html).map(notation).collect()
    }

    #[test]
    fn tags_and_text_are_distinguished() {
        assert_eq!(tokenize("a<b>c</b >d<br/>"), ["a", "+b", "c", "-b", "d", "+br"]);
        assert_eq!(tokenize("1 < 2 <3 <"), ["1 ", "< 2 ", "<3 ", "<"]);
        assert_eq!(tokenize("<O:P>x</o:p\n class=y>"), ["+O:P", "x", "-o:p"]);
    }

    #[test]
    fn attributes_are_read_however_they_are_quoted() {
        assert_eq!(tokenize("<a b = 'c>d' e=\"f'\"g h=i/j k/l>m"), ["+a b=c>d e=f' g= h=i/j k= l=", "m"]);
        assert_eq!(tokenize("<a =b ==c é=ü>x"), ["+a =b==c é=ü", "x"]);
    }

    #[test]
    fn comments_and_declarations_are_dropped() {
        assert_eq!(tokenize("a<!-- <b> -- -->b<!-->c<!--->d<!--e--!>f"), ["a", "b", "c", "d", "f"]);
        assert_eq!(tokenize("<!DOCTYPE html><?xml x?>a</ x>b</>c<![if !x]>d<![endif]>"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn unclosed_markup_is_dropped() {
        for unclosed in ["<b", "<b c", "<b c=", "<b c='d>e", "</b", "<!-- b", "<!b", "<?b", "</ b"] {
            assert_eq!(tokenize(&format!("a{unclosed}")), ["a"], "{unclosed}");
        }
    }

    #[test]
    fn content_is_skipped_to_the_end_tag() {
        let mut tokens = Tokenizer::new("var x = '</p></scripts>';</SCRIPT >a");
        tokens.skip_content("script");
        assert_eq!(tokens.by_ref().collect::<Vec<_>>(), [Token::EndTag("SCRIPT"), Token::Text("a")]);
        let mut tokens = Tokenizer::new("a</");
        tokens.skip_content("svg");
        assert_eq!(tokens.next(), Some(Token::Text("a")));
    }
}
