//! Runs the real program as a child process: a command until it exits, or a server on a free port. Dropping a
//! `ServerProcess` kills the server. The environment of the child is empty, so all settings come from the test. The
//! module also sends single HTTP requests to a server. `tests/durability` uses this module, too.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

/// Returns a command that runs the program in a folder with an empty environment.
pub(crate) fn dateline(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dateline"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// Runs the program in a folder until it exits. Returns the exit code, standard output and standard error.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = dateline(folder).args(arguments).output().expect("run dateline");
    (status.code(), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

/// A running server. Dropping this value kills the server.
pub(crate) struct ServerProcess {
    pub(crate) child: Child,
    pub(crate) port: u16,
    /// The standard output up to and including the line with the server's address.
    pub(crate) startup_output: String,
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server on a free port and waits until the server prints its address.
pub(crate) fn serve(folder: &Path, arguments: &[&str]) -> ServerProcess {
    serve_with_command(dateline(folder), arguments, Stdio::null())
}

/// Like [`serve`], for a prepared command. `log` is the destination of standard error, to which the server logs.
#[expect(clippy::zombie_processes, reason = "`ServerProcess` waits for it when dropped")]
pub(crate) fn serve_with_command(mut command: Command, arguments: &[&str], log: Stdio) -> ServerProcess {
    let mut child = command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("start the server");
    let mut lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
    let mut startup_output = String::new();
    loop {
        let line = lines.next().expect("the server prints its address").expect("UTF-8 output");
        startup_output += &format!("{line}\n");
        if let Some((_, rest)) = line.split_once(" releases at http://127.0.0.1:") {
            let port = rest.split('/').next().and_then(|port| port.parse().ok()).expect("the line contains a port");
            return ServerProcess { child, port, startup_output };
        }
    }
}

/// Posts a query to the server on a port. Returns the whole HTTP response.
pub(crate) fn post(port: u16, token: Option<&str>, query: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connect to the server");
    exchange(&mut stream, token, &serde_json::json!({ "query": query })).expect("receive the response")
}

/// Posts a JSON body and reads until the server closes the connection. The response is incomplete or empty if the
/// server is killed.
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
