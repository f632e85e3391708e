"""Run a crawl for scrapyd (its setting `runner`) in warraq's own environment.

scrapyd 1.6 needs setuptools<81 and would run jobs with its own Python. This module uses only the standard library. It replaces itself
(in the same process, so scrapyd can still stop it) with the Python that WARRAQ_PYTHON names. It accepts only the arguments that
`scrapy cluster deploy` sends, and hides scrapyd's password from the crawl.
"""

import os
import sys

ARGUMENTS = {"_job", "site", "recheck", "max_pages"}
SETTINGS = {
    "LOG_FILE",
    "LOG_STDOUT",
    "WARRAQ_SITE_ENTRY",
    "WARRAQ_LEASE_UNTIL",
    "WARRAQ_END_WITH_PARENT",
    "WARRAQ_SUMMARY",
}


def refused(arguments: list[str]) -> str:
    """Return the error in the arguments of a job, '' if there is none."""
    if arguments[:2] != ["crawl", "news"]:
        return f"runs `crawl news` only, not {' '.join(arguments[:2])!r}"
    options = arguments[2:]
    for flag, pair in zip(options[::2], options[1::2], strict=False):
        if pair.partition("=")[0] not in {"-a": ARGUMENTS, "-s": SETTINGS}.get(flag, set()):
            return f"does not take {flag} {pair.partition('=')[0]}: put it into node_settings.py"
    return f"does not understand {options[-1]!r}" if len(options) % 2 else ""


def without_job(arguments: list[str]) -> list[str]:
    """Return the arguments without `-a _job=ID`, which scrapyd adds and the crawl does not use."""
    place = next((n for n, word in enumerate(arguments) if word.startswith("_job=")), 0)
    return arguments[: place - 1] + arguments[place + 1 :] if place else arguments


def main() -> None:
    """Replace this process with the crawl."""
    parent = os.getppid()  # comes first, to notice a scrapyd that dies from now on
    arguments = sys.argv[1:]
    if arguments[:1] == ["list"]:  # scrapyd blocks until it has the list, and a crawl's imports would take seconds
        print("news")
        return
    if problem := refused(arguments):
        sys.exit(f"crawl_runner {problem}")
    python = os.environ.get("WARRAQ_PYTHON") or sys.exit(
        "crawl_runner: the environment needs WARRAQ_PYTHON=/opt/warraq/.venv/bin/python"
    )
    arguments = [*without_job(arguments), "-s", f"WARRAQ_END_WITH_PARENT={parent}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCRAPYD_")}
    environment["SCRAPY_SETTINGS_MODULE"] = "node_settings"
    os.execve(python, [python, "-m", "scrapy", *arguments], environment)  # noqa: S606 - no shell is what we want


if __name__ == "__main__":
    main()
