"""Drives one target of fuzz/targets.py with atheris: its name and libFuzzer's arguments in."""

import sys

import atheris

OURS = [
    "archive.http",
    "archive.extract",
    "archive.discovery",
    "archive.urls",
    "archive.arabic",
    "archive.search.query",
    "archive.surt",
]

with atheris.instrument_imports(include=[*OURS, "crawler.robotstxt", "crawler.framing"]):
    from targets import TARGETS

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
