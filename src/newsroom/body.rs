//! standin
pub fn html(m:&str)->String{m.to_owned()}
pub fn text(m:&str)->String{m.to_owned()}
pub fn word_count(t:&str)->usize{t.len()}
pub fn markdown_from_html(m:&str)->Result<String,String>{Ok(m.to_owned())}
