//! Load generator: 16 connections with expensive queries and one client with small reads. Reports latency, memory and
//! CPU time.

use std::{
    fmt,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    newsroom::{Random, process_memory},
    search,
};

const CONNECTIONS: usize = 16;
/// Interval between small reads. Also the delay before an attacker connection tries again after a rejection or a
/// disconnection.
const PAUSE: Duration = Duration::from_millis(100);

/// The measurements of one run.
pub struct LoadReport {
    /// Latencies of the small reads in milliseconds, sorted.
    latencies: Vec<f64>,
    answered: usize,
    refused: usize,
    /// Number of attacker connections that ended before a response. Each was replaced by a new connection.
    lost: usize,
    /// Peak of the server's private memory under load, in bytes. `memory_before` is the private memory before the
    /// load.
    memory: u64,
    memory_before: u64,
    /// CPU time of the server, in seconds.
    processor_seconds: f64,
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |part: f64| self.latencies[((self.latencies.len() - 1) as f64 * part).round() as usize];
        writeln!(
            f,
            "{} small reads: median {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
            self.latencies.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        )?;
        writeln!(
            f,
            "expensive queries: {} answered, {} rejected by a limit, {} connections lost",
            self.answered, self.refused, self.lost
        )?;
        writeln!(
            f,
            "server memory: {:.0} MB before, {:.0} MB peak; CPU time {:.1} s",
            self.memory_before as f64 / 1e6,
            self.memory as f64 / 1e6,
            self.processor_seconds
        )
    }
}

/// Puts a server under load for `span`, and returns the measurements. Panics if no query of the attackers was
/// answered, because then there was no load.
pub fn measure(server: u32, port: u16, bodies: Vec<String>, span: Duration) -> LoadReport {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let process = server.to_string();
    let memory_before = process_memory(&process);
    // Run the small reads without load first, so that their data is cached before the measurement.
    let mut reader = SmallReadClient::new(port);
    for _ in 0..20 {
        reader.read();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let [next, answered, refused, lost] = [(); 4].map(|()| Arc::new(AtomicUsize::new(0)));
    let peak = Arc::new(AtomicU64::new(0));
    let bodies = Arc::new(bodies);
    let processor_time_before = search::processor_time(&process);
    for _ in 0..CONNECTIONS {
        let (bodies, next, answered, refused, lost, stop) =
            (bodies.clone(), next.clone(), answered.clone(), refused.clone(), lost.clone(), stop.clone());
        thread::spawn(move || {
            let mut connection = None;
            while !stop.load(Ordering::Relaxed) {
                let body = &bodies[next.fetch_add(1, Ordering::Relaxed) % bodies.len()];
                let counter = match send(&mut connection, address, body) {
                    Ok(200) => {
                        answered.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    Ok(_) => &refused,
                    Err(_) => {
                        connection = None;
                        &lost
                    }
                };
                counter.fetch_add(1, Ordering::Relaxed);
                thread::sleep(PAUSE);
            }
        });
    }
    thread::spawn({
        let (process, peak, stop) = (process.clone(), peak.clone(), stop.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                peak.fetch_max(process_memory(&process), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(50));
            }
        }
    });
    let mut latencies = Vec::new();
    let until = Instant::now() + span;
    while Instant::now() < until {
        let started = Instant::now();
        latencies.push(reader.read().as_secs_f64() * 1e3);
        thread::sleep(PAUSE.saturating_sub(started.elapsed()));
    }
    let processor_seconds = search::processor_time(&process).saturating_sub(processor_time_before);
    stop.store(true, Ordering::Relaxed);
    latencies.sort_by(f64::total_cmp);
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    assert!(
        count(&answered) > 0,
        "no expensive query was answered, {} connections were lost; the server was not under load",
        count(&lost)
    );
    LoadReport {
        latencies,
        answered: count(&answered),
        refused: count(&refused),
        lost: count(&lost),
        memory: peak.load(Ordering::Relaxed),
        memory_before,
        processor_seconds: processor_seconds.as_secs_f64(),
    }
}

/// Client that repeatedly reads one release by its slug, from its own IP address.
struct SmallReadClient {
    stream: TcpStream,
    random: Random,
}

impl SmallReadClient {
    fn new(port: u16) -> Self {
        // Use another loopback address than the attackers, so that the server treats this client as a different
        // one.
        let socket = tokio::net::TcpSocket::new_v4().expect("create a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 2], 0))).expect("bind to 127.0.0.2");
        let connecting = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let stream = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(connecting));
        let stream = stream.and_then(tokio::net::TcpStream::into_std).expect("connect to the server");
        stream.set_nonblocking(false).expect("set a socket option");
        stream.set_nodelay(true).expect("set a socket option");
        Self { stream, random: Random(5) }
    }

    fn read(&mut self) -> Duration {
        let number = 1 + self.random.below(49);
        let query = format!(
            "{{ release(ref: {{slug: \\\"release-{number}\\\"}}) {{ slug headline body {{ markdown }} topics {{ slug name }} places {{ slug name }} }} }}"
        );
        let started = Instant::now();
        let status = exchange(&mut self.stream, &format!("{{\"query\":\"{query}\"}}")).expect("receive a response");
        assert_eq!(status, 200, "a small read failed");
        started.elapsed()
    }
}

/// Sends an attacker's request over the attacker's connection, which is opened if necessary. Returns the status of
/// the response.
fn send(connection: &mut Option<TcpStream>, address: SocketAddr, body: &str) -> std::io::Result<u16> {
    let stream = match connection {
        Some(stream) => stream,
        None => connection.insert(TcpStream::connect(address)?),
    };
    exchange(stream, body)
}

/// Sends a request and reads the whole response. Returns the status of the response.
fn exchange(stream: &mut TcpStream, body: &str) -> std::io::Result<u16> {
    let length = body.len();
    write!(
        stream,
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\naccept: application/graphql-response+json\r\ncontent-length: {length}\r\n\r\n{body}"
    )?;
    let mut buffer = vec![0; 64 * 1024];
    let mut head = Vec::new();
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&buffer[..count]);
        let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&head[..end]).to_ascii_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        let mut left = (end + 4 + length.expect("a response with Content-Length")) - head.len();
        while left > 0 {
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            left -= count;
        }
        return Ok(text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0));
    }
}
