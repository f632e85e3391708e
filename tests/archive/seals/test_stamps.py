"""Authorities stamp seals; if one is down, slow, wrong or expired, the archive is sealed without it, and it is named."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from archive.errors import UsageError
from archive.seals import stamps
from archive.seals.checking import check_seals
from archive.seals.stamps import certificates, check_stamp, stamp_seals
from tests.support.cli import warraq
from tests.support.stamping import Authority, serving

from .conftest import Sealed, crawl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "two")


@pytest.fixture
def today(tmp_path: Path) -> Iterator[Sealed]:
    """An archive that is crawled and sealed at this hour, as authorities have it."""
    made, now = Sealed(tmp_path), datetime.now(UTC)
    crawl(made.collection, "first", "second", at=now)
    made.seal(at=now)
    return made


def check(sealed: Sealed, *roots: Authority):
    return check_seals(sealed.collection, roots=[one for root in roots for one in certificates(root.root)])


def stamp(sealed: Sealed, *urls: str, roots: tuple[Authority, ...] = ()):
    return stamp_seals(sealed.collection.folder, urls, [one for root in roots for one in certificates(root.root)])


def test_several_authorities_stamp_a_seal_once(today, authority, other):
    with serving(authority) as one, serving(other) as two:
        assert stamp(today, one, two, roots=(authority, other)).stamped == 2
        again = stamp(today, one, two, roots=(authority, other))
    assert (again.stamped, again.failed) == (0, [])
    report = check(today, authority, other)
    assert report.ok
    assert [found.trusted for found in report.stamps[1]] == [True, True]
    assert not any("no authority" in note for note in report.notes)


def test_a_stamp_by_a_root_that_is_not_trusted_is_said_to_be(today, authority, other):
    with serving(authority) as url:
        stamp(today, url, roots=(authority,))
    report = check(today, other)
    assert report.ok
    assert [found.trusted for found in report.stamps[1]] == [False]
    assert any("no root that is trusted" in note for note in report.notes)


def test_an_authority_that_is_down(today):
    done = stamp(today, "http://127.0.0.1:9/")
    assert done.stamped == 0
    assert "warraq seal --stamp" in done.failed[0]
    assert check(today).ok


def test_an_authority_that_is_slow(today, authority, monkeypatch):
    monkeypatch.setattr(stamps, "SECONDS", 0.2)
    with serving(authority, silent=True) as url:
        assert "has no stamp of" in stamp(today, url).failed[0]
    with serving(authority) as url:
        monkeypatch.setattr(stamps, "SECONDS", 60)
        assert stamp(today, url, roots=(authority,)).stamped == 1


@pytest.mark.parametrize(
    ("misbehaviour", "word"),
    [
        ({"body": b"<html>"}, "no response from a time stamp"),
        ({"status": 500}, "status 500"),
        ({"body": b"x" * (1 << 19)}, "more than"),
    ],
)
def test_an_authority_that_answers_wrongly(today, authority, misbehaviour, word):
    with serving(authority, **misbehaviour) as url:
        done = stamp(today, url)
    assert word in done.failed[0]
    assert not list(today.seals.glob("*.tsr"))


def test_an_answer_to_another_question_is_not_kept(today, authority):
    with serving(authority) as url:
        stamp(today, url, roots=(authority,))
    replayed = next(today.seals.glob("*.tsr")).read_bytes()
    with serving(authority, body=replayed) as url:
        assert "nonce" in stamp(today, url).failed[0]


def test_a_refusal_is_told(today, authority):
    refusal = bytes.fromhex(
        "3030302e020102302b0c2942616420726571756573743a20756e737570706f727465642068617368206f7220706f6c"
    )
    with serving(authority, body=refusal) as url:
        assert stamp(today, url).failed


def test_a_stamp_on_other_bytes_does_not_hold(today, authority):
    with serving(authority) as url:
        stamp(today, url, roots=(authority,))
    path = next(today.seals.glob("*.tsr"))
    roots = certificates(authority.root)
    statement = (today.seals / "000001.json").read_bytes()
    assert not check_stamp(statement, path.read_bytes(), roots).problem
    assert check_stamp(statement + b" ", path.read_bytes(), roots).problem
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    assert [one.kind for one in check(today, authority).problems] == ["stamp"]


def test_a_certificate_that_had_expired_is_named(today, tmp_path):
    """openssl itself stamps with a certificate that has ended, so this stamp is all right but for that."""
    expired = Authority(tmp_path / "expired", days=0)
    time.sleep(1.1)  # it ends within the second in which it was made; openssl 3.6 makes none that has ended
    with serving(expired) as url:
        done = stamp(today, url, roots=(expired,))
    assert "was not valid at the time of the stamp" in done.failed[0]
    assert check(today, expired).ok


def test_a_clock_that_was_ahead_of_the_authority(tmp_path, authority):
    made, wrong = Sealed(tmp_path), datetime.now(UTC) + timedelta(days=3)
    crawl(made.collection, "first", at=wrong)
    made.seal(at=wrong)
    with serving(authority) as url:
        stamp(made, url, roots=(authority,))
    assert [one.kind for one in check(made, authority).problems] == ["clock"]


def test_an_address_that_is_none(today):
    with pytest.raises(UsageError, match="ftp://"):
        stamp(today, "ftp://stamps.example/")


def test_the_command_seals_stamps_and_verifies(today, authority, monkeypatch, tmp_path):
    monkeypatch.setenv("WARRAQ_KEYS", str(today.keys))
    monkeypatch.setenv("WARRAQ_AUTHORITY_ROOTS", str(authority.root))
    folder = today.collection.folder
    crawl(today.collection, "third", at=datetime.now(UTC))
    said = warraq("--archive", folder, "seal", "--authority", "http://127.0.0.1:9/", "--operator", "the desk")
    assert "seal 2 over" in said.stdout
    assert "has no stamp of http://127.0.0.1:9/" in said.stderr
    with serving(authority) as url:
        monkeypatch.setenv("WARRAQ_AUTHORITIES", url)
        assert "2 stamps" in warraq("--archive", folder, "seal", "--stamp").stdout
        assert "nothing to seal" in warraq("--archive", folder, "seal").stdout
    key = folder / "seals" / "000002.pem"
    done = warraq("--archive", folder, "verify", "--seals", "--key", key)
    assert "2 seals" in done.stdout
    assert "all is as it was sealed" in done.stdout
    assert json.loads(warraq("--archive", folder, "verify", "--seals", "--json").stdout)["seals"]["ok"]
    today.first.unlink()
    assert "sealed records" in warraq("--archive", folder, "verify", "--seals", code=7).stdout
    assert (
        "is not a public key"
        in warraq("--archive", folder, "verify", "--seals", "--key", authority.root, code=2).stderr
    )
