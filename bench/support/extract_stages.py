"""Measure what each stage of parsing a page costs: CPU ms a page and its share.

    python bench/extract.py stages --pages 300

The pages are those of `bench/extract.py`; the first fifty only fill the caches. A profiling timer interrupts this process at each 4 ms of
its CPU time, and the sample counts for the innermost stage on the stack. Time in C (lxml, regular expressions) counts for the stage that
called it, and freeing a page for the last stage.
"""

from __future__ import annotations

import gzip
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import trafilatura

from archive import urls
from archive.discovery import likeness, traps
from archive.extract import document, extract, find_feeds, find_links, page, quarantine, requisites, text
from archive.extract.decode import decode_page
from archive.extract.metadata import jsonld, language, reading
from archive.extract.text import container, structure
from archive.parse import ParseTask
from archive.parse.parse import parse_task
from archive.search import make_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import CodeType, FrameType

WARMING = 50
TICK = 0.004
REST = "freeing the page, and the rest"
STAGES: Mapping[str, Sequence[Callable[..., object]]] = {
    "decoding and checking the source": (decode_page, document._require_simple, document._require_html),  # noqa: SLF001
    "parsing (libxml2)": (document.parse_html,),
    "the walk that builds the page model": (page.read_model,),
    "metadata and dates": (reading.read_metadata, reading.with_text, jsonld.read_jsonld),
    "language": (language.identify,),
    "trafilatura, and copying its input": (trafilatura.bare_extraction, container.alone, container.whole),
    "selecting the text, dropping boilerplate": (text.find_text,),
    "blocks of the body": (structure.make_body,),
    "quarantine": (quarantine.quarantine_reason,),
    "links and requisites": (find_links, find_feeds, requisites.page_requisites),
    "judging links": (likeness.classify_link, traps.trap_reason, traps.find_leads, urls.main_url_of),
    "search keys": (make_keys,),
    REST: (extract, parse_task),
}


def measure_stages(pages: Iterator[tuple[str, bytes]]) -> int:
    """Print the table."""
    tasks = [_task(url, body) for url, body in pages]
    for task in tasks[:WARMING]:
        parse_task(task)
    asked = tasks[WARMING:] or tasks
    stage_of: dict[CodeType, str] = {each.__code__: name for name, calls in STAGES.items() for each in calls}
    samples: Counter[str] = Counter()

    def sample(_signal: int, frame: FrameType | None) -> None:
        while frame is not None and frame.f_code not in stage_of:
            frame = frame.f_back
        if frame is not None:
            samples[stage_of[frame.f_code]] += 1

    signal.signal(signal.SIGPROF, sample)
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, TICK, TICK)
    for task in asked:
        parse_task(task)
    signal.setitimer(signal.ITIMER_PROF, 0)
    spent = 1000 * (time.process_time() - begun) / len(asked)
    print(f"{len(asked)} pages, {spent:.1f} ms of CPU a page, {samples.total()} samples\n")
    print("| stage | ms a page | per cent |\n|---|---|---|")
    for name in STAGES:
        share = samples[name] / samples.total()
        print(f"| {name} | {share * spent:.1f} | {share:.1%} |")
    return 0


def _task(url: str, body: bytes) -> ParseTask:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    return ParseTask(url=url, response=head + gzip.decompress(body), fetched_at=datetime(2026, 8, 1, tzinfo=UTC))
