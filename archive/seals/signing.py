"""Create and read the signing keys: Ed25519 for seals, ECDSA P-384 for packs.

Keys are made on first use, outside any archive, and readable only by their owner.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from archive.errors import NotWritableError, UsageError
from archive.files import make_folder, open_read, replace_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_Key = TypeVar("_Key", "Ed25519PrivateKey", "EllipticCurvePrivateKey")
FOLDER_VARIABLE: Final = "WARRAQ_KEYS"
SEAL_KEY, PACK_KEY = "seal.pem", "pack.pem"
_LARGEST: Final = 1 << 14
"""The largest key file, in bytes; those made here have about 300."""


def key_folder() -> Path:
    """Return the folder of the keys: $WARRAQ_KEYS, or `warraq` in the user's configuration folder."""
    named = os.environ.get(FOLDER_VARIABLE, "")
    return Path(named) if named else Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config", "warraq")


def key_id(public_pem: bytes) -> str:
    """Return the id of a public key: SHA-256 of its DER form (SubjectPublicKeyInfo), in hex."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_public_key(public_pem)
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def public_pem(key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> bytes:
    """Return the public half of a key as PEM."""
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def is_signed(public_pem: bytes, signature: bytes, statement: bytes) -> bool:
    """Return whether this is a valid Ed25519 signature of the statement by this key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = serialization.load_pem_public_key(public_pem)
        if not isinstance(key, Ed25519PublicKey):
            return False
        key.verify(signature, statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def seal_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key that signs seals, creating it if it does not exist.

    Raises:
        UsageError: it cannot be read, is not such a key, or is readable by others.
        NotWritableError: it cannot be created.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = folder / SEAL_KEY
    key = _read(path) if path.exists() or path.is_symlink() else _made(path, Ed25519PrivateKey.generate())
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is not an Ed25519 key, which seals need: move it away to get a new one")
    return key


def pack_key(folder: Path) -> EllipticCurvePrivateKey:
    """Return the key that signs evidence packs, whose signatures replay tools verify in a browser. Raises as `seal_key` does."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey, generate_private_key

    path = folder / PACK_KEY
    key = _read(path) if path.exists() or path.is_symlink() else _made(path, generate_private_key(SECP384R1()))
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP384R1):
        raise UsageError(f"{path} is not an ECDSA P-384 key, which packs need: move it away to get a new one")
    return key


def rotate_seal_key(folder: Path) -> Ed25519PrivateKey:
    """Replace the key with a new one, keep the old one beside it under another name, and return the old one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    old = seal_key(folder)
    _write(folder / f"seal-{key_id(public_pem(old))[:16]}.pem", old)
    _write(folder / SEAL_KEY, Ed25519PrivateKey.generate())
    return old


def _read(path: Path) -> object:
    from cryptography.hazmat.primitives import serialization

    try:
        with open_read(path) as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise UsageError(
                    f"the key {path} can be read by other users: run `chmod 600 {path}`, or move it away to get a new one"
                )
            return serialization.load_pem_private_key(file.read(_LARGEST), password=None)
    except (OSError, ValueError, TypeError) as error:
        detail = getattr(error, "strerror", None) or "not a private key without a password, as PEM"
        raise UsageError(
            f"the key {path} cannot be used ({detail}): restore it, or move it away to get a new one"
        ) from error


def _made(path: Path, key: _Key) -> _Key:
    _write(path, key)
    return key


def _write(path: Path, key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> None:
    from cryptography.hazmat.primitives import serialization

    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        make_folder(path.parent)
    except OSError as error:
        raise NotWritableError(path, error) from error
    replace_file(path, [pem], mode=0o600)
