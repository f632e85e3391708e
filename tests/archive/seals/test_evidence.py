"""An evidence pack is checked without an archive, a network or warraq; every change in it is found."""

from __future__ import annotations

import base64
import gzip
import html
import json
import os
import re
import shutil
import subprocess
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from archive import Archive, Article
from archive.capture import Capture
from archive.collection import Collection
from archive.errors import DamagedFileError, LinkedFileError
from archive.export.evidence import pack_evidence
from archive.export.packcheck import check_pack
from archive.ingest import open_writer
from archive.ingest.commit import Disposition
from archive.outcome import Outcome, OutcomeKind
from archive.seals.signing import public_pem
from archive.seals.stamps import certificates, stamp_seals
from tests.archive.maintain.conftest import FIRST, MIRROR, keep, served
from tests.support.authority import Authority as Issuer
from tests.support.cli import warraq
from tests.support.stamping import Authority, serving

from .conftest import Sealed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
NOW = datetime.now(UTC)
TOOLS = [
    "sh",
    "openssl",
    "tail",
    "head",
    "cut",
    "tr",
    "basenc",
    "sha256sum",
    "mktemp",
    "rm",
    "date",
    "test",
    "printf",
    "echo",
    "realpath",
]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture
def archived(tmp_path: Path) -> Sealed:
    made = Sealed(tmp_path)
    info = {"software": "test", "operator": "The Desk <desk@news.example>"}
    ingest = open_writer(made.collection, info=info, clock=lambda: NOW)
    keep(ingest, FIRST, "أعلن الوزير عن الخطة صباح اليوم")
    keep(ingest, MIRROR, "افتتح المتحف أبوابه للزوار")
    ingest.commit()
    ingest.close()
    return made


def pack(archived: Sealed, target: Path, *, keys: Path | None = None):
    with Archive(archived.collection.folder) as archive:
        return pack_evidence(
            archive,
            archive.article(FIRST),
            target,
            keys=keys or archived.keys,
            created=NOW,
            one_version=False,
            software="test",
        )


@pytest.fixture
def packed(archived: Sealed, authority: Authority, tmp_path: Path) -> Path:
    archived.seal(at=NOW)
    with serving(authority) as url:
        stamp_seals(archived.collection.folder, [url], certificates(authority.root))
    done = pack(archived, tmp_path / "pack.wacz")
    assert done.sealed == done.records > 2
    shutil.rmtree(archived.collection.folder)
    return tmp_path / "pack.wacz"


def rewritten(path: Path, name: str, data: bytes) -> Path:
    """The pack with another file in the place of one."""
    changed = path.with_name("changed.wacz")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for member in old.namelist():
            new.writestr(member, data if member == name else old.read(member))
    return changed


def follow(sheet: Path, pack: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Does what the sheet says, where there is nothing but sh, coreutils and openssl."""
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(os.path.realpath(shutil.which(tool) or f"/bin/{tool}"))
    words = html.unescape(re.findall(r"<pre dir=ltr>(.*?)</pre>", sheet.read_text("utf-8"), re.DOTALL)[0])
    return subprocess.run(
        [folder / "sh", "-c", words.replace("PACK", str(pack))],
        cwd=folder, env={"PATH": str(folder)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_pack_is_checked_without_its_archive(packed, authority):
    report = check_pack(packed, roots=certificates(authority.root))
    assert report.problems == []
    assert report.notes == []
    assert "the key of the pack is vouched for by the key of the seals" in report.right
    assert any(line.startswith("seal 1: stamped at") for line in report.right)
    assert any(
        line.startswith("record <urn:uuid:") and line.endswith("byte for byte as sealed") for line in report.right
    )


def test_the_sheet_s_own_words_check_it_with_sh_coreutils_and_openssl_alone(packed, tmp_path):
    done = follow(packed.with_suffix(".html"), packed, tmp_path / "bare")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("All is right.\n")
    assert "WRONG" not in done.stdout
    assert done.stderr == ""
    assert re.search(r"right  seal 000001: stamped 20\d\d-", done.stdout)


@pytest.mark.parametrize("at", [700, 1200])
def test_a_flipped_byte_is_found_with_and_without_warraq(packed, tmp_path, at):
    data = bytearray(packed.read_bytes())
    data[at] ^= 1
    packed.write_bytes(data)
    with suppress(DamagedFileError):
        assert check_pack(packed, roots=[]).problems
    done = follow(packed.with_suffix(".html"), packed, tmp_path / "bare")
    assert done.returncode == 1
    assert "WRONG  record <urn:uuid:" in done.stdout


def test_the_sheet_says_who_what_when_in_two_languages(packed):
    sheet = packed.with_suffix(".html").read_text("utf-8")
    for said in (
        "The Desk &lt;desk@news.example&gt;",
        FIRST,
        "أعلن الوزير عن الخطة",
        "كيف تتحقق بنفسك",
        "How to check it",
    ):
        assert said in sheet
    assert "<script" not in sheet
    with zipfile.ZipFile(packed) as package:
        assert package.read("evidence/sheet.html").decode() == sheet


def test_no_file_from_outside_gets_into_a_pack(archived, tmp_path):
    archived.seal(at=NOW)
    (tmp_path / "secret").write_text("a secret of the operator's")
    (archived.collection.folder / "seals" / "000001.other.tsr").symlink_to(tmp_path / "secret")
    with pytest.raises(LinkedFileError):
        pack(archived, tmp_path / "pack.wacz")
    assert not (tmp_path / "pack.wacz").exists()


def archive_and_seal(archived, capture, text, *, renderings=()):
    """Keep one more capture, with what a browser made of it, and seal it."""
    ingest = open_writer(archived.collection, info={"software": "test"}, clock=lambda: NOW)
    row = ingest.record(capture, site="news.example")
    for kind, data, mime in renderings:
        ingest.record_rendering(row, kind, data, mime)
    page = Article(url=FIRST, title="عنوان", text=text)
    ingest.finish(Disposition(row=row, outcome=Outcome(kind=OutcomeKind.ARTICLE), article=page))
    ingest.commit()
    ingest.close()
    archived.seal(at=NOW)


def test_the_sheet_tells_the_certificate_and_openssl_reads_it_from_the_pack(archived, tmp_path):
    chain = (Issuer(tmp_path).intermediate("Example & Sons CA").as_bytes("der"),)
    capture = Capture(
        url=FIRST, started=NOW, request=b"GET / HTTP/1.1\r\nHost: news.example\r\n\r\n", response=served("نص آخر"), certificates=chain,
        tls=("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
    )  # fmt: skip
    archive_and_seal(archived, capture, "نص آخر")
    done = pack(archived, tmp_path / "pack.wacz")
    assert done.sealed == done.records
    assert not check_pack(tmp_path / "pack.wacz", roots=[]).problems
    sheet = (tmp_path / "pack.html").read_text("utf-8")
    assert "CN=Example &amp; Sons CA" in sheet
    assert f"TLS_AES_256_GCM_SHA384 {capture.fingerprint[:16]}" in sheet
    (words,) = re.findall(r"<pre class=certificate dir=ltr>(.*?)</pre>", sheet, re.DOTALL)
    read = subprocess.run(
        ["sh", "-c", html.unescape(words).replace("PACK", str(tmp_path / "pack.wacz"))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert capture.fingerprint in read.stdout.replace(":", "").lower()


def test_what_a_browser_made_of_the_page_is_in_the_pack_and_its_picture_in_the_sheet(archived, tmp_path):
    capture = Capture(url=FIRST, started=NOW, request=b"GET / HTTP/1.1\r\n\r\n", response=served("نص من المتصفح"))
    made = (("dom", b"<p>rendered</p>", "text/html"), ("thumbnail", b"a picture", "image/jpeg"))
    archive_and_seal(archived, capture, "نص من المتصفح", renderings=made)
    done = pack(archived, tmp_path / "pack.wacz")
    assert done.sealed == done.records
    picture = base64.b64encode(b"a picture").decode()
    assert f'src="data:image/jpeg;base64,{picture}"' in (tmp_path / "pack.html").read_text("utf-8")
    with zipfile.ZipFile(tmp_path / "pack.wacz") as package:
        index = gzip.decompress(package.read("indexes/index.cdx.gz")).decode()
    assert "urn:dom:" in index


def test_a_certificate_that_cannot_be_read_is_named_and_costs_nothing(archived, tmp_path):
    capture = Capture(
        url=FIRST,
        started=NOW,
        request=b"GET / HTTP/1.1\r\n\r\n",
        response=served("نص"),
        certificates=(b"no certificate",),
    )
    ingest = open_writer(archived.collection, info={"software": "test"}, clock=lambda: NOW)
    ingest.finish(
        Disposition(
            row=ingest.record(capture, site="news.example"), outcome=Outcome(kind=OutcomeKind.ARTICLE),
            article=Article(url=FIRST, title="عنوان", text="نص"),
        )
    )  # fmt: skip
    ingest.commit()
    ingest.close()
    pack(archived, tmp_path / "pack.wacz")
    sheet = (tmp_path / "pack.html").read_text("utf-8")
    assert "Unreadable" in sheet
    assert capture.fingerprint in sheet


def test_the_script_has_at_most_60_lines(packed):
    with zipfile.ZipFile(packed) as package:
        assert package.read("evidence/check.sh").count(b"\n") <= 60


def test_a_pack_with_another_s_signature(packed):
    with zipfile.ZipFile(packed) as package:
        digest = json.loads(package.read("datapackage-digest.json"))
    key = generate_private_key(SECP384R1())
    halves = decode_dss_signature(key.sign(digest["hash"].encode(), ECDSA(SHA256())))
    digest["signedData"]["signature"] = base64.b64encode(b"".join(half.to_bytes(48, "big") for half in halves)).decode()
    digest["signedData"]["publicKey"] = "".join(public_pem(key).decode().splitlines()[1:-1])
    changed = rewritten(packed, "datapackage-digest.json", json.dumps(digest).encode())
    problems = check_pack(changed, roots=[]).problems
    assert problems == ["the pack was signed by someone else: the key of the seals does not vouch for its signature"]


def test_a_signature_over_another_description(packed):
    with zipfile.ZipFile(packed) as package:
        described = package.read("datapackage.json")
    changed = rewritten(packed, "datapackage.json", described.replace(b"profile", b"Profile"))
    assert "datapackage.json is not the one whose digest stands in the pack" in check_pack(changed, roots=[]).problems


@pytest.mark.parametrize("name", ["evidence/proofs.txt", "evidence/000001.json"])
def test_a_changed_proof_or_seal(packed, name):
    with zipfile.ZipFile(packed) as package:
        data = package.read(name).decode()
    changed = rewritten(packed, name, re.sub(r"[0-9a-f]{64}", "0" * 64, data).encode())
    assert any("root" in one or "signature" in one for one in check_pack(changed, roots=[]).problems)


def test_a_pack_without_seals_says_so(archived, tmp_path):
    assert pack(archived, tmp_path / "bare.wacz").sealed == 0
    report = check_pack(tmp_path / "bare.wacz", roots=[])
    assert report.problems == []
    assert report.notes == ["no record of this pack is under a seal"]
    assert "No record of this pack is under a seal" in (tmp_path / "bare.html").read_text("utf-8")


def test_a_bomb_and_what_is_no_pack(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.wacz", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("datapackage.json", b" " * (1 << 26))
    (tmp_path / "text.wacz").write_bytes(b"no pack")
    for name, words in (("bomb", "hundreds of times"), ("text", "not an evidence pack"), ("missing", "cannot be read")):
        said = warraq("evidence", "--check", tmp_path / f"{name}.wacz", code=7)
        assert words in said.stderr
        assert said.stderr.count("\n") == 1


def test_the_command_writes_and_checks(archived, tmp_path, monkeypatch):
    monkeypatch.setenv("WARRAQ_KEYS", str(archived.keys))
    archived.seal(at=NOW)
    target = tmp_path / "one.wacz"
    said = warraq("--archive", archived.collection.folder, "evidence", FIRST, "-o", target)
    assert "records under seals" in said.stdout
    assert "all is right" in warraq("evidence", "--check", target).stdout
    assert "-o pack.wacz" in warraq("--archive", archived.collection.folder, "evidence", FIRST, code=2).stderr
    assert Collection(archived.collection.folder).exists()
