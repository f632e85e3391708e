"""Save a page for a client with the token by running `warraq save` in a process of its own. Off without a token.

Nothing is fetched here: like any crawl, the command obeys robots.txt, refuses private addresses and has limits. The token is sent in a
header or a form, never in a cookie, so that no other page can use it (CSRF); requests from pages of other origins are refused as well.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from archive.errors import ExitCode, UsageError
from archive.web.api import Json
from archive.web.views import LONGEST_ADDRESS, page, room_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

SHORTEST_TOKEN: Final = 16
MOST_BODY: Final = 8 << 10
MOST_SAVES: Final = 2
"""The most concurrent saves: each is a process, and holds one of the room's turns."""
SAVE_SECONDS: Final = 100.0
"""The time limit of the command; less than `admission.ANSWER_SECONDS`."""
BODY_SECONDS: Final = 10.0
"""The time limit for a client to send the body, during which its request holds one of the room's turns."""
_END_SECONDS: Final = 10.0
_STATUSES: Final[Mapping[int, int]] = {
    ExitCode.DONE: 200,
    ExitCode.USAGE: 400,
    ExitCode.LOCKED: 409,
    ExitCode.UNREACHABLE: 502,
    ExitCode.NO_ARTICLES: 422,
}
"""HTTP statuses by the exit code of the command; 500 for any other code."""
_LACKING: Final = ("gone", "disallowed", "quarantined", "failed")
"""The counts of the summary that show that there was nothing to save."""
_GUARDED: Final = "refused-address"
"""The reason of a failure that is not the site's: its address is a private one."""

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Saving:
    """The token that permits saving, and the archive to save into: `into`, or that of the page's site if None."""

    token: str
    into: Path | None = None
    under_way: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if len(self.token) < SHORTEST_TOKEN:
            raise UsageError(f"WARRAQ_SAVE_TOKEN has fewer than {SHORTEST_TOKEN} characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The result of a request: an HTTP status, the summary of the crawl, and the message of a failed command."""

    status: int
    url: str
    summary: Mapping[str, Any]
    message: str


async def save(request: Request) -> Json:
    """POST /api/save: save the page `url` now (form or JSON), with `Authorization: Bearer TOKEN`; respond when it is done."""
    done = await _save(request, await _fields(request))
    if done.status != 200:
        return Json({"error": {"status": done.status, "message": done.message}}, done.status)
    return Json({"url": done.url, "summary": done.summary})


async def save_page(request: Request) -> Response:
    """Return the form for saving a page, with the bookmarklet; a POST of the form saves the page."""
    if request.app.state.saving is None:
        raise HTTPException(404)
    url = request.query_params.get("url", "")[:LONGEST_ADDRESS]
    done = await _save(request, await _fields(request)) if request.method == "POST" else None
    bookmarklet = f"javascript:void(open('{room_root(request)}/save?url='+encodeURIComponent(location.href)))"
    status = done.status if done else 200
    return page(request, "save.html", status=status, url=done.url if done else url, done=done, bookmarklet=bookmarklet)


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form or JSON object; {} for a body that is too large, too slow or neither.

    Raises HTTPException where nothing can be saved.
    """
    if request.app.state.saving is None:
        raise HTTPException(404)
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST_BODY:
        return {}
    with suppress(ValueError, RecursionError, TimeoutError, ClientDisconnect):
        body = await asyncio.wait_for(request.body(), BODY_SECONDS)
        if request.headers.get("content-type", "").startswith("application/json"):
            given = json.loads(body)
            return (
                {name: value for name, value in given.items() if isinstance(value, str)}
                if isinstance(given, dict)
                else {}
            )
        return {name: values[0] for name, values in parse_qs(body.decode(), max_num_fields=10).items()}
    return {}


async def _save(request: Request, fields: Mapping[str, str]) -> Saved:
    saving: Saving = request.app.state.saving
    typed = fields.get("url", "").strip()
    url = typed if typed.isprintable() else ""  # no NUL or lone surrogate may be passed to a process
    if not _may(request, saving, fields.get("token", "")):
        return Saved(status=403, url=url, summary={}, message="the token is missing or wrong")
    if len(url) > LONGEST_ADDRESS or not url.startswith(("http://", "https://")):
        return Saved(status=400, url=url[:LONGEST_ADDRESS], summary={}, message="url is not an address of the web")
    if saving.under_way >= MOST_SAVES:
        return Saved(status=429, url=url, summary={}, message="other pages are being saved: try again in a minute")
    saving.under_way += 1
    try:
        return await _run(saving, url)
    finally:
        saving.under_way -= 1


def _may(request: Request, saving: Saving, typed: str) -> bool:
    """Return whether the request has the token and does not come from a page of another origin."""
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    token = sent.strip() if scheme.lower() == "bearer" else typed
    origin = request.headers.get("origin", "")
    is_own = not origin or origin.partition("://")[2] == request.headers.get("host", "")
    has_token = hmac.compare_digest(token.encode("utf-8", "replace"), saving.token.encode("utf-8", "replace"))
    if not (is_own and has_token):
        logger.warning("%s: a request to save was refused", (request.client or ("?",))[0])
    return is_own and has_token


async def _run(saving: Saving, url: str) -> Saved:
    """Run the command, and end it after `SAVE_SECONDS`; what it committed by then is kept."""
    into = ["-s", f"ARCHIVE_DIR={saving.into}"] if saving.into else []
    environment = {name: value for name, value in os.environ.items() if name != "WARRAQ_SAVE_TOKEN"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "warraq", "save", "--json", *into, "--", url),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        out, said = await asyncio.wait_for(process.communicate(), SAVE_SECONDS)
    except TimeoutError:
        return Saved(status=504, url=url, summary={}, message=f"not done in {SAVE_SECONDS:.0f} seconds")
    finally:
        await _end(process)
    status, summary = _STATUSES.get(process.returncode or 0, 500), _summary(out)
    if status in {200, 422} and (lacking := [name for name in _LACKING if summary.get(name)]):
        message = ", ".join(_with_reasons(name, summary[name]) for name in lacking)
        answers = lacking != ["failed"] or _GUARDED in summary["failed"]
        return Saved(status=422 if answers else 502, url=url, summary=summary, message=message)
    return Saved(status=status, url=url, summary=summary, message=_last_line(said))


def _with_reasons(name: str, counted: object) -> str:
    """Return what the summary counts, with its reasons if it has them: `failed (dns)`."""
    return f"{name} ({', '.join(counted)})" if isinstance(counted, dict) else name


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a running process, first by a signal that a crawl obeys at once."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _summary(out: bytes) -> dict[str, Any]:
    """Return the JSON object that the command prints last."""
    with suppress(ValueError, IndexError):
        found = json.loads(out.decode("utf-8", "replace").splitlines()[-1])
        return found if isinstance(found, dict) else {}
    return {}


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:500]
