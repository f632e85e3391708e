"""Checks what a command line sets before anything runs: unknown names and values of the wrong type."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, get_args

from scrapy.exceptions import UsageError

from archive.article import RequisiteLevel
from crawler import settings as known

if TYPE_CHECKING:
    from collections.abc import Iterable

SUMMARIES = ("text", "json", "")


def check_settings(given: Iterable[str]) -> None:
    """Raise UsageError for the first `-s NAME=VALUE` whose name is not known, or whose value is not of the setting's type."""
    names = [name for name in vars(known) if name.startswith("WARRAQ_")]
    for pair in given:
        name, _, value = pair.partition("=")
        if not name.startswith("WARRAQ_"):
            continue
        if name not in names:
            close = difflib.get_close_matches(name, names, 1, cutoff=0.75)
            raise UsageError(
                f"-s {pair}: there is no setting {name}"
                + (f"; did you mean {close[0]}?" if close else "; crawler/settings.py has them all"),
                print_help=False,
            )
        if problem := _problem(name, value):
            raise UsageError(f"-s {pair}: {problem}", print_help=False)


def _problem(name: str, value: str) -> str:
    default = getattr(known, name)
    if name == "WARRAQ_SUMMARY" and value not in SUMMARIES:
        return "give text, json, or nothing after the `=`"
    if name == "WARRAQ_REQUISITES" and value not in get_args(RequisiteLevel):
        return f"give {', '.join(get_args(RequisiteLevel))}"
    if isinstance(default, bool):
        return "" if value in {"0", "1", "True", "False", "true", "false"} else "give 1 or 0"
    if isinstance(default, int | float):
        try:
            number = float(value)
        except ValueError:
            return f"give a number, such as {default}"
        return f"give a whole number, such as {default}" if isinstance(default, int) and not number.is_integer() else ""
    return ""
