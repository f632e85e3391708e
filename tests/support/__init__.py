"""What tests share: servers that misbehave, pages, archives, and ways to run `warraq` and `scrapy`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300
"""Seconds that a test waits for a process: on a machine with a dozen other busy ones, a second becomes ten."""
