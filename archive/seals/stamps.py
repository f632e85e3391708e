"""Time stamps of authorities (RFC 3161) on seals: requested over HTTP, kept beside the seal as received, checked without the network."""

from __future__ import annotations

import os
import re
import ssl
import urllib.request
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from archive.errors import DamagedFileError, UsageError
from archive.files import open_read, replace_file
from archive.files.clock import iso
from archive.http.client import NoAnswerError, exchange
from archive.locale import N_
from archive.seals import FOLDER, Seal, numbered, numbers, read_seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

AUTHORITIES: Final = "WARRAQ_AUTHORITIES"
ROOTS: Final = "WARRAQ_AUTHORITY_ROOTS"
SECONDS: Final = 20.0
"""For one authority; one that takes longer stamps the seal another time."""
_LARGEST: Final = 1 << 18
"""Bytes of an answer; with the certificates of a chain it has some 8 kB."""
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_ASK: Final = "application/timestamp-query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A stamp on a seal: of which authority, and at what time by its clock; `problem` is why it proves nothing ('' when it does).

    `trusted`: its certificate leads to a root that this machine or the user trusts; else only to what came with it.
    """

    authority: str
    at: str = ""
    trusted: bool = False
    problem: str = ""


@dataclass(slots=True, kw_only=True)
class Stamped:
    """The result of asking the authorities: the number of seals stamped by each, and what went wrong."""

    stamped: int
    failed: list[str]


def authorities() -> list[str]:
    """Return the addresses of authorities that the environment names."""
    return os.environ.get(AUTHORITIES, "").split()


def stamp_seals(
    archive: Path, urls: Sequence[str], roots: Sequence[Certificate], progress: Callable[[str], None] = lambda _: None
) -> Stamped:
    """Ask each authority for its stamp on each seal of the archive that has none of it, and keep the stamps and their certificates.

    An authority that does not answer is asked once; the seal stays as it is, and the next call asks again.

    Raises:
        UsageError: an address is not one of HTTP.
    """
    folder, done = archive / FOLDER, Stamped(stamped=0, failed=[])
    for url in urls:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise UsageError(N_(f"{url} is no address of a time stamp authority: one begins with http:// or https://"))
        for number in numbers(folder):
            path = _path(folder, number, url)
            if path.exists():
                continue
            progress(f"seal {number}: {urlsplit(url).hostname}")
            seal = read_seal(folder, number)
            try:
                _keep(path, *_asked(url, seal, roots))
            except (NoAnswerError, StampError) as error:
                done.failed.append(
                    N_(f"seal {number} has no stamp of {url}: {error}; `warraq seal --stamp` asks again")
                )
                break
            done.stamped += 1
    return done


class StampError(Exception):
    """The authority answered, but not with a valid stamp."""


def _path(folder: Path, number: int, url: str) -> Path:
    name = re.sub(r"[^a-z0-9.-]+", "_", (urlsplit(url).netloc + urlsplit(url).path).lower()).strip("_.")
    return folder / f"{numbered(number)}.{name[:100]}.tsr"


def _asked(url: str, seal: Seal, roots: Sequence[Certificate]) -> tuple[bytes, list[Certificate]]:
    """Return the stamp, and the certificates that lead from it to a root."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

    asked = TimestampRequestBuilder().data(seal.statement).hash_algorithm(HashAlgorithm.SHA256).build()
    request = urllib.request.Request(url, asked.as_bytes(), {"Content-Type": _ASK})  # noqa: S310 - checked by the caller
    answer = exchange(request, seconds=SECONDS, max_bytes=_LARGEST)
    if answer.status != 200:
        raise StampError(f"status {answer.status}")
    try:
        response = decode_timestamp_response(answer.body)
    except ValueError as error:
        raise StampError(N_(f"no answer of a time stamp authority ({error})")) from error
    if response.status not in {0, 1}:
        raise StampError(f"refused ({'; '.join(response.status_string) or f'status {response.status}'})")
    if response.tst_info.nonce != asked.nonce:
        raise StampError(N_("the answer is to another question (nonce)"))
    checked = check_stamp(seal.statement, answer.body, roots)
    if checked.problem:
        raise StampError(checked.problem)
    return answer.body, [*_embedded(response), *(root for root in roots if _is_above(root, response))]


def _is_above(root: Certificate, response: TimeStampResponse) -> bool:
    return any(one.issuer == root.subject for one in _embedded(response))


def _keep(path: Path, stamp: bytes, chain: Iterable[Certificate]) -> None:
    """Write the chain before the stamp: an existing stamp then has its chain."""
    from cryptography.hazmat.primitives.serialization import Encoding

    pems = dict.fromkeys(one.public_bytes(Encoding.PEM) for one in chain)
    replace_file(path.with_suffix(".chain"), pems)
    replace_file(path, [stamp])


def stamps_of(folder: Path, seal: Seal, roots: Sequence[Certificate]) -> list[Stamp]:
    """Return the stamps on a seal, each checked."""
    found = []
    for path in sorted(folder.glob(f"{numbered(seal.number)}.*.tsr")):
        name = path.name.removeprefix(f"{numbered(seal.number)}.").removesuffix(".tsr")
        chain = path.with_suffix(".chain")
        try:
            with open_read(path) as file:
                data = file.read(_LARGEST)
            more = _chain(chain) if chain.exists() else []
        except (OSError, DamagedFileError) as error:
            found.append(Stamp(authority=name, problem=N_(f"cannot be read ({error})")))
        else:
            found.append(check_stamp(seal.statement, data, roots, authority=name, chain=more))
    return found


def check_stamp(
    statement: bytes,
    data: bytes,
    roots: Sequence[Certificate],
    *,
    authority: str = "",
    chain: Sequence[Certificate] = (),
) -> Stamp:
    """Check a stamp over these bytes: by trusted roots, else by the certificates in it and in `chain`.

    Certificates must be valid at the stamp's time, not today's.
    """
    from rfc3161_client import decode_timestamp_response

    try:
        response = decode_timestamp_response(data)
        at = response.tst_info.gen_time
    except ValueError as error:
        return Stamp(authority=authority, problem=N_(f"no stamp ({error})"))
    embedded = _embedded(response)
    name = authority or _name(embedded)
    problem = _problem(response, statement, roots) if roots else N_("no root is trusted here")
    if not problem:
        return Stamp(authority=name, at=iso(at), trusted=True)
    own = [one for one in (*embedded, *chain) if one.issuer == one.subject]
    untrusted = _problem(response, statement, own or embedded)
    late = [one for one in embedded if not one.not_valid_before_utc <= at <= one.not_valid_after_utc]
    if untrusted and late:
        last = late[0].not_valid_after_utc
        untrusted = N_(f"the authority's certificate was not valid when it stamped ({iso(at)}): it ended {iso(last)}")
    return Stamp(authority=name, at=iso(at), problem=untrusted)


def _problem(response: TimeStampResponse, statement: bytes, roots: Sequence[Certificate]) -> str:
    """Return what is wrong with a stamp if these certificates are trusted, '' for nothing.

    The library trusts all other certificates that it is given, intermediates too, so it gets only those that the stamp itself carries.
    """
    from rfc3161_client import VerificationError, VerifierBuilder

    try:
        VerifierBuilder(roots=list(roots)).build().verify_message(response, statement)
    except (VerificationError, ValueError) as error:
        return str(error)
    return ""


def _embedded(response: TimeStampResponse) -> list[Certificate]:
    from cryptography.x509 import load_der_x509_certificate

    try:
        return [load_der_x509_certificate(der) for der in response.signed_data.certificates]
    except ValueError:
        return []


def _name(found: Sequence[Certificate]) -> str:
    return found[0].subject.rfc4514_string() if found else "an authority without a certificate"


def trusted_roots(path: str = "") -> list[Certificate]:
    """Return the trusted roots of authorities: those in the file, in that of $WARRAQ_AUTHORITY_ROOTS, else the machine's own."""
    named = path or os.environ.get(ROOTS, "")
    if named:
        return certificates(Path(named))
    own = ssl.get_default_verify_paths().cafile
    try:
        return certificates(Path(own)) if own else []
    except UsageError:
        return []


def certificates(path: Path) -> list[Certificate]:
    """Return the certificates in a PEM file; raises UsageError when there are none.

    One that cannot be read is passed over: a machine's own list has some that break today's rules.
    """
    try:
        found = _certificates_in(path.read_bytes())
    except OSError as error:
        raise UsageError(N_(f"the certificates of authorities in {path} cannot be used ({error.strerror})")) from error
    if not found:
        raise UsageError(N_(f"the certificates of authorities in {path} cannot be used (no certificates as PEM)"))
    return found


def _chain(path: Path) -> list[Certificate]:
    """Return the certificates that lie beside a stamp, in an archive that may come from a stranger."""
    with open_read(path) as file:
        return _certificates_in(file.read(_LARGEST))


def _certificates_in(data: bytes) -> list[Certificate]:
    from cryptography.x509 import load_pem_x509_certificate

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for pem in _PEM.findall(data):
            with suppress(ValueError):
                found.append(load_pem_x509_certificate(pem))
    return found
