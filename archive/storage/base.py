"""Define the interface of storages (store and verify files, read byte ranges), and parse the URLs that name them."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from archive.errors import NotWritableError, StorageError, UsageError
from archive.files import open_read, replace_file
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object as the storage describes it: its size in bytes, and the sha256 (hex) stored with it ('' where there is none)."""

    size: int
    sha256: str = ""


class Storage(Protocol):
    """A store of closed files of an archive, by names such as `archive/NAME.warc.gz`.

    Every method raises StorageError when the storage does not answer, refuses, or answers wrongly. All storages guarantee, as tested in
    tests/archive/storage, that a name refers to a complete file or to none, even if an upload is interrupted.
    """

    @property
    def url(self) -> str:
        """Return the URL that opens this storage again (`open_storage`), without secrets."""

    def stat(self, name: str) -> StoredObject | None:
        """Return the object with this name, None when there is none."""

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return `length` bytes of an object from `offset`; raises StorageError if the answer has another length."""

    def put_verified(self, path: Path, name: str, *, sha256: str, replace: bool = False) -> str:
        """Upload a local file and return, in a word or two, how the upload was verified (see `prove`).

        A file that is there already and is verified to be the same is not sent again. Another file of this name is replaced only when
        `replace` is set.
        """

    def prove(self, path: Path, name: str, *, sha256: str) -> str:
        """Verify that the object holds the bytes of the local file with this sha256 (hex); return how.

        `etag` and `checksum`: by what the server computed from the bytes it received; `read back`: by reading all bytes again.
        Raises StorageError when it is another file or missing.
        """

    def keeps_versions(self) -> bool:
        """Return whether the storage reports that replaced objects are kept as older versions (a versioned bucket)."""


OPTIONS = frozenset({"endpoint_url", "region_name", "profile"})
"""Parameters that may follow the `?`: the address of an S3 server, its region, and the profile of ~/.aws. Never a secret."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageUrl:
    """The location of an archive's files: `scheme`, `host` (the bucket of an object store), `path` without outer slashes, options."""

    scheme: str
    host: str
    path: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def url(self) -> str:
        """Return the URL of this location; it has no secrets, so it can be stored and shown."""
        query = "?" + urlencode(self.options, safe=":/") if self.options else ""
        return f"{self.scheme}://{self.host}/{quote(self.path, safe='/:@+,;=~!$')}".rstrip("/") + query

    def option(self, name: str) -> str:
        """Return the value of an option, '' when it is not set."""
        return dict(self.options).get(name, "")

    def below(self, name: str) -> StorageUrl:
        """Return the location of this name below this one."""
        path = "/".join(filter(None, (self.path, name.strip("/"))))
        return StorageUrl(scheme=self.scheme, host=self.host, path=path, options=self.options)


def parse_url(url: str, *, endpoint_url: str = "") -> StorageUrl:
    """Return the location that `url` names; a path without a scheme is a local folder.

    Raises:
        UsageError: the URL is invalid, or holds a password or key, which belongs in the environment.
    """
    if not url or _CONTROL.search(url.replace(" ", "")):
        raise UsageError(N_(f"{url!r} names no storage: write s3://BUCKET/PREFIX, or file:///FOLDER"))
    if "://" not in url:
        return StorageUrl(scheme="file", host="", path=str(Path(url).expanduser().absolute()).strip("/"))
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if not _SCHEME.fullmatch(scheme) or parts.fragment:
        raise UsageError(N_(f"{_shown(url)} names no storage: write s3://BUCKET/PREFIX, or file:///FOLDER"))
    if parts.password is not None or (parts.username and scheme == "s3"):
        raise UsageError(
            N_(
                f"{_shown(url)} contains a key or password, which would be stored with the archive: "
                "give credentials in the environment or a file (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials)"
            )
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - OPTIONS):
        raise UsageError(
            N_(
                f"unknown options after the ? of a storage URL: {', '.join(unknown)}; known are {', '.join(sorted(OPTIONS))}"
            )
        )
    if endpoint_url:
        options["endpoint_url"] = endpoint_url
    _check_endpoint(options.get("endpoint_url", ""))
    path = unquote(parts.path).strip("/")
    if ".." in path.split("/"):
        raise UsageError(N_(f"{_shown(url)} contains ..: write the full path"))
    return StorageUrl(scheme=scheme, host=parts.netloc, path=path, options=tuple(sorted(options.items())))


def is_plain(endpoint_url: str) -> bool:
    """Return whether the connection to this endpoint is unencrypted: http, and not to this machine."""
    parts = urlsplit(endpoint_url)
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_endpoint(endpoint: str) -> None:
    if not endpoint:
        return
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(N_(f"{_shown(endpoint)} is not a server address: write https://HOST:PORT"))
    if parts.username or parts.password:
        raise UsageError(
            N_(
                "the endpoint URL contains a key or password: give credentials in AWS_ACCESS_KEY_ID … or ~/.aws/credentials"
            )
        )


def _shown(url: str) -> str:
    """Return the URL without user info and query, for messages."""
    return re.sub(r"//[^/@]*@", "//…@", url.partition("?")[0])[:200]


# A local folder (a larger disk, a network mount), which needs no library.

CHUNK = 1 << 20


class FolderStorage:
    """A folder; files are written under a temporary name, synced, renamed, and read back."""

    def __init__(self, place: StorageUrl) -> None:
        if place.host not in {"", "localhost"}:
            raise UsageError(N_(f"{place.url} names a folder on another machine: mount it, and write file:///FOLDER"))
        self.url = place.url
        self._folder = Path("/", place.path)

    def stat(self, name: str) -> StoredObject | None:
        """Return the file with this name, None when there is none."""
        path = self._path(name)
        with self._answering(name):
            if path.is_symlink() or not path.is_file():
                return None
            return StoredObject(size=path.stat().st_size)

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return bytes of a file."""
        with self._answering(name), open_read(self._path(name)) as file:
            file.seek(offset)
            return file.read(length)

    def put_verified(self, path: Path, name: str, *, sha256: str, replace: bool = False) -> str:
        """Copy the file into the folder and verify it."""
        target = self._path(name)
        with contextlib.suppress(StorageError):
            return self.prove(path, name, sha256=sha256)
        if self.stat(name) and not replace:
            raise another_file(self.url, name)
        try:
            with self._answering(name), path.open("rb") as source:
                target.parent.mkdir(parents=True, exist_ok=True)
                replace_file(target, self._proved(source, name, sha256), mode=0o444)
        except NotWritableError as error:
            raise StorageError(self.url, str(error), advice=N_("then upload again"), transient=False) from error
        return self.prove(path, name, sha256=sha256)

    def prove(self, path: Path, name: str, *, sha256: str) -> str:  # noqa: ARG002 - all is read back
        """Verify by reading the whole file."""
        target = self._path(name)
        if not self.stat(name):
            raise not_there(self.url, name)
        with self._answering(name), open_read(target) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise not_the_same(self.url, name)
        return "read back"

    def _proved(self, source: IO[bytes], name: str, sha256: str) -> Iterator[bytes]:
        """Yield the bytes of the file; raise StorageError at the end, before the file is renamed, when they are not the expected ones."""
        digest = hashlib.sha256()
        while data := source.read(CHUNK):
            digest.update(data)
            yield data
        if digest.hexdigest() != sha256:
            raise not_the_same(self.url, name)

    def keeps_versions(self) -> bool:
        """Return False: a folder keeps no versions."""
        return False

    def _path(self, name: str) -> Path:
        return self._folder / name

    @contextlib.contextmanager
    def _answering(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise not_there(self.url, name) from error
        except OSError as error:
            raise StorageError(
                self.url,
                f"{name}: {error.strerror or error}",
                advice=N_("is the disk mounted, and may this user use it?"),
                transient=True,
            ) from error


def not_there(url: str, name: str) -> StorageError:
    """Return the error for a missing object."""
    return StorageError(
        url,
        N_(f"{name} is not there"),
        advice=N_("was it deleted, or moved? Put it back there, or into the archive's own folder"),
    )


def not_the_same(url: str, name: str) -> StorageError:
    """Return the error for an object whose bytes are not those of the closed file."""
    return StorageError(
        url,
        N_(f"the bytes of {name} there are not those of the file that was closed (SHA-256 differs)"),
        advice=N_("upload it again from the local copy, or bring it back from a backup"),
    )


def another_file(url: str, name: str) -> StorageError:
    """Return the error for a name that another file has."""
    return StorageError(
        url,
        N_(f"it holds another file of the name {name}, which is not changed"),
        advice=N_("give each archive its own folder there, or move that file away"),
    )
