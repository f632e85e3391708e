"""Decide which lines of a text are boilerplate, and by which rule: by what they say, by their shape, by their place at an edge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive.extract.model import is_long
from archive.extract.text.labels import (
    DATE_LABEL,
    LABEL,
    LABEL_WORDS,
    SENTENCE_WORDS,
    Line,
    is_byline,
    is_cased,
    is_counted,
    is_date,
    is_figure,
    is_greeting,
    is_label,
    is_label_row,
    is_lone,
    is_lone_link,
    is_menu,
    is_name,
    is_text,
)
from archive.extract.text.names import STOPS, count_words, ends_sentence
from archive.extract.text.phrases import PHRASES, line_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from archive.extract.text.phrases import BoilerplatePhrase

_TITLE_LINES = 4
"""How far down the page's own title may repeat before the text begins (section, title, date, title again)."""
_TOP_LINES = 2
_MORE_WORDS = 2
"""Words besides a phrase that begins a line, or stands in it, up to which it says nothing else."""
_REFERRING = frozenset({"read-also", "related", "share", "tags", "source-label", "nav", "reading-time", "date-label"})
"""Kinds of labels after which a link, a name or a figure stands, and no sentence."""
_ASKING = frozenset({"follow-us", "newsletter", "reading-time", "views", "tags", "shortlink", "id-label"})
"""Kinds of phrases that a short line between paragraphs begins with when it is furniture."""
_LABELS = 5
_HEAD_LABELS = 3
_HEAD_WORDS = 4
_TAIL_WORDS = 8
_NAME_WORDS = 3
"""Words of unknown labels, up to three of which may stand between the title and the text, and of those at the end."""
_LABEL_RULES = frozenset(
    {"author", "author-bio", "date-line", "house-line", "label", "labels", "links", "section", "site"}
)
_INNER_KINDS = frozenset({"ad", "read-also", "related"})
"""Kinds of phrases that stand between paragraphs as well."""
_CLOSING_WORDS = 45
_HOUSE_WORDS = 30
_BIO = re.compile(
    r"(?:[^\W\d_a-zß-ÿ][\w.'’-]*\s){2,4}(?:is|was|are|ist|war|est|es|è|é|är|er|jest)"
    r"\s(?:an?|the|eine?|der|die|une?|un|una|o|um|uma|en|ett)\b"
)
_HOUSE = re.compile(
    r"\b(?:you|your|our|sie|ihre?n?|unsere?[mnrs]?|uns|vous|votre|nos|notre|nuestr[oa]s?|usted|vostr[oaie]|nostr[oaie]"
    r"|noss[oa]s?|você)\b"
    r"|راسلنا|تابعنا|تابعونا|راسلونا|موقعنا|قناتنا|صفحتنا|اشترك|ما را|برای ما|אותנו|שלנו",
    re.IGNORECASE,
)
"""Words in which a house speaks to its readers."""
_COMMENT_RULES = re.compile(
    r"\bcomments?\b.*\b(?:guidelines|rules|terms|polic(?:y|ies)|moderat\w+|responsib\w+)"
    r"|\bkommentar\w*.*(?:netiquette|regeln|richtlinien|moderiert|freigeschaltet|freigabe)"
    r"|\bcommentaires?\b.*(?:charte|règles|modér|conditions)|\bcomentarios?\b.*(?:normas|reglas|moder|política|condiciones)"
    r"|\bcomment[io]\b.*(?:regol|moder|policy)|\byorum\w*.*(?:kural|sorumlu|onay|topluluk)|комментари\w*.*(?:правил|модер)"
    r"|(?:تعليق|التعليقات|المشاركات).*(?:إرشادات|قواعد|شروط|سياسة|الالتزام|تعبر عن|مسؤول|مراجعة)"
    r"|(?:نظر|دیدگاه).*(?:قوانین|مسئولیت|تأیید|تایید|منتشر نخواهد)|תגובות.*(?:כללי|תקנון|אחראי)",
    re.IGNORECASE | re.DOTALL,
)
"""What a house says of its readers' comments: that they have rules, and whose opinion they are."""
_RULES_WORDS = 60
_MOSTLY_LINK = 0.6
_HEADING_WORDS = 8
_SHORT_LINE = 80
_ROW = 120
_TOP_ROWS = 6
"""Characters of labels in a row, and lines at the top among which they stand: the lead may come before them."""
_SOURCE_LABEL = 40
_FURNITURE_WORDS = 20
_MOST_LEARNED = 0.3
"""Share of the text that what the site has taught may take: more is an article written to a pattern, not furniture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a page when its lines are judged. Keys are `line_key`s; `speaks` returns whether a language is its own."""

    is_title: Callable[[str], bool]
    labels: Collection[str] = frozenset()  # section and tag names
    authors: Collection[str] = frozenset()
    learned: Collection[str] = frozenset()  # lines seen on many pages of the site
    sitename: str = ""
    is_titled: bool = False  # whether a heading of the page says its title
    speaks: Callable[[str], bool] = lambda _language: True


def judge_lines(lines: Sequence[Line], places: Sequence[str], known: Known) -> list[str]:
    """Return for each line the rule that drops it, '' for the lines that stay; `places` has those dropped already."""
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
    forward = range(len(lines))
    for order, top in ((forward, True), (reversed(forward), False)):
        _drop_edge(order, top=top, lines=lines, keys=keys, rows=rows, rules=rules, known=known)
    for index, line in enumerate(lines[:_TOP_ROWS]):
        rules[index] = rules[index] or ("labels" if len(line.text) <= _ROW and is_label_row(line) else "")
    _drop_labels(lines, rows, rules)
    _drop_kickers(lines, rules)
    _spare_dates(lines, rules)
    _drop_head_labels(lines, rules, is_titled=known.is_titled)
    _drop_tail_labels(lines, rules)
    _drop_signature(lines, rules)
    _drop_last_headings(lines, rules)
    if is_counted(lines):
        _spare_figures(lines, rules)
    _spare_patterns(lines, rules)
    _spare_title(rules)
    return rules


def _is_spoken(phrase: BoilerplatePhrase, known: Known) -> bool:
    """Tell whether a page may say a phrase: in its own language, or as a whole line in English, which themes leave untranslated."""
    return phrase.language == "any" or known.speaks(phrase.language) or (phrase.language == "en" and phrase.is_whole)


def _drop_labels(lines: Sequence[Line], rows: Sequence[Sequence[BoilerplatePhrase]], rules: list[str]) -> None:
    """Drop a label that is all of a line and stands alone between paragraphs of running text, or lines that are dropped."""
    for index, line in enumerate(lines):
        if rules[index] or not line.plain or line.emphatic or ends_sentence(line.text, asking=False):
            continue
        label = next((phrase for phrase in rows[index] if _is_all(phrase, line)), None)
        near = (at for at in (index - 1, index + 1) if 0 <= at < len(lines))
        if label and all(
            rules[at] or len(lines[at].text) >= _SHORT_LINE or ends_sentence(lines[at].text) for at in near
        ):
            rules[index] = f"phrase:{label.kind}"


def _is_all(phrase: BoilerplatePhrase, line: Line) -> bool:
    """Tell whether a phrase of the edges is all that a line says, or asks for something in a few words."""
    is_short = len(line.text) <= LABEL and phrase.match == "prefix" and phrase.kind in _ASKING
    return phrase.scope == "edge" and (phrase.is_whole or is_short)


def _spare_dates(lines: Sequence[Line], rules: list[str]) -> None:
    """Take back a date that stands as a paragraph among the others, with no label beside it: it may be the story's dateline."""
    for index, rule in enumerate(rules):
        near = rules[max(0, index - 1) : index] + rules[index + 1 : index + 2]
        if rule == "date-line" and lines[index].written and not any(other and other != "title" for other in near):
            rules[index] = ""


def _drop_head_labels(lines: Sequence[Line], rules: list[str], *, is_titled: bool) -> None:
    """Drop a few labels that stand alone between the title and a paragraph: who wrote it, where, in which series."""
    first = next((index for index, rule in enumerate(rules) if not rule and is_text(lines[index])), 0)
    head = [index for index in range(first) if not rules[index]]
    if not (is_titled or "title" in rules[:first]) or not is_long(lines[first].text) or len(head) > _HEAD_LABELS:
        return
    most = LABEL_WORDS if any(map(_is_known, rules[:first])) else _HEAD_WORDS
    if all(is_lone(lines[index], most) and _is_added(lines[index], rules[:index]) for index in head):
        for index in head:
            rules[index] = "label"


def _is_added(line: Line, before: Collection[str]) -> bool:
    """Tell whether a label is no writer's line: in a box of its own, behind known labels, or a name or a date."""
    if not line.written or any(map(_is_known, before)):
        return True
    return (is_cased(line.text) and is_name(line.text)) or is_date(line, line_key(line.text))


def _drop_signature(lines: Sequence[Line], rules: list[str]) -> None:
    """Drop a name or a mail address behind the last sentence; an answer to a question is none, and a letter is signed."""
    kept = [index for index, rule in enumerate(rules) if not rule]
    if len(kept) < 2 or is_greeting(lines[kept[0]]):
        return
    before, last = (lines[index] for index in kept[-2:])
    if not before.plain or not is_text(before) or _leads_on(before.text):
        return
    if is_lone(last, _NAME_WORDS) and (is_name(last.text) or "@" in last.text):
        rules[kept[-1]] = "label"


def _leads_on(text: str) -> bool:
    """Tell whether a line wants another: a question, or one that ends with a colon."""
    return text.endswith((":", "：")) or (ends_sentence(text) and not ends_sentence(text, asking=False))


def _drop_tail_labels(lines: Sequence[Line], rules: list[str]) -> None:
    """Drop the labels that stand behind known ones after the last sentence."""
    last = max((index for index, rule in enumerate(rules) if not rule and is_text(lines[index])), default=len(rules))
    is_behind = False
    for index in range(last + 1, len(rules)):
        if is_behind and not rules[index] and is_lone(lines[index], _TAIL_WORDS):
            rules[index] = "label"
        is_behind |= _is_known(rules[index])


def _is_known(rule: str) -> bool:
    """Tell whether a rule tells furniture by what it says, wherever it stands."""
    kind = rule.removeprefix("phrase:")
    return rule in _LABEL_RULES or (kind != rule and kind not in _INNER_KINDS)


def _drop_last_headings(lines: Sequence[Line], rules: list[str]) -> None:
    """Drop a heading with no text under it at the end; several are a list."""
    kept = [index for index, rule in enumerate(rules) if not rule]
    if len(kept) < 2 or not lines[kept[-1]].heading or lines[kept[-2]].heading:
        return
    text = lines[kept[-1]].text
    if count_words(text) <= _HEADING_WORDS and not ends_sentence(text, asking=False):
        rules[kept[-1]] = "empty-heading"


def _spare_title(rules: list[str]) -> None:
    """Take back a title that is all the text there is: a flash has one line."""
    if rules and all(rules) and "title" in rules:
        last = max(index for index, rule in enumerate(rules) if rule == "title")
        rules[last] = ""


def _spare_figures(lines: Sequence[Line], rules: list[str]) -> None:
    """Take back the first and last figures where others stand alone among the paragraphs: they head parts of the text."""
    for index, rule in enumerate(rules):
        if rule in {"date-line", "figure", "label"} and is_figure(lines[index].text):
            rules[index] = ""


def _spare_patterns(lines: Sequence[Line], rules: list[str]) -> None:
    """Take back what the site has taught where it would take much of the text."""
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
        if phrase.scope == "line" and _is_seconded(phrase, line, key):
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


def _is_own_sentence(phrase: BoilerplatePhrase, line: Line, key: str) -> bool:
    """Tell whether a line that a phrase begins goes on as a sentence of its own: several words, a full stop, no link."""
    if phrase.match != "prefix" or phrase.kind not in _REFERRING or line.linked > 0 or line.heading:
        return False
    return ends_sentence(line.text, asking=False) and len(key.split()) - len(phrase.key.split()) >= SENTENCE_WORDS


def _is_seconded(phrase: BoilerplatePhrase, line: Line, key: str) -> bool:
    """Tell whether more than its first words speaks against a line that a phrase begins, or that a phrase stands in."""
    if phrase.match not in {"prefix", "contains", "regex"} or line.linked > 0:
        return True
    if line.heading and phrase.match != "contains":
        return True
    if phrase.match == "regex":
        return not ends_sentence(line.text)
    more = count_words(key) - count_words(phrase.key)
    return more <= _MORE_WORDS and not ends_sentence(line.text)


def _drop_titles(lines: Sequence[Line], keys: Sequence[str], rules: list[str], known: Known) -> None:
    """Drop the page's own title among the first lines; a paragraph that is the title with a full stop is a sentence.

    So is one that stands beside the others under a heading that says the title: a poem is named after its first line.
    """
    kept = 0
    for index, key in enumerate(keys):
        if rules[index]:
            continue
        is_own = known.is_titled and lines[index].beside and not lines[index].emphatic
        if known.is_title(key) and (lines[index].heading or not (is_own or lines[index].text.endswith(STOPS))):
            rules[index] = "title"
            continue
        kept += 1
        if kept >= _TITLE_LINES:
            return


def _drop_kickers(lines: Sequence[Line], rules: list[str]) -> None:
    """Drop the labels that stand above the title: the section, the place, the name of a series."""
    title = max((index for index, rule in enumerate(rules[: _TITLE_LINES + _LABELS]) if rule == "title"), default=0)
    above = [index for index in range(title) if not rules[index]]
    if all(is_label(lines[index]) for index in above):
        for index in above:
            rules[index] = "section"


def _drop_edge(
    order: Iterable[int],
    *,
    top: bool,
    lines: Sequence[Line],
    keys: Sequence[str],
    rows: Sequence[Sequence[BoilerplatePhrase]],
    rules: list[str],
    known: Known,
) -> None:
    """Drop an unbroken run of furniture from one end; an unknown short label does not interrupt it."""
    unknown = 0
    for distance, index in enumerate(order):
        if rules[index]:
            continue
        rule = _edge_rule(lines[index], keys[index], rows[index], known, top=top, distance=distance)
        if not rule and not top and index and keys[index - 1] in known.authors and not rules[index - 1]:
            rule = "author-bio" if count_words(lines[index].text) <= _CLOSING_WORDS else ""
        rules[index] = rule
        unknown += not rule
        if not rule and not (unknown <= _LABELS and is_label(lines[index])):
            return


def _edge_rule(
    line: Line, key: str, rows: Sequence[BoilerplatePhrase], known: Known, *, top: bool, distance: int
) -> str:
    for phrase in rows:
        if _is_proof(phrase, line, key, top=top and distance < _TOP_LINES):
            return f"phrase:{phrase.kind}"
    if key in known.learned and not known.is_title(key) and _is_furniture(key):
        return "site"
    if any(author in key and is_byline(line, key.replace(author, " ")) for author in known.authors):
        return "author"
    return _shape_rule(line, top=top) or (_top_rule if top else _closing_rule)(line, key, known)


def _shape_rule(line: Line, *, top: bool) -> str:
    """Return the rule of a line that its shape shows to be links, labels in a row, or a counter."""
    is_short = len(line.text) <= _SHORT_LINE
    if is_short and (line.returns or is_menu(line) or (not top and is_lone_link(line))):
        return "links"
    return "figure" if line.plain and is_figure(line.text) else ""


def _top_rule(line: Line, key: str, known: Known) -> str:
    """Return the rule of a first line that is the section, a tag or a date."""
    if key in known.labels:
        return "section"
    return "date-line" if (line.plain or line.heading) and is_date(line, key) else ""


def _closing_rule(line: Line, key: str, known: Known) -> str:
    """Return the rule of a last line that is about the author or the publisher."""
    if line.leads and len(key.split()) <= _RULES_WORDS and _COMMENT_RULES.search(line.text):
        return "house-line"
    if len(key.split()) > _CLOSING_WORDS:
        return ""
    if any(key.startswith(author + " ") for author in known.authors if " " in author):
        return "author-bio"
    if line.emphatic and _BIO.match(line.text):
        return "author-bio"
    if (
        line.leads
        and len(key.split()) <= _HOUSE_WORDS
        and (_HOUSE.search(line.text) or (known.sitename and known.sitename in key))
    ):
        return "house-line"
    return ""


def _is_furniture(key: str) -> bool:
    """Tell whether a line that many pages of a site have can be furniture.

    News of prices, weather and results is written to a pattern: the same sentences each day, with other numbers.
    """
    words = key.split()
    return len(words) <= _FURNITURE_WORDS and "0" not in words


def _is_proof(phrase: BoilerplatePhrase, line: Line, key: str, *, top: bool) -> bool:
    """Tell whether a phrase that the line fits is reason enough to drop it at an edge of the text."""
    is_sentence = ends_sentence(line.text)
    match phrase.scope, phrase.kind:
        case "edge", ("views" | "reading-time") if phrase.match == "prefix":
            is_proof = "0" in key and not is_sentence
        case (("edge" | "link"), _):
            is_proof = not _is_own_sentence(phrase, line, key)
        case "line", _:
            is_short = len(key.split()) <= _CLOSING_WORDS and not (top and is_sentence)
            is_proof = is_short and not _is_own_sentence(phrase, line, key)
        case "top", _:
            is_proof = top
        case "context", "date-label":
            is_proof = len(line.text) <= DATE_LABEL and "0" in key and not is_sentence
        case "context", "source-label":
            is_proof = len(line.text) <= _SOURCE_LABEL and not is_sentence
        case _:
            is_proof = False
    return is_proof
