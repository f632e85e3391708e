"""Run `warraq`, as its console script and as `python -m warraq` do; Ctrl-C is answered in one line from the first moment."""

from __future__ import annotations

import os
import signal
import sys
from gettext import gettext as _


def main() -> None:
    """Import the program, which takes a second, and run it."""
    _end_at_interrupt("warraq: interrupted before it began")
    from archive.locale import use_locale

    use_locale(sys.argv)  # before all else is imported: the settings and their mistakes are messages, too
    _end_at_interrupt(_("warraq: interrupted before it began"))
    from warraq.cli import main

    main()


def _end_at_interrupt(message: str) -> None:
    """End the process at Ctrl-C, unless it is ignored. An exception would be lost in some imports, and a traceback in others."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        return

    def end(*_signal: object) -> None:
        os.write(2, f"{message}\n".encode())
        os._exit(130)  # nothing is open yet

    signal.signal(signal.SIGINT, end)


if __name__ == "__main__":
    main()
