"""The web server: the first table at once, the whole Gradio app as soon as it is imported.

Importing Gradio takes seconds, and nobody should wait for it who came for the ranking. So one ASGI app answers from the start: the
first page from the snapshot, ``view`` and ``export.*`` for it, and everything else by Gradio once it is there.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from leaderboard_app.board_page import Shown, open_view, render_leaderboard, render_part
from leaderboard_app.exports import FORMATS, WRITERS, records, source_of, withheld_records
from leaderboard_app.filters import select
from leaderboard_app.gate import HEADERS, Gate, client_of, too_many
from leaderboard_app.limits import RateLimit
from leaderboard_app.rendering import render
from leaderboard_app.site import HEADER, STATIC, TITLE, Site
from leaderboard_app.view_state import MAX_QUERY, View

STARTING = """<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Starting</title>
<p style="font: 1rem system-ui; margin: 3rem">This page opens in a few seconds. The ranking is there already: <a href="./">leaderboard</a>."""


class FrontDoor:
    """ASGI app over a site. ``build``: makes the Gradio app, in a thread, once the first table can be shown; ``on_failure``: called if it cannot."""

    def __init__(self, site: Site, build: Callable[[Site], Any], on_failure: Callable[[], None] = lambda: None) -> None:
        self.site = site
        self.on_failure = on_failure
        self.ready = threading.Event()
        self.failure: BaseException | None = None
        self._build = build
        self._inner: ASGIApp | None = None
        self._views = RateLimit(per_second=10, burst=60)
        self._exports = RateLimit(per_second=0.5, burst=20)
        self._own = Starlette(
            routes=[
                Route("/", self._first),
                Route("/view", self._view),
                Route("/ready", self._ready),
                *(Route(f"/export.{name}", self._export(name)) for name in FORMATS),
                Route("/{rest:path}", self._starting, methods=["GET", "POST"]),
            ],
            lifespan=self._lifespan,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_ours = scope["type"] == "lifespan" or path in {"/view", "/ready"} or path.startswith("/export.")
        inner = self._inner
        await (self._own if inner is None or is_ours else inner)(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            opening = asyncio.create_task(self._open(stack))
            yield
            opening.cancel()

    async def _open(self, stack: AsyncExitStack) -> None:
        try:
            # The first table before Gradio: its import holds the interpreter's lock, and whoever asks meanwhile waits for it.
            await run_in_threadpool(self._first_page, "")
            app = await run_in_threadpool(self._build, self.site)
            await stack.enter_async_context(app.router.lifespan_context(app))
            self._inner = Gate(app, RateLimit(per_second=10, burst=100))
        except Exception as error:
            self.failure = error
            self.on_failure()
        finally:
            self.ready.set()

    async def _first(self, request: Request) -> Response:
        if refusal := self._refusal(request, self._views):
            return refusal
        return HTMLResponse(await run_in_threadpool(self._first_page, request.url.query), headers=HEADERS)

    def _first_page(self, query: str) -> str:
        shown = open_view(self.site, query)
        return render(
            "first",
            title=TITLE,
            header=Markup(HEADER),
            css=Markup((STATIC / "board.css").read_text("utf-8")),
            script=Markup((STATIC / "board.js").read_text("utf-8")),
            body=Markup(render_leaderboard(shown)),
        )

    async def _view(self, request: Request) -> Response:
        if refusal := self._refusal(request, self._views):
            return refusal
        return JSONResponse(
            await run_in_threadpool(lambda: render_part(open_view(self.site, request.url.query))), headers=HEADERS
        )

    async def _ready(self, _: Request) -> Response:
        return PlainTextResponse("", status_code=200 if self._inner else 503, headers=HEADERS)

    async def _starting(self, _: Request) -> Response:
        return HTMLResponse(STARTING, status_code=503, headers={**HEADERS, "Retry-After": "2"})

    def _export(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if refusal := self._refusal(request, self._exports):
                return refusal
            everything = request.query_params.get("scope") == "all"
            return await run_in_threadpool(export, open_view(self.site, request.url.query), name, everything)

        return answer

    def _refusal(self, request: Request, limit: RateLimit) -> Response | None:
        if len(request.url.query) > MAX_QUERY:
            return PlainTextResponse(f"The address is longer than {MAX_QUERY} characters.", 414, HEADERS)
        return None if limit.allows(client_of(request.scope)) else too_many()


def export(shown: Shown, name: str, everything: bool) -> Response:
    """A file of the rows that a view shows, or of the whole board with what is withheld from it."""
    if shown.board is None or shown.selection is None:
        return PlainTextResponse("The ledger holds no result yet.", 404, HEADERS)
    selection = select(shown.board, View()) if everything else shown.selection
    rows = records(selection.entries) if everything else records(selection.entries, shown.view.columns)
    if everything:
        rows += withheld_records(shown.snapshot.withheld_from(shown.board), rows)
    content = WRITERS[name](rows, source_of(shown.snapshot, shown.board))
    file = f"deescalwild-{shown.board.key}-{shown.snapshot.digest[:12]}{'' if everything else '-view'}.{name}"
    return Response(
        content, headers={**HEADERS, "Content-Disposition": f'attachment; filename="{file}"'}, media_type=FORMATS[name]
    )


def build_gradio(site: Site) -> Any:
    """The Gradio app as an ASGI app."""
    from leaderboard_app.quick_gradio import import_gradio

    import_gradio()
    from leaderboard_app.app import mount

    return mount(site)


class Server:
    """A running board. ``port``: 0 takes any free one. ``build``: makes the Gradio app. Leave by ``close``."""

    def __init__(self, site: Site, host: str, port: int, build: Callable[[Site], Any] = build_gradio) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self.socket.bind((host, port))
            self.socket.listen(128)  # who comes before the server accepts waits for it, instead of being turned away
        except OSError:
            self.socket.close()
            raise
        self.door = FrontDoor(site, build, self._stop)
        # Behind the Hub's proxy, the address of the client is in a header; elsewhere nobody's word is taken for it. Where that word
        # is false, the rate limits' common bucket holds.
        trusted = "*" if host == "0.0.0.0" else None
        # Gradio's pages keep a connection open for as long as they are looked at: nobody waits for those at the end.
        config = uvicorn.Config(
            self.door, log_level="warning", forwarded_allow_ips=trusted, lifespan="on", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where it answers; with port 0 the system chose one."""
        return "http://{}:{}".format(*self.socket.getsockname()[:2])

    def _stop(self) -> None:
        self._server.should_exit = True

    def run(self) -> None:
        """Serve until interrupted. Raises what the Gradio app could not be built for."""
        self._server.run(sockets=[self.socket])
        if self.door.failure:
            raise self.door.failure

    def begin(self) -> None:
        """Serve in a thread, the first table at once."""
        self._thread = threading.Thread(target=self._server.run, args=([self.socket],), daemon=True)
        self._thread.start()

    def start(self) -> "Server":
        """Serve in a thread; returns when every page is there. Raises what the Gradio app could not be built for."""
        self.begin()
        self.door.ready.wait()
        if self.door.failure:
            self.close()
            raise self.door.failure
        return self

    def block_thread(self) -> None:
        """Wait until interrupted."""
        if self._thread:
            try:
                self._thread.join()
            except KeyboardInterrupt:
                self.close()

    def close(self) -> None:
        """Stop serving."""
        self._stop()
        if self._thread:
            self._thread.join(timeout=10)
        self.socket.close()


def launch(results: Path, port: int = 7860, *, block: bool = True, host: str = "127.0.0.1") -> Server:
    """Serve the board.

    Raises:
        OSError: the port is taken.
    """
    server = Server(Site.over(results), host, port)
    if block:
        server.run()
        return server
    return server.start()
