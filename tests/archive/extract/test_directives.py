from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archive.article import Page
from archive.extract.document import read_document
from archive.extract.metadata.head import read_directives


def directives(head: str = "", *headers: tuple[str, str]) -> frozenset[str]:
    body = f"<html><head>{head}</head><body><p>x</p></body></html>".encode()
    return read_directives(
        read_document(
            Page(body=body, url="https://n.example/a", fetched_at=datetime(2026, 1, 1, tzinfo=UTC), headers=headers)
        )
    )


@pytest.mark.parametrize(
    ("head", "headers", "expected"),
    [
        ('<meta name="robots" content="NoArchive, nofollow">', (), {"noarchive", "nofollow"}),
        ('<META NAME="ROBOTS" CONTENT="NOAI NOIMAGEAI">', (), {"noai", "noimageai"}),
        ('<meta name="googlebot" content="noindex">', (), {"noindex"}),
        ('<meta name="robots" content="none">', (), {"none", "noindex", "nofollow"}),
        (
            "",
            (("X-Robots-Tag", "noarchive"), ("x-robots-tag", "noindex, nofollow")),
            {"noarchive", "noindex", "nofollow"},
        ),
        ("", (("X-Robots-Tag", "googlebot: noarchive"),), {"noarchive"}),
        ("", (("X-Robots-Tag", "unknownbot: noarchive"),), set()),
        ("", (("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST"),), {"unavailable_after"}),
        ("", (("TDM-Reservation", "1"),), {"tdm-reservation"}),
        ('<meta name="tdm-reservation" content="1">', (), {"tdm-reservation"}),
        ('<meta name="tdm-reservation" content="0">', (("tdm-reservation", "0"),), set()),
        ('<meta name="robots" content="max-image-preview:large, follow">', (), {"max-image-preview", "follow"}),
        ('<meta name="description" content="noarchive">', (), set()),
    ],
)
def test_directives_come_from_meta_and_headers(
    head: str, headers: tuple[tuple[str, str], ...], expected: set[str]
) -> None:
    assert directives(head, *headers) == expected
