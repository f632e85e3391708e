"""Find and fetch intermediate certificates that a server leaves out. Pure.

A certificate gives the URL of its issuer's certificate (RFC 5280, section 4.2.2.1, "CA Issuers"). That one is trusted no more than what a
server sends: it may link the server's certificate to a trusted root, but is not a root itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from crawler.download.errors import Issuer

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_INTERMEDIATES = 3
"""Certificates fetched for one handshake: chains have one or two intermediates, and rarely are both missing."""

MAX_BYTES = 64 << 10
"""Of a response: a certificate has 1 to 2 kB."""

SECONDS = 10.0


def issuer_of(certificate: Any) -> Issuer:
    """Return the issuer of a pyOpenSSL certificate. Only an http URL counts.

    The standard asks for http, because fetching over https would need a certificate itself.
    """
    name = ""
    try:
        found: x509.Certificate = certificate.to_cryptography()
        name = _name(found.issuer)
        access = found.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):  # none, or one that cannot be read
        return Issuer(name=name, url="")
    addresses = (
        each.access_location.value
        for each in access
        if each.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    )
    return Issuer(name=name, url=next((url for url in addresses if url.startswith("http://")), ""))


def intermediates_in(body: bytes) -> list[x509.Certificate]:
    """Return the certificates of authorities in a response (DER, PEM or PKCS #7), without self-signed ones.

    A server must not be able to add roots.
    """
    readers: tuple[Callable[[bytes], list[x509.Certificate]], ...] = (
        lambda data: [x509.load_der_x509_certificate(data)],
        x509.load_pem_x509_certificates,
        pkcs7.load_der_pkcs7_certificates,
    )
    for read in readers:
        try:
            return [each for each in read(body) if _is_intermediate(each)]
        except Exception:  # noqa: BLE001, S112 - another form, or none: the library raises many kinds
            continue
    return []


def _is_intermediate(certificate: x509.Certificate) -> bool:
    if certificate.issuer == certificate.subject:
        return False
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else name.rfc4514_string()
