//! Reads the settings of the public pages and feeds: address, logo, colours, links and style sheet.

use std::path::Path;

use super::{
    layers::Layers,
    setting::ConfigError,
    site_info::{Brand, BrandFile, BrandLink, Color, SiteInfo},
};

/// Backgrounds of the pages, in light and dark. `src/site/assets/style.css` has the same values.
const BACKGROUND: Color = Color([0xff, 0xff, 0xff]);
const BACKGROUND_DARK: Color = Color([0x14, 0x17, 0x1a]);

/// Minimum contrast of text with its background (WCAG 2.2, 1.4.3).
const MIN_CONTRAST: f64 = 4.5;

/// Maximum size of the logo and of the style sheet, in bytes.
const MAX_FILE: usize = 1 << 20;

/// Media types of a logo, by file extension.
const LOGO_TYPES: [(&str, &str); 5] = [
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
];

/// Reads the settings of the pages.
pub(super) fn read(layers: &Layers) -> Result<SiteInfo, ConfigError> {
    let full = layers.read("feeds.content", "full or summary", |value| match value {
        "full" => Some(true),
        "summary" => Some(false),
        _ => None,
    })?;
    Ok(SiteInfo {
        name: layers.text("newsroom_name")?,
        publisher: layers.text("publisher")?,
        public_url: layers.read("public_url", "an http or https URL without ? and #", |value| {
            if value.is_empty() { Some(None) } else { public_url(value).map(Some) }
        })?,
        has_pages: layers.read("site", "true or false", |value| value.parse().ok())?,
        has_full_feeds: full,
        embed_ancestors: ancestors(layers)?,
        brand: Brand {
            logo: logo(layers)?,
            stylesheet: file(layers, "brand.stylesheet", "text/css; charset=utf-8")?,
            color: color(layers, "brand.color", BACKGROUND)?,
            color_dark: color(layers, "brand.color_dark", BACKGROUND_DARK)?,
            header_links: links(layers, "brand.header_links")?,
            footer_links: links(layers, "brand.footer_links")?,
        },
    })
}

/// Parses the public address of the pages. Removes slashes at its end. Returns `None` if it is invalid.
fn public_url(value: &str) -> Option<String> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| value.strip_prefix(scheme))?;
    let host = rest.split('/').next().unwrap_or_default();
    let is_valid =
        !host.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\"'<>\\@".contains(&byte));
    is_valid.then(|| value.trim_end_matches('/').to_owned())
}

/// Parses the origins that may embed charts: `*`, or origins without a path, separated by white space.
fn ancestors(layers: &Layers) -> Result<Vec<String>, ConfigError> {
    let expected = "origins separated by spaces, each as https://example.org or https://*.example.org, or *";
    layers.read("embed.frame_ancestors", expected, |value| {
        let origins = value.split_whitespace();
        let is_valid = |origin: &str| {
            let host = ["https://", "http://"].iter().find_map(|scheme| origin.strip_prefix(scheme));
            let is_host = |host: &str| {
                let host = host.strip_prefix("*.").unwrap_or(host);
                host.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte))
            };
            origin == "*" || host.is_some_and(is_host)
        };
        origins.map(|origin| is_valid(origin).then(|| origin.to_owned())).collect()
    })
}

fn logo(layers: &Layers) -> Result<Option<BrandFile>, ConfigError> {
    let path = layers.text("brand.logo")?;
    let extension = Path::new(&path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let media_type = LOGO_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
    match media_type {
        _ if path.is_empty() => Ok(None),
        Some((_, media_type)) => file(layers, "brand.logo", media_type),
        None => Err(ConfigError(format!("brand.logo is {path:?}: name a file that ends in .svg, .png, .jpg or .webp"))),
    }
}

fn file(layers: &Layers, key: &str, media_type: &'static str) -> Result<Option<BrandFile>, ConfigError> {
    let path = layers.text(key)?;
    if path.is_empty() {
        return Ok(None);
    }
    let content = std::fs::read(&path).map_err(|error| ConfigError(format!("{key}: cannot read {path}: {error}")))?;
    if content.len() > MAX_FILE {
        let size = content.len();
        return Err(ConfigError(format!(
            "{key}: {path} has {size} bytes; the maximum is {MAX_FILE}: use a smaller file"
        )));
    }
    Ok(Some(BrandFile { media_type, content }))
}

fn color(layers: &Layers, key: &str, background: Color) -> Result<Option<Color>, ConfigError> {
    let expected = "# and six hexadecimal digits, for example #1d4f91";
    let color = layers
        .read(key, expected, |value| if value.is_empty() { Some(None) } else { Color::parse(value).map(Some) })?;
    let Some(color) = color else { return Ok(None) };
    let contrast = color.contrast(background);
    if contrast < MIN_CONTRAST {
        return Err(ConfigError(format!(
            "{key} is {color}: its contrast with the background {background} is {contrast:.1}, and links need at least \
             {MIN_CONTRAST} (WCAG 2.2): choose another colour"
        )));
    }
    Ok(Some(color))
}

/// Parses links: `Label=URL`, separated by semicolons.
fn links(layers: &Layers, key: &str) -> Result<Vec<BrandLink>, ConfigError> {
    let expected =
        "links separated by semicolons, each as LABEL=URL: Contact=https://example.org/contact; Privacy=/privacy";
    layers.read(key, expected, |value| {
        let items = value.split(';').map(str::trim).filter(|item| !item.is_empty());
        let link = |item: &str| {
            let (label, href) = item.split_once('=').map(|(label, href)| (label.trim(), href.trim()))?;
            let is_local = href.starts_with('/') && !href.starts_with("//");
            let is_valid = !label.is_empty()
                && (is_local || ["https://", "http://"].iter().any(|scheme| href.starts_with(scheme)));
            is_valid.then(|| BrandLink { label: label.to_owned(), href: href.to_owned() })
        };
        items.map(link).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(file: &str) -> Result<SiteInfo, String> {
        let mut layers = Layers::defaults();
        layers.file(Path::new("dateline.toml"), file).map_err(|error| error.to_string())?;
        read(&layers).map_err(|error| error.to_string())
    }

    #[test]
    fn the_public_address_is_an_origin_with_an_optional_path() {
        let address = |value: &str| site(&format!("public_url = \"{value}\"")).map(|site| site.public_url);
        assert_eq!(address(""), Ok(None));
        for (value, read) in
            [("https://x.example/", "https://x.example"), ("http://x.example:8080/news/", "http://x.example:8080/news")]
        {
            assert_eq!(address(value), Ok(Some(read.to_owned())));
        }
        for wrong in [
            "x.example",
            "ftp://x.example",
            "https://",
            "https:///a",
            "https://x.example/?a",
            "https://a b",
            "https://a@b",
        ] {
            assert!(address(wrong).unwrap_err().contains("public_url is"), "{wrong}");
        }
    }

    #[test]
    fn embedding_sites_are_origins() {
        let ancestors =
            |value: &str| site(&format!("embed.frame_ancestors = \"{value}\"")).map(|site| site.embed_ancestors);
        assert_eq!(ancestors(""), Ok(Vec::new()));
        let origins = "https://news.example:8443 https://*.example.org * http://127.0.0.1:80";
        assert_eq!(ancestors(origins), Ok(origins.split(' ').map(str::to_owned).collect()));
        for wrong in [
            "news.example",
            "https://a.example/path",
            "https://a.example;",
            "'self'",
            "https://",
            "https://*",
            "http://[::1]:80",
        ] {
            assert!(ancestors(wrong).unwrap_err().contains("embed.frame_ancestors is"), "{wrong}");
        }
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused() {
        assert_eq!(site("brand.color = \"#1D4F91\"").unwrap().brand.color, Color::parse("#1d4f91"));
        let error = site("brand.color = \"#ffcc00\"").unwrap_err();
        assert!(error.contains("its contrast with the background #ffffff is 1.5"), "{error}");
        assert!(site("brand.color_dark = \"#1d4f91\"").unwrap_err().contains("#14171a"));
        assert!(site("brand.color = \"blue\"").unwrap_err().contains("six hexadecimal digits"));
    }

    #[test]
    fn links_have_a_label_and_an_address() {
        let links =
            |value: &str| site(&format!("brand.footer_links = \"{value}\"")).map(|site| site.brand.footer_links);
        let link = |label: &str, href: &str| BrandLink { label: label.to_owned(), href: href.to_owned() };
        let expected = vec![link("Contact us", "https://x.example/?a=b"), link("Privacy", "/privacy")];
        assert_eq!(links("Contact us=https://x.example/?a=b; Privacy = /privacy;"), Ok(expected));
        assert_eq!(links(""), Ok(Vec::new()));
        for wrong in ["Contact", "=/a", "A=javascript:x", "A=//x.example"] {
            assert!(links(wrong).unwrap_err().contains("LABEL=URL"), "{wrong}");
        }
    }

    #[test]
    fn files_are_read_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logo.SVG");
        std::fs::write(&path, "<svg/>").unwrap();
        let path = path.to_str().unwrap();
        let logo = site(&format!("brand.logo = \"{path}\"")).unwrap().brand.logo.unwrap();
        assert_eq!((logo.media_type, logo.content.as_slice()), ("image/svg+xml", &b"<svg/>"[..]));
        assert!(site("brand.logo = \"logo.gif\"").unwrap_err().contains("ends in .svg"));
        assert!(site("brand.stylesheet = \"nowhere.css\"").unwrap_err().contains("cannot read nowhere.css"));
    }
}
