from __future__ import annotations

import re
from pathlib import Path

import pytest

from archive import UsageError
from crawler import settings
from crawler.sites import Site, SiteError, load_site, load_sites, name_of
from crawler.sites.keys import KEYS

EXAMPLE = Path(__file__).parents[3] / "warraq" / "template" / "sites.toml"


def write(folder: Path, text: str) -> Path:
    path = folder / "sites.toml"
    path.write_text(text, "utf-8")
    return path


def test_entry_becomes_a_site(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [site.masr]
        seeds = ["https://www.masr.example/"]
        feeds = ["https://feeds.example/masr?utm_source=x"]
        articles = ['/story/\\d+']
        deny = ['/horoscope/']
        language = "ar"
        locale = "ar-EG"
        timezone = "Africa/Cairo"
        delay = 2
        concurrency = 1
        """,
    )
    site = load_site(path, "masr")
    assert site.seeds == ("https://www.masr.example/",)
    assert site.feeds == ("https://feeds.example/masr",)
    assert site.hosts == ("masr.example", "www.masr.example")
    assert site.is_article("https://masr.example/story/123")
    assert not site.is_article("https://masr.example/politics")
    assert site.settings() == {"DOWNLOAD_DELAY": 2.0, "CONCURRENT_REQUESTS_PER_DOMAIN": 1}


def test_what_a_site_sets_are_settings_that_there_are() -> None:
    site = Site(name="a", seeds=(), delay=1, concurrency=1, max_pages=1, depth=1, user_agent="x")
    assert len(site.settings()) == 5
    assert all(hasattr(settings, name) for name in site.settings())


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            '[site.a]\nfeed = ["https://a.example/"]',
            2,
            ["site.a.feed", "unknown key", "did you mean 'feeds'?", "seeds"],
        ),
        ('[site.a]\nseeds = "https://a.example/"', 2, ["site.a.seeds", "list"]),
        ('[site.a]\nseeds = [\n  "https://a.example/",\n  "mailto:x",\n]', 4, ["site.a.seeds", "mailto:x", "http"]),
        ('[site.a]\nseeds = ["a.example"]', 2, ["'a.example' is not a web address"]),
        ("\n[site.a]\nlanguage = 'ar'", 2, ["site.a", "needs seeds"]),
        ('[site.a]\nseeds = ["https://a.example/"]\n\ndelay = "2"', 4, ["site.a.delay", "number from 0 to 600"]),
        ('[site.a]\nseeds = ["https://a.example/"]\nconcurrency = 99', 3, ["concurrency", "1 to 16"]),
        ('[site.a]\nseeds = ["https://a.example/"]\nconcurrency = true', 3, ["concurrency"]),
        ('[site.a]\nseeds = ["https://a.example/"]\ntimezone = "Cairo"', 3, ["timezone", "Africa/Cairo"]),
        ('[site.a]\nseeds = ["https://a.example/"]\nlocale = "Arabic (Egypt)"', 3, ["locale", "ar-EG"]),
        ('[site.a]\nseeds = ["https://a.example/"]\narticles = ["("]', 3, ["articles", "regular expression"]),
        ('[site.a]\nseeds = ["https://a.example/"]\ndeny = [5]', 3, ["deny", "5 is not text"]),
        ('[site.a]\nseeds = ["https://a.example/"]\nproxy = "proxy:3128"', 3, ["proxy", "http://proxy.example:3128/"]),
        ('[site.a]\nseeds = ["https://a.example/"]\nhosts = ["https://a.example/"]', 3, ["hosts", "not a host name"]),
        ('[site.a]\nseeds = ["https://a.example/"]\npaths = ["arabic"]', 3, ["paths", "not a path prefix"]),
        ('[site.a]\nseeds = ["https://a.example/"]\nuser_agent = "a\\nb"', 3, ["user_agent"]),
        ('[site.b]\nseeds = ["https://b.example/"]\n[site.a]\nseed = []', 4, ["site.a.seed"]),
        ('[sites.a]\nseeds = ["https://a.example/"]', 1, ["sites", "did you mean 'site'?"]),
        ('[site."../a"]\nseeds = ["https://a.example/"]', 1, ["a-z, 0-9"]),
        ('[site.a]\nseeds = ["https://a.example/"', 2, ["is not TOML"]),
        ("site = 3", 1, ["[site.NAME]"]),
        ("[site]\na = 3", 2, ["[site.a]"]),
    ],
)
def test_mistake_is_told_with_line_and_key(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SiteError) as caught:
        load_sites(path)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{path}:{line}: ")
    for word in words:
        assert word in str(caught.value)
    assert isinstance(caught.value, UsageError)


def test_site_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = write(tmp_path, '[site.masr]\nseeds = ["https://a.example/"]')
    with pytest.raises(SiteError, match=r"no site 'massr' \(did you mean 'masr'\?\); it has: masr"):
        load_site(path, "massr")


def test_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="warraq add URL"):
        load_sites(tmp_path / "sites.toml")


def test_shipped_file_has_no_site_and_shows_every_key(tmp_path: Path) -> None:
    assert load_sites(EXAMPLE) == {}
    text = re.sub(r"(?m)^# (?=\[site|[a-z_]+ = |# )", "", EXAMPLE.read_text("utf-8"))
    site = load_site(write(tmp_path, text), "example")
    shown = re.findall(r"(?m)^([a-z_]+) = ", text)
    assert shown == list(dict.fromkeys([*shown]))
    assert sorted(shown) == sorted(KEYS)
    assert site.in_scope("https://live.example.org/arabic/story/2026/")


@pytest.mark.parametrize(
    ("given", "seed", "name"),
    [
        ("https://www.masr.example/", "https://www.masr.example/", "masr.example"),
        ("masr.example", "https://masr.example/", "masr.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/", "127.0.0.1-8000"),
        ("localhost:8000/x", "https://localhost:8000/x", "localhost-8000"),
        ("http://[::1]:8000/", "http://[::1]:8000/", "1-8000"),
        (" https://مثال.إختبار ", "https://xn--mgbh0fb.xn--kgbechtv/", "xn--mgbh0fb.xn--kgbechtv"),
    ],
)
def test_site_from_a_url_alone(given: str, seed: str, name: str) -> None:
    site = Site.from_url(given)
    assert (site.seeds, site.name) == ((seed,), name)
    assert site.in_scope(seed)
    assert not site.in_scope("https://other.example/")


@pytest.mark.parametrize("given", ["", "ftp://a.example/", "mailto:a@b.c", "http://", "https://a b/"])
def test_url_that_cannot_be_crawled_is_refused(given: str) -> None:
    with pytest.raises(SiteError):
        Site.from_url(given)


def test_scope_is_the_site_and_nothing_beside_it() -> None:
    site = Site.from_url("https://www.masr.example/")
    assert site.in_scope("http://masr.example/a")
    assert site.in_scope("https://www.masr.example/a?b=1")
    assert not site.in_scope("https://shop.masr.example/")
    assert not site.in_scope("https://masr.example.evil.example/")
    assert not site.in_scope("https://evilmasr.example/")
    assert not site.in_scope("https://masr.example:8443/")
    assert not site.in_scope("mailto:x")
    assert not site.in_scope("")
    assert Site.from_url("http://127.0.0.1:8000/").in_scope("http://127.0.0.1:8000/a")
    assert not Site.from_url("http://127.0.0.1:8000/").in_scope("http://127.0.0.1:9000/a")


def test_edition_in_the_url_narrows_the_scope() -> None:
    site = Site.from_url("https://www.world.example/arabic")
    assert site.in_scope("https://www.world.example/arabic/articles/1")
    assert not site.in_scope("https://www.world.example/arabica/1")
    assert not site.in_scope("https://www.world.example/sport")
    assert site.in_scope("https://www.world.example/sitemap.xml", index=True)
    assert Site.from_url("https://www.world.example/politics").in_scope("https://www.world.example/sport")


def test_subdomains_and_denied_addresses(tmp_path: Path) -> None:
    text = '[site.a]\nseeds = ["https://a.example/"]\nhosts = ["*.a.example", "مثال.إختبار"]\ndeny = ["[?&]print="]'
    site = load_site(write(tmp_path, text), "a")
    assert site.in_scope("https://x.y.a.example/")
    assert site.in_scope("https://a.example/")
    assert not site.in_scope("https://evila.example/")
    assert site.in_scope("https://xn--mgbh0fb.xn--kgbechtv/")
    assert not site.in_scope("https://a.example/1?print=1")


def test_name_is_fit_for_a_folder() -> None:
    assert name_of("https://www.a.example:8443/x") == "a.example-8443"
    assert name_of("https://./") == name_of("https://-/") == "site"
