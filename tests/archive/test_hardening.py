"""Foreign databases, site lists and links never make warraq open or write other files."""

import os
from pathlib import Path

import pytest

from archive import DamagedFileError
from archive.capture import Location
from archive.collection import Collection
from archive.warc import read_at
from tests.support.program import scrapy

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["../secret.warc.gz", "/etc/passwd", "a/../../b", "..", "", "x\0y", "..\\secret"])
def test_a_filename_in_a_row_cannot_lead_out_of_the_archive_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    (tmp_path / "secret.warc.gz").write_bytes(b"secret")
    with pytest.raises(DamagedFileError, match="not the name of a file"):
        read_at(folder, Location(filename=name, offset=0, length=6))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "a/b", "..", "x\ny"])
def test_a_site_name_cannot_lead_out_of_the_collections(tmp_path: Path, name: str) -> None:
    done = scrapy("crawl", "news", "-a", f"site={name}", "-s", f"WARRAQ_COLLECTIONS={tmp_path}/in")
    assert done.returncode != 0
    assert list(tmp_path.iterdir()) == []


def test_a_site_entry_with_a_path_for_a_name_is_refused(tmp_path: Path) -> None:
    from crawler.sites import SiteError, load_sites

    file = tmp_path / "sites.toml"
    file.write_text('[site."../../x"]\nseeds = ["https://a.example/"]\n', "utf-8")
    with pytest.raises(SiteError, match="folder"):
        load_sites(file)


def test_a_collection_is_no_more_open_to_others_than_the_umask_says(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        collection = Collection(tmp_path / "c")
        collection.create()
        with collection.lock():
            pass
    finally:
        os.umask(old)
    for path in (collection.folder, collection.warcs, collection.indexes, collection.folder / ".lock"):
        assert path.stat().st_mode & 0o077 == 0
