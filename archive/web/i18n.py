"""What the interface says, in Arabic and English: a request's wishes in, a language of messages out; the messages are data.

The messages lie in messages/LANGUAGE.toml. A message is a string with {named} places, or a table of plural forms by the categories of
Unicode CLDR (https://cldr.unicode.org/index/cldr-spec/plural-rules), chosen by `n`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from archive.body import direction

LANGUAGES: Final = ("ar", "en")
"""The first one is for those whose browser asks for neither."""

Message = str | Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The messages of one language."""

    language: str
    messages: Mapping[str, Message]

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return direction(self.language)

    def say(self, key: str, **values: object) -> str:
        """The message of that key with its places filled; numbers come out with their thousands parted."""
        message = self.messages[key]
        if not isinstance(message, str):
            number = values["n"]
            forms = message
            message = forms.get(plural(self.language, int(str(number))), forms["other"])
        shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        return message.format(**shown)

    def name(self, group: str, code: str) -> str:
        """The name of a code (`languages`, `outcomes`, …), the code itself when it has none."""
        message = self.messages.get(f"{group}.{code}", code)
        return message if isinstance(message, str) else code


def plural(language: str, number: int) -> str:
    """The CLDR plural category of a whole number."""
    if language != "ar":
        return "one" if number == 1 else "other"
    if number in {0, 1, 2}:
        return ("zero", "one", "two")[number]
    rest = number % 100
    return "few" if 3 <= rest <= 10 else "many" if rest >= 11 else "other"


@cache
def wording(language: str) -> Wording:
    """The messages of one of LANGUAGES."""
    text = files("archive.web").joinpath("messages", f"{language}.toml").read_text("utf-8")
    found: dict[str, Message] = {}
    for group, messages in tomllib.loads(text).items():
        found |= {f"{group}.{key}": message for key, message in messages.items()}
    return Wording(language=language, messages=found)


def choose(wish: str, accept: str) -> str:
    """The language of the interface: `?lang=` where it is one of ours, else the browser's favourite of ours (RFC 9110, 12.5.4)."""
    if wish in LANGUAGES:
        return wish
    weighed = [_weighed(part, place) for place, part in enumerate(accept[:500].split(","))]
    ours = sorted((rank, language) for rank, language in weighed if language in LANGUAGES and rank[0] < 0)
    return ours[0][1] if ours else LANGUAGES[0]


def _weighed(part: str, place: int) -> tuple[tuple[float, int], str]:
    name, _, weight = part.partition(";")
    try:
        quality = float(weight.strip().removeprefix("q=") or "1")
    except ValueError:
        quality = 0.0
    return (-quality, place), name.strip().lower().split("-", maxsplit=1)[0]


_MOMENT: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>[0-3]\d))?)?"
    r"(?:[T ](?P<time>\d\d:\d\d)(?::\d\d(?:\.\d+)?)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?$"
)


def day(wording: Wording, text: str) -> str:
    """The day alone: `22 November 2026`, `نوفمبر 2026` for a month; the text itself when it is no date."""
    found = _MOMENT.match(text)
    if not found:
        return text
    month = wording.say("months." + str(int(found["month"]))) if found["month"] else ""
    return " ".join(part for part in (str(int(found["day"] or 0) or ""), month, found["year"]) if part)


def moment(wording: Wording, text: str) -> str:
    """Day, time and zone, as far as the text says them: `22 November 2026, 09:45 (UTC+2)`."""
    found = _MOMENT.match(text)
    if not found or not found["time"]:
        return day(wording, text)
    at = wording.say("date.at", day=day(wording, text), time=found["time"])
    return f"{at} ({_zone(found['zone'])})" if found["zone"] else at


def _zone(zone: str) -> str:
    if zone == "Z" or not zone.strip("+-0:"):
        return "UTC"
    hours, minutes = zone[1:3], zone[-2:]
    return f"UTC{zone[0].replace('-', '−')}{int(hours)}{f':{minutes}' if minutes != '00' else ''}"


def timestamp(text: str) -> str:
    """A WARC or CDX timestamp of 14 digits as ISO 8601."""
    return re.sub(r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$", r"\1-\2-\3T\4:\5:\6Z", text)
