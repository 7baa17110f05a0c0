pub mod bitmap;
pub mod collation;
pub mod column;
pub mod key_index;
pub mod sorted_index;
pub mod vocabulary;
