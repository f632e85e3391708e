"""Bound CPU time on any machine: a limit in seconds of a good one, stretched by how slow this one is at this moment."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from lxml import html

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = 0.03
"""CPU seconds that `_reference` takes on the machine for which the limits were written."""

SLACK = 2.0
"""What other work on the machine (caches, clock rate, sibling threads) may add; what is not linear costs ten times and more."""

_PAGE = "<div><p class='a'>" + "<b>one</b> two three <i>four</i> " * 16_000 + "</p></div>"


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Fail when the block takes more CPU time of this process than a good machine takes in `seconds`, with slack."""
    started = time.process_time()
    yield
    spent = time.process_time() - started
    if spent > seconds:
        allowed = seconds * SLACK * slowness()
        assert spent <= allowed, f"{spent:.2f} s of CPU time, {allowed:.2f} s are allowed on this machine"


def slowness() -> float:
    """How many times as long as the good machine this one works at the moment; never less than 1."""
    return max(1.0, _reference() / GOOD)


def _reference() -> float:
    """CPU seconds that a fixed piece of the work of this house takes here."""
    started = time.process_time()
    for element in html.fromstring(_PAGE).iter():
        " ".join((element.text or "").split()).casefold()
        " ".join((element.tail or "").split()).casefold()
    return time.process_time() - started
