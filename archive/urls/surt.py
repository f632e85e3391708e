"""Compute the urlkey of a URL, its Sort-friendly URI Reordering Transform, by which CDX and CDXJ files are sorted.

It follows the public descriptions (Heritrix glossary, "SURT", and its canonicalisation rules: lower case, strip www,
strip session ids, strip user info) and the keys that pywb's indexer gives, which tests/archive/urls/test_surt.py lists.
"""

from __future__ import annotations

import re

import ada_url

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_OPAQUE = ("dns:", "urn:", "mailto:", "about:", "data:", "javascript:", "warcinfo:", "filedesc:")
_DEFAULT_PORT = {"http": "80", "https": "443"}
_WWW = re.compile(r"^www\d*\.")
_IPV6 = re.compile(r"\[([^\]]*)\](?::(\d*))?")
_ESCAPES = re.compile(rb"(?:%[0-9a-fA-F]{2})+")
_MAX_ROUNDS = 16  # of unescaping: nested escapes must not cost time quadratic in the length of the URL
_UNSAFE = re.compile(rb"[\x00-\x20\x7f-\xff#%]+")
_ASP_SESSION = re.compile(r"/\((?:[a-z]\([0-9a-z]{24}\))+\)(?=/.*\.aspx$)|/\([0-9a-z]{24}\)(?=/.*\.aspx$)")
# A session id is removed wherever it starts in the query, even inside another name: other tools do so, and the keys
# must be the same.
_QUERY_SESSIONS = (
    re.compile(r"(?:jsessionid|phpsessid|sid)=[0-9a-z]{32}(?:&|$)"),
    re.compile(r"aspsessionid[a-z]{8}=[a-z]{24}(?:&|$)"),
    re.compile(r"cfid=[^&]+&cftoken=[^&]+(?:&|$)"),
)


def surt(url: str) -> str:
    """Return the key of `url`: `com,example)/path?query`.

    It is in lower case, without scheme, `www.`, user info, default port, fragment and session ids. The key of a URL whose
    scheme has no host (`dns:`, `urn:`) is the URL in lower case without trailing slash. Never raises.
    """
    url = url.strip().translate({9: None, 10: None, 13: None})
    if url[:12].lower().startswith(_OPAQUE):
        return url.lower().removesuffix("/")
    scheme, rest = _split_scheme(url.partition("#")[0])
    authority, path, query = _split(rest)
    key = f"{_host_key(authority, scheme)}){_path_key(path)}"
    query = _query_key(query)
    return f"{key}?{query}" if query else key


def _split_scheme(url: str) -> tuple[str, str]:
    match = _SCHEME.match(url)
    if match and url.startswith("//", match.end()):
        return match.group(1).lower(), url[match.end() + 2 :]
    return "http", url.removeprefix("//")


def _split(rest: str) -> tuple[str, str, str]:
    end = next((i for i, letter in enumerate(rest) if letter in "/?"), len(rest))
    path, _, query = rest[end:].partition("?")
    return rest[:end], path, query


def _host_key(authority: str, scheme: str) -> str:
    host, port = authority.rpartition("@")[2].lower(), ""
    six = _IPV6.match(host)
    if six:
        host, port = six.group(1), six.group(2) or ""
    else:
        host, _, port = host.partition(":")
        host = _ascii_host(_unescape(host).decode("utf-8", "replace"))
        labels = [label for label in _WWW.sub("", host, count=1).split(".") if label]
        host = ",".join(reversed(labels))
    port = port.lstrip("0")
    return f"{host}:{port}" if port.isdigit() and port != _DEFAULT_PORT.get(scheme) else host


def _ascii_host(host: str) -> str:
    return host if host.isascii() else ada_url.idna_to_ascii(host).decode("ascii") or host


def _unescape(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    for _ in range(_MAX_ROUNDS):
        plain = _ESCAPES.sub(lambda match: bytes.fromhex(match.group().replace(b"%", b"").decode()), data)
        if plain == data:
            break
        data = plain
    return data


def _minimal(text: str) -> str:
    """Unescape repeatedly, then escape only what must be; return it in lower case."""
    safe = _UNSAFE.sub(lambda match: b"%" + match.group().hex("%").encode(), _unescape(text))
    return safe.decode("ascii").lower()


def _path_key(path: str) -> str:
    path = _ASP_SESSION.sub("", _minimal(path))
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == ".." and kept:
            kept.pop()
        elif segment not in {"", "."}:
            kept.append(segment)
    return "/" + "/".join(kept)


def _query_key(query: str) -> str:
    query = _minimal(query)
    for pattern in _QUERY_SESSIONS:
        query = pattern.sub("", query, count=1)
    if not query:
        return ""
    return "&".join(sorted(query.split("&"), key=lambda part: part.partition("=")))
