"""The reading room below a path of another site, behind a proxy that removes the path from requests or does not."""

import re
from html import unescape
from urllib.parse import quote, urljoin

import pytest

from tests.support.shelf import Client, Shelf

pytest.importorskip("starlette", reason="needs starlette, of the web extra")

LINK = re.compile(r'(?:href|src|action)="([^"#]+)')
SEARCH = f"/search?q={quote('مكتبة')}"
ARTICLE = "/articles/2"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folders = [tmp_path_factory.mktemp("below") / name for name in ("news", "articles")]
    for folder in folders:
        shelf = Shelf(folder)
        for text in ("اجتمع المجلس في المكتبة", "اجتمع المجلس في المكتبة صباحا"):
            shelf.put(
                f"https://{folder.name}.example/1", "مكتبة المدينة", text, date_published="2026-11-01", tags=("كتب",)
            )
        shelf.writer.close()
        shelf.store.close()
    return folders


def linked(client, start, prefix):
    """Return the local addresses that these pages link to, each with its status."""
    links: set[str] = set()
    for page in start:
        address = f"http://localhost{prefix}{page}"
        links |= {urljoin(address, unescape(one)) for one in LINK.findall(client.get(prefix + page).text)}
    local = {one.removeprefix("http://localhost") for one in links if one.startswith("http://localhost/")}
    return {one: client.get(one).status_code for one in local}


@pytest.mark.parametrize(
    ("prefix", "pages"),
    [
        ("/news", ("/", SEARCH, ARTICLE)),
        ("/archives/of/mine", (SEARCH, ARTICLE)),
        ("/news", ("/", SEARCH, "/archives/news/", f"/archives/news{ARTICLE}")),
    ],
)
def test_every_link_stays_below_the_path_and_leads_somewhere(folders, prefix, pages):
    from archive.web import create_app

    above = folders if len(pages) == 4 else folders[:1]
    seen = linked(Client(create_app(*above, prefix=f"{prefix}/")), pages, prefix)
    assert all(one.startswith(f"{prefix}/") for one in seen)
    assert {one: status for one, status in seen.items() if status != 200} == {}
    assert any("/articles/2" in one for one in seen)


def test_a_proxy_may_remove_the_path_and_the_answer_is_the_same(folders):
    from archive.web import create_app

    client = Client(create_app(folders[0], prefix="news"))
    for page in (
        "/",
        "/articles/2",
        "/a/20991231000000/https://news.example/1",
        "/api/openapi.json",
        "/api/search?q=x",
    ):
        removed, whole = client.get(page), client.get(f"/news{page}")
        assert (removed.status_code, removed.text) == (whole.status_code, whole.text) == (200, whole.text), page
    assert client.get("/news/api/openapi.json").json()["servers"] == [{"url": "/news"}]
    assert client.get("/newspaper").status_code == 404


def test_without_the_option_nothing_is_below_a_path(folders):
    from archive.web import create_app

    client = Client(create_app(folders[0]))
    assert client.get("/news/").status_code == 404
    assert 'href="/static/' in client.get("/").text
