"""Guards every exchange: requests that are too long or meant for another host are turned away, answers get the headers of a strict page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_TARGET: Final = 12_000
"""Bytes of path and query: a search of 1,000 Arabic letters is 6,000 of them, percent-encoded."""

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
ARCHIVED_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""For archived HTML: an origin of its own without scripts, forms, popups and top navigation; it loads nothing."""

_HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-cache",
}


class SecurityHeaders:
    """The outermost layer of the application.

    `hosts` are the names that the server answers to, without port; empty: to any. On loopback the list matters: without it a page from
    elsewhere could point its own name at 127.0.0.1 and read the archive (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One exchange."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
            return PlainTextResponse("The address is too long.\n", 414)
        host = _host(Headers(scope=scope).get("host", ""))
        if self._hosts and host not in self._hosts:
            return PlainTextResponse("This server does not answer to that name; see warraq serve --name.\n", 421)
        return None


def _host(value: str) -> str:
    """The host of a Host header, in lower case, without its port and the brackets of an IPv6 address."""
    value = value.strip().lower()
    if value.startswith("["):
        return value[1:].split("]", maxsplit=1)[0]
    return value.split(":", maxsplit=1)[0].removesuffix(".")
