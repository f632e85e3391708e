"""Recognize boilerplate at the start and end of a text, where lines about the article, author and publisher are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archive.extract.text.labels import (
    DATE_LABEL,
    SENTENCE_WORDS,
    SHORT_LINE,
    SOURCE_LABEL,
    is_byline,
    is_change,
    is_date,
    is_figure,
    is_label,
    is_lone_link,
    is_menu,
)
from archive.extract.text.names import count_words, ends_sentence
from archive.extract.text.phrases import line_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archive.extract.text.labels import Known, Line
    from archive.extract.text.phrases import BoilerplatePhrase

LABELS = 5
"""Maximum unknown short labels within a run of boilerplate."""
_TOP_LINES = 2
_REFERRING = frozenset({"read-also", "related", "share", "tags", "source-label", "nav", "reading-time", "date-label"})
"""Kinds of labels that precede a link, a name or a number, not a sentence."""
_CLOSING_WORDS = 45
_LABEL_WORDS = 3
_HOUSE_WORDS = 30
_BIO = re.compile(
    r"(?:[^\W\d_a-zß-ÿ][\w.'’-]*\s){2,4}(?:is|was|are|ist|war|est|es|è|é|är|er|jest)"
    r"\s(?:an?|the|eine?|der|die|une?|un|una|o|um|uma|en|ett)\b"
)
_ON_WRITER = re.compile(
    r"(?P<star>[*٭]{0,2})\s?(?:the (?:writer|author|columnist)s? (?:is|was|are)|(?:der autor|die autorin) ist|l['’]auteure? est"
    r"|(?:el autor|la autora) es|l['’]autor[ea] è|(?:o autor|a autora) é|yazar,|автор\s?[—–-]|הכותבת? (?:הוא|היא|הינ[וה]))(?=\s)"
    r"|(?P<sign>[*٭]{1,2}\s?)(?:كاتبة?|صحا?فية?|باحثة?|أستاذة?|محللة?|أكاديمية?|إعلامية?|شاعرة?|روائية?|ناشطة?|محامية?|خبيرة?"
    r"|نویسنده|روزنامه.نگار|پژوهشگر|استاد|کارشناس|تحلیلگر|مصنفہ?|صحافی|כתבת?|עיתונאית?|חוקרת?"
    r"|journalist\w*|writer|author|professor\w*|sociologue|journaliste|écrivaine?|professeure?|periodista|escritora?|profesora?|catedrátic[oa]"
    r"|giornalista|scrittor\w+|jornalista|escritora?|autor\w*|schriftsteller\w*|gazeteci|yazar|журналист\w*|писатель\w*|профессор)\b",
    re.IGNORECASE,
)
"""A note on the writer: a sentence, or the writer's job after an asterisk."""
_REQUEST = re.compile(r"[^?؟？.]{2,60}[?؟？]\s+[^?؟？]{2,60}$")
"""A question to the reader and what to do then: `Any tips? Write to us`."""
_ADDRESS = re.compile(r"[\w.+-]@[\w-]+\.\w")
_HOUSE = re.compile(
    r"\b(?:you|yours?|ours?|sie|ihre?n?|unsere?[mnrs]?|uns|vous|votre|nos|notre|nuestr[oa]s?|usted|vostr[oaie]|nostr[oaie]"
    r"|noss[oa]s?|você|нам|нас|наш(?:а|и|у|ем|его|ей|их)?|biz[ei]|bizim|yayın ilkelerimiz)\b"
    r"|راسلنا|تابعنا|تابعونا|راسلونا|موقعنا|قناتنا|صفحتنا|اشترك|ما را|برای ما|با ما|به ما|אותנו|שלנו"
    r"|ご意見|情報提供|お寄せ|お問い合わせ|联系我们|聯絡我們|我们的|제보",
    re.IGNORECASE,
)
"""Phrases in which a publisher addresses its readers."""
_COMMENT_RULES = re.compile(
    r"\bcomments?\b.*\b(?:guidelines|rules|terms|polic(?:y|ies)|moderat\w+|responsib\w+)"
    r"|\bkommentar\w*.*(?:netiquette|regeln|richtlinien|moderiert|freigeschaltet|freigabe)"
    r"|\bcommentaires?\b.*(?:charte|règles|modér|conditions)|\bcomentarios?\b.*(?:normas|reglas|moder|política|condiciones)"
    r"|\bcomment[io]\b.*(?:regol|moder|policy)|\byorum\w*.*(?:kural|sorumlu|onay|topluluk)|комментари\w*.*(?:правил|модер)"
    r"|(?:تعليق|التعليقات|المشاركات).*(?:إرشادات|قواعد|شروط|سياسة|الالتزام|تعبر عن|مسؤول|مراجعة)"
    r"|(?:نظر|دیدگاه).*(?:قوانین|مسئولیت|تأیید|تایید|منتشر نخواهد)|תגובות.*(?:כללי|תקנון|אחראי)",
    re.IGNORECASE | re.DOTALL,
)
"""Statements of a publisher on readers' comments: that rules apply, and whose opinion they are."""
_RULES_WORDS = 60
_FURNITURE_WORDS = 20


def drop_edge(
    order: Iterable[int],
    *,
    top: bool,
    lines: Sequence[Line],
    keys: Sequence[str],
    rows: Sequence[Sequence[BoilerplatePhrase]],
    rules: list[str],
    known: Known,
) -> None:
    """Drop an unbroken run of boilerplate from one end; an unknown short label does not interrupt it."""
    unknown = 0
    for distance, index in enumerate(order):
        if rules[index]:
            continue
        rule = _edge_rule(lines[index], keys[index], rows[index], known, top=top, distance=distance)
        if not rule and not top and index and keys[index - 1] in known.authors and not rules[index - 1]:
            rule = "author-bio" if count_words(lines[index].text) <= _CLOSING_WORDS else ""
        rules[index] = rule
        unknown += not rule
        if not rule and not (unknown <= LABELS and is_label(lines[index])):
            return


def _edge_rule(
    line: Line, key: str, rows: Sequence[BoilerplatePhrase], known: Known, *, top: bool, distance: int
) -> str:
    for phrase in rows:
        if _is_proof(phrase, line, key, top=top and distance < _TOP_LINES):
            return f"phrase:{phrase.kind}"
    if line.plain and is_change(line, key):
        return "phrase:date-label"
    if key in known.learned and not known.is_title(key) and _is_boilerplate(key):
        return "site"
    if names_author(line, key, known):
        return "author"
    return _shape_rule(line, top=top) or (_top_rule if top else _closing_rule)(line, key, known)


def names_author(line: Line, key: str, known: Known) -> bool:
    """Return whether a line has little more than the name of one of the page's authors."""
    return any(author in key and is_byline(line, key.replace(author, " ")) for author in known.authors)


def _shape_rule(line: Line, *, top: bool) -> str:
    """Return the rule of a line that is a row of links or labels, or a counter; else ''."""
    is_short = len(line.text) <= SHORT_LINE
    if is_short and (line.returns or is_menu(line) or (not top and is_lone_link(line))):
        return "links"
    return "figure" if line.plain and is_figure(line.text) else ""


def _top_rule(line: Line, key: str, known: Known) -> str:
    """Return the rule of one of the first lines if it is the section, a tag or a date; else ''."""
    if key in known.labels:
        return "section"
    return "date-line" if (line.plain or line.heading) and is_date(line, key) else ""


def _closing_rule(line: Line, key: str, known: Known) -> str:
    """Return the rule of one of the last lines if it is about the author or publisher; else ''."""
    if line.leads and len(key.split()) <= _RULES_WORDS and _COMMENT_RULES.search(line.text):
        return "house-line"
    if len(key.split()) > _CLOSING_WORDS:
        return ""
    if _is_on_author(line, key, known):
        return "author-bio"
    if line.leads and len(key.split()) <= _HOUSE_WORDS and _is_publisher_line(line, key, known):
        return "house-line"
    return ""


def _is_on_author(line: Line, key: str, known: Known) -> bool:
    """Return whether a line begins with the author's full name, names the author and an address, or is a marked biography."""
    if line.plain and _ADDRESS.search(line.text) and any(author in key for author in known.authors):
        return True
    label, colon, rest = line.text.partition(":")
    told = line_key(rest) if colon and count_words(label) <= _LABEL_WORDS else key  # `About the author: Jane Doe is …`
    begins = any(start.startswith(author + " ") for author in known.authors if " " in author for start in (key, told))
    if begins or (line.emphatic and _BIO.match(line.text)):
        return True
    note = _ON_WRITER.match(line.text)
    return note is not None and (line.emphatic or bool(note["star"] or note["sign"]))


def _is_publisher_line(line: Line, key: str, known: Known) -> bool:
    """Return whether a line addresses the readers, names the site, or gives a contact address in emphasis."""
    if _REQUEST.match(line.text) and ("@" in line.text or not ends_sentence(line.text)):
        return True
    is_named = bool(known.sitename) and known.sitename in key
    return is_named or _HOUSE.search(line.text) is not None or (line.emphatic and "@" in line.text)


def _is_boilerplate(key: str) -> bool:
    """Return whether a line that many pages of a site have can be boilerplate.

    News on prices, weather and results follows templates, with the same sentences each day and other numbers.
    """
    words = key.split()
    return len(words) <= _FURNITURE_WORDS and "0" not in words


def _is_proof(phrase: BoilerplatePhrase, line: Line, key: str, *, top: bool) -> bool:
    """Return whether a phrase that matches a line is sufficient to drop it at the start or end of the text."""
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
            is_proof = len(line.text) <= SOURCE_LABEL and not is_sentence
        case _:
            is_proof = False
    return is_proof


def _is_own_sentence(phrase: BoilerplatePhrase, line: Line, key: str) -> bool:
    """Return whether a line that begins with a phrase is a sentence: several more words, a full stop, no link."""
    if phrase.match != "prefix" or phrase.kind not in _REFERRING or line.linked > 0 or line.heading:
        return False
    return ends_sentence(line.text, asking=False) and len(key.split()) - len(phrase.key.split()) >= SENTENCE_WORDS
