//! Classification of database errors: which can be retried, and which mean an outage, a full disk or damage.
//!
//! Maps SQLite result codes (<https://www.sqlite.org/rescode.html>) and SQLSTATE codes
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>) to `ErrorKind`. Callers outside this module
//! receive a `DatabaseError`. This file also decides whether a failed COMMIT may have taken effect.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlxError, SqlxPostgresError, SqlxSqliteError};

/// The reason why a database operation failed, for callers outside `db`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DatabaseError {
    /// The database does not answer, refuses connections, is locked by another process, or reported a disk error or
    /// damage. Nothing was changed. The operation can be retried.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The disk of the database is full. Nothing was changed. The operation can be retried once there is space.
    #[error("the database has no space left: {0}")]
    Full(String),
    /// Writes have stopped until the server is restarted, because the database file is damaged or was replaced, or
    /// because the disk reported an error. Nothing was changed.
    #[error("writes have stopped: {0}")]
    WritesStopped(String),
    /// The server's clock is wrong; the text says why. Nothing was changed. The operation can be retried on another
    /// server, or once the clock is right.
    #[error("the server's clock is wrong, and nothing was changed: {0}")]
    ClockIsOff(String),
    /// COMMIT was sent, but the database did not respond, or the effect of COMMIT could not be confirmed. The
    /// transaction may or may not be committed.
    #[error("it is unknown whether the transaction was committed: {0}")]
    OutcomeUnknown(String),
    /// Any other failure, such as an error in a statement or a value that cannot be decoded. Nothing was changed.
    #[error("the database failed: {0}")]
    Failed(DbErr),
}

/// The kind of an error that the database driver returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorKind {
    /// The connection is lost.
    Lost,
    /// No connection was available in time.
    NoConnection,
    /// Another process holds a lock, or the database asks the client to repeat the transaction.
    Locked,
    /// The disk is full.
    Full,
    /// The disk reported an error, or the database is damaged.
    Damaged,
    /// The SQLite file was deleted or moved away.
    Moved,
    /// Any other error.
    Other,
}

impl ErrorKind {
    /// Returns the kind of a driver error.
    pub(super) fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed) => Self::NoConnection,
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Self::of_driver(error),
            DbErr::Conn(RuntimeErr::Internal(_)) => Self::Lost,
            _ => Self::Other,
        }
    }

    fn of_driver(error: &SqlxError) -> Self {
        match error {
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::WorkerCrashed
            | SqlxError::BeginFailed => Self::Lost,
            SqlxError::PoolTimedOut | SqlxError::PoolClosed => Self::NoConnection,
            SqlxError::Database(error) => {
                let code = error.code().unwrap_or_default();
                if error.try_downcast_ref::<SqlxSqliteError>().is_some() {
                    code.parse().map_or(Self::Other, Self::of_sqlite)
                } else if error.try_downcast_ref::<SqlxPostgresError>().is_some() {
                    Self::of_postgres(&code)
                } else {
                    Self::Other
                }
            }
            _ => Self::Other,
        }
    }

    /// Returns the kind of an extended SQLite result code. The low byte of the code is the primary result code.
    fn of_sqlite(code: i32) -> Self {
        /// SQLite's shared-memory file could not grow, because the file system is full.
        const IOERR_SHMSIZE: i32 = 4874;
        const READONLY_DBMOVED: i32 = 1032;
        /// IOERR_BLOCKED, IOERR_NOMEM, IOERR_LOCK, IOERR_SHMOPEN and IOERR_SHMMAP: these I/O errors do not mean that
        /// the disk has a problem.
        const TRANSIENT: [i32; 5] = [2826, 3082, 3850, 4618, 5386];
        match (code, code & 0xff) {
            (IOERR_SHMSIZE, _) => Self::Full,
            (code, _) if TRANSIENT.contains(&code) => Self::NoConnection,
            (READONLY_DBMOVED, _) => Self::Moved,
            // NOMEM, READONLY (for example because the file system was remounted), INTERRUPT, CANTOPEN.
            (_, 7 | 8 | 9 | 14) => Self::NoConnection,
            // BUSY, LOCKED, PROTOCOL (locking protocol of the write-ahead log).
            (_, 5 | 6 | 15) => Self::Locked,
            (_, 13) => Self::Full,
            // IOERR, CORRUPT, NOTADB.
            (_, 10 | 11 | 26) => Self::Damaged,
            _ => Self::Other,
        }
    }

    /// Returns the kind of an SQLSTATE code.
    fn of_postgres(code: &str) -> Self {
        match code {
            // disk_full
            "53100" => Self::Full,
            // io_error, data_corrupted, index_corrupted
            "58030" | "XX001" | "XX002" => Self::Damaged,
            // serialization_failure, deadlock_detected, lock_not_available, query_canceled, read_only_sql_transaction
            // (returned by a standby server until it is promoted)
            "40001" | "40P01" | "55P03" | "57014" | "25006" => Self::Locked,
            // Class 57P: admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout.
            // Class 08: connection exceptions. 25P03: idle_in_transaction_session_timeout.
            _ if code.starts_with("57P") || code.starts_with("08") || code == "25P03" => Self::Lost,
            // Class 53: insufficient resources, such as memory or connections. Class 28 (invalid authorization) and
            // 3D000 (invalid_catalog_name) occur when a new connection is opened.
            _ if code.starts_with("53") || code.starts_with("28") || code == "3D000" => Self::NoConnection,
            _ => Self::Other,
        }
    }

    /// Returns whether a statement that failed with this kind of error may succeed if it is retried at once, on the
    /// same or another connection.
    pub(super) fn is_retryable(self) -> bool {
        matches!(self, Self::Lost | Self::Locked)
    }
}

/// Returns whether a COMMIT that failed with this error may still have taken effect.
///
/// - SQLite: a disk error can occur after the commit frame was written to the write-ahead log. A full disk makes
///   COMMIT fail before that frame is written, except if the shared-memory index could not grow.
/// - PostgreSQL: the server may have committed, and then lost the connection or shut down before the client read the
///   response. If the server reports any other error, it rolled back.
pub(super) fn commit_outcome_is_unknown(error: &DbErr) -> bool {
    match ErrorKind::of(error) {
        ErrorKind::Lost | ErrorKind::NoConnection => true,
        ErrorKind::Locked | ErrorKind::Other => false,
        ErrorKind::Full => sqlite_code(error).is_some_and(|code| code & 0xff != 13),
        ErrorKind::Damaged | ErrorKind::Moved => sqlite_code(error).is_some(),
    }
}

/// Returns the extended result code of a SQLite error. `None` for other errors.
fn sqlite_code(error: &DbErr) -> Option<i32> {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    let SqlxError::Database(error) = &**error else { return None };
    error.try_downcast_ref::<SqlxSqliteError>()?;
    error.code()?.parse().ok()
}

/// The error for an operation that was aborted because the database does not answer.
pub(super) fn unresponsive() -> DbErr {
    DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)
}

/// Returns whether an operation that failed with this error may succeed later, because the database currently does
/// not answer or is locked.
pub fn is_transient(error: &DbErr) -> bool {
    matches!(ErrorKind::of(error), ErrorKind::Lost | ErrorKind::NoConnection | ErrorKind::Locked)
}

impl From<DbErr> for DatabaseError {
    fn from(error: DbErr) -> Self {
        match ErrorKind::of(&error) {
            ErrorKind::Lost | ErrorKind::NoConnection | ErrorKind::Locked | ErrorKind::Damaged => {
                Self::Unavailable(error.to_string())
            }
            ErrorKind::Full => Self::Full(error.to_string()),
            ErrorKind::Moved => Self::WritesStopped(error.to_string()),
            ErrorKind::Other => Self::Failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_sqlite_are_classified_by_the_primary_code_except_where_the_extended_one_says_more() {
        for (code, kind) in [
            (5, ErrorKind::Locked),
            (517, ErrorKind::Locked),
            (13, ErrorKind::Full),
            (4874, ErrorKind::Full),
            (778, ErrorKind::Damaged),
            (1034, ErrorKind::Damaged),
            (11, ErrorKind::Damaged),
            (26, ErrorKind::Damaged),
            (1032, ErrorKind::Moved),
            (19, ErrorKind::Other),
        ] {
            assert_eq!(ErrorKind::of_sqlite(code), kind, "{code}");
        }
    }

    #[test]
    fn codes_of_postgres_are_classified() {
        for (code, kind) in [
            ("57P01", ErrorKind::Lost),
            ("57P03", ErrorKind::Lost),
            ("08006", ErrorKind::Lost),
            ("53100", ErrorKind::Full),
            ("53300", ErrorKind::NoConnection),
            ("55P03", ErrorKind::Locked),
            ("XX001", ErrorKind::Damaged),
            ("23505", ErrorKind::Other),
        ] {
            assert_eq!(ErrorKind::of_postgres(code), kind, "{code}");
        }
    }
}
