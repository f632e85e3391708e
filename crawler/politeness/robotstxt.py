"""Parse robots.txt as RFC 9309 defines it: whether a product may fetch a URL, its pace, and the sitemaps.

Where the RFC leaves room, it follows the largest crawlers, because site owners test with those: common misspellings, a missing
colon, a byte order mark and blanks in an agent's name are tolerated, and an Allow of `/x/index.html` allows `/x/`. Where
interpretations differ, the stricter one wins: a Disallow is compared percent-decoded, both the unreserved characters alone and all
octets, an Allow only as it is written.
"""

from __future__ import annotations

import codecs
import math
import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote_to_bytes

Kind = Literal["agent", "allow", "disallow", "sitemap", "delay", ""]

_KINDS: dict[str, Kind] = {
    "user-agent": "agent",
    "useragent": "agent",
    "user agent": "agent",
    "allow": "allow",
    "disallow": "disallow",
    "dissallow": "disallow",
    "dissalow": "disallow",
    "disalow": "disallow",
    "diasllow": "disallow",
    "disallaw": "disallow",
    "sitemap": "sitemap",
    "site-map": "sitemap",
    "crawl-delay": "delay",
}
_LINE_END = re.compile(r"\r\n|\r|\n")
_LONGEST_LINE = 8 * 2083 - 1  # the rest is ignored; no URL that works in browsers is nearly as long
_TOKEN = re.compile(r"[A-Za-z_-]*")  # RFC 9309, section 2.2.1
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_MOST_SITEMAPS = 1000
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One Allow or Disallow line: `octets` is how specific it is, `anchored` whether it must match to the end.

    `whole` marks the form of a Disallow that is compared with the target after decoding all octets.
    """

    allow: bool
    whole: bool = False
    pieces: tuple[str, ...]
    anchored: bool
    octets: int

    def matches(self, target: str) -> bool:
        """Return whether the rule matches `target`, in time proportional to the two lengths, with any number of stars."""
        first, *others = self.pieces
        if not target.startswith(first):
            return False
        if not others:
            return not self.anchored or len(target) == len(first)
        at = len(first)
        last = others.pop() if self.anchored else ""
        for piece in others:
            at = target.find(piece, at)
            if at < 0:
                return False
            at += len(piece)
        return len(target) - len(last) >= at and target.endswith(last)


@dataclass(slots=True, kw_only=True)
class _Group:
    rules: list[Rule] = field(default_factory=list)
    delay: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsTxt:
    """One robots.txt: rules by product token in lower case ('*' for all others), and its sitemaps in order."""

    groups: dict[str, _Group]
    sitemaps: tuple[str, ...]

    def allows(self, product: str, url: str) -> bool:
        """Return whether `product` (a token, without version) may fetch `url`: the longest match decides, Allow on a tie."""
        group = self._group(product)
        target = target_of(url)
        if group is None or target == "/robots.txt":
            return True
        spelled, decoded, octets = _upper(target), _decoded(target), _octets(target)
        best, allowed = 0, True
        for rule in group.rules:
            longer = rule.octets > best or (rule.octets == best and rule.allow and not allowed)
            if longer and rule.matches(spelled if rule.allow else octets if rule.whole else decoded):
                best, allowed = rule.octets, rule.allow
        return allowed

    def crawl_delay(self, product: str) -> float | None:
        """Return the Crawl-delay for `product` in seconds, or None. It is not in RFC 9309 but widely used."""
        group = self._group(product)
        return None if group is None else group.delay

    def _group(self, product: str) -> _Group | None:
        return self.groups.get(product.lower()) or self.groups.get("*")


def parse_robots(data: bytes) -> RobotsTxt:
    """Parse the bytes of a robots.txt; never raises: invalid lines are skipped. The caller limits the size."""
    groups: dict[str, _Group] = {}
    sitemaps: dict[str, None] = {}
    current: list[_Group] = []
    collecting = False  # True between user-agent lines, with no rule of the group seen yet
    for kind, value in _lines(data):
        if kind == "agent":
            if not collecting:
                current = []
            collecting = True
            current.append(groups.setdefault(_product(value), _Group()))
        elif kind == "sitemap":
            if value and len(sitemaps) < _MOST_SITEMAPS:
                sitemaps[value] = None  # belongs to no group and ends none: RFC 9309, section 2.2.4
        elif kind == "delay":
            for group in current:
                group.delay = _seconds(value) if group.delay is None else group.delay
        else:
            collecting = False
            rules = _rules(value, allow=kind == "allow")
            for group in current:
                group.rules.extend(rules)
    groups.pop("", None)
    return RobotsTxt(groups=groups, sitemaps=tuple(sitemaps))


def target_of(url: str) -> str:
    """Return the path and query of `url`, '/' if it has none, for comparison with rules."""
    rest = url.partition("#")[0].partition("://")[2]
    start = min((at for at in (rest.find(mark) for mark in "/?;") if at >= 0), default=-1)
    if start < 0:
        return "/"
    return rest[start:] if rest[start] == "/" else "/" + rest[start:]


def product_of(user_agent: str) -> str:
    """Return the product token at the start of a User-Agent value ('warraq' of 'warraq/0.1 (+https://…)')."""
    match = _TOKEN.match(user_agent)
    return match[0] if match else ""


def _lines(data: bytes) -> list[tuple[Kind, str]]:
    for end in (3, 2, 1):  # a byte order mark, even a truncated one
        if data.startswith(_BOM[:end]):
            data = data[end:]
            break
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16", "replace") if is_wide else data.decode("utf-8", "surrogateescape")
    found = (_line(line[:_LONGEST_LINE]) for line in _LINE_END.split(text))
    return [pair for pair in found if pair[0]]


def _line(line: str) -> tuple[Kind, str]:
    line = line.partition("#")[0].strip(" \t\v\f\0")
    name, colon, value = line.partition(":")
    if not colon:
        words = line.split()
        if len(words) != 2:
            return "", ""
        name, value = words
    return _KINDS.get(name.strip().lower(), ""), value.strip()


def _product(value: str) -> str:
    """Return the key of an agent line: '*' for all agents, the leading product token in lower case, '' for anything else."""
    if value[:1] == "*" and (len(value) == 1 or value[1].isspace()):
        return "*"
    return product_of(value).lower()


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value.partition(" ")[0]) if value else math.nan
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


def _rules(value: str, *, allow: bool) -> list[Rule]:
    """Return the rules of one line: none for an empty value, two for an Allow of an index page."""
    if not value:
        return []
    pattern = _upper(_encoded(value))
    if not allow:
        return [_rule(_decoded(pattern), allow=False), _whole_rule(value, octets=len(pattern))]
    rules = [_rule(pattern, allow=True)]
    folder, slash, page = pattern.rpartition("/")
    if slash and page.startswith("index.htm"):
        rules.append(_rule(folder + "/$", allow=True))
    return rules


def _rule(pattern: str, *, allow: bool) -> Rule:
    anchored = pattern.endswith("$")
    pieces = tuple((pattern[:-1] if anchored else pattern).split("*"))
    return Rule(allow=allow, pieces=pieces, anchored=anchored, octets=len(pattern))


def _whole_rule(value: str, *, octets: int) -> Rule:
    """Return a Disallow decoded except for its stars and final dollar (RFC 9309, section 2.2.3)."""
    anchored = value.endswith("$")
    pieces, in_query = [], False
    for piece in (value[:-1] if anchored else value).split("*"):
        pieces.append(_octets(piece, in_query=in_query))
        in_query = in_query or "?" in piece
    return Rule(allow=False, whole=True, pieces=tuple(pieces), anchored=anchored, octets=octets)


def _octets(text: str, *, in_query: bool = False) -> str:
    """Return the octets of a text with every escape decoded, except that of the slash in a path; one character each."""
    path, mark, query = ("", "", text) if in_query else text.partition("?")
    kept = path.replace("%2F", "%252F").replace("%2f", "%252F") + mark + query
    return unquote_to_bytes(kept.encode("utf-8", "surrogateescape")).decode("latin-1")


def _encoded(text: str) -> str:
    """Return everything outside US-ASCII percent-encoded as UTF-8 (RFC 9309, section 2.2.2)."""
    if text.isascii():
        return text
    octets = text.encode("utf-8", "surrogateescape")
    return "".join(chr(octet) if octet < 0x80 else f"%{octet:02X}" for octet in octets)


def _upper(text: str) -> str:
    return _ESCAPE.sub(lambda match: match[0].upper(), text) if "%" in text else text


def _decoded(text: str) -> str:
    """Return the text with unreserved characters decoded and other escapes in capitals."""
    if "%" not in text:
        return text
    return _ESCAPE.sub(
        lambda match: character if (character := chr(int(match[1], 16))) in _UNRESERVED else match[0].upper(), text
    )
