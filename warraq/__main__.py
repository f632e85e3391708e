"""Run `warraq`, as its console script or `python -m warraq`; Ctrl-C ends it with one line from the first moment on."""

from __future__ import annotations

import os
import signal
import sys
from gettext import gettext as _


def main() -> None:
    """Import the program, which takes a second, and run it."""
    _end_at_interrupt("warraq: interrupted before it began")
    from archive.locale import use_locale

    use_locale(sys.argv)  # before all other imports: errors in the settings are messages, too
    _end_at_interrupt(_("warraq: interrupted before it began"))
    from warraq.cli import main

    main()


def _end_at_interrupt(message: str) -> None:
    """End the process at Ctrl-C, unless it is ignored. Some imports would swallow an exception, others print a traceback."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        return

    def end(*_signal: object) -> None:
        os.write(2, f"{message}\n".encode())
        os._exit(130)  # nothing is open yet

    signal.signal(signal.SIGINT, end)


if __name__ == "__main__":
    main()
