"""Say messages in the language of the locale: at once by gettext's `_`, or later, when what was stored or raised in English is shown.

A message that may be stored, logged or printed as JSON is written in English and marked with `N_`. `translated` finds the message that a
text was made of in the catalogue, and puts the text's values into its translation.
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
"""LANGUAGE/LC_MESSAGES/warraq.po, compiled beside it; `make messages` keeps them in step with the code."""

LONGEST = 4000
"""Characters of a text that may be a message; a longer one is shown as it is."""

FIELD = re.compile(r"\{[^{}]*\}")
LEAST_LETTERS = 4
"""Letters that a message must have besides its values, to be known by them."""


def use_locale(arguments: Sequence[str] = ()) -> None:
    """Say messages in the language of LANGUAGE, LC_ALL, LC_MESSAGES or LANG, where there is a catalogue of it.

    What is printed as JSON is for programs, and stays as it is.
    """
    if "--json" in arguments or "WARRAQ_SUMMARY_JSON=1" in arguments:
        return
    gettext.bindtextdomain(DOMAIN, str(CATALOGUES))
    gettext.textdomain(DOMAIN)


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's manual gives it
    """Mark a message that is translated when it is shown; return it as it is."""
    return text


def n_(one: str, many: str, n: int, /, **values: object) -> str:
    """Say a message about so many things, in the form that the language has for their number; `{n}` and the other values are filled in."""
    return gettext.ngettext(one, many, n).format(n=n, **values)


def translated(text: str) -> str:
    """Return what a text says in the language of the locale; the text itself where the catalogue does not have it.

    Of messages with a colon or semicolon between them each is translated.
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
    """A message with values in it: the literal texts about them, the names of the values, the translation."""

    literals: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    def values(self, text: str) -> list[str] | None:
        """Return the values that make the message this text; None when none do. Takes the shortest, from the left."""
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
        """Return the translation with the values, those translated that are messages themselves."""
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
        """Yield the messages that have values, and letters enough to be known by."""
        messages: dict[object, str] = self._catalog  # type: ignore[attr-defined]  # no method lists them
        for text, translation in messages.items():
            if not isinstance(text, str) or not (names := FIELD.findall(text)):
                continue
            literals = tuple(FIELD.split(text))
            if all(literals[1:-1]) and sum(map(str.isalpha, "".join(literals))) >= LEAST_LETTERS:
                yield _Template(literals, tuple(names), translation)


@cache
def _templates() -> tuple[_Template, ...]:
    """Return the messages with values of the catalogue, those with the most text of their own first."""
    catalogue = gettext.translation(DOMAIN, CATALOGUES, class_=_Catalogue, fallback=True)
    found = catalogue.templates() if isinstance(catalogue, _Catalogue) else ()
    return tuple(sorted(found, key=lambda one: -sum(map(len, one.literals))))
