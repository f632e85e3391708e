"""The batch's datatrove steps, on a substitute for datatrove; `make cluster-test` runs them on the real one."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import ModuleType

import pytest

from archive.batch import run_task, write_plan
from archive.batch.task import TaskPlace
from tests.archive.test_batch import capture, page, planned, rows_of, written

pytestmark = pytest.mark.slow

pytest.importorskip("pyarrow")


@dataclass
class Document:
    text: str
    id: str
    metadata: dict = field(default_factory=dict)


class PipelineStep:
    def __init__(self):
        self.counts = Counter()

    def stat_update(self, *labels, value=1, unit=None):
        self.counts.update(dict.fromkeys(labels, value))

    def track_time(self):
        return nullcontext()


@pytest.fixture
def steps(monkeypatch):
    for name, things in {
        "datatrove": {},
        "datatrove.data": {"Document": Document},
        "datatrove.pipeline": {},
        "datatrove.pipeline.base": {"PipelineStep": PipelineStep},
    }.items():
        module = ModuleType(name)
        vars(module).update(things)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "archive.batch.steps", raising=False)
    yield importlib.import_module("archive.batch.steps")
    sys.modules.pop("archive.batch.steps", None)


@pytest.fixture
def warc(tmp_path):
    news = [capture(f"/2026/11/{n}", page(f"عنوان الخبر رقم {n} في هذا الاختبار"), n) for n in range(3)]
    path = written(tmp_path / "set", [*news, capture("/gone", b"", 9, "404 Not Found")])
    with path.open("ab") as file:
        file.write(b"\x1f\x8bdamaged")
    return path


@pytest.mark.parametrize("shards", [True, False])
def test_the_steps_make_what_a_task_makes_without_them(steps, tmp_path, warc, shards):
    write_plan(tmp_path / "a", planned(warc, shards=shards))
    heard = []
    read, extract = steps.ReadWarcs(str(tmp_path / "a"), heard.append), steps.Extract(str(tmp_path / "a"))
    write = steps.WriteParquet(str(tmp_path / "a"))
    write.run(extract.run(read.run()))
    run_task(planned(warc, shards=shards), tmp_path / "b", 0)
    assert rows_of(tmp_path / "a") == rows_of(tmp_path / "b")
    assert TaskPlace(folder=tmp_path / "a", rank=0).shard.exists() is shards
    assert (read.counts["damages"], extract.counts["articles"], extract.counts["gone"]) == (1, 3, 1)
    assert write.counts["rows"] == 5
    assert heard[-1] == warc.stat().st_size


def test_each_rank_reads_and_writes_its_own_files(steps, tmp_path, warc):
    other = written(tmp_path / "set", [capture("/2026/11/9", page("عنوان خبر آخر في هذا الاختبار"), 5)], prefix="OTHER")
    plan, folder = planned(warc, other, tasks=2, shards=True), str(tmp_path / "a")
    write_plan(tmp_path / "a", plan)
    read = steps.ReadWarcs(folder).run(rank=1, world_size=2)
    extracted = steps.Extract(folder).run(read, rank=1, world_size=2)
    steps.WriteParquet(folder).run(extracted, rank=1, world_size=2)
    run_task(plan, tmp_path / "b", 1)
    assert rows_of(tmp_path / "a", 1) == rows_of(tmp_path / "b", 1)
    places = [TaskPlace(folder=tmp_path / "a", rank=rank) for rank in (0, 1)]
    assert [(place.parquet.exists(), place.shard.exists()) for place in places] == [(False, False), (True, True)]


def test_a_document_has_the_text_of_its_article_and_the_columns_of_its_row(steps, tmp_path, warc):
    write_plan(tmp_path / "a", planned(warc, parquet=False))
    before = Document(text="of a step before", id="0")
    read = list(steps.ReadWarcs(str(tmp_path / "a")).run([before]))
    assert read[0] is before
    assert {document.text for document in read[1:]} == {""}
    documents = list(steps.Extract(str(tmp_path / "a")).run(read[1:]))
    assert [bool(document.text) for document in documents] == [True, True, True, False, False]
    assert all(document.id == document.metadata["record_id"] for document in documents)
    assert documents[0].metadata["title"] == "عنوان الخبر رقم 0 في هذا الاختبار"
    steps.WriteParquet(str(tmp_path / "a")).run(documents)
    assert not TaskPlace(folder=tmp_path / "a", rank=0).parquet.exists()
