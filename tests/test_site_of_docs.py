"""The documentation builds as a site, without a network, and has no broken links."""

import re
import subprocess
import sys

import pytest

from tests.support import PATIENCE, ROOT

pytestmark = pytest.mark.slow


def build(config, target):
    """Runs mkdocs as `make site` does."""
    pytest.importorskip("material", reason="needs mkdocs-material, of the dev group")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(target)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_every_page_is_in_the_site_and_every_link_leads_somewhere(tmp_path):
    done = build(ROOT / "mkdocs.yml", tmp_path)
    assert done.returncode == 0, done.stderr
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not (tmp_path / page).exists()} == set()


def test_the_site_loads_nothing_from_elsewhere(tmp_path):
    build(ROOT / "mkdocs.yml", tmp_path)
    page = (tmp_path / "tutorial.html").read_text("utf-8")
    assert not re.findall(
        r'<(?:script|img|iframe)[^>]*(?:src)="https?:|<link[^>]*rel="stylesheet"[^>]*href="https?:', page
    )


def test_a_link_that_leads_nowhere_fails_the_site(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[gone](gone.md)\n", "utf-8")
    config = (
        (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:\n  - Home")[0].replace("hooks: [docs/hooks.py]\n", "")
    )
    (tmp_path / "mkdocs.yml").write_text(config, "utf-8")
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    assert "gone.md" in done.stderr
