"""A small Dataverse on loopback that speaks the two calls of the API a download needs, and fails on demand.

Requests are recorded. ``faults`` queues, for one file id or ``"versions"``, what the next requests get instead of an answer.
"""

import hashlib
import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

DOI = "doi:10.5072/FK2/FICTION"
TOKEN = "11111111-2222-3333-4444-555555555555"
BLOCK_PAGE = b"<!DOCTYPE html><title>Human verification</title>"


@dataclass(frozen=True)
class StoredFile:
    """One file. A ``tabular`` one is listed as ``.tab`` and comes as a table of the server's own unless the original is asked for."""

    name: str
    content: bytes
    folder: str | None = None
    tabular: bool = False
    restricted: bool = False
    checksum: str | None = None
    states_size: bool = True


@dataclass(frozen=True)
class Fault:
    """An answer in place of the right one."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """The right answer, but the connection ends after ``after`` bytes of the body; ``hang`` keeps it open instead."""

    after: int
    hang: bool = False


def says(status: int, message: str, **headers: str) -> Fault:
    """An error in Dataverse's form."""
    return Fault(status, json.dumps({"status": "ERROR", "message": message}).encode(), headers=headers)


@dataclass(frozen=True)
class Request:
    """What was asked: path without query, parameters and headers."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]


class Dataverse:
    """A running server: ``versions`` maps ``1.0`` to its files; the last one is the latest. File ids count from 1 over all versions."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.base_url = f"http://127.0.0.1:{server.server_address[1]}"
        self.versions: dict[str, list[StoredFile]] = {}
        self.faults: dict[str, deque[Fault | Cut]] = defaultdict(deque)
        self.requests: list[Request] = []
        self.reached = threading.Event()
        self.released = threading.Event()

    @property
    def files(self) -> dict[str, StoredFile]:
        """Files by id."""
        stored = [file for files in self.versions.values() for file in files]
        return {str(number): file for number, file in enumerate(stored, start=1)}

    def downloads(self) -> list[str]:
        """Ids of the files that were asked for, in order."""
        return [request.path.rpartition("/")[2] for request in self.requests if "/datafile/" in request.path]

    def describe(self, version: str) -> dict[str, Any]:
        """JSON of a version, as the native API gives it."""
        major, minor = version.split(".")
        ids = {id(file): number for number, file in self.files.items()}
        return {
            "versionNumber": int(major),
            "versionMinorNumber": int(minor),
            "versionState": "RELEASED",
            "files": [_describe(int(ids[id(file)]), file) for file in self.versions[version]],
        }


def table_of(file: StoredFile) -> bytes:
    """What Dataverse makes of an uploaded CSV: tabs, no header."""
    return file.content.partition(b"\n")[2].replace(b",", b"\t")


def _describe(number: int, file: StoredFile) -> dict[str, Any]:
    body = table_of(file) if file.tabular else file.content
    stem, _, suffix = file.name.rpartition(".")
    data: dict[str, Any] = {
        "id": number,
        "filesize": len(body),
        "checksum": {"type": "SHA-1", "value": file.checksum or hashlib.sha1(body).hexdigest()},
        "tabularData": file.tabular,
    }
    if file.tabular:
        data |= {"originalFileName": f"uploaded as.{suffix}", "originalFileFormat": "text/csv"}
        data |= {"originalFileSize": len(file.content)} if file.states_size else {}
    described = {"label": f"{stem}.tab" if file.tabular else file.name, "restricted": file.restricted, "dataFile": data}
    return described | ({"directoryLabel": file.folder} if file.folder else {})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    dataverse: Dataverse

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        params = {key: values[0] for key, values in parse_qs(address.query).items()}
        self.dataverse.requests.append(Request(address.path, params, dict(self.headers)))
        name = address.path.rpartition("/")[2]
        queue = self.dataverse.faults["versions" if "/versions/" in address.path else name]
        fault = queue.popleft() if queue else None
        if isinstance(fault, Fault):
            self._send(fault.status, fault.body, fault.media_type, fault.headers)
        elif self.headers["User-Agent"].startswith("python-requests"):
            self._send(403, BLOCK_PAGE, "text/html")
        elif "/versions/" in address.path:
            self._version(name, params.get("persistentId"))
        else:
            self._file(name, params, fault)

    def _version(self, name: str, doi: str | None) -> None:
        known = self.dataverse.versions
        version = list(known)[-1] if name == ":latest-published" else name
        if doi != DOI or version not in known:
            self._fault(says(404, "Dataset version not found"))
        else:
            body = json.dumps({"status": "OK", "data": self.dataverse.describe(version)}).encode()
            self._send(200, body, "application/json")

    def _file(self, name: str, params: dict[str, str], cut: Cut | None) -> None:
        file = self.dataverse.files[name]
        if file.restricted and self.headers["X-Dataverse-key"] != TOKEN:
            self._fault(says(403, "Not authorized to access this object via this API endpoint."))
            return
        body = table_of(file) if file.tabular and params.get("format") != "original" else file.content
        begin, headers, status = 0, {"Content-Disposition": f'attachment; filename="{file.name}"'}, 200
        if self.headers["Range"]:
            begin = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            status, headers["Content-Range"] = 206, f"bytes {begin}-{len(body) - 1}/{len(body)}"
        self._send(status, body[begin:], "application/octet-stream", headers, cut)

    def _fault(self, fault: Fault) -> None:
        self._send(fault.status, fault.body, fault.media_type, fault.headers)

    def _send(
        self, status: int, body: bytes, media_type: str, headers: dict[str, str] | None = None, cut: Cut | None = None
    ) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body if cut is None else body[: cut.after])
        if cut is not None:
            self.wfile.flush()
            self.dataverse.reached.set()
            if cut.hang:
                self.dataverse.released.wait(timeout=60)
            self.close_connection = True


@contextmanager
def serve_dataverse(**versions: list[StoredFile]) -> Iterator[Dataverse]:
    """Serve versions, given as ``v1_0=[…]``, until the block ends."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        dataverse = handler.dataverse = Dataverse(server)
        dataverse.versions = {name.removeprefix("v").replace("_", "."): files for name, files in versions.items()}
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield dataverse
        finally:
            dataverse.released.set()
            server.shutdown()
