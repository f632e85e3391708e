"""Two years of three unreliable sites, one crawl a day through the frontier and the schedule, compared with the sites' history.

No byte is fetched: each site answers a visit with an outcome and with what it announces that day. What is simulated is which URLs a crawl
asks for, and when, over outages, a restored article, a quota, a backlog and lists that lie about their times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from archive.files.clock import iso
from archive.index import ANNOUNCERS, Candidate, ScheduledUrl, frontier, open_store
from archive.outcome import OutcomeKind
from archive.parse import Outlink
from crawler.frontier.revisit import DISBELIEVED, are_plausible, status_of

pytestmark = [pytest.mark.slow, pytest.mark.simulation]

FIRST = datetime(2025, 1, 1, 6, tzinfo=UTC)
DAYS = 730
NEWS_A_DAY = 1
KINDS = {"/": "seed", "/feed": "feed", "/sitemap.xml": "sitemap"}
LISTED = {"seed": OutcomeKind.LISTING, "feed": OutcomeKind.FEED, "sitemap": OutcomeKind.SITEMAP}


@dataclass(kw_only=True)
class Paper:
    """A site: the days on which it fails and how, what it takes down, the quota of a run, old articles, and whether its times are false."""

    name: str
    outages: dict[int, tuple[OutcomeKind, str]] = field(default_factory=dict)
    down: dict[str, range] = field(default_factory=dict)
    quota: int = 100
    backlog: int = 0
    lies: bool = False
    asked: dict[str, list[int]] = field(default_factory=dict)

    def stories(self, day: int) -> list[str]:
        """Return the paths of the stories of a day."""
        return [f"/{day}/{n}-story" for n in range(NEWS_A_DAY)]

    def answer(self, path: str, day: int) -> tuple[OutcomeKind, str, list[Outlink]]:
        """Return the outcome of a visit, and the URLs that it discovers."""
        self.asked.setdefault(path, []).append(day)
        if day in self.outages:
            return *self.outages[day], []
        if path not in KINDS:
            gone = day in self.down.get(path, ())
            return (OutcomeKind.GONE, "http-404", []) if gone else (OutcomeKind.ARTICLE, "", [])
        kind = KINDS[path]
        return LISTED[kind], "", self._listed(kind, day)

    def _listed(self, kind: str, day: int) -> list[Outlink]:
        now = FIRST + timedelta(days=day)
        recent = [
            (path, FIRST + timedelta(days=d)) for d in range(max(0, day - 3), day + 1) for path in self.stories(d)
        ]
        old = [(f"/old/{n}-story", datetime(2009, 1, 1, tzinfo=UTC)) for n in range(self.backlog)]
        paths = old + recent if kind == "sitemap" else recent
        by = "page" if kind == "seed" else kind
        hints = ("" if kind == "seed" else iso(now if self.lies else moment) for _, moment in paths)
        return [
            Outlink(url=f"https://{self.name}{path}", kind="article", by=by, published_hint=hint)
            for (path, _), hint in zip(paths, hints, strict=True)
        ]


def drawn(store, site: str, moment: datetime) -> list[ScheduledUrl]:
    """Return the next batch, as the crawl's frontier draws it: no backlog while there are pages that may list news."""
    news = frontier.next_urls(store.db, site=site, now=iso(moment), limit=16, news_only=True)
    if any(due.kind in ANNOUNCERS for due in news):
        return news
    return frontier.next_urls(store.db, site=site, now=iso(moment), limit=16)


def crawl(paper: Paper, store, day: int) -> None:
    """Run once: draw, visit and schedule until nothing is due or the quota is spent."""
    site, moment, spent = paper.name, FIRST + timedelta(days=day), 0
    with store.atomic():
        seeds = [
            Candidate(url=f"https://{site}{path}", site=site, host=site, kind=kind, by="seed")
            for path, kind in KINDS.items()
        ]
        frontier.schedule(store.db, seeds, now=iso(moment))
        while spent < paper.quota and (batch := drawn(store, site, moment)):
            for due in batch[: paper.quota - spent]:
                spent += 1
                outcome, reason, found = paper.answer(due.url.removeprefix(f"https://{site}"), day)
                believed = due.false_hints < DISBELIEVED and are_plausible(found, moment)
                held = due.article_url or (due.url if outcome is OutcomeKind.ARTICLE else "")
                visit = status_of(
                    due,
                    now=moment,
                    outcome=outcome,
                    reason=reason,
                    changed=not due.visits or due.kind in LISTED,
                    article_url=held,
                )
                frontier.finished(store.db, visit)
                candidates = [
                    Candidate(
                        url=each.url, site=site, host=site, kind=each.kind, by=each.by, via=due.url, published_hint=each.published_hint,
                        listed=due.kind in {"seed", "feed"}, believed=believed,
                    )
                    for each in found
                ]  # fmt: skip
                frontier.schedule(store.db, candidates, now=iso(moment))


def away(days: range, kind: OutcomeKind, reason: str) -> dict[int, tuple[OutcomeKind, str]]:
    return dict.fromkeys(days, (kind, reason))


OUTAGE = range(100, 131)
MAINTENANCE = range(300, 303)
NO_HOST = range(400, 500)
RESTORED = "/50/0-story"


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    unreliable = Paper(
        name="unreliable.example",
        outages=away(OUTAGE, OutcomeKind.REFUSED, "http-503")
        | away(MAINTENANCE, OutcomeKind.GONE, "http-404")
        | away(NO_HOST, OutcomeKind.FAILED, "dns"),
        down={RESTORED: range(52, 70)},
    )
    found = [
        unreliable,
        Paper(name="large.example", backlog=300, quota=10),
        Paper(name="lying.example", lies=True),
    ]
    with open_store(tmp_path_factory.mktemp("two-years") / "warraq.db") as store:
        for day in range(DAYS):
            for paper in found:
                crawl(paper, store, day)
        yield *found, store


def test_every_story_that_was_up_when_it_was_listed_was_read_on_its_day(papers):
    for paper in papers[:3]:
        late = {
            path: paper.asked.get(path, [DAYS])[0] - day
            for day in range(DAYS)
            if day not in paper.outages
            for path in paper.stories(day)
            if paper.asked.get(path, [DAYS])[0] != day
        }
        after = {OUTAGE.stop, MAINTENANCE.stop, NO_HOST.stop} if paper.outages else set()
        assert {path for path in late if int(path.split("/")[1]) not in after} == set(), paper.name
        assert all(delay <= 1 for delay in late.values()), late


def test_what_announces_news_is_asked_for_in_every_outage_and_at_its_end(papers):
    paper = papers[0]
    for outage in (OUTAGE, MAINTENANCE, NO_HOST):
        for path in KINDS:
            days = [day for day in paper.asked[path] if day in outage]
            assert len(days) >= len(outage) // 2, (path, outage)
            assert any(outage.stop <= day <= outage.stop + 1 for day in paper.asked[path]), (path, outage)


def test_an_article_that_was_taken_down_and_is_listed_no_more_is_let_go_and_no_other_is(papers):
    paper, store = papers[0], papers[3]
    gone = store.db.execute("SELECT url FROM urls WHERE site = ? AND due_at IS NULL", [paper.name]).fetchall()
    assert gone == [(f"https://{paper.name}{RESTORED}",)]
    assert [day for day in paper.asked[RESTORED] if day >= 52][:3] == [52, 53, 55]


def test_no_article_is_given_up_for_what_was_its_hosts_failure(papers):
    paper = papers[0]
    for outage in (OUTAGE, NO_HOST):
        for day in range(outage.start - 20, outage.start):
            for path in paper.stories(day):
                again = [each for each in paper.asked[path] if each >= outage.stop]
                assert again, path
                assert again[0] <= outage.stop + 60, path


def test_a_backlog_is_fetched_while_todays_news_and_its_corrections_are(papers):
    paper = papers[1]
    assert sum(path.startswith("/old") for path in paper.asked) == 300
    assert max(days[0] for path, days in paper.asked.items() if path.startswith("/old")) < 400
    for day in range(50, 60):
        for path in paper.stories(day):
            assert len([each for each in paper.asked[path] if each <= day + 60]) >= 2, path


def test_lists_that_say_now_each_day_call_no_article_back(papers):
    honest, lying = papers[0], papers[2]
    visits = [len(lying.asked[path]) for day in range(100, 110) for path in lying.stories(day)]
    assert (
        max(visits) <= 20
    )  # by its age: daily in its first week, weekly in its first month, six times in its first year …
    assert lying.asked["/feed"]
    assert honest.asked["/feed"]
