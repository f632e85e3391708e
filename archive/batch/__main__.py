"""Run one task of a batch in this process, as `archive.batch` starts it; print the bytes processed so far, one number per line."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from archive.errors import ArchiveError

REPORT_EVERY_S = 0.5


def main() -> None:
    """Run the task; end at once when standard input closes, because the parent process is gone then."""
    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from archive.batch import run_one

    reported = 0.0

    def report(behind: int) -> None:
        nonlocal reported
        if time.monotonic() - reported >= REPORT_EVERY_S:
            reported = time.monotonic()
            print(behind, flush=True)

    try:
        run_one(folder, rank, on_progress=report)
    except ArchiveError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)  # with all children: this process leads its group


if __name__ == "__main__":
    main()
