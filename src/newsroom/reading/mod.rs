pub mod change_stream;
pub mod history;
pub mod list;
pub mod pagination;
