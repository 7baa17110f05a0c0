//! Tests the links in the Markdown documents: the linked file must exist, and so must the heading if the link names
//! one.

use super::{documents, root};

/// Returns the link anchor that GitHub generates for a heading: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let characters = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    characters.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Returns the anchors of all headings in a document. Lines inside fenced code blocks are not headings.
fn anchors(text: &str) -> Vec<String> {
    let mut is_open = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_open = !is_open;
        } else if !is_open && line.starts_with('#') {
            anchors.push(anchor(line));
        }
    }
    anchors
}

/// Returns the target of each inline link in a text, with its line number.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut targets = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split(')').next().unwrap_or_default();
            targets.push((index + 1, target.to_owned()));
        }
    }
    targets
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let documents = documents();
    let mut broken = Vec::new();
    for document in &documents {
        let folder = root().join(&document.path).parent().unwrap().to_owned();
        for (line, target) in targets(&document.text) {
            if target.starts_with("https://") {
                continue;
            }
            let (path, heading) =
                target.split_once('#').map_or((target.as_str(), None), |(path, anchor)| (path, Some(anchor)));
            let file = if path.is_empty() { root().join(&document.path) } else { folder.join(path) };
            let is_found = match (file.canonicalize(), heading) {
                (Err(_), _) => false,
                (Ok(_), None) => true,
                (Ok(file), Some(heading)) => std::fs::read_to_string(file)
                    .is_ok_and(|text| anchors(&text).iter().any(|anchor| anchor == heading)),
            };
            if !is_found {
                broken.push(format!("{}:{line}: {target}", document.path));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn anchors_are_made_as_on_github() {
    assert_eq!(anchor("## What is hidden, and what can be observed"), "what-is-hidden-and-what-can-be-observed");
    assert_eq!(anchors("# A\n```sh\n# not a heading\n```\n## `B` c\n"), ["a", "b-c"]);
    assert_eq!(targets("a [b](c.md#d) [e](f)\n[g](h)"), [(1, "c.md#d".into()), (1, "f".into()), (2, "h".into())]);
}
