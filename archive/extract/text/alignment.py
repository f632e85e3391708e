"""Finds the lines that a reader gives again among the page's own blocks: lines and blocks in, indices of blocks out.

A reader loses inline elements, runs lines together and parts them. So a line is first looked for as it is, then between
its neighbours: as a part of a block, as several blocks, or as a block of mostly the same words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archive.extract.text.wording import grams, share, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archive.extract.page import TextBlock

_NOT_WORD = re.compile(r"[\W_\U00010600\U00010601]+")
_REACH = 40
"""Blocks behind the last one found among which a line that is no block is looked for."""
_FAR = 2_000
_LOST = 20
"""Blocks among which a line is looked for while none has been found, and lines after which that is given up."""
_ALIKE = 0.6
"""Share of its word sequences from which a block is what a line says."""
_MIN_PART = 12
"""Letters from which a block may be found within a line, or a line within a block."""


def align(lines: Sequence[str], blocks: Sequence[TextBlock]) -> tuple[int, ...]:
    """Return the indices of the blocks that the lines are, in page order.

    Of a text that stands there twice, the one nearest before the next line counts. (A title stands in the heading, and
    again where the text begins: the line of the text is the second.)
    """
    keys = [_NOT_WORD.sub("", line) for line in lines]
    # to take the marks off every block would cost more than all the rest here
    ends = {_ends(key) for key in keys if key}
    places: dict[str, list[int]] = {}
    for index, block in enumerate(blocks):
        if not block.hook and not block.hidden and _ends(block.text) in ends:
            places.setdefault(_NOT_WORD.sub("", block.text), []).append(index)
    candidates = [places.get(key, ()) if key else () for key in keys]
    found = _exact(candidates, len(blocks))
    taken = {place for place in found if place >= 0}
    last = -1
    for number, place in enumerate(found):
        if place >= 0:
            last = place
        elif keys[number]:
            near = _near(
                lines[number], keys[number], _window(found, number, last, len(blocks), len(keys[number])), taken, blocks
            )
            taken.update(near)
            last = max((last, *near))
    return tuple(sorted(taken))


def _exact(candidates: Sequence[Sequence[int]], end: int) -> list[int]:
    """Return the place of each line that is a block as it stands, -1 for the others."""
    found: list[int] = []
    last = -1
    for number, places in enumerate(candidates):
        place = places[0] if len(places) == 1 else -1
        if len(places) > 1:
            following = next((others[0] for others in candidates[number + 1 : number + 6] if len(others) == 1), end)
            within = [index for index in places if last < index < following]
            place = within[-1] if within and last < 0 else (within or places)[0]
        if place >= 0:
            last = place
        found.append(place)
    return found


def _window(found: Sequence[int], number: int, last: int, end: int, size: int) -> range:
    """Return the blocks among which a line may stand: behind the last one found, before the next."""
    following = next((place for place in found[number + 1 : number + _REACH] if place > last), end)
    reach = _REACH + size // 4
    if last >= 0:
        return range(last + 1, min(following, last + 1 + reach))
    if following < end:
        return range(max(0, following - reach), following)
    return range(min(end, _FAR)) if number < _LOST else range(0)


def _near(line: str, key: str, window: range, taken: set[int], blocks: Sequence[TextBlock]) -> list[int]:
    """Return the blocks that a line is a part of, that are parts of it, or that say the same."""
    found = []
    rest = key
    said = None
    for index in window:
        block = blocks[index]
        if index in taken or block.hook or block.hidden:
            continue
        own = _NOT_WORD.sub("", block.text)
        if own and (at := rest.find(own)) >= 0 and (at == 0 or len(own) >= _MIN_PART):
            rest = rest[at + len(own) :]
            found.append(index)
        elif len(key) >= _MIN_PART and key in own:
            return [index]
        elif len(own) >= 2 * _MIN_PART and not found:
            said = said if said is not None else grams(words(line))
            if share(words(block.text), said) >= _ALIKE:
                found.append(index)
    return found


def _ends(text: str) -> str:
    """Return the first and the last letter or digit of a text."""
    first = next(filter(str.isalnum, text), "")
    return first + next(filter(str.isalnum, reversed(text)), "")
