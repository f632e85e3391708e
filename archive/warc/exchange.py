"""The records of one HTTP exchange: a capture in; request, response or revisit, and metadata records out."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from archive.warc.record import WARC_FIELDS, member, new_record_id, stored_from, target_uri, warc_fields

if TYPE_CHECKING:
    from archive.capture import Capture, Original
    from archive.http import Response

PROFILES = "http://netpreserve.org/warc/1.1/revisit/"
HTTP_VERSION = re.compile(r"HTTP/(1\.[01]|2|3)", re.IGNORECASE)
NOT_MODIFIED = 304

Headers = list[tuple[str, str]]


def http_record(headers: Headers, role: str, block: bytes, *, digest: str = "", stored: int = -1) -> bytes:
    """An `application/http` record; `role` is request or response, `stored` as in `record.member`."""
    digests = [("WARC-Payload-Digest", digest)] if digest else []
    return member(
        [*headers, *digests, ("Content-Type", f"application/http; msgtype={role}")], block, stored_from=stored
    )


def answer_record(
    headers: Headers, capture: Capture, response: Response | None, original: Original | None, digest: str
) -> bytes:
    """The response record; of what is held already, a revisit record with the head as it was received."""
    if original and response:
        return http_record([*headers, *_refers(original, response)], "response", response.head, digest=digest)
    cut = [("WARC-Truncated", capture.truncated)] if capture.truncated else []
    stored = stored_from(response) if response else -1
    return http_record([*headers, *cut], "response", capture.response, digest=digest, stored=stored)


def connection(capture: Capture, response: Response | None) -> Headers:
    """WARC-Protocol (one a layer) and WARC-Cipher-Suite, as IIPC's proposal to warc-specifications has them."""
    version = HTTP_VERSION.match(response.version) if response else None
    headers = [("WARC-Protocol", f"http/{version[1]}")] if version else []
    if capture.tls:
        protocol, cipher = capture.tls
        headers += [("WARC-Protocol", protocol.lower().replace("tlsv", "tls/")), ("WARC-Cipher-Suite", cipher)]
    return headers


def _refers(original: Original, response: Response) -> Headers:
    profile = "server-not-modified" if response.status == NOT_MODIFIED else "identical-payload-digest"
    return [
        ("WARC-Profile", PROFILES + profile),
        ("WARC-Refers-To", original.record_id),
        ("WARC-Refers-To-Target-URI", target_uri(original.url)),
        ("WARC-Refers-To-Date", original.date),
    ]


def notes_on(capture: Capture) -> list[tuple[str, str]]:
    """What no field of the other records can say; interim responses in the response would pass for the answer."""
    notes = [("via", capture.via)] if capture.via else []
    if not capture.tls_verified:
        notes.append(("tls-verified", "no"))
    if capture.redacted:
        notes.append(("credentials-left-out", " ".join(capture.redacted)))
    if capture.credentials:
        notes.append(("credentials-kept", " ".join(capture.credentials)))
    if capture.interim:
        notes.append(("http-interim-base64", base64.b64encode(capture.interim).decode("ascii")))
    return notes


def metadata_record(headers: Headers, notes: list[tuple[str, str]]) -> bytes:
    """A metadata record with these notes as its warc-fields."""
    first = [("WARC-Type", "metadata"), ("WARC-Record-ID", new_record_id())]
    return member([*first, *headers, ("Content-Type", WARC_FIELDS)], warc_fields(notes))


def mime_of(response: Response | None) -> str:
    """The media type as served, without parameters."""
    return re.split(r"[;\s]", response.get("Content-Type").strip(), maxsplit=1)[0] if response else ""
