"""Run one task of a batch in this process, as `archive.batch` starts it; print the bytes processed so far, one number per line."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from archive.errors import ArchiveError

TOLD_EVERY_S = 0.5


def main() -> None:
    """Run the task; ends at once when standard input does, for then the process that started this one is gone."""
    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from archive.batch import run_one

    told = 0.0

    def tell(behind: int) -> None:
        nonlocal told
        if time.monotonic() - told >= TOLD_EVERY_S:
            told = time.monotonic()
            print(behind, flush=True)

    try:
        run_one(folder, rank, heard=tell)
    except ArchiveError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)  # with all that this process started: it leads its group


if __name__ == "__main__":
    main()
