"""Send requests through the downloader in a process of their own, because a reactor cannot be started twice.

    crawled = fetch([{"url": server.url("/a")}], settings={"DOWNLOAD_DELAY": 1})
    crawled.captures[0].response, crawled.visits[0].outcome, crawled.stats["downloader/request_count"]

Each request is a dict of scrapy.Request's arguments. `spider` may name another spider ("module:Class") to run instead.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler import settings as shipped
from tests.support import PATIENCE, program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from archive.capture import Capture

SETTINGS: dict[str, Any] = {
    **{name: value for name, value in vars(shipped).items() if name.isupper()},
    "EXTENSIONS": dict.fromkeys(shipped.EXTENSIONS),
    "ITEM_PIPELINES": {},
    "DOWNLOADER_MIDDLEWARES": dict.fromkeys(shipped.DOWNLOADER_MIDDLEWARES),
    "ROBOTSTXT_OBEY": False,
    "RETRY_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "WARRAQ_OPEN_NETWORKS": ["127.0.0.0/8", "::1/128"],
    "DOWNLOAD_TIMEOUT": 30,
    "MEMUSAGE_ENABLED": False,
    "LOG_LEVEL": "WARNING",
}
"""The default settings without archive, robots.txt, pace and lease."""


@dataclass(kw_only=True)
class Visit:
    """The result of one request of the crawl; `outcome` is '' if there was a response."""

    url: str
    outcome: str = ""
    error: str = ""
    status: int = 0
    body: bytes = b""
    headers: dict[bytes, list[bytes]] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    kind: str = ""
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Crawled:
    """The result of a crawl: captures in order of arrival, visits in order of request, Scrapy's stats, the log, seconds."""

    captures: list[Capture]
    visits: list[Visit]
    stats: dict[str, Any]
    signals: list[tuple[str, dict[str, Any]]]
    log: str = ""
    seconds: float = 0.0

    def capture(self, url: str) -> Capture:
        """Return the only capture of `url`."""
        (found,) = [each for each in self.captures if each.url == url]
        return found


def fetch(
    requests: Iterable[Mapping[str, Any]] = (),
    *,
    settings: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    python_path: Path | None = None,
    spider: str = "tests.support.fetch:probe",
    timeout: float = PATIENCE,
) -> Crawled:
    """Run a crawl and wait for its end; fail with its log if it does not succeed within `timeout` seconds.

    With a folder for `python_path` it runs in a new interpreter, with the `sitecustomize` of that folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        job, result = Path(folder) / "job", Path(folder) / "result"
        job.write_bytes(
            pickle.dumps({"requests": list(requests), "settings": {**SETTINGS, **(settings or {})}, "spider": spider})
        )
        started = time.monotonic()
        env = os.environ | (env or {})
        if python_path is None:
            done = program.run("tests.support.fetch", job, result, env=env, seconds=timeout)
        else:
            command = [sys.executable, "-c", "import tests.support.fetch, sys; tests.support.fetch.main(*sys.argv[1:])"]
            env["PYTHONPATH"] = f"{python_path}{os.pathsep}{program.ROOT}"
            done = subprocess.run([*command, job, result], env=env, capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, done.stderr[-4000:]
        assert result.exists(), done.stderr[-4000:]
        crawled: Crawled = pickle.loads(result.read_bytes())
        crawled.log, crawled.seconds = done.stderr, time.monotonic() - started
        return crawled


def probe() -> Any:
    """Return a spider class that makes the job's requests and records their results."""
    from scrapy import Request, Spider

    from crawler.download.errors import outcome_of

    class Probe(Spider):
        name = "probe"
        requests: list[dict[str, Any]]
        result: Crawled

        async def start(self) -> AsyncIterator[Request]:
            for number, arguments in enumerate(self.requests):
                self.result.visits.append(Visit(url=arguments["url"]))
                yield Request(**arguments, callback=self.arrived, errback=self.failed, cb_kwargs={"number": number})

        def arrived(self, response: Any, number: int) -> None:
            visit = self.result.visits[number]
            visit.status, visit.body, visit.flags = response.status, response.body, response.flags
            visit.headers, visit.kind = dict(response.headers), type(response).__name__
            visit.meta = {key: response.meta.get(key) for key in ("download_latency", "download_slot")}

        def failed(self, failure: Any) -> None:
            visit = self.result.visits[failure.request.cb_kwargs["number"]]
            visit.outcome, visit.error = outcome_of(failure.value), str(failure.value)

    return Probe


def main(job: str, result: str) -> None:
    """Run the job in this process, with warnings as errors."""
    from scrapy.crawler import AsyncCrawlerProcess

    from crawler.download.exchange import exchange_captured
    from crawler.politeness.robots import robots_read

    warnings.simplefilter("error")
    given = pickle.loads(Path(job).read_bytes())
    module, _, name = given["spider"].partition(":")
    target = getattr(import_module(module), name)
    spider = target() if not isinstance(target, type) else target
    crawled = Crawled(captures=[], visits=[], stats={}, signals=[])
    process = AsyncCrawlerProcess(given["settings"])
    crawler = process.create_crawler(spider)

    def keep_capture(capture: Capture) -> None:
        crawled.captures.append(capture)

    def keep_robots(origin: str, sitemaps: tuple[str, ...], crawl_delay: float | None) -> None:
        crawled.signals.append(("robots_read", {"origin": origin, "sitemaps": sitemaps, "crawl_delay": crawl_delay}))

    crawler.signals.connect(keep_capture, exchange_captured)
    crawler.signals.connect(keep_robots, robots_read)
    process.crawl(crawler, requests=given["requests"], result=crawled)
    process.start()
    crawled.stats = crawler.stats.get_stats() if crawler.stats is not None else {}
    Path(result).write_bytes(pickle.dumps(crawled))
