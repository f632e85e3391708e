"""Each command in README and docs is run in order in a prepared folder or, if its page gives a reason, only checked."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, NamedTuple

import pytest

from demo.server import DemoServer
from tests.support import ROOT, site
from tests.support.ccnews import CcNewsServer
from tests.support.cdx import CdxServer
from tests.support.cli import warraq
from tests.support.documented import PAGES, blocks, commands, mentioned
from tests.support.shell import Shell
from tests.support.stamping import Authority, serving
from tests.support.usage import problems, simple_commands

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TRANSLATED = "README.ar.md"
"""Has the commands of README.md (below)."""
TUTORIAL = "tutorial.md"
"""Run by tests/warraq/test_hour.py, from a wheel."""
INSTALLERS = frozenset({"apt-get", "git", "pip", "pipx"})
"""What `make hour` runs, on bare Debian."""
ENDS_OTHERWISE = {"warraq health": {0, 12}}
"""Exit codes other than 0 that a command may well end with."""
ANSWERS = ("duckdb ", "sqlite3 ", "sqlite-utils ")
"""Questions, which must find something."""
SETTINGS = {"WARRAQ_OPEN_NETWORKS": "127.0.0.0/8", "SCRAPY_DOWNLOAD_DELAY": "0"}
"""What sites on loopback need, and what makes haste where nobody else asks them."""

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


class Prepared(NamedTuple):
    """A home with a place in it, the roots of the authority that stamps, and what stands for the words of the pages."""

    home: Path
    roots: Path
    words: Mapping[str, str]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """A place with an archive of the demo site, copies of it where pages speak of several, and the servers that pages ask."""
    home = tmp_path_factory.mktemp("home")
    place = home / "news"
    with DemoServer() as demo:
        name = demo.url.removeprefix("http://").strip("/").replace(":", "-")
        archive = place / "collections" / name
        for demo.edition in (1, 2):
            site.crawl(demo.url, archive, "-s", "WARRAQ_REQUISITES=none", "-a", "recheck=all")
        warraq("init", place)
        (place / "sites.toml").write_text(f'[site."{name}"]\nseeds = ["{demo.url}"]\ndelay = 0\n', "utf-8")
        (place / f"{name}.cookies.txt").touch()
        warc = min((archive / "archive").glob("NEWS-*.warc.gz"))
        for target in ("big.warc.gz", "crawl-1.warc.gz"):
            shutil.copy(warc, place / target)
        for shard in ("machine-1", "machine-2", "2025", "2026"):
            shutil.copytree(archive, place / "shards" / shard)
        authority = Authority(home / "authority")
        news = CcNewsServer({"20260201000000": warc.read_bytes()})
        with CdxServer(archive / "archive") as cdx, news, serving(authority) as stamps:
            servers = f"--cdx {cdx.cdx} --warc-base {cdx.base}"
            words = {
                "https://www.example.org/": demo.url, "https://news.example/": demo.url, "https://news.example/world/": demo.url,
                "https://news.example/story": f"{name}/1", "example.org": name, "collections/NAME": f"collections/{name}",
                "--site NAME": f"--site {name}", "warraq.db": "$DB", "--max-pages 200": "--max-pages 20",
                "http://localhost:8080/news/cdx": cdx.cdx, "http://localhost:8081/warcs/": cdx.base,
                "http://localhost:8080/news/": cdx.replay, "--site daily --cdx … --warc-base …": servers,
                "--cc-news --from": f"--cc-news {news.base} --from", "http://localhost:8082/": news.base,
                "/mnt/one/shards/NAME": "shards/machine-1", "/var/lib/warraq/shards/NAME": "shards/taken",
                "collections/node1": "shards/machine-1", "collections/node2": "shards/machine-2",
                "collections/all": "shards/all", "collections/dead-node": "shards/machine-2", "collections/new-node": "shards/new",
                "s3://press/warraq/news --endpoint-url https://s3.example.net": "$HOME/bucket", "s3://bucket/example.org": "$HOME/bucket",
                "https://tsa.example.org/tsr": stamps, "https://stamps.example.net": stamps,
                "000001.tsa.example.org_tsr": re.sub(r"[:/]", "_", stamps.replace("http://", "000001.")),
                "authority.pem": str(authority.root), "roots.pem": str(authority.root),
            }  # fmt: skip
            yield Prepared(home, authority.root, words)


@pytest.fixture
def shell(prepared: Prepared, tmp_path: Path) -> Shell:
    """A session in a copy of the place."""
    home = tmp_path / "home"
    shutil.copytree(prepared.home, home)
    shell = Shell(home)
    shell.folder = home / "news"
    shell.env |= SETTINGS | {"WARRAQ_AUTHORITY_ROOTS": str(prepared.roots)}
    shell.env["DB"] = str(shell.folder / prepared.words["collections/NAME"] / "warraq.db")
    return shell


def in_words(line: str, words: Mapping[str, str]) -> str:
    """The line with each word of the page replaced, the longest first; part of another name is no word."""
    known = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.sub(rf"(?<![\w@.-])({known})(?![\w-])", lambda match: words[match[1]], line)


@every_page
def test_every_command_of_a_page_exists_with_its_options(page):
    typed = [one for block in blocks(page) for one in block.commands]
    wrong = [f"{one} -- {problem}" for one in typed for problem in problems(one.text)]
    wrong += [
        f"{one} -- {problems(one.text)[0]}"
        for one in mentioned(page)
        if problems(one.text) and problems(f"{one.text} X")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.simulation
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name not in {TRANSLATED, TUTORIAL} and any(not one.reason for one in blocks(page))],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_command_of_a_page_does_its_work(page, shell, prepared):
    typed = [one for block in blocks(page) if not block.reason for one in block.commands]
    if any("warraq init news" in one.text for one in typed):
        shutil.rmtree(shell.folder)
        shell.folder = shell.home
    elif any("warraq add" in one.text for one in typed):
        (shell.folder / "sites.toml").unlink()
    for command in typed:
        if next(simple_commands(command.text))[0] in INSTALLERS:
            continue
        done = shell.run(in_words(command.text, prepared.words))
        expected = next((codes for begun, codes in ENDS_OTHERWISE.items() if begun in command.text), {0})
        assert done.returncode in expected, f"{command}\n{done.stdout[-1000:]}{done.stderr[-3000:]}"
        assert "Traceback" not in done.stderr, f"{command}\n{done.stderr[-3000:]}"
        assert done.stdout.strip() or not command.text.startswith(ANSWERS), f"{command} found nothing"
        if "warraq add" in command.text:
            entries = shell.folder / "sites.toml"
            entries.write_text(
                re.sub(r"^delay = 1 ", "delay = 0 ", entries.read_text("utf-8"), flags=re.MULTILINE), "utf-8"
            )


def test_both_readmes_tell_the_same_commands():
    english, arabic = (commands(ROOT / name) for name in ("README.md", TRANSLATED))
    assert english == arabic
    assert len(english) > 10
