//! Files that pages load: style sheets, script, logo and icon. Their addresses contain a digest of their content, so
//! browsers keep them for a year.

use std::{borrow::Cow, fmt::Write};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::config::SiteInfo;

/// Name of the style sheet.
pub const STYLE: &str = "style.css";
/// Name of the style sheet with the colours of the brand and the operator's own rules.
pub const BRAND_CSS: &str = "brand.css";
/// Name of the script.
pub const SCRIPT: &str = "site.js";
/// Name of the logo.
pub const LOGO: &str = "logo";

/// A file that pages load.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Media type.
    pub media_type: &'static str,
    /// Content.
    pub content: Cow<'static, [u8]>,
}

/// Returns the file with a name, or `None` if there is none.
pub fn asset(name: &str, site: &SiteInfo) -> Option<Asset> {
    let file = |media_type, content: &'static str| Asset { media_type, content: Cow::Borrowed(content.as_bytes()) };
    Some(match name {
        STYLE => file("text/css; charset=utf-8", include_str!("style.css")),
        SCRIPT => file("text/javascript; charset=utf-8", include_str!("site.js")),
        BRAND_CSS => {
            Asset { media_type: "text/css; charset=utf-8", content: Cow::Owned(brand_style(site).into_bytes()) }
        }
        LOGO => {
            let logo = site.brand.logo.as_ref()?;
            Asset { media_type: logo.media_type, content: Cow::Owned(logo.content.clone()) }
        }
        _ => return None,
    })
}

/// Returns the path of a file, with a digest of its content.
pub fn asset_path(name: &str, site: &SiteInfo) -> String {
    let content = asset(name, site).map(|asset| asset.content).unwrap_or_default();
    let digest = URL_SAFE_NO_PAD.encode(&Sha256::digest(&content)[..9]);
    format!("/assets/{name}?v={digest}")
}

/// Returns the style sheet with the colours of the brand, followed by the operator's own.
fn brand_style(site: &SiteInfo) -> String {
    let mut css = String::new();
    if let Some(color) = site.brand.color {
        let _ = writeln!(css, ":root {{ --link: {color}; }}");
    }
    if let Some(color) = site.brand.color_dark {
        let _ = writeln!(css, "@media (prefers-color-scheme: dark) {{ :root {{ --link: {color}; }} }}");
    }
    if let Some(file) = &site.brand.stylesheet {
        css.push_str(&String::from_utf8_lossy(&file.content));
    }
    css
}
