//! Tests of OpenID Connect in the real program: settings from the environment, and the system clock.

use std::{fs, process::Stdio};

use dateline::clock::Clock;
use serde_json::json;

use super::{ISSUER_URL, issuer, signed};
use crate::harness::server_process::{dateline, post, serve_with_command};

#[test]
fn the_environment_names_the_issuer() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keys.json"), issuer::jwks(&["ed"]).to_string()).unwrap();
    let settings = [("ISSUER", ISSUER_URL), ("AUDIENCE", "dateline"), ("JWKS", "keys.json"), ("ROLE_CLAIM", "groups")];
    let mut command = dateline(folder.path());
    command.envs(settings.map(|(key, value)| (format!("DATELINE_OIDC_{key}"), value)));
    let server = serve_with_command(command, &[], Stdio::null());
    let now = Clock::system().now().timestamp();
    let claims =
        |end: i64| json!({ "iss": ISSUER_URL, "aud": "dateline", "sub": "ana", "exp": end, "groups": ["x", "AUTHOR"] });
    let query_viewer =
        |end: i64| post(server.port, Some(&signed("ed", "EdDSA", &claims(end))), "{ viewer { name role } }");
    let response = query_viewer(now + 300);
    assert!(response.contains(r#"{"name":"ana","role":"AUTHOR"}"#), "{response}");
    let response = query_viewer(now - 300);
    assert!(response.starts_with("HTTP/1.1 401") && response.contains("the token expired at"), "{response}");
}

#[test]
fn an_incomplete_oidc_configuration_prevents_startup() {
    let folder = tempfile::tempdir().unwrap();
    let output = dateline(folder.path())
        .env("DATELINE_OIDC_ISSUER", ISSUER_URL)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("oidc_audience is not set") && stderr.contains("DATELINE_OIDC_ISSUER"), "{stderr}");
}
