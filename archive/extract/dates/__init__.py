"""Finds when an article was published and changed: a Document and Head come in, two times and their origins go out."""

from __future__ import annotations

from archive.extract.dates.feed import parse_moment
from archive.extract.dates.moment import Moment, parse_machine
from archive.extract.dates.reading import Dates, read_dates

__all__ = ["Dates", "Moment", "parse_machine", "parse_moment", "read_dates"]
