//! Disk fault injection: compiles `shim.c` and preloads it into a program, so that selected writes and syncs of the
//! program fail. This needs Linux and a C compiler. Without them, the tests with disk faults are skipped.

use std::{
    env,
    fs::{self, File},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The environment variable with the path of the control file, which the preloaded library reads.
const CONTROL: &str = "DATELINE_TEST_FAULT_CONTROL";

// Byte offsets of fields in the control file. They must match `struct control` in `shim.c`.
const OPERATIONS: u64 = 4;
const TRACED: u64 = 20;
const FAILED: u64 = 40;
const SUFFIXES: u64 = 48;
const SUFFIXES_SIZE: usize = 80;
const TRACE: u64 = 128;
const SIZE: u64 = 4096;

/// File name suffixes of a SQLite database: the database file, the write-ahead log and the shared memory. The trace
/// identifies a file by the position of its suffix here, counted from 1.
const FILES: [&str; 3] = [".db", "-wal", "-shm"];

/// The file operations that a fault can affect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operations {
    Writes,
    Syncs,
    /// Writes, syncs, and operations that change the size of a file.
    All,
}

/// A disk fault: which file operations fail, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Name of the fault in the printed table.
    pub(crate) name: &'static str,
    pub(crate) operations: Operations,
    /// The `errno` that a failed operation sets.
    pub(crate) error: i32,
    /// True if only one operation fails; false if all later operations fail, too.
    pub(crate) only_once: bool,
    /// True if the first affected write writes only half of its bytes, as on an almost full disk, and the next
    /// operation fails.
    pub(crate) shortened: bool,
}

pub(crate) const EIO: i32 = 5;
pub(crate) const EFBIG: i32 = 27;
pub(crate) const ENOSPC: i32 = 28;
pub(crate) const EDQUOT: i32 = 122;

/// An operation on a database file, for example `sync -wal` (a sync of the write-ahead log).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation {
    pub(crate) file: &'static str,
    pub(crate) kind: &'static str,
    /// True if the fault made the operation fail or shortened it.
    pub(crate) failed: bool,
}

/// Controls the faults that are injected into one program.
#[derive(Debug)]
pub(crate) struct Faults {
    shim: PathBuf,
    path: PathBuf,
    control: File,
}

/// Compiles `shim.c` at the first call. Returns the path of the library, or `None` if there is no C compiler or the
/// system is not Linux.
fn shim() -> Option<&'static Path> {
    static SHIM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let compile = || {
        if !cfg!(target_os = "linux") {
            return Err("they need Linux".to_owned());
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (shim, temporary) =
            (folder.join("fault-shim.so"), folder.join(format!("fault-shim-{}.so", std::process::id())));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/durability/shim.c");
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-o"])
            .args([&temporary, &source])
            .arg("-ldl")
            .output()
            .map_err(|error| format!("no C compiler (cc): {error}"))?;
        assert!(output.status.success(), "shim.c: {}", String::from_utf8_lossy(&output.stderr));
        // Replaces the library with an atomic rename, because another process may be using the existing file.
        fs::rename(temporary, &shim).unwrap();
        Ok(shim)
    };
    let compiled = SHIM.get_or_init(|| match compile() {
        Ok(shim) => Some(shim),
        Err(reason) => {
            // `eprintln!` would be captured by the test harness.
            let _ = writeln!(std::io::stderr(), "note: tests with disk faults are skipped: {reason}");
            None
        }
    });
    compiled.as_deref()
}

impl Faults {
    /// Creates the control file in a folder, without an active fault. Returns `None` if `shim.c` cannot be compiled.
    pub(crate) fn new(folder: &Path) -> Option<Self> {
        let shim = shim()?.to_owned();
        let path = folder.join("faults");
        let control = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        control.set_len(SIZE).unwrap();
        let faults = Self { shim, path, control };
        let mut suffixes = FILES.join(" ").into_bytes();
        suffixes.resize(SUFFIXES_SIZE, 0);
        faults.control.write_all_at(&suffixes, SUFFIXES).unwrap();
        Some(faults)
    }

    /// Makes a command preload the library and use this control file.
    pub(crate) fn preload(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.shim).env(CONTROL, &self.path);
    }

    /// Activates a fault: `after` affected operations succeed, then the fault occurs. Resets the counters and the
    /// trace.
    pub(crate) fn arm(&self, fault: &Fault, after: u64) {
        self.disarm();
        let operations: u32 = match fault.operations {
            Operations::Writes => 1,
            Operations::Syncs => 2,
            Operations::All => 7,
        };
        let mut bytes = Vec::new();
        for value in [operations, fault.error as u32, u32::from(fault.only_once), u32::from(fault.shortened), 0] {
            bytes.extend(value.to_ne_bytes());
        }
        for value in [after, 0, 0] {
            bytes.extend(u64::to_ne_bytes(value));
        }
        self.control.write_all_at(&bytes, OPERATIONS).unwrap();
        self.control.write_all_at(&1u32.to_ne_bytes(), 0).unwrap();
    }

    /// Deactivates the fault. Keeps the counters and the trace.
    pub(crate) fn disarm(&self) {
        self.control.write_all_at(&0u32.to_ne_bytes(), 0).unwrap();
    }

    fn read_u64(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, at).unwrap();
        u64::from_ne_bytes(bytes)
    }

    /// Returns the number of operations that have failed since the last call of `arm`.
    pub(crate) fn failed(&self) -> u64 {
        self.read_u64(FAILED)
    }

    /// Returns the operations on the database files since the last call of `arm`, at most 3,968.
    pub(crate) fn trace(&self) -> Vec<Operation> {
        let mut count = [0; 4];
        self.control.read_exact_at(&mut count, TRACED).unwrap();
        let mut bytes = vec![0; u32::from_ne_bytes(count).min((SIZE - TRACE) as u32) as usize];
        self.control.read_exact_at(&mut bytes, TRACE).unwrap();
        let operation = |byte: u8| {
            let kind = match byte & 15 {
                1 => "write",
                2 => "sync",
                _ => "resize",
            };
            let file = FILES.get(usize::from(byte >> 4 & 7).wrapping_sub(1)).copied().unwrap_or("?");
            Operation { file, kind, failed: byte >= 0x80 }
        };
        bytes.into_iter().map(operation).collect()
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
