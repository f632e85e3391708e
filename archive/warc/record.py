"""Build WARC/1.1 records and digests, and the records of one HTTP exchange."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
import uuid
import zlib
from datetime import UTC
from typing import TYPE_CHECKING, Final

from warcio.statusandheaders import StatusAndHeaders

from archive.capture import Capture
from archive.http import NotHttp, Response, parse_response, payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from archive.capture import Original

VERSION = "WARC/1.1"
RECORD_END = b"\r\n\r\n"
WARC_FIELDS = "application/warc-fields"
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""The header of each gzip member: without name and time, so that equal records have equal bytes."""
STORED_ABOVE = 2048
"""Bytes of a compressed payload from which it is stored instead of deflated again (0.02 instead of 0.5 ms for 25 kB)."""
LEVEL = 4
"""The compression level of text: level 6 takes 1.6 times as long for 5 % fewer bytes (2.7 instead of 1.7 ms for a 150 kB page)."""
LARGE = 1 << 20
"""Bytes from which a record is compressed for speed, because the crawl waits: 10 MB take 0.1 s at level 1, up to 0.5 s at level 4."""
HUGE = 4 << 20
"""Bytes from which a record is stored uncompressed: no text page is as large, and other content this large is compressed already."""
SAMPLE = 1 << 15
SHRINKS = 0.5
"""A large record whose middle does not compress to this share is stored: random data, hex or base64; text compresses to a quarter."""
CODED = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})
DENSE = re.compile(
    r"image/(?!svg|bmp|x-ms-bmp)|video/|audio/|font/woff|application/(zip|gzip|x-gzip|pdf|font-woff)", re.IGNORECASE
)
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]+")


def sha1_digest(data: bytes) -> str:
    """Return the labelled digest that WARC tools use: `sha1:` and base32."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode("ascii")


def payload_digest(capture: Capture | bytes) -> str:
    """Return WARC-Payload-Digest of a capture (or of exact response bytes): that of the de-chunked, still content-encoded payload.

    It is '' for a truncated capture and for one that is not HTTP: incomplete payloads must not be compared.
    """
    if isinstance(capture, Capture):
        return sha1_digest(payload(capture.http)) if capture.http and not capture.truncated else ""
    try:
        return sha1_digest(payload(parse_response(capture)))
    except NotHttp:
        return ""


def payloads(block: bytes) -> list[bytes]:
    """Return the bytes that tools may hash as the payload of a response block: the de-chunked payload, and the body as framed."""
    try:
        response = parse_response(block)
    except NotHttp:
        return [block]
    return [payload(response), response.body]


def warc_date(moment: datetime) -> str:
    """Return an aware time as a WARC-Date: UTC, to the microsecond (WARC 1.1, section 5.4)."""
    if moment.utcoffset() is None:
        raise ValueError("a WARC-Date needs a time with a zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_record_id() -> str:
    """Return a new WARC-Record-ID."""
    return f"<urn:uuid:{uuid.uuid4()}>"


def warc_fields(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Return a block of `application/warc-fields`; line ends inside values become spaces, because they would start a new field."""
    return "".join(f"{name}: {UNPRINTABLE.sub(' ', value)}\r\n" for name, value in pairs).encode()


def target_uri(url: str) -> str:
    """Return a URL made safe for a header: white space and control characters, which no parsed URL has, become %XX."""
    return UNPRINTABLE.sub(lambda found: "".join(f"%{ord(char):02X}" for char in found[0]), url)


def member(headers: Mapping[str, str] | Iterable[tuple[str, str]], block: bytes, *, stored_from: int = -1) -> bytes:
    """Return a record as one gzip member, with Content-Length and WARC-Block-Digest added and the block unchanged.

    Bytes from the offset `stored_from` of the block (-1: none) are compressed already, and are stored without compression.
    """
    pairs = list(headers.items() if hasattr(headers, "items") else headers)
    pairs += [("WARC-Block-Digest", sha1_digest(block)), ("Content-Length", str(len(block)))]
    return compress(StatusAndHeaders("", pairs, protocol=VERSION).to_bytes(), block, stored_from=stored_from)


def compress(head: bytes, block: bytes, *, stored_from: int = -1) -> bytes:
    """Compress a record (head, block, and two line ends) into a gzip member (RFC 1952)."""
    packer = zlib.compressobj(_level(block), zlib.DEFLATED, -zlib.MAX_WBITS)
    cut = len(block) if stored_from < 0 else stored_from
    parts = [GZIP_HEADER, packer.compress(head), *_packed(packer, block, 0, cut)]
    if cut < len(block):
        parts.append(packer.flush(zlib.Z_FULL_FLUSH))
        packer = zlib.compressobj(0, zlib.DEFLATED, -zlib.MAX_WBITS)
        parts += _packed(packer, block, cut, len(block))
    parts += [packer.compress(RECORD_END), packer.flush()]
    check = zlib.crc32(RECORD_END, zlib.crc32(block, zlib.crc32(head)))
    size = len(head) + len(block) + len(RECORD_END)
    return b"".join((*parts, struct.pack("<LL", check, size & 0xFFFFFFFF)))


def _packed(packer: zlib._Compress, block: bytes, start: int, end: int) -> Iterator[bytes]:
    """Compress a part of a block in pieces: for one large piece, zlib would need twice the memory of its output."""
    view = memoryview(block)
    for at in range(start, end, LARGE):
        yield packer.compress(view[at : min(at + LARGE, end)])


def _level(block: bytes) -> int:
    if len(block) < LARGE:
        return LEVEL
    if len(block) > HUGE:
        return 0
    sample = block[len(block) // 2 :][:SAMPLE]
    return 1 if len(zlib.compress(sample, 1)) < SHRINKS * len(sample) else 0


def stored_from(response: Response) -> int:
    """Return the offset in a response from which its bytes are compressed already, -1 for none."""
    coded = response.get("Content-Encoding").strip().lower() in CODED or DENSE.match(response.get("Content-Type"))
    return len(response.head) if coded and len(response.body) > STORED_ABOVE else -1


PROFILES = "http://netpreserve.org/warc/1.1/revisit/"
HTTP_VERSION = re.compile(r"HTTP/(1\.[01]|2|3)", re.IGNORECASE)
NOT_MODIFIED = 304

Headers = list[tuple[str, str]]


def http_record(headers: Headers, role: str, block: bytes, *, digest: str = "", stored: int = -1) -> bytes:
    """Return an `application/http` record; `role` is request or response, `stored` is `stored_from` of `member`."""
    digests = [("WARC-Payload-Digest", digest)] if digest else []
    return member(
        [*headers, *digests, ("Content-Type", f"application/http; msgtype={role}")], block, stored_from=stored
    )


def answer_record(
    headers: Headers, capture: Capture, response: Response | None, original: Original | None, digest: str
) -> bytes:
    """Return the response record, or, if `original` holds the payload already, a revisit record with the received head."""
    if original and response:
        return http_record([*headers, *_refers(original, response)], "response", response.head, digest=digest)
    cut = [("WARC-Truncated", capture.truncated)] if capture.truncated else []
    stored = stored_from(response) if response else -1
    return http_record([*headers, *cut], "response", capture.response, digest=digest, stored=stored)


CERTIFICATE: Final = "tls-certificate-sha256"
"""The field of a metadata record with the fingerprint of the server's certificate."""
_CHAIN_URI: Final = "urn:warraq:certificate:"
CHAIN_TYPE: Final = "application/pem-certificate-chain"
"""The media type of such chains (RFC 8555, section 9.1)."""


def certificate_uri(fingerprint: str) -> str:
    """Return the URI of the resource record that holds the chain of a certificate as PEM."""
    return f"{_CHAIN_URI}{fingerprint}"


def connection(capture: Capture, response: Response | None) -> Headers:
    """Return WARC-Protocol (one for each layer) and WARC-Cipher-Suite, as proposed in IIPC's warc-specifications."""
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
    """Return the facts that no field of the other records holds. Interim responses are here: readers would take them for the response."""
    notes = [("via", capture.via)] if capture.via else []
    if capture.certificates:
        notes.append((CERTIFICATE, capture.fingerprint))
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
    """Return a metadata record with these notes as its warc-fields."""
    first = [("WARC-Type", "metadata"), ("WARC-Record-ID", new_record_id())]
    return member([*first, *headers, ("Content-Type", WARC_FIELDS)], warc_fields(notes))


def mime_of(response: Response | None) -> str:
    """Return the media type as served, without parameters, '' when there is none."""
    return re.split(r"[;\s]", response.get("Content-Type").strip(), maxsplit=1)[0] if response else ""


# Labelled digests of WARC files of any origin: `sha1:BASE32`, `sha256:hex` and the like.

ALGORITHMS = {
    "sha1": "sha1",
    "sha-1": "sha1",
    "sha256": "sha256",
    "sha-256": "sha256",
    "sha512": "sha512",
    "md5": "md5",
}


def is_digest_of(label: str, data: bytes) -> bool:
    """Return whether `label` is a digest of `data`; True for an unknown algorithm, which proves nothing."""
    algorithm, _, value = label.partition(":")
    name = ALGORITHMS.get(algorithm.strip().lower())
    if name is None:
        return True
    digest = hashlib.new(name, data, usedforsecurity=False).digest()
    return _bytes(value.strip(), len(digest)) == digest


def _bytes(value: str, size: int) -> bytes:
    try:
        if len(value) == size * 2:
            return bytes.fromhex(value)
        return base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except (ValueError, binascii.Error):
        return b""
