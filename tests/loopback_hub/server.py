"""HTTP for the loopback Hub: a thread a connection, one lock around the store."""

import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback_hub.routes import Answer, Request, answer
from tests.loopback_hub.store import Store, User

ALICE = User("alice", "hf_alice", orgs=("acme",))
BOB = User("bob", "hf_bob")


@dataclass
class LoopbackHub:
    """A running server.

    ``faults`` queues, by the name of a route's function (``commit``, ``upload_object``, ``create_tag`` …), status codes to answer instead of doing
    anything; a negative one does the work first and then cuts the connection. ``requests`` lists (method, path) in order.
    """

    url: str
    store: Store
    faults: dict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))
    requests: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def writes(self) -> list[tuple[str, str]]:
        """Requests that may change something: all but GET, HEAD and the POSTs that only ask."""
        asks = ("/paths-info/", "/validate-yaml", "/preupload/", "/objects/batch")
        return [
            (method, path)
            for method, path in self.requests
            if method not in ("GET", "HEAD") and not any(part in path for part in asks)
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: LoopbackHub

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _serve(self) -> None:
        # The path stays quoted: a revision may be `refs%2Fpr%2F1`.
        address = urlsplit(self.path)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        request = Request(
            self.command, address.path, parse_qs(address.query), dict(self.headers), self._body(), self.hub.url, token
        )
        with self.hub.lock:
            self.hub.requests.append((self.command, address.path))
            found = answer(self.hub.store, request, self.hub.faults)
        if found is None:
            self.close_connection = True
        else:
            self._send(found)

    def _send(self, found: Answer) -> None:
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(found.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve


@contextmanager
def loopback_hub(*users: User) -> Iterator[LoopbackHub]:
    """Serve a Hub on a free port of 127.0.0.1 until the block ends.

    Args:
        users: accounts; unless given, ``alice`` (token ``hf_alice``, member of ``acme``) and ``bob`` (``hf_bob``).
    """
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    handler.hub = LoopbackHub(f"http://127.0.0.1:{server.server_address[1]}", Store(users or (ALICE, BOB)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield handler.hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
