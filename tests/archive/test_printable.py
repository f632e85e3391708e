"""What strangers wrote never steers a terminal: not from a page, not from a database, not in messages and logs."""

import io
import logging
import sqlite3
import sys

import pytest

from archive.cli.output import isolate
from archive.errors import UsageError
from archive.index import open_store
from archive.parse.parse import ParseTask, parse_task
from archive.terminal import PrintableFilter, PrintableStream, printable
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
    "command", [("list",), ("list", "--json"), ("show", "1"), ("search", "library"), ("export", "-f", "txt")]
)
def test_a_database_from_elsewhere_brings_none_to_the_terminal(shelf, command):
    shelf.put("https://daftar.example/evil", "library", "A library opens.", language="en")
    shelf.store.close()
    shelf.writer.close()
    with sqlite3.connect(shelf.collection.database) as db:
        for column in ("title", "author", "section", "text", "sitename"):
            db.execute(f"UPDATE articles SET {column} = {column} || ?", (EVIL,))
    db.close()
    done = warraq("--archive", shelf.collection.folder, *command)
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


def test_a_stream_keeps_styles_and_progress_and_nothing_else():
    raw = io.BytesIO()
    stream = PrintableStream(raw, "utf-8")
    stream.write(f"\x1b[1mbold\x1b[0m \r\x1b[2K{EVIL}\x1b[2J\x1b]0;t\x07\n")
    stream.flush()
    assert raw.getvalue() == b"\x1b[1mbold\x1b[0m \r\x1b[2Ka]52;c;cm0gLXJmIC8=b2Jc[2J]0;t\n"


class Terminal(PrintableStream):
    def isatty(self):
        return True


def test_no_title_turns_round_what_stands_beside_it_on_a_terminal_and_pipes_get_what_is_there(monkeypatch):
    title = "exe.\u202egnp\u2069\u2069 \u2066x"
    for kind, written in (
        (Terminal, "\u2068exe.gnp x\u2069, 2026 2026\n"),
        (PrintableStream, f"{title}, 2026 \u202e2026\n"),
    ):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", kind(raw, "utf-8"))
        sys.stdout.write(f"{isolate(title)}, 2026 \u202e2026\n")
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
    assert isinstance(sys.stdout, PrintableStream)
    assert sys.stdout.errors == "backslashreplace"
