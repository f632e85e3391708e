"""Decide which lines of a text are boilerplate, by their words, their form, and their position at the start or end."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from archive.extract.model import ALL_LINK, is_long
from archive.extract.text.edges import LABELS, drop_edge, names_author
from archive.extract.text.labels import (
    LABEL,
    LABEL_WORDS,
    SHORT_LINE,
    SOURCE_LABEL,
    find_counters,
    is_cased,
    is_counted,
    is_date,
    is_figure,
    is_greeting,
    is_label,
    is_label_row,
    is_lone,
    is_name,
    is_stamp,
    is_text,
)
from archive.extract.text.names import STOPS, count_words, ends_sentence
from archive.extract.text.phrases import PHRASES, line_key

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from archive.extract.text.labels import Known, Line
    from archive.extract.text.phrases import BoilerplatePhrase

_TITLE_LINES = 4
"""Lines at the start of the text among which the page's title may repeat (section, title, date, title again)."""
_MORE_WORDS = 2
"""Maximum words besides a phrase in a line that consists of the phrase."""
_ASKING = frozenset({"follow-us", "newsletter", "reading-time", "views", "tags", "shortlink", "id-label"})
"""Kinds of phrases at the start of a short line between paragraphs that make it boilerplate."""
_HEAD_LABELS = 3
_HEAD_WORDS = 4
_TAIL_WORDS = 8
_NAME_WORDS = 3
"""Maximum words of unknown labels: of the up to three between title and text, of those at the end, and of names."""
_INITIALS = re.compile(r"(?:[^\W\d_]\. ?){2,3}")
_BRACKETS = "()[]（）［］【】"
_SIGNERS = 2
"""Maximum authors who sign a text, each on a line of their own."""
_LABEL_RULES = frozenset(
    {"author", "author-bio", "date-line", "house-line", "label", "labels", "links", "section", "site"}
)
_INNER_KINDS = frozenset({"ad", "read-also", "related"})
"""Kinds of phrases that also appear between paragraphs."""
_MOSTLY_LINK = 0.6
_HEADING_WORDS = 8
_ROW = 120
_TOP_ROWS = 6
"""Maximum characters of a row of labels, and lines at the top among which one may appear, even after the lead."""
_SOURCES = frozenset({"credit", "source-label"})
_MOST_LEARNED = 0.3
"""Maximum share of a text that learned lines may remove: if more match, the article follows a template."""


def rules_by_text(lines: Sequence[Line], places: Sequence[str], known: Known) -> list[str]:
    """Return for each line the rule that drops it, '' if it is kept; `places` has the rules of lines already dropped."""
    keys = [line_key(line.text) for line in lines]
    rows = [
        [phrase for phrase in PHRASES.find(line.text, key) if _is_spoken(phrase, known)]
        for line, key in zip(lines, keys, strict=True)
    ]
    rules = [
        place or _anywhere(line, key, found, known)
        for place, line, key, found in zip(places, lines, keys, rows, strict=True)
    ]
    _drop_titles(lines, keys, rules, known)
    _drop_wall(lines, rows, rules)
    _drop_sources(lines, rows, rules)
    forward = range(len(lines))
    for order, top in ((forward, True), (reversed(forward), False)):
        drop_edge(order, top=top, lines=lines, keys=keys, rows=rows, rules=rules, known=known)
    for index, line in enumerate(lines[:_TOP_ROWS]):
        rules[index] = rules[index] or _row_rule(line, keys[index])
    for index in find_counters(lines):
        rules[index] = rules[index] or "figure"
    _drop_labels(lines, rows, rules)
    _drop_kickers(lines, rules)
    _drop_labels_after_lead(lines, keys, rules, known)
    _keep_dates(lines, rules)
    _drop_head_labels(lines, rules, is_titled=known.is_titled)
    _drop_tail_labels(lines, rules)
    _drop_signature(lines, rules)
    _drop_last_headings(lines, rules)
    if is_counted(lines):
        _keep_numbers(lines, rules)
    _keep_repeated_lines(lines, rules)
    _keep_title(lines, rules)
    return rules


def _drop_wall(lines: Sequence[Line], rows: Sequence[Sequence[BoilerplatePhrase]], rules: list[str]) -> None:
    """Drop the lines after the last paragraph from a request to subscribe on, up to a sentence beside another paragraph."""
    told = [index for index, line in enumerate(lines) if is_long(line.text) and ends_sentence(line.text, asking=False)]
    if not told:
        return
    behind = range(told[-1] + 1, len(lines))
    wall = next((index for index in behind if any(phrase.kind == "paywall" for phrase in rows[index])), len(lines))
    for index in range(wall, len(lines)):
        if index > wall and lines[index].beside and ends_sentence(lines[index].text, asking=False):
            return
        rules[index] = rules[index] or "phrase:paywall"


def _drop_sources(lines: Sequence[Line], rows: Sequence[Sequence[BoilerplatePhrase]], rules: list[str]) -> None:
    """Drop the source that several lines name in the same words: it is that of the pictures between the paragraphs."""
    named = [
        index
        for index, line in enumerate(lines)
        if len(line.text) <= SOURCE_LABEL and any(phrase.kind in _SOURCES for phrase in rows[index])
    ]
    said = Counter(lines[index].text for index in named)
    for index in named:
        if said[lines[index].text] > 1:
            rules[index] = rules[index] or "phrase:source-label"


def _row_rule(line: Line, key: str) -> str:
    """Return the rule of one of the first lines if it is a row of labels, or a date that is not part of the text; else ''."""
    if len(line.text) > _ROW:
        return ""
    if is_label_row(line):
        return "labels"
    return "date-line" if not line.written and is_stamp(line, key) else ""


def _is_spoken(phrase: BoilerplatePhrase, known: Known) -> bool:
    """Return whether a phrase applies to a page: it is in the page's language, or a whole line in English, as in untranslated themes."""
    return phrase.language == "any" or known.speaks(phrase.language) or (phrase.language == "en" and phrase.is_whole)


def _drop_labels(lines: Sequence[Line], rows: Sequence[Sequence[BoilerplatePhrase]], rules: list[str]) -> None:
    """Drop a line that is only a label, between paragraphs of running text or dropped lines."""
    for index, line in enumerate(lines):
        if rules[index] or not line.plain or line.emphatic or ends_sentence(line.text, asking=False):
            continue
        label = next((phrase for phrase in rows[index] if _is_all(phrase, line)), None)
        near = (at for at in (index - 1, index + 1) if 0 <= at < len(lines))
        if label and all(
            rules[at] or len(lines[at].text) >= SHORT_LINE or ends_sentence(lines[at].text) for at in near
        ):
            rules[index] = f"phrase:{label.kind}"


def _is_all(phrase: BoilerplatePhrase, line: Line) -> bool:
    """Return whether a line consists only of a phrase with scope `edge`, or is a short request that begins with one."""
    is_short = len(line.text) <= LABEL and phrase.match == "prefix" and phrase.kind in _ASKING
    return phrase.scope == "edge" and (phrase.is_whole or is_short)


def _keep_dates(lines: Sequence[Line], rules: list[str]) -> None:
    """Keep a date that is a paragraph among others, without adjacent labels: it may be the dateline."""
    for index, rule in enumerate(rules):
        near = rules[max(0, index - 1) : index] + rules[index + 1 : index + 2]
        if rule == "date-line" and lines[index].written and not any(other and other != "title" for other in near):
            rules[index] = ""


def _drop_head_labels(lines: Sequence[Line], rules: list[str], *, is_titled: bool) -> None:
    """Drop a few labels between the title and the first paragraph, such as author, place or series."""
    first = next((index for index, rule in enumerate(rules) if not rule and is_text(lines[index])), 0)
    head = [index for index in range(first) if not rules[index]]
    if not (is_titled or "title" in rules[:first]) or not is_long(lines[first].text) or len(head) > _HEAD_LABELS:
        return
    most = LABEL_WORDS if any(map(_is_known, rules[:first])) else _HEAD_WORDS
    if all(is_lone(lines[index], most) and _is_added(lines[index], rules[:index]) for index in head):
        for index in head:
            rules[index] = "label"


def _drop_labels_after_lead(lines: Sequence[Line], keys: Sequence[str], rules: list[str], known: Known) -> None:
    """Drop the labels between the first two paragraphs if one of them is known: the lead is above the byline."""
    texts = (index for index, rule in enumerate(rules) if not rule and is_text(lines[index]))
    lead, first = next(texts, 0), next(texts, 0)
    between = range(lead + 1, first)
    for index in between:
        if not rules[index] and lines[index].plain and names_author(lines[index], keys[index], known):
            rules[index] = "author"
    left = [index for index in between if not rules[index]]
    if not any(map(_is_known, rules[lead + 1 : first])) or len(left) > _HEAD_LABELS or lead >= _TITLE_LINES:
        return
    if all(is_lone(lines[index], LABEL_WORDS) and not lines[index].emphatic for index in left):
        for index in left:
            rules[index] = "label"


def _is_added(line: Line, before: Collection[str]) -> bool:
    """Return whether a label is not the author's text: it is in an element of its own, follows known labels, or is a name or date."""
    if not line.written or any(map(_is_known, before)):
        return True
    return (is_cased(line.text) and is_name(line.text)) or is_date(line, line_key(line.text))


def _drop_signature(lines: Sequence[Line], rules: list[str]) -> None:
    """Drop one or two names or mail addresses after the last sentence, unless they answer a question or sign a letter."""
    kept = [index for index, rule in enumerate(rules) if not rule]
    if len(kept) < 2 or is_greeting(lines[kept[0]]):
        return
    names = list(takewhile(lambda index: _is_signature(lines[index]), reversed(kept)))
    if not names or len(names) > _SIGNERS or len(names) == len(kept):
        return
    before = lines[kept[-1 - len(names)]]
    if before.plain and is_text(before) and not _leads_on(before.text):
        for index in names:
            rules[index] = "label"


def _is_signature(line: Line) -> bool:
    """Return whether a line is a name, perhaps in brackets, its initials, or a mail address."""
    if _INITIALS.fullmatch(line.text) and line.plain:
        return True
    signed = replace(line, text=line.text.strip(_BRACKETS) or line.text)
    return is_lone(signed, _NAME_WORDS) and (is_name(signed.text) or "@" in signed.text)


def _leads_on(text: str) -> bool:
    """Return whether a line introduces the next one: it ends with a question mark or a colon."""
    return text.endswith((":", "：")) or (ends_sentence(text) and not ends_sentence(text, asking=False))


def _drop_tail_labels(lines: Sequence[Line], rules: list[str]) -> None:
    """Drop the labels that follow known ones after the last sentence."""
    last = max((index for index, rule in enumerate(rules) if not rule and is_text(lines[index])), default=len(rules))
    is_behind = False
    for index in range(last + 1, len(rules)):
        if is_behind and not rules[index] and is_lone(lines[index], _TAIL_WORDS):
            rules[index] = "label"
        is_behind |= _is_known(rules[index])


def _is_known(rule: str) -> bool:
    """Return whether a rule identifies boilerplate by its words, independent of its position."""
    kind = rule.removeprefix("phrase:")
    return rule in _LABEL_RULES or (kind != rule and kind not in _INNER_KINDS)


def _drop_last_headings(lines: Sequence[Line], rules: list[str]) -> None:
    """Drop a last heading without text under it; several headings are a list and are kept."""
    kept = [index for index, rule in enumerate(rules) if not rule]
    if len(kept) < 2 or not lines[kept[-1]].heading or lines[kept[-2]].heading:
        return
    text = lines[kept[-1]].text
    if count_words(text) <= _HEADING_WORDS and not ends_sentence(text, asking=False):
        rules[kept[-1]] = "empty-heading"


def _keep_title(lines: Sequence[Line], rules: list[str]) -> None:
    """Keep the title if it is the whole text, or all but links under it: breaking news may have one line."""
    last = max((index for index, rule in enumerate(rules) if rule == "title"), default=-1)
    kept = [index for index, rule in enumerate(rules) if not rule]
    if last < 0 or any(index < last or lines[index].linked < ALL_LINK for index in kept):
        return
    if not (kept and lines[last].heading):
        rules[last] = ""
        for index in kept:
            rules[index] = "linked-list"


def _keep_numbers(lines: Sequence[Line], rules: list[str]) -> None:
    """Keep the first and last numbers if other numbers alone on a line head parts of the text."""
    for index, rule in enumerate(rules):
        if rule in {"date-line", "figure", "label"} and is_figure(lines[index].text):
            rules[index] = ""


def _keep_repeated_lines(lines: Sequence[Line], rules: list[str]) -> None:
    """Keep learned lines if they are a large share of the text."""
    left = sum(len(line.text) for line, rule in zip(lines, rules, strict=True) if not rule or rule == "site")
    taken = [index for index, rule in enumerate(rules) if rule == "site"]
    if sum(len(lines[index].text) for index in taken) > _MOST_LEARNED * left:
        for index in taken:
            rules[index] = ""


def _anywhere(line: Line, key: str, rows: Sequence[BoilerplatePhrase], known: Known) -> str:
    if not key:
        return "no-words"
    if line.timed and line.plain:
        return "date-line"
    for phrase in rows:
        if (phrase.scope == "line" and _is_seconded(phrase, line, key)) or (phrase.is_whole and line.returns):
            return f"phrase:{phrase.kind}"
        if phrase.scope == "link" and line.linked >= _MOSTLY_LINK:
            return f"phrase:{phrase.kind}"
        if (
            phrase.scope == "context"
            and phrase.kind == "byline"
            and key.removeprefix(phrase.key).strip() in known.authors
        ):
            return "phrase:byline"
    return ""


def _is_seconded(phrase: BoilerplatePhrase, line: Line, key: str) -> bool:
    """Return whether there is a second sign that a line with a phrase is boilerplate."""
    if phrase.match not in {"prefix", "contains", "regex"} or line.linked > 0:
        return True
    if line.heading and phrase.match != "contains":
        return True
    if phrase.match == "regex":
        return line.emphatic or not ends_sentence(line.text)
    more = count_words(key) - count_words(phrase.key)
    return key == phrase.key or (more <= _MORE_WORDS and not ends_sentence(line.text))


def _drop_titles(lines: Sequence[Line], keys: Sequence[str], rules: list[str], known: Known) -> None:
    """Drop the page's title among the first lines, but not a paragraph that is the title with a full stop.

    A paragraph next to others under a heading with the title is kept as well: a poem may be named after its first line.
    After a paragraph, only a heading counts as a repeated title.
    """
    kept = 0
    is_told = False
    for index, key in enumerate(keys):
        if rules[index]:
            continue
        is_own = known.is_titled and lines[index].beside and not lines[index].emphatic
        is_own |= is_told
        if known.is_title(key) and (lines[index].heading or not (is_own or lines[index].text.endswith(STOPS))):
            rules[index] = "title"
            continue
        is_told |= is_long(lines[index].text) and ends_sentence(lines[index].text)
        kept += 1
        if kept >= _TITLE_LINES:
            return


def _drop_kickers(lines: Sequence[Line], rules: list[str]) -> None:
    """Drop the labels above the title: section, place, name of a series."""
    title = max((index for index, rule in enumerate(rules[: _TITLE_LINES + LABELS]) if rule == "title"), default=0)
    above = [index for index in range(title) if not rules[index]]
    if all(is_label(replace(lines[index], heading=False)) for index in above):
        for index in above:
            rules[index] = "section"
