"""Properties of all exports: a complete file or none, the bytes of the archive, only the selection."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import zipfile
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from lxml import etree
from lxml import html as lxml_html

from archive.body import Block, Span, dumps, paragraphs
from archive.capture import Location
from archive.errors import ArchiveError
from archive.export import FORMATS, Chosen
from archive.export.tei import article_tei
from archive.export.warc import Sorted
from archive.warc import read_at, read_raw, read_records
from archive.warc.cdxj import entry_of_record, parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Collection

pytestmark = pytest.mark.slow

capture_formats = pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if one.of == "captures"])


@capture_formats
def test_the_same_choice_gives_the_same_bytes(collection: Collection, tmp_path: Path, name: str) -> None:
    chosen = (Chosen(location=collection.again.location), Chosen(location=collection.style.location))
    first, second = tmp_path / "1", tmp_path / "2"
    assert FORMATS[name].write(collection.source(*chosen), first) == 2
    assert FORMATS[name].write(collection.source(*chosen), second) == 2
    assert first.read_bytes() == second.read_bytes()


@capture_formats
def test_nothing_chosen_makes_an_empty_file_that_opens(collection: Collection, tmp_path: Path, name: str) -> None:
    assert FORMATS[name].write(collection.source(), tmp_path / "none") == 0
    assert (tmp_path / "none").exists()


@capture_formats
def test_a_failed_export_leaves_what_was_there(collection: Collection, tmp_path: Path, name: str) -> None:
    target = tmp_path / "here"
    target.write_text("before")
    wrong = Location(filename=collection.first.location.filename, offset=3, length=5)
    with pytest.raises(ArchiveError):
        FORMATS[name].write(
            collection.source(Chosen(location=collection.first.location), Chosen(location=wrong)), target
        )
    assert target.read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"here", "collections"}


def test_warc_export_holds_the_records_byte_for_byte(collection: Collection, tmp_path: Path) -> None:
    FORMATS["warc"].write(collection.source(Chosen(location=collection.style.location)), tmp_path / "x.warc.gz")
    found = list(read_records(tmp_path / "x.warc.gz"))
    assert [record.type for record in found] == ["warcinfo", "response", "request", "metadata"]
    raw = read_raw(collection.folder / "archive", collection.style.location)
    assert read_raw(tmp_path, found[1].location) == raw


def test_a_revisit_brings_the_response_that_it_refers_to(collection: Collection, tmp_path: Path) -> None:
    FORMATS["warc"].write(collection.source(Chosen(location=collection.again.location)), tmp_path / "x.warc.gz")
    found = {record.id: record for record in read_records(tmp_path / "x.warc.gz")}
    assert found[collection.again.record_id].type == "revisit"
    assert found[collection.first.record_id].type == "response"
    assert "http://news.example/other" not in {record.url for record in found.values()}


def test_cdxj_export_points_into_the_archive(collection: Collection, tmp_path: Path) -> None:
    chosen = [Chosen(location=one.location) for one in (collection.style, collection.first)]
    FORMATS["cdxj"].write(collection.source(*chosen), tmp_path / "x.cdxj")
    entries = [parse_line(line) for line in (tmp_path / "x.cdxj").read_text().splitlines()]
    assert [entry.url for entry in entries] == ["http://news.example/1", "http://news.example/s.css"]
    for entry in entries:
        assert entry_of_record(read_at(collection.folder / "archive", entry.location)) == entry


@pytest.fixture
def package(collection: Collection, tmp_path: Path) -> zipfile.ZipFile:
    chosen = (
        Chosen(location=collection.again.location, title="عنوان", text="نص الخبر"),
        Chosen(location=collection.style.location, is_page=False),
    )
    FORMATS["wacz"].write(collection.source(*chosen, title="أخبار"), tmp_path / "x.wacz")
    return zipfile.ZipFile(tmp_path / "x.wacz")


def test_wacz_answers_for_every_byte(package: zipfile.ZipFile) -> None:
    description = json.loads(package.read("datapackage.json"))
    listed = {one["path"]: (one["hash"], one["bytes"]) for one in description["resources"]}
    real = {
        name: (f"sha256:{hashlib.sha256(package.read(name)).hexdigest()}", len(package.read(name)))
        for name in package.namelist()
        if not name.startswith("datapackage")
    }
    assert listed == real
    digest = json.loads(package.read("datapackage-digest.json"))
    assert digest["hash"] == f"sha256:{hashlib.sha256(package.read('datapackage.json')).hexdigest()}"
    assert (description["wacz_version"], description["title"]) == ("1.1.1", "أخبار")
    assert description["mainPageUrl"] == "http://news.example/1"


def test_wacz_index_leads_to_its_records(package: zipfile.ZipFile, tmp_path: Path) -> None:
    package.extractall(tmp_path / "out")
    meta, *blocks = package.read("indexes/index.idx").decode().splitlines()
    assert json.loads(meta.split(" ", 2)[2]) == {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}
    packed = package.read("indexes/index.cdx.gz")
    lines: list[str] = []
    for block in blocks:
        key, moment, place = block.split(" ", 2)
        where = json.loads(place)
        piece = packed[where["offset"] : where["offset"] + where["length"]]
        assert where["digest"] == f"sha256:{hashlib.sha256(piece).hexdigest()}"
        lines += gzip.decompress(piece).decode().splitlines()
        assert any(line.startswith(f"{key} {moment} ") for line in lines)
    entries = [parse_line(line) for line in lines]
    assert [entry.mime for entry in entries] == ["text/html", "warc/revisit", "text/css"]
    for entry in entries:
        assert entry_of_record(read_at(tmp_path / "out" / "archive", entry.location)) == entry


def test_wacz_lists_pages_and_only_pages(package: zipfile.ZipFile, collection: Collection) -> None:
    head, *pages = [json.loads(line) for line in package.read("pages/pages.jsonl").decode().splitlines()]
    assert head["format"] == "json-pages-1.0"
    assert pages == [
        {
            "id": collection.again.record_id.removeprefix("<urn:uuid:").removesuffix(">"),
            "url": "http://news.example/1",
            "ts": "2026-11-25T05:30:00Z",
            "title": "عنوان",
            "text": "نص الخبر",
        }
    ]


def test_readers_that_trust_the_directory_find_the_data(package: zipfile.ZipFile) -> None:
    assert all(info.extra for info in package.infolist())  # see EXTENDED_TIME


def test_wacz_stores_what_is_compressed_already(package: zipfile.ZipFile) -> None:
    stored = {info.filename for info in package.infolist() if info.compress_type == zipfile.ZIP_STORED}
    assert stored == {"archive/data.warc.gz", "indexes/index.cdx.gz", "indexes/index.idx"}


def test_sorting_spills_to_disk_and_still_gives_each_line_once() -> None:
    with Sorted(run=7) as lines:
        for n in range(100):
            lines.add(f"{(n * 37) % 50:03d} سطر")
        assert list(lines) == [f"{n:03d} سطر" for n in range(50)]
        assert len(lines) == 50


ROWS = (
    {
        "id": 1, "url": "http://news.example/1", "version": 1, "is_latest": 1, "title": "عنوان", "text": "سطر\nسطر آخر, \"وفاصلة\"",
        "tags": '["سياسة"]', "is_accessible_for_free": None, "warc_record_offset": 5,
        "text_digest": "sha256:1",
    },
    {
        "id": 2, "url": "http://news.example/2", "version": 1, "is_latest": 0, "title": "=cmd|' /C calc'!A0", "text": "",
        "tags": "[]", "is_accessible_for_free": 1, "warc_record_offset": 6,
        "text_digest": "sha256:2",
    },
)  # fmt: skip
article_formats = pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if one.of == "articles"])


@article_formats
def test_articles_come_out_whole_and_counted(collection: Collection, tmp_path: Path, name: str) -> None:
    target = tmp_path / "x"
    assert FORMATS[name].write(collection.source(articles=ROWS), target) == 2
    first = READERS[name](target)
    assert first[0]["title"] == "عنوان"
    assert first[0]["text"] == 'سطر\nسطر آخر, "وفاصلة"'
    assert FORMATS[name].write(collection.source(articles=()), target) == 0


@article_formats
def test_a_failed_export_of_articles_leaves_what_was_there(collection: Collection, tmp_path: Path, name: str) -> None:
    def rows() -> Iterator[dict[str, object]]:
        yield ROWS[0]
        raise ArchiveError("the disk is gone")

    (tmp_path / "here").write_text("before")
    with pytest.raises(ArchiveError):
        FORMATS[name].write(collection.source(articles=rows()), tmp_path / "here")
    assert (tmp_path / "here").read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"here", "collections"}


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_parquet(path: Path) -> list[dict[str, object]]:
    return pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()


def read_txt(path: Path) -> list[dict[str, str]]:
    articles = []
    for article in path.read_text().split("\n* * *\n\n"):
        head, *paragraphs = article.removesuffix("\n").split("\n\n")
        articles.append({"title": head.splitlines()[0], "text": "\n".join(paragraphs)})
    return articles


def read_html(path: Path) -> list[dict[str, str]]:
    return [
        {
            "title": article.findtext("header/h1") or "",
            "text": "\n".join(paragraph.text_content() for paragraph in article.findall("div/p")),
        }
        for article in lxml_html.parse(path).getroot().iter("article")
    ]


def read_markdown(path: Path) -> list[dict[str, str]]:
    articles = []
    for article in path.read_text().split("\n---\n\n"):
        title, *rest = article.removesuffix("\n").split("\n\n")
        paragraphs = [one for one in rest if not one.startswith("<http")]
        articles.append({"title": title.removeprefix("# "), "text": "\n".join(paragraphs)})
    return articles


def read_epub(path: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as book:
        names = [name for name in book.namelist() if name[0].isdigit()]
        pages = [etree.fromstring(book.read(name)) for name in names]
    space = {"x": "http://www.w3.org/1999/xhtml"}
    return [
        {
            "title": page.findtext(".//x:header/x:h1", namespaces=space) or "",
            "text": "\n".join("".join(one.itertext()) for one in page.findall(".//x:article/x:div/x:p", space)),
        }
        for page in pages
    ]


def test_an_epub_is_put_together_as_readers_expect_it(collection: Collection, tmp_path: Path) -> None:
    odd = {**ROWS[0], "title": "a\x0b<b> & c", "url": "javascript:alert(1)", "language": "en"}
    assert FORMATS["epub"].write(collection.source(articles=[SHAPED, odd]), tmp_path / "x.epub") == 2
    with zipfile.ZipFile(tmp_path / "x.epub") as book:
        first = book.infolist()[0]
        assert (first.filename, first.compress_type, book.read(first)) == (
            "mimetype",
            zipfile.ZIP_STORED,
            b"application/epub+zip",
        )
        for name in book.namelist()[1:]:
            etree.fromstring(book.read(name))  # well formed, all of them
        package, page = book.read("package.opf").decode(), book.read("1.xhtml").decode()
        assert "a\ufffd&lt;b&gt; &amp; c" in book.read("nav.xhtml").decode()
        assert "javascript:" not in book.read("2.xhtml").decode().split("<a", 1)[-1].split(">")[0]
    assert 'page-progression-direction="rtl"' in package
    assert "<dc:language>ar</dc:language><dc:language>en</dc:language>" in package
    assert 'dir="rtl"' in page
    assert "<script" not in page


XML = "http://www.w3.org/XML/1998/namespace"
TEI = {"t": "http://www.tei-c.org/ns/1.0"}


def read_tei(path: Path) -> list[dict[str, str]]:
    return [
        {
            "title": text.findtext(".//t:titleStmt/t:title", namespaces=TEI) or "",
            "text": "\n".join("".join(one.itertext()) for one in text.findall(".//t:body/t:p", TEI)),
        }
        for text in etree.parse(path).getroot().findall("t:TEI", TEI)
    ]


EVERY_KIND = (
    Block(
        kind="paragraph",
        spans=(
            Span(text="a\x0b<b> & "), Span(text="c", href="https://a.example/?x=1&y=2", marks=("em", "strong")),
            Span(text=" d"), Span(text=" e"),
        ),
    ),
    Block(kind="heading", level=3, spans=(Span(text="Three"),)),
    Block(kind="paragraph", spans=(Span(text="under three"),)),
    Block(kind="heading", level=4, spans=(Span(text="Four"),)),
    Block(kind="list", level=1, items=(paragraphs("one"), (*paragraphs("two"), Block(kind="list", items=(paragraphs("inner"),))))),
    Block(kind="heading", level=2, spans=(Span(text="Two"),)),
    Block(
        kind="quote", blocks=(Block(kind="heading", level=3, spans=(Span(text="head"),)), *paragraphs("said")),
        cite="Amal", url="https://a.example/q",
    ),
    Block(kind="quote", spans=(Span(text="unsourced", href="javascript:alert(1)"),), url="javascript:alert(1)"),
    Block(
        kind="table", level=1, caption=(Span(text="Results"),),
        rows=(((Span(text="Team"),), (Span(text="Goals"),)), ((Span(text="Home"),), ())),
    ),
    Block(kind="table", spans=(Span(text="Scorers"),), rows=(((Span(text="Ali"),),),)),
    Block(kind="table"),
    Block(kind="list"),
    Block(kind="figure", url="https://a.example/p.jpg", alt="a gate", caption=(Span(text="The gate"),), credit="S. H."),
    Block(kind="figure", url="data:image/png;base64,AA"),
    Block(kind="embed", url="https://video.example/1", provider="Video"),
    Block(kind="embed", url="javascript:alert(1)", alt="a video"),
    Block(kind="code", spans=(Span(text="if a < b:\n    run()"),)),
    Block(kind="question", spans=(Span(text="Why?"),)),
    Block(kind="answer", blocks=(*paragraphs("Because."), Block(kind="entry", time="soon", spans=(Span(text="x", marks=("code",)),)))),
    Block(kind="separator"),
    Block(
        kind="entry", time="2026-11-29T08:00:00+02:00",
        blocks=(*paragraphs("first"), Block(kind="heading", level=4, spans=(Span(text="in it"),))),
    ),
    *paragraphs("between"),
    Block(kind="entry", time="noon", spans=(Span(text="second"),)),
    *paragraphs("after"),
)  # fmt: skip


@pytest.fixture
def corpus(collection: Collection, tmp_path: Path) -> etree._Element:
    row = {
        **ROWS[0], "title": "a\x0b<b> & c", "url": "https://a.example/1?x=1&y=2", "language": "en", "author": "Amal Haddad; Jo Berg",
        "sitename": "The <Post>", "section": "World", "date_published": "2026-11-28T10:00:00+00:00", "date_modified": "yesterday",
        "fetched_at": "2026-11-29T09:00:00+00:00", "payload_digest": "sha256:abc", "body": dumps(EVERY_KIND),
    }  # fmt: skip
    picture = {
        **ROWS[0],
        "text": "",
        "language": "no language",
        "body": dumps((Block(kind="figure", url="https://a.example/p.jpg"),)),
    }
    source = collection.source(articles=[row, ROWS[1], picture], title="News & <more>")
    FORMATS["tei"].write(source, tmp_path / "x.xml")
    return etree.parse(tmp_path / "x.xml").getroot()


def test_tei_is_valid_for_every_kind_of_block_and_without_text(corpus: etree._Element) -> None:
    """The DTD is that of TEI for linguistic corpora, which has no tables and figures: they are taken out first."""
    dtd = etree.DTD(str(resources.files("trafilatura") / "data/tei_corpus.dtd"))
    assert len(corpus.findall("t:TEI", TEI)) == 3
    for element in [*corpus.iterfind(".//t:table", TEI), *corpus.iterfind(".//t:figure", TEI)]:
        element.getparent().remove(element)
    assert dtd.validate(corpus), dtd.error_log


def test_tei_names_the_source_in_its_header(corpus: etree._Element) -> None:
    header = corpus.find("t:TEI/t:teiHeader", TEI)
    said = [
        (element.tag.split("}")[1], element.text, dict(element.attrib))
        for element in header.iter(etree.Element)
        if element.text
    ]
    assert said == [
        ("title", "a\ufffd<b> & c", {}),
        ("author", "Amal Haddad", {}),
        ("author", "Jo Berg", {}),
        ("publisher", "The <Post>", {}),
        ("date", "2026-11-28T10:00:00+00:00", {"type": "published", "when": "2026-11-28T10:00:00+00:00"}),
        ("date", "yesterday", {"type": "modified"}),
        ("idno", "https://a.example/1?x=1&y=2", {"type": "URL"}),
        ("date", "2026-11-29T09:00:00+00:00", {"type": "captured", "when": "2026-11-29T09:00:00+00:00"}),
        ("idno", "sha256:abc", {"type": "WARC-Payload-Digest"}),
        ("language", "en", {"ident": "en"}),
        ("term", "World", {"type": "section"}),
        ("term", "سياسة", {"type": "tag"}),
    ]
    assert corpus.findtext("t:teiHeader//t:title", namespaces=TEI) == "News & <more>"
    assert [text.get(f"{{{XML}}}lang") for text in corpus.findall("t:TEI", TEI)] == ["en", None, None]


@pytest.mark.parametrize(
    ("time", "is_date"),
    [
        ("2028-02-29", True),
        ("2026-11-29T23:59:59.5Z", True),
        ("2026-02-29", False),
        ("2026-11-29T24:59:00Z", False),
        ("٢٠٢٦-١١-٢٩", False),
        ("20261129", False),
    ],
)
def test_tei_marks_only_dates_of_the_calendar_as_such(time: str, *, is_date: bool) -> None:
    text = etree.fromstring(article_tei({**ROWS[0], "date_published": time}))
    date = text.find(".//t:publicationStmt/t:date", TEI)
    assert (date.text, "when" in date.attrib) == (time, is_date)


def test_tei_has_the_sections_and_blocks_of_the_article(corpus: etree._Element) -> None:
    body = corpus.find("t:TEI/t:text/t:body", TEI)

    def heads(path: str) -> list[str]:
        return [" ".join("".join(one.itertext()).split()) for one in body.findall(path, TEI)]

    assert heads("t:div/t:head") == ["Three", "Two"]
    assert heads("t:div[1]/t:div/t:head") == ["Four"]
    assert heads("t:div[2]/t:div[@type='entry']/t:head") == ["2026-11-29T08:00:00+02:00", "noon"]
    assert heads("t:div[2]/t:div/t:p") == ["first", "between", "second", "after"]
    assert heads("t:div[1]/t:div/t:list[@rend='numbered']/t:item") == ["one", "twoinner"]
    assert heads("t:div[1]/t:div/t:list/t:item/t:list[@rend='bulleted']/t:item") == ["inner"]
    assert heads("t:div[2]/t:cit/t:quote/t:label") == ["head"]
    assert heads("t:div[2]/t:cit/t:bibl/t:ref[@target='https://a.example/q']") == ["Amal"]
    assert heads("t:div[2]/t:table/t:row[@role='label']/t:cell") == ["Team", "Goals"]
    assert heads("t:div[2]/t:table/t:head") == ["Results", "Scorers"]
    assert heads("t:div[2]/t:figure/t:figDesc") == ["a gate", "Video: https://video.example/1", "a video"]
    assert heads("t:div[2]/t:figure/t:head") == ["The gate"]
    assert heads("t:div[2]/t:figure/t:note[@type='credit']") == ["S. H."]
    assert heads("t:div[2]/t:milestone[@unit='section']") == [""]
    assert heads("t:div[2]/t:q[@type='question']/t:p") == ["Why?"]
    assert heads("t:div[2]/t:q[@type='answer']/t:label") == ["soon"]
    assert body.findtext(".//t:ab[@xml:space='preserve']", namespaces={**TEI, "xml": XML}) == ("if a < b:\n    run()")
    first = body.find("t:p", TEI)
    assert "".join(first.itertext()) == "a\ufffd<b> & c d e"
    assert [(one.tag.split("}")[1], dict(one.attrib)) for one in first.iterdescendants()] == [
        ("ref", {"target": "https://a.example/?x=1&y=2"}),
        ("hi", {"rend": "italic bold"}),
    ]
    addresses = {value for one in body.iter() for name, value in one.attrib.items() if name in {"target", "url"}}
    assert all(address.startswith("https://") for address in addresses)


READERS = {
    "epub": read_epub,
    "tei": read_tei,
    "html": read_html,
    "markdown": read_markdown,
    "txt": read_txt,
    "jsonl": lambda path: [json.loads(line) for line in path.read_text().splitlines()],
    "csv": read_csv,
    "parquet": read_parquet,
}


def test_json_columns_are_opened(collection: Collection, tmp_path: Path) -> None:
    FORMATS["jsonl"].write(collection.source(articles=ROWS), tmp_path / "x")
    first, second = READERS["jsonl"](tmp_path / "x")
    assert (first["tags"], first["is_latest"], first["is_accessible_for_free"]) == (["سياسة"], True, None)
    assert (second["is_latest"], second["is_accessible_for_free"]) == (False, True)
    assert "سياسة" in (tmp_path / "x").read_text()


def test_a_title_cannot_run_as_a_formula(collection: Collection, tmp_path: Path) -> None:
    FORMATS["csv"].write(collection.source(articles=ROWS), tmp_path / "x")
    assert read_csv(tmp_path / "x")[1]["title"] == "'=cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    "title",
    [
        "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\u202e=1", "\x00=1", "\x1b=1",
        "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "\ufe661", "\ufe621", "\ufe631", "\ufe6b1", "\t", "  \t @x",
    ],
)  # fmt: skip
def test_no_cell_begins_as_a_formula_does_however_it_is_written(
    title: str, collection: Collection, tmp_path: Path
) -> None:
    FORMATS["csv"].write(collection.source(articles=[{"title": title, "text": "x=1", "n": -1}]), tmp_path / "x")
    (row,) = read_csv(tmp_path / "x")
    assert row == {"title": f"'{title}", "text": "x=1", "n": "-1"}


SHAPED = {
    **ROWS[0],
    "text": "رأس\nقيل",
    "language": "ar",
    "body": dumps(
        (
            Block(kind="heading", level=2, spans=(Span(text="رأس"),)),
            Block(kind="quote", blocks=paragraphs("قيل")),
            Block(kind="figure", url="https://news.example/p.jpg", alt="باب"),
        )
    ),
}


def test_html_and_markdown_have_the_shape_and_load_nothing(collection: Collection, tmp_path: Path) -> None:
    FORMATS["html"].write(collection.source(articles=[SHAPED]), tmp_path / "x.html")
    written = (tmp_path / "x.html").read_text()
    assert '<article lang="ar" dir="rtl">' in written
    assert "<blockquote><p>قيل</p></blockquote>" in written
    assert not [word for word in ("<img", "<script", "<link", "url(") if word in written]
    FORMATS["markdown"].write(collection.source(articles=[SHAPED]), tmp_path / "x.md")
    assert "## رأس\n\n> قيل\n\n![باب](https://news.example/p.jpg)\n" in (tmp_path / "x.md").read_text()


def test_jsonl_has_the_blocks_and_csv_leaves_them_out(collection: Collection, tmp_path: Path) -> None:
    FORMATS["jsonl"].write(collection.source(articles=[SHAPED]), tmp_path / "x")
    assert READERS["jsonl"](tmp_path / "x")[0]["body"][0] == {"kind": "heading", "level": 2, "spans": [{"text": "رأس"}]}
    FORMATS["csv"].write(collection.source(articles=[SHAPED]), tmp_path / "x")
    assert "body" not in read_csv(tmp_path / "x")[0]


def test_arrow_reads_the_blocks_of_jsonl(collection: Collection, tmp_path: Path) -> None:
    reader = pytest.importorskip("pyarrow.json")
    plain = {**SHAPED, "body": dumps(paragraphs("سطر"))}
    linked = {**SHAPED, "body": dumps((Block(kind="paragraph", spans=(Span(text="a", href="https://a.org/"),)),))}
    FORMATS["jsonl"].write(collection.source(articles=[plain, SHAPED, linked]), tmp_path / "x.jsonl")
    assert (
        reader.read_json(tmp_path / "x.jsonl").column("body").to_pylist()[2][0]["spans"][0]["href"] == "https://a.org/"
    )


def test_parquet_has_real_types_and_null_for_what_is_missing(collection: Collection, tmp_path: Path) -> None:
    row = {
        **ROWS[0], "date": "2026-11-24", "fetched_at": "2026-11-24T12:00:00+03:00", "gone_at": None, "author": "",
        "images": '[{"url":"u","caption":""}]', "provenance": '{"title":"h1"}', "dropped": "[[1]]", "paywalled_at": "soon",
    }  # fmt: skip
    assert FORMATS["parquet"].write(collection.source(articles=[row]), tmp_path / "x") == 1
    (said,) = read_parquet(tmp_path / "x")
    assert str(said["date"]) == "2026-11-24"
    assert str(said["fetched_at"]) == "2026-11-24 09:00:00+00:00"
    assert (said["tags"], said["images"]) == (["سياسة"], [{"url": "u", "caption": ""}])
    assert said["provenance"] == [("title", "h1")]
    assert [said[name] for name in ("gone_at", "author", "dropped", "paywalled_at")] == [None] * 4


def test_parquet_has_types(collection: Collection, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    FORMATS["parquet"].write(collection.source(articles=ROWS), tmp_path / "x")
    types = {field.name: str(field.type) for field in parquet.read_schema(tmp_path / "x")}
    assert (types["id"], types["is_latest"], types["title"]) == ("int64", "bool", "string")
