//! Runs the server as a child process: starts it with a timeout, sends it signals, and kills it when the value is
//! dropped.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    fault::Faults,
    server_process::{dateline, run},
};

/// Maximum startup time of the server. It is long, because a debug build on a busy machine starts slowly.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// A running server. Dropping this value kills it.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    pub(crate) port: u16,
    log: PathBuf,
}

/// How to run a server: its folder, its database, and the disk faults to inject.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup<'a> {
    /// Working directory of the server, which also contains its log.
    pub(crate) folder: &'a Path,
    pub(crate) url: &'a str,
    pub(crate) faults: Option<&'a Faults>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains(" INFO ")).collect();
            println!("last warnings of the server:\n{}", lines[lines.len().saturating_sub(8)..].join("\n"));
        }
    }
}

/// Sends a signal, for example `TERM` or `STOP`, to processes.
pub(crate) fn signal(name: &str, processes: &[u32]) {
    let ids = processes.iter().map(u32::to_string);
    // Errors are ignored, because a process may have ended already.
    let _ = Command::new("kill").arg(format!("-{name}")).args(ids).stderr(Stdio::null()).status();
}

impl Setup<'_> {
    /// Starts a server and waits until the server prints its address.
    pub(crate) fn serve(&self) -> Program {
        let (mut program, port) = self.spawn();
        match port.recv_timeout(START_TIMEOUT) {
            Ok(port) => program.port = port,
            Err(error) => panic!("the server did not start ({error}):\n{}", program.log()),
        }
        program
    }

    /// Starts a server without waiting. The receiver gets the port when the server prints its address.
    pub(crate) fn spawn(&self) -> (Program, mpsc::Receiver<u16>) {
        let log = self.folder.join("log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let mut command = dateline(self.folder);
        if let Some(faults) = self.faults {
            faults.preload(&mut command);
        }
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--database", self.url])
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .expect("start the server");
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, port) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once(" releases at http://127.0.0.1:") {
                    let _ = sender.send(
                        rest.split('/').next().and_then(|port| port.parse().ok()).expect("the line contains a port"),
                    );
                }
            }
        });
        (Program { child, port: 0, log }, port)
    }

    /// Creates an access token with `dateline token create`, which also creates and migrates the database if
    /// necessary. Returns the secret.
    pub(crate) fn token(&self, subject: &str, role: &str) -> String {
        let name = ["token", "create", "--subject", subject, "--name", "durability", "--role", role];
        let (code, secret, stderr) = run(self.folder, &[&name[..], &["--database", self.url]].concat());
        assert_eq!(code, Some(0), "{stderr}");
        secret.trim().to_owned()
    }
}

impl Program {
    /// Kills the server with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(name, &[self.child.id()]);
    }

    /// Waits until the server exits. Returns its exit status, or `None` if it does not exit within `time`.
    pub(crate) fn wait_for_exit(&mut self, time: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        loop {
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() || started.elapsed() > time {
                return ended;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Returns the log in the folder, which contains the lines of this server and of earlier servers in the same
    /// folder.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}
