"""What holds for all tests: a quick one starts no process, and Ctrl-C reaches the processes that the others start."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

from tests.support.shelf import shelf  # noqa: F401 - a fixture

os.environ["WARRAQ_CONFIG"] = ""  # a developer's own warraq.toml is not under test

settings.register_profile("any machine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

STARTS = frozenset({"subprocess.Popen", "os.fork", "os.posix_spawn"})
_running: list[pytest.Item] = []

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts background jobs so, and children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _refuse_processes(event: str, _: object) -> None:
    if event in STARTS and _running and not any(_running[-1].iter_markers("slow")):
        pytest.fail(
            "this test starts a process: mark it with pytest.mark.slow, or run the command in-process "
            "(tests.support.cli.warraq)",
            pytrace=True,
        )


sys.addaudithook(_refuse_processes)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


def pytest_collection_modifyitems(items):
    """Begins with the slow ones, so that two workers end at about the same time."""
    items.sort(key=lambda item: not any(item.iter_markers("slow")))
