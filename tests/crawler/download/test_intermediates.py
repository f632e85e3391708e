"""Servers that omit an intermediate certificate, which is named, and fetched only on request."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from OpenSSL.crypto import X509

from crawler.download import protocol
from crawler.download.intermediates import intermediates_in
from crawler.download.protocol import MOST_CERTIFICATES, _shown_by
from crawler.sites import SiteError, load_site
from tests.support.authority import Authority, Intermediate
from tests.support.fetch import Visit, fetch
from tests.support.server import Server, answer, page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = answer(page(b"<html>hello</html>"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


FORMS = ("der", "pem", "pkcs7")
USELESS = ("other", "text", "big", "missing", "stranger", "root")


@pytest.fixture(scope="module")
def fetched(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What becomes of requests, without and with the setting, to servers whose issuers lie in several forms and places."""
    issuers = {name: authority.intermediate(f"Issuer {name}") for name in (*FORMS, *USELESS, "unnamed")}
    issuers["stranger"] = Authority(tmp_path_factory.mktemp("other")).intermediate("Stranger")
    issuers["root"] = authority.intermediate("Own Root", root=True)
    files = {name: issuers[name].as_bytes(name if name in FORMS else "der") for name in (*FORMS, "stranger", "root")}
    files |= {
        "text": b"no certificate",
        "big": b"x" * 100_000,
        "other": authority.intermediate("Another").as_bytes("der"),
    }
    with ExitStack() as stack:
        place = stack.enter_context(Server({f"/{name}": answer(page(body)) for name, body in files.items()}))
        servers = {
            name: Server({"/": PAGE}, tls=authority.context("127.0.0.1", by=issuer, issuer_at=place.url(f"/{name}")))
            for name, issuer in issuers.items()
            if name != "unnamed"
        }
        servers["unnamed"] = Server({"/": PAGE}, tls=authority.context("127.0.0.1", by=issuers["unnamed"]))
        for server in servers.values():
            stack.enter_context(server)
        requests = [{"url": server.url(f"/?{name}")} for name, server in servers.items()]
        done: dict[str, Any] = {"place": place}
        for asked_for in (False, True):
            done[str(asked_for)] = fetch(
                requests,
                settings={"WARRAQ_FETCH_INTERMEDIATES": asked_for, "CONCURRENT_REQUESTS": 1},
                env={"SSL_CERT_FILE": str(authority.certificate_file)},
            )
            done[f"asked {asked_for}"] = sorted(each.path for each in place.received)
        yield done


def visit(fetched: dict[str, Any], name: str, *, asked_for: bool = True) -> Visit:
    (found,) = [each for each in fetched[str(asked_for)].visits if each.url.endswith(f"?{name}")]
    return found


@pytest.mark.slow
def test_a_missing_intermediate_is_named_and_not_fetched_unasked(fetched: dict[str, Any]) -> None:
    for name in FORMS:
        one = visit(fetched, name, asked_for=False)
        assert one.outcome == "incomplete-chain"
        assert f"'Issuer {name}'" in one.error
        assert "WARRAQ_FETCH_INTERMEDIATES" in one.error
    assert fetched["asked False"] == []


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_it_is_fetched_when_asked_for_and_the_certificate_verified_with_it(fetched: dict[str, Any], form: str) -> None:
    one = visit(fetched, form)
    assert (one.outcome, one.status, one.body) == ("", 200, b"<html>hello</html>")
    assert fetched["True"].capture(one.url).tls_verified
    assert fetched["asked True"].count(f"/{form}") == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", USELESS)
def test_what_does_not_lead_to_a_trusted_root_is_not_trusted(fetched: dict[str, Any], name: str) -> None:
    assert visit(fetched, name).outcome in {"incomplete-chain", "tls"}
    assert fetched["asked True"].count(f"/{name}") == 1
    assert not [each for each in fetched["True"].captures if each.url.endswith(f"?{name}")]


@pytest.mark.slow
def test_a_certificate_that_does_not_say_where_its_issuer_lies_is_not_trusted(fetched: dict[str, Any]) -> None:
    assert visit(fetched, "unnamed").outcome == "tls"


def test_no_root_is_taken_from_an_answer(authority: Authority) -> None:
    below: Intermediate = authority.intermediate("Below")
    assert intermediates_in(below.as_bytes("der")) == [below.certificate]
    assert intermediates_in(authority.intermediate("Root", root=True).as_bytes("der")) == []
    assert intermediates_in(b"\x30\x82" + bytes(50)) == []


def test_an_entry_can_ask_for_them(tmp_path: Path) -> None:
    (tmp_path / "sites.toml").write_text('[site.a]\nseeds = ["https://a.example/"]\nfetch_intermediates = true\n')
    assert load_site(tmp_path / "sites.toml", "a").settings() == {"WARRAQ_FETCH_INTERMEDIATES": True}
    (tmp_path / "sites.toml").write_text('[site.a]\nseeds = ["https://a.example/"]\nfetch_intermediates = "yes"\n')
    with pytest.raises(SiteError, match="neither true nor false"):
        load_site(tmp_path / "sites.toml", "a")


@pytest.mark.parametrize(
    ("number", "kept"), [(1, 1), (MOST_CERTIFICATES, MOST_CERTIFICATES), (MOST_CERTIFICATES + 1, 1), (500, 1)]
)
def test_of_a_chain_that_is_too_long_to_keep_only_the_servers_own_is_kept(
    authority: Authority, number: int, kept: int
) -> None:
    own = X509.from_cryptography(authority.certificate)

    class Connection:
        def get_peer_certificate(self) -> X509:
            return own

        def get_peer_cert_chain(self) -> list[X509]:
            return [own] * number

    assert len(_shown_by(Connection())) == kept


def test_of_a_chain_that_is_too_large_to_keep_nothing_is_kept(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MOST_CERTIFICATE_BYTES", 10)
    own = X509.from_cryptography(authority.certificate)
    connection = type(
        "Connection", (), {"get_peer_certificate": lambda _: own, "get_peer_cert_chain": lambda _: [own]}
    )()
    assert _shown_by(connection) == ()
