"""Check an archive of the demo site with other tools, and print a table; fail if one of them objects: `make conformance`.

Each tool is installed at a pinned version into its own environment under build/conformance. The browser is the
machine's Chromium (`apt-get install chromium`, or name another in $CHROMIUM); npm gives replayweb.page. Without them the
replays are reported as not run, and `--strict` makes that a failure. Nothing is asked of any host but package registries.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import venv
from contextlib import closing, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.request import urlopen

import numpy as np
from PIL import Image

from archive import Archive
from archive.http import decode, parse_response
from archive.warc import closed_files, read_records
from demo.__main__ import crawl
from demo.content import load
from demo.render import href
from demo.server import DemoServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path("build/conformance").resolve()
FOLDER = ROOT / "collections" / "demo"
PORT = 8771
TOOLS = {
    "warcio": "warcio==1.8.1",
    "fastwarc": "fastwarc==2.0.1",
    "cdxj-indexer": "cdxj-indexer==1.5.0",
    "wacz": "wacz==0.6.0",
    "pywb": "pywb==2.10.0",
    "playwright": "playwright",
}
REPLAYWEBPAGE = "replaywebpage@2.5.3"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
PICTURE_OR_STYLE = re.compile(rb"""(?:src|href)=["']?(http://127[^"'> ]+/static/[^"'> ]+\.(?:css|png|svg))""")


ALIKE = 0.98


class NotRunError(Exception):
    """A tool that is not available on this machine."""


def tool(name: str, program: str = "") -> str:
    """Return the path of a program in the environment of its package, which is made if missing."""
    folder = ROOT / name
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", TOOLS[name]]
        done = subprocess.run(pip, capture_output=True, text=True)
        if done.returncode:
            raise NotRunError(f"cannot install {TOOLS[name]}: {done.stderr.strip().splitlines()[-1]}")
        (folder / "ready").touch()
    return str(folder / "bin" / (program or name))


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def make_archive() -> None:
    """Crawl two editions of the demo site, and take pictures of a few of its pages."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for edition in (1, 2):
        with DemoServer(port=PORT, edition=edition) as server:
            code = crawl(server.url, FOLDER, again=edition == 2)
            if code:
                raise SystemExit(f"the crawl of the demo site ended with {code}")
            if edition == 2 and CHROMIUM:
                for name, url in addresses(server.url).items():
                    shoot(url, ROOT / f"live-{name}.png")


def the_page() -> tuple[str, str, str]:
    """Return URL, title and last time of an Arabic article with a picture, whose last capture is a revisit."""
    with Archive(FOLDER) as archive:
        for row in archive.newest(limit=100):
            body = page_body(archive, row)
            last = archive.captures(row["url"])[-1]
            illustrated = len(set(PICTURE_OR_STYLE.findall(body))) > 2 and b".css" in body
            if row["language"] == "ar" and illustrated and last["record_type"] == "revisit":
                return row["url"], row["title"], last["timestamp"]
    raise SystemExit("the demo site has no Arabic article with a picture that was captured twice")


def page_body(archive: Archive, row: dict[str, object]) -> bytes:
    return decode(parse_response(archive.record(row).block), 1 << 20)


def addresses(base: str) -> dict[str, str]:
    """Return the pages whose appearance is compared, by their kind."""
    site = load(2)
    numbers = {"Arabic": 1002, "English": 1201, "lazy": 1009, "imports": 1003}
    return {name: base.rstrip("/") + href(site.by_id(number).path) for name, number in numbers.items()}


PYWB_BANNER = 90
"""Height in pixels of pywb's banner over a page."""


def shoot(url: str, picture: Path, *, cut: int = 0) -> Path:
    """Take a picture of the page in a window of 1,100 x 900 that can reach no other host; cut off the top `cut` pixels."""
    if not CHROMIUM:
        raise NotRunError("no Chromium here: apt-get install chromium, or name one in $CHROMIUM")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size=1100,{900 + cut}"]
    options += ["--virtual-time-budget=8000", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    run(CHROMIUM, *options, f"--screenshot={picture}", url)
    expect(picture.exists(), f"Chromium made no picture of {url}")
    if cut:
        with Image.open(picture) as whole:
            whole.crop((0, cut, whole.width, whole.height)).save(picture)
    return picture


def likeness(one: Path, other: Path) -> float:
    """Return the mean structural similarity (SSIM, Wang et al. 2004) of the grey values of two pictures, in windows of 8 x 8 pixels."""
    with Image.open(one) as first, Image.open(other) as second:
        size = (min(first.width, second.width) // 8 * 8, min(first.height, second.height) // 8 * 8)
        box = (0, 0, *size)
        bands = [np.asarray(picture.convert("L").crop(box), dtype=float) for picture in (first, second)]
    x, y = (band.reshape(size[1] // 8, 8, size[0] // 8, 8).swapaxes(1, 2).reshape(-1, 64) for band in bands)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mx, my = x.mean(1), y.mean(1)
    covariance = ((x - mx[:, None]) * (y - my[:, None])).mean(1)
    similarity = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (x.var(1) + y.var(1) + c2))
    return float(similarity.mean())


def compared(shots: dict[str, Path]) -> str:
    found = {name: likeness(ROOT / f"live-{name}.png", picture) for name, picture in shots.items()}
    expect(min(found.values()) >= ALIKE, f"less alike than {ALIKE}: {found}")
    return ", ".join(f"{name} {value:.3f}" for name, value in found.items())


def looks_in_pywb() -> str:
    """Compare pages replayed by pywb from the crawl alone with the live ones."""
    port = free_port()
    command = [tool("pywb", "wayback"), "-b", "127.0.0.1", "-p", str(port), "-d", str(ROOT)]
    shots = {}
    with background(command, port), Archive(FOLDER) as archive:
        for name, url in addresses(f"http://127.0.0.1:{PORT}").items():
            moment = archive.captures(url)[-1]["timestamp"]
            address = f"http://127.0.0.1:{port}/demo/{moment}mp_/{url}"
            shots[name] = shoot(address, ROOT / f"pywb-{name}.png", cut=PYWB_BANNER)
    return compared(shots)


def looks_in_replaywebpage() -> str:
    """Compare pages replayed by replayweb.page, each from its own WACZ."""
    site = replaywebpage()
    shots = {}
    look = Path(__file__).with_name("look.py")
    with static_server(site) as port, Archive(FOLDER) as archive:
        for name, url in addresses(f"http://127.0.0.1:{PORT}").items():
            title, moment = archive.article(url)["title"], archive.captures(url)[-1]["timestamp"]
            shutil.copy(wacz_of(f"{name}.wacz", "--url", url), site / f"{name}.wacz")
            (site / f"{name}.html").write_text(
                f'<!doctype html><body style="margin: 0"><script src="replay/ui.js"></script><replay-web-page source="{name}.wacz" '
                f'url="{url}" ts="{moment}" embed="replayonly" style="height: 900px"></replay-web-page>'
            )
            shots[name] = ROOT / f"replaywebpage-{name}.png"
            address = f"http://127.0.0.1:{port}/{name}.html"
            done = run(tool("playwright", "python"), look, CHROMIUM, address, shots[name], title)
            expect(done.returncode == 0, (done.stderr or done.stdout)[-600:])
    return compared(shots)


def looks_in_the_room() -> str:
    """Compare pages replayed by the reading room."""
    port = free_port()
    command = [sys.executable, "-m", "archive", "--archive", str(FOLDER), "serve", "--port", str(port)]
    with background(command, port), Archive(FOLDER) as archive:
        return compared(
            {
                name: shoot(f"http://127.0.0.1:{port}/shown/{archive.article(url)['id']}", ROOT / f"room-{name}.png")
                for name, url in addresses(f"http://127.0.0.1:{PORT}").items()
            }
        )


def warcs() -> list[Path]:
    return closed_files(FOLDER / "archive")


def ours_verify() -> str:
    done = run(sys.executable, "-m", "archive", "--archive", FOLDER, "verify")
    expect(done.returncode == 0, done.stdout)
    return done.stdout.strip().splitlines()[-1]


def warcio_check() -> str:
    """warcio includes chunk framing in the payload digest, unlike the standard: it must object to chunked records, and only to those."""
    done = run(tool("warcio"), "check", *warcs())
    named = set(re.findall(r"WARC-Record-ID (\S+)", done.stdout))
    chunked = {
        record.id
        for path in warcs()
        for record in read_records(path)
        if record.type == "response" and "chunked" in parse_response(record.block).get("Transfer-Encoding").lower()
    }
    expect(
        named == chunked,
        f"named {len(named)} records, {len(chunked)} are chunked: {done.stdout[:500]}{done.stderr[:500]}",
    )
    count = sum(1 for path in warcs() for _ in read_records(path))
    return f"{count} records; names only the payload digests of the {len(chunked)} chunked ones (warcio #74)"


def fastwarc_check() -> str:
    for path in warcs():
        done = run(tool("fastwarc"), "check", path)
        expect(done.returncode == 0, done.stdout + done.stderr)
    return f"{len(warcs())} files"


def gzip_test() -> str:
    done = run("gzip", "-t", *warcs())
    expect(done.returncode == 0, done.stderr)
    return f"{len(warcs())} files"


def sha256sum_check() -> str:
    done = subprocess.run(
        ["sha256sum", "-c", "manifest-sha256.txt"], cwd=FOLDER / "archive", capture_output=True, text=True
    )
    expect(done.returncode == 0, done.stdout + done.stderr)
    return f"{done.stdout.count(': OK')} files"


def cdxj_indexer_equal() -> str:
    """The lines must be equal except for 304s, which we omit on purpose (see archive/warc/cdxj.py)."""
    done = run(tool("cdxj-indexer"), "--sort", *warcs())
    theirs = [line for line in done.stdout.splitlines() if '"status": "304"' not in line]
    ours = (FOLDER / "indexes" / "index.cdxj").read_text().splitlines()
    different = [pair for pair in zip(theirs, ours, strict=False) if pair[0] != pair[1]]
    expect(theirs == ours, f"{len(theirs)} lines against {len(ours)}; first: {different[:1]}")
    return (
        f"{len(ours)} lines, all equal; {len(done.stdout.splitlines()) - len(theirs)} lines of 304s are left out by us"
    )


def wacz_of(name: str, *choice: str) -> Path:
    target = ROOT / name
    done = run(sys.executable, "-m", "archive", "--archive", FOLDER, "export", "-f", "wacz", "-o", target, *choice)
    expect(done.returncode == 0, done.stdout + done.stderr)
    return target


def wacz_validate() -> str:
    url, _, _ = the_page()
    for target in (wacz_of("site.wacz"), wacz_of("article.wacz", "--url", url)):
        done = run(tool("wacz"), "validate", "-f", target)
        expect(done.returncode == 0 and "valid" in done.stdout, done.stdout + done.stderr)
    return f"the site ({(ROOT / 'site.wacz').stat().st_size} bytes) and one article"


def pywb_replay() -> str:
    """pywb must serve the folder as it is, without an import or a new index."""
    url, title, moment = the_page()
    port = free_port()
    command = [tool("pywb", "wayback"), "-b", "127.0.0.1", "-p", str(port), "-d", str(ROOT)]
    before = sorted(path.name for path in (FOLDER / "indexes").iterdir())
    with background(command, port):
        with urlopen(f"http://127.0.0.1:{port}/demo/timemap/link/{url}", timeout=20) as answer:
            mementos = answer.read().decode().count('rel="memento"') or 1
        seen = browse(f"http://127.0.0.1:{port}/demo/{moment}mp_/{url}", "pywb.png", title)
    expect(before == sorted(path.name for path in (FOLDER / "indexes").iterdir()), "pywb made an index of its own")
    return f"{seen}; {mementos} mementos in the timemap"


def replaywebpage() -> Path:
    """Return the folder of a page that embeds replayweb.page, downloaded from npm if missing."""
    npm = shutil.which("npm")
    if not npm:
        raise NotRunError("npm is not installed")
    site = ROOT / "replaywebpage"
    if not (site / "replay" / "index.html").exists():
        shutil.rmtree(site, ignore_errors=True)
        (site / "replay").mkdir(parents=True)
        done = subprocess.run([npm, "pack", "--silent", REPLAYWEBPAGE], cwd=site, capture_output=True, text=True)
        if done.returncode:
            raise NotRunError(f"npm cannot get {REPLAYWEBPAGE}: {done.stderr.strip()[-200:]}")
        subprocess.run(["tar", "xzf", done.stdout.split()[-1]], cwd=site, check=True)
        for name in ("ui.js", "sw.js", "index.html"):
            shutil.copy(site / "package" / name, site / "replay" / name)
    return site


def replaywebpage_replay() -> str:
    """replayweb.page must open the exported WACZ in the browser alone, without a server or another host."""
    site = replaywebpage()
    shutil.copy(wacz_of("site.wacz"), site / "site.wacz")
    url, title, moment = the_page()
    (site / "index.html").write_text(
        f'<!doctype html><script src="replay/ui.js"></script><replay-web-page source="site.wacz" url="{url}" ts="{moment}"'
        ' embed="replayonly" style="height: 900px"></replay-web-page>'
    )
    with static_server(site) as port:
        return browse(f"http://127.0.0.1:{port}/index.html", "replaywebpage.png", title)


def browse(url: str, picture: str, title: str) -> str:
    if not CHROMIUM:
        raise NotRunError("no Chromium here: apt-get install chromium, or name one in $CHROMIUM")
    look = Path(__file__).with_name("look.py")
    done = run(tool("playwright", "python"), look, CHROMIUM, url, ROOT / picture, title)
    expect(done.returncode == 0, (done.stderr or done.stdout)[-600:])
    seen = json.loads(done.stdout)
    expect(seen["direction"] == "rtl", f"the text runs {seen['direction']}")
    expect(seen["styles"] > 0, "no style sheet was applied")
    expect(seen["pictures"] > 0 and not seen["broken"], f"{seen['pictures']} pictures, broken: {seen['broken']}")
    expect(seen["hosts"] == ["127.0.0.1"], f"asked other hosts: {seen['hosts']}")
    return f"Arabic, rtl, {seen['styles']} style sheet, {seen['pictures']} pictures, no other host ({picture})"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def background(command: list[str], port: int) -> Iterator[None]:
    with (ROOT / "server.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            for _ in range(150):
                with closing(socket.socket()) as probe:
                    if not probe.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.2)
            yield
        finally:
            server.terminate()


@contextmanager
def static_server(folder: Path) -> Iterator[int]:
    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def do_GET(self) -> None:
            """Serve the requested range: a WACZ is read like a file, from the directory at its end."""
            path = Path(self.translate_path(self.path))
            asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
            if not asked or not path.is_file():
                super().do_GET()
                return
            data = path.read_bytes()
            start = int(asked[1]) if asked[1] else max(0, len(data) - int(asked[2]))
            end = min(int(asked[2]), len(data) - 1) if asked[1] and asked[2] else len(data) - 1
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
            self.send_header("Content-Length", str(end - start + 1))
            self.end_headers()
            self.wfile.write(data[start : end + 1])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def expect(truth: bool, otherwise: str) -> None:
    if not truth:
        raise AssertionError(otherwise)


CHECKS: dict[str, Callable[[], str]] = {
    "warraq verify": ours_verify,
    "gzip -t": gzip_test,
    "sha256sum -c": sha256sum_check,
    "warcio check": warcio_check,
    "fastwarc check": fastwarc_check,
    "cdxj-indexer, equal lines": cdxj_indexer_equal,
    "wacz validate": wacz_validate,
    "pywb in Chromium": pywb_replay,
    "replayweb.page in Chromium": replaywebpage_replay,
    "looks in pywb (SSIM)": looks_in_pywb,
    "looks in replayweb.page": looks_in_replaywebpage,
    "looks in the reading room": looks_in_the_room,
}


def main() -> int:
    """Make the archive, run the named checks (default: all) and print the table; return 0 if none objects."""
    names = [word for word in sys.argv[1:] if word != "--strict"] or list(CHECKS)
    ROOT.mkdir(parents=True, exist_ok=True)
    make_archive()
    rows, bad = [], 0
    for name in names:
        try:
            verdict, detail = "pass", CHECKS[name]()
        except NotRunError as reason:
            verdict, detail = "not run", str(reason)
            bad += "--strict" in sys.argv
        except AssertionError as objection:
            verdict, detail = "FAIL", str(objection)
            bad += 1
        rows.append((name, verdict, detail))
    print()
    for name, verdict, detail in rows:
        print(f"{name:28} {verdict:8} {detail}")
    return min(bad, 1)


if __name__ == "__main__":
    sys.exit(main())
