"""Answer trafilatura's expressions in a fraction of their time.

Most of its expressions ask an element for nothing but its tag and names, by regular expressions that lxml runs one by
one for each element of a page. Few elements hold a name that any of them could match: only those are asked.
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
"""A string that a value is compared with, and the flags behind it."""
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
"""Values that are remembered, and their characters: some 3 MB for each expression at most."""
_OTHER = "other"
"""Stands for the tags that an expression does not name."""


class _Judged(dict[str, bool]):
    """Whether a value holds any of an expression's strings, found once for each value."""

    def __init__(self, strings: re.Pattern[str]) -> None:
        super().__init__()
        self._strings = strings

    def __missing__(self, value: str) -> bool:
        answer = self._strings.search(value) is not None or self._strings.search(value.lower()) is not None
        if len(value) <= _MAX_VALUE:
            if len(self) >= _MAX_KNOWN:
                self.clear()
            self[value] = answer
        return answer


class QuickXPath:
    """An expression that is asked only for the elements that it could match.

    Of an expression for the first match alone, all matches are returned: its readers take the first.
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
        self.judged = _Judged(re.compile("|".join(_QUOTED.findall(_TRANSLATED.sub(r"\1", own)))))

    def __call__(self, tree: HtmlElement) -> list[HtmlElement]:
        """Return the matching elements below `tree`, in page order."""
        try:
            found = self._find(tree)
        except ValueError:  # a value that only a parser sets
            return self._ask(tree)
        return found if self._is_whole or not found else self._ask(tree)

    def _ask(self, tree: HtmlElement) -> list[HtmlElement]:
        found: list[HtmlElement] = self.expression(tree)
        return found

    def _find(self, tree: HtmlElement) -> list[HtmlElement]:
        """Return the elements whose names match, by a tree of nothing but those that could."""
        root = etree.Element("root")
        twins = {}
        attributes, judged, present, taken = self._attributes, self.judged, self._present, self._taken
        for element in tree.iterdescendants(*self._searched):
            items = element.items()
            for name, value in items:
                if name in attributes and (judged[value] or name in present):
                    break
            else:
                if element.tag not in taken:
                    continue
            own = {name: value for name, value in items if name in attributes}
            twins[etree.SubElement(root, element.tag if element.tag in self._tags else _OTHER, own)] = element
        return [twins[twin] for twin in self._own(root)] if twins else []


def quick(expression: etree.XPath) -> etree.XPath | QuickXPath:
    """Return an expression that gives the same in less time, or the expression itself where it asks for more than names."""
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
    """Return a path without the predicates that ask for other elements: it matches what the path does, and perhaps more."""
    strings: list[str] = []

    def hide(match: re.Match[str]) -> str:
        strings.append(match[0])
        return f"'{len(strings) - 1}'"

    hidden = _STRING.sub(hide, path)
    kept = _PREDICATE.sub(lambda match: "" if "." in match[1] or "/" in match[1] else match[0], hidden)
    return _STRING.sub(lambda match: strings[int(match[0][1:-1])], kept)


def _bare(path: str) -> str:
    """Return a path with its strings empty and without the changes of case."""
    return _QUOTED.sub("''", _TRANSLATED.sub(r"\1", path))


def _asks_names(tag: str, predicates: str) -> bool:
    """Tell whether a branch of a path takes all elements of a tag, or those alone that have one of its names."""
    asked = [predicate for predicate in _PREDICATE.findall(predicates) if not _KINDS.fullmatch(predicate)]
    if any(_PLACE.search(predicate) for predicate in asked):
        return False
    return any(map(_TESTS.fullmatch, asked)) or (tag != "*" and not predicates)


def quicken() -> None:
    """Exchange the expressions with which trafilatura chooses and discards elements for quick ones."""
    for expressions in (
        xpaths.BODY_XPATH,
        xpaths.RAW_TREE_PRUNE_XPATH,
        xpaths.REMOVE_COMMENTS_AND_LISTS_XPATH,
        xpaths.OVERALL_DISCARD_XPATH,
    ):
        expressions[:] = [quick(expression) for expression in expressions]  # type: ignore[misc]
    baseline = import_module("trafilatura.baseline")  # the package has a function of this name
    baseline.BASIC_CLEAN_XPATH = quick(baseline.BASIC_CLEAN_XPATH)  # type: ignore[attr-defined]
