"""Measure the cost of sealing: CPU and bytes a record, for archives of several sizes.

Run as `python bench/seal.py [RECORDS …]`. The records are generated: captures of 2 kB, which take some 1.2 kB each in the file. Beyond
100,000 records, the file is linked under other names, so that ten million need no more disk space.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from archive import warc
from archive.capture import Capture
from archive.collection import Collection
from archive.index import open_store
from archive.seals.checking import check_seals
from archive.seals.sealing import Custody, seal_files

SIZES = (1_000, 10_000, 100_000, 1_000_000)
FILE_RECORDS = 100_000


def archive_of(folder: Path, records: int) -> Collection:
    """Make an archive of that many records in closed files of at most 100,000."""
    collection = Collection(folder)
    collection.create()
    open_store(collection.database).close()
    with warc.WarcWriter(collection.warcs, info={"software": "bench"}) as writer:
        for number in range(min(records, FILE_RECORDS) // 2):  # a response and a request each
            body = os.urandom(700).hex().encode()
            capture = Capture(
                url=f"https://news.example/{number}",
                started=datetime.now(UTC),
                request=b"GET / HTTP/1.1\r\nHost: news.example\r\n\r\n",
                response=b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
            )
            writer.write_capture(capture, payload_digest="")
    (file,) = warc.closed_files(collection.warcs)
    for number in range(1, records // FILE_RECORDS):
        os.link(file, file.with_name(file.name.replace("-00000-", f"-{number:05d}-")))
    warc.recover_open_files(collection.warcs)  # enters them in the manifest, as a crawl does when it closes a file
    return collection


def main() -> None:
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    print("records      seal µs/record   verify µs/record   bytes/record   peak MB")
    for records in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            collection = archive_of(Path(temporary, "archive"), records)
            begun = time.process_time()
            seal = seal_files(
                collection, keys=Path(temporary, "keys"), clock=lambda: datetime.now(UTC), custody=Custody()
            )
            sealed = time.process_time()
            assert check_seals(collection, roots=[]).ok
            checked = time.process_time()
            size = sum(path.stat().st_size for path in (collection.folder / "seals").iterdir())
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            count = seal.records
            each = ((sealed - begun) / count * 1e6, (checked - sealed) / count * 1e6, size / count)
            print(f"{count:9,}  {each[0]:15.1f}  {each[1]:17.1f}  {each[2]:13.1f}  {peak:8}")


if __name__ == "__main__":
    main()
