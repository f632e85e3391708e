"""The contract of all storages: complete, verified files under their names; exact ranges; clear errors."""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING

import pytest

from archive.errors import StorageError, UsageError
from archive.storage import StoredFile, open_storage
from archive.storage.base import is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.storage import Storage

NAME = "archive/NEWS-1.warc.gz"
DATA = bytes(range(256)) * 3000
_numbers = itertools.count()


@pytest.fixture(params=["file", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "file":
        yield open_storage(f"file://{tmp_path}/there")
        return
    pytest.importorskip("fsspec", reason="needs fsspec, of the dev group")
    yield open_storage(f"memory://bucket{next(_numbers)}/news")


def a_file(folder: Path, data: bytes = DATA) -> tuple[Path, str]:
    path = folder / "local.warc.gz"
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


def put(storage: Storage, folder: Path, data: bytes = DATA, *, replace: bool = False) -> str:
    path, sha256 = a_file(folder, data)
    return storage.put_verified(path, NAME, sha256=sha256, replace=replace)


def test_a_url_without_a_bucket_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(UsageError, match="names no bucket"):
        open_storage("s3:///news")


def test_a_file_that_was_put_there_is_there_as_it_was(storage: Storage, tmp_path: Path) -> None:
    assert storage.stat(NAME) is None
    assert put(storage, tmp_path) == "read back"
    found = storage.stat(NAME)
    assert found is not None
    assert found.size == len(DATA)
    assert storage.read_range(NAME, 0, len(DATA)) == DATA


def test_any_range_of_it_can_be_read(storage: Storage, tmp_path: Path) -> None:
    put(storage, tmp_path)
    for offset, length in ((0, 1), (255, 3), (len(DATA) - 7, 7), (1000, 70_000)):
        assert storage.read_range(NAME, offset, length) == DATA[offset : offset + length]


def test_it_opens_again_by_its_url(storage: Storage, tmp_path: Path) -> None:
    put(storage, tmp_path)
    assert open_storage(storage.url).stat(NAME) == storage.stat(NAME)


def test_a_short_answer_is_an_error(storage: Storage, tmp_path: Path) -> None:
    put(storage, tmp_path)
    longer = StoredFile(storage, NAME, size=len(DATA) + 100)  # as the database has it; the object was cut since
    with pytest.raises(StorageError, match="but requested"):
        longer.part(len(DATA) - 50, 100)


def test_what_is_missing_is_told_by_name(storage: Storage) -> None:
    with pytest.raises(StorageError, match=r"archive/NEWS-1\.warc\.gz is not there"):
        storage.read_range(NAME, 0, 10)


def test_putting_it_again_sends_nothing(storage: Storage, tmp_path: Path) -> None:
    put(storage, tmp_path)
    assert put(storage, tmp_path) == "read back"


def test_another_file_of_that_name_is_left_alone(storage: Storage, tmp_path: Path) -> None:
    put(storage, tmp_path)
    with pytest.raises(StorageError, match="another file"):
        put(storage, tmp_path, b"other bytes")
    assert storage.read_range(NAME, 0, 4) == DATA[:4]
    put(storage, tmp_path, b"other bytes", replace=True)
    assert storage.read_range(NAME, 0, 5) == b"other"


def test_bytes_that_are_not_those_of_the_file_prove_nothing(storage: Storage, tmp_path: Path) -> None:
    put(storage, tmp_path, DATA[:-1] + b"!")
    path, sha256 = a_file(tmp_path)
    with pytest.raises(StorageError, match="SHA-256"):
        storage.prove(path, NAME, sha256=sha256)


def test_a_file_that_changes_while_it_is_put_there_gets_no_name(storage: Storage, tmp_path: Path) -> None:
    path, _ = a_file(tmp_path)
    with pytest.raises(StorageError):
        storage.put_verified(path, NAME, sha256=hashlib.sha256(b"what it was").hexdigest())
    assert storage.stat(NAME) is None


def test_reading_on_fetches_every_byte_once(storage: Storage, tmp_path: Path) -> None:
    put(storage, tmp_path)
    fetched: list[tuple[int, int]] = []
    file = StoredFile(storage, NAME, size=len(DATA), on_window=lambda at, data: fetched.append((at, len(data))))
    with file.open() as opened:
        assert opened.read() == DATA
        opened.seek(len(DATA) - 100)
        assert opened.read() == DATA[-100:]
    assert sum(length for _, length in fetched) == len(DATA)


@pytest.mark.parametrize(
    ("endpoint", "plain"),
    [
        ("http://s3.example:9000", True),
        ("https://s3.example", False),
        ("http://localhost:9000", False),
        ("http://127.0.0.1:9000", False),
    ],
)
def test_an_endpoint_is_plain_where_others_can_read_what_is_sent(endpoint: str, plain: bool) -> None:
    assert is_plain(endpoint) is plain
