"""Separate the site's name from a story's title."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive.article import Page
from archive.extract.document import read_document
from archive.extract.metadata.head import read_head
from archive.extract.metadata.site import makes_address, named_in_title, site_names, strip_site

NAMES = frozenset({"harbour mail", "the mail", "港新聞"})


def names_of(html: str) -> frozenset[str]:
    page = Page(body=html.encode(), url="https://www.harbour.example/a", fetched_at=datetime(2026, 11, 24, tzinfo=UTC))
    document = read_document(page)
    return site_names(document, read_head(document), "")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("The ferry was built at last - Harbour Mail", "The ferry was built at last"),
        ("Harbour Mail | The ferry was built at last", "The ferry was built at last"),
        ("The Mail - The ferry was built at last | HarbourMail", "The ferry was built at last"),
        ("The ferry was built at last - HarbourMail", "The ferry was built at last"),
        ("The ferry was built at last - Ferries - Harbour Mail", "The ferry was built at last - Ferries"),
        ("The ferry was built at last - Ferries", "The ferry was built at last - Ferries"),
        ("The ferry was built at last", "The ferry was built at last"),
        # a short part after a bar is a section or a site, whatever its name; a long one is the story's
        ("The ferry was built at last | Ferries", "The ferry was built at last"),
        ("Ferry built | Where it goes and when", "Ferry built | Where it goes and when"),
        (
            "The ferry was built at last | Where it goes and when",
            "The ferry was built at last | Where it goes and when",
        ),
        ("Ferry | In the town", "Ferry | In the town"),
        # only scripts without spaces join a name by a hyphen alone
        ("新しい船が完成-港新聞", "新しい船が完成"),
        ("The ferry-the mail", "The ferry-the mail"),
    ],
)
def test_a_title_loses_the_names_of_the_site_and_nothing_else(title: str, expected: str) -> None:
    assert strip_site(title, NAMES) == expected


def test_the_beginning_of_a_title_stays_where_only_its_end_is_asked_for() -> None:
    assert strip_site("The Mail - The ferry - Harbour Mail", NAMES, tail=True) == "The Mail - The ferry"


@pytest.mark.parametrize(
    ("guess", "expected"), [(True, "The ferry was built"), (False, "The ferry was built - Old Town")]
)
def test_an_unknown_end_is_cut_by_guess_only(guess: bool, expected: str) -> None:
    assert strip_site("The ferry was built - Old Town", NAMES, guess=guess) == expected


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ("<title>Silver Notes | Silver Notes</title>", "silver notes"),
        ("<a href='/'>Silver Notes</a>", "silver notes"),
        ("<a href='https://www.harbour.example'>Silver Notes</a>", "silver notes"),
        ("<p>", "harbour"),
        ('<script type="application/ld+json">{"@type": "WebSite", "name": "Silver Notes"}</script>', "silver notes"),
    ],
)
def test_a_site_is_named_by_its_records_its_host_and_its_links_home(html: str, name: str) -> None:
    assert name in names_of(html)


@pytest.mark.parametrize(
    "html",
    [
        "<title>Silver Notes | Golden Notes</title>",
        "<title>Silver Notes</title>",
        "<a href='/silver'>Silver Notes</a>",
        "<a href='https://silver.example/'>Silver Notes</a>",
        "<title>One two three four five six silver notes | One two three four five six silver notes</title>",
        '<script type="application/ld+json">{"@type": "Person", "name": "Silver Notes"}</script>',
        '<script type="application/ld+json">{"@type": ["Person", "Organization"], "name": "Silver Notes"}</script>',
    ],
)
def test_other_names_of_a_page_are_not_the_sites(html: str) -> None:
    assert names_of(html) == {"harbour", "harbour example"}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The ferry - Harbour Mail", "Harbour Mail"),
        ("Harbour Mail | The ferry", "Harbour Mail"),
        ("The bridge - Harbour Mail", ""),
        ("The ferry - Harbour | Mail", ""),
        (f"The ferry - {'It was built at last ' * 3}", ""),
        ("The ferry", ""),
    ],
)
def test_what_stands_beside_the_storys_title_names_the_site(title: str, name: str) -> None:
    page = Page(body=f"<title>{title}</title>".encode(), url="https://harbour.example/a", fetched_at=datetime.now(UTC))
    assert named_in_title(read_document(page), "The ferry") == name


@pytest.mark.parametrize(
    ("title", "makes"),
    [
        ("Warum die Fähre mehr kostet", True),
        ("Warum die Brücke mehr kostet", False),
        ("die Fähre mehr kostet", False),  # four words are in many addresses
    ],
)
def test_an_address_is_made_from_the_words_of_a_title_in_order(title: str, makes: bool) -> None:
    for word in ("faehre", "fahre"):
        assert makes_address(title, f"https://hafen.example/2026/warum-die-{word}-mehr-kostet.html") is makes
