//! Helpers of the proxy: connects to the PostgreSQL server, and reads and writes messages of the PostgreSQL protocol
//! (version 3).

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    os::unix::net::UnixStream,
};

/// The address of the PostgreSQL server.
#[derive(Clone, Debug)]
pub(crate) enum Upstream {
    Unix(String),
    Tcp(String),
}

#[derive(Debug)]
pub(crate) enum ServerStream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Upstream {
    /// Returns the server address in a database URL: the folder of a Unix socket (`?host=/…`), or host and port.
    pub(crate) fn from_url(url: &str) -> Self {
        let (server, options) = url.split_once('?').unwrap_or((url, ""));
        if let Some(folder) = options.split('&').find_map(|option| option.strip_prefix("host=")) {
            return Self::Unix(format!("{}/.s.PGSQL.5432", folder.replace("%2F", "/").replace("%2f", "/")));
        }
        let authority = server.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        Self::Tcp(if host.contains(':') { host.to_owned() } else { format!("{host}:5432") })
    }

    pub(crate) fn connect(&self) -> io::Result<ServerStream> {
        Ok(match self {
            Self::Unix(path) => ServerStream::Unix(UnixStream::connect(path)?),
            Self::Tcp(address) => ServerStream::Tcp(TcpStream::connect(address)?),
        })
    }
}

impl ServerStream {
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
        })
    }

    pub(crate) fn shutdown(&self) {
        // Errors are ignored, because the connection may be closed already.
        let _ = match self {
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

impl Read for ServerStream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(bytes),
            Self::Tcp(stream) => stream.read(bytes),
        }
    }
}

impl Write for ServerStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads one message. Returns the type byte, and all bytes of the message including the type byte.
pub(crate) fn read_message(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let mut bytes = head.to_vec();
    bytes.resize(1 + length.max(4), 0);
    from.read_exact(&mut bytes[5..])?;
    Ok((head[0], bytes))
}

/// Splits bytes after a zero-terminated string. Returns the string and the remaining bytes.
pub(crate) fn read_cstring(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    (String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes.get(end + 1..).unwrap_or_default())
}

/// Encodes a SQL statement as a `Query` message (simple query protocol).
pub(crate) fn query_message(statement: &str) -> Vec<u8> {
    let mut bytes = vec![b'Q'];
    bytes.extend((statement.len() as u32 + 5).to_be_bytes());
    bytes.extend(statement.as_bytes());
    bytes.push(0);
    bytes
}
