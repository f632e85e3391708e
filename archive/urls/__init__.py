"""Parse, join and compare URLs: absolute form, canonical form, host, site.

ada parses and joins by the WHATWG URL Standard (https://url.spec.whatwg.org/). `canonicalise` then gives every page one
spelling, which identifies it in the frontier and can be fetched.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote_from_bytes

import ada_url

from archive.urls.surt import surt

if TYPE_CHECKING:
    from tldextract import TLDExtract

__all__ = [
    "MAX_LENGTH",
    "Refusal",
    "canonicalise",
    "display",
    "host_of",
    "identity",
    "join",
    "main_url_of",
    "refusal",
    "resolve",
    "site_of",
    "surt",
    "untracked",
]

MAX_LENGTH: Final = 2000
"""The longest URL that is kept, in percent-encoded characters (an Arabic letter takes six); sitemaps allow 2,048, servers more."""

Refusal = Literal["", "not-http", "malformed", "too-long"]
"""Why a text is not a URL that can be fetched ('' if it is one)."""

_RAW_LIMIT = 4 * MAX_LENGTH  # removing tracking parameters may shorten it; longer texts are not parsed
_SCHEME = re.compile(r"[\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.-]*):")

# Already canonical: plain host, no query, no escapes but those of non-ASCII bytes, no dot segments.
# Most links are, and this check costs a fraction of a parse.
_PLAIN_ORIGIN = r"(https?://(?!(?:[^/]*\.)?xn--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*\.[a-z]{2,24})"
_PLAIN_PATH = r"(?:/(?!\.\.?(?:/|$))(?:[A-Za-z0-9._~!$'*+,:@=-]++|(?:%[89A-F][0-9A-F])++)*+)++"
_CLEAN = re.compile(_PLAIN_ORIGIN + _PLAIN_PATH)
_CLEAN_ORIGIN = re.compile(_PLAIN_ORIGIN + "(?=/)")
_CLEAN_PATH = re.compile("(?!//)" + _PLAIN_PATH)
_PARTS = re.compile(r"(https?)://(?:[^/?#@]*@)?([^/?#]*)([^?#]*)(?:\?([^#]*))?")
_HOST = re.compile(r"[hH][tT]{2}[pP][sS]?://(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^/?#:]*)")
_FINAL_DOT = re.compile(r"(?<=[^.])\.+(?=:\d+$|$)")
_ODD_ESCAPE = re.compile(r"%(?![89A-F][0-9A-F])([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# The last alternative is for ASP.NET.
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid)=[^/;]*|/\((?:[a-z]\([0-9a-z]{20,}\))+\)(?=/)", re.IGNORECASE)

# Parameters that only tell the site where the reader came from, as their vendors document them, and session ids.
_NOISE = re.compile(
    r"""(?:utm_|itm_|hmb_|_branch_|campaign_|pk_|mtm_|piwik_|matomo_|hsa_|aspsessionid|__cf_chl_|at_custom|at_link_|ns_link).*
    | s_cid | sc_cid | mc_tc | rb_clickid | clickid | fb_comment_id | _bhlid
    | fbclid | fb_(?:action_ids|action_types|source|ref) | mibextid | sfnsn | __tn__ | igshid | igsh
    | gclid | gclsrc | dclid | gbraid | wbraid | gad_(?:source|campaignid) | srsltid | _ga | _gl | usqp
    | amp_(?:js_v|gsa|lite) | msclkid | ocid | yclid | ysclid | _openstat | twclid | __twitter_impression | ttclid
    | li_fat_id | epik | sc{1,2}id | rdt_cid | wickedid | irclickid | spm | traffic_source | replytocom
    | mc_[ce]id | mkt_tok | vero_(?:id|conv) | oly_(?:anon|enc)_id | _hsenc | _hsmi | __hs(?:sc|tc|fp) | hsctatracking
    | guccounter | guce_referrer(?:_sig)? | soc_(?:src|trk) | sr_share | smid | smtyp | icid | cmpid | xtor | ito
    | ns_(?:source|mchannel|campaign|fee) | at_(?:medium|campaign|ptr_name|format|bbc_team)
    | phpsessid | jsessionid | oscsid | zenid | cfid | cftoken | asp\.net_sessionid""",
    re.VERBOSE | re.IGNORECASE,
)
# Names that carry a session on some sites and a story's number on others (PHP-Nuke's `sid`): the value decides.
_SESSION = re.compile(
    r"(?:sid|s|[\w.-]{0,30}sess(?:ion)?[\w.-]{0,30})="
    r"(?:(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{20,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
    re.IGNORECASE,
)
# Names that have a meaning on some sites: dropped only when the value is clearly a channel.
_CHANNEL = re.compile(
    r"(?:ref|source|src|from|via|mod|share|partner)=(?:rss|feed|twitter|x|tw|facebook|fb|whatsapp|telegram|linkedin"
    r"|e?mail|newsletter|google|googlenews|home|homepage|share|social|sms"
    r"|(?:[a-z0-9-]+\.)+[a-z]{2,12})",
    re.IGNORECASE,
)

# `amp` and `print` where sites put them: first or last path segment, before the extension, a parameter, a host label.
_AMP_CACHE = re.compile(
    r"https?://(?:[^/?#]*\.cdn\.ampproject\.org/(?:[cvw]|wp)/|(?:www\.)?google\.[a-z.]+/amp/)(s/)?([^/?#]+\.[^?#]*)",
)
_AMP_HOST = re.compile(r"^(www\.)?amp\.(?=[^.]+\.)")
_TWIN_START = re.compile(r"^/(?:amp|print)(?=/.{8})")
_TWIN_END = re.compile(r"(?<=.{8})/(?:amp|print|comment-page-\d+)(/?)$")  # the last is for WordPress comment pages
_TWIN_ENDING = re.compile(r"(?<=[^/])\.amp(?=\.html$|$)")
_TWIN_WORDS = ("amp", "print", "comment-page-")
"""One of these is in each URL of an AMP or print version or a comment page."""
_TWIN_PARAMETER = re.compile(
    r"(?:amp|noamp|print|printable|printer_friendly)(?:=(?:1|true|yes|y)?)?"
    r"|(?:outputtype|view|format|output|mode)=(?:amp|print)",
    re.IGNORECASE,
)

_WWW = re.compile(r"^www\d*\.(?=[^.]+\.)")
_NON_ASCII = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
# Scripts whose letters cannot be mistaken for Latin ones; host labels in others stay Punycode.
_CLEAR_SCRIPTS = (
    "ARABIC",
    "HEBREW",
    "CJK",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "DEVANAGARI",
    "BENGALI",
    "TAMIL",
    "THAI",
)


@cache
def _suffixes() -> TLDExtract:
    """Return the Public Suffix List of the package with its private part (blogspot.com); uses neither network nor cache file.

    Imported on first use, because it imports an HTTP client (0.25 s).
    """
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def refusal(text: str) -> Refusal:
    """Return why `text`, an absolute URL, cannot be fetched; '' if it can."""
    scheme = _SCHEME.match(text)
    if scheme and scheme.group(1).lower() not in {"http", "https"}:
        return "not-http"
    if len(text) > _RAW_LIMIT:
        return "too-long"
    if canonicalise(text):
        return ""
    return "too-long" if len(_parse(text)) > MAX_LENGTH else "malformed"


def join(base: str, reference: str, encoding: str = "utf-8") -> str:
    """Return the absolute http(s) URL of `reference` on the page `base`, as a browser resolves it; '' if there is none.

    The result has no fragment and no credentials. `encoding` is that of the page, in which a browser encodes the query of a link
    (URL Standard, "percent-encode after encoding"). Never raises.
    """
    if len(reference) <= _RAW_LIMIT and _CLEAN_PATH.fullmatch(reference) and (origin := _CLEAN_ORIGIN.match(base)):
        return origin.group(1) + reference
    return _join(base, reference, encoding)


def canonicalise(url: str) -> str:
    """Return the canonical spelling of an absolute http(s) `url`, which identifies it and can be fetched; '' if `refusal` has a reason.

    Lower-case host in Punycode, no default port, credentials, fragment or dot segments; escapes in upper case and only
    where needed, so that an Arabic path has one spelling; no tracking parameters, no session ids; `name=value`
    parameters sorted by name. Idempotent.
    """
    if _CLEAN.fullmatch(url):
        return url if len(url) <= MAX_LENGTH else ""
    if len(url) > _RAW_LIMIT:
        return ""
    parts = _PARTS.match(_parse(url))
    if not parts:
        return ""
    scheme, host, path, query = parts.groups()
    if (without_session := _PATH_SESSION.sub("", path)) != path:  # may leave a dot segment: parse again
        return canonicalise(f"{scheme}://{host}{without_session}?{query or ''}")
    if (bare := _FINAL_DOT.sub("", host)) != host:  # may leave a number, which is an address: parse again
        return canonicalise(f"{scheme}://{bare}{path}" + ("" if query is None else f"?{query}"))
    path = _ODD_ESCAPE.sub(_escape, path)
    query = _clean_query(_ODD_ESCAPE.sub(_escape, query)) if query else ""
    clean = f"{scheme}://{host}{path}" + (f"?{query}" if query else "")
    return clean if len(clean) <= MAX_LENGTH else ""


def untracked(url: str) -> str:
    """Return `url` without tracking parameters and session ids in its query; the rest keeps its spelling and order."""
    page, _, query = url.partition("?")
    kept = "&".join(part for part in query.split("&") if not _is_noise(part))
    return f"{page}?{kept}" if kept else page


def escape_bytes(header: str) -> str:
    """Return a header value, decoded as Latin-1, as a URL reference: non-ASCII bytes are percent-encoded, as browsers do."""
    return header if header.isascii() else "".join(char if char < "\x80" else f"%{ord(char):02X}" for char in header)


@lru_cache(maxsize=4096)  # computed seven times for each article otherwise
def identity(url: str) -> str:
    """Return the key that all URLs of an article share.

    It is the URL without scheme, `www.`, default port, trailing slashes and tracking parameters.

    Unlike a urlkey it keeps the case of path and query, which distinguishes articles with short ids.
    """
    parts = _PARTS.match(canonicalise(url) or url)
    if not parts:
        return url
    host, path, query = parts.group(2), parts.group(3), parts.group(4)
    return _WWW.sub("", host) + path.rstrip("/") + (f"?{query}" if query else "")


def resolve(base: str, reference: str, encoding: str = "utf-8") -> str:
    """Return the canonical URL of `reference` on the page `base` ('' for none): `canonicalise(join(…))` in one step."""
    if _CLEAN.fullmatch(reference):
        return reference if len(reference) <= MAX_LENGTH else ""
    if len(reference) < MAX_LENGTH // 2 and _CLEAN_PATH.fullmatch(reference) and (origin := _CLEAN_ORIGIN.match(base)):
        return origin.group(1) + reference
    return canonicalise(_join(base, reference, encoding))


def spelled(base: str, reference: str, url: str, encoding: str = "utf-8") -> str:
    """Return how a page spells `url`, the canonical URL of its `reference`; '' if it is the canonical form."""
    if url.endswith(reference) and "?" not in reference:
        return ""
    spelling = join(base, reference, encoding)
    return spelling if spelling != url and len(spelling) <= MAX_LENGTH else ""


def host_of(url: str) -> str:
    """Return the host of an absolute URL in lower case without the port, '' when it has none; an IPv6 address keeps its brackets."""
    match = _HOST.match(url)
    return match.group(1).lower() if match else ""


def site_of(url: str) -> str:
    """Return the registrable domain of an absolute URL (`bbc.co.uk`, `name.blogspot.com`), or its host when it has none."""
    return _registrable(host_of(url))


def may_have_subdomains(host: str) -> bool:
    """Return whether the owner of a host also owns the names below it: not a public suffix (`gov.uk`), address or single label."""
    bare = host.partition(":")[0]
    labels = bare.split(".")
    if len(labels) < 2 or labels[-1].isdecimal() or "[" in bare:
        return False
    below = f"probe.{bare}"
    return _registrable(below) != below or _registrable(f"a.b.c.{labels[-1]}") == f"a.b.c.{labels[-1]}"


def display(url: str) -> str:
    """Return `url` for display, with its non-Latin letters decoded; it still names the same page.

    Misleading parts stay escaped: control, format and space characters, and host labels in look-alike scripts.
    """
    parts = _PARTS.match(url)
    if not parts or not parts.group(2):
        return url
    start, end = parts.span(2)
    host = ".".join(_readable_label(label) for label in url[start:end].split("."))
    return url[:start] + host + _NON_ASCII.sub(_readable, url[end:])


def main_url_of(url: str) -> str:
    """Return the URL of the article of which `url` is the AMP or print version or a comment page; '' when it looks like none of these.

    It is guessed by common patterns; the page's own `rel=canonical` takes precedence.
    """
    low = url.lower()
    if not any(word in low for word in _TWIN_WORDS):  # as most URLs
        return ""
    cache = _AMP_CACHE.match(url)
    if cache:
        return canonicalise(f"http{'s' if cache.group(1) else ''}://{cache.group(2)}")
    parts = _PARTS.match(url)
    if not parts:
        return ""
    scheme, host, path, query = parts.groups(default="")
    main_host = _AMP_HOST.sub(r"\1", host)
    main_path = _TWIN_ENDING.sub("", _TWIN_END.sub(r"\1", _TWIN_START.sub("", path)))
    main_query = "&".join(part for part in query.split("&") if not _TWIN_PARAMETER.fullmatch(part))
    if (main_host, main_path, main_query) == (host, path, query):
        return ""
    return canonicalise(f"{scheme}://{main_host}{main_path}?{main_query}")


def _join(base: str, reference: str, encoding: str) -> str:
    if len(reference) > _RAW_LIMIT:
        return ""
    scheme = _SCHEME.match(reference) if ":" in reference else None
    if scheme and scheme.group(1).lower() not in {"http", "https"}:
        return ""
    if "?" in reference and not reference.isascii() and encoding.lower() not in {"utf-8", "utf8"}:
        reference = _encode_query(reference, encoding)
    try:
        href = ada_url.join_url(base, reference)
    except ValueError:
        return ""
    if "#" not in href and "@" not in href and href.startswith(("http://", "https://")):
        return href
    parts = _PARTS.match(href)
    if not parts:
        return ""
    scheme_name, host, path, query = parts.groups()
    return f"{scheme_name}://{host}{path}" + ("" if query is None else f"?{query}")


def _parse(url: str) -> str:
    try:
        return ada_url.normalize_url(url)
    except ValueError:
        return ""


def _escape(match: re.Match[str]) -> str:
    code = match.group(1)
    if code is None:
        return "%25"  # a lone % is not an escape: RFC 3986, section 2.1
    letter = chr(int(code, 16))
    return letter if letter in _UNRESERVED else f"%{code.upper()}"


def _clean_query(query: str) -> str:
    kept = [part for part in query.split("&") if part and not _is_noise(part)]
    if len(kept) > 1 and all(part.find("=") > 0 for part in kept):
        kept.sort(key=lambda part: part.partition("=")[0])
    return "&".join(kept)


def _is_noise(part: str) -> bool:
    name = part.partition("=")[0]
    return any((_NOISE.fullmatch(name), _SESSION.fullmatch(part), _CHANNEL.fullmatch(part)))


def _reference(error: UnicodeError) -> tuple[str, int]:
    """Return the escaped character reference that a browser writes for a character that the encoding does not have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(f"%26%23{ord(char)}%3B" for char in error.object[error.start : error.end]), error.end


_AS_REFERENCE = "warraq-reference"
codecs.register_error(_AS_REFERENCE, _reference)


def _encode_query(reference: str, encoding: str) -> str:
    start, mark, query = reference.partition("?")
    query, hash_mark, fragment = query.partition("#")
    try:
        data = query.encode(encoding, _AS_REFERENCE)
    except (LookupError, ValueError):
        return reference
    return start + mark + quote_from_bytes(data, safe="!$%&'()*+,-./:;=?@[\\]^_`{|}~ ") + hash_mark + fragment


@lru_cache(maxsize=4096)
def _registrable(host: str) -> str:
    return _suffixes().extract_str(host).top_domain_under_public_suffix or host


def _readable(match: re.Match[str]) -> str:
    try:
        text = bytes.fromhex(match.group().replace("%", "")).decode()
    except ValueError:
        return match.group()
    return "".join(
        letter if unicodedata.category(letter)[0] in "LMNPS" else quote_from_bytes(letter.encode()) for letter in text
    )


def _readable_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    text = ada_url.idna_to_unicode(label)
    clear = all(
        letter == "-" or letter.isdigit() or unicodedata.name(letter, "").startswith(_CLEAR_SCRIPTS) for letter in text
    )
    return text if clear else label
