"""Compare warraq's WARC code with warcio: CPU and bytes of writing and reading, exactness, and handling of a truncated file.

Run as `python bench/warc.py [PAGES]`. Pages are generated: Arabic words in markup, some 90 kB, like news pages.
"""

from __future__ import annotations

import gzip
import io
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.capture import Capture
from archive.errors import DamagedFileError
from archive.warc import WarcWriter, payload_digest, read_records

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
WORDS = (
    "أعلن",
    "الوزير",
    "عن",
    "خطة",
    "جديدة",
    "لتطوير",
    "المدينة",
    "القديمة",
    "وقال",
    "إن",
    "العمل",
    "يبدأ",
    "صباح",
    "اليوم",
)


def page(number: int) -> bytes:
    chance = random.Random(number)
    parts = [f'<div class="block-{chance.randrange(900)}" data-id="{chance.random()}">' for _ in range(900)]
    words = [" ".join(chance.choices(WORDS, k=chance.randrange(1, 9))) + str(chance.randrange(10**4)) for _ in parts]
    return "".join(f"{tag}<p>{text}</p></div>\n" for tag, text in zip(parts, words, strict=True)).encode()


def captures(count: int, *, gzipped: bool) -> list[Capture]:
    made = []
    for number in range(count):
        body = gzip.compress(page(number), 6) if gzipped else page(number)
        coding = "Content-Encoding: gzip\r\n" if gzipped else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{coding}Content-Length: {len(body)}\r\n\r\n".encode()
        request = b"GET / HTTP/1.1\r\nHost: news.example\r\nUser-Agent: bench\r\n\r\n"
        url = f"https://news.example/{number}"
        made.append(Capture(url=url, started=datetime.now(UTC), request=request, response=head + body, ip="192.0.2.1"))
    return made


def ours(folder: Path, wanted: list[Capture]) -> Path:
    with WarcWriter(folder, info={"software": "bench"}) as writer:
        for capture in wanted:
            writer.write_capture(capture, payload_digest=payload_digest(capture))
        writer.sync()
    return next(folder.glob("*.warc.gz"))


def warcio(folder: Path, wanted: list[Capture]) -> Path:
    path = folder / "warcio.warc.gz"
    with path.open("wb") as out:
        writer = WARCWriter(out, gzip=True, warc_version="1.1")
        for capture in wanted:
            head, _, body = capture.response.partition(b"\r\n\r\n")
            lines = [tuple(line.split(":", 1)) for line in head.decode().split("\r\n")[1:]]
            headers = StatusAndHeaders("200 OK", lines, protocol="HTTP/1.1")
            response = writer.create_warc_record(
                capture.url, "response", payload=io.BytesIO(body), http_headers=headers
            )
            request = writer.create_warc_record(capture.url, "request", payload=io.BytesIO(capture.request))
            writer.write_request_response_pair(request, response)
    return path


def read_ours(path: Path) -> list[bytes]:
    return [record.block for record in read_records(path)]


def read_warcio(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [record.raw_stream.read() for record in ArchiveIterator(file, no_record_parse=True, check_digests=True)]


def is_exact(path: Path, wanted: list[Capture], *, odd: Capture) -> bool:
    """Return whether the file has every response unchanged; `odd` has blanks that a header parser would drop."""
    blocks = set(read_ours(path))
    return all(capture.response in blocks for capture in (*wanted, odd))


def torn(path: Path) -> tuple[str, str]:
    """Return the result of each reader for a file that ends within a record."""
    cut = path.with_name("torn.warc.gz")
    cut.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    count = 0
    try:
        for _ in read_records(cut):
            count += 1
        ours_says = f"{count} records"
    except DamagedFileError:
        ours_says = f"{count} records, then damage by name"
    try:
        warcio_says = f"{len(read_warcio(cut))} records, no error"
    except Exception as error:  # noqa: BLE001 - whatever it says
        warcio_says = type(error).__name__
    return ours_says, warcio_says


def cpu_ms(function: Callable[[], Any], count: int) -> tuple[float, Any]:
    """Return the CPU of a call in milliseconds a page, and its result."""
    started = time.process_time()
    given = function()
    return (time.process_time() - started) / count * 1e3, given


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{count} pages of {len(page(0)) // 1000} kB, least CPU of {ROUNDS} rounds in turn")
    print("                        write ms    read ms   kB/page   bytes exact")
    head = b"HTTP/1.1 200  OK \r\nX-Odd : a  b \t\r\nContent-Length: 2\r\n\r\nok"
    odd = Capture(
        url="https://news.example/odd", started=datetime.now(UTC), request=b"GET / HTTP/1.1\r\n\r\n", response=head
    )
    for gzipped in (True, False):
        wanted = [*captures(count, gzipped=gzipped), odd]
        times: dict[str, list[tuple[float, float]]] = {"warraq": [], "warcio": []}
        notes: dict[str, tuple[float, bool]] = {}
        for _ in range(ROUNDS):
            for name, write, read in (("warraq", ours, read_ours), ("warcio", warcio, read_warcio)):
                with tempfile.TemporaryDirectory() as folder:
                    written, path = cpu_ms(lambda: write(Path(folder), wanted), count)  # noqa: B023 - called at once
                    reading, _ = cpu_ms(lambda: read(path), count)  # noqa: B023 - called at once
                    times[name].append((written, reading))
                    notes[name] = (path.stat().st_size / count / 1e3, is_exact(path, wanted, odd=odd))
                    cut = torn(path)
        least = {name: tuple(map(min, zip(*pairs, strict=True))) for name, pairs in times.items()}
        served = "served gzipped" if gzipped else "served plain"
        for name, (size, exact) in notes.items():
            print(
                f"{served:15} {name:6} {least[name][0]:9.2f} {least[name][1]:10.2f} {size:9.1f}   {'yes' if exact else 'no'}"
            )
        ratios = [theirs / mine for mine, theirs in zip(least["warraq"], least["warcio"], strict=True)]
        print(f"{served:15} a file cut in a record: warraq {cut[0]}; warcio {cut[1]}")
        print(f"{served:15} warcio costs {ratios[0]:.2f} times the CPU to write, {ratios[1]:.2f} times to read")


if __name__ == "__main__":
    main()
