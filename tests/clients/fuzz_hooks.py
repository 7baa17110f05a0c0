"""Hooks for schemathesis. They insert valid scalars and ids, so that the server executes most examples, and check the
responses."""

import atexit
import json
import os
from collections import Counter
from zlib import crc32

import graphql
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes
from schemathesis.graphql.checks import GraphQLServerError

from server import SCHEMA

TEXTS = st.text(max_size=50)

for name, values in {
    "Date": st.dates().map(str),
    "DateTime": st.datetimes().map(lambda instant: instant.isoformat() + "Z"),
    "Duration": st.from_regex(r"P[1-9][0-9]{0,3}[DWMY]", fullmatch=True),
    "LanguageTag": st.sampled_from(["en", "fr-CA", "pt-BR", "zh-Hant", "km"]),
    "LocalDateTime": st.datetimes().map(lambda time: time.isoformat(timespec="minutes")),
    "Slug": st.sampled_from(["child-labour", "work", "phnom-penh", "bangkok", "thailand", "gone", "x"]),
    "TimeZone": st.sampled_from(["UTC", "Asia/Phnom_Penh", "Pacific/Apia", "America/St_Johns"]),
    "URL": st.sampled_from(["https://example.org/", "http://example.org/a?b=c#d"]),
}.items():
    # One value in four is an arbitrary text, which is usually invalid.
    valid = values.map(nodes.String)
    schemathesis.graphql.scalar(name, st.one_of(valid, valid, valid, TEXTS.map(nodes.String)))

schema = graphql.build_schema(SCHEMA.read_text(encoding="utf-8"))

# Ids of objects in the newsroom, and two invalid ids.
ids = [*json.loads(os.environ["FUZZ_IDS"]), "", "release_0"]

counts: Counter[str] = Counter()


class Replacement(graphql.Visitor):
    """Replaces generated values that would almost never be valid. The same query always gets the same replacements."""

    def __init__(self, info: graphql.TypeInfo, seed: int):
        super().__init__()
        self.info, self.seed = info, seed

    def choose(self, among):
        self.seed = crc32(self.seed.to_bytes(4, "big"))
        return among[self.seed % len(among)]

    def wanted(self):
        return graphql.get_named_type(self.info.get_input_type())

    def enter_string_value(self, node, *_):
        return nodes.String(self.choose(ids)) if self.wanted() is graphql.GraphQLID else None

    def enter_int_value(self, node, *_):
        if self.wanted() is graphql.GraphQLID:
            return nodes.String(self.choose(ids))
        if self.wanted() is graphql.GraphQLInt:
            # Integers are page sizes and revisions. Most of these values are valid, some are not.
            return nodes.Int(self.choose([1, 1, 1, 2, 20, 200, -1, int(node.value)]))
        return None

    def enter_object_value(self, node, *_):
        # The generator ignores `@oneOf` and sets several fields. Keeps only the first field that is not null.
        if not getattr(self.wanted(), "is_one_of", False):
            return None
        given = [field for field in node.fields if not isinstance(field.value, graphql.NullValueNode)]
        return graphql.ObjectValueNode(fields=tuple(given[:1])) if given else None


@schemathesis.hook
def before_call(context, case, kwargs):
    document = graphql.parse(case.body)
    info = graphql.TypeInfo(schema)
    replacement = graphql.TypeInfoVisitor(info, Replacement(info, crc32(case.body.encode("utf-8", "replace"))))
    case.body = graphql.print_ast(graphql.visit(document, replacement))


@schemathesis.hook
def after_call(context, case, response):
    answer = response.json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    counts["executed" if "data" in answer else "refused"] += 1
    # A mutation without a token gets UNAUTHENTICATED only if its document is valid, so the example counts as valid.
    counts["valid"] += "data" in answer or codes == {"UNAUTHENTICATED"}
    counts.update(codes or {"without an error"})


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # schemathesis counts every GraphQL error as a server fault. These three codes only mean a missing permission or a
    # missing object, so they are not failures.
    if not isinstance(failure, GraphQLServerError):
        return True
    return not {error["extensions"]["code"] for error in failure.errors} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}


@schemathesis.check
def no_internal_error(ctx, response, case):
    """Checks that a response has the form of a GraphQL response and no internal error, whatever its HTTP status."""
    answer = response.json()
    assert "data" in answer or answer["errors"], "neither data nor errors"
    for error in answer.get("errors", []):
        code = error["extensions"]["code"]
        assert code not in ("INTERNAL_SERVER_ERROR", "EXECUTION_TIMEOUT"), f"{code}: {error['message']}"


@atexit.register
def keep_counts():
    with open(os.environ["FUZZ_COUNTS"], "w", encoding="utf-8") as file:
        json.dump(counts, file)
