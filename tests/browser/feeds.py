"""Reads the feeds of a demo newsroom with feedparser, as many programs do."""

import sys
from pathlib import Path

import feedparser

sys.path.insert(0, str(Path(__file__).parent.parent / "clients"))
from server import Server  # noqa: E402


def main() -> None:
    with Server() as server:
        site = server.url.removesuffix("/graphql")
        for query in ["", "?topic=child-labour", "?q=labour&kind=press-release", "?place=asia&year=2006"]:
            ids = []
            for name in ["rss", "atom", "json"]:
                address = f"{site}/feed.{name}{query}"
                feed = feedparser.parse(address)
                assert feed.bozo == 0, f"{address}: {feed.get('bozo_exception')}"
                assert feed.status == 200 and feed.entries, address
                assert all(entry.id.startswith("urn:uuid:") and entry.title and entry.link for entry in feed.entries)
                ids.append([entry.id for entry in feed.entries])
                again = feedparser.parse(address, etag=feed.etag, modified=feed.modified)
                assert again.status == 304, f"{address}: {again.status}"
            assert ids[0] == ids[1] == ids[2], query
    print("feedparser read every feed")


if __name__ == "__main__":
    main()
