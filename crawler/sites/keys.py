"""Define the keys of an entry in sites.toml: how each value is validated and converted."""

from __future__ import annotations

import re
from gettext import gettext as _
from typing import TYPE_CHECKING, Any, Literal, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from archive import urls
from archive.article import RequisiteLevel

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # token, RFC 9110, section 5.6.2

_HOST = re.compile(r"(?:\*\.)?(?:[\w-]+\.)*[\w-]+(?::\d+)?|\[[0-9a-f:.]+\](?::\d+)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


class WrongValueError(ValueError):
    """An invalid value; `value` is the wrong part of it."""

    def __init__(self, problem: str, value: str = "") -> None:
        super().__init__(problem)
        self.value = value


def origin_of(url: str) -> str:
    """Return the scheme, host and port of a canonical URL, '' for none."""
    return url[: url.index("/", url.index("://") + 3)] if "://" in url and url.count("/") > 2 else ""


def web_address(text: object, *, such_as: str = "https://example.org/") -> str:
    """Return the canonical URL of `text`; raises WrongValueError for what is not a web address."""
    if not isinstance(text, str):
        raise WrongValueError(_("{text!r} is not text; write {such_as} in quotes").format(text=text, such_as=such_as))
    url = urls.canonicalise(text.strip())
    if not url:
        why = {
            "not-http": _("is not http or https"),
            "too-long": _("is longer than {most} characters").format(most=urls.MAX_LENGTH),
        }
        reason = why.get(urls.refusal(text), _("is not a web address"))
        raise WrongValueError(
            _("{text!r} {reason}; write {such_as}").format(text=text[:200], reason=reason, such_as=such_as), text[:60]
        )
    return url


def _proxy(text: object) -> str:
    return web_address(text, such_as="http://proxy.example:3128/")


def _addresses(value: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(web_address(item) for item in _list(value)))


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise WrongValueError(
            _("must be a list: write [{value!r}]").format(value=value)
            if isinstance(value, str)
            else _("must be a list of strings")
        )
    return value


def _hosts(value: object) -> tuple[str, ...]:
    found = []
    for item in _list(value):
        text = item.strip().lower() if isinstance(item, str) else ""
        star = "*." if text.startswith("*.") else ""
        url = urls.canonicalise(f"https://{text.removeprefix('*.')}/") if _HOST.fullmatch(text) else ""
        if not url:
            raise WrongValueError(
                _('{item!r} is not a host name; write "example.org" or "*.example.org"').format(item=item),
                str(item)[:60],
            )
        found.append(star + origin_of(url).partition("://")[2])
    return tuple(found)


def _paths(value: object) -> tuple[str, ...]:
    found = []
    for item in _list(value):
        if not isinstance(item, str) or not item.startswith("/"):
            raise WrongValueError(
                _('{item!r} is not a path prefix; write "/arabic/"').format(item=item), str(item)[:60]
            )
        url = urls.canonicalise(f"https://x.example{item}")
        found.append(url[len("https://x.example") :])
    return tuple(found)


def _patterns(value: object) -> tuple[re.Pattern[str], ...]:
    found = []
    for item in _list(value):
        if not isinstance(item, str):
            raise WrongValueError(_("{item!r} is not text; write '/story/' in quotes").format(item=item))
        try:
            found.append(re.compile(item))
        except re.error as error:
            raise WrongValueError(
                _("{item!r} is not a regular expression: {error}").format(item=item, error=error), str(item)[:60]
            ) from None
    return tuple(found)


def _tag(value: object) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise WrongValueError(_('{value!r} is not a language tag; write "ar" or "ar-EG"').format(value=value))
    return value


def _zone(value: object) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WrongValueError(_('{value!r} is not a time zone; write "Africa/Cairo"').format(value=value)) from None


def _number(low: float, high: float) -> Callable[[object], float]:
    def convert(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise WrongValueError(
                _("{value!r} is not a number from {low:g} to {high:g}").format(value=value, low=low, high=high)
            )
        return float(value)

    return convert


def _whole(low: int, high: int) -> Callable[[object], int]:
    def convert(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise WrongValueError(
                _("{value!r} is not a whole number from {low} to {high}").format(value=value, low=low, high=high)
            )
        return value

    return convert


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise WrongValueError(_('must be a table: write { Name = "value" }'))
    found = []
    for name, text in value.items():
        if not HEADER_NAME.fullmatch(name) or not isinstance(text, str) or not text.isprintable():
            raise WrongValueError(_("{name!r} = {text!r} cannot be sent").format(name=name, text=text), name)
        found.append((name, text))
    return tuple(found)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError(_("{value!r} is neither true nor false").format(value=value))
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise WrongValueError(_("{value!r} is not a line of text").format(value=value))
    return value.strip()


def level_of(value: object) -> RequisiteLevel:
    """Return the level of requisites; raises WrongValueError for an unknown one."""
    if value not in get_args(RequisiteLevel):
        raise WrongValueError(
            _("{value!r} is not one of {requisitelevel}").format(
                value=value, requisitelevel=", ".join(get_args(RequisiteLevel))
            )
        )
    return cast("RequisiteLevel", value)


RenderMode = Literal[
    "never",
    "auto",  # pages that give no article as served and look like a shell
    "always",  # every page
]
"""Which pages of a site a browser renders."""


def mode_of(value: object) -> RenderMode:
    """Return the mode of rendering; raises WrongValueError for an unknown one."""
    if value not in get_args(RenderMode):
        raise WrongValueError(
            _("{value!r} is not one of {rendermode}").format(value=value, rendermode=", ".join(get_args(RenderMode)))
        )
    return cast("RenderMode", value)


KEYS: dict[str, Callable[[object], Any]] = {
    "seeds": _addresses,
    "feeds": _addresses,
    "sitemaps": _addresses,
    "sections": _addresses,
    "hosts": _hosts,
    "paths": _paths,
    "articles": _patterns,
    "deny": _patterns,
    "language": _tag,
    "locale": _tag,
    "timezone": _zone,
    "delay": _number(0, 600),
    "concurrency": _whole(1, 16),
    "max_pages": _whole(1, 10_000_000),
    "depth": _whole(0, 50),
    "user_agent": _text,
    "headers": _pairs,
    "headers_file": _text,
    "proxy": _proxy,
    "cookies": _pairs,
    "cookies_file": _text,
    "requisites": level_of,
    "render": mode_of,
    "fetch_intermediates": _yes_or_no,
}
"""The allowed keys of an entry, each with the function that validates its value."""
