//! The folder of the index: `dateline-search.lock`, and one folder for each segment below the folder of the format.
//!
//! One process uses a folder at a time. A folder that holds other files is refused, because a rebuild removes files.

use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{
    error::IndexError,
    schema::FORMAT,
    segment::{Key, Segment, SegmentBuilder, open_folder},
    segments::Segments,
};

/// Name of the lock file.
const LOCK: &str = "dateline-search.lock";

/// Prefix of the folder of a complete segment.
const COMPLETE: &str = "segment-";

/// Prefix of the folder of a segment that is being written.
const INCOMPLETE: &str = "incomplete-";

/// Where segments are kept.
#[derive(Debug)]
pub struct Storage {
    /// The folder of the present format. `None`: all segments are in memory.
    folder: Option<PathBuf>,
    _lock: Option<File>,
}

impl Storage {
    /// Returns a storage that keeps all segments in memory.
    pub fn in_memory() -> Self {
        Self { folder: None, _lock: None }
    }

    /// Opens the folder of an index, creates it if it does not exist, and removes segments of other formats and
    /// segments that were not completed.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        fs::create_dir_all(folder)?;
        let lock_path = folder.join(LOCK);
        if !lock_path.exists() && fs::read_dir(folder)?.next().is_some() {
            let message = format!("{} holds other files: choose an empty folder", folder.display());
            return Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, message).into());
        }
        let lock = File::options().create(true).append(true).open(&lock_path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(IndexError::Locked(folder.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let current = folder.join(format!("format-{FORMAT}"));
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("format-") && entry.path() != current {
                fs::remove_dir_all(entry.path())?;
            }
        }
        fs::create_dir_all(&current)?;
        Ok(Self { folder: Some(current), _lock: Some(lock) })
    }

    /// Returns whether all segments are kept in memory.
    pub fn is_in_memory(&self) -> bool {
        self.folder.is_none()
    }

    /// Removes all segments.
    pub fn clear(&self) -> Result<(), IndexError> {
        if let Some(folder) = &self.folder {
            fs::remove_dir_all(folder)?;
            fs::create_dir_all(folder)?;
        }
        Ok(())
    }

    /// Opens all complete segments, removes damaged ones, and returns the keys of `slots` that are in no segment.
    pub fn load(&self, slots: &HashMap<Key, u32>) -> Result<Loaded, IndexError> {
        let mut list = Vec::new();
        let mut damaged = Vec::new();
        let entries = self.folder.as_ref().map(fs::read_dir).transpose()?;
        for entry in entries.into_iter().flatten() {
            let path = entry?.path();
            let is_complete = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(COMPLETE));
            if !path.is_dir() {
                continue;
            }
            if !is_complete {
                fs::remove_dir_all(&path)?;
                continue;
            }
            match open_segment(&path) {
                Ok(segment) => list.push(segment),
                Err(IndexError::Damaged(reason)) => {
                    damaged.push(format!("{}: {reason}", path.display()));
                    fs::remove_dir_all(&path)?;
                }
                Err(error) => return Err(error),
            }
        }
        let (segments, missing) = Segments::from(list).renumbered(slots)?;
        Ok(Loaded { segments, missing, damaged })
    }

    /// Begins a segment for many documents.
    pub fn begin_segment(&self) -> Result<NewSegment, IndexError> {
        match self.begin_folder()? {
            None => Ok(NewSegment { builder: SegmentBuilder::in_memory()?, folder: None }),
            Some(folder) => {
                Ok(NewSegment { builder: SegmentBuilder::in_folder(folder.path().to_owned())?, folder: Some(folder) })
            }
        }
    }

    /// Finishes a segment.
    pub fn finish_segment(&self, segment: NewSegment, slots: &HashMap<Key, u32>) -> Result<Segment, IndexError> {
        let built = segment.builder.finish(slots)?;
        match segment.folder {
            None => Ok(built),
            Some(folder) => {
                drop(built);
                self.keep_folder(folder, |key| slots.get(&key).copied().unwrap_or(super::slots::DEAD))
            }
        }
    }

    pub(super) fn begin_folder(&self) -> Result<Option<TempDir>, IndexError> {
        let Some(folder) = &self.folder else { return Ok(None) };
        Ok(Some(tempfile::Builder::new().prefix(INCOMPLETE).tempdir_in(folder)?))
    }

    /// Renames the folder of a complete segment, and opens the segment.
    pub(super) fn keep_folder(&self, folder: TempDir, slot_of: impl Fn(Key) -> u32) -> Result<Segment, IndexError> {
        let name = folder.path().file_name().map(|name| name.to_string_lossy().replacen(INCOMPLETE, COMPLETE, 1));
        let path = folder.path().with_file_name(name.unwrap_or_default());
        fs::rename(folder.keep(), &path)?;
        if let Some(parent) = &self.folder {
            File::open(parent)?.sync_all()?;
        }
        Segment::open(open_folder(&path)?, Some(path), slot_of)
    }
}

/// What is in the folder of an index.
#[derive(Debug)]
pub struct Loaded {
    /// The segments.
    pub segments: Segments,
    /// The keys that have a slot, but no document.
    pub missing: Vec<Key>,
    /// Segments that were removed because they are damaged, and why.
    pub damaged: Vec<String>,
}

/// A segment for many documents that is being built.
pub struct NewSegment {
    /// The builder, to which documents are added.
    pub builder: SegmentBuilder,
    folder: Option<TempDir>,
}

/// Opens a segment after a check of all its files.
fn open_segment(path: &Path) -> Result<Segment, IndexError> {
    let index = open_folder(path)?;
    let damaged = index.validate_checksum()?;
    if let Some(file) = damaged.iter().min() {
        return Err(IndexError::Damaged(format!("{} has a wrong checksum", file.display())));
    }
    Segment::open(index, Some(path.to_owned()), |_| super::slots::DEAD)
}
