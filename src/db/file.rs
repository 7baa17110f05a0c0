//! The SQLite file: created with owner-only permissions, checked before opening, and watched while it is served.
//!
//! SQLite continues to write to a file that was deleted or replaced, and those writes are lost. So the identity of the
//! file and of its `-wal` and `-shm` files is compared before and after each write, and the header regularly.

use std::{
    collections::HashMap,
    fs::{File, Metadata, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// A database begins with these bytes (<https://www.sqlite.org/fileformat.html>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Bytes of a write-ahead log from which on it is copied into the file, whoever wrote it.
const LONG_WAL_BYTES: u64 = 16 * 1024 * 1024;

/// Bytes of the header.
const HEADER_LENGTH: usize = 100;

/// What the file system knows a file by: its device and its number there.
type Identity = (u64, u64);

/// A database file, as it was when serving began.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Set once serving begins: the identities of the file and its companions.
    identities: OnceLock<Vec<(PathBuf, Option<Identity>)>>,
    /// Set once serving begins: the file, to read its header from.
    header: OnceLock<Arc<File>>,
    /// The change counter of the header that was seen last.
    counter: Mutex<u32>,
    /// Something was committed since the last checkpoint.
    is_written: AtomicBool,
    /// From when on a checkpoint empties the write-ahead log, where that is wanted.
    truncate_at: Mutex<Option<Instant>>,
}

impl DatabaseFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            identities: OnceLock::new(),
            header: OnceLock::new(),
            counter: Mutex::new(0),
            is_written: AtomicBool::new(false),
            truncate_at: Mutex::new(None),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The same name with something behind it: `-wal`, `-shm`, `.lock`.
    pub(super) fn companion(&self, ending: &str) -> PathBuf {
        companion(&self.path, ending)
    }

    /// Notes that something was committed.
    pub(super) fn mark_written(&self) {
        self.is_written.store(true, Ordering::Relaxed);
    }

    /// Whether something was committed since this was last asked.
    pub(super) fn take_written(&self) -> bool {
        self.is_written.swap(false, Ordering::Relaxed)
    }

    /// Has a checkpoint empty the write-ahead log after some time.
    pub(super) fn schedule_truncation(&self, after: Duration) {
        *self.truncate_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + after);
        self.mark_written();
    }

    /// Whether the write-ahead log is to be emptied now. Asked again, it is not.
    pub(super) fn take_truncation(&self) -> bool {
        let mut at = self.truncate_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = at.is_some_and(|at| at <= Instant::now());
        if is_due {
            *at = None;
        }
        is_due
    }

    /// Whether the write-ahead log is long, or is to be emptied: other processes write to it, too.
    pub(super) fn needs_checkpoint(&self) -> bool {
        let is_to_be_truncated = self.truncate_at.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        is_to_be_truncated || self.companion("-wal").metadata().is_ok_and(|metadata| metadata.len() > LONG_WAL_BYTES)
    }

    /// Remembers what the file is now. To be called with a connection open, so that its companions exist.
    pub(super) fn watch(&self) -> io::Result<()> {
        let header = shared_descriptor(&self.path)?;
        let paths = [self.path.clone(), self.companion("-wal"), self.companion("-shm")];
        let identities = paths.map(|path| {
            let identity = path.metadata().ok().map(|metadata| identity(&metadata));
            (path, identity)
        });
        // Set already where it is watched: by the same process, so it is the same file.
        let _ = self.identities.set(identities.into());
        let _ = self.header.set(header);
        Ok(())
    }

    /// What is wrong with the file or its companions, where one was moved, deleted, replaced or truncated since serving began.
    /// Costs three calls of `stat`.
    pub(super) fn identity_problem(&self) -> Option<String> {
        let advice = "stop this server, put the right file back or restore a backup, then start it again";
        for (path, expected) in self.identities.get()?.iter().filter(|(_, identity)| identity.is_some()) {
            let path_shown = path.display();
            match path.metadata() {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Some(format!("{path_shown} was deleted or moved away while it was served: {advice}"));
                }
                // Whether it is there cannot be told; what is open still is.
                Err(_) => {}
                Ok(metadata) if Some(identity(&metadata)) != *expected => {
                    return Some(format!("{path_shown} was replaced by another file while it was served: {advice}"));
                }
                Ok(metadata) if *path == self.path && metadata.len() < HEADER_LENGTH as u64 => {
                    return Some(format!("{path_shown} was truncated while it was served: {advice}"));
                }
                Ok(_) => {}
            }
        }
        None
    }

    /// The same, and what is wrong with the header: it was written over in place, for example by `cp`. Costs a read of 100
    /// bytes more.
    pub(super) fn header_problem(&self) -> Option<String> {
        if let Some(problem) = self.identity_problem() {
            return Some(problem);
        }
        let file = self.header.get()?;
        let header = Header::read(file).ok()?;
        // A checkpoint may be writing it at this moment: what is not the same twice is looked at next time.
        if Header::read(file).ok()? != header {
            return None;
        }
        let path = self.path.display();
        let advice = "stop this server, restore a backup, then start it again";
        let Some(header) = header else {
            return Some(format!("{path} was written over while it was served: {advice}"));
        };
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        // It goes up with each change of the header, and wraps around at 2³².
        let went_back = header.changes < *counter && *counter - header.changes < u32::MAX / 2;
        *counter = header.changes;
        went_back.then(|| format!("{path} was written over by an older copy while it was served: {advice}"))
    }
}

/// What is used of a header.
#[derive(PartialEq, Eq)]
struct Header {
    page_size: u64,
    pages: u64,
    /// Goes up whenever a transaction changes the header.
    changes: u32,
    /// The number of pages was written by the same version as the rest.
    pages_valid: bool,
}

impl Header {
    /// Reads it without moving the file's position; none where it is not the header of a database.
    fn read(file: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; HEADER_LENGTH];
        read_at(file, &mut bytes)?;
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        // The value 1 means 65,536.
        let page_size = match u64::from(u16::from_be_bytes([bytes[16], bytes[17]])) {
            1 => 65_536,
            size => size,
        };
        let header = Self {
            page_size,
            pages: u64::from(number(28)),
            changes: number(24),
            pages_valid: number(24) == number(92),
        };
        Ok((&bytes[..16] == MAGIC && page_size >= 512).then_some(header))
    }
}

/// Looks at a database file before SQLite does, which would take an empty or missing file for a new database. `None`: it can
/// be opened, or there is none and nothing says that there was one.
pub(super) fn check_before_opening(path: &Path) -> io::Result<Option<String>> {
    let (log, lock) = (companion(path, "-wal"), companion(path, ".lock"));
    let log_length = log.metadata().map_or(0, |metadata| metadata.len());
    let path_shown = path.display();
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let leftover = if log_length > 0 { log } else { lock };
            let message = || {
                format!(
                    "the file does not exist, but {} beside it does: a database was served here. Was it moved, or its disk \
                     not mounted? Put it back, or restore a backup",
                    leftover.display()
                )
            };
            return Ok(leftover.exists().then(message));
        }
        Err(error) => return Err(error),
    };
    if metadata.len() == 0 {
        return Ok(Some(format!("{path_shown} is empty (0 bytes), which no database is: restore a backup")));
    }
    // The write-ahead log may hold the pages that are missing.
    if log_length > 0 || metadata.len() < HEADER_LENGTH as u64 {
        return Ok(None);
    }
    // SQLite itself says so where this is no database.
    let header = Header::read(&*shared_descriptor(path)?)?;
    let Some(header) = header.filter(|header| header.pages_valid) else { return Ok(None) };
    let (length, expected) = (metadata.len(), header.pages * header.page_size);
    let message =
        || format!("{path_shown} is truncated: it has {length} bytes and should have {expected}. Restore a backup");
    Ok((length < expected).then(message))
}

/// Creates an empty file that only its owner may read, unless it exists. SQLite gives its companions the same permissions.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    match owner_only(OpenOptions::new().write(true).create_new(true)).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

/// Opens the file that is locked while a database is served, and creates it for its owner alone.
pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    owner_only(File::options().create(true).truncate(false).write(true)).open(path)
}

/// The path that SQLite itself works with: it names the companions of a file after the file that a symbolic link leads to.
pub(super) fn canonical_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Moves what is left of a database aside, so that a new one can begin: nothing is deleted. Answers the new names.
pub(super) fn move_aside(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut moved = Vec::new();
    let is_free = |number: &u32| !companion(path, &format!(".old-{number}")).exists();
    let number = (1..1000).find(is_free).ok_or_else(|| io::Error::from(ErrorKind::AlreadyExists))?;
    for ending in ["", "-wal", "-shm"] {
        let (from, to) = (companion(path, ending), companion(path, &format!(".old-{number}{ending}")));
        // An empty file is no loss, and may be a mount point.
        if from.metadata().is_ok_and(|metadata| metadata.len() > 0) {
            std::fs::rename(&from, &to)?;
            moved.push(to);
        }
    }
    Ok(moved)
}

/// A path with something behind its name.
fn companion(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A second descriptor of a database file, opened once for each file and never closed: closing any descriptor of a file
/// releases all locks that the process holds on it (POSIX), those of SQLite too.
fn shared_descriptor(path: &Path) -> io::Result<Arc<File>> {
    type OpenFiles = HashMap<(Identity, PathBuf), Arc<File>>;
    static OPEN: OnceLock<Mutex<OpenFiles>> = OnceLock::new();
    let mut open = OPEN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let key = (identity(&path.metadata()?), path.to_owned());
    if let Some(file) = open.get(&key) {
        return Ok(file.clone());
    }
    let file = Arc::new(File::open(path)?);
    open.insert(key, file.clone());
    Ok(file)
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    (0, 0)
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, 0)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8]) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(bytes)
}
