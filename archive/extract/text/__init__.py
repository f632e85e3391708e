"""Finds an article's text on its page."""

from archive.extract.text.find import Text, find_text

__all__ = ["Text", "find_text"]
