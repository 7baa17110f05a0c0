//! Snapshots of charts: scales, axes, marks and labels.

use super::records::seed;
use crate::harness::TestServer;

#[tokio::test]
async fn charts_are_drawn_as_before() {
    let server = TestServer::on_sqlite().await;
    seed(&server).await;
    for (name, address) in [
        ("timeline_by_month", "/dashboard/timeline.svg"),
        ("timeline_by_quarter", "/dashboard/timeline.svg?interval=quarter&period=5-years&compare=none"),
        ("kinds", "/dashboard/kinds.svg"),
        ("topics_over_time", "/dashboard/topics-over-time.svg?interval=quarter&from=2006-06-01&until=2007-05-31"),
    ] {
        let (status, _, svg) = server.page(address, &[]).await;
        assert_eq!(status, 200, "{address}: {svg}");
        roxmltree::Document::parse(&svg).unwrap();
        insta::assert_snapshot!(name, svg);
    }
    // On a page, positions are percentages, and marks are links.
    let (_, _, page) = server.page("/dashboard?interval=quarter&from=2006-06-01&until=2007-05-31", &[]).await;
    let chart = crate::site::between(&page, "<svg class=\"columns-chart\"", "</svg>");
    insta::assert_snapshot!("timeline_on_a_page", chart);
}
