//! Files that pages load: style sheets, script and logo. Their addresses contain a digest of their content, so browsers
//! keep them for a year.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::config::SiteInfo;

/// Name of the style sheet.
pub const STYLE: &str = "style.css";
/// Name of the style sheet with the colours of the brand and the operator's own rules.
pub const BRAND_STYLE: &str = "brand.css";
/// Name of the script.
pub const SCRIPT: &str = "site.js";
/// Name of the script of the dashboard and of embedded charts.
pub const DASHBOARD_SCRIPT: &str = "dashboard.js";
/// Name of the logo.
pub const LOGO: &str = "logo";

/// A file that pages load.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Media type.
    pub media_type: &'static str,
    /// Content.
    pub content: Cow<'static, [u8]>,
    /// The query string that pages add to the address: it changes with the content.
    pub version: String,
}

/// The files of a server, read once at its start.
#[derive(Clone, Debug, Default)]
pub struct Assets(BTreeMap<&'static str, Asset>);

impl Assets {
    /// Collects the files for a site.
    pub fn new(site: &SiteInfo) -> Self {
        let mut assets = Self::default();
        let css = "text/css; charset=utf-8";
        assets.add(STYLE, css, Cow::Borrowed(include_bytes!("style.css")));
        let script = "text/javascript; charset=utf-8";
        assets.add(SCRIPT, script, Cow::Borrowed(include_bytes!("site.js")));
        assets.add(DASHBOARD_SCRIPT, script, Cow::Borrowed(include_bytes!("dashboard.js")));
        let brand_style = brand_style(site);
        if !brand_style.is_empty() {
            assets.add(BRAND_STYLE, css, Cow::Owned(brand_style.into_bytes()));
        }
        if let Some(logo) = &site.brand.logo {
            assets.add(LOGO, logo.media_type, Cow::Owned(logo.content.clone()));
        }
        assets
    }

    fn add(&mut self, name: &'static str, media_type: &'static str, content: Cow<'static, [u8]>) {
        let version = format!("v={}", URL_SAFE_NO_PAD.encode(&Sha256::digest(&content)[..9]));
        self.0.insert(name, Asset { media_type, content, version });
    }

    /// Returns the file with a name, or `None` if there is none.
    pub fn get(&self, name: &str) -> Option<&Asset> {
        self.0.get(name)
    }

    /// Returns the path of a file, or `None` if there is no such file.
    pub fn path(&self, name: &str) -> Option<String> {
        self.get(name).map(|asset| format!("/assets/{name}?{}", asset.version))
    }
}

/// Returns the style sheet with the colours of the brand, followed by the operator's own. The colours are for screens:
/// a printed page is black on white.
fn brand_style(site: &SiteInfo) -> String {
    let mut css = String::new();
    for (scheme, color) in [("light", site.brand.color), ("dark", site.brand.color_dark)] {
        if let Some(color) = color {
            let _ =
                writeln!(css, "@media screen and (prefers-color-scheme: {scheme}) {{ :root {{ --link: {color}; }} }}");
        }
    }
    if let Some(file) = &site.brand.stylesheet {
        css.push_str(&String::from_utf8_lossy(&file.content));
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Brand, BrandFile, Color};

    #[test]
    fn the_version_of_a_file_follows_its_content() {
        let site = |css: &str| SiteInfo {
            brand: Brand {
                color_dark: Color::parse("#8ab8ff"),
                stylesheet: Some(BrandFile { media_type: "text/css", content: css.as_bytes().to_vec() }),
                ..Brand::default()
            },
            ..SiteInfo::default()
        };
        let (a, b, none) = (Assets::new(&site("a {}")), Assets::new(&site("b {}")), Assets::new(&SiteInfo::default()));
        assert!(a.path(BRAND_STYLE) != b.path(BRAND_STYLE) && a.path(STYLE) == b.path(STYLE));
        let css = String::from_utf8_lossy(&a.get(BRAND_STYLE).unwrap().content).into_owned();
        assert_eq!(css, "@media screen and (prefers-color-scheme: dark) { :root { --link: #8ab8ff; } }\na {}");
        assert_eq!((none.path(BRAND_STYLE), none.path(LOGO)), (None, None));
    }
}
