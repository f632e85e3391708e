"""The warcinfo record of a crawl."""

from __future__ import annotations

import json

from scrapy.settings import Settings

from crawler import settings as ours
from crawler.extensions import warcinfo


def told(**changes: object) -> dict[str, str]:
    settings = Settings()
    settings.setmodule(ours, priority="project")
    settings.setdict(changes, priority="cmdline")
    return warcinfo(settings, site="example.org")


def test_software_operator_robots_policy_and_settings_are_told() -> None:
    info = told(WARRAQ_OPERATOR="A. Library, a@library.example", DOWNLOAD_DELAY=2.5)
    assert info["software"].startswith("warraq (Scrapy 2.")
    assert info["operator"] == "A. Library, a@library.example"
    assert info["http-header-user-agent"] == ours.USER_AGENT
    assert info["robots"] == "obey"
    assert info["isPartOf"] == "example.org"
    settings = json.loads(info["settings"])
    assert settings["DOWNLOAD_DELAY"] == 2.5
    assert settings["ROBOTSTXT_OBEY"] is True
    assert settings["DEFAULT_REQUEST_HEADERS"]["Accept-Language"] == "ar,en;q=0.7,*;q=0.5"
    assert "\n" not in info["settings"]


def test_a_crawl_that_ignores_robots_says_so() -> None:
    assert told(ROBOTSTXT_OBEY=False)["robots"] == "ignore"


def test_no_secret_is_told() -> None:
    headers = {"Authorization": "Basic c2VjcmV0", "COOKIE": "secret=1", "Accept": "*/*", "X-Auth-Token": "secret"}
    info = told(DEFAULT_REQUEST_HEADERS=headers, HTTPPROXY_AUTH="secret", AWS_SECRET_ACCESS_KEY="secret")
    assert json.loads(info["settings"])["DEFAULT_REQUEST_HEADERS"] == {"Accept": "*/*"}
    assert "secret" not in json.dumps(info)
