"""The news spider on small sites with the faults of real ones."""

import itertools
import json
from functools import partial

import pytest

from archive import Archive
from tests.support import program
from tests.support.cli import warraq
from tests.support.site import Site, article_page, crawl, list_page

pytestmark = pytest.mark.slow

PATHS = tuple(f"/2024/05/{n:02}/story-number-{n}-of-the-harbour" for n in range(1, 13))


def rows(folder, sql):
    with Archive(folder) as archive:
        return list(archive.db.query(sql))


def site_of(paths=PATHS, **more):
    pages = {path: article_page(f"Story number {n} of the harbour") for n, path in enumerate(paths)}
    return Site({"/": list_page(*paths), **pages, **more})


def test_a_small_bound_of_pages_is_reached_and_not_passed(tmp_path):
    with site_of() as site:
        crawl(f"{site.url}/", tmp_path / "a", "-a", "max_pages=5")
    (row,) = rows(tmp_path / "a", "SELECT sum(visits) AS visits FROM urls")
    assert row["visits"] == 5


def test_articles_go_to_a_feed_export_too_and_the_folder_may_have_a_space(tmp_path):
    with site_of() as site:
        summary = crawl(f"{site.url}/", tmp_path / "an archive", "-O", str(tmp_path / "out.jsonl"))
    exported = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    stored = rows(tmp_path / "an archive", "SELECT title FROM articles")
    assert len(exported) == len(PATHS), summary
    assert {row["title"] for row in exported} == {row["title"] for row in stored}
    captured = rows(tmp_path / "an archive", "SELECT record_id FROM captures WHERE outcome = 'article'")
    assert {row["warc_record_id"] for row in exported} == {row["record_id"] for row in captured}


PIPELINE = """
import logging
from scrapy.exceptions import DropItem
class Picky:
    def process_item(self, item):
        if "number 1 " in item["title"]:
            raise DropItem("not this one")
        if "number 2 " in item["title"]:
            logging.warning("see \\x1b]0;title\\x9b2J")
            raise ValueError("a bug of somebody's pipeline")
        return item
"""


def test_an_article_that_a_pipeline_drops_is_visited_once_and_kept_in_the_warc_only(tmp_path, monkeypatch):
    (tmp_path / "picky_pipeline.py").write_text(PIPELINE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pipelines = json.dumps({"picky_pipeline.Picky": 100, "crawler.pipelines.ArchivePipeline": 300})
    said = []

    def run(*words, **how):
        done = program.scrapy(*words, **how)
        said.append(done.stderr)
        return done

    with site_of() as site:
        crawl(f"{site.url}/", tmp_path / "a", "-a", "max_pages=40", "-s", f"ITEM_PIPELINES={pipelines}", run=run)
    assert "see ]0;title2J" in said[0]
    assert not set(said[0]) & set("\x1b\x9b")
    assert max(site.asked.count(path) for path in PATHS) == 1
    assert len(rows(tmp_path / "a", "SELECT id FROM articles")) == len(PATHS) - 2
    assert not rows(tmp_path / "a", "SELECT url FROM captures WHERE outcome = ''")
    assert len(rows(tmp_path / "a", "SELECT url FROM captures WHERE reason = 'dropped'")) == 2


def test_text_that_no_database_takes_costs_neither_its_article_nor_the_others(tmp_path):
    declared = '{"@type": "NewsArticle", "articleSection": "har\\ud800bour\\u0000", "keywords": ["a\\udfffb"]}'
    bad = article_page("Story with odd letters", head=f'<script type="application/ld+json">{declared}</script>')
    with site_of(**{PATHS[0]: bad}) as site:
        crawl(f"{site.url}/", tmp_path / "a")
    found = rows(tmp_path / "a", "SELECT section, tags FROM articles ORDER BY section DESC")
    assert len(found) == len(PATHS)
    assert (found[0]["section"], found[0]["tags"]) == ("harbour", '["ab"]')


def test_other_bytes_with_the_same_text_let_the_next_visit_wait_as_for_an_unchanged_article(tmp_path):
    path = PATHS[0]
    tick = itertools.count()
    old = '<meta property="article:published_time" content="2020-05-01T10:00:00Z">'
    with site_of((path,)) as site:
        site.pages[path] = lambda _: article_page("An old story", head=old, foot=f"<!-- {next(tick)} -->")
        crawl(f"{site.url}/", tmp_path / "a")
        crawl(f"{site.url}/", tmp_path / "a", "-a", "recheck=all")
    (row,) = rows(tmp_path / "a", f"SELECT * FROM urls WHERE url LIKE '%{path}'")
    assert row["visits"] == 2
    assert row["unchanged"] == 1
    assert row["due_at"][:4] > row["visited_at"][:4]


CHALLENGE = "<html><head><title>Just a moment...</title></head><body><h1>Checking your browser before accessing</h1>\
<div id=cf-challenge-running></div><script src='/cdn-cgi/challenge-platform/h/b/orchestrate'></script></body></html>"


def test_a_challenge_served_again_is_not_the_article_served_again(tmp_path):
    path = PATHS[0]
    with site_of((path,)) as site:
        crawl(f"{site.url}/", tmp_path / "a")
        site.pages[path] = CHALLENGE
        for _ in range(2):
            crawl(f"{site.url}/", tmp_path / "a", "-a", "recheck=all")
    (article,) = rows(tmp_path / "a", "SELECT * FROM articles")
    (row,) = rows(tmp_path / "a", f"SELECT * FROM urls WHERE url LIKE '%{path}'")
    assert article["last_seen_at"] == article["fetched_at"]
    assert (row["outcome"], row["reason"], row["failures"]) == ("quarantine", "challenge", 2)


@pytest.mark.parametrize("visits", [1, 2])
def test_not_modified_that_nobody_asked_for_is_a_failure_and_tried_again_later(tmp_path, visits):
    with site_of(PATHS[:2]) as site:
        if visits == 2:  # its first response had nothing to ask with
            crawl(f"{site.url}/", tmp_path / "a")
        site.pages[PATHS[0]] = (304, {}, b"")
        crawl(f"{site.url}/", tmp_path / "a", "-a", "recheck=all")
    (row,) = rows(tmp_path / "a", f"SELECT * FROM urls WHERE url LIKE '%{PATHS[0]}'")
    assert (row["outcome"], row["reason"]) == ("failed", "http-304")
    assert row["due_at"]


@pytest.mark.parametrize(
    "more", [("-a", "max_pages=many"), ("-a", "recheck=yes"), ("-a", "colour=red"), ("-a", "max_pages=0")]
)
def test_an_argument_that_makes_no_sense_is_named_in_one_line(tmp_path, more):
    said = crawl("http://127.0.0.1:9/", tmp_path / "a", *more, code=2)
    assert more[1].partition("=")[0] in said
    assert "Traceback" not in said
    assert not (tmp_path / "a").exists()


def test_a_url_that_the_spider_cannot_digest_is_visited_once(tmp_path, monkeypatch):
    broken = (
        "from crawler.frontier.responses import ResponseHandler\n\n"
        "def broken(*_):\n    raise KeyError('a bug')\n\nResponseHandler.task = broken\n"
    )
    main = "from scrapy.cmdline import execute\n\ndef main(*_):\n    execute()\n"
    (tmp_path / "with_bug.py").write_text(main + broken)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with site_of() as site:
        crawl(f"{site.url}/", tmp_path / "a", "-a", "max_pages=30", code=9, run=partial(program.run, "with_bug"))
    assert site.asked.count("/") == 1
    (row,) = rows(tmp_path / "a", "SELECT * FROM urls WHERE kind = 'seed'")
    assert (row["outcome"], row["reason"], row["failures"]) == ("failed", "error", 1)
    warraq("--archive", tmp_path / "a", "reindex")  # as by a later version, without the bug
    (row,) = rows(tmp_path / "a", f"SELECT outcome FROM captures WHERE url = '{site.url}/'")
    assert row["outcome"] == "listing"


def test_an_article_that_bears_a_word_we_obey_is_withheld_and_asked_for_again_later(tmp_path):
    reserved = article_page("A story with its rights reserved").replace(
        "<head>", '<head><meta name="robots" content="noai">'
    )
    assert "noai" in reserved
    with site_of(paths=PATHS[:3], **{PATHS[0]: reserved}) as site:
        crawl(f"{site.url}/", tmp_path / "a", "-s", "WARRAQ_OBEY_DIRECTIVES=noai,noarchive")
        crawl(f"{site.url}/", tmp_path / "b")
    assert len(rows(tmp_path / "a", "SELECT id FROM articles")) == 2
    (row,) = rows(tmp_path / "a", "SELECT reason, directives FROM captures WHERE outcome = 'withheld'")
    assert (row["reason"], "noai" in row["directives"]) == ("noai", True)
    assert len(rows(tmp_path / "b", "SELECT id FROM articles")) == 3
