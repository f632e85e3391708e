"""Shared by tests: misbehaving servers, pages, archives, and functions that run `warraq` and `scrapy`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300
"""Seconds that a test waits for a process: beside a dozen other busy processes, one second becomes ten."""
