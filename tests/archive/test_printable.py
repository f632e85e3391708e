"""Untrusted text never controls a terminal: from pages, databases, messages or logs."""

import io
import logging
import sqlite3
import sys

import pytest

from archive.cli.output import isolate
from archive.errors import UsageError
from archive.index import open_store
from archive.parse.parse import ParseTask, parse_task
from archive.terminal import PrintableFilter, PrintableStream, ProgressStream, printable
from tests.support.cli import warraq
from tests.support.pages import capture, page

CLIPBOARD = "\x1b]52;c;cm0gLXJmIC8=\x07"
EVIL = f"a{CLIPBOARD}b\x9b2Jc\x00\x7f"


def test_only_tabs_and_line_feeds_stay():
    assert printable("a\tb\nc\r\x0b\x1b\x9b\x7f\ud800d") == "a\tb\ncd"
    assert printable("زر\u200fأ\u200d") == "زر\u200fأ\u200d"


def test_a_page_brings_no_control_characters_into_an_article():
    escaped = "".join(f"\\u{ord(letter):04x}" if ord(letter) < 256 else letter for letter in EVIL)
    node = f'{{"@type":"NewsArticle","author":{{"name":"Sami {escaped} Haddad"}},"articleSection":"{escaped}"}}'
    ld = f'<script type="application/ld+json">{node}</script>'
    served = capture("/2026/11/1", ld.encode() + page("عنوان \x9b2J الخبر &#x9b;2J"), 1)
    article = parse_task(ParseTask(url=served.url, response=served.response, fetched_at=served.started)).article
    assert article is not None
    said = repr(article).encode("unicode_escape")
    assert "Sami" in article.author
    assert not any(bad in said for bad in (b"\\x1b", b"\\x9b", b"\\x07"))


@pytest.mark.parametrize(
    "command",
    [
        ("list",), ("list", "--json"), ("show", "1"), ("search", "library"), ("export", "-f", "txt"), ("group",), ("group", "--json"),
        ("verify",), ("redact", "https://daftar.example/evil", "--reason", "test", "--yes"),
    ],
)  # fmt: skip
def test_a_database_from_elsewhere_brings_none_to_the_terminal(shelf, command):
    text = "A library opens in the old town, with room for ten thousand books and two hundred readers."
    for name in ("evil", "again"):
        shelf.put(f"https://daftar.example/{name}", "library", text, language="en")
    shelf.store.close()
    shelf.writer.close()
    with sqlite3.connect(shelf.collection.database) as db:
        for column in ("title", "author", "section", "text", "sitename"):
            db.execute(f"UPDATE articles SET {column} = {column} || ?", (EVIL,))
        db.execute("UPDATE captures SET url = url || ? WHERE url LIKE '%/again'", (EVIL,))
    db.close()
    done = warraq("--archive", shelf.collection.folder, *command, code=7 if command == ("verify",) else 0)
    assert done.stdout
    assert not set(done.output) & set("\x1b\x07\x9b\x00\x7f")
    assert "\\u001b" not in done.output


def test_invalid_utf8_in_a_database_is_shown_and_not_raised(shelf):
    shelf.store.close()
    with sqlite3.connect(shelf.collection.database) as db:
        db.execute("UPDATE articles SET title = CAST(x'61ff62' AS TEXT)")
    db.close()
    with open_store(shelf.collection.database, read_only=True) as store:
        assert store.db.execute("SELECT title FROM articles").fetchone() == ("a\ufffdb",)


def test_messages_are_printable():
    assert str(UsageError(f"no site {EVIL}")) == "no site a]52;c;cm0gLXJmIC8=b2Jc"


@pytest.mark.parametrize(
    ("kind", "kept"), [(PrintableStream, b"[2K[3A[8m[30;40m"), (ProgressStream, b"\r\x1b[2K\x1b[3A\x1b[8m\x1b[30;40m")]
)
def test_a_stream_keeps_styles_and_progress_and_nothing_else(kind, kept):
    """Text that moves the cursor or conceals what follows could hide a line, such as a problem that `verify` found."""
    raw = io.BytesIO()
    stream = kind(raw, "utf-8")
    stream.write(f"\x1b[1;31mbold\x1b[0m \r\x1b[2K\x1b[3A\x1b[8m\x1b[30;40m{EVIL}\x1b[2J\x1b]0;t\x07\n")
    stream.flush()
    assert raw.getvalue() == b"\x1b[1;31mbold\x1b[0m " + kept + b"a]52;c;cm0gLXJmIC8=b2Jc[2J]0;t\n"


COLOUR = "\x1b[31m"
"""A style, which streams keep, but which no title has."""


class Terminal(PrintableStream):
    def isatty(self):
        return True


def test_no_title_turns_round_what_stands_beside_it_on_a_terminal_and_pipes_get_what_is_there(monkeypatch):
    title = "exe.\u202egnp\u2069\u2069 \u2066x"
    for kind, written in (
        (Terminal, "\u2068exe.gnp x[31m\u2069, 2026 2026\n"),
        (PrintableStream, f"{title}[31m, 2026 \u202e2026\n"),
    ):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", kind(raw, "utf-8"))
        sys.stdout.write(f"{isolate(title + COLOUR)}, 2026 \u202e2026\n")
        sys.stdout.flush()
        assert raw.getvalue().decode() == written


def test_log_records_are_printable_with_their_tracebacks(caplog):
    caplog.handler.addFilter(PrintableFilter())
    try:
        int(EVIL)
    except ValueError:
        logging.getLogger("a").exception("read %s", EVIL)
    assert "\x1b" not in caplog.text
    assert "\x9b" not in caplog.text
    assert "ValueError" in caplog.text


def test_the_console_script_makes_its_streams_printable(monkeypatch):
    from archive import cli

    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), "ascii"))
    monkeypatch.setattr(cli.warraq, "main", lambda **_: None)
    cli.main()
    assert type(sys.stdout) is PrintableStream
    assert type(sys.stderr) is ProgressStream
    assert sys.stdout.errors == "backslashreplace"
