"""Translate messages to the language of the locale: at once with gettext's `_`, or later, when a stored or raised message is shown.

A message that may be stored, logged or printed as JSON is written in English and marked with `N_`. `translated` finds the template of such
a text in the catalogue, and fills the translation with the values of the text.
"""

from __future__ import annotations

import gettext
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DOMAIN = "warraq"
CATALOGUES = Path(__file__).parent
"""The folder of LANGUAGE/LC_MESSAGES/warraq.po and its compiled form; `make messages` updates them from the code."""

LONGEST = 4000
"""The most characters of a text that is looked up; a longer text is not translated."""

FIELD = re.compile(r"\{[^{}]*\}")
LEAST_LETTERS = 4
"""The fewest letters that a template must have besides its values to be matched."""


def use_locale(arguments: Sequence[str] = ()) -> None:
    """Translate messages to the language of LANGUAGE, LC_ALL, LC_MESSAGES or LANG, if there is a catalogue for it.

    Output as JSON is for programs and is not translated.
    """
    if "--json" in arguments or "WARRAQ_SUMMARY_JSON=1" in arguments:
        return
    gettext.bindtextdomain(DOMAIN, str(CATALOGUES))
    gettext.textdomain(DOMAIN)


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's manual gives it
    """Mark a message to be translated when it is shown; return it unchanged."""
    return text


def n_(one: str, many: str, n: int, /, **values: object) -> str:
    """Translate a message in the plural form for the number `n`, and fill in `{n}` and the other values."""
    return gettext.ngettext(one, many, n).format(n=n, **values)


def translated(text: str) -> str:
    """Return the translation of a text in the language of the locale, or the text itself if the catalogue does not have it.

    Messages that are joined by colons or semicolons are translated separately.
    """
    if gettext.textdomain() != DOMAIN or not text or len(text) > LONGEST:
        return text
    if (whole := _message(text)) is not None:
        return whole
    for mark in re.finditer(r"[:;] ", text):
        if (head := _message(text[: mark.start()])) is not None:
            return f"{head}{mark[0]}{translated(text[mark.end() :])}"
        if (tail := _message(text[mark.end() :])) is not None:
            return f"{text[: mark.end()]}{tail}"
    return text


@dataclass(frozen=True, slots=True)
class _Template:
    """A message with values: the literal texts around them, their names, and the translation."""

    literals: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    def values(self, text: str) -> list[str] | None:
        """Return the values with which the message gives this text, None when there are none; from the left, the shortest are taken."""
        first, *between = self.literals
        last = between.pop()
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last):
            return None
        found, start = [], len(first)
        for literal in between:
            at = text.find(literal, start + 1, end)
            if at < 0:
                return None
            found.append(text[start:at])
            start = at + len(literal)
        return [*found, text[start:end]] if start < end else None

    def filled(self, values: Sequence[str]) -> str:
        """Return the translation with the values filled in; values that are messages are translated as well."""
        said = dict(zip(self.names, (translated(value) if " " in value else value for value in values), strict=True))
        return FIELD.sub(lambda match: said.get(match[0], match[0]), self.translation)


def _message(text: str) -> str | None:
    """Return the translation of a text that is one message; None when the catalogue has no such message."""
    if (known := gettext.gettext(text)) != text:
        return known
    for template in _templates():
        if (values := template.values(text)) is not None:
            return template.filled(values)
    return None


class _Catalogue(gettext.GNUTranslations):
    def templates(self) -> Iterator[_Template]:
        """Yield the messages that have values and enough letters to be matched."""
        messages: dict[object, str] = self._catalog  # type: ignore[attr-defined]  # no method lists them
        for text, translation in messages.items():
            if not isinstance(text, str) or not (names := FIELD.findall(text)):
                continue
            literals = tuple(FIELD.split(text))
            if all(literals[1:-1]) and sum(map(str.isalpha, "".join(literals))) >= LEAST_LETTERS:
                yield _Template(literals, tuple(names), translation)


@cache
def _templates() -> tuple[_Template, ...]:
    """Return the messages of the catalogue that have values, those with the most literal text first."""
    catalogue = gettext.translation(DOMAIN, CATALOGUES, class_=_Catalogue, fallback=True)
    found = catalogue.templates() if isinstance(catalogue, _Catalogue) else ()
    return tuple(sorted(found, key=lambda one: -sum(map(len, one.literals))))
