//! Name and publisher of the newsroom, as its home page shows them.

/// Whose newsroom it is, for people.
#[derive(Clone, Debug)]
pub struct SiteInfo {
    /// What the newsroom is called.
    pub name: String,
    /// The organisation behind it; may be empty.
    pub publisher: String,
}

impl Default for SiteInfo {
    fn default() -> Self {
        Self { name: "Newsroom".to_owned(), publisher: String::new() }
    }
}
