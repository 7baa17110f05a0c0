//! A release as Markdown, for readers and programs that prefer plain text.

use std::fmt::Write;

use crate::{
    catalog::kind_label,
    site::{
        content::ReleaseContent,
        document::Document,
        error::SiteError,
        pages::release::{Found, find},
        view::date,
        visit::Visit,
    },
};

/// Media type of Markdown (RFC 7763).
const MARKDOWN: &str = "text/markdown; charset=utf-8";

/// Returns the release with a slug as Markdown.
pub async fn release_markdown(visit: &Visit<'_>, slug: &str) -> Result<Document, SiteError> {
    let path = |slug: &str| format!("{}.md", visit.links.release(slug));
    let content = match find(visit, slug, path).await? {
        Found::Release(content) => content,
        Found::Instead(document) => return Ok(document),
    };
    let mut document = Document::new(MARKDOWN, write(visit, &content));
    document.releases = vec![content.item.id()];
    Ok(document)
}

fn write(visit: &Visit<'_>, content: &ReleaseContent) -> String {
    let (view, zone) = (visit.view(), visit.newsroom.settings.time_zone);
    let mut text = String::new();
    // Writing to a string does not fail.
    let mut line = |parts: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{parts}\n");
    };
    line(format_args!("# {}", escape(content.headline())));
    if let Some(subheadline) = &content.row.subheadline {
        line(format_args!("**{}**", escape(subheadline)));
    }
    line(format_args!("{}, {}", kind_label(content.kind()), date::date(content.date()).text));
    for row in &content.corrections {
        line(format_args!("> Correction, {}: {}", date::instant(row.at, zone).text, escape(&row.note)));
    }
    if let Some(summary) = &content.row.summary {
        line(format_args!("{}", escape(summary)));
    }
    if let Some(dateline) = content.dateline(view) {
        line(format_args!("{}", escape(&dateline)));
    }
    if let Some(body) = &content.body {
        line(format_args!("{body}"));
    }
    let names = |concepts: Vec<crate::site::content::ConceptLink>| {
        concepts.into_iter().map(|concept| escape(&concept.name)).collect::<Vec<_>>().join(", ")
    };
    for (label, names) in [("Topics", names(content.topics(view))), ("Places", names(content.places(view)))] {
        if !names.is_empty() {
            line(format_args!("{label}: {names}"));
        }
    }
    line(format_args!("Source: {}", visit.links.public_release(content.item.slug())));
    text
}

/// Escapes a text of one line, so that Markdown shows it as it is.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    // At the start of a line, these would begin a list, a rule or a heading.
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, text) = text.split_at(digits);
    escaped.push_str(number);
    if text.starts_with(['-', '+', '=']) || (digits > 0 && text.starts_with(['.', ')'])) {
        escaped.push('\\');
    }
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '^' | '|' | '&' => escaped.extend(['\\', c]),
            '\n' | '\r' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_is_shown_as_it_is() {
        for text in [
            "- 5 degrees",
            "1. May is a holiday",
            "2007) and so on",
            "+ 3 %",
            "---",
            "===",
            "5 % - more",
            "AT&T: \"A < B\" isn't <b>new</b>",
            "# *a* _b_ [c](d) `e` ~f~ ^g^ h|i &amp; \\",
        ] {
            assert_eq!(markup::to_text(&escape(text)).trim(), text);
        }
    }
}
