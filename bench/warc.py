"""What keeping a page costs: CPU time and bytes of the WARC records of one capture, ours and warcio's default, and of reading it back.

Run as `python bench/warc.py [PAGES]`; pages are made up: Arabic words in markup, some 90 kB, as large as news pages are.
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

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive.capture import Capture
from archive.warc import WarcWriter, payload_digest, read_records

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
            lines = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")[1:]]
            headers = StatusAndHeaders("200 OK", lines, protocol="HTTP/1.1")
            response = writer.create_warc_record(
                capture.url, "response", payload=io.BytesIO(body), http_headers=headers
            )
            request = writer.create_warc_record(capture.url, "request", payload=io.BytesIO(capture.request))
            writer.write_request_response_pair(request, response)
    return path


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"{count} pages of {len(page(0)) // 1000} kB        CPU ms/page   kB/page")
    for gzipped in (True, False):
        wanted = captures(count, gzipped=gzipped)
        for name, write in (("warraq", ours), ("warcio's default", warcio)):
            with tempfile.TemporaryDirectory() as folder:
                started = time.process_time()
                path = write(Path(folder), wanted)
                spent = time.process_time() - started
                served = "served gzipped" if gzipped else "served plain"
                print(
                    f"write, {served:15} {name:17} {spent / count * 1e3:8.2f} {path.stat().st_size / count / 1e3:12.1f}"
                )
                if name == "warraq":
                    started = time.process_time()
                    assert sum(1 for _ in read_records(path)) == 1 + 2 * count
                    print(f"read,  {served:15} {name:17} {(time.process_time() - started) / count * 1e3:8.2f}")


if __name__ == "__main__":
    main()
