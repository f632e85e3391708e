"""Send a request to a server that is not crawled, such as a webhook or scheduler: no redirects, one deadline for the whole exchange."""

from __future__ import annotations

import http.client
import queue
import threading
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message
    from http.client import HTTPResponse
    from urllib.request import Request

_Result = TypeVar("_Result")
MAX_ANSWER_BYTES = 16 << 20
"""scrapyd's list of 20,000 jobs has about 5 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientResponse:
    """The server's response, of any status."""

    status: int
    headers: Message
    body: bytes


class NoResponseError(Exception):
    """No complete response: no connection, not HTTP, too large, or too late."""


class _AsAnswered(urllib.request.HTTPErrorProcessor):
    """Returns every status, including redirects: a request goes only to the configured URL."""

    def http_response(self, request: Request, response: HTTPResponse) -> HTTPResponse:  # noqa: ARG002 - its interface
        """Return the response as it came."""
        return response

    https_response = http_response


_PROXIED = urllib.request.build_opener(_AsAnswered)
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}), _AsAnswered)


def exchange(
    request: Request, *, seconds: float, max_bytes: int = MAX_ANSWER_BYTES, direct: bool = False
) -> ClientResponse:
    """Send the request, through the proxies of the environment unless `direct`, and return the complete response.

    The exchange runs in a separate thread, because a server that sends single bytes never hits a socket timeout.

    Raises:
        NoResponseError: no complete response of at most `max_bytes` arrived within `seconds`.
    """
    opener = _DIRECT if direct else _PROXIED
    return within(seconds, lambda: _exchange(opener, request, seconds, max_bytes))


def within(seconds: float, work: Callable[[], _Result]) -> _Result:
    """Run `work` in a separate thread and return or raise its result; the thread is abandoned if it takes too long.

    Raises:
        NoResponseError: it took longer than `seconds`.
    """
    results: queue.SimpleQueue[Callable[[], _Result]] = queue.SimpleQueue()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            problem = error
            results.put(lambda: _raise(problem))
        else:
            results.put(lambda: result)

    threading.Thread(target=run, daemon=True).start()
    try:
        finished = results.get(timeout=seconds)
    except queue.Empty:
        raise NoResponseError(f"no complete response within {seconds:g} s") from None
    return finished()


def _raise(error: BaseException) -> NoReturn:
    raise error


def _exchange(
    opener: urllib.request.OpenerDirector, request: Request, seconds: float, max_bytes: int
) -> ClientResponse:
    try:
        with opener.open(request, timeout=seconds) as response:
            body = response.read(max_bytes + 1)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NoResponseError(f"{getattr(error, 'reason', '') or error or type(error).__name__}") from error
    if len(body) > max_bytes:
        raise NoResponseError(f"more than {max_bytes:,} bytes")
    return ClientResponse(status=response.status, headers=response.headers, body=body)
