"""Run one target of fuzz/targets.py with atheris; the arguments are its name and libFuzzer's arguments."""

import sys

import atheris

OURS = [
    "archive",
    "crawler.politeness.robotstxt",
    "crawler.download.framing",
    "crawler.sites",
    "crawler.sites.keys",
    "crawler.download.exchange",
    "crawler.download.guard",
    "warcio",
]

with atheris.instrument_imports(include=OURS):
    from targets import TARGETS

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
