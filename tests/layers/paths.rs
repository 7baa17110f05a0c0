//! Extracts the paths that a Rust source file uses. Expands `use` trees, and resolves `self` and `super`. This is not
//! a full parser: it takes every sequence of names joined by `::` for a path, and skips comments and literals.

use std::collections::HashSet;

/// The paths that one source file uses.
pub(crate) struct FilePaths {
    pub(crate) paths: Vec<UsedPath>,
    /// Module path of the file, for example `crate::catalog::query`.
    pub(crate) module: Vec<String>,
    /// Child modules that the file declares and whose code is in separate files.
    children: HashSet<String>,
    /// Names that the file imports or declares, and with which a path may start.
    local: HashSet<String>,
}

/// A path of two or more names, or a single name in a `use`.
pub(crate) struct UsedPath {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// Whether the path is part of a `pub use`, so that other modules can reach the item through this file.
    pub(crate) public: bool,
    /// Whether the path is inside a module `tests` of the file.
    pub(crate) in_tests: bool,
    /// The name after `as` in a `use`.
    alias: Option<String>,
    imported: bool,
}

impl UsedPath {
    /// Returns the name that a `use` brings into scope.
    pub(crate) fn name(&self) -> &str {
        self.alias.as_deref().or(self.segments.last().map(String::as_str)).unwrap_or_default()
    }
}

const PRIMITIVES: &[&str] = &[
    "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16", "u32", "u64", "u8",
    "usize",
];

impl FilePaths {
    /// Returns true if a path names no other crate or module: it leads into the file itself, or starts with a type, a
    /// primitive type or an imported name.
    pub(crate) fn is_own(&self, path: &UsedPath) -> bool {
        let first = path.segments[0].as_str();
        let inside =
            path.segments.len() >= self.module.len() && path.segments.iter().zip(&self.module).all(|(a, b)| a == b);
        let name = first.starts_with(char::is_uppercase) || PRIMITIVES.contains(&first);
        inside || !path.imported && (name || self.local.contains(first))
    }
}

/// Extracts the paths that a file uses. `file` is the location of the file relative to the workspace root, which is
/// needed to resolve `super`.
pub(crate) fn file_paths(file: &str, source: &str) -> FilePaths {
    let inner = file.split_once("src/").map_or(file, |(_, inner)| inner).trim_end_matches(".rs");
    let names = inner.split('/').filter(|name| !["mod", "lib", "main"].contains(name));
    let module: Vec<String> = std::iter::once("crate").chain(names).map(str::to_owned).collect();

    let tokens = tokens(source);
    let mut file_paths =
        FilePaths { paths: Vec::new(), module: module.clone(), children: HashSet::new(), local: HashSet::new() };
    // `enclosing` is the module path at the current token: the module of the file, then inline modules. `opened` has
    // the brace depth at which each inline module starts.
    let (mut enclosing, mut opened, mut depth) = (module, Vec::new(), 0);
    let (mut at, mut public) = (0, false);
    while let Some((token, _)) = tokens.get(at) {
        let before = file_paths.paths.len();
        let name = |at: usize| tokens.get(at).and_then(|(token, _)| token.name());
        match token {
            Token::Open => depth += 1,
            Token::Close => {
                depth -= 1;
                if opened.last() == Some(&depth) {
                    opened.pop();
                    enclosing.pop();
                }
            }
            Token::Name(word) if word == "mod" && name(at + 1).is_some() => {
                let name = name(at + 1).unwrap_or_default();
                file_paths.local.insert(name.to_owned());
                if matches!(tokens.get(at + 2), Some((Token::Open, _))) {
                    enclosing.push(name.to_owned());
                    opened.push(depth);
                } else if opened.is_empty() {
                    file_paths.children.insert(name.to_owned());
                }
                at += 1;
            }
            Token::Name(word) if word == "use" || word == "extern" && name(at + 1) == Some("crate") => {
                at += if word == "use" { 1 } else { 2 };
                at += usize::from(matches!(tokens.get(at), Some((Token::Colons, _))));
                at = read_path(&tokens, at, &[], true, &mut file_paths.paths);
                let imported = file_paths.paths[before..].iter().filter_map(|path| path.segments.last().cloned());
                file_paths.local.extend(imported);
                resolve(&mut file_paths.paths[before..], &enclosing);
                mark(&mut file_paths.paths[before..], &enclosing, public);
                public = false;
                continue;
            }
            Token::Name(word) => {
                // Remembers whether a `use` that follows is public: `pub`, `pub(super)` or `pub(in crate::catalog)`.
                let visibility = public && ["crate", "super", "self", "in"].contains(&word.as_str());
                public = word == "pub" || visibility;
                at = read_path(&tokens, at, &[], false, &mut file_paths.paths);
                resolve(&mut file_paths.paths[before..], &enclosing);
                mark(&mut file_paths.paths[before..], &enclosing, false);
                if visibility {
                    file_paths.paths.truncate(before);
                }
                continue;
            }
            Token::Colons | Token::Star | Token::Other => {}
        }
        at += 1;
    }
    file_paths.paths.retain(|path| path.imported || path.segments.len() > 1);
    // A path that starts with a child module of the file leads into the file's module, so the module path is added in
    // front.
    for path in file_paths.paths.iter_mut().filter(|path| file_paths.children.contains(&path.segments[0])) {
        path.segments.splice(..0, file_paths.module.iter().cloned());
    }
    file_paths
}

/// Sets the context of paths: whether they are part of a `pub use`, and whether they are in a test module.
fn mark(paths: &mut [UsedPath], enclosing: &[String], public: bool) {
    for path in paths {
        path.public = public;
        path.in_tests = enclosing.iter().any(|module| module == "tests");
    }
}

/// Reads the path that starts at a token. In a `use`, also reads the paths in braces. Returns the index of the first
/// token that was not read.
fn read_path(
    tokens: &[(Token, usize)],
    mut at: usize,
    prefix: &[String],
    imported: bool,
    paths: &mut Vec<UsedPath>,
) -> usize {
    let mut segments = prefix.to_vec();
    let mut line = tokens.get(at).map_or(0, |(_, line)| *line);
    loop {
        match tokens.get(at) {
            Some((Token::Name(name), token_line)) => {
                line = *token_line;
                segments.push(name.clone());
                at += 1;
            }
            Some((Token::Open, _)) if imported => {
                at += 1;
                while let Some((token, _)) = tokens.get(at) {
                    match token {
                        Token::Close => return at + 1,
                        Token::Name(_) | Token::Star => at = read_path(tokens, at, &segments, true, paths),
                        _ => at += 1,
                    }
                }
                return at;
            }
            Some((Token::Star, _)) if imported => {
                at += 1;
                break;
            }
            _ => break,
        }
        match tokens.get(at) {
            Some((Token::Colons, _)) => at += 1,
            _ => break,
        }
    }
    if segments.last().is_some_and(|last| last == "self") && segments.len() > 1 {
        segments.pop();
    }
    if !segments.is_empty() {
        let name = |at: usize| tokens.get(at).and_then(|(token, _)| token.name());
        let alias = (imported && name(at) == Some("as")).then(|| name(at + 1)).flatten().map(str::to_owned);
        at += if alias.is_some() { 2 } else { 0 };
        paths.push(UsedPath { segments, line, public: false, in_tests: false, alias, imported });
    }
    at
}

/// Replaces leading `self` and `super` in paths by the path of the module that they refer to.
fn resolve(paths: &mut [UsedPath], enclosing: &[String]) {
    for path in paths {
        let parents = path.segments.iter().take_while(|name| *name == "super" || *name == "self").count();
        if parents > 0 {
            let steps = path.segments[..parents].iter().filter(|name| *name == "super").count();
            let module = &enclosing[..enclosing.len().saturating_sub(steps).max(1)];
            path.segments.splice(..parents, module.iter().cloned());
        }
    }
}

#[derive(PartialEq)]
enum Token {
    Name(String),
    Colons,
    Open,
    Close,
    Star,
    Other,
}

impl Token {
    fn name(&self) -> Option<&str> {
        if let Self::Name(name) = self { Some(name) } else { None }
    }
}

/// Splits source text into tokens, each with its line number. Drops comments and literals.
fn tokens(source: &str) -> Vec<(Token, usize)> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (length, token) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (comment(rest), None)
        } else if rest.starts_with("::") {
            (2, Some(Token::Colons))
        } else if let Some(length) = literal(rest) {
            (length, None)
        } else if let Some(raw) = rest.strip_prefix("r#") {
            let end = raw.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(raw.len());
            (2 + end, Some(Token::Name(raw[..end].to_owned())))
        } else if word > 0 {
            (word, (!first.is_numeric()).then(|| Token::Name(rest[..word].to_owned())))
        } else {
            let token = match first {
                '{' => Some(Token::Open),
                '}' => Some(Token::Close),
                '*' => Some(Token::Star),
                c if c.is_whitespace() => None,
                _ => Some(Token::Other),
            };
            (first.len_utf8(), token)
        };
        tokens.extend(token.map(|token| (token, line)));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// Returns the length of the block comment at the start of a text, including nested comments.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(pair) = text.as_bytes().get(at..at + 2) {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// Returns the length of the string or character literal at the start of a text. Returns `None` if the text does not
/// start with a literal.
fn literal(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r"].into_iter().find(|prefix| text.starts_with(prefix)).unwrap_or_default();
    let body = &text[prefix.len()..];
    let hashes = body.len() - body.trim_start_matches('#').len();
    if prefix.ends_with('r') && body[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let start = hashes + 1;
        return Some(prefix.len() + body[start..].find(&end).map_or(body.len(), |at| start + at + end.len()));
    }
    let quote = body.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let mut characters = body.char_indices().skip(1);
    if quote == '\'' {
        // A single quote starts a lifetime instead of a character literal if the second character after it is not a
        // single quote.
        let (second, third) = (body.chars().nth(1)?, body.chars().nth(2)?);
        if second != '\\' && third != '\'' {
            return None;
        }
    }
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return Some(prefix.len() + at + 1);
        }
    }
    Some(text.len())
}
