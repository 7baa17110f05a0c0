//! standin
pub fn from_headline(h:&str)->String{h.to_lowercase().replace(' ',"-")}
pub fn check(_s:&str)->Result<(),String>{Ok(())}
pub fn numbered(b:&str,n:u32)->String{format!("{b}-{n}")}
