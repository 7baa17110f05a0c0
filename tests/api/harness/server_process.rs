//! Runs the real program as a child process: a command to its end, or a server on a free port.
//! `ServerProcess` is killed when it is dropped. Also sends single HTTP requests to it over TCP.
//! The environment is cleared, so settings come only from the test. `tests/durability` uses this module too.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// The command, in a folder, with an environment of its own.
pub(crate) fn dateline(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dateline"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// Runs it to its end: exit code, what it printed, what it told.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = dateline(folder).args(arguments).output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

/// A server that is ended with the test.
pub(crate) struct ServerProcess {
    pub(crate) child: Child,
    pub(crate) port: u16,
    /// What it printed before it served.
    pub(crate) startup_output: String,
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves on a port of its own choice, and waits until it does.
pub(crate) fn serve(folder: &Path, arguments: &[&str]) -> ServerProcess {
    serve_with_command(dateline(folder), arguments, Stdio::null())
}

/// The same by a command that has been told something already, with its log where it is wanted.
#[expect(clippy::zombie_processes, reason = "it is waited for when `Served` is dropped")]
pub(crate) fn serve_with_command(mut command: Command, arguments: &[&str], log: Stdio) -> ServerProcess {
    let mut child = command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut startup_output = String::new();
    loop {
        let line = lines.next().expect("it says where it serves").expect("text");
        startup_output += &format!("{line}\n");
        if let Some((_, rest)) = line.split_once("at http://127.0.0.1:") {
            let port = rest.split('/').next().and_then(|port| port.parse().ok()).expect("a port");
            return ServerProcess { child, port, startup_output };
        }
    }
}

/// Posts a query; the whole response.
pub(crate) fn post(port: u16, token: Option<&str>, query: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    exchange(&mut stream, token, &serde_json::json!({ "query": query })).expect("answered")
}

/// Sends a body and reads to the end of the response, which may come to nothing where the server is killed.
pub(crate) fn exchange(stream: &mut TcpStream, token: Option<&str>, body: &serde_json::Value) -> io::Result<String> {
    let body = body.to_string();
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = body.len();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\n{token}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close"
    );
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}
