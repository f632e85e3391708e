"""Runs `warraq` and `scrapy` in a folder, as whoever has no environment of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support import PATIENCE, ROOT

if TYPE_CHECKING:
    from pathlib import Path


def environment() -> dict[str, str]:
    """The environment without what sets warraq or Scrapy."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("WARRAQ_", "SCRAPY_"))}


def run(
    folder: Path, program: str, *arguments: object, code: int = 0, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Runs one command line in that folder; fails unless it ends with `code`, or shows a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", program, *map(str, arguments)],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT)} | environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == code, done.stderr[-3000:] + done.stdout[-1000:]
    assert "Traceback" not in done.stderr
    return done
