"""Check the dependencies of a release: licences that an Apache-2.0 program may depend on, and known vulnerabilities.

`make supply` installs the locked versions with all extras into a separate environment (uv checks their hashes) and checks that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = os.environ.get("UV", str(ROOT / ".uv/bin/uv"))
ALLOWED = (
    *("0BSD", "Apache", "BSD", "CC0", "CNRI-Python", "HPND", "ISC", "MIT", "MPL", "Mozilla Public License"),
    *("PSF", "Public Domain", "Python Software Foundation", "Unlicense", "ZPL", "Zlib", "zlib/libpng"),
)
"""Licences whose terms a program under Apache-2.0 meets by depending on the unchanged package."""
STATED = {"pysqlite3": "zlib/libpng"}
"""Licences of packages without licence metadata, from their files."""
SLOW = {
    "htmldate": "trafilatura needs it; same author, follows its releases",
    "PyDispatcher": "Scrapy needs it; finished rather than abandoned",
    "queuelib": "Scrapy needs it; kept by Scrapy's own people",
    "warcio": "Webrecorder's, the reference of the field",
}
"""Dependencies with few releases, and why they are trusted nevertheless."""


def run(tool: str, *arguments: str) -> list[dict]:
    """Run a tool from PyPI in a separate environment; return its JSON."""
    done = subprocess.run(
        [UV, "tool", "run", "--quiet", tool, *arguments], capture_output=True, check=False, text=True, timeout=600
    )
    if not done.stdout.strip():
        raise SystemExit(f"{tool} printed nothing: {done.stderr.strip()[-500:]}")
    found = json.loads(done.stdout)
    return found["dependencies"] if isinstance(found, dict) else found


def judge_licences(python: str) -> list[str]:
    """Print each licence; return a line for each package whose licence is not allowed."""
    problems = []
    for each in run("pip-licenses@5.5.5", "--python", python, "--from=mixed", "--format=json"):
        name, licence = each["Name"], STATED.get(each["Name"], each["License"])
        print(f"{name} {each['Version']}: {licence}" + (f" ({SLOW[name]})" if name in SLOW else ""))
        if not any(allowed in licence for allowed in ALLOWED):
            problems.append(f"{name}: {licence!r} is not among the licences that Apache-2.0 allows (deploy/supply.py)")
    return problems


def judge_vulnerabilities(folder: str) -> list[str]:
    """Return a line for each known vulnerability; say how many packages could not be looked up."""
    found = run("pip-audit@2.10.1", "--format=json", "--path", folder)
    unknown = [each for each in found if "skip_reason" in each]
    if unknown:
        print(f"pip-audit could not look up {len(unknown)} of {len(found)} packages here", file=sys.stderr)
    return [f"{one['name']} {one['version']}: {bug['id']}" for one in found for bug in one.get("vulns", ())]


def main() -> int:
    python = sys.argv[1]
    (folder,) = Path(python).parents[1].glob("lib/python*/site-packages")
    problems = judge_licences(python) + judge_vulnerabilities(str(folder))
    for line in problems:
        print(line, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
