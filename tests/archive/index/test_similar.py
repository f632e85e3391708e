"""Wire copy and duplicates are grouped, two reports of one event are not."""

import json
import random
from itertools import combinations
from pathlib import Path

import pytest

from archive.index import open_store, similar
from archive.index import similar as families
from tests.support.cli import warraq

ROOT = Path(__file__).parents[3]
LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
STOCK = "وأضاف المتحدث في تصريح صحفي أن الجهات المعنية تتابع الأمر عن كثب وأنها ستعلن النتائج في وقت لاحق بحسب وكالة الأنباء"


def vocabulary(rng, n):
    return ["".join(rng.choices(LETTERS, k=rng.randint(3, 7))) for _ in range(n)]


def written(rng, words, n=160):
    return [*rng.choices(words, k=n), *STOCK.split()]


def edited(rng, text, words, share):
    return [rng.choice(words) if rng.random() < share else word for word in text]


def small_set(seed=7):
    """(story, text): for each of twelve stories of one subject the wire's text, four copies, and a report written anew in its words."""
    rng = random.Random(seed)
    subject = vocabulary(rng, 900)
    found = []
    for story in range(12):
        wire = written(rng, subject)
        found += [
            (story, wire),
            (story, edited(rng, wire, subject, 0.05)),
            (story, rng.choices(subject, k=15) + wire[:140]),
            (story, [f"{word}ٌ" for word in wire]),
            (story, wire[:110] + rng.choices(subject, k=20)),
        ]
        own = list(dict.fromkeys(wire))
        found.append((f"report {story}", written(rng, own)))
    return [(story, " ".join(text)) for story, text in found]


def test_precision_and_recall_on_the_small_set():
    hashed = [(story, similar.shingles(text)) for story, text in small_set()]
    keys = [set(similar.bands(hashes)) for _, hashes in hashed]
    right = wrong = missed = 0
    for (a, one), (b, other) in combinations(enumerate(hashed), 2):
        same = one[0] == other[0]
        told = bool(keys[a] & keys[b]) and similar.resemblance(one[1], other[1]) >= similar.SAME
        right += same and told
        wrong += told and not same
        missed += same and not told
    print(f"precision {right / (right + wrong):.3f}, recall {right / (right + missed):.3f} of {right + missed} pairs")
    assert wrong == 0
    assert right / (right + missed) > 0.75


def test_the_same_words_with_other_marks_are_the_same_and_short_texts_are_like_nothing():
    text = " ".join(written(random.Random(1), vocabulary(random.Random(2), 300)))
    assert similar.resemblance(similar.shingles(text), similar.shingles(text.replace("ا", "أ"))) == 1.0
    assert similar.shingles("خبر قصير جدا") == frozenset()
    assert similar.bands(similar.shingles("")) == ()


def test_bands_do_not_depend_on_the_order_of_the_hashes():
    hashes = list(similar.shingles(small_set()[0][1]))
    assert similar.bands(hashes) == similar.bands(hashes[::-1])


@pytest.fixture
def archive(tmp_path):
    with open_store(tmp_path / "warraq.db") as store, store.atomic():
        store.db.execute(
            """INSERT INTO captures (id, record_id, record_type, url, urlkey, site, timestamp, captured_at, warc_filename,
            warc_record_offset, warc_record_length) VALUES (1, 'r', 'response', 'u', 'u', 's', '1', '1', 'f', 0, 1)"""
        )
        for n, (story, text) in enumerate(small_set()):
            hour = 23 - n % 6  # the wire, which comes first in the archive, was the last to publish
            store.db["articles"].insert(
                {
                    "url": f"https://s{n % 6}.example/{n}", "urlkey": "k", "site": f"s{n % 6}", "hostname": "s",
                    "title": f"{story}",
                    "text": text, "date_published": f"2026-11-24T{hour}:00:00Z", "text_digest": f"{n}", "fetched_at": "2026-11-25",
                    "last_seen_at": "2026-11-25", "capture_id": 1, "warc_filename": "f", "warc_record_offset": 0,
                    "warc_record_length": 1,
                }
            )  # fmt: skip
    return tmp_path


def group(archive, *more):
    return warraq("--archive", archive, "group", *more, code=None)


def test_the_command_says_who_had_it_first_and_compares_each_article_once(archive):
    done = group(archive, "--json")
    assert done.exit_code == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    told = {}
    for row in rows:
        told.setdefault(row["family"], []).append(row)
    assert len(told) == 12
    for members in told.values():
        assert len({row["title"] for row in members}) == 1
        assert len(members) >= 4
        times = [row["first"] for row in members]
        assert times == sorted(times)
    assert group(archive, "--json").stdout == done.stdout
    with open_store(archive / "warraq.db", read_only=True) as store:
        assert families.waiting(store.db, 10) == []


def test_the_command_waits_for_no_crawl(archive):
    from archive.collection import Collection

    with Collection(archive).lock():
        assert group(archive).exit_code == 4
