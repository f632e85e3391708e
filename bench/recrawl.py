"""What it costs to look again: requests, bytes and CPU of a first crawl, of a recrawl of everything unchanged, and of ordinary later runs.

    python bench/recrawl.py

Crawls the demo site on loopback by the clock of the simulation. "Recheck" asks again for all that is known, the dearest case; the others
ask only for what is due by then. The run right after the first one, which finds next to nothing due, shows what starting up costs.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from demo.server import DemoServer  # noqa: E402

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def crawl(site, folder, now, *more):
    """The summary of one run, with the CPU seconds of the crawl and its workers, and what the server answered."""
    site.requests.clear()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        *(sys.executable, "-m", "scrapy", "crawl", "news", "-a", f"url={site.url}", "-s", f"ARCHIVE_DIR={folder}", *more),
        *("-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0", "-s", "WARRAQ_SUMMARY_JSON=1", "-s", "LOG_LEVEL=ERROR"),
        *("-s", "WARRAQ_CLOCK=tests.simulation.clock.now", "-s", "WARRAQ_MAX_DELAY=0.01", "-s", "WARRAQ_MAX_RETRY_AFTER=0.01"),
    ]  # fmt: skip
    environment = {**os.environ, "SIMULATED_NOW": now.isoformat()}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = json.loads(done.stdout.splitlines()[-1])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return summary, cpu, Counter(request.status for request in site.requests)


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder, DemoServer() as site:
        for name, after, more, edition in (
            ("first crawl", timedelta(0), (), 1),
            ("a minute later (nothing due: start-up alone)", timedelta(minutes=1), (), 1),
            ("recheck of everything, unchanged", timedelta(minutes=30), ("-a", "recheck=all"), 1),
            ("an hour later, what is due", timedelta(hours=1, minutes=30), (), 1),
            ("the day after, what is due, some changed", timedelta(days=1), (), 2),
        ):
            site.edition = edition
            rows.append((name, *crawl(site, folder, START + after, *more)))
    start_up = rows[1][2]
    print(
        f"{'run':<46}{'requests':>9}{'200':>6}{'304':>6}{'kB':>8}{'% of first':>11}{'read':>6}{'CPU s':>7}{'less start-up':>14}"
    )
    for name, summary, cpu, statuses in rows:
        read = sum(
            n
            for outcome, n in summary["outcomes"].items()
            if outcome not in {"unchanged", "robots", "failed", "refused", "gone"}
        )
        share = summary["bytes_received"] / rows[0][1]["bytes_received"]
        print(
            f"{name:<46}{sum(statuses.values()):>9}{statuses[200]:>6}{statuses[304]:>6}{summary['bytes_received'] / 1000:>8.0f}"
            f"{share:>11.0%}{read:>6}{cpu:>7.1f}{cpu - start_up:>14.1f}"
        )
    print(
        "\nread: responses that went to the extraction workers; the others were settled by their 304 or their payload digest."
    )


if __name__ == "__main__":
    main()
