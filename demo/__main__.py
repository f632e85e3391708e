"""Serve the demo site on loopback, crawl it like any other site, list its articles and search them: `make demo`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from demo.server import DemoServer

SEARCHES = ("الذكاء الاصطناعي", "مكتبة OR مهرجان")


def main() -> int:
    """Run the demo; return the exit code of the crawl."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=8321, help="port on 127.0.0.1; with another port, it is another site to the archive"
    )
    parser.add_argument("--folder", type=Path, default=Path("collections/demo"))
    options = parser.parse_args()
    again = (options.folder / "warraq.db").exists()
    with _server(options.port, edition=2 if again else 1) as server:
        print(f"The demo site, {'a day later' if again else 'first day'}: {server.url}\n")
        code = crawl(server.url, options.folder, again=again)
        served = [request.status for request in server.requests]
        full, same = served.count(200), served.count(304)
        others = len(served) - full - same
        print(f"The site served {len(served)} requests: {full} in full, {same} not modified, {others} others.\n")
    if code == 0:
        show(options.folder)
    return code


def _server(port: int, *, edition: int) -> DemoServer:
    """Return the demo site on that port, or on a free port if it is in use; with another port, it is another site to the archive."""
    try:
        return DemoServer(port=port, edition=edition)
    except OSError as error:
        server = DemoServer(port=0, edition=edition)
        print(
            f"Port {port} cannot be used ({error.strerror}); the demo site is at {server.url} this time.",
            file=sys.stderr,
        )
        return server


def crawl(url: str, folder: Path, *, again: bool) -> int:
    """Run the crawl command that a user would type, with loopback addresses allowed; return its exit code."""
    arguments = ["crawl", "news", "-a", f"url={url}", "-s", f"ARCHIVE_DIR={folder}"]
    arguments += ["-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0"]
    if again:
        arguments += ["-a", "recheck=all"]
    print(f"$ scrapy {' '.join(arguments)}", flush=True)
    return subprocess.run([sys.executable, "-m", "scrapy", *arguments], check=False).returncode


def show(folder: Path) -> None:
    """Run the commands that a user would try next."""
    ask = [sys.executable, "-m", "archive", "--archive", str(folder)]
    searches = (["search", words, "--limit", "3"] for words in SEARCHES)
    for arguments in (["list", "--limit", "40"], *searches, ["images", "--limit", "3"]):
        print(f"$ warraq --archive {folder} {' '.join(arguments)}", flush=True)
        subprocess.run([*ask, *arguments], check=False)
        print()
    print(
        f"View the pages as they were displayed, with their pictures: .venv/bin/warraq --archive {folder} serve --open"
    )
    print(f"Explore the archive further: .venv/bin/warraq --archive {folder} --help")


if __name__ == "__main__":
    sys.exit(main())
