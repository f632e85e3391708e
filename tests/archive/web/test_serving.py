"""The command `warraq serve`: address, output, and end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.support import PATIENCE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


def start(folder, *arguments):
    command = [sys.executable, "-u", "-m", "archive", "--archive", str(folder), "serve", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )


@contextmanager
def served(folder, *arguments):
    """The process and the address that it prints."""
    process = start(folder, *arguments)
    try:
        yield process, re.search(r"http://\S+", process.stdout.readline())[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)


def test_it_serves_on_loopback_while_another_process_may_write(shelf):
    with served(shelf.collection.folder, "--port", "0") as (_, address):
        assert address.startswith("http://127.0.0.1:")
        with urlopen(f"{address}api/stats", timeout=10) as answer:
            assert json.load(answer)["articles"] == 4
            assert "server" not in {name.lower() for name in answer.headers}
        with pytest.raises(HTTPError, match="421") as refused:
            urlopen(Request(address, headers={"Host": "evil.example"}), timeout=10)
        refused.value.close()
        shelf.put("https://daftar.example/new", "جديد", "نص جديد", date_published="2026-11-24")
        with urlopen(f"{address}api/stats", timeout=10) as answer:
            assert json.load(answer)["articles"] == 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_very_start_ends_it_without_a_word(shelf, number):
    process = start(shelf.collection.folder, "--port", "0")
    process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")


def test_a_second_signal_while_it_waits_for_clients_ends_it_without_a_word(shelf):
    process = start(shelf.collection.folder, "--port", "0")
    port = int(re.search(r":(\d+)/", process.stdout.readline())[1])
    with socket.create_connection(("127.0.0.1", port)) as unfinished:
        unfinished.sendall(b"GET / HTTP/1.1\r\n")
        with urlopen(f"http://127.0.0.1:{port}/api/stats", timeout=PATIENCE):
            pass
        process.send_signal(signal.SIGINT)
        while is_open(port):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_another_address_than_loopback_is_warned_of_loudly(shelf):
    process = start(shelf.collection.folder, "--host", "0.0.0.0", "--port", "0")
    try:
        process.stdout.readline()
        assert "WARNING: 0.0.0.0 can be reached from other machines" in process.stderr.readline()
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_a_folder_without_an_archive_ends_with_its_exit_code_and_one_line(tmp_path):
    process = start(tmp_path)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert errors.count("\n") == 1


def test_a_port_in_use_is_said_and_ends_with_wrong_usage(shelf):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(shelf.collection.folder, "--port", str(taken.getsockname()[1]))
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "cannot listen on 127.0.0.1" in errors
