//! Tests of the pages for running queries: which page a setting selects, their files, and their security headers.

use dateline::config::HttpConfig;
use serde_json::Value;

use crate::harness::TestServer;

const ASSETS: [&str; 9] = [
    "basic.css",
    "basic.js",
    "client.js",
    "completion.js",
    "cursor.js",
    "examples.json",
    "graphiql.css",
    "graphiql.js",
    "schema.js",
];

/// Returns the server with a base URL of GraphiQL.
fn with_base_url(server: TestServer, base_url: Option<&str>) -> TestServer {
    let graphiql_base_url = base_url.map(str::to_owned);
    server.with_http_config(HttpConfig { graphiql_base_url, ..HttpConfig::default() })
}

/// Returns the sources in a directive of a content security policy.
fn sources<'a>(policy: &'a str, directive: &str) -> Vec<&'a str> {
    let directives = policy.split(';').map(|part| part.split_whitespace().collect::<Vec<_>>());
    directives.into_iter().find(|words| words[0] == directive).expect(directive)[1..].to_vec()
}

#[tokio::test]
async fn the_policy_of_graphiql_allows_its_files_and_no_others() {
    for base_url in ["https://cdn.jsdelivr.net/npm", "https://files.example:8443"] {
        let server = with_base_url(TestServer::on_sqlite().await, Some(base_url));
        let (status, headers, page) = server.page("/graphiql", &[]).await;
        assert_eq!((status, &headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
        let list = page.split_once("id=\"files\">").unwrap().1.split_once("</script>").unwrap().0;
        let files: Value = serde_json::from_str(list).unwrap();
        let urls = |kind: &str| {
            files[kind]
                .as_array()
                .unwrap()
                .iter()
                .map(|file| file["url"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let (scripts, styles) = (urls("scripts"), urls("styles"));
        assert!(scripts.contains(&format!("{base_url}/graphiql@4.1.2/graphiql.min.js")), "{scripts:?}");
        assert!(
            files["scripts"]
                .as_array()
                .unwrap()
                .iter()
                .all(|file| file["integrity"].as_str().unwrap().starts_with("sha384-"))
        );
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert_eq!(
            sources(policy, "script-src"),
            [vec!["'self'"], scripts.iter().map(String::as_str).collect()].concat()
        );
        assert_eq!(
            sources(policy, "style-src"),
            [vec!["'self'", "'unsafe-inline'"], styles.iter().map(String::as_str).collect()].concat()
        );
        for (directive, expected) in [
            ("default-src", "'none'"),
            ("connect-src", "'self'"),
            ("frame-ancestors", "'none'"),
            ("base-uri", "'none'"),
            ("form-action", "'none'"),
            ("font-src", "data:"),
            ("img-src", "data:"),
        ] {
            assert_eq!(sources(policy, directive), [expected], "{policy}");
        }
    }
}

#[tokio::test]
async fn graphiql_can_be_on_the_same_host() {
    let server = with_base_url(TestServer::on_sqlite().await, Some("/vendor"));
    let (_, headers, page) = server.page("/graphiql", &[]).await;
    assert!(page.contains("\"/vendor/graphiql@4.1.2/graphiql.min.js\""), "{page}");
    assert_eq!(sources(headers["content-security-policy"].to_str().unwrap(), "script-src"), ["'self'"]);
}

#[tokio::test]
async fn without_a_base_url_no_page_mentions_graphiql_or_another_host() {
    let server = with_base_url(TestServer::on_sqlite().await, None);
    for address in ["/graphiql", "/graphiql/basic"] {
        let (status, headers, page) = server.page(address, &[]).await;
        assert_eq!(status, 200);
        assert!(page.contains("<title>Dateline: query page</title>") && !page.contains("Open in GraphiQL"), "{page}");
        assert!(!page.contains("://"), "{page}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert_eq!(sources(policy, "script-src"), ["'self'"]);
        assert!(!policy.contains("unsafe") && !policy.contains("://"), "{policy}");
    }
}

#[tokio::test]
async fn the_basic_page_links_to_graphiql() {
    let server = TestServer::on_sqlite().await;
    let (_, _, page) = server.page("/graphiql/basic", &[]).await;
    assert!(page.contains("<a id=\"graphiql-link\" href=\"/graphiql\">Open in GraphiQL</a>"), "{page}");
}

#[tokio::test]
async fn the_files_of_the_pages_have_their_media_types() {
    let server = TestServer::on_sqlite().await;
    for name in ASSETS {
        let (status, headers, content) = server.page(&format!("/graphiql/assets/{name}"), &[]).await;
        assert!(status == 200 && !content.is_empty(), "{name}");
        let expected = match name.rsplit_once('.').unwrap().1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            _ => "application/json",
        };
        assert_eq!(headers["content-type"], expected, "{name}");
        assert_eq!(headers["cache-control"], "no-cache", "{name}");
    }
    for name in ["nothing.js", "basic.html", "..%2Fmod.rs"] {
        assert_eq!(server.page(&format!("/graphiql/assets/{name}"), &[]).await.0, 404, "{name}");
    }
    let loads = |page: &str| {
        page.split('"').filter_map(|text| text.strip_prefix("/graphiql/assets/")).map(str::to_owned).collect::<Vec<_>>()
    };
    for address in ["/graphiql", "/graphiql/basic"] {
        let (_, _, page) = server.page(address, &[]).await;
        let loaded = loads(&page);
        assert!(
            loaded.len() == 2 && loaded.iter().all(|name| ASSETS.contains(&name.as_str())),
            "{address}: {loaded:?}"
        );
    }
}
