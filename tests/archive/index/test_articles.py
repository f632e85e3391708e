"""Two texts at one URL: when they are versions of one article."""

import pytest

from archive import Article
from archive.index import CaptureRow, articles, captures, open_store
from archive.index.articles import may_be_versions

URL = "https://a.example/1"

TEXT = " ".join(f"word{n}" for n in range(100))


@pytest.mark.parametrize(("kept", "versions"), [(100, True), (90, True), (87, False), (50, False), (0, False)])
def test_texts_under_two_titles_are_versions_if_most_of_their_words_are_common(kept, versions):
    other = " ".join([*(f"word{n}" for n in range(kept)), *(f"other{n}" for n in range(100 - kept))])
    assert may_be_versions(("First title", TEXT), ("Second title", other)) is versions


@pytest.mark.parametrize(
    ("words", "others", "versions"), [(40, 0, True), (40, 2, True), (40, 4, False), (20, 0, False)]
)
def test_a_text_whose_words_are_nearly_all_in_a_longer_one_is_a_version(words, others, versions):
    shorter = " ".join([*(f"word{n}" for n in range(words - others)), *(f"other{n}" for n in range(others))])
    assert may_be_versions(("First title", TEXT), ("Second title", shorter)) is versions
    assert may_be_versions(("First title", shorter), ("Second title", TEXT)) is versions


@pytest.mark.parametrize(("kept", "versions"), [(50, True), (40, False), (0, False)])
def test_texts_under_one_title_are_versions_if_half_of_the_shorter_ones_words_are_common(kept, versions):
    other = " ".join([*(f"word{n}" for n in range(kept)), *(f"other{n}" for n in range(100 - kept))])
    assert may_be_versions(("The same title", TEXT), ("The same title", other)) is versions
    assert may_be_versions(("The same title", TEXT), ("The same title", "")) is True


def stored(db, *texts, at="2026-11-24T12:00:00Z"):
    """Store versions of one article that were captured at the same moment, in this order; return their ids."""
    ids = []
    for text in texts:
        record_id = f"<urn:uuid:{text}>"
        row = CaptureRow(
            record_id=record_id, record_type="response", url=URL, urlkey="example,a)/1", site="a", timestamp="20261124120000",
            captured_at=at, status=200, mime="text/html", payload_digest=f"sha1:{text}", warc_filename="x.warc.gz",
            warc_record_offset=len(ids), warc_record_length=1,
        )  # fmt: skip
        captures.insert(db, row)
        capture = captures.of_record(db, record_id)
        article = Article(url=URL, title="Title", text=text)
        ids.append(articles.insert_version(db, article, capture=capture, conversion_id="").id)
    return ids


def test_versions_of_one_moment_have_the_same_numbers_in_whatever_order_they_came(tmp_path):
    numbers = []
    for name, texts in (("one", ("first", "second", "third")), ("other", ("third", "first", "second"))):
        with open_store(tmp_path / f"{name}.db") as store, store.atomic():
            stored(store.db, *texts)
            rows = articles.versions(store.db, URL)
            numbers.append([(row["text"], row["version"], row["is_latest"]) for row in rows])
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize(("body", "recorded"), [("", 1), (None, 0)])
def test_a_row_of_an_earlier_version_of_warraq_takes_new_metadata_without_a_change(tmp_path, body, recorded):
    with open_store(tmp_path / "a.db") as store, store.atomic():
        (one,) = stored(store.db, "text")
        store.db.execute("UPDATE articles SET body = ?", [body])
        articles.apply(store.db, one, {"author": "Sami"}, at="2026-11-25T12:00:00Z", record_id="<urn:uuid:2>")
        assert articles.get(store.db, one)["author"] == "Sami"
        assert len(articles.changes_of(store.db, URL)) == recorded


def captured(db, name, **more):
    values = {
        "record_type": "response", "url": URL, "urlkey": "example,a)/1", "site": "a", "timestamp": "20261124120000",
        "captured_at": "2026-11-24T12:00:00Z", "status": 200, "mime": "text/html", "payload_digest": f"sha1:{name}",
        "warc_filename": "x.warc.gz", "warc_record_offset": 0, "warc_record_length": 1,
    }  # fmt: skip
    captures.insert(db, CaptureRow(record_id=f"<urn:uuid:{name}>", **values | more))


def test_a_truncated_response_stands_for_no_whole_one_however_near_it_is(tmp_path):
    with open_store(tmp_path / "a.db") as store, store.atomic():
        captured(store.db, "whole", timestamp="20261120120000", captured_at="2026-11-20T12:00:00Z")
        captured(store.db, "cut", truncated="length")
        found = captures.nearest(store.db, [URL], "2026-11-24T12:00:00Z")
    assert [row["record_id"] for row in found[URL]] == ["<urn:uuid:whole>"]


@pytest.mark.parametrize(("digest", "is_it"), [("sha1:one", True), ("", True), ("sha1:other", False)])
def test_a_revisit_that_names_a_record_with_another_payload_is_not_its_revisit(tmp_path, digest, is_it):
    names = {"refers_to": "<urn:uuid:one>", "refers_to_url": "", "refers_to_date": "", "url": URL}
    with open_store(tmp_path / "a.db") as store, store.atomic():
        captured(store.db, "one")
        found = captures.original_of(store.db, {**names, "payload_digest": digest})
    assert (found is not None) is is_it
