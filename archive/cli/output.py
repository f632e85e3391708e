"""How answers are written: JSON for scripts; for people, lines in which right-to-left and left-to-right text keep apart."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from archive.index.columns import opened
from archive.progress import FIRST_STRONG_ISOLATE, POP_ISOLATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON: one object a line.")


def isolate(text: str) -> str:
    """Text that does not disturb the order of what stands around it (Unicode bidi isolates), on a terminal; as it is in a pipe."""
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}" if sys.stdout.isatty() else text


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line (JSON Lines), Arabic as Arabic."""
    for row in rows:
        click.echo(json.dumps(opened(row), ensure_ascii=False))
