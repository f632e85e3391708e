"""Messages of commands: all are in the catalogue and translated, the locale selects, JSON is unchanged."""

import ast
import gettext
import os
import re
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import read_mo

from archive import locale as translation
from archive.locale import FIELD, n_, translated, use_locale
from docs import messages
from tests.support import effort, program, site
from warraq.cli import warraq

ROOT = Path(__file__).parent.parent
ARABIC = re.compile("[\u0621-\u064a]")
PLACES = re.compile(r"\{[^{}]*\}|%\(\w+\)s")
SPEAKING = [
    *sorted((ROOT / "archive/cli").glob("*.py")),
    *sorted((ROOT / "crawler/commands").glob("*.py")),
    *sorted((ROOT / "archive/storage").glob("*.py")),
    *(ROOT / name for name in ("archive/errors.py", "archive/maintain/filecheck.py", "archive/seals/checking.py")),
    *(ROOT / name for name in ("archive/export/packcheck.py", "archive/warc/rewrite.py", "archive/warc/wacz.py")),
    ROOT / "archive/warc/framing.py",
    *(
        ROOT / name
        for name in ("crawler/report.py", "crawler/summary.py", "crawler/diagnosis.py", "crawler/download/errors.py")
    ),
    *(ROOT / name for name in ("crawler/configuration.py", "warraq/cli.py")),
]
"""The modules whose strings people read."""
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SENTENCE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}")
LEFT_ALONE = {"the crawl was aborted", "warraq config", "read back", "record id", "payload digest"}
"""A line of the log, a command, how a file was proved, columns."""


def translating():
    """Yield the modules that import `_`, parsed."""
    for path in (path for room in messages.ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        if "gettext as _" in (text := path.read_text("utf-8")):
            yield path, ast.parse(text)


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_catalogue_is_as_make_messages_writes_it_and_whole(language):
    for path, content in messages.files(language).items():
        assert path.read_bytes() == content, f"{path.name}: run `make messages`"
    for message in messages.catalogue(language):
        assert messages.is_whole(message) or not message.id, (
            f"translate {message.id!r} in {language}/LC_MESSAGES/warraq.po"
        )


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_translation_fills_in_the_same_values(language):
    for message in messages.catalogue(language):
        if isinstance(message.id, str) and message.id:
            assert sorted(PLACES.findall(message.id)) == sorted(PLACES.findall(message.string)), message.id
            assert ARABIC.search(message.string) or not SENTENCE.search(message.id), message.id


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_each_plural_fills_in_the_same_values_and_the_number_but_for_none_one_and_two(language):
    catalogue = messages.catalogue(language)
    numbers = dict(enumerate([0, 1, 2, 3, 100, 11]))  # what each form of Arabic is for
    for message in catalogue:
        if isinstance(message.id, tuple):
            assert sorted(PLACES.findall(message.id[0])) == sorted(PLACES.findall(message.id[1])), message.id
            for place, form in enumerate(message.string):
                missing = set(PLACES.findall(message.id[1])) - set(PLACES.findall(form))
                assert not set(PLACES.findall(form)) - set(PLACES.findall(message.id[1])), form
                assert missing <= ({"{n}", "{n:,}"} if numbers[place] < 3 else set()), form


def said(tree):
    """Yields the literals of functions that are sentences and are not given to `_`, with their lines."""
    spared = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in {
                "_",
                "N_",
                "n_",
                "option",
                "argument",
                "command",
                "group",
                "add_argument",
                "exception",
                "warning",
            }:
                spared.update(ast.walk(node))
            spared.update(one for word in node.keywords if word.arg in {"info", "help"} for one in ast.walk(word))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            spared.add(node.value)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                text = node.value if isinstance(node, ast.Constant) and node not in spared else ""
                if isinstance(text, str) and SENTENCE.search(text) and text not in LEFT_ALONE:
                    yield node.lineno, text


def test_every_sentence_goes_through_the_catalogue():
    bare = {path: list(said(ast.parse(path.read_text("utf-8")))) for path in SPEAKING}
    assert {path: found for path, found in bare.items() if found} == {}


def test_a_sentence_that_does_not_is_found():
    bare = ast.parse(
        "def f():\n    click.echo('so it is')\n    click.echo(_('so it was'))\n    logger.warning('not for people')"
    )
    assert [text for _line, text in said(bare)] == ["so it is"]


LOCALE = {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"}
IN_ENGLISH = {name: value for name, value in os.environ.items() if name not in LOCALE}
IN_ARABIC = IN_ENGLISH | {"LANG": "ar_EG.UTF-8"}


def run(*arguments, **environment):
    return program.warraq(*arguments, env=IN_ENGLISH | environment)


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["LANG", "LC_ALL", "LC_MESSAGES", "LANGUAGE"])
def test_the_locale_chooses_the_language(variable, tmp_path):
    done = run("--archive", str(tmp_path / "none"), "list", **{"LANG": "en_US.UTF-8", variable: "ar_EG.UTF-8"})
    assert done.returncode == 3
    assert "لا أرشيف في" in done.stderr
    assert "`warraq crawl URL`" in done.stderr, "commands stay as they are typed"


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "fr_FR.UTF-8"])
def test_every_other_language_is_english(locale, tmp_path):
    done = run("--archive", str(tmp_path / "none"), "list", LANG=locale)
    assert "no archive in" in done.stderr
    assert not ARABIC.search(done.stderr)


@pytest.fixture
def arabic(monkeypatch):
    """Messages in Arabic, in this process, until the test ends."""
    monkeypatch.setenv("LANGUAGE", "ar")
    before = gettext.textdomain()
    use_locale()
    translation._templates.cache_clear()
    yield
    gettext.textdomain(before)
    translation._templates.cache_clear()


def test_what_was_made_of_a_message_is_translated_with_its_values(arabic):
    known = {template.translation for template in translation._templates()}
    alike = defaultdict(set)  # the same words about the same places have the same chance
    for one in messages.catalogue("ar"):
        if one.string in known:
            values = {field: f"/v{number}" for number, field in enumerate(dict.fromkeys(FIELD.findall(one.id)))}
            english, arabic_ = (re.sub(FIELD, lambda at: values[at[0]], text) for text in (one.id, one.string))  # noqa: B023
            alike[english].add(arabic_)
    for english, expected in alike.items():
        assert translated(english) in expected, english
    assert len(known) > 300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no such host", "لا مضيف بهذا الاسم"),
        ("s3://b: x.gz is not there: then upload again", "s3://b: x.gz غير موجود: ثم ارفع من جديد"),
        ("record <urn:uuid:1> of 2026-11-24: under seal 3", "السجل <urn:uuid:1> بتاريخ 2026-11-24: تحت الختم 3"),
        (
            "is:odd is not known: write is:gone, is:paywalled, is:changed, is:retitled, is:shared or is:wire",
            "is:odd غير معروف: اكتب is:gone أو is:paywalled أو is:changed أو is:retitled أو is:shared أو is:wire",
        ),
        (
            "a.warc.gz: truncated record (7 bytes of its block are missing) at byte 9; the records around it are kept",
            "a.warc.gz: سجل مبتور (ينقص من كتلته 7 بايت) عند البايت 9؛ وما حوله من سجلات محفوظ",
        ),
        ("p.wacz: 'a': is encrypted at byte 7; x", "p.wacz: 'a': مشفّر عند البايت 7؛ x"),
        ("40% of the visits failed, 2% before", "40% من الزيارات فشلت، وكانت 2% قبل ذلك"),
        ("a title that is no message: of a page", "a title that is no message: of a page"),
        ("", ""),
    ],
)
def test_a_text_is_translated_as_far_as_it_is_made_of_messages(arabic, text, said):
    assert re.sub("[\u200e\u200f]", "", translated(text)) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "لا أختام"),
        (1, "ختم واحد"),
        (2, "ختمان"),
        (3, "3 أختام"),
        (11, "11 ختمًا"),
        (100, "100 ختم"),
        (103, "103 أختام"),
    ],
)
def test_a_number_has_the_form_that_its_language_has_for_it(arabic, number, said):
    assert n_("{n} seal", "{n} seals", number) == said


@pytest.mark.parametrize(("number", "said"), [(0, "0 seals in x"), (1, "1 seal in x"), (2, "2 seals in x")])
def test_a_number_in_english(number, said):
    assert n_("{n} seal in {place}", "{n} seals in {place}", number, place="x") == said


def test_a_plural_is_found_and_is_not_whole_without_each_of_its_forms():
    module = ast.parse("n_('{n} seal', '{n} seals', len(seals)); ngettext('a', 'b', 1); n_(one, many, 1); _('a word')")
    assert set(messages.said(module)) == {("{n} seal", "{n} seals"), ("a", "b"), "a word"}
    forms = tuple("abcdef")
    assert messages.is_whole(Message(("{n} seal", "{n} seals"), forms))
    assert not messages.is_whole(Message(("{n} seal", "{n} seals"), (*forms[:-1], "")))
    assert not messages.is_whole(Message("a word", ""))


def test_no_message_with_a_number_goes_without_its_plurals():
    plurals = {
        many[4:]
        for one, many in filter(lambda said: isinstance(said, tuple), messages.messages())
        if many[:4] == "{n} "
    }
    nouns = "|".join(one for one in plurals if one.isalpha())
    counted = re.compile(rf"\{{[^{{}}]*\}} ({nouns})\b")
    assert counted.search("{shown} seals")
    for path, tree in translating():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_":
                text = messages.template(node.args[0])
                assert not counted.search(text) or text in NO_COUNT, f"{path}:{node.lineno}: say it with `n_`: {text}"


NO_COUNT = {
    "{path} is not named like an archive: {suffixes} files can be imported",
    "the entry {name!r} is too long to be sent with a job (at most {max_entry_bytes:,} bytes)",
}
"""Kinds of files; a constant."""


def test_a_hostile_text_is_looked_at_in_no_time(arabic):
    with effort.at_most(0.5):
        translated(", : ; at byte " * 280)


def test_nothing_is_translated_where_no_locale_asks_for_it():
    assert translated("no such host") == "no such host"


@pytest.mark.slow
def test_a_crawl_in_arabic_speaks_arabic_and_stores_english(tmp_path):
    folder = tmp_path / "collections" / "a"
    pages = {"/": site.list_page("/a"), "/a": "<p>nothing</p>"}
    with site.Site(pages) as served:
        settings = ("-s", f"ARCHIVE_DIR={folder}", "-s", "WARRAQ_OPEN_NETWORKS=127.0.0.0/8", "-s", "DOWNLOAD_DELAY=0")
        done = program.scrapy("crawl", "news", "-a", f"url={served.url}", *settings, env=IN_ARABIC)
    assert done.returncode == 15
    assert "لم يُعثر على مقال" in done.stdout
    with closing(sqlite3.connect(folder / "warraq.db")) as db:
        (stored,) = db.execute("SELECT summary FROM runs").fetchone()
    assert "no article was found" in stored
    assert not ARABIC.search(stored)
    assert "لم يُعثر على مقال" in program.warraq("sites", cwd=tmp_path, env=IN_ARABIC).stdout


@pytest.mark.slow
def test_json_is_never_translated(shelf):
    folder = str(shelf.collection.folder)
    (warc,) = shelf.collection.warcs.glob("*.open")
    warc.write_bytes(warc.read_bytes()[:-9])  # something that verify names
    commands = (
        ("stats",),
        ("watch", "list"),
        ("verify",),
        ("health",),
        ("list",),
        ("search", "كتاب"),
        ("images",),
        ("joins",),
        ("config",),
    )
    for command in commands:
        english, arabic = (
            program.warraq("--archive", folder, *command, "--json", env=one) for one in (IN_ENGLISH, IN_ARABIC)
        )
        assert (arabic.stdout, arabic.stderr, arabic.returncode) == (english.stdout, english.stderr, english.returncode)
        assert english.stdout or command[0] in {"watch", "joins", "images"}
    assert "المقالات" in program.warraq("--archive", folder, "stats", env=IN_ARABIC).stdout


@pytest.mark.slow
def test_the_whole_help_is_translated():
    printed = run("--help", LANG="ar").stdout
    for name, command in warraq.commands.items():
        assert name in printed
        assert (command.help or "").split(".")[0][:40] not in printed
    assert "رموز الخروج" in printed
    assert "الاستعمال: " in printed
    assert ARABIC.search(run("watch", "add", "--help", LANG="ar").stdout)


def test_help_of_every_option_is_in_the_catalogue():
    with (messages.CATALOGUES / "ar/LC_MESSAGES/warraq.mo").open("rb") as file:
        known = read_mo(file)
    for command in warraq.commands.values():
        for option in command.params:
            if isinstance(option, click.Option) and option.help:
                assert known.get(option.help), f"{command.name}: {option.help}"


def test_no_function_that_translates_names_a_value_as_the_translator():
    """It gives `_` a value of its own, outside a comprehension, and calls it."""
    assert [f"{path}:{line}" for path, tree in translating() for line in misnamed(tree)] == []


def test_a_value_that_is_named_as_the_translator_is_found():
    assert list(misnamed(ast.parse("def f():\n    first, _ = 1, 2\n    echo(_('so it is'))"))) == [1]
    assert list(misnamed(ast.parse("def f():\n    first, _ = 1, 2"))) == []
    assert list(misnamed(ast.parse("def f():\n    echo(_('so it is'), [1 for _ in range(3)])"))) == []


def misnamed(tree):
    """Yield the lines of functions that call `_` and store a value in it."""
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            nodes = list(ast.walk(function))
            inside = {id(node) for each in nodes if isinstance(each, COMPREHENSIONS) for node in ast.walk(each)}
            stored = [
                node
                for node in nodes
                if isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)
            ]
            calls = any(isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_" for node in nodes)
            if calls and any(id(node) not in inside for node in stored):
                yield function.lineno
