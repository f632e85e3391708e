"""A short run of bench/soak.py: a crawl with faults and everything else beside it."""

from __future__ import annotations

import time

import pytest

from bench.soak import Soak

pytestmark = [pytest.mark.simulation, pytest.mark.slow]


def test_every_page_has_an_outcome_and_nothing_beside_the_crawl_fails(tmp_path):
    soak = Soak(tmp_path, 250, time.monotonic() + 900)
    soak.run()
    soak.report()
    assert soak.wrong == []
    assert len(soak.events) >= 10
    assert set(soak.beside) >= {"reading room", "verify --seals at the end"}
