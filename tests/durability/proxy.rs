//! A TCP proxy between Dateline and PostgreSQL that injects faults: it cuts or stalls connections, or makes
//! statements fail. It parses only as much of the PostgreSQL protocol (version 3) as it needs to recognise messages,
//! requests, and transactions.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::wire::{ServerStream, Upstream, query_message, read_cstring, read_message};

/// Stands for "no request" where a request number is stored.
const NO_REQUEST: u64 = u64::MAX;

/// The fault that the proxy injects at a SQL statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyFault {
    /// The proxy closes the connection before PostgreSQL receives the statement.
    CutBefore,
    /// The proxy forwards the statement, then closes the connection before Dateline receives the response.
    CutAfter,
    /// All traffic in both directions stops, starting with the statement.
    StallBefore,
    /// All traffic in both directions stops, starting with the response to the statement.
    StallAfter,
    /// PostgreSQL responds to the statement with an error that has this SQLSTATE.
    Raise(&'static str),
}

/// Where the proxy injects a fault: at the statement with an index, counted from 0, or at the COMMIT with an index.
/// Only statements inside transactions count. COMMITs are also counted separately, because the number of statements
/// before a COMMIT varies: connections cache prepared statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InjectionPoint {
    Statement(usize),
    Commit(usize),
}

/// A running proxy. Dropping this value stops the proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// The local port on which the proxy accepts connections.
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// All traffic passes.
    #[default]
    Open,
    /// No traffic passes, but connections stay open.
    Stalled,
    /// The proxy closes new connections at once.
    Refusing,
    Ended,
}

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    /// Whether the proxy counts statements and injects the planned fault.
    armed: bool,
    /// The planned fault and the point at which to inject it.
    plan: Option<(InjectionPoint, ProxyFault)>,
    /// Index of the statement at which the fault was injected; `None` before that.
    injected_at: Option<usize>,
    /// The statements inside transactions since the last call of `arm`.
    trace: Vec<String>,
    /// The open connections from Dateline, by connection number.
    open: HashMap<u64, TcpStream>,
    opened: u64,
}

/// Counts the requests of one connection. The proxy matches responses to requests by number: PostgreSQL responds in
/// order, and each response ends with a `ReadyForQuery` message.
#[derive(Debug)]
struct Requests {
    sent: AtomicU64,
    /// Number of the request whose response is dropped, or [`NO_REQUEST`].
    cut: AtomicU64,
    /// Number of the request that the proxy replaced by a failing statement and a ROLLBACK, or [`NO_REQUEST`].
    replaced: AtomicU64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Blocks while the mode is `Stalled`.
    fn wait(&self) {
        let state = self.state();
        drop(self.changed.wait_while(state, |state| state.mode == Mode::Stalled));
    }

    /// Counts a statement inside a transaction. Returns the fault to inject at this statement, if there is one.
    fn next(&self, statement: &str) -> Option<ProxyFault> {
        let mut state = self.state();
        if !state.armed {
            return None;
        }
        let number = state.trace.len();
        state.trace.push(statement.to_owned());
        let is_commit = |statement: &str| statement.starts_with("COMMIT");
        let (point, fault) = state.plan?;
        let is_match = match point {
            InjectionPoint::Statement(at) => at == number,
            InjectionPoint::Commit(at) => {
                is_commit(statement) && state.trace.iter().filter(|statement| is_commit(statement)).count() == at + 1
            }
        };
        if !is_match {
            return None;
        }
        state.injected_at = Some(number);
        Some(fault)
    }
}

impl Proxy {
    /// Starts a proxy on a free port. It forwards to the PostgreSQL server of a URL.
    pub(crate) fn new(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let (upstream, accepting) = (Upstream::from_url(url), shared.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mode = accepting.state().mode;
                if mode == Mode::Ended {
                    return;
                }
                if mode != Mode::Refusing {
                    let (shared, upstream) = (accepting.clone(), upstream.clone());
                    thread::spawn(move || forward_connection(&shared, &upstream, client));
                }
            }
        });
        Self { port, shared }
    }

    /// Converts the URL of a database to the URL that reaches the same database through the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        let (server, _) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, rest) = server.split_once("://").unwrap();
        let (authority, name) = rest.split_once('/').unwrap();
        let user = authority.rsplit_once('@').map_or("postgres", |(user, _)| user);
        format!("{scheme}://{user}@127.0.0.1:{}/{name}?sslmode=disable", self.port)
    }

    /// Starts to count the statements inside transactions, and plans the fault in `plan`, if there is one.
    pub(crate) fn arm(&self, plan: Option<(InjectionPoint, ProxyFault)>) {
        self.shared.change(|state| {
            state.armed = true;
            state.plan = plan;
            state.injected_at = None;
            state.trace.clear();
        });
    }

    /// Returns the statements inside transactions since the last call of `arm`.
    pub(crate) fn statements(&self) -> Vec<String> {
        self.shared.state().trace.clone()
    }

    /// Lets all traffic pass again and ends the count. Returns the index of the statement at which the planned fault
    /// was injected.
    pub(crate) fn reset(&self) -> Option<usize> {
        let mut injected_at = None;
        self.shared.change(|state| {
            injected_at = state.injected_at.take();
            state.armed = false;
            state.mode = Mode::Open;
        });
        injected_at
    }

    /// Stops all traffic, with open connections, until `reset` is called.
    pub(crate) fn stall(&self) {
        self.shared.change(|state| state.mode = Mode::Stalled);
    }

    /// Closes all connections, and closes new connections at once until `reset` is called.
    pub(crate) fn refuse(&self) {
        self.cut(Mode::Refusing);
    }

    fn cut(&self, mode: Mode) {
        self.shared.change(|state| {
            state.mode = mode;
            for client in state.open.values() {
                let _ = client.shutdown(Shutdown::Both);
            }
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut(Mode::Ended);
        // Opens a connection to wake the accept loop, which then ends.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Forwards one connection from Dateline in both directions, until either end closes the connection.
fn forward_connection(shared: &Arc<Shared>, upstream: &Upstream, client: TcpStream) {
    shared.wait();
    let Ok(server) = upstream.connect() else { return };
    let _ = client.set_nodelay(true);
    let (Ok(registered), Ok(to_client), Ok(from_server)) = (client.try_clone(), client.try_clone(), server.try_clone())
    else {
        return;
    };
    let mut number = 0;
    shared.change(|state| {
        number = state.opened;
        state.opened += 1;
        state.open.insert(number, registered);
    });
    // PostgreSQL responds to the startup message with a `ReadyForQuery`, too, so the startup message counts as
    // request 0.
    let requests = Arc::new(Requests {
        sent: AtomicU64::new(1),
        cut: AtomicU64::new(NO_REQUEST),
        replaced: AtomicU64::new(NO_REQUEST),
    });
    let response_thread = {
        let (shared, requests) = (shared.clone(), requests.clone());
        thread::spawn(move || {
            let (mut from_server, mut to_client) = (from_server, to_client);
            let _ = forward_responses(&shared, &requests, &mut from_server, &mut to_client);
            let _ = to_client.shutdown(Shutdown::Both);
            from_server.shutdown();
        })
    };
    let (mut client, mut server) = (client, server);
    let _ = forward_requests(shared, &requests, &mut client, &mut server);
    if requests.cut.load(Ordering::SeqCst) == NO_REQUEST {
        // Closes the connection to PostgreSQL, too, even if a response is missing, because Dateline cannot receive it
        // any more.
        let _ = client.shutdown(Shutdown::Both);
        server.shutdown();
    }
    let _ = response_thread.join();
    shared.change(|state| drop(state.open.remove(&number)));
}

/// Forwards messages from Dateline to PostgreSQL and injects faults, until either end closes the connection.
fn forward_requests(
    shared: &Shared,
    requests: &Requests,
    client: &mut TcpStream,
    server: &mut ServerStream,
) -> io::Result<()> {
    let mut length = [0; 4];
    client.read_exact(&mut length)?;
    let mut start = length.to_vec();
    start.resize(u32::from_be_bytes(length) as usize, 0);
    client.read_exact(&mut start[4..])?;
    shared.wait();
    server.write_all(&start)?;

    let mut statements: HashMap<String, String> = HashMap::new();
    let (mut batch, mut statement, mut in_transaction) = (Vec::new(), String::new(), false);
    loop {
        let (message_type, bytes) = read_message(client)?;
        match message_type {
            b'Q' => statement = read_cstring(&bytes[5..]).0,
            b'P' => {
                let (name, rest) = read_cstring(&bytes[5..]);
                let sql = read_cstring(rest).0;
                statement = format!("prepare {sql}");
                statements.insert(name, sql);
            }
            b'B' => {
                let (_, rest) = read_cstring(&bytes[5..]);
                statement = statements.get(&read_cstring(rest).0).cloned().unwrap_or_default();
            }
            _ => {}
        }
        batch.extend(bytes);
        if !matches!(message_type, b'Q' | b'S') {
            if matches!(message_type, b'X' | b'p' | b'H') {
                shared.wait();
                server.write_all(&batch)?;
                batch.clear();
            }
            continue;
        }
        let (begins, commits) = (statement.starts_with("BEGIN"), statement.starts_with("COMMIT"));
        let ends = commits || statement.starts_with("ROLLBACK");
        in_transaction |= begins;
        let fault = if in_transaction && (commits || !ends) { shared.next(&statement) } else { None };
        in_transaction &= !ends;
        let number = requests.sent.fetch_add(1, Ordering::SeqCst);
        match fault {
            Some(ProxyFault::CutBefore) => return Ok(()),
            Some(ProxyFault::CutAfter) => requests.cut.store(number, Ordering::SeqCst),
            Some(ProxyFault::StallBefore) => shared.change(|state| state.mode = Mode::Stalled),
            Some(ProxyFault::Raise(code)) => {
                batch = query_message(&format!(
                    "DO $$ BEGIN RAISE EXCEPTION 'injected by a test' USING ERRCODE = '{code}'; END $$"
                ));
                if commits {
                    // A COMMIT that fails ends the transaction, so the proxy adds a ROLLBACK to the failing
                    // statement. After the failure of another statement, Dateline rolls back.
                    requests.replaced.store(number, Ordering::SeqCst);
                    requests.sent.fetch_add(1, Ordering::SeqCst);
                    batch.extend(query_message("ROLLBACK"));
                }
            }
            Some(ProxyFault::StallAfter) => {
                shared.state().mode = Mode::Stalled;
                server.write_all(&batch)?;
                batch.clear();
            }
            None => {}
        }
        shared.wait();
        server.write_all(&batch)?;
        batch.clear();
        statement.clear();
    }
}

/// Forwards messages from PostgreSQL to Dateline, until either end closes the connection.
fn forward_responses(
    shared: &Shared,
    requests: &Requests,
    server: &mut ServerStream,
    client: &mut TcpStream,
) -> io::Result<()> {
    let mut response_number = 0;
    loop {
        let (message_type, bytes) = read_message(server)?;
        let ready = message_type == b'Z';
        let replaced = requests.replaced.load(Ordering::SeqCst);
        let withheld = (response_number == replaced && ready)
            || (replaced != NO_REQUEST && response_number == replaced + 1 && !ready);
        if response_number == requests.cut.load(Ordering::SeqCst) {
            if ready {
                return Ok(());
            }
        } else if !withheld {
            shared.wait();
            client.write_all(&bytes)?;
        }
        response_number += u64::from(ready);
    }
}
