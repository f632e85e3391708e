"""Request time stamps (RFC 3161) on seals over HTTP, store them as received beside the seal, and check them offline."""

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
from archive.http.client import NoResponseError, exchange
from archive.locale import N_
from archive.seals import FOLDER, Seal, numbered, numbers, read_seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

AUTHORITIES: Final = "WARRAQ_AUTHORITIES"
ROOTS: Final = "WARRAQ_AUTHORITY_ROOTS"
SECONDS: Final = 20.0
"""The time limit for one authority; if it takes longer, the next run asks again."""
_LARGEST: Final = 1 << 18
"""The largest response, in bytes; with the certificates of a chain it has about 8 kB."""
_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_ASK: Final = "application/timestamp-query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A stamp on a seal: its authority, and the time by the authority's clock; `problem` is why it is invalid ('' if it is valid).

    `trusted`: its certificate leads to a root that this machine or the user trusts, and not only to the certificates it came with.
    """

    authority: str
    at: str = ""
    trusted: bool = False
    problem: str = ""


@dataclass(slots=True, kw_only=True)
class Stamped:
    """The result of requesting stamps: the number of seals stamped by each authority, and the problems."""

    stamped: int
    failed: list[str]


def authorities() -> list[str]:
    """Return the URLs of the authorities from the environment."""
    return os.environ.get(AUTHORITIES, "").split()


def stamp_seals(
    archive: Path, urls: Sequence[str], roots: Sequence[Certificate], progress: Callable[[str], None] = lambda _: None
) -> Stamped:
    """Request the missing stamps of each authority on each seal of the archive, and store them with their certificates.

    An authority that does not answer is asked only once; the next call asks again.

    Raises:
        UsageError: a URL is not http or https.
    """
    folder, done = archive / FOLDER, Stamped(stamped=0, failed=[])
    for url in urls:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise UsageError(
                N_(f"{url} is not the URL of a time stamp authority: it must begin with http:// or https://")
            )
        for number in numbers(folder):
            path = _path(folder, number, url)
            if path.exists():
                continue
            progress(f"seal {number}: {urlsplit(url).hostname}")
            seal = read_seal(folder, number)
            try:
                _keep(path, *_asked(url, seal, roots))
            except (NoResponseError, StampError) as error:
                done.failed.append(
                    N_(f"seal {number} has no stamp of {url}: {error}; `warraq seal --stamp` tries again")
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
    """Request a stamp; return it with the certificates that lead from it to a root."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

    asked = TimestampRequestBuilder().data(seal.statement).hash_algorithm(HashAlgorithm.SHA256).build()
    request = urllib.request.Request(url, asked.as_bytes(), {"Content-Type": _ASK})  # noqa: S310 - checked by the caller
    answer = exchange(request, seconds=SECONDS, max_bytes=_LARGEST)
    if answer.status != 200:
        raise StampError(f"status {answer.status}")
    try:
        response = decode_timestamp_response(answer.body)
    except ValueError as error:
        raise StampError(N_(f"no response from a time stamp authority ({error})")) from error
    if response.status not in {0, 1}:
        raise StampError(f"refused ({'; '.join(response.status_string) or f'status {response.status}'})")
    if response.tst_info.nonce != asked.nonce:
        raise StampError(N_("the response answers another request (nonce)"))
    checked = check_stamp(seal.statement, answer.body, roots)
    if checked.problem:
        raise StampError(checked.problem)
    return answer.body, [*_embedded(response), *(root for root in roots if _is_above(root, response))]


def _is_above(root: Certificate, response: TimeStampResponse) -> bool:
    return any(one.issuer == root.subject for one in _embedded(response))


def _keep(path: Path, stamp: bytes, chain: Iterable[Certificate]) -> None:
    """Write the chain before the stamp, so that an existing stamp always has its chain."""
    from cryptography.hazmat.primitives.serialization import Encoding

    pems = dict.fromkeys(one.public_bytes(Encoding.PEM) for one in chain)
    replace_file(path.with_suffix(".chain"), pems)
    replace_file(path, [stamp])


def stamps_of(folder: Path, seal: Seal, roots: Sequence[Certificate]) -> list[Stamp]:
    """Return the checked stamps on a seal."""
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
    """Check a stamp over these bytes, by trusted roots or else by the certificates in it and in `chain`.

    Certificates must be valid at the time of the stamp, not today.
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
        untrusted = N_(
            f"the authority's certificate was not valid at the time of the stamp ({iso(at)}): it expired {iso(last)}"
        )
    return Stamp(authority=name, at=iso(at), problem=untrusted)


def _problem(response: TimeStampResponse, statement: bytes, roots: Sequence[Certificate]) -> str:
    """Return what is wrong with a stamp if these certificates are trusted, '' if nothing is.

    The library trusts all other certificates that it is given, including intermediates, so it gets only those in the stamp itself.
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
    """Return the trusted roots of authorities: those in `path`, or in $WARRAQ_AUTHORITY_ROOTS, or else those of the machine."""
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

    Unreadable certificates are skipped: the list of a machine may have some that break current rules.
    """
    try:
        found = _certificates_in(path.read_bytes())
    except OSError as error:
        raise UsageError(N_(f"the certificates of authorities in {path} cannot be used ({error.strerror})")) from error
    if not found:
        raise UsageError(N_(f"the certificates of authorities in {path} cannot be used (no PEM certificates)"))
    return found


def _chain(path: Path) -> list[Certificate]:
    """Return the certificates stored beside a stamp; the archive may be a foreign one."""
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
