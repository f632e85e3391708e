"""Cite an article as it was captured, in the styles that reference managers and Wikipedia read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from archive.article import AGENCIES
from archive.urls.permalink import permalink, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#", "_": r"\_", "$": r"\$",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_BABEL = {
    "ar": "arabic", "de": "german", "en": "english", "es": "spanish", "fa": "persian", "fr": "french", "he": "hebrew", "it": "italian",
    "nl": "dutch", "pl": "polish", "pt": "portuguese", "ru": "russian", "tr": "turkish", "uk": "ukrainian", "ur": "urdu",
}  # fmt: skip
"""biblatex's names of languages, since it does not know codes."""
_WIKI = str.maketrans({"|": "{{!}}", "[": "&#91;", "]": "&#93;", "{": "&#123;", "}": "&#125;"})
"""Characters that would end a field or a template, or make a link."""

_LETTERS = re.compile(r"[^\W\d_]+")
_PARTICLES = {
    word.upper(): word for word in (
        "de", "del", "della", "der", "den", "di", "da", "dos", "das", "du", "van", "von", "ten", "ter", "la", "las", "los", "le", "el",
        "y", "e", "bin", "ibn", "zu",
    )
}  # fmt: skip


def bibliography(cited: Sequence[str], style: str) -> str:
    """Return citations of one style as one text: an array for CSL JSON, otherwise one after another."""
    if style == "csl-json":
        return json.dumps([item for one in cited for item in json.loads(one)], ensure_ascii=False, indent=2)
    return "\n".join(cited)


def cite(row: Mapping[str, Any], style: str, *, room: str = "") -> str:
    """Return the citation of one version (a row of `articles`) in a style of `STYLES`.

    `room` is the URL of its reading room, '' for none.
    """
    return STYLES[style](_Cited(row, room))


def _in_name_case(name: str) -> str:
    """Return a name in capitals in title case (`JUAN DE LA CRUZ` as `Juan de la Cruz`); agencies are unchanged."""
    words = name.split()
    if len(words) < 2 or not name.isupper() or not AGENCIES.isdisjoint(words):
        return name
    return " ".join(_PARTICLES.get(word, _LETTERS.sub(lambda match: match[0].capitalize(), word)) for word in words)


class _Cited:
    """The fields of a citation; each value is one line."""

    def __init__(self, row: Mapping[str, Any], room: str) -> None:
        self.title = _line(row["title"])
        self.authors = [_in_name_case(name) for name in map(_line, row["author"].split(";")) if name]
        self.outlet = _line(row["sitename"] or row["site"])
        self.site = row["site"]
        self.date = row["date"] or ""
        self.url = row["url"]
        self.language = row["language"] or ""
        self.archived = row["fetched_at"]
        self.archive_url = permalink(row, room) if room else ""
        self.digest = row["payload_digest"] or ""
        self.gone = bool(row["gone_at"])

    @property
    def proof(self) -> str:
        """The time of the capture and the digest of the response."""
        return f"Captured {self.archived}, WARC payload {self.digest}" if self.digest else f"Captured {self.archived}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _bibtex(one: _Cited) -> str:
    name = one.outlet if re.search(r"[a-z]", one.outlet, re.IGNORECASE) else one.site  # keys have ASCII letters only
    key = re.sub(r"[^a-z0-9]+", "-", f"{name} {timestamp(one.archived)}".lower()).strip("-")
    fields = [
        ("author", " and ".join(f"{{{_tex(name)}}}" for name in one.authors)),
        ("title", f"{{{_tex(one.title)}}}"),
        ("organization", _tex(one.outlet)),
        ("date", one.date),
        ("url", one.url.replace("{", "%7B").replace("}", "%7D")),
        ("urldate", one.archived[:10]),
        ("langid", _BABEL.get(one.language.partition("-")[0], "")),
        ("note", _tex(f"{one.proof}. {one.archive_url}".removesuffix(". "))),
    ]
    lines = [f"  {name} = {{{value}}}," for name, value in fields if value]
    return "\n".join([f"@online{{{key},", *lines, "}"])


def _tex(text: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in text)


def _ris(one: _Cited) -> str:
    fields = [("TY", "NEWS"), *(("AU", name) for name in one.authors), ("TI", one.title), ("T2", one.outlet)]
    fields += [("DA", one.date.replace("-", "/")), ("LA", one.language), ("UR", one.url), ("L2", one.archive_url)]
    fields += [("Y2", one.archived[:10].replace("-", "/")), ("N1", one.proof)]
    return "\n".join([*(f"{tag}  - {value}" for tag, value in fields if value), "ER  - "])


def _csl(one: _Cited) -> str:
    said = {
        "id": f"{one.outlet}-{timestamp(one.archived)}",
        "type": "article-newspaper",
        "title": one.title,
        "author": [{"literal": name} for name in one.authors],
        "container-title": one.outlet,
        "issued": _parts(one.date),
        "accessed": _parts(one.archived[:10]),
        "language": one.language,
        "URL": one.url,
        "archive_location": one.archive_url,
        "note": one.proof,
    }
    return json.dumps([{name: value for name, value in said.items() if value}], ensure_ascii=False, indent=2)


def _parts(day: str) -> dict[str, Any]:
    return {"date-parts": [[int(part) for part in day.split("-")]]} if day else {}


def _wikipedia(one: _Cited) -> str:
    fields = [("title", one.title), *((f"author{n}", name) for n, name in enumerate(one.authors, 1))]
    fields += [("date", one.date), ("work", one.outlet), ("language", one.language), ("url", one.url)]
    if one.archive_url:
        fields += [("archive-url", one.archive_url), ("archive-date", one.archived[:10])]
        fields += [("url-status", "dead" if one.gone else "live")]
    else:
        fields += [("access-date", one.archived[:10])]
    return "{{cite news " + " ".join(f"|{name}={_wiki(value)}" for name, value in fields if value) + "}}"


def _wiki(text: str) -> str:
    return text.translate(_WIKI)


def _chicago(one: _Cited) -> str:
    by = f"{' and '.join(one.authors)}. " if one.authors else ""
    day = f", {_long(one.date)}" if one.date else ""
    end = f" {one.archive_url}." if one.archive_url else ""
    return f"{by}“{one.title}.” {one.outlet}{day}. {one.url}. {one.proof}.{end}"


def _long(day: str) -> str:
    year, month, date = day.split("-")
    return f"{_MONTHS[int(month) - 1]} {int(date)}, {year}"


STYLES: dict[str, Callable[[_Cited], str]] = {
    "bibtex": _bibtex,
    "ris": _ris,
    "csl-json": _csl,
    "wikipedia": _wikipedia,
    "chicago": _chicago,
}
