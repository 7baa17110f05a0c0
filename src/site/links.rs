//! Addresses of pages, feeds and formats: absolute if the public address is known, otherwise relative to the server.
//!
//! The `Host` header of a request is never used, because a client chooses it and a cache stores the response.

/// Makes addresses.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    public_url: Option<&'a str>,
    /// Path of the public address: empty, or a path without a slash at its end.
    base: &'a str,
    release_url: Option<&'a str>,
}

impl<'a> Links<'a> {
    /// Creates links from the setting `public_url` and the template of `release_url`.
    pub fn new(public_url: Option<&'a str>, release_url: Option<&'a str>) -> Self {
        let base =
            public_url.and_then(|url| url.split_once("://")?.1.split_once('/')).map_or(0, |(_, path)| path.len() + 1);
        let base = public_url.map_or("", |url| &url[url.len() - base..]);
        Self { public_url, base, release_url }
    }

    /// Returns a path of this server as a link on a page.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Returns the absolute address of a path, or the path if the public address is unknown.
    pub fn absolute(&self, path: &str) -> String {
        match self.public_url {
            Some(url) => format!("{url}{path}"),
            None => path.to_owned(),
        }
    }

    /// Returns the absolute address of a path, if the public address is known.
    pub fn known_absolute(&self, path: &str) -> Option<String> {
        self.public_url.map(|url| format!("{url}{path}"))
    }

    /// Returns whether absolute addresses are known.
    pub fn is_absolute(&self) -> bool {
        self.public_url.is_some()
    }

    /// Returns the address of a release's page on this server, as a link on a page.
    pub fn release(&self, slug: &str) -> String {
        self.path(&release_path(slug))
    }

    /// Returns the address of a release for other sites and machines: that of the setting `release_url` if it names
    /// the slug, otherwise that of its page.
    pub fn public_release(&self, slug: &str) -> String {
        match self.release_url {
            Some(template) if template.contains("{slug}") => template.replace("{slug}", slug),
            _ => self.absolute(&release_path(slug)),
        }
    }

    /// Returns whether the canonical addresses of releases are those of their pages on this server.
    pub fn has_own_releases(&self) -> bool {
        self.public_release("") == self.absolute(&release_path(""))
    }

    /// Returns the canonical address of a release, if it is absolute.
    pub fn canonical_release(&self, slug: &str) -> Option<String> {
        Some(self.public_release(slug)).filter(|url| !url.starts_with('/'))
    }
}

/// Returns the path of a release's page.
pub fn release_path(slug: &str) -> String {
    format!("/releases/{slug}")
}

/// Returns the path of a topic's page.
pub fn topic_path(slug: &str) -> String {
    format!("/topics/{slug}")
}

/// Returns the path of a place's page.
pub fn place_path(slug: &str) -> String {
    format!("/places/{slug}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_the_path_of_the_public_address() {
        for (url, path, absolute) in [
            (None, "/topics/a", "/topics/a"),
            (Some("https://x.example"), "/topics/a", "https://x.example/topics/a"),
            (Some("https://x.example:8443/n/ews"), "/n/ews/topics/a", "https://x.example:8443/n/ews/topics/a"),
        ] {
            let links = Links::new(url, None);
            assert_eq!((links.path("/topics/a").as_str(), links.absolute("/topics/a").as_str()), (path, absolute));
        }
    }

    #[test]
    fn the_setting_release_url_decides_the_canonical_address() {
        let links = |template| Links::new(Some("https://x.example"), template);
        let canonical = |template| links(template).canonical_release("a");
        assert_eq!(canonical(None).as_deref(), Some("https://x.example/releases/a"));
        assert_eq!(canonical(Some("https://y.example/{slug}.html")).as_deref(), Some("https://y.example/a.html"));
        assert_eq!(canonical(Some("https://y.example/?id={id}")).as_deref(), Some("https://x.example/releases/a"));
        assert_eq!(Links::new(None, None).canonical_release("a"), None);
    }
}
