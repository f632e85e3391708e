"""docs/crawling.md describes the response to each behaviour of a site; each of its rows has a test."""

from __future__ import annotations

import re

import pytest

from tests.support import ROOT

HELD_BY = {
    "is down for hours": "test_kinds.py::test_a_site_that_was_away_for_a_month_is_back_with_its_news",
    "is down on its first crawl": "test_unreliable_sites.py::test_a_site_that_gives_nothing_leaves_no_folder",
    "asks for a pause": "test_kinds.py::test_a_host_that_rests_costs_no_url_a_failure",
    "takes an article down": "test_kinds.py::test_an_article_that_is_restored_and_listed_again_loses_its_mark",
    "restores it": "test_kinds.py::test_an_article_that_is_restored_and_listed_again_loses_its_mark",
    "announces an article before publishing": "test_kinds.py::test_an_article_that_was_announced_too_early_is_asked_for_within_minutes",
    "redirects its start page": "test_kinds.py::test_a_front_page_that_leads_to_the_edition_of_the_day_is_followed_each_day",
    "shows a maintenance page": "test_kinds.py::test_a_page_that_stands_in_for_an_hour_is_no_article_and_keeps_nobody_waiting",
    "shows an error, a maintenance notice": "test_kinds.py::test_a_notice_with_status_200_in_the_place_of_every_page_is_no_version_of_them",
    "redirects articles to such a page": "test_kinds.py::test_a_maintenance_page_to_which_articles_lead_too_is_no_article",
    "moves to another host": "test_kinds.py::test_a_seed_that_redirects_to_another_host_takes_it_along",
    "moves to another host and": "test_kinds.py::test_a_paper_that_moves_behind_a_paywall_keeps_the_whole_texts",
    "serves an article under http": "test_kinds.py::test_a_paper_that_moves_keeps_one_history_of_each_article",
    "has sections on subdomains": "frontier/test_scope.py::test_subdomains_whose_articles_the_start_page_links_to_are_the_sites",
    "keeps feeds or sitemaps": "test_kinds.py::test_a_feed_or_sitemap_that_redirects_elsewhere_keeps_its_kind",
    "serves its feed through": "test_kinds.py::test_a_feed_through_a_redirect_service_is_followed_to_the_site",
    "gives feed entries a link": "../archive/discovery/test_feeds.py::test_a_link_that_names_no_page_of_the_site_gives_way_to_the_guid",
    "names its feeds only in a": "test_kinds.py::test_a_feed_that_only_the_body_or_a_link_field_names_is_read",
    "writes a session id under": "test_kinds.py::test_an_unknown_session_in_every_link_ends_and_each_article_is_one",
    "names one article's URL as the canonical": "../archive/ingest/test_writer.py::test_pages_with_one_wrong_canonical_url_stay_apart",
    "serves copies of an article": "../archive/ingest/test_writer.py::test_a_copy_that_names_it_as_canonical_is_not_the_latest_version",
    "names the first page": "../archive/ingest/test_writer.py::test_a_second_page_that_names_the_first_one_does_not_replace_it",
    "has entries without a URL": "test_kinds.py::test_a_damaged_feed_is_told_and_entries_without_a_url_are_counted",
    "puts a session id into the path": "test_kinds.py::test_an_article_with_an_expired_session_id_is_asked_without_it",
    "publishes more between two crawls": "test_kinds.py::test_a_feed_through_which_news_may_have_passed_unseen_is_told",
    "is crawled through a proxy": "download/test_handler.py::test_a_proxy_that_is_away_is_named_and_not_the_site",
    "does not show its pages in the country": "test_kinds.py::test_a_notice_for_other_countries_is_a_wall_and_no_end_of_an_article",
    "changes numbers in": "test_kinds.py::test_numbers_that_change_at_every_visit_do_not_call_for_visits_by_the_hour",
    "calls a page unchanged (304)": "test_kinds.py::test_a_server_that_calls_everything_unchanged_is_asked_whole",
    "answers conditional requests": "test_kinds.py::test_a_server_that_refuses_conditions_is_asked_without_one_after_that",
    "links only to pages out": "test_kinds.py::test_links_to_other_hosts_alone_are_counted_and_end_with_a_code",
    "gets another entry": "test_kinds.py::test_hosts_of_the_entry_narrow_it_and_a_changed_entry_is_obeyed_though_the_page_is_not",
    "forwards by meta refresh": "test_kinds.py::test_a_front_page_that_leads_on_is_followed",
    "redirects in a loop": "test_kinds.py::test_a_ring_of_redirects_without_cookies_is_passed_with_them",
    "puts an article behind a paywall": "sites/test_expiry.py::test_the_text_stays_whole_and_comes_back_with_the_session",
    "no longer accepts a subscriber's": "sites/test_expiry.py::test_pages_that_were_whole_are_walled_and_it_is_told",
    "asks for a login": "test_kinds.py::test_a_consent_page_on_the_same_host_is_no_front_page_for_long",
    "answers only one spelling": "test_kinds.py::test_a_server_that_insists_on_its_spelling_is_asked_in_it",
    "redirects to a URL with non-ASCII bytes": "test_kinds.py::test_a_location_of_raw_bytes_is_followed_as_they_came",
    "frames its responses wrongly": "download/test_framing.py::test_a_body_that_is_all_there_is_known_as_such",
    "breaks off the compressed": "test_kinds.py::test_a_page_whose_coding_breaks_off_is_no_article_and_asked_for_again",
    "omits an intermediate": "download/test_intermediates.py::test_it_is_fetched_when_asked_for_and_the_certificate_verified_with_it",
    "speaks only HTTP/2": "download/test_http2.py::test_frames_in_answer_to_a_request_or_before_it_are_named",
    "has a robots.txt of a wrong length": "politeness/test_robots.py::test_each_answer_to_robots_txt_means_what_the_rfc_says",
    "redirects its robots.txt in a loop": "test_kinds.py::test_a_ring_in_which_every_address_lies_is_passed_robots_txt_too",
    "has a sitemap of 50 MB": "test_kinds.py::test_a_sitemap_of_more_than_ten_megabytes_is_read",
    'says "now"': "test_kinds.py::test_a_list_whose_times_are_always_now_calls_nothing_back",
    "changes the headlines": "../archive/index/test_front_pages.py::test_what_led_is_told_from_its_first_capture_to_its_last_in_a_row",
    "has an archive of 100,000": "test_kinds.py::test_news_of_feed_and_front_page_comes_before_a_backlog_listed_oldest_first",
    "has URLs that look like traps": "test_kinds.py::test_articles_of_the_entry_outrank_traps_and_likeness",
    "refuses, or fails at, every page": "test_unreliable_sites.py::test_a_site_that_refuses_all_its_articles_says_so",
    "gives no article at all": "test_diagnosis.py::test_the_likeliest_cause_is_named_and_something_to_try",
}
"""The beginning of each row, and the test that holds it."""


def rows():
    text = (ROOT / "docs" / "crawling.md").read_text("utf-8").partition("## Site behaviour")[2]
    return [line.split("|")[1].strip() for line in text.splitlines() if re.match(r"\| (?!the site )[^-]", line)]


def test_each_row_has_a_test_and_each_test_a_row():
    told = rows()
    assert [row for row in told if not any(row.startswith(start) for start in HELD_BY)] == []
    assert [start for start in HELD_BY if not any(row.startswith(start) for row in told)] == []


@pytest.mark.parametrize("held_by", sorted(set(HELD_BY.values())))
def test_the_tests_are_there(held_by):
    path, _, name = held_by.partition("::")
    assert f"def {name}(" in (ROOT / "tests" / "crawler" / path).read_text("utf-8")
