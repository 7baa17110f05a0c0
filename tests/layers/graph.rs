//! The import graph of a crate, whose nodes are source files, and the cycles in the graph. The files in a cycle
//! import each other, directly or through other files.
//!
//! A file imports another file if it names an item that the other file defines. If the item is named through a
//! re-export (`pub use`), the file that defines the item counts. `mod` and `pub use` lines, inherent methods, tests,
//! and paths into other crates are ignored.

use std::collections::{HashMap, HashSet};

use crate::paths::{FilePaths, UsedPath, file_paths};

/// The import graph of one crate.
pub(crate) struct Graph {
    files: Vec<String>,
    paths: Vec<FilePaths>,
    /// Index in `files` by module path, for example `crate::catalog::query`.
    by_module: HashMap<Vec<String>, usize>,
}

/// Returns true if a path counts as an import: it is outside tests, not a re-export, and leads into this crate.
fn counted(path: &UsedPath) -> bool {
    !path.public && !path.in_tests && path.segments[0] == "crate"
}

impl Graph {
    /// Builds the graph from the path and text of each source file. Ignores files that contain only tests.
    pub(crate) fn new<'a>(sources: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let (mut files, mut paths, mut by_module) = (Vec::new(), Vec::new(), HashMap::new());
        for (file, text) in sources {
            if file.contains("/tests/") || file.ends_with("/tests.rs") {
                continue;
            }
            let used = file_paths(file, text);
            by_module.insert(used.module.clone(), files.len());
            files.push(file.to_owned());
            paths.push(used);
        }
        Self { files, paths, by_module }
    }

    /// Returns the index of the file that defines the item of a path. Returns `None` for a path into another crate.
    /// `steps` is the number of re-exports followed so far.
    fn defining_file(&self, path: &[String], steps: usize) -> Option<usize> {
        let depth = (1..=path.len()).rev().find(|depth| self.by_module.contains_key(&path[..*depth]))?;
        let file = self.by_module[&path[..depth]];
        let Some(name) = path.get(depth) else { return Some(file) };
        let exported = self.paths[file].paths.iter().find(|used| used.public && used.name() == name);
        match exported {
            // The maximum of 8 steps stops a chain of re-exports that leads back to itself.
            Some(used) if steps < 8 => {
                let target: Vec<String> = used.segments.iter().chain(&path[depth + 1..]).cloned().collect();
                self.defining_file(&target, steps + 1)
            }
            _ => Some(file),
        }
    }

    /// Returns the indexes of the files that a file imports.
    fn imports(&self, file: usize) -> HashSet<usize> {
        let targets = self.paths[file].paths.iter().filter(|path| counted(path));
        targets.filter_map(|path| self.defining_file(&path.segments, 0)).filter(|target| *target != file).collect()
    }

    /// Lists the imports between the files of a cycle, as `file:line: item`.
    pub(crate) fn imports_among(&self, circle: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        for (file, used) in self.files.iter().zip(&self.paths).filter(|(file, _)| circle.contains(&file.as_str())) {
            for path in used.paths.iter().filter(|path| counted(path)) {
                let target = self.defining_file(&path.segments, 0).map(|target| self.files[target].as_str());
                if target.is_some_and(|target| target != file && circle.contains(&target)) {
                    lines.push(format!("{file}:{}: {}", path.line, path.segments.join("::")));
                }
            }
        }
        lines
    }

    /// Returns the import cycles. Each cycle is a sorted list of files.
    pub(crate) fn circles(&self) -> Vec<Vec<&str>> {
        let imports: Vec<HashSet<usize>> = (0..self.files.len()).map(|file| self.imports(file)).collect();
        let reachable: Vec<HashSet<usize>> = (0..self.files.len())
            .map(|start| {
                let (mut found, mut open) = (HashSet::new(), vec![start]);
                while let Some(file) = open.pop() {
                    open.extend(imports[file].iter().filter(|next| found.insert(**next)));
                }
                found
            })
            .collect();
        let mut circles: Vec<Vec<&str>> = Vec::new();
        for (file, reached) in reachable.iter().enumerate() {
            let mut circle: Vec<&str> = reached
                .iter()
                .filter(|other| reachable[**other].contains(&file))
                .map(|other| self.files[*other].as_str())
                .collect();
            circle.sort_unstable();
            if !circle.is_empty() && !circles.contains(&circle) {
                circles.push(circle);
            }
        }
        circles.sort();
        circles
    }
}
