"""Crawl one route of each kind of the hostile site: nothing stalls it, every URL has an outcome, the good pages are archived."""

import pytest

from tests.hostile.run import crawl

pytestmark = [pytest.mark.slow, pytest.mark.simulation]


@pytest.fixture(scope="module")
def result():
    return crawl(quick=True)


def test_no_bar_fails_on_the_hostile_site(result):
    assert result.faults == []


@pytest.mark.parametrize(
    ("route", "outcome"),
    [
        ("/hang", "failed first-byte-timeout"),
        ("/endless-body", "failed too-large"),
        ("/endless-headers", "failed headers-too-large"),
        ("/endless-interims", "failed headers-too-large"),
        ("/http09", "failed not-http"),
        ("/bomb/gzip", "quarantine too-large"),
        ("/bomb/brotli", "quarantine too-large"),
        ("/flood/tiny-chunks", "failed bad-framing"),
        ("/patho/attributes", "quarantine too-complex"),
        ("/patho/links", "quarantine timeout or quarantine too-large"),  # whichever bound this machine meets first
        ("/trap/redirect-to-metadata", "failed refused-address"),
    ],
)
def test_each_attack_ends_in_an_outcome_with_its_name(result, route, outcome):
    assert {path: said for path, said, _, _ in result.rows}[route] in outcome.split(" or ")
