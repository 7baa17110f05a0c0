//! The SQLite database file: creates it with owner-only permissions, checks it before opening, and watches it while a
//! server runs.
//!
//! If the file is deleted or replaced, SQLite continues to write to the old file, and those writes are lost. The
//! server therefore compares the identity (device and inode) of the file and of its `-wal` and `-shm` files before
//! and after each write, and also checks the file's header regularly.

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

/// The first 16 bytes of every SQLite database file (<https://www.sqlite.org/fileformat.html>).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Size of the write-ahead log, in bytes, above which it is checkpointed even if this process wrote nothing. Another
/// process may have written it.
const LONG_WAL_BYTES: u64 = 16 * 1024 * 1024;

/// Length of the SQLite file header, in bytes.
const HEADER_LENGTH: usize = 100;

/// Device and inode of a file.
type Identity = (u64, u64);

/// A SQLite database file, and what was recorded about it when serving began.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Identities of the database file and of its `-wal` and `-shm` files. Set when serving begins.
    identities: OnceLock<Vec<(PathBuf, Option<Identity>)>>,
    /// An open descriptor from which the file header is read. Set when serving begins.
    header: OnceLock<Arc<File>>,
    /// The change counter in the header when the header was last read.
    counter: Mutex<u32>,
    /// Whether a transaction was committed since the last checkpoint.
    is_written: AtomicBool,
    /// Instant from which the next checkpoint also truncates the write-ahead log. `None` if no truncation is
    /// scheduled.
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

    /// Returns the path of the database file with a suffix: `-wal`, `-shm` or `.lock`.
    pub(super) fn companion(&self, ending: &str) -> PathBuf {
        companion(&self.path, ending)
    }

    /// Records that a transaction was committed, so the next checkpoint has work.
    pub(super) fn mark_written(&self) {
        self.is_written.store(true, Ordering::Relaxed);
    }

    /// Returns whether a transaction was committed since the last call.
    pub(super) fn take_written(&self) -> bool {
        self.is_written.swap(false, Ordering::Relaxed)
    }

    /// Schedules a truncation of the write-ahead log: the first checkpoint after the delay truncates it.
    pub(super) fn schedule_truncation(&self, after: Duration) {
        *self.truncate_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + after);
        self.mark_written();
    }

    /// Returns whether a truncation of the write-ahead log is due, and removes a due truncation from the schedule.
    pub(super) fn take_truncation(&self) -> bool {
        let mut at = self.truncate_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = at.is_some_and(|at| at <= Instant::now());
        if is_due {
            *at = None;
        }
        is_due
    }

    /// Returns whether the write-ahead log is longer than `LONG_WAL_BYTES` or its truncation is scheduled. Other
    /// processes can make the log longer too.
    pub(super) fn needs_checkpoint(&self) -> bool {
        let is_to_be_truncated = self.truncate_at.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        is_to_be_truncated || self.companion("-wal").metadata().is_ok_and(|metadata| metadata.len() > LONG_WAL_BYTES)
    }

    /// Records the present identities of the database file and of its `-wal` and `-shm` files. Must be called while a
    /// connection is open, because the `-wal` and `-shm` files exist only then.
    pub(super) fn watch(&self) -> io::Result<()> {
        let header = shared_descriptor(&self.path)?;
        let paths = [self.path.clone(), self.companion("-wal"), self.companion("-shm")];
        let identities = paths.map(|path| {
            let identity = path.metadata().ok().map(|metadata| identity(&metadata));
            (path, identity)
        });
        // If this process already watches the file, both values are set already and stay the same.
        let _ = self.identities.set(identities.into());
        let _ = self.header.set(header);
        Ok(())
    }

    /// Returns a message if the database file or its `-wal` or `-shm` file was moved, deleted, replaced or truncated
    /// since serving began. Costs three `stat` calls.
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
                // Whether the file exists is unknown here, but the open descriptors still work.
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

    /// Returns a message if `identity_problem` finds a problem, or if the header was overwritten in place, for
    /// example by `cp`. Costs three `stat` calls and two reads of 100 bytes.
    pub(super) fn header_problem(&self) -> Option<String> {
        if let Some(problem) = self.identity_problem() {
            return Some(problem);
        }
        let file = self.header.get()?;
        let header = Header::read(file).ok()?;
        // A checkpoint may be writing the header now. If the two reads differ, the next call checks the header again.
        if Header::read(file).ok()? != header {
            return None;
        }
        let path = self.path.display();
        let advice = "stop this server, restore a backup, then start the server again";
        let Some(header) = header else {
            return Some(format!("{path} was overwritten while the server was running: {advice}"));
        };
        let mut counter = self.counter.lock().unwrap_or_else(PoisonError::into_inner);
        // The change counter increases with every change of the header, and wraps around at 2³².
        let went_back = header.changes < *counter && *counter - header.changes < u32::MAX / 2;
        *counter = header.changes;
        went_back.then(|| format!("{path} was overwritten by an older copy while the server was running: {advice}"))
    }
}

/// The fields of a SQLite file header that the checks use.
#[derive(PartialEq, Eq)]
struct Header {
    page_size: u64,
    pages: u64,
    /// Change counter. It increases whenever a transaction changes the header.
    changes: u32,
    /// Whether the page count is valid: it was written together with the rest of the header.
    pages_valid: bool,
}

impl Header {
    /// Reads the header without moving the file position. Returns `None` if the bytes are not the header of a SQLite
    /// database.
    fn read(file: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; HEADER_LENGTH];
        read_at(file, &mut bytes)?;
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        // In the header, page size 1 means 65,536 bytes.
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
/// Returns a message if the file is empty or truncated, or if it is missing although files of an earlier database
/// exist beside it. Otherwise returns `None`.
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
    // The write-ahead log may contain the pages that the file lacks.
    if log_length > 0 || metadata.len() < HEADER_LENGTH as u64 {
        return Ok(None);
    }
    // SQLite itself reports a file that is not a database.
    let header = Header::read(&*shared_descriptor(path)?)?;
    let Some(header) = header.filter(|header| header.pages_valid) else { return Ok(None) };
    let (length, expected) = (metadata.len(), header.pages * header.page_size);
    let message = || format!("{path_shown} is truncated (it has {length} of {expected} bytes): restore a backup");
    Ok((length < expected).then(message))
}

/// Creates an empty file that only its owner can read. Does nothing if the file exists. SQLite gives its `-wal` and
/// `-shm` files the same permissions.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    match owner_only(OpenOptions::new().write(true).create_new(true)).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

/// Opens the lock file of a database, and creates it with owner-only permissions if it is missing. The server locks
/// this file while it serves the database.
pub(super) fn open_lock(path: &Path) -> io::Result<File> {
    owner_only(File::options().create(true).truncate(false).write(true)).open(path)
}

/// Resolves symbolic links in a path. SQLite does the same before it derives the names of the `-wal` and `-shm`
/// files.
pub(super) fn canonical_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Renames the remaining files of an old database, so that a new database can be created at the path. Deletes
/// nothing. Returns the new names.
pub(super) fn move_aside(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut moved = Vec::new();
    let is_free = |number: &u32| !companion(path, &format!(".old-{number}")).exists();
    let number = (1..1000).find(is_free).ok_or_else(|| io::Error::from(ErrorKind::AlreadyExists))?;
    for ending in ["", "-wal", "-shm"] {
        let (from, to) = (companion(path, ending), companion(path, &format!(".old-{number}{ending}")));
        // An empty file stays in place: it contains no data, and may be a mount point.
        if from.metadata().is_ok_and(|metadata| metadata.len() > 0) {
            std::fs::rename(&from, &to)?;
            moved.push(to);
        }
    }
    Ok(moved)
}

/// Appends a suffix to the file name of a path.
fn companion(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Returns a descriptor of a database file for reading the header. Each file is opened once and never closed, because
/// closing any descriptor of a file releases all POSIX locks that the process has on the file, including SQLite's
/// locks.
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
