"""What holds for all tests: Ctrl-C reaches the processes that they start, whatever started the tests."""

import signal

from tests.support.shelf import shelf  # noqa: F401 - a fixture

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts background jobs so, and children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
