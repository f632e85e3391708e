"""Evaluate trafilatura's expressions in a fraction of their time.

Most of its expressions test only tags and names, with regular expressions that lxml runs for every element of a page.
Few elements have a name that could match, so only those are tested.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Final

from lxml import etree
from trafilatura import xpaths

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_NAMESPACES: Final = {"re": xpaths.REGEXP_NS}
_FIRST = re.compile(r"\s*\(?(.*?)\)?\[1\]\s*", re.DOTALL)
_TRANSLATED = re.compile(r"translate\((@[\w-]+),\s*'\w*',\s*'\w*'\)")
_QUOTED = re.compile(r"'([^']*)'(?:\s*,\s*'[^']*')*")
"""A string to which a value is compared, and the flags after it."""
_PREDICATE = re.compile(r"\[([^\[\]]*)\]")
_NAMES = r"@[\w-]+(?:\s*\|\s*@[\w-]+)?"
_TEST = rf"\s*(?:(?:re:test|contains|starts-with)\({_NAMES}\s*,\s*''\)|@[\w-]+(?:\s*=\s*'')?)\s*"
_TESTS = re.compile(rf"{_TEST}(?:\bor\b{_TEST})*")
_KINDS = re.compile(r"\s*self::\w+\s*(?:\bor\s+self::\w+\s*)*")
_BRANCH = re.compile(r"\s*\.//(\*|\w+)\s*((?:\[[^\[\]]*\]\s*)*)")
_UNION = re.compile(rf"{_BRANCH.pattern}(?:\|{_BRANCH.pattern})*")
_PLACE = re.compile(r"[/.\d]|\b(?!self\b)[\w-]+::|\b(?:position|last|count|text)\(")
_STRING = re.compile(r"'[^']*'")
_ATTRIBUTE = re.compile(r"@([\w-]+)")
_PRESENT = re.compile(r"@([\w-]+)\s*(?:\bor\b|\])")
_TAG = re.compile(r"(?:self::|//)(\w+)")
_MAX_KNOWN = 8_192
_MAX_VALUE = 300
"""Maximum cached values, and their characters: at most some 3 MB for each expression."""
_OTHER = "other"
"""Replaces tags that an expression does not name."""


class _Matched(dict[str, bool]):
    """Caches for each value whether it contains any of an expression's strings."""

    def __init__(self, strings: re.Pattern[str]) -> None:
        super().__init__()
        self._strings = strings

    def __missing__(self, value: str) -> bool:
        low = value.lower()
        answer = bool(self._strings.search(value) or (low != value and self._strings.search(low)))
        if len(value) <= _MAX_VALUE:
            if len(self) >= _MAX_KNOWN:
                self.clear()
            self[value] = answer
        return answer


class QuickXPath:
    """An expression that is evaluated only for the elements that it could match.

    An expression for only the first match returns all matches; its callers take the first.
    """

    def __init__(self, expression: etree.XPath, path: str, own: str) -> None:
        self.expression = expression
        self._own = etree.XPath(own, namespaces=_NAMESPACES)
        self._is_whole = own == path
        bare = _bare(own)
        self._attributes = frozenset(_ATTRIBUTE.findall(bare))
        self._present = frozenset(_PRESENT.findall(bare))
        self._tags = frozenset(_TAG.findall(bare))
        self._taken = {tag for tag, predicates in _BRANCH.findall(bare) if not predicates}
        kinds = {tag: _PREDICATE.findall(predicates)[:1] for tag, predicates in _BRANCH.findall(bare)}
        first = "".join(kinds.get("*", [])) if len(kinds) == 1 else ""
        self._searched = _TAG.findall(first) if _KINDS.fullmatch(first) else ["*"]
        self.matched = _Matched(re.compile("|".join(_QUOTED.findall(_TRANSLATED.sub(r"\1", own)))))

    def __call__(self, tree: HtmlElement) -> list[HtmlElement]:
        """Return the matching elements below `tree`, in page order."""
        try:
            found = self._find(tree)
        except ValueError:  # a value that only a parser can set
            return self._ask(tree)
        return found if self._is_whole or not found else self._ask(tree)

    def _ask(self, tree: HtmlElement) -> list[HtmlElement]:
        found: list[HtmlElement] = self.expression(tree)
        return found

    def _find(self, tree: HtmlElement) -> list[HtmlElement]:
        """Return the matching elements, found in a tree of only those that could match."""
        root = etree.Element("root")
        twins = {}
        attributes, matched, present, taken = self._attributes, self.matched, self._present, self._taken
        for element in tree.iterdescendants(*self._searched):
            items = element.items()
            for name, value in items:
                if name in attributes and (matched[value] or name in present):
                    break
            else:
                if element.tag not in taken:
                    continue
            own = {name: value for name, value in items if name in attributes}
            twins[etree.SubElement(root, element.tag if element.tag in self._tags else _OTHER, own)] = element
        return [twins[twin] for twin in self._own(root)] if twins else []


def quick(expression: etree.XPath) -> etree.XPath | QuickXPath:
    """Return a faster equivalent of an expression, or the expression itself if it tests more than tags and names."""
    path = str(expression.path)
    if "re:test" not in path:
        return expression
    first = _FIRST.fullmatch(path)
    path = first[1] if first else path
    own = _without_others(path)
    bare = _bare(own)
    if not _UNION.fullmatch(bare) or not all(_asks_names(*branch) for branch in _BRANCH.findall(bare)):
        return expression
    return QuickXPath(expression, path, own)


def _without_others(path: str) -> str:
    """Return a path without predicates about other elements; it matches the same elements and perhaps more."""
    strings: list[str] = []

    def hide(match: re.Match[str]) -> str:
        strings.append(match[0])
        return f"'{len(strings) - 1}'"

    hidden = _STRING.sub(hide, path)
    kept = _PREDICATE.sub(lambda match: "" if "." in match[1] or "/" in match[1] else match[0], hidden)
    return _STRING.sub(lambda match: strings[int(match[0][1:-1])], kept)


def _bare(path: str) -> str:
    """Return a path with empty strings and without changes of case."""
    return _QUOTED.sub("''", _TRANSLATED.sub(r"\1", path))


def _asks_names(tag: str, predicates: str) -> bool:
    """Return whether a branch of a path matches all elements of a tag, or only those with one of its names."""
    asked = [predicate for predicate in _PREDICATE.findall(predicates) if not _KINDS.fullmatch(predicate)]
    if any(_PLACE.search(predicate) for predicate in asked):
        return False
    return any(map(_TESTS.fullmatch, asked)) or (tag != "*" and not predicates)


def speed_up_trafilatura() -> None:
    """Replace the expressions with which trafilatura selects and discards elements by faster ones."""
    for expressions in (
        xpaths.BODY_XPATH,
        xpaths.RAW_TREE_PRUNE_XPATH,
        xpaths.REMOVE_COMMENTS_AND_LISTS_XPATH,
        xpaths.OVERALL_DISCARD_XPATH,
    ):
        expressions[:] = [quick(expression) for expression in expressions]  # type: ignore[misc]
    baseline = import_module("trafilatura.baseline")  # the package has a function with this name
    baseline.BASIC_CLEAN_XPATH = quick(baseline.BASIC_CLEAN_XPATH)  # type: ignore[attr-defined]
