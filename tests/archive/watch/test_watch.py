"""Saved searches: what is reported, when and to whom; nothing is reported twice or lost."""

import base64
import hashlib
import hmac
import json
import signal
import smtplib
import socket
import socketserver
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest

from archive.errors import ArchiveNotFoundError, ForeignDatabaseError, NotFoundError, UsageError
from archive.index import articles
from archive.watch import Watch, WatchStore, add, delivery, run
from archive.watch.delivery import after_quiet
from archive.watch.store import FILE
from tests.support import PATIENCE
from tests.support.authority import Authority
from tests.support.program import Running
from tests.support.server import Server

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def folder_of(shelf):
    return shelf.collection.folder


def watching(shelf, query="زلزال", **more):
    return add(folder_of(shelf), Watch(name="quake", query=query, **more), now=NOW)[0]


def items(shelf, name="quake"):
    return json.loads((folder_of(shelf) / "feeds" / f"{name}.json").read_text())["items"]


def told(shelf):
    return [(item["tags"][0], item["url"]) for item in items(shelf)]


def later(**of):
    return NOW + timedelta(**of)


async def accept(exchange):
    await exchange.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    return True


async def refuse(exchange):
    await exchange.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    return True


def test_what_is_there_when_a_watch_begins_is_not_told_and_what_comes_is_told_once(shelf):
    shelf.put("https://daftar.example/1", "زلزال قديم", "نص")
    watching(shelf)
    assert run(folder_of(shelf), now=NOW).found == 0
    shelf.put("https://daftar.example/2", "زلزال جديد", "نص الزلزال")
    shelf.put("https://daftar.example/3", "خبر آخر", "نص")
    assert run(folder_of(shelf), now=later(hours=1)).found == 1
    assert run(folder_of(shelf), now=later(hours=2)).found == 0
    assert told(shelf) == [("new", "https://daftar.example/2")]


def test_more_matches_than_a_search_scores_are_all_told(shelf):
    watching(shelf)
    for number in range(120):
        shelf.put(f"https://daftar.example/n{number}", f"زلزال {number}", "نص")
    assert run(folder_of(shelf), now=NOW).found == 120


def test_changes_and_disappearances_are_told_when_asked_for(shelf):
    url = "https://daftar.example/1"
    shelf.put(url, "زلزال", "الأول")
    watching(shelf, changes=True, gone=True)
    add(folder_of(shelf), Watch(name="only-new", query="زلزال"), now=NOW)
    shelf.put(url, "زلزال", "الثاني")
    assert run(folder_of(shelf), now=NOW).found == 1
    with shelf.store.atomic():
        shelf.store.db.execute(
            "UPDATE articles SET gone_at = '2026-11-29T01:00:00Z' WHERE url = ? AND is_latest", [url]
        )
    assert run(folder_of(shelf), now=NOW).found == 1
    assert run(folder_of(shelf), now=NOW).found == 0
    assert told(shelf) == [("gone", url), ("changed", url)]
    assert items(shelf, "only-new") == []


def mark_seen(shelf, article_id, hour):
    with shelf.store.atomic():
        articles.mark_seen(shelf.store.db, article_id, at=f"2026-11-30T{hour:02}:00:00Z")


def test_each_return_to_an_earlier_text_is_a_change(shelf):
    url = "https://daftar.example/1"
    first = shelf.put(url, "زلزال", "الأول")
    watching(shelf, changes=True)
    second = shelf.put(url, "زلزال", "الثاني")
    run(folder_of(shelf), now=NOW)
    for hour, served in enumerate((first, second, first), 1):
        mark_seen(shelf, served, hour)
        assert run(folder_of(shelf), now=later(hours=hour)).found == 1
        assert run(folder_of(shelf), now=later(hours=hour)).found == 0
    summaries = [item["content_text"] for item in items(shelf)]
    assert summaries == ["الأول", "الثاني", "الأول", "الثاني"]
    assert len({item["id"] for item in items(shelf)}) == 4


def test_a_return_to_a_text_that_the_watch_matches_is_told_where_it_did_not_match_the_other(shelf):
    url = "https://daftar.example/1"
    first = shelf.put(url, "زلزال", "الأول")
    watching(shelf, changes=True)
    shelf.put(url, "خبر", "الثاني")
    assert run(folder_of(shelf), now=NOW).found == 0
    mark_seen(shelf, first, 1)
    assert run(folder_of(shelf), now=NOW).found == 1


def test_a_text_that_is_served_on_or_had_returned_before_the_watch_is_no_change(shelf):
    url = "https://daftar.example/1"
    first = shelf.put(url, "زلزال", "الأول")
    second = shelf.put(url, "زلزال", "الثاني")
    mark_seen(shelf, first, 1)
    watching(shelf, changes=True)
    mark_seen(shelf, first, 2)
    assert run(folder_of(shelf), now=NOW).found == 0
    add(folder_of(shelf), Watch(name="only-new", query="زلزال"), now=NOW)
    mark_seen(shelf, second, 3)
    assert run(folder_of(shelf), now=NOW).found == 1
    assert items(shelf, "only-new") == []


def test_feeds_are_well_formed_whatever_the_article_says(shelf):
    watching(shelf, query="خطر OR برنامج")
    shelf.put("javascript:alert(2)", "برنامج & <b>", "نص ]]> \x0b خطر")
    run(folder_of(shelf), now=NOW)
    root = ET.parse(folder_of(shelf) / "feeds" / "quake.atom").getroot()
    (entry,) = root.findall("a:entry", ATOM)
    assert entry.findtext("a:title", namespaces=ATOM) == "برنامج & <b>"
    assert entry.find("a:link", ATOM) is None
    assert items(shelf)[0]["_warraq"]["warc_filename"].endswith(".warc.gz")


def test_a_feed_links_to_itself_and_one_without_entries_has_the_time_of_its_watch(shelf):
    add(folder_of(shelf), Watch(name="غيم", query="غيمة"), now=NOW)
    run(folder_of(shelf), now=later(days=3))
    root = ET.parse(folder_of(shelf) / "feeds" / "غيم.atom").getroot()
    assert root.find("a:link[@rel='self']", ATOM).get("href") == quote("غيم.atom")
    assert root.findtext("a:updated", namespaces=ATOM) == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "feed_url" not in json.loads((folder_of(shelf) / "feeds" / "غيم.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("زلزال " * 83 + "قوي جدا", "زلزال " * 83 + "…"),  # the 500th character is in the last word but one
        ("زلزال", "زلزال"),
        ("字" * 600, "字" * 500 + " …"),
        ("字" * 99 + "\n「" + "字" * 600, "字" * 99 + "\n「" + "字" * 399 + " …"),
    ],
)
def test_a_long_text_is_cut_between_words(shelf, text, summary):
    watching(shelf)
    shelf.put("https://daftar.example/2", "زلزال جديد", text)
    run(folder_of(shelf), now=NOW)
    assert items(shelf)[0]["content_text"] == summary


def test_a_webhook_is_signed_and_tried_again_with_the_same_id(shelf):
    with Server({"/hook": refuse}) as server:
        watch = watching(shelf, targets=(server.url("/hook"),))
        shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
        ran = run(folder_of(shelf), now=NOW)
        assert (ran.found, ran.delivered, ran.failed) == (1, 0, ((server.url("/hook"), "status 503"),))
        server.routes["/hook"] = accept
        assert run(folder_of(shelf), now=later(seconds=10)).delivered == 0  # not before its pause is over
        assert run(folder_of(shelf), now=later(minutes=2)).delivered == 1
        assert run(folder_of(shelf), now=later(days=2)).delivered == 0
        first, second = server.received
    fields = dict(line.split(": ", 1) for line in second.head.decode().split("\r\n")[1:] if line)
    fields = {name.lower(): value for name, value in fields.items()}
    assert fields["webhook-id"].encode() in first.head
    signed = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.".encode() + second.body
    key = base64.b64decode(watch.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert fields["webhook-signature"] == f"v1,{expected}"
    (match,) = json.loads(second.body)["matches"]
    assert (match["event"], match["url"]) == ("new", "https://daftar.example/2")


def test_a_webhook_may_have_other_letters_than_ascii_in_its_path(shelf):
    with Server({"/%D8%AE%D8%A8%D8%B1": accept}) as server:
        watching(shelf, targets=(server.url("/خبر"),))
        shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
        assert run(folder_of(shelf), now=NOW).delivered == 1


def test_a_webhook_that_redirects_or_never_ends_its_answer_is_a_failure_that_says_so(shelf):
    async def redirect(exchange):
        await exchange.send(b"HTTP/1.1 307 Over there\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
        return True

    async def flood(exchange):
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000)
        return True

    with Server({"/moved": redirect, "/flood": flood, "/other": accept}) as server:
        watching(shelf, targets=(server.url("/moved"), server.url("/flood")))
        shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
        ran = run(folder_of(shelf), now=NOW)
        assert len(server.received) == 2
    assert ran.failed == (
        (server.url("/moved"), "status 307"),
        (server.url("/flood"), "more than 65,536 bytes"),
    )


def test_a_message_that_nobody_takes_is_given_up_after_days_and_listed(shelf):
    watching(shelf, targets=("http://127.0.0.1:9/",))
    shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
    for day in range(12):
        run(folder_of(shelf), now=later(days=day))
    with WatchStore(folder_of(shelf)) as store:
        (waiting,) = store.waiting(store.get("quake").id)
    assert (waiting["due_at"], waiting["attempts"]) == ("", 10)


@pytest.mark.slow
def test_a_run_that_is_killed_while_it_sends_loses_nothing_and_tells_it_under_the_same_id(shelf):
    arrived = threading.Event()

    async def hang(exchange):
        arrived.set()
        import asyncio

        await asyncio.sleep(60)
        return False

    with Server({"/hook": hang}) as server:
        watching(shelf, targets=(server.url("/hook"),))
        shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
        running = Running(["warraq", "--archive", folder_of(shelf), "watch", "run"])
        assert arrived.wait(PATIENCE)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        server.routes["/hook"] = accept
        assert run(folder_of(shelf), now=datetime.now(UTC)).delivered == 1
        ids = {line for one in server.received for line in one.head.lower().split(b"\r\n") if b"webhook-id" in line}
        assert (len(server.received), len(ids)) == (2, 1)


class Smtp(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line.split()[0].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                data = b""
                while not data.endswith(b"\r\n.\r\n"):
                    data += self.rfile.readline()
                self.server.mails.append(data)
            if word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 ok\r\n")


def test_mail_goes_by_the_server_that_is_named_and_waits_while_it_is_down(shelf, monkeypatch):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp) as server:
        server.mails = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        watching(shelf, targets=("mailto:reader@example.org",))
        shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            monkeypatch.setenv("WARRAQ_SMTP", f"smtp://127.0.0.1:{free.getsockname()[1]}")
        assert run(folder_of(shelf), now=NOW).delivered == 0
        monkeypatch.setenv("WARRAQ_SMTP", f"smtp://127.0.0.1:{server.server_address[1]}")
        assert run(folder_of(shelf), now=later(minutes=2)).delivered == 1
        server.shutdown()
    (mail,) = server.mails
    assert b"Message-ID: <msg_" in mail
    assert b"To: reader@example.org" in mail


@contextmanager
def mail_server(handler):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Endless(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 here\r\n")
        self.rfile.readline()
        with suppress(OSError):
            self.wfile.write(b"250-x\r\n" * 50_000)  # five times what is read


class Secure(socketserver.StreamRequestHandler):
    """A server that offers STARTTLS, by a certificate that nobody trusts."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        self.rfile.readline()
        self.wfile.write(b"250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n")
        self.server.said.append(self.rfile.readline())
        self.wfile.write(b"220 go on\r\n")
        with suppress(OSError), self.server.context.wrap_socket(self.request, server_side=True) as tls:
            self.server.said.append(tls.recv(1000))


def sending(server, account=""):
    mail = EmailMessage()
    mail["From"], mail["To"] = "a@example.org", "b@example.org"
    mail.set_content("text")
    return delivery._send(f"smtp://{account}{server}", mail)


def test_a_mail_server_that_replies_without_end_is_left():
    with mail_server(Endless) as server, pytest.raises(smtplib.SMTPServerDisconnected, match="too long"):
        sending(f"127.0.0.1:{server.server_address[1]}")


def test_an_offered_encryption_is_used_and_its_certificate_verified(tmp_path):
    with mail_server(Secure) as server:
        server.said, server.context = [], Authority(tmp_path).context("localhost")
        with pytest.raises(ssl.SSLCertVerificationError):
            sending(f"localhost:{server.server_address[1]}", "user:secret@")
    assert server.said[0].upper().split() == [b"STARTTLS"]
    assert not any(b"secret" in one or b"AUTH" in one for one in server.said)


@pytest.mark.parametrize(
    ("own", "error", "said"),
    [(frozenset(), ValueError, "STARTTLS"), (delivery._OWN, smtplib.SMTPNotSupportedError, "AUTH")],
)
def test_a_password_goes_unencrypted_to_no_other_machine(monkeypatch, own, error, said):
    """On this machine, the login is tried; this server has none."""
    monkeypatch.setattr(delivery, "_OWN", own)
    with mail_server(Smtp) as server:
        server.mails = []
        where = f"127.0.0.1:{server.server_address[1]}"
        with pytest.raises(error, match=said):
            sending(where, "user:secret@")
        sending(where)
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (smtplib.SMTPRecipientsRefused({"reader@example.org": (550, b"no such\r\nuser")}), "550 no such user"),
        (smtplib.SMTPConnectError(421, b"busy"), "421 busy"),
        (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "Connection unexpectedly closed"),
    ],
)
def test_the_reply_of_a_mail_server_that_refuses_is_said_as_it_was_given(shelf, monkeypatch, error, said):
    def refuse_mail(*_):
        raise error

    monkeypatch.setenv("WARRAQ_SMTP", "smtp://127.0.0.1:9")
    monkeypatch.setattr("archive.watch.delivery._send", refuse_mail)
    watching(shelf, targets=("mailto:reader@example.org",))
    shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
    assert run(folder_of(shelf), now=NOW).failed == (("mailto:reader@example.org", said),)


def test_without_a_mail_server_the_message_waits_and_says_so(shelf, monkeypatch):
    monkeypatch.delenv("WARRAQ_SMTP", raising=False)
    watching(shelf, targets=("mailto:reader@example.org",))
    shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
    ((_, problem),) = run(folder_of(shelf), now=NOW).failed
    assert "WARRAQ_SMTP" in problem


def test_quiet_hours_hold_messages_back_and_not_the_feed(shelf):
    with Server({"/hook": accept}) as server:
        watching(shelf, targets=(server.url("/hook"),), quiet="14:00-17:00", zone="Asia/Riyadh")  # it is 15:00 there
        shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
        assert (run(folder_of(shelf), now=NOW).delivered, len(items(shelf))) == (0, 1)
        assert run(folder_of(shelf), now=later(hours=1, minutes=59)).delivered == 0
        assert run(folder_of(shelf), now=later(hours=2)).delivered == 1


@pytest.mark.parametrize(("hour", "until"), [(21, 21), (22, 31), (23, 31), (6, 7), (7, 7)])
def test_quiet_hours_may_run_over_midnight(hour, until):
    watch = Watch(name="w", query="a", quiet="22:00-07:00")
    at = NOW.replace(hour=hour)
    assert after_quiet(watch, at) == NOW.replace(hour=0) + timedelta(hours=until)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"query": '"'}, "has no words that can be watched"),
        ({"query": "-زلزال"}, "has no words that can be watched"),
        ({"query": 'site:"!"'}, "needs a value"),
        ({"name": "../x"}, "not a name"),
        ({"targets": ("mailto:a@b\r\nBcc: c@d",)}, "is not a target"),
        ({"targets": ("file:///etc/passwd",)}, "is not a target"),
        ({"targets": ("http://h.example/\r\nX: y",)}, "is not a target"),
        ({"targets": ("http://h.example/a b",)}, "is not a target"),
        ({"targets": ("http://h.example/\udcff",)}, "is not a target"),
        ({"quiet": "at night"}, "not a range of hours"),
        ({"quiet": "07:00-07:00"}, "all day"),
        ({"zone": "Mars/Olympus"}, "not a time zone"),
    ],
)
def test_a_watch_that_could_not_work_is_refused_with_the_reason(shelf, change, word):
    with pytest.raises(UsageError, match=word):
        add(folder_of(shelf), Watch(**{"name": "w", "query": "زلزال", **change}), now=NOW)


def test_a_query_with_bytes_that_are_not_utf_8_is_watched_without_them(shelf):
    assert watching(shelf, query="زلزال \udcff").query == "زلزال ?"
    shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
    assert run(folder_of(shelf), now=NOW).found == 1


def test_a_folder_without_an_archive_has_no_watches(tmp_path):
    with pytest.raises(ArchiveNotFoundError):
        add(tmp_path / "nothing", Watch(name="w", query="زلزال"), now=NOW)


def test_names_are_unique_and_a_watch_that_is_removed_is_gone(shelf):
    watching(shelf)
    with pytest.raises(UsageError, match="already"):
        watching(shelf)
    with WatchStore(folder_of(shelf)) as store:
        with store.atomic():
            store.remove("quake")
        with pytest.raises(NotFoundError):
            store.remove("quake")
        assert store.all() == []


def test_what_is_redacted_leaves_the_feed(shelf):
    watching(shelf)
    identity = shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
    run(folder_of(shelf), now=NOW)
    with shelf.store.atomic():
        shelf.store.db.execute("UPDATE captures SET article_id = NULL WHERE article_id = ?", [identity])
        shelf.store.db.execute("DELETE FROM articles WHERE id = ?", [identity])
    run(folder_of(shelf), now=NOW)
    assert items(shelf) == []


def test_a_file_of_watches_with_a_trigger_is_not_opened(shelf):
    watching(shelf)
    from archive.index.sqlite import sqlite3

    with sqlite3.connect(folder_of(shelf) / FILE) as db:
        db.execute("CREATE TRIGGER t AFTER INSERT ON matches BEGIN DELETE FROM watches; END")
    db.close()
    with pytest.raises(ForeignDatabaseError):
        WatchStore(folder_of(shelf))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE watches SET name = '../../outside'",
        "UPDATE watches SET name = 'feeds/x'",
        "UPDATE watches SET targets = '{}'",
        "UPDATE watches SET targets = '[1]'",
        "UPDATE watches SET targets = '[[[[['",
        "UPDATE watches SET query = x'00'",
        "INSERT INTO messages (id, watch_id, target, matches, due_at) VALUES ('m', 77, 'mailto:a@b.example', '[]', '2026')",
        "INSERT INTO messages (id, watch_id, target, matches, due_at) SELECT 'm', id, 'mailto:a@b.example', '[\"x\"]', '2026' FROM watches",
        "INSERT INTO messages (id, watch_id, target, matches, due_at, attempts) SELECT 'm', id, 'x', '[]', '2026', 'many' FROM watches",
    ],
)
def test_values_that_warraq_cannot_have_written_are_refused_and_lead_nowhere(shelf, change):
    from archive.index.sqlite import sqlite3

    watching(shelf)
    with sqlite3.connect(folder_of(shelf) / FILE) as db:
        db.execute(change)
    db.close()
    before = sorted(folder_of(shelf).parent.rglob("*"))
    with pytest.raises(ForeignDatabaseError, match="watch add"):
        run(folder_of(shelf), now=NOW)
    assert sorted(one for one in folder_of(shelf).parent.rglob("*") if one.name != ".watch.lock") == [
        one for one in before if one.name != ".watch.lock"
    ]


def test_secrets_are_for_the_owner_alone(shelf):
    watching(shelf)
    assert (folder_of(shelf) / FILE).stat().st_mode & 0o077 == 0


def test_commands_add_list_run_and_remove(shelf):
    from tests.support.cli import warraq

    def ask(*arguments, code=0):
        return warraq("--archive", folder_of(shelf), "watch", *arguments, code=code)

    ask("add", "زلزال", "site:daftar.example", "--name", "quake", "--webhook", "http://127.0.0.1:9/")
    shelf.put("https://daftar.example/2", "زلزال جديد", "نص")
    assert "1 found, 0 messages" in ask("run").stdout
    (row,) = map(json.loads, ask("list", "--json").stdout.splitlines())
    assert (row["name"], len(row["waiting"])) == ("quake", 1)
    assert "secret" not in row
    assert "1 attempt," in ask("list").stdout
    ask("add", "مطر", "--name", "rain", "--quiet", "22:00-07:00", "--zone", "Asia/Riyadh")
    assert "rain: مطر (quiet 22:00-07:00 Asia/Riyadh)" in ask("list").stdout
    ask("remove", "rain")
    ask("remove", "quake")
    assert ask("list").stdout == ""
    ask("remove", "quake", code=8)
