"""Tests of the Python client library gql, with the transports aiohttp, httpx and websockets. The last line that the
program prints is `N passed, N failed`."""

import asyncio
import sys
import traceback
import uuid

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from server import Server

PUBLIC_RELEASES = 148
PUBLIC_PAGES = 8

# Timeout of each test, in seconds.
LIMIT = 30

PAGE = """
    query Page($after: String) {
      releases(first: 20, after: $after) {
        totalCount
        nodes { id headline releaseDate }
        pageInfo { hasNextPage endCursor }
        asOf { version }
      }
    }
"""
CREATE = """
    mutation Create($input: ReleaseInput!) {
      releaseCreate(input: $input) { release { id revision state } userErrors { code } }
    }
"""
PUBLISH = """
    mutation Publish($id: ID!, $revision: Int!) {
      releasePublish(id: $id, expectedRevision: $revision) { release { state headline } userErrors { code } }
    }
"""
CHANGES = """
    subscription Changes($after: ID) {
      releaseChanged(after: $after) { sequence kind release { id headline } }
    }
"""


def draft(headline: str) -> dict:
    return {"input": {"headline": headline, "summary": "Twice a day, from June on.", "releaseDate": "2006-06-01"}}


def over_http(server: Server, **headers: str) -> Client:
    """Returns a client over HTTP. The client fetches the server's schema and validates each query before it sends it."""
    return Client(transport=AIOHTTPTransport(url=server.url, headers=headers), fetch_schema_from_transport=True)


def over_socket(server: Server, **headers: str) -> Client:
    protocols = [WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
    return Client(transport=WebsocketsTransport(server.socket_url, init_payload=headers, subprotocols=protocols))


async def ask(session, text: str, **variables) -> dict:
    query = gql(text)
    query.variable_values = variables
    return await session.execute(query)


async def walk_pages(client: Client) -> None:
    async with client as session:
        found, after, pages = [], None, 0
        while pages <= PUBLIC_PAGES:
            releases = (await ask(session, PAGE, after=after))["releases"]
            assert releases["totalCount"] == PUBLIC_RELEASES, releases["totalCount"]
            found += [node["id"] for node in releases["nodes"]]
            pages += 1
            if not releases["pageInfo"]["hasNextPage"]:
                break
            after = releases["pageInfo"]["endCursor"]
    assert pages == PUBLIC_PAGES, pages
    assert len(found) == len(set(found)) == PUBLIC_RELEASES, len(found)


async def publish(client: Client, headline: str) -> str:
    async with client as session:
        created = (await ask(session, CREATE, **draft(headline)))["releaseCreate"]
        assert created["userErrors"] == [] and created["release"]["state"] == "DRAFT", created
        release = created["release"]
        published = (await ask(session, PUBLISH, id=release["id"], revision=release["revision"]))["releasePublish"]
    assert published == {"release": {"state": "PUBLISHED", "headline": headline}, "userErrors": []}, published
    return release["id"]


async def follow(server: Server, after: str, count: int) -> list[dict]:
    query = gql(CHANGES)
    query.variable_values = {"after": after}
    changes = []
    async with over_socket(server) as session:
        async for change in session.subscribe(query):
            changes.append(change["releaseChanged"])
            if len(changes) == count:
                break
    assert len(changes) == count, changes
    return changes


async def pages_over_aiohttp(server: Server) -> None:
    await walk_pages(over_http(server))


async def pages_over_httpx(server: Server) -> None:
    await walk_pages(Client(transport=HTTPXAsyncTransport(url=server.url), fetch_schema_from_transport=True))


async def pages_over_websocket(server: Server) -> None:
    await walk_pages(over_socket(server))


async def an_editor_publishes(server: Server) -> None:
    await publish(over_http(server, **server.bearer()), "By gql")


async def an_editor_publishes_over_websocket(server: Server) -> None:
    await publish(over_socket(server, **server.bearer()), "By gql over WebSocket")


async def the_public_may_not_write(server: Server) -> None:
    client = Client(transport=AIOHTTPTransport(url=server.url))
    await check_code(client, CREATE, "UNAUTHENTICATED", **draft("By nobody"))


async def check_code(client: Client, text: str, code: str, **variables) -> None:
    try:
        async with client as session:
            await ask(session, text, **variables)
    except TransportQueryError as refused:
        assert refused.errors[0]["extensions"]["code"] == code, refused.errors
    else:
        raise AssertionError("the query was not rejected")


async def an_unknown_token_is_rejected(server: Server) -> None:
    transport = AIOHTTPTransport(url=server.url, headers={"Authorization": "Bearer dateline_unknown"})
    await check_code(Client(transport=transport), PAGE, "UNAUTHENTICATED")


async def an_error_has_its_code(server: Server) -> None:
    transport = AIOHTTPTransport(url=server.url)
    await check_code(Client(transport=transport), "{ nonsense }", "GRAPHQL_VALIDATION_FAILED")


async def changes_are_followed(server: Server) -> None:
    seen, missed, also_missed, last = (f"{name} {uuid.uuid4()}" for name in ("Seen", "Missed", "Also missed", "Last"))
    editor = over_http(server, **server.bearer())
    async with over_http(server) as session:
        revision = (await ask(session, PAGE))["releases"]["asOf"]["version"]
    first = asyncio.create_task(follow(server, revision, 1))
    id = await publish(editor, seen)
    [change] = await first
    assert change["kind"] == "APPEARED" and change["release"] == {"id": id, "headline": seen}, change

    await publish(editor, missed)
    await publish(editor, also_missed)
    rest = asyncio.create_task(follow(server, change["sequence"], 3))
    await publish(editor, last)
    received = [(change["kind"], change["release"]["headline"]) for change in await rest]
    assert received == [("APPEARED", missed), ("APPEARED", also_missed), ("APPEARED", last)], received


TESTS = [
    # The tests of pages come first, because they count the releases and other tests publish more.
    pages_over_aiohttp,
    pages_over_httpx,
    pages_over_websocket,
    an_editor_publishes,
    an_editor_publishes_over_websocket,
    the_public_may_not_write,
    an_unknown_token_is_rejected,
    an_error_has_its_code,
    changes_are_followed,
]


def main() -> int:
    failed = 0
    with Server() as server:
        for test in TESTS:
            name = test.__name__.replace("_", " ")
            try:
                asyncio.run(asyncio.wait_for(test(server), LIMIT))
                print(f"ok      {name}")
            except Exception:
                failed += 1
                print(f"FAILED  {name}")
                traceback.print_exc(file=sys.stdout)
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
