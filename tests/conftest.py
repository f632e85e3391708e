"""Configure all tests: quick tests may not start processes, and Ctrl-C reaches the processes that other tests start."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

from tests.support import connections, program
from tests.support.shelf import shelf  # noqa: F401 - a fixture

os.environ["WARRAQ_CONFIG"] = ""  # a developer's own warraq.toml is not under test

settings.register_profile("any machine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

connections.watch()

STARTS = frozenset({"subprocess.Popen", "os.fork", "os.posix_spawn"})
OPENED = pytest.StashKey[int]()
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
    if any(item.iter_markers("slow")):
        program.serve()
    try:
        return (yield)
    finally:
        _running.pop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    item.stash[OPENED] = connections.count()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    if left := connections.unclosed(item.stash[OPENED]):
        pytest.fail("it leaves a database open; this one was opened by " + " and ".join(left), pytrace=False)


def pytest_collection_modifyitems(items):
    """Run slow tests first, so that the workers end at about the same time."""
    items.sort(key=lambda item: not any(item.iter_markers("slow")))
