"""The progress line: only on terminals, without colours where unwanted, never mixed with other output."""

from __future__ import annotations

import io
import logging
import os
import pty
import sys

import pytest

from archive.terminal import live_line, one_line


class Terminal(io.StringIO):
    def isatty(self):
        return True


def drawn(monkeypatch, *shown, **environment):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with live_line("Probing https://example.org/") as show:
        for one in shown:
            show(*one)
    return terminal.getvalue()


def test_nothing_is_drawn_where_nobody_watches(capfd):
    with live_line("Verifying") as show:
        show("NEWS-1.warc.gz", 3, 10)
    assert capfd.readouterr() == ("", "")


def test_what_is_being_looked_at_is_there_from_the_start_and_the_line_is_gone_at_the_end(monkeypatch):
    said = drawn(monkeypatch)
    assert "Probing https://example.org/" in said
    assert said.rstrip().endswith("\x1b[2K") or "\x1b[2K" in said.rpartition("example.org")[2]


def test_share_and_time_left_are_shown_where_the_end_is_known(monkeypatch):
    assert "30 %" in drawn(monkeypatch, ("NEWS-1.warc.gz", 3, 10))
    assert "%" not in drawn(monkeypatch, ("12 articles",))


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_obeyed(monkeypatch, environment, coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    said = drawn(monkeypatch, **environment)
    assert ("\x1b[32m" in said or "\x1b[3" in said) is coloured


@pytest.mark.parametrize("text", ["a\x1b]0;title\x07b", "a\r\x9b2Jb", "a\nb", "a\u202eb", "a\u2069b"])
def test_a_title_from_the_web_cannot_leave_its_place(text):
    line = one_line(text)
    assert line.startswith("\u2068a")
    assert line.endswith("b\u2069")
    assert not set(line[1:-1]) & set("\x1b\x07\r\n\x9b\u202e\u2068\u2069")


def test_right_to_left_text_keeps_its_letters():
    assert one_line("نشرة ‌اليوم") == "\u2068نشرة ‌اليوم\u2069"


def test_a_log_line_does_not_break_into_it(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    handler = logging.StreamHandler(terminal)
    logging.root.addHandler(handler)
    try:
        with live_line("Crawling"):
            logging.getLogger("test").warning("a host is slow")
        assert handler.stream is terminal
    finally:
        logging.root.removeHandler(handler)
    assert "\x1b[2Ka host is slow\n" in terminal.getvalue() or "a host is slow\n" in terminal.getvalue()


@pytest.mark.slow
def test_a_command_on_a_real_terminal_draws_and_leaves_nothing_behind(shelf):
    import subprocess

    master, slave = pty.openpty()
    command = [sys.executable, "-m", "archive", "--archive", str(shelf.collection.folder), "verify"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, env=environment, text=True)
    os.close(slave)
    said = os.read(master, 100_000).decode()
    os.close(master)
    assert "Verifying news" in said
    assert "Verifying" not in done.stdout
