//! Tests of the Markdown documents (README.md, CONTRIBUTING.md, CHANGELOG.md, SECURITY.md, `docs/`) and of the query
//! page (`/graphiql`).
//!
//! - `examples`: every fenced code block in a document is executed, parsed or imported
//! - `generated`: generated files and tables are up to date; `just update` rewrites them
//! - `links`: the file and the heading that a link names exist
//! - `reference`: the settings and error codes that documents mention exist
//! - `query_page`: the examples on the query page

mod examples;
mod generated;
mod links;
mod query_page;
mod reference;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A Markdown document of the repository.
struct Document {
    /// Path relative to the repository root, for example `docs/api.md`.
    path: String,
    text: String,
}

/// A fenced code block.
struct Block {
    /// The path of the document and the line number of the opening fence, for example `docs/api.md:12`.
    place: String,
    /// The word after the opening fence, for example `graphql` or `sh`; may be empty.
    language: String,
    /// The text of the HTML comment right before the code block, for example `as EDITOR`. `None` without a comment.
    marker: Option<String>,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads all Markdown documents that are tested, sorted by path.
fn documents() -> Vec<Document> {
    let names = ["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "tests/fixtures/README.md"];
    let mut paths: Vec<PathBuf> = names.iter().map(|name| root().join(name)).collect();
    for folder in ["docs", "docs/decisions"] {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        paths.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    paths.sort();
    let document = |path: &PathBuf| Document {
        path: path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(path).unwrap(),
    };
    paths.iter().map(document).collect()
}

impl Document {
    /// Returns the fenced code blocks of the document, from top to bottom.
    fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let (mut is_open, mut marker) = (false, None);
        for (index, line) in self.text.lines().enumerate() {
            if let Some(language) = line.strip_prefix("```") {
                if !is_open {
                    let (place, text) = (format!("{}:{}", self.path, index + 1), String::new());
                    blocks.push(Block { place, language: language.to_owned(), marker: marker.take(), text });
                }
                is_open = !is_open;
            } else if is_open {
                let block = blocks.last_mut().unwrap();
                block.text += line;
                block.text += "\n";
            } else if let Some(comment) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
                marker = Some(comment.to_owned());
            } else if !line.trim().is_empty() {
                marker = None;
            }
        }
        assert!(!is_open, "{}: a fenced block is not closed", self.path);
        blocks
    }
}
