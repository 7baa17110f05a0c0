//! Fault × step × database: each act is done again and again, and each time one step later something fails. What was answered is
//! held against what the database has then, after `kill -9` and a start without the fault, and after the same request again.

mod postgres;
mod report;
mod sqlite;
