"""A scriptable OpenAI-compatible endpoint on loopback, for what a real server cannot be made to do on demand.

Requests are recorded. Each is answered by the next step of the script; a script that is used up repeats its last step.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One HTTP reply, sent after ``delay_s``. ``body`` None stands for bytes that are no JSON; ``pieces`` are sent as events in its place;
    ``cut`` drops the second half of the body.
    """

    status: int = 200
    body: Body | None = None
    pieces: tuple[Body, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut: bool = False


Script = Step | Callable[[Body], Step]


def says(
    text: str, *, finish_reason: str = "stop", prompt_tokens: int = 100, completion_tokens: int = 10, **changes: Any
) -> Step:
    """A chat completion with this text. ``changes`` are fields of the step."""
    message = {"role": "assistant", "content": text}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }
    return Step(body=body, **changes)


def refuses(
    status: int, message: str, *, parameter: str | None = None, code: str | None = None, **changes: Any
) -> Step:
    """An error in OpenAI's form."""
    return Step(status, {"error": {"message": message, "type": "error", "param": parameter, "code": code}}, **changes)


class Endpoint:
    """A running server: ``base_url`` to ask, ``requests`` (parsed bodies) and ``times`` (monotonic seconds) of what was asked."""

    def __init__(self, script: Sequence[Script]) -> None:
        self.script = list(script)
        self.requests: list[Body] = []
        self.times: list[float] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def _next(self, body: Body) -> Step:
        with self._lock:
            step = self.script[min(len(self.requests), len(self.script) - 1)]
            self.requests.append(body)
            self.times.append(time.monotonic())
        return step if isinstance(step, Step) else step(body)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                step = endpoint._next(body)
                time.sleep(step.delay_s)
                content = b"<html>busy</html>" if step.body is None else json.dumps(step.body).encode()
                kind = "application/json" if step.body is not None else "text/html"
                if step.pieces:
                    events = [*map(json.dumps, step.pieces), "[DONE]"]
                    content, kind = "".join(f"data: {event}\n\n" for event in events).encode(), "text/event-stream"
                sent = content[: len(content) // 2] if step.cut else content
                try:
                    self.send_response(step.status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(content)))
                    for name, value in step.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(sent)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # a client that gave up or was killed
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def serving(*script: Script) -> Iterator[Endpoint]:
    """Serve a script until the block ends."""
    endpoint = Endpoint(script)
    thread = threading.Thread(target=endpoint._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint._server.shutdown()
        endpoint._server.server_close()
        thread.join()
