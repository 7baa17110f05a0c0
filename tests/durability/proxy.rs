//! A TCP proxy between Dateline and PostgreSQL that injects faults: cut, stalled, or failing statements. It parses
//! the PostgreSQL protocol (version 3) only to find messages, requests, and transactions.

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

/// A number that no request has.
const NO_REQUEST: u64 = u64::MAX;

/// A fault at a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyFault {
    /// Closes the connection before the server receives the statement.
    CutBefore,
    /// Forwards the statement, then closes the connection before its response arrives.
    CutAfter,
    /// Stops all traffic in both directions, starting with the statement.
    StallBefore,
    /// Stops all traffic in both directions, starting with the response to the statement.
    StallAfter,
    /// Makes the server fail with this SQLSTATE.
    Raise(&'static str),
}

/// Index of the statement in transactions, from 0. The number of statements varies, because connections cache
/// prepared statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InjectionPoint {
    Statement(usize),
    Commit(usize),
}

/// A proxy; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// The port that it listens on.
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
    /// No traffic passes; connections stay open.
    Stalled,
    /// New connections are closed at once.
    Refusing,
    Ended,
}

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    /// Whether statements are counted.
    armed: bool,
    /// The planned fault and its injection point.
    plan: Option<(InjectionPoint, ProxyFault)>,
    /// Index of the statement at which the fault was injected.
    injected_at: Option<usize>,
    /// The statements in transactions since the proxy was armed.
    trace: Vec<String>,
    /// The connections to Dateline, by number.
    open: HashMap<u64, TcpStream>,
    opened: u64,
}

/// The requests of one connection, in order. Each response ends with a `ReadyForQuery` message.
#[derive(Debug)]
struct Requests {
    sent: AtomicU64,
    /// The request whose response is dropped.
    cut: AtomicU64,
    /// The request that was replaced by an error and a rollback.
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

    /// Blocks while traffic is stalled.
    fn wait(&self) {
        let state = self.state();
        drop(self.changed.wait_while(state, |state| state.mode == Mode::Stalled));
    }

    /// Counts a statement of a transaction and returns the fault to inject at it, if any.
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
    /// Starts a proxy on a free port for the server of a URL.
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

    /// Returns the URL of a database through the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        let (server, _) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, rest) = server.split_once("://").unwrap();
        let (authority, name) = rest.split_once('/').unwrap();
        let user = authority.rsplit_once('@').map_or("postgres", |(user, _)| user);
        format!("{scheme}://{user}@127.0.0.1:{}/{name}?sslmode=disable", self.port)
    }

    /// Starts counting statements in transactions, and plans a fault at one of them.
    pub(crate) fn arm(&self, plan: Option<(InjectionPoint, ProxyFault)>) {
        self.shared.change(|state| {
            state.armed = true;
            state.plan = plan;
            state.injected_at = None;
            state.trace.clear();
        });
    }

    /// Returns the statements in transactions since the proxy was armed.
    pub(crate) fn statements(&self) -> Vec<String> {
        self.shared.state().trace.clone()
    }

    /// Lets all traffic pass again. Returns the index of the statement at which a fault was injected.
    pub(crate) fn reset(&self) -> Option<usize> {
        let mut injected_at = None;
        self.shared.change(|state| {
            injected_at = state.injected_at.take();
            state.armed = false;
            state.mode = Mode::Open;
        });
        injected_at
    }

    /// Stops all traffic until `reset`.
    pub(crate) fn stall(&self) {
        self.shared.change(|state| state.mode = Mode::Stalled);
    }

    /// Closes all connections and refuses new ones until `reset`.
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
        // Wakes the accept loop, so that it ends.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Forwards one connection in both directions until either end closes it.
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
    // The server answers the startup message like a request, so it counts as the first request.
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
        // Close the server side even if it would still respond, because no client would receive the response.
        let _ = client.shutdown(Shutdown::Both);
        server.shutdown();
    }
    let _ = response_thread.join();
    shared.change(|state| drop(state.open.remove(&number)));
}

/// Forwards messages from Dateline to the server until either end closes the connection.
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
                    // A failed COMMIT ends the transaction, so a rollback is added. After other failures the client
                    // rolls back.
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

/// Forwards messages from the server to Dateline until either end closes the connection.
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
