"""A folder of archives from the beginning: created, configured, sites added, crawled and shown with `warraq`."""

import json
from hashlib import sha256

import pytest

from crawler.sites import load_sites
from demo.server import DemoServer
from tests.support import ROOT
from tests.support.place import run

pytestmark = pytest.mark.slow

SETTINGS = 'WARRAQ_OPEN_NETWORKS = ["127.0.0.0/8"]\nDOWNLOAD_DELAY = 0\nWARRAQ_MAX_PAGES = 30\n'


@pytest.fixture(scope="module")
def servers():
    with DemoServer() as one, DemoServer() as other:
        yield one, other


@pytest.fixture(scope="module")
def place(tmp_path_factory, servers):
    """A place with two sites, one added and crawled by each program."""
    one, other = servers
    folder = tmp_path_factory.mktemp("place")
    run(folder, "warraq", "init")
    (folder / "warraq.toml").write_text(SETTINGS, "utf-8")
    added = run(folder, "warraq", "add", one.url, "--name", "one")
    assert "warraq crawl one" in added.stdout
    run(folder, "scrapy", "addsite", other.url, "--name", "two", "--cases", "")
    entries = (folder / "sites.toml").read_text("utf-8")
    (folder / "sites.toml").write_text(entries.replace("delay = 1 ", "delay = 0 "), "utf-8")
    return folder


def test_init_makes_a_place_and_keeps_what_is_there(tmp_path):
    (tmp_path / "sites.toml").write_text("# mine\n", "utf-8")
    said = run(tmp_path, "warraq", "init").stdout
    assert "kept     sites.toml" in said
    assert (tmp_path / "sites.toml").read_text("utf-8") == "# mine\n"
    assert {path.name for path in tmp_path.iterdir()} == {
        *("sites.toml", "warraq.toml", "scrapy.cfg", ".gitignore", "README.md")
    }
    assert len((tmp_path / "README.md").read_text("utf-8").splitlines()) <= 12
    assert not load_sites(tmp_path / "sites.toml")
    run(tmp_path, "warraq", "config")


def test_both_programs_crawl_by_the_same_settings_into_the_same_place(place):
    crawled = json.loads(run(place, "warraq", "crawl", "one", "--json").stdout)
    assert (crawled["folder"], crawled["articles_new"] > 0) == ("collections/one", True)
    assert crawled["pages_fetched"] <= 32  # WARRAQ_MAX_PAGES of warraq.toml, and robots.txt
    crawled = json.loads(run(place, "scrapy", "crawl", "news", "-a", "site=two", "-s", "WARRAQ_SUMMARY_JSON=1").stdout)
    assert (crawled["folder"], crawled["articles_new"] > 0) == ("collections/two", True)
    rows = [json.loads(line) for line in run(place, "warraq", "sites", "--json").stdout.splitlines()]
    assert [(row["site"], row["has_entry"], row["articles"] > 0, row["result"]) for row in rows] == [
        ("one", True, True, "finished"),
        ("two", True, True, "finished"),
    ]
    assert all(row["next_due"] >= row["last_run"] > "" for row in rows)
    done = run(place, "warraq", "run", "--json", WARRAQ_MAX_PAGES="2")
    assert [json.loads(line)["exit_code"] for line in done.stdout.splitlines()][-1] == 0


def test_config_says_what_holds_and_where_from(place):
    rows = [
        json.loads(line) for line in run(place, "warraq", "config", "--json", WARRAQ_OPERATOR="us").stdout.splitlines()
    ]
    held = {row["name"]: (row["value"], row["origin"]) for row in rows}
    assert held["WARRAQ_MAX_PAGES"] == (30, "warraq.toml:3")
    assert held["WARRAQ_OPERATOR"] == ("us", "environment")
    assert held["WARRAQ_MAX_DEPTH"][1] == "default"
    assert "did you mean WARRAQ_MAX_PAGES" in run(place, "warraq", "config", "WARRAQ_MAX_PAGE", code=2).stderr


@pytest.mark.parametrize(
    ("program", "arguments"),
    [("warraq", ["list"]), ("scrapy", ["crawlall"])],
)
def test_a_mistake_in_the_file_stops_either_program_with_one_line(place, tmp_path, program, arguments):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("WARRAQ_MAX_PAGE = 1\n", "utf-8")
    said = run(place, program, *arguments, code=2, WARRAQ_CONFIG=str(wrong)).stderr
    assert said == f"warraq: {wrong}:1: there is no setting WARRAQ_MAX_PAGE; did you mean WARRAQ_MAX_PAGES?\n"


@pytest.mark.parametrize(
    ("program", "arguments", "said"),
    [
        ("scrapy", ["crawl", "new", "-a", "url=x"], "scrapy crawl: there is no spider 'new'"),
        ("scrapy", ["crawl", "news", "-a", "site=one", "-s", "WARRAQ_MAX_DEPTH=abc"], "scrapy crawl: -s WARRAQ_MAX_DEPTH=abc: give"),
        ("warraq", ["--archive", "here", "run"], "warraq run: ARCHIVE_DIR (--archive) is for one site"),
        ("warraq", ["crawl", "ohne"], "no site 'ohne' (did you mean 'one'?)"),
        ("warraq", ["crawl", "one", "-s", "WARRAQ_MAX_PAGES=0"], "warraq crawl: -s WARRAQ_MAX_PAGES=0: give a whole number"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line(place, program, arguments, said):
    done = run(place, program, *arguments, code=2)
    (line,) = done.stderr.splitlines()
    assert said in line


def test_a_page_is_saved_into_the_archive_that_is_named(place, servers):
    run(place, "warraq", "--archive", "elsewhere", "save", f"{servers[0].url}/2026/11/مكتبة-متنقلة-قرى-وادي-الزهر/")
    assert (place / "elsewhere" / "warraq.db").is_file()


def test_the_commands_of_scrapy_work_in_the_place(place, servers):
    url = servers[0].url
    assert "<html" in run(place, "warraq", "scrapy", "fetch", "--nolog", url).stdout
    assert "'reason'" in run(place, "scrapy", "parse", "--nolog", url).stdout
    assert "<title>" in run(place, "scrapy", "shell", "--nolog", "-c", "response.css('title')[0]", url).stdout
    run(place, "scrapy", "view", "--nolog", url, BROWSER="true")


def test_the_sites_file_of_a_checkout_is_as_the_first_release_has_it():
    """Whoever added sites in a checkout of 0.1.0 can pull: git refuses to touch a changed file only where it has changed here, too."""
    content = (ROOT / "sites.toml").read_bytes()
    assert sha256(content).hexdigest() == "4c51a5a24a83b5da6ca0e1a1373ccca0928d68bf07c1c8faba837e79f5d5dada"
