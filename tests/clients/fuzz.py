"""Runs schemathesis against two servers. It generates random queries and mutations for every field of the schema.

    fuzz.py [EXAMPLES]      minimum number of examples (default 500); an editor sends half of them, the public the rest
    FUZZ_SEED=N fuzz.py     another seed, which gives other examples
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import graphql

from server import FOLDER, SCHEMA, Server

SEED = os.environ.get("FUZZ_SEED") or "20060508"

# Timeout of one run of schemathesis, in seconds.
LIMIT = 2400

IDS = "{ releases(first: 20) { nodes { id } } topics(first: 10) { nodes { id } } places(first: 10) { nodes { id } } }"

ROLES = {
    "an editor, profile open": {},
    "the public, profile hardened": {"DATELINE_PROFILE": "hardened", "DATELINE_RATE_PUBLIC_PER_MINUTE": "0"},
}


def ask(server: Server, query: str) -> dict:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(server.url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["data"]


def generate(server: Server, per_field: int, *, by_editor: bool) -> dict:
    """Runs schemathesis once. Returns its report, to which the response counts of fuzz_hooks.py are added."""
    with tempfile.TemporaryDirectory(prefix="dateline-fuzz-") as folder:
        report, counts = Path(folder) / "report.json", Path(folder) / "counts.json"
        # A server with the hardened profile does not allow introspection, so both runs read the schema from the
        # repository.
        command = [
            Path(sys.executable).with_name("schemathesis"), "run", SCHEMA, "--url", server.url, "--no-color",
            "--checks", "not_a_server_error,no_internal_error", "--phases", "fuzzing", "--mode", "positive",
            "--max-examples", str(per_field), "--seed", SEED, "--continue-on-failure", "--request-timeout", "30",
            "--suppress-health-check", "all", "--generation-database", "none", "--warnings", "off",
            "--report", "json", "--report-json-path", report,
        ]  # fmt: skip
        if by_editor:
            command += ["--header", f"Authorization: {server.bearer()['Authorization']}"]
        lists = ask(server, IDS)
        ids = [node["id"] for name in ("releases", "topics", "places") for node in lists[name]["nodes"]]
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "fuzz_hooks",
            "PYTHONPATH": str(FOLDER),
            "PYTHONDONTWRITEBYTECODE": "1",
            # Fixes the iteration order of Python sets, because the order affects which examples are generated.
            "PYTHONHASHSEED": "0",
            "FUZZ_COUNTS": str(counts),
            "FUZZ_IDS": json.dumps(ids),
        }
        ended = subprocess.run(command, cwd=folder, env=environment, timeout=LIMIT, capture_output=True, text=True)
        if ended.returncode != 0:
            print(ended.stdout, ended.stderr, sep="\n")
        if not report.exists() or not counts.exists():
            raise SystemExit(f"schemathesis exited with {ended.returncode} without a report")
        return {**json.loads(report.read_text()), "counts": json.loads(counts.read_text())}


def faults(server: Server, done: dict) -> list[str]:
    """Returns descriptions of the problems that one run found. The list is empty if the run passed."""
    cases, fields, counts = done["test_cases"], done["operations"], done["counts"]
    generated, log = cases["generated"], server.read_log()
    checks = {
        "schemathesis found faults": done["exit_code"] != 0 or done["failures"] or done["errors"],
        "fields were not tested": fields["tested"] != fields["total"] or not done["complete"],
        "examples got no response": counts.get("executed", 0) + counts.get("refused", 0) < generated,
        "fewer than half were valid": counts.get("valid", 0) < generated / 2,
        "the server has exited": not server.lives(),
        "the server does not respond any more": ask(server, "{ releases { totalCount } }")["releases"] is None,
        f"the server logged errors:\n{log}": " ERROR " in log,
    }
    return [what for what, wrong in checks.items() if wrong]


def main() -> int:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    schema = graphql.build_schema(SCHEMA.read_text(encoding="utf-8"))
    fields = len(schema.query_type.fields) + len(schema.mutation_type.fields)
    # Number of examples for each field, plus 10 %, because a field without arguments has fewer distinct queries.
    per_field = -(-wanted * 11 // (10 * len(ROLES) * fields))
    total, passed = 0, 0
    for who, settings in ROLES.items():
        began = time.monotonic()
        with Server(**settings) as server:
            done = generate(server, per_field, by_editor=not settings)
            wrong = faults(server, done)
        generated = done["test_cases"]["generated"]
        total += generated
        passed += not wrong
        print(f"{who}: {generated} examples of {done['operations']['tested']} fields, {time.monotonic() - began:.0f} s")
        print("  " + ", ".join(f"{name} {count}" for name, count in sorted(done["counts"].items())))
        for what in wrong:
            print(f"  {what}")
    print(f"schemathesis: {total} examples, minimum {wanted}, seed {SEED}")
    enough = total >= wanted
    print(f"{passed + enough} passed, {len(ROLES) - passed + (not enough)} failed")
    return 0 if enough and passed == len(ROLES) else 1


if __name__ == "__main__":
    sys.exit(main())
