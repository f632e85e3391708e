"""Import of a period of a site: only the selected records and those that belong to them, byte for byte."""

import gzip
import json
import shutil

import pytest

from archive import Archive
from archive.errors import UsageError
from archive.ingest.sources import CaptureFilter, moment_of
from archive.warc import read_raw, read_records
from tests.support.cli import warraq
from tests.support.pages import capture_of as capture
from tests.support.pages import page
from tests.support.pages import write_warc as write

pytestmark = pytest.mark.slow


@pytest.fixture
def warc(tmp_path):
    same = page("عنوان لا يتغير في هذا الاختبار كله")
    return write(
        tmp_path / "source",
        [
            capture("https://news.example/news/1", 1, page("خبر كانون الثاني عن الثلج")),
            capture("https://other.example/news/1", 2, page("خبر من موقع آخر لا يعنينا")),
            capture("https://www.news.example/news/2", 2, page("خبر شباط عن المطر الغزير")),
            capture("https://news.example/newsletter", 2, page("النشرة البريدية لهذا الموقع")),
            capture("https://mirror.example/same", 1, same),
            capture("https://news.example/news/same", 2, same),
            capture("https://news.example/news/3", 3, page("خبر آذار عن الزهور البرية")),
        ],
    )


def raw_of(path):
    return {record.id: read_raw(path.parent, record.location) for record in read_records(path)}


def urls_in(folder):
    with Archive(folder) as archive:
        return {row["url"] for row in archive.db.query("SELECT url FROM captures")}


def test_only_records_of_the_period_and_the_site_are_copied_and_unchanged(warc, tmp_path):
    folder = tmp_path / "c"
    said = json.loads(
        warraq(
            "--archive", folder, "import", "--json", "--url-prefix", "https://news.example/news/",
            "--from", "2026-02", "--to", "2026-02-28", warc,
        ).stdout
    )  # fmt: skip
    assert said["captures"] == 3
    (copy,) = (folder / "archive").glob("*.warc.gz")
    source, copied = raw_of(warc), raw_of(copy)
    ours = {record.id for record in read_records(copy) if record.type in {"warcinfo", "conversion"}}
    kept = [record for record in read_records(copy) if record.id not in ours]
    assert all(copied[record.id] == source[record.id] for record in kept)
    assert sorted((record.type, record.url.partition("//")[2]) for record in kept) == [
        ("metadata", "mirror.example/same"),
        ("metadata", "news.example/news/same"),
        ("metadata", "www.news.example/news/2"),
        ("request", "mirror.example/same"),
        ("request", "news.example/news/same"),
        ("request", "www.news.example/news/2"),
        ("response", "mirror.example/same"),  # a revisit of the period repeats it
        ("response", "www.news.example/news/2"),
        ("revisit", "news.example/news/same"),
    ]
    with Archive(folder) as archive:
        rows = list(archive.db.query("SELECT timestamp FROM captures ORDER BY timestamp"))
        assert [row["timestamp"] for row in rows] == ["20260115120000", "20260215120000", "20260215120000"]
        assert {row["via"] for row in archive.db.query("SELECT via FROM captures")} == {"https://feeds.example/"}
        assert len(list(archive.newest())) == 3
    assert "manifest-sha256.txt" in {path.name for path in (folder / "archive").iterdir()}
    warraq("--archive", folder, "verify")


def test_a_second_period_adds_what_is_new_and_the_same_again_adds_nothing(warc, tmp_path):
    folder = tmp_path / "c"
    choose = ("--archive", folder, "import", "--json", "--host", "news.example")
    warraq(*choose, "--to", "2026-02", warc)
    said = json.loads(warraq(*choose, "--from", "2026-02", warc).stdout)
    assert (said["captures"], said["known_before"], said["articles_new"]) == (5, 4, 1)
    files = sorted((folder / "archive").glob("*.warc.gz"))
    said = json.loads(warraq(*choose, "--from", "2026-02", warc).stdout)
    assert (said["captures"], said["known_before"]) == (5, 5)
    assert sorted((folder / "archive").glob("*.warc.gz")) == files
    ids = [record.id for path in files for record in read_records(path) if record.type in {"response", "request"}]
    assert len(ids) == len(set(ids))


def test_a_revisit_finds_its_original_in_another_file_of_the_set(warc, tmp_path):
    records = list(read_records(warc))
    first, second = tmp_path / "a.warc.gz", tmp_path / "b.warc.gz"
    cut = next(n for n, record in enumerate(records) if record.type == "revisit")
    first.write_bytes(b"".join(read_raw(warc.parent, record.location) for record in records[:cut]))
    second.write_bytes(b"".join(read_raw(warc.parent, record.location) for record in records[cut:]))
    folder = tmp_path / "c"
    warraq("--archive", folder, "import", "--url-prefix", "https://news.example/news/same", second, first)
    assert urls_in(folder) == {"https://news.example/news/same", "https://mirror.example/same"}
    with Archive(folder) as archive:
        assert any(row["url"] == "https://news.example/news/same" for row in archive.newest())


@pytest.mark.parametrize("how", ["plain", "whole gzip"])
def test_a_period_of_a_warc_without_members_of_their_own_is_taken(warc, tmp_path, how):
    data = gzip.decompress(warc.read_bytes())
    other = tmp_path / ("old.warc" if how == "plain" else "old.warc.gz")
    other.write_bytes(data if how == "plain" else gzip.compress(data))
    warraq("--archive", tmp_path / "c", "import", "--from", "2026-03", other)
    assert urls_in(tmp_path / "c") == {"https://news.example/news/3"}


def test_a_torn_file_gives_what_lies_before_the_damage(warc, tmp_path):
    torn = tmp_path / "torn.warc.gz"
    shutil.copy(warc, torn)
    torn.chmod(0o644)
    with torn.open("r+b") as file:
        file.truncate(torn.stat().st_size - 2500)
    warraq("--archive", tmp_path / "c", "import", "--from", "2026-02", "--host", "news.example", torn, code=7)
    assert "https://www.news.example/news/2" in urls_in(tmp_path / "c")


def test_rebuilding_the_database_keeps_the_site_that_was_named(warc, tmp_path):
    folder = tmp_path / "c"
    warraq("--archive", folder, "import", "--site", "daily", "--from", "2026-03", warc)
    warraq("--archive", folder, "reindex")
    with Archive(folder) as archive:
        assert [row["site"] for row in archive.db.query("SELECT site FROM captures")] == ["daily"]


def test_a_time_is_any_length_of_a_timestamp_and_includes_all_of_it():
    wanted = CaptureFilter(first=moment_of("2026-02"), last=moment_of("2026-02-28"))
    assert wanted.takes("https://a.example/", "2026-02-01T00:00:00Z")
    assert wanted.takes("https://a.example/", "20260228235959")
    assert not wanted.takes("https://a.example/", "2026-03-01T00:00:00Z")
    assert not wanted.takes("https://a.example/", "2026-01-31T23:59:59.999Z")
    with pytest.raises(UsageError, match="not a time"):
        moment_of("last week")


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://news.example/", True),
        ("http://www.news.example/a", True),
        ("https://live.news.example:8443/a", True),
        ("https://fakenews.example/", False),
        ("https://news.example.org/", False),
        ("dns:news.example", False),
    ],
)
def test_a_host_means_it_and_its_subdomains(url, taken):
    assert CaptureFilter(host="news.example").takes_url(url) is taken
