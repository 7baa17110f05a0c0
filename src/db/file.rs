//! The SQLite file: created with owner-only permissions, checked before opening, and watched while it is served.
//!
//! SQLite continues to write to a file that was deleted or replaced, and those writes are lost. The identity of the
//! file and of its `-wal` and `-shm` files is therefore compared before and after each write, and the header regularly.

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

/// The first bytes of a SQLite database (<https://www.sqlite.org/fileformat.html>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Size in bytes above which a write-ahead log is checkpointed, even if another process wrote it.
const LONG_WAL_BYTES: u64 = 16 * 1024 * 1024;

/// Length of the header in bytes.
const HEADER_LENGTH: usize = 100;

/// Device and inode of a file.
type Identity = (u64, u64);

/// A SQLite database file and its state when serving began.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Identities of the file and its companions. Set when serving begins.
    identities: OnceLock<Vec<(PathBuf, Option<Identity>)>>,
    /// An open descriptor for reading the header. Set when serving begins.
    header: OnceLock<Arc<File>>,
    /// The change counter of the last header that was read.
    counter: Mutex<u32>,
    /// Whether something was committed since the last checkpoint.
    is_written: AtomicBool,
    /// Instant from which a checkpoint truncates the write-ahead log. `None` if no truncation is scheduled.
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

    /// The path with a suffix: `-wal`, `-shm` or `.lock`.
    pub(super) fn companion(&self, ending: &str) -> PathBuf {
        companion(&self.path, ending)
    }

    /// Records that something was committed.
    pub(super) fn mark_written(&self) {
        self.is_written.store(true, Ordering::Relaxed);
    }

    /// Whether something was committed since the last call.
    pub(super) fn take_written(&self) -> bool {
        self.is_written.swap(false, Ordering::Relaxed)
    }

    /// Schedules a checkpoint that truncates the write-ahead log after a delay.
    pub(super) fn schedule_truncation(&self, after: Duration) {
        *self.truncate_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + after);
        self.mark_written();
    }

    /// Whether the write-ahead log must be truncated now. Clears the schedule if so.
    pub(super) fn take_truncation(&self) -> bool {
        let mut at = self.truncate_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = at.is_some_and(|at| at <= Instant::now());
        if is_due {
            *at = None;
        }
        is_due
    }

    /// Whether the write-ahead log is long or must be truncated. Other processes can write to it too.
    pub(super) fn needs_checkpoint(&self) -> bool {
        let is_to_be_truncated = self.truncate_at.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        is_to_be_truncated || self.companion("-wal").metadata().is_ok_and(|metadata| metadata.len() > LONG_WAL_BYTES)
    }

    /// Records the present identity of the file. Must be called while a connection is open, so that the companion files
    /// exist.
    pub(super) fn watch(&self) -> io::Result<()> {
        let header = shared_descriptor(&self.path)?;
        let paths = [self.path.clone(), self.companion("-wal"), self.companion("-shm")];
        let identities = paths.map(|path| {
            let identity = path.metadata().ok().map(|metadata| identity(&metadata));
            (path, identity)
        });
        // Both are already set if this process watches the file, which is then the same file.
        let _ = self.identities.set(identities.into());
        let _ = self.header.set(header);
        Ok(())
    }

    /// Whether the file or a companion was moved, deleted, replaced or truncated since serving began, as a message.
    /// Costs three `stat` calls.
    pub(super) fn identity_problem(&self) -> Option<String> {
        let advice = "stop this server, put the original file back or restore a backup, then start the server again";
        for (path, expected) in self.identities.get()?.iter().filter(|(_, identity)| identity.is_some()) {
            let path_shown = path.display();
            match path.metadata() {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Some(format!(
                        "{path_shown} was deleted or moved away while the server was running: {advice}"
                    ));
                }
                // Its existence is unknown, but the open descriptors still work.
                Err(_) => {}
                Ok(metadata) if Some(identity(&metadata)) != *expected => {
                    return Some(format!(
                        "{path_shown} was replaced by another file while the server was running: {advice}"
                    ));
                }
                Ok(metadata) if *path == self.path && metadata.len() < HEADER_LENGTH as u64 => {
                    return Some(format!("{path_shown} was truncated while the server was running: {advice}"));
                }
                Ok(_) => {}
            }
        }
        None
    }

    /// Like `identity_problem`, and also detects a header that was overwritten in place, for example by `cp`. Also
    /// reads 100 bytes.
    pub(super) fn header_problem(&self) -> Option<String> {
        if let Some(problem) = self.identity_problem() {
            return Some(problem);
        }
        let file = self.header.get()?;
        let header = Header::read(file).ok()?;
        // A checkpoint may be writing the header at this moment. If two reads differ, it is checked again next time.
        if Header::read(file).ok()? != header {
            return None;
        }
        let path = self.path.display();
        let advice = "stop this server, restore a backup, then start the server again";
        let Some(header) = header else {
            return Some(format!("{path} was overwritten while the server was running: {advice}"));
        };
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        // The counter increases with each change of the header, and wraps around at 2³².
        let went_back = header.changes < *counter && *counter - header.changes < u32::MAX / 2;
        *counter = header.changes;
        went_back.then(|| format!("{path} was overwritten by an older copy while the server was running: {advice}"))
    }
}

/// The relevant fields of a header.
#[derive(PartialEq, Eq)]
struct Header {
    page_size: u64,
    pages: u64,
    /// Change counter. It increases whenever a transaction changes the header.
    changes: u32,
    /// Whether the number of pages was written together with the rest of the header.
    pages_valid: bool,
}

impl Header {
    /// Reads the header without moving the file position. `None` if it is not the header of a database.
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

/// Checks a database file before SQLite opens it, because SQLite treats an empty or missing file as a new database.
/// Returns `None` if the file can be opened, or if there is no file and no trace of an earlier one.
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
                    "the file does not exist, but {} beside it does, so there was a database: check that its disk is \
                     mounted, put the file back, or restore a backup",
                    leftover.display()
                )
            };
            return Ok(leftover.exists().then(message));
        }
        Err(error) => return Err(error),
    };
    if metadata.len() == 0 {
        return Ok(Some(format!("{path_shown} is empty (0 bytes) and not a database: restore a backup")));
    }
    // The write-ahead log may contain the missing pages.
    if log_length > 0 || metadata.len() < HEADER_LENGTH as u64 {
        return Ok(None);
    }
    // SQLite reports a file that is not a database.
    let header = Header::read(&*shared_descriptor(path)?)?;
    let Some(header) = header.filter(|header| header.pages_valid) else { return Ok(None) };
    let (length, expected) = (metadata.len(), header.pages * header.page_size);
    let message = || format!("{path_shown} is truncated (it has {length} of {expected} bytes): restore a backup");
    Ok((length < expected).then(message))
}

/// Creates an empty file that only its owner can read, unless it exists. SQLite gives the companion files the same
/// permissions.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    match owner_only(OpenOptions::new().write(true).create_new(true)).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

/// Opens the file that is locked while a database is served. Creates it with owner-only permissions.
pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    owner_only(File::options().create(true).truncate(false).write(true)).open(path)
}

/// The path that SQLite uses: it derives the names of the companion files from the target of a symbolic link.
pub(super) fn canonical_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Renames the remaining files of a database, to make space for a new one. Deletes nothing. Returns the new names.
pub(super) fn move_aside(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut moved = Vec::new();
    let is_free = |number: &u32| !companion(path, &format!(".old-{number}")).exists();
    let number = (1..1000).find(is_free).ok_or_else(|| io::Error::from(ErrorKind::AlreadyExists))?;
    for ending in ["", "-wal", "-shm"] {
        let (from, to) = (companion(path, ending), companion(path, &format!(".old-{number}{ending}")));
        // An empty file contains no data, and may be a mount point.
        if from.metadata().is_ok_and(|metadata| metadata.len() > 0) {
            std::fs::rename(&from, &to)?;
            moved.push(to);
        }
    }
    Ok(moved)
}

/// Appends a suffix to the name of a file.
fn companion(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A second descriptor of a database file, opened once per file and never closed. Closing any descriptor of a file
/// releases all POSIX locks of the process on it, including those of SQLite.
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
