"""Define what every storage does (store files with proof, read byte ranges), and parse the URLs that name one."""

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
    """An object as the storage describes it: its size in bytes, the sha256 (hex) stored with it ('' where none can be)."""

    size: int
    sha256: str = ""


class Storage(Protocol):
    """Where closed files of an archive are kept, by names such as `archive/NAME.warc.gz`.

    Every method raises StorageError when the storage does not answer, refuses, or answers wrongly. Contract of all of them, by
    tests/archive/storage: a name shows a whole file or none at all, whatever happens while it is put there.
    """

    @property
    def url(self) -> str:
        """The URL that opens it again (`open_storage`), without secrets."""

    def stat(self, name: str) -> StoredObject | None:
        """Return what is there under that name, None when nothing is."""

    def read_range(self, name: str, offset: int, length: int) -> bytes:
        """Return exactly these bytes of an object; fewer or more of them are a StorageError."""

    def put_verified(self, path: Path, name: str, *, sha256: str, replace: bool = False) -> str:
        """Put a local file there and return, in a word or two, what proved that all of it arrived (see `prove`).

        What is there already and proves to be the same file is not sent again. Another file of that name is only given up when
        `replace` is set.
        """

    def prove(self, path: Path, name: str, *, sha256: str) -> str:
        """Return what proves that the object holds the bytes of the local file whose sha256 (hex) this is.

        `etag` and `checksum` are what the server made of the bytes that it received, `read back` are all bytes read again.
        Raises StorageError when it is another file, or not there.
        """

    def keeps_versions(self) -> bool:
        """Return whether what is replaced stays there as an older version (a versioned bucket), as far as it says."""


OPTIONS = frozenset({"endpoint_url", "region_name", "profile"})
"""What may stand after the `?`: where a server of the S3 protocol is, and which section of ~/.aws to use. Never a secret."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageUrl:
    """Where an archive's files are kept: `scheme`, `host` (an object store's bucket), `path` without slashes around it, options."""

    scheme: str
    host: str
    path: str
    options: tuple[tuple[str, str], ...] = ()

    @property
    def url(self) -> str:
        """The URL that gives this place again; it holds no secret, so it can be kept and shown."""
        query = "?" + urlencode(self.options, safe=":/") if self.options else ""
        return f"{self.scheme}://{self.host}/{quote(self.path, safe='/:@+,;=~!$')}".rstrip("/") + query

    def option(self, name: str) -> str:
        """Return the value of an option, '' when it is not given."""
        return dict(self.options).get(name, "")

    def below(self, name: str) -> StorageUrl:
        """Return the place of that name in this one."""
        path = "/".join(filter(None, (self.path, name.strip("/"))))
        return StorageUrl(scheme=self.scheme, host=self.host, path=path, options=self.options)


def parse_url(url: str, *, endpoint_url: str = "") -> StorageUrl:
    """Return the place that `url` names; a path without a scheme is a folder of this machine.

    Raises:
        UsageError: it is not such a URL, or holds a password or key, which belongs into the environment.
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
                f"{_shown(url)} holds a key or password, which would be kept with the archive: give credentials as the library takes them "
                "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials)"
            )
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(options.keys() - OPTIONS):
        raise UsageError(
            N_(f"{', '.join(unknown)} after the ? of a storage means nothing: {', '.join(sorted(OPTIONS))} do")
        )
    if endpoint_url:
        options["endpoint_url"] = endpoint_url
    _check_endpoint(options.get("endpoint_url", ""))
    path = unquote(parts.path).strip("/")
    if ".." in path.split("/"):
        raise UsageError(N_(f"{_shown(url)} has .. in it: write the place out"))
    return StorageUrl(scheme=scheme, host=parts.netloc, path=path, options=tuple(sorted(options.items())))


def is_plain(endpoint_url: str) -> bool:
    """Return whether what is sent to that endpoint can be read on the way: http, and not to this machine."""
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
                "the endpoint URL holds a key or password: give credentials in AWS_ACCESS_KEY_ID … or ~/.aws/credentials"
            )
        )


def _shown(url: str) -> str:
    """Return the URL without what stands before an @, and without what stands after a ?."""
    return re.sub(r"//[^/@]*@", "//…@", url.partition("?")[0])[:200]


# Another folder of this machine (a larger disk, a network mount): the storage that needs nothing installed.

CHUNK = 1 << 20


class FolderStorage:
    """A folder; files are written beside their name, synced, moved into place, and read back."""

    def __init__(self, place: StorageUrl) -> None:
        if place.host not in {"", "localhost"}:
            raise UsageError(N_(f"{place.url} names a folder of another machine: mount it, and write file:///FOLDER"))
        self.url = place.url
        self._folder = Path("/", place.path)

    def stat(self, name: str) -> StoredObject | None:
        """Return what is there."""
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
        """Copy the file there."""
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
        """Read all of it."""
        target = self._path(name)
        if not self.stat(name):
            raise not_there(self.url, name)
        with self._answering(name), open_read(target) as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise not_the_same(self.url, name)
        return "read back"

    def _proved(self, source: IO[bytes], name: str, sha256: str) -> Iterator[bytes]:
        """Yield the bytes of the file; an error at their end, before they get their name, when they are not the expected ones."""
        digest = hashlib.sha256()
        while data := source.read(CHUNK):
            digest.update(data)
            yield data
        if digest.hexdigest() != sha256:
            raise not_the_same(self.url, name)

    def keeps_versions(self) -> bool:
        """Return False: a folder does not."""
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
    """Return the error of an object that is missing."""
    return StorageError(
        url,
        N_(f"{name} is not there"),
        advice=N_("was it deleted, or moved? Put it back there, or into the archive's own folder"),
    )


def not_the_same(url: str, name: str) -> StorageError:
    """Return the error of an object whose bytes are not those that were closed."""
    return StorageError(
        url,
        N_(f"the bytes of {name} there are not those of the file that was closed (SHA-256 differs)"),
        advice=N_("upload it again from the local copy, or bring it back from a backup"),
    )


def another_file(url: str, name: str) -> StorageError:
    """Return the error of a name that is taken."""
    return StorageError(
        url,
        N_(f"it holds another file of the name {name}, which is left alone"),
        advice=N_("give each archive a place of its own, or move that file away"),
    )
