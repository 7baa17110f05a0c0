//! standin
#[derive(Debug)] pub enum TextFault { Control{character:char,position:usize}, TooLong{length:usize,max:usize} }
impl std::fmt::Display for TextFault { fn fmt(&self,f:&mut std::fmt::Formatter<'_>)->std::fmt::Result{ write!(f,"{self:?}") } }
pub fn clean_line(v:&str,_m:usize)->Result<String,TextFault>{Ok(v.trim().to_owned())}
pub fn clean_text(v:&str,_m:usize)->Result<String,TextFault>{Ok(v.trim().to_owned())}
