"""Define what `is:` may ask of an article: what became of its page, and who else has it.

These are conditions on rows and no tokens of the index: they change without the article's words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from archive.arabic import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

State = Literal["gone", "paywalled", "changed", "shared", "wire"]

_NAMES: Final[Mapping[State, tuple[str, ...]]] = {
    "gone": ("gone", "deleted", "محذوف"),
    "paywalled": ("paywalled", "مدفوع"),
    "changed": ("changed", "معدل"),
    "shared": ("shared", "مشترك"),
    "wire": ("wire", "وكالة"),
}
STATES: Final = tuple(_NAMES)
_STATES: Final = {fold(name): state for state, names in _NAMES.items() for name in names}
_CONDITIONS: Final[Mapping[State, str]] = {
    "gone": "a.gone_at IS NOT NULL",
    "paywalled": "a.paywalled_at IS NOT NULL",
    "changed": (
        "EXISTS (SELECT 1 FROM articles AS other WHERE other.article_key = a.article_key AND other.id <> a.id)"
    ),
    "shared": (
        "EXISTS (SELECT 1 FROM families AS mine JOIN families AS f ON f.family = mine.family"
        " JOIN articles AS member ON member.id = f.article_id AND member.is_latest = 1"
        " WHERE mine.article_id = a.id AND f.article_id <> a.id)"
    ),
    "wire": "coalesce(a.source, '') <> ''",
}


def state_of(value: str) -> State | None:
    """Return the state of that name, English or Arabic; None when there is none."""
    return _STATES.get(fold(value.strip()))


def conditions(states: Iterable[State], not_states: Iterable[State] = ()) -> str:
    """Return the SQL condition on a row `a` of `articles`, `AND` before each part; '' when no state is asked for."""
    wanted = "".join(f" AND {_CONDITIONS[state]}" for state in states)
    return wanted + "".join(f" AND NOT ({_CONDITIONS[state]})" for state in not_states)
