"""Parse the head of an HTTP/1 response as leniently as browsers do: the one grammar of the crawler and of the archive."""

from __future__ import annotations

import re
from dataclasses import dataclass

from archive.errors import ArchiveError

STATUS_LINE = re.compile(
    r"(HTTP(?:/[ \t]+[0-9]\.[0-9]|/?[0-9.]*)|ICY)[ \t]+([0-9]{1,3})(?![0-9])[ \t]*(.*)", re.IGNORECASE | re.DOTALL
)
HEAD_END = re.compile(rb"\n\r?\n")
EMPTY_LINES = re.compile(rb"[\r\n]*")
LENGTH = re.compile(r"[0-9]{1,19}")
"""A Content-Length that can be meant: decimal, and within 64 bits."""
BLANKS = " \t"
"""What may stand around a value (RFC 9110, section 5.6.3); other control characters belong to it."""
NO_BODY = frozenset({101, 204, 304})
"""Statuses whose response ends with its head (RFC 9112, section 6.3, rule 1); 101 goes on in another protocol."""


class NotHttp(ArchiveError):  # noqa: N818 - the word that callers read: "except NotHttp"
    """The bytes do not start with an HTTP status line; `start` holds the first of them."""

    def __init__(self, data: bytes) -> None:
        self.start = bytes(data[:80])
        super().__init__(f"no HTTP status line at the start of the response: {self.start!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Status line and fields of a response.

    `headers` are latin-1 strings in order, names as served, values without the blanks around them, folded lines joined by one space.
    """

    status: int
    reason: str
    version: str
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        """Every value of the field `name` (any case), in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def get(self, name: str, default: str = "") -> str:
        """The first value of the field `name` (any case), or `default`."""
        return next(iter(self.all(name)), default)

    def words(self, name: str) -> list[str]:
        """The comma-separated words of the field `name`, over all its lines, in lower case."""
        return [word for value in self.all(name) for part in value.split(",") if (word := part.strip(BLANKS).lower())]

    @property
    def transfer_codings(self) -> list[str]:
        """The transfer codings in the order in which they were applied; `identity` is none."""
        return [coding for coding in self.words("Transfer-Encoding") if coding != "identity"]

    @property
    def is_chunked(self) -> bool:
        """Whether chunks frame the body: only when chunked is the last coding (RFC 9112, section 6.3)."""
        return self.transfer_codings[-1:] == ["chunked"]

    @property
    def content_length(self) -> int | None:
        """The length that all Content-Length fields agree on; None when there is none to believe (RFC 9112, section 6.3, item 5)."""
        lengths = {part.strip(BLANKS) for value in self.all("Content-Length") for part in value.split(",")}
        if len(lengths) != 1 or not LENGTH.fullmatch(length := lengths.pop()):
            return None
        return int(length)


def head_end(data: bytes | bytearray, start: int = 0) -> int | None:
    """Where the head that begins at `start` ends, with its empty line; None while it does not. Empty lines before it are skipped."""
    begin = EMPTY_LINES.match(data, start)
    end = HEAD_END.search(data, begin.end() if begin else start)
    return end.end() if end else None


def parse_head(block: bytes) -> Head:
    """Parse a head: bare line feeds, no reason phrase, lines without a colon (dropped), a head cut short are all taken.

    Raises:
        NotHttp: the bytes do not start with a status line.
    """
    lines = _unfold(block.decode("latin-1").lstrip("\r\n").split("\n"))
    first = STATUS_LINE.match(lines[0]) if lines else None
    if first is None:
        raise NotHttp(block)
    fields = (line.partition(":") for line in lines[1:])
    headers = tuple(
        (name.strip(BLANKS), value.strip(BLANKS)) for name, colon, value in fields if colon and name.strip(BLANKS)
    )
    return Head(status=int(first[2]), reason=first[3].rstrip(), version=first[1], headers=headers)


def _unfold(lines: list[str]) -> list[str]:
    """Drop line ends and empty lines, and join obsolete line folding (RFC 9112, section 5.2)."""
    parts: list[list[str]] = []
    for raw in lines:
        line = raw.rstrip("\r")
        if not line:
            continue
        if line[0] in BLANKS and len(parts) > 1:
            parts[-1].append(line.strip(BLANKS))
        else:
            parts.append([line])
    return [" ".join(part) for part in parts]
