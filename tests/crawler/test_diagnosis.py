"""Why a crawl found no article: the most likely cause, and what to try."""

import pytest

from crawler.diagnosis import Visited, all_failed, why_no_article


def row(kind, outcome, reason="", urls=1):
    return Visited(kind=kind, outcome=outcome, reason=reason, urls=urls)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row("seed", "failed", "dns")], "dns"),
        ([row("seed", "disallowed", "robots-disallowed")], "robots-disallowed"),
        ([row("seed", "quarantine", "consent")], "consent"),
        ([row("seed", "listing", "home"), row("feed", "gone", "http-404")], "no-links"),
        (
            [row("seed", "listing"), row("article", "quarantine", "empty", 30), row("article", "gone", "http-404", 2)],
            "empty",
        ),
        ([row("seed", "listing"), row("article", "quarantine", "login", 3)], "login"),
        ([row("seed", "listing"), row("article", "other", "not-html", 3)], "none-read"),
        ([row("seed", "listing"), row("article", "refused", "http-503", 7)], "http-503"),
        ([row("seed", "failed", "http-500"), row("seed", "listing"), row("page", "listing", "section")], "none-read"),
    ],
)
def test_the_likeliest_cause_is_named_and_something_to_try(rows, reason):
    found = why_no_article(rows, out_of_scope=0, left_out={})
    assert found.reason == reason
    assert found.what
    assert found.advice
    assert reason in str(found)


def test_pages_that_all_fail_at_the_server_call_for_patience_and_for_no_change_of_the_entry():
    found = why_no_article(
        [row("seed", "listing"), row("article", "refused", "http-503", 7)], out_of_scope=0, left_out={}
    )
    assert ("later" in found.advice, "entry" in found.advice) == (True, False)


def test_a_site_that_leads_elsewhere_says_so():
    assert why_no_article([row("seed", "listing")], out_of_scope=12, left_out={"action": 3}).reason == "out-of-scope"


def test_a_site_all_of_whose_links_look_like_traps_says_so():
    found = why_no_article([row("seed", "listing")], out_of_scope=0, left_out={"action": 3, "session-id": 7})
    assert found.reason == "left-out"
    assert "(session-id 7, action 3)" in found.what


@pytest.mark.parametrize(
    ("left_out", "reason"), [({"nofollow": 3}, "nofollow"), ({"nofollow": 3, "action": 1}, "left-out")]
)
def test_a_site_whose_links_robots_must_not_follow_says_so(left_out, reason):
    assert why_no_article([row("seed", "listing")], out_of_scope=0, left_out=left_out).reason == reason


@pytest.mark.parametrize(
    ("rows", "failed"),
    [
        ([row("seed", "listing"), row("article", "refused", "http-403", 5)], True),
        ([row("seed", "failed", "http-500", 5), row("article", "refused", "http-403", 4)], False),
        ([row("article", "refused", "http-403", 5), row("article", "unchanged")], False),
        ([row("article", "failed", "timeout", 3), row("page", "quarantine", "challenge", 2)], True),
        ([row("article", "gone", "http-404", 5)], False),
        ([row("article", "gone", "http-404"), row("article", "refused", "http-403", 5)], True),
        ([row("page", "quarantine", "index", 5)], False),
    ],
)
def test_all_pages_failed_only_if_none_was_read_and_they_are_not_just_a_few(rows, failed):
    assert all_failed(rows) is failed
