"""A LOG_FILE that cannot be written costs one line and its exit code, never the crawl."""

import logging

import pytest
from scrapy.settings import Settings

from archive.errors import ExitCode
from crawler.commands import LogFile
from tests.support import place
from tests.support.server import Server, answer, page

OPTIONS = (
    "-s",
    "WARRAQ_OPEN_NETWORKS=127.0.0.0/8",
    "-s",
    "DOWNLOAD_DELAY=0",
    "-s",
    "LOG_LEVEL=DEBUG",
    "-s",
    "ARCHIVE_DIR=kept",
)


def crawl(folder, log, code):
    settings = {"SCRAPY_SETTINGS_MODULE": "crawler.settings"}
    with Server({"/": answer(page(b"<html><body><p>Nothing to read.</p></body></html>"))}) as server:
        start = ("-a", f"url={server.url('/')}", "-s", f"LOG_FILE={log}")
        return place.run(folder, "scrapy", "crawl", "news", *start, *OPTIONS, code=code, **settings)


@pytest.mark.slow
def test_a_full_disk_under_the_log_is_told_once_and_the_crawl_goes_on(tmp_path):
    done = crawl(tmp_path, "/dev/full", ExitCode.NOT_WRITABLE)
    told = [line for line in done.stderr.splitlines() if "/dev/full" in line]
    (line,) = told
    assert line.startswith("scrapy crawl: cannot write the log /dev/full (No space left on device): free space")
    assert line.endswith("; the work continues, warnings go to stderr")
    assert "ended          finished" in done.stdout
    assert (tmp_path / "kept" / "warraq.db").exists()


@pytest.mark.slow
def test_a_log_that_cannot_be_opened_ends_the_crawl_before_it_begins(tmp_path):
    done = crawl(tmp_path, tmp_path / "no-folder" / "crawl.log", ExitCode.NOT_WRITABLE)
    assert len(done.stderr.splitlines()) == 1
    assert "no-folder/crawl.log (No such file or directory)" in done.stderr
    assert not (tmp_path / "kept").exists()


@pytest.mark.slow
def test_a_log_that_can_be_written_holds_every_line_and_changes_no_code(tmp_path):
    done = crawl(tmp_path, tmp_path / "crawl.log", ExitCode.NO_ARTICLES)
    assert "DEBUG" in (tmp_path / "crawl.log").read_text()
    assert "DEBUG" not in done.stderr


def handler(path):
    settings = Settings({"LOG_FILE": str(path), "LOG_LEVEL": "INFO"})
    return LogFile("crawl", settings)


def record(level, message):
    return logging.LogRecord("crawler", level, __file__, 1, message, (), None)


def test_warnings_that_the_file_did_not_take_go_to_stderr(capsys):
    log = handler("/dev/full")
    log.emit(record(logging.INFO, "a page"))
    log.emit(record(logging.WARNING, "a session has expired"))
    log.close()
    said = capsys.readouterr().err
    assert said.count("cannot write the log") == 1
    assert "a session has expired" in said
    assert "a page" not in said


def test_an_error_of_ours_in_a_message_is_no_matter_of_the_disk(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", True)
    log = handler(tmp_path / "crawl.log")
    log.emit(logging.LogRecord("crawler", logging.INFO, __file__, 1, "%d", ("no number",), None))
    log.close()
    assert "TypeError" in capsys.readouterr().err
    assert log.problem == ""
