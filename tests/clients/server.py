"""Starts a Dateline server for a test, on a free local port and with a temporary database. server.mjs does the same."""

import os
import re
import subprocess
import tempfile
import threading
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SCHEMA = FOLDER.parent.parent / "schema.graphql"
BINARY = FOLDER / (os.environ.get("DATELINE_BIN") or "../../target/debug/dateline")

# Timeout for starting or stopping a server, in seconds.
PATIENCE = 30


class Server:
    """A server with the demo newsroom that runs during a `with` block. The settings are variables (`DATELINE_…`)."""

    def __init__(self, **settings: str):
        self.settings = settings

    def __enter__(self) -> "Server":
        if not BINARY.exists():
            raise SystemExit(f"no server at {BINARY}: build it (cargo build), or set DATELINE_BIN")
        self.folder = tempfile.TemporaryDirectory(prefix="dateline-clients-")
        database = f"sqlite://{self.folder.name}/demo.db"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
        self.log = open(Path(self.folder.name) / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--demo", "--listen", "127.0.0.1:0", "--database", database],
            cwd=self.folder.name,
            env={**kept, "DATELINE_LOG": "warn", **self.settings},
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        late = threading.Timer(PATIENCE, self.process.kill)
        late.start()
        try:
            self.url, self.token = self._greeting()
        except BaseException:
            self.process.kill()
            self._clear()
            raise
        finally:
            late.cancel()
        self.socket_url = self.url.replace("http:", "ws:")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        log = self.read_log()
        self._clear()
        if code != 0:
            raise RuntimeError(f"the server exited with {code}:\n{log}")

    def lives(self) -> bool:
        return self.process.poll() is None

    def read_log(self) -> str:
        """Returns the log of the server. It contains only warnings and errors."""
        return Path(self.log.name).read_text(encoding="utf-8")

    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _greeting(self) -> tuple[str, str]:
        token = None
        for line in self.process.stdout:
            if found := re.match(r"\s+(dateline_\S+)$", line):
                token = found[1]
            if found := re.match(r"Dateline serves \d+ releases at (http:\S+);", line):
                return found[1], token
        raise RuntimeError(f"the server did not start:\n{self.read_log()}")

    def _clear(self) -> None:
        self.process.wait()
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()
