"""Exit codes, commands and settings in README and docs are those of the code."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from archive import errors
from archive.cli import warraq
from archive.errors import ExitCode
from crawler.commands import addsite, backfill, cluster, crawl, crawlall

ROOT = Path(__file__).parent.parent
SPEC = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
generate = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(generate)

HELPS = {
    addsite: errors.ADDSITE,
    backfill: errors.BACKFILL,
    cluster: errors.CLUSTER,
    crawl: errors.CRAWL,
    crawlall: errors.CRAWL,
}


@pytest.mark.parametrize("path", generate.generated(), ids=lambda path: path.name)
def test_what_is_generated_is_up_to_date(path):
    assert path.read_text("utf-8") == generate.generated()[path], "run `make docs`"


def test_the_page_on_operations_has_every_exit_code():
    operations = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", operations, re.MULTILINE)} == set(ExitCode)


@pytest.mark.parametrize(("module", "codes"), HELPS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_the_help_of_scrapy_commands_names_their_exit_codes(module, codes):
    assert errors.describe_codes(codes) in module.Command().long_desc()


def test_the_help_of_warraq_names_its_exit_codes():
    printed = " ".join(CliRunner().invoke(warraq, ["--help"]).output.split())
    assert errors.describe_codes(errors.WARRAQ) in printed


def test_every_code_belongs_to_a_command_and_every_error_has_a_code_of_the_table():
    of_commands = {code for codes in HELPS.values() for code in codes} | set(errors.WARRAQ)
    assert of_commands == set(ExitCode)
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.ArchiveError)]
    assert all(isinstance(one.exit_code, ExitCode) for one in classes)


def test_several_crawls_end_with_a_code_that_a_crawl_can_have():
    assert set(errors.WORST_FIRST) == set(errors.CRAWL) | {ExitCode.ERROR}


def test_exit_codes_named_in_prose_exist():
    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "archive" / "cli").glob("*.py")]
    named = {int(code) for path in files for code in re.findall(r"exit code (\d+)", path.read_text("utf-8"))}
    assert named <= set(ExitCode)


LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def anchors(path):
    """What GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in (one or other for one, other in LINK.findall(text)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name) if name else page
        assert found.exists(), f"{page.name} links to {target}"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{page.name} links to {target}"


def test_every_setting_that_the_code_reads_is_in_the_settings_page():
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    read = {
        name
        for path in (ROOT / "crawler").rglob("*.py")
        for name in re.findall(r"""["'](WARRAQ_[A-Z_]+)["']""", path.read_text("utf-8"))
    }
    assert {name for name in read if f"| `{name}` |" not in page} == set()


def test_every_command_is_in_the_commands_page():
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert {name for name in warraq.commands if f"### warraq {name}\n" not in page} == set()
