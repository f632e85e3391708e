"""Deliver a message by signed webhook or mail; on failure, report why and when to try again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import smtplib
import urllib.request
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from gettext import gettext as _
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from archive.errors import UsageError
from archive.http.client import NoAnswerError, exchange, within
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.watch.store import Watch
    from archive.watch.syndication import FeedItem

SECONDS: Final = 15.0
"""For one message, from the first byte to the last."""
PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 720, 1440, 1440, 1440))
"""Between one attempt and the next; after the last one, four and a half days, the message is given up and `watch list` says so."""
SMTP: Final = "WARRAQ_SMTP"
"""Names the mail server: smtp://user:password@host:587 (STARTTLS where it is offered) or smtps://host:465."""
SENDER: Final = "WARRAQ_MAIL_FROM"
_MAX_ANSWER: Final = 1 << 16


class NotDeliveredError(Exception):
    """The target did not accept the message; the text is its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message as it is sent: its id, its watch, and its entries."""

    id: str
    watch: Watch
    entries: Sequence[FeedItem]


def deliver(letter: Letter, target: str, *, now: datetime) -> None:
    """Send the letter; raise NotDeliveredError."""
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
        request = urllib.request.Request(url, body, headers)  # noqa: S310 - only http and https become targets
        answer = exchange(request, seconds=SECONDS, max_bytes=_MAX_ANSWER)
    except (NoAnswerError, ValueError) as error:
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
    """Return the signature of the Standard Webhooks specification (HMAC-SHA256), which its libraries check."""
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
    except (NoAnswerError, OSError, smtplib.SMTPException, ValueError) as error:
        raise NotDeliveredError(str(error) or type(error).__name__) from error


def mail_of(letter: Letter, address: str, now: datetime) -> EmailMessage:
    """Return the letter as mail; its Message-ID is that of the message, so that a second copy is known as one."""
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


def _send(server: str, mail: EmailMessage) -> None:
    parts = urlsplit(server)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(f"{SMTP} is not smtp://… or smtps://…")
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with kind(parts.hostname, parts.port or (465 if parts.scheme == "smtps" else 25), timeout=SECONDS) as connection:
        connection.ehlo()
        if parts.scheme == "smtp" and connection.has_extn("starttls"):
            connection.starttls()
        if parts.username:
            connection.login(unquote(parts.username), unquote(parts.password or ""))
        connection.send_message(mail)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return when a message that has failed so often is tried again; None for never."""
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
    """Return the two ends of `22:00-07:00`; raises UsageError."""
    try:
        first, last = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        raise UsageError(_("{text!r} are not hours: write them as 22:00-07:00").format(text=text)) from None
    if first == last:
        raise UsageError(
            _("{text!r} would be quiet all day: omit --quiet, or give two different times").format(text=text)
        )
    return first, last
