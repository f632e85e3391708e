"""Build the release twice from fresh checkouts, require identical bytes, and write it to `dist/` with its bill of materials.

`dist/` then holds the wheel, the source archive, SHA256SUMS, a bill of materials (CycloneDX, of the locked versions), and
provenance.json: the commit, its tree, the lock's digest and the tools. Only what is committed is built.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = os.environ.get("UV", str(ROOT / ".uv/bin/uv"))


def build(folder: Path) -> dict[str, bytes]:
    """Build wheel and source archive of HEAD in a fresh checkout; return their contents by file name."""
    checkout = folder / "warraq"
    checkout.mkdir(parents=True)
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", checkout], input=archive, check=True)
    env = os.environ | {"SOURCE_DATE_EPOCH": git("show", "-s", "--format=%ct", "HEAD")}
    subprocess.run(
        [UV, "build", "--quiet", "--python", sys.executable, "-o", folder / "out"], cwd=checkout, check=True, env=env
    )
    return {path.name: path.read_bytes() for path in sorted((folder / "out").glob("warraq-*"))}


def git(*arguments: str) -> str:
    """Return the output of a git command in the checkout."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def bill_of_materials() -> str:
    """Return the locked versions of all dependencies, with all extras, as CycloneDX."""
    command = [UV, "export", "--quiet", "--frozen", "--no-dev", "--all-extras", "--format", "cyclonedx1.5"]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    found.pop("serialNumber", None)  # random for each build
    found["metadata"].pop("timestamp", None)
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def main() -> int:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = build(Path(one)), build(Path(other, "elsewhere"))
    different = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    if different or not first:
        print(f"not reproducible: {', '.join(different) or 'nothing was built'}", file=sys.stderr)
        return 1
    provenance = {
        "commit": git("rev-parse", "HEAD"),
        "tree": git("rev-parse", "HEAD^{tree}"),
        "uv_lock_sha256": hashlib.sha256((ROOT / "uv.lock").read_bytes()).hexdigest(),
        "python": platform.python_version(),
        "uv": subprocess.run([UV, "--version"], check=True, capture_output=True, text=True).stdout.strip(),
        "command": "make dist",
    }
    files = first | {
        "warraq.cdx.json": bill_of_materials().encode(),
        "provenance.json": (json.dumps(provenance, indent=1) + "\n").encode(),
    }
    target = ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    sums = ""
    for name, content in files.items():
        (target / name).write_bytes(content)
        sums += f"{hashlib.sha256(content).hexdigest()}  {name}\n"
    (target / "SHA256SUMS").write_text(sums)
    print(f"{sums}built twice with the same bytes, from {provenance['commit']}")
    if git("status", "--porcelain", "--untracked-files=no"):
        print("what is not committed is not in it", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
