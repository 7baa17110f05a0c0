//! Fuzz target: bodies as Markdown and as HTML. The plain text and the HTML of a body have the same characters, and the
//! Markdown that is made from HTML has no raw HTML and the same text.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|text: &str| -> Corpus {
    let html = markup::to_html(text);
    assert!(!html.contains("<script"), "{html}");
    markup::word_count(&markup::to_text(text));
    let Ok(markdown) = markup::from_html(text) else { return Corpus::Reject };
    assert!(!markup::contains_html(&markdown), "{text:?} became {markdown:?}");
    let Ok(again) = markup::from_html(&markup::to_html(&markdown)) else {
        panic!("the HTML of {markdown:?} is refused")
    };
    assert_eq!(letters(&markup::to_text(&again)), letters(&markup::to_text(&markdown)), "{text:?}");
    markup::replace_html(text);
    Corpus::Keep
});

fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
