"""Reads the feeds of a demo newsroom with feedparser, as many programs do."""

import json
import sys
import urllib.request
from pathlib import Path

import feedparser

sys.path.insert(0, str(Path(__file__).parent.parent / "clients"))
from server import Server  # noqa: E402

# Lists of the demo newsroom.
QUERIES = ["", "?topic=child-labour", "?q=labour&kind=press-release", "?place=asia&year=2006"]


def ids_of(address: str) -> list[str]:
    """Returns the ids of an RSS or Atom feed, and checks that feedparser has no objection."""
    feed = feedparser.parse(address)
    assert feed.bozo == 0, f"{address}: {feed.get('bozo_exception')}"
    assert feed.status == 200 and feed.entries, address
    assert all(entry.title and entry.link and entry.published_parsed for entry in feed.entries), address
    # A feed has no date in the second of its last change.
    again = feedparser.parse(address, etag=feed.etag, modified=feed.get("modified"))
    assert again.status == 304, f"{address}: {again.status}"
    return [entry.id for entry in feed.entries]


def main() -> None:
    with Server() as server:
        site = server.url.removesuffix("/graphql")
        for query in QUERIES:
            rss, atom = (ids_of(f"{site}/feed.{name}{query}") for name in ("rss", "atom"))
            # feedparser does not read JSON Feed.
            with urllib.request.urlopen(f"{site}/feed.json{query}") as response:
                items = json.load(response)["items"]
            assert rss == atom == [item["id"] for item in items], query
            assert all(name.startswith("urn:uuid:") for name in rss), query
    print("feedparser read every feed")


if __name__ == "__main__":
    main()
