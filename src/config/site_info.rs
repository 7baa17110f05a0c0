//! Name and publisher of the newsroom, as its home page shows them.

/// Name and publisher of the newsroom.
#[derive(Clone, Debug)]
pub struct SiteInfo {
    /// Name of the newsroom.
    pub name: String,
    /// Name of the publishing organisation; may be empty.
    pub publisher: String,
}

impl Default for SiteInfo {
    fn default() -> Self {
        Self { name: "Newsroom".to_owned(), publisher: String::new() }
    }
}
