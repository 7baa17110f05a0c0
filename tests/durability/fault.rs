//! Disk fault injection: compiles and preloads `shim.c`, which makes writes and syncs of a program fail. Needs Linux
//! and a C compiler; without them the tests with disk faults are skipped.

use std::{
    env,
    fs::{self, File},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The environment variable with the path of the control file.
const CONTROL: &str = "DATELINE_TEST_FAULT_CONTROL";

// Offsets in the control file; they must match `struct control` in `shim.c`.
const OPERATIONS: u64 = 4;
const TRACED: u64 = 20;
const FAILED: u64 = 40;
const SUFFIXES: u64 = 48;
const SUFFIXES_SIZE: usize = 80;
const TRACE: u64 = 128;
const SIZE: u64 = 4096;

/// File name suffixes of a SQLite database (`….db`), in the order of their numbers in the trace.
const FILES: [&str; 3] = [".db", "-wal", "-shm"];

/// The file operations that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operations {
    Writes,
    Syncs,
    /// Writes, syncs, and operations that change the size of a file.
    All,
}

/// A fault: which operations fail, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Name in the printed table.
    pub(crate) name: &'static str,
    pub(crate) operations: Operations,
    /// The errno of a failed operation.
    pub(crate) error: i32,
    /// True if only one operation fails; false if all later ones fail, too.
    pub(crate) only_once: bool,
    /// True if the first write is cut in half, as on an almost full disk, and the next operation fails.
    pub(crate) shortened: bool,
}

pub(crate) const EIO: i32 = 5;
pub(crate) const EFBIG: i32 = 27;
pub(crate) const ENOSPC: i32 = 28;
pub(crate) const EDQUOT: i32 = 122;

/// An operation on a file, for example `sync -wal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation {
    pub(crate) file: &'static str,
    pub(crate) kind: &'static str,
    /// True if the operation failed or was shortened.
    pub(crate) failed: bool,
}

/// Controls the injected faults of one program.
#[derive(Debug)]
pub(crate) struct Faults {
    shim: PathBuf,
    path: PathBuf,
    control: File,
}

/// Returns the path of the compiled shim; `None` without a C compiler or on other systems than Linux.
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
        // An atomic rename, because another process may be using the existing file.
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
    /// Creates the control file with no fault armed. `None` if the shim is not available.
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

    /// Preloads the shim into the program of a command.
    pub(crate) fn preload(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.shim).env(CONTROL, &self.path);
    }

    /// Arms a fault: `after` matching operations succeed, then the fault occurs. Resets counters and trace.
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

    /// Disarms the fault; counters and trace are kept.
    pub(crate) fn disarm(&self) {
        self.control.write_all_at(&0u32.to_ne_bytes(), 0).unwrap();
    }

    fn read_u64(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, at).unwrap();
        u64::from_ne_bytes(bytes)
    }

    /// Returns the number of operations that failed since the fault was armed.
    pub(crate) fn failed(&self) -> u64 {
        self.read_u64(FAILED)
    }

    /// Returns the operations on the database files since the fault was armed, up to 3,968.
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
