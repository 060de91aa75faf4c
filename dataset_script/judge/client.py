"""Chat with an OpenAI-compatible endpoint: retries, a budget, the endpoint's dialect. Knows nothing of transcripts.

The ``openai`` package does the HTTP and the retries: exponential back-off with jitter on time-outs, lost connections, 408, 409,
429 and 5xx, and ``Retry-After`` up to two minutes. This module adds what it lacks: a hard budget, one way to say what went wrong, and
a request that is narrowed to what the endpoint takes (``dialect.py``).
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace, TracebackType
from typing import Any
from urllib.parse import urlsplit

from dataset_script.errors import DataError
from dataset_script.judge.budget import Budget, Usage
from dataset_script.judge.dialect import Dialect, is_too_long, narrower

Message = Mapping[str, str]
Schema = dict[str, Any]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# No token is shorter than a byte, and English runs at four; two leaves room for other tokenizers and scripts.
_BYTES_A_TOKEN = 2
_MAX_REASON_CHARACTERS = 500
_FLAGGED = re.compile(r"\bflagged\b|moderation|content[ _](?:filter|policy|management)|safety (?:filter|system)", re.I)


class EndpointUnavailable(OSError):
    """The endpoint cannot be used at all: no key, a wrong key, no such model, nobody listening."""

    exit_code = 2


class RequestFailed(Exception):
    """This request failed for good, others may not. ``is_final``: the same request would fail again."""

    def __init__(self, reason: str, *, requests: int, is_final: bool) -> None:
        super().__init__(reason)
        self.requests = requests
        self.is_final = is_final


class _Refused(Exception):
    """The endpoint does not take the request as it is put (HTTP 400, 413, 422). ``words`` and ``parameter`` are its own."""

    def __init__(self, reason: str, words: str, parameter: str | None, requests: int) -> None:
        super().__init__(reason)
        self.words = words
        self.parameter = parameter
        self.requests = requests


@dataclass(frozen=True)
class Endpoint:
    """Where a model is served. ``base_url`` ends in ``/v1`` for most servers; ``timeout_s`` and ``max_retries`` are for one request."""

    base_url: str
    model: str
    api_key: str = field(repr=False)
    timeout_s: float = 300.0
    max_retries: int = 5

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise DataError("--base-url: not the address of an endpoint, such as http://127.0.0.1:8000/v1.")

    @property
    def host(self) -> str:
        """Host and port: what may be written into a record, unlike a URL that may hold a password."""
        parts = urlsplit(self.base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


@dataclass(frozen=True)
class Decoding:
    """How a model picks its words. ``max_tokens`` limits the answer. Left out of a request: what the endpoint refuses."""

    temperature: float = 0.0
    max_tokens: int = 4096
    seed: int = 0


@dataclass(frozen=True)
class Completion:
    """One answer. ``usage`` is None where the endpoint does not count; ``requests`` includes retries and refusals.

    ``has_thoughts``: the endpoint sent a thinking model's thoughts apart from the text. ``model``: what the endpoint says has answered.
    """

    text: str
    finish_reason: str
    usage: Usage | None
    cost: float
    requests: int
    seconds: float
    dialect: Dialect
    has_thoughts: bool = False
    model: str = ""


def api_key_from(variable: str, base_url: str) -> str:
    """The key in an environment variable. Servers on this machine need none, nor does the variable ``none``.

    Raises:
        EndpointUnavailable: the variable is not set, or holds what cannot be sent.
    """
    key = "" if variable == "none" else os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise EndpointUnavailable(
            f"{variable} holds characters that no key has (not printable ASCII). Export it again."
        )
    if key:
        return key
    if variable == "none" or urlsplit(base_url).hostname in _LOOPBACK:
        return "none"
    raise EndpointUnavailable(
        f"{variable} is not set. Export the endpoint's key under that name, or give --api-key-env none."
    )


def request_key(messages: Sequence[Message], schema: Schema | None, model: str, decoding: Decoding) -> str:
    """sha256 of everything that decides an answer: words, schema, model, decoding. The key of a cache."""
    content = [list(map(dict, messages)), schema, model, vars(decoding)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class ChatClient:
    """An endpoint, to be used as an asynchronous context manager.

    Args:
        endpoint: whom to ask.
        decoding: how it is to answer.
        budget: limits and the account of what was spent; without limits unless given.
    """

    def __init__(self, endpoint: Endpoint, decoding: Decoding | None = None, budget: Budget | None = None) -> None:
        import openai

        self.endpoint = endpoint
        self.decoding = decoding or Decoding()
        self.budget = budget or Budget()
        self._dialect = Dialect()
        self._openai = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key,
            timeout=endpoint.timeout_s,
            max_retries=endpoint.max_retries,
            http_client=openai.DefaultAsyncHttpxClient(
                timeout=endpoint.timeout_s, event_hooks={"request": [self._count_request]}
            ),
        )

    async def __aenter__(self) -> "ChatClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._openai.close()

    async def _count_request(self, _request: object) -> None:
        self.budget.count_request()

    async def complete(
        self,
        messages: Sequence[Message],
        schema: Schema | None = None,
        *,
        decoding: Decoding | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> Completion:
        """Ask once.

        Args:
            schema: asks for JSON of that form, which the endpoint may or may not enforce.
            fields: more fields of the request's body, such as ``stop``; standard or the server's own.

        Raises:
            BudgetSpent: the request could overrun the budget. It was not sent.
            RequestFailed: no answer to this request.
            EndpointUnavailable: no answer to any request.
        """
        decoding = decoding or self.decoding
        dialect, requests, started = self._dialect, 0, time.monotonic()
        while True:
            try:
                body = self._body(messages, schema, decoding, dialect, fields or {})
                sent = await self._send(body, decoding, requests)
            except _Refused as refusal:
                requests = refusal.requests
                next_dialect = narrower(dialect, refusal.words, refusal.parameter, structured=schema is not None)
                if next_dialect is None:
                    mend = (
                        " Send less in one request, or allow fewer tokens (--max-tokens)."
                        if is_too_long(refusal.words)
                        else ""
                    )
                    raise RequestFailed(f"{refusal}.{mend}", requests=requests, is_final=True) from None
                dialect = next_dialect
                continue
            # Remembered only now: a request that is itself at fault is refused in every dialect.
            self._dialect = dialect
            return replace(sent, seconds=time.monotonic() - started, dialect=dialect)

    async def _send(self, body: dict[str, Any], decoding: Decoding, before: int) -> Completion:
        """Send one body, with the SDK's retries. ``before`` requests were already sent for it."""
        import httpx2
        import openai

        held = self.budget.hold_back(Usage(len(json.dumps(body).encode()) // _BYTES_A_TOKEN, decoding.max_tokens))
        spent = 0.0
        try:
            known = {name: body.pop(name) for name in ("model", "messages", "stream") if name in body}
            raw = await self._openai.chat.completions.with_raw_response.create(**known, extra_body=body)
            requests = before + 1 + raw.retries_taken
            response = raw.parse()
            if "stream" in known:
                response = await _gathered(response)
            usage = usage_of(getattr(response, "usage", None))
            spent = self.budget.prices.cost(usage) if usage else held
            text, finish_reason, has_thoughts = _answer(response, requests)
            model = str(getattr(response, "model", None) or "")
            return Completion(text, finish_reason, usage, spent, requests, 0.0, self._dialect, has_thoughts, model)
        except openai.APIStatusError as error:
            raise self._status_failure(error, before + 1 + _retries(error)) from None
        except openai.APIConnectionError as error:
            failure = self._connection_failure(error, before + 1 + _retries(error))
            spent = held if isinstance(failure, RequestFailed) else 0.0  # it arrived, and may be billed
            raise failure from None
        except (openai.APIError, httpx2.HTTPError, ValueError) as error:
            spent = held  # an endpoint that answers bills, whatever it answers
            words = self._clean(f"not a whole OpenAI reply: {error}")
            raise RequestFailed(words, requests=before + 1, is_final=False) from None
        finally:
            self.budget.settle(held, spent)

    def _body(
        self,
        messages: Sequence[Message],
        schema: Schema | None,
        decoding: Decoding,
        dialect: Dialect,
        fields: Mapping[str, Any],
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            **fields,
            "model": self.endpoint.model,
            "messages": [dict(message) for message in messages],
            "temperature": decoding.temperature,
            "seed": decoding.seed,
            dialect.limit: decoding.max_tokens,
        }
        if dialect.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if schema is not None and dialect.structure == "json_schema":
            form = {"name": "answer", "schema": schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        elif schema is not None:
            words = f"\n\nAnswer with one JSON object that fits this JSON Schema:\n{json.dumps(schema)}"
            body["messages"][-1]["content"] += words
            if dialect.structure == "json_object":
                body["response_format"] = {"type": "json_object"}
        return {name: value for name, value in body.items() if name not in dialect.without}

    def _status_failure(self, error: Any, requests: int) -> Exception:
        status, words = error.status_code, self._clean(error.message)
        where = f"{self.endpoint.host} answered {status}"
        if status in (400, 403) and (error.code == "content_filter" or _FLAGGED.search(words)):
            return RequestFailed(f"refused with {status}: {words}", requests=requests, is_final=True)
        if status in (401, 403):
            return EndpointUnavailable(f"{where}: {words}. Check the key.")
        if status == 404:
            return EndpointUnavailable(f"{where}: {words}. Check --model and --base-url.")
        if status == 402 or error.code == "insufficient_quota":
            return EndpointUnavailable(f"{where}: {words}. The account has no credit left.")
        if status in (400, 413, 422):
            return _Refused(f"refused with {status}: {words}", words, error.param, requests)
        return RequestFailed(f"{where} after {requests} requests: {words}", requests=requests, is_final=False)

    def _connection_failure(self, error: Any, requests: int) -> Exception:
        import httpx2
        import openai

        if isinstance(error, openai.APITimeoutError):
            reason = f"no answer within {self.endpoint.timeout_s:g} s, {requests} times"
            return RequestFailed(reason, requests=requests, is_final=False)
        cause = self._clean(str(error.__cause__ or error))
        if isinstance(error.__cause__, httpx2.ReadError | httpx2.RemoteProtocolError):
            reason = f"{self.endpoint.host} broke off its answer, {requests} times ({cause})"
            return RequestFailed(reason, requests=requests, is_final=False)
        return EndpointUnavailable(
            f"{self.endpoint.host} cannot be reached ({cause}). Start the server or check --base-url, and run the command again."
        )

    def _clean(self, words: str) -> str:
        """A stranger's words as they may be shown and written down: on one line, not endless, without the key."""
        if self.endpoint.api_key != "none":
            words = words.replace(self.endpoint.api_key, "***")
        line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
        return line if len(line) <= _MAX_REASON_CHARACTERS else f"{line[:_MAX_REASON_CHARACTERS]} …"


def _retries(error: Any) -> int:
    # The SDK says in a header of the request itself how often it had sent it before.
    return int(error.request.headers.get("x-stainless-retry-count", 0))


async def _gathered(stream: Any) -> Any:
    """A reply that comes in pieces, as one; the last piece counts the tokens."""
    said = dict.fromkeys(("content", "refusal", "reasoning_content", "reasoning"), "")
    usage, model, finish_reason = None, "", ""
    async for piece in stream:
        usage, model = getattr(piece, "usage", None) or usage, getattr(piece, "model", None) or model
        for choice in (getattr(piece, "choices", None) or [])[:1]:
            finish_reason = choice.finish_reason or finish_reason
            for name in said:
                said[name] += getattr(choice.delta, name, None) or ""
    choice = SimpleNamespace(message=SimpleNamespace(**said), finish_reason=finish_reason)
    return SimpleNamespace(choices=[choice] if finish_reason else [], usage=usage, model=model)


def usage_of(reported: Any) -> Usage | None:
    """Tokens as an endpoint reports them; None where it does not count, or counts what cannot be.

    Gemini leaves a thinking model's thoughts out of ``completion_tokens``, but bills them: they are in the total.
    """

    def count(holder: Any, name: str) -> int | None:
        value = getattr(holder, name, None)
        return value if isinstance(value, int) and value >= 0 else None

    prompt, completion = count(reported, "prompt_tokens"), count(reported, "completion_tokens")
    if prompt is None or completion is None:
        return None
    total = count(reported, "total_tokens") or 0
    cached = count(getattr(reported, "prompt_tokens_details", None), "cached_tokens") or 0
    return Usage(prompt, max(completion, total - prompt), min(cached, prompt))


def _answer(response: Any, requests: int) -> tuple[str, str, bool]:
    """Text, finish reason, and whether thoughts came beside; a refusal to answer is ``content_filter``, however the endpoint says it."""
    choices = getattr(response, "choices", None)
    if not choices or choices[0].message is None:
        said = getattr(response, "error", None)
        words = f"a reply without an answer in it{f': {str(said)[:_MAX_REASON_CHARACTERS]}' if said else ''}"
        raise RequestFailed(words, requests=requests, is_final=False)
    message = choices[0].message
    if getattr(message, "refusal", None):
        return "", "content_filter", False
    thoughts = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    text = message.content or ""
    if isinstance(text, list):  # some endpoints answer in parts, as they may be asked in parts
        text = "".join(str(part.get("text") or "") for part in text if isinstance(part, dict))
    # A half of a surrogate pair can neither be sent back nor written down.
    text = text.encode("utf-8", "replace").decode()
    return text, choices[0].finish_reason or "", bool(thoughts)
