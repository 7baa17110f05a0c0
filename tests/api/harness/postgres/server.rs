//! Starts a temporary PostgreSQL server that stops when this process exits. A shell script (`server.sh`) creates the
//! server and waits on a pipe from this process. When the pipe closes, the script stops the server and deletes its
//! folder. PostgreSQL refuses to run as root, so root runs the script as the user `postgres` or `nobody`.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

/// Timeout for creating and starting the server. Of this time, `server.sh` allows 30 s for the start.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Returns the folder that contains PostgreSQL's programs. Searches the folders in `path` first, then the usual
/// installation folders for the newest version.
pub(super) fn find_programs(path: &str) -> Option<PathBuf> {
    let has_all_programs =
        |folder: &PathBuf| ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file());
    if let Some(folder) = env::split_paths(path).find(has_all_programs) {
        return Some(folder);
    }
    // The usual installation folders. Each entry has a parent folder, the name of the installation's folder without
    // its version, and the subfolder of the programs.
    let locations = [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr/lib", "postgresql", "bin"),
        ("/usr/libexec", "postgresql", ""),
        ("/usr", "pgsql", "bin"),
        ("/usr/local", "pgsql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
    ];
    let mut installations = Vec::new();
    for (parent, prefix, subfolder) in locations {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(version) = name.strip_prefix(prefix) {
                let version: u32 = version.trim_start_matches(['-', '@']).parse().unwrap_or(0);
                installations.push((version, entry.path().join(subfolder)));
            }
        }
    }
    installations.retain(|(_, folder)| has_all_programs(folder));
    installations.into_iter().max().map(|(_, folder)| folder)
}

/// A temporary PostgreSQL server. The server stops when this value is dropped or this process exits.
#[derive(Debug)]
pub(crate) struct Server {
    /// URL of the database `postgres` on this server.
    pub(crate) url: String,
    /// Folder of the server. The subfolder `data` contains the databases.
    pub(crate) folder: PathBuf,
    /// Standard input of the script that runs the server. The script stops the server when this pipe closes.
    shell_stdin: ChildStdin,
    replies: Mutex<mpsc::Receiver<String>>,
}

impl Server {
    /// Runs a `pg_ctl` command on the server: `stop fast`, `start`, or `restart immediate`.
    pub(crate) fn control(&mut self, command: &str) {
        writeln!(self.shell_stdin, "{command}").expect("write to the server's shell");
        let reply = self.replies.get_mut().unwrap_or_else(PoisonError::into_inner).recv_timeout(START_TIMEOUT);
        assert_eq!(reply.as_deref(), Ok("done"), "pg_ctl {command}");
    }
}

/// Creates a server in a temporary folder and waits until the server accepts connections.
pub(super) fn start(program_folder: &Path) -> Result<Server, String> {
    let start_error = |subject: &str, error: &dyn std::fmt::Display| {
        format!("the temporary PostgreSQL server of {} did not start: {subject}: {error}", program_folder.display())
    };
    let root = output_of("id", &["-u"]).as_deref() == Some("0");
    let folder = tempfile::Builder::new()
        .prefix("dateline-postgres-")
        .tempdir_in(parent_folder(root))
        .map_err(|error| start_error("cannot create its folder", &error))?;
    let script = folder.path().join("server.sh");
    fs::write(&script, include_str!("server.sh")).map_err(|error| start_error("cannot write its script", &error))?;

    let mut command = if root {
        unprivileged(folder.path(), &script, program_folder)
            .map_err(|error| start_error("root cannot run it, and cannot run it as another user", &error))?
    } else {
        let mut command = Command::new("sh");
        command.arg(&script).arg(program_folder);
        command
    };
    // The script runs in a separate process group, so that Ctrl-C in the terminal stops only the tests. The script
    // then stops the server.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut shell = command.spawn().map_err(|error| start_error("cannot start its shell", &error))?;
    let (shell_stdin, output) =
        shell.stdin.take().zip(shell.stdout.take()).ok_or_else(|| start_error("its shell", &"no pipes"))?;
    // From here on the script deletes the folder.
    let folder = folder.keep();

    let (sender, replies) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line.trim().to_owned()).is_err() {
                return;
            }
        }
    });
    let first_reply = replies.recv_timeout(START_TIMEOUT);
    if first_reply.as_deref() == Ok("ready") {
        let url = format!("postgres://postgres@localhost/postgres?host={}", folder.display());
        return Ok(Server { url, folder, shell_stdin, replies: Mutex::new(replies) });
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_else(|error| error.to_string());
    drop(shell_stdin);
    if first_reply != Err(mpsc::RecvTimeoutError::Timeout) {
        // The script has exited without deleting the folder.
        let _ = shell.wait();
        let _ = fs::remove_dir_all(folder);
    }
    Err(start_error("its log", &log))
}

/// Returns the folder in which to create the server's folder: the in-memory `/dev/shm` if it has 2 GB of free space,
/// because each database consists of hundreds of files; otherwise a folder for temporary files.
fn parent_folder(root: bool) -> PathBuf {
    let free_kilobytes = output_of("df", &["-Pk", "/dev/shm"])
        .and_then(|table| table.lines().last()?.split_whitespace().nth(3)?.parse::<u64>().ok());
    if free_kilobytes.is_some_and(|kilobytes| kilobytes > 2_000_000) {
        return PathBuf::from("/dev/shm");
    }
    // The path must be short and plain, because it becomes part of a URL and of a socket path, which may have about
    // 100 bytes. If root runs the tests, another user must be able to access the folder.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let temp_folder = env::temp_dir();
    let fits = temp_folder.to_str().is_some_and(|text| text.len() < 60 && text.chars().all(is_plain));
    if fits && !root { temp_folder } else { PathBuf::from("/tmp") }
}

/// Returns a command that runs the script as the user `postgres` or `nobody`, and makes that user the owner of the
/// folder. The command switches users with `setpriv`, `runuser` or `su`, whichever is available.
fn unprivileged(folder: &Path, script: &Path, program_folder: &Path) -> Result<Command, String> {
    let numeric_id = |of: &str, user: &str| output_of("id", &[of, user])?.parse::<u32>().ok();
    let (user, uid, gid) = ["postgres", "nobody"]
        .into_iter()
        .find_map(|user| Some((user, numeric_id("-u", user)?, numeric_id("-g", user)?)))
        .ok_or("there is no user postgres or nobody")?;
    chown(folder, Some(uid), Some(gid)).map_err(|error| error.to_string())?;

    let (owner, group) = (format!("--reuid={uid}"), format!("--regid={gid}"));
    let launchers = [("setpriv", vec![&*owner, &*group, "--clear-groups"]), ("runuser", vec!["-u", user, "--"])];
    for (program, arguments) in launchers {
        if output_of(program, &[&arguments[..], &["true"]].concat()).is_some() {
            let mut command = Command::new(program);
            command.args(arguments).arg("sh").arg(script).arg(program_folder);
            return Ok(command);
        }
    }
    let mut command = Command::new("su");
    command.args(["-s", "/bin/sh", user, "-c"]).arg(format!(
        "exec sh '{}' '{}'",
        script.display(),
        program_folder.display()
    ));
    Ok(command)
}

/// Runs a program. Returns its standard output if it succeeds.
fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
