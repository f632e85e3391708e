"""Store files in buckets of S3 and compatible servers; the server's own checksums prove what arrived."""

from __future__ import annotations

import base64
import hashlib
import logging
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from archive.errors import StorageError, UsageError
from archive.locale import N_
from archive.storage.base import StoredObject, another_file, is_plain, not_the_same, not_there
from archive.storage.objects import ObjectStorage, fsspec_for, no_answer, refused, wrong_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.storage.base import StorageUrl

logger = logging.getLogger(__name__)

PART = 16 << 20
"""Bytes of a part of a multipart upload: two are in memory at a time; smaller files than two parts go in one request."""
MOST_PARTS = 10_000
"""Of the protocol; a file of more than 160 GB has larger parts."""
CONNECT_S, READ_S, ATTEMPTS = 10, 60, 3
ANSWER_S = 180.0
"""For a whole exchange with its repetitions: READ_S bounds the wait for the next byte alone, and a server may send such bytes for ever."""
SLOWEST = 1 << 16
"""Bytes a second of the slowest line that files are sent and read over; what an exchange carries extends it by as much."""


class S3Storage(ObjectStorage):
    """A bucket, or a prefix in one. Objects appear when they are whole, as the protocol promises: no second name is needed.

    Credentials are found as botocore finds them: environment, ~/.aws, the machine's role.
    """

    def __init__(self, place: StorageUrl) -> None:
        if not place.host:
            raise UsageError(N_(f"{place.url} names no bucket: write s3://BUCKET/PREFIX"))
        super().__init__(place)
        self._bucket, self._prefix = place.host, place.path

    def open_filesystem(self, place: StorageUrl) -> Any:
        """Return the filesystem; a server that is spoken to in the clear is warned of."""
        fsspec = fsspec_for(place)
        try:
            import s3fs
        except ImportError as error:
            raise UsageError(N_(f"s3:// needs {error.name}: pip install 'warraq[s3]'")) from error
        endpoint = place.option("endpoint_url")
        if is_plain(endpoint):
            _warn_once(endpoint)
        configured = fsspec.config.conf.get("s3", {}).get("config_kwargs", {})
        bounds = {"connect_timeout": CONNECT_S, "read_timeout": READ_S, "retries": {"max_attempts": ATTEMPTS}}
        region = place.option("region_name")
        more: dict[str, Any] = {"client_kwargs": {"region_name": region}} if region else {}
        more |= {"endpoint_url": endpoint} if endpoint else {}
        more |= {"profile": place.option("profile")} if place.option("profile") else {}
        with self._configured(place):
            return s3fs.S3FileSystem(config_kwargs=bounds | configured, max_concurrency=2, **more)

    def stat(self, name: str) -> StoredObject | None:
        """Return what is there, with the sha256 from its metadata."""
        found = self._head(name)
        if found is None:
            return None
        kept = str(found.get("Metadata", {}).get("sha256", ""))
        return StoredObject(size=int(found["ContentLength"]), sha256=kept)

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return bytes of an object, in one request; an answer of another length is not read."""
        from fsspec.asyn import sync

        last = f"bytes={offset}-{offset + length - 1}"
        with self.answering(name):
            answer = self._ask("get_object", **self._at(name), Range=last)
            body = answer["Body"]
            try:
                if answer["ContentLength"] != length:
                    raise wrong_length(self.url, name, length, answer["ContentLength"])
                return bytes(_within(_seconds_for(length), sync, self.fs.loop, body.read))
            finally:
                body.close()

    def put_verified(self, path: Path, name: str, *, sha256: str, replace: bool = False) -> str:
        """Send the file, in parts when it is large, with its sha256 as metadata."""
        there = self.stat(name)
        if there is not None:
            with suppress(StorageError):
                return self.prove(path, name, sha256=sha256)
            if not replace:
                raise another_file(self.url, name)
        self._abort_leftovers(name)
        with self._bucket_there(), self.answering(name):
            _within(
                _seconds_for(path.stat().st_size),
                self.fs.put_file,
                str(path),
                f"{self._bucket}/{self._key(name)}",
                chunksize=_part_size(path),
                max_concurrency=2,
                Metadata={"sha256": sha256},
                ContentType="application/octet-stream",
            )
        return self.prove(path, name, sha256=sha256)

    @contextmanager
    def _bucket_there(self) -> Iterator[None]:
        """Say that the bucket is missing: nothing else can be when something is put there."""
        try:
            yield
        except StorageError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            advice = N_("make it, or check its name and the endpoint")
            raise StorageError(self.url, N_(f"there is no bucket {self._bucket}"), advice=advice) from error

    def prove(self, path: Path, name: str, *, sha256: str) -> str:
        """By the ETag or the checksum that the server made of what it received; else by reading all of it back."""
        found = self._head(name)
        if found is None:
            raise not_there(self.url, name)
        size = path.stat().st_size
        if found["ContentLength"] != size:
            raise not_the_same(self.url, name)
        if str(found.get("ETag", "")).strip('"') in _etags(path):
            return "etag"
        if found.get("ChecksumSHA256") == base64.b64encode(bytes.fromhex(sha256)).decode():
            return "checksum"
        if self.sha256_of(name, size) == sha256:  # encrypted with a key of the bucket's own, or sent in other parts
            return "read back"
        raise not_the_same(self.url, name)

    def keeps_versions(self) -> bool:
        """Return whether the bucket is versioned, or was: older versions stay then."""
        try:
            with self.answering(""):
                return "Status" in self._ask("get_bucket_versioning", Bucket=self._bucket)
        except StorageError:  # not every server knows the question, and not every key may ask
            return False

    def _head(self, name: str) -> dict[str, Any] | None:
        try:
            with self.answering(name):
                return dict(self._ask("head_object", **self._at(name), ChecksumMode="ENABLED"))
        except StorageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise

    def _abort_leftovers(self, name: str) -> None:
        """Abort the multipart upload that a killed process left: it is invisible and costs money."""
        key = self._key(name)
        with suppress(StorageError), self.answering(name):  # without permission to list them, uploads still work
            begun = self._ask("list_multipart_uploads", Bucket=self._bucket, Prefix=key).get("Uploads", [])
            for one in begun:
                if one["Key"] == key:
                    self._ask("abort_multipart_upload", **self._at(name), UploadId=one["UploadId"])

    def _ask(self, method: str, **arguments: Any) -> Any:
        return _within(ANSWER_S, self.fs.call_s3, method, **arguments)

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._key(name)}

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    @contextmanager
    def answering(self, name: str) -> Iterator[None]:
        """As everywhere; and what botocore says."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

        with super().answering(name):
            try:
                yield
            except (NoCredentialsError, PartialCredentialsError) as error:
                raise refused(self.url, name, error) from error
            except (BotoCoreError, ClientError) as error:
                raise no_answer(self.url, name, error) from error

    @contextmanager
    def _configured(self, place: StorageUrl) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError

        try:
            yield
        except BotoCoreError as error:
            raise UsageError(N_(f"{place.url} cannot be opened ({error}): see ~/.aws/config")) from error


def _part_size(path: Path) -> int:
    return max(PART, -(-path.stat().st_size // MOST_PARTS))


def _etags(path: Path) -> tuple[str, ...]:
    """Return what a server may call these bytes: their MD5, or the MD5 of the MD5s of their parts, and how many these are."""
    size, whole, parts = _part_size(path), hashlib.md5(usedforsecurity=False), list[bytes]()
    with path.open("rb") as file:
        while piece := file.read(size):
            whole.update(piece)
            parts.append(hashlib.md5(piece, usedforsecurity=False).digest())
    joined = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
    return whole.hexdigest(), f"{joined}-{len(parts)}"


def _seconds_for(size: int) -> float:
    return ANSWER_S + size / SLOWEST


def _within(seconds: float, call: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
    """Return what a call of fsspec's returns, which is cancelled when it takes longer."""
    from fsspec.exceptions import FSTimeoutError

    try:
        return call(*arguments, timeout=seconds, **more)
    except FSTimeoutError:
        raise TimeoutError(N_(f"no whole answer within {seconds:.0f} s")) from None


@cache
def _warn_once(endpoint: str) -> None:
    logger.warning(
        "the connection to %s is not encrypted: others on the network can read and alter the files; use https://",
        endpoint,
    )
