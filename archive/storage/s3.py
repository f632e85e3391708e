"""Store files in buckets of S3 and compatible servers, verified by the checksums that the server computes."""

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
"""Bytes of a part of a multipart upload: two are in memory at a time. Files smaller than two parts are sent in one request."""
MOST_PARTS = 10_000
"""The protocol's limit of parts; a file of more than 160 GB has larger parts."""
CONNECT_S, READ_S, ATTEMPTS = 10, 60, 3
ANSWER_S = 180.0
"""Seconds for a whole exchange with its retries: READ_S bounds only the wait for the next byte, which a server may repeat for ever."""
SLOWEST = 1 << 16
"""Bytes per second of the slowest supported connection: the time limit of an exchange grows with its size by this rate."""


class S3Storage(ObjectStorage):
    """A bucket, or a prefix in one. S3 objects only appear when complete, so that no temporary name is needed.

    Credentials are those that botocore finds: environment, ~/.aws, the role of the machine.
    """

    def __init__(self, place: StorageUrl) -> None:
        if not place.host:
            raise UsageError(N_(f"{place.url} names no bucket: write s3://BUCKET/PREFIX"))
        super().__init__(place)
        self._bucket, self._prefix = place.host, place.path

    def open_filesystem(self, place: StorageUrl) -> Any:
        """Return the filesystem; warns if the connection to the server is not encrypted."""
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
        """Return the object with the sha256 from its metadata, None when there is none."""
        found = self._head(name)
        if found is None:
            return None
        kept = str(found.get("Metadata", {}).get("sha256", ""))
        return StoredObject(size=int(found["ContentLength"]), sha256=kept)

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return bytes of an object, in one request; a response of another length is not read."""
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
        """Upload the file, in parts when it is large, with its sha256 as metadata."""
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
        """Turn a not-found error of an upload into one that names the bucket, which is the only thing that can be missing."""
        try:
            yield
        except StorageError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            advice = N_("make it, or check its name and the endpoint")
            raise StorageError(self.url, N_(f"there is no bucket {self._bucket}"), advice=advice) from error

    def prove(self, path: Path, name: str, *, sha256: str) -> str:
        """Verify by the ETag or checksum that the server computed, or else by reading the whole object."""
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
        if self.sha256_of(name, size) == sha256:  # encrypted with the bucket's own key, or uploaded in other parts
            return "read back"
        raise not_the_same(self.url, name)

    def keeps_versions(self) -> bool:
        """Return whether the bucket is or was versioned, so that older versions are kept."""
        try:
            with self.answering(""):
                return "Status" in self._ask("get_bucket_versioning", Bucket=self._bucket)
        except StorageError:  # not every server supports the request, and not every key permits it
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
        """Abort multipart uploads that a killed process left: they are not listed as objects and cost money."""
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
        """Turn errors of the block, botocore's included, into a StorageError."""
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
    """Return the ETags that a server may give these bytes: their MD5, or the MD5 of the MD5s of their parts with the number of parts."""
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
    """Return the result of an fsspec call; raises TimeoutError when it takes longer than `seconds`."""
    from fsspec.exceptions import FSTimeoutError

    try:
        return call(*arguments, timeout=seconds, **more)
    except FSTimeoutError:
        raise TimeoutError(N_(f"no complete response within {seconds:.0f} s")) from None


@cache
def _warn_once(endpoint: str) -> None:
    logger.warning(
        "the connection to %s is not encrypted: others on the network can read and alter the files; use https://",
        endpoint,
    )
