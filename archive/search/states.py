"""Define the values of `is:`: what became of an article's page, and whether others published it.

They are conditions on rows instead of tokens of the index, because they change independently of the article's words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from archive.arabic import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

State = Literal["gone", "paywalled", "changed", "retitled", "shared", "wire"]

_NAMES: Final[Mapping[State, tuple[str, ...]]] = {
    "gone": ("gone", "deleted", "محذوف"),
    "paywalled": ("paywalled", "مدفوع"),
    "changed": ("changed", "معدل"),
    "retitled": ("retitled", "معدل-العنوان"),
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
    "retitled": (
        "EXISTS (SELECT 1 FROM articles AS other WHERE other.article_key = a.article_key AND other.title <> a.title"
        " AND other.title <> '' AND a.title <> '')"
    ),
    "shared": (
        "EXISTS (SELECT 1 FROM families AS mine JOIN families AS f ON f.family = mine.family"
        " JOIN articles AS member ON member.id = f.article_id AND member.is_latest = 1"
        " WHERE mine.article_id = a.id AND f.article_id <> a.id)"
    ),
    "wire": "coalesce(a.source, '') <> ''",
}


def state_of(value: str) -> State | None:
    """Return the state with this English or Arabic name, None when there is none."""
    return _STATES.get(fold(value.strip()))


def conditions(states: Iterable[State], not_states: Iterable[State] = ()) -> str:
    """Return the SQL condition on a row `a` of `articles`, with `AND` before each part; '' for no states."""
    wanted = "".join(f" AND {_CONDITIONS[state]}" for state in states)
    return wanted + "".join(f" AND NOT ({_CONDITIONS[state]})" for state in not_states)
