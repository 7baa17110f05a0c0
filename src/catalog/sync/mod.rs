pub mod builder;
pub mod follower;
pub mod journal_buffer;
pub mod load;
pub mod replay;
