"""Bound CPU time on any machine: limits are seconds of a fast machine, multiplied by how much slower this one is at the moment."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from lxml import html

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = 0.03
"""CPU seconds of `_reference` on the machine for which the limits were written."""

SLACK = 2.0
"""Allowance for other work on the machine (caches, clock rate, sibling threads); a non-linear algorithm costs ten times and more."""

_PAGE = "<div><p class='a'>" + "<b>one</b> two three <i>four</i> " * 16_000 + "</p></div>"


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail if the block takes more CPU time of this process than the equivalent of `seconds` on the fast machine, with slack."""
    started = time.process_time()
    yield
    spent = time.process_time() - started
    if spent > seconds:
        allowed = seconds * SLACK * slowness()
        assert spent <= allowed, f"{spent:.2f} s of CPU time, {allowed:.2f} s are allowed on this machine"


def slowness() -> float:
    """Return how many times slower than the fast machine this one is at the moment, at least 1."""
    return max(1.0, _reference() / GOOD)


def _reference() -> float:
    """Return the CPU seconds that a fixed, typical piece of work takes here."""
    started = time.process_time()
    for element in html.fromstring(_PAGE).iter():
        " ".join((element.text or "").split()).casefold()
        " ".join((element.tail or "").split()).casefold()
    return time.process_time() - started
