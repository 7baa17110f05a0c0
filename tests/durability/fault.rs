//! Disk fault injection: compiles and preloads `shim.c`, which makes writes and syncs of a program fail.
//! Needs Linux and a C compiler; without them the tests with disk faults are skipped.

use std::{
    env,
    fs::{self, File},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The variable that names the file of commands.
const CONTROL: &str = "DATELINE_TEST_FAULT_CONTROL";

// Where things are in the file of commands; `struct control` in `shim.c`.
const OPERATIONS: u64 = 4;
const TRACED: u64 = 20;
const FAILED: u64 = 40;
const SUFFIXES: u64 = 48;
const SUFFIXES_SIZE: usize = 80;
const TRACE: u64 = 128;
const SIZE: u64 = 4096;

/// The files of a SQLite database, as [`Operation::file`] counts them; they are called `….db`.
const FILES: [&str; 3] = [".db", "-wal", "-shm"];

/// What of the operations on files can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operations {
    Writes,
    Syncs,
    /// Both, and what makes a file longer or shorter.
    All,
}

/// A fault: which operations fail, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// As the table shows it.
    pub(crate) name: &'static str,
    pub(crate) operations: Operations,
    /// The errno.
    pub(crate) error: i32,
    /// One operation fails, or all from there on.
    pub(crate) only_once: bool,
    /// The first write is cut in half before, as on a disk that has a little room left.
    pub(crate) shortened: bool,
}

pub(crate) const EIO: i32 = 5;
pub(crate) const EFBIG: i32 = 27;
pub(crate) const ENOSPC: i32 = 28;
pub(crate) const EDQUOT: i32 = 122;

/// An operation on a file: `sync -wal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Operation {
    pub(crate) file: &'static str,
    pub(crate) kind: &'static str,
    /// It failed, or was cut short.
    pub(crate) failed: bool,
}

/// The faults of one program.
#[derive(Debug)]
pub(crate) struct Faults {
    shim: PathBuf,
    path: PathBuf,
    control: File,
}

/// The compiled shim; none where there is no C compiler, and where it is not Linux.
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
            .map_err(|error| format!("there is no C compiler (cc): {error}"))?;
        assert!(output.status.success(), "shim.c: {}", String::from_utf8_lossy(&output.stderr));
        // In one step: another process may be using the one that is there.
        fs::rename(temporary, &shim).unwrap();
        Ok(shim)
    };
    let compiled = SHIM.get_or_init(|| match compile() {
        Ok(shim) => Some(shim),
        Err(reason) => {
            // Not `eprintln!`, which the test harness keeps to itself.
            let _ = writeln!(std::io::stderr(), "note: the tests with disk faults are left out: {reason}");
            None
        }
    });
    compiled.as_deref()
}

impl Faults {
    /// No fault yet; none can be made where there is no C compiler.
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

    /// Makes a command's program one that can be hurt.
    pub(crate) fn preload(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.shim).env(CONTROL, &self.path);
    }

    /// From here on `after` operations of the fault's kind pass, and then it strikes. Counts anew.
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

    /// Nothing fails any more; what was counted stays.
    pub(crate) fn disarm(&self) {
        self.control.write_all_at(&0u32.to_ne_bytes(), 0).unwrap();
    }

    fn read_u64(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, at).unwrap();
        u64::from_ne_bytes(bytes)
    }

    /// How many operations failed since it was armed.
    pub(crate) fn failed(&self) -> u64 {
        self.read_u64(FAILED)
    }

    /// The operations on the database's files since it was armed, the first 3,968 of them.
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
