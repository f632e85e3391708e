"""Make a certificate authority and server certificates, valid and invalid, while a test runs."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Intermediate:
    """An intermediate authority that servers do not send."""

    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    certificate: x509.Certificate

    def as_bytes(self, form: str) -> bytes:
        """Return the certificate as `der`, `pem` or `pkcs7`."""
        if form == "pkcs7":
            return pkcs7.serialize_certificates([self.certificate], serialization.Encoding.DER)
        return self.certificate.public_bytes(getattr(serialization.Encoding, form.upper()))


class Authority:
    """A certificate authority in `folder`; a crawl trusts it when its SSL_CERT_FILE is `certificate_file`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("warraq test authority")
        self.certificate = self._sign(self._name, self._key.public_key(), [], self._key, self._name, authority=True)
        self.certificate_file = folder / "authority.pem"
        self.certificate_file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def intermediate(self, name: str, *, root: bool = False) -> Intermediate:
        """Return an authority issued by this one, or with `root` a self-signed one unrelated to it."""
        key, subject = ec.generate_private_key(ec.SECP256R1()), _name(name)
        signer, issuer = (key, subject) if root else (self._key, self._name)
        certificate = self._sign(subject, key.public_key(), [], signer, issuer, authority=True)
        return Intermediate(key=key, name=subject, certificate=certificate)

    def context(
        self,
        *names: str,
        expired: bool = False,
        self_signed: bool = False,
        by: Intermediate | None = None,
        issuer_at: str = "",
    ) -> ssl.SSLContext:
        """Return a server context whose certificate is for `names` (host names or addresses).

        `by` issues it and is not sent; `issuer_at` is the address of its issuer's certificate.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(names[0])
        signer, issuer = (key, subject) if self_signed else (by.key, by.name) if by else (self._key, self._name)
        certificate = self._sign(
            subject, key.public_key(), list(names), signer, issuer, expired=expired, issuer_at=issuer_at
        )
        stem = self._folder / f"server-{certificate.serial_number:x}"
        stem.with_suffix(".crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        stem.with_suffix(".key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        return context

    @staticmethod
    def _sign(
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        names: list[str],
        signer: ec.EllipticCurvePrivateKey,
        issuer: x509.Name,
        *,
        authority: bool = False,
        expired: bool = False,
        issuer_at: str = "",
    ) -> x509.Certificate:
        end = datetime.now(UTC) + timedelta(days=-1 if expired else 2)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - timedelta(days=30))
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), False)
        if issuer_at:
            place = x509.UniformResourceIdentifier(issuer_at)
            access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        return builder.sign(signer, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
