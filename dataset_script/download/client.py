"""Talking HTTP to a Dataverse: who we are, patience, the token, and files that go on where they were cut."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InvalidHeader, MaxRetryError, ResponseError
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from dataset_script import BENCHMARK_VERSION
from dataset_script.download.refusals import Answer, DownloadError, Resource, refusal
from dataset_script.errors import DataError

TOKEN_HEADER = "X-Dataverse-key"
USER_AGENT = f"deescalwild/{BENCHMARK_VERSION} (research data client)"
"""Harvard's firewall answers 403 to the default of ``requests`` (IQSS/dataverse.harvard.edu#479)."""
TIMEOUT_S = (10, 60)
"""To connect, and between two packets."""
MAX_WAIT_S = 60
"""Longest pause before one retry. A server that asks for more by Retry-After is not asked again; the user is told."""
ATTEMPTS = 5
_CHUNK = 2**16
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Session(requests.Session):
    """A session that keeps the token from other hosts: Dataverse redirects to storage that is not its own."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        super().rebuild_auth(prepared_request, response)
        if self.should_strip_auth(str(response.request.url), str(prepared_request.url)):
            prepared_request.headers.pop(TOKEN_HEADER, None)


class _Patience(Retry):
    """Retries that wait as long as they are asked to, or give the answer back where that is too long."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds; None where the header cannot be read."""
        try:
            return super().get_retry_after(response)
        except InvalidHeader:
            return None

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        *others: Any,
        **named: Any,
    ) -> Self:
        """Count a failure; no further try where the server asks for a longer pause than :data:`MAX_WAIT_S`."""
        if response is not None and (self.get_retry_after(response) or 0) > MAX_WAIT_S:
            raise MaxRetryError(named["_pool"], url or "", ResponseError("asked to wait"))
        return super().increment(method, url, response, *others, **named)


class Client:
    """One Dataverse. ``backoff_s`` is the first pause between retries; it doubles up to :data:`MAX_WAIT_S`.

    Raises:
        DataError: ``base_url`` is no web address, or would carry the token unencrypted to another machine.
    """

    def __init__(self, base_url: str, token: str | None = None, *, backoff_s: float = 1.0) -> None:
        address = _address(base_url)
        if token and address.scheme == "http" and address.hostname not in _LOOPBACK:
            raise DataError(f"{base_url} would carry your token unencrypted. Use https, or unset DATAVERSE_API_TOKEN.")
        self.base_url, self.host, self._backoff_s = base_url.rstrip("/"), address.netloc, backoff_s
        self._has_token = bool(token)
        self._session = _Session()
        # `identity`: byte ranges and sizes are those of the file, not of a compressed transfer.
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        if token:
            self._session.headers[TOKEN_HEADER] = token
        retry = _Patience(
            total=ATTEMPTS,
            connect=3,
            status_forcelist=(429, 500, 502, 503, 504),
            backoff_factor=backoff_s,
            backoff_max=MAX_WAIT_S,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def page(self, doi: str) -> str:
        """Address of the dataset's page for people."""
        return f"{self.base_url}/dataset.xhtml?persistentId={doi}"

    def get_json(self, wanted: Resource) -> Any:
        """The ``data`` of an API answer; None where it says 404.

        Raises:
            DownloadError: refused, or anything but JSON came.
        """
        with self._get(wanted) as response:
            if response.status_code == 404 and _media_type(response) == "application/json":
                return None
            self._refuse(response, wanted)
            try:
                return response.json()["data"]
            except (ValueError, KeyError, TypeError, RecursionError, requests.RequestException):
                raise DownloadError(
                    f"{self.host} answered for {wanted.what} with something that is not JSON."
                ) from None

    def download(
        self, wanted: Resource, part: Path, size: int | None, on_bytes: Callable[[int], None] = lambda count: None
    ) -> None:
        """Write a file to ``part``, going on behind what ``part`` already holds.

        Args:
            wanted: the file.
            part: where to; its folder exists.
            size: bytes that are expected. A file without it cannot be resumed, and begins anew.
            on_bytes: told how many bytes came; a negative number where some are thrown away.

        Raises:
            DownloadError: refused, larger than ``size``, or cut :data:`ATTEMPTS` times without getting on.
        """
        attempts = 0
        while size is None or _size(part) != size:
            before = _size(part)
            if before and (size is None or before > size):
                part.unlink()
                on_bytes(-before)
                before = 0
            try:
                self._append(wanted, part, size, on_bytes)
                if size is None:
                    return
                reason = f"{_size(part):,} of {size:,} bytes came"
            except requests.RequestException as error:
                reason = _plain(error)
            attempts = 0 if _size(part) > before else attempts + 1
            if attempts == ATTEMPTS:
                raise DownloadError(
                    f"{wanted.what} could not be downloaded from {self.host} ({reason}). "
                    "Run the same command later; what has come is kept."
                )
            if size is None or _size(part) < size:
                time.sleep(min(self._backoff_s * 2**attempts, MAX_WAIT_S))
        part.touch()

    def _append(self, wanted: Resource, part: Path, size: int | None, on_bytes: Callable[[int], None]) -> None:
        have = _size(part)
        with self._get(wanted, {"Range": f"bytes={have}-"} if have else None) as response:
            is_dropped = response.status_code == 416
            if not is_dropped:
                self._refuse(response, wanted)
            is_resumed = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if have and (is_dropped or not is_resumed):
                part.unlink()
                on_bytes(-have)
                have = 0
            if is_dropped:
                return
            with part.open("ab") as file:
                for chunk in response.iter_content(_CHUNK):
                    have += len(chunk)
                    if size is not None and have > size:
                        raise DownloadError(f"{wanted.what} is larger than the {size:,} bytes that {self.host} states.")
                    file.write(chunk)
                    on_bytes(len(chunk))

    def _get(self, wanted: Resource, headers: dict[str, str] | None = None) -> requests.Response:
        url = f"{self.base_url}{wanted.path}"
        try:
            return self._session.get(url, params=wanted.params, headers=headers, stream=True, timeout=TIMEOUT_S)
        except requests.RequestException as error:
            raise DownloadError(
                f"{self.host} cannot be reached ({_plain(error)}). Check the network and run the same command again."
            ) from None

    def _refuse(self, response: requests.Response, wanted: Resource) -> None:
        media_type, message = _media_type(response), ""
        if response.status_code >= 400 and media_type == "application/json":
            try:
                message = str(response.json()["message"])
            except (ValueError, KeyError, TypeError, RecursionError, requests.RequestException):
                message = ""
        answer = Answer(
            response.status_code,
            media_type,
            message,
            response.headers.get("Retry-After", ""),
            has_name="Content-Disposition" in response.headers,
        )
        if sentence := refusal(answer, wanted, self.host, has_token=self._has_token):
            raise DownloadError(sentence)


def _address(base_url: str) -> SplitResult:
    try:
        address = urlsplit(base_url)
    except ValueError:
        address = urlsplit("")
    if address.scheme not in ("http", "https") or not address.hostname or "@" in address.netloc:
        raise DataError("that is not the address of a Dataverse. Write it as https://dataverse.example.org.")
    return address


def _media_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _plain(error: BaseException) -> str:
    """The innermost reason, without addresses of objects or of files behind a redirect."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return str(getattr(error, "strerror", None) or type(error).__name__)
