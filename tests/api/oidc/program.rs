//! Sign-in as the real program has it: set by the environment, checked by the system's clock.

use std::{fs, process::Stdio};

use dateline::clock::Clock;
use serde_json::json;

use super::{NAME, issuer, signed};
use crate::harness::server_process::{dateline, post, serve_by};

#[test]
fn the_environment_names_the_issuer() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keys.json"), issuer::set(&["ed"]).to_string()).unwrap();
    let settings = [("ISSUER", NAME), ("AUDIENCE", "dateline"), ("JWKS", "keys.json"), ("ROLE_CLAIM", "groups")];
    let mut command = dateline(folder.path());
    command.envs(settings.map(|(key, value)| (format!("DATELINE_OIDC_{key}"), value)));
    let served = serve_by(command, &[], Stdio::null());
    let now = Clock::system().now().timestamp();
    let claims =
        |end: i64| json!({ "iss": NAME, "aud": "dateline", "sub": "ana", "exp": end, "groups": ["x", "AUTHOR"] });
    let asked = |end: i64| post(served.port, Some(&signed("ed", "EdDSA", &claims(end))), "{ viewer { name role } }");
    let answer = asked(now + 300);
    assert!(answer.contains(r#"{"name":"ana","role":"AUTHOR"}"#), "{answer}");
    let answer = asked(now - 300);
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("the token expired at"), "{answer}");
}

#[test]
fn an_issuer_that_is_set_by_half_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let output = dateline(folder.path())
        .env("DATELINE_OIDC_ISSUER", NAME)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("oidc_audience is not set") && told.contains("DATELINE_OIDC_ISSUER"), "{told}");
}
