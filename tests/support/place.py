"""Run `warraq` and `scrapy` in a folder, without environment variables that configure them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.support.program import scrapy, warraq

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def environment() -> dict[str, str]:
    """Return the environment without the variables of warraq and Scrapy."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("WARRAQ_", "SCRAPY_"))}


def run(
    folder: Path, program: str, *arguments: object, code: int = 0, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run one command line in that folder; fail unless its exit code is `code`, or if it prints a traceback."""
    start = {"warraq": warraq, "scrapy": scrapy}[program]
    done = start(*map(str, arguments), cwd=folder, env=environment() | environ)
    assert done.returncode == code, done.stderr[-3000:] + done.stdout[-1000:]
    assert "Traceback" not in done.stderr
    return done
