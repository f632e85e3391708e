"""Forbidden practices, searched for in the source and in a crawl with the default settings."""

import ast
import contextlib
import functools
import os
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from scrapy.settings import Settings

from archive.discovery import xml
from archive.errors import NotWritableError
from archive.files import replace_file
from tests.hostile.routes import article, http
from tests.hostile.run import spider_crawl
from tests.support import PATIENCE
from tests.support.program import scrapy
from tests.support.server import Server, answer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("archive", "crawler") for path in (ROOT / folder).rglob("*.py"))
NEVER_IMPORTED = {
    "pickle",
    "cPickle",
    "shelve",
    "marshal",
    "dill",
    "cloudpickle",
    "joblib",
    "yaml",
    "telnetlib",
    "ftplib",
    "xmlrpc",
    "xml",
}
NEVER_CALLED = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "system",
    "popen",
    "fromstringlist",
    "mktemp",
    "extractall",
    "unpack_archive",
}


@functools.cache
def every_node():
    trees = [(path.relative_to(ROOT), ast.parse(path.read_text("utf-8"))) for path in SOURCES]
    return [(path, node) for path, tree in trees for node in ast.walk(tree)]


def nodes(kind):
    return [(path, node) for path, node in every_node() if isinstance(node, kind)]


def test_nothing_is_pickled_by_us_and_no_parser_of_the_standard_library_reads_xml():
    assert len(SOURCES) > 150
    for path, node in nodes((ast.Import, ast.ImportFrom)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        assert not {name.partition(".")[0] for name in names} & NEVER_IMPORTED, path


def test_nothing_is_evaluated_run_in_a_shell_or_unpacked_blindly():
    for path, node in nodes(ast.Call):
        if isinstance(node.func, ast.Name):
            assert node.func.id not in NEVER_CALLED, (path, node.lineno)
        elif isinstance(node.func, ast.Attribute):
            whole = ast.unparse(node.func)
            assert node.func.attr not in NEVER_CALLED or whole.startswith("re."), (path, node.lineno)
        assert not any(keyword.arg == "shell" for keyword in node.keywords), (path, node.lineno)


def test_no_interpreter_that_we_start_imports_from_the_current_folder():
    starts = [(path, ast.unparse(node)) for path, node in nodes((ast.Call, ast.List))]
    ours = [(path, words) for path, words in starts if "sys.executable" in words]
    assert len(ours) >= 3
    for path, words in ours:
        assert "'-P', '-m'" in words, path
    imports = {
        path.name for path, node in nodes((ast.Import, ast.ImportFrom)) if "multiprocessing" in ast.unparse(node)
    }
    assert imports == {"workers.py"}, "start its processes in `_safe_path`"


def test_every_xml_parser_is_told_to_expand_nothing_and_to_open_nothing():
    parsers = [
        (path, node)
        for path, node in nodes(ast.Call)
        if ast.unparse(node.func).rpartition(".")[2] in {"XMLParser", "iterparse", "ETCompatXMLParser", "XMLPullParser"}
    ]
    assert parsers
    for path, node in parsers:
        said = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if said.get(None) == "_SAFELY":
            said |= {name: repr(value) for name, value in xml._SAFELY.items()}
        assert (said["resolve_entities"], said["no_network"], said["load_dtd"], said["huge_tree"]) == (
            "False",
            "True",
            "False",
            "False",
        ), path


def test_the_settings_that_ship_leave_every_door_closed():
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    for name in ("TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED", "HTTPCACHE_ENABLED", "COOKIES_ENABLED", "REDIRECT_ENABLED",
                 "METAREFRESH_ENABLED", "COMPRESSION_ENABLED", "WARRAQ_KEEP_CREDENTIALS"):  # fmt: skip
        assert settings.getbool(name) is False, name
    assert settings["JOBDIR"] is None
    assert settings["WARRAQ_OPEN_NETWORKS"] == []
    assert settings["WARRAQ_TLS_FALLBACK"] == "never"
    assert settings.getbool("ROBOTSTXT_OBEY")
    open_schemes = {scheme for scheme, handler in settings.getwithbase("DOWNLOAD_HANDLERS").items() if handler}
    assert open_schemes == {"http", "https"}


def test_every_setting_that_is_read_is_in_the_file_of_the_settings():
    shipped = (ROOT / "crawler" / "settings.py").read_text("utf-8")
    for path, node in nodes(ast.Constant):
        if (
            isinstance(node.value, str)
            and re.fullmatch(r"WARRAQ_[A-Z_]*[A-Z]", node.value)
            and path.parts[0] == "crawler"
        ):
            assert re.search(rf"^{node.value}\b", shipped, re.MULTILINE), (path, node.value)


@pytest.mark.slow
def test_a_jobdir_is_refused(tmp_path):
    settings = ("-s", f"JOBDIR={tmp_path / 'job'}", "-s", f"ARCHIVE_DIR={tmp_path / 'a'}")
    done = scrapy("crawl", "news", "-a", "url=http://a.example/", *settings)
    assert done.returncode == 2
    assert "omit JOBDIR" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def crawl(tmp_path_factory):
    """A crawl with the shipped settings: what listened while it went on, what it asked, its folder."""
    folder = tmp_path_factory.mktemp("shipped")
    seen = []

    async def look(exchange) -> bool:
        seen.append(listening(os.getpid()))
        await exchange.send(http(article(1), "text/html; charset=utf-8", "Set-Cookie: id=1; Path=/"))
        return True

    front = http(
        b"<h1>Paper</h1><a href='/2026/11/24/a-story-of-the-day-and-more'>A story of the day and more</a>",
        "text/html",
        "Set-Cookie: a=b",
    )
    with Server({"/": answer(front), "/2026/11/24/a-story-of-the-day-and-more": look}) as server:
        old = os.umask(0o027)
        try:
            spider_crawl(folder, run=interpreter, seeds=[server.url("/")], sitemaps=[server.url("/none.xml")])
        finally:
            os.umask(old)
        return seen, [each.head for each in server.received], folder


@pytest.mark.slow
def test_no_socket_that_others_could_reach_listens_during_a_crawl(crawl):
    """Of the forkserver of the workers there is one of the local kind, in a folder of our own, for our own user."""
    seen, _, _ = crawl
    assert seen
    for network, local in seen:
        assert network == []
        assert all(path.startswith(tempfile.gettempdir()) for path, _ in local)
        assert [mode & 0o077 for _, mode in local] == [0] * len(local)


@pytest.mark.slow
def test_no_cookie_goes_back_and_no_queue_lies_on_disk(crawl):
    _, heads, folder = crawl
    assert len(heads) >= 4
    assert not [head for head in heads if b"\ncookie:" in head.lower()]
    names = {path.name for path in folder.rglob("*")}
    assert not [name for name in names if "queue" in name or "pickle" in name or name.endswith((".state", ".seen"))]


@pytest.mark.slow
def test_what_a_crawl_writes_is_no_more_open_than_the_umask_says(crawl):
    files = [path for path in (crawl[2] / "archive").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".gz", ".db", ".cdxj", ".txt"}
    assert not [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o027]
    with contextlib.closing(sqlite3.connect(crawl[2] / "archive" / "warraq.db")) as db:
        assert db.execute("SELECT count(*) FROM articles").fetchone() == (1,)


def test_a_file_is_made_anew_where_a_link_waits(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("ours")
    (tmp_path / f".x.csv.{os.getpid()}.new").symlink_to(secret)
    (tmp_path / "x.csv").symlink_to(secret)
    replace_file(tmp_path / "x.csv", [b"rows"])
    assert secret.read_text() == "ours"
    assert (tmp_path / "x.csv").read_bytes() == b"rows"
    assert not (tmp_path / "x.csv").is_symlink()
    with pytest.raises(NotWritableError):
        replace_file(tmp_path / "none" / "x.csv", [b"rows"])


def listening(parent: int) -> tuple[list[str], list[tuple[str, int]]]:
    """Where the descendants of a process listen, TCP and UDP, and local sockets with their folder's mode; from /proc."""
    family = descendants(parent)
    inodes = {name for process in family for name in links(process)}
    found = []
    for table, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        rows = [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
        found += [f"{table} {row[1]}" for row in rows if row[3] == state and f"socket:[{row[9]}]" in inodes]
    local = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    flags = f"{1 << 16:08X}"  # __SO_ACCEPTCON: it listens
    paths = [" ".join(row[7:]) for row in local if row[3] == flags and f"socket:[{row[6]}]" in inodes]
    return found, [(path, stat.S_IMODE(Path(path).parent.stat().st_mode)) for path in paths]


def descendants(parent: int) -> list[Path]:
    parents = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    family, more = set(), {parent}
    while more:
        more = {child for child, of in parents.items() if of in more} - family
        family |= more
    return [Path("/proc", str(number)) for number in family]


def interpreter(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `scrapy` in a new interpreter, which inherits the umask and starts all that listens itself."""
    command = [sys.executable, "-m", "scrapy", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)


def links(process: Path) -> list[str]:
    names = []
    with contextlib.suppress(OSError):
        for link in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                names.append(str(link.readlink()))
    return names


@pytest.mark.slow
def test_the_look_for_listeners_sees_one():
    code = "import socket,time; s=socket.create_server(('127.0.0.1',0)); print(s.getsockname()[1],flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        port = int(process.stdout.readline())
        try:
            assert any(address.endswith(f":{port:04X}") for address in listening(os.getpid())[0])
        finally:
            process.kill()
