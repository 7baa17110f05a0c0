//! HTML made flat: written anew from its tags and texts, every element closed in order, none deeper than a fixed depth.
//!
//! Parsers of HTML follow every tag wherever it leads. Text of 200 kB can lead them to trees that fill a stack, to elements
//! that multiply, and to minutes of work. What is written here cannot, whatever was read: it is not checked, it is built. It
//! is as unsafe for a reader as before, so the sanitiser must follow.

use super::{
    attributes::kept,
    elements::{Element, Sort, element, goes_with_content},
    tags::{Attributes, Piece, Pieces},
};

/// Blocks, items and parts of tables in each other, at most. What lies deeper keeps its text and loses its place.
const MAX_BLOCKS: usize = 40;

/// Marked-up parts of a line in each other, at most.
const MAX_INLINES: usize = 8;

/// Bytes of text after which it is parted by a comment, which the sanitiser takes out: writing one long text that has many
/// character references takes it time in the square of the length.
const MAX_TEXT: usize = 16_384;

/// The same HTML, flat.
pub(super) fn flat(html: &str) -> String {
    let mut writer = Writer {
        html: String::with_capacity(html.len() + html.len() / 8),
        open: Vec::new(),
        missing: 0,
        lines: 0,
        tagged: 0,
    };
    let mut pieces = Pieces::new(html);
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(text) => writer.text(text),
            Piece::Start(name, attributes) => {
                let name = name.to_ascii_lowercase();
                match element(&name) {
                    Some(element) => writer.start(element, attributes),
                    None if goes_with_content(&name) => pieces.skip_content(&name),
                    None => {}
                }
            }
            Piece::End(name) => {
                if let Some(element) = element(&name.to_ascii_lowercase()) {
                    writer.end(element);
                }
            }
        }
    }
    writer.close_to(0);
    writer.html
}

struct Writer {
    html: String,
    /// Elements that are open, the innermost last.
    open: Vec<(&'static str, Sort)>,
    /// Blocks that were left out because they lay too deep, and whose end tags are to come.
    missing: usize,
    /// Where the content of the last paragraph, heading or preformatted text begins.
    lines: usize,
    /// Where the last tag or comment ends.
    tagged: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.between_cells() && !text.trim_ascii().is_empty() {
            self.open_cell();
        }
        let mut rest = match text.strip_prefix('<') {
            Some(behind) => {
                self.html.push_str("&lt;");
                behind
            }
            None => text,
        };
        while let Some(cut) = self.cut(rest) {
            self.html.push_str(&rest[..cut]);
            self.html.push_str("<!---->");
            self.tagged = self.html.len();
            rest = &rest[cut..];
        }
        self.html.push_str(rest);
    }

    /// Where a text is to be parted: not within a character reference, which is ASCII.
    fn cut(&self, text: &str) -> Option<usize> {
        let from = (self.tagged + MAX_TEXT).saturating_sub(self.html.len());
        let behind = text.as_bytes().get(from..)?;
        behind.iter().position(|&byte| byte == b'&' || byte >= 0xC0).map(|at| from + at)
    }

    fn start(&mut self, (name, sort, allowed): Element, attributes: Attributes<'_>) {
        let attributes = kept(allowed, attributes);
        match sort {
            Sort::Void if name == "img" && !attributes.contains(" src=") => {}
            Sort::Void => {
                self.open_cell();
                self.tag(name, &attributes);
            }
            Sort::Inline => self.start_inline(name, &attributes),
            // Within preformatted text there are lines only.
            _ if self.is_open("pre") && !matches!(sort, Sort::Row | Sort::Cell | Sort::Item) => self.html.push('\n'),
            Sort::Rule => {
                self.begin_block();
                self.tag(name, &attributes);
            }
            // A heading stays one, whatever its line is wrapped in.
            Sort::Lines | Sort::Block if matches!(name, "p" | "div") && self.at_heading() => {}
            Sort::Lines => {
                self.begin_block();
                self.push(name, sort, &attributes);
                self.lines = self.html.len();
            }
            Sort::Block | Sort::Table => {
                self.begin_block();
                self.push_block(name, sort, &attributes);
            }
            Sort::Item => {
                let siblings: &[_] = if name == "li" { &["li"] } else { &["dd", "dt"] };
                let lists: &[_] = if name == "li" { &["ul", "ol"] } else { &["dl"] };
                if let Some(at) = self
                    .find(|open, _| siblings.contains(&open), |open, sort| lists.contains(&open) || is_barrier(sort))
                {
                    self.close_to(at);
                }
                self.begin_block();
                self.push_block(name, sort, &attributes);
            }
            Sort::Group | Sort::Row | Sort::Cell => self.start_in_table(name, sort, &attributes),
        }
    }

    fn start_inline(&mut self, name: &'static str, attributes: &str) {
        self.open_cell();
        let inlines = self.inlines();
        if name == "a" {
            // A link without an address is an anchor, and of those none is kept.
            if let Some(at) = (inlines..self.open.len()).find(|&at| self.open[at].0 == "a") {
                self.close_to(at);
            }
            if !attributes.contains(" href=") {
                return;
            }
        }
        let inlines = self.inlines();
        if self.open.len() - inlines >= MAX_INLINES || self.open[inlines..].iter().any(|(open, _)| *open == name) {
            return;
        }
        // What goes on where it has just ended is one: programs write every word of a sentence in its own element.
        let ended = format!("</{name}>");
        if attributes.is_empty() && self.html.ends_with(&ended) {
            self.html.truncate(self.html.len() - ended.len());
            self.open.push((name, Sort::Inline));
        } else {
            self.push(name, Sort::Inline, attributes);
        }
    }

    fn start_in_table(&mut self, name: &'static str, sort: Sort, attributes: &str) {
        let Some(table) = self.find(|_, sort| sort == Sort::Table, |_, _| false) else {
            self.html.push('\n');
            return;
        };
        let parents: &[Sort] = match sort {
            Sort::Cell if name == "caption" => &[Sort::Table],
            Sort::Cell => &[Sort::Row],
            Sort::Row => &[Sort::Group, Sort::Table],
            _ => &[Sort::Table],
        };
        let parent = (table..self.open.len()).rfind(|&at| parents.contains(&self.open[at].1));
        self.close_to(parent.unwrap_or(table) + 1);
        if sort == Sort::Cell && parent.is_none() {
            // A cell before any row.
            self.close_to(table + 1);
            self.push_block("tr", Sort::Row, "");
        }
        self.push_block(name, sort, attributes);
    }

    fn end(&mut self, (name, sort, _): Element) {
        if sort == Sort::Inline {
            if let Some(at) = (self.inlines()..self.open.len()).rfind(|&at| self.open[at].0 == name) {
                self.close_to(at);
            }
            return;
        }
        if sort != Sort::Lines && self.missing > 0 {
            self.missing -= 1;
            self.html.push('\n');
            return;
        }
        let barrier = |_, open| match sort {
            Sort::Table => false,
            Sort::Group | Sort::Row | Sort::Cell => open == Sort::Table,
            _ => is_barrier(open),
        };
        let same = |open, _| open == name || (is_heading(open) && is_heading(name));
        if let Some(at) = self.find(same, barrier) {
            self.close_to(at);
        }
    }

    /// The innermost open element that is wanted, unless a barrier lies further in.
    fn find(
        &self,
        wanted: impl Fn(&'static str, Sort) -> bool,
        barrier: impl Fn(&'static str, Sort) -> bool,
    ) -> Option<usize> {
        for (at, &(name, sort)) in self.open.iter().enumerate().rev() {
            if wanted(name, sort) {
                return Some(at);
            }
            if barrier(name, sort) {
                return None;
            }
        }
        None
    }

    /// Where the open inline elements begin: all of them lie innermost.
    fn inlines(&self) -> usize {
        self.open.iter().rposition(|(_, sort)| *sort != Sort::Inline).map_or(0, |at| at + 1)
    }

    fn is_open(&self, name: &str) -> bool {
        self.open.iter().any(|(open, _)| *open == name)
    }

    /// Whether a heading has just begun.
    fn at_heading(&self) -> bool {
        self.open.last().is_some_and(|(name, _)| is_heading(name))
            && self.html.get(self.lines..).is_some_and(|line| line.trim_ascii().is_empty())
    }

    fn between_cells(&self) -> bool {
        matches!(self.open.last(), Some((_, Sort::Table | Sort::Group | Sort::Row)))
    }

    /// Where content stands in a table outside of every cell, a cell of its own; parsers would move it before the table.
    fn open_cell(&mut self) {
        if self.between_cells() {
            if !matches!(self.open.last(), Some((_, Sort::Row))) {
                self.push("tr", Sort::Row, "");
            }
            self.push("td", Sort::Cell, "");
        }
    }

    /// Ends what cannot have a block in it.
    fn begin_block(&mut self) {
        self.close_to(self.inlines());
        if matches!(self.open.last(), Some((_, Sort::Lines))) {
            self.close_to(self.open.len() - 1);
        }
        self.open_cell();
    }

    fn push_block(&mut self, name: &'static str, sort: Sort, attributes: &str) {
        if self.open.len() < MAX_BLOCKS {
            self.push(name, sort, attributes);
        } else {
            self.missing += 1;
            self.html.push('\n');
        }
    }

    fn push(&mut self, name: &'static str, sort: Sort, attributes: &str) {
        self.tag(name, attributes);
        self.open.push((name, sort));
    }

    fn tag(&mut self, name: &str, attributes: &str) {
        self.html.push('<');
        self.html.push_str(name);
        self.html.push_str(attributes);
        self.html.push('>');
        self.tagged = self.html.len();
    }

    /// Closes elements from the innermost, until so many are open.
    fn close_to(&mut self, count: usize) {
        for (name, sort) in self.open.drain(count..).rev() {
            let begun = format!("<{name}>");
            if sort == Sort::Inline && self.html.ends_with(&begun) {
                // Nothing was marked up.
                self.html.truncate(self.html.len() - begun.len());
            } else {
                self.html.push_str("</");
                self.html.push_str(name);
                self.html.push('>');
            }
        }
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_barrier(sort: Sort) -> bool {
    matches!(sort, Sort::Cell | Sort::Table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_order_stays_as_it_is() {
        for html in [
            "a &lt; b &amp; c",
            "<h1>a</h1>\n<p>b <em>c <strong>d</strong></em><br>e</p>\n<hr>",
            "<ul><li>a<ul><li>b</li></ul></li></ul><dl><dt>a</dt><dd><p>b</p></dd></dl>",
            "<table><caption>a</caption><thead><tr><th>b</th></tr></thead><tbody><tr><td colspan=\"2\">c</td></tr></tbody></table>",
            "<blockquote><p lang=\"fr\">a</p></blockquote><pre><code>b\n  c</code></pre>",
            "<a href=\"https://example.org/?a=1&amp;b=2\" title=\"&quot;\">x</a>",
        ] {
            assert_eq!(flat(html), html);
        }
    }

    #[test]
    fn every_element_is_closed_in_order() {
        for (html, closed) in [
            ("<p>a<p>b<div>c", "<p>a</p><p>b</p><div>c</div>"),
            ("<b>a<i>b</b>c</i>", "<strong>a<em>b</em></strong>c"),
            ("<b>a<p>b</b></p>", "<strong>a</strong><p>b</p>"),
            ("<ul><li>a<li>b<ol><li>c</ul>d", "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>d"),
            ("<dl><dt>a<dd>b<dt>c", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
            ("</p></div>a</b>", "a"),
            ("<h1>a</h2><p>b", "<h1>a</h1><p>b</p>"),
            ("<h1>a<p>b</h1>c", "<h1>a</h1><p>bc</p>"),
            ("<h1><p>a</p></h1>", "<h1>a</h1>"),
            ("<a href=https://a>b<a href=https://c>d", "<a href=\"https://a\">b</a><a href=\"https://c\">d</a>"),
            ("<table><td>a<td>b<tr><th>c</table>d", "<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>d"),
            ("<table>a<br><p>b</p></table>", "<table><tr><td>a<br><p>b</p></td></tr></table>"),
            ("<table><tr><td><div>a</table>b</div>", "<table><tr><td><div>a</div></td></tr></table>b"),
            ("<td>a</td><tr>b", "\na\nb"),
            ("<div><table><tr><td>a</div>b</table>", "<div><table><tr><td>ab</td></tr></table></div>"),
        ] {
            assert_eq!(flat(html), closed, "{html}");
        }
    }

    #[test]
    fn other_elements_leave_their_text_or_nothing() {
        assert_eq!(flat("<section><font color=red>a</font><o:p>b</o:p></section>"), "<div>ab</div>");
        assert_eq!(flat("a<script>b</script>c<style>d</style><svg><p>e</p></svg>f<select><option>g</select>"), "acf");
        assert_eq!(flat("a<svg>b"), "ab");
        assert_eq!(flat("<a name=x>a</a><img alt=b><img src=''>"), "a<img src=\"\">");
    }

    #[test]
    fn parts_that_follow_each_other_are_one() {
        assert_eq!(
            flat("<b>a</b><b> b</b><i></i><strong>c</strong> <b>d</b>"),
            "<strong>a bc</strong> <strong>d</strong>"
        );
    }

    #[test]
    fn nothing_lies_deeper_than_allowed() {
        let depth = |html: &str| {
            let (mut depth, mut deepest) = (0_usize, 0);
            for piece in Pieces::new(html) {
                match piece {
                    Piece::Start("br", _) | Piece::Text(_) => {}
                    Piece::Start(..) => depth += 1,
                    Piece::End(_) => depth -= 1,
                }
                deepest = deepest.max(depth);
            }
            assert_eq!(depth, 0, "{html}");
            deepest
        };
        for row in [
            "<div>",
            "<div></x>",
            "<ul><li>",
            "<table><tr><td>",
            "<table>a",
            "<blockquote><p><b><i><u><s><q><sub><sup><small>",
        ] {
            let html = flat(&format!("{}<br>z", row.repeat(1000)));
            assert!(depth(&html) <= MAX_BLOCKS + MAX_INLINES + 4, "{html}");
            assert!(html.contains('z'));
        }
    }

    #[test]
    fn a_long_text_is_parted_where_no_character_reference_is() {
        let html = flat(&"&amp;é".repeat(10_000));
        assert_eq!(html.matches("<!---->").count(), 70_000 / MAX_TEXT);
        assert_eq!(html.replace("<!---->", ""), "&amp;é".repeat(10_000));
        assert!(!flat(&"a".repeat(100_000)).contains('<'));
    }
}
