"""Floors of search quality, which only rise. The question sets cannot be distributed, so they may be missing."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "support" / "retrieval.py"


@pytest.fixture(scope="module")
def measured():
    spec = importlib.util.spec_from_file_location("bench_retrieval", BENCH)
    bench = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # dataclasses look their module up
    spec.loader.exec_module(bench)
    folder = bench.corpora()
    if folder is None:
        pytest.skip("no arabic-search question sets under $WARRAQ_CORPORA or ../shared/corpora")
    return bench.measure_quality(folder)


@pytest.mark.slow
@pytest.mark.simulation
def test_questions_find_their_paragraph(measured):
    ours, plain = measured.ranking["warraq"], measured.ranking["FTS5 unicode61"]
    assert ours["ARCD"][0] >= 0.800
    assert ours["XQuAD-ar"][0] >= 0.915
    assert ours["ARCD"][0] > max(plain["ARCD"][0], measured.ranking["FTS5 trigram"]["ARCD"][0]) + 0.1


@pytest.mark.slow
@pytest.mark.simulation
def test_a_word_finds_its_inflected_forms_and_little_else(measured):
    recall, precision = measured.inflection["known"]["warraq"]
    assert recall >= 0.92
    assert precision >= 0.98
    for name in ("fresh", "drawn"):
        recall, precision = measured.inflection[name]["warraq"]
        assert recall >= 0.84, name
        assert precision >= 0.94, name
