"""Brings words of Arabic script to one spelling: printed text comes in; folded text, light stems, word spans go out."""

from archive.arabic.letters import fold, words
from archive.arabic.stems import spell, stem, without_article

__all__ = ["fold", "spell", "stem", "without_article", "words"]
