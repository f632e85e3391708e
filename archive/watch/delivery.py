"""Deliver messages by signed webhook or mail, and schedule further attempts after a failure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import smtplib
import ssl
import urllib.request
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from gettext import gettext as _
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from archive import urls
from archive.errors import UsageError
from archive.http.client import NoResponseError, exchange, within
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO
    from urllib.parse import SplitResult

    from archive.watch.store import Watch
    from archive.watch.syndication import FeedItem

SECONDS: Final = 15.0
"""The time limit for one message, from the first byte to the last."""
PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 720, 1440, 1440, 1440))
"""The pauses between attempts. After the last, four and a half days in all, the message is given up, which `watch list` shows."""
SMTP: Final = "WARRAQ_SMTP"
"""The variable that names the mail server: smtp://user:password@host:587 (STARTTLS if it is offered) or smtps://host:465."""
SENDER: Final = "WARRAQ_MAIL_FROM"
_MAX_ANSWER: Final = 1 << 16
_OWN: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Mail servers on this machine, which get a password without encryption too."""


class NotDeliveredError(Exception):
    """The target did not accept the message; the text is its response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message to send: its id, its watch, and its entries."""

    id: str
    watch: Watch
    entries: Sequence[FeedItem]


def deliver(letter: Letter, target: str, *, now: datetime) -> None:
    """Send the letter. Raises NotDeliveredError."""
    if target.startswith("mailto:"):
        _mail(letter, target.removeprefix("mailto:"), now)
    else:
        _post(letter, target, now)


def _post(letter: Letter, url: str, now: datetime) -> None:
    body = json.dumps(webhook_payload(letter), ensure_ascii=False).encode("utf-8", "replace")
    stamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "webhook-id": letter.id,
        "webhook-timestamp": stamp,
        "webhook-signature": signature(letter.watch.secret, letter.id, stamp, body),
    }
    try:
        sent = urls.join(url, url) or url  # in ASCII: urllib refuses other letters
        request = urllib.request.Request(sent, body, headers)  # noqa: S310 - only http and https become targets
        answer = exchange(request, seconds=SECONDS, max_bytes=_MAX_ANSWER)
    except (NoResponseError, ValueError) as error:
        raise NotDeliveredError(str(error)) from error
    if not 200 <= answer.status < 300:
        raise NotDeliveredError(N_("status {status}").format(status=answer.status))


def webhook_payload(letter: Letter) -> dict[str, object]:
    """Return the payload of a webhook."""
    return {
        "type": "warraq.watch.matched",
        "watch": {"name": letter.watch.name, "query": letter.watch.query},
        "matches": [
            {
                "event": entry.event,
                "url": entry.url,
                "title": entry.title,
                "summary": entry.summary,
                "author": entry.author,
                "language": entry.language,
                "published_at": entry.published or None,
                "article": dict(entry.article),
            }
            for entry in letter.entries
        ],
    }


def signature(secret: str, identity: str, stamp: str, body: bytes) -> str:
    """Return the signature by the Standard Webhooks specification (HMAC-SHA256), which its libraries verify."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def _mail(letter: Letter, address: str, now: datetime) -> None:
    server = os.environ.get(SMTP, "")
    if not server:
        raise NotDeliveredError(
            N_("no mail server: name one in {smtp}, such as smtp://user:password@mail.example.org:587").format(
                smtp=SMTP
            )
        )
    try:
        within(SECONDS, lambda: _send(server, mail_of(letter, address, now)))
    except (NoResponseError, OSError, smtplib.SMTPException, ValueError) as error:
        raise NotDeliveredError(_problem_of(error)) from error


def _problem_of(error: Exception) -> str:
    """Return the reply of the mail server as it gave it (`550 no such user`); for other errors, their text."""
    reply: bytes | str
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, reply = next(iter(error.recipients.values()))
        case smtplib.SMTPResponseException():
            code, reply = error.smtp_code, error.smtp_error
        case _:
            return str(error) or type(error).__name__
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(words.split())}"


def mail_of(letter: Letter, address: str, now: datetime) -> EmailMessage:
    """Return the letter as mail; its Message-ID is that of the message, so that a second copy is recognised."""
    sender = os.environ.get(SENDER) or "warraq@localhost"
    mail = EmailMessage()
    mail["Subject"] = f"{letter.watch.name}: {len(letter.entries)}"
    mail["From"] = sender
    mail["To"] = address
    mail["Date"] = now
    mail["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    blocks = (
        "\n".join(filter(None, (f"{'' if one.event == 'new' else f'[{one.event}] '}{one.title}", one.url, one.summary)))
        for one in letter.entries
    )
    mail.set_content(f"{letter.watch.query}\n\n" + "\n\n".join(blocks) + "\n")
    return mail


class _Replies:
    """The replies of a mail server, bounded in total: one without an end would take all memory until the deadline."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, _MAX_ANSWER

    def readline(self, size: int) -> bytes:
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError(N_("its replies are too long"))
        return line

    def close(self) -> None:
        self._file.close()


class _Smtp(smtplib.SMTP):
    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Replies(self.sock.makefile("rb"))
        return super().getreply()


class _Smtps(_Smtp, smtplib.SMTP_SSL):
    pass


def _send(server: str, mail: EmailMessage) -> None:
    parts = urlsplit(server)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(f"{SMTP} is not smtp://… or smtps://…")
    with _connected(parts) as connection:
        connection.ehlo()
        if parts.scheme == "smtp" and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
        elif parts.scheme == "smtp" and parts.username and parts.hostname not in _OWN:
            raise ValueError(N_("the mail server offers no encryption (STARTTLS), so no password is sent to it"))
        if parts.username:
            connection.login(unquote(parts.username), unquote(parts.password or ""))
        connection.send_message(mail)


def _connected(server: SplitResult) -> smtplib.SMTP:
    host = server.hostname or ""
    if server.scheme == "smtps":
        return _Smtps(host, server.port or 465, timeout=SECONDS, context=ssl.create_default_context())
    return _Smtp(host, server.port or 25, timeout=SECONDS)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return the time of the next attempt after this number of failures; None when the message is given up."""
    return now + PAUSES[attempts] if attempts < len(PAUSES) else None


def after_quiet(watch: Watch, now: datetime) -> datetime:
    """Return the time from which matches may be sent: now, or the end of the watch's quiet hours."""
    if not watch.quiet:
        return now
    start, end = quiet_hours(watch.quiet)
    here = now.astimezone(ZoneInfo(watch.zone))
    clock = here.timetz().replace(tzinfo=None)
    is_quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not is_quiet:
        return now
    ends = here.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return (ends if ends > here else ends + timedelta(days=1)).astimezone(now.tzinfo)


def quiet_hours(text: str) -> tuple[time, time]:
    """Parse quiet hours such as `22:00-07:00` into start and end; raises UsageError."""
    try:
        first, last = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        raise UsageError(_("{text!r} is not a range of hours: write it as 22:00-07:00").format(text=text)) from None
    if first == last:
        raise UsageError(
            _("{text!r} would be quiet all day: omit --quiet, or give two different times").format(text=text)
        )
    return first, last
