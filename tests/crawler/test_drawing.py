"""When a crawl takes the next URLs, and when it ends."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from crawler.sites import Site
from crawler.spiders.news import NewsSpider


class Source:
    """A list that announces two pages, which wait while it is under way, as in `Frontier.next_urls`."""

    def __init__(self):
        self.waiting = [[SimpleNamespace(id=1, kind="sitemap")], [SimpleNamespace(id=n, kind="page") for n in (2, 3)]]

    def next_urls(self, limit, *, busy):
        return self.waiting.pop(0) if self.waiting and "sitemap" not in busy.values() else []

    def refused(self, due):
        return None


def spider():
    made = NewsSpider()
    made.prepare(
        site=Site.from_url("https://news.example/"), window=8, limits=None, page=None, requisites=None,
        largest_requisite=0, max_pages=9, recheck=False,
    )  # fmt: skip
    made._archive = SimpleNamespace(report=SimpleNamespace(problem=""), stopping=False)
    return made


def drawn(done_after):
    """The ids drawn when each visit is over after so many turns of the loop."""

    async def run():
        crawl, ids, visits = spider(), [], set()

        async def visit(one):
            for _ in range(done_after):
                await asyncio.sleep(0)
            crawl._free(one)

        async for one in crawl._drawn_of(Source(), lambda: 9, lambda due: due.id):
            ids.append(one)
            visits.add(asyncio.create_task(visit(one)))
        await asyncio.gather(*visits)
        return ids

    return asyncio.run(asyncio.wait_for(run(), 30))


def test_a_list_that_is_read_in_the_moment_after_a_draw_does_not_end_the_crawl():
    assert [drawn(turns) for turns in range(6)] == [[1, 2, 3]] * 6
