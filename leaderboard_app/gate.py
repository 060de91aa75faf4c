"""What stands before the Gradio app, all of whose handlers anybody can call: who may ask how often, and how much may be sent.

ASGI in, ASGI out. No page takes a file, so Gradio's upload route, open to everybody as it comes, is not there.
"""

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from leaderboard_app.limits import RateLimit

MAX_BODY = 256 * 2**10
"""Bytes of a request: the Submit form's fields at their longest are an eighth of it."""
CLOSED = ("/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/proxy=", "/gradio_api/stream/")
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}


class Gate:
    """Lets requests through to ``app`` or answers them in a line: 404, 411, 413, 429."""

    def __init__(self, app: ASGIApp, limit: RateLimit) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if scope["path"].startswith(CLOSED):
            return PlainTextResponse("There is nothing here.", 404, HEADERS)
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return None
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            return PlainTextResponse("Say how long the request is (Content-Length).", 411, HEADERS)
        if int(length) > MAX_BODY:
            return PlainTextResponse(f"The request is longer than {MAX_BODY // 2**10} KiB.", 413, HEADERS)
        return None if self.limit.allows(client_of(scope)) else too_many()


def client_of(scope: Scope) -> str:
    """The client's address, as the web server took it from the connection or from the proxy before it."""
    return str(scope["client"][0]) if scope.get("client") else "unknown"


def too_many() -> Response:
    """The answer to a client that asks too often."""
    return PlainTextResponse("Too many requests at once: wait a few seconds.", 429, {**HEADERS, "Retry-After": "5"})
