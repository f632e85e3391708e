"""CPU per request of our download handler against Scrapy's own: interleaved crawls of a loopback server, prints a table.

    python bench/handler.py [--requests 1500] [--rounds 3] [--tls]

Each crawl is a process of its own; the server is another one, so that only the crawler's CPU time is counted.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

OURS, STOCK = "crawler.download.handler.WireHandler", "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"


def serve(pipe: Any, folder: str) -> None:
    """Serve one gzip-coded page of about 1 kB, for ever."""
    from tests.support.authority import Authority
    from tests.support.server import Server, answer

    body = gzip.compress(os.urandom(400) + b"<p>a page of the usual kind</p>" * 40)
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    page = answer(head.encode() + body)
    tls = Authority(Path(folder)).context("127.0.0.1") if folder else None
    with Server({"/": page}, tls=tls) as server:
        pipe.send(server.url("/"))
        pipe.recv()


def crawl(handler: str, url: str, requests: int) -> None:
    """Fetch `url` so many times in this process and print its CPU seconds and peak memory as JSON."""
    from scrapy import Request, Spider
    from scrapy.crawler import AsyncCrawlerProcess

    from crawler.download.capture import exchange_captured

    seen = {"captures": 0, "responses": 0, "started": 0.0}

    class Fetch(Spider):
        name = "fetch"

        async def start(self) -> Any:
            seen["started"] = time.process_time()
            for number in range(requests):
                yield Request(f"{url}?{number}", callback=self.arrived)

        def arrived(self, response: Any) -> None:
            seen["responses"] += response.status == 200

    def captured(capture: Any) -> None:
        seen["captures"] += bool(capture.response)

    process = AsyncCrawlerProcess(
        {
            "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
            "WARRAQ_OPEN_NETWORKS": ["127.0.0.0/8"],
            "COMPRESSION_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "REMOTE_CONTROL_ENABLED": False,
            "LOG_LEVEL": "ERROR",
            "CONCURRENT_REQUESTS": 8,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
            "DOWNLOAD_VERIFY_CERTIFICATES": True,
        }
    )
    crawler = process.create_crawler(Fetch)
    crawler.signals.connect(captured, exchange_captured)
    process.crawl(crawler)
    process.start()
    cpu = time.process_time() - seen["started"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": cpu, "peak": peak, **seen}))


def measure(handler: str, url: str, requests: int, folder: str) -> dict[str, float]:
    """One crawl in a process of its own."""
    env = {**os.environ, "SSL_CERT_FILE": f"{folder}/authority.pem"} if folder else dict(os.environ)
    command = [sys.executable, __file__, "--crawl", handler, "--url", url, "--requests", str(requests)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    assert found["responses"] == requests, done.stderr[-2000:]
    assert found["captures"] == (requests if handler == OURS else 0)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--crawl", default="")
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    if given.crawl:
        crawl(given.crawl, given.url, given.requests)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = temporary if given.tls else ""
        near, far = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(far, folder))
        server.start()
        url = near.recv()
        runs: dict[str, list[dict[str, float]]] = {STOCK: [], OURS: []}
        for _ in range(given.rounds):
            for handler, found in runs.items():
                found.append(measure(handler, url, given.requests, folder))
        near.send("done")
        server.join()
    print(f"{given.requests} requests, {given.rounds} rounds, {'TLS' if given.tls else 'plain'}")
    medians = {}
    for name, handler in (("stock", STOCK), ("ours", OURS)):
        each = [run["cpu"] / given.requests * 1e6 for run in runs[handler]]
        medians[name] = statistics.median(each)
        peak = max(run["peak"] for run in runs[handler])
        print(
            f"{name:6} {medians[name]:7.0f} us CPU per request ({', '.join(f'{one:.0f}' for one in each)}), {peak:.0f} MB"
        )
    print(f"ratio  {medians['ours'] / medians['stock']:.2f}")


if __name__ == "__main__":
    main()
